// What kind of character a code point is, for the split patterns. Inside the room only.
#pragma once

#include <cstdint>

namespace isoflop::tokens {

enum class CharClass : std::uint8_t { other, letter, number, space, newline, han, hiragana, katakana };

/// One byte for each code point: the low half its class in the general patterns (\p{L}, \p{N}, \s, \r and \n, the rest), the high
/// half its class where Han, Hiragana and Katakana are classes of their own. Made once, from ICU.
///
/// Source   Unicode general categories and scripts as ICU has them; \s is the property White_Space; the prolonged sound marks
///          U+30FC and U+FF70, whose script is Common, count as Katakana.
/// Checked  splitter_test.cc: PCRE2 cuts every code point alike.
[[nodiscard]] const std::uint8_t* char_classes();

}  // namespace isoflop::tokens
