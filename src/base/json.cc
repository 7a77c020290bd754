#include "base/json.h"

namespace isoflop {

Json parse_json(const std::string& text, const std::string& subject) {
  constexpr int kDeepest = 64;
  const auto guard = [&](int depth, nlohmann::json::parse_event_t, Json&) {
    if (depth > kDeepest) {
      throw Error(Fault::bad_data, subject, "JSON nested deeper than " + std::to_string(kDeepest) + " levels");
    }
    return true;
  };
  try {
    return Json::parse(text, guard);
  } catch (const nlohmann::json::parse_error& error) {
    throw Error(Fault::bad_data, subject, "not JSON at byte " + std::to_string(error.byte),
                "the file may be torn or of another kind");
  } catch (const nlohmann::json::exception& error) {  // e.g. a number beyond a double
    throw Error(Fault::bad_data, subject, std::string("JSON that cannot be read: ") + error.what());
  }
}

}  // namespace isoflop
