// A study and its tokens -> the runs to do.
#pragma once

#include <optional>
#include <vector>

#include "isoflop/lab.h"
#include "lab/prepare.h"

namespace isoflop::lab {

/// The resolved spec of one run. `shape` has its vocabulary; `tokens` and `tokenizer` are content ids.
/// Throws  bad_study with the study's source and the key, or usage with the flag where the study was put together from flags.
[[nodiscard]] RunSpec run_spec(const Study& study, const Shape& shape, const std::string& tokens, const std::string& tokenizer,
                               std::uint64_t seed, double learning_rate, double length);

/// The first thing about the study that no run could have, as Error{bad_study} whose subject is the key.
void check_runs(const Study& study);

/// One run of one size. `length` scales the number of steps (a sweep's short runs).
[[nodiscard]] PlannedRun plan_run(const Study& study, const Prepared& prepared, const StudyModel& model, std::uint64_t seed,
                                  double learning_rate, double length, const std::string& group);

/// The family: every size, every seed, at `rates` (one per model, in their order).
[[nodiscard]] std::vector<PlannedRun> plan_family(const Study& study, const Prepared& prepared, const std::vector<double>& rates);

/// What a bracketed sweep at one size knows: rate -> held-out loss (nothing: diverged).
struct SweepPoint {
  double rate = 0;
  std::optional<double> loss;
};
struct SweepChoice {
  std::optional<double> next;    ///< the rate to try next; none: the sweep is over
  double best = 0;               ///< the vertex of the parabola through the best rate and its neighbours, in ln rate
  bool bracketed = false;        ///< the best rate has a worse one on both sides
};
/// Pure: the same points give the same choice, so a sweep that was interrupted goes on where it was.
[[nodiscard]] SweepChoice sweep_step(const LearningRateSweep& sweep, std::vector<SweepPoint> points);

/// Log-linear in N through the rates found at the smallest and the largest size, to three digits.
[[nodiscard]] double rate_between(double params, double small_params, double small_rate, double large_params, double large_rate);

}  // namespace isoflop::lab
