#include "base/math.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace isoflop {
namespace {

constexpr double kLn2High = 6.93147180369123816490e-01;  // ln 2 to 33 bits, so that n * kLn2High is exact
constexpr double kLn2Low = 1.90821492927058770002e-10;
constexpr double kInf = std::numeric_limits<double>::infinity();

double scale_by_power(double x, int n) {  // x * 2^n in two steps, so that a subnormal result rounds once
  const int half = n / 2;
  return x * std::bit_cast<double>(static_cast<std::uint64_t>(half + 1023) << 52) *
         std::bit_cast<double>(static_cast<std::uint64_t>(n - half + 1023) << 52);
}

}  // namespace

double exp_(double x) {
  if (x != x) return x;
  if (x > 709.782712893383973096) return kInf;
  if (x < -745.2) return 0;

  // x = n ln 2 + r, |r| <= ln 2 / 2, then the Taylor series of e^r to r^13 (remainder below 2^-60)
  const double n = std::floor(x * 1.44269504088896338700 + 0.5);
  const double r = (x - n * kLn2High) - n * kLn2Low;
  double p = 1.0 / 6227020800.0;
  constexpr double kInverseFactorial[] = {1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040,
                                          1.0 / 720,       1.0 / 120,      1.0 / 24,      1.0 / 6,      0.5};
  for (const double c : kInverseFactorial) p = p * r + c;
  return scale_by_power(1 + (r + r * r * p), static_cast<int>(n));
}

double log_(double x) {
  if (x != x || x < 0) return std::numeric_limits<double>::quiet_NaN();
  if (x == 0) return -kInf;
  if (x == kInf) return x;

  int exponent = 0;
  if (x < 0x1.0p-1022) {
    x *= 0x1.0p54;
    exponent = -54;
  }
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(x);
  exponent += static_cast<int>(bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & 0x000fffffffffffffULL) | 0x3ff0000000000000ULL);
  if (m > 1.41421356237309504880) {
    m *= 0.5;
    ++exponent;
  }

  // log m = 2 atanh(s), s = (m - 1) / (m + 1), |s| <= 0.1716; the series to s^21
  const double f = m - 1;
  const double s = f / (m + 1);
  const double z = s * s;
  double p = 0;
  for (int k = 21; k >= 3; k -= 2) p = (p + 2.0 / k) * z;
  // 2 s = f - s f, which keeps the leading term exact
  const double e = exponent;
  return e * kLn2High + (f - (s * (f - p) - e * kLn2Low));
}

double tanh_(double x) {
  const double a = std::fabs(x);
  if (a != a) return x;
  double t;
  if (a > 20) {
    t = 1;
  } else if (a < 0.6) {
    // the continued fraction x / (1 + x^2 / (3 + x^2 / (5 + ...))): no cancellation near 0
    const double z = x * x;
    double d = 25;
    for (int k = 23; k >= 1; k -= 2) d = k + z / d;
    t = a / d;
  } else {
    t = 1 - 2 / (exp_(2 * a) + 1);
  }
  return x < 0 ? -t : t;
}

double erf_(double x) {
  const double a = std::fabs(x);
  if (a != a) return x;
  if (a > 6) return x < 0 ? -1.0 : 1.0;
  double value;
  if (a < 2.5) {
    // e^{-x^2} 2/sqrt(pi) sum 2^k x^{2k+1} / (2k+1)!!: all terms positive
    double term = a, sum = a;
    for (int k = 1; k < 80; ++k) {
      term *= 2 * a * a / (2 * k + 1);
      sum += term;
      if (term < sum * 1e-17) break;
    }
    value = 1.12837916709551257390 * exp_(-a * a) * sum;
  } else {
    // erfc by its continued fraction, from below
    double d = a;
    for (int k = 60; k >= 1; --k) d = a + (k * 0.5) / d;
    value = 1 - exp_(-a * a) * 0.564189583547756286948 / d;
  }
  return x < 0 ? -value : value;
}

double cos_(double x) {
  // reduce by pi/2 in three parts, then the series of sin or cos on [-pi/4, pi/4]
  const double n = std::floor(x * 0.636619772367581343076 + 0.5);
  const double r = ((x - n * 1.57079632673412561417e+00) - n * 6.07710050630396597660e-11) - n * 2.02226624879595063154e-21;
  const double z = r * r;
  double c = 0, s = 0;
  for (int k = 18; k >= 2; k -= 2) c = (1 - c) * z / (k * (k - 1));  // 1 - c is cos r
  for (int k = 17; k >= 3; k -= 2) s = (1 - s) * z / (k * (k - 1));  // r (1 - s) is sin r
  switch (static_cast<std::int64_t>(n) & 3) {
    case 0: return 1 - c;
    case 1: return -r * (1 - s);
    case 2: return c - 1;
    default: return r * (1 - s);
  }
}

double pow_(double x, double y) { return exp_(y * log_(x)); }

}  // namespace isoflop
