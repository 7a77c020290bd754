// Characters and words of UTF-8 text. Claims checker only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "isoflop/text.h"

namespace isoflop::plan {

inline bool digit(char c) {
  return c >= '0' && c <= '9';
}
inline bool letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
/// 10^k, the double nearest to it.
inline double ten_to(std::int64_t k) {
  return parse_double("1e" + format_number(k)).value();
}
inline char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
inline bool at(const std::string& s, std::size_t i, std::string_view word) {
  return i <= s.size() && s.compare(i, word.size(), word) == 0;
}

/// The same without regard to case, and not in the middle of a word.
inline bool word_at(const std::string& s, std::size_t i, std::string_view word) {
  if (i + word.size() > s.size()) return false;
  for (std::size_t k = 0; k < word.size(); ++k)
    if (lower(s[i + k]) != lower(word[k])) return false;
  if (!letter(word.back())) return true;
  return i + word.size() == s.size() || !letter(s[i + word.size()]);
}

inline std::size_t skip_spaces(const std::string& s, std::size_t i) {
  while (i < s.size() && s[i] == ' ') ++i;
  return i;
}

inline std::string short_number(double value) {
  return format_significant(value, 4);
}

}  // namespace isoflop::plan
