// Causal attention, head by head, in blocks of one tile's rows: what the mask hides is skipped to the block.
//
// Kept for backward: P (heads, t, row stride), zeros from the diagonal to the block's last vector's end, nothing beyond. With
// dropout: P / (1 - p), negative where it was dropped.

/// Row stride of P and dS: an odd number of vectors, so that a column does not fall into a few cache sets.
ISOFLOP_INLINE std::int64_t square_stride(std::int64_t t) {
  return round_up(t, kWidth) / kWidth % 2 ? round_up(t, kWidth) : round_up(t, kWidth) + kWidth;
}

std::int64_t attention_saved(std::int64_t t, std::int64_t heads, std::int64_t) {
  return heads * t * square_stride(t);
}

// what both directions need a block at a time: scores, or their gradient, before they are rounded
ISOFLOP_INLINE std::int64_t block_floats(std::int64_t t) {
  return kTileRows * square_stride(t);
}

std::int64_t attention_scratch(std::int64_t t, std::int64_t, std::int64_t size) {
  // backward: a block, V^T, K, Q, dO packed, dS, and a strip
  return scratch_floats<float>(block_floats(t)) + scratch_floats<Act>(packed_acts(t, size)) +
         3 * scratch_floats<Act>(packed_acts(size, t)) + scratch_floats<Act>(t * square_stride(t)) +
         scratch_floats<Act>(strip_acts(t));
}

/// Rows i, i + 1, ... of the square, in whole vectors: row i + r sees its first i + r + 1 columns. The vectors that every row of
/// the block sees whole come first, so that all rows go through the same loops; the few on the diagonal are masked.
struct Block {
  std::int64_t i, rows;
  std::int64_t whole = (i + 1) / kWidth, vectors = (i + rows + kWidth - 1) / kWidth;
  [[nodiscard]] ISOFLOP_INLINE Mask sees(std::int64_t r, std::int64_t v) const { return first(i + r + 1 - v * kWidth); }
};

/// P = times softmax(scale S), zeros to the end of the last vector; S is spent. Step by step for all rows: a row's own steps wait
/// for each other.
ISOFLOP_INLINE void softmax(const Block& block, float scale, float times, std::int64_t stride, float* scores, Act* probs) {
  constexpr float kLowest = -3.40282347e38f;
  float largest[kTileRows], total[kTileRows];
  for (std::int64_t r = 0; r < block.rows; ++r) {
    const float* s = scores + r * stride;  // s[i + r,:]
    V most = all(kLowest);
    for (std::int64_t v = 0; v < block.whole; ++v) most = max(most, load(s + v * kWidth));
    for (std::int64_t v = block.whole; v < block.vectors; ++v) {
      const Mask m = block.sees(r, v);
      most = max(most, pick(m, load(s + v * kWidth, m), all(kLowest)));
    }
    largest[r] = tree_max(most);
  }
  for (std::int64_t r = 0; r < block.rows; ++r) {
    float* s = scores + r * stride;
    const ScaledExp e(largest[r], scale);
    V sum = zero();
    for (std::int64_t v = 0; v < block.whole; ++v) {
      const V value = e(load(s + v * kWidth));
      store(s + v * kWidth, value);
      sum = add(sum, value);
    }
    for (std::int64_t v = block.whole; v < block.vectors; ++v) {
      const Mask m = block.sees(r, v);
      const V value = pick(m, e(load(s + v * kWidth, m)), zero());
      store(s + v * kWidth, value);
      sum = add(sum, value);
    }
    total[r] = tree_sum(sum);
  }
  for (std::int64_t r = 0; r < block.rows; ++r) {
    const V share = all(times / total[r]);
    for (std::int64_t v = 0; v < block.vectors; ++v)
      store(probs + r * stride + v * kWidth, mul(load(scores + r * stride + v * kWidth), share));
  }
}

