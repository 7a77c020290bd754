// The runs a study asks for, what they take, and the steps that a budget leaves them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "isoflop/lab.h"
#include "lab/estimate.h"
#include "lab/prepare.h"

namespace isoflop::lab {

/// The sizes by N, as indices into study.models.
[[nodiscard]] std::vector<std::size_t> by_params(const Study& study, std::int64_t vocab_size);

/// The study's own rate for every size; of a sweep where it starts.
[[nodiscard]] std::vector<double> one_rate(const Study& study);

/// The family, and for a sweep three short runs at each end, which is the least a bracket takes; of mixtures the proxies.
[[nodiscard]] std::vector<PlannedRun> planned_runs(const Study& study, const Prepared& prepared);

/// Fills each run's seconds.
double total_seconds(std::vector<PlannedRun>& runs, const Prepared& prepared, Calibration& calibration);
/// Of these runs.
[[nodiscard]] double total_flops(const std::vector<PlannedRun>& runs);
/// The most that the study takes: a sweep that tries every rate it may, and of mixtures the runs that try the weights.
[[nodiscard]] double most_flops(const Study& study, const std::vector<PlannedRun>& runs);

/// What was asked for, as it stands in study.resolved.toml: a comment line.
[[nodiscard]] std::string request_line(const Study& asked);

/// Sets the steps that the budget leaves; a study that was begun with the same request keeps its steps, whatever the clock says
/// now.
///
/// Throws   usage (bad_study for budget_minutes) where the budget is less than the least the study takes.
void keep_to_budget(Study& study, const Study& asked, const Prepared& prepared, const LabOptions& options,
                    Calibration& calibration);

}  // namespace isoflop::lab
