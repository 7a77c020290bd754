// A text as symbols: characters and words as dense ids.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/utf8.h"
#include "corpus/characters.h"
#include "corpus/white_space.h"

namespace isoflop::corpus {

/// Code points in order of first meeting.
class CharacterIds {
 public:
  static constexpr std::uint32_t kUnknown = 0xFFFFFFFE;
  /// Appends the ids of valid UTF-8; new characters are added, or kUnknown where `learn` is false.
  void encode(std::string_view text, bool learn, std::vector<std::uint32_t>& out);
  [[nodiscard]] std::int64_t size() const { return size_; }

 private:
  std::vector<std::uint32_t> ids_ = std::vector<std::uint32_t>(0x110000, kUnknown);
  std::uint32_t size_ = 0;
};

/// Words, ASCII letters in lower case, and marks in order of first meeting.
class WordIds {
 public:
  void encode(std::string_view text, std::vector<std::uint32_t>& out);  ///< appends
  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(ids_.size()); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view word) const { return std::hash<std::string_view>()(word); }
  };
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> ids_;
  std::string lower_;
};

/// Letters of scripts written without spaces (Han, kana, Thai, Lao, Khmer, Myanmar), and letters of any script.
struct Script {
  std::int64_t unspaced = 0, letters = 0;
  void add(std::string_view text);
  [[nodiscard]] bool is_unspaced() const { return 5 * unspaced > letters; }  ///< more than a fifth: words are not to be seen
};

/// visit(text, is a word) for each word and each mark, in order. A word is a longest run of word characters (WordCharacters); a
/// mark is any other character that is neither white space nor a control. As Python's `\w+|[^\w\s]` but for rare symbols.
template <class Visit>
void for_each_word(std::string_view text, Visit visit) {
  const WordCharacters characters;
  const auto is_space = [](char32_t c) { return c < ' ' || c == 0x7F || is_white_space(c); };
  std::size_t start = 0;
  bool inside = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t from = at;
    const char32_t c = next_character(text, at);
    const bool now = characters.in_word(c);
    if (now && !inside) start = from;
    if (!now && inside) visit(text.substr(start, from - start), true);
    if (!now && !is_space(c)) visit(text.substr(from, at - from), false);
    inside = now;
  }
  if (inside) visit(text.substr(start), true);
}

}  // namespace isoflop::corpus
