#include "laws/profile.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include "base/math.h"
#include "laws/resample.h"

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

namespace {

/// How the objective rises with constant `i` held, over the rise that refuses it; each point starts from the one before.
class Rise {
 public:
  Rise(const Problem& problem, const Minimum& best, int i, double critical)
      : problem_(problem), best_(best), i_(i), critical_(critical), from_(best.theta) {}

  [[nodiscard]] double operator()(double parameter) {
    const Minimum at = profile_at(problem_, from_, i_, parameter);
    const double rise = (at.value - best_.value) / critical_;
    if (rise <= 2) from_ = at.theta;  // from far out of what is refused no fit finds back
    return rise;
  }

 private:
  const Problem& problem_;
  const Minimum& best_;
  int i_;
  double critical_;
  Theta from_;
};

/// How far from the best the parameter is refused on one side (sign -1 or 1); none where it never is.
std::optional<double> distance_refused(const Problem& problem, const Minimum& best, int i, double critical, double sign,
                                       double scale) {
  constexpr double kFar = 60;  // in ln of a positive constant, beyond it and beyond 1: further than makes sense in a double
  const bool positive = problem.law->constants[i].space == Space::log;
  const double at_best = best.theta[i], far = positive ? kFar + std::max(0.0, -sign * at_best) : 1e6 * scale;
  Rise rise(problem, best, i, critical);
  double inside = 0, outside = scale;
  while (!(rise(at_best + sign * outside) > 1)) {
    if (outside >= far) return std::nullopt;
    inside = outside;
    outside = std::min(2 * outside, far);
  }
  for (int step = 0; step < 24; ++step) {
    const double middle = 0.5 * (inside + outside);
    (rise(at_best + sign * middle) > 1 ? outside : inside) = middle;
  }
  return outside;
}

}  // namespace

Profile profile_of(const Problem& problem, const Minimum& best, int i, double level, double scale) {
  const Law& law = *problem.law;
  const bool positive = law.constants[i].space == Space::log;
  const double critical = critical_rise(problem, best.theta, level), at_best = best.theta[i];
  std::array<double, 2> ends{};
  std::array<bool, 2> open{};
  for (const int side : {0, 1}) {
    const auto distance = distance_refused(problem, best, i, critical, side == 0 ? -1 : 1, scale);
    open[side] = !distance;
    ends[side] = distance.value_or(3 * scale);
  }
  Profile profile;
  profile.interval = {law.constant_of(i, at_best - ends[0]), law.constant_of(i, at_best + ends[1]), level};
  if (open[0]) profile.interval.low = positive ? 0 : -kInf;
  if (open[1]) profile.interval.high = kInf;
  constexpr int kHalf = 12;
  for (const int side : {0, 1}) {  // outwards from the best, so that each point starts from its neighbour
    Rise rise(problem, best, i, critical);
    for (int k = side; k <= kHalf; ++k) {
      const double parameter = at_best + (side == 0 ? -1 : 1) * 1.25 * ends[side] * k / kHalf;
      profile.curve.emplace_back(law.constant_of(i, parameter), k == 0 ? 0 : rise(parameter));
    }
    if (side == 0) std::reverse(profile.curve.begin(), profile.curve.end());
  }
  return profile;
}

namespace {

/// The end of a positive constant on one side where its profile is refused, by tables simulated there; none where it never is.
std::optional<double> calibrated_end(const Problem& problem, const Minimum& best, int i, double critical, double sign,
                                     double level, const Simulated& simulated) {
  constexpr double kScale = 0.5;
  auto distance = distance_refused(problem, best, i, critical, sign, kScale);
  if (!distance) return std::nullopt;
  if (problem.rows.count <= kManyRows) {
    const Minimum end = profile_at(problem, best.theta, i, best.theta[i] + sign * *distance);
    const double rise =
        best.value * simulated_rise(problem, end.theta, i, std::span(&best.theta, 1), level, simulated.seed, simulated.threads);
    if (rise > 0) distance = distance_refused(problem, best, i, rise, sign, kScale);
  }
  if (!distance) return std::nullopt;
  return problem.law->constant_of(i, best.theta[i] + sign * *distance);
}

/// Whether the rows do not refuse that a positive constant is nothing.
bool may_vanish(const Problem& problem, const Minimum& best, int i, double critical, double level, const Simulated& simulated) {
  constexpr double kNothing = 27.6;  // ln 1e12
  const Minimum none = profile_at(problem, best.theta, i, best.theta[i] - kNothing);
  const double rise = none.value - best.value;
  constexpr double kClear = 8;  // times what is refused without regard to few rows
  if (!(rise <= kClear * critical)) return false;
  if (problem.rows.count > kManyRows || rise <= 1e-3 * critical) return rise <= critical;
  return rise <=
         best.value * simulated_rise(problem, none.theta, i, std::span(&best.theta, 1), level, simulated.seed, simulated.threads);
}

}  // namespace

Interval open_ends(const Problem& problem, const Minimum& best, int i, Interval interval, const Simulated& simulated) {
  const Law& law = *problem.law;
  const double value = law.constant_of(i, best.theta[i]), size = std::fabs(value);
  const bool positive = law.constants[i].space == Space::log;
  const double critical = critical_rise(problem, best.theta, interval.level);
  const auto open = [&](double end, double sign) {
    Theta from = best.theta;
    for (double factor = std::max(10.0, std::fabs(end) / size); factor <= 1e12; factor *= 100) {
      const Minimum at = profile_at(problem, from, i, law.parameter_of(i, sign * factor * size));
      if (!(at.value - best.value <= critical)) return false;
      from = at.theta;
    }
    return true;
  };
  const bool wide = interval.high > 10 * size;
  const bool above = !std::isfinite(interval.high) || (wide && open(interval.high, 1));
  if (!positive) {
    if (above) interval.high = kInf;
    if (interval.low < -10 * size && open(interval.low, -1)) interval.low = -kInf;
    return interval;
  }
  // where the value lies on its way to an open end is chance, and so is how far draws lie from it: only the profile knows the
  // other end
  if (may_vanish(problem, best, i, critical, interval.level, simulated)) {
    interval.low = 0;
    interval.high = calibrated_end(problem, best, i, critical, 1, interval.level, simulated).value_or(kInf);
  } else if (above) {
    interval.low = calibrated_end(problem, best, i, critical, -1, interval.level, simulated).value_or(0);
    interval.high = kInf;
  }
  return interval;
}

}  // namespace isoflop::laws
