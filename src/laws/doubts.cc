#include "laws/doubts.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "base/math.h"
#include "laws/collapse.h"
#include "laws/forecast.h"
#include "laws/words.h"

namespace isoflop::laws {
namespace {

using Warnings = std::vector<Warning>;

constexpr double kOneLine = 0.99;  // the correlation from which on two inputs are as one

/// A floor the data do not hold up: nothing bounds it, its interval reaches 0, or stands as high as the best loss.
void doubt_floor(const Problem& problem, const Fit& fit, Warnings& warnings) {
  const auto constant = fit.constants.find("E");
  if (constant == fit.constants.end() || !problem.objective.log_residual || problem.law->response != "loss") return;
  const double least = exp_(*std::min_element(problem.rows.response.begin(), problem.rows.response.end()));
  const auto interval = fit.intervals.find("E");
  if (constant->second < 1e-3 * least || (interval != fit.intervals.end() && interval->second.low < 0.01 * least))
    warnings.push_back({"floor_not_identified",
                        "the rows (least loss " + people(least) + ") do not show that there is a floor E" +
                            (interval != fit.intervals.end()
                                 ? ": it lies between " + people(interval->second.low) + " and " + people(interval->second.high)
                                 : std::string())});
  // annealing goes below it
  else if (interval != fit.intervals.end() && interval->second.high > least && !problem.law->info.of_steps)
    warnings.push_back({"floor_not_identified", "the floor's interval reaches " + people(interval->second.high) +
                                                    ", above the least loss of the rows, " + people(least)});
}

double correlation(const std::vector<double>& a, const std::vector<double>& b, std::int64_t n) {
  double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
  for (std::int64_t i = 0; i < n; ++i) ma += a[i] / static_cast<double>(n), mb += b[i] / static_cast<double>(n);
  for (std::int64_t i = 0; i < n; ++i) {
    aa += (a[i] - ma) * (a[i] - ma);
    bb += (b[i] - mb) * (b[i] - mb);
    ab += (a[i] - ma) * (b[i] - mb);
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 1;
}

/// Inputs that do not vary, or vary together: what belongs to which cannot be told.
void doubt_inputs(const Problem& problem, Warnings& warnings) {
  const Law& law = *problem.law;
  if (law.info.of_steps) return;  // its inputs are histories
  for (std::size_t i = 0; i < law.inputs.size(); ++i) {
    const auto& x = problem.rows.inputs[i];
    const std::set<double> values(x.begin(), x.begin() + problem.rows.count);
    if (values.size() == 1)
      warnings.push_back(
          {"constant_column", "all rows have one value of " + law.inputs[i].column + ": what depends on it is not identified"});
  }
  if (law.inputs.size() != 2) return;
  const double r = correlation(problem.rows.inputs[0], problem.rows.inputs[1], problem.rows.count);
  if (std::fabs(r) > kOneLine)
    warnings.push_back({"not_separable", "ln " + law.inputs[0].column + " and ln " + law.inputs[1].column +
                                             " go together (correlation " + format_significant(r, 4) +
                                             "): their exponents cannot be told apart; runs off this line would"});
}

/// Columns in millions or billions.
void doubt_counts(const Problem& problem, Warnings& warnings) {
  const Law& law = *problem.law;
  if (law.info.of_steps) return;
  std::vector<double> params, tokens;
  for (std::size_t i = 0; i < law.inputs.size(); ++i) {
    if (law.inputs[i].column != "params" && law.inputs[i].column != "tokens") continue;
    std::vector<double>& values = law.inputs[i].column == "params" ? params : tokens;
    for (std::int64_t row = 0; row < problem.rows.count; ++row) {
      const double x = problem.rows.inputs[i][row];
      values.push_back(law.inputs[i].ln ? exp_(x) : x);
    }
  }
  if (const auto doubt = doubtful_counts(params, tokens)) warnings.push_back({"doubtful_unit", *doubt});
}

/// Rows of one name, as checkpoints of a run have it, that are resampled one by one.
void doubt_names(const Observations& table, const Problem& problem, Warnings& warnings) {
  if (problem.grouped) return;
  std::map<std::string, std::size_t> times;
  for (const std::size_t row : problem.fitted) ++times[table.labels[row]];
  std::vector<std::string> names;
  std::size_t rows = 0;
  for (const auto& [name, count] : times)
    if (count > 1) names.push_back(name), rows += count;
  if (names.empty()) return;
  warnings.push_back({"repeated_names", plural(rows, "row") + " share " + plural(names.size(), "name") + " (" + listed(names) +
                                            "): they count as independent runs, and intervals are too narrow if they are "
                                            "checkpoints of one; --group COLUMN draws the rows of a run together"});
}

void doubt_search(const Fit& fit, Warnings& warnings) {
  if (fit.starts == 0) return;  // nothing was searched
  if (fit.stop != "converged")
    warnings.push_back(
        {"not_converged", "the minimiser ended with `" + fit.stop + "`, gradient norm " + people(*fit.gradient_norm)});
  if (fit.starts > 1 && fit.starts_agreeing == 1)
    warnings.push_back({"one_start", "1 of " + counted(static_cast<double>(fit.starts)) +
                                         " starts reached the best minimum: there may be a better one (--starts all)"});
  if (fit.next_best && fit.next_best->objective < 1.01 * fit.objective)
    warnings.push_back({"rival_minimum", "another minimum lies " +
                                             format_significant(100 * (fit.next_best->objective / fit.objective - 1), 2) +
                                             " % above the best: `next_best` has its constants"});
}

/// How far beyond the fitted rows the numbers asked for lie, and whether their D/N is one that the rows have seen.
void doubt_extrapolation(const Problem& problem, const FitOptions& options, const Fit& fit, Warnings& warnings) {
  const Law& law = *problem.law;
  const bool of_compute = law.inputs.size() == 1 && law.inputs[0].column == "flops";
  if ((!has_optimum(law) && !of_compute) || options.at_flops.empty()) return;
  const std::vector<double> scales = scales_of(problem);
  const double most = exp_(*std::max_element(scales.begin(), scales.end()));
  const double asked = *std::max_element(options.at_flops.begin(), options.at_flops.end()), ratio = asked / most;
  if (ratio > 10)
    warnings.push_back(
        {"extrapolation", "C = " + people(asked) + " is " + people(ratio) + " times the largest fitted run's " + people(most)});
  if (!has_optimum(law)) return;
  double low = INFINITY, high = 0;
  for (std::int64_t i = 0; i < problem.rows.count; ++i) {
    const double tokens_per_param = exp_(problem.rows.inputs[1][i] - problem.rows.inputs[0][i]);
    low = std::min(low, tokens_per_param);
    high = std::max(high, tokens_per_param);
  }
  for (const double flops : options.at_flops) {
    const auto derived = fit.derived.find("tokens_per_param@" + format_number(flops));
    if (derived == fit.derived.end() || (derived->second.value >= low && derived->second.value <= high)) continue;
    warnings.push_back({"ratio_out_of_range", "at C = " + people(flops) + " the law's best D/N is " +
                                                  people(derived->second.value) + ", and the rows have " + people(low) + " to " +
                                                  people(high) + ": no run shows that it is best"});
    return;
  }
}

void doubt_duplicates(const Problem& problem, Warnings& warnings) {
  std::set<std::vector<double>> seen;
  std::size_t copies = 0;
  for (std::int64_t i = 0; i < problem.rows.count; ++i) {
    std::vector<double> row{problem.rows.response[i]};
    for (const auto& input : problem.rows.inputs) row.push_back(input[i]);
    copies += seen.insert(row).second ? 0 : 1;
  }
  if (copies > 0)
    warnings.push_back({"duplicate_rows", plural(copies, "row") +
                                              " repeat another row to the last digit: one run counted twice is not a replicate"});
}

/// Runs of several sizes whose curves are not one.
void doubt_collapse(const Observations& table, const FitOptions& options, Warnings& warnings) {
  const auto collapse = collapse_of(table, options.loss_column);
  if (collapse && collapse->broken()) warnings.push_back({"no_collapse", to_string(*collapse) + ": they do not scale alike"});
}

void doubt_size(const Problem& problem, Warnings& warnings) {
  const std::int64_t degrees = problem.rows.count - problem.free_count();
  if (degrees < 3)
    warnings.push_back({"few_degrees_of_freedom", plural(static_cast<std::size_t>(problem.rows.count), "row") + " for " +
                                                      plural(static_cast<std::size_t>(problem.free_count()), "constant") +
                                                      ": a picture, not a law"});
}

/// Constants that the rows bound on one side only, or not at all. The floor has a warning of its own.
void doubt_bounds(const Problem& problem, const Fit& fit, Warnings& warnings) {
  if (!fit.not_identified.empty())
    warnings.push_back({"not_identified", "the rows bound on no side: " + listed(fit.not_identified)});
  for (const Constant& constant : problem.law->constants) {
    const auto at = fit.intervals.find(constant.name);
    if (at == fit.intervals.end() || constant.name == "E") continue;
    const bool above = !std::isfinite(at->second.high);
    const bool below = constant.space == Space::log ? at->second.low <= 0 : !std::isfinite(at->second.low);
    if (above == below) continue;
    const std::string value = constant.name + " = " + people(fit.constants.at(constant.name));
    warnings.push_back(
        {"not_identified",
         value + (above ? ": the rows set no upper bound, only " + people(at->second.low) + " as the lower one"
                        : ": the rows set no lower bound, only " + people(at->second.high) + " as the upper one")});
  }
}

/// Rows without which the exponent (of a law without one: any number) is more than a standard error elsewhere.
void doubt_leverage(const Fit& fit, Warnings& warnings) {
  std::vector<std::string> rows;
  for (const Leverage& l : fit.leverage)
    if (l.standard_errors > 1)
      rows.push_back(l.row + " (" + l.number + " = " + people(l.without) + ", " + format_significant(l.standard_errors, 2) +
                     " standard errors)");
  if (!rows.empty())
    warnings.push_back({"leverage", "left out, one row moves the answer by more than its standard error: " + listed(rows)});
}

}  // namespace

std::optional<Warning> beyond_numbers(const Problem& problem, const Theta& theta) {
  const Law& law = *problem.law;
  for (int i = 0; i < law.size(); ++i)
    if (problem.free[i] && !std::isfinite(law.constant_of(i, theta[i])))
      return Warning{"out_of_range",
                     law.constants[i].name + " is beyond what a number here can hold: the rows do not show this law"};
  if (!has_optimum(law) || !law.additive || problem.free_count() == 0) return std::nullopt;
  const AdditiveLaw sum = law.additive(law.named(theta), {});
  const auto &ln_n = problem.rows.inputs[0], &ln_d = problem.rows.inputs[1];
  const double r = correlation(ln_n, ln_d, problem.rows.count);
  const auto varies = [&](const std::vector<double>& x) {
    return std::any_of(x.begin(), x.begin() + problem.rows.count, [&](double value) { return value != x.front(); });
  };
  const bool one_line = std::fabs(r) > kOneLine && varies(ln_n) && varies(ln_d);
  // the term of such an exponent is of one row: from there to the next it falls by all the digits of a double
  const double most = 52 * log_(2);
  for (const auto& [inputs, exponent, term] : {std::tuple{&ln_n, sum.alpha, "params"}, {&ln_d, sum.beta, "tokens"}}) {
    const auto [low, high] = std::minmax_element(inputs->begin(), inputs->begin() + problem.rows.count);
    const bool runs_away = std::fabs(exponent) * (*high - *low) > most;
    const bool rises = one_line && !(exponent > 0);
    if (runs_away || rises)
      return Warning{"out_of_range",
                     std::string("the exponent of ") + term + " runs away, to " + people(exponent) +
                         (one_line ? ": ln params and ln tokens go together (correlation " + format_significant(r, 4) +
                                                    "), so the rows carry no law of both; runs off this line would"
                                              : ": the rows carry no law of both")};
  }
  return std::nullopt;
}

std::optional<std::string> doubtful_counts(const std::vector<double>& params, const std::vector<double>& tokens) {
  constexpr double kLeast = 1e3, kLeastRatio = 0.01, kMostRatio = 1e6;
  const std::string question = ": a column in thousands, millions or billions?";
  for (const auto& [values, what] : {std::pair{&params, "parameters"}, {&tokens, "tokens"}})
    if (const auto least = std::min_element(values->begin(), values->end()); least != values->end() && *least < kLeast)
      return "a run has " + people(*least) + " " + what + question;
  if (params.empty() || params.size() != tokens.size()) return std::nullopt;
  std::vector<double> ratios;
  for (std::size_t i = 0; i < params.size(); ++i) ratios.push_back(tokens[i] / params[i]);
  std::nth_element(ratios.begin(), ratios.begin() + static_cast<std::ptrdiff_t>(ratios.size() / 2), ratios.end());
  const double middle = ratios[ratios.size() / 2];  // one odd run is no unit
  if (middle >= kLeastRatio && middle <= kMostRatio) return std::nullopt;
  return "the middle row has " + people(middle) + " tokens per parameter" + question;
}

void doubt_fit(const Observations& table, const Problem& problem, const FitOptions& options, Fit& fit) {
  Warnings& warnings = fit.warnings;
  if (problem.free_count() > 0) doubt_size(problem, warnings);
  doubt_search(fit, warnings);
  doubt_floor(problem, fit, warnings);
  doubt_bounds(problem, fit, warnings);
  doubt_leverage(fit, warnings);
  doubt_inputs(problem, warnings);
  doubt_counts(problem, warnings);
  doubt_names(table, problem, warnings);
  if (!problem.law->info.of_steps) doubt_duplicates(problem, warnings);  // steps of two runs may agree before their rates part
  doubt_collapse(table, options, warnings);
  doubt_extrapolation(problem, options, fit, warnings);
  if (fit.n_convention == "unstated" && table.columns.contains("params"))
    warnings.push_back(
        {"unstated_convention",
         "what N counts is not stated: the exponents depend on it, so they are not comparable with another law's"});
}

}  // namespace isoflop::laws
