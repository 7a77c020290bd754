// Which language a text is in, as far as its quality is judged by it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace isoflop::corpus {

/// What a character is, for counting.
enum CharacterClass : std::uint8_t {
  kLetter = 1,
  kDigit = 2,
  kSpace = 4,
  kHiragana = 8,
  kKatakana = 16,
  kHan = 32,
  kHangul = 64,
  kPunctuation = 128,  ///< and symbols
};
[[nodiscard]] std::uint8_t class_of(char32_t character);
/// The same for characters below kClassTable, for loops over texts.
inline constexpr char32_t kClassTable = 0x10000;
[[nodiscard]] const std::uint8_t* class_table();

/// Languages that are told apart: spaced ones with stop words, ja and zh without spaces, code, other.
[[nodiscard]] const std::vector<std::string>& known_languages();

/// Words of a language that stand in nearly any of its texts; in small letters, sorted. Empty for those without a list.
///
/// Source   en: Gopher's (Rae et al. 2021, appendix A1.1); the others: the commonest articles, prepositions and conjunctions.
[[nodiscard]] const std::vector<std::string>& stop_words(std::string_view language);

[[nodiscard]] inline bool is_unspaced(std::string_view language) {
  return language == "ja" || language == "zh";
}

/// From the first 64 KiB: the script, then code by how its lines end, then the stop words. `other` where nothing is clear.
/// Checked  quality_test.cc; every document of the reference corpora that names its language.
[[nodiscard]] std::string tell_language(std::string_view text);

/// A language as a document names it ("en-US", "ja", "c", "python") as one of known_languages(); empty for one not known.
[[nodiscard]] std::string language_from(std::string_view name);

}  // namespace isoflop::corpus
