// Approach 1: of all runs, the one of least loss at each value of C; sizes and tokens along that envelope make the laws.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "base/math.h"
#include "base/random.h"
#include "isoflop/text.h"
#include "laws/allocation.h"
#include "laws/budgets.h"
#include "laws/rows.h"
#include "laws/words.h"

namespace isoflop {
namespace {

constexpr double kAbsent = std::numeric_limits<double>::infinity();  // ln L of a run where it has no steps

/// One run: its steps by ascending C, then its curve on the grid.
struct Run {
  std::string label;
  double params = 0;
  std::vector<double> x, y, d;       // ln C, ln L, ln D of the steps
  std::vector<double> loss, tokens;  // ln L and ln D on the grid; kAbsent outside of the steps
};

/// The best run at one value of C.
struct Best {
  std::size_t grid = 0, run = 0;
};

void check_options(const EnvelopeOptions& options) {
  laws::check_options(options.law);
  if (options.grid < 10 || options.grid > 1000000)
    throw Error(Fault::usage, "grid", "is " + format_number(options.grid) + ", expected 10 to 1,000,000");
}

std::vector<Run> runs_of(const Observations& table, const laws::ComputeRows& rows, const EnvelopeOptions& options,
                         std::vector<Warning>& warnings) {
  std::map<std::string, std::vector<std::size_t>> steps;
  for (std::size_t i = 0; i < rows.rows.size(); ++i)
    steps[(table.groups.empty() ? table.labels : table.groups)[rows.rows[i]]].push_back(i);
  std::vector<Run> runs;
  std::vector<std::string> single;
  for (auto& [label, members] : steps) {
    std::stable_sort(members.begin(), members.end(), [&](std::size_t i, std::size_t j) { return rows.flops[i] < rows.flops[j]; });
    Run run;
    run.label = label;
    run.params = rows.params[members.front()];
    for (const std::size_t i : members) {
      if (rows.params[i] != run.params)
        throw Error(Fault::bad_data, laws::place_of(table, rows.rows[i]),
                    "column `" + options.n_column + "` is " + format_number(rows.params[i]) + ", and " +
                        format_number(run.params) + " in another row of run " + label,
                    "rows of one label (or --group) are steps of one run");
      const double x = log_(rows.flops[i]);
      if (!run.x.empty() && !(x > run.x.back())) continue;  // a step logged twice
      run.x.push_back(x);
      run.y.push_back(log_(rows.loss[i]));
      run.d.push_back(rows.tokens.empty() ? x - log_(6) - log_(run.params) : log_(rows.tokens[i]));
    }
    if (run.x.size() < 2)
      single.push_back(label);
    else
      runs.push_back(std::move(run));
  }
  if (!single.empty())
    warnings.push_back({"few_points", plural(single.size(), "run") + " of one step left out: " + listed(single) +
                                          "; the envelope is of curves, one label (or --group) a run"});
  return runs;
}

/// The runs' curves on a grid of ln C over all of them.
std::vector<double> onto_grid(std::vector<Run>& runs, std::int64_t count) {
  double low = kAbsent, high = -kAbsent;
  for (const Run& run : runs) {
    low = std::min(low, run.x.front());
    high = std::max(high, run.x.back());
  }
  std::vector<double> grid;
  for (std::int64_t i = 0; i < count; ++i)
    grid.push_back(low + (high - low) * static_cast<double>(i) / static_cast<double>(count - 1));
  for (Run& run : runs) {
    std::size_t step = 0;
    for (const double x : grid) {
      const bool inside = x >= run.x.front() && x <= run.x.back();
      while (inside && step + 2 < run.x.size() && x > run.x[step + 1]) ++step;
      const double share = inside ? (x - run.x[step]) / (run.x[step + 1] - run.x[step]) : 0;
      run.loss.push_back(inside ? run.y[step] + share * (run.y[step + 1] - run.y[step]) : kAbsent);
      run.tokens.push_back(inside ? run.d[step] + share * (run.d[step + 1] - run.d[step]) : kAbsent);
    }
  }
  return grid;
}

/// The best of the chosen runs at each value of C. Without `keep_edges` only where it has taken over from a smaller size and will
/// give way to a larger one: the first and the last size of the envelope are best for as long as nothing else is there.
std::vector<Best> envelope_of(const std::vector<const Run*>& runs, std::size_t grid, bool keep_edges) {
  std::vector<Best> envelope;
  double smallest = kAbsent, largest = 0;
  for (std::size_t g = 0; g < grid; ++g) {
    std::size_t best = 0;
    for (std::size_t r = 1; r < runs.size(); ++r)
      if (runs[r]->loss[g] < runs[best]->loss[g]) best = r;
    if (runs[best]->loss[g] == kAbsent) continue;
    smallest = std::min(smallest, runs[best]->params);
    largest = std::max(largest, runs[best]->params);
    envelope.push_back({g, best});
  }
  if (!keep_edges)
    std::erase_if(envelope, [&](const Best& b) { return runs[b.run]->params == smallest || runs[b.run]->params == largest; });
  return envelope;
}

/// The sizes on the envelope, each at the middle of the values of C where it is best. These are the law's points: a line through
/// all values of C would be too flat, for N stands still between two sizes (by 1 / m^2 with m sizes: 0.50 for 0.514 with 8 runs).
std::vector<BudgetOptimum> sizes_of(const std::vector<const Run*>& runs, const std::vector<double>& grid,
                                    const std::vector<Best>& envelope) {
  struct Sums {
    double x = 0, d = 0, y = 0;
    std::int64_t count = 0;
  };
  std::map<double, Sums> sizes;
  for (const Best& best : envelope) {
    const Run& run = *runs[best.run];
    Sums& s = sizes[run.params];
    s.x += grid[best.grid];
    s.d += run.tokens[best.grid];
    s.y += run.loss[best.grid];
    ++s.count;
  }
  std::vector<BudgetOptimum> optima;
  for (const auto& [params, s] : sizes) {
    const auto count = static_cast<double>(s.count);
    BudgetOptimum optimum;
    optimum.flops = exp_(s.x / count);
    optimum.points = s.count;
    optimum.params = params;
    optimum.tokens = exp_(s.d / count);
    optimum.loss = exp_(s.y / count);
    optima.push_back(optimum);
  }
  return optima;
}

std::vector<laws::AllocationPoint> points_of(const std::vector<BudgetOptimum>& sizes) {
  std::vector<laws::AllocationPoint> points;
  for (const BudgetOptimum& o : sizes)
    points.push_back({.x = log_(o.flops), .n = log_(*o.params), .d = log_(*o.tokens), .loss = o.loss});
  return points;
}

}  // namespace

FitResult fit_envelope(const Observations& table, const EnvelopeOptions& options) {
  check_options(options);
  const laws::ComputeRows rows = laws::compute_rows(table, options.n_column, options.loss_column, options.allow_repeated);
  FitResult result{.fit = {}, .warnings = rows.warnings};
  std::vector<Run> runs = runs_of(table, rows, options, result.warnings);
  const std::vector<double> grid = runs.empty() ? std::vector<double>{} : onto_grid(runs, options.grid);
  std::vector<const Run*> all;
  for (const Run& run : runs) all.push_back(&run);
  const std::vector<Best> envelope = runs.empty() ? std::vector<Best>{} : envelope_of(all, grid.size(), options.keep_edges);

  Fit fit;
  fit.optima = sizes_of(all, grid, envelope);
  if (fit.optima.size() < 2) {
    result.warnings.push_back(
        {"few_rows", plural(fit.optima.size(), "size") + " on the envelope of " + plural(runs.size(), "run") +
                         " with a smaller and a larger one beside it, expected 2 for a line, 3 for a law with an interval"});
    return result;
  }
  laws::Allocation allocation;
  allocation.one = "size";
  allocation.drawn = "runs drawn with replacement";
  allocation.points = points_of(fit.optima);
  const Philox dice{.seed = options.law.seed, .stream = Stream::bootstrap};
  allocation.draw = [&](std::int64_t k, std::vector<laws::AllocationPoint>& points) {
    std::vector<const Run*> drawn;
    for (std::size_t i = 0; i < all.size(); ++i)
      drawn.push_back(all[dice.below(all.size(), static_cast<std::uint64_t>(k) * all.size() + i)]);
    points = points_of(sizes_of(drawn, grid, envelope_of(drawn, grid.size(), options.keep_edges)));
    return points.size() >= 2;
  };

  const PowerFitOptions columns{.n_column = options.n_column, .loss_column = options.loss_column};
  fit.law = "envelope";
  fit.formula = "N*(C) = k_n C^a, D*(C) = k_d C^b, L*(C) = e + k C^-c";
  fit.n_convention = n_convention_of(table, columns);
  fit.flops_convention = rows.flops_convention;
  fit.loss_kind = loss_kind_of(table, columns);
  fit.loss_unit = table.loss_unit;
  fit.warnings = result.warnings;
  fit.rows = static_cast<std::int64_t>(rows.rows.size());
  AllocationOptions law = options.law;
  if (law.interval == AllocationInterval::automatic) law.interval = AllocationInterval::student;
  return laws::fit_allocation(allocation, law, std::move(fit));
}

}  // namespace isoflop
