// What each method takes out, alone and in a chain.
#include <map>
#include <set>

#include "corpus/dedup_testing.h"

namespace isoflop::corpus {
namespace {

using testing::ElementsAre;

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
            "\"big\": 123456789012345678901234567890e0, \"source\": \"a.jsonl\"}\n");
}

TEST_F(Dedup, FillsInASourceAndAnIdThatAreNullWhereTheyStand) {
  (void)run({.inputs = {put("a.jsonl", R"({"source":null,"text":"a","id":null})"
                                       "\n"
                                       R"({"id": [1], "text": "b"})"
                                       "\n")},
             .chain = {DedupMethod::documents}});
  EXPECT_EQ(read_file(fs::path(out()) / "part-00000.jsonl"), R"({"source":"a.jsonl","text":"a","id":"a.jsonl:1"})"
                                                             "\n"
                                                             R"({"id": "a.jsonl:2", "text": "b", "source": "a.jsonl"})"
                                                             "\n");
  const Corpus corpus = Corpus::open({.inputs = {out()}, .split = SplitKind::none});
  ASSERT_EQ(corpus.manifest().sources.size(), 1U);
  EXPECT_EQ(corpus.manifest().sources[0].name, "a.jsonl");
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

TEST_F(Dedup, BlankLinesStayWhateverTheirWhiteSpace) {
  const std::string text = "a\n\f\nb\n\f\n\xE3\x80\x80\nc\n\xE3\x80\x80\n\xC2\xA0\nd\n\xC2\xA0\n";
  (void)run({.inputs = {put("a.jsonl", json_line("1", text) + json_line("2", "a\xE3\x80\x80\ne\f\n") + json_line("3", "e\nf"))},
             .chain = {DedupMethod::lines}});
  EXPECT_THAT(values("text"), ElementsAre(text, "e\f\n", "f"));
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

TEST_F(Dedup, GivesTheSameBytesForAnyNumberOfThreadsAndAnyMemory) {
  // 64 MiB hold 8 MiB of documents: the rest of these is written and read again
  const std::string path = put("a.jsonl", mixed_corpus(4, 9000));
  ASSERT_GT(fs::file_size(path), std::uintmax_t{9} << 20);
  std::map<std::string, std::string> first;
  constexpr std::int64_t kLittle = std::int64_t{64} << 20, kEnough = std::int64_t{1} << 30;
  for (const auto& [threads, memory] : {std::pair{1, kLittle}, {2, kLittle}, {3, kLittle}, {2, kEnough}}) {
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

}  // namespace
}  // namespace isoflop::corpus
