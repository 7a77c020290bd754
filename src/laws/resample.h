// The same fit on tables drawn from the table: what the intervals are made of.
#pragma once

#include "laws/problem.h"

namespace isoflop::laws {

[[nodiscard]] std::string name_of(Resample how);  ///< "row bootstrap", ...

/// A fit of every resample, in order; those that found no finite minimum are left out. Each starts at `found.best` and at the
/// next-best minima that a resample might prefer.
///
/// rows       n rows with replacement
/// groups     as many groups as there are, with replacement, all their rows
/// residuals  every row once, its response the prediction plus a residual drawn with replacement
///
/// Of more than kManyRows units kSomeRows are drawn, and the refit's distance from the best is scaled to all.
[[nodiscard]] std::vector<Theta> refits(const Problem& problem, const Search& found, std::int64_t draws, std::uint64_t seed,
                                        std::int64_t threads, const std::stop_token& stop);

/// The spread of fits to new tables over that of refits of one table, as simulated about the fit: below 1 where resampling
/// overstates, as it does for objectives with a corner and for few rows. Geometric mean over the free parameters
/// of robust standard deviations.
///
/// 1 for more than kManyRows units. The simulated noise is the table's residuals, smoothed; of groups, those of each group with a
/// common sign drawn anew.
[[nodiscard]] double spread_ratio(const Problem& problem, const Theta& best, std::uint64_t seed, std::int64_t threads,
                                  const std::stop_token& stop);

/// Percentiles of the draws, widened about `value` by `widen`. An end is infinite where a tail's share of the draws is. Of
/// numbers that may be 0 or have either sign: differences, logarithms.
[[nodiscard]] Interval percentile_interval(std::vector<double> draws, double value, double level, double widen);

}  // namespace isoflop::laws
