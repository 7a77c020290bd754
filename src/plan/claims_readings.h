// What else a claim may mean: the same formulas with other numbers of its paragraph. Claims checker only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plan/claims_text.h"

namespace isoflop::plan {

/// What adds up over runs, devices and days; not a ratio, a loss, a price.
[[nodiscard]] bool adds_up(Kind kind);
/// "three models", 三つ: the last count in words; 0 if there is none.
[[nodiscard]] double count_in_words(const std::string& text);

/// A claim that does not follow in the plain way, and what stands around it.
struct Doubt {
  Quantity claim;                        ///< of a relation's kind: kind_in_relations()
  double tolerance = 0;                  ///< relative
  std::vector<Quantity> numbers = {};    ///< of its paragraph up to its sentence, the claim left out
  std::size_t from = 0;                  ///< where its sentence begins
  bool complete = false;                 ///< its sentence says all that it follows from
  std::vector<double> earlier = {};      ///< of its kind, in other paragraphs of the section: terms of a total
  std::string text = {}, sentence = {};  ///< the paragraph so far, the sentence in it
};

/// A reading by which the claim is right, in words: other numbers of the paragraph in the same formulas; so many times, a share
/// or a discount of them; totals and differences, where the words say so; hours a day. The more readings there are to try, the
/// nearer one has to come, so that chance finds one in fewer than a tenth of all wrong claims.
[[nodiscard]] std::optional<std::string> other_reading(const Doubt& doubt);

}  // namespace isoflop::plan
