// What a fit should make its reader doubt, each with the number behind it.
#pragma once

#include "laws/problem.h"

namespace isoflop::laws {

/// Adds to the fit's warnings.
void doubt_fit(const Observations& table, const Problem& problem, const FitOptions& options, Fit& fit);

}  // namespace isoflop::laws
