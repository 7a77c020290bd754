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

/// A burst of pairs of bf16 multiplied into f32; returns the FLOPs done. Checked: the set avx512bf16 is available.
double bf16_burst(std::int64_t rounds);

}  // namespace isoflop::kernels
