#include "base/sealed_json.h"

#include <string_view>

#include "base/check.h"
#include "base/hash.h"

namespace isoflop {
namespace {

constexpr std::string_view kBefore = ",\"checksum\":\"";
constexpr std::string_view kAfter = "\"}\n";
constexpr std::size_t kDigits = 16;

std::string seal_of(std::string_view body) { return hex64(xxh3(body)); }

}  // namespace

std::string seal_json(const Json& object) {
  ISOFLOP_CHECK(object.is_object() && !object.empty() && !object.contains("checksum"));
  std::string text = object.dump();
  const std::string checksum = seal_of(text);
  text.pop_back();  // the closing brace
  return text.append(kBefore).append(checksum).append(kAfter);
}

Json unseal_json(const std::string& text, const std::string& subject, const std::string& hint) {
  const std::size_t tail = kBefore.size() + kDigits + kAfter.size();
  const auto fail = [&](const std::string& problem) { return Error(Fault::bad_data, subject, problem, hint); };
  if (text.size() <= tail) throw fail("truncated: " + std::to_string(text.size()) + " bytes");
  const std::string_view view = text;
  const std::size_t body = text.size() - tail;
  if (view.substr(body, kBefore.size()) != kBefore || !view.ends_with(kAfter)) throw fail("truncated or changed: it does not end in its checksum");
  const std::string object = text.substr(0, body) + "}";
  if (view.substr(body + kBefore.size(), kDigits) != seal_of(object)) throw fail("changed: the checksum does not hold");
  return parse_json(object, subject);
}

}  // namespace isoflop
