// The loss of a law when text is limited: repeated tokens are worth less.
#pragma once

#include <optional>

#include "isoflop/plan.h"

namespace isoflop::plan {

class LimitedSurface {
 public:
  /// Throws   Error{usage} if the law's loss is not a plain sum of powers, or constants of the repetition are missing.
  LimitedSurface(const PlanningLaw& law, double unique_tokens, const Repetition& repetition);
  /// Of another surface of the same law: a draw.
  LimitedSurface(const AdditiveLaw& surface, double unique_tokens, const Repetition& repetition);

  [[nodiscard]] double loss(double params, double tokens) const { return law_.loss(params, tokens); }
  [[nodiscard]] Optimum optimum(double flops, double flops_per) const { return law_.optimum(flops, flops_per); }
  /// The fewest tokens with which `params` reach a loss; none where no amount of repetition does.
  [[nodiscard]] std::optional<double> tokens_for(double params, double loss) const;
  [[nodiscard]] const AdditiveLaw& fresh() const { return fresh_; }

 private:
  AdditiveLaw fresh_;
  double unique_tokens_;
  LawAt law_;
};

/// The loss of a model by one of the law's surfaces (its own or a draw), on the law's text.
[[nodiscard]] double loss_of(const PlanningLaw& law, const AdditiveLaw& surface, double params, double tokens);

/// The least compute that reaches a loss with the law's text; nothing if a million times `from` does not.
///
/// Needs    a law with a surface and a text (contract); `from`: compute that reaches it with text without end.
[[nodiscard]] std::optional<double> limited_flops(const PlanningLaw& law, double loss, double from);

/// The repetition law of the planning law itself, if that is one; else the one given.
[[nodiscard]] Repetition own_repetition(const PlanningLaw& law, const Repetition& given);

}  // namespace isoflop::plan
