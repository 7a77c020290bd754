// The curve of one isoFLOP budget, its least loss, and how far noise moves that.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "laws/budgets.h"
#include "laws/curve.h"

namespace isoflop::laws {

/// One budget: its rows by N, and what became of it.
struct IsoflopCurve {
  BudgetOptimum optimum;
  std::vector<std::size_t> members;    // into ComputeRows, by ascending N
  std::vector<double> x, y;            // ln N; L or ln L
  std::vector<double> d;               // ln D of the members, empty without tokens
  std::vector<std::size_t> by_tokens;  // positions in `members`, by ascending D
  std::optional<double> ln_loss_se;
  CurveMinimum local;  // the local parabola: residuals come from it, whichever way the minimum is found
};

/// Where a curve has its least loss, along N and along D.
struct Least {
  CurveMinimum n;
  double d = 0;
  CurveMinimum::Trouble trouble = CurveMinimum::Trouble::none;
};

/// Whether the curve is of ln L instead of L.
[[nodiscard]] bool of_log(const IsoflopOptions& options);

[[nodiscard]] bool is_trouble(CurveMinimum::Trouble trouble, const IsoflopOptions& options);

/// The least loss of points (x by N, y), their ln D and its order. By parabola, D is read off the points that N was.
[[nodiscard]] Least least_of(std::span<const double> x, std::span<const double> y, std::span<const double> d,
                             std::span<const std::size_t> by_tokens, const IsoflopOptions& options);

/// The relative scatter of losses about the local parabolas, pooled; none without degrees of freedom.
[[nodiscard]] std::optional<double> scatter_of(const std::vector<IsoflopCurve>& curves, const ComputeRows& rows,
                                               const IsoflopOptions& options);

/// Every curve's least loss in one draw; nothing where it has none.
struct DrawnOptimum {
  double n = 0, d = 0, loss = 0;  ///< ln N, ln D, L
};
using IsoflopDraw = std::vector<std::optional<DrawnOptimum>>;

/// Noise of `scatter` (or of the options' size) on every loss, or rows of each budget drawn with replacement, as the options have
/// it; none without noise.
[[nodiscard]] std::vector<IsoflopDraw> draws_of(const std::vector<IsoflopCurve>& curves, const ComputeRows& rows,
                                                const IsoflopOptions& options, std::optional<double> scatter);

/// The standard errors of ln N* and ln L* over the draws; a curve that loses its minimum in half of them carries no law.
void judge_by_draws(const std::vector<IsoflopDraw>& draws, std::size_t c, const IsoflopOptions& options, IsoflopCurve& curve);

}  // namespace isoflop::laws
