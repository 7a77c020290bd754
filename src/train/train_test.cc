#include "train/train.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <numeric>

#include "base/file.h"
#include "tokens/source.h"
#include "train/checkpoint.h"
#include "train/fake_engine_for_test.h"

namespace isoflop {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

fs::path fresh_folder(const std::string& name) {
  const fs::path path = fs::path(testing::TempDir()) / ("isoflop_train_" + name);
  fs::remove_all(path);
  return path;
}

// A new file in the place of the old one: cutting a file short and filling it again waits for the disk on some file systems.
void replace(const fs::path& file, const std::string& bytes) {
  fs::remove(file);
  std::ofstream(file, std::ios::binary) << bytes;
}

// a = 0, é = 1, あ = 2 and byte tokens: 1, 2, 3 and 1 bytes
std::unique_ptr<Tokenizer> small_tokenizer() {
  tokens::UnitSource source;
  source.for_each_unit = [](const std::function<void(const Unit&)>& visit, std::stop_token) { visit({0, "", "aéあ", false, true}); };
  return tokens::build_tokenizer(TokenizerKind::char_, VocabularyFrom::training_split, source, {});
}

std::shared_ptr<const TokenSplit> stream(std::int64_t tokens, std::vector<TokenUnit> units = {}, std::int32_t vocabulary = 200) {
  std::vector<std::int32_t> values(static_cast<std::size_t>(tokens));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int32_t>((i * i + 3 * i) % static_cast<std::size_t>(vocabulary));
  return token_split_in_memory(std::move(values), std::move(units));
}

RunSpec small_spec() {
  RunSpec spec;
  spec.shape = {.n_layer = 1, .n_head = 1, .n_embd = 8, .block_size = 4, .vocab_size = 300};
  spec.batch_size = 3;
  spec.max_iters = 120;
  spec.schedule.warmup_iters = 5;
  spec.eval.interval = 10;
  spec.optimizer.learning_rate = 0.01;
  spec.data.resize(1);
  spec.data[0].id = "data";
  spec.tokenizer = "tokenizer";
  return resolve(spec);
}

// What a run leaves behind, kept as the store keeps it.
struct Recorded {
  std::vector<std::string> steps, evals, log;
  std::vector<std::int64_t> eval_steps, resumed_at;
  std::vector<double> losses;

