// Causal attention, head by head, in blocks of one tile's rows: what the mask hides is skipped to the block.
//
// Kept for backward: P (heads, t, row stride), zeros from the diagonal to the block's end, nothing beyond.

/// Row stride of P and dS: an odd number of vectors, so that a column does not fall into a few cache sets.
ISOFLOP_INLINE std::int64_t square_stride(std::int64_t t) {
  return round_up(t, kWidth) / kWidth % 2 ? round_up(t, kWidth) : round_up(t, kWidth) + kWidth;
}

std::int64_t attention_saved(std::int64_t t, std::int64_t heads, std::int64_t) {
  return heads * t * square_stride(t);
}

std::int64_t attention_scratch(std::int64_t t, std::int64_t, std::int64_t size) {
  // backward: V^T, K, Q, dO packed, and dS
  return packed_floats(t, size) + 3 * packed_floats(size, t) + t * square_stride(t);
}

void attention(const AttentionArgs<float>& a) {
  const std::int64_t c = a.heads * a.size, stride = square_stride(a.t);
  const float scale = 1 / __builtin_sqrtf(static_cast<float>(a.size));
  float* const keys_data = a.scratch;
  float* const values_data = keys_data + packed_floats(a.t, a.size);
  const Packed keys{keys_data, a.t, a.size};      // K^T (size, t)
  const Packed values{values_data, a.size, a.t};  // V (t, size)
  for (std::int64_t h = 0; h < a.heads; ++h) {
    const float* q = a.qkv + h * a.size;
    pack_forward(q + c, a.t, a.size, a.ldqkv, keys_data);
    pack_backward(q + 2 * c, a.t, a.size, a.ldqkv, values_data);
    float* square = a.probs + h * a.t * stride;  // P (t, stride)
    for (std::int64_t i = 0; i < a.t; i += kTileRows) {
      const std::int64_t rows = least(kTileRows, a.t - i), seen = i + rows;
      float* block = square + i * stride;
      multiply<Side::rows>(rows, seen, a.size, q + i * a.ldqkv, a.ldqkv, keys, 0, block, stride, {});
      for (std::int64_t r = 0; r < rows; ++r) {
        float* p = block + r * stride;  // p[i + r,:]
        const std::int64_t visible = i + r + 1;
        const float largest = row_max(p, visible);
        row_scale(p, visible, 1 / row_exp<true>(p, visible, largest, scale));
        row_fill_zero(p + visible, seen - visible);
      }
      multiply<Side::rows>(rows, a.size, seen, block, stride, values, 0, a.out + i * a.ldo + h * a.size, a.ldo, {});
    }
  }
}

void attention_backward(const AttentionBackwardArgs<float>& a) {
  const std::int64_t c = a.heads * a.size, stride = square_stride(a.t);
  const float scale = 1 / __builtin_sqrtf(static_cast<float>(a.size));
  float* const values_data = a.scratch;
  float* const keys_data = values_data + packed_floats(a.t, a.size);
  float* const queries_data = keys_data + packed_floats(a.size, a.t);
  float* const douts_data = queries_data + packed_floats(a.size, a.t);
  float* const dsquare = douts_data + packed_floats(a.size, a.t);  // dS (t, stride)
  const Packed values{values_data, a.t, a.size};                   // V^T (size, t)
  const Packed keys{keys_data, a.size, a.t};                       // K (t, size)
  const Packed queries{queries_data, a.size, a.t};                 // Q (t, size)
  const Packed douts{douts_data, a.size, a.t};                     // dO (t, size)
  for (std::int64_t h = 0; h < a.heads; ++h) {
    const float* q = a.qkv + h * a.size;
    const float* dout = a.dout + h * a.size;
    const float* out = a.out + h * a.size;
    float* dq = a.dqkv + h * a.size;
    pack_forward(q + 2 * c, a.t, a.size, a.ldqkv, values_data);
    pack_backward(q + c, a.t, a.size, a.ldqkv, keys_data);
    pack_backward(q, a.t, a.size, a.ldqkv, queries_data);
    pack_backward(dout, a.t, a.size, a.lddo, douts_data);
    const float* square = a.probs + h * a.t * stride;  // P (t, stride)

    // dS = P (dP - rowsum(dO O)) scale, dP = dO V^T; dQ = dS K
    for (std::int64_t i = 0; i < a.t; i += kTileRows) {
      const std::int64_t rows = least(kTileRows, a.t - i), seen = i + rows;
      float* block = dsquare + i * stride;
      multiply<Side::rows>(rows, seen, a.size, dout + i * a.lddo, a.lddo, values, 0, block, stride, {});
      for (std::int64_t r = 0; r < rows; ++r) {
        V products = zero();
        const float* left = dout + (i + r) * a.lddo;
        const float* right = out + (i + r) * a.ldo;
        for_vectors(
            a.size, [&](std::int64_t d) { products = fma(load(left + d), load(right + d), products); },
            [&](std::int64_t d, Mask m) { products = fma(load(left + d, m), load(right + d, m), products); });
        const V mean = all(tree_sum(products)), times = all(scale);
        float* ds = block + r * stride;  // ds[i + r,:]
        const float* p = square + (i + r) * stride;
        const std::int64_t visible = i + r + 1;
        for_vectors(
            visible, [&](std::int64_t j) { store(ds + j, mul(mul(load(p + j), times), sub(load(ds + j), mean))); },
            [&](std::int64_t j, Mask m) { store(ds + j, mul(mul(load(p + j, m), times), sub(load(ds + j, m), mean)), m); });
        row_fill_zero(ds + visible, seen - visible);
      }
      multiply<Side::rows>(rows, a.size, seen, block, stride, keys, 0, dq + i * a.lddqkv, a.lddqkv, {});
    }

    // dK = dS^T Q and dV = P^T dO, from the diagonal down
    for (std::int64_t j = 0; j < a.t; j += kTileRows) {
      const std::int64_t rows = least(kTileRows, a.t - j);
      multiply<Side::columns>(rows, a.size, a.t - j, dsquare + j * stride + j, stride, queries, j, dq + c + j * a.lddqkv,
                              a.lddqkv, {});
      multiply<Side::columns>(rows, a.size, a.t - j, square + j * stride + j, stride, douts, j, dq + 2 * c + j * a.lddqkv,
                              a.lddqkv, {});
    }
  }
}
