// The laws there are, and laws at their constants: fitted, or as their papers print them.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "isoflop/fit.h"

namespace isoflop {

struct LawInfo {
  std::string name, formula, source;
  bool of_steps = false;     ///< reads whole loss curves: rows are steps of runs, with columns step, learning_rate and loss
  const char* form_of = "";  ///< params, tokens or flops: a form of tell_forms()
  std::vector<std::string> inputs = {};  ///< the columns it reads, in its order; empty for isoflop, optima, envelope
  std::string response = {};             ///< the column it gives
  std::string frontier = {};             ///< what its least loss is known over: flops, or the one quantity it reads; empty: none

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

/// L*(C) = floor + k C^-c: the least loss of a budget, as optima show it.
struct LossFrontier {
  double floor = 0, k = 0, c = 0;

  [[nodiscard]] double loss(double flops) const;
  /// Infinite at the floor and below.
  [[nodiscard]] double least_flops(double loss) const;
};

/// N*(C) = k_n C^a, D*(C) = k_d C^b, and where the optima have losses L*(C): all that a law of optima says. Off the frontier it
/// knows no loss.
struct AllocationRule {
  double k_n = 0, a = 0, k_d = 0, b = 0;
  std::optional<LossFrontier> loss = {};

  /// The loss is 0 where it is not known.
  [[nodiscard]] Optimum optimum(double flops) const;
};

/// The rule of isoflop, optima or envelope at its constants; without k_d the tokens are C / (flops_per N*).
///
/// Throws   Error{bad_data} naming `law` and the constant that is missing.
[[nodiscard]] AllocationRule allocation_rule(const std::string& law, const std::map<std::string, double>& constants,
                                             double flops_per = kFlopsPerParamToken);

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

}  // namespace isoflop
