// A table of optima, one row a budget, as the laws N*(C) and D*(C).
#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/math.h"
#include "base/random.h"
#include "laws/allocation.h"
#include "laws/budgets.h"
#include "laws/rows.h"
#include "laws/words.h"

namespace isoflop {
namespace {

/// The column asked for, else the first of the usual names that is there; empty if none is.
std::string column_or(const Observations& table, const std::string& asked, std::initializer_list<const char*> usual) {
  if (!asked.empty()) return asked;
  for (const char* name : usual)
    if (laws::find_column(table, name)) return name;
  return {};
}

BudgetOptimum optimum_of(const Observations& table, std::size_t row, const std::string& flops, const std::string& n,
                         const std::string& d, const std::string& se) {
  const auto value = [&](const std::string& name) { return *table.columns.at(name)[row]; };
  BudgetOptimum optimum;
  optimum.flops = value(flops);
  optimum.points = 1;
  optimum.params = value(n);
  if (!d.empty()) optimum.tokens = value(d);
  if (!se.empty()) optimum.ln_params_se = value(se);
  if (const laws::Column* loss = laws::find_column(table, "loss"); loss && (*loss)[row]) optimum.loss = *(*loss)[row];
  return optimum;
}

}  // namespace

FitResult fit_optima(const Observations& table, const OptimaOptions& options) {
  laws::check_options(options.law);
  std::string n_column = column_or(table, options.n_column, {"n_opt", "params"});
  if (n_column.empty()) n_column = "n_opt";
  const std::string d_column = column_or(table, options.d_column, {"d_opt", "t_opt", "tokens"});
  const std::string se_column = column_or(table, options.se_column, {"n_log_std"});
  std::vector<std::string> needed{options.flops_column, n_column};
  for (const std::string& name : {d_column, se_column})
    if (!name.empty()) needed.push_back(name);
  const laws::UsableRows usable = laws::usable_rows(table, needed, n_column, true);

  FitResult result{.fit = {}, .warnings = usable.warnings};
  laws::Allocation allocation;
  allocation.one = "budget";
  allocation.drawn = "errors of the optima";
  Fit fit;
  for (const std::size_t row : usable.rows) {
    fit.optima.push_back(optimum_of(table, row, options.flops_column, n_column, d_column, se_column));
    const BudgetOptimum& o = fit.optima.back();
    laws::AllocationPoint point{.x = log_(o.flops), .n = log_(*o.params), .loss = o.loss, .se = o.ln_params_se};
    if (!d_column.empty()) point.d = log_(*o.tokens);
    allocation.points.push_back(point);
    fit.fitted.push_back(row);
    fit.row_labels.push_back(table.labels[row]);
  }
  const bool apart = std::any_of(allocation.points.begin(), allocation.points.end(),
                                 [&](const laws::AllocationPoint& p) { return p.x != allocation.points.front().x; });
  if (!apart) {
    result.warnings.push_back({"few_rows", plural(allocation.points.size(), "optimum") +
                                               " at one budget, expected 2 budgets for a line, 3 for a law with an interval"});
    return result;
  }

  // an error of N* at a fixed C moves D* the other way
  const Philox dice{.seed = options.law.seed, .stream = Stream::bootstrap};
  if (!se_column.empty())
    allocation.draw = [&](std::int64_t k, std::vector<laws::AllocationPoint>& points) {
      points = allocation.points;
      for (std::size_t i = 0; i < points.size(); ++i) {
        const double step = *points[i].se * dice.normal(static_cast<std::uint64_t>(k) * points.size() + i);
        points[i].n += step;
        if (points[i].d) *points[i].d -= step;
        points[i].loss.reset();  // how far the losses are off is not said
      }
      return true;
    };
  fit.law = "optima";
  fit.formula = "N*(C) = k_n C^a" + std::string(d_column.empty() ? "" : ", D*(C) = k_d C^b");
  if (std::all_of(fit.optima.begin(), fit.optima.end(), [](const BudgetOptimum& o) { return o.loss.has_value(); }))
    fit.formula += ", L*(C) = e + k C^-c";
  fit.n_convention = n_convention_of(table, {.n_column = n_column});
  fit.flops_convention = options.flops_column == "flops" ? laws::convention_of_flops(table) : options.flops_column;
  fit.loss_kind = table.loss_kind;
  fit.loss_unit = table.loss_unit;
  fit.rows = static_cast<std::int64_t>(fit.fitted.size());
  fit.warnings = result.warnings;
  return laws::fit_allocation(allocation, options.law, std::move(fit));
}

}  // namespace isoflop