  TrainHooks hooks() {
    TrainHooks hooks;
    hooks.on_step = [this](const StepRecord& step, const StepTiming&) {
      EXPECT_EQ(step.step, static_cast<std::int64_t>(steps.size()));
      steps.push_back(to_json(step));
      losses.push_back(step.loss);
    };
    hooks.on_eval = [this](const EvalRecord& eval) {
      evals.push_back(to_json(eval));
      eval_steps.push_back(eval.step);
    };
    hooks.on_resume = [this](std::int64_t step) {
      resumed_at.push_back(step);
      steps.resize(static_cast<std::size_t>(step));
      losses.resize(static_cast<std::size_t>(step));
      while (!eval_steps.empty() && eval_steps.back() >= step) {
        eval_steps.pop_back();
        evals.pop_back();
      }
    };
    hooks.on_log = [this](const std::string& line) { log.push_back(line); };
    return hooks;
  }
};

std::vector<float> state_of(const Engine& engine) {
  std::vector<float> all;
  const auto tensors = engine.state();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    std::vector<float> values(static_cast<std::size_t>(tensors[i].rows * tensors[i].cols));
    engine.read_state(i, values);
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

struct Outcome {
  TrainResult result;
  std::vector<float> state;
};

struct Setting {
  RunSpec spec = small_spec();
  std::shared_ptr<const TokenSplit> training = stream(500), held_out = stream(41, {{0, 17, 20}, {17, 14, 30}, {31, 10, 11}});
  std::unique_ptr<Tokenizer> tokenizer = small_tokenizer();
  TrainOptions options = {.checkpoint_root = {}, .checkpoint_interval = 25, .isa = "ref"};

  [[nodiscard]] std::unique_ptr<BatchSource> batches() const {
    return make_batches(training, {.seed = spec.seed, .sequences = spec.sequences_per_update(), .block_size = spec.shape.block_size});
  }
  Outcome run(Engine& engine, const TrainHooks& hooks, std::stop_token stop = {}) const {
    const auto source = batches();
    TrainResult result = train(spec, engine, *source, held_out.get(), *tokenizer, options, hooks, stop);
    return {std::move(result), state_of(engine)};
  }
  Outcome run(Recorded& recorded) const {
    FakeEngine engine;
    return run(engine, recorded.hooks());
  }
  /// Trains until a stop is asked for in step `after`.
  TrainResult run_and_stop(Engine& engine, Recorded& recorded, std::int64_t after) const {
    std::stop_source stop;
    TrainHooks hooks = recorded.hooks();
    hooks.on_step = [&, inner = hooks.on_step](const StepRecord& step, const StepTiming& timing) {
      inner(step, timing);
      if (step.step == after) stop.request_stop();
    };
    return run(engine, hooks, stop.get_token()).result;
  }
  /// Trains until the process "dies" in step `in`.
  void run_and_die(Recorded& recorded, std::int64_t in) const {
    FakeEngine engine;
    TrainHooks hooks = recorded.hooks();
    hooks.on_step = [&, inner = hooks.on_step](const StepRecord& step, const StepTiming& timing) {
      inner(step, timing);
      if (step.step == in) throw std::runtime_error("killed");
    };
    EXPECT_THROW((void)run(engine, hooks), std::runtime_error);
  }
};

void expect_same(const Recorded& a, const Outcome& x, const Recorded& b, const Outcome& y) {
  EXPECT_EQ(a.steps, b.steps);
  EXPECT_EQ(a.evals, b.evals);
  EXPECT_EQ(x.state, y.state);
  EXPECT_EQ(x.result.status, y.result.status);
  EXPECT_EQ(x.result.train_loss, y.result.train_loss);
  EXPECT_EQ(x.result.loss_best, y.result.loss_best);
  EXPECT_EQ(x.result.steps, y.result.steps);
}

Error error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return {Fault::failure, "", ""};
}

// ---- schedules ----

RunSpec scheduled(ScheduleKind kind, std::int64_t warmup, double min_lr = 0) {
  RunSpec spec;
  spec.optimizer.learning_rate = 0.5;
  spec.max_iters = 100;
  spec.schedule.kind = kind;
  spec.schedule.warmup_iters = warmup;
  spec.schedule.min_lr = min_lr;
  return spec;
}

TEST(LearningRate, WarmsUpFromZeroOrFromItsFirstShare) {
  for (const auto kind : {ScheduleKind::constant, ScheduleKind::linear, ScheduleKind::cosine, ScheduleKind::wsd}) {
    RunSpec spec = scheduled(kind, 10);
    EXPECT_EQ(learning_rate_at(spec, 0), 0.05);
    EXPECT_EQ(learning_rate_at(spec, 9), 0.5);
    EXPECT_EQ(learning_rate_at(spec, 10), 0.5);
    spec.schedule.warmup_from_zero = true;
    EXPECT_EQ(learning_rate_at(spec, 0), 0);
    EXPECT_EQ(learning_rate_at(spec, 9), 0.45);
    EXPECT_EQ(learning_rate_at(spec, 10), 0.5);
  }
}

TEST(LearningRate, StartsAtItsFullValueWithoutWarmUp) {
  for (const auto kind : {ScheduleKind::constant, ScheduleKind::linear, ScheduleKind::cosine, ScheduleKind::wsd}) {
    EXPECT_EQ(learning_rate_at(scheduled(kind, 0), 0), 0.5);
  }
}

TEST(LearningRate, CosineIsTheSourceExperimentsFormula) {
  const RunSpec spec = scheduled(ScheduleKind::cosine, 10);
  for (std::int64_t step = 10; step < 100; ++step) {
    EXPECT_NEAR(learning_rate_at(spec, step), 0.5 * 0.5 * (1 + std::cos(M_PI * static_cast<double>(step - 10) / 90)), 1e-16);
  }
  EXPECT_NEAR(learning_rate_at(spec, 100), 0, 1e-16);
  EXPECT_NEAR(learning_rate_at(scheduled(ScheduleKind::cosine, 10, 0.1), 55), 0.3, 1e-15);
}

TEST(LearningRate, LinearFallsInAStraightLineToItsLeast) {
  const RunSpec spec = scheduled(ScheduleKind::linear, 20, 0.1);
  EXPECT_NEAR(learning_rate_at(spec, 60), 0.3, 1e-15);
  EXPECT_NEAR(learning_rate_at(spec, 100), 0.1, 1e-15);
}

TEST(LearningRate, WarmUpStableDecayHoldsAndThenFalls) {
  RunSpec spec = scheduled(ScheduleKind::wsd, 10, 0.1);
  spec.schedule.decay_fraction = 0.2;
  EXPECT_EQ(learning_rate_at(spec, 11), 0.5);
  EXPECT_EQ(learning_rate_at(spec, 80), 0.5);
  EXPECT_NEAR(learning_rate_at(spec, 90), 0.3, 1e-15);
  EXPECT_NEAR(learning_rate_at(spec, 100), 0.1, 1e-15);
  spec.schedule.decay_fraction = 0;
  EXPECT_EQ(learning_rate_at(spec, 99), 0.5);
}

TEST(LearningRate, ConstantStaysConstant) { EXPECT_EQ(learning_rate_at(scheduled(ScheduleKind::constant, 10, 0.1), 99), 0.5); }

// ---- evaluation ----

TEST(Evaluate, SumsOfTheUnitsAreTheEnginesSums) {
  const Setting setting;
  FakeEngine engine;
  const EvalRecord record = evaluate(engine, *setting.held_out, *setting.tokenizer, {}, 7, 84);
  std::vector<std::int32_t> all(41);
  setting.held_out->copy(0, 41, all.data());
  double nats = 0, squares = 0;
  std::int64_t bytes = 0;
  std::vector<double> unit_nats(3);
  for (std::size_t p = 1; p < all.size(); ++p) {  // the first token has no context
    const double value = engine.nats_of(all[p - 1], all[p]);
    nats += value;
    unit_nats[p < 17 ? 0 : p < 31 ? 1 : 2] += value;
    bytes += setting.tokenizer->bytes_of(all[p]);
  }
  EXPECT_EQ(record.step, 7);
  EXPECT_EQ(record.tokens, 84);
  EXPECT_EQ(record.scored_tokens, 40);
  EXPECT_EQ(record.scored_bytes, bytes);
  EXPECT_NEAR(record.loss, nats / 40, 1e-14);
  EXPECT_NEAR(record.bits_per_byte, nats / std::log(2.0) / static_cast<double>(bytes), 1e-13);

  ASSERT_EQ(record.documents.size(), 3);
  const double tokens[] = {16, 14, 10};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(record.documents[i].document, static_cast<std::int64_t>(i));
    EXPECT_EQ(static_cast<double>(record.documents[i].tokens), tokens[i]);
    EXPECT_NEAR(record.documents[i].nats, unit_nats[i], 1e-12);
    squares += std::pow(unit_nats[i] - nats / 40 * tokens[i], 2);
  }
  ASSERT_TRUE(record.loss_se);
  EXPECT_NEAR(*record.loss_se, std::sqrt(3.0 / 2.0 * squares) / 40, 1e-14);
}

