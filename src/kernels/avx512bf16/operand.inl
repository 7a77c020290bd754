// Act is bf16, and an operand is two neighbours of k: vdpbf16ps adds both products to a float. It takes subnormals for zero.

using Act = Bf16;
using P = __m512bh;
constexpr int kPair = 2;              // elements of k to an operand
constexpr bool kSevenDigits = false;  // what is stored keeps three digits

ISOFLOP_INLINE V load(const Bf16* p) {
  return _mm512_castsi512_ps(
      _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))), 16));
}
ISOFLOP_INLINE V load(const Bf16* p, Mask m) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(m, p)), 16));
}
ISOFLOP_INLINE void store(Bf16* p, V x) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(x)));
}
ISOFLOP_INLINE void store(Bf16* p, V x, Mask m) {
  _mm256_mask_storeu_epi16(p, m, reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(x)));
}

ISOFLOP_INLINE V multiply_add(P x, P y, V sum) {
  return _mm512_dpbf16_ps(sum, x, y);
}
ISOFLOP_INLINE P no_operands() {
  return reinterpret_cast<P>(_mm512_setzero_si512());
}
ISOFLOP_INLINE P operand_of_ones() {
  return reinterpret_cast<P>(_mm512_set1_epi32(0x3f803f80));
}
ISOFLOP_INLINE P operand_of_all(const Act* p) {
  int pair;
  __builtin_memcpy(&pair, p, sizeof pair);
  return reinterpret_cast<P>(_mm512_set1_epi32(pair));
}
ISOFLOP_INLINE P operand_of_one(const Act* p) {  // the last element of an odd k
  return reinterpret_cast<P>(_mm512_set1_epi32(p->bits));
}
ISOFLOP_INLINE P load_operands(const Act* p) {
  return reinterpret_cast<P>(_mm512_loadu_si512(p));
}
ISOFLOP_INLINE void store_operands(Act* p, P x) {
  _mm512_storeu_si512(p, reinterpret_cast<__m512i>(x));
}

// kWidth pairs (p[0], p[1]), (p[2], p[3]), ..., of `count` elements
ISOFLOP_INLINE P operands_along(const float* p, std::int64_t count) {
  return _mm512_cvtne2ps_pbh(load(p + kWidth, first(count - kWidth)), load(p, first(count)));
}
ISOFLOP_INLINE P operands_along(const Bf16* p, std::int64_t count) {
  const __mmask32 mask = count >= 2 * kWidth ? 0xffffffffu : count <= 0 ? 0u : (1u << count) - 1;
  return reinterpret_cast<P>(_mm512_maskz_loadu_epi16(mask, p));
}

// kWidth pairs (p[0], q[0]), (p[1], q[1]), ...; zeros for q where there is none
ISOFLOP_INLINE P interleave(__m256i p, __m256i q) {
  return reinterpret_cast<P>(_mm512_or_si512(_mm512_cvtepu16_epi32(p), _mm512_slli_epi32(_mm512_cvtepu16_epi32(q), 16)));
}
ISOFLOP_INLINE P operands_across(const float* p, const float* q, Mask m) {
  return interleave(reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(load(p, m))),
                    q ? reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(load(q, m))) : _mm256_setzero_si256());
}
ISOFLOP_INLINE P operands_across(const Bf16* p, const Bf16* q, Mask m) {
  return interleave(_mm256_maskz_loadu_epi16(m, p), q ? _mm256_maskz_loadu_epi16(m, q) : _mm256_setzero_si256());
}

ISOFLOP_INLINE void transpose(P (&x)[kWidth]) {
  V bits[kWidth];
#pragma GCC unroll 16
  for (int i = 0; i < kWidth; ++i) bits[i] = reinterpret_cast<V>(x[i]);
  transpose(bits);
#pragma GCC unroll 16
  for (int i = 0; i < kWidth; ++i) x[i] = reinterpret_cast<P>(bits[i]);
}
