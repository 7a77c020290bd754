#include "laws/allocation.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "base/check.h"
#include "base/math.h"
#include "base/random.h"
#include "isoflop/text.h"
#include "laws/allocation_laws.h"
#include "laws/intervals.h"
#include "laws/words.h"

namespace isoflop::laws {
namespace {

constexpr std::int64_t kPointsForDraws = 8;  // design 5: below, percentiles of a bootstrap cover too little
constexpr std::size_t kPointsForFloor = 4;   // one more than the constants of a power with a floor

bool all_have_errors(const std::vector<AllocationPoint>& points) {
  return std::all_of(points.begin(), points.end(), [](const AllocationPoint& p) { return p.se && *p.se > 0; });
}

double range_of(const std::vector<AllocationPoint>& points) {
  const auto [low, high] = std::minmax_element(points.begin(), points.end(),
                                               [](const AllocationPoint& p, const AllocationPoint& q) { return p.x < q.x; });
  return high->x - low->x;
}

/// Points as the allocation's own draws have them, of those that give a law.
std::vector<std::vector<AllocationPoint>> drawn_points(const Allocation& allocation, std::int64_t draws) {
  std::vector<std::vector<AllocationPoint>> all;
  std::vector<AllocationPoint> points;
  const std::size_t fewest = std::min<std::size_t>(3, allocation.points.size());
  for (std::int64_t k = 0; k < draws; ++k) {
    points.clear();
    if (allocation.draw(k, points) && points.size() >= fewest && range_of(points) > 0) all.push_back(points);
  }
  return all;
}

/// Points drawn about the laws so that what is fitted to them spreads as Student's t has it.
class StudentDraws {
 public:
  StudentDraws(const std::vector<AllocationPoint>& points, const AllocationLaws& laws, bool weighted, std::uint64_t seed)
      : points_(points), laws_(laws), weighted_(weighted), dice_{.seed = seed, .stream = Stream::bootstrap} {
    double nd = 0;
    for (const AllocationPoint& p : points) {
      const double w = weighted ? *p.se : 1, n = (p.n - laws.n.at(p.x)) / w;
      nn_ += n * n;
      if (laws.d) nd += n * (*p.d - laws.d->at(p.x)) / w;
    }
    if (!laws.d) return;
    const double dd = laws.d->sse;
    with_n_ = nn_ > 0 ? nd / std::sqrt(nn_) : 0;
    alone_ = std::sqrt(std::max(0.0, dd - with_n_ * with_n_));
  }

  /// Needs    a degree of freedom of the lines, and of L*(C) if there is one.
  void draw(std::int64_t k, double loss_sd, std::int64_t loss_degrees, std::vector<AllocationPoint>& points) const {
    const std::uint64_t at = kFirst + static_cast<std::uint64_t>(k);
    std::uint32_t sub = 0;
    const auto scale = [&](std::int64_t degrees) {  // of a variance that is known from as many degrees of freedom
      double squares = 0;
      for (std::int64_t i = 0; i < degrees; ++i) {
        const double z = dice_.normal(at, sub++);
        squares += z * z;
      }
      return 1 / std::sqrt(squares);
    };
    const double lines = scale(laws_.n.degrees());
    const double losses = laws_.plain ? loss_sd * std::sqrt(static_cast<double>(loss_degrees)) * scale(loss_degrees) : 0;
    points = points_;
    for (AllocationPoint& p : points) {
      const double first = dice_.normal(at, sub++), second = dice_.normal(at, sub++), third = dice_.normal(at, sub++);
      const double w = lines * (weighted_ ? *p.se : 1);
      p.n = laws_.n.at(p.x) + w * std::sqrt(nn_) * first;
      if (laws_.d) p.d = laws_.d->at(p.x) + w * (with_n_ * first + alone_ * second);
      if (laws_.plain) p.loss = laws_.frontier().loss(exp_(p.x)) * exp_(losses * third);
    }
  }

 private:
  static constexpr std::uint64_t kFirst = std::uint64_t{1} << 40;  // counters beyond those of the allocation's own draws

