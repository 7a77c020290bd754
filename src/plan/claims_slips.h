// What people forget, count twice or mistype. Claims checker only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plan/claims_text.h"

namespace isoflop::plan {

/// A number that is wrong, beside what follows.
struct Mistake {
  double claimed = 0, computed = 0;  ///< in one unit
  double raw = 0;                    ///< the claim as written; 0: not known
  double tolerance = 0;              ///< relative
  Kind kind = Kind::none;
  std::vector<Quantity> inputs = {};  ///< what it was computed from
  bool alone = false;                 ///< by its own digits: no factor is looked for
};

/// The slip that makes `claimed` of `computed`, in words that follow "as if": "the 64 devices were not counted". A power of ten,
/// a factor that is commonly forgotten or doubled, an input left out or counted twice, the inverse, the complement, digits
/// swapped or one of three or more mistyped.
[[nodiscard]] std::optional<std::string> slip_of(const Mistake& m);

}  // namespace isoflop::plan
