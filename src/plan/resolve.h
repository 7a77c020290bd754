// What a request gives, as a budget and a model.
#pragma once

#include <string>

#include "isoflop/plan.h"

namespace isoflop::plan {

/// Throws Error{usage}.
[[noreturn]] void refuse(const std::string& what, const std::string& problem, const std::string& hint = {});

[[nodiscard]] std::string short_number(double value);

/// Throws   Error{usage} naming the flag whose number cannot be meant.
void check_numbers(const PlanRequest& request);

/// Refuses what no training run takes: laws say something of it, and nothing that is true.
void check_budget(const PlanningLaw& law, double flops);

/// Throws   Error{usage} naming the flag that needs a loss off the frontier.
const AdditiveLaw& need_surface(const PlanningLaw& law, const std::string& flag);

/// The least compute that reaches a loss, by the law's surface or frontier. Needs one of them (contract).
[[nodiscard]] double least_flops(const PlanningLaw& law, double loss);

/// Fills what was asked, C and the model.
///
/// Throws   as make_plan.
void resolve(const PlanRequest& request, Plan& plan);

}  // namespace isoflop::plan
