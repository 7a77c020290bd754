#include "corpus/growth.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "base/math.h"

namespace isoflop::corpus {
namespace {

constexpr int kAll = NgramTree::kGroups;
using ByGroups = std::array<double, kAll + 1>;  // n-grams by the number of groups they occur in

// the mean number of n-grams in k of `groups` groups: an n-gram of j groups is missed by C(groups - j, k) of the C(groups, k)
// choices
double mean_in(const ByGroups& in, int groups, int k) {
  double distinct = 0;
  for (int j = 1; j <= groups; ++j) {
    double missed = 1;
    for (int i = 0; i < k; ++i) missed *= std::max(0.0, static_cast<double>(groups - j - i)) / static_cast<double>(groups - i);
    distinct += in[static_cast<std::size_t>(j)] * (1 - missed);
  }
  return distinct;
}

double slope(const ByGroups& in, int groups) {
  const double few = mean_in(in, groups, 2), all = mean_in(in, groups, groups);
  return few > 0 ? log_(all / few) / log_(static_cast<double>(groups) / 2) : 0;
}

}  // namespace

Growth growth_of(const NgramTree& tree, int n) {
  Growth growth;
  if (tree.positions(n) < kAll) return growth;
  std::vector<double> by_mask(std::size_t{1} << kAll);
  for (const std::uint16_t mask : tree.groups(n)) ++by_mask[mask];
  ByGroups whole{};
  std::array<ByGroups, kAll> without{};
  for (std::size_t mask = 1; mask < by_mask.size(); ++mask) {
    if (by_mask[mask] == 0) continue;
    whole[static_cast<std::size_t>(std::popcount(mask))] += by_mask[mask];
    for (std::size_t g = 0; g < kAll; ++g)
      without[g][static_cast<std::size_t>(std::popcount(mask & ~(std::size_t{1} << g)))] += by_mask[mask];
  }
  for (int k = 1; k <= kAll; ++k)
    growth.mean.emplace_back(static_cast<double>(tree.positions(n)) * k / kAll, mean_in(whole, kAll, k));
  growth.exponent = slope(whole, kAll);

  // jackknife: the slope with each part left out
  std::array<double, kAll> slopes{};
  double mean = 0;
  for (std::size_t g = 0; g < kAll; ++g) mean += (slopes[g] = slope(without[g], kAll - 1)) / kAll;
  double squares = 0;
  for (const double each : slopes) squares += (each - mean) * (each - mean);
  growth.error = std::sqrt(squares * (kAll - 1) / kAll);
  return growth;
}

double growth_in_order(const std::vector<std::pair<std::int64_t, std::int64_t>>& read) {
  if (read.empty() || read.back().first <= 0) return 0;
  const double last = static_cast<double>(read.back().first), eighth = last / 8;
  const auto beyond =
      std::find_if(read.begin(), read.end(), [&](const auto& at) { return static_cast<double>(at.first) > eighth; });
  if (beyond == read.begin() || (beyond - 1)->first <= 0) return 0;
  const auto before = beyond - 1;
  // between two readings the counts are taken to rise as a power
  const double d0 = log_(static_cast<double>(before->first)), d1 = log_(static_cast<double>(beyond->first));
  const double u0 = log_(static_cast<double>(before->second)), u1 = log_(static_cast<double>(beyond->second));
  const double u = u0 + (u1 - u0) * (log_(eighth) - d0) / (d1 - d0);
  return (log_(static_cast<double>(read.back().second)) - u) / log_(8);
}

}  // namespace isoflop::corpus
