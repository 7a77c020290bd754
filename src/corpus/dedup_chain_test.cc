#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <set>
#include <sstream>

#include "base/file.h"
#include "base/json.h"
#include "base/random.h"
#include "corpus/testing.h"
#include "isoflop/dedup.h"

namespace isoflop::corpus {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string json_line(const std::string& id, const std::string& text, const std::string& source = "s") {
  return Json{{"id", id}, {"text", text}, {"source", source}, {"more", {1, "x", nullptr}}}.dump() + "\n";
}

std::string words(const std::string& stem, int count, int from = 0) {
  std::string text;
  for (int i = from; i < from + count; ++i) text += stem + std::to_string(i) + (i % 10 == 9 ? "\n" : " ");
  return text;
}

class Dedup : public InAFolder {
 protected:
  [[nodiscard]] std::string out() const { return (folder_ / "out").string(); }

  // the documents of the result, as they lie there
  [[nodiscard]] std::vector<Json> written(const fs::path& folder) const {
    std::vector<Json> lines;
    std::vector<fs::path> parts;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() == ".jsonl") parts.push_back(entry.path());
    }
    std::sort(parts.begin(), parts.end());
    for (const fs::path& part : parts) {
      std::istringstream text(read_file(part));
      for (std::string line; std::getline(text, line);) lines.push_back(Json::parse(line));
    }
    return lines;
  }
  [[nodiscard]] std::vector<std::string> values(const std::string& key) const {
    std::vector<std::string> list;
    for (const Json& line : written(out())) list.push_back(line.at(key));
    return list;
  }
  DedupReport run(DedupOptions options) const {
    options.out = out();
    return deduplicate(options);
  }
};

TEST_F(Dedup, KeepsTheFirstOfEqualDocumentsWithItsOtherKeysAndSaysWhereTheRestLay) {
  const std::string path = put("a.jsonl", json_line("1", "one", "x") + json_line("2", "two", "x") + json_line("3", "one", "y") +
                                              json_line("4", "one ", "y") + json_line("5", "two", "x"));
  const DedupReport report = run({.inputs = {path}, .chain = {DedupMethod::documents}});
  EXPECT_THAT(values("id"), ElementsAre("1", "2", "4"));
  EXPECT_EQ(written(out()).at(0).at("more").dump(), R"([1,"x",null])");
  EXPECT_EQ(report.documents, 5);
  EXPECT_EQ(report.removed, 2);
  EXPECT_EQ(report.kept, 3);
  EXPECT_EQ(report.clusters, 2);
  EXPECT_EQ(report.pairs, 2);
  EXPECT_EQ(report.removed_bytes, 6);
  ASSERT_EQ(report.between.size(), 2U);
  EXPECT_EQ(report.between[0].removed + report.between[0].kept, "xx");
  EXPECT_EQ(report.between[1].removed + report.between[1].kept, "yx");
  ASSERT_EQ(report.sources.size(), 2U);
  EXPECT_EQ(report.sources[1].removed_documents, 1);
  EXPECT_EQ(report.sources[1].bytes, 7);
}

TEST_F(Dedup, WritesAnUntouchedLineAsItStoodButForTheEscapesOfItsText) {
  const std::string line =
      R"({ "n" : 1.50, "text": "a \"quoted\" \u00e9 \/ \n", "id": 7 , "big": 123456789012345678901234567890e0})";
  (void)run({.inputs = {put("a.jsonl", line + "\r\n")}, .chain = {DedupMethod::documents}});
  EXPECT_EQ(read_file(fs::path(out()) / "part-00000.jsonl"),
            "{ \"n\" : 1.50, \"text\": \"a \\\"quoted\\\" \xC3\xA9 / \\n\", \"id\": 7 , "
            "\"big\": 123456789012345678901234567890e0,\"source\":\"a.jsonl\"}\n");
}

TEST_F(Dedup, GivesPlainFilesAndLinesWithoutAnIdOneOfTheirOwn) {
  put("in/a.txt", "some text\n");
  put("in/b/c.jsonl", "{\"text\": \"x\"}\n\n{\"text\": \"y\", \"source\": \"z\"}\n");
  (void)run({.inputs = {(folder_ / "in").string()}, .chain = {DedupMethod::documents}});
  EXPECT_THAT(values("id"), ElementsAre("a.txt", "b/c.jsonl:1", "b/c.jsonl:3"));
  EXPECT_THAT(values("source"), ElementsAre("a.txt", "b/c.jsonl", "z"));
  EXPECT_THAT(values("text"), ElementsAre("some text\n", "x", "y"));
}

