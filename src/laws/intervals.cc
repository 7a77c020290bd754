#include "laws/intervals.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "base/math.h"
#include "isoflop/text.h"
#include "laws/profile.h"

namespace isoflop::laws {
namespace {

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

/// Exponents of an optimum lie between 0 and 1, its scale above 0.
std::optional<Interval> possible(const Law& law, const std::string& name) {
  if (!has_optimum(law)) return std::nullopt;
  if (name == "a" || name == "b") return Interval{0, 1};
  if (name == "G") return Interval{0, INFINITY};
  return std::nullopt;
}

}  // namespace

double covariance_of(const std::vector<double>& a, const std::vector<double>& b) {
  const double mean_a = mean_of(a), mean_b = mean_of(b);
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - mean_a) * (b[i] - mean_b);
  return sum / static_cast<double>(a.size() - 1);
}

std::vector<Quantity> quantities_of(const Law& law, const FitOptions& options) {
  std::vector<Quantity> quantities;
  for (int i = 0; i < law.size(); ++i)
    quantities.push_back({law.constants[i].name, i, [&law, i](const Theta& t) { return law.constant_of(i, t[i]); }});
  if (law.derived)
    for (const auto& [name, value] : law.derived(law.named(Theta{})))
      quantities.push_back(
          {name, -1, [&law, key = name](const Theta& t) { return law.derived(law.named(t)).at(key); }, possible(law, name)});
  if (has_optimum(law))
    for (const double flops : options.at_flops) {
      const std::string at = "@" + format_number(flops);
      quantities.push_back({"params_opt" + at, -1, [&law, flops](const Theta& t) { return optimum_at(law, t, flops).params; }});
      quantities.push_back({"tokens_opt" + at, -1, [&law, flops](const Theta& t) { return optimum_at(law, t, flops).tokens; }});
      quantities.push_back({"tokens_per_param" + at, -1, [&law, flops](const Theta& t) {
                              const Optimum o = optimum_at(law, t, flops);
                              return o.tokens / o.params;
                            }});
      quantities.push_back({"loss" + at, -1, [&law, flops](const Theta& t) { return optimum_at(law, t, flops).loss; }});
    }
  if (law.inputs.size() == 1 && law.inputs[0].column == "flops" && law.response == "loss")
    for (const double flops : options.at_flops)
      quantities.push_back(
          {"loss@" + format_number(flops), -1, [&law, flops](const Theta& t) { return value_of(law, t, {flops}); }});
  if (has_optimum(law))
    for (const auto& [params, tokens] : options.at_models)
      quantities.push_back(
          {"loss@N=" + format_number(params) + ",D=" + format_number(tokens), -1, [&law, n = params, d = tokens](const Theta& t) {
             return value_of(law, t, {n, d});
           }});
  return quantities;
}

Interval within(Interval interval, const Interval& possible, double value) {
  if (!(value >= possible.low && value <= possible.high)) return interval;
  interval.low = std::max(interval.low, possible.low);
  interval.high = std::min(interval.high, possible.high);
  return interval;
}

std::vector<Bounds> bounds_of(const Problem& problem, const std::vector<Quantity>& quantities, const Search& found,
                              const std::vector<Theta>& thetas, const FitOptions& options, double widen) {
  std::vector<Bounds> bounds;
  for (const Quantity& q : quantities) {
    const double value = q.value(found.best.theta);
    std::vector<double> draws;
    for (const Theta& theta : thetas) draws.push_back(q.value(theta));
    Interval interval = interval_of_draws(draws, value, options.level, widen);
    if (q.possible) interval = within(interval, *q.possible, value);
    bool open = false;
    if (q.constant >= 0 && problem.free[q.constant]) {
      const Space space = problem.law->constants[q.constant].space;
      interval = open_ends(problem, found.best, q.constant, interval, {options.seed, options.threads});
      if (space == Space::unit) interval.high = std::min(interval.high, 1.0);  // scaled beyond it
      open = std::isinf(interval.high) && (space == Space::log ? interval.low == 0 : std::isinf(interval.low));
    }
    bounds.push_back({std::move(draws), interval, open});
  }
  return bounds;
}

double widening(const Problem& problem, const Search& found, const FitOptions& options) {
  const auto units = static_cast<double>(problem.resample == Resample::groups ? problem.groups : problem.rows.count);
  return student_widening(std::max(1.0, units - problem.free_count()), options.level) *
         spread_ratio(problem, found.best.theta, options.seed, options.threads, options.stop);
}

}  // namespace isoflop::laws

namespace isoflop {

Interval interval_of_draws(std::vector<double> draws, double value, double level, double widen) {
  ISOFLOP_CHECK(!draws.empty());
  const bool positive = value > 0 && std::all_of(draws.begin(), draws.end(), [](double x) { return x > 0; });
  // a draw a trillion times the value ran away; of a value of 0 nothing can be said to be many times it
  const double most = value == 0 ? std::numeric_limits<double>::max() : 1e12 * std::fabs(value);
  for (double& draw : draws)
    if (!(std::fabs(draw) <= most)) draw = std::copysign(INFINITY, std::isnan(draw) ? 1.0 : draw);
  Interval interval = laws::percentile_interval(std::move(draws), value, level, 1);
  for (double* end : {&interval.low, &interval.high})
    if (std::isfinite(*end)) *end = positive ? value * exp_(widen * log_(*end / value)) : value + widen * (*end - value);
  // the percentiles of draws that lean to one side can leave the value out
  if (std::isfinite(value)) {
    interval.low = std::min(interval.low, value);
    interval.high = std::max(interval.high, value);
  }
  return interval;
}

}  // namespace isoflop
