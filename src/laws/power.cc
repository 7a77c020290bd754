// L(N) = a N^-b in closed form: which rows may carry it, the line, its intervals, and what to doubt about it.
#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "base/check.h"
#include "base/math.h"
#include "isoflop/text.h"
#include "isoflop/laws.h"
#include "laws/criteria.h"
#include "laws/line.h"
#include "laws/rows.h"
#include "laws/words.h"

namespace isoflop {
namespace {

using laws::Column;
using laws::Line;

/// One value of N: the mean of ln L over its replicates.
struct Size {
  double n = 0, x = 0, y = 0;  // N, ln N, mean ln L
  double loss = 0;             // mean L
  std::int64_t replicates = 0;
};

/// The rows that may carry the law, and what was said about the others.
struct Selection {
  std::vector<std::size_t> rows;
  std::vector<Size> sizes;  // ascending in N
  std::vector<Warning> warnings;
};

void group_by_size(const Column& n, const Column& loss, Selection& selection) {
  std::map<double, std::vector<double>> by_size;
  for (const std::size_t row : selection.rows) by_size[*n[row]].push_back(*loss[row]);
  std::size_t copies = 0;
  for (auto& [size, losses] : by_size) {
    Size s{.n = size, .x = log_(size), .replicates = static_cast<std::int64_t>(losses.size())};
    for (const double value : losses) {
      s.y += log_(value);
      s.loss += value / static_cast<double>(losses.size());  // divided first: the sum may leave the range
    }
    s.y /= static_cast<double>(losses.size());
    selection.sizes.push_back(s);
    std::sort(losses.begin(), losses.end());
    copies += static_cast<std::size_t>(losses.end() - std::unique(losses.begin(), losses.end()));
  }
  if (copies > 0)
    selection.warnings.push_back({"duplicate_rows", plural(copies, "row") + " repeat another row's N and loss to the last digit: "
                                                                            "one run counted twice is not a replicate"});
}

/// Runs of one size that saw different amounts of text: their mean is of neither.
std::optional<Warning> mixed_tokens(const Column& n, const Column& tokens, const std::vector<std::size_t>& rows) {
  std::map<double, std::set<double>> lengths;
  for (const std::size_t row : rows)
    if (tokens[row]) lengths[*n[row]].insert(*tokens[row]);
  std::string first;
  std::size_t mixed = 0;
  for (const auto& [size, seen] : lengths)
    if (seen.size() > 1 && mixed++ == 0)
      first = counted(*seen.begin()) + " and " + counted(*seen.rbegin()) + " tokens at N = " + counted(size);
  if (mixed == 0) return std::nullopt;
  return Warning{"mixed_tokens", plural(mixed, "size") + (mixed == 1 ? " holds" : " hold") + " runs of different length (" +
                                     first + "), averaged as if they were replicates: choose one length with --where"};
}

Selection select_rows(const Observations& table, const PowerFitOptions& options) {
  laws::UsableRows usable =
      laws::usable_rows(table, {options.n_column, options.loss_column}, options.n_column, options.allow_repeated);
  const Column& n = table.columns.at(options.n_column);
  Selection selection{.rows = std::move(usable.rows), .sizes = {}, .warnings = std::move(usable.warnings)};
  if (const Column* tokens = laws::find_column(table, "tokens"))
    if (auto mixed = mixed_tokens(n, *tokens, selection.rows)) selection.warnings.push_back(std::move(*mixed));
  group_by_size(n, table.columns.at(options.loss_column), selection);
  return selection;
}

Line line_through(const std::vector<Size>& sizes) {
  std::vector<double> x, y;
  for (const Size& s : sizes) {
    x.push_back(s.x);
    y.push_back(s.y);
  }
  return laws::line_through(x, y);
}

/// The pooled variance within sizes, of `value`; nothing without replicates.
template <class Value>
std::optional<double> variance_within(const Selection& selection, const Column& n, Value value) {
  std::map<double, std::vector<double>> by_size;
  for (const std::size_t row : selection.rows) by_size[*n[row]].push_back(value(row));
  double sum = 0;
  std::size_t degrees = 0;
  for (const auto& [size, values] : by_size) {
    double mean = 0;
    for (const double v : values) mean += v / static_cast<double>(values.size());
    for (const double v : values) sum += (v - mean) * (v - mean);
    degrees += values.size() - 1;
  }
  if (degrees == 0) return std::nullopt;
  return sum / static_cast<double>(degrees);
}

/// t of the quadratic term of ln L in ln N: is the line bent? Needs 4 sizes. Nothing when the parabola leaves no residual.
std::optional<double> curvature_t(const std::vector<Size>& sizes, const Line& line) {
  if (sizes.size() < 4) return std::nullopt;
  // q = (x - mean)^2 made orthogonal to 1 and x, so that its coefficient stands alone
  std::vector<double> q(sizes.size());
  double q_mean = 0, q_slope = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const double u = sizes[i].x - line.x_mean;
    q[i] = u * u;
    q_mean += q[i] / static_cast<double>(sizes.size());
    q_slope += u * q[i] / line.sxx;
  }
  double qq = 0, qy = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const double u = sizes[i].x - line.x_mean;
    q[i] -= q_mean + q_slope * u;
    qq += q[i] * q[i];
    qy += q[i] * (sizes[i].y - line.at(sizes[i].x));
  }
  const double left = line.sse - qy * qy / qq;
  const auto degrees = static_cast<double>(sizes.size()) - 3;
  if (!(left > 1e-24 * line.syy)) return std::nullopt;
  return qy / std::sqrt(qq * left / degrees);
}

