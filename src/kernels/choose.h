// The one chooser of kernel sets, by run-time feature test.
#pragma once

#include <vector>

#include "kernels/kernels.h"

namespace isoflop::kernels {

enum class Set { ref, avx2, avx512, avx512bf16 };  // slowest first; the values of isoflop::Isa

/// Sets this build holds and this machine can run (CPU and operating system), slowest first; ref is always there.
[[nodiscard]] std::vector<Set> available();

/// The float table of a set; avx512bf16 has avx512's. Checked: the set is available.
[[nodiscard]] const Table<float>& table(Set set);

/// Whether a set has a table for bf16: ref and avx512bf16 do.
[[nodiscard]] bool has_bf16(Set set);
/// The bf16 table of a set. Checked: the set is available and has one.
[[nodiscard]] const Table<float, Bf16>& bf16_table(Set set);

}  // namespace isoflop::kernels
