// A shard of text in suffix order: what stands twice in it, and what of another text stands in it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/team.h"

namespace isoflop::corpus {

/// Bytes of memory a byte of the shard takes at the most: text 1, suffix array 4, marks or filter 1/2.
inline constexpr double kSuffixBytes = 5.5;

/// A byte no UTF-8 text has: it ends every document of a shard, so that no stretch reaches over an end.
inline constexpr char kDocumentEnd = '\xFF';

/// A set of positions; ranks may add at once.
class PositionSet {
 public:
  explicit PositionSet(std::size_t size) : words_((size + 63) / 64) {}
  void add(std::size_t at) { __atomic_fetch_or(&words_[at / 64], std::uint64_t{1} << at % 64, __ATOMIC_RELAXED); }
  [[nodiscard]] bool contains(std::size_t at) const { return (words_[at / 64] >> at % 64 & 1) != 0; }

 private:
  std::vector<std::uint64_t> words_;
};

class SuffixShard {
 public:
  /// Sorts the suffixes.
  ///
  /// Source   libdivsufsort (Mori): induced sorting, O(n log n), no memory beyond the array
  /// Needs    fewer than 2^31 bytes
  SuffixShard(std::string text, std::int64_t min_length);

  [[nodiscard]] std::string_view text() const { return text_; }

  /// Calls `later(rank, position, first)` for every position but the first where a stretch of min_length bytes begins that stands
  /// more than once; positions come in any order, from all ranks.
  void for_each_repeat(Team& team,
                       const std::function<void(std::int64_t rank, std::uint32_t position, std::uint32_t first)>& later) const;

  /// Makes the filter that find_in_another needs.
  void prepare_search();
  /// Calls `found(begin, end, position)` for the stretches of `other` that stand here too, from left to right: each as long as it
  /// can be, min_length at least; every place of `other` where min_length bytes begin that stand here is inside one.
  void find_in_another(std::string_view other,
                       const std::function<void(std::size_t begin, std::size_t end, std::uint32_t position)>& found) const;

 private:
  struct Match {
    std::size_t length = 0;
    std::uint32_t position = 0;
  };
  [[nodiscard]] bool same(std::size_t a, std::size_t b) const;
  [[nodiscard]] Match longest_match(std::string_view pattern) const;

  std::string text_;
  std::size_t min_length_;
  std::size_t tail_;  // bytes at a window's end that the filter knows
  std::vector<std::int32_t> order_;
  std::vector<std::uint64_t> filter_;
  int filter_shift_ = 0;
};

}  // namespace isoflop::corpus
