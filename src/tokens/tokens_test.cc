#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/file.h"
#include "tokens/source.h"

namespace isoflop {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

fs::path fresh_folder(const std::string& name) {
  const fs::path path = fs::path(testing::TempDir()) / ("isoflop_tokens_" + name);
  fs::remove_all(path);
  fs::create_directories(path);
  return path;
}

struct Line {
  std::string text;
  bool held_out = false;
  bool ends_document = true;
};

tokens::UnitSource source_of(std::vector<Line> lines, SplitKind split = SplitKind::document) {
  tokens::UnitSource source;
  source.content_id = "test";
  source.split = split;
  for (const Line& line : lines) {
    source.content_id += "|" + line.text;
    source.bytes += static_cast<std::int64_t>(line.text.size());
  }
  source.for_each_unit = [lines](const std::function<void(const Unit&)>& visit, std::stop_token) {
    std::int64_t index = 0;
    for (const Line& line : lines) visit({index++, "test", line.text, line.held_out, line.ends_document});
  };
  return source;
}

std::unique_ptr<Tokenizer> char_tokenizer(const tokens::UnitSource& source, VocabularyFrom from = VocabularyFrom::training_split) {
  return tokens::build_tokenizer(TokenizerKind::char_, from, source, {});
}

std::vector<std::int32_t> ids(const Tokenizer& tokenizer, std::string_view text) {
  std::vector<std::int32_t> out;
  tokenizer.encode(text, out);
  return out;
}

std::vector<std::int32_t> all_of(const TokenSplit& split) {
  std::vector<std::int32_t> out(static_cast<std::size_t>(split.size()));
  split.copy(0, split.size(), out.data());
  return out;
}

Error error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return {Fault::failure, "", ""};
}

// ---- tokenizers ----

