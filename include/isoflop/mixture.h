// Mixture laws: which shares of the sources give the least loss, from small proxy runs, with intervals. No I/O.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "isoflop/base.h"
#include "isoflop/laws.h"

namespace isoflop {

/// Shares of sources by name. They sum to 1.
using Mixture = std::map<std::string, double>;

// ---- proxy runs as a table

/// Proxy runs: columns `share.<domain>` and `loss.<target>` of `runs`, beside params, tokens, learning_rate where the table has
/// them.
struct MixtureTable {
  Observations runs;
  std::vector<std::string> domains, targets;  ///< in the table's order
  std::vector<std::string> families;          ///< of each row, the cell of column `group` (a model size); empty: no such column

  [[nodiscard]] std::int64_t rows() const { return runs.rows(); }
  [[nodiscard]] Mixture shares(std::size_t row) const;
};

/// Shares and losses of proxy runs, from one table or from two.
///
/// Needs    one table: columns `share.X`, `share_X`, `weight.X` or `proportion_X`, and `loss`, `loss.X` or `loss_X`. Two: every
///          column of numbers is a share in the first and a loss in the second, but those that name or describe the run (index,
///          name, run, label, model, id, group, seed, params, tokens, learning_rate, ...); domain and target are what tells the
///          headers apart (`arxiv` of `train_the_pile_arxiv`). Rows of two tables meet by a column of one name among index, id,
///          run, name, label, else in order.
/// Result   shares that sum to 1 within a hundredth are scaled to it (tables are rounded). Without losses (`predict`) `targets`
///          is empty.
/// Throws   Error{bad_data} naming line and column: a share that is no number from 0 to 1, shares that do not sum, a loss that is
///          not positive, rows without a partner.
/// Checked  mixture_table_test.cc.
[[nodiscard]] MixtureTable mixture_table(const CsvTable& table);
[[nodiscard]] MixtureTable mixture_table(const CsvTable& weights, const CsvTable& losses);

/// `count` of the rows, drawn without replacement by the seed, in the table's order; all if there are no more.
[[nodiscard]] MixtureTable some_rows(const MixtureTable& table, std::int64_t count, std::uint64_t seed);

// ---- laws

/// Which formula, for each target by itself (r: shares; m domains).
///
/// log_linear  L(r) = c + exp(k + sum_j t_j r_j), sum_j t_j = 0, c >= 0: Ye et al. 2024 (arXiv:2403.16952), eq. 1 (their M4)
/// linear      L(r) = sum_j a_j r_j
/// additive    L(r) = E + 1 / sum_j C_j r_j^g_j, + A / N^alpha where N varies, + B / D^beta where D varies: Shukor et al. 2025
///             (arXiv:2507.09404), the additive law
/// trees       boosted regression trees on the shares, as RegMix (Liu et al. 2024, arXiv:2407.01492) regresses: the best ranking
///             from many proxies, no constants, and no extrapolation
[[nodiscard]] const std::vector<LawInfo>& known_mixture_laws();

/// One regression tree, nodes in an array: a leaf has feature -1. Goes left where share <= threshold.
struct RegressionTree {
  struct Node {
    std::int32_t feature = -1, left = 0, right = 0;
    double value = 0;  ///< threshold, or a leaf's addition to the loss
  };
  std::vector<Node> nodes;
};

struct TreeOptions {
  std::int64_t trees = 800;
  double rate = 0.05;           ///< of what a tree adds
  std::int64_t depth = 3;
  std::int64_t leaf_rows = 3;   ///< a leaf holds no fewer
};

struct MixtureFitOptions {
  std::string law = "log_linear";
  std::vector<std::string> targets = {};  ///< empty: every loss of the table
  double delta = 0.1;                     ///< nats: where Huber's function turns from square to line
  std::optional<double> ridge = {};       ///< on t (log_linear), a (linear), ln C and ln g (additive) about their mean; none: by
                                          ///< cross-validation
  std::int64_t bootstrap = 200;           ///< resamples of mixtures; 0: no intervals. Not of trees
  std::int64_t folds = 5;                 ///< of the cross-validation; 0: none
  std::uint64_t seed = 0;
  double level = 0.95;
  TreeOptions trees = {};
  std::int64_t threads = 1;               ///< the result does not depend on it
  std::stop_token stop = {};
  ProgressFn progress = {};
};

/// One target's law in one family at one learning rate.
struct MixtureFit {
  std::string target, family;            ///< family: empty where the table has none, or the law reads N itself
  std::optional<double> learning_rate;   ///< where the table has more than one
  bool tuned = true;                     ///< of several rates the one whose runs lose least; false: another one
  Fit fit;                               ///< constants c, k, t.<domain>; a.<domain>; E, C.<domain>, g.<domain>, A, alpha, B, beta
  double ridge = 0;
  double residual_sd = 0;                ///< nats, degrees of freedom counted
  Agreement in_sample;
  std::optional<Agreement> cross_validated;
  std::vector<RegressionTree> trees;     ///< of law `trees`
  double base = 0;                       ///< what the trees add to
  std::vector<double> parameters;          ///< of the formula, in its own order (docs/formats/mixture.md)
  std::vector<std::vector<double>> draws;  ///< the same of each resample
  Mixture best_proxy;                      ///< the row that lost least
  double best_loss = 0;
  std::optional<double> seed_sd;           ///< nats: between runs of one mixture, where there are such
};

/// Mixtures run at two learning rates whose order of loss depends on the rate (arXiv:2512.24503).
struct RankFlips {
  std::string target, family;
  double tuned_rate = 0, other_rate = 0;
  std::int64_t mixtures = 0, pairs = 0, flipped = 0;  ///< run at both rates; pairs of them; pairs whose order differs
  std::optional<double> spearman = {};                ///< of the losses at the two rates
  std::optional<std::pair<Mixture, Mixture>> best = {};  ///< the best mixture of each rate where it is not the same
};

/// What `mix fit` leaves behind and `mix predict` and `mix optimise` read.
struct MixtureModel {
  std::string law, formula;
  std::vector<std::string> domains;
  std::vector<MixtureFit> fits;          ///< by target, family, learning rate
  std::vector<RankFlips> flips;
  Mixture mean, most;                    ///< of the proxies: mean share (empty when read from a file), and the largest share
                                         ///< tried
  double level = 0.95;
  std::vector<Warning> warnings;
};

/// Fits a mixture law to proxy runs: Huber's loss of L - L_hat (nats) and a ridge, Levenberg and Marquardt's steps from several
/// starts, then the same on mixtures drawn anew with replacement.
///
/// Source   Ye et al. 2024 (arXiv:2403.16952), section 3; the formulas' own under known_mixture_laws().
/// Needs    for each family and rate more mixtures than 2; below as many as the law has constants the ridge decides, and a
///          warning says so.
/// Result   a fit for each target, family and learning rate that has enough rows; `warnings` of each fit and of the table.
/// Throws   Error{usage} for an unknown law or target, naming the nearest; Error{bad_data}; Error{interrupted}.
/// Numerics the same bytes for any number of threads.
/// Checked  mixture_test.cc: a law's own table gives its constants back, coverage of the intervals; mixture_reference_test.cc:
///          RegMix and SLDBench.
[[nodiscard]] MixtureModel fit_mixture(const MixtureTable& table, const MixtureFitOptions& options = {});

/// The fits of a target: the tuned rate first. `target` as the model has it; `family` may be empty where there is one.
/// Throws   Error{usage} naming the nearest target or the families.
[[nodiscard]] std::vector<const MixtureFit*> fits_of(const MixtureModel& model, const std::string& target,
                                                     const std::string& family = {});

/// Loss of a mixture by one fit; `params` and `tokens` where the law reads them.
[[nodiscard]] double predict_mixture(const MixtureModel& model, const MixtureFit& fit, const Mixture& mixture,
                                     std::optional<double> params = {}, std::optional<double> tokens = {});

/// What a model says of every row of a table: of each row the fit of its family and learning rate (the tuned one where its own is
/// not there).
struct MixturePrediction {
  std::string target;
  std::vector<double> predicted;
  std::vector<std::optional<Interval>> intervals;  ///< where a further run will lie: resamples and residuals; of a law none
                                                   ///< without resamples, of trees residuals alone
  std::optional<Agreement> agreement;              ///< where the table has the losses
};
/// Throws   Error{bad_data} naming domains that the model does not know, or a family that it does not have.
[[nodiscard]] std::vector<MixturePrediction> predict_mixtures(const MixtureModel& model, const MixtureTable& table,
                                                              const std::vector<std::string>& targets = {});

// ---- the best weights

struct MixtureOptimiseOptions {
  std::map<std::string, double> target = {};        ///< losses and their weights; empty: every target of the model, equally
  std::string family = {};                          ///< which, where the model has several
  std::map<std::string, double> unique_tokens = {}; ///< of each source, for the caps and natural proportions
  std::optional<double> tokens = {};                ///< the run to be planned
  double max_epochs = 4;                            ///< each source is seen no more often; up to about 4 costs little
                                                    ///< (arXiv:2305.16264)
  Mixture natural = {};                             ///< natural proportions; empty: by unique_tokens, else none
  double prior_weight = 0;                          ///< nats on the divergence KL(r || natural, else uniform): keeps weights near
                                                    ///< it
  std::optional<double> params = {};                ///< of the run, where the law reads N
  std::uint64_t seed = 0;                           ///< of trees' simulated mixtures
  std::int64_t threads = 1;
  std::stop_token stop = {};
};

/// The largest share of each source that is seen at most `max_epochs` times in a run of `tokens`.
///
/// Throws   Error{usage} with what the sources hold, where they cannot fill the run.
[[nodiscard]] Mixture caps_by_repetition(const std::map<std::string, double>& unique_tokens, double tokens, double max_epochs);

struct MixtureShare {
  std::string domain;
  double weight = 0;
  std::optional<Interval> interval;
  double cap = 1;                 ///< largest weight that repetition allows
  std::optional<double> epochs;   ///< of the source at this weight
};

/// The recommended weights against others.
struct MixtureComparison {
  std::string with;               ///< natural, uniform, best proxy, only NAME
  Mixture mixture;
  double loss = 0;                ///< predicted
  Estimate gain;                  ///< nats that the recommendation saves, by the tuned rate; what choosing by the same data adds
                                  ///< is taken off
  std::optional<double> gain_other_rate;
  enum class Verdict { better, worse, undecided, same } verdict = Verdict::undecided;
  std::string reason;             ///< why it is undecided
};
[[nodiscard]] std::string to_string(MixtureComparison::Verdict verdict);

struct MixtureOptimum {
  std::map<std::string, double> target;
  std::string family, law;
  std::vector<MixtureShare> shares;
  Estimate loss;                                  ///< predicted at the weights
  std::vector<MixtureComparison> comparisons;
  bool decided = false;                           ///< better than every one of them that is not the same
  std::string text;                               ///< the above in words
  std::vector<Warning> warnings;

