// Observations -> constants with uncertainty and a reason for stopping. No I/O.
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

namespace isoflop {

struct Warning {
  std::string code;  ///< e.g. "not_monotone", "one_degree_of_freedom", "repeated_data"
  std::string text;  ///< with the number behind it
};

/// A table of named columns; missing is NaN-free: an empty optional. `labels` names the rows in messages.
struct Observations {
  std::vector<std::string> labels;
  std::map<std::string, std::vector<std::optional<double>>> columns;  ///< params, tokens, loss, ... (design 1)
  std::string n_convention = "unstated";      ///< params | params_non_embedding | params_matmul | unstated
  std::string flops_convention = "unstated";  ///< flops_exact | flops_6nd | flops_full_attention | unstated
  std::string loss_kind = "unstated";         ///< final | best | train | unstated
  std::string subject;                        ///< the file or folder the rows come from, for messages; may be empty
  std::vector<std::int64_t> lines;            ///< the line of each row in `subject`; empty: not from a text
  std::vector<std::string> groups;            ///< rows of one word go together (checkpoints of a run); empty: every row by itself
  std::vector<Warning> warnings;              ///< runs that are not in the rows, and why: every fit of the table carries them

  [[nodiscard]] std::int64_t rows() const { return static_cast<std::int64_t>(labels.size()); }
};

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
  double params = 0, tokens = 0;         ///< at the minimum
  double loss = 0;
  std::optional<double> ln_params_se;    ///< standard error of ln params
  bool used = true;                      ///< false: `reason` says why it carries no law, e.g. "minimum at the edge"
  std::string reason;
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
  double discrepancy = 0;            ///< sd of ln L a factor of e beyond the fitted FLOPs, from leaving out the dearest fitted rows
  std::map<std::string, std::pair<double, double>> moved;  ///< exponents: fitted to the cheap rows, to all
  std::map<std::string, double> baselines;  ///< rmse_ln_loss of "last value", "line", "line through the last rows"
};

/// One fitted law: the same object in every JSON (design 3).
struct Fit {
  std::string law;                              ///< "power_n"
  std::string formula;                          ///< "L(N) = a N^-b"
  std::string n_convention, flops_convention, loss_kind;
  std::map<std::string, double> constants;      ///< full precision
  std::map<std::string, Interval> intervals;    ///< of the constants
  std::map<std::string, Estimate> derived;
  double objective = 0;                         ///< as `objective_definition` says
  std::string objective_definition;
  std::string stop;                             ///< "closed form", "converged", ...
  std::int64_t starts = 1, starts_agreeing = 1;
  std::int64_t rows = 0;
  std::int64_t degrees_of_freedom = 0;
  std::optional<double> r_squared;
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
  std::string resample = "auto";    ///< rows | groups | residuals; auto: groups where the table has them, else rows
  std::uint64_t seed = 0;           ///< of the resamples
  double level = 0.95;

  std::string n_column = "params", loss_column = "loss";
  bool allow_repeated = false;
  std::vector<double> at_flops = {};     ///< budgets C = 6 N D at which N*, D*, D/N and L* are derived
  std::vector<std::pair<double, double>> at_models = {};  ///< (N, D) whose loss is derived

  std::int64_t threads = 1;         ///< cores; the result does not depend on it
  std::stop_token stop = {};        ///< asked for: Error{interrupted}
  ProgressFn progress = {};
};

