// A document to claims: lines, blocks and tables; the rules are claims_rules.cc.
#include "isoflop/claims.h"

#include <algorithm>
#include <map>

#include "base/csv.h"
#include "base/json.h"
#include "base/utf8.h"
#include "isoflop/text.h"
#include "plan/claims_rules.h"
#include "plan/claims_words.h"

namespace isoflop {
namespace plan {
namespace {

bool blank(const std::string& s) {
  return s.find_first_not_of(" \r") == std::string::npos;
}

std::string trimmed(const std::string& s) {
  const std::size_t begin = s.find_first_not_of(" \r|"), end = s.find_last_not_of(" \r|");
  return begin == std::string::npos ? "" : s.substr(begin, end - begin + 1);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines(1);
  for (const char c : text) {
    if (c == '\n') {
      lines.emplace_back();
    } else if (c != '\r') {
      lines.back() += c;
    }
  }
  return lines;
}

std::vector<std::string> cells_of(const std::string& row) {
  std::vector<std::string> cells;
  std::string cell;
  const std::size_t begin = row.find('|') + 1;
  for (std::size_t i = begin; i < row.size(); ++i) {
    if (row[i] == '|' && row[i - 1] != '\\') {
      cells.push_back(trimmed(cell));
      cell.clear();
    } else {
      cell += row[i];
    }
  }
  if (!blank(cell)) cells.push_back(trimmed(cell));
  return cells;
}

bool is_row(const std::string& line) {
  const std::size_t begin = line.find_first_not_of(' ');
  return begin != std::string::npos && line[begin] == '|' && std::count(line.begin(), line.end(), '|') >= 2;
}

bool is_rule(const std::string& line) {
  return is_row(line) && line.find_first_not_of(" |:-\t") == std::string::npos;
}

/// A title opens a new subject: a heading or its underline, a line all in bold, a table of TOML. Of a line that is trimmed.
bool is_title(const std::string& t) {
  if (t.starts_with("#") || t.starts_with("---") || t.starts_with("===")) return true;
  if (t.starts_with("**") &&
      (t.ends_with("**") || t.ends_with("**：") || t.ends_with("**:") || t.ends_with("：**") || t.ends_with(":**")))
    return true;
  return t.starts_with("[") && t.ends_with("]") && t.find(' ') == std::string::npos;  // a table of TOML
}

/// "**Problem 3 (8 points).** A team rents ...": another subject than the last one's.
bool is_exercise(const std::string& t) {
  if (!t.starts_with("**")) return false;
  for (const std::string_view word : {"Problem", "Exercise", "Question", "問", "演習"})
    if (t.compare(2, word.size(), word) == 0) return true;
  return false;
}

constexpr std::size_t kLongestParagraph = 16;  // lines

/// A sentence of English that was wrapped by hand goes on in the next line.
bool goes_on(const std::string& line, const std::string& next) {
  constexpr std::size_t kWrapped = 50;
  const std::string a = trimmed(line), b = trimmed(next);
  if (a.size() < kWrapped || line.size() > 4 * kWrapped || b.empty() || std::count(a.begin(), a.end(), ' ') < 5) return false;
  const char last = a.back(), first = b.front();
  const bool open = letter(last) || digit(last) || last == ',' || last == ')' || last == '%' || last == '-';
  const bool numbered = digit(first) && b.find_first_of(".)") < 3 && b.find(' ') < 4;
  const bool plain = std::none_of(a.begin(), a.end(), [](char c) { return static_cast<unsigned char>(c) >= 0xE3; });
  return open && plain && (letter(first) || digit(first) || first == '(' || first == '$') && !numbered && !is_row(next) &&
         !is_title(b);
}

enum class Format { prose, csv, data };

Format format_of(const std::string& file) {
  const auto ends = [&](std::string_view ending) {
    return file.size() > ending.size() && file.compare(file.size() - ending.size(), ending.size(), ending) == 0;
  };
  if (ends(".csv")) return Format::csv;
  return ends(".json") || ends(".toml") || ends(".jsonl") || ends(".yaml") || ends(".yml") ? Format::data : Format::prose;
}

void check_utf8(std::string_view text, const std::string& file) {
  std::int64_t line = 1;
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint c = first_code_point(text.substr(i));
    if (!c.valid || c.value == 0)
      throw Error(Fault::bad_data, file + ":" + format_number(line), c.valid ? "holds a zero byte: not a text" : "is not UTF-8",
                  "convert it to UTF-8 (iconv)");
    if (c.value == U'\n') ++line;
    i += c.length;
  }
}

/// Reads a document from its first line to its last.
class Document {
 public:
  Document(const std::string& text, const std::string& file)
      : lines_(lines_of(text)), format_(format_of(file)), checker_(text, file) {}

  std::vector<Claim> run(const std::string& text, const std::string& file) {
    if (format_ == Format::csv) {
      read_csv_table(text, file);
    } else {
      for (std::size_t i = 0; i < lines_.size(); ++i) read_line(i);
    }
    checker_.finish();
    return checker_.take();
  }

