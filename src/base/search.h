// Searches along a line: where a function is least, and where it changes sign.
#pragma once

#include <algorithm>
#include <cmath>

namespace isoflop {

/// The place of a function's least value in [low, high]: a look at `steps` + 1 places, then golden section between the neighbours
/// of the best. A value that is not finite is never the best.
template <class F>
[[nodiscard]] double least_of(const F& f, double low, double high, int steps, double tolerance = 1e-9) {
  int best = 0;
  double least = INFINITY;
  for (int i = 0; i <= steps; ++i)
    if (const double value = f(low + (high - low) * i / steps); value < least) least = value, best = i;
  constexpr double kGolden = 0.6180339887498949;
  double a = low + (high - low) * std::max(0, best - 1) / steps, b = low + (high - low) * std::min(steps, best + 1) / steps;
  double c = b - kGolden * (b - a), d = a + kGolden * (b - a), at_c = f(c), at_d = f(d);
  while (b - a > tolerance) {
    if (!(at_c > at_d)) {
      b = d, d = c, at_d = at_c;
      at_c = f(c = b - kGolden * (b - a));
    } else {
      a = c, c = d, at_c = at_d;
      at_d = f(d = a + kGolden * (b - a));
    }
  }
  return 0.5 * (a + b);
}

/// Where a function changes sign between `low` and `high`: false position that halves the weight of an end that stays (Illinois),
/// and every fourth step a bisection.
template <class F>
[[nodiscard]] double zero_between(const F& f, double low, double high, double tolerance = 1e-13) {
  double at_low = f(low), at_high = f(high);
  if (at_low == 0) return low;
  if (at_high == 0) return high;
  int side = 0;
  for (int i = 1; i < 200 && high - low > tolerance * std::max(1.0, std::fabs(low)); ++i) {
    double middle = low + (high - low) * at_low / (at_low - at_high);
    if (i % 4 == 0 || !(middle > low && middle < high)) middle = 0.5 * (low + high);
    const double at = f(middle);
    if (at == 0) return middle;
    if ((at > 0) == (at_low > 0)) {
      low = middle, at_low = at;
      if (side > 0) at_high *= 0.5;
      side = 1;
    } else {
      high = middle, at_high = at;
      if (side < 0) at_low *= 0.5;
      side = -1;
    }
  }
  return 0.5 * (low + high);
}

}  // namespace isoflop