  [[nodiscard]] Mixture mixture() const;
};

/// The weights of least predicted loss under the caps. Convex for log_linear, linear and (g <= 1) additive: the optimum is the
/// optimum; of trees the mean of the best 128 of 100,000 simulated mixtures, as RegMix takes.
///
/// Source   caps by repetition: Muennighoff et al. 2023 (arXiv:2305.16264); simulation: RegMix, section 3.3; rates:
///          arXiv:2512.24503.
/// Result   intervals of weights are percentiles over resamples; none where a loss's fit has no degree of freedom. `warnings`
///          begin with the model's and its fits'. A gain's interval is the hull of two: the basic bootstrap of (claimed - true)
///          gain, every resample choosing its own weights, so that the winner's curse is in it; and the gain's percentiles at
///          these weights. At the tuned rate a comparison is `better` when that interval is above 0, the gain above the seed's sd
///          (where it is known) and the sign at the other rate agrees; else `undecided`.
/// Throws   Error{usage} for unknown names, and where the sources cannot fill the budget under the caps; Error{bad_data} for a
///          model without a fit; Error{interrupted}.
/// Checked  mixture_optimise_test.cc: closed forms, caps, Karush-Kuhn-Tucker conditions, coverage of the gain.
[[nodiscard]] MixtureOptimum optimise_mixture(const MixtureModel& model, const MixtureOptimiseOptions& options = {});

// ---- which proxies to run

struct MixtureDesignOptions {
  Mixture prior;                                   ///< natural proportions
  std::int64_t proxies = 64;
  std::vector<double> temperatures = {1, 2};       ///< the prior is taken to the power 1 / T and scaled
  double spread_low = 0.5, spread_high = 20;       ///< the Dirichlet's parameters sum to between these: with less, few sources at
                                                   ///< once
  std::int64_t candidates = 2000;                  ///< the proxies are chosen among these
  double step = 0.001;                             ///< weights are multiples of it (1 over a whole number) and sum to 1
  Mixture caps = {};                               ///< no share above
  bool anchors = true;                             ///< the prior and the uniform mixture are among the proxies
  std::uint64_t seed = 0;
  std::stop_token stop = {};
};

struct MixtureDesign {
  std::vector<std::string> domains;
  std::vector<Mixture> proxies;
  std::int64_t candidates = 0;      ///< distinct ones
  double log_determinant = 0;       ///< of the information, mean over the prior draws of t, per constant
  double log_determinant_random = 0;  ///< of as many candidates as they come: what the choice gained
  std::vector<Warning> warnings;
};

/// Proposes mixtures for proxy runs: Dirichlet draws about the prior at several temperatures and spreads, rounded and
/// deduplicated, of which those are taken that tell most of a log-linear law (Bayesian D-optimal, greedy then Fedorov's
/// exchanges).
///
/// Source   draws: RegMix (arXiv:2407.01492), section 3.1; Fedorov 1972; Chaloner and Verdinelli 1995 (Bayesian design).
/// Needs    2 domains or more; caps that sum to 1 or more; 2 proxies or more.
/// Throws   Error{usage} naming the option that cannot be meant.
/// Numerics the same bytes for one seed.
/// Checked  mixture_design_test.cc.
[[nodiscard]] MixtureDesign design_mixtures(const MixtureDesignOptions& options);

/// Temperature-scaled proportions: p_j^(1/T), scaled to sum to 1.
[[nodiscard]] Mixture tempered(const Mixture& prior, double temperature);

// ---- files (docs/formats/mixture.md)

/// A sealed mixture.json, and back. Throws Error{bad_data} naming `subject` and the key.
[[nodiscard]] std::string mixture_to_text(const MixtureModel& model);
[[nodiscard]] MixtureModel mixture_from_text(const std::string& text, const std::string& subject);
/// One JSON object each, for the door.
[[nodiscard]] std::string mixture_to_json(const MixtureModel& model);
[[nodiscard]] std::string mixture_optimum_to_json(const MixtureOptimum& optimum);
[[nodiscard]] std::string mixture_predictions_to_json(const std::vector<MixturePrediction>& predictions,
                                                      const MixtureTable& table);
[[nodiscard]] std::string mixture_design_to_json(const MixtureDesign& design);
/// CSV: columns row, target, predicted, low, high; a row for each of the table's, of one target after the other.
[[nodiscard]] std::string mixture_predictions_to_csv(const std::vector<MixturePrediction>& predictions,
                                                     const MixtureTable& table);
/// CSV: a row a proxy, columns index and share.<domain>.
[[nodiscard]] std::string mixture_design_to_csv(const MixtureDesign& design);

}  // namespace isoflop
