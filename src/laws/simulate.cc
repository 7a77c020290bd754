// Tables made by a known law, fitted as any table is: how often each interval holds the truth.
#include <algorithm>
#include <atomic>
#include <cmath>

#include "base/math.h"
#include "base/random.h"
#include "base/team.h"
#include "isoflop/text.h"
#include "laws/intervals.h"
#include "laws/truths.h"

namespace isoflop {
namespace {

using namespace laws;

/// What one table gave: a value and an interval of every quantity.
struct Outcome {
  bool fitted = false;
  std::vector<double> value;
  std::vector<Interval> interval;
};

/// One problem with the responses of a table; its noise is a function of (seed, table, row).
void draw_table(const World& world, const SimulateOptions& options, std::int64_t table, Problem& problem) {
  for (std::int64_t i = 0; i < problem.rows.count; ++i) {
    const double ln_y = world.ln_response[i] + world.noise(options.fit.seed, table, i, problem.group[i]);
    problem.rows.response[i] = problem.objective.log_residual ? ln_y : exp_(ln_y);
  }
  for (std::int64_t i = problem.rows.count; i < problem.rows.padded(); ++i)
    problem.rows.response[i] = problem.rows.response[problem.rows.count - 1];
}

Outcome outcome_of(const Problem& problem, const std::vector<Theta>& starts, const std::vector<Quantity>& quantities,
                   const FitOptions& options, std::int64_t table) {
  const Search found = search(*problem.law, problem.rows, problem.objective, starts, problem.free, 1);
  if (found.agreeing == 0) return {};
  // resamples of two tables are not the same rows
  const std::uint64_t seed = Philox{options.seed, Stream::simulate}.bits(static_cast<std::uint64_t>(table), ~0U);
  const std::vector<Theta> thetas = refits(problem, found, options.bootstrap, seed, 1, options.stop);
  if (thetas.size() < kLeastDraws) return {};
  Outcome outcome{.fitted = true, .value = {}, .interval = {}};
  FitOptions own = options;
  own.seed = seed;
  own.threads = 1;
  const double widen = widening(problem, found, own);
  for (const Bounds& bounds : bounds_of(problem, quantities, found, thetas, own, widen))
    outcome.interval.push_back(bounds.interval);
  for (const Quantity& q : quantities) outcome.value.push_back(q.value(found.best.theta));
  return outcome;
}

double median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size(), middle = n / 2;
  return n % 2 == 1 || values[middle - 1] == values[middle] ? values[middle] : 0.5 * (values[middle - 1] + values[middle]);
}

Coverage coverage_of(const std::vector<Outcome>& outcomes, std::size_t quantity, double truth) {
  Coverage c;
  c.truth = truth;
  std::vector<double> values, widths;
  double above = 0, below = 0;
  for (const Outcome& outcome : outcomes) {
    if (!outcome.fitted) continue;
    const Interval& interval = outcome.interval[quantity];
    values.push_back(outcome.value[quantity]);
    widths.push_back(interval.high - interval.low);
    above += interval.low > truth ? 1 : 0;
    below += interval.high < truth ? 1 : 0;
  }
  if (values.empty()) return c;
  const auto n = static_cast<double>(values.size());
  c.above = above / n;
  c.below = below / n;
  c.covered = (n - above - below) / n;
  c.covered_se = std::sqrt(c.covered * (1 - c.covered) / n);
  c.median_width = median_of(std::move(widths));
  c.bias = median_of(std::move(values)) - truth;
  return c;
}

std::vector<Outcome> outcomes_of(const Problem& problem, const World& world, const std::vector<Quantity>& quantities,
                                 const SimulateOptions& options) {
  // what a fit to the noise-free rows finds: with a wrong truth it is not the truth
  const std::vector<Theta> grid = grid_of_starts(*problem.law, problem.rows, problem.held, problem.free, false);
  std::vector<Theta> starts{
      search(*problem.law, problem.rows, problem.objective, grid, problem.free, options.fit.threads, options.fit.stop)
          .best.theta};
  starts.push_back(world.near);

  std::vector<Outcome> outcomes(static_cast<std::size_t>(options.tables));
  std::atomic<std::int64_t> next{0}, done{0};
  Team team(std::max<std::int64_t>(1, std::min(options.fit.threads, options.tables)));
  team.run([&](std::int64_t rank) {
    Problem own = problem;
    for (std::int64_t i = next++; i < options.tables && !options.fit.stop.stop_requested(); i = next++) {
      draw_table(world, options, i, own);
      outcomes[i] = outcome_of(own, starts, quantities, options.fit, i);
      const std::int64_t so_far = ++done;
      if (rank == 0 && options.fit.progress)
        options.fit.progress({"simulate", static_cast<double>(so_far), static_cast<double>(options.tables), "tables", {}});
    }
  });
  if (options.fit.stop.stop_requested()) throw Error(Fault::interrupted, "simulate", "stopped while fitting tables");
  return outcomes;
}

void check_options(const SimulateOptions& options) {
  if (!(options.noise > 0) || !std::isfinite(options.noise))
    throw Error(Fault::usage, "--noise", format_number(options.noise) + " is not a positive number");
  if (options.tables < 1) throw Error(Fault::usage, "--tables", "expected 1 or more");
  if (options.fit.bootstrap < kLeastDraws)
    throw Error(Fault::usage, "--bootstrap", "intervals need " + std::to_string(kLeastDraws) + " resamples or more");
}

}  // namespace

Simulation simulate_law(const std::string& name, const std::map<std::string, double>& constants, const Observations& design,
                        const SimulateOptions& options) {
  check_options(options);
  const auto [problem, world] = world_of(name, constants, design, options);
  const std::vector<Quantity> quantities = quantities_of(*problem.law, options.fit);
  const std::vector<Outcome> outcomes = outcomes_of(problem, world, quantities, options);

  Simulation s;
  s.law = name;
  s.truth = options.truth;
  s.noise = options.noise;
  s.rows = problem.rows.count;
  s.tables = options.tables;
  s.level = options.fit.level;
  s.interval_method = name_of(problem.resample) + ", " + format_count(static_cast<double>(options.fit.bootstrap)) + " draws";
  for (const Outcome& outcome : outcomes) s.fitted += outcome.fitted ? 1 : 0;
  for (std::size_t k = 0; k < quantities.size(); ++k)
    if (const auto truth = world.truth.find(quantities[k].name); truth != world.truth.end())
      s.coverage[quantities[k].name] = coverage_of(outcomes, k, truth->second);
  return s;
}

}  // namespace isoflop
