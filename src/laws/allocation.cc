#include "laws/allocation.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "base/check.h"
#include "base/math.h"
#include "base/quantile.h"
#include "isoflop/text.h"
#include "laws/line.h"
#include "laws/words.h"

namespace isoflop::laws {
namespace {

constexpr std::int64_t kPointsForDraws = 8;  // design 5: below, percentiles of a bootstrap cover too little

struct Lines {
  Line n;
  std::optional<Line> d, ratio;  // ln D*, and ln D*/N*: a difference, whose error is not that of its parts
};

/// A number of the law: a slope, or a line's value at an x.
struct Number {
  std::string name;
  enum class Of { n, d, ratio } of = Of::n;
  bool slope = false;
  double x = 0;
  bool constant = false;

  [[nodiscard]] const Line& line(const Lines& lines) const {
    return of == Of::n ? lines.n : of == Of::d ? *lines.d : *lines.ratio;
  }
  [[nodiscard]] double value(const Lines& lines) const { return slope ? line(lines).slope : exp_(line(lines).at(x)); }
  [[nodiscard]] Interval student(const Lines& lines, double level) const {
    const Line& l = line(lines);
    const double t = student_t_quantile(0.5 + 0.5 * level, static_cast<double>(l.degrees()));
    const double half = t * std::sqrt(slope ? l.slope_variance() : l.variance_at(x));
    const double centre = slope ? l.slope : l.at(x);
    return slope ? Interval{centre - half, centre + half, level} : Interval{exp_(centre - half), exp_(centre + half), level};
  }
};

std::vector<Number> numbers_of(bool tokens, const std::vector<double>& at) {
  std::vector<Number> numbers{{"k_n", Number::Of::n, false, 0, true}, {"a", Number::Of::n, true, 0, true}};
  if (tokens) {
    numbers.push_back({"k_d", Number::Of::d, false, 0, true});
    numbers.push_back({"b", Number::Of::d, true, 0, true});
  }
  for (const double flops : at) {
    const std::string name = "@" + format_number(flops);
    numbers.push_back({"params_opt" + name, Number::Of::n, false, log_(flops), false});
    if (!tokens) continue;
    numbers.push_back({"tokens_opt" + name, Number::Of::d, false, log_(flops), false});
    numbers.push_back({"tokens_per_param" + name, Number::Of::ratio, false, log_(flops), false});
  }
  return numbers;
}

bool all_have_errors(const std::vector<AllocationPoint>& points) {
  return std::all_of(points.begin(), points.end(), [](const AllocationPoint& p) { return p.se && *p.se > 0; });
}

Lines lines_of(const std::vector<AllocationPoint>& points, bool weighted, bool tokens) {
  std::vector<double> x, n, d, ratio, w;
  for (const AllocationPoint& p : points) {
    x.push_back(p.x);
    n.push_back(p.n);
    if (tokens) d.push_back(*p.d);
    if (tokens) ratio.push_back(*p.d - p.n);
    if (weighted) w.push_back(1 / (*p.se * *p.se));
  }
  Lines lines{.n = line_through(x, n, w), .d = {}, .ratio = {}};
  if (tokens) lines.d = line_through(x, d, w);
  if (tokens) lines.ratio = line_through(x, ratio, w);
  return lines;
}

double range_of(const std::vector<AllocationPoint>& points) {
  const auto [low, high] = std::minmax_element(points.begin(), points.end(),
                                               [](const AllocationPoint& p, const AllocationPoint& q) { return p.x < q.x; });
  return high->x - low->x;
}

/// The numbers of every draw that gives a law: a row each, columns as `numbers`.
std::vector<std::vector<double>> draws_of(const Allocation& allocation, const AllocationOptions& options,
                                          const std::vector<Number>& numbers, bool weighted, bool tokens) {
  std::vector<std::vector<double>> draws;
  std::vector<AllocationPoint> points;
  const std::size_t fewest = std::min<std::size_t>(3, allocation.points.size());
  for (std::int64_t k = 0; k < options.draws; ++k) {
    points.clear();
    if (!allocation.draw(k, points) || points.size() < fewest || !(range_of(points) > 0)) continue;
    const Lines lines = lines_of(points, weighted, tokens);
    std::vector<double> row;
    for (const Number& number : numbers) row.push_back(number.value(lines));
    if (std::all_of(row.begin(), row.end(), [](double v) { return std::isfinite(v); })) draws.push_back(std::move(row));
  }
  return draws;
}

/// A point so far off the line through the others that chance would do it once in a hundred tables.
void name_points_off(const std::vector<AllocationPoint>& points, bool weighted, bool tokens, const std::string& one, Fit& fit) {
  if (points.size() < 5) return;
  double worst = 0;
  std::size_t at = 0;
  Line without_worst;
  for (std::size_t i = 0; i < points.size(); ++i) {
    std::vector<AllocationPoint> others = points;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    const Line line = lines_of(others, weighted, tokens).n;
    const double own = line.variance() * (weighted ? *points[i].se * *points[i].se : 1) + line.variance_at(points[i].x);
    const double t = std::fabs(points[i].n - line.at(points[i].x)) / std::sqrt(own);
    if (!(t > worst) || !(line.sse > 1e-20 * line.syy)) continue;
    worst = t;
    at = i;
    without_worst = line;
  }
  const auto count = static_cast<double>(points.size());
  const double limit = student_t_quantile(1 - 0.005 / count, count - 3);
  if (!(worst > limit)) return;
  fit.warnings.push_back({"minimum_off_line", "the " + one + " at C = " + format_significant(exp_(points[at].x), 4) +
                                                  " has its minimum at " + format_significant(exp_(points[at].n), 4) +
                                                  " parameters, the line through the others at " +
                                                  format_significant(exp_(without_worst.at(points[at].x)), 4) + " (|t| " +
                                                  format_significant(worst, 3) + ", beyond " + format_significant(limit, 3) +
                                                  "); without it a is " + format_significant(without_worst.slope, 4)});
}

void doubt(const Allocation& allocation, const AllocationOptions& options, Fit& fit) {
  const std::string many = plural(allocation.points.size(), allocation.one);
  if (allocation.points.size() < 3)
    fit.warnings.push_back({"few_rows", many + ": any two points lie on a line; 3 give an interval"});
  if (allocation.points.size() == 3)
    fit.warnings.push_back({"one_degree_of_freedom", many + " leave 1 degree of freedom: a picture, not a law (Student's t is " +
                                                         format_significant(student_t_quantile(0.5 + 0.5 * options.level, 1), 4) +
                                                         " there)"});
  const double range = range_of(allocation.points);
  if (range < log_(10))
    fit.warnings.push_back({"narrow_range", "C spans a factor of " + format_significant(exp_(range), 3) +
                                                ", less than ten: the exponents say little beyond it"});
  double low = INFINITY, high = -INFINITY;
  for (const AllocationPoint& p : allocation.points) {
    low = std::min(low, p.x);
    high = std::max(high, p.x);
  }
  for (const double flops : options.at) {
    const double beyond = std::max(low - log_(flops), log_(flops) - high);
    if (beyond > log_(10))
      fit.warnings.push_back({"extrapolation", "C = " + format_significant(flops, 4) + " lies a factor of " +
                                                   format_significant(exp_(beyond), 3) + " beyond the budgets fitted (" +
                                                   format_significant(exp_(low), 4) + " to " + format_significant(exp_(high), 4) +
                                                   "): the interval knows no change of the law"});
  }
  if (fit.n_convention == "unstated")
    fit.warnings.push_back({"unstated_convention", "what N counts is not stated: the exponent depends on it"});
  if (fit.flops_convention == "unstated")
    fit.warnings.push_back({"unstated_flops",
                            "what C counts is not stated: with or without the head and attention, the exponent of small "
                            "models differs by tenths"});
}

/// Minima that scatter about the line by more than their own errors: something else than the seed moved them.
bool scatters(const Line& line, bool weighted, Fit& fit) {
  if (!weighted || line.degrees() < 1) return false;
  const double limit = 1 + 2 * std::sqrt(2 / static_cast<double>(line.degrees()));
  if (!(line.variance() > limit)) return false;
  fit.warnings.push_back(
      {"scatter", "the minima lie " + format_significant(std::sqrt(line.variance()), 3) +
                      " times as far from the line as their errors say: something other than these errors moved them"});
  return true;
}

void set_intervals(const std::vector<Number>& numbers, const Lines& lines, bool student, const AllocationOptions& options,
                   Fit& fit) {
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const Number& number = numbers[i];
    Estimate estimate{number.value(lines), {}, {}};
    std::vector<double> column;
    for (const auto& row : fit.draws) column.push_back(row[i]);
    if (column.size() > 1) {
      double mean = 0, square = 0;
      for (const double v : column) mean += v / static_cast<double>(column.size());
      for (const double v : column) square += (v - mean) * (v - mean) / static_cast<double>(column.size() - 1);
      fit.standard_errors[number.name] = std::sqrt(square);
    }
    if (!student) {
      const auto [low, high] = middle_of(std::move(column), options.level);
      estimate.interval = Interval{low, high, options.level};
      estimate.contains = {"seed"};
    } else if (number.line(lines).degrees() > 0) {
      estimate.interval = number.student(lines, options.level);
      estimate.contains = {"seed", "form"};
    }
    // an interval that runs out of the doubles is unbounded: none
    if (estimate.interval && !(std::isfinite(estimate.interval->low) && std::isfinite(estimate.interval->high)))
      estimate.interval.reset();
    if (number.constant) {
      fit.constants[number.name] = estimate.value;
      if (estimate.interval) fit.intervals[number.name] = *estimate.interval;
    }
    if (!number.constant || number.slope) fit.derived[number.name] = estimate;
    fit.draw_names.push_back(number.name);
  }
}

}  // namespace

