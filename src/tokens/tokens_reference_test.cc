// Published counts, and identity on every corpus of the reference data.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/reference.h"
#include "base/testing.h"
#include "tokens/fixture.h"
#include "tokens/splitter.h"

namespace isoflop {
namespace {

namespace fs = std::filesystem;

const Tokenizer& gpt2() {
  static const auto tokenizer = read_tokenizer((reference_folder() / "gpt2").string());
  return *tokenizer;
}

std::int64_t count(const Tokenizer& tokenizer, std::string_view text) {
  return static_cast<std::int64_t>(ids(tokenizer, text).size());
}

// text and JSONL lines as they are: what is checked holds for any bytes
std::vector<fs::path> corpora() {
  std::vector<fs::path> files;
  for (const char* language : {"en", "ja"}) {
    for (const auto& entry : fs::directory_iterator(reference_folder() / "corpora" / language)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  EXPECT_GE(files.size(), 10);
  return files;
}

std::string text_of(const fs::path& path) { return reference_text(fs::relative(path, reference_folder()).string()); }

// nanoGPT data/shakespeare/prepare.py: tiktoken's gpt2 on the first 90 % of the characters, and on the rest
TEST(GptTwo, TinyShakespeareHas301966And36059Tokens) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  const std::string text = reference_text("corpora/en/tinyshakespeare.txt");
  ASSERT_EQ(text.size(), 1'115'394);  // ASCII: characters are bytes
  const std::size_t cut = text.size() * 9 / 10;
  EXPECT_EQ(cut, 1'003'854);
  EXPECT_EQ(count(gpt2(), text.substr(0, cut)), 301'966);
  EXPECT_EQ(count(gpt2(), text.substr(cut)), 36'059);
  EXPECT_EQ(gpt2().vocab_size(), 50'257);
  EXPECT_EQ(gpt2().end_of_text(), 50'256);
}

// llm.c dev/data/tinyshakespeare.py: an end of text before every paragraph, the first 32,768 tokens held out
TEST(GptTwo, TinyShakespeareByParagraphsHas305260And32768Tokens) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  const std::string text = reference_text("corpora/en/tinyshakespeare.txt");
  std::int64_t tokens = 0;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find("\n\n", at), text.size());
    // its pieces are joined again with the end of text between: "\n\n" goes with the one before
    tokens += 1 + count(gpt2(), text.substr(at, end - at) + (end < text.size() ? "\n\n" : ""));
    at = end + 2;
  }
  EXPECT_EQ(tokens, 305'260 + 32'768);
}

TEST(GptTwo, CountsAWholeFileAsItIs) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  const Corpus corpus =
      Corpus::open({.inputs = {(reference_folder() / "corpora/en/tinyshakespeare.txt").string()}, .split = SplitKind::none});
  EXPECT_EQ(count_tokens(corpus, gpt2()).total.tokens, count(gpt2(), reference_text("corpora/en/tinyshakespeare.txt")));
}

TEST(EveryCorpus, ComesBackFromItsTokens) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  for (const fs::path& path : corpora()) {
    const std::string text = text_of(path);
    const auto tokens = ids(gpt2(), text);
    EXPECT_TRUE(gpt2().decode(tokens) == text) << path;
  }
}

TEST(EveryCorpus, IsCutAsPcre2CutsIt) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  for (const fs::path& path : corpora()) {
    std::string text = text_of(path);
    if (text.size() > 3 << 20) text.resize(text.rfind('\n', 3 << 20));  // not inside a character: what is not UTF-8 PCRE2 passes
                                                                        // over
    for (const SplitPattern pattern : {SplitPattern::gpt2, SplitPattern::gpt4, SplitPattern::script}) {
      std::vector<std::size_t> ours, theirs;
      const auto collect = [&](std::vector<std::size_t>& ends) {
        return [&](std::string_view chunk) { ends.push_back(static_cast<std::size_t>(chunk.data() - text.data())); };
      };
      tokens::Splitter(pattern).for_each_chunk(text, collect(ours));
      tokens::Splitter({"(?:" + tokens::regex_of(pattern) + ")"}, "test").for_each_chunk(text, collect(theirs));
      EXPECT_TRUE(ours == theirs) << path << " " << to_string(pattern);
    }
  }
}

// anchors: for Japanese the script's runs are what a merge may span; GPT-2's 50,257 tokens spend two on a character
TEST(Japanese, EightThousandTokensOfItsOwnScriptTakeLessThanHalfOfGptTwos) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  CorpusOptions options{.inputs = {(reference_folder() / "corpora/ja/aozora_core.jsonl").string()}, .split = SplitKind::document};
  const Corpus corpus = Corpus::open(options);
  const auto tokenizer =
      build_tokenizer({.kind = TokenizerKind::bpe, .vocab_size = 8'192, .pattern = SplitPattern::script, .threads = 2}, corpus);
  EXPECT_EQ(tokenizer->vocab_size(), 8'192);
  std::int64_t own = 0, theirs = 0, bytes = 0;
  corpus.for_each_unit([&](const Unit& unit) {
    if (!unit.held_out) return;
    own += count(*tokenizer, unit.text);
    theirs += count(gpt2(), unit.text);
    bytes += static_cast<std::int64_t>(unit.text.size());
  });
  EXPECT_LT(2 * own, theirs);
  EXPECT_GT(static_cast<double>(bytes) / static_cast<double>(own), 4.0);
}

}  // namespace
}  // namespace isoflop
