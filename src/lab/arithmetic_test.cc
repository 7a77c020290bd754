// Which number format and kernel set a run computes in.
#include "lab/arithmetic.h"

#include <gmock/gmock.h>

namespace isoflop::lab {
namespace {

bool has(Isa isa) {
  const std::vector<Isa> here = machine_facts().isas;
  return std::find(here.begin(), here.end(), isa) != here.end();
}

TEST(ChooseArithmetic, TakesTheFormatOfTheSetThatIsNamed) {
  EXPECT_EQ(choose_arithmetic(Isa::ref, {}).dtype, Dtype::float32);
  EXPECT_EQ(choose_arithmetic(Isa::avx2, {}).dtype, Dtype::float32);
  EXPECT_EQ(choose_arithmetic(Isa::avx512, {}).dtype, Dtype::float32);
  EXPECT_EQ(choose_arithmetic(Isa::avx512bf16, {}).dtype, Dtype::bfloat16);
}

TEST(ChooseArithmetic, TheReferenceComputesBothFormats) {
  EXPECT_EQ(choose_arithmetic(Isa::ref, Dtype::bfloat16).dtype, Dtype::bfloat16);
  EXPECT_EQ(choose_arithmetic(Isa::ref, Dtype::float32).isa, Isa::ref);
}

TEST(ChooseArithmetic, ASetWithoutTheFormatIsAUsageErrorThatSaysWhichHaveIt) {
  for (const auto& [isa, dtype, hint] :
       {std::tuple{Isa::avx512, Dtype::bfloat16, "avx512bf16"}, std::tuple{Isa::avx2, Dtype::bfloat16, "avx512bf16"},
        std::tuple{Isa::avx512bf16, Dtype::float32, "avx512, avx2"}}) {
    try {
      static_cast<void>(choose_arithmetic(isa, dtype));
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_EQ(error.fault(), Fault::usage);
      EXPECT_THAT(error.hint(), ::testing::HasSubstr(hint));
    }
  }
}

TEST(ChooseArithmetic, LeftToItselfItTakesTheFastestFormatAndSetOfThisMachine) {
  const Arithmetic free = choose_arithmetic({}, {});
  EXPECT_EQ(free.dtype, has(Isa::avx512bf16) ? Dtype::bfloat16 : Dtype::float32);
  EXPECT_EQ(free.isa, machine_facts().isas.back());
  EXPECT_EQ(choose_arithmetic({}, Dtype::float32).isa, has(Isa::avx512) ? Isa::avx512 : has(Isa::avx2) ? Isa::avx2 : Isa::ref);
}

TEST(ChooseArithmetic, AMachineWithoutTheUnitRefusesBfloat16) {
  if (has(Isa::avx512bf16)) {
    EXPECT_EQ(choose_arithmetic({}, Dtype::bfloat16).isa, Isa::avx512bf16);
  } else {
    EXPECT_THROW(static_cast<void>(choose_arithmetic({}, Dtype::bfloat16)), Error);
  }
}

}  // namespace
}  // namespace isoflop::lab
