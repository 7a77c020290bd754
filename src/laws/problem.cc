#include "laws/problem.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "base/check.h"
#include "base/math.h"
#include "base/search.h"
#include "laws/steps.h"
#include "laws/words.h"

namespace isoflop::laws {
namespace {

[[noreturn]] void refuse(const std::string& flag, const std::string& value, const std::string& known) {
  throw Error(Fault::usage, flag, "no `" + value + "`", "known: " + known);
}

Objective objective_of(const Law& law, const FitOptions& options) {
  static const std::map<std::string, Objective::Kind> kKinds{{"huber", Objective::Kind::huber},
                                                             {"lad", Objective::Kind::lad},
                                                             {"lsq", Objective::Kind::lsq},
                                                             {"asymmetric", Objective::Kind::asymmetric}};
  const auto kind = kKinds.find(options.objective);
  if (kind == kKinds.end()) refuse("--loss", options.objective, "huber, lad, lsq, asymmetric");
  if (options.residual != "auto" && options.residual != "log" && options.residual != "linear")
    refuse("--residual", options.residual, "auto, log, linear");
  if (!(options.delta > 0) || !std::isfinite(options.delta))
    throw Error(Fault::usage, "--delta", format_number(options.delta) + " is not a positive number");
  if (!(options.low_loss >= 0) || !std::isfinite(options.low_loss))
    throw Error(Fault::usage, "--low-loss", format_number(options.low_loss) + ", expected 0 or a positive number");
  return {.kind = kind->second,
          .delta = options.delta,
          .over = options.over,
          .log_residual = options.residual == "auto" ? law.log_value : options.residual == "log",
          .low_loss = options.low_loss};
}

void fix_constants(const FitOptions& options, Problem& problem) {
  const Law& law = *problem.law;
  for (int i = 0; i < law.size(); ++i) problem.free[i] = true;
  for (const auto& held : options.fixed) {  // clang 14 captures no structured bindings
    const std::string& name = held.first;
    const double value = held.second;
    const auto at = std::find_if(law.constants.begin(), law.constants.end(), [&](const Constant& c) { return c.name == name; });
    if (at == law.constants.end()) {
      std::string known;
      for (const Constant& c : law.constants) known += (known.empty() ? "" : ", ") + c.name;
      refuse("--fix", name, known);
    }
    const int i = static_cast<int>(at - law.constants.begin());
    if (!law.admits(i, value))
      throw Error(Fault::usage, "--fix", name + " = " + format_number(value) + ", expected " + law.expected(i));
    problem.free[i] = false;
    problem.held[i] = law.parameter_of(i, value);
  }
}

Resample resample_of(const FitOptions& options, const Problem& problem) {
  if (options.resample == "rows") return Resample::rows;
  if (options.resample == "residuals") return Resample::residuals;
  if (options.resample == "groups") {
    if (!problem.grouped)
      throw Error(Fault::usage, "--resample", "groups are asked for and the table has none", "name their column with --group");
    return Resample::groups;
  }
  if (options.resample == "auto") return problem.grouped ? Resample::groups : Resample::rows;
  throw Error(Fault::usage, "--resample", "no `" + options.resample + "`", "known: auto, rows, groups, residuals");
}

double weight_of(const Observations& table, std::size_t row) {
  const Column* weights = find_column(table, "weight");
  const double weight = weights && (*weights)[row] ? *(*weights)[row] : 1;
  if (weights) need_positive(weight, table, row, "weight");
  return weight;
}

/// As the objective measures residuals.
double response_of(const Observations& table, const std::string& column, std::size_t row, const Problem& problem) {
  const double y = *need_column(table, column)[row];
  return problem.objective.log_residual ? log_(y) : y;
}

std::size_t nearest_row(const std::vector<std::size_t>& rows, const std::vector<double>& steps, double step) {
  return *std::min_element(rows.begin(), rows.end(),
                           [&](std::size_t a, std::size_t b) { return std::fabs(steps[a] - step) < std::fabs(steps[b] - step); });
}

/// One row of the table each.
void fill_rows(const Observations& table, const std::vector<std::string>& columns, const std::string& response,
               Problem& problem) {
  const Law& law = *problem.law;
  Rows& rows = problem.rows;
  for (const std::size_t row : problem.fitted) {
    for (std::size_t i = 0; i < law.inputs.size(); ++i) {
      const double x = *need_column(table, columns[i])[row];
      rows.inputs[i].push_back(law.inputs[i].ln ? log_(x) : x);
    }
    rows.response.push_back(response_of(table, response, row, problem));
    rows.weight.push_back(weight_of(table, row));
  }
  std::map<std::string, std::int64_t> index;
  for (std::size_t i = 0; i < problem.fitted.size(); ++i) {
    const std::string name = table.groups.empty() ? std::to_string(i) : table.groups[problem.fitted[i]];
    problem.group.push_back(index.try_emplace(name, static_cast<std::int64_t>(index.size())).first->second);
  }
  problem.groups = static_cast<std::int64_t>(index.size());
  problem.grouped = !table.groups.empty();
  problem.group_names.resize(index.size());
  for (std::size_t i = problem.fitted.size(); i-- > 0;)
    problem.group_names[problem.group[i]] = (table.groups.empty() ? table.labels : table.groups)[problem.fitted[i]];
}

/// Steps of runs, each with the history of its run; many of them as means. Groups are runs, of few runs blocks of their steps.
void fill_steps(const Observations& table, const std::string& response, Problem& problem) {
  constexpr std::size_t kEnoughRuns = 8, kBlocks = 24;
  StepRuns steps = runs_of_steps(table, problem.fitted);
  problem.warnings.insert(problem.warnings.end(), steps.warnings.begin(), steps.warnings.end());
  problem.fitted.clear();
  const Column& column = need_column(table, "step");
  std::vector<double> at(table.labels.size());
  for (std::size_t row = 0; row < at.size(); ++row) at[row] = column[row].value_or(0);
  const std::size_t runs = steps.runs.size(), blocks = runs >= kEnoughRuns || runs == 0 ? 1 : (kBlocks + runs - 1) / runs;
  std::size_t averaged = 0, rows_averaged = 0;
  for (const StepRun& run : steps.runs) {
    const std::vector<std::vector<std::size_t>> windows = windows_of(run, at);
    if (windows.size() < run.rows.size()) ++averaged, rows_averaged += run.rows.size();
    for (std::size_t i = 0; i < windows.size(); ++i) {
      double sum = 0, weight = 0, centre = 0;
      for (const std::size_t row : windows[i]) {
        const double w = weight_of(table, row);
        sum += w * response_of(table, response, row, problem);
        centre += w * at[row];
        weight += w;
      }
      const std::size_t middle = nearest_row(windows[i], at, centre / weight);
      problem.fitted.push_back(middle);
      problem.rows.response.push_back(sum / weight);
      problem.rows.weight.push_back(weight);
      append_history(run.rates.before(at[middle]), problem.rows);
      const std::size_t block = i * blocks / windows.size();
      if (i == 0 || block != (i - 1) * blocks / windows.size()) {
        const double from = at[windows[i].front()];
        problem.group_names.push_back((run.name.empty() ? "the run" : run.name) +
                                      (blocks > 1 ? " from step " + format_number(from) : ""));
      }
      problem.group.push_back(static_cast<std::int64_t>(problem.group_names.size()) - 1);
    }
  }
  problem.groups = static_cast<std::int64_t>(problem.group_names.size());
  problem.grouped = true;
  const auto falls = [&](std::size_t knot) {
    const std::vector<double>& drops = problem.rows.inputs[1 + 4 * knot];
    return std::any_of(drops.begin(), drops.end(), [](double drop) { return drop != 0; });
  };
  bool any = false;
  for (std::size_t knot = 0; knot < kKnots && !any; ++knot) any = falls(knot);
  if (!any)
    problem.warnings.push_back(
        {"no_annealing", "no learning rate falls: what annealing brings is not identified; a run with a decay would show it"});
  if (const Column* params = find_column(table, "params")) {
    std::set<double> sizes;
    for (const std::size_t row : problem.fitted)
      if ((*params)[row]) sizes.insert(*(*params)[row]);
    if (sizes.size() > 1)
      problem.warnings.push_back(
          {"mixed_sizes", "runs of " + plural(sizes.size(), "size") + ": the law knows no N, fit one size at a time (--where)"});
  }
  if (averaged > 0)
    problem.warnings.push_back({"averaged_steps", plural(rows_averaged, "row") + " of " + plural(averaged, "run") +
                                                      " are fitted as means over windows of steps, " +
                                                      counted(static_cast<double>(problem.fitted.size())) + " in all"});
  if (blocks > 1)
    problem.warnings.push_back(
        {"few_runs",
         plural(runs, "run") + ": intervals are of blocks of steps, and do not hold what differs between runs (8 runs would)"});
}

/// Rows count the more, the lower their loss: dearer runs will lie beyond the lowest.
void favour_low(const Objective& objective, Rows& rows) {
  if (objective.low_loss == 0 || rows.response.empty()) return;
  const auto ln = [&](double response) { return objective.log_residual ? response : log_(response); };
  const double least = ln(*std::min_element(rows.response.begin(), rows.response.end()));
  for (std::size_t i = 0; i < rows.response.size(); ++i)
    rows.weight[i] *= exp_(objective.low_loss * (least - ln(rows.response[i])));
}

}  // namespace

std::string Objective::definition() const {
  std::string r = log_residual ? "r = ln y - ln y_hat" : "r = y - y_hat", d = format_number(delta);
  if (low_loss > 0) r += ", rows weighted by (least y / y)^" + format_number(low_loss);
  switch (kind) {
    case Kind::lsq: return "sum of r^2 / 2, " + r;
    case Kind::lad: return "sum of |r|, " + r;
    case Kind::huber:
      return "sum of Huber's function of " + r + ": r^2 / 2 up to |r| = " + d + ", then " + d + " (|r| - " + d + " / 2)";
    case Kind::asymmetric: break;
  }
  return "sum of Huber's function (delta " + d + ") of " + r + ", times " + format_number(over) +
         " where the prediction is above the row";
}

int Problem::free_count() const {
  return static_cast<int>(std::count(free.begin(), free.begin() + law->size(), true));
}

std::string column_of(const Observations& table, const Input& input, const std::string& n_column) {
  if (input.column == "params") return n_column;
  // a table of runs has FLOPs by several conventions
  if (input.column == "flops")
    for (const char* name : {"flops", "flops_exact", "flops_6nd", "flops_full_attention"})
      if (find_column(table, name)) return name;
  return input.column;
}

Problem problem_of(const Observations& table, const std::string& name, const FitOptions& options) {
  Problem problem;
  problem.law = &law_named(name);
  const Law& law = *problem.law;
  problem.objective = objective_of(law, options);
  fix_constants(options, problem);

  std::vector<std::string> columns;
  if (!law.info.of_steps)  // a step, and its rate, may be 0
    for (const Input& input : law.inputs) columns.push_back(column_of(table, input, options.n_column));
  const std::string response = law.response == "loss" ? options.loss_column : law.response;
  std::vector<std::string> needed = columns;
  needed.push_back(response);
  UsableRows selected = usable_rows(table, needed, options.n_column, options.allow_repeated || law.reads_repeated);
  problem.fitted = std::move(selected.rows);
  problem.warnings = std::move(selected.warnings);

  Rows& rows = problem.rows;
  rows.inputs.resize(static_cast<std::size_t>(law.width));
  if (law.info.of_steps)
    fill_steps(table, response, problem);
  else
    fill_rows(table, columns, response, problem);
  favour_low(problem.objective, rows);
  rows.count = static_cast<std::int64_t>(problem.fitted.size());
  if (rows.count > 0) fill_up(rows);
  problem.resample = resample_of(options, problem);
  return problem;
}

Rows rows_at(const Law& law, const std::vector<std::vector<double>>& inputs) {
  Rows rows;
  rows.count = static_cast<std::int64_t>(inputs.size());
  rows.inputs.resize(static_cast<std::size_t>(law.width));
  for (const std::vector<double>& row : inputs) {
    for (std::size_t i = 0; i < law.inputs.size(); ++i) rows.inputs[i].push_back(law.inputs[i].ln ? log_(row[i]) : row[i]);
    rows.response.push_back(0);
    rows.weight.push_back(0);
  }
  if (rows.count > 0) fill_up(rows);
  return rows;
}

double value_of(const Law& law, const Theta& theta, std::span<const double> inputs) {
  ISOFLOP_CHECK(inputs.size() == law.inputs.size() && inputs.size() <= kMostInputs);
  std::array<double, kMostInputs * kPack> x{};
  for (std::size_t i = 0; i < inputs.size(); ++i)
    std::fill_n(&x[i * kPack], kPack, law.inputs[i].ln ? log_(inputs[i]) : inputs[i]);
  std::array<double, kPack> values{};
  law.predict_pack(theta, x.data(), values.data());
  return values[0];
}

bool has_optimum(const Law& law) {
  return law.response == "loss" && law.inputs.size() == 2 && law.inputs[0].column == "params" && law.inputs[1].column == "tokens";
}

Optimum searched_optimum(const Law& law, const Theta& theta, std::span<const double> held, double flops, double flops_per) {
  ISOFLOP_CHECK(held.size() + 2 == law.inputs.size() && law.inputs.size() <= kMostInputs);
  using Four = std::array<double, kPack>;
  const double ln_product = log_(flops / flops_per), decade = log_(10);
  std::array<double, kMostInputs * kPack> x{};
  const auto losses = [&](const Four& ln_params) {
    for (std::int64_t lane = 0; lane < kPack; ++lane) {
      x[lane] = ln_params[lane];
      x[kPack + lane] = ln_product - ln_params[lane];
      for (std::size_t i = 0; i < held.size(); ++i) {
        const bool ln = law.inputs[i + 2].ln, as_tokens = std::isnan(held[i]);
        const double ln_value = as_tokens ? x[kPack + lane] : held[i];
        x[(i + 2) * kPack + lane] = ln ? ln_value : exp_(ln_value);
      }
    }
    Four values{};
    law.predict_pack(theta, x.data(), values.data());
    return values;
  };
  // a look over D / N from 1e-6 to 1e12, then a fifth of the neighbourhood of the best at a time
  double low = 0.5 * (ln_product - 12 * decade), high = 0.5 * (ln_product + 6 * decade);
  std::int64_t parts = 65;
  while (high - low > 1e-9) {
    double least = INFINITY, best = 0.5 * (low + high);
    const double step = (high - low) / static_cast<double>(parts);
    for (std::int64_t first = 1; first < parts; first += kPack) {
      Four places{};
      for (std::int64_t lane = 0; lane < kPack; ++lane) places[lane] = low + step * static_cast<double>(first + lane);
      const Four values = losses(places);
      for (std::int64_t lane = 0; lane < kPack; ++lane)
        if (values[lane] < least) least = values[lane], best = places[lane];
    }
    low = best - step, high = best + step;
    parts = kPack + 1;
  }
  const double ln_params = 0.5 * (low + high);
  return {exp_(ln_params), exp_(ln_product - ln_params), losses({ln_params, ln_params, ln_params, ln_params})[0]};
}

Optimum optimum_at(const Law& law, const Theta& theta, double flops) {
  ISOFLOP_CHECK(has_optimum(law));
  if (law.additive) return law.additive(law.named(theta), {}).optimum(flops);
  return searched_optimum(law, theta, {}, flops, kFlopsPerParamToken);
}

}  // namespace isoflop::laws
