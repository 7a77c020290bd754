// How the number of distinct n-grams grows with the text (Heaps' law), from a tree whose groups are equal random parts of it.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "corpus/ngrams.h"

namespace isoflop::corpus {

/// U ~ D^exponent over the last three doublings of D.
///
/// Source   Heaps 1978; Herdan 1960. The mean over random parts is rarefaction: Hurlbert 1971 (Ecology 52, 577), equation 14.
/// Result   `exponent` is the slope of the mean over every choice of 2 to all 16 parts, so the order of the text is not in it;
///          `error` its jackknife standard error over the parts (15 degrees of freedom). Both 0 for fewer than 16 positions.
/// Checked  growth_test.cc: all symbols new 1, none new 0, U = D^0.5 recovered; against counts of every choice of parts.
struct Growth {
  double exponent = 0;
  double error = 0;
  std::vector<std::pair<double, double>> mean;  ///< (D, U) of k = 1 to 16 parts
};
[[nodiscard]] Growth growth_of(const NgramTree& tree, int n);

/// The same slope as the text is read: (D, U) pairs in order, at least one at or below an eighth of the last D, else nothing (0).
[[nodiscard]] double growth_in_order(const std::vector<std::pair<std::int64_t, std::int64_t>>& read);

}  // namespace isoflop::corpus
