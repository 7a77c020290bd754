// Where an axis is marked.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.h"
#include "base/math.h"
#include "isoflop/text.h"
#include "isoflop/report.h"
#include "report/text.h"

namespace isoflop {
namespace {

double power_of_ten(int exponent) {
  double value = 1;
  for (int i = 0; i < std::abs(exponent); ++i) value *= 10;
  return exponent < 0 ? 1 / value : value;
}

int floor_log10(double value) {
  int exponent = static_cast<int>(std::floor(log_(value) / log_(10)));
  while (power_of_ten(exponent + 1) <= value) ++exponent;
  while (power_of_ten(exponent) > value) --exponent;
  return exponent;
}

std::string label_of(double value, int decimals, bool counts) {
  if (std::fabs(value) >= 0.9995e15) {  // FLOPs: prefixes beyond tera are read by few
    const int exponent = floor_log10(std::fabs(value) * (1 + 1e-9));
    std::string factor = format_significant(value / power_of_ten(exponent), 3);
    if (factor[0] == '-') factor = report::kMinus + factor.substr(1);
    return factor + "e" + std::to_string(exponent);
  }
  if (std::fabs(value) >= 999.5 || value == 0) {
    const std::string text = counts ? format_billions(std::fabs(value)) : report::short_count(std::fabs(value));
    return value < 0 ? report::kMinus + text : text;
  }
  return report::fixed(value, std::max(0, decimals));
}

/// Multiples of 1, 2 or 5 times a power of ten, as near to `about` of them as these allow without going over.
std::vector<Tick> even_ticks(double low, double high, int about, bool counts) {
  int exponent = floor_log10((high - low) / about);
  double step = power_of_ten(exponent);
  for (const double factor : {1.0, 2.0, 5.0, 10.0, 20.0}) {
    step = factor * power_of_ten(exponent);
    if (std::floor(high / step + 1e-9) - std::ceil(low / step - 1e-9) + 1 <= about) break;
  }
  const int decimals = -floor_log10(step * (1 + 1e-12));
  std::vector<Tick> ticks;
  const double first = std::ceil(low / step - 1e-9);
  for (int i = 0; first + i <= high / step + 1e-9; ++i) {
    const double value = std::clamp((first + i) * step, low, high);
    ticks.push_back({value, label_of(value, decimals, counts)});
  }
  return ticks;
}

/// Labels at the densest of these multiples per decade that stays within `about`; the other multiples are minor marks.
std::vector<Tick> decade_ticks(double low, double high, int about, bool counts) {
  static const std::vector<std::vector<int>> kDensities{{1, 2, 5}, {1, 3}, {1}};
  const int first = floor_log10(low), last = floor_log10(high);
  const auto inside = [&](double value) { return value >= low * (1 - 1e-12) && value <= high * (1 + 1e-12); };

  std::vector<int> labelled = kDensities.back();
  for (const auto& density : kDensities) {
    int count = 0;
    for (int e = first; e <= last; ++e)
      for (const int m : density) count += inside(m * power_of_ten(e));
    if (count > about) continue;
    labelled = density;
    break;
  }
  const int stride = std::max(1, (last - first + about) / about);
  std::vector<Tick> ticks;
  for (int e = first; e <= last; ++e)
    for (int m = 1; m <= 9; ++m) {
      const double value = m * power_of_ten(e);
      if (!inside(value)) continue;
      const bool named =
          std::find(labelled.begin(), labelled.end(), m) != labelled.end() && (stride == 1 || (e - first) % stride == 0);
      ticks.push_back({std::clamp(value, low, high), named ? label_of(value, -e, counts) : ""});
    }
  return ticks;
}

}  // namespace

std::vector<Tick> axis_ticks(double low, double high, AxisScale scale, int about, bool counts) {
  ISOFLOP_CHECK(about >= 2 && high > low);
  if (scale == AxisScale::linear) return even_ticks(low, high, about, counts);
  ISOFLOP_CHECK(low > 0);
  if (high / low >= 12) return decade_ticks(low, high, about, counts);
  return even_ticks(low, high, about, counts);  // within a decade, even numbers read best
}

}  // namespace isoflop
