#include "lab/arithmetic.h"

namespace isoflop::lab {
namespace {

bool computes(Isa isa, Dtype dtype) {
  if (isa == Isa::ref) return true;
  return (isa == Isa::avx512bf16) == (dtype == Dtype::bfloat16);
}

}  // namespace

Arithmetic choose_arithmetic(std::optional<Isa> isa, std::optional<Dtype> dtype) {
  if (isa) {
    if (!dtype) dtype = *isa == Isa::avx512bf16 ? Dtype::bfloat16 : Dtype::float32;
    if (!computes(*isa, *dtype)) {
      throw Error(Fault::usage, "instruction set " + to_string(*isa), "has no kernels for " + to_string(*dtype),
                  *dtype == Dtype::bfloat16 ? "bfloat16 is computed by avx512bf16, and by ref in plain loops"
                                            : "float32 is computed by avx512, avx2 and ref");
    }
    return {*isa, *dtype};
  }
  const std::vector<Isa> here = machine_facts().isas;  // slowest first
  if (!dtype) dtype = here.back() == Isa::avx512bf16 ? Dtype::bfloat16 : Dtype::float32;
  if (*dtype == Dtype::bfloat16 && here.back() != Isa::avx512bf16) {
    throw Error(Fault::usage, "dtype bfloat16", "this machine has no unit for it (AVX512-BF16)",
                "use float32, or --isa ref, which computes it in plain loops");
  }
  for (auto best = here.rbegin(); best != here.rend(); ++best) {
    if (computes(*best, *dtype)) return {*best, *dtype};
  }
  return {Isa::ref, *dtype};
}

}  // namespace isoflop::lab
