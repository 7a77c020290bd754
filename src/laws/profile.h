// What the rows say of a constant beyond its draws: the least objective with the constant held far out.
#pragma once

#include "laws/problem.h"

namespace isoflop::laws {

/// How far the objective may rise above its minimum before a constant's value is refused at `level`.
///
/// Source   the rho-test of M-estimators: Ronchetti 1982; for least squares it is the likelihood ratio. With residuals r_i about
/// the
///          minimum, rise = t^2 / 2 (mean of rho'(r)^2) / (mean of rho''(r)), rho'' where rho has a corner from the residuals
///          nearest to it, t Student's at n - p degrees of freedom. Rows of a group count together.
[[nodiscard]] double critical_rise(const Problem& problem, const Theta& best, double level);

/// The least objective of all with constant `i` at `parameter`, the others refitted from `from`; infinite where there is none.
[[nodiscard]] Minimum profile_at(const Problem& problem, const Theta& from, int i, double parameter);

/// The interval of constant `i`, its ends where the profile has risen by the critical amount, and the profile between and a
/// little beyond.
///
/// Needs    `scale` > 0: about the parameter's standard error, where the search for the ends begins.
[[nodiscard]] Profile profile_of(const Problem& problem, const Minimum& best, int i, double level, double scale);

/// Ends of `interval` of constant `i` that the rows do not set: those whose profile stays below the critical rise from there on,
/// out to 1e12 times the value (to a positive constant's low end 0). Ends within a decade of the value stand as they are.
[[nodiscard]] Interval open_ends(const Problem& problem, const Minimum& best, int i, Interval interval);

}  // namespace isoflop::laws
