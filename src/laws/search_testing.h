// Where starts end that are each run down all rows from the outset: what a search may not miss. Tests only.
#pragma once

#include <cmath>
#include <vector>

#include "laws/problem.h"

namespace isoflop::laws {

struct Ends {
  double best = 0, next = 0;  // objectives; next: the least local minimum above the best, 0 where there is none
  std::int64_t agreeing = 0;
};

inline Ends ends_from(const Problem& problem, const std::vector<Theta>& starts) {
  std::vector<Minimum> ends;
  Ends found{.best = INFINITY, .next = INFINITY};
  for (const Theta& start : starts) {
    ends.push_back(minimise(*problem.law, problem.rows, problem.objective, start, problem.free, {.tolerance = 1e-9}));
    if (ends.back().stop != Minimum::Stop::no_start) found.best = std::min(found.best, ends.back().value);
  }
  for (const Minimum& end : ends) {
    if (end.value <= found.best * (1 + 1e-6))
      ++found.agreeing;
    else if (end.stop == Minimum::Stop::converged)
      found.next = std::min(found.next, end.value);
  }
  if (std::isinf(found.next)) found.next = 0;
  return found;
}

}  // namespace isoflop::laws
