// The law a plan is made with, the best model of a budget by it, and what its draws say of that.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "isoflop/laws.h"

namespace isoflop {

// ---- the law a plan is made with

/// What N counts (`n_convention`) where training FLOPs per token, M, stand in its place: those of the layers, attention over the
/// whole context among them, without the vocabulary; C = M D.
inline constexpr const char* kFlopsPerToken = "flops_per_token";

/// What repeated text is worth: a law of unique_tokens and its constants beyond those of the surface.
struct Repetition {
  std::string law = "data_constrained";
  /// Muennighoff et al. 2023; overfit_penalty: P, m, k; overfit_capacity: P, m, h, k, g
  std::map<std::string, double> constants{{"R_D", 15.387756}, {"R_N", 5.309743}};
};

/// The text there is.
struct TextLimit {
  double unique_tokens = 0;
  Repetition repetition;
};

/// A law at its constants, with what is known of its uncertainty. One of `surface` and `rule` is there.
struct PlanningLaw {
  std::string name;                          ///< "published:epoch2024", "tokens_per_param:20", "laws.json#chinchilla"
  std::string law;                           ///< the formula: a name of known_laws(), or "tokens_per_param"
  std::map<std::string, double> constants;
  std::optional<AdditiveLaw> surface;        ///< of the loss of fresh text
  std::optional<AllocationRule> rule;        ///< of the optimum alone; its loss, if any, is known along the frontier only
  double flops_per = kFlopsPerParamToken;    ///< C = flops_per N D; of a law of FLOPs per token M N is M / 6
  std::map<std::string, double> held;        ///< further inputs of the law: granularity
  std::string n_convention, flops_convention, loss_kind, source, range, note;
  std::optional<std::pair<double, double>> fitted_flops, fitted_ratio;  ///< least and largest C and D/N of the fit
  std::optional<double> residual_sd;         ///< of ln L of one run about the law

  std::vector<AdditiveLaw> draws;            ///< the surface again, as resampled
  std::vector<AllocationRule> rule_draws;
  std::vector<std::map<std::string, double>> draw_constants;  ///< of every draw, in the same order
  std::string draws_sha256;                  ///< of the draws the fit was made with, as its JSON says; empty: not known
  double widening = 1, level = 0.95;         ///< of intervals made of the draws (Fit::interval_widening)
  std::optional<TextLimit> text;             ///< runs see this text: a model's loss and its forecasts count what is repeated;
                                             ///< optima do not
  std::vector<Warning> warnings;             ///< of the law itself
};

/// A law by name: "published:NAME" as in `fit --list-laws`, "tokens_per_param:NUMBER".
///
/// `held`   further inputs of the law (granularity); of fine_grained also `active_share`, N of a token's experts over all N: C =
///          6 N D of it.
/// Throws   Error{usage} with the nearest name, or for a law that gives neither a loss of N and D nor N*(C).
/// Checked  planning_law_test.cc.
[[nodiscard]] PlanningLaw planning_law(const std::string& name, const std::map<std::string, double>& held = {});

/// A law from the JSON of a fit (fit_from_json). `name` says which of its fits, and may be empty.
[[nodiscard]] PlanningLaw planning_law_from_json(const std::string& text, const std::string& subject,
                                                 const std::string& name = {}, const std::map<std::string, double>& held = {});

/// Gives a law its draws: a table with a column of each constant, as `fit --draws` writes.
///
/// Result   draws whose law has no optimum (an exponent that is not positive) are left out, with a warning.
/// Throws   Error{bad_data} naming the column that is missing, or line and column of a cell that is no number; if no draw is left;
///          for draws of another fit: others than `draws_sha256` says, or, where that is not known, all on one side of a constant.
void add_draws(PlanningLaw& law, const CsvTable& table);

// ---- allocation

/// A model and what it takes.
struct ModelPlan {
  double params = 0, tokens = 0, flops = 0;
  std::optional<double> loss;  ///< none where the law knows none

