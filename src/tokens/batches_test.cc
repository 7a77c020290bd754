#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "base/testing.h"
#include "isoflop/tokens.h"

namespace isoflop {
namespace {

using testing::HasSubstr;

std::shared_ptr<const TokenSplit> counting(std::int64_t tokens) {
  std::vector<std::int32_t> values(static_cast<std::size_t>(tokens));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int32_t>(i);
  return token_split_in_memory(std::move(values));
}

struct Drawn {
  std::vector<std::int32_t> inputs, targets;
};
Drawn draw(const BatchSource& batches, const BatchOptions& options, std::int64_t update) {
  const auto size = static_cast<std::size_t>(options.sequences * options.block_size);
  Drawn drawn{std::vector<std::int32_t>(size), std::vector<std::int32_t>(size)};
  batches.batch(update, drawn.inputs, drawn.targets);
  return drawn;
}

class EveryOrder : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Batches, EveryOrder, testing::Bool(),
                         [](const auto& order) { return order.param ? "random_windows" : "epochs"; });

TEST_P(EveryOrder, TargetsAreTheNextTokens) {
  const BatchOptions options{.seed = 3, .sequences = 4, .block_size = 8, .random_windows = GetParam()};
  const auto batches = make_batches(counting(100), options);
  for (std::int64_t update = 0; update < 20; ++update) {
    const Drawn drawn = draw(*batches, options, update);
    for (std::size_t i = 0; i < drawn.inputs.size(); ++i) {
      EXPECT_EQ(drawn.targets[i], drawn.inputs[i] + 1);
      if (i % 8 > 0) {
        EXPECT_EQ(drawn.inputs[i], drawn.inputs[i - 1] + 1);
      }
    }
  }
}

TEST_P(EveryOrder, ABatchDoesNotDependOnWhatWasDrawnBefore) {
  const BatchOptions options{.seed = 3, .sequences = 4, .block_size = 8, .random_windows = GetParam()};
  const auto batches = make_batches(counting(100), options);
  for (std::int64_t update = 0; update < 50; ++update) (void)draw(*batches, options, update);
  const auto fresh = make_batches(counting(100), options);
  for (const std::int64_t update : {37, 2, 49})
    EXPECT_EQ(draw(*batches, options, update).inputs, draw(*fresh, options, update).inputs);
}

TEST_P(EveryOrder, TwoHalfBatchesAreTheWholeBatch) {
  const BatchOptions whole{.seed = 3, .sequences = 4, .block_size = 8, .random_windows = GetParam()};
  BatchOptions half = whole;
  half.sequences = 2;
  const auto a = make_batches(counting(100), whole), b = make_batches(counting(100), half);
  auto joined = draw(*b, half, 6).inputs;
  const auto second = draw(*b, half, 7).inputs;
  joined.insert(joined.end(), second.begin(), second.end());
  EXPECT_EQ(draw(*a, whole, 3).inputs, joined);
}

TEST_P(EveryOrder, AnotherSeedGivesAnotherOrder) {
  BatchOptions options{.seed = 3, .sequences = 16, .block_size = 8, .random_windows = GetParam()};
  const auto one = draw(*make_batches(counting(1000), options), options, 0).inputs;
  options.seed = 4;
  EXPECT_NE(draw(*make_batches(counting(1000), options), options, 0).inputs, one);
}

TEST_P(EveryOrder, CountsTheDistinctTokensItTrainedOn) {
  for (const std::int64_t tokens : {9, 10, 16, 17, 100, 1000, 1003}) {
    for (const std::uint64_t seed : {5, 6, 7}) {  // whose first epochs start early, late and between
      const BatchOptions options{.seed = seed, .sequences = 3, .block_size = 8, .random_windows = GetParam()};
      const auto batches = make_batches(counting(tokens), options);
      std::set<std::int32_t> seen;
      EXPECT_EQ(batches->distinct_tokens(0), 0);
      for (std::int64_t update = 0; update < 150; ++update) {
        for (const std::int32_t target : draw(*batches, options, update).targets) seen.insert(target);
        EXPECT_EQ(batches->distinct_tokens(update + 1), static_cast<std::int64_t>(seen.size()))
            << tokens << " tokens, seed " << seed << ", update " << update;
      }
    }
  }
}

TEST_P(EveryOrder, StaysInsideItsSubset) {
  const BatchOptions options{.seed = 5, .sequences = 3, .block_size = 8, .random_windows = GetParam(), .subset_tokens = 40};
  const auto batches = make_batches(counting(1000), options);
  for (std::int64_t update = 0; update < 100; ++update) EXPECT_LT(std::ranges::max(draw(*batches, options, update).targets), 40);
  EXPECT_EQ(batches->windows_per_epoch(), 4);
}

TEST_P(EveryOrder, ATextShorterThanOneWindowAndItsTargetIsRefused) {
  const BatchOptions options{.sequences = 1, .block_size = 8, .random_windows = GetParam()};
  const Error error = error_of([&] { (void)make_batches(counting(8), options); });
  EXPECT_EQ(error.fault(), Fault::bad_data);
  EXPECT_THAT(error.what(), HasSubstr("8 tokens, shorter than one window of 8"));
  EXPECT_NO_THROW((void)draw(*make_batches(counting(9), options), options, 0));
  BatchOptions subset = options;
  subset.subset_tokens = 1001;
  EXPECT_THROW((void)make_batches(counting(1000), subset), Error);
}

TEST(Epochs, VisitEveryWindowOnceBeforeAnyComesAgain) {
  const BatchOptions options{.seed = 9, .sequences = 1, .block_size = 8};
  const auto batches = make_batches(counting(1003), options);
  const std::int64_t windows = batches->windows_per_epoch();
  ASSERT_EQ(windows, 1002 / 8);
  std::set<std::int32_t> offsets;
  for (std::int64_t epoch = 0; epoch < 20; ++epoch) {
    std::set<std::int32_t> starts;
    for (std::int64_t k = 0; k < windows; ++k) starts.insert(draw(*batches, options, epoch * windows + k).inputs[0]);
    ASSERT_EQ(static_cast<std::int64_t>(starts.size()), windows);
    EXPECT_EQ(*starts.rbegin() - *starts.begin(), (windows - 1) * 8);  // non-overlapping
    offsets.insert(*starts.begin());
  }
  EXPECT_THAT(offsets, testing::ElementsAre(0, 1, 2));  // all the shifts there is room for: 1002 - 125 * 8
}

TEST(Epochs, AreVisitedInAnotherOrderEachTime) {
  const BatchOptions options{.seed = 9, .sequences = 125, .block_size = 8};
  const auto batches = make_batches(counting(1001), options);
  EXPECT_NE(draw(*batches, options, 0).inputs, draw(*batches, options, 1).inputs);
}

TEST(RandomWindows, StartAnywhereAWindowAndItsTargetFit) {
  const BatchOptions options{.seed = 1, .sequences = 500, .block_size = 8, .random_windows = true};
  const auto batches = make_batches(counting(20), options);
  std::set<std::int32_t> starts;
  const Drawn drawn = draw(*batches, options, 0);
  for (std::size_t i = 0; i < drawn.inputs.size(); i += 8) starts.insert(drawn.inputs[i]);
  EXPECT_EQ(starts.size(), 12);  // torch.randint(20 - 8)
  EXPECT_EQ(*starts.begin(), 0);
  EXPECT_EQ(*starts.rbegin(), 11);
}

TEST(RandomWindows, TouchAboutSixtyThreePerCentInOneCorpusLength) {
  const BatchOptions options{.seed = 1, .sequences = 1, .block_size = 16, .random_windows = true};
  const auto batches = make_batches(counting(200'001), options);
  const double share = static_cast<double>(batches->distinct_tokens(200'000 / 16)) / 200'000;
  EXPECT_NEAR(share, 1 - std::exp(-1.0), 0.01);
}

}  // namespace
}  // namespace isoflop