/// Turns the sign of what is dropped of P, and copies P to `left` with zeros there.
ISOFLOP_INLINE void drop(const Block& block, const Draw& draw, std::uint32_t site, std::int64_t stride, Act* probs, Act* left) {
  for (std::int64_t r = 0; r < block.rows; ++r) {
    for_drawn(draw, site, block.i + r, block.vectors, [&](std::int64_t v, Mask dropped) {
      const std::int64_t at = r * stride + v * kWidth;
      const V p = load(probs + at);
      store(probs + at, pick(dropped, mul(p, all(-1.0f)), p));
      store(left + at, pick(dropped, zero(), p));
    });
  }
}

/// dS = P (dP - mean) scale, zeros from the diagonal on, a mean for each row. With dropout, P / (1 - p) comes with its signs and
/// leaves with zeros for them, and dP = 0 there, else dP / (1 - p).
template <bool kDrops>
ISOFLOP_INLINE void softmax_backward(const Block& block, float scale, float kept, const float* means, std::int64_t stride,
                                     const float* dprobs, Act* probs, Act* dscores) {
  const V times = all(kDrops ? scale / kept : scale);
  for (std::int64_t r = 0; r < block.rows; ++r) {
    const V mean = all(means[r]);
    const float* dp = dprobs + r * stride;  // dp[i + r,:]
    Act* ds = dscores + r * stride;         // ds[i + r,:]
    Act* p = probs + r * stride;            // p[i + r,:]
    const auto gradient = [&](V prob, V dprob) {
      if constexpr (kDrops) {
        const V through = pick(negative(prob), zero(), mul(dprob, all(kept)));
        return mul(mul(abs(prob), times), sub(through, mean));
      }
      return mul(mul(prob, times), sub(dprob, mean));
    };
    for (std::int64_t j = 0; j < block.whole * kWidth; j += kWidth) store(ds + j, gradient(load(p + j), load(dp + j)));
    for (std::int64_t v = block.whole; v < block.vectors; ++v) {
      const Mask m = block.sees(r, v);
      const std::int64_t j = v * kWidth;
      store(ds + j, pick(m, gradient(load(p + j, m), load(dp + j, m)), zero()));
    }
    for (std::int64_t j = 0; kDrops && j < block.vectors * kWidth; j += kWidth) store(p + j, max(zero(), load(p + j)));
  }
}

void attention(const AttentionArgs<float, Act>& a) {
  const std::int64_t c = a.heads * a.size, stride = square_stride(a.t);
  const float scale = 1 / __builtin_sqrtf(static_cast<float>(a.size));
  float* scratch = a.scratch;
  float* const scores = take<float>(scratch, block_floats(a.t));
  Act* const keys_data = take<Act>(scratch, packed_acts(a.t, a.size));
  Act* const values_data = take<Act>(scratch, packed_acts(a.size, a.t));
  Act* const left = take<Act>(scratch, least(kTileRows, a.t) * stride);  // P without what is dropped: less than backward's dS
  const bool drops = a.dropout.threshold > 0;
  const Draw draw(a.dropout);
  const Packed keys{keys_data, a.t, a.size};      // K^T (size, t)
  const Packed values{values_data, a.size, a.t};  // V (t, size)
  for (std::int64_t h = 0; h < a.heads; ++h) {
    const Act* q = a.qkv + h * a.size;
    pack_columns(q + c, a.t, a.size, a.ldqkv, 0, a.t, keys_data);
    pack_rows(q + 2 * c, a.t, a.size, a.ldqkv, 0, a.t, values_data);
    Act* square = a.probs + h * a.t * stride;  // P (t, stride)
    for (std::int64_t i = 0; i < a.t; i += kTileRows) {
      const std::int64_t rows = least(kTileRows, a.t - i), seen = i + rows;
      multiply<Side::rows>(rows, seen, a.size, q + i * a.ldqkv, a.ldqkv, keys, 0, scores, stride, {});
      Act* probs = square + i * stride;
      softmax({i, rows}, scale, a.dropout.scale, stride, scores, probs);
      if (drops) drop({i, rows}, draw, a.dropout.site + static_cast<std::uint32_t>(h), stride, probs, left);
      multiply<Side::rows>(rows, a.size, seen, drops ? left : probs, stride, values, 0, a.out + i * a.ldo + h * a.size, a.ldo,
                           {});
    }
  }
}

