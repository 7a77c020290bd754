#include "laws/mixture_simplex.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/math.h"
#include "base/search.h"

namespace isoflop::laws {

std::vector<double> filled(const std::vector<double>& proportions, const std::vector<double>& caps) {
  const std::size_t n = caps.size();
  double room = 0, reach = 0, total = 0;
  for (std::size_t j = 0; j < n; ++j) {
    room += caps[j];
    total += proportions[j];
    if (proportions[j] > 0) reach += caps[j];
  }
  ISOFLOP_CHECK(room >= 1 - 1e-9 && total > 0);
  std::vector<double> shares(n);
  if (reach < 1) {  // full, and the rest elsewhere
    const double rest = room > reach ? (1 - reach) / (room - reach) : 0;
    for (std::size_t j = 0; j < n; ++j) shares[j] = proportions[j] > 0 ? caps[j] : caps[j] * rest;
    return shares;
  }
  // sources at their cap leave the others' scale larger; at most one more joins them each time
  std::vector<bool> full(n);
  for (std::size_t round = 0; round <= n; ++round) {
    double left = 1, open = 0;
    for (std::size_t j = 0; j < n; ++j) full[j] ? left -= caps[j] : open += proportions[j];
    bool changed = false;
    for (std::size_t j = 0; j < n; ++j) {
      shares[j] = full[j] ? caps[j] : open > 0 ? left * proportions[j] / open : 0;
      if (!full[j] && shares[j] > caps[j]) full[j] = changed = true;
    }
    if (!changed) break;
  }
  return shares;
}

std::vector<double> least_shares(const SharesFunction& f, const std::vector<double>& caps, std::vector<double> start,
                                 double tolerance, std::int64_t iterations) {
  constexpr double kNone = 1e-12;
  const std::size_t n = caps.size();
  std::vector<double> slope(n), there(n), moved = start;
  (void)f(start, slope.data());
  for (std::int64_t iteration = 0; iteration < iterations; ++iteration) {
    std::size_t up = n, down = n;
    for (std::size_t j = 0; j < n; ++j) {
      if (start[j] < caps[j] - kNone && (up == n || slope[j] < slope[up])) up = j;
      if (start[j] > kNone && (down == n || slope[j] > slope[down])) down = j;
    }
    if (up == n || down == n || !(slope[down] - slope[up] > tolerance)) break;
    const double most = std::min(caps[up] - start[up], start[down]);
    const auto rise = [&](double step) {
      moved[up] = start[up] + step;
      moved[down] = start[down] - step;
      (void)f(moved, there.data());
      return there[up] - there[down];
    };
    const double step = rise(most) <= 0 ? most : zero_between(rise, 0.0, most, 1e-12);
    start[up] += step;
    start[down] = std::max(0.0, start[down] - step);
    moved = start;
    (void)f(start, slope.data());
    if (!(step > 0)) break;
  }
  // what rounding left of a source that is not wanted
  const auto most = std::max_element(start.begin(), start.end());
  for (double& share : start)
    if (share > 0 && share < kNone) {
      *most += share;
      share = 0;
    }
  return start;
}

namespace {

/// ln of a Gamma(alpha) number.
double ln_gamma_draw(const Philox& random, std::uint64_t index, std::uint32_t source, double alpha) {
  // below 1: that of alpha + 1 times u^(1 / alpha), which only logarithms hold
  const double shape = alpha < 1 ? alpha + 1 : alpha;
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  std::uint32_t sub = source << 8;
  double boost = 0;
  if (alpha < 1) boost = log_(1 - random.uniform(index, sub++)) / alpha;
  for (;;) {
    const double x = random.normal(index, sub), u = 1 - random.uniform(index, sub + 1);
    sub += 2;
    const double base = 1 + c * x;
    if (base <= 0) continue;
    const double v = base * base * base;
    if (log_(u) < 0.5 * x * x + d - d * v + d * log_(v)) return log_(d * v) + boost;
  }
}

}  // namespace

std::vector<double> dirichlet(const Philox& random, std::uint64_t index, const std::vector<double>& alpha) {
  std::vector<double> shares;
  double most = -INFINITY, sum = 0;
  for (std::size_t j = 0; j < alpha.size(); ++j) {
    shares.push_back(alpha[j] > 0 ? ln_gamma_draw(random, index, static_cast<std::uint32_t>(j), alpha[j]) : -INFINITY);
    most = std::max(most, shares.back());
  }
  for (double& share : shares) {
    share = share - most < -700 ? 0 : exp_(share - most);
    sum += share;
  }
  for (double& share : shares) share /= sum;
  return shares;
}

}  // namespace isoflop::laws
