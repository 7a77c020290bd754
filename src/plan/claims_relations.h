// Which kinds of numbers follow from which: products and quotients of one number of each. Claims checker only.
#pragma once

#include <vector>

#include "plan/claims_text.h"

namespace isoflop::plan {

struct Term {
  Kind kind = Kind::none;
  int power = 0;  ///< 1 or -1
};

/// The product of kind^power over all terms is `constant`. Each of the first `results` terms may be the claim; the others are
/// given.
struct Relation {
  const char* name;
  double constant;
  std::size_t results;
  std::vector<Term> terms;
};
/// In plain units: seconds, watt-hours, kg of CO2, shares of one for the utilisation. A loss enters one with perplexity as its
/// exponential. What has more inputs stands before what has fewer.
[[nodiscard]] const std::vector<Relation>& relations_known();

/// Compute, tokens per parameter, weights, sizes of texts: rules of their own judge these, by other readings they hold too.
[[nodiscard]] const std::vector<Relation>& relations_of_training();

[[nodiscard]] Kind kind_in_relations(const Quantity& q);  ///< a percentage called MFU is a utilisation
[[nodiscard]] double value_in_relation(const Relation& r, const Quantity& q);
[[nodiscard]] bool is_perplexity(const Relation& r);
/// What a relation makes of its inputs, in the order of its terms, for the one that is claimed; in the unit of the claim.
[[nodiscard]] double what_follows(const Relation& r, std::size_t claimed, const Quantity& claim,
                                  const std::vector<const Quantity*>& inputs);

}  // namespace isoflop::plan
