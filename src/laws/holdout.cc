// How far a law carries: fitted to the cheap runs, judged on the dear ones, beside forecasts that need no law.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/math.h"
#include "base/random.h"
#include "laws/problem.h"
#include "laws/resample.h"

namespace isoflop {
namespace {

using namespace laws;

constexpr double kLevel = 0.9;

/// A row's place on the axis of forecasts: ln C of a law in N and D, else ln of the first input.
double scale_of(const Problem& problem, std::int64_t row) {
  const auto& x = problem.rows.inputs;
  return has_optimum(*problem.law) ? log_(6) + x[0][row] + x[1][row] : x[0][row];
}

std::vector<double> scales_of(const Problem& problem) {
  std::vector<double> scales;
  for (std::int64_t i = 0; i < problem.rows.count; ++i) scales.push_back(scale_of(problem, i));
  return scales;
}

double ln_response(const Problem& problem, std::int64_t row) {
  return problem.objective.log_residual ? problem.rows.response[row] : log_(problem.rows.response[row]);
}

std::vector<double> ln_predictions(const Problem& problem, const Theta& theta) {
  std::vector<double> values(problem.rows.response.size());
  problem.law->predict(theta, problem.rows, true, values.data(), nullptr);
  return values;
}

double root_mean_square(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v * v;
  return std::sqrt(sum / static_cast<double>(values.size()));
}

/// ln L of the dear rows by a line in ln C through the last `count` cheap rows.
double line_error(const Problem& cheap, const Problem& dear, std::size_t count) {
  const std::vector<double> x = scales_of(cheap);
  std::vector<std::size_t> order(x.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return x[a] > x[b]; });
  order.resize(std::min(count, order.size()));
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
  for (std::int64_t i = 0; i < dear.rows.count; ++i) errors.push_back(ln_response(dear, i) - (my + slope * (scale_of(dear, i) - mx)));
  return root_mean_square(errors);
}

Search searched(const Problem& problem, const FitOptions& options) {
  return search(*problem.law, problem.rows, problem.objective,
                grid_of_starts(*problem.law, problem.rows, problem.held, problem.free, options.all_starts), problem.free, options.threads,
                options.stop);
}

/// The rows of `problem` for which `keep` holds.
Problem part_of(const Problem& problem, const std::vector<bool>& keep) {
  Problem part = problem;
  part.rows = {};
  part.rows.inputs.resize(problem.law->inputs.size());
  part.fitted.clear();
  part.group.clear();
  for (std::int64_t i = 0; i < problem.rows.count; ++i) {
    if (!keep[i]) continue;
    for (std::size_t c = 0; c < problem.rows.inputs.size(); ++c) part.rows.inputs[c].push_back(problem.rows.inputs[c][i]);
    part.rows.response.push_back(problem.rows.response[i]);
    part.rows.weight.push_back(problem.rows.weight[i]);
    part.fitted.push_back(problem.fitted[i]);
    part.group.push_back(problem.group[i]);
    ++part.rows.count;
  }
  fill_up(part.rows);
  return part;
}

/// The sd of ln L that a factor of e in FLOPs beyond the fitted rows adds, over and above scatter: the dearest third is left out.
double discrepancy_of(const Problem& cheap, const FitOptions& options) {
  std::vector<double> scales = scales_of(cheap), sorted = scales;
  std::sort(sorted.begin(), sorted.end());
  const double cut = sorted[sorted.size() * 2 / 3];
  std::vector<bool> below, above;
  for (const double s : scales) below.push_back(s < cut), above.push_back(s >= cut);
  const Problem inner = part_of(cheap, below), outer = part_of(cheap, above);
  if (inner.rows.count <= inner.free_count() + 2 || outer.rows.count == 0) return 0;
  const Search found = searched(inner, options);
  if (found.agreeing == 0) return 0;
  double noise = 0;
  const std::vector<double> fitted = ln_predictions(inner, found.best.theta), predicted = ln_predictions(outer, found.best.theta);
  for (std::int64_t i = 0; i < inner.rows.count; ++i) noise += std::pow(ln_response(inner, i) - fitted[i], 2);
  noise /= static_cast<double>(inner.rows.count - inner.free_count());
  double excess = 0, reach = 0;
  const std::vector<double> inner_scales = scales_of(inner);
  const double edge = *std::max_element(inner_scales.begin(), inner_scales.end());
  for (std::int64_t i = 0; i < outer.rows.count; ++i) {
    excess += std::pow(ln_response(outer, i) - predicted[i], 2) - noise;
    reach += std::pow(std::max(0.0, scale_of(outer, i) - edge), 2);
  }
  return excess > 0 && reach > 0 ? std::sqrt(excess / reach) : 0;
}

/// The share of dear rows inside their prediction interval: the constants' draws, a residual of the cheap rows, the discrepancy.
double coverage(const Problem& cheap, const Problem& dear, const Search& found, const FitOptions& options, double discrepancy) {
  const Resample how = cheap.groups < cheap.rows.count ? Resample::groups : Resample::rows;
  const std::vector<Theta> thetas = refits(cheap, found, how, options.bootstrap, options.seed, options.threads, options.stop);
  const std::vector<double> fitted = ln_predictions(cheap, found.best.theta);
  std::vector<double> residuals;
  const double widen = std::sqrt(static_cast<double>(cheap.rows.count) / static_cast<double>(cheap.rows.count - cheap.free_count()));
  for (std::int64_t i = 0; i < cheap.rows.count; ++i) residuals.push_back(widen * (ln_response(cheap, i) - fitted[i]));
  const std::vector<double> scales = scales_of(cheap);
  const double edge = *std::max_element(scales.begin(), scales.end());

  const Philox random{options.seed, Stream::simulate};
  std::vector<std::vector<double>> draws(static_cast<std::size_t>(dear.rows.count));
  for (std::size_t d = 0; d < thetas.size(); ++d) {
    const std::vector<double> values = ln_predictions(dear, thetas[d]);
    const double drift = discrepancy * random.normal(d, 0);  // one law is wrong in one way: shared by the rows of a draw
    for (std::int64_t i = 0; i < dear.rows.count; ++i) {
      const double residual = residuals[random.below(residuals.size(), d, static_cast<std::uint32_t>(i) + 1)];
      draws[i].push_back(values[i] + residual + drift * std::max(0.0, scale_of(dear, i) - edge));
    }
  }
  const std::vector<double> middle = ln_predictions(dear, found.best.theta);
  double inside = 0;
  for (std::int64_t i = 0; i < dear.rows.count; ++i) {
    const Interval interval = percentile_interval(draws[i], middle[i], kLevel, 1);
    const double y = ln_response(dear, i);
    inside += interval.low <= y && y <= interval.high ? 1 : 0;
  }
  return inside / static_cast<double>(dear.rows.count);
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

  const std::vector<double> predicted = ln_predictions(dear, found.best.theta);
  const std::map<std::string, double> constants = law.named(found.best.theta);
  const auto floor = constants.find("E");
  std::vector<double> errors, reducible;
  for (std::int64_t i = 0; i < dear.rows.count; ++i) {
    const double y = ln_response(dear, i);
    errors.push_back(y - predicted[i]);
    h.bias_ln_loss += errors.back() / static_cast<double>(dear.rows.count);
    h.error_loss += std::fabs(1 - exp_(predicted[i] - y)) / static_cast<double>(dear.rows.count);
    if (floor != constants.end() && exp_(y) > floor->second)
      reducible.push_back(log_(exp_(y) - floor->second) - log_(exp_(predicted[i]) - floor->second));
  }
  h.rmse_ln_loss = root_mean_square(errors);
  if (!reducible.empty() && reducible.size() == errors.size()) h.rmse_ln_reducible = root_mean_square(reducible);

  const std::size_t last = std::max<std::size_t>(5, static_cast<std::size_t>(cheap.rows.count) / 5);
  h.baselines = {{"last value", line_error(cheap, dear, 1)},
                 {"line", line_error(cheap, dear, static_cast<std::size_t>(cheap.rows.count))},
                 {"line through the last rows", line_error(cheap, dear, last)}};
  std::map<std::string, double> numbers = constants;
  if (law.derived) numbers.merge(law.derived(constants));
  for (const char* name : {"a", "b", "alpha", "beta"})
    if (const auto at = numbers.find(name); at != numbers.end())
      h.moved[name] = {at->second, whole.constants.contains(name) ? whole.constants.at(name) : whole.derived.at(name).value};
  if (options.bootstrap > 0) {
    h.discrepancy = discrepancy_of(cheap, options);
    h.covered = coverage(cheap, dear, found, options, h.discrepancy);
  }
  return h;
}

}  // namespace isoflop
