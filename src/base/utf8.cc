#include "base/utf8.h"

namespace isoflop {
std::int64_t count_characters(std::string_view text) {
  std::int64_t count = 0;
  for (const char c : text) count += starts_character(c) ? 1 : 0;
  return count;
}

char32_t previous_character(std::string_view text, std::size_t& end) {
  do --end;
  while (end > 0 && !starts_character(text[end]));
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

}  // namespace isoflop
