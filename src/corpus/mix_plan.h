// Which documents a mixture takes, and how often.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "isoflop/mix.h"

namespace isoflop::corpus {

/// A source's documents by what each costs, in reading order.
struct SourceSizes {
  std::string name;
  std::vector<std::uint32_t> costs;
  std::int64_t size = 0, bytes = 0;
};

/// Which of a source's documents are taken.
struct SourceTake {
  std::int64_t target = 0;
  bool capped = false;
  std::int64_t whole_epochs = 0;
  std::vector<bool> once_more;  ///< documents of the last, broken epoch, the cut ones left out
  std::multimap<std::int64_t, std::int64_t>
      cut;  ///< document -> how much of its beginning: one or, where the rest would be too small, two
};

/// The weights by source (an index into the sizes), as asked for: they sum to 1. Throws usage.
[[nodiscard]] std::vector<double> source_weights(const std::vector<SourceSizes>& sizes, const MixOptions& options,
                                                 std::vector<MixWarning>& warnings);

/// Whole shares of the budget by weight, none above cap x size, that sum to it. Throws usage when the caps cannot hold the
/// budget.
[[nodiscard]] std::vector<std::int64_t> shares_under_cap(const std::vector<double>& weights,
                                                         const std::vector<std::int64_t>& sizes, std::int64_t budget,
                                                         double max_epochs, const std::string& unit);

/// The documents that make up `target`, in a seeded order.
[[nodiscard]] SourceTake take_documents(const SourceSizes& sizes, std::int64_t target, std::int64_t least, std::uint64_t seed);

/// The longest beginning of a text, cut between characters, that costs `target`; where none does, the longest that costs less.
[[nodiscard]] std::string_view cut_to(std::string_view text, std::int64_t target,
                                      const std::function<std::int64_t(std::string_view)>& cost);

}  // namespace isoflop::corpus
