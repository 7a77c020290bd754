// Tokenizers in the forms of other programs, there and back, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "base/random.h"
#include "tokens/fixture.h"
#include "tokens/rank_file.h"

namespace isoflop {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

std::unique_ptr<Tokenizer> bpe(SplitPattern pattern = SplitPattern::gpt4, SplitKind split = SplitKind::document) {
  const auto source = source_of({{sentences(3'000)}, {"吾輩は猫である。吾輩は猫である。 naïve \"quoted\" back\\slash\n\n12345 12345"}}, split);
  return tokens::build_tokenizer({.kind = TokenizerKind::bpe, .vocab_size = 320, .pattern = pattern}, source, {});
}

std::string any_bytes() {
  const Philox random{3, Stream::simulate};
  std::string bytes = sentences(300) + "<|endoftext|> 吾輩は猫である";
  for (std::uint64_t i = 0; i < 3'000; ++i) bytes.push_back(static_cast<char>(random.below(256, i)));
  return bytes;
}

void expect_same(const Tokenizer& a, const Tokenizer& b) {
  EXPECT_EQ(a.id(), b.id());
  EXPECT_EQ(a.vocab_size(), b.vocab_size());
  EXPECT_EQ(a.end_of_text(), b.end_of_text());
  EXPECT_EQ(ids(a, any_bytes()), ids(b, any_bytes()));
}

class EveryBpe : public testing::TestWithParam<SplitPattern> {};
INSTANTIATE_TEST_SUITE_P(TokenizerFiles, EveryBpe, testing::Values(SplitPattern::gpt2, SplitPattern::gpt4, SplitPattern::script),
                         [](const auto& pattern) { return to_string(pattern.param); });

TEST_P(EveryBpe, GivesBackAnyBytes) {
  const auto tokenizer = bpe(GetParam());
  const std::vector<std::int32_t> tokens = ids(*tokenizer, any_bytes());
  EXPECT_EQ(tokenizer->decode(tokens), any_bytes());
  std::int64_t bytes = 0;
  for (const std::int32_t token : tokens) bytes += tokenizer->bytes_of(token);
  EXPECT_EQ(bytes, static_cast<std::int64_t>(any_bytes().size()));
  EXPECT_EQ(tokenizer->bytes_of(*tokenizer->end_of_text()), 0);
  EXPECT_THROW((void)tokenizer->bytes_of(static_cast<std::int32_t>(tokenizer->vocab_size())), Error);
}

TEST_P(EveryBpe, ComesBackFromHuggingFacesForm) {
  for (const SplitKind split : {SplitKind::document, SplitKind::block}) {
    const auto tokenizer = bpe(GetParam(), split);
    const std::string path = fresh_folder() / "tokenizer.json";
    write_tokenizer(*tokenizer, path);
    expect_same(*read_tokenizer(path), *tokenizer);
    expect_same(*read_tokenizer(fs::path(path).parent_path()), *tokenizer);
    EXPECT_EQ(tokenizer->end_of_text().has_value(), split == SplitKind::document);
  }
}

TEST_P(EveryBpe, ComesBackFromARankFileWithTheSameTokens) {
  const auto tokenizer = bpe(GetParam());
  const std::string path = fresh_folder() / "ranks.tiktoken";
  write_tokenizer(*tokenizer, path, TokenizerFormat::tiktoken);
  const auto again = read_tokenizer(path, {.pattern = GetParam()});
  EXPECT_EQ(again->end_of_text(), tokenizer->end_of_text());
  EXPECT_EQ(ids(*again, any_bytes()), ids(*tokenizer, any_bytes()));
  const Error error = error_of([&] { (void)read_tokenizer(path); });
  EXPECT_EQ(error.fault(), Fault::usage);
  EXPECT_THAT(error.hint(), HasSubstr("--split-pattern"));
}

TEST(TokenizerFiles, GptTwosTwoFilesComeBackUnderBothNames) {
  const auto tokenizer = bpe(SplitPattern::gpt2);
  const fs::path folder = fresh_folder();
  write_tokenizer(*tokenizer, folder, TokenizerFormat::gpt2);
  expect_same(*read_tokenizer(folder), *tokenizer);
  expect_same(*read_tokenizer(folder / "merges.txt"), *tokenizer);
  fs::rename(folder / "vocab.json", folder / "encoder.json");
  fs::rename(folder / "merges.txt", folder / "vocab.bpe");
  expect_same(*read_tokenizer(folder), *tokenizer);
  expect_same(*read_tokenizer(folder / "encoder.json"), *tokenizer);
}

TEST(TokenizerFiles, AFormThatCannotHoldATokenizerSaysSo) {
  const fs::path folder = fresh_folder();
  EXPECT_THAT(error_of([&] { write_tokenizer(*bpe(SplitPattern::gpt4), folder, TokenizerFormat::gpt2); }).problem(),
              HasSubstr("how text is cut"));
  const auto chars = char_tokenizer(source_of({{"ab"}}));
  EXPECT_THAT(error_of([&] { write_tokenizer(*chars, folder / "t", TokenizerFormat::tiktoken); }).problem(),
              HasSubstr("not one of kind `char`"));
  EXPECT_TRUE(fs::is_empty(folder));
}

TEST(TokenizerFiles, RankFilesOfKnownEncodingsNeedNoPattern) {
  const auto tokenizer = bpe(SplitPattern::gpt2);
  const std::string path = fresh_folder() / "r50k_base.tiktoken";
  write_tokenizer(*tokenizer, path, TokenizerFormat::tiktoken);
  EXPECT_EQ(ids(*read_tokenizer(path), any_bytes()), ids(*tokenizer, any_bytes()));
}

// changes a text at its one place
std::string with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(TokenizerFiles, WhatIsNotByteLevelBpeIsRefusedByName) {
  const std::string whole = bpe()->to_json();
  const auto refusal = [&](const std::string& from, const std::string& to) {
    const Error error = error_of([&] { (void)tokenizer_from_json(with(whole, from, to), "t.json"); });
    EXPECT_EQ(error.fault(), Fault::bad_data);
    EXPECT_EQ(error.subject(), "t.json");
    return error.problem();
  };
  EXPECT_EQ(refusal("\"type\":\"BPE\"", "\"type\":\"WordPiece\""), "model type `WordPiece` is not supported");
  EXPECT_EQ(refusal("\"type\":\"BPE\"", "\"type\":\"Unigram\""), "model type `Unigram` is not supported");
  EXPECT_THAT(refusal("\"normalizer\":null", "\"normalizer\":{\"type\":\"NFC\"}"), HasSubstr("normalizer `NFC`"));
  EXPECT_THAT(refusal("\"dropout\":null", "\"dropout\":0.1"), HasSubstr("dropout"));
  EXPECT_THAT(refusal("\"end_of_word_suffix\":null", "\"end_of_word_suffix\":\"</w>\""), HasSubstr("end_of_word_suffix"));
  EXPECT_THAT(refusal("\"byte_fallback\":false", "\"byte_fallback\":true"), HasSubstr("byte_fallback"));
  EXPECT_THAT(refusal("\"add_prefix_space\":false", "\"add_prefix_space\":true"), HasSubstr("add_prefix_space"));
  EXPECT_THAT(refusal("\"type\":\"Split\"", "\"type\":\"Metaspace\""), HasSubstr("pre_tokenizer `Metaspace`"));
  EXPECT_THAT(refusal("\"behavior\":\"Isolated\"", "\"behavior\":\"MergedWithNext\""), HasSubstr("MergedWithNext"));
  EXPECT_THAT(refusal("\"decoder\":{\"type\":\"ByteLevel\"", "\"decoder\":{\"type\":\"WordPiece\""),
              HasSubstr("decoder `WordPiece`"));
  const std::string not_special = with(whole, "\"special\":true", "\"special\":false");
  EXPECT_NO_THROW((void)tokenizer_from_json(not_special, "t.json"));  // no text looks like <|endoftext|> by chance
  const Error added = error_of(
      [&] { (void)tokenizer_from_json(with(not_special, "\"content\":\"<|endoftext|>\"", "\"content\":\"x y\""), "t.json"); });
  EXPECT_THAT(added.problem(), AllOf(HasSubstr("added token `x y`"), HasSubstr("not special")));
}

TEST(TokenizerFiles, DamageIsNamed) {
  const std::string whole = bpe()->to_json();
  const auto problem = [](const std::string& text) {
    return error_of([&] { (void)tokenizer_from_json(text, "t.json"); }).problem();
  };
  EXPECT_THAT(problem(whole.substr(0, whole.size() - 20)), HasSubstr("damaged JSON"));
  EXPECT_THAT(problem(with(whole, "\"a\":97", "\"a\":98")),
              AllOf(HasSubstr("id 98 stands twice"), HasSubstr("`a`"), HasSubstr("`b`")));
  EXPECT_THAT(problem(with(whole, "\"a\":97,", "")), HasSubstr("is not in the vocabulary of"));
  EXPECT_THAT(problem(with(whole, "\"a\":97", "\"a\":-1")), HasSubstr("id -1"));
  EXPECT_THAT(problem(with(whole, "\"a\":97", "\"a\":\"97\"")), HasSubstr("not a whole number"));
  EXPECT_THAT(problem(with(whole, "\"a\":97", "\"a\":9999999")), HasSubstr("most stand for nothing"));
  EXPECT_THAT(problem(with(whole, "\"merges\":[", "\"merges\":[\"q zz\",")),
              AllOf(HasSubstr("merge 1"), HasSubstr("right part `zz`")));
  EXPECT_THAT(problem(with(whole, "\"merges\":[", "\"merges\":[\"a b c\",")), HasSubstr("expected the two parts of a merge"));
  EXPECT_THAT(problem(with(whole, "\"merges\":[", "\"merges\":[7,")), HasSubstr("neither text nor a pair"));
  EXPECT_THAT(problem(with(whole, "\"merges\":[", "\"merges\":[\"Q Q\",")), HasSubstr("product `QQ`"));
  EXPECT_THAT(problem(with(whole, "\"vocab\":{", "\"vocab\":{\"あ\":319,")), AllOf(HasSubstr("319"), HasSubstr("twice")));
  EXPECT_THAT(problem("{\"model\":{\"type\":\"BPE\"}}"), HasSubstr("pre_tokenizer that is null"));
  EXPECT_THAT(problem("{\"model\":[]}"), HasSubstr("key `model`"));
}

TEST(TokenizerFiles, GptTwosFilesThatDoNotMatchNameFileAndLine) {
  const fs::path folder = fresh_folder();
  write_tokenizer(*bpe(SplitPattern::gpt2), folder, TokenizerFormat::gpt2);
  const std::string merges = read_file(folder / "merges.txt"), vocab = read_file(folder / "vocab.json");
  const auto error = [&] { return error_of([&] { (void)read_tokenizer(folder); }); };
  replace_file(folder / "merges.txt", merges + "zebra crossing\n");
  EXPECT_THAT(error().problem(), AllOf(HasSubstr("merges.txt:"), HasSubstr("left part `zebra` is not in the vocabulary")));
  replace_file(folder / "merges.txt", "#version: 0.2\nabc\n");
  EXPECT_THAT(error().problem(), HasSubstr("merges.txt:2: is `abc`, expected the two parts of a merge"));
  replace_file(folder / "merges.txt", merges);
  replace_file(folder / "vocab.json", "{\"a\": 0}");
  EXPECT_THAT(error().problem(), HasSubstr("is not in the vocabulary of 1"));
  replace_file(folder / "merges.txt", "#version: 0.2\n");
  EXPECT_THAT(error().problem(), HasSubstr("255 of the 256 bytes have no token"));
  replace_file(folder / "vocab.json", vocab.substr(0, 100));
  EXPECT_THAT(error().problem(), HasSubstr("damaged JSON"));
  fs::remove(folder / "merges.txt");
  EXPECT_EQ(error().fault(), Fault::bad_data);
  replace_file(folder / "vocab.json", vocab);
  EXPECT_EQ(error().fault(), Fault::missing_input);
  fs::remove(folder / "vocab.json");
  EXPECT_THAT(error().problem(), HasSubstr("holds no tokenizer"));
}

TEST(TokenizerFiles, RankFilesNameTheLine) {
  const std::string whole = "IQ== 0\nIg== 1\n";
  const auto error = [&](const std::string& text) {
    return error_of([&] { (void)tokens::parts_from_ranks(text, "r.tiktoken"); });
  };
  EXPECT_EQ(error(whole + "I== 2\n").subject(), "r.tiktoken:3");
  EXPECT_EQ(error(whole + "Iw== x\n").subject(), "r.tiktoken:3");
  EXPECT_EQ(error(whole + "Iw==\n").subject(), "r.tiktoken:3");
  EXPECT_THAT(error(whole + "Iw== 1\n").problem(), HasSubstr("rank 1 stands twice"));
  EXPECT_THAT(error(whole + "IQ== 2\n").problem(), HasSubstr("token stands twice"));
  EXPECT_THAT(error(whole + "Iw== -1\n").problem(), HasSubstr("out of range"));
  EXPECT_THAT(error(whole + "Iw== 99999\n").problem(), HasSubstr("most stand for nothing"));
  EXPECT_THAT(error(whole + "Ix== 2\n").problem(), HasSubstr("base64"));  // bits behind the last byte
  EXPECT_TRUE(tokens::looks_like_ranks(whole));
  EXPECT_FALSE(tokens::looks_like_ranks("{\"model\":{}}"));
  EXPECT_FALSE(tokens::looks_like_ranks(""));
}

TEST(TokenizerFiles, MergesAsPairsAndAsTextAreTheSame) {
  const auto tokenizer = bpe();
  const std::string whole = tokenizer->to_json();
  const std::size_t at = whole.find("\"merges\":[\"") + 11, end = whole.find('"', at);
  std::string first = whole.substr(at, end - at);
  const std::string pair = "[\"" + first.replace(first.find(' '), 1, "\",\"") + "\"]";
  const std::string changed = whole.substr(0, at - 1) + pair + whole.substr(end + 1);
  expect_same(*tokenizer_from_json(changed, "t"), *tokenizer);
}

TEST(TokenizerFiles, AnUnknownPatternGoesThroughPcre2) {
  const std::string whole = bpe()->to_json();
  const std::size_t at = whole.find("\"Regex\":\"") + 9, end = whole.find("\"},\"behavior\"", at);
  const auto tokenizer = tokenizer_from_json(whole.substr(0, at) + "[a-z]|[^a-z]+" + whole.substr(end), "t");
  for (const std::int32_t token : ids(*tokenizer, "thelawofloss")) EXPECT_EQ(tokenizer->bytes_of(token), 1);
  EXPECT_EQ(tokenizer->decode(ids(*tokenizer, any_bytes())), any_bytes());
  expect_same(*tokenizer_from_json(tokenizer->to_json(), "again"), *tokenizer);
}

// Every parser, fed damaged files: a tokenizer that gives text back, or an Error that names the file.
TEST(TokenizerFiles, DamagedAnyhowAreATokenizerOrAnError) {
  const auto json = bpe()->to_json();
  const fs::path folder = fresh_folder();
  write_tokenizer(*bpe(SplitPattern::gpt2), folder, TokenizerFormat::gpt2);
  write_tokenizer(*bpe(), folder / "ranks.tiktoken", TokenizerFormat::tiktoken);
  const std::string vocab = read_file(folder / "vocab.json"), merges = read_file(folder / "merges.txt"),
                    ranks = read_file(folder / "ranks.tiktoken");
  const Philox random{17, Stream::simulate};
  const auto damaged = [&](std::string text, std::uint64_t round) {
    static constexpr std::string_view kAlphabet = "\"\\{}[],: 019aeBPEĠ<|>=\n";
    for (std::uint32_t i = 0, times = 1 + static_cast<std::uint32_t>(random.below(3, round, 0)); i < times && !text.empty();
         ++i) {
      const std::size_t at = random.below(text.size(), round, 10 * i + 1), length = random.below(8, round, 10 * i + 2);
      const char byte = kAlphabet[random.below(kAlphabet.size(), round, 10 * i + 3)];
      switch (random.below(6, round, 10 * i + 4)) {
        case 0:
          text.resize(at);
          break;
        case 1:
          text.erase(at, length);
          break;
        case 2:
          text.insert(at, 1, byte);
          break;
        case 3:
          text[at] = static_cast<char>(random.below(256, round, 10 * i + 5));
          break;
        case 4:
          text.insert(at, text.substr(random.below(text.size(), round, 10 * i + 6), length));
          break;
        default:
          text[at] = byte;
      }
    }
    return text;
  };
  int read = 0, refused = 0;
  const std::string sample = "The law of loss <|endoftext|> 吾輩 12 \xFF";
  for (std::uint64_t round = 0; round < 1'200; ++round) {
    try {
      std::unique_ptr<Tokenizer> tokenizer;
      if (round % 3 == 0) {
        tokenizer = tokenizer_from_json(damaged(json, round), "t.json");
      } else if (round % 3 == 1) {
        replace_file(folder / "vocab.json", round % 2 == 0 ? damaged(vocab, round) : vocab);
        replace_file(folder / "merges.txt", round % 2 == 1 ? damaged(merges, round) : merges);
        tokenizer = read_tokenizer(folder);
      } else {
        tokenizer = tokens::tokenizer_from_ranks(damaged(ranks, round), "r.tiktoken", SplitPattern::gpt4);
      }
      ASSERT_EQ(tokenizer->decode(ids(*tokenizer, sample)), sample) << "round " << round;
      ASSERT_EQ(tokenizer_from_json(tokenizer->to_json(), "again")->id(), tokenizer->id()) << "round " << round;
      ++read;
    } catch (const Error& error) {
      ASSERT_EQ(error.fault(), Fault::bad_data) << "round " << round << ": " << error.what();
      ASSERT_FALSE(error.subject().empty());
      ++refused;
    }
  }
  EXPECT_GT(read, 50);
  EXPECT_GT(refused, 300);
}

}  // namespace
}  // namespace isoflop
