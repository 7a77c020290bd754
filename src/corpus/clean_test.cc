// Cleaning as a whole: files in, a folder of JSON Lines and a manifest out.
#include "isoflop/clean.h"

#include <sys/mount.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <sstream>

#include "base/file.h"
#include "base/json.h"
#include "corpus/testing.h"

namespace isoflop::corpus {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class Cleaning : public InAFolder {
 protected:
  CleanOptions options(const std::string& input) const {
    CleanOptions options;
    options.inputs = {input};
    options.out = out().string();
    options.filter = false;
    return options;
  }
  fs::path out() const { return folder_ / "out"; }
  std::string part(int index = 0) const { return read_file(out() / ("part-0000" + std::to_string(index) + ".jsonl")); }
  std::vector<std::string> texts() const {
    std::vector<std::string> found;
    std::istringstream lines(part());
    for (std::string line; std::getline(lines, line);) found.push_back(Json::parse(line)["text"]);
    return found;
  }
  Error refused(const CleanOptions& options) const {
    const Error error = error_of([&] { (void)clean_corpus(options); });
    EXPECT_FALSE(fs::exists(out())) << "nothing half-written looks finished";
    EXPECT_FALSE(fs::exists(out().string() + ".partial"));
    return error;
  }
};

TEST_F(Cleaning, ALineKeepsItsKeysAndOnlyItsTextChanges) {
  const std::string file = put(
      "in/a.jsonl", R"({"id": 17, "n": [1.50, {"x": null}], "text": "cafe\u0301  \n\n\n\nend\n", "source": "Poe", "z": "\"}"})"
                    "\n\n"
                    R"({ "text" : "b" , "source":null} )"
                    "\n"
                    R"({"text":"c"})");
  const CleanReport report = clean_corpus(options(file));
  EXPECT_EQ(part(), R"({"id": 17, "n": [1.50, {"x": null}], "text": "café\n\nend", "source": "Poe", "z": "\"}"})"
                    "\n"
                    R"({ "text" : "b" , "source":"a.jsonl"})"
                    "\n"
                    R"({"text":"c", "source": "a.jsonl"})"
                    "\n");
  EXPECT_EQ(report.documents, 3);
  EXPECT_EQ(report.changed_documents, 1);
}

TEST_F(Cleaning, APlainFileBecomesADocumentThatOtherCommandsRead) {
  put("in/a.txt", "one\r\n");
  put("in/b.txt", "two");
  const CleanReport report = clean_corpus(options((folder_ / "in").string()));
  EXPECT_EQ(part(),
            "{\"id\": \"a.txt\", \"source\": \"a.txt\", \"text\": \"one\"}\n{\"id\": \"b.txt\", \"source\": \"b.txt\", \"text\": "
            "\"two\"}\n");
  const Corpus corpus = Corpus::open({.inputs = {out().string()}, .split = SplitKind::none});
  ASSERT_THAT(corpus.manifest().sources, SizeIs(2));
  EXPECT_EQ(corpus.manifest().sources[1].name, "b.txt");
  EXPECT_THAT(corpus.passed_over(), IsEmpty()) << "the manifest is no file that was passed over";
  EXPECT_EQ(report.kept_characters, corpus.manifest().train.characters);
}

TEST_F(Cleaning, EachFileOfAFolderHasItsOwnEncodingAndFormat) {
  put("in/latin.txt", "caf\xE9 cr\xE8me \xE0 la carte, d\xE9j\xE0 vu\n");
  put("in/sjis.txt", "\x82\xB1\x82\xF1\x82\xC9\x82\xBF\x82\xCD");  // こんにちは
  put("in/utf8.txt", "日本\n");
  put("in/wide.txt", std::string_view("\xFF\xFE"
                                      "h\0i\0",
                                      6));
  put("in/page.html", "<p>a <b>page</b></p>");
  put("in/note.md", "---\ntitle: x\n---\n# A note\n");
  put("in/work.txt", "山《やま》［＃「山」に傍点］\n");
  const CleanReport report = clean_corpus(options((folder_ / "in").string()));
  EXPECT_THAT(texts(), ElementsAre("café crème à la carte, déjà vu", "A note", "a page", "こんにちは", "日本", "hi", "山"));
  EXPECT_EQ(report.files.at(0).encoding_from, "detected");
  EXPECT_EQ(report.files.at(3).encoding, "Shift_JIS");
  EXPECT_EQ(report.files.at(5).encoding, "UTF-16LE");
  EXPECT_EQ(report.formats.at("aozora"), 1);
  EXPECT_EQ(report.formats.at("html"), 1);
  EXPECT_EQ(report.formats.at("markdown"), 1);
}

