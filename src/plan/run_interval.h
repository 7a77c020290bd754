// Where the loss of one further run is expected.
#pragma once

#include <optional>
#include <vector>

#include "isoflop/plan.h"

namespace isoflop::plan {

/// The loss of one further run of a model: its logarithm is normal about each draw of the law, with the scatter of runs, and the
/// draws stand as far from the law's own value as its intervals say (`widening`). With fewer draws than make an interval the
/// law's value alone.
class RunLoss {
 public:
  /// Needs    a law with a surface; residual_sd >= 0.
  RunLoss(const PlanningLaw& law, double params, double tokens, double residual_sd);

  /// Share of runs whose loss is less.
  [[nodiscard]] double share_below(double loss) const;
  /// Its middle `level`; none without scatter. Of draws that all agree: 1.96 residual_sd to both sides at 95 %.
  [[nodiscard]] std::optional<Interval> interval(double level) const;

 private:
  std::vector<double> ln_losses_;  // ascending
  double residual_sd_;
};

}  // namespace isoflop::plan
