// Bad input and bad luck: full disks, damaged lines, options that cannot be meant, outputs that would replace what is read.
#include <sys/resource.h>

#include <csignal>

#include "corpus/dedup_testing.h"

namespace isoflop::corpus {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(Dedup, LeavesNothingThatLooksFinishedWhenTheDiskIsFull) {
  const std::string path = put("a.jsonl", mixed_corpus(1, 3000));
  const auto too_big = [&](DedupOptions options) {
    options.inputs = {path};
    options.out = out();
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    const rlimit small{100'000, before.rlim_max};
    std::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &small);
    const Error error = error_of([&] { (void)deduplicate(options); });
    ::setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_EQ(error.fault(), Fault::io) << error.what();
    std::vector<std::string> left;
    for (const auto& entry : fs::directory_iterator(folder_)) left.push_back(entry.path().filename());
    EXPECT_THAT(left, ElementsAre("a.jsonl"));
  };
  too_big({.chain = {DedupMethod::documents}});
  (void)run({.inputs = {path}, .chain = {DedupMethod::documents}});
  EXPECT_TRUE(fs::exists(folder_ / "out/dedup.manifest.json"));
}

TEST_F(Dedup, RefusesADocumentThatDoesNotFitAndSaysWhatToDo) {
  const std::string path = put("book.txt", std::string(std::size_t{9} << 20, 'x'));
  const Error error = error_of(
      [&] { (void)deduplicate({.inputs = {path}, .chain = {DedupMethod::documents}, .memory = std::int64_t{64} << 20}); });
  EXPECT_EQ(error.fault(), Fault::failure);
  EXPECT_EQ(error.subject(), path);
  EXPECT_THAT(error.problem(), HasSubstr("8.0 MiB"));
  EXPECT_THAT(error.hint(), HasSubstr("--memory"));

  DedupOptions against{
      .inputs = {put("a.jsonl", json_line("1", "one"))}, .chain = {DedupMethod::decontaminate}, .memory = std::int64_t{64} << 20};
  against.decontamination.evaluation = {path};
  EXPECT_EQ(error_of([&] { (void)deduplicate(against); }).subject(), path) << "an evaluation text is held like any other";
}

TEST_F(Dedup, ReplacesAnEarlierResultAndNothingElse) {
  const std::string path = put("a.jsonl", json_line("1", "one") + json_line("2", "one"));
  (void)run({.inputs = {path}, .chain = {DedupMethod::documents}});
  (void)run({.inputs = {path}, .chain = {DedupMethod::minhash}});
  put("mine/thesis.txt", "years of work");
  const Error error = error_of(
      [&] { (void)deduplicate({.inputs = {path}, .chain = {DedupMethod::documents}, .out = (folder_ / "mine").string()}); });
  EXPECT_EQ(error.fault(), Fault::usage);
  EXPECT_TRUE(fs::exists(folder_ / "mine/thesis.txt"));
  EXPECT_FALSE(fs::exists(folder_ / "mine.partial"));
}

TEST_F(Dedup, WritesOverNothingThatItReads) {
  const std::string path = put("a.jsonl", json_line("1", "one")), evaluation = put("out/part-00000.jsonl", json_line("2", "two"));
  put("out/dedup.manifest.json", R"({"kind": "isoflop dedup"})");
  const auto subject = [&](DedupOptions options) {
    options.inputs = {path};
    options.chain = {DedupMethod::decontaminate};
    options.decontamination.evaluation = {evaluation};
    const Error error = error_of([&] { (void)deduplicate(options); });
    EXPECT_EQ(error.fault(), Fault::usage);
    return error.subject();
  };
  EXPECT_EQ(subject({.out = out()}), "out");
  EXPECT_EQ(subject({.clusters = path}), "clusters");
  EXPECT_EQ(subject({.clusters = evaluation}), "clusters");
  EXPECT_EQ(subject({.out = (folder_ / "new").string(), .clusters = (folder_ / "new/clusters.jsonl").string()}), "clusters");
  EXPECT_EQ(read_file(path), json_line("1", "one"));
  EXPECT_EQ(read_file(evaluation), json_line("2", "two"));
}

TEST_F(Dedup, AStopLeavesNothing) {
  std::stop_source stop;
  stop.request_stop();
  const std::string path = put("a.jsonl", json_line("1", "one"));
  EXPECT_EQ(error_of([&] {
              (void)deduplicate({.inputs = {path}, .chain = {DedupMethod::documents}, .out = out()}, stop.get_token());
            }).fault(),
            Fault::stopped);
  EXPECT_FALSE(fs::exists(out()));
  EXPECT_FALSE(fs::exists(out() + ".partial"));
}

TEST_F(Dedup, AnOptionThatCannotBeMeantIsNamed) {
  const auto subject = [](DedupOptions options) {
    if (options.chain.empty()) options.chain = {DedupMethod::documents};
    const Error error = error_of([&] { validate(options); });
    EXPECT_EQ(error.fault(), Fault::usage);
    return error.subject();
  };
  EXPECT_EQ(error_of([] { validate(DedupOptions{}); }).fault(), Fault::usage);
  EXPECT_EQ(subject({.chain = {DedupMethod::lines, DedupMethod::lines}}), "dedup");
  EXPECT_EQ(subject({.chain = {DedupMethod::decontaminate}}), "decontaminate");
  EXPECT_EQ(subject({.simhash = {.distance = 17}}), "distance");
  EXPECT_EQ(subject({.substrings = {.min_length = 7}}), "min_length");
  EXPECT_EQ(subject({.ngrams = {.threshold = 0}}), "ngrams_threshold");
  EXPECT_EQ(subject({.ngrams = {.false_positives = 0}}), "ngrams_error");
  EXPECT_EQ(subject({.min_unit = 0}), "min_unit");
  EXPECT_EQ(subject({.memory = 1000}), "memory");
  EXPECT_EQ(subject({.threads = 0}), "threads");
}

// lines damaged anyhow: what is read comes out with the same text and the same other keys
TEST_F(Dedup, WhateverLineIsReadIsWrittenBackWithItsTextAndItsKeys) {
  constexpr std::string_view kLine =
      R"({"a": {"text": "not this", "b": [1, "}", {"c": "\\\""}]}, "id": "x\"y", "t\"": -1.5e3, "text": "abc \u00e9 \ud83d\ude00 \t\\", "z": [], "text": "second"})";
  const Philox random{.seed = 12};
  int read = 0, refused = 0;
  for (std::uint64_t round = 0; round < 500; ++round) {
    std::string line(kLine);
    for (std::uint32_t change = 0; round > 0 && change <= random.below(3, round, 0); ++change) {
      const std::uint64_t at = random.below(line.size(), round, 10 * change + 1);
      constexpr std::string_view kLetters = "\"\\{}[],: \tau0\n1";
      const char letter = kLetters[random.below(kLetters.size(), round, 10 * change + 2)];
      const std::uint64_t how = random.below(3, round, 10 * change + 3);
      if (how == 0) line[at] = letter;
      if (how == 1) line.insert(at, 1, letter);
      if (how == 2) line.erase(at, 1 + random.below(6, round, 10 * change + 4));
    }
    const std::string path = put("a.jsonl", line + "\n");
    try {
      std::vector<std::string> texts;
      Corpus::open({.inputs = {path}, .split = SplitKind::none}).for_each_unit([&](const Unit& unit) {
        texts.emplace_back(unit.text);
      });
      (void)run({.inputs = {path}, .chain = {DedupMethod::documents}});
      ++read;
      std::vector<std::string> unique;
      for (const std::string& text : texts) {
        if (std::find(unique.begin(), unique.end(), text) == unique.end()) unique.push_back(text);
      }
      // the first `text` of several counts: a parser that takes the last would differ, so what was written is read as it was
      std::vector<std::string> again;
      Corpus::open({.inputs = {out()}, .split = SplitKind::none}).for_each_unit([&](const Unit& unit) {
        again.emplace_back(unit.text);
      });
      ASSERT_EQ(again, unique) << "round " << round << ": " << line;
      for (const Json& json : written(out())) ASSERT_TRUE(json.contains("id") && json.contains("source")) << line;
    } catch (const Error& error) {
      ASSERT_EQ(error.fault(), Fault::bad_data) << "round " << round << ": " << error.what();
      ++refused;
    }
  }
  EXPECT_GT(read, 50);
  EXPECT_GT(refused, 50);
}

}  // namespace
}  // namespace isoflop::corpus