TEST(CharTokenizer, NumbersTheTrainingSplitsCharactersInCodePointOrder) {
  const auto tokenizer = char_tokenizer(source_of({{"caあb"}, {"zzz", true}}));
  EXPECT_EQ(tokenizer->vocab_size(), 4 + 256 + 1);
  EXPECT_THAT(ids(*tokenizer, "abcあ"), ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(tokenizer->end_of_text(), 260);
}

TEST(CharTokenizer, SpellsUnseenCharactersInBytesAndReadsThemBack) {
  const auto tokenizer = char_tokenizer(source_of({{"ab"}}));
  const std::string text = "aéb\xF0\x9F\x98\x80";
  const auto tokens = ids(*tokenizer, text);
  EXPECT_THAT(tokens, ElementsAre(0, 2 + 0xC3, 2 + 0xA9, 1, 2 + 0xF0, 2 + 0x9F, 2 + 0x98, 2 + 0x80));
  EXPECT_EQ(tokenizer->decode(tokens), text);
}

TEST(CharTokenizer, GivesBackAnyBytesWhenItHasByteTokens) {
  const auto tokenizer = char_tokenizer(source_of({{"ab\xC3\xA9\xE3\x81\x82"}}));
  std::string bytes;
  for (int lead = 0; lead < 256; ++lead) {
    for (int next : {0x00, 0x61, 0x80, 0xA9, 0xBF, 0xFF}) bytes.append({static_cast<char>(lead), static_cast<char>(next)});
  }
  EXPECT_EQ(tokenizer->decode(ids(*tokenizer, bytes)), bytes);
}

TEST(CharTokenizer, CountsTheBytesEachTokenStandsFor) {
  const auto tokenizer = char_tokenizer(source_of({{"aéあ\xF0\x9F\x98\x80"}}));
  std::vector<std::int64_t> sizes;
  for (std::int32_t token = 0; token < 4; ++token) sizes.push_back(tokenizer->bytes_of(token));
  EXPECT_THAT(sizes, ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(tokenizer->bytes_of(4), 1);
  EXPECT_EQ(tokenizer->bytes_of(*tokenizer->end_of_text()), 0);
}

TEST(CharTokenizer, FromTheWholeCorpusHasNoByteTokensAndNamesAnUnseenCharacter) {
  const auto tokenizer = char_tokenizer(source_of({{"ab"}, {"c", true}}, SplitKind::block), VocabularyFrom::whole_corpus);
  EXPECT_EQ(tokenizer->vocab_size(), 3);
  EXPECT_THAT(ids(*tokenizer, "cab"), ElementsAre(2, 0, 1));
  const Error error = error_of([&] { (void)ids(*tokenizer, "abé"); });
  EXPECT_EQ(error.fault(), Fault::bad_data);
  EXPECT_THAT(error.what(), HasSubstr("`é`"));
}

TEST(CharTokenizer, CountsThreeThousandFiveHundredFiftyFourCharactersInTheSourceExperimentsText) {
  const fs::path path = fs::path(ISOFLOP_SOURCE_DIR) / "../shared/data/corpora/ja/gpt2mini_aozora.txt";
  if (!fs::exists(path)) GTEST_SKIP() << "the source experiment's text is not here";
  const auto source = source_of({{read_file(path)}}, SplitKind::block);
  EXPECT_EQ(char_tokenizer(source, VocabularyFrom::whole_corpus)->vocab_size(), 3'554);
}

TEST(Tokenizers, HaveAnEndOfTextOnlyWhereThereAreDocuments) {
  for (const auto kind : {TokenizerKind::byte, TokenizerKind::char_}) {
    for (const auto split : {SplitKind::document, SplitKind::source}) {
      const auto tokenizer = tokens::build_tokenizer(kind, VocabularyFrom::training_split, source_of({{"ab"}}, split), {});
      EXPECT_EQ(tokenizer->end_of_text(), tokenizer->vocab_size() - 1);
    }
    for (const auto split : {SplitKind::block, SplitKind::none}) {
      const auto tokenizer = tokens::build_tokenizer(kind, VocabularyFrom::training_split, source_of({{"ab"}}, split), {});
      EXPECT_EQ(tokenizer->end_of_text(), std::nullopt);
    }
  }
}

TEST(ByteTokenizer, IsTheBytesThemselves) {
  const auto tokenizer = tokens::build_tokenizer(TokenizerKind::byte, VocabularyFrom::training_split, source_of({{"ab"}}, SplitKind::block), {});
  EXPECT_EQ(tokenizer->vocab_size(), 256);
  EXPECT_THAT(ids(*tokenizer, "a\xFF"), ElementsAre(97, 255));
  EXPECT_EQ(tokenizer->decode(ids(*tokenizer, "a\xFFé")), "a\xFFé");
}

TEST(Tokenizers, RefuseATokenOutsideTheirVocabulary) {
  for (const auto kind : {TokenizerKind::byte, TokenizerKind::char_}) {
    const auto tokenizer = tokens::build_tokenizer(kind, VocabularyFrom::training_split, source_of({{"ab"}}), {});
    for (const std::int32_t token : {-1, static_cast<std::int32_t>(tokenizer->vocab_size())}) {
      EXPECT_THROW((void)tokenizer->decode(std::vector{token}), Error);
      EXPECT_THROW((void)tokenizer->bytes_of(token), Error);
    }
  }
}

TEST(Tokenizers, ComeBackFromTheirFileAsTheyWere) {
  const fs::path folder = fresh_folder("file");
  for (const auto kind : {TokenizerKind::byte, TokenizerKind::char_}) {
    const auto tokenizer = tokens::build_tokenizer(kind, VocabularyFrom::training_split, source_of({{"a\"\\\n\x01éあ"}}), {});
    write_tokenizer(*tokenizer, folder / "tokenizer.json");
    const auto again = read_tokenizer(folder / "tokenizer.json");
    EXPECT_EQ(again->id(), tokenizer->id());
    EXPECT_EQ(again->kind(), to_string(kind));
    EXPECT_EQ(ids(*again, "aéx\n"), ids(*tokenizer, "aéx\n"));
    EXPECT_EQ(tokenizer->id().size(), 16);
  }
}

TEST(Tokenizers, AreRefusedWhenAnyBitOfTheirFileIsFlipped) {
  const std::string text = char_tokenizer(source_of({{"aéあ"}}))->to_json();
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = text;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      EXPECT_THROW((void)tokenizer_from_json(flipped, "tokenizer.json"), Error) << i << ", " << bit;
    }
  }
  for (std::size_t size = 0; size < text.size(); ++size) EXPECT_THROW((void)tokenizer_from_json(text.substr(0, size), "t"), Error) << size;
}

TEST(Tokenizers, DifferInIdWhenAnythingThatMattersDiffers) {
  std::set<std::string> seen;
  for (const auto kind : {TokenizerKind::byte, TokenizerKind::char_}) {
    for (const auto split : {SplitKind::document, SplitKind::block}) {
      seen.insert(tokens::build_tokenizer(kind, VocabularyFrom::training_split, source_of({{"ab"}}, split), {})->id());
    }
  }
  seen.insert(char_tokenizer(source_of({{"abc"}}))->id());
  seen.insert(char_tokenizer(source_of({{"ab"}}), VocabularyFrom::whole_corpus)->id());
  EXPECT_EQ(seen.size(), 6);
}

TEST(Tokenizers, AnUnknownKindIsRefusedWithTheNearest) {
  const Error error = error_of([] { (void)tokenizer_kind_from("chr"); });
  EXPECT_EQ(error.fault(), Fault::usage);
  EXPECT_THAT(error.hint(), HasSubstr("`char`"));
}

// ---- token files ----

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
          tokens::encode(source, *tokenizer, {.root = fresh_folder("shards").string(), .threads = threads, .shard_tokens = shard_tokens}, {}, {});
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
    const auto tokenizer = tokens::build_tokenizer(kind, VocabularyFrom::whole_corpus, source, {});
    const TokenSet set = tokens::encode(source, *tokenizer, {fresh_folder("width").string()}, {}, {});
    std::vector<std::int32_t> expected;
    source.for_each_unit([&](const Unit& unit) { tokenizer->encode(unit.text, expected); }, {});
    EXPECT_EQ(all_of(*set.train), expected);
    return static_cast<double>(fs::file_size(fs::path(set.folder) / "train-00000.tok") - 64) / static_cast<double>(set.train->size());
  };
  EXPECT_EQ(size_of(source_of({{"\x01\x7F"}}, SplitKind::block), TokenizerKind::byte), 1);
  std::string many;  // 70,000 characters, more than 16 bits number
  for (std::uint32_t value = 0x10000; value < 0x10000 + 70'000; ++value) {
    for (const std::uint32_t byte : {0xF0 | (value >> 18), 0x80 | ((value >> 12) & 63), 0x80 | ((value >> 6) & 63), 0x80 | (value & 63)}) {
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
  EXPECT_EQ(error_of([&] { (void)tokens::encode(source, *tokenizer, {root.string()}, stop.get_token(), {}); }).fault(), Fault::stopped);
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

TEST(TokenFiles, EveryFlippedBitAndEveryTruncationIsNamed) {
  const fs::path root = fresh_folder("flips");
  const auto source = source_of(kLines);
  const auto tokenizer = char_tokenizer(source);
  const std::string folder = tokens::encode(source, *tokenizer, {.root = root.string(), .shard_tokens = 20}, {}, {}).folder;
  int files = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    ++files;
    const fs::path path = entry.path();
    const std::string whole = read_file(path);
    const auto write = [&](const std::string& bytes) {
      fs::remove(path);  // a new file: cutting one short and filling it again waits for the disk on some file systems
      std::ofstream(path, std::ios::binary) << bytes;
    };
    const auto refused = [&](const std::string& what) {
      const Error error = error_of([&] { (void)open_tokens(folder); });
      EXPECT_EQ(error.fault(), Fault::bad_data) << path << what;
      EXPECT_EQ(error.subject(), path.string()) << what;
      EXPECT_THAT(error.hint(), HasSubstr("delete the folder")) << path << what;
    };
    for (std::size_t i = 0; i < whole.size(); ++i) {
      std::string flipped = whole;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << (i % 8)));
      write(flipped);
      refused(" flipped at " + std::to_string(i));
    }
    for (std::size_t size = 0; size < whole.size(); size += 1 + size / 8) {
      write(whole.substr(0, size));
      refused(" cut to " + std::to_string(size));
    }
    write(whole + '\0');
    refused(" longer");
    fs::remove(path);
    refused(" missing");
    write(whole);
  }
  EXPECT_EQ(files, 1 + 2 + 2 + 1);  // manifest, units, two training shards, one held out
  EXPECT_NO_THROW((void)open_tokens(folder));
}

