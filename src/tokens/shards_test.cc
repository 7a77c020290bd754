#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "base/file.h"
#include "base/random.h"
#include "tokens/fixture.h"

namespace isoflop {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

const std::vector<Line> kLines = {{"one two"}, {"held out"}, {"three"}, {"あいう", true}, {"four", false, true}};

struct Setting {
  std::unique_ptr<Tokenizer> tokenizer = char_tokenizer(source_of(kLines));
  TokenSet set =
      tokens::encode(source_of(kLines), *tokenizer, {.root = fresh_folder("tokens").string(), .shard_tokens = 7}, {}, {});
};

std::vector<std::string> paths(const std::vector<ShardFile>& files) {
  std::vector<std::string> out;
  for (const ShardFile& file : files) out.push_back(file.path);
  return out;
}

std::int32_t word(const std::string& bytes, std::size_t index) {
  std::int32_t value = 0;
  std::memcpy(&value, bytes.data() + 4 * index, 4);
  return value;
}

TEST(Shards, OfLlmCHaveItsHeaderAndSixteenBitTokens) {
  const Setting s;
  const auto files = export_shards(s.set, ShardFormat::llm_c, fresh_folder("out").string(), "tiny");
  ASSERT_EQ(files.size(), 2);
  EXPECT_EQ(fs::path(files[0].path).filename(), "tiny_train_000000.bin");
  EXPECT_EQ(fs::path(files[1].path).filename(), "tiny_val_000000.bin");
  const std::string bytes = read_file(files[0].path);
  EXPECT_EQ(word(bytes, 0), 20240520);
  EXPECT_EQ(word(bytes, 1), 1);
  EXPECT_EQ(word(bytes, 2), s.set.train->size());
  EXPECT_EQ(bytes.size(), 1024 + 2 * static_cast<std::size_t>(s.set.train->size()));
}

TEST(Shards, OfNanoGptAreTokensAndNothingElse) {
  const Setting s;
  const auto files = export_shards(s.set, ShardFormat::nanogpt, fresh_folder("out").string(), "");
  ASSERT_EQ(files.size(), 2);
  EXPECT_EQ(fs::path(files[0].path).filename(), "train.bin");
  EXPECT_EQ(fs::path(files[1].path).filename(), "val.bin");
  EXPECT_EQ(fs::file_size(files[0].path), 2 * static_cast<std::size_t>(s.set.train->size()));
}

TEST(Shards, ComeBackWithTheirTokensAndUnits) {
  const Setting s;
  for (const ShardFormat format : {ShardFormat::llm_c, ShardFormat::nanogpt}) {
    const auto files = paths(export_shards(s.set, format, fresh_folder("out").string(), "x"));
    const ImportOptions options{.train = {files[0]}, .held_out = {files[1]}, .root = fresh_folder("back").string()};
    const TokenSet back = import_shards(options, *s.tokenizer);
    EXPECT_EQ(all_of(*back.train), all_of(*s.set.train));
    EXPECT_EQ(all_of(*back.held_out), all_of(*s.set.held_out));
    EXPECT_EQ(back.train_bytes, s.set.train_bytes);
    EXPECT_EQ(back.tokenizer_id, s.tokenizer->id());
    ASSERT_EQ(back.train->units().size(), 4);
    EXPECT_EQ(back.train->units()[1].bytes, 8);
    EXPECT_EQ(import_shards(options, *s.tokenizer).folder, back.folder);
  }
}

TEST(Shards, AVocabularyBeyondSixteenBitsTakesLlmCsWideForm) {
  std::string many;
  for (std::uint32_t value = 0x10000; value < 0x10000 + 70'000; ++value) {
    for (const std::uint32_t byte :
         {0xF0 | (value >> 18), 0x80 | ((value >> 12) & 63), 0x80 | ((value >> 6) & 63), 0x80 | (value & 63)}) {
      many.push_back(static_cast<char>(byte));
    }
  }
  const auto source = source_of({{many}}, SplitKind::block);
  const auto tokenizer = char_tokenizer(source);
  const TokenSet set = tokens::encode(source, *tokenizer, {fresh_folder("wide").string()}, {}, {});
  const auto files = paths(export_shards(set, ShardFormat::llm_c, fresh_folder("out").string(), "wide"));
  ASSERT_EQ(files.size(), 1);  // nothing is held out
  const std::string bytes = read_file(files[0]);
  EXPECT_EQ(word(bytes, 0), 20240801);
  EXPECT_EQ(word(bytes, 1), 7);
  EXPECT_EQ(bytes.size(), 1024 + 4 * 70'000);
  const TokenSet back = import_shards({.train = files, .root = fresh_folder("back").string()}, *tokenizer);
  EXPECT_EQ(all_of(*back.train), all_of(*set.train));
  ASSERT_EQ(back.train->units().size(), 2);  // no end of text: cut by length
  EXPECT_EQ(back.train->units()[0].tokens, 65'536);
  const Error error = error_of([&] { (void)export_shards(set, ShardFormat::nanogpt, fresh_folder("narrow").string(), ""); });
  EXPECT_EQ(error.fault(), Fault::usage);
  EXPECT_THAT(error.problem(), HasSubstr("16 bits"));
}

TEST(Shards, ThatAreNotWhatTheirHeaderSaysAreRefused) {
  const Setting s;
  const std::string path = export_shards(s.set, ShardFormat::llm_c, fresh_folder("out").string(), "x")[0].path;
  const std::string whole = read_file(path), root = fresh_folder("back").string();
  const auto refusal = [&](const std::string& bytes, std::optional<ShardFormat> format = std::nullopt) {
    replace_file(path, bytes);
    const Error error = error_of([&] { (void)import_shards({.train = {path}, .format = format, .root = root}, *s.tokenizer); });
    EXPECT_EQ(error.fault(), Fault::bad_data);
    EXPECT_EQ(error.subject(), path);
    return error.problem();
  };
  EXPECT_THAT(refusal(whole.substr(0, whole.size() - 2)),
              AllOf(HasSubstr("its header says " + std::to_string(s.set.train->size())), HasSubstr("bytes")));
  EXPECT_THAT(refusal(whole + "xx"), HasSubstr("its header says"));
  std::string other = whole;
  other[8 + 3] = '\x80';
  EXPECT_THAT(refusal(other), HasSubstr("its header says -"));
  other = whole;
  other[4] = 3;
  EXPECT_THAT(refusal(other), HasSubstr("version 3, expected 1"));
  other = whole;
  other[1024 + 3] = '\x7F';
  EXPECT_THAT(refusal(other), AllOf(HasSubstr("token 1 is"), HasSubstr("outside the tokenizer's vocabulary")));
  other = whole;
  other[0] = 0;
  EXPECT_THAT(refusal(other, ShardFormat::llm_c), HasSubstr("no llm.c shard"));
  EXPECT_THAT(refusal("abc"), HasSubstr("no whole number of 16-bit tokens"));
  EXPECT_TRUE(fs::is_empty(root));
  EXPECT_EQ(error_of([&] { (void)import_shards({.train = {"/nonexistent/a.bin"}, .root = root}, *s.tokenizer); }).fault(),
            Fault::missing_input);
  EXPECT_EQ(error_of([&] { (void)import_shards({.root = root}, *s.tokenizer); }).fault(), Fault::usage);
}

TEST(Shards, DamagedAnyhowAreTokensOrAnError) {
  const Setting s;
  const std::string path = export_shards(s.set, ShardFormat::llm_c, fresh_folder("out").string(), "x")[0].path;
  const std::string whole = read_file(path);
  const Philox random{23, Stream::simulate};
  int refused = 0;
  for (std::uint64_t round = 0; round < 300; ++round) {
    std::string bytes = whole;
    const std::size_t at = random.below(round % 2 == 0 ? 12 : bytes.size(), round, 0);
    bytes[at] = static_cast<char>(random.below(256, round, 1));
    if (round % 3 == 0) bytes.resize(random.below(bytes.size(), round, 2));
    replace_file(path, bytes);
    try {
      const TokenSet set = import_shards({.train = {path}, .root = fresh_folder("back").string()}, *s.tokenizer);
      for (const std::int32_t token : all_of(*set.train)) ASSERT_LT(token, s.tokenizer->vocab_size());
    } catch (const Error& error) {
      ASSERT_EQ(error.fault(), Fault::bad_data) << error.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace isoflop
