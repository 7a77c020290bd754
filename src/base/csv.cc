#include "base/csv.h"

#include <string_view>

#include "isoflop/base.h"

namespace isoflop {
namespace {

/// Cells one after the other; `line` is where the cursor stands.
class CsvReader {
 public:
  CsvReader(std::string_view text, const std::string& subject) : text_(text), subject_(subject) {
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
  }
  [[nodiscard]] bool done() const { return at_ >= text_.size(); }
  [[nodiscard]] std::int64_t line() const { return line_; }

  std::vector<std::string> record() {
    std::vector<std::string> cells;
    for (;;) {
      cells.push_back(at_ < text_.size() && text_[at_] == '"' ? quoted(cells.size() + 1) : plain(cells.size() + 1));
      if (at_ < text_.size() && text_[at_] == ',') {
        ++at_;
        continue;
      }
      if (at_ < text_.size() && text_[at_] == '\r') ++at_;
      if (at_ < text_.size() && text_[at_] == '\n') ++at_;
      ++line_;
      return cells;
    }
  }

 private:
  [[nodiscard]] bool ends_cell() const {
    if (at_ >= text_.size() || text_[at_] == ',' || text_[at_] == '\n') return true;
    return text_[at_] == '\r' && (at_ + 1 == text_.size() || text_[at_ + 1] == '\n');
  }
  [[noreturn]] void refuse(std::int64_t line, std::size_t column, const std::string& problem) const {
    throw Error(Fault::bad_data, subject_ + ":" + std::to_string(line), "column " + std::to_string(column) + ": " + problem,
                "cells with commas, quotes or line ends are written \"like \"\"this\"\"\"");
  }
  std::string plain(std::size_t column) {
    std::string cell;
    for (; !ends_cell(); ++at_) {
      if (text_[at_] == '"') refuse(line_, column, "a quote in the middle of a cell");
      if (text_[at_] == '\0') refuse(line_, column, "a zero byte, expected text");
      cell += text_[at_];
    }
    return cell;
  }
  std::string quoted(std::size_t column) {
    const std::int64_t opened = line_;
    std::string cell;
    for (++at_;; ++at_) {
      if (at_ >= text_.size()) refuse(opened, column, "a quote is opened and never closed");
      if (text_[at_] == '"') {
        if (at_ + 1 >= text_.size() || text_[at_ + 1] != '"') break;
        ++at_;
      } else if (text_[at_] == '\n') {
        ++line_;
      }
      cell += text_[at_];
    }
    ++at_;
    if (!ends_cell()) refuse(line_, column, "text after the closing quote");
    return cell;
  }

  std::string_view text_;
  const std::string& subject_;
  std::size_t at_ = 0;
  std::int64_t line_ = 1;
};

// a table of another program is named as what it is, not read as one long column
void refuse_other_separators(std::string_view text, const std::string& subject) {
  const std::string_view header = text.substr(0, text.find('\n'));
  const auto at = header.find_first_of(";\t");
  if (at == std::string_view::npos || header.find(',') != std::string_view::npos) return;
  throw Error(Fault::bad_data, subject + ":1",
              std::string("cells are separated by ") + (header[at] == ';' ? "`;`" : "tabs") + ", expected commas",
              "save the table with commas between the cells and points in the numbers");
}

}  // namespace

std::vector<CsvRecord> read_csv(const std::string& text, const std::string& subject) {
  refuse_other_separators(text, subject);
  std::vector<CsvRecord> records;
  CsvReader reader(text, subject);
  while (!reader.done()) {
    const std::int64_t line = reader.line();
    records.push_back({line, reader.record()});
  }
  return records;
}

}  // namespace isoflop
