#include "kernels/choose.h"

#include "base/check.h"

namespace isoflop::kernels {
#if defined(ISOFLOP_X86_SETS)
const Table<float>& avx2_table();    // avx2/set.cc
const Table<float>& avx512_table();  // avx512/set.cc
#endif

namespace {

// the builtin asks CPUID and, through XGETBV, whether the operating system keeps the registers
bool runs([[maybe_unused]] Set set) {
#if defined(ISOFLOP_X86_SETS)
  if (set == Set::avx2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
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
  for (const Set set : {Set::ref, Set::avx2, Set::avx512}) {
    if (runs(set)) sets.push_back(set);
  }
  return sets;
}

const Table<float>& table(Set set) {
  ISOFLOP_CHECK(runs(set));
#if defined(ISOFLOP_X86_SETS)
  if (set == Set::avx512) return avx512_table();
  if (set == Set::avx2) return avx2_table();
#endif
  return reference<float>();
}

}  // namespace isoflop::kernels
