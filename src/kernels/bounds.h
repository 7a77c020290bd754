// How far a float set may be from the same formula in double: |x - y| / (1 + |y|), inputs of order 1. The room's tests hold every
// set, the float reference included, to exactly these numbers; they are two to five times what is seen.
#pragma once

#include <cstdint>

namespace isoflop::kernels::bounds {

// k terms in (-1, 1), each partial sum rounded once: the error of matmul, outer and column sums grows like k
constexpr double sum(std::int64_t k) {
  return 3e-7 + 2e-8 * static_cast<double>(k);
}

constexpr double kGelu = 3e-7;
constexpr double kGeluSlope = 5e-7;
constexpr double kLayerNorm = 1e-6;          // output, mean and 1 / standard deviation
constexpr double kLayerNormGradient = 1e-5;  // of the input
constexpr double kLayerNormParameters = 1.5e-6;
constexpr double kLoss = 3e-7;          // negative log-likelihood, logits in (-10, 10)
constexpr double kLossGradient = 1e-7;  // before `scale`
constexpr double kDropout = 1e-7;       // one product
constexpr double kAttention = 2e-6;
constexpr double kAttentionGradient = 4e-6;
constexpr double kAdamW = 5e-7;        // weights and moments after ten steps
constexpr double kExponential = 4e-7;  // relative, of a softmax entry down to e^-80
constexpr double kSquares = 1e-13;     // relative, of a sum in double

// What is stored as bf16 is at most half a unit of its eighth bit away from what the same kernel would store as float; what is
// kept between two products of one kernel (attention's P and dS) is rounded on the way.
constexpr double kBf16 = 1.0 / 256;
constexpr double kBf16Attention = 1e-2;
constexpr double kBf16AttentionGradient = 3e-2;
constexpr double kBf16Loss = 2e-6;  // logits in (-10, 10): the short exponential

}  // namespace isoflop::kernels::bounds