 private:
  void read_line(std::size_t& i) {
    const std::string& line = lines_[i];
    const auto number = static_cast<std::int64_t>(i + 1);
    const std::string bare = trimmed(line);
    if (bare.starts_with("```") || bare.starts_with("~~~")) return checker_.begin_subject(false);
    if (format_ == Format::data && (bare.starts_with("{") || bare.starts_with("}") || bare.starts_with("[")))
      checker_.begin_subject(false);
    if (blank(line)) return checker_.blank_line();
    if (is_row(line)) {
      i = read_table(i);
      return;
    }
    if (is_exercise(bare))
      checker_.begin_subject(true);
    else if (bare.starts_with("**") && is_title(bare))
      checker_.blank_line();
    else if (is_title(bare))
      checker_.begin_subject(bare.starts_with("#") || bare.starts_with("---"));
    if (const auto unmarked = format_ == Format::prose ? aligned_table(lines_, i) : keyed_table(lines_, i)) {
      checker_.table(unmarked->table);
      i = unmarked->last;
      return;
    }
    if (format_ == Format::prose) {
      std::vector<std::string> wrapped{line};
      while (wrapped.size() < kLongestParagraph && i + 1 < lines_.size() && goes_on(lines_[i], lines_[i + 1]))
        wrapped.push_back(lines_[++i]);
      if (wrapped.size() > 1) return checker_.prose(number, wrapped);
    }
    for (std::size_t begin = 0; begin < line.size();) {
      const std::size_t end = piece_end(line, begin);
      checker_.prose(number, {line.substr(begin, end - begin)});
      if (format_ == Format::data && end < line.size()) checker_.begin_subject(false);
      begin = end;
    }
  }

  /// Objects that stand on one line are subjects of their own; a line without end is read in pieces.
  [[nodiscard]] std::size_t piece_end(const std::string& line, std::size_t begin) const {
    constexpr std::size_t kLongest = 8192;
    const std::size_t limit = std::min(line.size(), begin + kLongest);
    if (format_ == Format::data)
      if (const std::size_t brace = line.find('}', begin); brace != std::string::npos && brace < limit) return brace + 1;
    if (limit == line.size()) return limit;
    const std::size_t space = line.rfind(' ', limit);
    if (space != std::string::npos && space > begin) return space;
    return begin + whole_characters(std::string_view(line).substr(begin), kLongest);
  }

  /// Markdown: a header, a rule, rows; returns the index of its last line.
  std::size_t read_table(std::size_t first) {
    std::size_t last = first;
    while (last + 1 < lines_.size() && is_row(lines_[last + 1])) ++last;
    std::size_t row = first;
    Table table;
    if (first + 1 <= last && is_rule(lines_[first + 1])) {
      table.header = cells_of(lines_[first]);
      row = first + 2;
    }
    for (; row <= last; ++row)
      if (!is_rule(lines_[row]))
        table.rows.push_back({static_cast<std::int64_t>(row + 1), cells_of(lines_[row]), trimmed(lines_[row])});
    checker_.table(table);
    return last;
  }

  void read_csv_table(const std::string& text, const std::string& file) {
    Table table;
    for (const CsvRecord& record : read_csv(text, file)) {
      if (record.cells.size() == 1 && record.cells[0].empty()) continue;
      std::string all;
      for (const std::string& cell : record.cells) all += (all.empty() ? "" : ",") + cell;
      if (all.starts_with('#')) {  // a remark
        checker_.prose(record.line, {all.substr(std::min(all.size(), all.find_first_not_of("# ")))});
      } else if (table.header.empty()) {
        table.header = record.cells;
      } else {
        table.rows.push_back({record.line, record.cells, all});
      }
    }
    checker_.table(table);
  }

  std::vector<std::string> lines_;
  Format format_;
  Checker checker_;
};

}  // namespace
}  // namespace plan

std::string to_string(ClaimVerdict verdict) {
  switch (verdict) {
    case ClaimVerdict::agrees:
      return "agrees";
    case ClaimVerdict::off:
      return "off";
    case ClaimVerdict::power_of_ten:
      return "power_of_ten";
    case ClaimVerdict::inconsistent:
      return "inconsistent";
    case ClaimVerdict::cannot_check:
      break;
  }
  return "cannot_check";
}

std::vector<Claim> check_claims(const std::string& text, const std::string& file) {
  plan::check_utf8(text, file);
  return plan::Document(text, file).run(text, file);
}

std::string claims_to_json(const std::vector<Claim>& claims) {
  Json list = Json::array();
  for (const Claim& c : claims)
    list.push_back({{"file", c.file},
                    {"line", c.line},
                    {"text", c.text},
                    {"kind", c.kind},
                    {"claimed", json_or_null(c.claimed)},
                    {"computed", json_or_null(c.computed)},
                    {"verdict", to_string(c.verdict)},
                    {"explanation", c.explanation}});
  return list.dump();
}

}  // namespace isoflop
