#include "tokens/bpe_trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/random.h"
#include "tokens/fixture.h"

namespace isoflop::tokens {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ChunkCounts counts_of(const std::map<std::string, std::int64_t>& chunks) {
  ChunkCounts counts;
  for (const auto& [chunk, count] : chunks) counts.add(chunk, count);
  return counts;
}

// the definition: count all pairs anew before every merge
std::vector<Merge> by_definition(const std::map<std::string, std::int64_t>& chunks, std::size_t tokens, std::int64_t least) {
  std::vector<std::pair<std::vector<std::int32_t>, std::int64_t>> words;
  for (const auto& [chunk, count] : chunks) {
    words.push_back({{}, count});
    for (const char c : chunk) words.back().first.push_back(static_cast<unsigned char>(c));
  }
  std::vector<std::string> spelt;
  for (int byte = 0; byte < 256; ++byte) spelt.emplace_back(1, static_cast<char>(byte));
  std::vector<Merge> merges;
  while (spelt.size() < tokens) {
    std::map<std::pair<std::int32_t, std::int32_t>, std::int64_t> pairs;
    for (const auto& [ids, count] : words) {
      for (std::size_t i = 0; i + 1 < ids.size(); ++i) pairs[{ids[i], ids[i + 1]}] += count;
    }
    auto best = pairs.end();
    for (auto pair = pairs.begin(); pair != pairs.end(); ++pair) {
      if (best == pairs.end() || pair->second > best->second) best = pair;  // the smaller pair comes first
    }
    if (best == pairs.end() || best->second < least) break;
    const auto [left, right] = best->first;
    const std::string bytes = spelt[static_cast<std::size_t>(left)] + spelt[static_cast<std::size_t>(right)];
    const auto known = std::ranges::find(spelt, bytes);
    const auto id = static_cast<std::int32_t>(known - spelt.begin());
    if (known == spelt.end()) spelt.push_back(bytes);
    merges.push_back({left, right});
    for (auto& [ids, count] : words) {
      std::vector<std::int32_t> merged;
      for (std::size_t i = 0; i < ids.size(); ++i) {
        const bool here = i + 1 < ids.size() && ids[i] == left && ids[i + 1] == right;
        merged.push_back(here ? id : ids[i]);
        i += here ? 1 : 0;
      }
      ids = merged;
    }
  }
  return merges;
}

TEST(BpeTrainer, ChoosesWhatARecountBeforeEveryMergeChooses) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Philox random{seed, Stream::simulate};
    std::map<std::string, std::int64_t> chunks;
    for (std::uint64_t i = 0; i < 40; ++i) {
      std::string chunk;
      for (std::uint32_t k = 0, length = 1 + static_cast<std::uint32_t>(random.below(12, i)); k < length; ++k) {
        chunk.push_back(static_cast<char>('a' + random.below(seed % 2 == 0 ? 2 : 5, i, k + 1)));
      }
      chunks[chunk] += static_cast<std::int64_t>(1 + random.below(9, i, 99));
    }
    const BpeParts parts = train_bpe(counts_of(chunks), 256 + 60, 2);
    ASSERT_EQ(parts.merges, by_definition(chunks, 256 + 60, 2)) << "seed " << seed;
    EXPECT_NO_THROW(BpeModel(parts, "test"));
  }
}

TEST(BpeTrainer, WritesWikipediasExampleAsItDoes) {
  const auto source = isoflop::source_of({{"aaabdaaabac"}}, SplitKind::block);
  TokenizerOptions options{.kind = TokenizerKind::bpe, .vocab_size = 256 + 3};
  const auto tokenizer = build_tokenizer(options, source, {});
  EXPECT_THAT(ids(*tokenizer, "aaabdaaabac"), ElementsAre(258, 'd', 258, 'a', 'c'));
  EXPECT_EQ(tokenizer->vocab_size(), 259);
}

TEST(BpeTrainer, CountsInSixtyFourBits) {
  // more than 32 bits hold: ab and cd would change places if they wrapped
  const std::int64_t big = std::int64_t{1} << 33;
  const BpeParts parts = train_bpe(counts_of({{"ab", big}, {"cd", 5}}), 258, 1);
  EXPECT_THAT(parts.merges, ElementsAre(Merge{'a', 'b'}, Merge{'c', 'd'}));
}