TEST(TokenFiles, AFolderThatIsNotThereIsMissingInput) {
  EXPECT_EQ(error_of([] { (void)open_tokens("/nonexistent/tokens"); }).fault(), Fault::missing_input);
}

// ---- batches ----

std::shared_ptr<const TokenSplit> counting(std::int64_t tokens) {
  std::vector<std::int32_t> values(static_cast<std::size_t>(tokens));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int32_t>(i);
  return token_split_in_memory(std::move(values));
}

struct Drawn {
  std::vector<std::int32_t> inputs, targets;
};
Drawn draw(const BatchSource& batches, const BatchOptions& options, std::int64_t update) {
  const auto size = static_cast<std::size_t>(options.sequences * options.block_size);
  Drawn drawn{std::vector<std::int32_t>(size), std::vector<std::int32_t>(size)};
  batches.batch(update, drawn.inputs, drawn.targets);
  return drawn;
}

class EveryOrder : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Batches, EveryOrder, testing::Bool(), [](const auto& order) { return order.param ? "random_windows" : "epochs"; });

TEST_P(EveryOrder, TargetsAreTheNextTokens) {
  const BatchOptions options{.seed = 3, .sequences = 4, .block_size = 8, .random_windows = GetParam()};
  const auto batches = make_batches(counting(100), options);
  for (std::int64_t update = 0; update < 20; ++update) {
    const Drawn drawn = draw(*batches, options, update);
    for (std::size_t i = 0; i < drawn.inputs.size(); ++i) {
      EXPECT_EQ(drawn.targets[i], drawn.inputs[i] + 1);
      if (i % 8 > 0) {
        EXPECT_EQ(drawn.inputs[i], drawn.inputs[i - 1] + 1);
      }
    }
  }
}

