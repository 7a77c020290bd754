// A planning law at one of its draws.
#pragma once

#include "isoflop/plan.h"

namespace isoflop::plan {

[[nodiscard]] inline PlanningLaw drawn(const PlanningLaw& law, std::size_t i) {
  PlanningLaw draw;
  draw.flops_per = law.flops_per;
  if (law.surface) draw.surface = law.draws[i];
  if (law.rule) draw.rule = law.rule_draws[i];
  return draw;
}

}  // namespace isoflop::plan
