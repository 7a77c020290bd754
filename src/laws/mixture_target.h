// What is minimised over weights: a target made of fits, its caps, and what was asked for in the law's own terms.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "laws/mixture.h"
#include "laws/mixture_simplex.h"

namespace isoflop::laws {

/// One term of the target: a fit and its weight.
struct TargetTerm {
  const MixtureFit* fit = nullptr;
  MixtureForm form;
  double weight = 0;
};

/// The target as a function of the shares, by the fits or by one resample of them, with the pull towards the prior.
class MixtureTarget {
 public:
  /// `extra`: ln N and ln D where the form reads them; `prior`: shares that `prior_weight` nats of divergence pull towards.
  MixtureTarget(std::vector<TargetTerm> terms, std::vector<double> extra, std::vector<double> prior, double prior_weight)
      : terms_(std::move(terms)), extra_(std::move(extra)), prior_(std::move(prior)), prior_weight_(prior_weight) {}

  /// By the fits (draw below 0) or a resample, without the pull.
  [[nodiscard]] double loss(const std::vector<double>& shares, std::int64_t draw = -1, double* slope = nullptr) const;
  /// What is minimised. The target must outlive it.
  [[nodiscard]] SharesFunction pulled(std::int64_t draw) const;
  [[nodiscard]] bool of_trees() const { return !terms_.front().fit->trees.empty(); }
  /// Resamples that every term has.
  [[nodiscard]] std::int64_t draws() const;
  [[nodiscard]] const std::vector<TargetTerm>& terms() const { return terms_; }

 private:
  std::vector<TargetTerm> terms_;
  std::vector<double> extra_, prior_;
  double prior_weight_;
};

/// RegMix's way: of 100,000 random mixtures under the caps the mean of the best 128.
[[nodiscard]] std::vector<double> best_simulated(const MixtureTarget& target, const std::vector<double>& prior,
                                                 const std::vector<double>& caps, const MixtureOptimiseOptions& options);

// what was asked for; each throws Error{usage} naming the flag

[[nodiscard]] std::vector<double> shares_in_order(const MixtureModel& model, const Mixture& mixture);
/// Natural proportions where they are known: given, else as the sources' tokens.
[[nodiscard]] std::optional<std::vector<double>> natural_of(const MixtureModel& model, const MixtureOptimiseOptions& options);
/// The largest share of each source: what `max_epochs` of it are of the run.
[[nodiscard]] std::vector<double> caps_of(const MixtureModel& model, const MixtureOptimiseOptions& options);
/// Weights of the losses, summing to 1.
[[nodiscard]] std::map<std::string, double> target_of(const MixtureModel& model, const MixtureOptimiseOptions& options);
/// The run's ln N and ln D, as the form reads them.
[[nodiscard]] std::vector<double> extra_of(const MixtureForm& form, const MixtureOptimiseOptions& options);
/// The targets' fits at the tuned rate, and at another one where every target has one.
[[nodiscard]] std::vector<std::vector<TargetTerm>> terms_by_rate(const MixtureModel& model,
                                                                 const std::map<std::string, double>& target,
                                                                 const std::string& family);

}  // namespace isoflop::laws