TEST_F(Cleaning, AnEncodingGivenHoldsForEveryFile) {
  CleanOptions given = options(put("a.txt", "\xA4\xB3"));
  given.encoding = "EUC-JP";
  const CleanReport report = clean_corpus(given);
  EXPECT_THAT(texts(), ElementsAre("こ"));
  EXPECT_EQ(report.files.at(0).encoding_from, "given");
  given.encoding = "UTF-8";
  fs::remove_all(out());
  EXPECT_THAT(refused(given).problem(), HasSubstr("invalid UTF-8 at byte 0"));
}

std::string numbered_lines(int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) {
    lines +=
        "{\"id\": " + std::to_string(i) + ", \"text\": \"" + sentences(static_cast<std::size_t>(100 + i * 7 % 5000)) + "\"}\n";
  }
  std::string escaped;
  for (std::size_t at = 0; at < lines.size(); ++at) {
    const bool inner = lines[at] == '\n' && !(at > 0 && lines[at - 1] == '}');
    escaped += inner ? std::string("\\n") : std::string(1, lines[at]);
  }
  return escaped;
}

TEST_F(Cleaning, AnyNumberOfThreadsWritesTheSameBytes) {
  CleanOptions with = options(put("a.jsonl", numbered_lines(3000)));
  with.filter = true;
  with.annotate = true;
  with.shard_bytes = 1 << 20;
  with.removed = (folder_ / "removed.jsonl").string();
  std::vector<std::string> manifests, removed, ids;
  for (const std::int64_t threads : {1, 2, 5}) {
    with.threads = threads;
    const CleanReport report = clean_corpus(with);
    EXPECT_GT(report.parts.size(), 3U);
    manifests.push_back(read_file(out() / "manifest.json"));
    removed.push_back(read_file(with.removed));
    ids.push_back(report.content_id);
  }
  EXPECT_EQ(manifests[0], manifests[1]);
  EXPECT_EQ(manifests[0], manifests[2]);
  EXPECT_EQ(removed[0], removed[2]);
  EXPECT_EQ(ids[0], ids[2]) << "and the id is of the parts' bytes";
}

TEST_F(Cleaning, ABoundRemovesAndTheReportSaysWhatAndWhy) {
  CleanOptions with = options(put("a.jsonl", "{\"id\": \"long\", \"text\": \"" + std::string(60, 'x') +
                                                 "\"}\n{\"id\": \"short\", \"text\": \"a\\nb\"}\n"
                                                 "{\"id\": \"none\", \"text\": \" \"}\n{\"id\": \"brief\", \"text\": \"c\"}\n"));
  with.filter = true;
  with.language = "code";
  with.bounds = {{"characters", true, 3.0}, {"letter_share", true, {}}, {"longest_line", false, 50.0}};
  with.removed = (folder_ / "removed.jsonl").string();
  const CleanReport report = clean_corpus(with);
  EXPECT_THAT(texts(), ElementsAre("a\nb"));
  ASSERT_THAT(report.filters, SizeIs(3));
  EXPECT_EQ(report.filters[0].name, "empty");
  EXPECT_EQ(report.filters[1].name, "min_characters");
  EXPECT_EQ(report.filters[1].examples.at(0).id, "brief");
  EXPECT_EQ(report.filters[1].examples.at(0).value, 1);
  EXPECT_EQ(report.filters[2].name, "max_longest_line");
  EXPECT_EQ(report.filters[2].characters, 60);
  const std::string removed = read_file(with.removed);
  EXPECT_THAT(removed, HasSubstr(R"("text": "c", "source": "a.jsonl", "removed_by": "min_characters"})"));
  EXPECT_EQ(std::count(removed.begin(), removed.end(), '\n'), 3);
  EXPECT_EQ(report.languages.at(0).name, "code");
}

