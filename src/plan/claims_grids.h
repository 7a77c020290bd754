// Tables that stand in a text without marks, and tables that lie on their side. Claims checker only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace isoflop::plan {

struct TableRow {
  std::int64_t line = 1;
  std::vector<std::string> cells;
  std::string written;
  std::vector<std::int64_t> lines = {};  ///< of each cell, where the row is a column of the text
};
struct Table {
  std::vector<std::string> header;
  std::vector<TableRow> rows;
};

/// "total", 合計: the row sums up those above it.
[[nodiscard]] bool is_total_row(const TableRow& row);

/// Columns that only spaces keep apart: three lines or more with as many cells, most of them numbers. Rules of dashes may stand
/// between them.
struct AlignedTable {
  Table table;
  std::size_t last = 0;  ///< index of its last line
};
[[nodiscard]] std::optional<AlignedTable> aligned_table(const std::vector<std::string>& lines, std::size_t first);

/// TOML and YAML: lines `name = {a = 1, b = 2}` of the same keys, or `name = 0.35  # 2,100億` whose remarks are numbers.
[[nodiscard]] std::optional<AlignedTable> keyed_table(const std::vector<std::string>& lines, std::size_t first);

/// A table whose rows each count another thing, and whose columns are models or runs: as if its columns were rows.
[[nodiscard]] std::optional<Table> turned(const Table& table);

}  // namespace isoflop::plan
