// Mixtures hold what was asked for, exactly, and say what could not be had.
#include "isoflop/mix.h"

#include <map>
#include <set>

#include "base/file.h"
#include "base/json.h"
#include "base/random.h"
#include "base/sealed_json.h"
#include "corpus/mix_plan.h"
#include "corpus/testing.h"
#include "base/utf8.h"

namespace isoflop::corpus {
namespace {

using testing::HasSubstr;

struct Line {
  std::string source, text;
};

class Mix : public InAFolder {
 protected:
  void SetUp() override {
    InAFolder::SetUp();
    put_source("a", 40, 30, "alpha");
    put_source("b", 25, 50, "beta");
    put_source("c", 8, 20, "\xE6\x97\xA5\xE6\x9C\xAC");
  }

  // documents of about `length` characters, no two alike
  void put_source(const std::string& name, int documents, int length, const std::string& word) const {
    std::string lines;
    for (int i = 0; i < documents; ++i) {
      std::string text = name + std::to_string(i);
      while (count_characters(text) < length + i % 7) text += " " + word;
      lines += Json{{"text", text}, {"source", name}}.dump() + "\n";
    }
    put("in/" + name + ".jsonl", lines);
  }

  [[nodiscard]] Corpus open() const { return Corpus::open({.inputs = {(folder_ / "in").string()}, .split = SplitKind::none}); }
  [[nodiscard]] static MixOptions options(std::vector<std::pair<std::string, double>> weights, std::int64_t budget) {
    MixOptions options;
    options.weights = std::move(weights);
    options.budget = budget;
    return options;
  }
  [[nodiscard]] MixReport write(const MixOptions& options, const std::string& name = "out") const {
    return write_mixture(open(), options, (folder_ / name).string());
  }
  [[nodiscard]] std::vector<Line> lines(const std::string& name = "out") const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder_ / name))
      if (entry.path().extension() == ".jsonl") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    std::vector<Line> all;
    for (const fs::path& file : files) {
      std::istringstream text(read_file(file));
      for (std::string line; std::getline(text, line);) {
        const Json json = parse_json(line, file.string());
        all.push_back({json["source"], json["text"]});
      }
    }
    return all;
  }
  [[nodiscard]] std::map<std::string, std::int64_t> characters(const std::string& name = "out") const {
    std::map<std::string, std::int64_t> sum;
    for (const Line& line : lines(name)) sum[line.source] += count_characters(line.text);
    return sum;
  }
  void expect_usage(const MixOptions& options, const std::vector<std::string>& parts) const {
    try {
      (void)plan_mixture(open(), options);
      FAIL() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.fault(), Fault::usage);
      for (const std::string& part : parts) EXPECT_THAT(std::string(error.what()) + " | " + error.hint(), HasSubstr(part));
    }
  }
};

TEST_F(Mix, HoldsEachSourcesShareOfTheBudgetToTheCharacter) {
  const MixReport report = write(options({{"a", 0.6}, {"b", 0.3}, {"c", 0.1}}, 1000));
  EXPECT_EQ(report.taken, 1000);
  EXPECT_EQ(characters(), (std::map<std::string, std::int64_t>{{"a", 600}, {"b", 300}, {"c", 100}}));
  ASSERT_EQ(report.sources.size(), 3U);
  EXPECT_DOUBLE_EQ(report.sources[0].share, 0.6);
  EXPECT_TRUE(report.warnings.empty());
  const Json manifest = parse_json(unseal_json(read_file(folder_ / "out" / "mix.json"), "mix.json"), "mix.json");
  EXPECT_EQ(manifest["taken"], 1000);
  EXPECT_EQ(manifest["files"][0]["sha256"], report.files[0].sha256);
}

TEST_F(Mix, WholeEpochsHoldEveryDocumentAndTheBrokenOneCutsOneOfThem) {
  const std::int64_t size = plan_mixture(open(), options({{"c", 1}}, 10)).sources[0].size;
  const MixReport report = write(options({{"c", 1}}, 2 * size + 57));
  std::map<std::string, int> times;
  int cut = 0;
  std::set<std::string> whole;
  for (const SeenUnit& unit : units_of(open())) whole.insert(unit.text);
  for (const Line& line : lines()) {
    cut += whole.contains(line.text) ? 0 : 1;
    ++times[line.text];
  }
  EXPECT_LE(cut, 1);
  for (const std::string& text : whole)
    if (text.starts_with("c")) {
      EXPECT_GE(times[text], 2) << text;
    }
  EXPECT_NEAR(report.sources[0].epochs, 2 + 57.0 / static_cast<double>(size), 1e-12);
  EXPECT_EQ(report.sources[0].written, static_cast<std::int64_t>(lines().size()));
}

