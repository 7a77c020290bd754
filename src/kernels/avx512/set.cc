// The avx512 set: simd/*.inl over its vectors. Compiled with flags of its own (room.cmake), so it includes no standard header but
// cstdint: an inline function compiled here could be the copy the linker keeps for everyone.
#include "base/math.h"
#include "kernels/avx512/vec.h"
#include "kernels/kernels.h"
#include "kernels/peak.h"

namespace isoflop::kernels::avx512 {
namespace {

// clang-format off: in the order of use
#include "kernels/simd/operand.inl"
#include "kernels/simd/matmul.inl"
#include "kernels/simd/math.inl"
#include "kernels/simd/gelu.inl"
#include "kernels/simd/pointwise.inl"
#include "kernels/simd/rows.inl"
#include "kernels/simd/dropout.inl"
#include "kernels/simd/attention.inl"
#include "kernels/simd/peak.inl"
#include "kernels/simd/table.inl"
// clang-format on

constexpr Table<float> kTable = make_table("avx512");
constexpr Peak kPeak{fma_burst, read_burst};

}  // namespace
}  // namespace isoflop::kernels::avx512

namespace isoflop::kernels {
const Table<float>& avx512_table();
const Peak& avx512_peak();
const Table<float>& avx512_table() {
  return avx512::kTable;
}
const Peak& avx512_peak() {
  return avx512::kPeak;
}
}  // namespace isoflop::kernels
