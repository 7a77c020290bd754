// Observations -> constants with uncertainty and a reason for stopping. No I/O.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "isoflop/base.h"

namespace isoflop {

struct Warning {
  std::string code;  ///< e.g. "not_monotone", "one_degree_of_freedom", "repeated_data"
  std::string text;  ///< with the number behind it
};

/// The learning rate of a run by step. Steps ascend.
struct Schedule {
  std::vector<double> steps, learning_rates;
};

/// A table of named columns; missing is NaN-free: an empty optional. `labels` names the rows in messages.
struct Observations {
  std::vector<std::string> labels;
  std::map<std::string, std::vector<std::optional<double>>> columns;  ///< params, tokens, loss, ... (design 1)
  std::string n_convention = "unstated";      ///< params | params_non_embedding | params_matmul | unstated
  std::string flops_convention = "unstated";  ///< flops_exact | flops_6nd | flops_full_attention | unstated
  std::string loss_kind = "unstated";         ///< final | best | train | unstated
  std::string loss_unit = "unstated";         ///< nats (a token) | bits_per_byte | unstated
  std::string subject;                        ///< the file or folder the rows come from, for messages; may be empty
  std::vector<std::int64_t> lines;            ///< the line of each row in `subject`; empty: not from a text
  std::vector<std::string> groups;            ///< rows of one word go together (checkpoints of a run); empty: every row by itself
  std::vector<Warning> warnings;              ///< runs that are not in the rows, and why: every fit of the table carries them
  /// Of a table of steps, by run (the row's group, else its label; "" where the table is of one run that has no name): also what
  /// rows say that are not in the table any more, for a step's loss depends on all rates before it. Empty: as the rows have it.
  std::map<std::string, Schedule> schedules;