TEST_F(Mix, ASourceSmallerThanItsShareStopsAtTheCapAndTheOthersTakeTheRestByWeight) {
  MixOptions capped = options({{"a", 0.2}, {"b", 0.3}, {"c", 0.5}}, 1500);
  capped.max_epochs = 2;
  const MixReport report = write(capped);
  const MixSource &a = report.sources[0], &b = report.sources[1], &c = report.sources[2];
  EXPECT_TRUE(c.capped);
  EXPECT_EQ(c.taken, 2 * c.size);
  EXPECT_DOUBLE_EQ(c.epochs, 2);
  EXPECT_EQ(a.taken + b.taken + c.taken, 1500);
  EXPECT_NEAR(static_cast<double>(a.taken) / static_cast<double>(b.taken), 2.0 / 3, 2e-3);
  ASSERT_EQ(report.warnings.size(), 1U);
  EXPECT_THAT(report.warnings[0].text, testing::AllOf(HasSubstr("source `c`"), HasSubstr("epochs, the cap of 2")));
}

TEST_F(Mix, ABudgetThatTheCapCannotFillIsRefusedWithTheMost) {
  expect_usage(options({{"c", 1}}, 1'000'000),
               {"--characters 1000000", "more than 4 epochs of the weighted sources", "give --characters "});
}

TEST_F(Mix, WeightsThatDoNotSumAreRefusedOrScaled) {
  expect_usage(options({{"a", 0.6}, {"b", 0.6}}, 100), {"--weights", "sum to 1.2, expected 1", "--normalise"});
  MixOptions scaled = options({{"a", 0.6}, {"b", 0.6}}, 100);
  scaled.normalise = true;
  const MixReport report = plan_mixture(open(), scaled);
  EXPECT_EQ(report.sources[0].taken, 50);
  expect_usage(options({{"a", 0}}, 100), {"every weight is 0"});
  expect_usage(options({{"a", -0.5}, {"b", 1.5}}, 100), {"`a` is -0.5"});
  expect_usage(options({{"a", 0.5}, {"a", 0.5}}, 100), {"given twice"});
  expect_usage(options({{"aa", 1}}, 100), {"no source `aa`", "did you mean a?"});
  expect_usage(options({}, 100), {"no weights given", "names the sources"});
}

TEST_F(Mix, ASourceIsKnownByItsFilesStem) {
  put("in/novel.txt", "Some text of a novel that goes on and on and on.\n");
  const MixReport report = plan_mixture(open(), options({{"novel", 1}}, 20));
  EXPECT_EQ(report.sources[0].name, "novel.txt");
}

TEST_F(Mix, TemperatureGoesFromAllAlikeToNaturalProportions) {
  MixOptions options;
  options.budget = 600;
  options.temperature = 0;
  for (const MixSource& source : plan_mixture(open(), options).sources) EXPECT_EQ(source.taken, 200);
  options.temperature = 1;
  const MixReport natural = plan_mixture(open(), options);
  double total = 0;
  for (const MixSource& source : natural.sources) total += static_cast<double>(source.size);
  for (const MixSource& source : natural.sources)
    EXPECT_NEAR(static_cast<double>(source.taken), 600 * static_cast<double>(source.size) / total, 1);
  options.weights = {{"a", 1}};
  expect_usage(options, {"several ways"});
}

TEST_F(Mix, APresetsDomainsAreSourcesByNameOrByChoice) {
  MixOptions options;
  options.budget = 400;
  options.preset = "llama";
  expect_usage(options, {"no source is one of its domains", "common_crawl"});
  options.as = {{"a", "common_crawl"}, {"b", "books"}};
  const MixReport report = plan_mixture(open(), options);
  ASSERT_EQ(report.sources.size(), 2U);
  EXPECT_NEAR(report.sources[0].weight, 0.67 / 0.715, 1e-12);
  ASSERT_FALSE(report.warnings.empty());
  EXPECT_THAT(report.warnings[0].text, testing::AllOf(HasSubstr("wikipedia"), HasSubstr("scaled up to 1")));
  options.as = {{"a", "common_crwl"}};
  expect_usage(options, {"has no domain `common_crwl`"});
  options.preset = "lama";
  expect_usage(options, {"did you mean llama?"});
  for (const MixturePreset& preset : mixture_presets()) {
    double sum = 0;
    for (const auto& [domain, weight] : preset.weights) sum += weight;
    EXPECT_NEAR(sum, 1, 1e-12) << preset.name;
  }
}

