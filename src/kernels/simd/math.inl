// Exponentials. NaN comes through.

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
