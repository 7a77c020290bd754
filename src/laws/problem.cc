#include "laws/problem.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "base/check.h"
#include "base/math.h"
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
  return {.kind = kind->second,
          .delta = options.delta,
          .over = options.over,
          .log_residual = options.residual == "auto" ? law.log_value : options.residual == "log"};
}

void fix_constants(const FitOptions& options, Problem& problem) {
  const Law& law = *problem.law;
  for (int i = 0; i < law.size(); ++i) problem.free[i] = true;
  for (const auto& [name, value] : options.fixed) {
    const auto at = std::find_if(law.constants.begin(), law.constants.end(), [&](const Constant& c) { return c.name == name; });
    if (at == law.constants.end()) {
      std::string known;
      for (const Constant& c : law.constants) known += (known.empty() ? "" : ", ") + c.name;
      refuse("--fix", name, known);
    }
    const int i = static_cast<int>(at - law.constants.begin());
    if (!std::isfinite(value) || (at->space == Space::log && !(value > 0)))
      throw Error(Fault::usage, "--fix", name + " = " + format_number(value) + ", expected a positive number");
    problem.free[i] = false;
    problem.held[i] = law.parameter_of(i, value);
  }
}

void group_rows(const Observations& table, Problem& problem) {
  std::map<std::string, std::int64_t> index;
  for (std::size_t i = 0; i < problem.fitted.size(); ++i) {
    const std::string name = table.groups.empty() ? std::to_string(i) : table.groups[problem.fitted[i]];
    problem.group.push_back(index.try_emplace(name, static_cast<std::int64_t>(index.size())).first->second);
  }
  problem.groups = static_cast<std::int64_t>(index.size());
}

}  // namespace

std::string Objective::definition() const {
  const std::string r = log_residual ? "r = ln y - ln y_hat" : "r = y - y_hat", d = format_number(delta);
  switch (kind) {
    case Kind::lsq: return "sum of r^2 / 2, " + r;
    case Kind::lad: return "sum of |r|, " + r;
    case Kind::huber: return "sum of Huber's function of " + r + ": r^2 / 2 up to |r| = " + d + ", then " + d + " (|r| - " + d + " / 2)";
    case Kind::asymmetric: break;
  }
  return "sum of Huber's function (delta " + d + ") of " + r + ", times " + format_number(over) + " where the prediction is above the row";
}

int Problem::free_count() const {
  return static_cast<int>(std::count(free.begin(), free.begin() + law->size(), true));
}

void fill_up(Rows& rows) {
  while (rows.padded() % kPack != 0) {
    for (std::vector<double>& input : rows.inputs) input.push_back(input.back());
    rows.response.push_back(rows.response.back());
    rows.weight.push_back(0);
  }
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
  for (const Input& input : law.inputs) columns.push_back(column_of(table, input, options.n_column));
  const std::string response = law.response == "loss" ? options.loss_column : law.response;
  columns.push_back(response);
  UsableRows selected = usable_rows(table, columns, options.n_column, options.allow_repeated || law.reads_repeated);
  problem.fitted = std::move(selected.rows);
  problem.warnings = std::move(selected.warnings);

  Rows& rows = problem.rows;
  rows.count = static_cast<std::int64_t>(problem.fitted.size());
  rows.inputs.resize(law.inputs.size());
  const Column* weights = find_column(table, "weight");
  for (const std::size_t row : problem.fitted) {
    for (std::size_t i = 0; i < law.inputs.size(); ++i) {
      const double x = *need_column(table, columns[i])[row];
      rows.inputs[i].push_back(law.inputs[i].ln ? log_(x) : x);
    }
    const double y = *need_column(table, response)[row];
    rows.response.push_back(problem.objective.log_residual ? log_(y) : y);
    const double weight = weights && (*weights)[row] ? *(*weights)[row] : 1;
    if (weights) need_positive(weight, table, row, "weight");
    rows.weight.push_back(weight);
  }
  if (rows.count > 0) fill_up(rows);
  group_rows(table, problem);
  return problem;
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