TEST_F(Mix, TheSameSeedGivesTheSameBytesAndAnotherSeedOthers) {
  MixOptions mix = options({{"a", 0.5}, {"b", 0.5}}, 900);
  mix.part_bytes = 200;  // several parts
  const MixReport first = write(mix, "one"), again = write(mix, "two");
  ASSERT_GT(first.files.size(), 2U);
  for (std::size_t i = 0; i < first.files.size(); ++i) EXPECT_EQ(first.files[i].sha256, again.files[i].sha256);
  mix.seed = 1;
  const MixReport other = write(mix, "three");
  EXPECT_NE(other.files[0].sha256, first.files[0].sha256);
  EXPECT_EQ(characters("three"), characters("one"));

  // sources lie mixed, not one behind the other
  const auto all = lines("one");
  std::size_t changes = 0;
  for (std::size_t i = 1; i < all.size(); ++i) changes += all[i].source != all[i - 1].source ? 1 : 0;
  EXPECT_GT(changes, all.size() / 4);
}

TEST_F(Mix, ABudgetInBytesIsKeptToLessThanACharacter) {
  MixOptions mix = options({{"c", 1}}, 100);
  mix.unit = {"bytes", [](std::string_view text) { return static_cast<std::int64_t>(text.size()); }, 1};
  const MixReport report = write(mix);
  std::int64_t bytes = 0;
  for (const Line& line : lines()) bytes += static_cast<std::int64_t>(line.text.size());
  EXPECT_EQ(bytes, report.taken);
  EXPECT_LE(report.taken, 100);
  EXPECT_GT(report.taken, 97);
}

// tokens of two characters, an odd one alone, and one for the end of a document
std::int64_t in_pairs(std::string_view text) {
  return (count_characters(text) + 1) / 2 + 1;
}

TEST_F(Mix, ABudgetInTokensIsExactWithTheEndsOfDocuments) {
  for (const std::int64_t budget : {2, 3, 17, 250, 251, 252, 253, 777}) {
    MixOptions mix = options({{"a", 1}}, budget);
    mix.unit = {"tokens", in_pairs, 2};
    const std::string name = "out" + std::to_string(budget);
    EXPECT_EQ(write(mix, name).taken, budget);
    std::int64_t tokens = 0;
    for (const Line& line : lines(name)) tokens += in_pairs(line.text);
    EXPECT_EQ(tokens, budget);
  }
}

TEST_F(Mix, OneDocumentIsTakenAndCutAsOftenAsTheBudgetTakes) {
  const std::string file = put("one.txt", "sixteen letters.");
  ASSERT_EQ(in_pairs("sixteen letters."), 9);
  for (std::int64_t budget = 2; budget <= 36; ++budget) {
    MixOptions mix = options({{"one", 1}}, budget);
    mix.unit = {"tokens", in_pairs, 2};
    const std::string name = "out" + std::to_string(budget);
    const MixReport report =
        write_mixture(Corpus::open({.inputs = {file}, .split = SplitKind::none}), mix, (folder_ / name).string());
    std::int64_t tokens = 0;
    for (const Line& line : lines(name)) tokens += in_pairs(line.text);
    EXPECT_EQ(tokens, budget);
    EXPECT_EQ(report.taken, budget);
    EXPECT_EQ(report.sources[0].written, static_cast<std::int64_t>(lines(name).size()));
  }
}

TEST_F(Mix, ACapBeyondAllBoundsIsNone) {
  MixOptions mix = options({{"a", 0.5}, {"b", 0.5}}, 1000);
  mix.max_epochs = 1e30;
  EXPECT_EQ(plan_mixture(open(), mix).taken, 1000);
}

TEST_F(Mix, ASourceWhoseNameIsNotUtf8IsNamedAsFarAsItIs) {
  MixOptions mix;
  mix.temperature = 1;
  mix.budget = 20;
  const std::string file = put("odd/a\xFF.txt", "a text of more than twenty letters");
  const MixReport report =
      write_mixture(Corpus::open({.inputs = {file}, .split = SplitKind::none}), mix, (folder_ / "out").string());
  EXPECT_EQ(lines().at(0).source, "a\xEF\xBF\xBD.txt");
  EXPECT_THAT(to_json(report), HasSubstr("a\xEF\xBF\xBD.txt"));
}

