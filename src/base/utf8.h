// UTF-8 held to the standard: no overlong forms, no surrogates, nothing beyond U+10FFFF (Unicode 15, table 3-7).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace isoflop {

inline constexpr std::uint32_t kCodePoints = 0x110000;

/// What text begins with.
struct CodePoint {
  char32_t value = 0;
  std::size_t length = 0;  ///< bytes of it, or of the invalid part: a maximal subpart of a character
  bool valid = false;
  bool cut_off = false;  ///< valid so far, and the bytes end
};

/// The code point at the front of bytes that are not empty. Here, for tokenizers ask it of every character.
[[nodiscard]] inline CodePoint first_code_point(std::string_view bytes) {
  const auto byte = [bytes](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(bytes[i])); };
  const unsigned first = byte(0);
  if (first < 0x80) return {first, 1, true, false};
  if (first < 0xC2 || first > 0xF4) return {0, 1, false, false};
  // no overlong form, no surrogate, nothing beyond U+10FFFF
  const unsigned low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  const std::size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  char32_t value = first & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if (i == bytes.size()) return {0, i, false, true};
    const unsigned least = i == 1 ? low : 0x80;
    const unsigned most = i == 1 ? high : 0xBF;
    if (byte(i) < least || byte(i) > most) return {0, i, false, false};
    value = value << 6 | (byte(i) & 0x3F);
  }
  return {value, length, true, false};
}

/// Whether a byte begins a character of valid UTF-8.
[[nodiscard]] constexpr bool starts_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }

/// The end of the last whole character of valid UTF-8 within its first `most` bytes.
[[nodiscard]] inline std::size_t whole_characters(std::string_view text, std::size_t most) {
  if (most >= text.size()) return text.size();
  while (most > 0 && !starts_character(text[most])) --most;
  return most;
}

/// Code points of valid UTF-8.
[[nodiscard]] std::int64_t count_characters(std::string_view text);

/// The code point that begins at `at` of valid UTF-8; `at` moves behind it.
[[nodiscard]] inline char32_t next_character(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[at + i])); };
  const char32_t first = byte(0);
  if (first < 0x80) return at += 1, first;
  if (first < 0xE0) {
    const char32_t character = (first & 0x1F) << 6 | (byte(1) & 0x3F);
    return at += 2, character;
  }
  if (first < 0xF0) {
    const char32_t character = (first & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    return at += 3, character;
  }
  const char32_t character = (first & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
  return at += 4, character;
}

/// The code point that ends before `end` of valid UTF-8; `end` moves to where it begins.
[[nodiscard]] char32_t previous_character(std::string_view text, std::size_t& end);

/// Appends a code point.
void append_character(std::string& out, char32_t character);

/// The first `characters` code points, or all.
[[nodiscard]] std::string_view first_characters(std::string_view text, std::int64_t characters);
/// visit(code point, byte offset) for each character of valid UTF-8.
template <class Visit>
void for_each_character(std::string_view text, Visit visit) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = at;
    const char32_t character = next_character(text, at);
    visit(character, start);
  }
}

}  // namespace isoflop
