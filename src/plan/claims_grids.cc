// Tables without marks, and on their side.
#include "plan/claims_grids.h"

#include <algorithm>
#include <set>

#include "plan/claims_text.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

constexpr std::size_t kLeastLines = 3, kLeastCells = 3;
constexpr std::string_view kWideSpace = "　";

bool is_number(const std::string& cell) {
  if (cell.empty()) return false;
  const std::string plain = normalised(cell);
  const std::size_t first = plain.find_first_not_of(" $(+-x*");
  return first != std::string::npos && (digit(plain[first]) || at(plain, first, "¥"));
}

bool is_dash(const std::string& cell) {
  return cell == "-" || cell == "—" || cell == "–" || cell == "ー" || cell == "n/a" || cell == "N/A";
}

/// Dashes, equals signs and the like alone, or nothing.
bool is_separator(const std::string& line) {
  return line.find_first_not_of(" \t\r-=+_") == std::string::npos;
}

std::vector<std::string> split(const std::string& line, std::size_t spaces) {
  std::vector<std::string> cells;
  std::string cell;
  for (std::size_t i = 0; i < line.size();) {
    std::size_t end = i, width = 0;
    while (end < line.size()) {
      if (line[end] == ' ' || line[end] == '\r') {
        ++end, ++width;
      } else if (line[end] == '\t') {
        ++end, width += 8;
      } else if (at(line, end, kWideSpace)) {
        end += kWideSpace.size(), width += 2;
      } else {
        break;
      }
    }
    if (width >= spaces || (width > 0 && end == line.size())) {
      if (!cell.empty()) cells.push_back(cell);
      cell.clear();
    } else {
      cell.append(line, i, end - i);
    }
    if (end < line.size()) cell += line[end++];
    i = end;
  }
  if (!cell.empty()) cells.push_back(cell);
  return cells;
}

/// Cells between two spaces; numbers that one space keeps apart are cells too, so that "reserve (5 %) 180 180" has three.
std::vector<std::string> split_numbers(const std::string& line) {
  std::vector<std::string> cells;
  for (const std::string& wide : split(line, 2)) {
    std::vector<std::string> words = split(wide, 1), numbers;
    while (!words.empty() && (is_number(words.back()) || is_dash(words.back()))) {
      numbers.insert(numbers.begin(), words.back());
      words.pop_back();
    }
    std::string label;
    for (const std::string& word : words) label += (label.empty() ? "" : " ") + word;
    if (!label.empty()) cells.push_back(label);
    cells.insert(cells.end(), numbers.begin(), numbers.end());
  }
  return cells;
}

std::size_t numbers_in(const std::vector<std::string>& cells) {
  return static_cast<std::size_t>(std::count_if(cells.begin(), cells.end(), is_number));
}

/// A line of a table: a label or a number first, two numbers or more.
bool is_row(const std::vector<std::string>& cells) {
  return cells.size() >= kLeastCells && numbers_in(cells) >= 2 && 2 * numbers_in(cells) >= cells.size() - 1;
}

/// The cells of a line, one way or the other, where they are `count`.
std::optional<std::vector<std::string>> cells_of(const std::string& line, std::size_t count) {
  for (auto cells : {split(line, 2), split_numbers(line)})
    if (cells.size() == count) return cells;
  return std::nullopt;
}

std::string trimmed(const std::string& s) {
  const std::size_t begin = s.find_first_not_of(" \t\r\""), end = s.find_last_not_of(" \t\r\",");
  return begin == std::string::npos || end < begin ? "" : s.substr(begin, end - begin + 1);
}

/// "name = {a = 1, b = 2}" as its keys and values; "name = 0.35  # 2,100億" as those of "value" and "remark".
struct Keyed {
  std::vector<std::string> keys, values;
};
std::optional<Keyed> keyed(const std::string& line) {
  const std::size_t open = line.find('{'), close = line.rfind('}'), sign = line.find_first_of("=:");
  if (sign == std::string::npos || trimmed(line.substr(0, sign)).empty()) return std::nullopt;
  Keyed found{.keys = {"name"}, .values = {trimmed(line.substr(0, sign))}};
  if (open != std::string::npos && close != std::string::npos && sign < open && open < close) {
    for (std::size_t from = open + 1; from < close;) {
      std::size_t comma = from;
      while (comma < close && !(line[comma] == ',' && !(comma + 1 < close && digit(line[comma + 1]) && digit(line[comma - 1]))))
        ++comma;
      const std::string pair = line.substr(from, comma - from);
      const std::size_t is = pair.find_first_of("=:");
      if (is == std::string::npos) return std::nullopt;
      found.keys.push_back(trimmed(pair.substr(0, is)));
      found.values.push_back(trimmed(pair.substr(is + 1)));
      from = comma + 1;
    }
    return found.keys.size() >= kLeastCells ? std::optional(found) : std::nullopt;
  }
  const std::size_t mark = line.find('#');
  if (mark == std::string::npos || mark < sign) return std::nullopt;
  const std::string value = trimmed(line.substr(sign + 1, mark - sign - 1)), remark = trimmed(line.substr(mark + 1));
  if (!is_number(value) || !is_number(remark)) return std::nullopt;
  found.keys.insert(found.keys.end(), {"value", "remark"});
  found.values.insert(found.values.end(), {value, remark});
  return found;
}

