// Where the loss of one further run is expected.
#pragma once

#include <optional>

#include "isoflop/plan.h"

namespace isoflop::plan {

/// Draws of the law and the scatter of runs about it; the scatter alone where there are no draws; nothing without either.
[[nodiscard]] std::optional<Interval> run_interval(const PlanningLaw& law, const ModelPlan& model, double residual_sd);

}  // namespace isoflop::plan
