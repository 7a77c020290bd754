// A table of runs -> a fit: robust regression, hold-outs, cross-validation, tests of the form, and a look at the table.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "isoflop/base.h"
#include "isoflop/fit.h"

namespace isoflop {

struct PowerFitOptions {
  std::string n_column = "params";
  std::string loss_column = "loss";
  double level = 0.95;
  bool allow_repeated = false;  ///< fit rows with tokens > unique_tokens too; the fit is labelled `repeated_data`
};

/// Fits L(N) = a N^-b by least squares of ln L on ln N.
///
/// Source   Kaplan et al. 2020 (arXiv:2001.08361), eq. 1.1, without a floor; interval: Student-t, degrees of
///          freedom the distinct sizes minus 2.
/// Units    loss: nats per token; N: parameters in the column's convention.
/// Needs    3 values of N or more for an interval (2 give a line without one); rows with an empty cell are left out and named.
///          Replicates of one N are averaged in ln L: they steady the point, they are not further sizes. Columns read besides N
///          and loss, where present: tokens and unique_tokens (which rows are fresh), params (N > unique_tokens).
/// Result   no fit when mean loss does not fall with every step up in N, no two sizes are left, or a number of the law is beyond
///          what a double holds: the warnings say why. Every number of a fit is finite.
///          constants a, b; derived exponent, loss_ratio_per_decade, residual_sd (ln L), loss_sd_seed (nats; with replicates).
/// Throws   Error{bad_data}, naming row (file:line where known) and column, if a number it reads is not finite and positive or a
///          column is missing.
/// Checked  power_test.cc: the source experiment's five points; 2,000 simulated tables, coverage of the 95 % interval.
[[nodiscard]] FitResult fit_power_law(const Observations& table, const PowerFitOptions& options = {});

/// What N counts and which loss is fitted: by the column if its name says so, else as the table states.
[[nodiscard]] std::string n_convention_of(const Observations& table, const PowerFitOptions& options);
[[nodiscard]] std::string loss_kind_of(const Observations& table, const PowerFitOptions& options);

/// The law's value and its confidence band at one N.
struct BandPoint {
  double params = 0, loss = 0;
  std::optional<Interval> confidence;  ///< of the mean
  std::optional<Interval> prediction;  ///< of a further run
};
/// Needs    `fit` to be the fit of `table` with `options`.
[[nodiscard]] std::vector<BandPoint> power_law_band(const Fit& fit, const Observations& table, const PowerFitOptions& options,
                                                    std::span<const double> params);

/// How the minimum of one isoFLOP curve is found.
enum class CurveMinimumBy {
  parabola,  ///< least squares of a parabola in log10 N
  akima,     ///< least value of Akima's interpolation of ln L over ln N
};

/// What `fit_law` minimises, and how its intervals are made. Every option is said in the result.
struct FitOptions {
  std::string objective = "huber";  ///< huber | lad (least absolute deviations) | lsq (least squares) | asymmetric
  double delta = 1e-3;              ///< huber, asymmetric: where |r| turns from square to line
  double over = 10;                 ///< asymmetric: how much more a prediction above the row costs
  std::string residual = "auto";    ///< log: r = ln L - ln L_hat | linear: r = L - L_hat | auto: as the law is written
  double low_loss = 0;              ///< P: a row counts (least L of those fitted / L)^P, to forecast dearer runs
  std::map<std::string, double> fixed = {};  ///< constants that are held
  bool all_starts = false;          ///< every combination of the law's paper, else a thinner grid

  std::int64_t bootstrap = 1000;    ///< resamples; 0: no intervals
  std::int64_t leave_out = 1000;    ///< with resamples: each row (group) is left out in turn where there are no more than these
                                    ///< (and 4,000 rows); 0: never
  std::string resample = "auto";    ///< rows | groups | residuals; auto: groups where the table has them, else rows
  std::uint64_t seed = 0;           ///< of the resamples
  double level = 0.95;
  bool profile = false;             ///< profile every free constant, too: an interval that rests on the objective's rise, not on
                                    ///< resamples