TEST_F(Dedup, TakesOutLinesThatStoodEarlierAndDocumentsOfWhichNothingIsLeft) {
  const std::string path = put(
      "a.jsonl", json_line("1", "head\n\nbody\nhead  \r\nfoot") + json_line("2", "head\nfoot\n") + json_line("3", "new\nfoot"));
  const DedupReport report = run({.inputs = {path}, .chain = {DedupMethod::lines}});
  EXPECT_THAT(values("text"), ElementsAre("head\n\nbody\nfoot", "new\n"));
  EXPECT_EQ(report.stages.at(0).units, 8);
  EXPECT_EQ(report.stages.at(0).removed_units, 4);
  EXPECT_EQ(report.removed, 1);
  EXPECT_EQ(report.removed_bytes, 8 + 10 + 4);
}

TEST_F(Dedup, ComparesParagraphsWithoutTheBlankLinesAfterThem) {
  const std::string path = put("a.jsonl", json_line("1", "\n\na\nb\n\nc\n\n\nd") + json_line("2", "c\n\nnew\n \na\nb"));
  (void)run({.inputs = {path}, .chain = {DedupMethod::paragraphs}});
  EXPECT_THAT(values("text"), ElementsAre("\n\na\nb\n\nc\n\n\nd", "new\n \n"));
  (void)run({.inputs = {path}, .chain = {DedupMethod::paragraphs}, .min_unit = 3});
  EXPECT_THAT(values("text"), ElementsAre("\n\na\nb\n\nc\n\n\nd", "c\n\nnew\n \n")) << "shorter ones stay";
}

TEST_F(Dedup, KeepsTheFirstOrTheLongestOfNearDuplicates) {
  const std::string text = words("w", 200);
  const std::string path = put(
      "a.jsonl", json_line("other", words("v", 100)) + json_line("short", text) + json_line("long", text + "and a little more"));
  for (const DedupMethod method : {DedupMethod::minhash, DedupMethod::simhash}) {
    DedupOptions options{.inputs = {path}, .chain = {method}};
    options.simhash.distance = 6;
    EXPECT_EQ(run(options).stages.at(0).matches, 1);
    EXPECT_THAT(values("id"), ElementsAre("other", "short"));
    options.keep = DedupKeep::longest;
    (void)run(options);
    EXPECT_THAT(values("id"), ElementsAre("other", "long"));
  }
}

TEST_F(Dedup, CutsStretchesThatStandEarlierAtWholeCharacters) {
  // the stretch ends inside two different characters that begin alike: 日 E6 97 A5, 旧 E6 97 A7
  const std::string stretch = words("same", 10);
  const std::string path =
      put("a.jsonl", json_line("1", "x" + stretch + "\xE6\x97\xA5") + json_line("2", "yy" + stretch + "\xE6\x97\xA7 end"));
  DedupOptions options{.inputs = {path}, .chain = {DedupMethod::substrings}};
  options.substrings.min_length = 30;
  const DedupReport report = run(options);
  EXPECT_THAT(values("text"), ElementsAre("x" + stretch + "\xE6\x97\xA5", "yy\xE6\x97\xA7 end"));
  EXPECT_EQ(report.stages.at(0).removed_units, 1);
  EXPECT_EQ(report.removed_bytes, static_cast<std::int64_t>(stretch.size()));
}

TEST_F(Dedup, TakesOutWhatTheBloomFilterSawBefore) {
  const std::string first = words("a", 100), second = words("b", 100);
  const std::string path =
      put("a.jsonl", json_line("1", first) + json_line("2", second) + json_line("3", words("a", 90) + words("c", 5)) +
                         json_line("4", words("a", 40) + words("d", 60)));
  DedupOptions options{.inputs = {path}, .chain = {DedupMethod::ngrams}};
  options.ngrams.false_positives = 1e-6;
  EXPECT_EQ(run(options).removed, 1);
  EXPECT_THAT(values("id"), ElementsAre("1", "2", "4"));
  options.ngrams.paragraphs = true;
  options.inputs = {put("b.jsonl", json_line("1", first + "\n" + second) + json_line("2", "new\n\n" + first + "\n \n"))};
  EXPECT_EQ(run(options).stages.at(0).removed_units, 1);
  EXPECT_THAT(values("text"), ElementsAre(first + "\n" + second, "new\n\n"));
}

