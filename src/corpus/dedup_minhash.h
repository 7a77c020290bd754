// MinHash signatures, and which pairs of them share a band.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "corpus/dedup_words.h"
#include "isoflop/dedup.h"

namespace isoflop::corpus {

/// The permutations of a seed: x -> a x + b modulo 2^32 with odd a, of the high half of an n-gram's hash.
class MinHasher {
 public:
  MinHasher(std::int64_t permutations, std::uint64_t seed);

  /// `signature` has a value a permutation; all ones without hashes.
  void sign(std::span<const std::uint64_t> hashes, std::span<std::uint32_t> signature) const;

 private:
  std::vector<std::uint32_t> factors_, terms_;
};

/// The hash of each band of a signature; `keys` has one a band.
void band_keys(std::span<const std::uint32_t> signature, const MinHashBands& bands, std::span<std::uint64_t> keys);

/// Clusters of things numbered from 0: the root of each is its smallest member, whatever the order of joining.
class Clusters {
 public:
  void resize(std::size_t size);
  [[nodiscard]] std::uint32_t root(std::uint32_t member);
  /// Returns false if they were together.
  bool join(std::uint32_t a, std::uint32_t b);
  [[nodiscard]] std::size_t size() const { return parent_.size(); }

 private:
  std::vector<std::uint32_t> parent_;
};

/// Near-duplicates among documents that are met once: what a split needs. A signature of 128 values in 16 bands of 8 rows, so
/// that two documents of Jaccard similarity .8 are together with probability .95, of .9 with .9999, of .5 with .06 and of .2 with
/// 4e-5.
class NearDuplicates {
 public:
  NearDuplicates();
  /// The next document; beyond its first MiB it is not looked at.
  void add(std::string_view text);
  /// For each document its cluster's smallest index.
  [[nodiscard]] std::vector<std::uint32_t> clusters() const;

  static constexpr std::size_t kMostBytes = std::size_t{1} << 20;

 private:
  Shingler shingler_;
  MinHasher hasher_;
  std::vector<std::uint64_t> hashes_, keys_;
  std::vector<std::uint32_t> signature_;
  std::vector<char> has_words_;
};

}  // namespace isoflop::corpus
