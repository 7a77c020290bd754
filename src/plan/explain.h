// The plan's formulas with its numbers put in.
#pragma once

#include <vector>

#include "isoflop/plan.h"

namespace isoflop::plan {

[[nodiscard]] std::vector<Explanation> explain(const Plan& plan);

}  // namespace isoflop::plan
