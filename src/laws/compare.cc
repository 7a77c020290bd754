// Two recipes, one law: how much compute the first needs for the loss of the second.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "base/math.h"
#include "laws/budgets.h"
#include "laws/frontier.h"
#include "laws/optimum_laws.h"
#include "laws/resample.h"
#include "laws/words.h"

namespace isoflop {
namespace {

using namespace laws;

constexpr double kInf = std::numeric_limits<double>::infinity();

/// The rows of less loss than every row of as much of `column` or less.
Observations lower_envelope(const Observations& table, const std::string& column, const std::string& loss) {
  const Column &x = need_column(table, column), &y = need_column(table, loss);
  std::vector<std::size_t> order;
  for (std::size_t row = 0; row < table.labels.size(); ++row)
    if (x[row] && y[row]) order.push_back(row);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return std::pair(*x[a], *y[a]) < std::pair(*x[b], *y[b]); });
  std::vector<std::size_t> kept;
  for (const std::size_t row : order)
    if (kept.empty() || *y[row] < *y[kept.back()]) kept.push_back(row);
  return rows_of(table, kept);
}

/// The names that tell rows apart and that both tables can share: groups, else names that are not just a line.
std::vector<std::string> units_of(const Observations& table) {
  if (!table.groups.empty()) return table.groups;
  for (const std::string& label : table.labels)
    if (label.empty() || label.starts_with("line ")) return {};
  return table.labels;
}

/// The same units in both tables: their rows are put in one order, so that one draw takes the same of both.
bool pair_rows(Observations& a, Observations& b) {
  const auto units_a = units_of(a), units_b = units_of(b);
  if (units_a.empty() || a.groups.empty() != b.groups.empty()) return false;
  const std::set<std::string> names_a(units_a.begin(), units_a.end()), names_b(units_b.begin(), units_b.end());
  if (names_a != names_b) return false;
  if (a.groups.empty() && (names_a.size() != units_a.size() || units_a.size() != units_b.size())) return false;
  for (auto [table, units] : {std::pair{&a, &units_a}, {&b, &units_b}}) {
    std::vector<std::size_t> order(units->size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [names = units](std::size_t i, std::size_t j) { return (*names)[i] < (*names)[j]; });
    *table = rows_of(*table, order);
  }
  return true;
}

/// Whether C is measured, not 6 N D: then the frontier does not depend on what N counts.
bool has_flops(const Observations& table, const LawInfo& law) {
  if (optimum_law(law.name)) return law.name == "optima" || !flops_column_of(table).empty();
  return law.inputs.front() == "flops";
}

void need_one(const std::string& what, const std::string& first, const std::string& second) {
  if (first == second || first == "unstated" || second == "unstated") return;
  throw Error(Fault::bad_data, "compare", what + " is " + first + " in A and " + second + " in B",
              "recipes are compared in one " + what);
}

void need_one_meaning(const Observations& a, const Observations& b, const FitOptions& options, const LawInfo& law) {
  need_one("unit of loss", a.loss_unit, b.loss_unit);
  need_one("loss", loss_kind_of(a, {.loss_column = options.loss_column}), loss_kind_of(b, {.loss_column = options.loss_column}));
  const bool measured = has_flops(a, law) && has_flops(b, law);
  if (measured) need_one("meaning of C", a.flops_convention, b.flops_convention);
  if (!measured)
    need_one("meaning of N", n_convention_of(a, {.n_column = options.n_column}),
             n_convention_of(b, {.n_column = options.n_column}));
}

/// What one of the two states and the other does not: taken to be the same.
void doubt_unstated(const Observations& a, const Observations& b, std::vector<Warning>& warnings) {
  const bool a_says = a.loss_unit != "unstated", b_says = b.loss_unit != "unstated";
  if (a_says == b_says) return;
  warnings.push_back({"unstated_unit", std::string("losses of ") + (a_says ? "A" : "B") + " are in " +
                                           (a_says ? a : b).loss_unit + ", and " + (a_says ? "B" : "A") +
                                           " does not say in what: they are taken for the same; a column loss_unit says it"});
}

/// ln x at which the loss is `target`, within 12 decades about `near`; infinite beyond.
double ln_x_of(const Frontier& frontier, double target, double near) {
  const auto above = [&](double ln_x) { return frontier.loss(exp_(ln_x)) - target; };
  double low = near, high = near, step = 0.5;
  double at_low = above(low), at_high = at_low;
  if (!std::isfinite(at_low)) return kInf;
  while (at_low < 0 && low > near - 28) low -= step, at_low = above(low), step *= 2;
  step = 0.5;
  while (at_high > 0 && high < near + 28) high += step, at_high = above(high), step *= 2;
  if (at_low < 0) return -kInf;
  if (at_high > 0) return kInf;
  if (at_low == at_high) return near;
  // false position that halves the weight of an end that stays (Illinois); the loss falls, so it is above the target at `low`
  int side = 0;
  for (int i = 0; i < 80 && high - low > 1e-12; ++i) {
    const double middle = low + (high - low) * at_low / (at_low - at_high), at = above(middle);
    if (!(std::fabs(at) > 1e-15 * target)) return middle;
    if (at > 0) {
      low = middle, at_low = at;
      if (side > 0) at_high *= 0.5;
    } else {
      high = middle, at_high = at;
      if (side < 0) at_low *= 0.5;
    }
    side = at > 0 ? 1 : -1;
  }
  return 0.5 * (low + high);
}

