// A fit in the making: the rows of a table as a law reads them, what is minimised, and which constants are free.
#pragma once

#include <span>

#include "laws/minimise.h"
#include "laws/rows.h"

namespace isoflop::laws {

/// How intervals are made: which units of the table are drawn anew.
enum class Resample { rows, groups, residuals };

struct Problem {
  const Law* law = nullptr;
  Objective objective;
  Rows rows;
  Free free{};
  Theta held{};                         // the fixed constants' parameters; 0 where free
  std::vector<std::size_t> fitted;      // rows of the table
  std::vector<std::int64_t> group;      // of each row, 0..groups-1
  std::int64_t groups = 0;
  Resample resample = Resample::rows;
  std::vector<std::string> group_names;  // of each group
  bool grouped = false;                  // the table says which rows go together
  std::vector<Warning> warnings;

  [[nodiscard]] int free_count() const;
};

/// Throws as fit_law does; needs no minimum of rows.
[[nodiscard]] Problem problem_of(const Observations& table, const std::string& law, const FitOptions& options);

/// The column a law's input is read from.
[[nodiscard]] std::string column_of(const Observations& table, const Input& input, const std::string& n_column);

/// Rows that a law can be evaluated at.
[[nodiscard]] Rows rows_at(const Law& law, const std::vector<std::vector<double>>& inputs);

/// L_hat of one row of inputs (not their logarithms), in the law's order.
[[nodiscard]] double value_of(const Law& law, const Theta& theta, std::span<const double> inputs);
[[nodiscard]] inline double value_of(const Law& law, const Theta& theta, const std::vector<double>& inputs) {
  return value_of(law, theta, std::span<const double>(inputs));
}

/// The model of least loss at C = 6 N D, for laws of params and tokens.
[[nodiscard]] bool has_optimum(const Law& law);
[[nodiscard]] Optimum optimum_at(const Law& law, const Theta& theta, double flops);
/// The same by a search over the size at C = flops_per N D; `held`: ln of the inputs beside params and tokens, NaN: as tokens.
[[nodiscard]] Optimum searched_optimum(const Law& law, const Theta& theta, std::span<const double> held, double flops,
                                       double flops_per);

}  // namespace isoflop::laws
