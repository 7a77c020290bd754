#include "corpus/utf8.h"

#include <simdjson.h>

#include <utility>

#include "base/utf8.h"

namespace isoflop::corpus {
namespace {

std::string hex_byte(char value) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(value);
  return {'0', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
}

}  // namespace

void Utf8Cleaner::add(std::string_view bytes, std::string& out) {
  std::string joined;
  if (!carry_.empty()) {
    joined = std::exchange(carry_, {});
    joined += bytes;
    bytes = joined;
  }
  if (at_start_) {
    constexpr std::string_view kMark = "\xEF\xBB\xBF";
    if (bytes.size() < kMark.size() && kMark.starts_with(bytes)) {
      carry_ = bytes;
      return;
    }
    at_start_ = false;
    if (bytes.starts_with(kMark)) {
      bytes.remove_prefix(kMark.size());
      offset_ += static_cast<std::int64_t>(kMark.size());
    }
  }
  clean(bytes, false, out);
}

void Utf8Cleaner::finish(std::string& out) {
  clean(std::exchange(carry_, {}), true, out);
}

void Utf8Cleaner::clean(std::string_view bytes, bool last, std::string& out) {
  // nearly all text is valid: one fast look, then the walk only where it is not
  if (simdjson::validate_utf8(bytes.data(), bytes.size())) {
    out += bytes;
    offset_ += static_cast<std::int64_t>(bytes.size());
    return;
  }
  std::size_t good = 0;  // start of what is valid and not yet written
  std::size_t at = 0;
  while (at < bytes.size()) {
    const CodePoint found = first_code_point(bytes.substr(at));
    if (found.valid) {
      at += found.length;
      continue;
    }
    out += bytes.substr(good, at - good);
    if (found.cut_off && !last) {
      carry_ = bytes.substr(at);
      offset_ += static_cast<std::int64_t>(at);
      return;
    }
    if (policy_ == Utf8Policy::error) {
      throw Error(
          Fault::bad_data, subject_,
          "invalid UTF-8 at byte " + std::to_string(offset_ + static_cast<std::int64_t>(at)) + " (" + hex_byte(bytes[at]) + ")",
          "convert the file to UTF-8, or choose --utf8 replace or --utf8 skip");
    }
    if (policy_ == Utf8Policy::replace) out += "\xEF\xBF\xBD";
    invalid_bytes_ += static_cast<std::int64_t>(found.length);
    at += found.length;
    good = at;
  }
  out += bytes.substr(good);
  offset_ += static_cast<std::int64_t>(bytes.size());
}

}  // namespace isoflop::corpus
