// Recipes: how much less compute one needs for the loss of another.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "isoflop/fit_law.h"

namespace isoflop {

struct CompareOptions {
  std::string law;         ///< with a LawInfo::frontier; empty: chinchilla where both tables have params and tokens, else power_c
  FitOptions fit;          ///< of both tables; `seed` of the joint resamples
  std::vector<double> at;  ///< further C
  std::int64_t points = 9; ///< C, log-spaced over the range both tables cover; 0: `at` alone
  bool all_rows = false;   ///< laws of one quantity are fitted to every row, not to the lower envelope of loss
  std::map<std::string, double> held = {};  ///< further inputs of the law: granularity
};

/// m(C): what A needs for the loss that B reaches with C, over C. Above 1 recipe B saves compute.
struct Multiplier {
  double at = 0;                         ///< C, or the law's own quantity (N of power_n)
  double loss_a = 0, loss_b = 0;         ///< of each recipe there
  double value = 1;                      ///< infinite where A never reaches B's loss
  std::optional<Interval> interval;
};

struct Comparison {
  std::string law, axis;                 ///< axis: flops, params or tokens
  bool paired = false;                   ///< rows (groups) of one name are drawn together
  double common_low = 0, common_high = 0;  ///< of the axis: what both tables cover
  std::vector<Multiplier> points;        ///< ascending; empty where a table carries no law
  std::optional<Estimate> crossing;      ///< C at which neither is better; none within a hundred times the common range
  /// The run that would settle most: where the interval of ln m is widest beside m's distance from 1.
  struct NextRun {
    std::string recipe;                  ///< "A" or "B": whose draws spread ln m more there
    double at = 0;                       ///< C
    std::optional<double> params, tokens;  ///< the best model of this C, by its law
  };
  std::optional<NextRun> next;
  FitResult a, b;
  std::vector<Warning> warnings;         ///< of the comparison; the fits have their own
};

/// Fits one law to both tables and compares their frontiers, L*_A(m C) = L*_B(C), with joint draws.
///
/// Needs    tables of one loss, one meaning of N and of C. Units (rows, or groups where both tables have them) of the same names
///          in both are drawn together: the noise they share does not count.
/// Result   intervals are percentiles of ln m over the joint draws, widened as the fits' are. Read the fits' warnings too.
/// Throws   as fit_law; Error{bad_data} for tables of different loss or conventions; Error{usage} for a law that has no loss over
///          C.
/// Checked  compare_test.cc: a table against itself; a recipe that halves the compute; the crossing of two known laws.
[[nodiscard]] Comparison compare_recipes(const Observations& a, const Observations& b, const CompareOptions& options = {});
/// As one JSON object (docs/formats/laws.md).
[[nodiscard]] std::string comparison_to_json(const Comparison& comparison);

}  // namespace isoflop