double ln_multiplier_of(const Frontier& a, const Frontier& b, double ln_x) {
  return ln_x_of(a, b.loss(exp_(ln_x)), ln_x) - ln_x;
}

/// Both recipes' frontiers, as fitted and as drawn.
struct Pair {
  Frontiers a, b;
  double widen = 1, level = 0.95;

  [[nodiscard]] std::size_t size() const { return std::min(a.draws.size(), b.draws.size()); }
  [[nodiscard]] double ln_multiplier(double ln_x) const { return ln_multiplier_of(a.best, b.best, ln_x); }
  [[nodiscard]] double drawn(std::size_t i, double ln_x) const { return ln_multiplier_of(a.draws[i], b.draws[i], ln_x); }

  [[nodiscard]] std::optional<Interval> interval(std::vector<double> draws, double value) const {
    if (draws.size() < kLeastDraws || !std::isfinite(value)) return std::nullopt;
    const Interval of_ln = percentile_interval(std::move(draws), value, level, widen);
    return Interval{exp_(of_ln.low), exp_(of_ln.high), level};
  }
};

Multiplier multiplier_at(const Pair& pair, double ln_x) {
  const double value = pair.ln_multiplier(ln_x), x = exp_(ln_x);
  Multiplier m{.at = x, .loss_a = pair.a.best.loss(x), .loss_b = pair.b.best.loss(x), .value = exp_(value), .interval = {}};
  std::vector<double> draws;
  for (std::size_t i = 0; i < pair.size(); ++i) draws.push_back(pair.drawn(i, ln_x));
  m.interval = pair.interval(std::move(draws), value);
  return m;
}

/// ln x where `ln_m` changes sign; nothing where it does not between the ends.
template <class F>
std::optional<double> zero_of(const F& ln_m, double low, double high, int steps) {
  double before = ln_m(low);
  for (int i = 1; i <= steps; ++i) {
    const double right = low + (high - low) * i / steps, at = ln_m(right);
    if ((before > 0) != (at > 0) && std::fabs(at - before) > 1e-9) {
      double a = low + (high - low) * (i - 1) / steps, b = right;
      for (int k = 0; k < 40; ++k) {
        const double middle = 0.5 * (a + b);
        ((ln_m(middle) > 0) == (before > 0) ? a : b) = middle;
      }
      return 0.5 * (a + b);
    }
    before = at;
  }
  return std::nullopt;
}

std::optional<Estimate> crossing_of(const Pair& pair, double low, double high) {
  const double beyond = log_(100), from = low - beyond, to = high + beyond;
  const auto value = zero_of([&](double x) { return pair.ln_multiplier(x); }, from, to, 48);
  if (!value) return std::nullopt;
  std::vector<double> draws;
  for (std::size_t i = 0; i < pair.size(); ++i) {
    const auto ln_m = [&](double x) { return pair.drawn(i, x); };
    const auto at = zero_of(ln_m, from, to, 12);
    // none: it lies beyond the end where the two are closer
    draws.push_back(at ? *at : std::fabs(ln_m(to)) < std::fabs(ln_m(from)) ? kInf : -kInf);
  }
  return Estimate{exp_(*value), pair.interval(std::move(draws), *value), {"seed", "form"}};
}

double variance_of(const std::vector<double>& values) {
  double mean = 0, squares = 0;
  for (const double v : values) mean += v / static_cast<double>(values.size());
  for (const double v : values) squares += (v - mean) * (v - mean);
  return squares;
}

