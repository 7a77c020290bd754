// What reduces a row: normalisation and cross-entropy. Lanes are summed apart and joined by the set's fixed tree.

void layernorm(const LayerNormArgs<float, Act>& a) {
  const auto cols = static_cast<float>(a.cols);
  for (std::int64_t r = 0; r < a.rows; ++r) {
    const float* x = a.x + r * a.cols;  // x[r,:]
    Act* y = a.y + r * a.cols;          // y[r,:]

    // mean and variance in two passes
    V sums = zero();
    for_vectors(
        a.cols, [&](std::int64_t c) { sums = add(sums, load(x + c)); },
        [&](std::int64_t c, Mask m) { sums = add(sums, load(x + c, m)); });
    const float mean = tree_sum(sums) / cols;
    const V centre = all(mean);
    V squares = zero();
    for_vectors(
        a.cols,
        [&](std::int64_t c) {
          const V d = sub(load(x + c), centre);
          squares = fma(d, d, squares);
        },
        [&](std::int64_t c, Mask m) {
          const V d = pick(m, sub(load(x + c, m), centre), zero());
          squares = fma(d, d, squares);
        });
    const float inv_std = 1 / __builtin_sqrtf(tree_sum(squares) / cols + a.epsilon);

    // keep both for backward, then normalise
    a.mean[r] = mean;
    a.inv_std[r] = inv_std;
    const V scale = all(inv_std);
    for_vectors(
        a.cols,
        [&](std::int64_t c) {
          const V scaled = mul(sub(load(x + c), centre), scale);
          store(y + c, a.bias ? fma(scaled, load(a.gain + c), load(a.bias + c)) : mul(scaled, load(a.gain + c)));
        },
        [&](std::int64_t c, Mask m) {
          const V scaled = mul(sub(load(x + c, m), centre), scale);
          store(y + c, a.bias ? fma(scaled, load(a.gain + c, m), load(a.bias + c, m)) : mul(scaled, load(a.gain + c, m)), m);
        });
  }
}

void layernorm_backward(const LayerNormBackwardArgs<float, Act>& a) {
  const auto cols = static_cast<float>(a.cols);
  const bool adds = a.store == Store::add;
  for (std::int64_t r = 0; r < a.rows; ++r) {
    const float* x = a.x + r * a.cols;
    const float* dy = a.dy + r * a.cols;
    float* dx = a.dx + r * a.cols;
    Act* rounded = a.rounded ? a.rounded + r * a.cols : nullptr;
    const V centre = all(a.mean[r]), scale = all(a.inv_std[r]);

    // means of g and of g * xhat, where g = dy * gain; the parameters' gradients on the way
    V sum_g = zero(), sum_gx = zero();
    const auto gather = [&](V xhat, V d, V gain) {
      const V g = mul(d, gain);
      sum_g = add(sum_g, g);
      sum_gx = fma(g, xhat, sum_gx);
    };
    for_vectors(
        a.cols,
        [&](std::int64_t c) {
          const V xhat = mul(sub(load(x + c), centre), scale), d = load(dy + c);
          gather(xhat, d, load(a.gain + c));
          store(a.dgain + c, fma(d, xhat, load(a.dgain + c)));
          if (a.dbias) store(a.dbias + c, add(load(a.dbias + c), d));
        },
        [&](std::int64_t c, Mask m) {
          const V xhat = mul(sub(load(x + c, m), centre), scale), d = load(dy + c, m);
          gather(pick(m, xhat, zero()), d, load(a.gain + c, m));
          store(a.dgain + c, fma(d, xhat, load(a.dgain + c, m)), m);
          if (a.dbias) store(a.dbias + c, add(load(a.dbias + c, m), d), m);
        });
    const V mean_g = all(tree_sum(sum_g) / cols), mean_gx = all(tree_sum(sum_gx) / cols);

    // dy is read before dx is written: they may be the same row
    const auto through = [&](V xhat, V d, V gain) { return mul(scale, sub(sub(mul(d, gain), mean_g), mul(xhat, mean_gx))); };
    for_vectors(
        a.cols,
        [&](std::int64_t c) {
          V value = through(mul(sub(load(x + c), centre), scale), load(dy + c), load(a.gain + c));
          if (adds) value = add(load(dx + c), value);
          store(dx + c, value);
          if (rounded) store(rounded + c, value);
        },
        [&](std::int64_t c, Mask m) {
          V value = through(mul(sub(load(x + c, m), centre), scale), load(dy + c, m), load(a.gain + c, m));
          if (adds) value = add(load(dx + c, m), value);
          store(dx + c, value, m);
          if (rounded) store(rounded + c, value, m);
        });
  }
}

