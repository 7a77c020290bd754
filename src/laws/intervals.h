// The numbers of a fit and their intervals from its refits: one way for fit_law and for the simulator that judges it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "laws/problem.h"
#include "laws/resample.h"

namespace isoflop::laws {

/// A number of the result, as a function of the constants.
struct Quantity {
  std::string name;
  int constant = -1;  // its index in the law
  std::function<double(const Theta&)> value;
  std::optional<Interval> possible = {};  ///< what the number cannot leave, so that widening does not
};

/// What the law says: its constants, exponents, the optimum at budgets, the loss of models.
[[nodiscard]] std::vector<Quantity> quantities_of(const Law& law, const FitOptions& options);

/// The part of an interval that is possible, where the value itself is.
[[nodiscard]] Interval within(Interval interval, const Interval& possible, double value);

/// One quantity's draws, in the order of the refits, and its interval.
struct Bounds {
  std::vector<double> draws;
  Interval interval;
  bool open = false;  ///< of a constant: the rows bound it on no side
};

/// Percentiles of the refits; of a constant with the ends that the rows do not set open (profile.h). The percentiles are widened
/// about the fit's own value by `widen`: in ln where a number and its draws are positive.
///
/// Needs    one refit or more.
[[nodiscard]] std::vector<Bounds> bounds_of(const Problem& problem, const std::vector<Quantity>& quantities, const Search& found,
                                            const std::vector<Theta>& thetas, const FitOptions& options, double widen);

/// What percentiles of resamples lack or have too much of: Student's quantile over the normal one, and the spread of fits to new
/// tables over the spread of refits of one table (`spread_ratio`).
[[nodiscard]] double widening(const Problem& problem, const Search& found, const FitOptions& options);

/// What percentiles of few rows lack: Student's quantile over the normal one.
[[nodiscard]] double student_widening(double degrees, double level);

/// Sums of products about the means, divided by one less than their number.
[[nodiscard]] double covariance_of(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace isoflop::laws
