#include "laws/curve.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.h"

namespace isoflop::laws {
namespace {

constexpr std::size_t kFewestInWindow = 5;
constexpr std::size_t kPointsPerGap = 25;

/// The inverse of the normal equations of a parabola in u, and the scale of u; singular with fewer than 3 different u.
struct Normal {
  std::array<double, 9> inverse{};
  bool singular = false;
  /// u^T inverse v for powers of u and v
  [[nodiscard]] double form(double u, double v) const {
    const std::array<double, 3> a{1, u, u * u}, b{1, v, v * v};
    double sum = 0;
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j) sum += a[i] * inverse[3 * i + j] * b[j];
    return sum;
  }
};

Normal normal_of(std::span<const double> u) {
  std::array<double, 5> s{};  // sums of powers
  for (const double v : u) {
    double power = 1;
    for (double& sum : s) {
      sum += power;
      power *= v;
    }
  }
  // by cofactors: u is scaled to [-1, 1], so that nothing is lost that a parabola could show
  const double a = s[2] * s[4] - s[3] * s[3], b = s[2] * s[3] - s[1] * s[4], c = s[1] * s[3] - s[2] * s[2];
  const double determinant = s[0] * a + s[1] * b + s[2] * c;
  Normal normal;
  normal.singular = !(determinant > 1e-12 * s[0] * s[2] * s[4]);
  if (normal.singular) return normal;
  const double e = s[0] * s[4] - s[2] * s[2], f = s[1] * s[2] - s[0] * s[3], i = s[0] * s[2] - s[1] * s[1];
  normal.inverse = {a, b, c, b, e, f, c, f, i};
  for (double& value : normal.inverse) value /= determinant;
  return normal;
}

std::size_t distinct(std::span<const double> x) {
  std::size_t count = x.empty() ? 0 : 1;
  for (std::size_t i = 1; i < x.size(); ++i) count += x[i] > x[i - 1];
  return count;
}

/// The points within `half_width` of a centre, or the nearest that hold kFewestInWindow different x.
std::pair<std::size_t, std::size_t> window_about(std::span<const double> x, double centre, double half_width) {
  const double reach = half_width * (1 + 1e-9);  // a grid made with this spacing keeps its ends
  auto first = static_cast<std::size_t>(std::lower_bound(x.begin(), x.end(), centre - reach) - x.begin());
  auto last = static_cast<std::size_t>(std::upper_bound(x.begin(), x.end(), centre + reach) - x.begin());
  while (distinct(x.subspan(first, last - first)) < kFewestInWindow && (first > 0 || last < x.size())) {
    const bool left = last == x.size() || (first > 0 && centre - x[first - 1] <= x[last] - centre);
    const double next = left ? x[first - 1] : x[last];
    while (left && first > 0 && x[first - 1] == next) --first;
    while (!left && last < x.size() && x[last] == next) ++last;
  }
  return {first, last};
}

/// Points of different x, y averaged where x is the same.
void merge_equal(std::span<const double> x, std::span<const double> y, std::vector<double>& xs, std::vector<double>& ys) {
  for (std::size_t i = 0; i < x.size();) {
    std::size_t end = i;
    double sum = 0;
    while (end < x.size() && x[end] == x[i]) sum += y[end++];
    xs.push_back(x[i]);
    ys.push_back(sum / static_cast<double>(end - i));
    i = end;
  }
}

/// Akima's slopes at the points: between the neighbours' slopes, nearer to the one on the side that bends less.
std::vector<double> akima_slopes(const std::vector<double>& x, const std::vector<double>& y) {
  const std::size_t n = x.size();
  std::vector<double> m(n + 3);  // m[i + 2] is the slope from i to i + 1; two more at each end go on in a parabola
  for (std::size_t i = 0; i + 1 < n; ++i) m[i + 2] = (y[i + 1] - y[i]) / (x[i + 1] - x[i]);
  m[1] = 2 * m[2] - m[3];
  m[0] = 2 * m[1] - m[2];
  m[n + 1] = 2 * m[n] - m[n - 1];
  m[n + 2] = 2 * m[n + 1] - m[n];
  double bend = 0;
  for (std::size_t i = 0; i < n; ++i) bend = std::max(bend, std::fabs(m[i + 3] - m[i + 2]) + std::fabs(m[i + 1] - m[i]));
  std::vector<double> slope(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double right = std::fabs(m[i + 3] - m[i + 2]), left = std::fabs(m[i + 1] - m[i]);
    slope[i] = right + left > 1e-9 * bend ? (right * m[i + 1] + left * m[i + 2]) / (right + left) : 0.5 * (m[i] + m[i + 3]);
  }
  return slope;
}

}  // namespace

