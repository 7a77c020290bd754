#include "laws/agreement.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "base/random.h"

namespace isoflop {
namespace laws {

std::optional<double> spearman_of(const std::vector<double>& a, const std::vector<double>& b) {
  ISOFLOP_CHECK(a.size() == b.size());
  const auto ranks_of = [](const std::vector<double>& values) {
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return values[i] < values[j]; });
    std::vector<double> ranks(values.size());
    for (std::size_t first = 0; first < order.size();) {
      std::size_t last = first;
      while (last < order.size() && values[order[last]] == values[order[first]]) ++last;
      for (std::size_t i = first; i < last; ++i) ranks[order[i]] = 0.5 * static_cast<double>(first + last - 1);
      first = last;
    }
    return ranks;
  };
  const std::vector<double> x = ranks_of(a), y = ranks_of(b);
  const double middle = 0.5 * (static_cast<double>(a.size()) - 1);
  double xy = 0, xx = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - middle) * (y[i] - middle);
    xx += (x[i] - middle) * (x[i] - middle);
    yy += (y[i] - middle) * (y[i] - middle);
  }
  if (!(xx > 0 && yy > 0)) return std::nullopt;
  return xy / std::sqrt(xx * yy);
}

std::vector<std::int64_t> folds_of(std::size_t units, std::int64_t folds, std::uint64_t seed) {
  constexpr std::uint64_t kFoldKey = 0x4d0002;  // of the seed's permutation
  const Permutation shuffled(std::max<std::uint64_t>(1, units), seed, kFoldKey);
  std::vector<std::int64_t> fold;
  for (std::uint64_t unit = 0; unit < units; ++unit) fold.push_back(static_cast<std::int64_t>(shuffled(unit)) % folds);
  return fold;
}

}  // namespace laws

Agreement agreement_of(const std::vector<double>& predicted, const std::vector<double>& losses) {
  ISOFLOP_CHECK(predicted.size() == losses.size());
  Agreement a{
      .rows = static_cast<std::int64_t>(losses.size()), .r_squared = {}, .spearman = laws::spearman_of(predicted, losses)};
  if (losses.empty()) return a;
  const auto n = static_cast<double>(losses.size());
  double mean = 0, squares = 0, spread = 0;
  for (const double loss : losses) mean += loss / n;
  for (std::size_t i = 0; i < losses.size(); ++i) {
    const double apart = losses[i] - predicted[i];
    squares += apart * apart;
    spread += (losses[i] - mean) * (losses[i] - mean);
    a.mean_absolute_error += std::fabs(apart) / n;
  }
  a.rmse = std::sqrt(squares / n);
  if (spread > 0) a.r_squared = 1 - squares / spread;
  return a;
}

}  // namespace isoflop
