#include "laws/profile.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/math.h"

namespace isoflop::laws {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

/// Means over rows of rho'^2 (by group) and rho''.
struct Curvature {
  double slopes = 0, curve = 0;
};

Curvature curvature_of(const Problem& problem, const std::vector<double>& residuals) {
  const Objective& o = problem.objective;
  const auto n = static_cast<double>(residuals.size());
  std::vector<double> sizes;
  for (const double r : residuals) sizes.push_back(std::fabs(r));
  std::sort(sizes.begin(), sizes.end());
  // the density of residuals at 0, from the fifth of them nearest to it
  const double delta = o.kind == Objective::Kind::lad ? 0 : o.delta, width = std::max(delta, sizes[sizes.size() / 5]);
  const auto inside = static_cast<double>(std::upper_bound(sizes.begin(), sizes.end(), width) - sizes.begin());

  Curvature c;
  std::vector<double> by_group(static_cast<std::size_t>(problem.groups));
  double sides = 0;
  for (std::size_t i = 0; i < residuals.size(); ++i) {
    const double r = residuals[i], side = o.kind == Objective::Kind::asymmetric && r < 0 ? o.over : 1;
    const double slope = o.kind == Objective::Kind::lsq   ? r
                         : o.kind == Objective::Kind::lad ? (r < 0 ? -1 : 1)
                                                          : side * std::clamp(r, -o.delta, o.delta);
    by_group[problem.group[i]] += problem.rows.weight[i] * slope;
    sides += side / n;
  }
  for (const double slope : by_group) c.slopes += slope * slope / n;
  c.curve = o.kind == Objective::Kind::lsq ? 1 : sides * inside / n / width * (o.kind == Objective::Kind::lad ? 1 : o.delta);
  return c;
}

}  // namespace

double critical_rise(const Problem& problem, const Theta& best, double level) {
  std::vector<double> predictions(problem.rows.response.size()), residuals;
  problem.law->predict(best, problem.rows, problem.objective.log_residual, predictions.data(), nullptr);
  for (std::int64_t i = 0; i < problem.rows.count; ++i) residuals.push_back(problem.rows.response[i] - predictions[i]);
  const Curvature c = curvature_of(problem, residuals);
  const double degrees = static_cast<double>(problem.rows.count - problem.free_count());
  const double t = student_t_quantile(0.5 + 0.5 * level, std::max(1.0, degrees));
  return 0.5 * t * t * c.slopes / c.curve;
}

Minimum profile_at(const Problem& problem, const Theta& from, int i, double parameter) {
  Theta start = from;
  start[i] = parameter;
  Free free = problem.free;
  free[i] = false;
  Minimum end = minimise(*problem.law, problem.rows, problem.objective, start, free, {.tolerance = 1e-10});
  if (end.stop == Minimum::Stop::no_start) end.value = kInf;
  return end;
}

Profile profile_of(const Problem& problem, const Minimum& best, int i, double level, double scale) {
  constexpr double kFar = 60;  // in ln of a positive constant: beyond what a double's exponent makes of it sensibly
  const Law& law = *problem.law;
  const bool positive = law.constants[i].space == Space::log;
  const double critical = critical_rise(problem, best.theta, level), at_best = best.theta[i];
  const auto rise = [&](double parameter, Theta& from) {
    const Minimum at = profile_at(problem, from, i, parameter);
    if (std::isfinite(at.value)) from = at.theta;
    return (at.value - best.value) / critical;
  };
  std::array<double, 2> ends{};
  std::array<bool, 2> open{};
  for (const int side : {0, 1}) {
    const double sign = side == 0 ? -1 : 1;
    Theta from = best.theta;
    double inside = 0, outside = scale;
    while (!(rise(at_best + sign * outside, from) > 1)) {
      inside = outside;
      outside *= 2;
      if (outside > 1e6 * scale || (positive && outside > kFar)) {
        open[side] = true;
        break;
      }
    }
    if (!open[side]) {
      for (int step = 0; step < 24; ++step) {
        const double middle = 0.5 * (inside + outside);
        (rise(at_best + sign * middle, from) > 1 ? outside : inside) = middle;
      }
    }
    ends[side] = open[side] ? 3 * scale : outside;
  }
  Profile profile;
  profile.interval = {law.constant_of(i, at_best - ends[0]), law.constant_of(i, at_best + ends[1]), level};
  if (open[0]) profile.interval.low = positive ? 0 : -kInf;
  if (open[1]) profile.interval.high = kInf;
  constexpr int kHalf = 12;
  for (const int side : {0, 1}) {  // outwards from the best, so that each point starts from its neighbour
    Theta from = best.theta;
    for (int k = side; k <= kHalf; ++k) {
      const double parameter = at_best + (side == 0 ? -1 : 1) * 1.25 * ends[side] * k / kHalf;
      profile.curve.emplace_back(law.constant_of(i, parameter), k == 0 ? 0 : rise(parameter, from));
    }
    if (side == 0) std::reverse(profile.curve.begin(), profile.curve.end());
  }
  return profile;
}

Interval open_ends(const Problem& problem, const Minimum& best, int i, Interval interval) {
  const Law& law = *problem.law;
  const double value = law.constant_of(i, best.theta[i]), size = std::fabs(value);
  const bool positive = law.constants[i].space == Space::log;
  const double critical = critical_rise(problem, best.theta, interval.level);
  const auto open = [&](double end, bool up) {
    Theta from = best.theta;
    for (double factor = std::max(10.0, positive && !up ? value / std::max(end, 1e-12 * size) : std::fabs(end) / size);
         factor <= 1e12; factor *= 100) {
      const double far = positive && !up ? value / factor : (up ? 1 : -1) * factor * size;
      const Minimum at = profile_at(problem, from, i, law.parameter_of(i, far));
      if (!(at.value - best.value <= critical)) return false;
      from = at.theta;
    }
    return true;
  };
  if (std::isfinite(interval.high) && interval.high > 10 * size && open(interval.high, true)) interval.high = kInf;
  // draws that stand still have no bound either: from here no row sees the constant
  const bool still = interval.high - interval.low <= 1e-3 * size;
  if (positive && (still || interval.low < 0.1 * size) && open(interval.low, false)) interval.low = 0;
  if (!positive && std::isfinite(interval.low) && interval.low < -10 * size && open(interval.low, false)) interval.low = -kInf;
  return interval;
}

}  // namespace isoflop::laws
