// Every n-gram of a text of symbols, counted, as a tree: an n-gram is the node of its first n - 1 symbols and its last symbol.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace isoflop::corpus {

/// Symbols (characters, words, tokens) are dense ids. Memory grows with the distinct n-grams, 25 to 50 bytes each.
class NgramTree {
 public:
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
  static constexpr int kGroups = 16;  ///< parts of the text; a node knows in which it occurs

  enum class Keep { groups, all };  ///< groups: what growth needs; all: counts, parents and left neighbours too

  NgramTree(int orders, Keep keep);

  void begin(int group);  ///< a text begins: n-grams do not reach over its start
  void add(std::uint32_t symbol);

  [[nodiscard]] int orders() const { return static_cast<int>(levels_.size()); }
  [[nodiscard]] std::int64_t positions(int n) const { return at(n).positions; }  ///< n-grams, repeated ones counted
  [[nodiscard]] std::int64_t distinct(int n) const { return static_cast<std::int64_t>(at(n).groups.size()); }

  // by node of order n
  [[nodiscard]] std::span<const std::uint16_t> groups(int n) const { return at(n).groups; }
  [[nodiscard]] std::span<const std::uint32_t> counts(int n) const { return at(n).counts; }
  [[nodiscard]] std::span<const std::uint32_t> parents(int n) const {
    return at(n).parents;
  }  ///< nodes of order n - 1; 0 for n = 1
  /// Distinct symbols before the n-gram, the start of a text counted as one; n < orders.
  [[nodiscard]] std::span<const std::uint32_t> left_neighbours(int n) const { return at(n).left; }

  /// The node of order n under `parent` (0 for n = 1), or kNone.
  [[nodiscard]] std::uint32_t find(int n, std::uint32_t parent, std::uint32_t symbol) const;

 private:
  struct Level {
    std::vector<std::uint64_t> keys;  // open addressing: parent and symbol, or kFree
    std::vector<std::uint32_t> ids;
    std::vector<std::uint16_t> groups;
    std::vector<std::uint32_t> counts, parents, left;
    std::vector<bool> starts;  // occurs at the start of a text
    std::int64_t positions = 0;
  };

  [[nodiscard]] const Level& at(int n) const { return levels_[static_cast<std::size_t>(n - 1)]; }
  std::uint32_t find_or_add(Level& level, std::uint32_t parent, std::uint32_t symbol, bool& fresh);
  static void grow(Level& level);

  std::vector<Level> levels_;
  std::vector<std::uint32_t> nodes_, before_;  // of the n-grams that end here, by n; [0] is the root
  Keep keep_;
  std::int64_t length_ = 0;  // symbols of the text so far
  std::uint16_t group_ = 1;
};

}  // namespace isoflop::corpus
