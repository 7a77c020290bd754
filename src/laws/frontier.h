// The best of a budget by any law that knows one: what recipes are compared by.
#pragma once

#include <variant>

#include "laws/problem.h"

namespace isoflop::laws {

/// L*(C) by a law at its constants: the optimum of a law of params and tokens, the loss of a law of one quantity (which then
/// stands in the place of C), the frontier through optima.
class Frontier {
 public:
  struct OfOne {
    const Law* law;
    Theta theta;
  };

  /// `held`: further inputs of the law: granularity. Where it reads unique_tokens nothing is repeated.
  ///
  /// Throws   Error{usage} for a law without a frontier, naming those that have one, or naming the input that is missing;
  ///          Error{bad_data} for optima without losses.
  Frontier(const std::string& law, const std::map<std::string, double>& constants,
           const std::map<std::string, double>& held = {});

  [[nodiscard]] double loss(double x) const;
  /// None of a law of one quantity.
  [[nodiscard]] std::optional<Optimum> model(double flops) const;

 private:
  std::variant<LawAt, OfOne, AllocationRule> law_;
};

/// What the frontier of a law is over: flops, or the quantity the law reads.
///
/// Throws   Error{usage} naming the laws that have one.
[[nodiscard]] std::string frontier_axis(const std::string& law);

/// A fit's frontier, and those of its draws. Throws as Frontier.
struct Frontiers {
  Frontier best;
  std::vector<Frontier> draws;
};
[[nodiscard]] Frontiers frontiers_of(const Fit& fit, const std::map<std::string, double>& held = {});

}  // namespace isoflop::laws
