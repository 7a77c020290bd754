#include "laws/collapse.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "laws/rows.h"
#include "laws/steps.h"
#include "laws/words.h"

namespace isoflop::laws {
namespace {

constexpr int kShares = 20, kFirst = 2;  // of the run; those from kFirst on are compared
constexpr std::size_t kLeastSteps = 40;

/// Mean loss over each share of a run, and the standard error that single steps' scatter gives it.
struct Curve {
  std::array<double, kShares> loss{}, error{};
  double params = 0;
};

std::optional<Curve> curve_of(std::vector<std::pair<double, double>> points) {
  if (points.size() < kLeastSteps) return std::nullopt;
  std::stable_sort(points.begin(), points.end());
  const double end = points.back().first + 1;  // step s ends with s + 1 steps of compute
  std::array<double, kShares> count{}, jumps{}, pairs{};
  Curve curve;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto share = static_cast<std::size_t>(std::min<double>(kShares - 1, std::floor(kShares * points[i].first / end)));
    curve.loss[share] += points[i].second;
    ++count[share];
    // neighbours differ by scatter, not by the curve
    if (i == 0) continue;
    const double jump = points[i].second - points[i - 1].second;
    jumps[share] += 0.5 * jump * jump;
    ++pairs[share];
  }
  for (std::size_t i = 0; i < kShares; ++i) {
    if (count[i] == 0 || pairs[i] == 0) return std::nullopt;
    curve.loss[i] /= count[i];
    curve.error[i] = std::sqrt(jumps[i] / pairs[i] / count[i]);
  }
  return curve;
}

Collapse at_floor(const std::vector<Curve>& curves, double floor) {
  Collapse c;
  c.floor = floor;
  const auto n = static_cast<double>(curves.size());
  double squares = 0, scatter = 0;
  for (std::size_t i = kFirst; i + 1 < kShares; ++i) {
    double mean = 0, variance = 0;
    for (const Curve& curve : curves) mean += (curve.loss[i] - floor) / (curve.loss.back() - floor) / n;
    for (const Curve& curve : curves) {
      const double share = (curve.loss[i] - floor) / (curve.loss.back() - floor);
      variance += (share - mean) * (share - mean) / (n - 1);
      const double own = curve.error[i] / (curve.loss[i] - floor), last = curve.error.back() / (curve.loss.back() - floor);
      scatter += (own * own + last * last) / n;
    }
    const double deviation = std::sqrt(variance) / mean;
    squares += deviation * deviation;
    if (deviation > c.worst) c.worst = deviation, c.worst_at = (static_cast<double>(i) + 0.5) / kShares;
  }
  c.deviation = std::sqrt(squares / (kShares - 1 - kFirst));
  c.noise = std::sqrt(scatter / (kShares - 1 - kFirst));
  return c;
}

}  // namespace

std::optional<Collapse> collapse_of(const Observations& table, const std::string& loss_column) {
  const Column *steps = find_column(table, "step"), *params = find_column(table, "params"),
               *loss = find_column(table, loss_column);
  if (steps == nullptr || params == nullptr || loss == nullptr) return std::nullopt;
  std::map<std::string, std::vector<std::pair<double, double>>> points;
  std::map<std::string, double> size_of;
  for (std::size_t row = 0; row < table.labels.size(); ++row) {
    if (!(*steps)[row] || !(*params)[row] || !(*loss)[row]) continue;
    points[run_of(table, row)].emplace_back(*(*steps)[row], *(*loss)[row]);
    size_of[run_of(table, row)] = *(*params)[row];
  }
  std::vector<Curve> curves;
  std::set<double> sizes;
  double least = INFINITY;
  for (auto& [run, own] : points) {
    const auto curve = curve_of(std::move(own));
    if (!curve) continue;
    curves.push_back(*curve);
    sizes.insert(size_of[run]);
    least = std::min(least, *std::min_element(curve->loss.begin(), curve->loss.end()));
  }
  if (curves.size() < 3 || sizes.size() < 2 || !(least > 0)) return std::nullopt;

  Collapse best = at_floor(curves, 0);
  constexpr int kGrid = 400;
  for (int i = 1; i < kGrid; ++i)
    if (const Collapse at = at_floor(curves, 0.99 * least * i / kGrid); at.deviation < best.deviation) best = at;
  best.runs = curves.size();
  best.sizes = sizes.size();
  return best;
}

std::string to_string(const Collapse& c) {
  return "the normalised curves of " + plural(c.runs, "run") + " of " + plural(c.sizes, "size") + " differ by " +
         people(100 * c.deviation) + " % of themselves (scatter of steps alone: " + people(100 * c.noise) + " %), most at " +
         people(100 * c.worst_at) + " % of the run (" + people(100 * c.worst) + " %), with the floor " + people(c.floor) +
         " that suits them best";
}

}  // namespace isoflop::laws
