#include "laws/jackknife.h"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "base/team.h"

namespace isoflop::laws {

std::vector<std::optional<Theta>> leave_out_each(const Problem& problem, const Theta& best, std::int64_t threads,
                                                 const std::stop_token& stop) {
  std::vector<std::optional<Theta>> thetas(static_cast<std::size_t>(problem.groups));
  std::atomic<std::int64_t> next{0};
  Team team(std::max<std::int64_t>(1, std::min(threads, problem.groups)));
  team.run([&](std::int64_t) {
    Rows rows = problem.rows;
    for (std::int64_t unit = next++; unit < problem.groups && !stop.stop_requested(); unit = next++) {
      for (std::int64_t i = 0; i < problem.rows.count; ++i)
        rows.weight[i] = problem.group[i] == unit ? 0 : problem.rows.weight[i];
      const Minimum end = minimise(*problem.law, rows, problem.objective, best, problem.free, {.tolerance = 1e-11, .near = true});
      if (end.stop != Minimum::Stop::no_start) thetas[unit] = end.theta;
    }
  });
  return thetas;
}

double jackknife_error(const std::vector<double>& without) {
  const auto n = static_cast<double>(without.size());
  double mean = 0, squares = 0;
  for (const double x : without) mean += x / n;
  for (const double x : without) squares += (x - mean) * (x - mean);
  return std::sqrt((n - 1) / n * squares);
}

}  // namespace isoflop::laws
