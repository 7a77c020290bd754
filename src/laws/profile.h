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

/// How tables are simulated that say how far an objective rises by chance.
struct Simulated {
  std::uint64_t seed = 0;
  std::int64_t threads = 1;
};

/// `interval` of constant `i` with the ends that the rows do not set open. The low end of a positive constant is 0 where the rows
/// do not refuse that it vanishes; another end is infinite where the profile stays below the critical rise from there on, out to
/// 1e12 times the value. Other ends stand as they are, but a positive constant with one end open has the other where its profile
/// is refused: a floor that vanishes has an upper bound.
///
/// Result   open at both ends where the rows bound it on no side.
/// Numerics what is refused of a constant that may vanish is calibrated by simulated tables (simulated_rise), for the critical
///          rise is too small for few rows and an objective with a corner; not beyond kManyRows rows.
/// Checked  identified_test.cc: coverage over 200 tables of 15 rows, with a floor and without.
[[nodiscard]] Interval open_ends(const Problem& problem, const Minimum& best, int i, Interval interval,
                                 const Simulated& simulated);

}  // namespace isoflop::laws
