#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "train/checkpoint.h"
#include "train/fixture.h"

namespace isoflop {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Resume, AStopAtAnyStepChangesNoRecordAndNoWeight) {
  Setting plain;
  plain.spec.max_iters = 60;
  Recorded undisturbed;
  const Outcome expected = plain.run(undisturbed);
  for (const std::int64_t interval : {0, 20}) {
    const std::vector<std::int64_t> stops =
        interval == 0 ? std::vector<std::int64_t>{0, 1, 9, 10, 52, 58, 59} : std::vector<std::int64_t>{18, 19, 20};
    for (const std::int64_t stop_after : stops) {
      Setting setting;
      setting.spec.max_iters = 60;
      setting.options.checkpoint_root = fresh_folder("stop");
      setting.options.checkpoint_interval = interval;
      Recorded recorded;
      FakeEngine first;
      const TrainResult stopped = setting.run_and_stop(first, recorded, stop_after);
      EXPECT_EQ(stopped.status, RunStatus::stopped);
      EXPECT_EQ(stopped.steps, stop_after + 1);
      FakeEngine second;
      const Outcome outcome = setting.run(second, recorded.hooks());
      EXPECT_EQ(recorded.resumed_at.back(), stop_after + 1);
      EXPECT_EQ(second.repacks, 1);
      expect_same(recorded, outcome, undisturbed, expected);
    }
  }
}

TEST(Resume, AKillAtAnyStepChangesNoRecordAndNoWeight) {
  Recorded undisturbed;
  const Outcome expected = Setting().run(undisturbed);
  Setting setting;
  setting.options.checkpoint_root = fresh_folder("kill");
  setting.options.checkpoint_interval = 10;
  Recorded recorded;
  for (const std::int64_t step : {3, 9, 10, 33, 34, 60, 119}) setting.run_and_die(recorded, step);
  const Outcome outcome = setting.run(recorded);
  EXPECT_THAT(recorded.resumed_at, ElementsAre(0, 0, 0, 10, 30, 30, 60, 110));
  expect_same(recorded, outcome, undisturbed, expected);
}

TEST(Resume, TheEngineIsToldTheStepOfTheRun) {
  Setting setting;
  setting.spec.max_iters = 12;
  setting.options.checkpoint_root = fresh_folder("step");
  Recorded recorded;
  FakeEngine first, second;
  (void)setting.run_and_stop(first, recorded, 9);
  EXPECT_THAT(first.steps, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
  (void)setting.run(second, recorded.hooks());
  EXPECT_THAT(second.steps, ElementsAre(10, 11));
}

TEST(Resume, WithDropoutNeitherAStopNorTheSplitOfAnUpdateChangesAByte) {
  Setting setting;
  setting.spec.shape.dropout = 0.2;
  setting.spec.max_iters = 24;
  setting.spec.batch_size = 4;
  Team team(2);
  const auto engine_for = [&](const RunSpec& spec) {
    return make_cpu_engine(
        spec.shape, {.grad_lanes = spec.grad_lanes, .max_sequences = spec.sequences_per_update(), .seed = spec.seed}, team);
  };
  Recorded undisturbed;
  const Outcome expected = setting.run(*engine_for(setting.spec), undisturbed.hooks());

  Setting other = std::move(setting);
  other.spec.batch_size = 2;
  other.spec.gradient_accumulation_steps = 2;
  other.options.checkpoint_root = fresh_folder("dropout");
  Recorded recorded;
  EXPECT_EQ(other.run_and_stop(*engine_for(other.spec), recorded, 10).status, RunStatus::stopped);
  const Outcome outcome = other.run(*engine_for(other.spec), recorded.hooks());
  EXPECT_EQ(recorded.resumed_at.back(), 11);
  expect_same(recorded, outcome, undisturbed, expected);
}

TEST(Resume, AFinishedRunOnlyEvaluatesAgain) {
  Setting setting;
  setting.options.checkpoint_root = fresh_folder("finished");
  Recorded recorded;
  const Outcome expected = setting.run(recorded);
  Recorded again = recorded;
  FakeEngine engine;
  const Outcome outcome = setting.run(engine, again.hooks());
  EXPECT_EQ(engine.updates, 0);
  expect_same(again, outcome, recorded, expected);
}

TEST(Resume, ThePublishedFilesAreMadeDurableBeforeACheckpointCounts) {
  Setting setting;
  setting.options.checkpoint_root = fresh_folder("durable");
  Recorded recorded;
  TrainHooks hooks = recorded.hooks();
  std::vector<std::size_t> steps_at_flush;
  hooks.before_checkpoint = [&] {
    steps_at_flush.push_back(recorded.steps.size());
    const std::int64_t step = static_cast<std::int64_t>(recorded.steps.size());
    EXPECT_FALSE(fs::exists(setting.options.checkpoint_root /
                            ("step_" + std::string(step < 100 ? "000000" : "00000") + std::to_string(step))));
  };
  FakeEngine engine;
  (void)setting.run(engine, hooks);
  EXPECT_THAT(steps_at_flush, ElementsAre(25, 50, 75, 100, 120));
}

TEST(Checkpoints, OnlyTheNewestAreKept) {
  Setting setting;
  setting.options.checkpoint_root = fresh_folder("prune");
  Recorded recorded;
  (void)setting.run(recorded);
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(setting.options.checkpoint_root)) names.push_back(entry.path().filename());
  EXPECT_THAT(names, testing::UnorderedElementsAre("step_00000100", "step_00000120"));
}