  [[nodiscard]] std::int64_t rows() const { return static_cast<std::int64_t>(labels.size()); }
};

/// No interval is made of fewer draws.
inline constexpr int kLeastDraws = 40;

/// An end is infinite (null in JSON) where the data set no bound.
struct Interval {
  double low = 0, high = 0;
  double level = 0.95;
};

/// A number with its interval and what the interval contains ("seed", "evaluation set", "hyper-parameters", "form").
struct Estimate {
  double value = 0;
  std::optional<Interval> interval;      ///< none: not identified, or no degree of freedom left
  std::vector<std::string> contains;
  std::optional<Interval> prediction = {};  ///< of a loss: where a further run will lie (scatter and the law's drift beyond its
                                            ///< rows, too)
};

/// A minimum of a fit's objective that is not its best.
struct LocalMinimum {
  std::map<std::string, double> constants;
  double objective = 0;
  std::int64_t starts = 0;  ///< how many starts ended there
};

/// The model size of least loss at one budget of FLOPs (isoFLOP, approach 2).
struct BudgetOptimum {
  double flops = 0;
  std::int64_t points = 0;               ///< models of this budget
  std::optional<double> params, tokens, loss;  ///< at the minimum; none where none was found, or the table has no such column
  std::optional<double> ln_params_se;    ///< standard error of ln params
  std::vector<std::pair<double, double>> curve;  ///< N and loss along the parabola, over the points it saw
  bool used = true;                      ///< false: `reason` says why it carries no law, e.g. "minimum at the edge"
  std::string reason;
};

/// A constant held at value after value, the others fitted anew.
struct Profile {
  Interval interval;  ///< where the objective rises by no more than the level allows; an end is infinite (0 for positive
                      ///< constants) if it never does
  std::vector<std::pair<double, double>> curve;  ///< value, and rise of the objective over the rise allowed: 1 at the interval's
                                                 ///< ends
};

/// A row that was predicted and not fitted.
struct HeldOutRow {
  std::string row;                   ///< its label
  double loss = 0, predicted = 0;
  std::optional<Interval> interval;  ///< of `loss`; none without resamples
};

/// How a law fitted to cheap runs predicts dear ones.
struct Holdout {
  std::string where;                 ///< which rows were fitted
  std::int64_t rows_fitted = 0, rows_predicted = 0;
  double scale_ratio = 0;            ///< dearest predicted run over dearest fitted one, in FLOPs
  double rmse_ln_loss = 0, bias_ln_loss = 0;  ///< of ln L - ln L_hat over the predicted rows
  double error_loss = 0;             ///< mean |L - L_hat| / L
  std::optional<double> rmse_ln_reducible;  ///< of ln(L - E); none without a floor, or where a row lies below it
  double interval_level = 0.9;
  std::optional<double> covered;     ///< share of predicted rows inside their prediction interval
  double discrepancy = 0;            ///< sd of ln L a factor of e beyond the fitted FLOPs; see hold_out
  std::map<std::string, std::pair<double, double>> moved;  ///< exponents: fitted to the cheap rows, to all
  std::vector<HeldOutRow> rows;
  std::map<std::string, double> baselines;  ///< rmse_ln_loss of "last value", "line", "line through the last rows"
};

/// A row (or group of rows) without which a number of the fit is another.
struct Leverage {
  std::string row;              ///< its label, or its group's name
  std::string number;           ///< the derived exponent "a"; of laws without one the number it moves most, in standard errors
  double without = 0;           ///< that number when the row is left out
  double standard_errors = 0;   ///< how far that is from the fit's
};

/// How well predictions meet losses.
struct Agreement {
  std::int64_t rows = 0;
  std::optional<double> r_squared = {}, spearman = {};  ///< of the losses, not of their logarithms; none where they do not vary
  double mean_absolute_error = 0, rmse = 0;             ///< in the losses' unit
};
/// Needs    two lists of one length (contract).
[[nodiscard]] Agreement agreement_of(const std::vector<double>& predicted, const std::vector<double>& losses);

/// One fitted law: the same object in every JSON (design 3).
struct Fit {
  std::string law;                              ///< "power_n"
  std::string formula;                          ///< "L(N) = a N^-b"
  std::string n_convention, flops_convention, loss_kind, loss_unit;
  std::map<std::string, double> constants;      ///< full precision
  std::map<std::string, Interval> intervals;    ///< of the constants
  std::vector<std::string> not_identified;      ///< constants that no fitted row depends on: their values stand where a start had
                                                ///< them
  std::map<std::string, Estimate> derived;
  double objective = 0;                         ///< as `objective_definition` says
  std::string objective_definition;
  std::string stop;                             ///< "closed form", "converged", ...
  std::int64_t starts = 1, starts_agreeing = 1;
  std::int64_t rows = 0;
  std::int64_t degrees_of_freedom = 0;
  std::optional<double> r_squared;
  std::optional<double> aicc, bic;              ///< information criteria, from the likelihood the objective states
                                                ///< (docs/formats/laws.md)
  std::vector<double> residuals;                ///< ln L - ln L_hat of the fitted rows, in row order
  std::vector<std::string> row_labels;          ///< of the fitted rows
  std::vector<std::size_t> fitted;              ///< the fitted rows, as indices into the table
  std::vector<Warning> warnings;

  // what an iterative or resampled fit adds; empty where it does not apply
  std::map<std::string, double> standard_errors;  ///< of constants and derived numbers, by resampling
  std::string interval_method;                    ///< "Student's t", "row bootstrap, 1,000 draws", ...
  std::optional<double> gradient_norm;            ///< of the objective at the constants, in the objective's units
  std::optional<LocalMinimum> next_best;          ///< of the other local minima the starts found
  std::optional<Holdout> holdout;
  std::vector<BudgetOptimum> optima;              ///< of every FLOP budget, ascending
  std::vector<std::string> draw_names;            ///< columns of `draws`: constants, then derived numbers
  std::vector<std::vector<double>> covariance;    ///< of the constants, in the order of `draw_names`, by resampling
  std::vector<std::vector<double>> draws;         ///< a row a resample, for the planner
  std::optional<double> discrepancy;              ///< sd of ln L a factor of e beyond the fitted rows, where a prediction was
                                                  ///< asked for
  std::map<std::string, Profile> profiles;        ///< of the free constants, if asked for
  double interval_widening = 1;                   ///< factor on the draws' distance from the value; see fit_law
  /// Least and largest of what the fitted rows hold: params, tokens, tokens_per_param, flops (6 N D where the law reads both),
  /// ...
  std::map<std::string, std::pair<double, double>> fitted_range;
  std::map<std::string, double> jackknife_errors; ///< standard errors by leaving out each row (group) in turn
  std::vector<Leverage> leverage;                 ///< the 5 rows that move the fit most, the most first
  std::optional<Agreement> cross_validated;        ///< where it was asked for: of rows left out