/// The largest of x[0 : n]. It may pass over a NaN: who uses it meets the NaN again in exp.
ISOFLOP_INLINE float row_max(const float* x, std::int64_t n) {
  const V lowest = all(-__builtin_inff());
  V largest[4] = {lowest, lowest, lowest, lowest};
  std::int64_t i = 0;
  for (; i + 4 * kWidth <= n; i += 4 * kWidth) {
    for (int v = 0; v < 4; ++v) largest[v] = max(largest[v], load(x + i + v * kWidth));
  }
  for (; i < n; i += kWidth) {
    const Mask m = first(n - i);
    largest[0] = max(largest[0], pick(m, load(x + i, m), lowest));
  }
  return tree_max(max(max(largest[0], largest[1]), max(largest[2], largest[3])));
}

/// x[0 : n] becomes exp((x - shift) * scale) if kept; the sum of it. x <= shift.
template <bool kKeep>
ISOFLOP_INLINE float row_exp(float* x, std::int64_t n, float shift, float scale) {
  const ScaledExp e(shift, scale);
  V total[4] = {zero(), zero(), zero(), zero()};
  std::int64_t i = 0;
  for (; i + 4 * kWidth <= n; i += 4 * kWidth) {
    for (int v = 0; v < 4; ++v) {
      const V value = e(load(x + i + v * kWidth));
      if constexpr (kKeep) store(x + i + v * kWidth, value);
      total[v] = add(total[v], value);
    }
  }
  for (; i < n; i += kWidth) {
    const Mask m = first(n - i);
    const V value = pick(m, e(load(x + i, m)), zero());
    if constexpr (kKeep) store(x + i, value, m);
    total[0] = add(total[0], value);
  }
  return tree_sum(add(add(total[0], total[1]), add(total[2], total[3])));
}

ISOFLOP_INLINE void row_fill_zero(Act* x, std::int64_t n) {
  for_vectors(
      n, [&](std::int64_t i) { store(x + i, zero()); }, [&](std::int64_t i, Mask m) { store(x + i, zero(), m); });
}

ISOFLOP_INLINE void row_scale(const float* x, std::int64_t n, float factor, Act* y) {
  const V times = all(factor);
  for_vectors(
      n, [&](std::int64_t i) { store(y + i, mul(load(x + i), times)); },
      [&](std::int64_t i, Mask m) { store(y + i, mul(load(x + i, m), times), m); });
}

void cross_entropy(const CrossEntropyArgs<float, Act>& a) {
  for (std::int64_t r = 0; r < a.rows; ++r) {
    float* x = a.logits + r * a.ld;  // logits[r,:]
    Act* g = a.gradient ? a.gradient + r * a.ld : nullptr;
    if (a.target[r] < 0) {
      a.nll[r] = 0;
      if (g) row_fill_zero(g, a.ld);
      continue;
    }
    const float largest = row_max(x, a.classes);
    const double below = static_cast<double>(largest) - static_cast<double>(x[a.target[r]]);
    if (!g) {
      a.nll[r] = log_(static_cast<double>(row_exp<false>(x, a.classes, largest, 1))) + below;
      continue;
    }
    const float total = row_exp<true>(x, a.classes, largest, 1);
    a.nll[r] = log_(static_cast<double>(total)) + below;

    // the target's p - 1 apart, in double: p may be near 1
    const double p = static_cast<double>(x[a.target[r]]) / static_cast<double>(total);
    row_scale(x, a.classes, a.scale / total, g);
    store(g + a.target[r], all(static_cast<float>((p - 1) * static_cast<double>(a.scale))), first(1));
    row_fill_zero(g + a.classes, a.ld - a.classes);
  }
}