TEST_P(EveryOrder, ABatchDoesNotDependOnWhatWasDrawnBefore) {
  const BatchOptions options{.seed = 3, .sequences = 4, .block_size = 8, .random_windows = GetParam()};
  const auto batches = make_batches(counting(100), options);
  for (std::int64_t update = 0; update < 50; ++update) (void)draw(*batches, options, update);
  const auto fresh = make_batches(counting(100), options);
  for (const std::int64_t update : {37, 2, 49}) EXPECT_EQ(draw(*batches, options, update).inputs, draw(*fresh, options, update).inputs);
}

TEST_P(EveryOrder, TwoHalfBatchesAreTheWholeBatch) {
  const BatchOptions whole{.seed = 3, .sequences = 4, .block_size = 8, .random_windows = GetParam()};
  BatchOptions half = whole;
  half.sequences = 2;
  const auto a = make_batches(counting(100), whole), b = make_batches(counting(100), half);
  auto joined = draw(*b, half, 6).inputs;
  const auto second = draw(*b, half, 7).inputs;
  joined.insert(joined.end(), second.begin(), second.end());
  EXPECT_EQ(draw(*a, whole, 3).inputs, joined);
}

TEST_P(EveryOrder, AnotherSeedGivesAnotherOrder) {
  BatchOptions options{.seed = 3, .sequences = 16, .block_size = 8, .random_windows = GetParam()};
  const auto one = draw(*make_batches(counting(1000), options), options, 0).inputs;
  options.seed = 4;
  EXPECT_NE(draw(*make_batches(counting(1000), options), options, 0).inputs, one);
}

TEST_P(EveryOrder, CountsTheDistinctTokensItTrainedOn) {
  for (const std::int64_t tokens : {9, 10, 16, 17, 100, 1000, 1003}) {
    for (const std::uint64_t seed : {5, 6, 7}) {  // whose first epochs start early, late and between
      const BatchOptions options{.seed = seed, .sequences = 3, .block_size = 8, .random_windows = GetParam()};
      const auto batches = make_batches(counting(tokens), options);
      std::set<std::int32_t> seen;
      EXPECT_EQ(batches->distinct_tokens(0), 0);
      for (std::int64_t update = 0; update < 150; ++update) {
        for (const std::int32_t target : draw(*batches, options, update).targets) seen.insert(target);
        EXPECT_EQ(batches->distinct_tokens(update + 1), static_cast<std::int64_t>(seen.size())) << tokens << " tokens, seed " << seed << ", update " << update;
      }
    }
  }
}

