// Student's t: tail by the incomplete beta function, quantile by safeguarded Newton. No libm beyond sqrt.
#include <cmath>

#include "base/check.h"
#include "base/math.h"
#include "isoflop/laws.h"
#include "laws/intervals.h"

namespace isoflop {
namespace {

constexpr double kPi = 3.14159265358979323846;

// ln(1 + x) = 2 atanh(x / (2 + x)), kept accurate for small x
double log_one_plus(double x) {
  if (std::fabs(x) > 0.1) return log_(1 + x);
  const double z = x / (2 + x);
  double term = z, sum = 0;
  for (int k = 1; k < 40; k += 2) {
    sum += term / k;
    term *= z * z;
  }
  return 2 * sum;
}

// Stirling's correction to ln Gamma(x), x >= 15: the first terms left out are below 1e-17
double stirling(double x) {
  const double i = 1 / (x * x);
  return (1.0 / 12 - i * (1.0 / 360 - i * (1.0 / 1260 - i * (1.0 / 1680 - i * (1.0 / 1188 - i * (691.0 / 360360)))))) / x;
}

// ln(Gamma(a + 1/2) / Gamma(a)) without the difference of two large numbers
double log_gamma_half_step(double a) {
  double shift = 0;
  while (a < 15) {  // Gamma(a + 1/2) / Gamma(a) = a / (a + 1/2) times the same one further up
    shift += log_(a / (a + 0.5));
    a += 1;
  }
  return shift + a * log_one_plus(0.5 / a) + 0.5 * log_(a) - 0.5 + stirling(a + 0.5) - stirling(a);
}

// the continued fraction of the incomplete beta function (modified Lentz), good for x < (a + 1) / (a + b + 2)
double beta_fraction(double x, double a, double b) {
  constexpr double kTiny = 1e-300;
  double c = 1, d = 1 - (a + b) * x / (a + 1);
  if (std::fabs(d) < kTiny) d = kTiny;
  d = 1 / d;
  double h = d;
  for (int m = 1; m < 10000; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    for (const double step : {even, odd}) {
      d = 1 + step * d;
      c = 1 + step / c;
      if (std::fabs(d) < kTiny) d = kTiny;
      if (std::fabs(c) < kTiny) c = kTiny;
      d = 1 / d;
      h *= c * d;
    }
    if (std::fabs(c * d - 1) < 1e-16) break;
  }
  return h;
}

// I_x(v/2, 1/2), with y = 1 - x given so that neither end is rounded away
double beta_half(double x, double y, double v) {
  const double a = 0.5 * v;
  if (x <= 0) return 0;
  if (y <= 0) return 1;
  // x^a y^(1/2) / B(a, 1/2), B = Gamma(a) sqrt(pi) / Gamma(a + 1/2)
  const double log_x = x > 0.5 ? log_one_plus(-y) : log_(x);
  const double front = exp_(a * log_x + log_gamma_half_step(a)) * std::sqrt(y / kPi);
  if (x < (a + 1) / (a + 2.5)) return front * beta_fraction(x, a, 0.5) / a;
  return 1 - front * beta_fraction(y, 0.5, a) / 0.5;
}

double density(double t, double v) {
  return exp_(log_gamma_half_step(0.5 * v) - 0.5 * (v + 1) * log_one_plus(t * t / v)) / std::sqrt(v * kPi);
}

}  // namespace

double student_t_tail(double t, double degrees) {
  ISOFLOP_CHECK(t >= 0 && degrees > 0);
  const double square = t * t;
  return 0.5 * beta_half(degrees / (degrees + square), square / (degrees + square), degrees);
}

double student_t_quantile(double p, double degrees) {
  ISOFLOP_CHECK(p > 0 && p < 1 && degrees > 0);
  if (p == 0.5) return 0;
  const double tail = p < 0.5 ? p : 1 - p;

  // a bracket, then Newton steps that fall back to halving
  double low = 0, high = 1;
  while (student_t_tail(high, degrees) > tail) {
    low = high;
    high *= 2;
  }
  double t = 0.5 * (low + high);
  for (int i = 0; i < 200; ++i) {
    const double excess = student_t_tail(t, degrees) - tail;
    (excess > 0 ? low : high) = t;
    double next = t + excess / density(t, degrees);
    if (!(next > low && next < high)) next = 0.5 * (low + high);
    const double step = std::fabs(next - t);
    t = next;
    if (step <= 1e-15 * t) break;
  }
  return p < 0.5 ? -t : t;
}

double laws::student_widening(double degrees, double level) {
  const double tail = 0.5 + 0.5 * level;
  return student_t_quantile(tail, degrees) / student_t_quantile(tail, 1e6);
}

}  // namespace isoflop
