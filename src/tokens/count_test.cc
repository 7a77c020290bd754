#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "tokens/fixture.h"

namespace isoflop {
namespace {

std::unique_ptr<Tokenizer> bpe(SplitPattern pattern) {
  const auto source = source_of({{sentences(4'000) + "吾輩は猫である。吾輩は猫である。"}}, SplitKind::block);
  return tokens::build_tokenizer({.kind = TokenizerKind::bpe, .vocab_size = 330, .pattern = pattern}, source, {});
}

TEST(Count, BlocksOfADocumentCountAsTheWhole) {
  const std::string text = sentences(900'000) + "吾輩は猫である。\n\n 12 ";
  for (const SplitPattern pattern : {SplitPattern::gpt2, SplitPattern::gpt4, SplitPattern::script}) {
    const auto tokenizer = bpe(pattern);
    std::vector<Line> blocks;
    for (std::size_t at = 0; at < text.size(); at += 70'001) {
      const std::size_t size = std::min<std::size_t>(70'001, text.size() - at);
      blocks.push_back({text.substr(at, size), false, at + size == text.size()});
    }
    blocks.push_back({"another document"});
    for (const std::int64_t threads : {1, 3}) {
      const TokenCounts counts = tokens::count(source_of(blocks, SplitKind::none), *tokenizer, threads, {}, {});
      EXPECT_EQ(counts.total.tokens,
                static_cast<std::int64_t>(ids(*tokenizer, text).size() + ids(*tokenizer, "another document").size()));
      EXPECT_EQ(counts.total.bytes, static_cast<std::int64_t>(text.size() + 16));
      EXPECT_EQ(counts.total.documents, 2);
      EXPECT_EQ(counts.total.characters, counts.total.bytes - 2 * 8);
    }
  }
}

TEST(Count, GivesEachSourceItsOwn) {
  const std::filesystem::path folder = fresh_folder();
  replace_file(folder / "a.txt", "one two three");
  replace_file(folder / "b.txt", "four \xFF" "five");
  const Corpus corpus = Corpus::open({.inputs = {folder.string()}, .utf8 = Utf8Policy::skip, .split = SplitKind::none});
  const auto tokenizer = bpe(SplitPattern::gpt4);
  const TokenCounts counts = count_tokens(corpus, *tokenizer);
  ASSERT_EQ(counts.sources.size(), 2);
  EXPECT_EQ(counts.sources[0].source, "a.txt");
  EXPECT_EQ(counts.sources[0].tokens, static_cast<std::int64_t>(ids(*tokenizer, "one two three").size()));
  EXPECT_EQ(counts.sources[1].tokens, static_cast<std::int64_t>(ids(*tokenizer, "four five").size()));
  EXPECT_EQ(counts.sources[1].invalid_bytes, 1);
  EXPECT_EQ(counts.total.invalid_bytes, 1);
  EXPECT_EQ(counts.total.tokens, counts.sources[0].tokens + counts.sources[1].tokens);
}

}  // namespace
}  // namespace isoflop
