// Columns of a table by name, and the rows a law may be fitted to: one rule for every law of the room.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "isoflop/laws.h"

namespace isoflop::laws {

using Column = std::vector<std::optional<double>>;

[[nodiscard]] const Column* find_column(const Observations& table, const std::string& name);
/// Throws   Error{bad_data} naming the nearest column.
[[nodiscard]] const Column& need_column(const Observations& table, const std::string& name);

/// The rows of a table, in another order or fewer.
[[nodiscard]] Observations rows_of(const Observations& table, const std::vector<std::size_t>& rows);

/// Where a row stands, for messages: file:line where known, else its label.
[[nodiscard]] std::string place_of(const Observations& table, std::size_t row);
/// Throws   Error{bad_data} naming row and column unless `value` is finite and positive.
void need_positive(double value, const Observations& table, std::size_t row, const std::string& column);

struct UsableRows {
  std::vector<std::size_t> rows;
  std::vector<Warning> warnings;  ///< the table's own, then which rows were left out, and why
};

/// The rows with a positive number in every column of `needed`; those that saw their text more than once only where allowed.
///
/// Throws   Error{bad_data}, naming row and column, if a number is not finite and positive or a column is missing.
[[nodiscard]] UsableRows usable_rows(const Observations& table, const std::vector<std::string>& needed,
                                     const std::string& n_column, bool allow_repeated);

}  // namespace isoflop::laws
