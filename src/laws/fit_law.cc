// fit_law: a table and a law's name in, constants with intervals and a reason for stopping out.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "base/math.h"
#include "laws/criteria.h"
#include "laws/doubts.h"
#include "laws/forecast.h"
#include "laws/intervals.h"
#include "laws/jackknife.h"
#include "laws/optimum_laws.h"
#include "laws/problem.h"
#include "laws/profile.h"
#include "laws/published.h"
#include "laws/resample.h"
#include "laws/steps.h"
#include "laws/words.h"

namespace isoflop {
namespace {

using namespace laws;

void set_values(const std::vector<Quantity>& quantities, const Theta& theta, Fit& fit) {
  for (const Quantity& q : quantities) {
    const double value = q.value(theta);
    if (q.constant >= 0)
      fit.constants[q.name] = value;
    else if (std::isfinite(value))  // a number that the constants do not have (G with a negative exponent) is missing
      fit.derived[q.name] = {value, {}, {}};
  }
}

/// Constants that no row depends on (what annealing brings, where no rate falls). What is derived from them is missing.
void set_identified(const Problem& problem, const Theta& theta, Fit& fit) {
  const Law& law = *problem.law;
  const auto size = static_cast<std::size_t>(law.size());
  std::vector<double> values(problem.rows.response.size()), slopes(values.size() * size);
  law.predict(theta, problem.rows, problem.objective.log_residual, values.data(), slopes.data());
  for (int i = 0; i < law.size(); ++i) {
    bool seen = !problem.free[i];
    for (std::int64_t row = 0; row < problem.rows.count && !seen; ++row) seen = slopes[row * law.size() + i] != 0;
    if (seen) continue;
    fit.not_identified.push_back(law.constants[i].name);
    if (!law.derived) continue;
    Theta moved = theta;
    moved[i] += 1;
    const auto here = law.derived(law.named(theta)), there = law.derived(law.named(moved));
    for (const auto& [name, value] : here)
      if (there.at(name) != value) fit.derived.erase(name);
  }
}

/// Where further runs will lie: the losses asked for, at the models the fit says.
void set_predictions(const Problem& problem, const Search& found, std::vector<Theta> thetas, const FitOptions& options,
                     Fit& fit) {
  const Law& law = *problem.law;
  std::vector<std::string> names;
  std::vector<std::vector<double>> inputs;
  for (const double flops : options.at_flops) {
    const std::string name = "loss@" + format_number(flops);
    if (!fit.derived.contains(name)) continue;
    names.push_back(name);
    if (has_optimum(law)) {
      const Optimum best = optimum_at(law, found.best.theta, flops);
      inputs.push_back({best.params, best.tokens});
    } else {
      inputs.push_back({flops});
    }
  }
  for (const auto& [params, tokens] : options.at_models) {
    const std::string name = "loss@N=" + format_number(params) + ",D=" + format_number(tokens);
    if (!fit.derived.contains(name)) continue;
    names.push_back(name);
    inputs.push_back({params, tokens});
  }
  if (names.empty()) return;
  Forecaster forecaster = forecaster_of(problem, found.best.theta, std::move(thetas), options.seed);
  forecaster.widen = fit.interval_widening;
  forecaster.drift = drift_of(problem, options).per_e;
  forecaster.heavy = true;
  fit.discrepancy = forecaster.drift;
  const std::vector<Interval> intervals = forecaster.at(rows_at(law, inputs), options.level);
  for (std::size_t i = 0; i < names.size(); ++i)
    fit.derived[names[i]].prediction = Interval{exp_(intervals[i].low), exp_(intervals[i].high), options.level};
}

void set_intervals(const Problem& problem, const std::vector<Quantity>& quantities, const Search& found,
                   const FitOptions& options, Fit& fit) {
  const std::vector<Theta> thetas = refits(problem, found, options.bootstrap, options.seed, options.threads, options.stop);
  if (options.stop.stop_requested()) throw Error(Fault::interrupted, "fit", "stopped while resampling");
  fit.interval_method = name_of(problem.resample) + ", " + plural(thetas.size(), "draw");
  if (thetas.size() < kLeastDraws) {
    fit.warnings.push_back(
        {"few_draws", plural(thetas.size(), "resample") + " of " + plural(static_cast<std::size_t>(options.bootstrap), "draw") +
                          " found a minimum: no interval is made of fewer than " + std::to_string(kLeastDraws)});
    return;
  }

  const double widen = widening(problem, found, options);
  fit.interval_widening = widen;
  const std::vector<Bounds> bounds = bounds_of(problem, quantities, found, thetas, options, widen);
  fit.draws.assign(thetas.size(), {});
  std::vector<std::vector<double>> columns;
  for (std::size_t k = 0; k < quantities.size(); ++k) {
    const Quantity& q = quantities[k];
    for (std::size_t i = 0; i < thetas.size(); ++i) fit.draws[i].push_back(bounds[k].draws[i]);
    fit.draw_names.push_back(q.name);
    const std::vector<double>& draws = bounds[k].draws;
    if (q.constant >= 0) columns.push_back(draws);
    // what is held, and what follows from it alone, has no error
    const double value = q.value(found.best.theta);
    const bool free = q.constant >= 0 && problem.free[q.constant];
    if (!free && std::all_of(draws.begin(), draws.end(), [value](double draw) { return draw == value; })) continue;
    if (!std::isfinite(value)) continue;
    if (q.constant >= 0 ? !fit.identified(q.name) : !fit.derived.contains(q.name)) continue;
    if (bounds[k].open) {
      fit.not_identified.push_back(q.name);
      continue;
    }
    // of what may be nothing the draws' spread says how near 0 the search stopped
    const bool vanishes =
        q.constant >= 0 && problem.law->constants[q.constant].space == Space::log && bounds[k].interval.low == 0;
    if (const double variance = covariance_of(draws, draws); std::isfinite(variance) && !vanishes)
      fit.standard_errors[q.name] = std::sqrt(variance);
    if (q.constant >= 0) {
      fit.intervals[q.name] = bounds[k].interval;
    } else {
      fit.derived[q.name].interval = bounds[k].interval;
      fit.derived[q.name].contains = {"seed", "form"};
    }
  }
  for (const auto& a : columns) {
    fit.covariance.emplace_back();
    for (const auto& b : columns) fit.covariance.back().push_back(covariance_of(a, b));
  }
  set_predictions(problem, found, thetas, options, fit);
}

/// What each row (group) is worth to the fit. Needs the resamples' standard errors.
void set_leverage(const Problem& problem, const std::vector<Quantity>& quantities, const Search& found, const FitOptions& options,
                  Fit& fit) {
  if (fit.standard_errors.empty() || problem.groups > options.leave_out || problem.groups < 2) return;
  if (problem.rows.count > kManyRows) return;  // each refit would see all of them
  const std::vector<std::optional<Theta>> thetas = leave_out_each(problem, found.best.theta, options.threads, options.stop);
  if (options.stop.stop_requested()) throw Error(Fault::interrupted, "fit", "stopped while leaving out rows");
  std::vector<Leverage> units(thetas.size());
  for (std::size_t unit = 0; unit < units.size(); ++unit) units[unit].row = problem.group_names[unit];
  for (const Quantity& q : quantities) {
    const auto error = fit.standard_errors.find(q.name);
    if (error == fit.standard_errors.end()) continue;
    const bool headline = q.name == "a" || !fit.derived.contains("a");  // the exponent of the optimum, where the law has one
    const double value = q.value(found.best.theta);
    std::vector<double> without;
    for (std::size_t unit = 0; unit < thetas.size(); ++unit) {
      if (!thetas[unit]) continue;
      without.push_back(q.value(*thetas[unit]));
      const double moved = std::fabs(without.back() - value) / error->second;
      if (headline && moved > units[unit].standard_errors) units[unit] = {units[unit].row, q.name, without.back(), moved};
    }
    fit.jackknife_errors[q.name] = jackknife_error(without);
  }
  std::stable_sort(units.begin(), units.end(),
                   [](const Leverage& a, const Leverage& b) { return a.standard_errors > b.standard_errors; });
  for (const Leverage& unit : units)
    if (fit.leverage.size() < 5 && !unit.number.empty()) fit.leverage.push_back(unit);
}

void set_profiles(const Problem& problem, const Search& found, const FitOptions& options, Fit& fit) {
  const Law& law = *problem.law;
  for (int i = 0; i < law.size(); ++i) {
    if (!problem.free[i]) continue;
    const auto error = fit.standard_errors.find(law.constants[i].name);
    const double value = law.constant_of(i, found.best.theta[i]);
    double scale = error == fit.standard_errors.end() ? 0.1 * std::fabs(value) : error->second;
    if (law.constants[i].space == Space::log) scale /= value;
    if (!(scale > 0) || !std::isfinite(scale)) scale = 0.1;
    fit.profiles[law.constants[i].name] = profile_of(problem, found.best, i, options.level, std::min(scale, 1.0));
  }
}

/// The law at constants that are all given.
Search evaluated(const Problem& problem) {
  Search found;
  found.best.theta = problem.held;
  Sums sums;
  problem.law->accumulate[0](problem.held, problem.rows, problem.objective, sums);
  found.best.value = sums.value;
  found.agreeing = std::isfinite(sums.value) ? 1 : 0;
  return found;
}

/// Least and largest of what the rows hold.
std::map<std::string, std::pair<double, double>> fitted_range_of(const Problem& problem) {
  const Law& law = *problem.law;
  std::map<std::string, std::pair<double, double>> ranges;
  const auto widen = [&ranges](const std::string& name, double value) {
    auto& [low, high] = ranges.try_emplace(name, value, value).first->second;
    low = std::min(low, value), high = std::max(high, value);
  };
  for (std::int64_t row = 0; row < problem.rows.count; ++row) {
    std::map<std::string, double> inputs;
    for (std::size_t i = 0; i < law.inputs.size(); ++i) {
      const double x = problem.rows.inputs[i][row];
      inputs[law.inputs[i].column] = law.inputs[i].ln ? exp_(x) : x;
    }
    for (const auto& [name, value] : inputs) widen(name, value);
    if (inputs.contains("params") && inputs.contains("tokens")) {
      widen("tokens_per_param", inputs["tokens"] / inputs["params"]);
      if (!inputs.contains("flops")) widen("flops", kFlopsPerParamToken * inputs["params"] * inputs["tokens"]);
    }
  }
  return ranges;
}

/// Everything but intervals and doubts.
Fit described(const Observations& table, const Problem& problem, const Search& found, const FitOptions& options) {
  const Law& law = *problem.law;
  Fit fit;
  fit.law = law.info.name;
  fit.formula = law.info.formula;
  fit.n_convention = n_convention_of(table, {.n_column = options.n_column});
  fit.flops_convention = table.flops_convention;
  fit.loss_kind = loss_kind_of(table, {.loss_column = options.loss_column});
  fit.loss_unit = table.loss_unit;
  fit.objective = found.best.value;
  fit.objective_definition = problem.objective.definition();
  const bool given = problem.free_count() == 0;
  fit.stop = given ? "not fitted" : to_string(found.best.stop);
  fit.starts = found.starts;
  fit.starts_agreeing = given ? 0 : found.agreeing;
  if (!given) fit.gradient_norm = found.best.gradient_norm;
  fit.rows = problem.rows.count;
  fit.degrees_of_freedom = problem.rows.count - problem.free_count();
  fit.warnings = problem.warnings;
  if (!found.others.empty()) {
    const Search::Other& other = found.others.front();
    fit.next_best = LocalMinimum{law.named(other.minimum.theta), other.minimum.value, other.starts};
  }

  fit.fitted_range = fitted_range_of(problem);
  std::vector<double> predictions(problem.rows.response.size());
  law.predict(found.best.theta, problem.rows, problem.objective.log_residual, predictions.data(), nullptr);
  double squares = 0, spread = 0, mean = 0;
  for (std::int64_t i = 0; i < problem.rows.count; ++i)
    mean += problem.rows.response[i] / static_cast<double>(problem.rows.count);
  for (std::int64_t i = 0; i < problem.rows.count; ++i) {
    const double r = problem.rows.response[i] - predictions[i];
    fit.residuals.push_back(r);
    fit.row_labels.push_back(table.labels[problem.fitted[i]]);
    squares += r * r;
    spread += (problem.rows.response[i] - mean) * (problem.rows.response[i] - mean);
  }
  fit.fitted = problem.fitted;
  double sum_ln = 0, weights = 0;
  for (std::int64_t i = 0; i < problem.rows.count; ++i) sum_ln += problem.rows.response[i], weights += problem.rows.weight[i];
  const Criteria criteria =
      criteria_of(deviance_of(problem.objective, found.best.value, weights / static_cast<double>(fit.rows), fit.rows, sum_ln),
                  fit.rows, problem.free_count());
  fit.aicc = criteria.aicc;
  fit.bic = criteria.bic;
  if (spread > 0) fit.r_squared = 1 - squares / spread;
  fit.derived["residual_sd"] = {std::sqrt(squares / static_cast<double>(fit.degrees_of_freedom)), {}, {"seed", "form"}};
  return fit;
}

}  // namespace

FitResult fit_law(const Observations& table, const std::string& name, const FitOptions& options) {
  ISOFLOP_CHECK(options.level > 0 && options.level < 1);
  if (name.starts_with(kPublished)) return evaluate_published(table, name.substr(sizeof(kPublished) - 1), options);
  if (const OptimumLaw* law = optimum_law(name)) return law->fit(table, options);
  const Problem problem = problem_of(table, name, options);
  const Law& law = *problem.law;
  FitResult result{.fit = {}, .warnings = problem.warnings};
  if (problem.rows.count <= problem.free_count()) {
    result.warnings.push_back({"few_rows", plural(problem.fitted.size(), "row") + " left to fit " +
                                               plural(static_cast<std::size_t>(problem.free_count()), "constant") +
                                               ", expected more rows than constants"});
    return result;
  }

  const bool given = problem.free_count() == 0;
  const auto [least, most] =
      std::minmax_element(problem.rows.response.begin(), problem.rows.response.begin() + problem.rows.count);
  if (!given && *most - *least <= 1e-12 * std::max(std::fabs(*least), std::fabs(*most))) {
    result.warnings.push_back(
        {"constant_response",
         "every row has one " + (law.response == "loss" ? options.loss_column : law.response) + ": it shows no law"});
    return result;
  }
  const Search found = given ? evaluated(problem) : searched(problem, options);
  if (options.stop.stop_requested()) throw Error(Fault::interrupted, "fit", "stopped while searching");
  if (found.agreeing == 0) {
    result.warnings.push_back({"no_minimum", std::string(given ? "the objective is not finite at the constants given"
                                                               : "no start has a finite objective") +
                                                 ": the table's numbers are beyond this law"});
    return result;
  }
  if (auto beyond = beyond_numbers(problem, found.best.theta)) {
    result.warnings.push_back(std::move(*beyond));
    return result;
  }
  Fit fit = described(table, problem, found, options);
  const std::vector<Quantity> quantities = quantities_of(law, options);
  set_values(quantities, found.best.theta, fit);
  set_identified(problem, found.best.theta, fit);
  for (const auto& [constant, value] : options.fixed) fit.constants[constant] = value;  // to the last digit
  if (options.bootstrap > 0 && !given) {
    set_intervals(problem, quantities, found, options, fit);
    set_leverage(problem, quantities, found, options, fit);
  }
  if (options.profile && !given) set_profiles(problem, found, options, fit);
  doubt_fit(table, problem, options, fit);
  result.warnings = fit.warnings;
  result.fit = std::move(fit);
  return result;
}

namespace {

/// Of every step from the end of its run's warm-up on.
std::vector<std::optional<double>> predict_steps(const Observations& table, const Law& law, const Theta& theta) {
  const Column& steps = need_column(table, "step");
  std::vector<std::size_t> every(table.labels.size());
  std::iota(every.begin(), every.end(), 0);
  Rows rows = rows_at(law, {});
  std::vector<std::size_t> order;
  for (const StepRun& run : runs_of_steps(table, every).runs)
    for (const std::size_t row : run.rows) {
      append_history(run.rates.before(*steps[row]), rows);
      rows.response.push_back(0);
      rows.weight.push_back(0);
      order.push_back(row);
    }
  rows.count = static_cast<std::int64_t>(order.size());
  std::vector<std::optional<double>> values(table.labels.size());
  if (order.empty()) return values;
  fill_up(rows);
  std::vector<double> predictions(static_cast<std::size_t>(rows.padded()));
  law.predict(theta, rows, false, predictions.data(), nullptr);
  for (std::size_t i = 0; i < order.size(); ++i) values[order[i]] = predictions[i];
  return values;
}

}  // namespace

std::vector<std::optional<double>> predict_law(const Observations& table, const std::string& name,
                                               const std::map<std::string, double>& constants, const std::string& n_column) {
  const Law& law = law_named(name);
  Theta theta{};
  for (int i = 0; i < law.size(); ++i) {
    const auto constant = constants.find(law.constants[i].name);
    if (constant == constants.end()) throw Error(Fault::usage, name, "constant `" + law.constants[i].name + "` is missing");
    theta[i] = law.parameter_of(i, constant->second);
  }
  if (law.info.of_steps) return predict_steps(table, law, theta);
  std::vector<std::optional<double>> values;
  for (std::size_t row = 0; row < table.labels.size(); ++row) {
    std::vector<double> inputs;
    for (const Input& input : law.inputs) {
      const std::string column = column_of(table, input, n_column);
      if (const auto x = need_column(table, column)[row]) {
        need_positive(*x, table, row, column);
        inputs.push_back(*x);
      }
    }
    if (inputs.size() == law.inputs.size())
      values.emplace_back(value_of(law, theta, inputs));
    else
      values.emplace_back();
  }
  return values;
}

}  // namespace isoflop