  const std::vector<AllocationPoint>& points_;
  const AllocationLaws& laws_;
  bool weighted_;
  Philox dice_;
  double nn_ = 0, with_n_ = 0, alone_ = 0;  // of the residuals: sums of squares of n, of what of d goes with n, of what does not
};

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

/// How far losses lie from L*(C), relative.
double loss_residual(const AllocationPoint& p, const AllocationLaws& laws) {
  return log_(*p.loss / laws.frontier().loss(exp_(p.x)));
}

std::int64_t loss_degrees(const std::vector<AllocationPoint>& points, const AllocationLaws& laws) {
  return static_cast<std::int64_t>(points.size()) - (laws.floored ? 3 : 2);
}

/// Points that scatter about a law by more than their own errors, whose mean square is `variance`: something else than the seed
/// moved them.
bool scatters(double variance, std::int64_t degrees, const std::string& what, Fit& fit) {
  if (degrees < 1 || !(variance > 1 + 2 * std::sqrt(2 / static_cast<double>(degrees)))) return false;
  fit.warnings.push_back({"scatter", what + " " + format_significant(std::sqrt(variance), 3) +
                                         " times as far from the line as their errors say: something other than these errors "
                                         "moved them"});
  return true;
}

bool losses_scatter(const std::vector<AllocationPoint>& points, const AllocationLaws& laws, Fit& fit) {
  double squares = 0;
  for (const AllocationPoint& p : points) {
    if (!p.loss_se || !(*p.loss_se > 0)) return false;
    const double z = loss_residual(p, laws) / *p.loss_se;
    squares += z * z;
  }
  const std::int64_t degrees = loss_degrees(points, laws);
  return scatters(squares / static_cast<double>(std::max<std::int64_t>(1, degrees)), degrees, "the least losses lie", fit);
}

/// Which intervals are Student's t.
struct ByStudent {
  bool lines = true, losses = true;
};

/// The numbers of every draw that gives a law: a row each, columns as `numbers`.
std::vector<std::vector<double>> draws_of(const Allocation& allocation, const std::vector<std::vector<AllocationPoint>>& drawn,
                                          const AllocationLaws& laws, const AllocationOptions& options,
                                          const std::vector<AllocationNumber>& numbers, bool weighted, const ByStudent& student) {
  const std::int64_t degrees = loss_degrees(allocation.points, laws);
  if (student.lines && laws.n.degrees() < 1) return {};
  if (laws.plain && student.losses && degrees < 1) return {};
  double squares = 0;
  if (laws.plain)
    for (const AllocationPoint& p : allocation.points) squares += loss_residual(p, laws) * loss_residual(p, laws);
  const double loss_sd = std::sqrt(squares / static_cast<double>(std::max<std::int64_t>(1, degrees)));
  const StudentDraws about(allocation.points, laws, weighted, options.seed);
  const bool both = student.lines && (student.losses || !laws.plain);
  const std::int64_t count = both ? options.draws : static_cast<std::int64_t>(drawn.size());
  std::vector<std::vector<double>> draws;
  std::vector<AllocationPoint> points;
  for (std::int64_t k = 0; k < count; ++k) {
    if (student.lines || student.losses) about.draw(k, loss_sd, degrees, points);
    AllocationLaws own = lines_of(student.lines ? points : drawn[static_cast<std::size_t>(k)], weighted, laws.d.has_value());
    if (laws.plain) {
      put_frontier(student.losses ? points : drawn[static_cast<std::size_t>(k)], laws.floored.has_value(), own);
      if (!own.plain) continue;
    }
    std::vector<double> row;
    for (const AllocationNumber& number : numbers) row.push_back(number.value(own));
    if (std::all_of(row.begin(), row.end(), [](double v) { return std::isfinite(v); })) draws.push_back(std::move(row));
  }
  return draws;
}

void set_intervals(const std::vector<AllocationNumber>& numbers, const AllocationLaws& laws, const ByStudent& student,
                   const AllocationOptions& options, Fit& fit) {
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const AllocationNumber& number = numbers[i];
    const bool by_student = number.of_loss() ? student.losses : student.lines;
    Estimate estimate{number.value(laws), {}, {}};
    std::vector<double> column;
    for (const auto& row : fit.draws) column.push_back(row[i]);
    if (!by_student && column.size() > 1) fit.standard_errors[number.name] = std::sqrt(covariance_of(column, column));
    if (by_student && !number.of_loss() && number.line(laws).degrees() > 0) {
      estimate.interval = number.student(laws, options.level);
      fit.standard_errors[number.name] = number.standard_error(laws);
    } else if (column.size() >= kLeastDraws) {
      estimate.interval = interval_of_draws(std::move(column), estimate.value, options.level);
    }
    // an interval that runs out of the doubles is unbounded: none
    if (estimate.interval && !(std::isfinite(estimate.interval->low) && std::isfinite(estimate.interval->high)))
      estimate.interval.reset();
    if (estimate.interval) estimate.contains = {"seed"};
    if (estimate.interval && by_student) estimate.contains.emplace_back("form");
    if (number.constant) {
      fit.constants[number.name] = estimate.value;
      if (estimate.interval) fit.intervals[number.name] = *estimate.interval;
    }
    if (!number.constant || (number.what == AllocationNumber::What::slope && !number.of_loss()))
      fit.derived[number.name] = estimate;
    fit.draw_names.push_back(number.name);
  }
}

/// What is said of every fit: how it ended, how well the line meets the points, what it covers.
void describe(const std::vector<AllocationPoint>& points, const AllocationLaws& laws, Fit& fit) {
  fit.stop = "closed form";
  fit.degrees_of_freedom = laws.n.degrees();
  double sse = 0, syy = 0, mean = 0;
  for (const AllocationPoint& p : points) mean += p.n / static_cast<double>(points.size());
  for (const AllocationPoint& p : points) {
    sse += (p.n - laws.n.at(p.x)) * (p.n - laws.n.at(p.x));
    syy += (p.n - mean) * (p.n - mean);
  }
  if (syy > 0 && fit.degrees_of_freedom > 0) fit.r_squared = 1 - sse / syy;
  for (const BudgetOptimum& optimum : fit.optima) {
    if (!optimum.used) continue;
    auto& [low, high] = fit.fitted_range.try_emplace("flops", optimum.flops, optimum.flops).first->second;
    low = std::min(low, optimum.flops), high = std::max(high, optimum.flops);
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
  const std::vector<AllocationPoint>& points = allocation.points;
  ISOFLOP_CHECK(points.size() >= 2 && range_of(points) > 0);
  const auto all = [&](auto member) { return std::all_of(points.begin(), points.end(), member); };
  const bool weighted = options.weighted && all_have_errors(points);
  AllocationLaws laws = lines_of(points, weighted, all([](const AllocationPoint& p) { return p.d.has_value(); }));
  if (all([](const AllocationPoint& p) { return p.loss.has_value(); }))
    put_frontier(points, points.size() >= kPointsForFloor, laws);
  const std::vector<AllocationNumber> numbers = numbers_of(laws, options.at);

  const bool may_draw = allocation.draw && options.draws > 0 && options.interval != AllocationInterval::student;
  const auto drawn = may_draw ? drawn_points(allocation, options.draws) : std::vector<std::vector<AllocationPoint>>{};
  const bool scattered =
      weighted && scatters(laws.n.degrees() < 1 ? 0 : laws.n.variance(), laws.n.degrees(), "the minima lie", fit);
  const bool losses_scattered = laws.plain && losses_scatter(points, laws, fit);
  const bool enough = static_cast<std::int64_t>(drawn.size()) * 2 >= options.draws && drawn.size() >= kLeastDraws;
  if (may_draw && !enough)
    fit.warnings.push_back({"few_draws", "only " + plural(drawn.size(), "draw") + " of " + format_number(options.draws) +
                                             " gave a law: the interval is Student's t"});
  const bool automatic = options.interval == AllocationInterval::automatic;
  const bool few = automatic && static_cast<std::int64_t>(points.size()) < kPointsForDraws;
  const bool draws_know_losses = enough && std::all_of(drawn.front().begin(), drawn.front().end(),
                                                       [](const AllocationPoint& p) { return p.loss.has_value(); });
  const ByStudent student{.lines = !enough || few || (automatic && scattered),
                          .losses = !draws_know_losses || few || (automatic && losses_scattered)};
  if (options.draws > 0) fit.draws = draws_of(allocation, drawn, laws, options, numbers, weighted, student);
  const std::string by_draws = allocation.drawn + ", " + format_count(static_cast<double>(fit.draws.size())) + " draws";
  fit.interval_method = student.lines ? "Student's t" : by_draws;
  if (laws.plain && student.lines != student.losses)
    fit.interval_method += "; L*: " + (student.losses ? "Student's t" : by_draws);
  set_intervals(numbers, laws, student, options, fit);
  if (laws.floored && laws.floored->floor == 0)
    fit.warnings.push_back({"no_floor", "the least losses over C do not tell a floor: the plain power is as good"});

  fit.objective = laws.n.sse;
  fit.objective_definition = std::string("sum over ") + allocation.one + "s of " +
                             (weighted ? "(ln N* - ln k_n C^a)^2 / se^2" : "(ln N* - ln k_n C^a)^2");
  describe(points, laws, fit);
  name_points_off(points, weighted, laws.d.has_value(), allocation.one, fit);
  doubt(allocation, options, fit);
  for (const AllocationNumber& number : numbers)
    if (!number.possible(laws)) {
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
