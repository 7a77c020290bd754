#include "tokens/bpe_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "base/testing.h"
#include "tokens/byte_alphabet.h"

namespace isoflop::tokens {
namespace {

using testing::HasSubstr;

BpeParts bytes_only() {
  BpeParts parts;
  for (int byte = 0; byte < 256; ++byte) parts.tokens.emplace_back(1, static_cast<char>(byte));
  return parts;
}

// merges of two tokens drawn among those there are; not in any sensible order, as a file may have them
BpeParts random_parts(std::uint64_t seed, int merges) {
  const Philox random{seed, Stream::simulate};
  BpeParts parts = bytes_only();
  std::vector<std::int32_t> pool = {'a', 'b', 'c'};
  for (std::uint64_t i = 0; static_cast<int>(parts.merges.size()) < merges; ++i) {
    const Merge merge{pool[random.below(pool.size(), i, 0)], pool[random.below(pool.size(), i, 1)]};
    const std::string bytes =
        parts.tokens[static_cast<std::size_t>(merge.left)] + parts.tokens[static_cast<std::size_t>(merge.right)];
    if (bytes.size() > 9 || std::ranges::find(parts.tokens, bytes) != parts.tokens.end()) continue;
    parts.merges.push_back(merge);
    pool.push_back(static_cast<std::int32_t>(parts.tokens.size()));
    parts.tokens.push_back(bytes);
  }
  // the order of the merges is shuffled, so that a product may come before its parts
  for (std::size_t i = parts.merges.size(); i > 1; --i) std::swap(parts.merges[i - 1], parts.merges[random.below(i, i, 9)]);
  return parts;
}

// the definition: look for the pair that stands earliest in the list, merge its leftmost place, again
std::vector<std::int32_t> by_definition(const BpeParts& parts, const std::string& chunk) {
  std::vector<std::int32_t> ids;
  for (const char c : chunk) ids.push_back(static_cast<unsigned char>(c));
  for (bool merged = true; merged;) {
    merged = false;
    for (const Merge& merge : parts.merges) {
      const std::string bytes =
          parts.tokens[static_cast<std::size_t>(merge.left)] + parts.tokens[static_cast<std::size_t>(merge.right)];
      for (std::size_t i = 0; i + 1 < ids.size() && !merged; ++i) {
        if (ids[i] != merge.left || ids[i + 1] != merge.right) continue;
        ids[i] = static_cast<std::int32_t>(std::ranges::find(parts.tokens, bytes) - parts.tokens.begin());
        ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(i) + 1);
        merged = true;
      }
      if (merged) break;
    }
  }
  return ids;
}

TEST(BpeModel, MergesThePairThatStandsEarliestAndOfEqualsTheLeftmost) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const BpeParts parts = random_parts(seed, 25);
    const BpeModel model(parts, "test");
    const Philox random{seed, Stream::bootstrap};
    for (std::uint64_t round = 0; round < 20; ++round) {
      std::string chunk;
      for (std::uint32_t i = 0, length = 1 + static_cast<std::uint32_t>(random.below(BpeModel::kShort, round)); i < length; ++i) {
        chunk.push_back(static_cast<char>('a' + random.below(4, round, i + 1)));
      }
      const std::vector<std::int32_t> expected = by_definition(parts, chunk);
      std::vector<std::int32_t> brief, queued, encoded;
      model.merge_short(chunk, brief);
      model.merge_long(chunk, queued);
      model.encode(chunk, encoded);
      ASSERT_EQ(brief, expected) << chunk;
      ASSERT_EQ(queued, expected) << chunk;
      ASSERT_EQ(encoded, expected) << chunk;
    }
  }
}

TEST(BpeModel, AMegabyteOfOneLetterTakesNoQuadraticTime) {
  BpeParts parts = bytes_only();
  parts.merges = {{'a', 'a'}, {256, 256}};
  parts.tokens.push_back("aa");
  parts.tokens.push_back("aaaa");
  std::vector<std::int32_t> ids;
  BpeModel(parts, "test").encode(std::string((1 << 20) + 3, 'a'), ids);
  ASSERT_EQ(ids.size(), (1U << 18) + 2);
  EXPECT_EQ(ids[ids.size() - 3], 257);
  EXPECT_EQ(ids[ids.size() - 2], 256);
  EXPECT_EQ(ids.back(), 'a');
}

TEST(BpeModel, AChunkThatIsATokenIsThatTokenWhereWholeChunksComeFirst) {
  BpeParts parts = bytes_only();
  parts.tokens.push_back("xyz");  // no merge makes it
  std::vector<std::int32_t> ids;
  BpeModel(parts, "test").encode("xyz", ids);
  EXPECT_EQ(ids.size(), 3);
  parts.whole_chunks_first = true;
  ids.clear();
  BpeModel(parts, "test").encode("xyz", ids);
  EXPECT_THAT(ids, testing::ElementsAre(256));
}

TEST(BpeModel, NamesWhatDoesNotFitTogether) {
  const auto problem = [](const BpeParts& parts) { return error_of([&] { BpeModel(parts, "t.json"); }).problem(); };
  BpeParts parts = bytes_only();
  parts.tokens.erase(parts.tokens.begin() + 32);
  EXPECT_THAT(problem(parts), HasSubstr("1 of the 256 bytes have no token (the first is `Ġ`)"));
  parts = bytes_only();
  parts.merges = {{'a', 'b'}};
  EXPECT_THAT(problem(parts), HasSubstr("merge 1 (`a` `b`) makes a token that is not in the vocabulary"));
  parts.tokens.push_back("ab");
  EXPECT_NO_THROW(BpeModel(parts, "t.json"));
  parts.merges.push_back({'a', 'b'});
  EXPECT_THAT(problem(parts), HasSubstr("merge 2 (`a` `b`) stands twice"));
  parts.merges = {{'a', 999}};
  EXPECT_THAT(problem(parts), HasSubstr("does not stand for bytes"));
  parts.merges.clear();
  parts.tokens.push_back("ab");
  EXPECT_THAT(problem(parts), HasSubstr("token `ab` stands twice, as 256 and 257"));
}

TEST(ByteAlphabet, WritesEveryByteAsOneCharacterAndReadsItBack) {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes.push_back(static_cast<char>(byte));
  EXPECT_EQ(from_alphabet(to_alphabet(bytes)), bytes);
  EXPECT_EQ(to_alphabet(" a\n"), "ĠaĊ");
  EXPECT_EQ(from_alphabet(" "), std::nullopt);
  EXPECT_EQ(from_alphabet("あ"), std::nullopt);
}

}  // namespace
}  // namespace isoflop::tokens