void check_options(const AllocationOptions& options) {
  const auto refuse = [](const std::string& name, const std::string& value, const std::string& expected) {
    throw Error(Fault::usage, name, "is " + value + ", expected " + expected);
  };
  if (!(options.level > 0 && options.level < 1)) refuse("--level", format_number(options.level), "a number between 0 and 1");
  if (options.draws < 0 || options.draws > 1000000) refuse("--bootstrap", format_number(options.draws), "0 to 1,000,000");
  for (const double flops : options.at)
    if (!(flops > 0 && std::isfinite(flops))) refuse("--at", format_number(flops), "a positive number of FLOPs");
}

FitResult fit_allocation(const Allocation& allocation, const AllocationOptions& options, Fit fit) {
  ISOFLOP_CHECK(allocation.points.size() >= 2 && range_of(allocation.points) > 0);
  const bool weighted = options.weighted && all_have_errors(allocation.points);
  const bool tokens =
      std::all_of(allocation.points.begin(), allocation.points.end(), [](const AllocationPoint& p) { return p.d.has_value(); });
  const std::vector<Number> numbers = numbers_of(tokens, options.at);
  const Lines lines = lines_of(allocation.points, weighted, tokens);

  if (allocation.draw) fit.draws = draws_of(allocation, options, numbers, weighted, tokens);
  const bool scattered = scatters(lines.n, weighted, fit);
  const bool enough = static_cast<std::int64_t>(fit.draws.size()) * 2 >= options.draws && fit.draws.size() >= kLeastDraws;
  if (allocation.draw && options.draws > 0 && !enough)
    fit.warnings.push_back({"few_draws", "only " + plural(fit.draws.size(), "draw") + " of " + format_number(options.draws) +
                                             " gave a law: the interval is Student's t"});
  const bool automatic = options.interval == AllocationInterval::automatic;
  const bool student = options.interval == AllocationInterval::student || !enough ||
                       (automatic && (static_cast<std::int64_t>(allocation.points.size()) < kPointsForDraws || scattered));
  fit.interval_method =
      student ? "Student's t" : allocation.drawn + ", " + format_count(static_cast<double>(fit.draws.size())) + " draws";
  set_intervals(numbers, lines, student, options, fit);

  fit.objective = lines.n.sse;
  fit.objective_definition = std::string("sum over ") + allocation.one + "s of " +
                             (weighted ? "(ln N* - ln k_n C^a)^2 / se^2" : "(ln N* - ln k_n C^a)^2");
  fit.stop = "closed form";
  fit.degrees_of_freedom = lines.n.degrees();
  double sse = 0, syy = 0, mean = 0;
  for (const AllocationPoint& p : allocation.points) mean += p.n / static_cast<double>(allocation.points.size());
  for (const AllocationPoint& p : allocation.points) {
    sse += (p.n - lines.n.at(p.x)) * (p.n - lines.n.at(p.x));
    syy += (p.n - mean) * (p.n - mean);
  }
  if (syy > 0 && fit.degrees_of_freedom > 0) fit.r_squared = 1 - sse / syy;
  name_points_off(allocation.points, weighted, tokens, allocation.one, fit);
  doubt(allocation, options, fit);
  for (const Number& number : numbers)
    if (const double value = number.value(lines); !std::isfinite(value) || (!number.slope && value <= 0)) {
      fit.warnings.push_back(
          {"out_of_range", number.name + " is beyond what a number here can hold: the optima lie too close together in C "
                                         "for a law"});
      return {.fit = {}, .warnings = fit.warnings};
    }
  FitResult result{.fit = {}, .warnings = fit.warnings};
  result.fit = std::move(fit);
  return result;
}

}  // namespace isoflop::laws
