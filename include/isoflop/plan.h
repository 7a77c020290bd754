// A law and a budget -> what to train, what it will reach, and how sure that is.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "isoflop/cost.h"
#include "isoflop/planning_law.h"

namespace isoflop {

// ---- demand: what is trained less and served more

/// What is served over the model's life, and what that costs beside training. The default counts FLOPs: 2 N for a token served,
/// 6 N for one trained.
struct Serving {
  double tokens = 0;                             ///< served, where FLOPs count
  double input_tokens = 0, output_tokens = 0;    ///< where money counts: read and written
  double training_price = 0, serving_price = 0;  ///< money for a FLOP at the peak: price of an hour / (3600 peak); 0: FLOPs count
  double training_utilisation = 0.5, input_utilisation = 0.5, output_utilisation = 0.01;

  /// Tokens served at the cost of a forward pass in training.
  [[nodiscard]] double demand() const;
  [[nodiscard]] bool in_money() const { return training_price > 0; }
};

/// The model of least cost of training and serving together, at the loss of a reference.
struct InferenceAware {
  double loss = 0, demand = 0;
  ModelPlan reference, model;
  double flops_inference = 0, flops_total = 0, reference_total = 0;  ///< FLOPs, or money where that counts
  double saved = 0, saving = 0;                   ///< of reference_total; its share
  std::optional<Interval> params_interval, tokens_interval, saving_interval;
};

/// Source   Sardana et al. 2024 (arXiv:2401.00448), eq. 3 and appendix A.
/// Needs    a law with a surface (contract).
/// Checked  inference_test.cc: their table, in FLOPs and in money.
[[nodiscard]] InferenceAware inference_aware(const PlanningLaw& law, const ModelPlan& reference, const Serving& serving);

/// The demand that makes (N, D) the cheapest model of its loss: D_inf = 3 D (slope ratio - 1). Negative: larger than any demand
/// explains.
[[nodiscard]] double implied_demand(const AdditiveLaw& law, double params, double tokens);

// ---- limits of data

struct DataLimit {
  std::string law;
  double unique_tokens = 0, epochs = 1;
  double effective_tokens = 0;      ///< fresh tokens worth the same (data_constrained)
  ModelPlan model;                  ///< the best of C with this text
  double loss_fresh = 0;            ///< of C with text without end
  double wasted = 0;                ///< share of the compute that the limit costs
  std::map<std::string, Interval> intervals;  ///< params, tokens, epochs, loss
};

/// Source   Muennighoff et al. 2023 (arXiv:2305.16264), section 3.1; the additive penalty: the form of arXiv:2605.01640.
/// Needs    a law with a surface of power 1.
/// Throws   Error{usage} for another, or for constants that are missing.
/// Checked  limits_test.cc: the values of the authors' repository.
[[nodiscard]] DataLimit data_limited(const PlanningLaw& law, double flops, double unique_tokens,
                                     const Repetition& repetition = {});

/// The same loss for the least cost of training and serving when text is limited.
[[nodiscard]] InferenceAware inference_aware(const PlanningLaw& law, const ModelPlan& reference, const Serving& serving,
                                             double unique_tokens, const Repetition& repetition = {});

/// Fresh tokens that D tokens of U unique ones are worth: U (1 + R (1 - e^(-(D/U - 1) / R))).
[[nodiscard]] double effective_tokens(double tokens, double unique_tokens, double half_life);

// ---- further costs

/// Training a model on: 6 N D_added / (1 - replay), replay the share of old text in the mix.
[[nodiscard]] double continual_flops(double params, double added_tokens, double replay = 0);

/// Tokens of the target text that pre-training on another is worth: k D_F^0.18 N^0.38.
///
/// Source   Hernandez et al. 2021 (arXiv:2102.01293); k = 1.9e4 from text to Python.
[[nodiscard]] double transferred_tokens(double fine_tuning_tokens, double params, double k = 1.9e4);

/// Low precision as a smaller model: N_eff = N prod max(0, 1 - e^(-P / gamma + n)) over weights, activations and key-value cache.
///
/// Source   Kumar et al. 2024 (arXiv:2411.04330), the offsets n: appendix K. The constants are the user's (the paper's:
///          docs/formats/plan.md).
/// Checked  limits_test.cc: the paper's constants train best in 7.00 bits.
struct PrecisionLaw {
  double gamma_weights = 0, gamma_activations = 0, gamma_cache = 0;    ///< bits; 0: left out
  double offset_weights = 0, offset_activations = 0, offset_cache = 0; ///< n: up to n gamma bits nothing is left of the model
  double post_c = 0, post_gamma_d = 0, post_gamma_n = 0, post_gamma = 0;  ///< of quantising after training; 0: left out
};
/// One of its factors; 1 where gamma is 0.
[[nodiscard]] double precision_share(double gamma, double offset, double bits);
/// N_eff / N.
[[nodiscard]] double precision_factor(const PrecisionLaw& law, double weight_bits, double activation_bits, double cache_bits);
/// What quantising to `bits` after training adds to the loss: C_T D^gamma_D / N^gamma_N e^(-P / gamma).
[[nodiscard]] double quantisation_loss(const PrecisionLaw& law, double params, double tokens, double bits);
/// Bits that train best when compute is in proportion to them, whatever the budget: the maximum of precision_factor(P, P, P) / P.
///
/// Result   nothing where it is not inside (0.5, 64): one factor without an offset is worth most in ever fewer bits.
[[nodiscard]] std::optional<double> best_training_bits(const PrecisionLaw& law);

/// Parameters of a dense model with the loss of a routed one of E experts (Clark et al. 2022, arXiv:2202.01169).
[[nodiscard]] double dense_equivalent(const std::map<std::string, double>& routed_constants, double params, double experts);

/// The exponent of unique sequences in parameters that an efficient model needs, N ~ D^gamma, from a law's beta: [1 - 2 beta, 1
/// - beta].
///
/// Source   Kausik 2024 (arXiv:2402.14746), as its numbers imply; 2^(1/gamma): growth of the corpus that doubles the model.
struct EfficientExponent {
  double low = 0, high = 0;
};
[[nodiscard]] EfficientExponent efficient_exponent(double beta);

// ---- money

/// Prices, in one currency.
struct Prices {
  double training_flop = 0;   ///< of a FLOP done in training: price of an hour / (3600 peak utilisation)
  double serving_flop = 0;    ///< of a FLOP done in serving
  double data_token = 0;      ///< of a unique token: collection, labelling, governance
  double fixed = 0;           ///< whatever does not depend on the model
  std::string currency = "USD";
};

/// What a further unit of money buys, and what the model costs over its life.
struct NextMoney {
  // dL per unit of money, negative where it helps
  std::optional<double> data;       ///< unique tokens and the training on them; none without a price
  std::optional<double> compute;    ///< longer training of this model on the text there is
  std::optional<double> params;     ///< a larger model, trained on as many tokens and served
  std::string best;                 ///< the one that helps most
  double cost_data = 0, cost_training = 0, cost_serving = 0, cost_fixed = 0, cost_total = 0;
};
/// Checked  money_test.cc: against costs and losses of two models a unit apart.
[[nodiscard]] NextMoney next_money(const PlanningLaw& law, const ModelPlan& model, double served_tokens, const Prices& prices,
                                   std::optional<double> unique_tokens = {}, const Repetition& repetition = {});

// ---- the ladder of pilot runs

struct LadderOptions {
  double target_flops = 0, pilot_flops = 0;   ///< what the model may cost, and all pilots together
  double residual_sd = 0.01;                  ///< of ln L of one run
  /// sd of ln N* for every factor of e from the dearest pilot to the target: the law is not the truth. Hoffmann et al.'s runs as
  /// read by
  /// Epoch, those above 1e20 to 1e21 FLOPs held out, show 0.06 to 0.13.
  double drift = 0.1;
  double least_flops = 0;                     ///< of a rung; 0: a thousandth of the dearest that the pilots' budget holds
  std::int64_t sizes = 5;                     ///< models of a rung, from a quarter to four times its optimal size
};

/// A budget and its models.
struct Rung {
  double flops = 0;                           ///< of each model
  std::vector<ModelPlan> models;
  double cost = 0;                            ///< of all of them, and of the sweep for their learning rates at its widest
  double saved = 0;                           ///< FLOPs of the target run that it is expected to save
  double factor = 0;                          ///< afterwards N* is known within this factor (95 %)
  double waste = 0;                           ///< expected share of the target's compute, afterwards
};
struct Ladder {
  std::vector<Rung> rungs;                    ///< in the order of doing them
  double factor_before = 0, waste_before = 0;
  double cost = 0, share = 0;                 ///< of the target
  std::string stop;                           ///< why there is no further rung
};

/// Which pilots to run before a dear one: of all choices of rungs half a decade apart that the budget holds, the one that saves
/// most beyond
/// its cost; a further rung would cost more than it saves.
///
/// Source   the information of a run about the constants at the law as it is (D-optimal design would weigh all of them; here ln
///          N* alone counts), the drift of N* beyond the dearest pilot in quadrature; waste over a normal distribution of ln N*.
/// Needs    a law with a surface of power 1.
/// Throws   Error{usage} for another, or a pilot budget that is not below the target's.
/// Checked  ladder_test.cc.
[[nodiscard]] Ladder plan_ladder(const PlanningLaw& law, const LadderOptions& options);

/// A rung as a study (docs/formats/study.md): GPT-2 shapes near its sizes, `target_flops` each.
[[nodiscard]] std::string rung_study(const Rung& rung, const std::string& name);

// ---- forecasts that are judged later

/// A prediction, before the run.
struct Forecast {
  PlanningLaw law;             ///< with its draws: a run of another size is judged too
  ModelPlan model;
  std::optional<Interval> interval;   ///< of a run's loss
  double residual_sd = 0;
};
/// Sealed JSON (docs/formats/plan.md): edited, it is refused.
[[nodiscard]] std::string forecast_to_json(const Forecast& forecast);
/// Whether a text calls itself a forecast, sealed or torn.
[[nodiscard]] bool is_forecast(const std::string& text);
/// Throws   Error{bad_data} naming `subject` if it is not as it was sealed.
[[nodiscard]] Forecast forecast_from_json(const std::string& text, const std::string& subject);
/// SHA-256 of the forecast's text.
[[nodiscard]] std::string forecast_hash(const std::string& text);

struct Score {
  double params = 0, tokens = 0, loss = 0;    ///< of the run
  double predicted = 0, error = 0;            ///< loss - predicted, at the run's own size
  std::optional<Interval> interval;
  std::optional<bool> inside;
  std::optional<double> quantile;             ///< share of the forecast's distribution below the run
  bool other_model = false;                   ///< the run is more than 1 % off the forecast's params or tokens
};
/// Checked  forecast_test.cc.
[[nodiscard]] Score score_forecast(const Forecast& forecast, double params, double tokens, double loss);

// ---- all of it

/// Training the model on, later.
struct ContinualPlan {
  double added_tokens = 0, replay = 0;         ///< new text; share of old text in the mix
  double flops = 0;                            ///< continual_flops()
  double share = 0;                            ///< of the model's own training
};

/// Training or serving in few bits.
struct PrecisionPlan {
  PrecisionLaw law;
  double weight_bits = 16, activation_bits = 16, cache_bits = 16;
  double effective_params = 0;                 ///< N precision_factor()
  double loss = 0;                             ///< with these, trained so
  double quantisation_loss = 0;  ///< further, of weights quantised to `weight_bits` after training in full precision
  std::optional<double> best_bits;             ///< best_training_bits()
};

/// A released model, as the law sees it.
struct ReleasedModel {
  std::string name;
  ModelPlan model;                             ///< N that computes a token; the loss is the law's
  double wasted = 0;                           ///< of its training compute, had loss alone counted
  double implied_demand = 0;                   ///< tokens served that would explain its size; negative: none does
};

struct PlanRequest {
  PlanningLaw law;
  std::optional<double> flops, target_loss, params, tokens;  ///< what is given: see make_plan
  std::vector<double> budgets;                 ///< further C whose optima are asked for
  std::vector<PlanningLaw> others;             ///< beside `law` in the cross-law matrix
  std::optional<Serving> serving;
  std::optional<double> unique_tokens;
  std::vector<Repetition> repetitions = {Repetition{}};
  std::optional<double> residual_sd;           ///< instead of the law's own
  std::optional<double> bytes_per_token;
  std::optional<Prices> prices;
  std::optional<LadderOptions> ladder;         ///< target_flops 0: the plan's
  std::optional<ContinualPlan> continual;      ///< added_tokens and replay are read
  std::optional<PrecisionPlan> precision;      ///< the law and the bits are read
};

/// A formula with the plan's numbers put in.
struct Explanation {
  std::string what, formula, numbers;
};

struct Plan {
  PlanningLaw law;
  std::vector<PlanningLaw> others;             ///< as asked
  std::optional<Serving> serving;              ///< as asked
  std::string asked;                           ///< "flops", "target_loss", "params and tokens", ...
  double flops = 0;
  ModelPlan optimum;                           ///< of these FLOPs
  ModelPlan model;                             ///< what was asked for; the optimum unless params or tokens were given
  bool off_optimum = false;                    ///< `model` is another
  bool text_limited = false;  ///< `model` is the best of these FLOPs with the text there is, and repeats some of it
  double wasted = 0;                           ///< by `model`
  std::map<std::string, Interval> intervals;
  std::optional<double> extrapolation;         ///< C over the largest fitted
  std::optional<RegretOptimum> regret, regret_laws;  ///< over the law's draws; over all laws
  std::vector<Deviation> deviation;
  std::optional<OvertrainingPrice> overtraining;
  std::vector<EqualLoss> iso_loss;
  std::optional<CrossLaw> laws;
  std::vector<ReleasedModel> released;         ///< of a third to three times this compute, by compute
  std::vector<ModelPlan> budgets;
  std::vector<std::map<std::string, Interval>> budget_intervals;
  std::optional<InferenceAware> inference, inference_limited;
  std::optional<double> implied_demand;        ///< of `model`, where params and tokens were given
  std::vector<DataLimit> data_limits;          ///< one for each repetition law
  std::optional<NextMoney> money;
  std::optional<EfficientExponent> efficient;
  std::optional<double> bytes_per_param;       ///< D/N in bytes
  std::optional<ContinualPlan> continual;
  std::optional<PrecisionPlan> precision;
  std::optional<Ladder> ladder;
  std::vector<Explanation> explanations;
  std::vector<Warning> warnings;               ///< the gravest first
};

/// The plan for a request. With unique_tokens and a budget or a target loss the model is the best with that text (the first
/// repetition law). Given are: flops (the optimum); flops and params, or flops and tokens (the other follows); params and tokens
/// (C follows); target_loss (least C); params alone, or tokens alone (C is that of which they are the optimum).
///
/// Throws   Error{usage} for contradictory, missing or impossible requests: a target loss below the floor says the floor and its
///          interval, one that the text there is cannot reach says what it reaches.
/// Numerics the same bytes every time.
/// Checked  plan_test.cc.
[[nodiscard]] Plan make_plan(const PlanRequest& request);

/// The plan as one JSON object (docs/formats/plan.md).
[[nodiscard]] std::string plan_to_json(const Plan& plan);

// ---- machines: what the plan asks of them

/// The best architecture of a budget whose FLOPs are counted on it, not as k N D: embeddings cost nothing, the head and
/// attention do.
struct CountedOptimum {
  std::string convention;                      ///< flops_exact | flops_full_attention (FlopsPerToken)
  ShapeChoice shape;
  ModelPlan model;                             ///< N as the law counts it
};

/// Source   the law's loss at (N, C / FLOPs per token) over shapes as feasible_shapes() gives them.
/// Needs    a law with a surface (contract).
/// Result   nothing where no shape is near the sizes the budget trains.
/// Throws   Error{usage} for another convention.
/// Checked  machines_test.cc: no shape of a wide grid does better; far beyond embeddings it is the optimum of 6 N D.
[[nodiscard]] std::optional<CountedOptimum> counted_optimum(const PlanningLaw& law, double flops, const std::string& convention,
                                                            const ShapeOptions& options = {});

struct MachineRequest {
  std::optional<Accelerator> accelerator;      ///< none: an H100
  std::int64_t devices = 0;                    ///< 0: the least power of two, 8 or more, that is done within 30 days
  Range mfu = kMfu;
  std::optional<Range> usd_per_hour;           ///< none: the accelerator's
  ShapeOptions shape;                          ///< style, vocabulary, context, ...; its n_convention and loss_at are the law's
  std::string count;                           ///< how C is counted; empty: as the law's own, where that is on shapes
};

/// A feasible architecture near the plan's size, what training it takes, and how it lies over the devices.
struct MachinePlan {
  std::vector<ShapeChoice> shapes;             ///< the best first; none where the vocabulary alone is larger than the model
  std::optional<CountedOptimum> counted;       ///< where C is counted on shapes
  TrainingCost cost;
  std::optional<FitAnswer> memory;             ///< of the first shape
  std::vector<Hyperparameter> hyperparameters;
  std::optional<BatchSchedule> schedule;            ///< with the first law's batch
  std::vector<FrontierPoint> frontier;         ///< days against money
  std::vector<Warning> warnings;
};

/// Checked  machines_test.cc.
[[nodiscard]] MachinePlan plan_machines(const Plan& plan, const MachineRequest& request = {});
/// Keys shape, shapes, counted, cost, memory, hyperparameters, schedule, frontier (docs/formats/plan.md).
[[nodiscard]] std::string machines_to_json(const MachinePlan& machines);

}  // namespace isoflop
