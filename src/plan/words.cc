#include "plan/words.h"

#include <array>
#include <cmath>

namespace isoflop::plan {

std::string billions(double value) {
  static constexpr std::array<const char*, 5> kUnits{"", "k", "M", "B", "T"};
  std::size_t unit = 0;
  while (std::fabs(value) >= 999.95 && unit + 1 < kUnits.size()) value /= 1000, ++unit;
  return format_significant(value, 4) + kUnits[unit];
}

std::string gigabytes(double bytes) {
  return format_significant(bytes / 1e9, 3) + " GB";
}

std::string percent(double share) {
  return format_significant(100 * share, 3) + " %";
}

}  // namespace isoflop::plan
