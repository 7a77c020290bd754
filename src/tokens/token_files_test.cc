#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "tokens/fixture.h"

namespace isoflop {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const std::vector<Line> kLines = {{"one two"}, {"held out"}, {"three"}, {"あいう", true}, {"four", false, false}};

TEST(TokenFiles, HoldEachSidesUnitsInReadingOrderWithEndOfTextAfterDocuments) {
  const auto source = source_of(kLines);
  const auto tokenizer = char_tokenizer(source);
  const TokenSet set = tokens::encode(source, *tokenizer, {fresh_folder("order").string()}, {}, {});
  std::vector<std::int32_t> expected;
  for (const char* text : {"one two", "held out", "three"}) {
    tokenizer->encode(text, expected);
    expected.push_back(*tokenizer->end_of_text());
  }
  tokenizer->encode("four", expected);
  EXPECT_EQ(all_of(*set.train), expected);
  EXPECT_EQ(tokenizer->decode(all_of(*set.held_out)), "あいう");
  EXPECT_EQ(set.train_bytes, 7 + 8 + 5 + 4);
  EXPECT_EQ(set.tokenizer_id, tokenizer->id());
  EXPECT_EQ(fs::path(set.folder).filename(), set.id);

  ASSERT_EQ(set.train->units().size(), 4);
  const TokenUnit& third = set.train->units()[2];
  EXPECT_EQ(third.first, 8 + 9);
  EXPECT_EQ(third.tokens, 6);
  EXPECT_EQ(third.bytes, 5);
  ASSERT_EQ(set.held_out->units().size(), 1);
  EXPECT_EQ(set.held_out->units()[0].bytes, 9);
}

TEST(TokenFiles, AreTheSameForAnyShardSizeAndAnyNumberOfThreads) {
  const auto source = source_of(kLines);
  const auto tokenizer = char_tokenizer(source);
  const TokenSet whole = tokens::encode(source, *tokenizer, {fresh_folder("whole").string()}, {}, {});
  for (const std::int64_t shard_tokens : {1, 3, 8, 1000}) {
    for (const std::int64_t threads : {1, 3}) {
      const TokenSet set =
          tokens::encode(source, *tokenizer,
                         {.root = fresh_folder("shards").string(), .threads = threads, .shard_tokens = shard_tokens}, {}, {});
      EXPECT_EQ(set.id, whole.id);
      EXPECT_EQ(all_of(*set.train), all_of(*whole.train));
      std::vector<std::int32_t> middle(7);  // an end of text in it
      set.train->copy(2, 7, middle.data());
      EXPECT_EQ(tokenizer->decode(middle), "e twoh");
    }
  }
}

TEST(TokenFiles, TakeTheNarrowestWidthThatHoldsTheVocabulary) {
  const auto size_of = [](const tokens::UnitSource& source, TokenizerKind kind) {
    const auto tokenizer = tokens::build_tokenizer({kind, VocabularyFrom::whole_corpus}, source, {});
    const TokenSet set = tokens::encode(source, *tokenizer, {fresh_folder("width").string()}, {}, {});
    std::vector<std::int32_t> expected;
    source.for_each_unit([&](const Unit& unit) { tokenizer->encode(unit.text, expected); }, {});
    EXPECT_EQ(all_of(*set.train), expected);
    return static_cast<double>(fs::file_size(fs::path(set.folder) / "train-00000.tok") - 64) /
           static_cast<double>(set.train->size());
  };
  EXPECT_EQ(size_of(source_of({{"\x01\x7F"}}, SplitKind::block), TokenizerKind::byte), 1);
  std::string many;  // 70,000 characters, more than 16 bits number
  for (std::uint32_t value = 0x10000; value < 0x10000 + 70'000; ++value) {
    for (const std::uint32_t byte :
         {0xF0 | (value >> 18), 0x80 | ((value >> 12) & 63), 0x80 | ((value >> 6) & 63), 0x80 | (value & 63)}) {
      many.push_back(static_cast<char>(byte));
    }
  }
  EXPECT_EQ(size_of(source_of({{many.substr(0, 4000)}}, SplitKind::block), TokenizerKind::char_), 2);
  EXPECT_EQ(size_of(source_of({{many}}, SplitKind::block), TokenizerKind::char_), 4);
}

TEST(TokenFiles, AreNotMadeAgainWhenTheyAreThere) {
  const fs::path root = fresh_folder("again");
  auto source = source_of(kLines);
  const auto tokenizer = char_tokenizer(source);
  const TokenSet first = tokens::encode(source, *tokenizer, {root.string()}, {}, {});
  source.for_each_unit = [](const auto&, std::stop_token) { FAIL() << "read again"; };
  EXPECT_EQ(all_of(*tokens::encode(source, *tokenizer, {root.string()}, {}, {}).train), all_of(*first.train));
}

TEST(TokenFiles, LeaveNothingBehindWhenReadingFailsOrIsStopped) {
  const fs::path root = fresh_folder("failing");
  auto source = source_of(kLines);
  const auto tokenizer = char_tokenizer(source);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(error_of([&] { (void)tokens::encode(source, *tokenizer, {root.string()}, stop.get_token(), {}); }).fault(),
            Fault::stopped);
  const auto inner = source.for_each_unit;
  source.for_each_unit = [inner](const auto& visit, std::stop_token token) {
    inner(visit, token);
    throw Error(Fault::io, "text", "gone");
  };
  EXPECT_EQ(error_of([&] { (void)tokens::encode(source, *tokenizer, {root.string()}, {}, {}); }).fault(), Fault::io);
  EXPECT_TRUE(fs::is_empty(root));
}

TEST(TokenFiles, AbandonedTemporaryFoldersOfDeadProcessesAreCleared) {
  const fs::path root = fresh_folder("abandoned");
  const auto source = source_of(kLines);
  const auto tokenizer = char_tokenizer(source);
  const std::string id = tokens::encode(source, *tokenizer, {root.string()}, {}, {}).id;
  fs::remove_all(root / id);
  fs::create_directories(root / (id + ".tmp-2147483646"));  // beyond the largest process id
  (void)tokens::encode(source, *tokenizer, {root.string()}, {}, {});
  EXPECT_EQ(std::distance(fs::directory_iterator(root), {}), 1);
}

TEST(TokenFiles, AFolderOfTokenFoldersAndOneOfOtherFilesAreNotToBeDeleted) {
  const fs::path root = fresh_folder("others");
  const auto source = source_of(kLines);
  const auto tokenizer = char_tokenizer(source);
  const std::string folder = tokens::encode(source, *tokenizer, {root.string()}, {}, {}).folder;
  const Error of_root = error_of([&] { (void)open_tokens(root.string()); });
  EXPECT_EQ(of_root.fault(), Fault::bad_data);
  EXPECT_THAT(of_root.hint(), HasSubstr(folder));
  fs::create_directories(root / "mine");
  write_output(root / "mine" / "letters.txt", "dear");
  const Error of_mine = error_of([&] { (void)open_tokens((root / "mine").string()); });
  EXPECT_THAT(of_mine.hint(), HasSubstr("tok encode"));
  fs::remove(fs::path(folder) / "tokens.json");
  EXPECT_THAT(error_of([&] { (void)open_tokens(folder); }).hint(), HasSubstr("delete the folder"));
}

TEST(TokenFiles, EveryFlippedBitAndEveryTruncationIsNamed) {
  const fs::path root = fresh_folder("flips");
  const auto source = source_of(kLines);
  const auto tokenizer = char_tokenizer(source);
  const std::string folder = tokens::encode(source, *tokenizer, {.root = root.string(), .shard_tokens = 20}, {}, {}).folder;
  int files = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    ++files;
    const fs::path& path = entry.path();
    const std::string whole = read_file(path);
    const auto refused = [&](const std::string& what) {
      const Error error = error_of([&] { (void)open_tokens(folder); });
      EXPECT_EQ(error.fault(), Fault::bad_data) << path << what;
      EXPECT_EQ(error.subject(), path.string()) << what;
      EXPECT_THAT(error.hint(), HasSubstr("delete the folder")) << path << what;
    };
    for (std::size_t i = 0; i < whole.size(); ++i) {
      std::string flipped = whole;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << (i % 8)));
      replace_file(path, flipped);
      refused(" flipped at " + std::to_string(i));
    }
    for (std::size_t size = 0; size < whole.size(); size += 1 + size / 8) {
      replace_file(path, whole.substr(0, size));
      refused(" cut to " + std::to_string(size));
    }
    replace_file(path, whole + '\0');
    refused(" longer");
    fs::remove(path);
    refused(" missing");
    replace_file(path, whole);
  }
  EXPECT_EQ(files, 1 + 2 + 2 + 1);  // manifest, units, two training shards, one held out
  EXPECT_NO_THROW((void)open_tokens(folder));
}

TEST(TokenFiles, AFolderThatIsNotThereIsMissingInput) {
  EXPECT_EQ(error_of([] { (void)open_tokens("/nonexistent/tokens"); }).fault(), Fault::missing_input);
}

}  // namespace
}  // namespace isoflop
