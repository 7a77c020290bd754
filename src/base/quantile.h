// Order statistics of a list of numbers: one rule for every percentile.
#pragma once

#include <span>
#include <utility>
#include <vector>

namespace isoflop {

/// What a share of the values does not exceed, on a line between neighbours (Hyndman and Fan's 7th); beside an infinite neighbour
/// the one below.
///
/// Needs    ascending values, one or more; 0 <= share <= 1 (contract).
[[nodiscard]] double quantile_of(std::span<const double> ascending, double share);

/// The ends between which the middle `level` of the values lies. What is no number counts as infinite.
///
/// Needs    one value or more (contract).
[[nodiscard]] std::pair<double, double> middle_of(std::vector<double> values, double level);

}  // namespace isoflop
