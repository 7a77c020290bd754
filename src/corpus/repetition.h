// How much of a text says again what it said before.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace isoflop::corpus {

/// A set of 64-bit hashes with open addressing; what two texts of one hash are taken for is equal.
class HashSet {
 public:
  void clear(std::size_t most);     ///< room for `most` hashes
  bool insert(std::uint64_t hash);  ///< false if it was there
  /// Counts a hash; the answer is its place, where times() says how often it was counted.
  std::uint32_t count(std::uint64_t hash);
  [[nodiscard]] std::uint32_t times(std::uint32_t place) const { return counts_[place]; }

 private:
  [[nodiscard]] std::size_t slot_of(std::uint64_t& hash) const;
  std::vector<std::uint64_t> slots_;
  std::vector<std::uint32_t> counts_;
};

/// Shares of n-grams among units (words, or characters) that come one by one.
///
/// Source   Rae et al. 2021 (arXiv:2112.11446), table A1: of the commonest 2-, 3- and 4-gram, all its places; of 5- to 10-grams,
/// those
///          that stood before, counted without overlap. A share is of the characters of all units.
/// Numerics windows of kWindow units, whose characters are added: integers, so the order of nothing matters.
class Repetition {
 public:
  static constexpr std::size_t kWindow = 65'536;  // units; times scale
  static constexpr std::size_t kTops = 3, kRepeats = 6;

  /// `scale`: units that count as one word: n-grams of n x scale units.
  explicit Repetition(std::size_t scale) : scale_(scale) {}
  void add(std::uint64_t hash, std::uint32_t characters);
  void finish();

  [[nodiscard]] double top(std::size_t index) const { return share(tops_[index]); }          ///< 2-, 3-, 4-gram
  [[nodiscard]] double repeated(std::size_t index) const { return share(repeats_[index]); }  ///< 5- to 10-gram

 private:
  void end_window();
  [[nodiscard]] std::uint64_t gram(std::size_t first, std::size_t n, std::uint64_t power) const;
  [[nodiscard]] std::uint64_t commonest(std::size_t n);
  [[nodiscard]] std::uint64_t said_before(std::size_t n);
  [[nodiscard]] double share(std::uint64_t characters) const;

  std::size_t scale_;
  std::vector<std::uint64_t> prefix_{0};   // polynomial hashes of the units so far
  std::vector<std::uint64_t> lengths_{0};  // characters so far
  HashSet set_;
  std::array<std::uint64_t, kTops> tops_{};
  std::array<std::uint64_t, kRepeats> repeats_{};
  std::uint64_t characters_ = 0;

  struct Place {
    std::uint32_t first = 0;  // the unit that an n-gram begins with
    std::uint32_t slot = 0;   // of its hash
  };
  std::vector<Place> places_;  // in order
};

}  // namespace isoflop::corpus
