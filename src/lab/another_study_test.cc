// What may join the runs of a folder: more of the same study on the same text, and nothing else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "lab/fixture.h"

namespace isoflop::lab {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

/// A study of one small model that has run.
Place run_place() {
  Place place = place_for("place");
  place.study.models.resize(1);
  place.study.train.max_iters = 20;
  (void)run_study(place.study, place.options);
  return place;
}

std::string page_of(const Place& place) { return read_file(place.options.out / "report.html"); }

void expect_refused(const Place& place, const testing::Matcher<std::string>& problem) {
  const std::string page = page_of(place), tokenizer = read_file(place.options.out / "tokenizer.json");
  for (const bool dry : {true, false}) {
    const Error error =
        error_of([&] { dry ? (void)plan_study(place.study, place.options) : (void)run_study(place.study, place.options); });
    EXPECT_EQ(error.fault(), Fault::usage);
    EXPECT_EQ(error.subject(), place.options.out.string());
    EXPECT_THAT(error.problem(), problem);
    EXPECT_THAT(error.hint(), HasSubstr("another folder"));
  }
  EXPECT_EQ(page_of(place), page);
  EXPECT_EQ(read_file(place.options.out / "tokenizer.json"), tokenizer);
}

TEST(AnotherStudy, OfTheSameNameOnAnotherTextIsRefusedWithBothTexts) {
  Place place = run_place();
  const std::string other = (place.folder / "other.txt").string();
  write_output(other, sentences(20'000));
  place.study.corpus.inputs = {other};
  expect_refused(place, AllOf(HasSubstr("on another text: text.txt (content "), HasSubstr(", not other.txt (content ")));
}

TEST(AnotherStudy, OfTheSameTextSplitOtherwiseIsRefused) {
  Place place = run_place();
  place.study.corpus.block_characters = 300;
  expect_refused(place, HasSubstr("the same files read or split otherwise: text.txt (content "));
}

TEST(AnotherStudy, WithAnotherTokenizerIsRefused) {
  Place place = run_place();
  place.study.tokenizer = TokenizerKind::byte;
  expect_refused(place, HasSubstr("with another tokenizer ("));
}

TEST(AnotherStudy, OfAnotherNameIsRefused) {
  Place place = run_place();
  place.study.name = "other";
  expect_refused(place, HasSubstr("holds the study `small`"));
}

TEST(AnotherStudy, ThatAddsSizesSeedsOrStepsToTheSameTextGoesOn) {
  Place place = run_place();
  StudyModel wider = place.study.models.front();
  wider.name = "wider";
  wider.shape.n_embd = 16;
  place.study.models.push_back(wider);
  place.study.seeds = {0, 1};
  const fs::path moved = place.folder / "moved.txt";
  fs::rename(place.folder / "text.txt", moved);  // the same text by another name
  place.study.corpus.inputs = {moved.string()};
  EXPECT_EQ(run_study(place.study, place.options).trained, 3);
  place.study.train.max_iters = 25;
  EXPECT_EQ(run_study(place.study, place.options).trained, 4);
}

TEST(AnotherStudy, TakesAFolderThatHoldsNoRunAndMendsFilesThatAreNotWhole) {
  Place place = run_place();
  replace_file(place.options.out / "tokenizer.json", "{");
  replace_file(place.options.out / "corpus.manifest.json", "{");
  replace_file(place.options.out / "study.resolved.toml", "[");
  EXPECT_EQ(run_study(place.study, place.options).trained, 0);
  EXPECT_TRUE(RunStore::open_existing(place.options.out).verify().empty());

  fs::remove_all(place.options.out / "runs");
  place.study.tokenizer = TokenizerKind::byte;
  EXPECT_EQ(run_study(place.study, place.options).trained, 1);
}

}  // namespace
}  // namespace isoflop::lab
