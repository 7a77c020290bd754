// Loss along the frontier through optima, as a power of C with and without a floor.
#pragma once

#include <optional>
#include <span>

#include "isoflop/laws.h"

namespace isoflop::laws {

/// Least squares of ln L on ln C. Needs two values of C, or nothing comes back.
[[nodiscard]] std::optional<LossFrontier> plain_frontier(std::span<const double> ln_flops, std::span<const double> loss);

/// Least squares of L, each relative to itself: for a given exponent, floor and k in closed form; the exponent by a search
/// between 0.005 and 2. Nothing where the best is at an end of it or the floor is not above 0: these data do not tell a floor.
[[nodiscard]] std::optional<LossFrontier> floor_frontier(std::span<const double> ln_flops, std::span<const double> loss);

}  // namespace isoflop::laws