CurveMinimum parabola_through(std::span<const double> x, std::span<const double> y, std::size_t first, std::size_t last) {
  ISOFLOP_CHECK(x.size() == y.size() && last <= x.size());
  CurveMinimum minimum;
  minimum.first = first;
  minimum.last = last;
  minimum.trouble = CurveMinimum::Trouble::few_points;
  if (last < first + 3 || !(x[last - 1] > x[first])) return minimum;
  const double centre = 0.5 * (x[first] + x[last - 1]), scale = 0.5 * (x[last - 1] - x[first]);
  std::vector<double> u;
  for (std::size_t i = first; i < last; ++i) u.push_back((x[i] - centre) / scale);
  const Normal normal = normal_of(u);
  if (normal.singular) return minimum;

  // about the mean of y, so that a level of 3 does not cost digits of a bend of 1e-6
  double mean = 0;
  for (std::size_t i = first; i < last; ++i) mean += y[i] / static_cast<double>(last - first);
  std::array<double, 3> sums{};
  for (std::size_t i = first; i < last; ++i) {
    const double v = u[i - first], r = y[i] - mean;
    sums[0] += r;
    sums[1] += r * v;
    sums[2] += r * v * v;
  }
  std::array<double, 3> c{};
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) c[i] += normal.inverse[3 * i + j] * sums[j];
  minimum.centre = centre;
  minimum.c0 = mean + c[0];
  minimum.c1 = c[1] / scale;
  minimum.c2 = c[2] / (scale * scale);
  if (!(minimum.c2 > 0)) {
    minimum.trouble = CurveMinimum::Trouble::opens_down;
    return minimum;
  }
  minimum.x = centre - 0.5 * minimum.c1 / minimum.c2;
  minimum.y = minimum.at(minimum.x);
  const bool inside = minimum.x > x[first] && minimum.x < x[last - 1];
  minimum.trouble = inside ? CurveMinimum::Trouble::none : CurveMinimum::Trouble::at_edge;
  return minimum;
}

CurveMinimum parabola_minimum(std::span<const double> x, std::span<const double> y, double half_width) {
  ISOFLOP_CHECK(x.size() == y.size());
  if (half_width <= 0 || x.empty()) return parabola_through(x, y, 0, x.size());
  double centre = x[static_cast<std::size_t>(std::min_element(y.begin(), y.end()) - y.begin())];
  CurveMinimum minimum;
  for (int round = 0; round < 20; ++round) {  // two windows may hand a vertex to and fro: the last is as good
    const auto [first, last] = window_about(x, centre, half_width);
    if (round > 0 && first == minimum.first && last == minimum.last) break;
    minimum = parabola_through(x, y, first, last);
    if (minimum.trouble == CurveMinimum::Trouble::few_points || minimum.trouble == CurveMinimum::Trouble::opens_down) break;
    centre = std::clamp(minimum.x, x.front(), x.back());
  }
  return minimum;
}

CurveMinimum akima_minimum(std::span<const double> x, std::span<const double> y) {
  ISOFLOP_CHECK(x.size() == y.size());
  CurveMinimum minimum;
  minimum.last = x.size();
  minimum.trouble = CurveMinimum::Trouble::few_points;
  std::vector<double> xs, ys;
  merge_equal(x, y, xs, ys);
  if (xs.size() < 3) return minimum;
  const std::vector<double> slope = akima_slopes(xs, ys);

  const std::size_t count = kPointsPerGap * (xs.size() - 1);
  std::size_t best = 0, gap = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double at = i + 1 == count
                          ? xs.back()
                          : xs.front() + (xs.back() - xs.front()) * static_cast<double>(i) / static_cast<double>(count - 1);
    while (gap + 2 < xs.size() && at >= xs[gap + 1]) ++gap;
    const double h = xs[gap + 1] - xs[gap], u = at - xs[gap], m = (ys[gap + 1] - ys[gap]) / h;
    const double c = (3 * m - 2 * slope[gap] - slope[gap + 1]) / h, d = (slope[gap] + slope[gap + 1] - 2 * m) / (h * h);
    const double value = ys[gap] + u * (slope[gap] + u * (c + u * d));
    if (i > 0 && !(value < minimum.y)) continue;
    minimum.x = at;
    minimum.y = value;
    best = i;
  }
  minimum.trouble = best == 0 || best + 1 == count ? CurveMinimum::Trouble::at_edge : CurveMinimum::Trouble::none;
  return minimum;
}

std::vector<Deletion> deletions(std::span<const double> x, std::span<const double> y, std::size_t first, std::size_t last) {
  const std::size_t n = last - first;
  std::vector<Deletion> result(n);
  std::vector<double> u, r;
  if (n < 5) return result;
  const CurveMinimum all = parabola_through(x, y, first, last);
  if (all.trouble == CurveMinimum::Trouble::few_points) return result;
  const double scale = 0.5 * (x[last - 1] - x[first]);
  double sse = 0, syy = 0;
  for (std::size_t i = first; i < last; ++i) {
    u.push_back((x[i] - all.centre) / scale);
    r.push_back(y[i] - all.at(x[i]));
    sse += r.back() * r.back();
    syy += (y[i] - all.c0) * (y[i] - all.c0);
  }
  const Normal normal = normal_of(u);
  for (std::size_t i = 0; i < n; ++i) {
    const double own = 1 - normal.form(u[i], u[i]);  // 1 - leverage
    const double left = sse - r[i] * r[i] / own;
    if (own > 1e-9 && left > 1e-24 * syy) result[i] = {r[i] / own, r[i] / std::sqrt(own * left / static_cast<double>(n - 4))};
  }
  return result;
}

}  // namespace isoflop::laws