/// Of the points, the one where least is known of whether m is 1; whose run would tell more there.
std::optional<Comparison::NextRun> next_run(const Pair& pair, const std::vector<Multiplier>& points) {
  const Multiplier* best = nullptr;
  double most = -1;
  for (const Multiplier& m : points) {
    if (!m.interval) continue;
    const double width = log_(m.interval->high) - log_(m.interval->low), away = std::fabs(log_(m.value));
    if (width == 0) continue;
    const double share = std::isfinite(width) ? width / (width + away) : 1;
    if (share > most) most = share, best = &m;
  }
  if (!best) return std::nullopt;
  const double ln_x = log_(best->at);
  std::vector<double> by_a, by_b;
  for (std::size_t i = 0; i < pair.size(); ++i) {
    by_a.push_back(std::clamp(ln_multiplier_of(pair.a.draws[i], pair.b.best, ln_x), -28.0, 28.0));
    by_b.push_back(std::clamp(ln_multiplier_of(pair.a.best, pair.b.draws[i], ln_x), -28.0, 28.0));
  }
  const bool of_a = variance_of(by_a) > variance_of(by_b);
  Comparison::NextRun next{.recipe = of_a ? "A" : "B", .at = best->at * (of_a ? best->value : 1), .params = {}, .tokens = {}};
  if (const auto model = (of_a ? pair.a : pair.b).best.model(next.at)) {
    next.params = model->params;
    next.tokens = model->tokens;
  }
  return next;
}

bool has_numbers(const Observations& table, const std::string& name) {
  const Column* column = find_column(table, name);
  return column && std::any_of(column->begin(), column->end(), [](const auto& value) { return value.has_value(); });
}

std::string law_of(const Observations& a, const Observations& b, const CompareOptions& options) {
  if (!options.law.empty()) return options.law;
  const auto surface = [&](const Observations& t) { return has_numbers(t, options.fit.n_column) && has_numbers(t, "tokens"); };
  return surface(a) && surface(b) ? "chinchilla" : "power_c";
}

/// Where the multiplier is asked for, as ln x; a warning where that is not what both tables cover.
std::vector<double> places_of(const CompareOptions& options, Comparison& result) {
  const auto range_of = [&](const Fit& fit) {
    const auto [least, most] = fit.fitted_range.at(result.axis);
    return std::pair{log_(least), log_(most)};
  };
  const auto a = range_of(*result.a.fit), b = range_of(*result.b.fit);
  double low = std::max(a.first, b.first), high = std::min(a.second, b.second);
  if (!(low < high)) {
    result.warnings.push_back({"no_common_range", "A covers " + people(exp_(a.first)) + " to " + people(exp_(a.second)) + ", B " +
                                                      people(exp_(b.first)) + " to " + people(exp_(b.second)) +
                                                      ": every multiplier is an extrapolation of one of them"});
    std::swap(low, high);
  }
  result.common_low = exp_(low), result.common_high = exp_(high);
  std::vector<double> places;
  for (std::int64_t i = 0; i < options.points; ++i)
    places.push_back(options.points == 1 ? high
                                         : low + (high - low) * static_cast<double>(i) / static_cast<double>(options.points - 1));
  for (const double at : options.at) {
    places.push_back(log_(at));
    if (at > 10 * result.common_high || at < 0.1 * result.common_low)
      result.warnings.push_back({"extrapolation", "C = " + people(at) + " is more than ten times beyond what both tables cover"});
  }
  std::sort(places.begin(), places.end());
  return places;
}

}  // namespace

Comparison compare_recipes(const Observations& table_a, const Observations& table_b, const CompareOptions& options) {
  Comparison result;
  result.law = law_of(table_a, table_b, options);
  result.axis = frontier_axis(result.law);
  const LawInfo& law = law_info(result.law);
  need_one_meaning(table_a, table_b, options.fit, law);
  doubt_unstated(table_a, table_b, result.warnings);

  Observations a = table_a, b = table_b;
  if (law.inputs.size() == 1 && !options.all_rows)
    for (Observations* table : {&a, &b})
      *table = lower_envelope(*table, column_of(*table, {result.axis}, options.fit.n_column), options.fit.loss_column);
  // optima are drawn by the noise about them, which two tables do not share
  result.paired = !optimum_law(result.law) && pair_rows(a, b);
  FitOptions fit_b = options.fit;
  if (!result.paired) ++fit_b.seed;  // draws of its own
  result.a = fit_law(a, result.law, options.fit);
  result.b = fit_law(b, result.law, fit_b);
  if (!result.a.fit || !result.b.fit) return result;
  // which column C was read from
  if (optimum_law(result.law)) need_one("meaning of C", result.a.fit->flops_convention, result.b.fit->flops_convention);
  result.paired =
      result.paired && result.a.fit->draws.size() == result.b.fit->draws.size() && result.a.fit->rows == result.b.fit->rows;

  const Pair pair{.a = frontiers_of(*result.a.fit, options.held),
                  .b = frontiers_of(*result.b.fit, options.held),
                  .widen = std::max(result.a.fit->interval_widening, result.b.fit->interval_widening),
                  .level = options.fit.level};
  for (const double ln_x : places_of(options, result)) result.points.push_back(multiplier_at(pair, ln_x));
  result.crossing = crossing_of(pair, log_(result.common_low), log_(result.common_high));
  result.next = next_run(pair, result.points);
  return result;
}

}  // namespace isoflop
