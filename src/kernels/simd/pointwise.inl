// What treats each element alone: activations, sums, AdamW.

/// Runs body(i, mask) over whole vectors and, once, over the lanes left.
template <class Whole, class Part>
ISOFLOP_INLINE void for_vectors(std::int64_t n, const Whole& whole, const Part& part) {
  std::int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) whole(i);
  if (i < n) part(i, first(n - i));
}

template <Gelu kKind>
ISOFLOP_INLINE void gelu_of(std::int64_t n, const Act* x, Act* y) {
  for_vectors(
      n, [&](std::int64_t i) { store(y + i, gelu_value<kKind>(load(x + i))); },
      [&](std::int64_t i, Mask m) { store(y + i, gelu_value<kKind>(load(x + i, m)), m); });
}

void gelu(Gelu kind, std::int64_t n, const Act* x, Act* y) {
  if (kind == Gelu::exact) return gelu_of<Gelu::exact>(n, x, y);
  gelu_of<Gelu::tanh>(n, x, y);
}

template <Gelu kKind>
ISOFLOP_INLINE void gelu_backward_of(std::int64_t n, const Act* x, const Act* dy, Act* dx) {
  for_vectors(
      n, [&](std::int64_t i) { store(dx + i, mul(load(dy + i), gelu_slope<kKind>(load(x + i)))); },
      [&](std::int64_t i, Mask m) { store(dx + i, mul(load(dy + i, m), gelu_slope<kKind>(load(x + i, m))), m); });
}

void gelu_backward(Gelu kind, std::int64_t n, const Act* x, const Act* dy, Act* dx) {
  if (kind == Gelu::exact) return gelu_backward_of<Gelu::exact>(n, x, dy, dx);
  gelu_backward_of<Gelu::tanh>(n, x, dy, dx);
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