std::optional<Warning> rises(const std::vector<Size>& sizes, const std::string& loss_kind) {
  for (std::size_t i = 1; i < sizes.size(); ++i)
    if (!(sizes[i].loss < sizes[i - 1].loss))
      return Warning{"not_monotone", (loss_kind == "train"      ? "training loss"
                                      : loss_kind == "unstated" ? "loss"
                                                                : "held-out loss") +
                                         std::string(" does not fall all the way: ") + people(sizes[i - 1].loss) +
                                         " at N = " + counted(sizes[i - 1].n) + ", " + people(sizes[i].loss) +
                                         " at N = " + counted(sizes[i].n) + "; no law of N alone is fitted"};
  return std::nullopt;
}

void doubt(const Selection& selection, const Line& line, const PowerFitOptions& options, Fit& fit) {
  if (line.count < 3)
    fit.warnings.push_back(
        {"few_rows", "2 sizes: any two points lie on a line, so it can be neither trusted nor doubted; 3 give an interval"});
  if (line.degrees() == 1)
    fit.warnings.push_back({"one_degree_of_freedom", "3 sizes leave 1 degree of freedom: a picture, not a law (Student's t is " +
                                                         people(student_t_quantile(0.5 + 0.5 * options.level, 1)) + " there)"});
  if (selection.sizes.back().n / 10 < selection.sizes.front().n)
    fit.warnings.push_back({"narrow_range", "N spans a factor of " +
                                                format_significant(selection.sizes.back().n / selection.sizes.front().n, 3) +
                                                ", less than ten: the exponent says little beyond it"});
  if (const auto b = fit.intervals.find("b"); b != fit.intervals.end() && b->second.low <= 0)
    fit.warnings.push_back({"zero_in_interval", "the exponent's interval reaches from " + people(-b->second.high) + " to " +
                                                    people(-b->second.low) + ": that loss falls with N at all is not shown"});
  if (const auto t = curvature_t(selection.sizes, line)) {
    const double limit = student_t_quantile(0.5 + 0.5 * options.level, static_cast<double>(line.count) - 3);
    if (std::fabs(*t) > limit)
      fit.warnings.push_back({"curvature", "the points bend " + std::string(*t > 0 ? "upwards" : "downwards") +
                                               " from a straight line in ln L and ln N: |t| of the quadratic term is " +
                                               format_significant(std::fabs(*t), 3) + ", beyond " + format_significant(limit, 3) +
                                               "; a plain power law is not their form"});
  }
  if (fit.n_convention == "unstated")
    fit.warnings.push_back(
        {"unstated_convention",
         "what N counts is not stated: the exponent depends on it, so it is not comparable with another law's"});
}

