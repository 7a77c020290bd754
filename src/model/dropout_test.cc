// Dropout in training: what it drops depends on the seed, the step and the sequence, on nothing else, and on nothing in
// evaluation.
#include <gmock/gmock.h>

#include "model/engine_test_support.h"

namespace isoflop::model {
namespace {

Shape dropping_shape(double share = 0.2) {
  Shape shape = small_shape();
  shape.n_embd = 24;
  shape.block_size = 70;  // more columns of attention than are drawn at a time
  shape.dropout = share;
  return shape;
}

double nats(const Shape& shape, const EngineOptions& options, const Batch& batch, std::int64_t step) {
  Team team(1);
  return make_cpu_engine(shape, options, team)->forward_backward(batch, step);
}

TEST(Dropout, GivesTheSameBytesForAnyNumberOfThreadsAndWhenActivationsAreComputedAgain) {
  for (const auto& [set, bf16] : arithmetics()) {
    EngineOptions options{.set = set, .bf16 = bf16, .grad_lanes = 8, .seed = 5};
    const Trained one = train(dropping_shape(), options, 1);
    for (const std::int64_t threads : {2, 3}) EXPECT_TRUE(train(dropping_shape(), options, threads) == one) << threads;
    options.recompute = true;
    EXPECT_TRUE(train(dropping_shape(), options, 2) == one);
  }
}

TEST(Dropout, DropsTheSameWithEveryKernelSet) {
  const Tokens tokens(dropping_shape(), 12, 70);
  const double expected = nats(dropping_shape(), {.max_sequences = 12}, tokens.batch(), 4);
  for (const auto& [set, bf16] : arithmetics()) {
    const double got = nats(dropping_shape(), {.set = set, .bf16 = bf16, .max_sequences = 12}, tokens.batch(), 4);
    EXPECT_TRUE(near(got / expected, 1, bf16 ? 1e-4 : 1e-6)) << static_cast<int>(set) << bf16;
  }
}

TEST(Dropout, DiffersFromStepToStepAndFromSeedToSeed) {
  const Tokens tokens(dropping_shape(), 2, 70);
  Team team(1);
  const auto engine = make_cpu_engine(dropping_shape(), {.max_sequences = 2, .seed = 1}, team);
  const double at_0 = engine->forward_backward(tokens.batch(), 0);
  EXPECT_NE(engine->forward_backward(tokens.batch(), 1), at_0);
  EXPECT_EQ(engine->forward_backward(tokens.batch(), 0), at_0);

  // the same weights under another seed
  const auto other = make_cpu_engine(dropping_shape(), {.max_sequences = 2, .seed = 2}, team);
  const auto weights = weights_of(*engine);
  for (std::size_t i = 0; i < weights.size(); ++i) other->write_state(i, weights[i]);
  other->state_written();
  EXPECT_NE(other->forward_backward(tokens.batch(), 0), at_0);
}

TEST(Dropout, OfASequenceDependsOnItsIndexInTheUpdateAndNotOnItsCompany) {
  const Shape shape = dropping_shape();
  Tokens tokens(shape, 12, 70);
  const Batch all = tokens.batch();
  // lanes of one and two sequences: other micro-batches
  const double in_one_lane = nats(shape, {.grad_lanes = 1, .max_sequences = 12}, all, 7);
  EXPECT_TRUE(near(nats(shape, {.grad_lanes = 8, .max_sequences = 12}, all, 7) / in_one_lane, 1, 1e-12));

  // only the first is scored: the others might as well not be there
  const double alone = nats(shape, {.max_sequences = 12}, {1, 70, all.inputs, all.targets}, 7);
  std::fill(tokens.targets.begin() + 70, tokens.targets.end(), -1);
  EXPECT_EQ(nats(shape, {.max_sequences = 12}, tokens.batch(), 7), alone);

  // the same sequence in second place has another mask
  Tokens twice(shape, 2, 70);
  std::copy_n(twice.inputs.begin(), 70, twice.inputs.begin() + 70);
  std::copy_n(twice.targets.begin(), 70, twice.targets.begin() + 70);
  std::fill_n(twice.targets.begin(), 70, -1);
  EXPECT_NE(nats(shape, {.max_sequences = 2}, twice.batch(), 7), alone);
}

TEST(Dropout, IsOffInEvaluationAndSampling) {
  const Tokens tokens(dropping_shape(), 5, 70);
  Team team(2);
  const auto with = make_cpu_engine(dropping_shape(), {.max_sequences = 5, .seed = 1}, team);
  const auto without = make_cpu_engine(dropping_shape(0), {.max_sequences = 5, .seed = 1}, team);
  static_cast<void>(with->forward_backward(tokens.batch(), 0));  // leaves nothing behind
  std::vector<double> a(350), b(350);
  with->evaluate(tokens.batch(), a);
  without->evaluate(tokens.batch(), b);
  EXPECT_EQ(a, b);
  std::vector<float> x(17), y(17);
  with->next_logits({tokens.inputs.data(), 9}, x);
  without->next_logits({tokens.inputs.data(), 9}, y);
  EXPECT_EQ(x, y);
}

TEST(Dropout, OfLessThanHalfAStepIsNone) {
  const EngineOptions options{.grad_lanes = 2, .seed = 5};
  EXPECT_TRUE(train(dropping_shape(7e-6), options, 1) == train(dropping_shape(0), options, 1));  // 2^-17 is 7.6e-6
  EXPECT_FALSE(train(dropping_shape(1e-3), options, 1) == train(dropping_shape(0), options, 1));
}

TEST(Dropout, NearOneStillKeepsSomeAndStaysFinite) {
  const Tokens tokens(dropping_shape(), 2, 70);
  EXPECT_TRUE(std::isfinite(nats(dropping_shape(0.9999999), {.max_sequences = 2}, tokens.batch(), 0)));
}

TEST(Dropout, TakesNoMemory) {
  for (const bool recompute : {false, true}) {
    const EngineOptions options{.grad_lanes = 8, .max_sequences = 8, .recompute = recompute};
    Shape shape = dropping_shape();
    shape.block_size = 512;
    const std::int64_t bytes = cpu_engine_bytes(shape, options, 2);
    shape.dropout = 0;
    EXPECT_EQ(bytes, cpu_engine_bytes(shape, options, 2));
  }
}

}  // namespace
}  // namespace isoflop::model
