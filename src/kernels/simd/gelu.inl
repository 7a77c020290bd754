// GELU and its slope to seven digits; bounds in bounds.h. NaN comes through.

/// The normal distribution at x: density = exp(-x^2 / 2), its constant left out, below = Phi(x) to 1.5e-7.
///
/// Source  Phi(-|x|) = density t P(t), t = 1 / (1 + 0.3 |x|) (the form of Abramowitz & Stegun 7.1.26);
///         P of degree 7 fitted by Remez exchange to 1.5e-7 relative on 0 <= |x| <= 14.
struct Normal {
  V density, below;
};
ISOFLOP_INLINE Normal normal(V x) {
  const V density = exp(mul(mul(x, x), all(-0.5f)));
  const V t = div(all(1.0f), fma(all(0.3f), abs(x), all(1.0f)));
  V p = all(0.03567476932f);
  p = fma(p, t, all(-0.15720306312f));
  p = fma(p, t, all(0.20635347376f));
  p = fma(p, t, all(-0.05368361564f));
  p = fma(p, t, all(0.12856161234f));
  p = fma(p, t, all(0.09991349615f));
  p = fma(p, t, all(0.12075395543f));
  p = fma(p, t, all(0.11962929887f));
  const V tail = mul(density, mul(t, p));
  return {density, pick(negative(x), tail, sub(all(1.0f), tail))};
}

// exp(-2u), u = sqrt(2/pi) (x + 0.044715 x^3); (1 + tanh u) / 2 = 1 / (1 + exp(-2u))
ISOFLOP_INLINE V exp_of_minus_2u(V x) {
  return exp(mul(x, fma(mul(x, x), all(-2 * 0.79788456f * 0.044715f), all(-2 * 0.79788456f))));
}

// gelu(x) = x Phi(x)
template <Gelu kKind>
ISOFLOP_INLINE V gelu_value(V x) {
  if constexpr (kKind == Gelu::exact) return mul(x, normal(x).below);
  return mul(x, div(all(1.0f), add(all(1.0f), exp_of_minus_2u(x))));
}

// d/dx x Phi(x) = Phi(x) + x phi(x)
template <Gelu kKind>
ISOFLOP_INLINE V gelu_slope(V x) {
  if constexpr (kKind == Gelu::exact) {
    const Normal at = normal(x);
    return fma(mul(x, all(0.39894228f)), at.density, at.below);
  }
  // beyond 8 the slope is 0 or 1 to 20 digits, and the exponential must not overflow; NaN comes through the bounds
  const V near = min(all(8.0f), max(all(-8.0f), x));
  const V e = exp_of_minus_2u(near);
  const V s = div(all(1.0f), add(all(1.0f), e));
  const V twice_du = fma(mul(near, near), all(6 * 0.79788456f * 0.044715f), all(2 * 0.79788456f));
  // 1 - s is e s, which keeps its digits
  return fma(mul(mul(near, s), mul(e, s)), twice_du, s);
}
