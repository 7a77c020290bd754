#include "corpus/dedup_suffixes.h"

#include <map>
#include <mutex>
#include <set>

#include "base/random.h"
#include "corpus/testing.h"

namespace isoflop::corpus {
namespace {

// a text of few letters, so that stretches repeat
std::string random_text(const Philox& random, std::uint64_t round, std::size_t length, bool ends) {
  std::string text;
  for (std::uint32_t i = 0; i < length; ++i) {
    const std::uint64_t letter = random.below(ends ? 40 : 39, round, i);
    text += letter == 39 ? kDocumentEnd : static_cast<char>('a' + (letter < 30 ? letter % 2 : letter % 5));
  }
  return text;
}

// position -> first position of the same stretch, for all but the first
std::map<std::uint32_t, std::uint32_t> naive_repeats(std::string_view text, std::size_t length) {
  std::map<std::string_view, std::uint32_t> first;
  std::map<std::uint32_t, std::uint32_t> later;
  for (std::size_t at = 0; at + length <= text.size(); ++at) {
    const std::string_view window = text.substr(at, length);
    if (window.find(kDocumentEnd) != std::string_view::npos) continue;
    const auto [found, fresh] = first.try_emplace(window, static_cast<std::uint32_t>(at));
    if (!fresh) later[static_cast<std::uint32_t>(at)] = found->second;
  }
  return later;
}

TEST(Suffixes, FindEveryStretchThatStandsEarlierForAnyNumberOfThreads) {
  const Philox random{.seed = 21};
  std::size_t found = 0;
  for (std::uint64_t round = 0; round < 60; ++round) {
    const std::string text = random_text(random, round, 10 + random.below(600, round, 1'000'000), true);
    for (const std::int64_t length : {8, 12, 31}) {
      const SuffixShard shard(text, length);
      for (const std::int64_t threads : {1, 3}) {
        Team team(threads);
        std::mutex mutex;
        std::map<std::uint32_t, std::uint32_t> later;
        shard.for_each_repeat(team, [&](std::int64_t, std::uint32_t position, std::uint32_t first) {
          const std::lock_guard lock(mutex);
          EXPECT_TRUE(later.emplace(position, first).second) << "each position once";
        });
        EXPECT_EQ(later, naive_repeats(text, static_cast<std::size_t>(length)));
        found += later.size();
      }
    }
  }
  EXPECT_GT(found, 1000U);
}

TEST(Suffixes, FindAllThatAnotherTextSharesWithThem) {
  const Philox random{.seed = 22};
  std::size_t shared = 0;
  for (std::uint64_t round = 0; round < 200; ++round) {
    const std::string text = random_text(random, 2 * round, 1 + random.below(400, round, 1'000'000), true);
    const std::string other = random_text(random, 2 * round + 1, 1 + random.below(400, round, 1'000'001), false);
    for (const std::size_t length : {8U, 11U, 20U}) {
      SuffixShard shard(text, static_cast<std::int64_t>(length));
      shard.prepare_search();
      std::set<std::size_t> windows, expected;
      shard.find_in_another(other, [&](std::size_t begin, std::size_t end, std::uint32_t position) {
        EXPECT_EQ(other.substr(begin, end - begin), text.substr(position, end - begin));
        for (std::size_t at = begin; at + length <= end; ++at) windows.insert(at);
      });
      for (std::size_t at = 0; at + length <= other.size(); ++at) {
        if (text.find(other.substr(at, length)) != std::string::npos) expected.insert(at);
      }
      EXPECT_EQ(windows, expected);
      shared += expected.size();
    }
  }
  EXPECT_GT(shared, 1000U);
}

TEST(Suffixes, OfNothingAndOfOneLetterOnly) {
  Team team(2);
  int calls = 0;
  const auto counted = [&](std::int64_t, std::uint32_t, std::uint32_t) { __atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED); };
  SuffixShard("", 8).for_each_repeat(team, counted);
  EXPECT_EQ(calls, 0);
  SuffixShard(std::string(100, 'a'), 10).for_each_repeat(team, counted);
  EXPECT_EQ(calls, 90) << "91 windows, one of them the first";
}

}  // namespace
}  // namespace isoflop::corpus
