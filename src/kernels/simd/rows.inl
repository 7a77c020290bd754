// What reduces a row: normalisation and cross-entropy. Lanes are summed apart and joined by the set's fixed tree.

constexpr int kRowsAtOnce = 4;  // a row's own sums wait for each other

/// Runs body.template operator()<kRows>(r) over blocks of rows, and over single ones for those left.
template <class Body>
ISOFLOP_INLINE void for_rows(std::int64_t rows, const Body& body) {
  std::int64_t r = 0;
  for (; r + kRowsAtOnce <= rows; r += kRowsAtOnce) body.template operator()<kRowsAtOnce>(r);
  for (; r < rows; ++r) body.template operator()<1>(r);
}

template <int kRows>
ISOFLOP_INLINE void layernorm_rows(const LayerNormArgs<float, Act>& a, std::int64_t r) {
  const std::int64_t n = a.cols;
  const auto cols = static_cast<float>(n);
  const float *x = a.x + r * n, *gains = a.gain, *biases = a.bias;  // x[r,:]
  Act* y = a.y + r * n;                                             // y[r,:]
  const auto each = [](const auto& body) {
#pragma GCC unroll 4
    for (int i = 0; i < kRows; ++i) body(i);
  };

  // mean and variance in two passes
  V sums[kRows], squares[kRows], centre[kRows], scale[kRows];
  each([&](int i) { sums[i] = squares[i] = zero(); });
  for_vectors(
      n, [&](std::int64_t c) { each([&](int i) { sums[i] = add(sums[i], load(x + i * n + c)); }); },
      [&](std::int64_t c, Mask m) { each([&](int i) { sums[i] = add(sums[i], load(x + i * n + c, m)); }); });
  each([&](int i) { centre[i] = all(a.mean[r + i] = tree_sum(sums[i]) / cols); });
  for_vectors(
      n,
      [&](std::int64_t c) {
        each([&](int i) {
          const V d = sub(load(x + i * n + c), centre[i]);
          squares[i] = fma(d, d, squares[i]);
        });
      },
      [&](std::int64_t c, Mask m) {
        each([&](int i) {
          const V d = pick(m, sub(load(x + i * n + c, m), centre[i]), zero());
          squares[i] = fma(d, d, squares[i]);
        });
      });
  each([&](int i) { scale[i] = all(a.inv_std[r + i] = 1 / __builtin_sqrtf(tree_sum(squares[i]) / cols + a.epsilon)); });

  // mean and scale are kept for backward; now normalise
  const auto normal = [&](int i, V value, V gain, V bias) {
    const V scaled = mul(sub(value, centre[i]), scale[i]);
    return biases ? fma(scaled, gain, bias) : mul(scaled, gain);
  };
  for_vectors(
      n,
      [&](std::int64_t c) {
        const V gain = load(gains + c), bias = biases ? load(biases + c) : zero();
        each([&](int i) { store(y + i * n + c, normal(i, load(x + i * n + c), gain, bias)); });
      },
      [&](std::int64_t c, Mask m) {
        const V gain = load(gains + c, m), bias = biases ? load(biases + c, m) : zero();
        each([&](int i) { store(y + i * n + c, normal(i, load(x + i * n + c, m), gain, bias), m); });
      });
}

void layernorm(const LayerNormArgs<float, Act>& a) {
  for_rows(a.rows, [&]<int kRows>(std::int64_t r) { layernorm_rows<kRows>(a, r); });
}

template <int kRows>
ISOFLOP_INLINE void layernorm_backward_rows(const LayerNormBackwardArgs<float, Act>& a, std::int64_t r) {
  const std::int64_t n = a.cols;
  const auto cols = static_cast<float>(n);
  const bool adds = a.store == Store::add;
  const float *x = a.x + r * n, *dy = a.dy + r * n, *gains = a.gain;
  float *dx = a.dx + r * n, *dgains = a.dgain, *dbiases = a.dbias;
  Act* rounded = a.rounded ? a.rounded + r * n : nullptr;
  const auto each = [](const auto& body) {
#pragma GCC unroll 4
    for (int i = 0; i < kRows; ++i) body(i);
  };
  V centre[kRows], scale[kRows], sum_g[kRows], sum_gx[kRows];
  each([&](int i) { centre[i] = all(a.mean[r + i]), scale[i] = all(a.inv_std[r + i]), sum_g[i] = sum_gx[i] = zero(); });
  const auto normal = [&](int i, V value) { return mul(sub(value, centre[i]), scale[i]); };

  // means of g and of g * xhat, where g = dy * gain; the parameters' gradients on the way, row after row
  const auto gather = [&](int i, V xhat, V g) {
    sum_g[i] = add(sum_g[i], g);
    sum_gx[i] = fma(g, xhat, sum_gx[i]);
  };
  for_vectors(
      n,
      [&](std::int64_t c) {
        const V gain = load(gains + c);
        V dgain = load(dgains + c), dbias = dbiases ? load(dbiases + c) : zero();
        each([&](int i) {
          const V xhat = normal(i, load(x + i * n + c)), d = load(dy + i * n + c);
          gather(i, xhat, mul(d, gain));
          dgain = fma(d, xhat, dgain), dbias = add(dbias, d);
        });
        store(dgains + c, dgain);
        if (dbiases) store(dbiases + c, dbias);
      },
      [&](std::int64_t c, Mask m) {
        const V gain = load(gains + c, m);
        V dgain = load(dgains + c, m), dbias = dbiases ? load(dbiases + c, m) : zero();
        each([&](int i) {
          const V xhat = normal(i, load(x + i * n + c, m)), d = load(dy + i * n + c, m);
          gather(i, pick(m, xhat, zero()), mul(d, gain));
          dgain = fma(d, xhat, dgain), dbias = add(dbias, d);
        });
        store(dgains + c, dgain, m);
        if (dbiases) store(dbiases + c, dbias, m);
      });
  V mean_g[kRows], mean_gx[kRows];
  each([&](int i) { mean_g[i] = all(tree_sum(sum_g[i]) / cols), mean_gx[i] = all(tree_sum(sum_gx[i]) / cols); });

  // dy is read before dx is written: they may be the same row
  const auto through = [&](int i, V xhat, V g) { return mul(scale[i], sub(sub(g, mean_g[i]), mul(xhat, mean_gx[i]))); };
  for_vectors(
      n,
      [&](std::int64_t c) {
        const V gain = load(gains + c);
        each([&](int i) {
          const std::int64_t at = i * n + c;
          V value = through(i, normal(i, load(x + at)), mul(load(dy + at), gain));
          if (adds) value = add(load(dx + at), value);
          store(dx + at, value);
          if (rounded) store(rounded + at, value);
        });
      },
      [&](std::int64_t c, Mask m) {
        const V gain = load(gains + c, m);
        each([&](int i) {
          const std::int64_t at = i * n + c;
          V value = through(i, normal(i, load(x + at, m)), mul(load(dy + at, m), gain));
          if (adds) value = add(load(dx + at, m), value);
          store(dx + at, value, m);
          if (rounded) store(rounded + at, value, m);
        });
      });
}

void layernorm_backward(const LayerNormBackwardArgs<float, Act>& a) {
  for_rows(a.rows, [&]<int kRows>(std::int64_t r) { layernorm_backward_rows<kRows>(a, r); });
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
