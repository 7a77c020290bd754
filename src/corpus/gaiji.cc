#include "corpus/gaiji.h"

#include <iconv.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/check.h"
#include "base/utf8.h"
#include "isoflop/base.h"

namespace isoflop::corpus {
namespace {

constexpr int kRows = 94, kCells = 94;

struct Cell {
  int plane = 0, row = 0, cell = 0;
};

std::string convert(iconv_t converter, const Cell& at) {
  std::array<char, 3> code{};
  std::size_t size = 0;
  if (at.plane == 2) code[size++] = static_cast<char>(0x8F);
  code[size++] = static_cast<char>(0xA0 + at.row);
  code[size++] = static_cast<char>(0xA0 + at.cell);
  std::array<char, 16> text{};
  char* from = code.data();
  char* to = text.data();
  std::size_t left = text.size();
  ::iconv(converter, nullptr, nullptr, nullptr, nullptr);
  const bool converted = ::iconv(converter, &from, &size, &to, &left) != static_cast<std::size_t>(-1) &&
                         ::iconv(converter, nullptr, nullptr, &to, &left) != static_cast<std::size_t>(-1);
  return converted ? std::string(text.data(), to) : std::string();
}

std::vector<std::string> read_table() {
  iconv_t const converter = ::iconv_open("UTF-8", "EUC-JISX0213");
  if (converter == reinterpret_cast<iconv_t>(std::intptr_t{-1})) {  // NOLINT(performance-no-int-to-ptr)
    throw Error(Fault::failure, "Aozora", "the C library has no converter for EUC-JISX0213, which gaiji need",
                "install glibc's charset converters (gconv)");
  }
  std::vector<std::string> table;
  for (int plane = 1; plane <= 2; ++plane) {
    for (int row = 1; row <= kRows; ++row) {
      for (int cell = 1; cell <= kCells; ++cell) table.push_back(convert(converter, {plane, row, cell}));
    }
  }
  ::iconv_close(converter);
  return table;
}

// digits, hyphens, U and + of full width as those of ASCII: old notes have both
std::string narrowed(std::string_view note) {
  std::string narrow;
  for (std::size_t at = 0; at < note.size();) {
    const char32_t c = next_character(note, at);
    const bool wide = (c >= 0xFF10 && c <= 0xFF19) || c == 0xFF0B || c == 0xFF0D || c == 0xFF35 || (c >= 0xFF21 && c <= 0xFF26);
    append_character(narrow, wide ? c - 0xFEE0 : c == 0x2212 || c == 0x2010 ? U'-' : c);
  }
  return narrow;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::optional<char32_t> code_point_in(std::string_view note) {
  for (std::size_t at = note.find("U+"); at != std::string_view::npos; at = note.find("U+", at + 1)) {
    char32_t value = 0;
    std::size_t digits = 0;
    for (std::size_t i = at + 2; i < note.size() && digits < 7; ++i, ++digits) {
      const char c = note[i];
      const int digit = is_digit(c) ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
      if (digit < 0) break;
      value = value * 16 + static_cast<char32_t>(digit);
    }
    const bool character = value >= 0xA0 && value <= 0x10FFFF && !(value >= 0xD800 && value <= 0xDFFF);
    if (digits >= 4 && digits <= 6 && character) return value;
  }
  return std::nullopt;
}

// one or two digits at `at`, which moves behind them; 0 if there are none
int small_number(std::string_view text, std::size_t& at) {
  int value = 0;
  for (int digits = 0; digits < 2 && at < text.size() && is_digit(text[at]); ++digits) value = value * 10 + (text[at++] - '0');
  return value;
}

// the first men-ku-ten from `from` on: what it is between is neither a digit nor a hyphen
std::optional<Cell> cell_in(std::string_view note, std::size_t from) {
  const auto bounds = [&](std::size_t at) { return at >= note.size() || !(is_digit(note[at]) || note[at] == '-'); };
  for (std::size_t at = from; at < note.size(); ++at) {
    if ((note[at] != '1' && note[at] != '2') || (at > 0 && !bounds(at - 1))) continue;
    Cell cell{.plane = note[at] - '0'};
    std::size_t next = at + 1;
    if (next >= note.size() || note[next++] != '-') continue;
    cell.row = small_number(note, next);
    if (next >= note.size() || note[next++] != '-') continue;
    cell.cell = small_number(note, next);
    if (cell.row >= 1 && cell.row <= kRows && cell.cell >= 1 && cell.cell <= kCells && bounds(next)) return cell;
  }
  return std::nullopt;
}

}  // namespace

const std::string& jisx0213(int plane, int row, int cell) {
  ISOFLOP_CHECK(plane >= 1 && plane <= 2 && row >= 1 && row <= kRows && cell >= 1 && cell <= kCells);
  static const std::vector<std::string> table = read_table();
  return table[static_cast<std::size_t>(((plane - 1) * kRows + row - 1) * kCells + cell - 1)];
}

std::string gaiji_of(std::string_view note) {
  const std::string narrow = narrowed(note);
  if (const auto character = code_point_in(narrow)) {
    std::string text;
    append_character(text, *character);
    return text;
  }
  // behind 水準 stands the code; elsewhere it may be a page and a line
  const std::size_t level = narrow.find("水準");
  auto cell = cell_in(narrow, level == std::string::npos ? 0 : level);
  if (!cell && level != std::string::npos) cell = cell_in(narrow, 0);
  return cell ? jisx0213(cell->plane, cell->row, cell->cell) : std::string();
}

}  // namespace isoflop::corpus
