// What a fit reads of a study's folder: the store as it is now.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "base/testing.h"
#include "isoflop/lab.h"

namespace isoflop {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

fs::path store_of(const std::string& csv) {
  const fs::path folder = fresh_folder();
  write_output(folder / "table.csv", csv);
  (void)RunStore::open(folder / "study").import_table(folder / "table.csv");
  return folder / "study";
}

std::vector<std::string> codes(const Observations& table) {
  std::vector<std::string> list;
  for (const Warning& warning : table.warnings) list.push_back(warning.code);
  return list;
}

constexpr const char* kRuns =
    "name,group,params,tokens,loss,status\na,family,1e4,1e6,4,done\nb,,1e5,1e6,3,done\nc,family,1e6,1e6,2.5,diverged\n"
    "rate,learning-rate,1e4,5e5,5,done\n";

TEST(FolderObservations, AreTheStoresAndNotAnOldTables) {
  const fs::path study = store_of(kRuns);
  write_output(study / "runs.csv", "name,params,loss\nold,1,1\n");
  const Observations table = observations_of_folder(study);
  EXPECT_THAT(table.labels, ElementsAre("a", "b"));
  EXPECT_THAT(codes(table), ElementsAre("not_done", "sweep_runs"));
  EXPECT_THAT(observations_of_folder(study, {.where = "params>1e4"}).labels, ElementsAre("b"));
}

TEST(FolderObservations, CountTheRunsThatAreNotFinished) {
  const fs::path study = store_of(kRuns);
  replace_file(RunStore::open_existing(study).find("a")->folder / "record.json", "damaged");
  const Observations table = observations_of_folder(study);
  EXPECT_THAT(table.labels, ElementsAre("b"));
  EXPECT_THAT(table.warnings.back().text, HasSubstr("1 run with status running left out"));
}

TEST(FolderObservations, NameTheRunOfANumberThatCannotBeFitted) {
  const fs::path study = store_of("name,params,loss,train_loss\na,1e4,3,-1\nb,1e5,2,1\n");
  EXPECT_EQ(error_of([&] { (void)fit_power_law(observations_of_folder(study), {.loss_column = "train_loss"}); }).subject(), "a");
}

TEST(FolderObservations, SayWhatIsMissing) {
  const fs::path folder = fresh_folder();
  EXPECT_EQ(error_of([&] { (void)observations_of_folder(folder / "none"); }).fault(), Fault::missing_input);
  write_output(folder / "runs.csv", "params,loss\n1,1\n");
  EXPECT_THAT(error_of([&] { (void)observations_of_folder(folder); }).hint(), HasSubstr("runs.csv"));
  (void)RunStore::open(folder);
  EXPECT_THAT(error_of([&] { (void)observations_of_folder(folder); }).problem(), HasSubstr("no finished run"));
}

TEST(FolderSteps, AreARowAnUpdateWithTheEvaluationAfterIt) {
  const fs::path folder = fresh_folder() / "study";
  RunStore store = RunStore::open(folder);
  RunSpec spec;
  spec.shape.n_layer = spec.shape.n_head = 1;
  spec.shape.n_embd = spec.shape.block_size = 8;
  spec.shape.vocab_size = 16;
  spec.data.emplace_back().id = "text";
  spec = resolve(spec);
  const auto writer = store.write(spec, "a", "family");
  for (std::int64_t s = 0; s < 3; ++s)
    writer->step({.step = s,
                  .tokens = 100 * (s + 1),
                  .loss = 4.0 - static_cast<double>(s),
                  .grad_norm = 1,
                  .learning_rate = 1e-3 * static_cast<double>(s + 1)});
  EvalRecord eval;
  eval.step = 2;
  eval.tokens = 200;
  eval.loss = 2.5;
  writer->eval(eval);
  RunRecord record;
  record.id = run_id(spec);
  record.name = "a";
  record.group = "family";
  record.status = RunStatus::done;
  record.params.params = 1000;
  record.steps = 3;
  writer->finish(record, {});
  const Observations table = observations_from_table(step_table_of_folder(folder));
  EXPECT_THAT(table.labels, ElementsAre("a", "a", "a"));
  EXPECT_EQ(table.columns.at("step")[0], 0.0);
  EXPECT_EQ(table.columns.at("loss")[2], 2.0);
  EXPECT_EQ(table.columns.at("loss_eval")[0], std::nullopt);
  EXPECT_EQ(table.columns.at("loss_eval")[1], 2.5) << "made after two updates";
  EXPECT_EQ(table.columns.at("params")[0], 1000.0);
  EXPECT_EQ(table.loss_kind, "train");
  EXPECT_THAT(table.schedules.at("a").learning_rates, ElementsAre(1e-3, 2e-3, 3e-3));
}

TEST(FolderSteps, AreNotThoseOfImportedRows) {
  EXPECT_EQ(error_of([] { (void)step_table_of_folder(store_of(kRuns)); }).fault(), Fault::missing_input);
}

TEST(Observations, CountTheRunsThatAreNotDone) {
  std::vector<StoredRun> runs(2);
  runs[0].record.name = "a";
  runs[0].record.status = RunStatus::done;
  runs[0].record.loss = 3.0;
  runs[1].record.name = "b";
  runs[1].record.status = RunStatus::diverged;
  const Observations table = observations_of(runs, "final");
  EXPECT_THAT(table.labels, ElementsAre("a"));
  ASSERT_THAT(codes(table), ElementsAre("not_done"));
  EXPECT_THAT(table.warnings[0].text, HasSubstr("1 run with status diverged left out: b"));
}

}  // namespace
}  // namespace isoflop
