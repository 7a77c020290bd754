// One isoFLOP curve, loss over ln N, and its minimum; or the reason why it shows none.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace isoflop::laws {

struct CurveMinimum {
  enum class Trouble { none, few_points, opens_down, at_edge } trouble = Trouble::none;
  double x = 0, y = 0;                        ///< of the minimum; with `at_edge` where it would be, else 0 unless none
  std::size_t first = 0, last = 0;            ///< the points the parabola saw: [first, last)
  double centre = 0, c0 = 0, c1 = 0, c2 = 0;  ///< the parabola: y = c0 + c1 u + c2 u^2, u = x - centre
  [[nodiscard]] double at(double value) const {
    const double u = value - centre;
    return c0 + u * (c1 + u * c2);
  }
};

/// Least squares of a parabola over the points within `half_width` of its own vertex (0: over all), found by moving the window
/// until it holds still; 5 different x or more are in it where the curve has them.
///
/// Needs    x ascending, equal ones allowed; as many y.
[[nodiscard]] CurveMinimum parabola_minimum(std::span<const double> x, std::span<const double> y, double half_width);

/// The parabola through given points, by the same rules; `last` > `first`.
[[nodiscard]] CurveMinimum parabola_through(std::span<const double> x, std::span<const double> y, std::size_t first,
                                            std::size_t last);

/// The least of Akima's interpolation on 25 evenly spaced points a gap, ends included (as Porian et al. 2024); y of equal x are
/// averaged. `at_edge` if it is the first or the last of them.
///
/// Source   Akima 1970 (doi:10.1145/321607.321609).
[[nodiscard]] CurveMinimum akima_minimum(std::span<const double> x, std::span<const double> y);

/// A point against the parabola through the others of its window.
struct Deletion {
  double distance = 0;  ///< off it, in units of y
  double t = 0;         ///< the same in its standard errors (the externally studentised residual)
};
/// Of each point of [first, last). Zeros where fewer than 5 points are in it or the others lie on their parabola exactly.
[[nodiscard]] std::vector<Deletion> deletions(std::span<const double> x, std::span<const double> y, std::size_t first,
                                              std::size_t last);

}  // namespace isoflop::laws