/// Fits one of the laws of a formula (`known_laws()`, but power_n): robust regression from many starts, then a resampling of the
/// table for the intervals.
///
/// Source   objective and starts: Hoffmann et al. 2022 (arXiv:2203.15556), section 3.3; that it must be summed and minimised to the
///          end: Besiroglu et al. 2024 (arXiv:2404.10102).
/// Needs    more rows than free constants.
/// Result   the best minimum of all starts. Read `stop`, `gradient_norm`, `starts_agreeing`, `next_best`. Intervals are percentiles
///          of the resamples, widened for small tables by sqrt(n / (n - p)) and Student's t over the normal quantile; without an
///          end where the resamples run away. No fit: the warnings say why.
/// Throws   Error{usage} for an unknown law, objective or constant; Error{bad_data} naming row and column;
///          Error{interrupted}.
/// Numerics the same bytes for any number of threads.
/// Checked  chinchilla_reference_test.cc: five objectives on the Epoch table; fit_law_test.cc: coverage on simulated tables.
[[nodiscard]] FitResult fit_law(const Observations& table, const std::string& law, const FitOptions& options = {});

/// A law at its constants, for every row: L_hat; empty where the row lacks an input.
[[nodiscard]] std::vector<std::optional<double>> predict_law(const Observations& table, const std::string& law,
                                                             const std::map<std::string, double>& constants,
                                                             const std::string& n_column = "params");

/// Fits the law to `cheap` rows and predicts the `dear` ones; `whole` is the fit of all rows, for the movement of its exponents.
///
/// Result   prediction intervals hold the constants' draws, the rows' scatter and a discrepancy that grows with ln of the FLOPs
///          beyond the fitted ones; it is measured by leaving the dearest third of the cheap rows out.
/// Throws   as fit_law.
/// Checked  holdout_test.cc; the reference tables.
[[nodiscard]] std::optional<Holdout> hold_out(const Observations& cheap, const Observations& dear, const Fit& whole,
                                              const FitOptions& options);

struct LawInfo {
  std::string name, formula, source;
};
[[nodiscard]] const std::vector<LawInfo>& known_laws();

/// The fit as one JSON object, the same everywhere (design 3; docs/formats/laws.md).
[[nodiscard]] std::string fit_to_json(const Fit& fit);
/// {"fit": {...} or null, "warnings": [...]}: why there is none.
[[nodiscard]] std::string fit_result_to_json(const FitResult& result);

/// A table as text: a header and its rows, as read.
struct CsvTable {
  std::string subject;                         ///< the file's name, for messages
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;  ///< every row as long as the header
  std::vector<std::int64_t> lines;             ///< the line each row starts on
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
///          that is no number where < <= > >= compare a column of numbers; Error{bad_data} naming the line of a cell that is none.
[[nodiscard]] CsvTable rows_where(const CsvTable& table, const std::string& expression);

/// The rows for which `expression` holds, and the others.
[[nodiscard]] std::pair<CsvTable, CsvTable> split_where(const CsvTable& table, const std::string& expression);

/// A CSV table as observations of finished runs: rows whose `status` is not `done` (or empty) and rows of the `group`
/// `learning-rate`, which are a sweep's short runs, are left out with a warning. `rename` maps our word to the table's column ({"params", "N"}); without it N, D, C, L are
/// taken for params, tokens, flops, loss where those are not there, and what N counts is `unstated`.
///
/// Throws   Error{bad_data} naming line and column if a cell of a column we know is not a number or no status, or loss kinds are
///          mixed.
[[nodiscard]] Observations observations_from_table(const CsvTable& table, const std::map<std::string, std::string>& rename = {});
/// The same from text, of the rows for which `where` holds (empty: all). Throws Error{bad_data} too if it holds for none.
[[nodiscard]] Observations observations_from_csv(const std::string& text, const std::string& subject, const std::string& where = {},
                                                 const std::map<std::string, std::string>& rename = {});

/// Quantile of Student's t with `degrees` of freedom: P(T <= t) = p.
///
/// Needs    0 < p < 1, degrees > 0 (contract).
/// Numerics relative error below 1e-11 for degrees up to 1e6 and tails down to 1e-6.
/// Checked  student_test.cc: table values and closed forms.
[[nodiscard]] double student_t_quantile(double p, double degrees);
/// P(T > t), t >= 0.
[[nodiscard]] double student_t_tail(double t, double degrees);

}  // namespace isoflop
