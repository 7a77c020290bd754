// Approach 2: rows gather at budgets, each budget's curve of loss over N has a minimum or a reason why not, and the minima make
// the laws.
#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/math.h"
#include "base/random.h"
#include "isoflop/text.h"
#include "laws/allocation.h"
#include "laws/budgets.h"
#include "laws/curve.h"
#include "laws/words.h"

namespace isoflop {
namespace {

using laws::CurveMinimum;
using Trouble = laws::CurveMinimum::Trouble;

constexpr double kStrayDistance =
    0.01;  // of the loss: several times what seeds do, and what a parabola lacks at its window's ends

/// One budget: its rows by N, and what became of it.
struct Curve {
  BudgetOptimum optimum;
  std::vector<std::size_t> members;    // into ComputeRows, by ascending N
  std::vector<double> x, y;            // ln N; L or ln L
  std::vector<double> d;               // ln D of the members, empty without tokens
  std::vector<std::size_t> by_tokens;  // positions in `members`, by ascending D
  CurveMinimum local;                  // the local parabola: residuals come from it, whichever way the minimum is found
};

/// Where a curve has its least loss, along N and along D.
struct Least {
  CurveMinimum n;
  double d = 0;
  Trouble trouble = Trouble::none;
};

bool of_log(const IsoflopOptions& options) {
  return options.log_loss || options.minimum == CurveMinimumBy::akima;
}

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
void fill(const laws::ComputeRows& rows, const IsoflopOptions& options, Curve& curve) {
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
std::size_t drop_copies(const laws::ComputeRows& rows, Curve& curve) {
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
std::optional<std::size_t> off_curve(const Curve& curve, const laws::ComputeRows& rows, const IsoflopOptions& options) {
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
void leave_strays_out(const Observations& table, const laws::ComputeRows& rows, const IsoflopOptions& options, Curve& curve,
                      std::vector<Warning>& warnings) {
  const auto label = [&](std::size_t member) {
    return table.labels[rows.rows[member]] + " (N = " + significant(rows.params[member]) +
           ", C = " + significant(rows.flops[member]) + ")";
  };
  Curve clean = curve;
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

bool is_trouble(Trouble trouble, const IsoflopOptions& options) {
  return trouble != Trouble::none && !(options.keep_edges && trouble == Trouble::at_edge);
}

/// The least loss of points (x by N, y), their ln D and its order. By parabola, D is read off the points that N was.
Least least_of(std::span<const double> x, std::span<const double> y, std::span<const double> d,
               std::span<const std::size_t> by_tokens, const IsoflopOptions& options) {
  const bool akima = options.minimum == CurveMinimumBy::akima;
  Least least;
  least.n = akima ? laws::akima_minimum(x, y) : laws::parabola_minimum(x, y, options.window_decades * log_(10));
  least.trouble = least.n.trouble;
  if (d.empty() || is_trouble(least.trouble, options)) return least;
  std::vector<double> xs, ys;
  for (const std::size_t i : by_tokens) {
    if (i < least.n.first || i >= least.n.last) continue;
    xs.push_back(d[i]);
    ys.push_back(y[i]);
  }
  const CurveMinimum other = akima ? laws::akima_minimum(xs, ys) : laws::parabola_through(xs, ys, 0, xs.size());
  least.d = other.x;
  if (least.trouble == Trouble::none || other.trouble != Trouble::at_edge) least.trouble = other.trouble;
  return least;
}

void judge(const Curve& curve, const Least& least, const IsoflopOptions& options, BudgetOptimum& optimum) {
  const bool placed = least.trouble == Trouble::none || least.trouble == Trouble::at_edge;
  if (placed) {
    optimum.params = exp_(least.n.x);
    optimum.loss = of_log(options) ? exp_(least.n.y) : least.n.y;
    if (!curve.d.empty()) optimum.tokens = exp_(least.d);
  }
  optimum.used = !is_trouble(least.trouble, options);
  if (least.trouble == Trouble::few_points) optimum.reason = "fewer than 3 sizes";
  if (least.trouble == Trouble::opens_down) optimum.reason = "the parabola opens downward: no minimum";
  if (least.trouble == Trouble::at_edge)
    optimum.reason = "minimum at the edge: " + significant(exp_(least.n.x)) + " for sizes of " +
                     significant(exp_(curve.x.front())) + " to " + significant(exp_(curve.x.back()));
}

/// The relative scatter of losses about the local parabolas, pooled; none without degrees of freedom.
std::optional<double> scatter_of(const std::vector<Curve>& curves, const laws::ComputeRows& rows, const IsoflopOptions& options) {
  double squares = 0;
  std::int64_t degrees = 0;
  for (const Curve& curve : curves) {
    const CurveMinimum& local = curve.local;
    if (!curve.optimum.used || local.trouble == Trouble::few_points || local.last - local.first < 4) continue;
    for (std::size_t i = local.first; i < local.last; ++i) {
      const double r = (curve.y[i] - local.at(curve.x[i])) / (of_log(options) ? 1 : rows.loss[curve.members[i]]);
      squares += r * r;
    }
    degrees += static_cast<std::int64_t>(local.last - local.first) - 3;
  }
  if (degrees < 1) return std::nullopt;
  return std::sqrt(squares / static_cast<double>(degrees));
}

/// Every curve's least loss in one draw; nothing where it has none.
using Draw = std::vector<std::optional<std::pair<double, double>>>;

/// One curve with noise of the seed on every loss.
Least noisy(const Curve& curve, const laws::ComputeRows& rows, const IsoflopOptions& options, double scatter, std::uint64_t k) {
  const Philox dice{.seed = options.law.seed, .stream = Stream::bootstrap};
  std::vector<double> y = curve.y;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double loss = rows.loss[curve.members[i]], relative = options.loss_sd ? *options.loss_sd / loss : scatter;
    y[i] += dice.normal(k * rows.rows.size() + curve.members[i]) * relative * (of_log(options) ? 1 : loss);
  }
  return least_of(curve.x, y, curve.d, curve.by_tokens, options);
}

/// One curve with as many of its rows, drawn with replacement.
Least redrawn(const Curve& curve, const laws::ComputeRows& rows, const IsoflopOptions& options, std::uint64_t k) {
  const Philox dice{.seed = options.law.seed, .stream = Stream::bootstrap};
  std::vector<std::size_t> chosen;
  for (const std::size_t member : curve.members)
    chosen.push_back(dice.below(curve.members.size(), k * rows.rows.size() + member));
  std::sort(chosen.begin(), chosen.end());
  std::vector<double> x, y, d;
  std::vector<std::size_t> by_tokens;
  for (const std::size_t i : chosen) {
    x.push_back(curve.x[i]);
    y.push_back(curve.y[i]);
    if (!curve.d.empty()) d.push_back(curve.d[i]);
  }
  for (std::size_t i = 0; i < d.size(); ++i) by_tokens.push_back(i);
  std::stable_sort(by_tokens.begin(), by_tokens.end(), [&](std::size_t i, std::size_t j) { return d[i] < d[j]; });
  return least_of(x, y, d, by_tokens, options);
}

std::vector<Draw> draws_of(const std::vector<Curve>& curves, const laws::ComputeRows& rows, const IsoflopOptions& options,
                           std::optional<double> scatter) {
  std::vector<Draw> draws;
  const bool by_rows = options.law.interval == AllocationInterval::rows;
  if (!by_rows && !scatter && !options.loss_sd) return draws;
  for (std::int64_t k = 0; k < options.law.draws; ++k) {
    Draw draw(curves.size());
    for (std::size_t c = 0; c < curves.size(); ++c) {
      if (!curves[c].optimum.used) continue;
      const auto index = static_cast<std::uint64_t>(k);
      const Least least =
          by_rows ? redrawn(curves[c], rows, options, index) : noisy(curves[c], rows, options, scatter.value_or(0), index);
      if (!is_trouble(least.trouble, options)) draw[c] = {least.n.x, least.d};
    }
    draws.push_back(std::move(draw));
  }
  return draws;
}

/// The standard error of ln N* over the draws; a curve that loses its minimum in half of them carries no law.
void judge_by_draws(const std::vector<Draw>& draws, std::size_t c, const IsoflopOptions& options, Curve& curve) {
  double mean = 0, square = 0, count = 0;
  for (const Draw& draw : draws) {
    if (!draw[c]) continue;
    count += 1;
    const double step = draw[c]->first - mean;
    mean += step / count;
    square += step * (draw[c]->first - mean);
  }
  const auto all = static_cast<double>(draws.size());
  if (count * 2 < all) {
    curve.optimum.used = false;
    curve.optimum.reason = "the minimum leaves the curve in " + significant(100 * (1 - count / all)) + " % of the draws";
    return;
  }
  if (count < 2) return;
  double se = std::sqrt(square / (count - 1)) * (all / count);
  if (options.minimum == CurveMinimumBy::akima) {  // which cannot tell places apart that are much nearer than its points (Porian)
    std::vector<double> sizes = curve.x;
    sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
    se = std::max(se, (sizes.back() - sizes.front()) / static_cast<double>(sizes.size() - 1) / 3);
  }
  curve.optimum.ln_params_se = se;
}

std::vector<Curve> curves_of(const Observations& table, const laws::ComputeRows& rows, const IsoflopOptions& options,
                             std::vector<Warning>& warnings) {
  std::vector<Curve> curves;
  std::size_t placed = 0, copies = 0;
  for (laws::Budget& budget : laws::budgets_of(rows, options.budgets, options.tolerance)) {
    Curve curve;
    curve.optimum.flops = budget.flops;
    placed += budget.members.size();
    curve.members = std::move(budget.members);
    if (!options.keep_strays) copies += drop_copies(rows, curve);
    fill(rows, options, curve);
    leave_strays_out(table, rows, options, curve, warnings);
    judge(curve, least_of(curve.x, curve.y, curve.d, curve.by_tokens, options), options, curve.optimum);
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
void name_doubtful(const std::vector<Curve>& curves, std::vector<Warning>& warnings) {
  std::vector<std::string> small;
  for (const Curve& curve : curves) {
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
              const std::vector<Curve>& curves, Fit& fit) {
  for (const Curve& curve : curves) {
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

laws::Allocation allocation_of(const std::vector<Curve>& curves, const std::vector<Draw>& draws, const IsoflopOptions& options) {
  laws::Allocation allocation;
  allocation.one = "budget";
  allocation.drawn =
      options.law.interval == AllocationInterval::rows ? "rows of each budget drawn with replacement" : "seed noise";
  const auto point = [](const Curve& curve, double n, double d) {
    laws::AllocationPoint p{.x = log_(curve.optimum.flops), .n = n, .d = {}, .se = curve.optimum.ln_params_se};
    if (!curve.d.empty()) p.d = d;
    return p;
  };
  for (const Curve& curve : curves)
    if (curve.optimum.used)
      allocation.points.push_back(point(curve, log_(*curve.optimum.params), curve.d.empty() ? 0 : log_(*curve.optimum.tokens)));
  if (draws.empty()) return allocation;
  allocation.draw = [&curves, &draws, point](std::int64_t k, std::vector<laws::AllocationPoint>& points) {
    const Draw& draw = draws[static_cast<std::size_t>(k)];
    for (std::size_t c = 0; c < curves.size(); ++c)
      if (curves[c].optimum.used && draw[c]) points.push_back(point(curves[c], draw[c]->first, draw[c]->second));
    return true;
  };
  return allocation;
}

}  // namespace

FitResult fit_isoflop(const Observations& table, const IsoflopOptions& options) {
  check_options(options);
  const laws::ComputeRows rows = laws::compute_rows(table, options.n_column, options.loss_column, options.allow_repeated);
  FitResult result{.fit = {}, .warnings = rows.warnings};
  std::vector<Curve> curves = curves_of(table, rows, options, result.warnings);
  const std::optional<double> scatter = scatter_of(curves, rows, options);
  const std::vector<Draw> draws = draws_of(curves, rows, options, scatter);
  if (!draws.empty())
    for (std::size_t c = 0; c < curves.size(); ++c)
      if (curves[c].optimum.used) judge_by_draws(draws, c, options, curves[c]);
  name_doubtful(curves, result.warnings);

  const laws::Allocation allocation = allocation_of(curves, draws, options);
  if (allocation.points.size() < 2) {
    result.warnings.push_back({"few_rows", plural(allocation.points.size(), "budget") + " of " + plural(curves.size(), "budget") +
                                               " with a minimum inside, expected 2 for a line, 3 for a law with an interval"});
    return result;
  }
  Fit fit;
  fit.law = "isoflop";
  fit.formula = "N*(C) = k_n C^a" + std::string(rows.tokens.empty() ? "" : ", D*(C) = k_d C^b");
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
