#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "train/fixture.h"

namespace isoflop {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

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

TEST(Train, EndsEarlyWhenThePatienceWithTheHeldOutLossIsSpent) {
  Setting patient;
  Recorded whole;
  (void)patient.run(whole);
  ASSERT_EQ(whole.eval_steps.size(), 12);
  // the fake engine's held-out loss, evaluation by evaluation
  std::vector<double> losses;
  for (const std::string& line : whole.evals) losses.push_back(eval_record_from_json(line, "").loss);

  int stopped_early = 0;
  for (const std::int64_t patience : {1, 2, 3}) {
    std::size_t expected = losses.size(), since = 0;
    double best = losses[0];
    for (std::size_t i = 1; i < losses.size(); ++i) {
      since = losses[i] < best ? 0 : since + 1;
      best = std::min(best, losses[i]);
      if (since == static_cast<std::size_t>(patience)) {
        expected = i + 1;
        break;
      }
    }
    Setting setting;
    setting.spec.eval.patience = patience;
    setting.options.checkpoint_root = fresh_folder("patience" + std::to_string(patience));
    Recorded undisturbed, disturbed;
    const Outcome outcome = setting.run(undisturbed);
    EXPECT_EQ(outcome.result.status, RunStatus::done);
    EXPECT_EQ(undisturbed.evals.size(), expected);
    EXPECT_EQ(outcome.result.loss_best, best);
    stopped_early += expected < losses.size() ? 1 : 0;
    if (expected < losses.size()) {
      EXPECT_THAT(outcome.result.reason, HasSubstr("stopped early: " + std::to_string(patience)));
      EXPECT_EQ(outcome.result.steps, whole.eval_steps[expected - 1]);
    }

    // killed again and again, it ends in the same bytes
    setting.options.checkpoint_root = fresh_folder("patience_killed" + std::to_string(patience));
    setting.options.checkpoint_interval = 4;
    for (const std::int64_t in : {3, 9, 14}) {
      if (in < outcome.result.steps) setting.run_and_die(disturbed, in);
    }
    expect_same(disturbed, setting.run(disturbed), undisturbed, outcome);
  }
  EXPECT_GE(stopped_early, 1);  // the made-up losses do rise
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
