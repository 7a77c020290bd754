// Bursts that measure a machine: see peak.h.

double fma_burst(std::int64_t rounds) {
  V sum[kPeakAccumulators];
#pragma GCC unroll 24
  for (int i = 0; i < kPeakAccumulators; ++i) sum[i] = all(static_cast<float>(i));
  const V half = all(0.5f), one = all(1.0f);
  for (std::int64_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 24
    for (int i = 0; i < kPeakAccumulators; ++i) sum[i] = fma(sum[i], half, one);
  }
  V total = zero();
#pragma GCC unroll 24
  for (int i = 0; i < kPeakAccumulators; ++i) total = add(total, sum[i]);
  // every sum tends to 2: the comparison never holds, and the compiler must do the work to know
  const double flops = 2.0 * kWidth * kPeakAccumulators * static_cast<double>(rounds);
  return tree_sum(total) < 0 ? 0 : flops;
}

float read_burst(const float* x, std::int64_t n) {  // n a multiple of 8 vectors
  V sum[8];
  for (int v = 0; v < 8; ++v) sum[v] = zero();
  for (std::int64_t i = 0; i + 8 * kWidth <= n; i += 8 * kWidth) {
    for (int v = 0; v < 8; ++v) sum[v] = add(sum[v], load(x + i + v * kWidth));
  }
  for (int v = 1; v < 8; ++v) sum[0] = add(sum[0], sum[v]);
  return tree_sum(sum[0]);
}
