// What the digits of published exponents hide.
#pragma once

#include <optional>

#include "isoflop/plan.h"

namespace isoflop::plan {

struct Rounding {
  std::string exponents;             ///< "alpha = 0.34, beta = 0.28"
  double params_low = 0, params_high = 0;  ///< N* within half a unit of their last digits
  double waste = 0;                  ///< the most that the plan wastes there, share of the compute
};

/// Nothing unless an exponent of the surface is given to two digits or fewer, by constants that are not a fit with draws.
[[nodiscard]] std::optional<Rounding> rounding_of(const PlanningLaw& law, double flops);

}  // namespace isoflop::plan
