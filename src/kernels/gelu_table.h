// GELU for what is stored in three digits: the part of x that it takes away, and its slope, as quadratics on 32 intervals.
#pragma once

#include "kernels/kernels.h"

namespace isoflop::kernels {

/// f(a), a >= 0, as c0 + c1 a + c2 a^2 on the interval about k kStep that a is nearest to; 0 on the last one, which begins
/// at 5.49: what is taken for 0 there is below 1e-6.
///
/// Bound   6e-5 of a slope and 1.3e-5 of a share, which is also within 1/256 of itself while it is above 2e-5: what interpolation
/// at
///         Chebyshev's nodes leaves, step^3 max|f'''| / 192 (gelu_table_test.cc).
struct Quadratics {
  static constexpr int kIntervals = 32;  // a permutation of two vectors of sixteen looks them up
  static constexpr float kStep = 0.18f;
  static constexpr float kEnd = (kIntervals - 1) * kStep;
  float c0[kIntervals], c1[kIntervals], c2[kIntervals];
};

namespace gelu_table_detail {

// e^x, x >= 0, by its series, all of whose terms are positive
consteval double exponential(double x) {
  double term = 1, total = 1;
  for (int n = 1; n < 120; ++n) total += term *= x / n;
  return total;
}

// the density and the upper tail of the normal distribution at a >= 0
struct Normal {
  double density, above;
};
// Source  Abramowitz & Stegun 26.2.11
consteval Normal normal(double a) {
  const double density = 0.39894228040143267794 / exponential(a * a / 2);
  double term = a, total = a;
  for (int n = 1; n < 120; ++n) total += term *= a * a / (2 * n + 1);
  return {density, 0.5 - density * total};
}

// 2 u = 2 sqrt(2 / pi) (a + 0.044715 a^3) of the form by tanh, and its derivative: the share is 1 / (1 + e^2u)
struct TwiceU {
  double value, slope;
};
consteval TwiceU twice_u(double a) {
  constexpr double kTwice = 2 * 0.79788456080286535588;
  return {kTwice * (a + 0.044715 * a * a * a), kTwice * (1 + 3 * 0.044715 * a * a)};
}

// 1 - gelu(a) / a, the share of -a that is kept
consteval double share(Gelu kind, double a) {
  return kind == Gelu::exact ? normal(a).above : 1 / (1 + exponential(twice_u(a).value));
}

// gelu'(-a)
consteval double slope(Gelu kind, double a) {
  if (kind == Gelu::exact) return normal(a).above - a * normal(a).density;
  const double s = share(kind, a);
  return s - a * s * (1 - s) * twice_u(a).slope;
}

}  // namespace gelu_table_detail

/// The quadratics of share(a) = 1 - gelu(a) / a, or of gelu'(-a).
consteval Quadratics gelu_table(Gelu kind, bool of_slope) {
  Quadratics q{};
  for (int k = 0; k + 1 < Quadratics::kIntervals; ++k) {
    // a node left of 0 is mirrored: share(-a) = 1 - share(a), and likewise the slope
    const double middle = k * static_cast<double>(Quadratics::kStep),
                 apart = 0.43301270189221932338 * static_cast<double>(Quadratics::kStep);
    double f[3] = {};
    for (int i = 0; i < 3; ++i) {
      const double a = middle + (i - 1) * apart, at = a < 0 ? -a : a;
      const double value = of_slope ? gelu_table_detail::slope(kind, at) : gelu_table_detail::share(kind, at);
      f[i] = a < 0 ? 1 - value : value;
    }
    const double second = (f[2] - 2 * f[1] + f[0]) / (2 * apart * apart), first = (f[2] - f[0]) / (2 * apart);
    q.c0[k] = static_cast<float>(f[1] - first * middle + second * middle * middle);
    q.c1[k] = static_cast<float>(first - 2 * second * middle);
    q.c2[k] = static_cast<float>(second);
  }
  return q;
}

}  // namespace isoflop::kernels
