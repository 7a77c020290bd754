// How far a law carries: fitted to the cheap runs, judged on the dear ones, beside forecasts that need no law.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/math.h"
#include "laws/forecast.h"

namespace isoflop {
namespace {

using namespace laws;

constexpr double kLevel = 0.9;

double root_mean_square(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v * v;
  return std::sqrt(sum / static_cast<double>(values.size()));
}

/// ln L of the dear rows by a line in ln C through the last `count` cheap rows; nothing where these are of one C, so that their
/// noise is all of its slope.
std::optional<double> line_error(const Problem& cheap, const Problem& dear, std::size_t count) {
  const std::vector<double> x = scales_of(cheap);
  std::vector<std::size_t> order(x.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return x[a] > x[b]; });
  order.resize(std::min(count, order.size()));
  constexpr double kOneBudget = 0.1;  // in ln C
  if (order.size() > 1 && x[order.front()] - x[order.back()] < kOneBudget) return std::nullopt;
  double mx = 0, my = 0, sxx = 0, sxy = 0;
  for (const std::size_t i : order) {
    mx += x[i] / static_cast<double>(order.size());
    my += ln_response(cheap, static_cast<std::int64_t>(i)) / static_cast<double>(order.size());
  }
  for (const std::size_t i : order) {
    sxx += (x[i] - mx) * (x[i] - mx);
    sxy += (x[i] - mx) * (ln_response(cheap, static_cast<std::int64_t>(i)) - my);
  }
  const double slope = sxx > 0 ? sxy / sxx : 0;
  std::vector<double> errors;
  for (std::int64_t i = 0; i < dear.rows.count; ++i)
    errors.push_back(ln_response(dear, i) - (my + slope * (scale_of(*dear.law, dear.rows, i) - mx)));
  return root_mean_square(errors);
}

}  // namespace

std::optional<Holdout> hold_out(const Observations& cheap_rows, const Observations& dear_rows, const Fit& whole,
                                const FitOptions& options) {
  const Problem cheap = problem_of(cheap_rows, whole.law, options), dear = problem_of(dear_rows, whole.law, options);
  if (cheap.rows.count <= cheap.free_count() + 1 || dear.rows.count == 0) return std::nullopt;
  const Search found = searched(cheap, options);
  if (found.agreeing == 0) return std::nullopt;

  const Law& law = *cheap.law;
  Holdout h;
  h.rows_fitted = cheap.rows.count;
  h.rows_predicted = dear.rows.count;
  h.interval_level = kLevel;
  const std::vector<double> cheap_scales = scales_of(cheap), dear_scales = scales_of(dear);
  h.scale_ratio = exp_(*std::max_element(dear_scales.begin(), dear_scales.end()) -
                       *std::max_element(cheap_scales.begin(), cheap_scales.end()));

  const std::vector<double> predicted = ln_predictions(*dear.law, dear.rows, found.best.theta);
  const std::map<std::string, double> constants = law.named(found.best.theta);
  const auto floor = constants.find("E");
  std::vector<double> errors, reducible;
  for (std::int64_t i = 0; i < dear.rows.count; ++i) {
    const double y = ln_response(dear, i);
    errors.push_back(y - predicted[i]);
    h.rows.push_back({dear_rows.labels[dear.fitted[i]], exp_(y), exp_(predicted[i]), {}});
    h.bias_ln_loss += errors.back() / static_cast<double>(dear.rows.count);
    h.error_loss += std::fabs(1 - exp_(predicted[i] - y)) / static_cast<double>(dear.rows.count);
    if (floor != constants.end() && exp_(y) > floor->second)
      reducible.push_back(log_(exp_(y) - floor->second) - log_(exp_(predicted[i]) - floor->second));
  }
  h.rmse_ln_loss = root_mean_square(errors);
  if (!reducible.empty() && reducible.size() == errors.size()) h.rmse_ln_reducible = root_mean_square(reducible);

  const std::size_t last = std::max<std::size_t>(5, static_cast<std::size_t>(cheap.rows.count) / 5);
  const auto all = static_cast<std::size_t>(cheap.rows.count);
  for (const auto& [name, count] : {std::pair{"last value", std::size_t{1}}, {"line", all}, {"line through the last rows", last}})
    if (const auto error = line_error(cheap, dear, count)) h.baselines[name] = *error;
  std::map<std::string, double> numbers = constants;
  if (law.derived) numbers.merge(law.derived(constants));
  for (const char* name : {"a", "b", "alpha", "beta"})
    if (const auto at = numbers.find(name); at != numbers.end())
      h.moved[name] = {at->second, whole.constants.contains(name) ? whole.constants.at(name) : whole.derived.at(name).value};
  if (options.bootstrap > 0) {
    const Problem resampled = resampled_problem(cheap);
    Forecaster forecaster =
        forecaster_of(resampled, found.best.theta,
                      refits(resampled, found, options.bootstrap, options.seed, options.threads, options.stop), options.seed);
    forecaster.heavy = true;
    if (forecaster.thetas.size() < kLeastDraws) return h;
    h.discrepancy = forecaster.drift = drift_of(cheap, options).per_e;
    const std::vector<Interval> intervals = forecaster.at(dear.rows, kLevel);
    std::int64_t inside = 0;
    for (std::int64_t i = 0; i < dear.rows.count; ++i) {
      h.rows[i].interval = Interval{exp_(intervals[i].low), exp_(intervals[i].high), kLevel};
      inside += intervals[i].low <= ln_response(dear, i) && ln_response(dear, i) <= intervals[i].high ? 1 : 0;
    }
    h.covered = static_cast<double>(inside) / static_cast<double>(dear.rows.count);
  }
  return h;
}

}  // namespace isoflop
