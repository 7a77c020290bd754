// The minimum of a law's objective over rows, from one start and from many.
#pragma once

#include <span>
#include <stop_token>
#include <vector>

#include "laws/law.h"

namespace isoflop::laws {

/// Which parameters may move; the others stay as the start has them.
using Free = std::array<bool, kMaxConstants>;

struct MinimiseOptions {
  std::int64_t iterations = 300;
  /// Ends when a Newton step promises less than this share of the objective.
  double tolerance = 1e-13;
  /// The start is near the end, as a resample's is: Newton's method at once.
  bool near = false;
};

struct Minimum {
  Theta theta{};
  double value = 0;          ///< of the objective
  double gradient_norm = 0;  ///< over the free parameters
  std::int64_t iterations = 0;
  enum class Stop { converged, stalled, iteration_limit, no_start } stop = Stop::no_start;
};
[[nodiscard]] std::string to_string(Minimum::Stop stop);

/// Levenberg-Marquardt from `start`: first on reweighted least squares, which is safe far off, then Newton's method on the exact
/// Hessian, which ends it. Never returns a value above the start's.
///
/// Result   `no_start` where the objective is not finite at the start; `stalled` where no step lowers it any more though
///          Newton's promises to. For lad the corner is smoothed by less than the tolerance can tell (1e-8).
[[nodiscard]] Minimum minimise(const Law& law, const Rows& rows, const Objective& objective, const Theta& start, const Free& free,
                               const MinimiseOptions& options = {});

/// The best of many starts, and what the others found.
struct Search {
  Minimum best;
  std::int64_t starts = 0, agreeing = 0;  ///< agreeing: ended at the best objective to 1e-6 of it
  struct Other {
    Minimum minimum;
    std::int64_t starts = 0;
  };
  std::vector<Other> others;  ///< converged elsewhere, ascending, distinct to 1e-6
};

/// Runs every start to its end, over `threads` cores; the result does not depend on their number. Many starts first come near on
/// a few rows drawn at random. Of more than kManyRows rows the ends are among kSomeRows of them, and only the best few minima are
/// then followed among all.
///
/// Checked  law_test.cc: for every law, it finds no worse a best and next-best minimum than starts that see all rows from the
///          outset.
[[nodiscard]] Search search(const Law& law, const Rows& rows, const Objective& objective, std::span<const Theta> starts,
                            const Free& free, std::int64_t threads, std::stop_token stop = {});

/// Every combination of the constants' start values, `theta` where a parameter is not free; of the paper's finer grid if asked.
[[nodiscard]] std::vector<Theta> grid_of_starts(const Law& law, const Rows& rows, const Theta& theta, const Free& free,
                                                bool paper);

}  // namespace isoflop::laws
