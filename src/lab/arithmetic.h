// Which number format and which kernel set runs compute in.
#pragma once

#include <optional>

#include "isoflop/lab.h"

namespace isoflop::lab {

struct Arithmetic {
  Isa isa = Isa::ref;
  Dtype dtype = Dtype::float32;
};

/// What was asked for. Left open, the format is the set's, or bfloat16 where this machine has the unit (it leaves a law where it
/// is: experiments/LOG.md), else float32; and the set is the fastest that this machine has for the format. Throws  usage when the
/// two do not go together, or the machine has no unit for the format.
[[nodiscard]] Arithmetic choose_arithmetic(std::optional<Isa> isa, std::optional<Dtype> dtype);

}  // namespace isoflop::lab
