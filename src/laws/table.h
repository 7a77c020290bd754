// Cells of a table by column and row, as the readers of tables see them.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "isoflop/laws.h"

namespace isoflop::laws {

[[nodiscard]] std::string trimmed(std::string_view text);

/// Text of others in a message: its beginning.
[[nodiscard]] std::string quoted(std::string_view text);

/// Where a column stands, found once for a whole table.
class Header {
 public:
  explicit Header(const CsvTable& table);
  [[nodiscard]] std::optional<std::size_t> find(const std::string& name) const;

 private:
  std::map<std::string_view, std::size_t> index_;
};

/// What the rows are called: by the first of the columns name, run, label, model that is not empty, else by their line.
class RowNames {
 public:
  explicit RowNames(const CsvTable& table);
  [[nodiscard]] std::string operator()(std::size_t row) const;
  [[nodiscard]] bool any() const { return !columns_.empty(); }  ///< the table has such a column

 private:
  const CsvTable& table_;
  std::vector<std::size_t> columns_;
};

/// file:line of a row, else the row's name.
[[nodiscard]] std::string place_of(const CsvTable& table, std::size_t row);

/// A table of the same header without rows.
[[nodiscard]] CsvTable without_rows(const CsvTable& table);
/// Takes one row of a table of the same header.
void take_row(const CsvTable& from, std::size_t row, CsvTable& to);

/// Columns of the run table that are numbers by their meaning: a cell that is none is an error, not a text column.
[[nodiscard]] const std::set<std::string>& number_columns();

}  // namespace isoflop::laws
