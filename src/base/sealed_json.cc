#include "base/sealed_json.h"

#include "base/check.h"
#include "base/hash.h"
#include "isoflop/base.h"

namespace isoflop {
namespace {

struct Layout {
  std::string_view close;          // what the object ends in
  std::string_view before, after;  // around the checksum's digits
};
constexpr Layout kCompact{"}", ",\"checksum\":\"", "\"}\n"};
constexpr Layout kIndented{"\n}", ",\n  \"checksum\": \"", "\"\n}\n"};
constexpr std::size_t kDigits = 16;

std::string tail_of(const Layout& layout, std::string_view object) {
  return std::string(layout.before).append(hex64(xxh3(object))).append(layout.after);
}

}  // namespace

std::string seal_json(std::string_view object) {
  ISOFLOP_CHECK(object.size() > 2 && object.starts_with("{") && object.ends_with("}"));
  const Layout& layout = object.ends_with(kIndented.close) ? kIndented : kCompact;
  return std::string(object.substr(0, object.size() - layout.close.size())).append(tail_of(layout, object));
}

std::optional<std::string> try_unseal_json(std::string_view text) {
  const Layout& layout = text.ends_with(kIndented.after) ? kIndented : kCompact;
  const std::size_t tail = layout.before.size() + kDigits + layout.after.size();
  if (text.size() <= tail) return std::nullopt;
  const std::size_t body = text.size() - tail;
  std::string object = std::string(text.substr(0, body)).append(layout.close);
  if (text.substr(body) != tail_of(layout, object)) return std::nullopt;
  return object;
}

std::string unseal_json(std::string_view text, const std::string& subject, const std::string& hint) {
  auto object = try_unseal_json(text);
  if (!object) throw Error(Fault::bad_data, subject, "truncated or changed: its checksum does not hold", hint);
  return *std::move(object);
}

}  // namespace isoflop