  [[nodiscard]] bool identified(const std::string& constant) const {
    return std::find(not_identified.begin(), not_identified.end(), constant) == not_identified.end();
  }
};

/// Why a table cannot carry a law; empty `fit` and the warnings say so.
struct FitResult {
  std::optional<Fit> fit;
  std::vector<Warning> warnings;
};

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

/// What `fit_law` minimises, and how its intervals are made. Every option is said in the result.
struct FitOptions {
  std::string objective = "huber";  ///< huber | lad (least absolute deviations) | lsq (least squares) | asymmetric
  double delta = 1e-3;              ///< huber, asymmetric: where |r| turns from square to line
  double over = 10;                 ///< asymmetric: how much more a prediction above the row costs
  std::string residual = "auto";    ///< log: r = ln L - ln L_hat | linear: r = L - L_hat | auto: as the law is written
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

  std::int64_t threads = 1;         ///< cores; the result does not depend on it
  std::stop_token stop = {};        ///< asked for: Error{interrupted}
  ProgressFn progress = {};
};

/// Fits one of the laws of a formula (`known_laws()`, but power_n): robust regression from many starts, then a resampling of the
/// table for the intervals.
///
/// Source   objective and starts: Hoffmann et al. 2022 (arXiv:2203.15556), section 3.3; that it must be summed and minimised to
///          the end: Besiroglu et al. 2024 (arXiv:2404.10102).
/// Needs    more rows than free constants.
/// Result   the best minimum of all starts. Read `stop`, `gradient_norm`, `starts_agreeing`, `next_best`. Intervals are
///          percentiles of the resamples, scaled about the value (in ln where positive) by Student's t over the normal quantile
///          and by the spread of fits to tables simulated about the fit over that of their resamples; without an end where the
///          resamples run away, or where a constant can be held anywhere beyond it and the objective rises by less than the
///          interval's level refuses (profile.h): 0 or infinite. What does not vary has no interval. With every constant fixed
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

struct LawInfo {
  std::string name, formula, source;
  bool of_steps = false;     ///< reads whole loss curves: rows are steps of runs, with columns step, learning_rate and loss
  const char* form_of = "";  ///< params, tokens or flops: a form of tell_forms()
  std::vector<std::string> inputs = {};  ///< the columns it reads, in its order; empty for isoflop, optima, envelope
  std::string response = {};             ///< the column it gives

  LawInfo() = default;
  // no aggregate: GCC 12 takes the strings of one in a designated initialiser for uninitialised
  LawInfo(std::string law, std::string written, std::string from, bool steps = false, const char* form = "")
      : name(std::move(law)), formula(std::move(written)), source(std::move(from)), of_steps(steps), form_of(form) {}
};
[[nodiscard]] const std::vector<LawInfo>& known_laws();
/// Of a law by name, of `published:NAME` its formula's. Throws Error{usage} naming the nearest, or all.
[[nodiscard]] const LawInfo& law_info(const std::string& name);

// ---- a law at its constants, for who asks it for many values

/// The model of least loss at a budget.
struct Optimum {
  double params = 0, tokens = 0, loss = 0;
};

/// FLOPs of a training step for each parameter and token: C = 6 N D.
inline constexpr double kFlopsPerParamToken = 6;

/// L(N, D) = (floor + a N^-alpha + b D^-beta)^power: every law of params and tokens of this room while nothing is repeated.
/// chinchilla as it stands; overtraining with alpha = beta = 2 eta; fine_grained at one granularity; kaplan with floor 0 and
/// power alpha_D; the laws of repeated text on fresh text. What follows from it is in closed form.
///
/// Source   the optimum at C = k N D: Hoffmann et al. 2022 (arXiv:2203.15556), eq. 4.
/// Needs    alpha, beta, a, b above 0 for every member but loss().
/// Checked  additive_test.cc: against the laws' own formulas, and against a search.
struct AdditiveLaw {
  double floor = 0, a = 0, b = 0, alpha = 0, beta = 0, power = 1;