void attention_backward(const AttentionBackwardArgs<float, Act>& a) {
  const std::int64_t c = a.heads * a.size, stride = square_stride(a.t);
  const float scale = 1 / __builtin_sqrtf(static_cast<float>(a.size));
  float* scratch = a.scratch;
  float* const dprobs = take<float>(scratch, block_floats(a.t));
  Act* const values_data = take<Act>(scratch, packed_acts(a.t, a.size));
  Act* const keys_data = take<Act>(scratch, packed_acts(a.size, a.t));
  Act* const queries_data = take<Act>(scratch, packed_acts(a.size, a.t));
  Act* const douts_data = take<Act>(scratch, packed_acts(a.size, a.t));
  Act* const dsquare = take<Act>(scratch, a.t * stride);  // dS (t, stride)
  Act* const strip = take<Act>(scratch, strip_acts(a.t));
  const Packed values{values_data, a.t, a.size};    // V^T (size, t)
  const Packed keys{keys_data, a.size, a.t};        // K (t, size)
  const Packed queries{queries_data, a.size, a.t};  // Q (t, size)
  const Packed douts{douts_data, a.size, a.t};      // dO (t, size)
  for (std::int64_t h = 0; h < a.heads; ++h) {
    const Act* q = a.qkv + h * a.size;
    const Act* dout = a.dout + h * a.size;
    const Act* out = a.out + h * a.size;
    Act* dq = a.dqkv + h * a.size;
    pack_columns(q + 2 * c, a.t, a.size, a.ldqkv, 0, a.t, values_data);
    pack_rows(q + c, a.t, a.size, a.ldqkv, 0, a.t, keys_data);
    pack_rows(q, a.t, a.size, a.ldqkv, 0, a.t, queries_data);
    pack_rows(dout, a.t, a.size, a.lddo, 0, a.t, douts_data);
    Act* square = a.probs + h * a.t * stride;  // P (t, stride)

    // dS = P (dP - rowsum(dO O)) scale, dP = dO V^T; dQ = dS K
    for (std::int64_t i = 0; i < a.t; i += kTileRows) {
      const std::int64_t rows = least(kTileRows, a.t - i), seen = i + rows;
      multiply<Side::rows>(rows, seen, a.size, dout + i * a.lddo, a.lddo, values, 0, dprobs, stride, {});
      Act* dscores = dsquare + i * stride;
      const Block block{i, rows};
      float means[kTileRows];  // rowsum(dO O)
      for (std::int64_t r = 0; r < rows; ++r) {
        V products = zero();
        const Act* left = dout + (i + r) * a.lddo;
        const Act* right = out + (i + r) * a.ldo;
        for_vectors(
            a.size, [&](std::int64_t d) { products = fma(load(left + d), load(right + d), products); },
            [&](std::int64_t d, Mask m) { products = fma(load(left + d, m), load(right + d, m), products); });
        means[r] = tree_sum(products);
      }
      Act* probs = square + i * stride;
      if (a.dropout.threshold > 0) {
        softmax_backward<true>(block, scale, a.dropout.scale, means, stride, dprobs, probs, dscores);
      } else {
        softmax_backward<false>(block, scale, 1, means, stride, dprobs, probs, dscores);
      }
      multiply<Side::rows>(rows, a.size, seen, dscores, stride, keys, 0, dq + i * a.lddqkv, a.lddqkv, {});
    }

    // dK = dS^T Q and dV = P^T dO, from the diagonal down
    for (std::int64_t j = 0; j < a.t; j += kTileRows) {
      const std::int64_t rows = least(kTileRows, a.t - j);
      pack_strip(dsquare + j * stride + j, stride, a.t - j, first(rows), strip);
      multiply<Side::columns>(rows, a.size, a.t - j, strip, kStripStride, queries, j, dq + c + j * a.lddqkv, a.lddqkv, {});
      pack_strip(square + j * stride + j, stride, a.t - j, first(rows), strip);
      multiply<Side::columns>(rows, a.size, a.t - j, strip, kStripStride, douts, j, dq + 2 * c + j * a.lddqkv, a.lddqkv, {});
    }
  }
}
