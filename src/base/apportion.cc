#include "base/apportion.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace isoflop {

std::vector<std::int64_t> apportion(std::span<const double> shares, std::int64_t whole, std::span<const std::int64_t> caps) {
  const auto cap = [&](std::size_t i) { return caps.empty() ? std::numeric_limits<std::int64_t>::max() : caps[i]; };
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  std::vector<std::int64_t> counts(shares.size());
  std::vector<double> rest(shares.size());
  std::vector<std::size_t> order;
  std::int64_t left = whole;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (!(shares[i] > 0)) continue;
    const double exact = shares[i] / sum * static_cast<double>(whole);
    // 3 where 0.3 of 10 came out as 2.9999999999999996
    counts[i] = std::min(cap(i), static_cast<std::int64_t>(std::floor(exact + 1e-9)));
    rest[i] = exact - static_cast<double>(counts[i]);
    left -= counts[i];
    order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return rest[a] > rest[b]; });
  for (bool given = true; left > 0 && given;) {
    given = false;
    for (const std::size_t i : order) {
      if (left == 0 || counts[i] == cap(i)) continue;
      ++counts[i], --left;
      given = true;
    }
  }
  return counts;
}

}  // namespace isoflop
