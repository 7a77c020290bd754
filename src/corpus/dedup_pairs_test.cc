// Candidate pairs: how many are tested, and that a stop is heard.
#include "corpus/dedup_pairs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "base/team.h"

namespace isoflop::corpus {
namespace {

PairCounts join(
    std::uint32_t documents, const TestPairs& test, std::stop_token stop = {}, const std::function<void()>& stopped = [] {}) {
  Partitions<BandRecord> records({}, std::numeric_limits<std::int64_t>::max());
  for (std::uint32_t i = 0; i < documents; ++i) records.add({1, i});
  Clusters clusters;
  clusters.resize(documents);
  Team team(1);
  return join_candidates(records, test, clusters, team, stop, stopped);
}

void none(std::span<const Pair>, std::span<char> match) {
  std::fill(match.begin(), match.end(), '\0');
}

TEST(CandidatePairs, AreInProportionToTheDocumentsOfAKey) {
  EXPECT_EQ(join(100, none).candidates, 100 * 99 / 2) << "a small group is tested whole";
  for (const std::int64_t documents : {2000, 4000}) {
    const std::int64_t candidates = join(static_cast<std::uint32_t>(documents), none).candidates;
    EXPECT_GE(candidates, documents * (kMostEach - 1));
    EXPECT_LE(candidates, documents * (kMostEach + 1));
  }
}

TEST(CandidatePairs, AreNotTestedAfterAStop) {
  std::stop_source stop;
  std::int64_t tested = 0;
  const auto test = [&](std::span<const Pair> pairs, std::span<char> match) {
    tested += static_cast<std::int64_t>(pairs.size());
    none(pairs, match);
    stop.request_stop();
  };
  EXPECT_THROW((void)join(2000, test, stop.get_token(), [] { throw 1; }), int);
  EXPECT_LE(tested, 5000) << "of 130,000";
}

}  // namespace
}  // namespace isoflop::corpus
