// What approaches 1 and 2 have in common: optima at values of C become the laws N*(C) and D*(C), with intervals.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "isoflop/laws.h"

namespace isoflop::laws {

struct AllocationPoint {
  double x = 0;              ///< ln C
  double n = 0;              ///< ln N*
  std::optional<double> d = {};        ///< ln D*
  std::optional<double> loss = {};     ///< L*
  std::optional<double> se = {};       ///< of ln N*
  std::optional<double> loss_se = {};  ///< of ln L*
};

struct Allocation {
  std::vector<AllocationPoint> points;
  /// The points as draw k would have them, false if it has none; their `se` are those of `points`. None: Student's t alone.
  std::function<bool(std::int64_t k, std::vector<AllocationPoint>& points)> draw;
  std::string drawn;  ///< "seed noise": what a draw changes, as interval_method says it
  std::string one;    ///< "budget", "size": what a point is, for messages
};

/// Throws   Error{usage} naming the option that cannot be meant.
void check_options(const AllocationOptions& options);

/// `fit` with constants, intervals, derived numbers, standard errors and draws, and what to doubt about them; no fit if a number
/// of the law is beyond a double.
///
/// Needs    2 points or more of different x.
[[nodiscard]] FitResult fit_allocation(const Allocation& allocation, const AllocationOptions& options, Fit fit);

}  // namespace isoflop::laws
