// Batches of several sources: their shares, their orders, and that a batch is a function of seed and number.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "base/testing.h"
#include "isoflop/tokens.h"

namespace isoflop {
namespace {

/// Tokens from `first` on: which source a window is of is seen in its tokens.
std::shared_ptr<const TokenSplit> counting(std::int32_t first, std::int64_t tokens) {
  std::vector<std::int32_t> values(static_cast<std::size_t>(tokens));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = first + static_cast<std::int32_t>(i);
  return token_split_in_memory(std::move(values), {{0, tokens, tokens}});
}

constexpr std::int32_t kSecond = 1'000'000, kThird = 2'000'000;
const std::vector<MixedSource> kSources{{counting(0, 5000), 0.5}, {counting(kSecond, 900), 0.3}, {counting(kThird, 700), 0.2}};
const BatchOptions kOptions{.seed = 5, .sequences = 4, .block_size = 8};

std::vector<std::int32_t> inputs_of(const BatchSource& batches, std::int64_t update, const BatchOptions& options = kOptions) {
  const auto size = static_cast<std::size_t>(options.sequences * options.block_size);
  std::vector<std::int32_t> inputs(size), targets(size);
  batches.batch(update, inputs, targets);
  for (std::size_t i = 0; i < size; ++i) EXPECT_EQ(targets[i], inputs[i] + 1);
  return inputs;
}

TEST(MixedBatches, EverySourceHasItsShareOfTheSequencesAfterAnyNumberOfThem) {
  const auto batches = make_mixed_batches(kSources, kOptions);
  double counts[3] = {};
  for (std::int64_t update = 0; update < 500; ++update) {
    const auto inputs = inputs_of(*batches, update);
    for (std::size_t j = 0; j < inputs.size(); j += 8) ++counts[inputs[j] / kSecond];
    const double sequences = 4.0 * static_cast<double>(update + 1);
    EXPECT_NEAR(counts[0], 0.5 * sequences, 4);
    EXPECT_NEAR(counts[1], 0.3 * sequences, 4);
    EXPECT_NEAR(counts[2], 0.2 * sequences, 4);
  }
}

TEST(MixedBatches, ASourceIsReadToItsEndBeforeItsSecondEpoch) {
  const auto batches = make_mixed_batches(kSources, kOptions);
  const std::int64_t windows = 699 / 8;  // of the third source
  std::set<std::int32_t> seen;
  std::int64_t drawn = 0;
  for (std::int64_t update = 0; drawn < windows; ++update) {
    const auto inputs = inputs_of(*batches, update);
    for (std::size_t j = 0; j < inputs.size() && drawn < windows; j += 8) {
      if (inputs[j] < kThird) continue;
      ++drawn;
      EXPECT_TRUE(seen.insert(inputs[j]).second) << "a window of the epoch twice";
    }
  }
}

TEST(MixedBatches, ABatchIsAFunctionOfTheSeedAndItsNumber) {
  const auto first = make_mixed_batches(kSources, kOptions), again = make_mixed_batches(kSources, kOptions);
  BatchOptions other = kOptions;
  other.seed = 6;
  const auto third = inputs_of(*first, 3);
  (void)inputs_of(*again, 40);
  EXPECT_EQ(inputs_of(*again, 3), third);
  EXPECT_NE(inputs_of(*make_mixed_batches(kSources, other), 3), third);
  // eight sequences at once or four twice
  BatchOptions wide = kOptions;
  wide.sequences = 8;
  auto both = inputs_of(*first, 4);
  const auto next = inputs_of(*first, 5);
  both.insert(both.end(), next.begin(), next.end());
  EXPECT_EQ(inputs_of(*make_mixed_batches(kSources, wide), 2, wide), both);
}

TEST(MixedBatches, ASourceWithoutAShareIsNotReadHoweverShortItIs) {
  std::vector<MixedSource> sources = kSources;
  sources.push_back({counting(3'000'000, 2), 0});
  const auto batches = make_mixed_batches(sources, kOptions);
  for (std::int64_t update = 0; update < 200; ++update)
    for (const std::int32_t token : inputs_of(*batches, update)) ASSERT_LT(token, 3'000'000);
}

TEST(MixedBatches, DistinctTokensAreThoseOfEverySource) {
  const auto batches = make_mixed_batches(kSources, kOptions);
  std::set<std::int32_t> seen;
  for (std::int64_t update = 0; update < 100; ++update)
    for (const std::int32_t token : inputs_of(*batches, update)) seen.insert(token + 1);
  EXPECT_EQ(batches->distinct_tokens(100), static_cast<std::int64_t>(seen.size()));
}

TEST(MixedBatches, WeightsThatCannotBeAreRefused) {
  EXPECT_EQ(error_of([] { (void)make_mixed_batches({{counting(0, 100), -1}}, kOptions); }).subject(), "data.weight");
  EXPECT_EQ(error_of([] { (void)make_mixed_batches({{counting(0, 100), 0}}, kOptions); }).subject(), "data.weight");
}

TEST(JoinedSplits, AreOneAfterTheOther) {
  const auto joined = join_splits({counting(10, 5), counting(100, 3), counting(200, 4)});
  ASSERT_EQ(joined->size(), 12);
  std::vector<std::int32_t> tokens(8);
  joined->copy(3, 8, tokens.data());
  EXPECT_THAT(tokens, testing::ElementsAre(13, 14, 100, 101, 102, 200, 201, 202));
  ASSERT_EQ(joined->units().size(), 3U);
  EXPECT_EQ(joined->units()[2].first, 8);
}

}  // namespace
}  // namespace isoflop
