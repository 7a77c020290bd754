#include "isoflop/corpus.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/hash.h"
#include "corpus/testing.h"

namespace isoflop::corpus {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// a text of paragraphs that all differ
std::string long_text(int paragraphs, const std::string& word = "word") {
  std::string text;
  for (int i = 0; i < paragraphs; ++i) {
    text += "Paragraph " + std::to_string(i) + " of " + word;
    for (int j = 0; j < 10 + i % 7; ++j) text += " " + word + std::to_string(i * j);
    text += ".\n\n";
  }
  return text;
}

std::string json_lines(int documents) {
  std::string lines;
  for (int i = 0; i < documents; ++i) {
    lines += R"({"id": )" + std::to_string(i) + R"(, "text": "document )" + std::to_string(i) +
             R"( \u00e9\n", "source": "author )" + std::to_string(i % 5) + "\"}\n";
  }
  return lines;
}

class CorpusOfFiles : public InAFolder {
 protected:
  static CorpusOptions small_blocks(std::vector<std::string> inputs) {
    return {.inputs = std::move(inputs), .block_characters = 500};
  }
};

TEST_F(CorpusOfFiles, OneLongTextIsSplitByBlockAndItsBlocksJoinedAreTheText) {
  const std::string text = long_text(400);
  const Corpus corpus = Corpus::open(small_blocks({put("book.txt", text)}));
  EXPECT_EQ(corpus.manifest().split, SplitKind::block);
  std::string all;
  const std::vector<SeenUnit> units = units_of(corpus);
  for (const SeenUnit& unit : units) {
    all += unit.text;
    EXPECT_EQ(unit.source, "book.txt");
    EXPECT_EQ(unit.ends_document, &unit == &units.back());
  }
  EXPECT_EQ(all, text);
}

TEST_F(CorpusOfFiles, TheHeldOutShareIsReachedAndExceededByOneUnitAtMost) {
  const Corpus corpus = Corpus::open(small_blocks({put("book.txt", long_text(400))}));
  const CorpusManifest& manifest = corpus.manifest();
  const double total = static_cast<double>(manifest.train.characters + manifest.held_out.characters);
  EXPECT_GE(static_cast<double>(manifest.held_out.characters), 0.1 * total);
  EXPECT_LE(static_cast<double>(manifest.held_out.characters), 0.1 * total + 750);
}

TEST_F(CorpusOfFiles, TheManifestCountsWhatTheSecondPassShows) {
  const Corpus corpus = Corpus::open({.inputs = {put("docs.jsonl", json_lines(100))}});
  SplitFacts train, held_out;
  std::set<std::string> sources;
  for (const SeenUnit& unit : units_of(corpus)) {
    SplitFacts& side = unit.held_out ? held_out : train;
    ++side.units;
    side.characters += static_cast<std::int64_t>(unit.text.size()) - 1;  // the one character of two bytes
    side.bytes += static_cast<std::int64_t>(unit.text.size());
    sources.insert(unit.source);
  }
  const CorpusManifest& manifest = corpus.manifest();
  EXPECT_EQ(manifest.split, SplitKind::document);
  EXPECT_EQ(manifest.train.units, train.units);
  EXPECT_EQ(manifest.train.characters, train.characters);
  EXPECT_EQ(manifest.train.bytes, train.bytes);
  EXPECT_EQ(manifest.held_out.units, held_out.units);
  EXPECT_EQ(manifest.held_out.characters, held_out.characters);
  EXPECT_EQ(manifest.held_out.bytes, held_out.bytes);
  EXPECT_EQ(manifest.sources.size(), sources.size());
  std::int64_t documents = 0, held_out_units = 0;
  for (const SourceFacts& source : manifest.sources) {
    documents += source.documents;
    held_out_units += source.held_out_units;
  }
  EXPECT_EQ(documents, 100);
  EXPECT_EQ(held_out_units, held_out.units);
  EXPECT_EQ(manifest.distinct_characters, 21) << "acdemntu o, ten digits, a space, a line end, an accented e";
}

