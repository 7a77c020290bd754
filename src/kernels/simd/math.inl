// exp and the normal distribution. NaN comes through.

/// exp(x), within bounds::kExponential; 0 below -104, inf above 88.73.
/// Source  the polynomial is Cephes expf (Moshier), on |r| <= ln 2 / 2.
ISOFLOP_INLINE V exp(V x) {
  // the bound first: max and min return their second operand where one is NaN
  const V in_range = min(all(89.0f), max(all(-104.0f), x));
  const V n = nearest_integer(mul(in_range, all(1.44269504f)));
  V r = fnma(n, all(0.693359375f), in_range);
  r = fnma(n, all(-2.12194440e-4f), r);
  V p = all(1.9875691500e-4f);
  p = fma(p, r, all(1.3981999507e-3f));
  p = fma(p, r, all(8.3334519073e-3f));
  p = fma(p, r, all(4.1665795894e-2f));
  p = fma(p, r, all(1.6666665459e-1f));
  p = fma(p, r, all(5.0000001201e-1f));
  return scale_by_power(add(fma(mul(r, r), p, r), all(1.0f)), n);
}

/// 2^z for what is stored in three digits; 0 below -150. Inf above 128.
/// Source  the polynomial is of degree 5, fitted by Remez exchange to 7.5e-8 relative on |f| <= 1/2.
ISOFLOP_INLINE V short_exp2(V z) {
  const V n = nearest_integer(z), f = sub(z, n);
  V p = all(0.0013276472f);
  p = fma(p, f, all(0.0096755410f));
  p = fma(p, f, all(0.0555071309f));
  p = fma(p, f, all(0.2402212024f));
  p = fma(p, f, all(0.6931469440f));
  p = fma(p, f, all(1.0000001192f));
  return scale_by_power(p, n);
}
constexpr float kLog2E = 1.44269504f;

/// exp(x) as exact as what is stored deserves.
ISOFLOP_INLINE V stored_exp(V x) {
  if constexpr (kSevenDigits) return exp(x);
  return short_exp2(max(all(-150.0f), mul(x, all(kLog2E))));
}

/// The normal distribution at x: density = exp(-x^2 / 2), its constant left out, below = Phi(x) to 1.5e-7, or, for what is stored
/// in three digits, to 1e-4.
///
/// Source  Phi(-|x|) = density t P(t), t = 1 / (1 + 0.3 |x|) (the form of Abramowitz & Stegun 7.1.26);
///         P of degree 7 and 5 fitted by Remez exchange to 1.5e-7 and 8.2e-6 relative on 0 <= |x| <= 14.
struct Normal {
  V density, below;
};
ISOFLOP_INLINE Normal normal(V x) {
  const V density = stored_exp(mul(mul(x, x), all(-0.5f)));
  const V t = reciprocal(fma(all(0.3f), abs(x), all(1.0f)));
  V p = all(kSevenDigits ? 0.03567476932f : -0.0770973191f);
  if constexpr (kSevenDigits) {
    p = fma(p, t, all(-0.15720306312f));
    p = fma(p, t, all(0.20635347376f));
    p = fma(p, t, all(-0.05368361564f));
    p = fma(p, t, all(0.12856161234f));
    p = fma(p, t, all(0.09991349615f));
    p = fma(p, t, all(0.12075395543f));
    p = fma(p, t, all(0.11962929887f));
  } else {
    p = fma(p, t, all(0.2160367817f));
    p = fma(p, t, all(-0.0169477966f));
    p = fma(p, t, all(0.1441962570f));
    p = fma(p, t, all(0.1137419567f));
    p = fma(p, t, all(0.1200742275f));
  }
  const V tail = mul(density, mul(t, p));
  return {density, pick(negative(x), tail, sub(all(1.0f), tail))};
}

/// exp((x - shift) scale), x scale <= shift scale: a softmax's. To bounds::kExponential, or, for what is stored in three digits,
/// to 3e-7 (1 + 0.3 |shift scale|), of which the second part is common to a row.
class ScaledExp {
 public:
  ISOFLOP_INLINE ScaledExp(float shift, float scale)
      : scale_(all(kSevenDigits ? scale : scale * kLog2E)), shift_(all(kSevenDigits ? shift : -shift * scale * kLog2E)) {}
  ISOFLOP_INLINE V operator()(V x) const {
    if constexpr (kSevenDigits) return exp(mul(sub(x, shift_), scale_));
    return short_exp2(fma(x, scale_, shift_));
  }

 private:
  V scale_, shift_;
};
