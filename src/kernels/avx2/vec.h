// Eight floats: the operations that simd/*.inl is written in. Included inside the set's own unnamed namespace only.
#pragma once

#include <immintrin.h>

#include <cstdint>

#define ISOFLOP_INLINE inline __attribute__((always_inline))

namespace isoflop::kernels::avx2 {
namespace {

using V = __m256;   // kWidth floats
using D = __m256d;  // kWidth / 2 doubles
using Mask = __m256i;

constexpr int kWidth = 8;
constexpr int kTileRows = 6;  // 6 x 2 accumulators, 2 of B, 1 of A: 15 of 16 registers
constexpr int kTileVectors = 2;
constexpr int kPeakAccumulators = 12;

ISOFLOP_INLINE Mask first(std::int64_t count) {  // the first `count` lanes; count <= 0: none, >= kWidth: all
  const int lanes = count >= kWidth ? kWidth : count <= 0 ? 0 : static_cast<int>(count);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(lanes), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
ISOFLOP_INLINE V zero() {
  return _mm256_setzero_ps();
}
ISOFLOP_INLINE V all(float x) {
  return _mm256_set1_ps(x);
}
ISOFLOP_INLINE V load(const float* p) {
  return _mm256_loadu_ps(p);
}
ISOFLOP_INLINE V load(const float* p, Mask m) {
  return _mm256_maskload_ps(p, m);
}
ISOFLOP_INLINE void store(float* p, V x) {
  _mm256_storeu_ps(p, x);
}
ISOFLOP_INLINE void store(float* p, V x, Mask m) {
  _mm256_maskstore_ps(p, m, x);
}
ISOFLOP_INLINE V pick(Mask m, V yes, V no) {
  return _mm256_blendv_ps(no, yes, _mm256_castsi256_ps(m));
}

ISOFLOP_INLINE V add(V a, V b) {
  return _mm256_add_ps(a, b);
}
ISOFLOP_INLINE V sub(V a, V b) {
  return _mm256_sub_ps(a, b);
}
ISOFLOP_INLINE V mul(V a, V b) {
  return _mm256_mul_ps(a, b);
}
ISOFLOP_INLINE V div(V a, V b) {
  return _mm256_div_ps(a, b);
}
ISOFLOP_INLINE V sqrt(V a) {
  return _mm256_sqrt_ps(a);
}
ISOFLOP_INLINE V fma(V a, V b, V c) {
  return _mm256_fmadd_ps(a, b, c);
}  // a b + c
ISOFLOP_INLINE V fnma(V a, V b, V c) {
  return _mm256_fnmadd_ps(a, b, c);
}  // c - a b
ISOFLOP_INLINE V max(V a, V b) {
  return _mm256_max_ps(a, b);
}  // b where either is NaN
ISOFLOP_INLINE V min(V a, V b) {
  return _mm256_min_ps(a, b);
}  // b where either is NaN
ISOFLOP_INLINE V abs(V a) {
  return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a);
}
ISOFLOP_INLINE Mask negative(V a) {
  return _mm256_srai_epi32(_mm256_castps_si256(a), 31);
}  // the sign bit
ISOFLOP_INLINE V nearest_integer(V a) {
  return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
ISOFLOP_INLINE V power_of_two(__m256i n) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
}
ISOFLOP_INLINE V scale_by_power(V a,
                                V n) {  // a 2^n, n integral, |n| <= 250: in two steps, so that the ends come out as inf and 0
  const __m256i whole = _mm256_cvtps_epi32(n);
  const __m256i half = _mm256_srai_epi32(whole, 1);
  return mul(mul(a, power_of_two(half)), power_of_two(_mm256_sub_epi32(whole, half)));
}

// 4, 2, 1: the fixed tree
ISOFLOP_INLINE float tree_sum(V a) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
ISOFLOP_INLINE float tree_max(V a) {
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

// element (i, j) of x becomes (j, i)
ISOFLOP_INLINE void transpose(V (&x)[kWidth]) {
  V pairs[kWidth], fours[kWidth];
#pragma GCC unroll 4
  for (int i = 0; i < kWidth; i += 2) {
    pairs[i] = _mm256_unpacklo_ps(x[i], x[i + 1]);
    pairs[i + 1] = _mm256_unpackhi_ps(x[i], x[i + 1]);
  }
  const auto low = [](V a, V b) { return _mm256_castpd_ps(_mm256_unpacklo_pd(_mm256_castps_pd(a), _mm256_castps_pd(b))); };
  const auto high = [](V a, V b) { return _mm256_castpd_ps(_mm256_unpackhi_pd(_mm256_castps_pd(a), _mm256_castps_pd(b))); };
#pragma GCC unroll 2
  for (int i = 0; i < kWidth; i += 4) {
    fours[i] = low(pairs[i], pairs[i + 2]);
    fours[i + 1] = high(pairs[i], pairs[i + 2]);
    fours[i + 2] = low(pairs[i + 1], pairs[i + 3]);
    fours[i + 3] = high(pairs[i + 1], pairs[i + 3]);
  }
  // lane q of fours[4 g + c] holds column 4 q + c of rows 4 g to 4 g + 3
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c) {
    x[c] = _mm256_permute2f128_ps(fours[c], fours[4 + c], 0x20);
    x[4 + c] = _mm256_permute2f128_ps(fours[c], fours[4 + c], 0x31);
  }
}

// Whole numbers: kWidth words of 32 bits, or half as many of 64.
using U = __m256i;
ISOFLOP_INLINE U words(std::uint32_t x) {
  return _mm256_set1_epi32(static_cast<int>(x));
}
ISOFLOP_INLINE U longs(std::uint64_t x) {
  return _mm256_set1_epi64x(static_cast<long long>(x));
}
ISOFLOP_INLINE U longs_from(std::uint64_t x) {  // x, x + 1, ...
  return _mm256_add_epi64(longs(x), _mm256_setr_epi64x(0, 1, 2, 3));
}
ISOFLOP_INLINE U product(U a, U b) {  // of each long's lower word
  return _mm256_mul_epu32(a, b);
}
ISOFLOP_INLINE U upper_words(U a) {  // of each long, as a long
  return _mm256_srli_epi64(a, 32);
}
ISOFLOP_INLINE U lower_words_joined(U a, U b) {  // a long's lower word from a, its upper one from b
  return _mm256_blend_epi32(a, _mm256_slli_epi64(b, 32), 0xaa);
}
ISOFLOP_INLINE U exclusive_or(U a, U b) {
  return _mm256_xor_si256(a, b);
}
ISOFLOP_INLINE U lower_halves(U a) {  // of each word
  return _mm256_and_si256(a, words(0xffff));
}
ISOFLOP_INLINE U upper_halves(U a) {
  return _mm256_srli_epi32(a, 16);
}
ISOFLOP_INLINE Mask less(U a, U b) {  // words below 2^31
  return _mm256_cmpgt_epi32(b, a);
}

ISOFLOP_INLINE D zero_double() {
  return _mm256_setzero_pd();
}
ISOFLOP_INLINE D low(V a) {
  return _mm256_cvtps_pd(_mm256_castps256_ps128(a));
}
ISOFLOP_INLINE D high(V a) {
  return _mm256_cvtps_pd(_mm256_extractf128_ps(a, 1));
}
ISOFLOP_INLINE D fma(D a, D b, D c) {
  return _mm256_fmadd_pd(a, b, c);
}
ISOFLOP_INLINE double tree_sum(D a, D b) {
  const __m256d four = _mm256_add_pd(a, b);
  const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
  return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

}  // namespace
}  // namespace isoflop::kernels::avx2
