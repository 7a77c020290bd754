// Orders by difficulty, and noise.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "base/math.h"
#include "base/testing.h"
#include "isoflop/tokens.h"

namespace isoflop {
namespace {

constexpr std::int64_t kBlock = 8;

/// A text whose second half is of rarer tokens.
std::shared_ptr<const TokenSplit> text() {
  std::vector<std::int32_t> tokens;
  for (std::int32_t i = 0; i < 400; ++i) tokens.push_back(i < 200 ? i % 3 : i < 300 ? i % 10 : i % 47);
  return token_split_in_memory(std::move(tokens));
}

BatchOptions options_of(WindowOrder order, std::int64_t updates) {
  return {.seed = 5, .sequences = 4, .block_size = kBlock, .order = order, .updates = updates};
}

using Window = std::vector<std::int32_t>;

std::vector<Window> windows(const BatchOptions& options) {
  const auto batches = make_batches(text(), options);
  std::vector<Window> all;
  for (std::int64_t i = 0; i < options.updates * options.sequences; ++i) {
    Window inputs(kBlock), targets(kBlock);
    batches->sequence(i, inputs, targets);
    all.push_back(targets);
  }
  return all;
}

std::vector<double> surprisals(const std::vector<Window>& all) {
  std::map<std::int32_t, double> counts;
  double total = 0;
  for (const Window& w : all)
    for (const std::int32_t token : w) ++counts[token], ++total;
  std::vector<double> means;
  for (const Window& w : all) {
    double sum = 0;
    for (const std::int32_t token : w) sum += -log_(counts[token] / total);
    means.push_back(sum / kBlock);
  }
  return means;
}

TEST(Curriculum, ComesByTheMeanSurprisalOfTheTargetsWithinEveryEpoch) {
  constexpr std::int64_t kUpdates = 20;  // an epoch of 49 windows, and 31 of the next
  const auto easy = surprisals(windows(options_of(WindowOrder::easy_first, kUpdates))),
             hard = surprisals(windows(options_of(WindowOrder::hard_first, kUpdates)));
  const std::ptrdiff_t epoch = make_batches(text(), options_of(WindowOrder::shuffled, 1))->windows_per_epoch();
  ASSERT_EQ(epoch, 49);
  EXPECT_TRUE(std::is_sorted(easy.begin(), easy.begin() + epoch));
  EXPECT_TRUE(std::is_sorted(easy.begin() + epoch, easy.end()));
  EXPECT_FALSE(std::is_sorted(easy.begin(), easy.end()));
  EXPECT_TRUE(std::is_sorted(hard.begin(), hard.begin() + epoch, std::greater<>()));
}

TEST(Curriculum, SeesTheWindowsThatARandomOrderSees) {
  for (const std::int64_t updates : {3, 20}) {
    auto shuffled = windows(options_of(WindowOrder::shuffled, updates)),
         easy = windows(options_of(WindowOrder::easy_first, updates));
    EXPECT_NE(shuffled, easy);
    std::sort(shuffled.begin(), shuffled.end());
    std::sort(easy.begin(), easy.end());
    EXPECT_EQ(shuffled, easy);
  }
}

TEST(TokenNoise, ReplacesItsShareOfTheInputsByOthersAndLeavesTheTargets) {
  BatchOptions plain = options_of(WindowOrder::shuffled, 0), noised = plain;
  noised.token_noise = 0.25;
  noised.vocab_size = 47;
  const auto a = make_batches(text(), plain), b = make_batches(text(), noised);
  double changed = 0, all = 0;
  for (std::int64_t i = 0; i < 2000; ++i) {
    Window x(kBlock), y(kBlock), u(kBlock), v(kBlock);
    a->sequence(i, x, y);
    b->sequence(i, u, v);
    EXPECT_EQ(y, v);
    for (std::size_t k = 0; k < x.size(); ++k) {
      changed += x[k] != u[k] ? 1 : 0;
      EXPECT_TRUE(u[k] >= 0 && u[k] < 47);
      ++all;
    }
  }
  EXPECT_NEAR(changed / all, 0.25, 4 * std::sqrt(0.25 * 0.75 / all));
  // a window that comes again is noised anew
  Window first(kBlock), again(kBlock), ignored(kBlock), plain_first(kBlock);
  bool differs = false;
  for (std::int64_t i = 0; i < 49; ++i) {
    b->sequence(i, first, ignored);
    b->sequence(i, again, ignored);
    EXPECT_EQ(first, again);
    b->sequence(i + 49, again, ignored);
    differs |= first != again;
  }
  EXPECT_TRUE(differs);
}

TEST(Curriculum, WhatDoesNotGoTogetherIsRefused) {
  const auto fault = [](const BatchOptions& options) { return error_of([&] { (void)make_batches(text(), options); }).fault(); };
  BatchOptions options = options_of(WindowOrder::easy_first, 0);
  EXPECT_EQ(fault(options), Fault::bad_study) << "no updates";
  options = options_of(WindowOrder::easy_first, 10);
  options.random_windows = true;
  EXPECT_EQ(fault(options), Fault::bad_study);
  options = options_of(WindowOrder::shuffled, 10);
  options.token_noise = 0.1;
  options.vocab_size = 0;
  EXPECT_EQ(fault(options), Fault::bad_study) << "no vocabulary";
  options.vocab_size = 100;
  options.token_noise = 1;
  EXPECT_EQ(fault(options), Fault::bad_study);
  EXPECT_EQ(error_of([&] {
              (void)make_mixed_batches({{text(), 1}, {text(), 1}}, options_of(WindowOrder::hard_first, 10));
            }).fault(),
            Fault::bad_study);
}

}  // namespace
}  // namespace isoflop
