// A burst of vdpbf16ps: 32 products a lane-pair instruction. Flags of its own, no standard header: see room.cmake.
#include <immintrin.h>

#include <cstdint>

namespace isoflop::kernels {

double bf16_pairs_burst(std::int64_t rounds);
double bf16_pairs_burst(std::int64_t rounds) {
  constexpr int kAccumulators = 24;
  __m512 sum[kAccumulators];
#pragma GCC unroll 24
  for (int i = 0; i < kAccumulators; ++i) sum[i] = _mm512_set1_ps(static_cast<float>(i));
  const __m512bh a = _mm512_cvtne2ps_pbh(_mm512_set1_ps(1e-3f), _mm512_set1_ps(1e-3f));
  const __m512bh b = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.5f), _mm512_set1_ps(0.5f));
  for (std::int64_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 24
    for (int i = 0; i < kAccumulators; ++i) sum[i] = _mm512_dpbf16_ps(sum[i], a, b);
  }
  __m512 total = _mm512_setzero_ps();
#pragma GCC unroll 24
  for (int i = 0; i < kAccumulators; ++i) total = _mm512_add_ps(total, sum[i]);
  // sums only grow: the comparison never holds, and the compiler must do the work to know
  return _mm512_reduce_add_ps(total) < 0 ? 0 : 64.0 * kAccumulators * static_cast<double>(rounds);
}

}  // namespace isoflop::kernels