TEST_F(CorpusOfFiles, ThirtyDocumentsAreSplitByDocumentAndTwentyNineByBlock) {
  EXPECT_EQ(Corpus::open({.inputs = {put("a.jsonl", json_lines(30))}}).manifest().split, SplitKind::document);
  const Corpus few = Corpus::open({.inputs = {put("b.jsonl", json_lines(29))}});
  EXPECT_EQ(few.manifest().split, SplitKind::block);
  for (const SeenUnit& unit : units_of(few)) EXPECT_TRUE(unit.ends_document) << "a block ends where its document does";
}

TEST_F(CorpusOfFiles, TrainingAndHeldOutTextsAreDisjointAlsoWithCopies) {
  std::string lines = json_lines(60);
  lines += json_lines(60);
  const Corpus corpus = Corpus::open({.inputs = {put("twice.jsonl", lines)}});
  std::set<std::string> train, held_out;
  for (const SeenUnit& unit : units_of(corpus)) (unit.held_out ? held_out : train).insert(unit.text);
  EXPECT_EQ(train.size() + held_out.size(), 60U);
  for (const std::string& text : held_out) EXPECT_FALSE(train.contains(text));
}

// 40 articles, each in three editions that differ in a few words
std::string editions() {
  std::string lines;
  for (int article = 0; article < 40; ++article) {
    for (int edition = 0; edition < 3; ++edition) {
      std::string text;
      for (int w = 0; w < 300; ++w)
        text +=
            (w % 150 == 7 ? "edition" + std::to_string(edition) : "a" + std::to_string(article) + "w" + std::to_string(w)) + " ";
      lines += R"({"text": ")" + text + "\"}\n";
    }
  }
  return lines;
}

TEST_F(CorpusOfFiles, EditionsOfOneArticleLieOnOneSideUnlessToldOtherwise) {
  CorpusOptions options{.inputs = {put("editions.jsonl", editions())}};
  const auto articles_cut = [&] {
    std::map<std::string, std::set<bool>> sides;
    for (const SeenUnit& unit : units_of(Corpus::open(options)))
      sides[unit.text.substr(0, unit.text.find(' '))].insert(unit.held_out);
    EXPECT_EQ(sides.size(), 40U);
    return std::count_if(sides.begin(), sides.end(), [](const auto& each) { return each.second.size() == 2; });
  };
  EXPECT_EQ(articles_cut(), 0);
  const CorpusManifest manifest = Corpus::open(options).manifest();
  EXPECT_GE(manifest.held_out.units, 12);
  EXPECT_EQ(manifest.held_out.units % 3, 0);
  options.near_duplicates_together = false;
  EXPECT_GT(articles_cut(), 5);
}

TEST_F(CorpusOfFiles, WithoutNearDuplicatesTheSplitIsTheSameEitherWay) {
  CorpusOptions options{.inputs = {put("docs.jsonl", json_lines(200))}};
  const std::string together = Corpus::open(options).manifest().content_id;
  options.near_duplicates_together = false;
  EXPECT_EQ(Corpus::open(options).manifest().content_id, together);
}

TEST_F(CorpusOfFiles, NoneHoldsNothingOutAndSourceHoldsOutWholeSources) {
  const std::string path = put("docs.jsonl", json_lines(100));
  EXPECT_EQ(Corpus::open({.inputs = {path}, .split = SplitKind::none}).manifest().held_out.units, 0);
  const Corpus corpus = Corpus::open({.inputs = {path}, .split = SplitKind::source});
  int held_out = 0;
  for (const SourceFacts& source : corpus.manifest().sources) {
    EXPECT_TRUE(source.held_out_units == 0 || source.held_out_units == source.units);
    held_out += source.held_out_units > 0 ? 1 : 0;
  }
  EXPECT_EQ(held_out, 1);
}