Interval around(double value, double half, double level) {
  return {value - half, value + half, level};
}

void set_constants(const Line& line, const PowerFitOptions& options, Fit& fit) {
  const double b = -line.slope, ln_a = line.at(0);
  const std::vector<std::string> contains{"seed", "form"};
  fit.constants = {{"a", exp_(ln_a)}, {"b", b}};
  Estimate exponent{b, {}, {}}, per_decade{exp_(-b * log_(10)), {}, {}};
  if (line.degrees() > 0) {
    const double t = student_t_quantile(0.5 + 0.5 * options.level, static_cast<double>(line.degrees()));
    const double half_b = t * std::sqrt(line.slope_variance()), half_ln_a = t * std::sqrt(line.variance_at(0));
    fit.intervals = {{"a", {exp_(ln_a - half_ln_a), exp_(ln_a + half_ln_a), options.level}},
                     {"b", around(b, half_b, options.level)}};
    exponent = {b, around(b, half_b, options.level), contains};
    per_decade.interval = Interval{exp_(-(b + half_b) * log_(10)), exp_(-(b - half_b) * log_(10)), options.level};
    per_decade.contains = contains;
    fit.derived["residual_sd"] = {std::sqrt(line.variance()), {}, contains};
  }
  fit.derived["exponent"] = exponent;
  fit.derived["loss_ratio_per_decade"] = per_decade;
}

/// The first number of a fit that a double cannot hold: sizes too close together, or losses too far apart.
std::optional<Warning> beyond_numbers(const Fit& fit) {
  std::string name;
  const auto look = [&name](const std::string& what, double value) {
    if (name.empty() && !std::isfinite(value)) name = what;
  };
  const auto look_at = [&look](const std::string& what, const Interval& interval) {
    look("the interval of " + what, interval.low);
    look("the interval of " + what, interval.high);
  };
  for (const auto& [what, value] : fit.constants) look(what, value);
  if (!(fit.constants.at("a") > 0)) look("a", INFINITY);
  for (const auto& [what, interval] : fit.intervals) look_at(what, interval);
  for (const auto& [what, estimate] : fit.derived) {
    look(what, estimate.value);
    if (estimate.interval) look_at(what, *estimate.interval);
  }
  for (const double residual : fit.residuals) look("a residual", residual);
  look("the sum of squares", fit.objective);
  if (name.empty()) return std::nullopt;
  return Warning{"out_of_range",
                 name +
                     " is beyond what a number here can hold: the sizes lie too close together, or the losses too "
                     "far apart, for a law"};
}

}  // namespace

std::string n_convention_of(const Observations& table, const PowerFitOptions& options) {
  // `params` is also what an imported table's N is called here: only its owner can say what it counts
  const bool says = options.n_column == "params_non_embedding" || options.n_column == "params_matmul";
  return says ? options.n_column : table.n_convention;
}

std::string loss_kind_of(const Observations& table, const PowerFitOptions& options) {
  return options.loss_column == "train_loss" ? "train" : options.loss_column == "loss_best" ? "best" : table.loss_kind;
}

