// Laws that are read off optima instead of fitted as a formula of the loss: isoflop, optima, envelope.
#pragma once

#include "isoflop/laws.h"

namespace isoflop::laws {

struct OptimumLaw {
  LawInfo info;
  FitResult (*fit)(const Observations& table, const FitOptions& options);
};
[[nodiscard]] const std::vector<OptimumLaw>& optimum_laws();
/// None where the law is another.
[[nodiscard]] const OptimumLaw* optimum_law(const std::string& name);

}  // namespace isoflop::laws
