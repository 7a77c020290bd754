// White space, as Unicode has it (property White_Space): what is looked through at the ends of lines and texts.
#pragma once

#include <string_view>

#include "base/utf8.h"

namespace isoflop::corpus {

[[nodiscard]] constexpr bool is_white_space(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r');
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

/// Without the white space at its end. Needs valid UTF-8.
[[nodiscard]] inline std::string_view trimmed_end(std::string_view text) {
  for (std::size_t end = text.size(); end > 0;) {
    const std::size_t behind = end;
    if (!is_white_space(previous_character(text, end))) return text.substr(0, behind);
  }
  return {};
}

/// Without the white space at both ends.
[[nodiscard]] inline std::string_view trimmed(std::string_view text) {
  text = trimmed_end(text);
  std::size_t at = 0;
  for (std::size_t next = 0; next < text.size(); at = next) {
    if (!is_white_space(next_character(text, next))) break;
  }
  return text.substr(at);
}

/// Nothing but white space.
[[nodiscard]] inline bool blank(std::string_view text) {
  return trimmed_end(text).empty();
}

}  // namespace isoflop::corpus