TEST_F(Dedup, ChainsMethodsInTheOrderGiven) {
  const std::string path =
      put("a.jsonl", json_line("1", "head\nbody") + json_line("2", "other\nbody") + json_line("3", "head\nbody"));
  DedupReport report = run({.inputs = {path}, .chain = {DedupMethod::documents, DedupMethod::lines}});
  EXPECT_EQ(report.stages.at(0).removed_documents, 1);
  EXPECT_EQ(report.stages.at(1).documents, 2);
  EXPECT_THAT(values("text"), ElementsAre("head\nbody", "other\n"));
  report = run({.inputs = {path}, .chain = {DedupMethod::lines, DedupMethod::documents}});
  EXPECT_EQ(report.stages.at(0).removed_documents, 1);
  EXPECT_EQ(report.stages.at(1).removed_documents, 0);
}

TEST_F(Dedup, RemovesDocumentsThatShareAnNgramWithEvaluationTexts) {
  const std::string question = words("q", 20);
  const std::string path = put("a.jsonl", json_line("1", "see: " + question + " and so on") + json_line("2", words("q", 12)) +
                                              json_line("3", words("t", 50)));
  DedupOptions options{.inputs = {path}, .chain = {DedupMethod::decontaminate}};
  options.decontamination.evaluation = {put("eval/questions.txt", "Question: " + question)};
  const DedupReport report = run(options);
  EXPECT_THAT(values("id"), ElementsAre("2", "3")) << "twelve words in common are not thirteen";
  ASSERT_EQ(report.between.size(), 1U);
  EXPECT_EQ(report.between[0].kept, "questions.txt");
  EXPECT_EQ(report.sources.size(), 1U) << "an evaluation text is no source";
}

TEST_F(Dedup, RemovesTrainingDocumentsThatOverlapTheHeldOutSplitAndKeepsThat) {
  std::string lines;
  for (int i = 0; i < 60; ++i)
    lines += json_line(std::to_string(i), words("d" + std::to_string(i) + "w", 100) + (i % 2 == 0 ? words("common", 20) : ""));
  const std::string path = put("a.jsonl", lines);
  const CorpusOptions split{.inputs = {path}, .split = SplitKind::document};
  std::map<std::string, bool> held_out;  // by text
  Corpus::open(split).for_each_unit([&](const Unit& unit) { held_out[std::string(unit.text)] = unit.held_out; });
  DedupOptions options{.inputs = {path}, .chain = {DedupMethod::decontaminate}};
  options.decontamination.held_out = true;
  const DedupReport report = run(options);
  std::set<std::string> left;
  for (const std::string& text : values("text")) left.insert(text);
  int removed = 0;
  for (const auto& [text, held] : held_out) {
    const bool overlaps = text.find("common") != std::string::npos;
    EXPECT_EQ(left.contains(text), held || !overlaps);
    removed += !held && overlaps ? 1 : 0;
  }
  EXPECT_EQ(report.removed, removed);
  EXPECT_GT(removed, 10);
}

TEST_F(Dedup, WritesAClusterForEveryDocument) {
  const std::string path =
      put("a.jsonl", json_line("a", "one") + "{\"text\": \"two\", \"id\": 12}\n" + json_line("c", "one") + json_line("d", ""));
  const fs::path clusters = folder_ / "deep/clusters.jsonl";
  DedupOptions options{.inputs = {path}, .chain = {DedupMethod::documents}, .clusters = clusters.string()};
  const DedupReport report = deduplicate(options);
  EXPECT_EQ(read_file(clusters), "{\"id\":\"a\",\"cluster\":0}\n{\"id\":12,\"cluster\":1}\n{\"id\":\"c\",\"cluster\":0}\n");
  EXPECT_EQ(report.empty, 1);
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

// a corpus with duplicates of every kind
std::string mixed_corpus(std::uint64_t seed, int documents) {
  const Philox random{.seed = seed};
  std::string lines;
  for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(documents); ++i) {
    std::string text;
    for (std::uint32_t part = 0; part < 6; ++part) {
      const std::uint64_t which = random.below(static_cast<std::uint64_t>(documents), i, part);
      text += words("p" + std::to_string(which) + "x", 20) + (part % 2 == 0 ? "\n" : "");
    }
    // a part on a line of its own kind: no equal line, but an equal stretch
    std::string part = words("p" + std::to_string(random.below(50, i, 9)) + "y", 20);
    std::replace(part.begin(), part.end(), '\n', ' ');
    text += std::to_string(i) + part;
    if (i % 7 == 3) text = words("seven", 100) + std::to_string(i);
    if (i % 11 == 5) text = "eleven";
    lines += json_line("id" + std::to_string(i), text, "source" + std::to_string(i % 3));
  }
  return lines;
}

