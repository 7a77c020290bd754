#include "base/quantile.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace isoflop {

double quantile_of(std::span<const double> ascending, double share) {
  ISOFLOP_CHECK(!ascending.empty() && share >= 0 && share <= 1);
  const double place = share * static_cast<double>(ascending.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const double part = place - static_cast<double>(below);
  if (!(part > 0) || below + 1 >= ascending.size() || !std::isfinite(ascending[below])) return ascending[below];
  return ascending[below] + part * (ascending[below + 1] - ascending[below]);
}

std::pair<double, double> middle_of(std::vector<double> values, double level) {
  for (double& value : values)
    if (std::isnan(value)) value = INFINITY;
  std::sort(values.begin(), values.end());
  const double tail = 0.5 * (1 - level);
  return {quantile_of(values, tail), quantile_of(values, 1 - tail)};
}

}  // namespace isoflop
