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

[[nodiscard]] Kind kind_in_relations(const Quantity& q);  ///< a percentage called MFU is a utilisation
[[nodiscard]] double value_in_relation(const Relation& r, const Quantity& q);
[[nodiscard]] bool is_perplexity(const Relation& r);

}  // namespace isoflop::plan
