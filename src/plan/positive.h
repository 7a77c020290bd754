// Numbers of a question that must be positive, refused by name.
#pragma once

#include <cmath>
#include <string>

#include "isoflop/text.h"
#include "isoflop/base.h"

namespace isoflop::plan {

inline void need_positive(const std::string& name, double value) {
  if (std::isfinite(value) && value > 0) return;
  throw Error(Fault::usage, name, "is " + format_number(value) + ", expected a finite number above 0");
}

}  // namespace isoflop::plan
