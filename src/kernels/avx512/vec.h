// Sixteen floats: the operations that simd/*.inl is written in. Included inside the set's own unnamed namespace only.
#pragma once

#include <immintrin.h>

#include <cstdint>

#define ISOFLOP_INLINE inline __attribute__((always_inline))

namespace isoflop::kernels::avx512 {
namespace {

using V = __m512;   // kWidth floats
using D = __m512d;  // kWidth / 2 doubles
using Mask = __mmask16;

constexpr int kWidth = 16;
constexpr int kTileRows = 14;  // 14 x 2 accumulators, 2 of B, 1 of A: 31 of 32 registers
constexpr int kTileVectors = 2;
constexpr int kPeakAccumulators = 24;

ISOFLOP_INLINE Mask first(std::int64_t count) {  // the first `count` lanes; count <= 0: none, >= kWidth: all
  return count >= kWidth ? static_cast<Mask>(0xffff) : count <= 0 ? static_cast<Mask>(0) : static_cast<Mask>((1u << count) - 1);
}
ISOFLOP_INLINE V zero() {
  return _mm512_setzero_ps();
}
ISOFLOP_INLINE V all(float x) {
  return _mm512_set1_ps(x);
}
ISOFLOP_INLINE V load(const float* p) {
  return _mm512_loadu_ps(p);
}
ISOFLOP_INLINE V load(const float* p, Mask m) {
  return _mm512_maskz_loadu_ps(m, p);
}
ISOFLOP_INLINE void store(float* p, V x) {
  _mm512_storeu_ps(p, x);
}
ISOFLOP_INLINE void store(float* p, V x, Mask m) {
  _mm512_mask_storeu_ps(p, m, x);
}
ISOFLOP_INLINE V pick(Mask m, V yes, V no) {
  return _mm512_mask_blend_ps(m, no, yes);
}

ISOFLOP_INLINE V add(V a, V b) {
  return _mm512_add_ps(a, b);
}
ISOFLOP_INLINE V sub(V a, V b) {
  return _mm512_sub_ps(a, b);
}
ISOFLOP_INLINE V mul(V a, V b) {
  return _mm512_mul_ps(a, b);
}
ISOFLOP_INLINE V div(V a, V b) {
  return _mm512_div_ps(a, b);
}
ISOFLOP_INLINE V sqrt(V a) {
  return _mm512_sqrt_ps(a);
}
ISOFLOP_INLINE V fma(V a, V b, V c) {
  return _mm512_fmadd_ps(a, b, c);
}  // a b + c
ISOFLOP_INLINE V fnma(V a, V b, V c) {
  return _mm512_fnmadd_ps(a, b, c);
}  // c - a b
ISOFLOP_INLINE V max(V a, V b) {
  return _mm512_max_ps(a, b);
}  // b where either is NaN
ISOFLOP_INLINE V min(V a, V b) {
  return _mm512_min_ps(a, b);
}  // b where either is NaN
ISOFLOP_INLINE V abs(V a) {
  return _mm512_abs_ps(a);
}
ISOFLOP_INLINE Mask negative(V a) {
  return _mm512_movepi32_mask(_mm512_castps_si512(a));
}  // the sign bit
ISOFLOP_INLINE V nearest_integer(V a) {
  return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
ISOFLOP_INLINE V scale_by_power(V a, V n) {
  return _mm512_scalef_ps(a, n);
}  // a 2^n, n integral

// 8, 4, 2, 1: the fixed tree
ISOFLOP_INLINE float tree_sum(V a) {
  return _mm512_reduce_add_ps(a);
}
ISOFLOP_INLINE float tree_max(V a) {
  return _mm512_reduce_max_ps(a);
}

ISOFLOP_INLINE D zero_double() {
  return _mm512_setzero_pd();
}
ISOFLOP_INLINE D low(V a) {
  return _mm512_cvtps_pd(_mm512_castps512_ps256(a));
}
ISOFLOP_INLINE D high(V a) {
  return _mm512_cvtps_pd(_mm512_extractf32x8_ps(a, 1));
}
ISOFLOP_INLINE D fma(D a, D b, D c) {
  return _mm512_fmadd_pd(a, b, c);
}
ISOFLOP_INLINE double tree_sum(D a, D b) {
  return _mm512_reduce_add_pd(_mm512_add_pd(a, b));
}

}  // namespace
}  // namespace isoflop::kernels::avx512
