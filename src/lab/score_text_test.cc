// What stored runs lose on another text.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/file.h"
#include "base/json.h"
#include "base/random.h"
#include "base/testing.h"
#include "isoflop/lab.h"

namespace isoflop {
namespace {

namespace fs = std::filesystem;

constexpr const char* kStudy = R"(
name = "scored"
[data]
split = "document"
tokenizer = "byte"
[model]
block_size = 16
n_layer = 1
n_head = 1
[[models]]
name = "a"
n_embd = 8
[[models]]
name = "b"
n_embd = 16
[train]
learning_rate = 1e-2
batch_size = 4
max_iters = 20
)";

std::string document(std::uint64_t number) {
  const Philox random{.seed = number, .stream = Stream::simulate};
  std::string text;
  for (std::uint64_t i = 0; i < 200; ++i) text += static_cast<char>('a' + random.below(i % 7 + 2, i));
  return text;
}

struct Scored {
  fs::path folder;
  std::vector<StoredRun> trained;
};
Scored trained_in(const std::string& name) {
  Scored place{fresh_folder(name), {}};
  std::string lines;
  for (std::uint64_t i = 0; i < 60; ++i) lines += Json{{"id", i}, {"text", document(i)}}.dump() + "\n";
  write_output(place.folder / "text.jsonl", lines);
  Study study = study_from_toml(kStudy, "scored.toml");
  study.corpus.inputs = {(place.folder / "text.jsonl").string()};
  LabOptions options;
  options.out = place.folder / "study";
  options.cache = place.folder / "cache";
  options.checkpoint_interval = 5;
  for (const StudyRun& run : run_study(study, options).runs) place.trained.push_back(run.stored);
  return place;
}

Corpus whole(const fs::path& file) {
  return Corpus::open({.inputs = {file.string()}, .split = SplitKind::none});
}

TEST(ScoreRuns, GiveTheirOwnHeldOutTextTheLossThatTheyStored) {
  const Scored place = trained_in("score_own");
  std::string held_out;
  CorpusOptions options{.inputs = {(place.folder / "text.jsonl").string()}, .split = SplitKind::document};
  Corpus::open(options).for_each_unit([&](const Unit& unit) {
    if (unit.held_out) held_out += Json{{"text", unit.text}}.dump() + "\n";
  });
  write_output(place.folder / "held_out.jsonl", held_out);

  const auto scored = score_runs(place.folder / "study", whole(place.folder / "held_out.jsonl"), {});
  ASSERT_EQ(scored.size(), 2U);
  for (std::size_t i = 0; i < scored.size(); ++i) {
    EXPECT_EQ(scored[i].id, place.trained[i].id);
    EXPECT_EQ(scored[i].record.loss, place.trained[i].record.loss);
    EXPECT_EQ(scored[i].record.loss_se_eval, place.trained[i].record.loss_se_eval);
    EXPECT_EQ(scored[i].record.bits_per_byte, place.trained[i].record.bits_per_byte);
    EXPECT_FALSE(scored[i].record.loss_best);
  }
}

TEST(ScoreRuns, OfAnotherTextLoseMoreAndChangeNothing) {
  const Scored place = trained_in("score_other");
  write_output(place.folder / "other.txt", "0123456789 NOTHING LIKE IT: #!? 0123456789\n");
  const auto scored = score_runs(place.folder / "study", whole(place.folder / "other.txt"), {.runs = {"b"}});
  ASSERT_EQ(scored.size(), 1U);
  EXPECT_EQ(scored[0].record.name, "b");
  EXPECT_GT(*scored[0].record.loss, *place.trained[1].record.loss);
  EXPECT_FALSE(scored[0].record.loss_se_eval) << "one document has no scatter between documents";
  EXPECT_EQ(RunStore::open_existing(place.folder / "study").find("b")->record.loss, place.trained[1].record.loss);

  const Corpus corpus = whole(place.folder / "other.txt");
  EXPECT_EQ(error_of([&] { (void)score_runs(place.folder / "study", corpus, {.runs = {"none"}}); }).fault(),
            Fault::missing_input);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(error_of([&] { (void)score_runs(place.folder / "study", corpus, {.stop = stop.get_token()}); }).fault(),
            Fault::stopped);
}

TEST(ScoreRuns, DoNotTakeAnOlderCheckpointForTheEndOfARun) {
  const Scored place = trained_in("score_older");
  const fs::path checkpoints = place.folder / "study/runs" / place.trained[0].id / "ckpt";
  ASSERT_GE(std::distance(fs::directory_iterator(checkpoints), {}), 2);
  fs::path last;
  for (const auto& entry : fs::directory_iterator(checkpoints)) last = std::max(last, entry.path());
  fs::remove_all(last);
  const Corpus corpus = whole(place.folder / "text.jsonl");
  EXPECT_EQ(error_of([&] { (void)score_runs(place.folder / "study", corpus, {.runs = {"a"}}); }).fault(), Fault::bad_data);
  EXPECT_EQ(score_runs(place.folder / "study", corpus, {.runs = {"b"}}).size(), 1U);
}

}  // namespace
}  // namespace isoflop
