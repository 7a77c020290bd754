// The words of the vocabulary's enums, said once: to_string, parse_enum and the JSON forms read them here.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "isoflop/record.h"

namespace isoflop {

template <class Enum>
[[nodiscard]] const std::vector<std::pair<Enum, std::string>>& words();

template <class Enum>
[[nodiscard]] std::optional<Enum> find_word(const std::string& text) {
  for (const auto& [value, word] : words<Enum>()) {
    if (word == text) return value;
  }
  return std::nullopt;
}

template <class Enum>
[[nodiscard]] std::string word_of(Enum value) {
  for (const auto& [candidate, word] : words<Enum>()) {
    if (candidate == value) return word;
  }
  return "?";
}

/// "a, b, c"
template <class Enum>
[[nodiscard]] std::string known_words() {
  std::string list;
  for (const auto& [value, word] : words<Enum>()) list += (list.empty() ? "" : ", ") + word;
  return list;
}

}  // namespace isoflop
