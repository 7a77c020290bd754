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

/// How far above its minimum, and over it, the objective of a table that `truth` made lies with constant `i` held at its truth: at
/// most this in the share `level` of 200 tables, simulated as spread_ratio() does. The ratio does not depend on the size of the
/// noise, as Fisher's does not. Calibrates critical_rise() (profile.h) for few rows.
///
/// `starts`   where the fits to these tables begin, beside the truth.
[[nodiscard]] double simulated_rise(const Problem& problem, const Theta& truth, int i, std::span<const Theta> starts, double level,
                                    std::uint64_t seed, std::int64_t threads);

/// Percentiles of the draws, widened about `value` by `widen`. An end is infinite where a tail's share of the draws is. Of
/// numbers that may be 0 or have either sign: differences, logarithms.
[[nodiscard]] Interval percentile_interval(std::vector<double> draws, double value, double level, double widen);

}  // namespace isoflop::laws
