// Approach 2: rows gather at budgets, each budget's curve of loss over N has a minimum or a reason why not, and the minima make
// the laws.
#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/math.h"
#include "isoflop/text.h"
#include "laws/allocation.h"
#include "laws/budgets.h"
#include "laws/isoflop_curve.h"
#include "laws/words.h"

namespace isoflop {
namespace {

using laws::IsoflopCurve;
using laws::IsoflopDraw;
using laws::Least;
using laws::of_log;
using Trouble = laws::CurveMinimum::Trouble;

constexpr double kStrayDistance =
    0.01;  // of the loss: several times what seeds do, and what a parabola lacks at its window's ends

std::string significant(double value) {
  return format_significant(value, 3);
}

void check_options(const IsoflopOptions& options) {
  laws::check_options(options.law);
  const auto refuse = [](const std::string& name, double value, const std::string& expected) {
    throw Error(Fault::usage, name, "is " + format_number(value) + ", expected " + expected);
  };
  for (const double flops : options.budgets)
    if (!(flops > 0 && std::isfinite(flops))) refuse("--budgets", flops, "a positive number of FLOPs");
  if (!(options.tolerance > 0 && options.tolerance <= 0.5)) refuse("tolerance", options.tolerance, "a number between 0 and 0.5");
  if (!(options.window_decades >= 0 && std::isfinite(options.window_decades)))
    refuse("window_decades", options.window_decades, "0 or more");
  if (options.loss_sd && !(*options.loss_sd >= 0 && std::isfinite(*options.loss_sd)))
    refuse("loss_sd", *options.loss_sd, "0 or more");
}

/// Fills a curve from its members: sorted by N, D beside it.
void fill(const laws::ComputeRows& rows, const IsoflopOptions& options, IsoflopCurve& curve) {
  std::stable_sort(curve.members.begin(), curve.members.end(),
                   [&](std::size_t i, std::size_t j) { return rows.params[i] < rows.params[j]; });
  curve.x.clear();
  curve.y.clear();
  curve.d.clear();
  curve.by_tokens.clear();
  for (const std::size_t i : curve.members) {
    curve.x.push_back(log_(rows.params[i]));
    curve.y.push_back(of_log(options) ? log_(rows.loss[i]) : rows.loss[i]);
    if (!rows.tokens.empty()) curve.d.push_back(log_(rows.tokens[i]));
  }
  for (std::size_t i = 0; i < curve.d.size(); ++i) curve.by_tokens.push_back(i);
  std::stable_sort(curve.by_tokens.begin(), curve.by_tokens.end(),
                   [&](std::size_t i, std::size_t j) { return curve.d[i] < curve.d[j]; });
  curve.local = laws::parabola_minimum(curve.x, curve.y, options.window_decades * log_(10));
  curve.optimum.points = static_cast<std::int64_t>(curve.members.size());
}

/// Rows that repeat another's N, C and loss: one run counted twice.
std::size_t drop_copies(const laws::ComputeRows& rows, IsoflopCurve& curve) {
  std::vector<std::size_t> kept;
  for (const std::size_t i : curve.members)
    if (std::none_of(kept.begin(), kept.end(), [&](std::size_t j) {
          return rows.params[i] == rows.params[j] && rows.flops[i] == rows.flops[j] && rows.loss[i] == rows.loss[j];
        }))
      kept.push_back(i);
  const std::size_t copies = curve.members.size() - kept.size();
  curve.members = std::move(kept);
  return copies;
}

/// The member furthest off the parabola through the others, if it is off by more than seeds are, and chance would put one there
/// less than once in a hundred curves.
std::optional<std::size_t> off_curve(const IsoflopCurve& curve, const laws::ComputeRows& rows, const IsoflopOptions& options) {
  const std::size_t first = curve.local.first, count = curve.local.last - first;
  if (count < 6) return std::nullopt;
  const std::vector<laws::Deletion> deletions = laws::deletions(curve.x, curve.y, first, curve.local.last);
  const auto worst = std::max_element(deletions.begin(), deletions.end(),
                                      [](const auto& a, const auto& b) { return std::fabs(a.t) < std::fabs(b.t); });
  const auto n = static_cast<double>(count);
  const auto position = first + static_cast<std::size_t>(worst - deletions.begin());
  const double relative = worst->distance / (of_log(options) ? 1 : rows.loss[curve.members[position]]);
  if (!(std::fabs(relative) > kStrayDistance && std::fabs(worst->t) > student_t_quantile(1 - 0.005 / n, n - 4)))
    return std::nullopt;
  return position;
}

/// Leaves strays out, and says so; with `keep_strays` it only says so.
void leave_strays_out(const Observations& table, const laws::ComputeRows& rows, const IsoflopOptions& options,
                      IsoflopCurve& curve, std::vector<Warning>& warnings) {
  const auto label = [&](std::size_t member) {
    return table.labels[rows.rows[member]] + " (N = " + significant(rows.params[member]) +
           ", C = " + significant(rows.flops[member]) + ")";
  };
  IsoflopCurve clean = curve;
  std::vector<std::string> by_flops, by_loss;
  for (const std::size_t stray : laws::off_budget(rows, {clean.optimum.flops, clean.members})) {
    by_flops.push_back(label(stray));
    std::erase(clean.members, stray);
  }
  fill(rows, options, clean);
  while (by_loss.size() * 4 < curve.members.size()) {
    const auto position = off_curve(clean, rows, options);
    if (!position) break;
    by_loss.push_back(label(clean.members[*position]));
    clean.members.erase(clean.members.begin() + static_cast<std::ptrdiff_t>(*position));
    fill(rows, options, clean);
  }
  const std::string done = options.keep_strays ? " kept: " : " left out: ";
  const std::string where = "budget " + significant(curve.optimum.flops) + ": ";
  if (!by_flops.empty())
    warnings.push_back(
        {"stray_points", where + plural(by_flops.size(), "row") + " whose FLOPs lie off the others'" + done + listed(by_flops)});
  if (!by_loss.empty())
    warnings.push_back(
        {"stray_points", where + plural(by_loss.size(), "row") + " off the curve of the others" + done + listed(by_loss)});
  if (!options.keep_strays) curve = std::move(clean);
}

void judge(const IsoflopCurve& curve, const Least& least, const IsoflopOptions& options, BudgetOptimum& optimum) {
  const bool placed = least.trouble == Trouble::none || least.trouble == Trouble::at_edge;
  if (placed) {
    optimum.params = exp_(least.n.x);
    optimum.loss = of_log(options) ? exp_(least.n.y) : least.n.y;
    if (!curve.d.empty()) optimum.tokens = exp_(least.d);
  }
  optimum.used = !laws::is_trouble(least.trouble, options);
  if (least.trouble == Trouble::few_points) optimum.reason = "fewer than 3 sizes";
  if (least.trouble == Trouble::opens_down) optimum.reason = "the parabola opens downward: no minimum";
  if (least.trouble == Trouble::at_edge)
    optimum.reason = "minimum at the edge: " + significant(exp_(least.n.x)) + " for sizes of " +
                     significant(exp_(curve.x.front())) + " to " + significant(exp_(curve.x.back()));
}

std::vector<IsoflopCurve> curves_of(const Observations& table, const laws::ComputeRows& rows, const IsoflopOptions& options,
                                    std::vector<Warning>& warnings) {
  std::vector<IsoflopCurve> curves;
  std::size_t placed = 0, copies = 0;
  for (laws::Budget& budget : laws::budgets_of(rows, options.budgets, options.tolerance)) {
    IsoflopCurve curve;
    curve.optimum.flops = budget.flops;
    placed += budget.members.size();
    curve.members = std::move(budget.members);
    if (!options.keep_strays) copies += drop_copies(rows, curve);
    fill(rows, options, curve);
    leave_strays_out(table, rows, options, curve, warnings);
    judge(curve, laws::least_of(curve.x, curve.y, curve.d, curve.by_tokens, options), options, curve.optimum);
    curves.push_back(std::move(curve));
  }
  if (placed < rows.rows.size())
    warnings.push_back({"off_budget_rows", plural(rows.rows.size() - placed, "row") + " of " +
                                               format_count(static_cast<double>(rows.rows.size())) + " lie within " +
                                               significant(100 * options.tolerance) + " % of no budget: left out"});
  if (copies > 0)
    warnings.push_back(
        {"duplicate_rows", plural(copies, "row") + " repeat another row's N, C and loss to the last digit: counted once"});
  return curves;
}

/// One warning for each budget that carries no law, or is doubtful and kept; the many too small ones of a loose table together.
void name_doubtful(const std::vector<IsoflopCurve>& curves, std::vector<Warning>& warnings) {
  std::vector<std::string> small;
  for (const IsoflopCurve& curve : curves) {
    const BudgetOptimum& o = curve.optimum;
    if (o.reason.empty()) continue;
    const bool edge = o.params.has_value();
    if (o.reason == "fewer than 3 sizes")
      small.push_back(significant(o.flops));
    else
      warnings.push_back({edge ? "edge_minimum" : "no_minimum", "budget " + significant(o.flops) + ", " +
                                                                    plural(curve.members.size(), "row") + ": " + o.reason +
                                                                    (o.used ? "; used all the same" : "; it carries no law")});
  }
  if (!small.empty())
    warnings.push_back({"few_points", plural(small.size(), "budget") + " of fewer than 3 sizes carry no law: " + listed(small)});
}

void add_rows(const Observations& table, const laws::ComputeRows& rows, const IsoflopOptions& options,
              const std::vector<IsoflopCurve>& curves, Fit& fit) {
  for (const IsoflopCurve& curve : curves) {
    fit.optima.push_back(curve.optimum);
    if (!curve.optimum.used) continue;
    constexpr int kSteps = 24;
    const double first = curve.x[curve.local.first], last = curve.x[curve.local.last - 1];
    for (int i = 0; i <= kSteps; ++i) {
      const double x = first + (last - first) * i / kSteps, fitted = curve.local.at(x);
      fit.optima.back().curve.emplace_back(exp_(x), of_log(options) ? exp_(fitted) : fitted);
    }
    for (std::size_t i = curve.local.first; i < curve.local.last; ++i) {
      const std::size_t row = rows.rows[curve.members[i]];
      const double fitted = curve.local.at(curve.x[i]);
      fit.fitted.push_back(row);
      fit.row_labels.push_back(table.labels[row]);
      fit.residuals.push_back(log_(rows.loss[curve.members[i]]) - (of_log(options) ? fitted : log_(fitted)));
    }
  }
  fit.rows = static_cast<std::int64_t>(fit.fitted.size());
}

laws::Allocation allocation_of(const std::vector<IsoflopCurve>& curves, const std::vector<IsoflopDraw>& draws,
                               const IsoflopOptions& options) {
  laws::Allocation allocation;
  allocation.one = "budget";
  allocation.drawn =
      options.law.interval == AllocationInterval::rows ? "rows of each budget drawn with replacement" : "seed noise";
  const auto point = [](const IsoflopCurve& curve, const laws::DrawnOptimum& o) {
    laws::AllocationPoint p{
        .x = log_(curve.optimum.flops), .n = o.n, .loss = o.loss, .se = curve.optimum.ln_params_se, .loss_se = curve.ln_loss_se};
    if (!curve.d.empty()) p.d = o.d;
    return p;
  };
  for (const IsoflopCurve& curve : curves) {
    const BudgetOptimum& o = curve.optimum;
    if (o.used) allocation.points.push_back(point(curve, {log_(*o.params), curve.d.empty() ? 0 : log_(*o.tokens), *o.loss}));
  }
  if (draws.empty()) return allocation;
  allocation.draw = [&curves, &draws, point](std::int64_t k, std::vector<laws::AllocationPoint>& points) {
    const IsoflopDraw& draw = draws[static_cast<std::size_t>(k)];
    for (std::size_t c = 0; c < curves.size(); ++c)
      if (curves[c].optimum.used && draw[c]) points.push_back(point(curves[c], *draw[c]));
    return true;
  };
  return allocation;
}

}  // namespace

FitResult fit_isoflop(const Observations& table, const IsoflopOptions& options) {
  check_options(options);
  const laws::ComputeRows rows = laws::compute_rows(table, options.n_column, options.loss_column, options.allow_repeated);
  FitResult result{.fit = {}, .warnings = rows.warnings};
  std::vector<IsoflopCurve> curves = curves_of(table, rows, options, result.warnings);
  const std::optional<double> scatter = laws::scatter_of(curves, rows, options);
  const std::vector<IsoflopDraw> draws = laws::draws_of(curves, rows, options, scatter);
  if (!draws.empty())
    for (std::size_t c = 0; c < curves.size(); ++c)
      if (curves[c].optimum.used) laws::judge_by_draws(draws, c, options, curves[c]);
  name_doubtful(curves, result.warnings);

  const laws::Allocation allocation = allocation_of(curves, draws, options);
  if (allocation.points.size() < 2) {
    result.warnings.push_back({"few_rows", plural(allocation.points.size(), "budget") + " of " + plural(curves.size(), "budget") +
                                               " with a minimum inside, expected 2 for a line, 3 for a law with an interval"});
    return result;
  }
  Fit fit;
  fit.law = "isoflop";
  fit.formula = "N*(C) = k_n C^a" + std::string(rows.tokens.empty() ? "" : ", D*(C) = k_d C^b") + ", L*(C) = e + k C^-c";
  const PowerFitOptions columns{.n_column = options.n_column, .loss_column = options.loss_column};
  fit.n_convention = n_convention_of(table, columns);
  fit.flops_convention = rows.flops_convention;
  fit.loss_kind = loss_kind_of(table, columns);
  fit.loss_unit = table.loss_unit;
  fit.warnings = result.warnings;
  add_rows(table, rows, options, curves, fit);
  if (scatter) fit.derived["residual_sd"] = {*scatter, {}, {"seed", "form"}};
  return laws::fit_allocation(allocation, options.law, std::move(fit));
}

}  // namespace isoflop
