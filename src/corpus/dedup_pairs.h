// Candidate pairs, tested and joined: what MinHash and SimHash share.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "corpus/dedup_minhash.h"
#include "corpus/dedup_spool.h"

namespace isoflop::corpus {

/// A document's value in one band or table; documents of equal keys are candidates.
struct BandRecord {
  std::uint64_t key = 0;
  std::uint32_t document = 0;

  [[nodiscard]] std::uint64_t order() const { return key; }
  friend auto operator<=>(const BandRecord&, const BandRecord&) = default;
};

using Pair = std::pair<std::uint32_t, std::uint32_t>;
/// Says of each pair (sorted, the smaller first) whether it is one of near-duplicates. Empty: all are.
using TestPairs = std::function<void(std::span<const Pair> pairs, std::span<char> match)>;

struct PairCounts {
  std::int64_t candidates = 0;  ///< tested
  std::int64_t matches = 0;
};

/// Joins every candidate pair that passes the test, but tests no pair that is together already: first each document of a key with
/// the key's first, then across the clusters that are left there, those of the earliest documents first. Of two clusters that
/// meet under one key at most kMostCross pairs are tested there: they would be far from alike. Of one key at most kMostEach pairs
/// a document of it are: what so many share is boilerplate, and work stays in proportion to the records.
///
/// Result   the same for any number of threads
PairCounts join_candidates(Partitions<BandRecord>& records, const TestPairs& test, Clusters& clusters, Team& team,
                           std::stop_token stop, const std::function<void()>& stopped);

inline constexpr std::int64_t kMostCross = 1000, kMostEach = 64;

}  // namespace isoflop::corpus