  std::string n_column = "params", loss_column = "loss";
  bool allow_repeated = false;
  std::vector<double> at_flops = {};     ///< budgets C = 6 N D at which N*, D*, D/N and L* are derived (L alone by a law of C)
  std::vector<std::pair<double, double>> at_models = {};  ///< (N, D) whose loss is derived
  std::vector<double> budgets = {};      ///< isoflop: FLOPs rows belong to; empty: found where rows gather
  CurveMinimumBy minimum = CurveMinimumBy::parabola;  ///< isoflop: how a budget's least loss is found

  std::int64_t threads = 1;         ///< cores; the result does not depend on it
  std::stop_token stop = {};        ///< asked for: Error{interrupted}
  ProgressFn progress = {};
};

/// Fits one of `known_laws()`. A law of a formula: robust regression from many starts, then a resampling of the table for the
/// intervals; what follows is of these. isoflop, optima, envelope: as fit_isoflop, fit_optima, fit_envelope with what these
/// options
/// say of draws, level, seed, columns, budgets and C.
///
/// Source   objective and starts: Hoffmann et al. 2022 (arXiv:2203.15556), section 3.3; that it must be summed and minimised to
///          the end: Besiroglu et al. 2024 (arXiv:2404.10102).
/// Needs    more rows than free constants.
/// Result   the best minimum of all starts. Read `stop`, `gradient_norm`, `starts_agreeing`, `next_best`. Intervals are
///          percentiles of the resamples, scaled about the value (in ln where positive) by Student's t over the normal quantile
///          and by the spread of fits to tables simulated about the fit over that of their resamples; without an end where the
///          resamples run away, or where a constant can be held anywhere beyond it and the objective rises by less than the
///          interval's level refuses: 0 or infinite; the other end is then where it refuses it, and a constant without either is
///          in `not_identified` and has no interval. What does not vary has no interval. With every constant fixed
///          nothing is fitted: `stop` is "not fitted", starts 0. No fit: the warnings say why.
/// Throws   Error{usage} for an unknown law, objective or constant; Error{bad_data} naming row and column;
///          Error{interrupted}.
/// Numerics the same bytes for any number of threads.
/// Checked  chinchilla_reference_test.cc: five objectives on the Epoch table; simulate_test.cc: coverage on simulated tables.
[[nodiscard]] FitResult fit_law(const Observations& table, const std::string& law, const FitOptions& options = {});

/// A law at its constants, for every row: L_hat; empty where the row lacks an input, or is a step before the highest learning
/// rate.
[[nodiscard]] std::vector<std::optional<double>> predict_law(const Observations& table, const std::string& law,
                                                             const std::map<std::string, double>& constants,
                                                             const std::string& n_column = "params");

/// Fits the law to `cheap` rows and predicts the `dear` ones; `whole` is the fit of all rows, for the movement of its exponents.
///
/// Result   prediction intervals hold the constants' draws, the rows' scatter and a discrepancy that grows with ln of the FLOPs
///          beyond the fitted ones: the least with which nine in ten forecasts hold that the cheap rows make of their own dearest
///          (fitted to 40, 50, ... 90 in a hundred of them). The dear rows play no part in it.
/// Throws   as fit_law.
/// Checked  forecast_test.cc; forecast_reference_test.cc.
[[nodiscard]] std::optional<Holdout> hold_out(const Observations& cheap, const Observations& dear, const Fit& whole,
                                              const FitOptions& options);

/// How a law predicts rows that it is not fitted to: each of `folds` parts of the rows (groups, where the table has them), drawn
/// by the seed, by a fit to the others.
///
/// Needs    2 folds or more.
/// Result   none where a part's fit has no minimum, or too few rows are left.
/// Throws   as fit_law; Error{usage} for fewer folds, a law of steps, or one that fit_law does not fit (power_n, isoflop, optima,
///          envelope).
/// Checked  cross_validate_test.cc: groups stay together; repetition_reference_test.cc: SLDBench's repeated data.
[[nodiscard]] std::optional<Agreement> cross_validate(const Observations& table, const std::string& law, std::int64_t folds,
                                                      const FitOptions& options = {});

/// Whether rows tell a plain power, a power with a floor and a broken power of one quantity apart.
struct FormTest {
  std::string column;  ///< params | tokens | flops
  std::int64_t rows = 0;
  struct Form {
    std::string law;                          ///< power_c, power_c_floor, broken_c
    std::map<std::string, double> constants;  ///< by least squares of ln L
    double residual_sd = 0;
    std::optional<double> aicc, bic;
  };
  std::vector<Form> forms;  ///< the simplest first; those that the rows are enough for
  /// A form against the next: F = (gain of the sum of squares / further constants) / (what is left / degrees of freedom).
  struct Step {
    double statistic = 0;
    double p = 1;                  ///< share of tables made by the simpler form whose F is as large; not Fisher's, for the floor
                                   ///< cannot be negative
    std::optional<double> power;   ///< share of tables made by the next form, as fitted, that tell it at 5 %
    std::optional<double> reach;   ///< not told: how many times beyond the largest row one more run would tell, in four cases of
                                   ///< five
  };
  std::vector<Step> steps;
  std::int64_t told = 0;  ///< index of the form that the rows tell: the simplest that none of them refuses
  std::string text;       ///< the above in words
};

/// Fits the three forms of one quantity and tests each against the next.
///
/// Source   forms: Kaplan et al. 2020, Henighan et al. 2020, Caballero et al. 2022; the test by simulation: parametric bootstrap.
/// Needs    5 rows for the floor, 9 for the break; rows that are independent (runs, not checkpoints of one).
/// Result   p from 200 tables simulated under the simpler form with normal noise, power from 200 under the other. `reach` takes
///          the constants and the noise for known.
/// Throws   as fit_law; Error{usage} for another column.
/// Numerics the same bytes for any number of threads.
/// Checked  forms_test.cc: shares of tables refused under each form; the run at `reach` tells in four cases of five.
[[nodiscard]] FormTest tell_forms(const Observations& table, const std::string& column, const FitOptions& options = {});
/// As one JSON object (docs/formats/laws.md).
[[nodiscard]] std::string form_test_to_json(const FormTest& test);

/// A fit among others of one table.
struct RankedFit {
  std::size_t fit = 0;                         ///< index of what was given
  std::optional<double> holdout;               ///< rmse of ln L over the held-out rows
  std::optional<double> aicc, bic, delta_aicc; ///< delta: over the least of the fits to the same rows
};
/// Fits in order: those with a hold-out first, by its error; then by AICc among fits to the rows of the first, then the others.
///
/// Needs    fits of one table.
[[nodiscard]] std::vector<RankedFit> rank_fits(const std::vector<const Fit*>& fits);

/// What is known to spoil scaling studies and a table can show.
struct TableFinding {
  std::string rule;    ///< e.g. "range of compute"
  enum class Verdict { good, doubtful, bad, unseen } verdict = Verdict::good;  ///< unseen: the table has no column that would
                                                                               ///< show it
  std::string text;    ///< what was found, with its number
  std::string source;  ///< who was bitten by it
  std::string remedy;  ///< empty where nothing is wrong
};
[[nodiscard]] std::string to_string(TableFinding::Verdict verdict);

/// Judges a table of runs by the mistakes others made: units and conventions, ranges and their overlap, copies, strays, repeated
/// text, learning rates and minima that are not bracketed, how far constants and exponents move with the loss and with the
/// dearest rows.
///
/// Needs    columns params and loss; tokens, flops, learning_rate, unique_tokens, groups where there are such.
/// Result   every rule, in a fixed order, `unseen` where the table cannot show it.
/// Throws   as fit_law.
/// Checked  doctor_test.cc: a table with one mistake at a time is told that one.
[[nodiscard]] std::vector<TableFinding> examine_table(const Observations& table, const FitOptions& options = {});
/// The one rule of it that reads whole loss curves, "collapse of loss curves", for the steps of a study.
[[nodiscard]] TableFinding examine_collapse(const Observations& steps, const std::string& loss_column = "loss");

}  // namespace isoflop
