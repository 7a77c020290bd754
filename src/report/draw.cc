#include "report/draw.h"

#include <algorithm>
#include <cmath>

#include "base/math.h"

namespace isoflop::report {

FigurePoint at(double x, double y, const std::string& label) {
  return {.x = x, .y = y, .low = {}, .high = {}, .label = label};
}

FigureAxis axis(const std::string& label, AxisScale scale) {
  return {.label = label, .scale = scale, .low = {}, .high = {}};
}

std::vector<double> log_spaced(double low, double high, int steps) {
  std::vector<double> values;
  for (int i = 0; i <= steps; ++i) values.push_back(exp_(log_(low) + (log_(high) - log_(low)) * i / steps));
  return values;
}

std::optional<std::pair<double, double>> middle(std::vector<double> values, double level) {
  values.erase(std::remove_if(values.begin(), values.end(), [](double v) { return !std::isfinite(v); }), values.end());
  if (values.size() < 40) return std::nullopt;
  std::sort(values.begin(), values.end());
  const auto last = static_cast<double>(values.size() - 1);
  return std::pair{values[static_cast<std::size_t>(0.5 * (1 - level) * last)], values[static_cast<std::size_t>(0.5 * (1 + level) * last)]};
}

}  // namespace isoflop::report
