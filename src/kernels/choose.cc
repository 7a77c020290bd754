#include "kernels/choose.h"

#include "base/check.h"
#include "kernels/peak.h"

namespace isoflop::kernels {
#if defined(ISOFLOP_X86_SETS)
const Table<float>& avx2_table();              // avx2/set.cc
const Table<float>& avx512_table();            // avx512/set.cc
const Table<float, Bf16>& avx512bf16_table();  // avx512bf16/set.cc
const Peak& avx2_peak();
const Peak& avx512_peak();
double bf16_pairs_burst(std::int64_t rounds);  // avx512bf16/peak.cc
#endif
const Peak& reference_peak();  // ref/peak.cc

namespace {

// the builtin asks CPUID and, through XGETBV, whether the operating system keeps the registers
bool runs([[maybe_unused]] Set set) {
#if defined(ISOFLOP_X86_SETS)
  if (set == Set::avx2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (set == Set::avx512bf16) return runs(Set::avx512) && __builtin_cpu_supports("avx512bf16");
  if (set == Set::avx512) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx2");
  }
#endif
  return set == Set::ref;
}

}  // namespace

std::vector<Set> available() {
  std::vector<Set> sets;
  for (const Set set : {Set::ref, Set::avx2, Set::avx512, Set::avx512bf16}) {
    if (runs(set)) sets.push_back(set);
  }
  return sets;
}

const Table<float>& table(Set set) {
  ISOFLOP_CHECK(runs(set));
#if defined(ISOFLOP_X86_SETS)
  if (set >= Set::avx512) return avx512_table();
  if (set == Set::avx2) return avx2_table();
#endif
  return reference<float>();
}

const Peak& peak(Set set) {
  ISOFLOP_CHECK(runs(set));
#if defined(ISOFLOP_X86_SETS)
  if (set >= Set::avx512) return avx512_peak();
  if (set == Set::avx2) return avx2_peak();
#endif
  return reference_peak();
}

bool has_bf16(Set set) {
  return set == Set::ref || set == Set::avx512bf16;
}

const Table<float, Bf16>& bf16_table(Set set) {
  ISOFLOP_CHECK(runs(set) && has_bf16(set));
#if defined(ISOFLOP_X86_SETS)
  if (set == Set::avx512bf16) return avx512bf16_table();
#endif
  return reference<float, Bf16>();
}

double bf16_burst([[maybe_unused]] std::int64_t rounds) {
  ISOFLOP_CHECK(runs(Set::avx512bf16));
#if defined(ISOFLOP_X86_SETS)
  return bf16_pairs_burst(rounds);
#else
  return 0;
#endif
}

}  // namespace isoflop::kernels
