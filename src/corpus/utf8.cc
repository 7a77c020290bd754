#include "corpus/utf8.h"

#include <simdjson.h>

#include <utility>

namespace isoflop::corpus {
namespace {

struct Step {
  std::size_t length = 0;  // of the character, or of the invalid part
  bool valid = false;
  bool cut_off = false;  // valid so far, the bytes end
};

// what the second byte may be after this first one; {0, 0} if the first byte starts nothing
std::pair<unsigned, unsigned> second_after(unsigned first) {
  if (first == 0xE0) return {0xA0, 0xBF};  // no overlong form
  if (first == 0xED) return {0x80, 0x9F};  // no surrogate
  if (first == 0xF0) return {0x90, 0xBF};  // no overlong form
  if (first == 0xF4) return {0x80, 0x8F};  // nothing beyond U+10FFFF
  if (first >= 0xC2 && first <= 0xF4) return {0x80, 0xBF};
  return {0, 0};
}

Step step(std::string_view bytes) {
  const auto byte = [bytes](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(bytes[i])); };
  const unsigned first = byte(0);
  if (first < 0x80) return {1, true, false};
  const auto [low, high] = second_after(first);
  if (high == 0) return {1, false, false};
  const std::size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  for (std::size_t i = 1; i < length; ++i) {
    if (i == bytes.size()) return {i, false, true};
    const unsigned least = i == 1 ? low : 0x80;
    const unsigned most = i == 1 ? high : 0xBF;
    if (byte(i) < least || byte(i) > most) return {i, false, false};
  }
  return {length, true, false};
}

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
    const Step found = step(bytes.substr(at));
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

std::int64_t count_characters(std::string_view text) {
  std::int64_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return count;
}

char32_t previous_character(std::string_view text, std::size_t& end) {
  do --end;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80);
  std::size_t at = end;
  return next_character(text, at);
}

void append_character(std::string& out, char32_t character) {
  const auto put = [&out](char32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (character < 0x80) return put(character);
  if (character < 0x800) {
    put(0xC0 | character >> 6);
  } else {
    if (character < 0x10000) {
      put(0xE0 | character >> 12);
    } else {
      put(0xF0 | character >> 18);
      put(0x80 | (character >> 12 & 0x3F));
    }
    put(0x80 | (character >> 6 & 0x3F));
  }
  put(0x80 | (character & 0x3F));
}

std::string_view first_characters(std::string_view text, std::int64_t characters) {
  std::size_t at = 0;
  while (characters-- > 0 && at < text.size()) (void)next_character(text, at);
  return text.substr(0, at);
}

}  // namespace isoflop::corpus
