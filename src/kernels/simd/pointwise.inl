// What treats each element alone: activations, sums, AdamW.

/// Runs body(i, mask) over whole vectors and, once, over the lanes left.
template <class Whole, class Part>
ISOFLOP_INLINE void for_vectors(std::int64_t n, const Whole& whole, const Part& part) {
  std::int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) whole(i);
  if (i < n) part(i, first(n - i));
}

// gelu(x) = x Phi(x); bounds in bounds.h
ISOFLOP_INLINE V gelu_exact(V x) {
  return mul(x, normal(x).below);
}

// d/dx x Phi(x) = Phi(x) + x phi(x)
ISOFLOP_INLINE V gelu_exact_slope(V x) {
  const Normal at = normal(x);
  return fma(mul(x, all(0.39894228f)), at.density, at.below);
}

// exp(-2u), u = sqrt(2/pi) (x + 0.044715 x^3); (1 + tanh u) / 2 = 1 / (1 + exp(-2u))
ISOFLOP_INLINE V exp_of_minus_2u(V x) {
  return stored_exp(mul(x, fma(mul(x, x), all(-2 * 0.79788456f * 0.044715f), all(-2 * 0.79788456f))));
}
ISOFLOP_INLINE V gelu_tanh(V x) {
  return mul(x, reciprocal(add(all(1.0f), exp_of_minus_2u(x))));
}
ISOFLOP_INLINE V gelu_tanh_slope(V x) {
  // beyond 8 the slope is 0 or 1 to 20 digits, and the exponential must not overflow; NaN comes through the bounds
  const V near = min(all(8.0f), max(all(-8.0f), x));
  const V e = exp_of_minus_2u(near);
  const V s = reciprocal(add(all(1.0f), e));
  const V twice_du = fma(mul(near, near), all(6 * 0.79788456f * 0.044715f), all(2 * 0.79788456f));
  // 1 - s is e s, which keeps its digits
  return fma(mul(mul(near, s), mul(e, s)), twice_du, s);
}

void gelu(Gelu kind, std::int64_t n, const Act* x, Act* y) {
  if (kind == Gelu::exact) {
    for_vectors(
        n, [&](std::int64_t i) { store(y + i, gelu_exact(load(x + i))); },
        [&](std::int64_t i, Mask m) { store(y + i, gelu_exact(load(x + i, m)), m); });
  } else {
    for_vectors(
        n, [&](std::int64_t i) { store(y + i, gelu_tanh(load(x + i))); },
        [&](std::int64_t i, Mask m) { store(y + i, gelu_tanh(load(x + i, m)), m); });
  }
}

void gelu_backward(Gelu kind, std::int64_t n, const Act* x, const Act* dy, Act* dx) {
  if (kind == Gelu::exact) {
    for_vectors(
        n, [&](std::int64_t i) { store(dx + i, mul(load(dy + i), gelu_exact_slope(load(x + i)))); },
        [&](std::int64_t i, Mask m) { store(dx + i, mul(load(dy + i, m), gelu_exact_slope(load(x + i, m))), m); });
  } else {
    for_vectors(
        n, [&](std::int64_t i) { store(dx + i, mul(load(dy + i), gelu_tanh_slope(load(x + i)))); },
        [&](std::int64_t i, Mask m) { store(dx + i, mul(load(dy + i, m), gelu_tanh_slope(load(x + i, m))), m); });
  }
}

void add(std::int64_t n, const float* x, float* y) {
  for_vectors(
      n, [&](std::int64_t i) { store(y + i, add(load(y + i), load(x + i))); },
      [&](std::int64_t i, Mask m) { store(y + i, add(load(y + i, m), load(x + i, m)), m); });
}

void sum(std::int64_t n, const float* x1, const float* x2, float* y) {
  for_vectors(
      n, [&](std::int64_t i) { store(y + i, add(load(x1 + i), load(x2 + i))); },
      [&](std::int64_t i, Mask m) { store(y + i, add(load(x1 + i, m), load(x2 + i, m)), m); });
}

double sum_squares(std::int64_t n, const float* x) {
  D even = zero_double(), odd = zero_double();
  const auto take = [&](V v) {
    even = fma(low(v), low(v), even);
    odd = fma(high(v), high(v), odd);
  };
  for_vectors(
      n, [&](std::int64_t i) { take(load(x + i)); }, [&](std::int64_t i, Mask m) { take(load(x + i, m)); });
  return tree_sum(even, odd);
}

void adamw(const AdamWArgs<float>& a) {
  const V keep = all(1 - a.learning_rate * a.decay), rate = all(a.learning_rate);
  const V beta1 = all(a.beta1), rest1 = all(1 - a.beta1), inverse1 = all(1 / a.correction1);
  const V beta2 = all(a.beta2), rest2 = all(1 - a.beta2), inverse2 = all(1 / a.correction2);
  const V scale = all(a.grad_scale), epsilon = all(a.epsilon);
  struct State {
    V w, m, v;
  };
  const auto next = [&](State s, V grad) {
    const V g = mul(grad, scale);
    s.m = fma(rest1, g, mul(beta1, s.m));
    s.v = fma(mul(rest2, g), g, mul(beta2, s.v));
    const V step = div(mul(s.m, inverse1), add(sqrt(mul(s.v, inverse2)), epsilon));
    s.w = fnma(rate, step, mul(keep, s.w));
    return s;
  };
  for_vectors(
      a.n,
      [&](std::int64_t i) {
        const State s = next({load(a.w + i), load(a.m + i), load(a.v + i)}, load(a.grad + i));
        store(a.w + i, s.w), store(a.m + i, s.m), store(a.v + i, s.v);
      },
      [&](std::int64_t i, Mask k) {
        const State s = next({load(a.w + i, k), load(a.m + i, k), load(a.v + i, k)}, load(a.grad + i, k));
        store(a.w + i, s.w, k), store(a.m + i, s.m, k), store(a.v + i, s.v, k);
      });
}
