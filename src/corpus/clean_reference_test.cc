// Cleaning real corpora: the reference data's.
#include <fstream>
#include <map>
#include <sstream>

#include "base/json.h"
#include "base/reference.h"
#include "corpus/language.h"
#include "corpus/testing.h"
#include "isoflop/clean.h"

namespace isoflop::corpus {
namespace {

using testing::SizeIs;

class RealCorpora : public InAFolder {
 protected:
  CleanOptions options(const std::string& name) const {
    CleanOptions options;
    options.inputs = {(reference_folder() / "corpora" / name).string()};
    options.out = (folder_ / "out").string();
    return options;
  }
  std::vector<Json> documents() const {
    std::vector<Json> found;
    for (int part = 0;; ++part) {
      std::ifstream lines(folder_ / "out" / ("part-0000" + std::to_string(part) + ".jsonl"));
      if (!lines) return found;
      for (std::string line; std::getline(lines, line);) found.push_back(Json::parse(line));
    }
  }
};

TEST_F(RealCorpora, TheSourceExperimentsTextIsNineWorksWithoutAMarkLeft) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  CleanOptions with = options("ja/gpt2mini_aozora.txt");
  with.format = TextFormat::aozora;
  with.compose_accents = false;
  with.form = UnicodeForm::none;
  const CleanReport report = clean_corpus(with);
  EXPECT_EQ(report.characters, 881'023);
  EXPECT_EQ(report.kept_documents, 9);
  EXPECT_EQ(report.aozora.legends, 9);
  EXPECT_EQ(report.aozora.gaiji_unknown, 48) << "whose notes were stripped";
  // counted by a regular expression that takes out the legends, spaces at line ends and empty lines in a row
  EXPECT_EQ(report.kept_characters, 878'750);
  for (const Json& document : documents()) {
    const std::string text = document["text"];
    for (const char* mark : {"《", "》", "｜", "＃", "【テキスト", "※"}) EXPECT_EQ(text.find(mark), std::string::npos) << mark;
  }
}

TEST_F(RealCorpora, AccentsOfTheSourceExperimentsTextAreComposed) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  const CleanReport report = clean_corpus(options("ja/gpt2mini_aozora.txt"));
  EXPECT_EQ(report.formats.at("aozora"), 9) << "told by its legends";
  std::string all;
  for (const Json& document : documents()) all += document["text"].get<std::string>();
  EXPECT_NE(all.find("Quid aliud est mulier nisi amicitiæ inimica"), std::string::npos);
  EXPECT_NE(all.find("Theatron, Orchêstra, Skênê, Proskênion"), std::string::npos);
  EXPECT_NE(all.find("〔二十分停車〕"), std::string::npos) << "no accent, so its brackets stay";
}

struct Curated {
  std::string name;
  std::int64_t documents = 0;
  double kept = 1;  ///< share of the characters that the default bounds must leave
};
void PrintTo(const Curated& corpus, std::ostream* out) {
  *out << corpus.name;
}
class EveryCuratedCorpus : public RealCorpora, public testing::WithParamInterface<Curated> {};
INSTANTIATE_TEST_SUITE_P(Reference, EveryCuratedCorpus,
                         testing::Values(Curated{"ja/aozora_core.jsonl", 26, 1}, Curated{"ja/aozora_ext.jsonl", 356, 0.98},
                                         Curated{"en/fiction.jsonl", 809, 0.99}, Curated{"en/nonfiction.jsonl", 56, 0.99},
                                         Curated{"en/web_usgov.jsonl", 1870, 0.95}, Curated{"en/code_c.jsonl", 85, 0.9},
                                         Curated{"en/kjv.txt", 1, 1}, Curated{"en/tinyshakespeare.txt", 1, 1}));

TEST_P(EveryCuratedCorpus, KeepsItsKeysAndNearlyAllOfItsText) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  const CleanReport report = clean_corpus(options(GetParam().name));
  EXPECT_EQ(report.documents, GetParam().documents);
  EXPECT_GE(static_cast<double>(report.kept_characters), GetParam().kept * static_cast<double>(report.characters) * 0.998);
  const std::vector<Json> kept = documents();
  ASSERT_THAT(kept, SizeIs(static_cast<std::size_t>(report.kept_documents)));
  for (const Json& document : kept)
    EXPECT_TRUE(document.contains("id") && document.contains("source") && document.contains("text"));
}

TEST_P(EveryCuratedCorpus, IsInTheLanguageItNames) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  if (!GetParam().name.ends_with(".jsonl")) GTEST_SKIP() << "plain text names no language";
  std::ifstream lines(reference_folder() / "corpora" / GetParam().name);
  int documents = 0, wrong = 0;
  for (std::string line; std::getline(lines, line); ++documents) {
    const Json document = Json::parse(line);
    if (tell_language(document["text"].get<std::string>()) != language_from(document["lang"].get<std::string>())) ++wrong;
  }
  EXPECT_LE(wrong, documents / 25);
}

// Gopher's rules were made for prose of the web: a table that names its units in every row repeats itself
TEST_F(RealCorpora, TheFactbookRepeatsItselfBeyondGophersBoundsAndStaysWithoutThem) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  CleanOptions with = options("en/encyclopedia_factbook.jsonl");
  const CleanReport strict = clean_corpus(with);
  EXPECT_LT(strict.kept_documents, 190 / 2);
  with.bounds = {{"duplicate_5gram", false, {}}, {"duplicate_6gram", false, {}}};
  EXPECT_GT(clean_corpus(with).kept_documents, 190 * 9 / 10);
}

// share of words in common, order left aside
double common_words(const std::string& a, const std::string& b) {
  std::map<std::string, int> counts;
  int of_a = 0, of_b = 0, common = 0;
  std::istringstream first(a), second(b);
  for (std::string word; first >> word; ++of_a) ++counts[word];
  for (std::string word; second >> word; ++of_b) common += counts[word]-- > 0 ? 1 : 0;
  return 2.0 * common / std::max(1, of_a + of_b);
}

TEST_F(RealCorpora, RawMarkdownComesOutAsTheCleanedText) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  CleanOptions with = options("en/web_raw_sample.jsonl");
  with.text_key = "raw";
  with.format = TextFormat::markdown;
  with.filter = false;
  const CleanReport report = clean_corpus(with);
  EXPECT_EQ(report.kept_documents, 60);
  double sum = 0, least = 1;
  for (const Json& document : documents()) {
    const double common = common_words(document["raw"], document["text"]);
    sum += common;
    if (common < least) least = common;
    EXPECT_EQ(document["raw"].get<std::string>().find("{{<"), std::string::npos) << document["id"];
  }
  EXPECT_GE(sum / 60, 0.97);
  EXPECT_GE(least, 0.7);
}

}  // namespace
}  // namespace isoflop::corpus
