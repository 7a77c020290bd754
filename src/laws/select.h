// Which rows of a table a law may be fitted to.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "isoflop/laws.h"

namespace isoflop {

using Column = std::vector<std::optional<double>>;

[[nodiscard]] const Column* find_column(const Observations& table, const std::string& name);
/// Throws Error{bad_data} with the nearest name.
[[nodiscard]] const Column& need_column(const Observations& table, const std::string& name);
/// A row as messages name it: file:line where known.
[[nodiscard]] std::string place_of(const Observations& table, std::size_t row);
/// Throws Error{bad_data} naming row and column unless the value is finite and positive.
void need_positive(double value, const Observations& table, std::size_t row, const std::string& column);

struct FittedRows {
  std::vector<std::size_t> rows;
  std::vector<Warning> warnings;  ///< the table's, then what was left out and why
};

/// The rows that have every column of `columns`, finite and positive, and are fresh (tokens <= unique_tokens, where both are there).
/// `n_column` is what counts as N where the table has no `params`.
///
/// Throws   Error{bad_data} naming row and column.
[[nodiscard]] FittedRows select_rows(const Observations& table, const std::vector<std::string>& columns, const std::string& n_column,
                                     bool allow_repeated);

}  // namespace isoflop