TEST_F(Dedup, GivesTheSameBytesForAnyNumberOfThreadsAndAnyMemory) {
  const std::string path = put("a.jsonl", mixed_corpus(4, 400));
  std::map<std::string, std::string> first;
  for (const std::int64_t threads : {1, 3}) {
    for (const std::int64_t memory : {std::int64_t{64} << 20, std::int64_t{1} << 30}) {
      DedupOptions options{.inputs = {path},
                           .chain = {DedupMethod::documents, DedupMethod::minhash, DedupMethod::lines, DedupMethod::substrings,
                                     DedupMethod::ngrams, DedupMethod::simhash},
                           .clusters = (folder_ / "clusters.jsonl").string(),
                           .memory = memory,
                           .threads = threads};
      options.substrings.min_length = 40;
      const DedupReport report = run(options);
      for (std::size_t i = 0; i < 4; ++i) EXPECT_GT(report.stages[i].removed_bytes, 0) << to_string(report.stages[i].method);
      std::map<std::string, std::string> bytes{{"report", to_json(report, options)}, {"clusters", read_file(options.clusters)}};
      for (const auto& entry : fs::directory_iterator(out())) bytes[entry.path().filename()] = read_file(entry.path());
      if (first.empty()) first = bytes;
      EXPECT_TRUE(bytes == first) << threads << " threads, " << memory;
      EXPECT_EQ(bytes.size(), 4U) << "a part, the manifest, the report, the clusters";
    }
  }
}

TEST_F(Dedup, FindsTheSameSubstringsInManyShards) {
  // 64 MiB of memory hold a shard of 7 MB; 9 MB of text are two
  std::string lines, stretch = words("stretch", 40);
  const Philox random{.seed = 8};
  for (std::uint64_t i = 0; i < 90; ++i) {
    std::string text;
    while (text.size() < 100'000) text += std::to_string(random.bits(i, static_cast<std::uint32_t>(text.size()))) + " ";
    lines += json_line(std::to_string(i), i % 40 == 0 ? text + stretch : i % 40 == 1 ? stretch + text : text);
  }
  const std::string path = put("a.jsonl", lines);
  std::vector<std::string> of_one;
  for (const std::int64_t memory : {std::int64_t{1} << 30, std::int64_t{64} << 20}) {
    const DedupReport report = run({.inputs = {path}, .chain = {DedupMethod::substrings}, .memory = memory, .threads = 2});
    EXPECT_EQ(report.stages.at(0).removed_units, 5);
    if (of_one.empty()) of_one = values("text");
    EXPECT_TRUE(values("text") == of_one);
  }
}

// ---- bad input and bad luck

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
}

TEST_F(Dedup, ReplacesAnEarlierResultAndNothingElse) {
  const std::string path = put("a.jsonl", json_line("1", "one") + json_line("2", "one"));
  (void)run({.inputs = {path}, .chain = {DedupMethod::documents}});
  (void)run({.inputs = {path}, .chain = {DedupMethod::minhash}});
  put("mine/thesis.txt", "years of work");
  const Error error = error_of(
      [&] { (void)deduplicate({.inputs = {path}, .chain = {DedupMethod::documents}, .out = (folder_ / "mine").string()}); });
  EXPECT_EQ(error.fault(), Fault::io);
  EXPECT_TRUE(fs::exists(folder_ / "mine/thesis.txt"));
  EXPECT_FALSE(fs::exists(folder_ / "mine.partial"));
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
