#include "laws/forecast.h"

#include <algorithm>
#include <cmath>

#include "base/math.h"
#include "base/random.h"
#include "laws/intervals.h"

namespace isoflop::laws {
namespace {

constexpr double kLevel = 0.9;              // of the forecasts that drift is learnt from
constexpr std::uint32_t kDriftDegrees = 3, kDriftCounter = 1U << 31;  // Student's t of the drift; counters beyond those of rows
constexpr std::size_t kInnerStarts = 40;
constexpr std::int64_t kInnerRefits = 200;  // for each of their fits
constexpr std::int64_t kInnerRows = 500;    // that each of them forecasts, at the most

/// The rows of `problem` for which `keep` holds.
Problem part_of(const Problem& problem, const std::vector<bool>& keep) {
  Problem part = problem;
  part.rows = rows_at(*problem.law, {});
  part.fitted.clear();
  part.group.clear();
  std::vector<std::int64_t> renumbered(static_cast<std::size_t>(problem.groups), -1);
  part.groups = 0;
  for (std::int64_t i = 0; i < problem.rows.count; ++i) {
    if (!keep[i]) continue;
    for (std::size_t c = 0; c < problem.rows.inputs.size(); ++c) part.rows.inputs[c].push_back(problem.rows.inputs[c][i]);
    part.rows.response.push_back(problem.rows.response[i]);
    part.rows.weight.push_back(problem.rows.weight[i]);
    part.fitted.push_back(problem.fitted[i]);
    std::int64_t& group = renumbered[problem.group[i]];
    if (group < 0) group = part.groups++;
    part.group.push_back(group);
    ++part.rows.count;
  }
  fill_up(part.rows);
  return part;
}

/// Forecasts of rows whose responses are known.
struct Trial {
  Forecaster forecaster;
  Rows rows;
  std::vector<double> ln_y;
};

/// Rows count as they weigh: what was hardly fitted says little of how far the law carries.
double share_inside(std::vector<Trial>& trials, double drift) {
  double inside = 0, all = 0;
  for (Trial& trial : trials) {
    trial.forecaster.drift = drift;
    const std::vector<Interval> intervals = trial.forecaster.at(trial.rows, kLevel);
    for (std::size_t i = 0; i < intervals.size(); ++i) {
      if (intervals[i].low <= trial.ln_y[i] && trial.ln_y[i] <= intervals[i].high) inside += trial.rows.weight[i];
      all += trial.rows.weight[i];
    }
  }
  return inside / all;
}

/// As many of the rows' values as there are rows, each as often as its row weighs: the scatter that a row fitted in full has.
std::vector<double> by_weight(const std::vector<double>& values, const Rows& rows) {
  double all = 0;
  for (std::int64_t i = 0; i < rows.count; ++i) all += rows.weight[i];
  std::vector<double> drawn;
  double up_to = 0;
  for (std::int64_t i = 0; i < rows.count; ++i) {
    up_to += rows.weight[i];
    while (static_cast<double>(drawn.size()) + 0.5 < up_to / all * static_cast<double>(rows.count)) drawn.push_back(values[i]);
  }
  return drawn;
}

}  // namespace

/// Rows drawn with replacement are too often too few different ones where there are not many more than constants.
Problem resampled_problem(const Problem& problem) {
  Problem same = problem;
  if (same.resample == Resample::rows && same.rows.count < 4 * same.free_count()) same.resample = Resample::residuals;
  return same;
}

double scale_of(const Law& law, const Rows& rows, std::int64_t row) {
  const auto& x = rows.inputs;
  if (has_optimum(law)) return log_(6) + x[0][row] + x[1][row];
  return x[0][row];
}

std::vector<double> scales_of(const Problem& problem) {
  std::vector<double> scales;
  for (std::int64_t i = 0; i < problem.rows.count; ++i) scales.push_back(scale_of(*problem.law, problem.rows, i));
  return scales;
}

double ln_response(const Problem& problem, std::int64_t row) {
  return problem.objective.log_residual ? problem.rows.response[row] : log_(problem.rows.response[row]);
}

std::vector<double> ln_predictions(const Law& law, const Rows& rows, const Theta& theta) {
  std::vector<double> values(rows.response.size());
  law.predict(theta, rows, true, values.data(), nullptr);
  return values;
}

Search searched(const Problem& problem, const FitOptions& options, std::size_t most_starts) {
  const std::vector<Theta> grid = grid_of_starts(*problem.law, problem.rows, problem.held, problem.free, options.all_starts);
  const std::size_t stride = grid.size() <= most_starts ? 1 : (grid.size() + most_starts - 1) / most_starts;
  std::vector<Theta> starts;
  for (std::size_t i = stride / 2; i < grid.size(); i += stride) starts.push_back(grid[i]);
  return search(*problem.law, problem.rows, problem.objective, starts, problem.free, options.threads, options.stop);
}

std::vector<Interval> Forecaster::at(const Rows& rows, double level) const {
  const Philox random{seed, Stream::simulate};
  std::vector<std::vector<double>> draws(static_cast<std::size_t>(rows.count));
  const std::vector<double> middle = ln_predictions(*law, rows, best);
  for (std::size_t d = 0; d < thetas.size(); ++d) {
    const std::vector<double> values = ln_predictions(*law, rows, thetas[d]);
    // one law is wrong in one way: shared by the rows of a draw. Few forecasts that share rows have told how much
    double slope = drift * random.normal(d, 0);
    if (heavy) {
      double squares = 0;
      for (std::uint32_t k = 1; k <= kDriftDegrees; ++k) squares += std::pow(random.normal(d, kDriftCounter + k), 2);
      slope /= std::sqrt(squares / kDriftDegrees);
    }
    for (std::int64_t i = 0; i < rows.count; ++i) {
      const double residual = residuals[random.below(residuals.size(), d, static_cast<std::uint32_t>(i) + 1)];
      draws[i].push_back(middle[i] + widen * (values[i] - middle[i]) + residual +
                         slope * std::max(0.0, scale_of(*law, rows, i) - edge));
    }
  }
  std::vector<Interval> intervals;
  for (std::int64_t i = 0; i < rows.count; ++i)
    intervals.push_back(percentile_interval(std::move(draws[i]), middle[i], level, 1));
  return intervals;
}

Forecaster forecaster_of(const Problem& problem, const Theta& best, std::vector<Theta> thetas, std::uint64_t seed) {
  Forecaster f;
  f.law = problem.law;
  f.best = best;
  f.thetas = std::move(thetas);
  f.seed = seed;
  const std::vector<double> fitted = ln_predictions(*problem.law, problem.rows, best);
  const auto rows = static_cast<double>(problem.rows.count), degrees = rows - problem.free_count();
  const double student = student_widening(degrees, kLevel), fewer = std::sqrt(rows / degrees);
  const double scale = student * fewer;
  f.widen = problem.resample == Resample::residuals ? student * fewer : student;
  for (std::int64_t i = 0; i < problem.rows.count; ++i) f.residuals.push_back(scale * (ln_response(problem, i) - fitted[i]));
  f.residuals = by_weight(f.residuals, problem.rows);
  const std::vector<double> scales = scales_of(problem);
  f.edge = *std::max_element(scales.begin(), scales.end());
  return f;
}

Drift drift_of(const Problem& problem, const FitOptions& options) {
  const std::vector<double> scales = scales_of(problem);
  std::vector<double> sorted = scales;
  std::sort(sorted.begin(), sorted.end());
  std::vector<Trial> trials;
  Drift drift;
  double last_cut = sorted.front();
  for (const std::size_t percent : {40, 50, 60, 70, 80, 90}) {
    const double cut = sorted[sorted.size() * percent / 100];
    if (cut <= last_cut) continue;  // rows of one budget stand together
    last_cut = cut;
    std::vector<bool> below, above;
    for (const double s : scales) below.push_back(s < cut), above.push_back(s >= cut);
    const Problem inner = resampled_problem(part_of(problem, below)), outer = part_of(problem, above);
    if (inner.rows.count <= inner.free_count()) continue;
    const Search found = searched(inner, options, kInnerStarts);
    if (found.agreeing == 0) continue;
    std::vector<Theta> thetas = refits(inner, found, kInnerRefits, options.seed, options.threads, options.stop);
    if (thetas.size() < kLeastDraws) continue;
    const Permutation shuffled(static_cast<std::uint64_t>(outer.rows.count), 0, percent);
    std::vector<std::int64_t> some;
    for (std::int64_t i = 0; i < std::min(outer.rows.count, kInnerRows); ++i)
      some.push_back(static_cast<std::int64_t>(shuffled(static_cast<std::uint64_t>(i))));
    Trial trial{forecaster_of(inner, found.best.theta, std::move(thetas), options.seed), picked(outer.rows, some), {}};
    for (const std::int64_t i : some) trial.ln_y.push_back(ln_response(outer, i));
    drift.forecasts += trial.rows.count;
    trials.push_back(std::move(trial));
  }
  if (trials.empty() || share_inside(trials, 0) >= kLevel) return drift;
  double low = 0, high = 1e-4;
  while (share_inside(trials, high) < kLevel && high < 10) low = high, high *= 2;
  for (int i = 0; i < 20; ++i) {
    const double middle = 0.5 * (low + high);
    (share_inside(trials, middle) < kLevel ? low : high) = middle;
  }
  drift.per_e = high;
  return drift;
}

}  // namespace isoflop::laws