TEST(Evaluate, WindowsDoNotOverlapAndTheLastIsShort) {
  const Setting setting;
  FakeEngine engine;
  (void)evaluate(engine, *stream(40), *setting.tokenizer, {}, 0, 0);
  ASSERT_EQ(engine.evaluated.size(), 2);
  EXPECT_EQ(engine.evaluated[0].sequences, 9);
  EXPECT_EQ(engine.evaluated[0].length, 4);
  EXPECT_EQ(engine.evaluated[1].sequences, 1);
  EXPECT_EQ(engine.evaluated[1].length, 3);
  std::vector<std::int32_t> inputs = engine.evaluated[0].inputs, expected(39);
  inputs.insert(inputs.end(), engine.evaluated[1].inputs.begin(), engine.evaluated[1].inputs.end());
  stream(40)->copy(0, 39, expected.data());
  EXPECT_EQ(inputs, expected);
}

TEST(Evaluate, FullContextLossIsTheLastQuarterOfFullWindows) {
  const Setting setting;
  FakeEngine engine;
  const auto split = stream(12);  // two windows of 4, one of 3
  const EvalRecord record = evaluate(engine, *split, *setting.tokenizer, {}, 0, 0);
  std::vector<std::int32_t> all(12);
  split->copy(0, 12, all.data());
  ASSERT_TRUE(record.loss_full_context);
  EXPECT_NEAR(*record.loss_full_context, (engine.nats_of(all[3], all[4]) + engine.nats_of(all[7], all[8])) / 2, 1e-15);
  EXPECT_FALSE(evaluate(engine, *stream(4), *setting.tokenizer, {}, 0, 0).loss_full_context);
}