TEST_F(CorpusOfFiles, AMovedFolderAndAnotherOrderOfInputsGiveTheSameCorpus) {
  const std::string a = put("here/a.txt", long_text(100, "one")), b = put("here/sub/b.txt", long_text(100, "two"));
  put("there/deep/a.txt", long_text(100, "one"));
  put("there/deep/sub/b.txt", long_text(100, "two"));
  const auto of = [&](std::vector<std::string> inputs) { return Corpus::open(small_blocks(std::move(inputs))).manifest(); };
  const CorpusManifest here = of({(folder_ / "here").string()});
  EXPECT_EQ(to_json(of({(folder_ / "there/deep").string()})), to_json(here));
  EXPECT_EQ(of({b, a}).content_id, here.content_id);
  EXPECT_EQ(of({a, b, a}).content_id, here.content_id) << "a file named twice is read once";
  EXPECT_THAT(here.files[1].name, "sub/b.txt");
}

TEST_F(CorpusOfFiles, TheIdentityFollowsTheTextAndTheSplitAndNothingElse) {
  const std::string path = put("book.txt", long_text(100));
  const std::string id = Corpus::open(small_blocks({path})).manifest().content_id;
  EXPECT_EQ(Corpus::open(small_blocks({put("other-name.txt", long_text(100))})).manifest().content_id, id);
  CorpusOptions options = small_blocks({path});
  options.val_fraction = 0.3;
  EXPECT_NE(Corpus::open(options).manifest().content_id, id);
  options = small_blocks({path});
  options.block_characters = 600;
  EXPECT_NE(Corpus::open(options).manifest().content_id, id);
  std::string text = long_text(100);
  text[text.size() / 2] = '#';
  EXPECT_NE(Corpus::open(small_blocks({put("changed.txt", text)})).manifest().content_id, id);
}

TEST_F(CorpusOfFiles, FilesOfOneNameAreToldApartByTheirFolders) {
  const CorpusManifest manifest =
      Corpus::open(small_blocks({put("x/poe.txt", long_text(50, "raven")), put("y/poe.txt", long_text(50, "bells"))})).manifest();
  ASSERT_EQ(manifest.sources.size(), 2U);
  EXPECT_EQ(manifest.sources[0].name, "x/poe.txt");
  EXPECT_EQ(manifest.sources[1].name, "y/poe.txt");
}

TEST_F(CorpusOfFiles, AFolderGivesItsTextsSortedAndLeavesTheRest) {
  put("in/b.md", long_text(30, "b"));
  put("in/a/z.txt", long_text(30, "z"));
  put("in/empty.txt", "");
  put("in/picture.png", std::string("\x89PNG\0", 5));
  put("in/.hidden/h.txt", "hidden");
  const Corpus corpus = Corpus::open(small_blocks({(folder_ / "in").string()}));
  const CorpusManifest& manifest = corpus.manifest();
  std::vector<std::string> names;
  for (const CorpusFile& file : manifest.files) names.push_back(file.name);
  EXPECT_THAT(names, ElementsAre("a/z.txt", "b.md", "empty.txt"));
  EXPECT_THAT(corpus.passed_over(), testing::AllOf(HasSubstr("1 file was passed over"), HasSubstr("*.txt")));
  EXPECT_EQ(manifest.empty_documents, 1);
  EXPECT_EQ(Corpus::open(small_blocks({(folder_ / "in/*/*.t?t").string()})).manifest().files.size(), 1U);
}

TEST_F(CorpusOfFiles, TwoStarsMatchFoldersAtAnyDepthAndFollowNoLinks) {
  put("tree/top.txt", long_text(30, "top"));
  put("tree/a/one.txt", long_text(30, "one"));
  put("tree/a/b/c/deep.txt", long_text(30, "deep"));
  put("tree/a/notes.md", long_text(30, "notes"));
  put("tree/.hidden/h.txt", "hidden");
  put("elsewhere/other.txt", long_text(30, "other"));
  fs::create_directory_symlink("..", folder_ / "tree/a/loop");
  fs::create_directory_symlink(folder_ / "elsewhere", folder_ / "tree/linked");
  const auto matched = [&](const std::string& pattern) {
    std::vector<std::string> names;
    const Corpus corpus = Corpus::open(small_blocks({(folder_ / pattern).string()}));
    for (const CorpusFile& file : corpus.manifest().files) names.push_back(file.name);
    return names;
  };
  EXPECT_THAT(matched("tree/**/*.txt"), ElementsAre("deep.txt", "one.txt", "top.txt"));
  EXPECT_THAT(matched("**/b/**/*.txt"), ElementsAre("deep.txt"));
  EXPECT_THAT(matched("tree/**"), ElementsAre("deep.txt", "notes.md", "one.txt", "top.txt"));
  EXPECT_THAT(matched("tree/**/**/[d-o]*"), ElementsAre("deep.txt", "notes.md", "one.txt"));
  EXPECT_THAT(matched("tree/*/*.txt"), ElementsAre("one.txt", "other.txt"));  // one star: one folder, links too
}