  [[nodiscard]] double loss(double params, double tokens) const;
  [[nodiscard]] double least_loss() const;       ///< no model and no amount of data has less
  [[nodiscard]] double scale() const;            ///< G of N* = G (C/k)^exponent
  [[nodiscard]] double exponent() const { return beta / (alpha + beta); }
  [[nodiscard]] Optimum optimum(double flops, double flops_per = kFlopsPerParamToken) const;
  /// The least compute that reaches a loss; infinite at the least loss and below.
  [[nodiscard]] double least_flops(double loss, double flops_per = kFlopsPerParamToken) const;
  [[nodiscard]] double tokens_for(double params, double loss) const;  ///< infinite where the model is too small for the loss
  [[nodiscard]] double params_for(double tokens, double loss) const;  ///< infinite where the data are too few for it
  [[nodiscard]] double least_params(double loss) const;               ///< reaches the loss with unlimited data
  [[nodiscard]] double optimal_tokens(double params) const;           ///< with which `params` is the optimum of its compute
  [[nodiscard]] double optimal_params(double tokens) const;
  /// dL/dln N over dL/dln D: 1 along the frontier, above 1 where the model is small for its data.
  [[nodiscard]] double slope_ratio(double params, double tokens) const;
  /// d2L / d(ln N)2 at the optimum, C held: loss rises by half of it times ln^2 f at f times the optimal size.
  [[nodiscard]] double curvature(double flops, double flops_per = kFlopsPerParamToken) const;
};

namespace laws {
struct Law;
}

/// A law of params and tokens at its constants, its further inputs held: anything `known_laws()` has that gives a loss of both.
///
/// Throws   Error{usage} for a law that is none, naming the constant or the held input (granularity) that is missing.
/// Checked  additive_test.cc.
class LawAt {
 public:
  /// `held`: unique_tokens (not given: nothing is repeated), granularity.
  LawAt(const std::string& law, const std::map<std::string, double>& constants, const std::map<std::string, double>& held = {});

  [[nodiscard]] double loss(double params, double tokens) const;
  /// None where text is repeated.
  [[nodiscard]] const std::optional<AdditiveLaw>& additive() const { return additive_; }
  /// The least loss at C = flops_per N D: in closed form, else by a search over the size.
  [[nodiscard]] Optimum optimum(double flops, double flops_per = kFlopsPerParamToken) const;

