// GELU and its slope for what is stored in three digits: looked up (gelu_table.h), in half the operations of a formula's
// exponential and reciprocal. NaN comes through the bound, and from there through the quadratic.

ISOFLOP_INLINE V pick_of_32(const float (&values)[Quadratics::kIntervals], __m512i index) {
  return _mm512_permutex2var_ps(load(values), index, load(values + kWidth));
}

// the quadratic at a, 0 <= a <= kEnd
ISOFLOP_INLINE V look_up(const Quadratics& q, V a) {
  // 2^23 more leaves the nearest interval's number in the lowest bits
  const __m512i index = _mm512_castps_si512(fma(a, all(1 / Quadratics::kStep), all(8388608.0f)));
  return fma(fma(pick_of_32(q.c2, index), a, pick_of_32(q.c1, index)), a, pick_of_32(q.c0, index));
}

ISOFLOP_INLINE V within_table(V x) {
  return min(all(Quadratics::kEnd), abs(x));
}

// gelu(x) = max(x, 0) - |x| share(|x|)
template <Gelu kKind>
ISOFLOP_INLINE V gelu_value(V x) {
  static constexpr Quadratics kShare = gelu_table(kKind, false);
  const V a = within_table(x);
  return fnma(a, look_up(kShare, a), max(zero(), x));
}

// gelu'(x) = 1 - gelu'(-x)
template <Gelu kKind>
ISOFLOP_INLINE V gelu_slope(V x) {
  static constexpr Quadratics kSlope = gelu_table(kKind, true);
  const V left = look_up(kSlope, within_table(x));
  return pick(negative(x), left, sub(all(1.0f), left));
}
