#include "corpus/units.h"

#include <algorithm>

#include "base/random.h"
#include "corpus/testing.h"
#include "base/utf8.h"

namespace isoflop::corpus {
namespace {

using testing::ElementsAre;

std::vector<std::string> blocks_of(std::string_view text, std::int64_t block_characters,
                                   std::size_t piece = std::size_t{1} << 20) {
  std::vector<std::string> blocks;
  bool ended = false;
  BlockCutter cutter(block_characters, [&](std::string_view block, std::int64_t characters, bool last) {
    EXPECT_FALSE(ended) << "a block after the last";
    EXPECT_EQ(characters, count_characters(block));
    blocks.emplace_back(block);
    ended = last;
  });
  for (std::size_t at = 0; at < text.size(); at += piece) cutter.add(text.substr(at, piece));
  cutter.finish();
  EXPECT_EQ(ended, !text.empty());
  return blocks;
}

std::string x(std::size_t count) {
  return std::string(count, 'x');
}

TEST(Blocks, AreCutAtTheBlankLineNearestToTheLengthEvenWhereALineEndIsNearer) {
  EXPECT_THAT(blocks_of("xxxxx\n\nxxx\n\nxxxxxx\n\nxxxxxxxxx", 10), ElementsAre("xxxxx\n\nxxx\n\n", "xxxxxx\n\n", "xxxxxxxxx"));
  EXPECT_THAT(blocks_of("xxxxx\n\nxx\nxxxxxxxxxx", 10), ElementsAre("xxxxx\n\n", "xx\nxxxxxxxxxx"));
  EXPECT_THAT(blocks_of("xxxxxx\r\n \t\r\nxxxxxxxxx", 10), ElementsAre("xxxxxx\r\n \t\r\n", "xxxxxxxxx"));
}

TEST(Blocks, AreCutAtALineEndWhereThereIsNoBlankLineNear) {
  EXPECT_THAT(blocks_of("xxxxxxxx\nxxxx\n\n" + x(20), 10), ElementsAre("xxxxxxxx\nxxxx\n\n", x(10), x(10)));
  EXPECT_THAT(blocks_of("xxxxxxxx\nxxxxxxxxx\n\n" + x(3), 10), ElementsAre("xxxxxxxx\n", "xxxxxxxxx\n\nxxx"));
}

TEST(Blocks, AreCutBetweenTwoCharactersWhereThereIsNoLineEndEither) {
  std::string text;
  for (int i = 0; i < 35; ++i) text += "\xE6\x97\xA5";
  const std::vector<std::string> blocks = blocks_of(text, 10);
  ASSERT_EQ(blocks.size(), 3U);
  EXPECT_EQ(blocks[0].size(), 30U);
  EXPECT_EQ(blocks[2].size(), 45U) << "what is left at the end may be half a block longer";
}

TEST(Blocks, JoinedAreTheTextAndDoNotDependOnThePiecesItCameIn) {
  const Philox random{.seed = 3};
  for (std::uint64_t round = 0; round < 200; ++round) {
    std::string text;
    const std::uint64_t length = random.below(400, round, 1'000'000);
    for (std::uint32_t i = 0; i < length; ++i) {
      static constexpr std::string_view kParts[] = {"x", "\n", "\n\n", " ", "\r\n", "\xC3\xA9", "\xE6\x97\xA5", "xxxxx"};
      text += kParts[random.below(std::size(kParts), round, i)];
    }
    const auto target = static_cast<std::int64_t>(1 + random.below(40, round, 1'000'001));
    const std::vector<std::string> blocks = blocks_of(text, target);
    std::string all;
    for (const std::string& block : blocks) {
      all += block;
      ASSERT_LE(count_characters(block), target + target / 2);
      if (&block != &blocks.back()) {
        ASSERT_GE(count_characters(block), std::max<std::int64_t>(1, target / 2));
      }
    }
    ASSERT_EQ(all, text);

    // pieces that end between two characters
    std::vector<std::string> other;
    BlockCutter cutter(target, [&](std::string_view block, std::int64_t, bool) { other.emplace_back(block); });
    for (std::size_t at = 0; at < text.size();) {
      std::size_t end = at + 1;
      while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
      cutter.add(std::string_view(text).substr(at, end - at));
      at = end;
    }
    cutter.finish();
    ASSERT_EQ(other, blocks);
  }
}

UnitFacts unit(std::uint64_t hash, std::uint32_t characters, std::uint32_t source = 0) {
  return {.hash = {hash, 0}, .characters = characters, .bytes = characters, .source = source};
}

std::vector<bool> sides(const std::vector<UnitFacts>& units) {
  std::vector<bool> held;
  for (const UnitFacts& each : units) held.push_back(each.held_out);
  return held;
}

TEST(HoldingOut, TakesTheSmallestHashesUntilTheShareIsReached) {
  std::vector<UnitFacts> units{unit(5, 10), unit(1, 10), unit(4, 10), unit(2, 10), unit(3, 10)};
  ASSERT_TRUE(hold_out_units(units, 0.3));
  EXPECT_THAT(sides(units), ElementsAre(false, true, false, true, false));
}

TEST(HoldingOut, KeepsEqualUnitsTogether) {
  std::vector<UnitFacts> units{unit(1, 10), unit(9, 10), unit(8, 10), unit(1, 10), unit(7, 10), unit(6, 10)};
  ASSERT_TRUE(hold_out_units(units, 0.1));
  EXPECT_THAT(sides(units), ElementsAre(true, false, false, true, false, false));
}

TEST(HoldingOut, PassesOverAUnitThatWouldTakeMoreThanHalf) {
  std::vector<UnitFacts> units{unit(1, 60), unit(2, 20), unit(3, 20)};
  ASSERT_TRUE(hold_out_units(units, 0.1));
  EXPECT_THAT(sides(units), ElementsAre(false, true, false));
}

TEST(HoldingOut, IsRefusedForOneUnitAndForCopiesOfOne) {
  std::vector<UnitFacts> one{unit(1, 10)};
  EXPECT_FALSE(hold_out_units(one, 0.1));
  std::vector<UnitFacts> copies{unit(1, 10), unit(1, 10), unit(1, 10)};
  EXPECT_FALSE(hold_out_units(copies, 0.1));
}

TEST(HoldingOut, TakesSourcesWhole) {
  std::vector<UnitFacts> units;
  for (std::uint32_t i = 0; i < 40; ++i) units.push_back(unit(i, 10, i % 4));
  ASSERT_TRUE(hold_out_sources(units, {"Austen", "Melville", "Poe", "Twain"}, 0.1));
  for (std::uint32_t i = 0; i < 40; ++i) EXPECT_EQ(units[i].held_out, units[i % 4].held_out);
  EXPECT_EQ(std::count_if(units.begin(), units.end(), [](const UnitFacts& each) { return each.held_out; }), 10);
}

}  // namespace
}  // namespace isoflop::corpus
