// Which characters words are made of (UTS #18, annex C: alphabetic, mark, decimal digit, connector punctuation), by a table from
// ICU.
#pragma once

#include <cstdint>

namespace isoflop::corpus {

class WordCharacters {
 public:
  /// What stands between words, what joins its neighbours, and what is a word alone: of scripts written without spaces.
  enum Kind : std::uint32_t { separator = 0, joining = 1, alone = 2 };

  WordCharacters();
  /// The lower-case character times four, plus its kind.
  [[nodiscard]] std::uint32_t entry(std::uint32_t c) const {
    return c < kTabled ? table_[c] : c << 2 | (c <= 0x3FFFF ? alone : separator);
  }
  [[nodiscard]] bool in_word(std::uint32_t c) const { return (entry(c) & 3) != separator; }

 private:
  static constexpr std::uint32_t kTabled = 0x20000;  // code points that have an entry; above it all word characters are Han
  const std::uint32_t* table_;
};

}  // namespace isoflop::corpus
