#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "base/file.h"
#include "tokens/fixture.h"

namespace isoflop {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

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
      const auto tokenizer = tokens::build_tokenizer({kind, VocabularyFrom::training_split}, source_of({{"ab"}}, split), {});
      EXPECT_EQ(tokenizer->end_of_text(), tokenizer->vocab_size() - 1);
    }
    for (const auto split : {SplitKind::block, SplitKind::none}) {
      const auto tokenizer = tokens::build_tokenizer({kind, VocabularyFrom::training_split}, source_of({{"ab"}}, split), {});
      EXPECT_EQ(tokenizer->end_of_text(), std::nullopt);
    }
  }
}

TEST(ByteTokenizer, IsTheBytesThemselves) {
  const auto tokenizer =
      tokens::build_tokenizer({TokenizerKind::byte, VocabularyFrom::training_split}, source_of({{"ab"}}, SplitKind::block), {});
  EXPECT_EQ(tokenizer->vocab_size(), 256);
  EXPECT_THAT(ids(*tokenizer, "a\xFF"), ElementsAre(97, 255));
  EXPECT_EQ(tokenizer->decode(ids(*tokenizer, "a\xFFé")), "a\xFFé");
}

TEST(Tokenizers, RefuseATokenOutsideTheirVocabulary) {
  for (const auto kind : {TokenizerKind::byte, TokenizerKind::char_}) {
    const auto tokenizer = tokens::build_tokenizer({kind, VocabularyFrom::training_split}, source_of({{"ab"}}), {});
    for (const std::int32_t token : {-1, static_cast<std::int32_t>(tokenizer->vocab_size())}) {
      EXPECT_THROW((void)tokenizer->decode(std::vector{token}), Error);
      EXPECT_THROW((void)tokenizer->bytes_of(token), Error);
    }
  }
}

TEST(Tokenizers, ComeBackFromTheirFileAsTheyWere) {
  const fs::path folder = fresh_folder("file");
  for (const auto kind : {TokenizerKind::byte, TokenizerKind::char_}) {
    const auto tokenizer = tokens::build_tokenizer({kind, VocabularyFrom::training_split}, source_of({{"a\"\\\n\x01éあ"}}), {});
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
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_THROW((void)tokenizer_from_json(text.substr(0, size), "t"), Error) << size;
}

TEST(Tokenizers, AreToldFromAFileThatNeverWasOne) {
  const auto problem_of = [](const std::string& text) {
    return error_of([&] { (void)tokenizer_from_json(text, "t"); }).problem();
  };
  const std::string text = char_tokenizer(source_of({{"ab"}}))->to_json();
  EXPECT_THAT(problem_of("It was the best of times"), HasSubstr("is not a tokenizer"));
  EXPECT_THAT(problem_of("{\"a\": 1}"), HasSubstr("is not a tokenizer"));
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, text.size() / 2})
    EXPECT_THAT(problem_of(text.substr(0, size)), HasSubstr("truncated")) << size;
}

TEST(Tokenizers, DifferInIdWhenAnythingThatMattersDiffers) {
  std::set<std::string> seen;
  for (const auto kind : {TokenizerKind::byte, TokenizerKind::char_}) {
    for (const auto split : {SplitKind::document, SplitKind::block}) {
      seen.insert(tokens::build_tokenizer({kind, VocabularyFrom::training_split}, source_of({{"ab"}}, split), {})->id());
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

}  // namespace
}  // namespace isoflop
