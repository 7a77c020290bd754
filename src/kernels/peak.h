// Bursts of work that nothing but the arithmetic units or the memory can slow down; `machine` times them.
#pragma once

#include <cstdint>

namespace isoflop::kernels {

enum class Set : int;

struct Peak {
  double (*fma)(std::int64_t rounds) = nullptr;             // multiply-adds in registers; returns the FLOPs done
  float (*read)(const float* x, std::int64_t n) = nullptr;  // reads x[0 : n]; the result only keeps the reading alive
};

/// The bursts of a set, on its widest unit.
[[nodiscard]] const Peak& peak(Set set);

/// Whether this machine multiplies pairs of bf16 into f32 (AVX512-BF16), and a burst of it; returns the FLOPs done.
[[nodiscard]] bool has_bf16();
double bf16_burst(std::int64_t rounds);

}  // namespace isoflop::kernels
