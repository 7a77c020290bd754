// A simulation as JSON, and the law it is of from JSON (docs/formats/laws.md).
#include "base/json.h"
#include "isoflop/laws.h"

namespace isoflop {

std::pair<std::string, std::map<std::string, double>> law_from_json(const std::string& text, const std::string& subject) {
  Json object = parse_json(text, subject);
  if (object.is_object() && object.contains("fits")) {
    if (!object["fits"].is_array() || object["fits"].empty())
      throw Error(Fault::bad_data, subject, "`fits` has no fit", "write one with isoflop fit TABLE --law chinchilla --json");
    object = Json(object["fits"][0]);
  }
  return {json_get<std::string>(object, "law", subject), json_get<std::map<std::string, double>>(object, "constants", subject)};
}

std::string simulation_to_json(const Simulation& s) {
  Json coverage = Json::object();
  for (const auto& [name, c] : s.coverage)
    coverage[name] = {{"truth", c.truth}, {"covered", c.covered},           {"covered_se", c.covered_se}, {"above", c.above},
                      {"below", c.below}, {"median_width", c.median_width}, {"bias", c.bias}};
  const Json object{{"law", s.law},
                    {"truth", s.truth},
                    {"noise", s.noise},
                    {"rows", s.rows},
                    {"tables", s.tables},
                    {"fitted", s.fitted},
                    {"level", s.level},
                    {"interval_method", s.interval_method},
                    {"coverage", coverage}};
  return object.dump();
}

}  // namespace isoflop