TEST_F(Cleaning, ADocumentThatFailsSeveralBoundsIsRemovedByTheFirst) {
  CleanOptions with = options(put("a.jsonl", "{\"text\": \"ab\"}\n"));
  with.filter = true;
  with.language = "code";
  with.bounds = {{"characters", true, 3.0}, {"letter_share", false, 0.5}};
  const CleanReport report = clean_corpus(with);
  ASSERT_THAT(report.filters, SizeIs(2));
  EXPECT_EQ(report.filters[0].documents, 1);
  EXPECT_EQ(report.filters[1].documents, 0);
  EXPECT_EQ(report.filters[1].failed, 1);
}

TEST_F(Cleaning, AFileOfSeveralWorksIsADocumentEach) {
  const std::string rule(55, '-');
  const std::string legend = rule + "\n【テキスト中に現れる記号について】\n\n《》：ルビ\n" + rule + "\n";
  put("in/a.txt", legend + "一《いち》\n底本：甲\n" + legend + "二\n底本：乙\n※この作品は著作権存続中です。\n");
  CleanOptions with = options((folder_ / "in").string());
  EXPECT_EQ(clean_corpus(with).documents, 2);
  EXPECT_EQ(part(),
            "{\"id\": \"a.txt#1\", \"source\": \"a.txt\", \"basetext\": \"甲\", \"text\": \"一\"}\n"
            "{\"id\": \"a.txt#2\", \"source\": \"a.txt\", \"basetext\": \"乙\", \"text\": \"二\"}\n");
  with.drop_reserved = true;
  const CleanReport report = clean_corpus(with);
  EXPECT_THAT(texts(), ElementsAre("一"));
  EXPECT_EQ(report.filters.at(0).name, "rights_reserved");
}

TEST_F(Cleaning, BadLinesAreNamedOrCounted) {
  CleanOptions with =
      options(put("a.jsonl", "{\"text\": \"a\"}\n{\"text\": \n{\"body\": \"b\", \"id\": 1}\n[1]\n{\"text\": \"c\"}\n"));
  const Error error = refused(with);
  EXPECT_EQ(error.fault(), Fault::bad_data);
  EXPECT_THAT(error.subject(), testing::EndsWith("a.jsonl:2"));
  with.skip_bad = true;
  const CleanReport report = clean_corpus(with);
  EXPECT_THAT(texts(), ElementsAre("a", "c"));
  EXPECT_EQ(report.bad, 3);
  EXPECT_EQ(report.files.at(0).bad, 3);
  EXPECT_THAT(report.bad_examples.at(1), HasSubstr("keys here: body, id"));
}

TEST_F(Cleaning, InvalidBytesCostTheirLineNotTheRestOfTheFile) {
  std::string lines;
  for (int i = 0; i < 50; ++i) lines += "{\"text\": \"日本語の行\"}\n";
  CleanOptions with = options(put("a.jsonl", lines + "{\"text\": \"b\xFF\"}\n" + lines));
  EXPECT_THAT(refused(with).problem(), HasSubstr("invalid UTF-8 at byte"));
  with.skip_bad = true;
  const CleanReport report = clean_corpus(with);
  EXPECT_EQ(report.kept_documents, 100);
  EXPECT_EQ(report.files.at(0).bad, 1);
  EXPECT_EQ(report.files.at(0).encoding_from, "damaged");
  EXPECT_THAT(report.bad_examples.at(0), HasSubstr("a.jsonl:51"));
}

TEST_F(Cleaning, ALineBeyondTheLimitIsRefusedBeforeItIsHeld) {
  const std::string line = "{\"text\": \"" + std::string(3'000'000, 'a') + "\"}\n";
  CleanOptions with = options(put("a.jsonl", "{\"text\": \"a\"}\n" + line + "{\"text\": \"b\"}\n"));
  with.longest_document = 1 << 20;
  const Error error = refused(with);
  EXPECT_THAT(error.subject(), testing::EndsWith(":2"));
  EXPECT_THAT(error.problem(), HasSubstr("longer than 1.0 MiB"));
  with.skip_bad = true;
  EXPECT_EQ(clean_corpus(with).bad, 1);
  EXPECT_THAT(texts(), ElementsAre("a", "b"));
}

TEST_F(Cleaning, TheLineAfterAnOverlongOneWithInvalidBytesIsKept) {
  const std::string line = "{\"text\": \"" + std::string(3'000'000, 'a') + "\xFF\"}\n";
  CleanOptions with = options(put("a.jsonl", line + "{\"text\": \"good\"}\n{\"text\": \"日本\"}\n"));
  with.longest_document = 1 << 20;
  with.encoding = "UTF-8";
  with.skip_bad = true;
  EXPECT_EQ(clean_corpus(with).bad, 1);
  EXPECT_THAT(texts(), ElementsAre("good", "日本"));
}