FitResult fit_power_law(const Observations& table, const PowerFitOptions& options) {
  ISOFLOP_CHECK(options.level > 0 && options.level < 1);
  const Selection selection = select_rows(table, options);
  const Column& n = table.columns.at(options.n_column);
  const Column& loss = table.columns.at(options.loss_column);
  FitResult result{.fit = {}, .warnings = selection.warnings};
  if (selection.sizes.size() < 2) {
    result.warnings.push_back({"few_rows", (selection.sizes.empty() ? std::string("no size") : plural(1, "size")) +
                                               " left to fit, expected 2 for a line, 3 or more for a law with an interval"});
    return result;
  }
  if (auto rise = rises(selection.sizes, loss_kind_of(table, options))) {
    result.warnings.push_back(std::move(*rise));
    return result;
  }

  const Line line = line_through(selection.sizes);
  Fit fit;
  fit.law = "power_n";
  fit.formula = "L(N) = a N^-b";
  fit.n_convention = n_convention_of(table, options);
  fit.flops_convention = table.flops_convention;
  fit.loss_kind = loss_kind_of(table, options);
  fit.loss_unit = table.loss_unit;
  fit.warnings = selection.warnings;
  set_constants(line, options, fit);
  if (const auto v = variance_within(selection, n, [&](std::size_t row) { return *loss[row]; }))
    fit.derived["loss_sd_seed"] = {std::sqrt(*v), {}, {"seed"}};
  fit.objective = line.sse;
  fit.objective_definition = "sum over sizes of (mean ln L - ln L_hat)^2";
  fit.stop = "closed form";
  fit.interval_method = "Student's t";
  fit.rows = static_cast<std::int64_t>(selection.rows.size());
  fit.degrees_of_freedom = line.degrees();
  if (line.syy > 0 && line.degrees() > 0) fit.r_squared = 1 - line.sse / line.syy;
  for (const std::size_t row : selection.rows) {
    fit.residuals.push_back(log_(*loss[row]) - line.at(log_(*n[row])));
    fit.row_labels.push_back(table.labels[row]);
  }
  fit.fitted = selection.rows;
  double squares = 0, sum_ln = 0;
  for (std::size_t i = 0; i < selection.rows.size(); ++i)
    squares += fit.residuals[i] * fit.residuals[i], sum_ln += log_(*loss[selection.rows[i]]);
  const laws::Criteria criteria =
      laws::criteria_of(laws::deviance_of({.kind = laws::Objective::Kind::lsq}, 0.5 * squares, 1, fit.rows, sum_ln), fit.rows, 2);
  fit.aicc = criteria.aicc;
  fit.bic = criteria.bic;
  if (auto beyond = beyond_numbers(fit)) {
    result.warnings.push_back(std::move(*beyond));
    return result;
  }
  doubt(selection, line, options, fit);
  result.warnings = fit.warnings;
  result.fit = std::move(fit);
  return result;
}

std::vector<BandPoint> power_law_band(const Fit& fit, const Observations& table, const PowerFitOptions& options,
                                      std::span<const double> params) {
  const Selection selection = select_rows(table, options);
  ISOFLOP_CHECK(selection.sizes.size() >= 2 && static_cast<std::int64_t>(selection.rows.size()) == fit.rows);
  const Line line = line_through(selection.sizes);
  const Column& n = table.columns.at(options.n_column);
  const Column& loss = table.columns.at(options.loss_column);

  // the line's scatter is of means over replicates: one further run scatters by what averaging took away, too
  double replicates = 0;
  for (const Size& s : selection.sizes)
    replicates += 1 / static_cast<double>(s.replicates) / static_cast<double>(selection.sizes.size());
  const double seed =
      variance_within(selection, n, [&](std::size_t row) { return log_(*loss[row]); }).value_or(0) * (1 - replicates);

  std::vector<BandPoint> band;
  for (const double size : params) {
    ISOFLOP_CHECK(size > 0);
    const double x = log_(size), y = line.at(x);
    BandPoint point{.params = size, .loss = exp_(y), .confidence = {}, .prediction = {}};
    if (line.degrees() > 0) {
      const double t = student_t_quantile(0.5 + 0.5 * options.level, static_cast<double>(line.degrees()));
      const double mean = line.variance_at(x);
      const double half = t * std::sqrt(mean), further = t * std::sqrt(mean + line.variance() + seed);
      point.confidence = Interval{exp_(y - half), exp_(y + half), options.level};
      point.prediction = Interval{exp_(y - further), exp_(y + further), options.level};
    }
    band.push_back(point);
  }
  return band;
}

}  // namespace isoflop
