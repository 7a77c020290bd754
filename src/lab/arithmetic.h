// Which number format and which kernel set runs compute in.
#pragma once

#include <optional>

#include "isoflop/lab.h"

namespace isoflop::lab {

struct Arithmetic {
  Isa isa = Isa::ref;
  Dtype dtype = Dtype::float32;
};

/// What was asked for, and for the rest the fastest that this machine has: bfloat16 with avx512bf16, else float32.
/// Throws  usage when the two do not go together, or the machine has no unit for the format.
[[nodiscard]] Arithmetic choose_arithmetic(std::optional<Isa> isa, std::optional<Dtype> dtype);

}  // namespace isoflop::lab