TEST(Evaluate, OneUnitHasNoStandardError) {
  const Setting setting;
  FakeEngine engine;
  EXPECT_FALSE(evaluate(engine, *stream(40), *setting.tokenizer, {}, 0, 0).loss_se);
  EXPECT_FALSE(evaluate(engine, *stream(40, {{0, 40, 40}}), *setting.tokenizer, {}, 0, 0).loss_se);
}

TEST(Evaluate, ASampleScoresTheSameWindowsEveryTime) {
  const Setting setting;
  FakeEngine one, two, whole;
  const auto split = stream(4001);
  const EvalRecord a = evaluate(one, *split, *setting.tokenizer, {.max_windows = 20}, 0, 0);
  const EvalRecord b = evaluate(two, *split, *setting.tokenizer, {.max_windows = 20}, 50, 600);
  EXPECT_EQ(a.scored_tokens, 80);
  EXPECT_EQ(a.loss, b.loss);
  EXPECT_EQ(one.evaluated[0].inputs, two.evaluated[0].inputs);
  EXPECT_NE(a.loss, evaluate(whole, *split, *setting.tokenizer, {}, 0, 0).loss);
  EXPECT_EQ(evaluate(whole, *split, *setting.tokenizer, {.max_windows = 5000}, 0, 0).scored_tokens, 4000);
}

TEST(Evaluate, ASplitWithNothingToScoreIsRefused) {
  const Setting setting;
  FakeEngine engine;
  EXPECT_EQ(error_of([&] { (void)evaluate(engine, *stream(1), *setting.tokenizer, {}, 0, 0); }).fault(), Fault::bad_data);
}

// ---- the loop ----

TEST(Train, RecordsEveryStepAndEvaluatesAtMultiplesAndAtTheEnd) {
  Setting setting;
  setting.spec.max_iters = 25;
  Recorded recorded;
  FakeEngine engine;
  const Outcome outcome = setting.run(engine, recorded.hooks());
  EXPECT_EQ(outcome.result.status, RunStatus::done);
  EXPECT_EQ(outcome.result.steps, 25);
  EXPECT_EQ(recorded.steps.size(), 25);
  EXPECT_THAT(recorded.eval_steps, ElementsAre(10, 20, 25));
  EXPECT_THAT(recorded.resumed_at, ElementsAre(0));
  ASSERT_EQ(engine.rules.size(), 25);
  for (std::int64_t step = 0; step < 25; ++step) {
    const UpdateRule& rule = engine.rules[static_cast<std::size_t>(step)];
    EXPECT_EQ(rule.step, step + 1);
    EXPECT_EQ(rule.learning_rate, learning_rate_at(setting.spec, step));
    EXPECT_EQ(step_record_from_json(recorded.steps[static_cast<std::size_t>(step)], "").tokens, (step + 1) * 12);
  }
  EXPECT_EQ(engine.rules[0].weight_decay, setting.spec.optimizer.weight_decay);
  EXPECT_EQ(engine.rules[0].grad_clip, setting.spec.optimizer.grad_clip);
}

TEST(Train, TheStepLossIsSummedNatsOverTokens) {
  const Setting setting;
  Recorded recorded;
  (void)setting.run(recorded);
  std::vector<std::int32_t> inputs(12), targets(12);
  setting.batches()->batch(0, inputs, targets);
  const FakeEngine fresh;
  double nats = 0;
  for (std::size_t i = 0; i < 12; ++i) nats += fresh.nats_of(inputs[i], targets[i]);
  EXPECT_EQ(recorded.losses[0], nats / 12);
}

TEST(Train, TheTrainLossIsTheMeanOfTheLastFiftySteps) {
  const Setting setting;
  Recorded recorded;
  const Outcome outcome = setting.run(recorded);
  EXPECT_EQ(outcome.result.train_loss, std::accumulate(recorded.losses.end() - 50, recorded.losses.end(), 0.0) / 50);
}

TEST(Train, WithoutHeldOutTextThereAreNoEvaluations) {
  Setting setting;
  for (const auto& held_out : {std::shared_ptr<const TokenSplit>(), stream(0)}) {
    setting.held_out = held_out;
    Recorded recorded;
    const Outcome outcome = setting.run(recorded);
    EXPECT_EQ(outcome.result.status, RunStatus::done);
    EXPECT_TRUE(recorded.evals.empty());
    EXPECT_FALSE(outcome.result.loss_best);
  }
}

