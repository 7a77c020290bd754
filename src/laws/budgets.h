// The compute of rows, and the budgets they gather at.
#pragma once

#include <string>
#include <vector>

#include "isoflop/laws.h"

namespace isoflop::laws {

/// The rows of an allocation fit, with N, D, C and loss as numbers; one place decides which column is C.
struct ComputeRows {
  std::vector<std::size_t> rows;                    ///< of the table
  std::vector<double> params, tokens, flops, loss;  ///< of these rows; tokens empty without a column
  std::string flops_convention;
  std::vector<Warning> warnings;
};

/// C is the first of `flops`, flops_exact, flops_6nd that is there, else 6 N D.
///
/// Throws   Error{bad_data}, naming row and column, as usable_rows().
[[nodiscard]] ComputeRows compute_rows(const Observations& table, const std::string& n_column, const std::string& loss_column,
                                       bool allow_repeated);

/// The column C is read from; empty: none is there.
[[nodiscard]] std::string flops_column_of(const Observations& table);

/// What a table's column `flops` counts, as far as it says.
[[nodiscard]] std::string convention_of_flops(const Observations& table);

struct Budget {
  double flops = 0;                  ///< as given, or the median of its rows
  std::vector<std::size_t> members;  ///< into ComputeRows, ascending
};

/// Rows to the nearest of `given` within `tolerance`; without any, to where rows gather: of all spans of C as wide as the
/// tolerance allows the one with the most rows is a budget, then the same among the rows left. Ascending; rows of none are in no
/// budget.
[[nodiscard]] std::vector<Budget> budgets_of(const ComputeRows& rows, const std::vector<double>& given, double tolerance);

/// The members whose compute lies off the budget's others: runs of another budget, or of none, that fell into its span.
[[nodiscard]] std::vector<std::size_t> off_budget(const ComputeRows& rows, const Budget& budget);

}  // namespace isoflop::laws