class DamagedCheckpoint : public testing::Test {
 protected:
  void SetUp() override {
    expected_ = Setting().run(undisturbed_);
    setting_.options.checkpoint_root = root_;
    setting_.run_and_die(recorded_, 60);  // checkpoints of steps 25 and 50 are there
  }
  /// The damage is named, and the checkpoint before it is the one that is loaded.
  void expect_passed_over(const fs::path& file, const std::string& bytes) {
    const std::string whole = read_file(file);
    replace_file(file, bytes);
    FakeEngine engine;
    std::vector<std::string> log;
    const auto state = checkpoint::load_newest(engine, root_, {run_id(setting_.spec), "ref"},
                                               [&](const std::string& line) { log.push_back(line); });
    ASSERT_TRUE(state);
    EXPECT_EQ(state->step, 25);
    EXPECT_EQ(engine.repacks, 1);  // nothing of the damaged one was taken
    EXPECT_THAT(log, ElementsAre(testing::AllOf(HasSubstr("step_00000050"), HasSubstr(file.filename().string()))));
    replace_file(file, whole);
  }
  /// Goes on, and the end is that of the undisturbed run.
  void expect_same_end(std::int64_t from) {
    const Outcome outcome = setting_.run(recorded_);
    EXPECT_EQ(recorded_.resumed_at.back(), from);
    expect_same(recorded_, outcome, undisturbed_, expected_);
  }
  fs::path root_ = fresh_folder("damaged");
  Setting setting_;
  Recorded undisturbed_, recorded_;
  Outcome expected_;
};

constexpr const char* kFiles[] = {"model.safetensors", "optim.safetensors", "state.json"};

TEST_F(DamagedCheckpoint, WithAnyBitFlippedIsNamedAndTheOneBeforeIsUsed) {
  for (const char* name : kFiles) {
    const fs::path file = root_ / "step_00000050" / name;
    const std::string whole = read_file(file);
    for (std::size_t i = 0; i < whole.size(); ++i) {
      std::string flipped = whole;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << (i % 8)));
      expect_passed_over(file, flipped);
    }
  }
  const fs::path file = root_ / "step_00000050" / "optim.safetensors";
  std::string flipped = read_file(file);
  flipped.back() = static_cast<char>(flipped.back() ^ 1);
  std::ofstream(file, std::ios::binary | std::ios::trunc) << flipped;
  expect_same_end(25);
}

TEST_F(DamagedCheckpoint, CutShortAnywhereIsNamedAndTheOneBeforeIsUsed) {
  for (const char* name : kFiles) {
    const fs::path file = root_ / "step_00000050" / name;
    const std::string whole = read_file(file);
    for (std::size_t size = 0; size < whole.size(); ++size) expect_passed_over(file, whole.substr(0, size));
    expect_passed_over(file, whole + "x");
  }
  fs::resize_file(root_ / "step_00000050" / "model.safetensors", 100);
  expect_same_end(25);
}

