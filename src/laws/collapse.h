// Whether the loss curves of a family are one curve: Qiu et al. 2025 (arXiv:2507.02119).
#pragma once

#include <optional>

#include "isoflop/laws.h"

namespace isoflop::laws {

/// Runs of a family, each curve as (L - floor) over its last value, against the share of the run's compute that is spent.
struct Collapse {
  std::size_t runs = 0, sizes = 0;
  double floor = 0;                ///< the one that makes the curves most alike
  double deviation = 0;            ///< root mean square over the shares of sd over runs / mean
  double noise = 0;                ///< the deviation that the scatter of single steps would bring
  double worst = 0, worst_at = 0;  ///< the largest sd / mean, and the share where it is

  /// More than scatter, and more than the paper's well-scaled families show.
  [[nodiscard]] bool broken() const { return deviation > 0.03 && deviation > 2 * noise; }
};

/// Nothing for a table of fewer than 3 curves, of one size, or without columns step, params and the loss.
///
/// Result   means over twentieths of each run from a tenth on; a run needs 40 steps with a loss.
/// Checked  collapse_test.cc: a family on one curve, and the same with one run of another rate.
[[nodiscard]] std::optional<Collapse> collapse_of(const Observations& table, const std::string& loss_column);

/// The finding in words.
[[nodiscard]] std::string to_string(const Collapse& collapse);

}  // namespace isoflop::laws
