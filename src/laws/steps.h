// Rows that are steps of runs: which of them a law of whole loss curves is fitted to, and what its formula reads of each.
#pragma once

#include "laws/law.h"
#include "laws/schedule.h"

namespace isoflop::laws {

/// A knot of a history stands in four columns of `Rows::inputs`, after ln of the area: drop, steps, ln area, ln rate.
inline constexpr int kHistoryInputs = 1 + 4 * kKnots;

/// In order of step, each once.
///
/// Throws   Error{bad_data}, naming run and step, if a step is no whole number from 0, a rate is negative or a step has two
/// rates.
void sort_schedule(Schedule& schedule, const std::string& subject, const std::string& run);

struct StepRun {
  std::string name;
  std::vector<std::size_t> rows;  ///< of the table, in order of step, from the end of the warm-up on
  LearningRates rates;
};

struct StepRuns {
  std::vector<StepRun> runs;
  std::vector<Warning> warnings;  ///< rows left out, and why
};
/// The runs that `rows` of the table are steps of, each with its schedule, in order of their first row.
///
/// Throws   as sort_schedule; Error{bad_data} if a column is missing.
[[nodiscard]] StepRuns runs_of_steps(const Observations& table, const std::vector<std::size_t>& rows);

/// The run a row is a step of: its group, else its label; of a table that names no runs all rows are one.
[[nodiscard]] const std::string& run_of(const Observations& table, std::size_t row);

/// Appends what the formulas read.
void append_history(const History& history, Rows& rows);

/// Runs of more rows than this are fitted at means over windows of steps.
inline constexpr std::size_t kWholeRun = 512;

/// Rows of a run as one point of its curve each, or as means over windows no wider than 1/200 of the run and 1/20 of the step.
/// A mean of ln L over such a window is off the curve by less than 1e-4 of what it falls there.
[[nodiscard]] std::vector<std::vector<std::size_t>> windows_of(const StepRun& run, const std::vector<double>& steps);

}  // namespace isoflop::laws