 private:
  const laws::Law* law_;
  std::array<double, 12> theta_{};    // parameters of the formula
  std::vector<double> held_;          // ln of its inputs beside N and D, NaN: as tokens
  std::optional<AdditiveLaw> additive_;
};

/// The interval of a number from its draws: percentiles, their distance from the value (in ln where value and draws are positive)
/// times `widen`. It holds the value. An end is infinite where a tail's share of the draws ran away.
///
/// Needs    one draw or more (contract).
[[nodiscard]] Interval interval_of_draws(std::vector<double> draws, double value, double level = 0.95, double widen = 1);

/// What a fit's JSON says that a plan needs: law, formula, conventions, constants, their intervals, residual_sd and the other
/// derived values, the budgets of an isoFLOP fit, the fitted range, interval_widening, warnings. `text` is the output of `fit
/// --json` or a laws.json (the first fit, or that of the law `name`), one fit, or {"law": ..., "constants": {...}}.
///
/// Throws   Error{bad_data} naming `subject` and the key, or the laws there are.
[[nodiscard]] Fit fit_from_json(const std::string& text, const std::string& subject, const std::string& name = {});

/// The fit as one JSON object, the same everywhere (design 3; docs/formats/laws.md).
[[nodiscard]] std::string fit_to_json(const Fit& fit);
/// {"fit": {...} or null, "warnings": [...]}: why there is none.
[[nodiscard]] std::string fit_result_to_json(const FitResult& result);

/// A table as text: a header and its rows, as read.
struct CsvTable {
  std::string subject;                         ///< the file's name, for messages
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;  ///< every row as long as the header
  std::vector<std::int64_t> lines;             ///< the line each row starts on; empty: not from a text
  std::vector<Warning> warnings;               ///< runs that are not in the rows, and why
};

/// Reads RFC 4180 text: commas, optional double quotes, LF or CRLF, a byte-order mark forgiven.
///
/// Throws   Error{bad_data} with `subject`, line and column: no header, two columns of one name, a row of another length,
///          a quote that is not closed or stands in the middle of a cell.
[[nodiscard]] CsvTable parse_csv(const std::string& text, const std::string& subject);

/// The rows for which `expression` holds: `column (=|!=|<|<=|>|>=) literal`, joined by `and`; a literal is one word, or quoted.
/// A missing cell holds nothing. Two numbers compare as numbers, anything else as text.
///
/// Throws   Error{usage} naming the part that cannot be read, the column that is not there (with the nearest one), or a literal
///          that is no number where < <= > >= compare a column of numbers; Error{bad_data} naming the line of a cell that is
///          none.
[[nodiscard]] CsvTable rows_where(const CsvTable& table, const std::string& expression);

/// The rows for which `expression` holds, and the others.
[[nodiscard]] std::pair<CsvTable, CsvTable> split_where(const CsvTable& table, const std::string& expression);

/// Which rows of a table are read, under which names.
struct TableOptions {
  std::map<std::string, std::string> rename = {};  ///< our word -> the table's column: {"params", "N"}
  std::string where = {};                          ///< as rows_where; empty: all
  std::vector<std::string> drop = {};              ///< rows by name, or "line 17"
  std::string loss_unit = {};                      ///< nats | bits (a token both) | bpb; empty: as the table says
};

/// The rows that are not named: by their name (column name, run, label or model), or as "line 17".
///
/// Throws   Error{usage} naming the nearest row where there is none of a name.
[[nodiscard]] CsvTable rows_but(const CsvTable& table, const std::vector<std::string>& dropped);

/// A table of runs as text: CSV, a log of llm.c (its steps, `main.log`), or a `scaling_results.json` of the source experiment,
/// told apart by how they begin. Throws as parse_csv; Error{bad_data} naming line or key.
[[nodiscard]] CsvTable read_runs(const std::string& text, const std::string& subject);

/// A table as observations of finished runs: rows whose `status` is not `done` (or empty) and rows of the `group`
/// `learning-rate`, which are a sweep's short runs, are left out with a warning. Columns are what they are called; those of
/// tables whose header is known (docs/formats/laws.md) by what they mean; N, D, C, L, lr are taken for params, tokens, flops,
/// loss, learning_rate where those are not there, and what N counts is `unstated`.
///
/// Units    loss: nats per token, bits are turned into them; bits per byte stay, and `loss_unit` says so.
/// Result   of a table of steps also `schedules`, of rows that are not chosen too.
/// Throws   Error{bad_data} naming line and column if a cell of a column we know is not a number or no status, loss kinds or
///          units are mixed, or no row is left; Error{usage} for an unknown unit, row or condition.
[[nodiscard]] Observations observations_from_table(const CsvTable& table, const TableOptions& options = {});
/// The rows for which `expression` holds too, and the others.
[[nodiscard]] std::pair<Observations, Observations> split_observations(const CsvTable& table, const std::string& expression,
                                                                       const TableOptions& options = {});
/// The same from text.
[[nodiscard]] Observations observations_from_csv(const std::string& text, const std::string& subject,
                                                 const TableOptions& options = {});

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

/// Quantile of Student's t with `degrees` of freedom: P(T <= t) = p.
///
/// Needs    0 < p < 1, degrees > 0 (contract).
/// Numerics relative error below 1e-11 for degrees up to 1e6 and tails down to 1e-6.
/// Checked  student_test.cc: table values and closed forms.
[[nodiscard]] double student_t_quantile(double p, double degrees);
/// P(T > t), t >= 0.
[[nodiscard]] double student_t_tail(double t, double degrees);

// ---- allocation: how compute is best shared between parameters and tokens, N*(C) and D*(C), read off runs without a law of the
// loss. Approach 1: the lower envelope of training curves. Approach 2: the minimum of loss at each budget of FLOPs (isoFLOP).

/// How the intervals of N*(C) and D*(C) are made.
enum class AllocationInterval {
  automatic,   ///< seed_noise from 8 points on, if the points scatter no more than their errors say; else student
  student,     ///< Student's t of the points about the line: holds whatever moved each point by itself
  seed_noise,  ///< percentiles over draws: every row's loss (or every optimum) with noise of its size added
  rows,        ///< percentiles over draws: rows of a budget, or runs of a family, drawn with replacement
};

/// How the minimum of one isoFLOP curve is found.
enum class CurveMinimumBy {
  parabola,  ///< least squares of a parabola in log10 N
  akima,     ///< least value of Akima's interpolation of ln L over ln N
};

struct AllocationOptions {
  AllocationInterval interval = AllocationInterval::automatic;
  double level = 0.95;
  std::int64_t draws = 1000;  ///< 0: none; the intervals are Student's t
  std::uint64_t seed = 0;     ///< of the draws
  bool weighted = true;       ///< points weigh 1 / se^2 where each has one; false: equally
  std::vector<double> at;     ///< budgets to answer for: N*, D*, D/N at each, in `derived`
};

struct IsoflopOptions {
  std::string n_column = "params";
  std::string loss_column = "loss";
  std::vector<double> budgets;  ///< FLOPs; a row belongs to the nearest within `tolerance`. Empty: found where rows gather
  double tolerance = 0.1;       ///< relative
  CurveMinimumBy minimum = CurveMinimumBy::parabola;
  /// Half the width of the window about the minimum that the parabola sees, in decades of N; it holds 5 sizes or more where the
  /// curve has them. 0: the whole curve, which goes wrong on wide ones (on Porian's, exponents of 2 instead of 0.8).
  double window_decades = 0.6;
  bool log_loss = false;     ///< the parabola is of ln L instead of L
  bool keep_strays = false;  ///< use rows off their budget, rows off its curve and copies, too; but copies they are still named
  bool keep_edges = false;   ///< use minima at an edge or outside the points, too; they are still named
  std::optional<double> loss_sd;  ///< nats: noise of one run's loss; none: from the scatter about the parabolas
  bool allow_repeated = false;
  AllocationOptions law;
};

/// Fits N*(C) = k_n C^a and D*(C) = k_d C^b through the size of least loss at each budget of FLOPs.
///
/// Source   Hoffmann et al. 2022 (arXiv:2203.15556), section 3.2 (parabola); Porian et al. 2024 (arXiv:2406.19146), section 2
///          (Akima, noise of the seed, weights); the same by a quadratic in log10 D: Llama 3 (arXiv:2407.21783), section 3.2.1.
/// Units    C as in the first of `flops`, flops_exact, flops_6nd that is there, else 6 N D with a warning; the fit says which.
/// Needs    3 budgets whose curve has its minimum inside for a law with an interval (2 give a line). D*: a column `tokens`.
///          A budget carries no law when its least loss is at an edge, its parabola opens downward or has its vertex outside the
///          points, it has fewer than 3 sizes, or its minimum leaves the curve in half of the draws: `optima` says so for each.
///          Left out as strays: rows whose FLOPs lie off their budget's others, and rows off the curve of the others by 1 % of
///          the loss and more than chance allows.
/// Result   constants k_n, a, k_d, b; derived a, b, residual_sd (ln L about the parabolas) and, for each C in `law.at`,
///          params_opt@C, tokens_opt@C, tokens_per_param@C; `draws` of all of these but residual_sd; no fit with fewer than 2
///          budgets left. r_squared is of ln N* over the budgets used, each counting 1.
/// Throws   Error{bad_data}, naming row and column, if a number it reads is not finite and positive or a column is missing;
///          Error{usage} naming the option that cannot be meant.
/// Checked  isoflop_test.cc: grids made by known laws, coverage over 300 tables; isoflop_reference_test.cc: Hoffmann's curves as
///          read by Epoch, Porian's, Llama 3's.
[[nodiscard]] FitResult fit_isoflop(const Observations& table, const IsoflopOptions& options = {});

struct OptimaOptions {
  std::string flops_column = "flops";
  std::string n_column;   ///< empty: n_opt, else params
  std::string d_column;   ///< empty: d_opt, t_opt, else tokens, whichever is there; without any, N*(C) alone
  std::string se_column;  ///< standard error of ln N*; empty: n_log_std where it is there
  AllocationOptions law;
};

/// Fits N*(C) = k_n C^a and D*(C) = k_d C^b to a table of optima, one row a budget, by least squares in logarithms.
///
/// Source   Porian et al. 2024 (arXiv:2406.19146), section 2: weights 1 / se^2 of ln N*.
/// Needs    2 budgets for a line, 3 for an interval. Rows without an optimum are left out and named. Draws need the errors.
/// Result   as fit_isoflop(); the rows are `optima`.
/// Throws   as fit_isoflop().
/// Checked  isoflop_reference_test.cc: Porian's 15 exponents to 4 digits, nanochat's under three conventions.
[[nodiscard]] FitResult fit_optima(const Observations& table, const OptimaOptions& options = {});

struct EnvelopeOptions {
  std::string n_column = "params";
  std::string loss_column = "loss";
  std::int64_t grid = 1500;  ///< log-spaced values of C
  bool keep_edges = false;   ///< use the first and the last size of the envelope, too
  bool allow_repeated = false;
  AllocationOptions law;  ///< automatic: student; rows: whole runs are drawn, too wide with few; seed_noise is as rows
};

/// Fits N*(C) = k_n C^a, D*(C) = k_d C^b and the frontier L*(C) along the lower envelope of training curves.
///
/// Source   Hoffmann et al. 2022 (arXiv:2203.15556), section 3.1: of all runs, the one of least loss at each of 1500 values of C.
///          Theirs is a line through all of these; ours counts each size once, at the middle of its values of C, for N stands
///          still between two sizes and a line through m such steps is too flat by 1 / m^2.
/// Units    rows are steps of runs: rows of one group, else of one label, are one run. C as in fit_isoflop().
/// Needs    4 sizes or more; runs of 2 steps or more. Between steps ln L is a line in ln C; nothing is extrapolated. The first
///          and the last size of the envelope are left out: where they would give way is not seen.
/// Result   as fit_isoflop(), sizes as `optima`; beside it constants frontier_k, frontier_c of L = k C^-c, and floor_e, floor_k,
///          floor_c of L = e + k C^-c where the data can tell a floor, their intervals by drawing whole runs. Student's t counts
///          sizes: the steps of one run are not further evidence. No residuals.
/// Throws   as fit_isoflop(); Error{bad_data} too if a run changes its size.
/// Checked  envelope_test.cc: curves of a known law give its exponents back; coverage over 100 tables.
[[nodiscard]] FitResult fit_envelope(const Observations& table, const EnvelopeOptions& options = {});

// ---- published laws: constants as their papers print them (data/published_laws.toml)

/// A law's constants as its authors' resamples scatter: the parameters of the formula in their order, a positive coefficient as
/// its ln.
struct ResampledConstants {
  std::vector<double> mean;        ///< unrounded
  std::vector<double> covariance;  ///< lower triangle, row by row
  std::string source;
};

struct PublishedLaw {
  std::string name;      ///< "epoch2024"; `fit_law(table, "published:epoch2024")` evaluates it
  std::string law;       ///< the formula, of known_laws()
  std::map<std::string, double> constants;
  std::string source;
  std::string n_convention, flops_convention;  ///< as of Observations, or "other"; empty where the law has none
  std::string range;     ///< what it was fitted to
  std::optional<std::pair<double, double>> fitted_flops;  ///< the budgets among it
  double flops_per = kFlopsPerParamToken;  ///< C = flops_per N D
  std::string note;      ///< what to know before using it; may be empty
  std::optional<ResampledConstants> resampled = {};
};
[[nodiscard]] const std::vector<PublishedLaw>& published_laws();
/// Throws   Error{usage} naming the nearest, or all.
[[nodiscard]] const PublishedLaw& published_law(const std::string& name);

/// Where a published law lies at one point by its authors' resamples, which are taken as normal: exp(g m -+ z sqrt(g' V g)), g
/// the gradient of its ln.
///
/// Units    `inputs`: of the law's columns.
/// Needs    a law whose response is positive.
/// Result   about the mean of the resamples, not the printed constants: these are rounded. Nothing where no resamples are known.
/// Throws   Error{usage} naming the input that is missing or not positive.
/// Checked  published_test.cc: percentiles of StepLaw's resamples at three models.
[[nodiscard]] std::optional<Interval> published_interval(const PublishedLaw& law, const std::map<std::string, double>& inputs,
                                                         double level = 0.95);

// ---- recipes: how much less compute one needs for the loss of another

struct CompareOptions {
  std::string law;         ///< empty: chinchilla where both tables have params and tokens, else power_c
  FitOptions fit;          ///< of both tables; `seed` of the joint resamples
  std::vector<double> at;  ///< further C
  std::int64_t points = 9; ///< C, log-spaced over the range both tables cover; 0: `at` alone
  bool all_rows = false;   ///< laws of one quantity are fitted to every row, not to the lower envelope of loss
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

/// Fits one law to both tables and compares their frontiers, L*_A(m C) = L*_B(C), with joint resamples.
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

// ---- calibration: whether the intervals of a fit hold the truth as often as they say.

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