TEST_F(DamagedCheckpoint, WithAFileMissingIsNamedAndTheOneBeforeIsUsed) {
  for (const char* name : kFiles) {
    const fs::path file = root_ / "step_00000050" / name;
    const std::string whole = read_file(file);
    fs::remove(file);
    FakeEngine engine;
    std::vector<std::string> log;
    EXPECT_EQ(checkpoint::load_newest(engine, root_, {run_id(setting_.spec), "ref"},
                                      [&](const std::string& line) { log.push_back(line); })
                  ->step,
              25);
    EXPECT_THAT(log, ElementsAre(HasSubstr(name)));
    std::ofstream(file, std::ios::binary) << whole;
  }
}

TEST_F(DamagedCheckpoint, WithNoneBeforeItTheRunStartsOver) {
  fs::remove_all(root_ / "step_00000025");
  std::ofstream(root_ / "step_00000050" / "model.safetensors", std::ios::trunc) << "";
  expect_same_end(0);
  EXPECT_THAT(recorded_.log, ElementsAre(HasSubstr("step_00000050")));
}

TEST_F(DamagedCheckpoint, IsReplacedWhenTheRunComesToItsStepAgain) {
  std::ofstream(root_ / "step_00000050" / "state.json", std::ios::trunc) << "{}";
  FakeEngine engine;
  const TrainResult stopped = setting_.run_and_stop(engine, recorded_, 49);
  EXPECT_EQ(stopped.steps, 50);
  FakeEngine weights;
  EXPECT_EQ(load_newest_weights(weights, root_), 50);
}

TEST_F(DamagedCheckpoint, ThatWasNeverFinishedIsNotTakenForOne) {
  fs::copy(root_ / "step_00000050", root_ / "step_00000060.tmp", fs::copy_options::recursive);
  fs::remove(root_ / "step_00000060.tmp" / "state.json");
  expect_same_end(50);
  EXPECT_TRUE(recorded_.log.empty());
  EXPECT_FALSE(fs::exists(root_ / "step_00000060.tmp"));
}

TEST(Checkpoints, OfAnotherRunAreRefused) {
  Setting setting;
  setting.options.checkpoint_root = fresh_folder("other_run");
  Recorded recorded;
  (void)setting.run(recorded);
  setting.spec.seed = 5;
  const Error error = error_of([&] { (void)setting.run(recorded); });
  EXPECT_EQ(error.fault(), Fault::bad_data);
  EXPECT_THAT(error.what(), HasSubstr(run_id(setting.spec)));
}

TEST(Checkpoints, OfAnotherInstructionSetAreRefusedUnlessAllowedAndThenRecorded) {
  Setting setting;
  setting.options.checkpoint_root = fresh_folder("other_isa");
  Recorded recorded;
  FakeEngine engine;
  EXPECT_FALSE(setting.run_and_stop(engine, recorded, 30).isa_changed);
  setting.options.isa = "avx2";
  const Error error = error_of([&] { (void)setting.run(recorded); });
  EXPECT_EQ(error.fault(), Fault::usage);
  EXPECT_THAT(error.hint(), HasSubstr("--allow-isa-change"));

  setting.options.allow_isa_change = true;
  FakeEngine second;
  EXPECT_TRUE(setting.run_and_stop(second, recorded, 40).isa_changed);
  setting.options.allow_isa_change = false;  // the checkpoint is this set's now, and remembers
  EXPECT_TRUE(setting.run(recorded).result.isa_changed);
}

TEST(Checkpoints, GiveTheirNewestWeightsToAnEngineThatOnlyReads) {
  Setting setting;
  const fs::path root = fresh_folder("weights");
  FakeEngine engine;
  EXPECT_EQ(load_newest_weights(engine, root), std::nullopt);
  setting.options.checkpoint_root = root;
  Recorded recorded;
  const Outcome outcome = setting.run(recorded);
  EXPECT_EQ(load_newest_weights(engine, root), 120);
  EXPECT_TRUE(std::equal(outcome.state.begin(), outcome.state.begin() + 12, state_of(engine).begin()));
  EXPECT_EQ(engine.repacks, 1);

  std::ofstream(root / "step_00000120" / "model.safetensors", std::ios::trunc) << "";
  std::vector<std::string> log;
  EXPECT_EQ(load_newest_weights(engine, root, [&](const std::string& line) { log.push_back(line); }), 100);
  EXPECT_THAT(log, ElementsAre(HasSubstr("step_00000120")));
}

}  // namespace
}  // namespace isoflop
