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
  const std::int64_t lanes = count >= kWidth ? kWidth : count <= 0 ? 0 : count;
  return static_cast<Mask>(0xffffu >> (kWidth - lanes));
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

// element (i, j) of x becomes (j, i)
ISOFLOP_INLINE void transpose(V (&x)[kWidth]) {
  V pairs[kWidth], fours[kWidth];
#pragma GCC unroll 8
  for (int i = 0; i < kWidth; i += 2) {
    pairs[i] = _mm512_unpacklo_ps(x[i], x[i + 1]);
    pairs[i + 1] = _mm512_unpackhi_ps(x[i], x[i + 1]);
  }
  const auto low = [](V a, V b) { return _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(a), _mm512_castps_pd(b))); };
  const auto high = [](V a, V b) { return _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(a), _mm512_castps_pd(b))); };
#pragma GCC unroll 4
  for (int i = 0; i < kWidth; i += 4) {
    fours[i] = low(pairs[i], pairs[i + 2]);
    fours[i + 1] = high(pairs[i], pairs[i + 2]);
    fours[i + 2] = low(pairs[i + 1], pairs[i + 3]);
    fours[i + 3] = high(pairs[i + 1], pairs[i + 3]);
  }
  // lane q of fours[4 g + c] holds column 4 q + c of rows 4 g to 4 g + 3
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c) {
    const V even1 = _mm512_shuffle_f32x4(fours[c], fours[4 + c], 0x88), odd1 = _mm512_shuffle_f32x4(fours[c], fours[4 + c], 0xdd);
    const V even2 = _mm512_shuffle_f32x4(fours[8 + c], fours[12 + c], 0x88);
    const V odd2 = _mm512_shuffle_f32x4(fours[8 + c], fours[12 + c], 0xdd);
    x[c] = _mm512_shuffle_f32x4(even1, even2, 0x88);
    x[4 + c] = _mm512_shuffle_f32x4(odd1, odd2, 0x88);
    x[8 + c] = _mm512_shuffle_f32x4(even1, even2, 0xdd);
    x[12 + c] = _mm512_shuffle_f32x4(odd1, odd2, 0xdd);
  }
}

// Whole numbers: kWidth words of 32 bits, or half as many of 64.
using U = __m512i;
ISOFLOP_INLINE U words(std::uint32_t x) {
  return _mm512_set1_epi32(static_cast<int>(x));
}
ISOFLOP_INLINE U longs(std::uint64_t x) {
  return _mm512_set1_epi64(static_cast<long long>(x));
}
ISOFLOP_INLINE U longs_from(std::uint64_t x) {  // x, x + 1, ...
  return _mm512_add_epi64(longs(x), _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7));
}
ISOFLOP_INLINE U product(U a, U b) {  // of each long's lower word
  return _mm512_mul_epu32(a, b);
}
ISOFLOP_INLINE U upper_words(U a) {  // of each long, as a long
  return _mm512_srli_epi64(a, 32);
}
ISOFLOP_INLINE U lower_words_joined(U a, U b) {  // a long's lower word from a, its upper one from b
  return _mm512_mask_blend_epi32(0xaaaa, a, _mm512_slli_epi64(b, 32));
}
ISOFLOP_INLINE U exclusive_or(U a, U b) {
  return _mm512_xor_si512(a, b);
}
ISOFLOP_INLINE U lower_halves(U a) {  // of each word
  return _mm512_and_si512(a, words(0xffff));
}
ISOFLOP_INLINE U upper_halves(U a) {
  return _mm512_srli_epi32(a, 16);
}
ISOFLOP_INLINE Mask less(U a, U b) {  // words below 2^31
  return _mm512_cmplt_epi32_mask(a, b);
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
