// Observations -> constants with uncertainty and a reason for stopping. No I/O.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "isoflop/base.h"

namespace isoflop {

/// A table of named columns; missing is NaN-free: an empty optional. `labels` names the rows in messages.
struct Observations {
  std::vector<std::string> labels;
  std::map<std::string, std::vector<std::optional<double>>> columns;  ///< params, tokens, loss, ... (design 1)
  std::string n_convention = "unstated";      ///< params | params_non_embedding | params_matmul | unstated
  std::string flops_convention = "unstated";  ///< flops_exact | flops_6nd | flops_full_attention | unstated
  std::string loss_kind = "unstated";         ///< final | best | train | unstated

  [[nodiscard]] std::int64_t rows() const { return static_cast<std::int64_t>(labels.size()); }
};

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

struct Warning {
  std::string code;  ///< e.g. "not_monotone", "one_degree_of_freedom", "repeated_data"
  std::string text;  ///< with the number behind it
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
  std::vector<double> residuals;                ///< ln L - ln L_hat, in row order
  std::vector<Warning> warnings;
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
};

/// Fits L(N) = a N^-b by least squares of ln L on ln N.
///
/// Source   Kaplan et al. 2020 (arXiv:2001.08361), eq. 1.1, without a floor; interval: Student-t with rows - 2 degrees of freedom.
/// Units    loss: nats per token; N: parameters in the column's convention.
/// Needs    3 rows or more over at least 3 values of N; replicates of one N are averaged into the level, not the slope's freedom.
/// Result   no fit when held-out loss does not fall monotonically in N (means per N): the warnings say where.
/// Throws   Error{bad_data}, naming row and column, if a number is not finite and positive or a column is missing.
[[nodiscard]] FitResult fit_power_law(const Observations& table, const PowerFitOptions& options = {});

/// The law's value and its confidence band at one N.
struct BandPoint {
  double params = 0, loss = 0;
  std::optional<Interval> confidence;  ///< of the mean
  std::optional<Interval> prediction;  ///< of a further run
};
[[nodiscard]] std::vector<BandPoint> power_law_band(const Fit& fit, const Observations& table, const PowerFitOptions& options,
                                                    std::span<const double> params);

struct LawInfo {
  std::string name, formula, source;
};
[[nodiscard]] const std::vector<LawInfo>& known_laws();

/// Quantile of Student's t with `degrees` of freedom: P(T <= t) = p.
[[nodiscard]] double student_t_quantile(double p, double degrees);

}  // namespace isoflop
