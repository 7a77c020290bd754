// Calibration: whether the intervals of a fit hold the truth as often as they say.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "isoflop/fit_law.h"

namespace isoflop {

struct SimulateOptions {
  /// law: the rows are the law's, ln L with normal noise | heavy: Student's t of 3 degrees, of the same sd | checkpoints: rows in
  /// order of size and tokens are cut into runs of 6, of one size each, whose noise has 4 parts in 5 of its variance in common |
  /// untuned: beside the noise ln L is raised by `noise` |z| |ln(N / N_m)|, z normal, N_m the middle size: rates that suit one
  /// size only | broken: A N^-alpha flattens by 3/10 of alpha beyond N_m (chinchilla).
  std::string truth = "law";
  double noise = 0.01;        ///< sd of ln L
  std::int64_t tables = 1000;
  FitOptions fit = {};        ///< objective, resamples, level, budgets, seed, threads, stop, progress
};

/// How often the intervals of one number held the truth.
struct Coverage {
  double truth = 0;
  double covered = 0, covered_se = 0;  ///< share of tables, and its binomial standard error
  double above = 0, below = 0;         ///< shares of tables whose interval lies above the truth, below it
  double median_width = 0;             ///< infinite where half of the intervals have no end
  double bias = 0;                     ///< median of the values, minus the truth
};

struct Simulation {
  std::string law, truth;
  double noise = 0;
  std::int64_t rows = 0;              ///< of each table
  std::int64_t tables = 0, fitted = 0;  ///< fitted: with intervals; the shares are of these
  double level = 0.95;
  std::string interval_method;
  std::map<std::string, Coverage> coverage;  ///< of constants and derived numbers
};

/// Fits many tables made by a known law and counts how often each number's interval holds what made them.
///
/// Units    `constants` are the law's at full precision; the tables have the inputs of `design`, whose losses are not read.
/// Needs    as fit_law(); the truths broken and untuned need a law of params.
/// Result   the refits of a table start at the truth and at the fit to its noise-free rows: what many starts would find is not
///          judged. With `checkpoints` the tables are grouped by run: `fit.resample` "rows" is the interval that does not know
///          it. `broken` has no constants to hold: a and b are the slopes of ln N* and ln D* over the design's range of C.
/// Throws   as fit_law(); Error{usage} for an unknown truth or constant, a noise that is not positive, and `broken` of a law but
///          chinchilla; Error{bad_data} for a design of too few rows.
/// Numerics the same bytes for any number of threads.
/// Checked  simulate_test.cc.
[[nodiscard]] Simulation simulate_law(const std::string& law, const std::map<std::string, double>& constants,
                                      const Observations& design, const SimulateOptions& options = {});

/// An isoFLOP grid for laws of params and tokens: budgets from 6e18 to 3e21 FLOPs, half as many again sizes at each as there are
/// budgets, sizes from a sixth of 1.3e9 (C / 1e21)^0.5 to six times it. Columns params, tokens, flops.
///
/// Needs    one row or more (contract).
[[nodiscard]] Observations isoflop_design(std::int64_t rows = 60);

/// `rows` of the table's rows, evenly spaced in order of FLOPs (6 N D); the whole table if it has no more.
[[nodiscard]] Observations thinned(const Observations& table, std::int64_t rows);

/// A law at its constants, from JSON: the output of `fit --json` (the first fit), one fit, or {"law": ..., "constants": {...}}.
///
/// Throws   Error{bad_data} naming `subject` and the key.
[[nodiscard]] std::pair<std::string, std::map<std::string, double>> law_from_json(const std::string& text,
                                                                                  const std::string& subject);

/// The simulation as one JSON object (docs/formats/laws.md).
[[nodiscard]] std::string simulation_to_json(const Simulation& simulation);

}  // namespace isoflop
