// What a fit should make its reader doubt, each with the number behind it.
#pragma once

#include "laws/problem.h"

namespace isoflop::laws {

/// Why the constants found are no law: one is beyond a double, or an exponent has run away. Such a fit is not given.
[[nodiscard]] std::optional<Warning> beyond_numbers(const Problem& problem, const Theta& theta);

/// What says that sizes or tokens are counted in thousands, millions or billions; `tokens` is as long as `params`, or empty.
[[nodiscard]] std::optional<std::string> doubtful_counts(const std::vector<double>& params, const std::vector<double>& tokens);

/// Adds to the fit's warnings.
void doubt_fit(const Observations& table, const Problem& problem, const FitOptions& options, Fit& fit);

}  // namespace isoflop::laws