TEST_F(Cleaning, WhatIsBadIsReportedInReadingOrderForAnyNumberOfThreads) {
  const std::string overlong = "{\"text\": \"" + std::string(2'000'000, 'a') + "\"}\n";
  std::string lines = "{\"text\": \n" + overlong;
  for (int i = 0; i < 6; ++i) lines += "{\"text\": \"" + std::string(900'000, 'b') + "\"}\n";
  lines += overlong + "{\"body\": 1}\n";
  CleanOptions with = options(put("a.jsonl", lines));
  with.longest_document = 1 << 20;
  for (const std::int64_t threads : {1, 3}) {
    with.threads = threads;
    with.skip_bad = false;
    EXPECT_THAT(refused(with).subject(), testing::EndsWith("a.jsonl:1"));
    with.skip_bad = true;
    const CleanReport report = clean_corpus(with);
    EXPECT_EQ(report.bad, 4);
    const std::vector<std::string> numbers{":1: ", ":2: ", ":9: ", ":10: "};
    for (std::size_t i = 0; i < numbers.size(); ++i)
      EXPECT_THAT(report.bad_examples.at(i), testing::StartsWith("a.jsonl" + numbers[i]));
    fs::remove_all(out());
  }
  // the file breaks off with bytes that are no text: the broken line before them is named
  with.inputs = {put("b.jsonl", "{\"text\": \n" + std::string(100'000, ' ') + "\n\xFF\n")};
  with.encoding = "UTF-8";
  with.skip_bad = false;
  EXPECT_THAT(refused(with).subject(), testing::EndsWith("b.jsonl"));
  put("b.jsonl", "{\"text\": \n" + std::string(3'000'000, ' ') + "\n\xFF\n");
  EXPECT_THAT(refused(with).subject(), testing::EndsWith("b.jsonl:1"));
}

TEST_F(Cleaning, BoundsThatNothingCanKeepAreRefused) {
  CleanOptions with = options(put("a.txt", "one"));
  with.bounds = {{"words", true, 500.0, "--min-words"}, {"words", false, 100.0, "--max-words"}};
  const Error error = refused(with);
  EXPECT_EQ(error.fault(), Fault::usage);
  EXPECT_EQ(error.subject(), "--min-words");
  EXPECT_THAT(error.problem(), HasSubstr("500 is above max_words 100"));
  with.bounds[1].value = 500.0;
  EXPECT_NO_THROW((void)clean_corpus(with));
}

TEST_F(Cleaning, LongPlainTextIsCutAtLineEndsAndALongLineIsRefused) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "line " + std::to_string(i) + (i % 7 == 0 ? "\n\n" : "\n");
  CleanOptions with = options(put("a.txt", text));
  with.longest_document = 1 << 18;
  const CleanReport report = clean_corpus(with);
  EXPECT_GT(report.documents, 4);
  std::string joined;
  for (const std::string& piece : texts()) joined += piece + "\n";
  EXPECT_EQ(std::count(joined.begin(), joined.end(), 'l'), 100'000) << "no line is lost or doubled";
  EXPECT_THAT(part(), HasSubstr("\"id\": \"a.txt#1\""));

  fs::remove_all(out());
  with.inputs = {put("b.txt", std::string(1'000'000, 'x'))};
  EXPECT_THAT(refused(with).problem(), HasSubstr("a line of more than 256 KiB"));
  with.inputs = {put("c.html", text)};
  EXPECT_THAT(refused(with).problem(), HasSubstr("html cannot be cut"));
}

TEST_F(Cleaning, ABombIsRefusedByRatioAndBySize) {
  const std::string zeros(std::size_t{100} << 20, ' ');
  std::string packed(ZSTD_compressBound(zeros.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), zeros.data(), zeros.size(), 3));
  CleanOptions with = options(put("a.txt.zst", packed));
  EXPECT_THAT(refused(with).problem(), HasSubstr("more than 200 times its size"));
  with.unpack.ratio = 1'000'000;
  with.unpack.bytes = 1 << 20;
  EXPECT_THAT(refused(with).problem(), HasSubstr("unpacks to more than 1.0 MiB"));
  with.skip_bad = true;
  put("b.txt", "fine");
  with.inputs.push_back((folder_ / "b.txt").string());
  const CleanReport report = clean_corpus(with);
  EXPECT_THAT(texts(), ElementsAre("fine"));
  EXPECT_THAT(report.files.at(0).problem, HasSubstr("1.0 MiB"));
}

TEST_F(Cleaning, AFinishedFolderIsReplacedAndAnyOtherIsNot) {
  const CleanOptions with = options(put("a.txt", "one"));
  (void)clean_corpus(with);
  put("a.txt", "two");
  (void)clean_corpus(with);
  EXPECT_THAT(texts(), ElementsAre("two"));
  EXPECT_FALSE(fs::exists(out().string() + ".partial"));
  put("out/mine.txt", "not ours");
  const Error error = error_of([&] { (void)clean_corpus(with); });
  EXPECT_EQ(error.fault(), Fault::usage);
  EXPECT_THAT(error.problem(), HasSubstr("other files"));
  EXPECT_EQ(read_file(out() / "mine.txt"), "not ours");
}

TEST_F(Cleaning, AFullDiskLeavesTheFolderOfBefore) {
  fs::create_directories(folder_ / "disk");
  if (geteuid() != 0 || ::mount("none", (folder_ / "disk").c_str(), "tmpfs", 0, "size=600k") != 0) {
    GTEST_SKIP() << "a small disk cannot be mounted here";
  }
  CleanOptions with = options(put("a.txt", "small"));
  with.out = (folder_ / "disk" / "out").string();
  (void)clean_corpus(with);
  with.inputs = {put("b.txt", std::string(400'000, 'x') + "\n" + std::string(400'000, 'y'))};
  const Error error = error_of([&] { (void)clean_corpus(with); });
  const std::string manifest = read_file(folder_ / "disk/out/manifest.json");
  const bool partial = fs::exists(folder_ / "disk/out.partial");
  ::umount((folder_ / "disk").c_str());
  EXPECT_EQ(error.fault(), Fault::io);
  EXPECT_THAT(error.hint(), HasSubstr("free"));
  EXPECT_THAT(manifest, HasSubstr("a.txt"));
  EXPECT_FALSE(partial);
}

TEST_F(Cleaning, OptionsThatCannotBeMeantAreRefused) {
  CleanOptions with = options("x");
  with.language = "english";
  EXPECT_EQ(error_of([&] { validate(with); }).fault(), Fault::usage);
  with = options("x");
  with.threads = 0;
  EXPECT_EQ(error_of([&] { validate(with); }).fault(), Fault::usage);
  with = options("x");
  with.encoding = "UTF-99";
  EXPECT_EQ(error_of([&] { validate(with); }).fault(), Fault::usage);
  EXPECT_EQ(refused(options((folder_ / "nowhere").string())).fault(), Fault::missing_input);
  EXPECT_THAT(refused(options(put("empty.txt", ""))).problem(), HasSubstr("is empty"));
}

TEST_F(Cleaning, AnOutputThatWouldBuryWhatIsReadOrRemovedIsRefused) {
  CleanOptions with = options(put("out/part-00000.jsonl", "{\"text\": \"a\"}"));
  EXPECT_EQ(error_of([&] { (void)clean_corpus(with); }).subject(), "out");
  with = options(put("a.txt", "one"));
  with.removed = (out() / "removed.jsonl").string();
  EXPECT_EQ(error_of([&] { (void)clean_corpus(with); }).subject(), "removed");
  with.removed = with.inputs[0];
  EXPECT_EQ(error_of([&] { (void)clean_corpus(with); }).subject(), "removed");
  EXPECT_EQ(read_file(with.inputs[0]), "one");
  with.removed = out().string() + "-removed.jsonl";
  fs::remove_all(out());
  EXPECT_NO_THROW((void)clean_corpus(with));
}

TEST_F(Cleaning, AStopLeavesNothing) {
  std::stop_source stop;
  stop.request_stop();
  const CleanOptions with = options(put("a.txt", "one"));
  EXPECT_EQ(error_of([&] { (void)clean_corpus(with, stop.get_token()); }).fault(), Fault::stopped);
  EXPECT_FALSE(fs::exists(out()));
}

}  // namespace
}  // namespace isoflop::corpus
