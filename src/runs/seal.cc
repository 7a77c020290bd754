#include "runs/seal.h"

#include "base/check.h"
#include "base/hash.h"

namespace isoflop {
namespace {

std::string document_tail(std::string_view body) {
  return ",\n  \"checksum\": \"" + hex64(xxh3(body)) + "\"\n}\n";
}
std::string line_tail(std::string_view body) {
  return ",\"c\":\"" + hex64(xxh3(body)).substr(0, 8) + "\"}";
}

// the bytes before the tail, if the tail is theirs
template <class Tail>
std::optional<std::string> body_of(std::string_view text, Tail tail_of) {
  const std::size_t tail = tail_of("").size();
  if (text.size() <= tail) return std::nullopt;
  const std::string_view body = text.substr(0, text.size() - tail);
  if (text.substr(body.size()) != tail_of(body)) return std::nullopt;
  return std::string(body);
}

}  // namespace

std::string seal_document(std::string_view object) {
  ISOFLOP_CHECK(object.size() > 2 && object.ends_with("\n}"));
  const std::string_view body = object.substr(0, object.size() - 2);
  return std::string(body) + document_tail(body);
}
std::optional<std::string> unseal_document(std::string_view text) {
  auto body = body_of(text, document_tail);
  if (body) *body += "\n}";
  return body;
}

std::string seal_line(std::string_view object) {
  ISOFLOP_CHECK(object.size() > 2 && object.ends_with("}"));
  const std::string_view body = object.substr(0, object.size() - 1);
  return std::string(body) + line_tail(body);
}
std::optional<std::string> unseal_line(std::string_view line) {
  auto body = body_of(line, line_tail);
  if (body) *body += '}';
  return body;
}

}  // namespace isoflop
