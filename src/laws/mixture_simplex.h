// Shares under caps: a convex function's least value over them, proportions that fill them, and random ones.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/random.h"

namespace isoflop::laws {

/// A function of shares; `slope` is filled if given.
using SharesFunction = std::function<double(const std::vector<double>& shares, double* slope)>;

/// The largest share under a cap that is a multiple of 1 / steps, as that multiple.
[[nodiscard]] inline std::int64_t steps_under(double cap, std::int64_t steps) {
  return std::min(steps, static_cast<std::int64_t>(std::floor(std::min(cap, 1.0) * static_cast<double>(steps) * (1 + 1e-12))));
}

/// Proportions scaled until they sum to 1, none above its cap: min(cap, scale p). Where the proportions that are not 0 cannot
/// fill 1 the rest goes to the others in proportion to their caps.
///
/// Needs    caps that sum to 1 or more (contract).
[[nodiscard]] std::vector<double> filled(const std::vector<double>& proportions, const std::vector<double>& caps);

/// The shares of least value, from `start` (under the caps, summing to 1), moving share from one source to another along the pair
/// whose slopes differ most until no pair's differ by more than `tolerance`.
///
/// Source   the working-set method of Platt 1998 and Keerthi et al. 2001 for one equality and bounds; exact line search.
/// Needs    a convex function; of another a local minimum is found.
[[nodiscard]] std::vector<double> least_shares(const SharesFunction& f, const std::vector<double>& caps,
                                               std::vector<double> start, double tolerance = 1e-7,
                                               std::int64_t iterations = 20000);

/// ln of Gamma-distributed numbers of shape alpha (Marsaglia and Tsang 2000), and a Dirichlet draw made of them. Uses the
/// counters (index, 0 ...) of the stream.
[[nodiscard]] std::vector<double> dirichlet(const Philox& random, std::uint64_t index, const std::vector<double>& alpha);

}  // namespace isoflop::laws
