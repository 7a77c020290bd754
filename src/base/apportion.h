// Shares as whole numbers: the method of largest remainders (Hamilton).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace isoflop {

/// Whole numbers in the proportions of `shares` (>= 0, of any sum) that sum to `whole`. What rounding down leaves goes to the
/// largest remainders, the earlier share first among equals. None is above its cap, and where all are at their caps the sum is
/// less.
[[nodiscard]] std::vector<std::int64_t> apportion(std::span<const double> shares, std::int64_t whole,
                                                  std::span<const std::int64_t> caps = {});

}  // namespace isoflop