TEST(BpeTrainer, IsTheSameForAnyNumberOfThreads) {
  std::vector<Line> lines;
  for (int i = 0; i < 50; ++i) lines.push_back({sentences(2'000 + static_cast<std::size_t>(i) * 37)});
  TokenizerOptions options{.kind = TokenizerKind::bpe, .vocab_size = 400};
  const std::string one = build_tokenizer(options, isoflop::source_of(lines), {})->to_json();
  for (const std::int64_t threads : {2, 5}) {
    options.threads = threads;
    EXPECT_EQ(build_tokenizer(options, isoflop::source_of(lines), {})->to_json(), one);
  }
}

TEST(BpeTrainer, LearnsFromTheTrainingSplitOnly) {
  const auto source = isoflop::source_of({{"ab ab ab ab"}, {"xyxyxyxy xyxyxyxy", true}});
  TokenizerOptions options{.kind = TokenizerKind::bpe, .vocab_size = 300};
  const auto tokenizer = build_tokenizer(options, source, {});
  EXPECT_EQ(ids(*tokenizer, "xyxy").size(), 4);
  options.from = VocabularyFrom::whole_corpus;
  EXPECT_LT(ids(*build_tokenizer(options, source, {}), "xyxy").size(), 4);
}

TEST(BpeTrainer, StopsWhereNoPairIsFrequentEnough) {
  const auto source = isoflop::source_of({{"abab cdcd"}}, SplitKind::block);
  TokenizerOptions options{.kind = TokenizerKind::bpe, .vocab_size = 1000};
  const auto size_with = [&](std::int64_t least) {
    options.least_count = least;
    return build_tokenizer(options, source, {})->vocab_size();
  };
  EXPECT_EQ(size_with(2), 256 + 2);
  EXPECT_EQ(size_with(3), 256);
  EXPECT_GT(size_with(1), 256 + 4);
}

TEST(BpeTrainer, VocabulariesWithoutRoomForTheBytesAreRefused) {
  const auto of_size = [](std::int64_t size, SplitKind split) {
    return build_tokenizer({.kind = TokenizerKind::bpe, .vocab_size = size}, isoflop::source_of({{"ab"}}, split), {})
        ->vocab_size();
  };
  EXPECT_EQ(of_size(256, SplitKind::block), 256);
  EXPECT_EQ(of_size(257, SplitKind::document), 257);
  for (const auto& [size, split] :
       {std::pair{255, SplitKind::block}, std::pair{256, SplitKind::document}, std::pair{1 << 30, SplitKind::block}}) {
    const Error error = error_of([&] { (void)of_size(size, split); });
    EXPECT_EQ(error.fault(), Fault::usage);
    EXPECT_THAT(error.problem(), HasSubstr("expected 25"));
  }
}

TEST(BpeTrainer, ALongChunkIsCountedInParts) {
  std::string text(5'000, 'a');
  for (int i = 0; i < 500; ++i) text += "あ";
  const ChunkCounts counts = count_chunks({.kind = TokenizerKind::bpe}, isoflop::source_of({{text}}, SplitKind::block), {}, {});
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    EXPECT_LE(counts.chunk(i).size(), 1024);
    bytes += static_cast<std::int64_t>(counts.chunk(i).size()) * counts.count(i);
  }
  EXPECT_EQ(bytes, 5'000 + 1'500);
}

TEST(ChunkCounts, HoldEachChunkOnce) {
  ChunkCounts counts, other;
  for (int i = 0; i < 20'000; ++i) counts.add(std::to_string(i % 5'000));
  for (int i = 0; i < 6'000; ++i) other.add(std::to_string(i), 7);
  counts.add(other);
  ASSERT_EQ(counts.size(), 6'000);
  for (std::size_t i = 0; i < counts.size(); ++i) EXPECT_EQ(counts.count(i), i < 5'000 ? 4 + 7 : 7) << counts.chunk(i);
}

}  // namespace
}  // namespace isoflop::tokens
