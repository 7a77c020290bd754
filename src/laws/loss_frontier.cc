#include "laws/loss_frontier.h"

#include <cmath>
#include <vector>

#include "base/check.h"
#include "base/math.h"
#include "laws/line.h"

namespace isoflop::laws {
namespace {

constexpr double kLeastExponent = 0.005, kMostExponent = 2;
constexpr int kSteps = 60;

/// The best at an exponent, and its sum of squares of (L - fitted) / L.
struct AtExponent {
  LossFrontier law;
  double error = 0;
};

/// L / L = 1 on 1 / L and C^-c / L.
AtExponent at_exponent(std::span<const double> x, std::span<const double> loss, double c) {
  double x_mean = 0;  // C^-c about the middle of the range, so that no power leaves the doubles
  for (const double v : x) x_mean += v / static_cast<double>(x.size());
  std::vector<double> power;
  double aa = 0, ab = 0, bb = 0, a1 = 0, b1 = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    power.push_back(exp_(-c * (x[i] - x_mean)));
    const double a = 1 / loss[i], b = power[i] / loss[i];
    aa += a * a;
    ab += a * b;
    bb += b * b;
    a1 += a;
    b1 += b;
  }
  const double determinant = aa * bb - ab * ab;
  AtExponent best{.law = {.floor = (bb * a1 - ab * b1) / determinant, .k = (aa * b1 - ab * a1) / determinant, .c = c}};
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double r = 1 - (best.law.floor + best.law.k * power[i]) / loss[i];
    best.error += r * r;
  }
  best.law.k *= exp_(c * x_mean);
  return best;
}

}  // namespace

std::optional<LossFrontier> plain_frontier(std::span<const double> ln_flops, std::span<const double> loss) {
  ISOFLOP_CHECK(ln_flops.size() == loss.size());
  std::vector<double> y;
  for (const double value : loss) y.push_back(log_(value));
  const Line line = ln_flops.size() < 2 ? Line{} : line_through(ln_flops, y);
  if (!(line.sxx > 0)) return std::nullopt;
  return LossFrontier{.floor = 0, .k = exp_(line.at(0)), .c = -line.slope};
}

std::optional<LossFrontier> floor_frontier(std::span<const double> ln_flops, std::span<const double> loss) {
  ISOFLOP_CHECK(ln_flops.size() == loss.size());
  if (ln_flops.size() < 4) return std::nullopt;
  const double step = log_(kMostExponent / kLeastExponent) / kSteps;
  const auto error_at = [&](double ln_c) { return at_exponent(ln_flops, loss, exp_(ln_c)).error; };
  const double start = log_(kLeastExponent);
  int best = 0;
  double least = INFINITY;
  for (int i = 0; i <= kSteps; ++i) {
    const double error = error_at(start + i * step);
    if (!(error < least)) continue;
    least = error;
    best = i;
  }
  if (best == 0 || best == kSteps) return std::nullopt;

  // golden section within the neighbours of the best step
  constexpr double kGolden = 0.6180339887498949;
  double low = start + (best - 1) * step, high = start + (best + 1) * step;
  double a = high - kGolden * (high - low), b = low + kGolden * (high - low), at_a = error_at(a), at_b = error_at(b);
  while (high - low > 1e-8) {
    if (at_a < at_b) {
      high = b;
      b = a;
      at_b = at_a;
      at_a = error_at(a = high - kGolden * (high - low));
    } else {
      low = a;
      a = b;
      at_a = at_b;
      at_b = error_at(b = low + kGolden * (high - low));
    }
  }
  const LossFrontier frontier = at_exponent(ln_flops, loss, exp_(0.5 * (low + high))).law;
  if (!(frontier.floor > 0 && frontier.k > 0 && std::isfinite(frontier.k))) return std::nullopt;
  return frontier;
}

}  // namespace isoflop::laws

namespace isoflop {

double LossFrontier::loss(double flops) const {
  return floor + k * pow_(flops, -c);
}

double LossFrontier::least_flops(double loss) const {
  return loss > floor ? pow_(k / (loss - floor), 1 / c) : INFINITY;
}

Optimum AllocationRule::optimum(double flops) const {
  return {k_n * pow_(flops, a), k_d * pow_(flops, b), loss ? loss->loss(flops) : 0};
}

AllocationRule allocation_rule(const std::string& law, const std::map<std::string, double>& constants, double flops_per) {
  const auto constant = [&](const std::string& name) {
    const auto it = constants.find(name);
    if (it == constants.end()) throw Error(Fault::bad_data, law, "constant `" + name + "` is missing");
    return it->second;
  };
  AllocationRule rule{.k_n = constant("k_n"), .a = constant("a")};
  const bool tokens = constants.contains("k_d");
  rule.k_d = tokens ? constant("k_d") : 1 / (flops_per * rule.k_n);
  rule.b = tokens ? constant("b") : 1 - rule.a;
  if (constants.contains("floor_k"))
    rule.loss = LossFrontier{constant("floor_e"), constant("floor_k"), constant("floor_c")};
  else if (constants.contains("frontier_k"))
    rule.loss = LossFrontier{0, constant("frontier_k"), constant("frontier_c")};
  return rule;
}

}  // namespace isoflop
