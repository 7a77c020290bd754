// The laws of this build, each in the file of its formula.
#pragma once

#include "laws/law.h"

namespace isoflop::laws {

[[nodiscard]] const Law& chinchilla();

}  // namespace isoflop::laws