TEST_F(Mix, AnEarlierMixtureIsReplacedButNotWhileItIsRead) {
  (void)write(options({{"a", 1}}, 100));
  EXPECT_EQ(write(options({{"b", 1}}, 200)).taken, 200);
  EXPECT_EQ(characters(), (std::map<std::string, std::int64_t>{{"b", 200}}));
  for (const std::string name : {"out", "late.partial"}) {
    if (name != "out") fs::copy(folder_ / "out", folder_ / name);
    const Corpus read = Corpus::open({.inputs = {(folder_ / name).string()}, .split = SplitKind::none});
    const std::string target = (folder_ / (name == "out" ? "out" : "late")).string();
    const Error error = error_of([&] { (void)write_mixture(read, options({{"b", 1}}, 10), target); });
    EXPECT_EQ(error.fault(), Fault::usage);
    EXPECT_THAT(error.problem(), HasSubstr("which is read"));
    EXPECT_TRUE(fs::exists(folder_ / name / "part-00000.jsonl"));
  }
}

TEST_F(Mix, AFolderThatExistsIsNotTouchedAndNothingHalfWrittenStays) {
  (void)put("out/mine.txt", "mine");
  EXPECT_THROW((void)write(options({{"a", 1}}, 100)), Error);
  EXPECT_EQ(read_file(folder_ / "out" / "mine.txt"), "mine");
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW((void)write_mixture(open(), options({{"a", 1}}, 100), (folder_ / "late").string(), stop.get_token()), Error);
  for (const auto& entry : fs::directory_iterator(folder_))
    EXPECT_THAT(entry.path().filename().string(), testing::AnyOf("in", "out"));
}

TEST_F(Mix, WhatWasMixedIsACorpusWithItsSources) {
  (void)write(options({{"a", 0.5}, {"b", 0.5}}, 900));
  const Corpus corpus = Corpus::open({.inputs = {(folder_ / "out").string()}});
  ASSERT_EQ(corpus.manifest().sources.size(), 2U);
  EXPECT_EQ(corpus.manifest().sources[0].characters, 450);
}

TEST(CutTo, FindsTheLongestBeginningThatCostsAsMuch) {
  const auto characters = [](std::string_view text) { return count_characters(text); };
  EXPECT_EQ(cut_to("abcdef", 3, characters), "abc");
  EXPECT_EQ(cut_to("\xE6\x97\xA5\xE6\x9C\xAC", 1, characters), "\xE6\x97\xA5");
  EXPECT_EQ(cut_to("abcdef", 4, in_pairs), "abcdef");
  EXPECT_EQ(cut_to("abc", 0, characters), "");
  // a cost that steps back: "ab" is one token, "a" and "aba" are two
  const auto merging = [](std::string_view text) {
    std::int64_t cost = 0;
    for (std::size_t i = 0; i < text.size(); ++cost) i += text.substr(i, 2) == "ab" ? 2 : 1;
    return cost;
  };
  for (std::int64_t target = 1; target < 30; ++target) {
    const std::string_view part = cut_to("abaabcababbaabcabcabaabbccaabcabaabcbacbabaabcabab", target, merging);
    EXPECT_EQ(merging(part), target);
  }
}

TEST(SharesUnderCap, AlwaysSumToTheBudgetAndKeepTheCaps) {
  const Philox random{.seed = 9};
  for (std::uint64_t round = 0; round < 300; ++round) {
    std::vector<double> weights;
    std::vector<std::int64_t> sizes;
    double sum = 0;
    for (std::uint32_t i = 0; i < 1 + round % 6; ++i) {
      weights.push_back(random.uniform(round, 2 * i) + 1e-3);
      sizes.push_back(static_cast<std::int64_t>(random.below(1000, round, 2 * i + 1)) + 1);
      sum += weights.back();
    }
    std::int64_t most = 0;
    for (double& weight : weights) weight /= sum;
    for (const std::int64_t size : sizes) most += 3 * size;
    const std::int64_t budget = 1 + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(most), round, 99));
    const auto shares = shares_under_cap(weights, sizes, budget, 3, "tokens");
    std::int64_t total = 0;
    for (std::size_t i = 0; i < shares.size(); ++i) {
      EXPECT_GE(shares[i], 0);
      EXPECT_LE(shares[i], 3 * sizes[i]);
      total += shares[i];
    }
    EXPECT_EQ(total, budget) << "round " << round;
  }
}

}  // namespace
}  // namespace isoflop::corpus
