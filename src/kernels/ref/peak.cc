// Bursts in plain loops: what the compiler makes of them without flags for an instruction set. See peak.h.
#include "kernels/peak.h"

namespace isoflop::kernels {
namespace {

constexpr int kLanes = 32;

double fma_burst(std::int64_t rounds) {
  float sum[kLanes];
  for (int i = 0; i < kLanes; ++i) sum[i] = static_cast<float>(i);
  for (std::int64_t r = 0; r < rounds; ++r) {
    for (int i = 0; i < kLanes; ++i) sum[i] = sum[i] * 0.5f + 1.0f;
  }
  float total = 0;
  for (const float s : sum) total += s;
  // every sum tends to 2: the comparison never holds, and the compiler must do the work to know
  return total < 0 ? 0 : 2.0 * kLanes * static_cast<double>(rounds);
}

float read_burst(const float* x, std::int64_t n) {
  float sum[kLanes] = {};
  for (std::int64_t i = 0; i + kLanes <= n; i += kLanes) {
    for (int l = 0; l < kLanes; ++l) sum[l] += x[i + l];
  }
  float total = 0;
  for (const float s : sum) total += s;
  return total;
}

constexpr Peak kPeak{fma_burst, read_burst};

}  // namespace

const Peak& reference_peak();
const Peak& reference_peak() {
  return kPeak;
}

}  // namespace isoflop::kernels