TEST(Train, ALossThatIsNotANumberStopsBeforeTheUpdate) {
  const Setting setting;
  FakeEngine engine;
  engine.nan_loss_at = {7};
  Recorded recorded;
  const Outcome outcome = setting.run(engine, recorded.hooks());
  EXPECT_EQ(outcome.result.status, RunStatus::diverged);
  EXPECT_THAT(outcome.result.reason, HasSubstr("step 7: loss is nan"));
  EXPECT_EQ(outcome.result.steps, 7);
  EXPECT_EQ(recorded.steps.size(), 7);
  EXPECT_EQ(engine.updates, 7);
}

TEST(Train, AGradientThatIsNotANumberStopsBeforeTheUpdateAndNamesTheTensor) {
  const Setting setting;
  FakeEngine engine;
  engine.nan_gradient_at = {30};
  Recorded recorded;
  const Outcome outcome = setting.run(engine, recorded.hooks());
  EXPECT_EQ(outcome.result.status, RunStatus::diverged);
  EXPECT_THAT(outcome.result.reason, HasSubstr("step 30: gradient of `b` is not finite"));
  EXPECT_EQ(engine.updates, 30);
  EXPECT_EQ(recorded.steps.size(), 30);
  EXPECT_TRUE(outcome.result.loss_best);  // of the evaluations before
}

// ---- resume ----

TEST(Resume, AStopAtAnyStepChangesNoRecordAndNoWeight) {
  Setting plain;
  plain.spec.max_iters = 60;
  Recorded undisturbed;
  const Outcome expected = plain.run(undisturbed);
  for (const std::int64_t interval : {0, 20}) {
    const std::vector<std::int64_t> stops = interval == 0 ? std::vector<std::int64_t>{0, 1, 9, 10, 52, 58, 59} : std::vector<std::int64_t>{18, 19, 20};
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
    EXPECT_FALSE(fs::exists(setting.options.checkpoint_root / ("step_" + std::string(step < 100 ? "000000" : "00000") + std::to_string(step))));
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
    replace(file, bytes);
    FakeEngine engine;
    std::vector<std::string> log;
    const auto state = checkpoint::load_newest(engine, root_, {run_id(setting_.spec), "ref"}, [&](const std::string& line) { log.push_back(line); });
    ASSERT_TRUE(state);
    EXPECT_EQ(state->step, 25);
    EXPECT_EQ(engine.repacks, 1);  // nothing of the damaged one was taken
    EXPECT_THAT(log, ElementsAre(testing::AllOf(HasSubstr("step_00000050"), HasSubstr(file.filename().string()))));
    replace(file, whole);
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
    EXPECT_EQ(checkpoint::load_newest(engine, root_, {run_id(setting_.spec), "ref"}, [&](const std::string& line) { log.push_back(line); })->step, 25);
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

// ---- with the real engine ----

TEST(TrainedEngine, EndsInTheSameBytesForAnyTeamAndAnyNumberOfStops) {
  Setting setting;
  setting.spec.shape = {.n_layer = 2, .n_head = 2, .n_embd = 16, .block_size = 8, .vocab_size = 261};
  setting.spec.max_iters = 30;
  setting.spec = resolve(setting.spec);
  EngineOptions options;
  options.set = kernels::available().back();
  options.grad_lanes = setting.spec.grad_lanes;
  options.max_sequences = setting.spec.sequences_per_update();

  Recorded undisturbed;
  Team alone(1);
  const auto engine = make_cpu_engine(setting.spec.shape, options, alone);
  const Outcome expected = setting.run(*engine, undisturbed.hooks());
  ASSERT_EQ(expected.result.status, RunStatus::done);
  EXPECT_LT(undisturbed.losses.back(), undisturbed.losses.front());

  for (const std::int64_t threads : {1, 2}) {
    Setting stopped;
    stopped.spec = setting.spec;
    stopped.options.checkpoint_root = fresh_folder("engine");
    stopped.options.checkpoint_interval = 4;
    Recorded recorded;
    for (const std::int64_t after : {0, 1, 9, 19, 28}) {
      Team team(threads);
      const auto part = make_cpu_engine(stopped.spec.shape, options, team);
      EXPECT_EQ(stopped.run_and_stop(*part, recorded, after).status, RunStatus::stopped);
    }
    Team team(3 - threads);  // the number of threads may change too
    const auto last = make_cpu_engine(stopped.spec.shape, options, team);
    expect_same(recorded, stopped.run(*last, recorded.hooks()), undisturbed, expected);
  }
}

}  // namespace
}  // namespace isoflop