TEST_F(CorpusOfFiles, AByteOrderMarkIsDroppedAndCarriageReturnsStay) {
  const Corpus corpus = Corpus::open({.inputs = {put("book.txt", "\xEF\xBB\xBFone\r\n")}, .split = SplitKind::none});
  EXPECT_EQ(units_of(corpus).at(0).text, "one\r\n");
}

TEST_F(CorpusOfFiles, InvalidBytesAreCountedForTheirSource) {
  const std::string lines = R"({"text": "good", "source": "a"})"
                            "\n{\"text\": \"b\xFF\xFE"
                            R"(ad", "source": "b"})"
                            "\n";
  const Corpus corpus =
      Corpus::open({.inputs = {put("docs.jsonl", lines)}, .utf8 = Utf8Policy::skip, .split = SplitKind::document});
  EXPECT_EQ(corpus.manifest().sources.at(0).invalid_bytes, 0);
  EXPECT_EQ(corpus.manifest().sources.at(1).invalid_bytes, 2);
  EXPECT_EQ(units_of(corpus).at(1).text, "bad");
}

// ---- bad input: each is one error with its fault, its place and what was expected

TEST_F(CorpusOfFiles, AMissingFileAPatternWithoutMatchAndAFolderWithoutTextAreMissingInput) {
  const auto fault_of = [](const std::string& input) {
    return error_of([&] { (void)Corpus::open({.inputs = {input}}); }).fault();
  };
  EXPECT_EQ(fault_of((folder_ / "none.txt").string()), Fault::missing_input);
  EXPECT_EQ(fault_of((folder_ / "*.txt").string()), Fault::missing_input);
  EXPECT_EQ(fault_of(folder_.string()), Fault::missing_input);
  EXPECT_EQ(error_of([] { (void)Corpus::open({}); }).fault(), Fault::missing_input);
}

TEST_F(CorpusOfFiles, AnEmptyFileIsNamed) {
  const std::string path = put("empty.txt", "");
  const Error error = error_of([&] { (void)Corpus::open({.inputs = {path, put("full.txt", long_text(10))}}); });
  EXPECT_EQ(error.fault(), Fault::bad_data);
  EXPECT_EQ(error.subject(), path);
  EXPECT_EQ(error.problem(), "is empty");
}

TEST_F(CorpusOfFiles, AFolderOfEmptyFilesHoldsNoText) {
  put("in/a.txt", "");
  EXPECT_THAT(error_of([&] { (void)Corpus::open({.inputs = {(folder_ / "in").string()}}); }).problem(), HasSubstr("no text"));
}

TEST_F(CorpusOfFiles, ABinaryFileIsNamedWithTheOffsetOfItsFirstNul) {
  const Error error = error_of([&] { (void)Corpus::open({.inputs = {put("a.bin", std::string("text\0more", 9))}}); });
  EXPECT_EQ(error.fault(), Fault::bad_data);
  EXPECT_THAT(error.problem(), HasSubstr("byte 4 is NUL"));
  EXPECT_THAT(error_of([&] { (void)Corpus::open({.inputs = {put("u16.txt", std::string("\xFF\xFEh\0i\0", 6))}}); }).hint(),
              HasSubstr("UTF-16"));
}

