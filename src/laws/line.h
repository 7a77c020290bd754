// A weighted least-squares line y = y_mean + slope (x - x_mean): closed form, and what Student's t needs of it.
#pragma once

#include <cstdint>
#include <span>

namespace isoflop::laws {

struct Line {
  double x_mean = 0, y_mean = 0, slope = 0, sxx = 0, syy = 0, sse = 0;
  double weight = 0;  ///< summed; the number of points where each counts 1
  std::int64_t count = 0;
  [[nodiscard]] double at(double x) const { return y_mean + slope * (x - x_mean); }
  [[nodiscard]] std::int64_t degrees() const { return count - 2; }
  /// Of a point of weight 1 about the line. Needs degrees() > 0.
  [[nodiscard]] double variance() const { return sse / static_cast<double>(degrees()); }
  [[nodiscard]] double slope_variance() const { return variance() / sxx; }
  [[nodiscard]] double variance_at(double x) const { return variance() * (1 / weight + (x - x_mean) * (x - x_mean) / sxx); }
};

/// Needs    as many y as x, 2 different x or more; `weight` empty: every point counts 1.
[[nodiscard]] inline Line line_through(std::span<const double> x, std::span<const double> y,
                                       std::span<const double> weight = {}) {
  const auto w = [weight](std::size_t i) { return weight.empty() ? 1 : weight[i]; };
  Line line;
  line.count = static_cast<std::int64_t>(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) line.weight += w(i);
  for (std::size_t i = 0; i < x.size(); ++i) {
    line.x_mean += w(i) * x[i] / line.weight;
    line.y_mean += w(i) * y[i] / line.weight;
  }
  double sxy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    line.sxx += w(i) * (x[i] - line.x_mean) * (x[i] - line.x_mean);
    sxy += w(i) * (x[i] - line.x_mean) * (y[i] - line.y_mean);
    line.syy += w(i) * (y[i] - line.y_mean) * (y[i] - line.y_mean);
  }
  line.slope = sxy / line.sxx;
  for (std::size_t i = 0; i < x.size(); ++i) line.sse += w(i) * (y[i] - line.at(x[i])) * (y[i] - line.at(x[i]));
  return line;
}

}  // namespace isoflop::laws
