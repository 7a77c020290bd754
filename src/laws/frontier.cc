#include "laws/frontier.h"

#include <cmath>
#include <vector>

#include "base/check.h"
#include "base/math.h"
#include "laws/line.h"

namespace isoflop::laws {
namespace {

constexpr double kLeastExponent = 0.005, kMostExponent = 2;
constexpr int kSteps = 60;

/// The best floor and k at an exponent: L / L = 1 on 1 / L and C^-c / L.
Frontier at_exponent(std::span<const double> x, std::span<const double> loss, double c) {
  double x_mean = 0;  // C^-c about the middle of the range, so that no power leaves the doubles
  for (const double v : x) x_mean += v / static_cast<double>(x.size());
  double aa = 0, ab = 0, bb = 0, a1 = 0, b1 = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double a = 1 / loss[i], b = exp_(-c * (x[i] - x_mean)) / loss[i];
    aa += a * a;
    ab += a * b;
    bb += b * b;
    a1 += a;
    b1 += b;
  }
  const double determinant = aa * bb - ab * ab;
  Frontier frontier{.floor = (bb * a1 - ab * b1) / determinant, .k = (aa * b1 - ab * a1) / determinant, .c = c, .error = 0};
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double r = 1 - (frontier.floor + frontier.k * exp_(-c * (x[i] - x_mean))) / loss[i];
    frontier.error += r * r;
  }
  frontier.k *= exp_(c * x_mean);
  return frontier;
}

}  // namespace

std::optional<Frontier> plain_frontier(std::span<const double> ln_flops, std::span<const double> loss) {
  ISOFLOP_CHECK(ln_flops.size() == loss.size());
  std::vector<double> y;
  for (const double value : loss) y.push_back(log_(value));
  const Line line = ln_flops.size() < 2 ? Line{} : line_through(ln_flops, y);
  if (!(line.sxx > 0)) return std::nullopt;
  return Frontier{.floor = 0, .k = exp_(line.at(0)), .c = -line.slope, .error = line.sse};
}

std::optional<Frontier> floor_frontier(std::span<const double> ln_flops, std::span<const double> loss) {
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
  const Frontier frontier = at_exponent(ln_flops, loss, exp_(0.5 * (low + high)));
  if (!(frontier.floor > 0 && frontier.k > 0 && std::isfinite(frontier.k))) return std::nullopt;
  return frontier;
}

}  // namespace isoflop::laws
