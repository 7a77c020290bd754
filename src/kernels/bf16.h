// Between a number as it is summed (Real) and as it is stored (Act): the same type, or float and Bf16.
#pragma once

#include <bit>
#include <cstdint>

#include "kernels/kernels.h"

namespace isoflop::kernels {

constexpr float real(Bf16 x) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(x.bits) << 16);
}
constexpr float real(float x) {
  return x;
}
constexpr double real(double x) {
  return x;
}

/// Rounds to nearest, ties to even; a NaN stays one.
template <class Act, class Real>
constexpr Act rounded(Real x) {
  return static_cast<Act>(x);
}
template <>
constexpr Bf16 rounded<Bf16, float>(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  if (x != x) return {static_cast<std::uint16_t>(bits >> 16 | 0x40)};
  return {static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16)};
}
template <>
constexpr Bf16 rounded<Bf16, double>(double x) {
  return rounded<Bf16>(static_cast<float>(x));
}
template <>
constexpr Bf16 rounded<Bf16, int>(int x) {
  return rounded<Bf16>(static_cast<float>(x));
}

}  // namespace isoflop::kernels
