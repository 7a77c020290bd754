// isoflop data clean, as a user meets it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.h"

namespace isoflop::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TEST(DataClean, WritesAFolderThatOtherCommandsRead) {
  const fs::path place = fresh("clean");
  fs::create_directories(place / "in");
  write(place / "in/a.html", "<p>" + sentences(20'000) + "</p>");
  write(place / "in/b.txt", "caf\xE9 " + sentences(20'000));
  const Outcome cleaned = program("data clean in --out out/clean --filters off --json");
  ASSERT_EQ(cleaned.code, 0) << cleaned.err;
  const auto json = cleaned.json();
  EXPECT_EQ(json["schema_version"], 1);
  EXPECT_EQ(json["kept_documents"], 2);
  EXPECT_EQ(json["files"][1]["encoding_from"], "detected");
  EXPECT_TRUE(json["timing"].contains("seconds"));
  const Outcome stats = program("data stats out/clean --split block --json");
  ASSERT_EQ(stats.code, 0) << stats.err;
  EXPECT_EQ(stats.json()["sources"].size(), 2U);
}

TEST(DataClean, SaysForPeopleWhatWasRemoved) {
  const fs::path place = fresh("removed");
  write(place / "a.jsonl",
        "{\"id\": \"tiny\", \"text\": \"too short\"}\n{\"id\": \"whole\", \"text\": \"the cat and the dog ran to the house with "
        "a ball\"}\n");
  const Outcome outcome = program("data clean a.jsonl --out clean --min-words 5 --max-duplicate_5gram none");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("min_words"));
  EXPECT_THAT(outcome.out, HasSubstr("tiny"));
  EXPECT_THAT(outcome.out, HasSubstr("1 of 2 documents kept"));
}

TEST(DataClean, WrongWordsAre2AndBadDataIs65) {
  const fs::path place = fresh("wrong");
  write(place / "a.jsonl", "{\"text\": \"a\"}\n{\"text\": \n");
  for (const char* flags : {"--min-words x", "--unicode nfx", "--format htlm", "--encoding utf-99", "--filters maybe",
                            "--threads 0", "--language english"}) {
    EXPECT_EQ(program(std::string("data clean a.jsonl --out clean ") + flags).code, 2) << flags;
  }
  const Outcome bad = program("data clean a.jsonl --out clean");
  EXPECT_EQ(bad.code, 65);
  EXPECT_THAT(bad.err, HasSubstr("a.jsonl:2"));
  EXPECT_FALSE(fs::exists(place / "clean"));
  EXPECT_EQ(program("data clean a.jsonl --out clean --skip-bad --filters off").code, 0);
  EXPECT_EQ(program("data clean nowhere --out clean").code, 66);
  EXPECT_EQ(program("data clean a.jsonl --out a.jsonl --skip-bad").code, 2) << "it would bury what it reads";
  write(place / "file", "in the way");
  EXPECT_EQ(program("data clean a.jsonl --out file --skip-bad").code, 2);
  EXPECT_THAT(program("data clean a.jsonl --out new --min-words 500 --max-words 100").err,
              HasSubstr("--min-words: 500 is above max_words 100"));
  EXPECT_EQ(program("data clean a.jsonl --out new --skip-bad --removed a.jsonl").code, 2);
  EXPECT_THAT(read(place / "a.jsonl"), HasSubstr("\"a\""));
}

}  // namespace
}  // namespace isoflop::test