  [[nodiscard]] double tokens_per_param() const { return tokens / params; }
};

/// What the law trains with C FLOPs.
///
/// Source   Hoffmann et al. 2022 (arXiv:2203.15556), eq. 4; Kaplan et al. 2020 (arXiv:2001.08361) for its own form.
/// Needs    flops > 0 (contract).
/// Checked  allocation_test.cc: the tables of the papers, C from 1e18 to 1e26.
[[nodiscard]] ModelPlan optimal_model(const PlanningLaw& law, double flops);

/// Compute spent in vain: 1 - C_eq / C, C_eq the least compute that reaches the loss of (N, D) with C = k N D.
///
/// Needs    a law with a surface (contract).
[[nodiscard]] double wasted_compute(const AdditiveLaw& law, double params, double tokens, double flops_per = kFlopsPerParamToken);

/// A size off the optimum, at one budget.
struct Deviation {
  double factor = 1;           ///< N over N*
  double params = 0, tokens = 0, loss = 0, delta_loss = 0;
  double wasted = 0;           ///< share of the compute
};
[[nodiscard]] std::vector<Deviation> deviation_table(const PlanningLaw& law, double flops,
                                                     const std::vector<double>& factors = {0.25, 0.5, 1, 2, 4});

/// A size off the optimum, at one loss: what a smaller model costs in data and compute.
struct EqualLoss {
  double factor = 1;  ///< N over N*
  double params = 0, tokens = 0, flops = 0;
  double tokens_factor = 1, flops_factor = 1;
};
/// Result   sizes that cannot reach the loss with any amount of data are left out; `least_factor` is where they begin.
struct OvertrainingPrice {
  double least_factor = 0;
  std::vector<EqualLoss> rows;
};
[[nodiscard]] OvertrainingPrice overtraining_price(const PlanningLaw& law, double flops,
                                                   const std::vector<double>& factors = {1.5, 1, 0.75, 0.5, 0.3, 0.2});
/// `points` models of one loss, from the smallest that can reach it to four times the optimal size.
[[nodiscard]] std::vector<EqualLoss> iso_loss_curve(const PlanningLaw& law, double loss, std::int64_t points = 13);

/// The plans of several laws, each judged by each that knows a loss.
struct CrossLaw {
  std::vector<std::string> plans, judges;
  std::vector<ModelPlan> models;             ///< of `plans`; the loss is its own law's
  std::vector<std::vector<double>> wasted;   ///< a row a plan, a column a judge: share of the compute
  std::vector<double> worst;                 ///< of each plan
};
[[nodiscard]] CrossLaw cross_law(const std::vector<PlanningLaw>& laws, double flops);

// ---- uncertainty

/// The size of least mean waste over several laws, which the mean of their optima is not.
struct RegretOptimum {
  ModelPlan model;
  double mean_waste = 0;             ///< share of the compute, over draws (each law's weigh 1 in all)
  double optimum_mean_waste = 0;     ///< of the plain optimum
  double waste_95 = 0;               ///< 95 % of the weight waste no more at `model`
  std::int64_t draws = 0;
  std::vector<std::string> laws;
};

/// Source   waste in compute as the unit of an allocation error; the rule of thumb 1 - e^(-(alpha + beta) / 2 ln^2 f).
/// Needs    a law with a surface or draws (contract).
/// Checked  uncertainty_test.cc: of one law without draws it is its optimum; it beats every other size tried.
[[nodiscard]] RegretOptimum regret_optimum(const std::vector<PlanningLaw>& laws, double flops);

/// Intervals of what the law says of C: params, tokens, tokens_per_param, loss (of the best model), and of one model (on the
/// law's text): loss_of_model;
/// `prediction` of a further run of it, with the scatter of runs about the law.
[[nodiscard]] std::map<std::string, Interval> plan_intervals(const PlanningLaw& law, double flops, const ModelPlan& model,
                                                             std::optional<double> residual_sd = {});

}  // namespace isoflop
