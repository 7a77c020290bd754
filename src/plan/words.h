// Numbers as a planner reads them.
#pragma once

#include <string>

#include "base/text.h"

namespace isoflop::plan {

/// "95.86B", "1.739T": four digits and the unit of parameters and tokens.
[[nodiscard]] std::string billions(double value);
/// "80 GB", 1e9 bytes each, as makers of accelerators count.
[[nodiscard]] std::string gigabytes(double bytes);
/// "12.3 %"
[[nodiscard]] std::string percent(double share);

}  // namespace isoflop::plan
