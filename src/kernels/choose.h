// The one chooser of kernel sets, by run-time feature test.
#pragma once

#include <vector>

#include "kernels/kernels.h"

namespace isoflop::kernels {

enum class Set { ref, avx2, avx512 };  // slowest first; the values of isoflop::Isa

/// Sets this build holds and this machine can run (CPU and operating system), slowest first; ref is always there.
[[nodiscard]] std::vector<Set> available();

/// The table of a set. Checked: the set is available.
[[nodiscard]] const Table<float>& table(Set set);

}  // namespace isoflop::kernels
