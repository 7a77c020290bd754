// Growth of distinct n-grams against texts whose growth is known, and against every choice of parts.
#include "corpus/growth.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <set>

#include "base/random.h"
#include "corpus/symbols.h"

namespace isoflop::corpus {
namespace {

NgramTree tree_of(const std::vector<std::vector<std::uint32_t>>& parts, int orders) {
  NgramTree tree(orders, NgramTree::Keep::groups);
  for (std::size_t g = 0; g < parts.size(); ++g) {
    tree.begin(static_cast<int>(g));
    for (const std::uint32_t symbol : parts[g]) tree.add(symbol);
  }
  return tree;
}

TEST(Growth, OfSymbolsThatAreAllNewIsOneAndOfOneSymbolNothing) {
  std::vector<std::vector<std::uint32_t>> fresh(16), same(16);
  std::uint32_t next = 0;
  for (std::size_t g = 0; g < 16; ++g)
    for (int i = 0; i < 100; ++i) fresh[g].push_back(next++), same[g].push_back(0);
  EXPECT_NEAR(growth_of(tree_of(fresh, 1), 1).exponent, 1, 1e-12);
  EXPECT_NEAR(growth_of(tree_of(fresh, 1), 1).error, 0, 1e-12);
  EXPECT_NEAR(growth_of(tree_of(same, 2), 2).exponent, 0, 1e-12);
}

TEST(Growth, MeansAreThoseOverEveryChoiceOfParts) {
  const Philox random{.seed = 1};
  std::vector<std::vector<std::uint32_t>> parts(16);
  std::uint64_t next = 0;
  for (auto& part : parts)
    for (int i = 0; i < 60; ++i) part.push_back(static_cast<std::uint32_t>(400 * std::pow(random.uniform(next++), 3)));
  const NgramTree tree = tree_of(parts, 2);
  const Growth growth = growth_of(tree, 1);
  std::vector<double> sum(17), choices(17);
  for (unsigned mask = 1; mask < 1U << 16; ++mask) {
    std::set<std::uint32_t> seen;
    for (std::size_t g = 0; g < 16; ++g)
      if (mask >> g & 1U) seen.insert(parts[g].begin(), parts[g].end());
    const auto k = static_cast<std::size_t>(std::popcount(mask));
    if (k != 1 && k != 2 && k < 14) continue;
    sum[k] += static_cast<double>(seen.size());
    ++choices[k];
  }
  for (const std::size_t k : {1U, 2U, 14U, 15U, 16U}) {
    EXPECT_NEAR(growth.mean[k - 1].second, sum[k] / choices[k], 1e-9) << k;
    EXPECT_DOUBLE_EQ(growth.mean[k - 1].first, 60.0 * static_cast<double>(k));
  }
  EXPECT_NEAR(growth.exponent, std::log(growth.mean[15].second / growth.mean[1].second) / std::log(8), 1e-12);
}

TEST(Growth, TheErrorIsWhatOtherDrawsOfTheTextDifferBy) {
  std::vector<double> exponents;
  double errors = 0;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const Philox random{.seed = seed};
    std::vector<std::vector<std::uint32_t>> parts(16);
    std::uint64_t next = 0;
    for (auto& part : parts)
      for (int i = 0; i < 500; ++i)
        part.push_back(static_cast<std::uint32_t>(1 / (random.uniform(next++) + 1e-6)));  // p(k) ~ k^-2: h = 1/2
    const Growth growth = growth_of(tree_of(parts, 1), 1);
    exponents.push_back(growth.exponent);
    errors += growth.error / 30;
  }
  double mean = 0, squares = 0;
  for (const double h : exponents) mean += h / 30;
  for (const double h : exponents) squares += (h - mean) * (h - mean) / 29;
  EXPECT_NEAR(mean, 0.5, 0.03);
  EXPECT_NEAR(errors / std::sqrt(squares), 1, 0.5);
}

TEST(Growth, InTheOrderOfReadingIsTheSlopeOfTheLastThreeDoublings) {
  std::vector<std::pair<std::int64_t, std::int64_t>> read;
  for (std::int64_t d = 1000; d <= 1'000'000; d += 777)
    read.emplace_back(d, std::llround(30 * std::pow(static_cast<double>(d), 0.6)));
  EXPECT_NEAR(growth_in_order(read), 0.6, 1e-3);
  EXPECT_EQ(growth_in_order({}), 0);
  EXPECT_EQ(growth_in_order({{100, 7}}), 0) << "nothing was noted at an eighth";
}

TEST(Words, AreRunsOfLettersAndDigitsAndMarksStandAlone) {
  std::vector<std::string> words, marks;
  for_each_word("It's 2 na\xC3\xAFve_x\xE2\x80\x94,\xC2\xA0(\xE3\x80\x8C\xE6\x97\xA5\xE6\x9C\xAC\xE3\x80\x8D)",
                [&](std::string_view text, bool word) { (word ? words : marks).emplace_back(text); });
  EXPECT_EQ(words, (std::vector<std::string>{"It", "s", "2", "na\xC3\xAFve_x", "\xE6\x97\xA5\xE6\x9C\xAC"}));
  EXPECT_EQ(marks, (std::vector<std::string>{"'", "\xE2\x80\x94", ",", "(", "\xE3\x80\x8C", "\xE3\x80\x8D", ")"}));
  words.clear(), marks.clear();
  for_each_word("سلام، ok？a：b नमस्ते", [&](std::string_view text, bool word) { (word ? words : marks).emplace_back(text); });
  EXPECT_EQ(words, (std::vector<std::string>{"سلام", "ok", "a", "b", "नमस्ते"}));
  EXPECT_EQ(marks, (std::vector<std::string>{"،", "？", "："}));
  WordIds ids;
  std::vector<std::uint32_t> symbols;
  ids.encode("a b, A", symbols);
  EXPECT_EQ(symbols, (std::vector<std::uint32_t>{0, 1, 2, 0}));
}

TEST(Script, JapaneseIsUnspacedAndEnglishIsNot) {
  Script japanese, english;
  japanese.add("\xE5\x90\xBE\xE8\xBC\xA9\xE3\x81\xAF\xE7\x8C\xAB\xE3\x81\xA7\xE3\x81\x82\xE3\x82\x8B\xE3\x80\x82");
  english.add("I am a cat, na\xC3\xAFve as I am: \xE7\x8C\xAB.");
  EXPECT_TRUE(japanese.is_unspaced());
  EXPECT_FALSE(english.is_unspaced());
}

}  // namespace
}  // namespace isoflop::corpus