TEST_F(CorpusOfFiles, InvalidUtf8IsNamedByFileAndByteOffsetFarIntoTheFile) {
  std::string text = long_text(40'000);
  ASSERT_GT(text.size(), std::size_t{3} << 20) << "more than one piece";
  text[3'000'001] = '\xFF';
  const std::string path = put("book.txt", text);
  const Error error = error_of([&] { (void)Corpus::open({.inputs = {path}}); });
  EXPECT_EQ(error.fault(), Fault::bad_data);
  EXPECT_EQ(error.subject(), path);
  EXPECT_THAT(error.problem(), HasSubstr("at byte 3000001 (0xFF)"));
}

TEST_F(CorpusOfFiles, NothingHeldOutIsRefusedWithAWayOut) {
  const std::string path = put("short.txt", "One short text.\n");
  const Error block = error_of([&] { (void)Corpus::open({.inputs = {path}}); });
  EXPECT_EQ(block.fault(), Fault::bad_data);
  EXPECT_EQ(block.problem(), "the text is one block of 16 characters: nothing can be held out");
  EXPECT_THAT(block.hint(), HasSubstr("--block-characters"));
  const Error document =
      error_of([&] { (void)Corpus::open({.inputs = {put("book.txt", long_text(400))}, .split = SplitKind::document}); });
  EXPECT_THAT(document.hint(), HasSubstr("--split block"));
  EXPECT_EQ(error_of([&] { (void)Corpus::open({.inputs = {path}, .split = SplitKind::source}); }).fault(), Fault::bad_data);
}

TEST_F(CorpusOfFiles, AnOptionOutOfRangeIsRefused) {
  const std::string path = put("book.txt", long_text(10));
  for (const double fraction : {0.0, -0.1, 0.6, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(error_of([&] { (void)Corpus::open({.inputs = {path}, .val_fraction = fraction}); }).fault(), Fault::usage);
  }
  EXPECT_EQ(error_of([&] { (void)Corpus::open({.inputs = {path}, .block_characters = 0}); }).fault(), Fault::usage);
}

TEST_F(CorpusOfFiles, AFileThatChangedBetweenThePassesIsNamedBeforeItsUnitIsShown) {
  const std::string text = long_text(400);
  const std::string path = put("book.txt", text);
  const Corpus corpus = Corpus::open(small_blocks({path}));
  std::string changed = text;
  changed[changed.size() / 2] = '#';
  for (const std::string& now : {changed, text + "more", text.substr(0, text.size() - 1), std::string()}) {
    put("book.txt", now);
    const Error error =
        error_of([&] { corpus.for_each_unit([](const Unit& unit) { EXPECT_EQ(unit.text.find('#'), std::string_view::npos); }); });
    EXPECT_EQ(error.fault(), Fault::bad_data);
    EXPECT_EQ(error.subject(), path);
    EXPECT_THAT(error.problem(), HasSubstr("changed"));
  }
  put("book.txt", text);
  EXPECT_FALSE(units_of(corpus).empty());
}

TEST_F(CorpusOfFiles, AStopEndsTheReading) {
  const std::string path = put("book.txt", long_text(400));
  std::stop_source stop;
  const Corpus corpus = Corpus::open(small_blocks({path}));
  stop.request_stop();
  EXPECT_EQ(error_of([&] { (void)Corpus::open(small_blocks({path}), stop.get_token()); }).fault(), Fault::stopped);
  EXPECT_EQ(error_of([&] { corpus.for_each_unit([](const Unit&) {}, stop.get_token()); }).fault(), Fault::stopped);
}

TEST_F(CorpusOfFiles, ProgressReachesTheStoredBytes) {
  const std::string path = put("book.txt", long_text(400));
  double done = 0, total = -1;
  (void)Corpus::open(small_blocks({path}), {}, [&](const Progress& progress) {
    done = progress.done;
    total = progress.total;
  });
  EXPECT_EQ(done, total);
  EXPECT_EQ(total, static_cast<double>(fs::file_size(path)));
}

}  // namespace
}  // namespace isoflop::corpus
