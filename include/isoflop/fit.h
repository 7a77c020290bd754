// What a fit is: constants, their intervals, what they follow from, and what to doubt.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "isoflop/observations.h"

namespace isoflop {

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
  std::vector<std::string> not_identified;      ///< constants that the rows bound on no side, or none depends on: their values
                                                ///< only stand where the search ended
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

/// The interval of a number from its draws: percentiles, their distance from the value (in ln where value and draws are positive)
/// times `widen`. It holds the value. An end is infinite where a tail's share of the draws ran away.
///
/// Needs    one draw or more (contract).
[[nodiscard]] Interval interval_of_draws(std::vector<double> draws, double value, double level = 0.95, double widen = 1);

/// What a fit's JSON says that a plan needs: law, formula, conventions, constants, their intervals, residual_sd and the other
/// derived values, the fitted range, interval_widening, warnings. `text` is the output of `fit --json` or a laws.json (the first
/// fit, or that of the law `name`), one fit, or {"law": ..., "constants": {...}}.
///
/// Throws   Error{bad_data} naming `subject` and the key, or the laws there are.
[[nodiscard]] Fit fit_from_json(const std::string& text, const std::string& subject, const std::string& name = {});

/// The fit as one JSON object, the same everywhere (design 3; docs/formats/laws.md).
[[nodiscard]] std::string fit_to_json(const Fit& fit);
/// {"fit": {...} or null, "warnings": [...]}: why there is none.
[[nodiscard]] std::string fit_result_to_json(const FitResult& result);

/// Quantile of Student's t with `degrees` of freedom: P(T <= t) = p.
///
/// Needs    0 < p < 1, degrees > 0 (contract).
/// Numerics relative error below 1e-11 for degrees up to 1e6 and tails down to 1e-6.
/// Checked  student_test.cc: table values and closed forms.
[[nodiscard]] double student_t_quantile(double p, double degrees);
/// P(T > t), t >= 0.
[[nodiscard]] double student_t_tail(double t, double degrees);

}  // namespace isoflop
