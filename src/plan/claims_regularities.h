// What the rows of a table have in common, and the row that breaks it. Claims checker only.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace isoflop::plan {

/// A number of a table, and what a unit of its last digit is of it.
struct TableCell {
  double value = 0, rounding = 0;  ///< above 0; relative
};

/// A column: its cells, none where they hold no number.
struct TableColumn {
  std::string name;
  bool derived = false;  ///< counts what follows from others (FLOPs, costs, shares), not what is chosen (sizes, tokens, devices)
  bool share = false;    ///< shares of a whole: percentages, or numbers that add up to one
  std::vector<std::optional<TableCell>> cells;
  std::vector<std::string> texts = {};  ///< as written: rows may be of several kinds, and differ by a note
};

/// One cell that breaks what most rows have in common.
struct BrokenCell {
  std::size_t row = 0, column = 0;
  double follows = 0;    ///< in its place
  double tolerance = 0;  ///< relative
  std::string how;       ///< "in 9 of 10 rows GPU-hours = hours x GPUs"
};

/// Looks for products, quotients, powers and sums of columns that hold in all rows but a few to the digits written, and that
/// chance would bring about in fewer than one table of a thousand. A row that differs from the others in another column too
/// (another accelerator, a note) is excused, and so is one whose numbers somebody chose; of the cells of a broken rule the one is
/// named that mends most of them. Rows are to hold no totals.
[[nodiscard]] std::vector<BrokenCell> broken_cells(const std::vector<TableColumn>& columns);

}  // namespace isoflop::plan
