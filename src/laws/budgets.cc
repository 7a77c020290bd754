#include "laws/budgets.h"

#include <algorithm>
#include <cmath>

#include "base/math.h"
#include "laws/rows.h"

namespace isoflop::laws {
namespace {

constexpr double kOffSpreads = 3.5;   // of 1.4826 median absolute deviations: one row in 2,000 by chance
constexpr double kOffAtLeast = 0.03;  // rows this near in ln C are of one budget, however well the others agree

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 ? values[half] : 0.5 * (values[half - 1] + values[half]);
}

double median_flops(const ComputeRows& rows, const std::vector<std::size_t>& members) {
  std::vector<double> flops;
  for (const std::size_t i : members) flops.push_back(rows.flops[i]);
  return median(std::move(flops));
}

std::vector<Budget> nearest_given(const ComputeRows& rows, std::vector<double> given, double tolerance) {
  std::sort(given.begin(), given.end());
  std::vector<Budget> budgets;
  for (const double flops : given) budgets.push_back({flops, {}});
  for (std::size_t i = 0; i < rows.flops.size(); ++i) {
    Budget* best = nullptr;
    double off = tolerance;
    for (Budget& budget : budgets) {
      const double own = std::fabs(rows.flops[i] / budget.flops - 1);
      if (own > off || (best && own == off)) continue;
      best = &budget;
      off = own;
    }
    if (best) best->members.push_back(i);
  }
  return budgets;
}

std::vector<Budget> where_rows_gather(const ComputeRows& rows, double tolerance) {
  std::vector<std::size_t> order(rows.flops.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return rows.flops[i] < rows.flops[j]; });
  const double widest = (1 + tolerance) / (1 - tolerance);
  std::vector<Budget> budgets;
  while (!order.empty()) {
    // the span of most rows; of equal ones the narrowest, then the cheapest
    std::size_t best = 0, most = 0;
    double narrowest = 0;
    for (std::size_t first = 0, last = 0; first < order.size(); ++first) {
      while (last < order.size() && rows.flops[order[last]] <= rows.flops[order[first]] * widest) ++last;
      const double width = rows.flops[order[last - 1]] / rows.flops[order[first]];
      if (last - first < most || (last - first == most && width >= narrowest)) continue;
      best = first;
      most = last - first;
      narrowest = width;
    }
    const auto begin = order.begin() + static_cast<std::ptrdiff_t>(best), end = begin + static_cast<std::ptrdiff_t>(most);
    Budget budget{0, {begin, end}};
    std::sort(budget.members.begin(), budget.members.end());
    budget.flops = median_flops(rows, budget.members);
    budgets.push_back(std::move(budget));
    order.erase(begin, end);
  }
  std::sort(budgets.begin(), budgets.end(), [](const Budget& a, const Budget& b) { return a.flops < b.flops; });
  return budgets;
}

}  // namespace

std::string flops_column_of(const Observations& table) {
  for (const char* name : {"flops", "flops_exact", "flops_6nd"})
    if (find_column(table, name)) return name;
  return {};
}

std::string convention_of_flops(const Observations& table) {
  // a convention read off another column says nothing about this one
  const bool other =
      find_column(table, "flops_exact") || find_column(table, "flops_6nd") || find_column(table, "flops_full_attention");
  return other ? "unstated" : table.flops_convention;
}

ComputeRows compute_rows(const Observations& table, const std::string& n_column, const std::string& loss_column,
                         bool allow_repeated) {
  ComputeRows result;
  const std::string flops_column = flops_column_of(table);
  std::vector<std::string> needed{n_column, loss_column};
  if (!flops_column.empty()) needed.push_back(flops_column);
  if (flops_column.empty() || find_column(table, "tokens")) needed.emplace_back("tokens");
  UsableRows usable = usable_rows(table, needed, n_column, allow_repeated);
  result.warnings = std::move(usable.warnings);
  result.rows = std::move(usable.rows);

  const Column* tokens = find_column(table, "tokens");
  for (const std::size_t row : result.rows) {
    result.params.push_back(*table.columns.at(n_column)[row]);
    result.loss.push_back(*table.columns.at(loss_column)[row]);
    if (tokens) result.tokens.push_back(*(*tokens)[row]);
    result.flops.push_back(flops_column.empty() ? 6 * result.params.back() * result.tokens.back()
                                                : *table.columns.at(flops_column)[row]);
    if (flops_column.empty()) need_positive(result.flops.back(), table, row, "6 N D");
  }
  result.flops_convention = flops_column.empty()      ? "flops_6nd"
                            : flops_column == "flops" ? convention_of_flops(table)
                                                      : flops_column;
  if (flops_column.empty())
    result.warnings.push_back({"flops_computed", "the table has no column of FLOPs: C is taken as 6 N D with N = " + n_column +
                                                     ", which leaves out attention and counts the head only if N does"});
  return result;
}

std::vector<Budget> budgets_of(const ComputeRows& rows, const std::vector<double>& given, double tolerance) {
  return given.empty() ? where_rows_gather(rows, tolerance) : nearest_given(rows, given, tolerance);
}

std::vector<std::size_t> off_budget(const ComputeRows& rows, const Budget& budget) {
  if (budget.members.size() < 5) return {};  // too few for a majority to be the budget
  std::vector<double> x;
  for (const std::size_t i : budget.members) x.push_back(log_(rows.flops[i]));
  const double middle = median(x);
  std::vector<double> off;
  for (const double value : x) off.push_back(std::fabs(value - middle));
  const double limit = std::max(kOffAtLeast, kOffSpreads * 1.4826 * median(off));
  std::vector<std::size_t> strays;
  for (std::size_t i = 0; i < x.size(); ++i)
    if (off[i] > limit) strays.push_back(budget.members[i]);
  return strays;
}

}  // namespace isoflop::laws
