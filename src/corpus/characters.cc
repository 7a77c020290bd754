#include "corpus/characters.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>

#include <vector>

namespace isoflop::corpus {
namespace {

bool without_spaces(UChar32 c) {
  if ((c >= 0x3000 && c <= 0x30FF) || (c >= 0xFF66 && c <= 0xFF9F)) return true;  // Kana with the marks it shares
  UErrorCode error = U_ZERO_ERROR;
  switch (::uscript_getScript(c, &error)) {
    case USCRIPT_HAN:
    case USCRIPT_HIRAGANA:
    case USCRIPT_KATAKANA:
    case USCRIPT_BOPOMOFO:
    case USCRIPT_THAI:
    case USCRIPT_LAO:
    case USCRIPT_KHMER:
    case USCRIPT_MYANMAR:
      return true;
    default:
      return false;
  }
}

// UTS #18, annex C: alphabetic, mark, decimal digit, connector punctuation
bool word_character(UChar32 c) {
  constexpr std::uint32_t kMarks = U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK;
  return ::u_hasBinaryProperty(c, UCHAR_ALPHABETIC) != 0 || (U_MASK(::u_charType(c)) & kMarks) != 0;
}

std::vector<std::uint32_t> make_table(std::uint32_t size) {
  std::vector<std::uint32_t> table(size);
  for (std::uint32_t c = 0; c < size; ++c) {
    const auto point = static_cast<UChar32>(c);
    const std::uint32_t kind = !word_character(point)  ? WordCharacters::separator
                               : without_spaces(point) ? WordCharacters::alone
                                                       : WordCharacters::joining;
    table[c] = static_cast<std::uint32_t>(::u_tolower(point)) << 2 | kind;
  }
  return table;
}

}  // namespace

WordCharacters::WordCharacters() {
  static const std::vector<std::uint32_t> table = make_table(kTabled);
  table_ = table.data();
}

}  // namespace isoflop::corpus
