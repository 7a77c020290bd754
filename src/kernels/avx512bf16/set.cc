// The avx512bf16 set: simd/*.inl over the vectors of avx512 and operands of its own. Compiled with flags of its own (room.cmake),
// so it includes no standard header but cstdint: an inline function compiled here could be the copy the linker keeps for
// everyone.
#include "base/math.h"
#include "kernels/avx512/vec.h"
#include "kernels/gelu_table.h"
#include "kernels/kernels.h"

namespace isoflop::kernels::avx512 {
namespace {

// clang-format off: in the order of use
#include "kernels/avx512bf16/operand.inl"
#include "kernels/simd/matmul.inl"
#include "kernels/simd/math.inl"
#include "kernels/avx512bf16/gelu.inl"
#include "kernels/simd/pointwise.inl"
#include "kernels/simd/rows.inl"
#include "kernels/simd/dropout.inl"
#include "kernels/simd/attention.inl"
#include "kernels/simd/table.inl"
// clang-format on

constexpr Table<float, Bf16> kTable = make_table("avx512bf16");

}  // namespace
}  // namespace isoflop::kernels::avx512

namespace isoflop::kernels {
const Table<float, Bf16>& avx512bf16_table();
const Table<float, Bf16>& avx512bf16_table() {
  return avx512::kTable;
}
}  // namespace isoflop::kernels
