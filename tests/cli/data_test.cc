// What `isoflop data` measures and mixes, as a user meets it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.h"

namespace isoflop::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

TEST(DataStats, MeasuresWithJsonTablesAndPictures) {
  const fs::path place = fresh("stats");
  write(place / "text.txt", sentences(120'000));
  const Outcome outcome = program("data stats text.txt --beta 0.28 --figures pictures --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto statistics = outcome.json()["statistics"];
  EXPECT_EQ(statistics["growth"].size(), 12U);
  EXPECT_EQ(statistics["entropy"].size(), 6U);
  EXPECT_EQ(statistics["baselines"][2]["name"], "5-gram");
  EXPECT_NEAR(statistics["efficient"]["low"].get<double>(), 0.44, 1e-9);
  EXPECT_TRUE(statistics["tokens"].is_null());
  for (const char* file : {"growth_words.svg", "growth_characters.svg", "entropy.svg", "correlation.svg"})
    EXPECT_TRUE(fs::exists(place / "pictures" / file)) << file;
  const Outcome table = program("data stats text.txt --beta 0.28");
  EXPECT_THAT(table.out, AllOf(HasSubstr("h (interval)"), HasSubstr("5-gram"), HasSubstr("D^0.44 to D^0.72 at beta = 0.280")));
  const Outcome counts = program("data stats text.txt --counts-only --json");
  EXPECT_TRUE(counts.json()["statistics"].is_null());
  EXPECT_EQ(program("data stats text.txt --orders 1").code, 2);
  EXPECT_THAT(program("data stats nowhere.txt --level 95").err, HasSubstr("`95` is not a number from 0.5 to 0.9999"));
  EXPECT_EQ(program("data stats text.txt --beta 2").code, 2);
}

TEST(DataStats, CountsTokensOfATokenizer) {
  const fs::path place = fresh("tokens");
  write(place / "text.txt", sentences(60'000));
  ASSERT_EQ(program("tok train text.txt --kind char --out tok.json").code, 0);
  const auto json = program("data stats text.txt --tokenizer tok.json --json").json();
  EXPECT_EQ(json["statistics"]["tokens"]["unique_tokens"], json["train"]["characters"]);
  EXPECT_EQ(json["statistics"]["data_exponent"]["over"], "tokens");
}

TEST(DataMix, IsExactAndSaysItsEpochs) {
  const fs::path place = fresh("mix");
  write(place / "a.txt", sentences(50'000));
  write(place / "b.txt", "Few words.\n\n" + sentences(3'000));
  ASSERT_EQ(program("tok train a.txt b.txt --kind char --out tok.json").code, 0);
  const Outcome outcome =
      program("data mix a.txt b.txt --weights a=0.8,b=0.2 --tokens 2e4 --tokenizer tok.json --out mixed --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.json()["taken"], 20'000);
  EXPECT_GT(outcome.json()["sources"][1]["epochs"], 1);
  EXPECT_EQ(program("data stats mixed --split none --counts-only --json").json()["train"]["characters"], 20'000);
  EXPECT_EQ(program("data mix a.txt b.txt --weights a=0.8,b=0.2 --characters 1e4 --out mixed --json").json()["taken"], 10'000)
      << "an earlier mixture is replaced";
  fs::create_directory(place / "mine");
  write(place / "mine" / "notes.txt", "mine");
  EXPECT_EQ(program("data mix a.txt b.txt --weights a=0.8,b=0.2 --characters 1e4 --out mine").code, 2);
  EXPECT_TRUE(fs::exists(place / "mine" / "notes.txt"));
}

TEST(DataMix, SaysWhatIsWrongAndHowToMendIt) {
  const fs::path place = fresh("wrong");
  write(place / "a.txt", sentences(20'000));
  write(place / "b.txt", sentences(3'000) + "another");
  const auto refused = [](const std::string& flags, const std::vector<std::string>& words) {
    const Outcome outcome = program("data mix a.txt b.txt --out out " + flags);
    EXPECT_EQ(outcome.code, 2) << flags;
    for (const std::string& word : words) EXPECT_THAT(outcome.err, HasSubstr(word)) << flags;
  };
  refused("--weights a=0.6,b=0.6 --characters 100", {"sum to 1.2", "--normalise"});
  refused("--weights a=0.6,c=0.4 --characters 100", {"no source `c`"});
  refused("--weights a=1 --characters 1e6", {"more than 4 epochs", "--max-epochs"});
  refused("--weights a=1", {"no budget given"});
  refused("--weights a=1 --tokens 100", {"--tokenizer"});
  refused("--characters 100", {"no weights given"});
  refused("--weights a=1 --characters 0.5", {"whole number"});
  write(place / "broken.jsonl", "{");
  for (const char* flags : {"--weights broken=0.5", "--preset lama", "--weights broken=1 --preset llama", ""})
    EXPECT_EQ(program("data mix broken.jsonl --characters 100 --dry-run " + std::string(flags)).code, 2)
        << "before the text is read";
  const Outcome capped = program("data mix a.txt b.txt --weights a=0.3,b=0.7 --characters 20000 --dry-run");
  EXPECT_EQ(capped.code, 0) << capped.err;
  EXPECT_THAT(capped.out, AllOf(HasSubstr("4 (cap)"), HasSubstr("source_capped")));
  EXPECT_FALSE(fs::exists(place / "out"));
  EXPECT_THAT(program("data mix --list-presets").out, HasSubstr("common_crawl 0.67"));
}

}  // namespace
}  // namespace isoflop::test