TEST_P(EveryOrder, StaysInsideItsSubset) {
  const BatchOptions options{.seed = 5, .sequences = 3, .block_size = 8, .random_windows = GetParam(), .subset_tokens = 40};
  const auto batches = make_batches(counting(1000), options);
  for (std::int64_t update = 0; update < 100; ++update) EXPECT_LT(std::ranges::max(draw(*batches, options, update).targets), 40);
  EXPECT_EQ(batches->windows_per_epoch(), 4);
}

TEST_P(EveryOrder, ATextShorterThanOneWindowAndItsTargetIsRefused) {
  const BatchOptions options{.sequences = 1, .block_size = 8, .random_windows = GetParam()};
  const Error error = error_of([&] { (void)make_batches(counting(8), options); });
  EXPECT_EQ(error.fault(), Fault::bad_data);
  EXPECT_THAT(error.what(), HasSubstr("8 tokens, shorter than one window of 8"));
  EXPECT_NO_THROW((void)draw(*make_batches(counting(9), options), options, 0));
  BatchOptions subset = options;
  subset.subset_tokens = 1001;
  EXPECT_THROW((void)make_batches(counting(1000), subset), Error);
}

TEST(Epochs, VisitEveryWindowOnceBeforeAnyComesAgain) {
  const BatchOptions options{.seed = 9, .sequences = 1, .block_size = 8};
  const auto batches = make_batches(counting(1003), options);
  const std::int64_t windows = batches->windows_per_epoch();
  ASSERT_EQ(windows, 1002 / 8);
  std::set<std::int32_t> offsets;
  for (std::int64_t epoch = 0; epoch < 20; ++epoch) {
    std::set<std::int32_t> starts;
    for (std::int64_t k = 0; k < windows; ++k) starts.insert(draw(*batches, options, epoch * windows + k).inputs[0]);
    ASSERT_EQ(static_cast<std::int64_t>(starts.size()), windows);
    EXPECT_EQ(*starts.rbegin() - *starts.begin(), (windows - 1) * 8);  // non-overlapping
    offsets.insert(*starts.begin());
  }
  EXPECT_THAT(offsets, testing::ElementsAre(0, 1, 2));  // all the shifts there is room for: 1002 - 125 * 8
}

TEST(Epochs, AreVisitedInAnotherOrderEachTime) {
  const BatchOptions options{.seed = 9, .sequences = 125, .block_size = 8};
  const auto batches = make_batches(counting(1001), options);
  EXPECT_NE(draw(*batches, options, 0).inputs, draw(*batches, options, 1).inputs);
}

TEST(RandomWindows, StartAnywhereAWindowAndItsTargetFit) {
  const BatchOptions options{.seed = 1, .sequences = 500, .block_size = 8, .random_windows = true};
  const auto batches = make_batches(counting(20), options);
  std::set<std::int32_t> starts;
  const Drawn drawn = draw(*batches, options, 0);
  for (std::size_t i = 0; i < drawn.inputs.size(); i += 8) starts.insert(drawn.inputs[i]);
  EXPECT_EQ(starts.size(), 12);  // torch.randint(20 - 8)
  EXPECT_EQ(*starts.begin(), 0);
  EXPECT_EQ(*starts.rbegin(), 11);
}

TEST(RandomWindows, TouchAboutSixtyThreePerCentInOneCorpusLength) {
  const BatchOptions options{.seed = 1, .sequences = 1, .block_size = 16, .random_windows = true};
  const auto batches = make_batches(counting(200'001), options);
  const double share = static_cast<double>(batches->distinct_tokens(200'000 / 16)) / 200'000;
  EXPECT_NEAR(share, 1 - std::exp(-1.0), 0.01);
}

}  // namespace
}  // namespace isoflop
