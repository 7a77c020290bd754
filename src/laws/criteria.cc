#include "laws/criteria.h"

#include <algorithm>
#include <cmath>

#include "base/math.h"

namespace isoflop::laws {
namespace {

constexpr double kPi = 3.14159265358979323846;

/// The integral of exp(-rho(r) / tau) over residuals of one sign.
double half_integral(const Objective& o, double tau) {
  switch (o.kind) {
    case Objective::Kind::lsq:
      return 0.5 * std::sqrt(2 * kPi * tau);
    case Objective::Kind::lad:
      return tau;
    case Objective::Kind::huber:
    case Objective::Kind::asymmetric:
      break;
  }
  return 0.5 * std::sqrt(2 * kPi * tau) * erf_(o.delta / std::sqrt(2 * tau)) +
         tau / o.delta * exp_(std::max(-700.0, -0.5 * o.delta * o.delta / tau));
}

double ln_integral(const Objective& o, double tau) {
  return log_(half_integral(o, tau) + half_integral(o, o.kind == Objective::Kind::asymmetric ? tau / o.over : tau));
}

}  // namespace

std::optional<double> deviance_of(const Objective& objective, double objective_sum, double mean_weight, std::int64_t rows,
                                  double sum_ln_response) {
  const auto n = static_cast<double>(rows);
  const double sum = objective_sum / mean_weight;
  if (!(sum > 1e-25 * n) || !std::isfinite(sum)) return std::nullopt;
  const auto at = [&](double ln_tau) { return sum * exp_(-ln_tau) + n * ln_integral(objective, exp_(ln_tau)); };
  // from a thousandth of the mean term to a million times it; then golden section about the best
  constexpr int kSteps = 80;
  const double low = log_(sum / n) - log_(1e3), step = log_(1e9) / kSteps;
  int best = 0;
  for (int i = 1; i <= kSteps; ++i)
    if (at(low + i * step) < at(low + best * step)) best = i;
  constexpr double kGolden = 0.6180339887498949;
  double a = low + (best - 1) * step, b = low + (best + 1) * step;
  for (int i = 0; i < 60; ++i) {
    const double c = b - kGolden * (b - a), d = a + kGolden * (b - a);
    if (at(c) < at(d))
      b = d;
    else
      a = c;
  }
  return 2 * at(0.5 * (a + b)) + (objective.log_residual ? 2 * sum_ln_response : 0);
}

Criteria criteria_of(std::optional<double> deviance, std::int64_t rows, std::int64_t constants) {
  if (!deviance) return {};
  const auto n = static_cast<double>(rows), k = static_cast<double>(constants + 1);
  Criteria criteria;
  if (n > k + 1) criteria.aicc = *deviance + 2 * k + 2 * k * (k + 1) / (n - k - 1);
  criteria.bic = *deviance + k * log_(n);
  return criteria;
}

}  // namespace isoflop::laws