/// The names of so many columns, kept apart by two spaces or by one.
std::optional<std::vector<std::string>> heading(const std::string& line, std::size_t count) {
  for (const std::size_t spaces : {std::size_t{2}, std::size_t{1}})
    if (auto names = split(line, spaces); names.size() == count) return names;
  return std::nullopt;
}

}  // namespace

bool is_total_row(const TableRow& row) {
  if (row.cells.empty()) return false;
  std::string name;
  for (const std::string& cell : row.cells)
    if (!cell.empty()) {
      name = normalised(cell);
      break;
    }
  if (is_number(name)) return false;
  const std::size_t first = name.find_first_not_of(' ');
  const bool sum = first != std::string::npos && (name.compare(first, std::string::npos, "計") == 0 || at(name, first, "計 "));
  return sum || mentions_any(name, {"total", "totals", "sum", "subtotal", "average", "mean", "合計", "小計", "総計", "累計",
                                    "平均", "総額"});
}

std::optional<AlignedTable> aligned_table(const std::vector<std::string>& lines, std::size_t first) {
  if (lines[first].find_first_of("|") != std::string::npos) return std::nullopt;
  AlignedTable found{.table = {}, .last = first};
  std::size_t count = 0, at_line = first, rows = 0;
  const std::vector<std::string> words = split(lines[first], 1);
  const bool headed = words.size() >= kLeastCells && numbers_in(words) <= 1;
  if (headed) ++at_line;
  for (; at_line < lines.size(); ++at_line) {
    const std::string& line = lines[at_line];
    if (is_separator(line)) {
      // a rule, or one blank line under the header
      if (line.find_first_not_of(" \t\r") == std::string::npos && rows > 0) break;
      continue;
    }
    if (count == 0) {
      for (const auto& cells : {split(line, 2), split_numbers(line)})
        if (count == 0 && is_row(cells) && (!headed || heading(lines[first], cells.size()))) count = cells.size();
      if (count == 0) break;
    }
    const auto cells = cells_of(line, count);
    if (cells && is_row(*cells)) {
      found.table.rows.push_back({static_cast<std::int64_t>(at_line + 1), *cells, line});
      ++rows;
    } else if (rows == 0 || !is_row(split_numbers(line))) {
      break;  // a row with an empty cell is passed over
    }
    found.last = at_line;
  }
  if (rows < kLeastLines) return std::nullopt;
  if (headed) found.table.header = *heading(lines[first], count);
  found.table.header.resize(count);
  return found;
}

std::optional<AlignedTable> keyed_table(const std::vector<std::string>& lines, std::size_t first) {
  AlignedTable found{.table = {}, .last = first};
  for (std::size_t i = first; i < lines.size(); ++i) {
    const auto row = keyed(lines[i]);
    if (!row || (i > first && row->keys != found.table.header)) break;
    found.table.header = row->keys;
    found.table.rows.push_back({static_cast<std::int64_t>(i + 1), row->values, lines[i]});
    found.last = i;
  }
  return found.table.rows.size() >= kLeastLines ? std::optional(found) : std::nullopt;
}

std::optional<Table> turned(const Table& table) {
  const std::size_t columns = table.header.size();
  if (columns < 3 || table.rows.size() < 2) return std::nullopt;
  for (std::size_t c = 1; c < columns; ++c)
    if (kind_of_label(table.header[c]) != Kind::none) return std::nullopt;
  std::size_t counted = 0;
  std::set<Kind> kinds;  // hours of several machines are rows, not columns
  for (const TableRow& row : table.rows) {
    if (row.cells.size() > columns || row.cells.empty()) return std::nullopt;
    if (is_number(row.cells[0])) continue;
    const Kind kind = kind_of_label(row.cells[0]);
    if (kind == Kind::none) continue;
    ++counted;
    kinds.insert(kind);
  }
  if (kinds.size() < 2 || 2 * counted < table.rows.size()) return std::nullopt;
  Table on_side;
  on_side.header.push_back(table.header[0]);
  for (const TableRow& row : table.rows) on_side.header.push_back(row.cells[0]);
  for (std::size_t c = 1; c < columns; ++c) {
    TableRow row{
        .line = table.rows[0].line, .cells = {table.header[c]}, .written = table.header[c], .lines = {table.rows[0].line}};
    for (const TableRow& old : table.rows) {
      row.cells.push_back(c < old.cells.size() ? old.cells[c] : "");
      row.lines.push_back(old.line);
      row.written += " | " + row.cells.back();
    }
    on_side.rows.push_back(std::move(row));
  }
  return on_side;
}

}  // namespace isoflop::plan
