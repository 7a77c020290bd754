// This process as the operating system sees it.
#pragma once

#include <cstdint>

namespace isoflop::lab {

[[nodiscard]] std::int64_t resident_bytes();       ///< now
[[nodiscard]] std::int64_t peak_resident_bytes();  ///< since the last reset, or since the start where it cannot be reset
void reset_peak_resident();

}  // namespace isoflop::lab
