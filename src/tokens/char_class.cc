#include "tokens/char_class.h"

#include <unicode/uscript.h>
#include <unicode/uset.h>

#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/utf8.h"

namespace isoflop::tokens {
namespace {

using Table = std::vector<std::uint8_t>;

// general and script view of one class
std::uint8_t both(CharClass c) { return static_cast<std::uint8_t>(static_cast<unsigned>(c) * 17U); }
std::uint8_t with_script(std::uint8_t old, CharClass c) {
  return static_cast<std::uint8_t>((old & 15U) | (static_cast<unsigned>(c) << 4));
}

template <class Change>
void change_all(Table& table, UProperty property, std::int32_t value, Change change) {
  const std::unique_ptr<USet, void (*)(USet*)> set(uset_openEmpty(), uset_close);
  UErrorCode error = U_ZERO_ERROR;
  uset_applyIntPropertyValue(set.get(), property, value, &error);
  ISOFLOP_CHECK(U_SUCCESS(error));
  for (std::int32_t i = 0; i < uset_getItemCount(set.get()); ++i) {
    UChar32 first = 0, last = 0;
    if (uset_getItem(set.get(), i, &first, &last, nullptr, 0, &error) != 0) continue;  // a string, not a range
    for (UChar32 c = first; c <= last; ++c) change(table[static_cast<std::size_t>(c)]);
  }
}

Table make_table() {
  Table table(kCodePoints, both(CharClass::other));
  change_all(table, UCHAR_GENERAL_CATEGORY_MASK, U_GC_L_MASK, [](std::uint8_t& c) { c = both(CharClass::letter); });
  change_all(table, UCHAR_GENERAL_CATEGORY_MASK, U_GC_N_MASK, [](std::uint8_t& c) { c = both(CharClass::number); });
  change_all(table, UCHAR_WHITE_SPACE, 1, [](std::uint8_t& c) { c = both(CharClass::space); });
  for (const char c : {'\r', '\n'}) table[static_cast<std::size_t>(c)] = both(CharClass::newline);

  constexpr std::array<std::pair<UScriptCode, CharClass>, 3> kScripts = {
      {{USCRIPT_HAN, CharClass::han}, {USCRIPT_HIRAGANA, CharClass::hiragana}, {USCRIPT_KATAKANA, CharClass::katakana}}};
  for (const auto& [script, c] : kScripts) {
    change_all(table, UCHAR_SCRIPT, script, [c = c](std::uint8_t& old) { old = with_script(old, c); });
  }
  for (const std::size_t mark : {0x30FC, 0xFF70}) table[mark] = with_script(table[mark], CharClass::katakana);
  return table;
}

}  // namespace

const std::uint8_t* char_classes() {
  static const Table table = make_table();
  return table.data();
}

}  // namespace isoflop::tokens
