#include "model/engine.h"

#include <gmock/gmock.h>

#include <cstring>
#include <limits>
#include <numeric>

#include "isoflop/base.h"
#include "model/engine_test_support.h"

namespace isoflop {
namespace {

using model::adamw;
using model::arithmetics;
using model::relative_distance;
using model::small_shape;
using model::Tokens;
using model::train;
using model::Trained;
using model::weights_of;

TEST(Engine, GivesTheSameBytesForAnyNumberOfThreads) {
  Shape shape = small_shape();
  shape.n_embd = 24;
  for (const auto& [set, bf16] : arithmetics()) {
    for (const bool adafactor : {false, true}) {
      for (const std::int64_t lanes : adafactor ? std::vector<std::int64_t>{8} : std::vector<std::int64_t>{1, 2, 8}) {
        EngineOptions options{.set = set, .bf16 = bf16, .grad_lanes = lanes, .seed = 5, .adafactor = adafactor};
        const Trained one = train(shape, options, 1);
        for (const std::int64_t threads : {2, 3, 4, 11}) {
          EXPECT_TRUE(train(shape, options, threads) == one) << "lanes " << lanes << ", threads " << threads;
        }
      }
    }
  }
}

TEST(Engine, GivesTheSameBytesWhenItComputesActivationsAgainAndTakesLessMemory) {
  Shape shape = small_shape();
  shape.n_layer = 4;
  for (const auto& [set, bf16] : arithmetics()) {
    EngineOptions options{.set = set, .bf16 = bf16, .grad_lanes = 4, .max_sequences = 12, .seed = 5};
    const Trained kept = train(shape, options, 2);
    const std::int64_t bytes = cpu_engine_bytes(shape, options, 2);
    options.recompute = true;
    EXPECT_TRUE(train(shape, options, 2) == kept);
    EXPECT_LE(cpu_engine_bytes(shape, options, 2), bytes);  // in whole huge pages, so not less at this size
    shape.block_size = 512;
    const std::int64_t long_again = cpu_engine_bytes(shape, options, 2);
    options.recompute = false;
    EXPECT_LT(long_again, cpu_engine_bytes(shape, options, 2));
    shape.block_size = 12;
  }
}

TEST(Engine, GivesOtherBytesForOtherLanesAndNearlyTheSameNumbers) {
  EngineOptions options{.grad_lanes = 1, .seed = 5};
  const Trained one = train(small_shape(), options, 1);
  options.grad_lanes = 8;
  const Trained eight = train(small_shape(), options, 1);
  EXPECT_FALSE(one == eight);
  EXPECT_LE(relative_distance(eight.numbers, one.numbers), 1e-5);
}

TEST(Engine, ReachesTheSameLossWithEveryKernelSet) {
  Shape shape = small_shape();
  shape.n_embd = 40;
  shape.n_head = 5;
  shape.vocab_size = 71;
  shape.block_size = 37;
  const EngineOptions reference{.grad_lanes = 4, .seed = 9};
  const Trained expected = train(shape, reference, 2);
  for (const auto& [set, bf16] : arithmetics()) {
    EngineOptions options = reference;
    options.set = set;
    options.bf16 = bf16;
    const Trained got = train(shape, options, 2);
    EXPECT_LE(relative_distance(got.numbers, expected.numbers), bf16 ? 2e-3 : 2e-5) << static_cast<int>(set) << bf16;
  }
}

TEST(Engine, InFloatAgreesWithDouble) {
  Shape shape = small_shape();
  shape.block_size = 40;
  const Tokens tokens(shape, 6, 40);
  Team team(2);
  EngineOptions options{.grad_lanes = 2, .max_sequences = 6, .seed = 3};
  model::CpuEngine<double> exact(shape, options, kernels::reference<double>(), team);
  for (const kernels::Set set : kernels::available()) {
    model::CpuEngine<float> engine(shape, options, kernels::table(set), team);
    // the same weights, as float holds them
    for (std::size_t i = 0; i < exact.state().size() / 3; ++i) {
      const auto from = engine.weights(i);
      std::copy(from.begin(), from.end(), exact.weights(i).begin());
    }
    exact.state_written();
    const double loss = engine.forward_backward(tokens.batch(), 0), expected = exact.forward_backward(tokens.batch(), 0);
    EXPECT_TRUE(model::near(loss / expected, 1, 1e-6)) << loss << " " << expected;
    static_cast<void>(engine.reduce());
    static_cast<void>(exact.reduce());
    for (std::size_t i = 0; i < exact.state().size() / 3; ++i) {
      EXPECT_LE(relative_distance(engine.gradient(i), exact.gradient(i)), 1e-5) << exact.state()[i].name;
    }
  }
}

TEST(Engine, InBf16AgreesWithDoubleToThreeDigits) {
  Shape shape = small_shape();
  shape.n_embd = 34;  // odd heads, and widths that are no whole vectors
  shape.vocab_size = 53;
  shape.block_size = 41;
  const Tokens tokens(shape, 6, 41);
  Team team(2);
  EngineOptions options{.bf16 = true, .grad_lanes = 2, .max_sequences = 6, .seed = 3};
  model::CpuEngine<double> exact(shape, options, kernels::reference<double>(), team);
  for (const auto& [set, bf16] : arithmetics()) {
    if (!bf16) continue;
    model::CpuEngine<float, kernels::Bf16> engine(shape, options, kernels::bf16_table(set), team);
    for (std::size_t i = 0; i < exact.state().size() / 3; ++i) {
      const auto from = engine.weights(i);
      std::copy(from.begin(), from.end(), exact.weights(i).begin());
    }
    exact.state_written();
    const double loss = engine.forward_backward(tokens.batch(), 0), expected = exact.forward_backward(tokens.batch(), 0);
    EXPECT_TRUE(model::near(loss / expected, 1, 1e-4)) << loss << " " << expected;
    static_cast<void>(engine.reduce());
    static_cast<void>(exact.reduce());
    for (std::size_t i = 0; i < exact.state().size() / 3; ++i) {
      EXPECT_LE(relative_distance(engine.gradient(i), exact.gradient(i)), 2e-2) << exact.state()[i].name;
    }
  }
}

TEST(Engine, LearnsATinyBatchByHeart) {
  const Shape shape = small_shape();
  const Tokens tokens(shape, 2, 12);
  Team team(1);
  for (const bool adafactor : {false, true}) {
    const auto engine = make_cpu_engine(shape, {.max_sequences = 2, .adafactor = adafactor}, team);
    double first = 0, last = 0;
    for (std::int64_t step = 1; step <= 300; ++step) {
      last = engine->forward_backward(tokens.batch(), 0) / 24;
      if (step == 1) first = last;
      static_cast<void>(engine->reduce());
      UpdateRule rule = adamw(step);
      rule.learning_rate = 1e-2;
      rule.weight_decay = 0;
      engine->clip_and_update(rule);
    }
    EXPECT_TRUE(model::near(first, std::log(17.0), 0.1)) << first;
    EXPECT_LE(last, 0.15) << (adafactor ? "adafactor" : "adamw");
  }
}

TEST(Engine, DoesNotScoreTargetsBelowZero) {
  const Shape shape = small_shape();
  Tokens tokens(shape, 3, 12);
  Team team(1);
  model::CpuEngine<float> engine(shape, {.max_sequences = 3, .seed = 1}, kernels::reference<float>(), team);
  std::vector<double> all(36), some(36);
  engine.evaluate(tokens.batch(), all);
  for (std::size_t i = 0; i < 36; i += 3) tokens.targets[i] = -1;
  engine.evaluate(tokens.batch(), some);
  double sum = 0;
  for (std::size_t i = 0; i < 36; ++i) {
    EXPECT_EQ(some[i], i % 3 == 0 ? 0 : all[i]);
    sum += some[i];
  }
  EXPECT_TRUE(model::near(engine.forward_backward(tokens.batch(), 0), sum, 1e-9));

  // the mean is over the scored ones: one scored position has the gradient of its own loss, however many are ignored
  Tokens one(shape, 1, 12);
  for (std::size_t i = 0; i < 11; ++i) one.targets[i] = -1;
  static_cast<void>(engine.forward_backward(one.batch(), 0));
  const double alone = engine.reduce().norm;
  for (auto* ids : {&one.inputs, &one.targets}) {
    const std::vector<std::int32_t> copy = *ids;
    ids->insert(ids->end(), copy.begin(), copy.end());
  }
  one.sequences = 2;
  static_cast<void>(engine.forward_backward(one.batch(), 0));
  EXPECT_TRUE(model::near(engine.reduce().norm / alone, 1, 1e-6));
}

TEST(Engine, WithNothingToScoreHasNoLossAndNoGradient) {
  const Shape shape = small_shape();
  Tokens tokens(shape, 2, 12);
  Team team(1);
  const auto engine = make_cpu_engine(shape, {.grad_lanes = 2, .max_sequences = 2}, team);
  EXPECT_GT(engine->forward_backward(tokens.batch(), 0), 0);
  std::fill(tokens.targets.begin(), tokens.targets.end(), -1);
  EXPECT_EQ(engine->forward_backward(tokens.batch(), 0), 0);
  EXPECT_EQ(engine->reduce().norm, 0);
}

TEST(Engine, EvaluatesAWindowTheSameAloneAndAmongOthersAndAsAPrefix) {
  const Shape shape = small_shape();
  const Tokens tokens(shape, 50, 12);  // more than a micro-batch
  Team team(2);
  const auto engine = make_cpu_engine(shape, {.training = false}, team);
  std::vector<double> together(600), alone(12), prefix(7);
  engine->evaluate(tokens.batch(), together);
  for (const std::int64_t i : {0, 20, 21, 49}) {
    engine->evaluate({1, 12, tokens.inputs.data() + i * 12, tokens.targets.data() + i * 12}, alone);
    engine->evaluate({1, 7, tokens.inputs.data() + i * 12, tokens.targets.data() + i * 12}, prefix);
    for (std::size_t t = 0; t < 12; ++t) EXPECT_EQ(alone[t], together[static_cast<std::size_t>(i) * 12 + t]);
    for (std::size_t t = 0; t < 7; ++t) EXPECT_TRUE(model::near(prefix[t], alone[t], 1e-6));
  }
}

TEST(Engine, NextLogitsAreThoseThatEvaluateScores) {
  const Shape shape = small_shape();
  const Tokens tokens(shape, 1, 12);
  Team team(1);
  for (const auto& [set, bf16] : arithmetics()) {
    const auto engine = make_cpu_engine(shape, {.set = set, .bf16 = bf16, .seed = 2, .training = false}, team);
    std::vector<double> nats(12);
    engine->evaluate(tokens.batch(), nats);
    std::vector<float> logits(17);
    for (std::size_t length = 1; length <= 12; ++length) {
      engine->next_logits({tokens.inputs.data(), length}, logits);
      double sum = 0;
      for (const float x : logits) sum += std::exp(static_cast<double>(x));
      const double nll = std::log(sum) - static_cast<double>(logits[static_cast<std::size_t>(tokens.targets[length - 1])]);
      EXPECT_TRUE(model::near(nll, nats[length - 1], 1e-5)) << length;
    }
  }
}

TEST(Engine, CarriesItsWholeStateThroughReadAndWrite) {
  const Shape shape = small_shape();
  const Tokens tokens(shape, 4, 12);
  Team team(2);
  for (const bool adafactor : {false, true}) {
    const EngineOptions options{.grad_lanes = 4, .max_sequences = 4, .seed = 1, .adafactor = adafactor};
    const auto step = [&](Engine& engine, std::int64_t number) {
      const double nats = engine.forward_backward(tokens.batch(), number - 1);
      static_cast<void>(engine.reduce());
      engine.clip_and_update(adamw(number));
      return nats;
    };
    const auto first = make_cpu_engine(shape, options, team);
    for (std::int64_t i = 1; i <= 3; ++i) step(*first, i);

    EngineOptions other = options;
    other.seed = 77;
    const auto second = make_cpu_engine(shape, other, team);
    const auto state = weights_of(*first);
    EXPECT_NE(weights_of(*second), state);
    for (std::size_t i = 0; i < state.size(); ++i) second->write_state(i, state[i]);
    second->state_written();
    for (std::int64_t i = 4; i <= 6; ++i) EXPECT_EQ(step(*second, i), step(*first, i));
    EXPECT_EQ(weights_of(*second), weights_of(*first));
  }
}

TEST(Engine, NamesItsStateWeightsFirst) {
  Team team(1);
  const Shape shape = small_shape();
  const std::vector<ParameterSpec> specs = parameter_registry(shape);
  const auto with_adamw = make_cpu_engine(shape, {}, team)->state();
  ASSERT_EQ(with_adamw.size(), 3 * specs.size());
  for (std::size_t i = 0; i < specs.size(); ++i) {
    EXPECT_EQ(with_adamw[i].name, specs[i].name);
    EXPECT_EQ(with_adamw[i].rows, specs[i].rows);
    EXPECT_FALSE(with_adamw[i].optimizer);
  }
  EXPECT_EQ(with_adamw[specs.size()].name, "transformer.wte.weight.m");
  EXPECT_EQ(with_adamw[specs.size() + 1].name, "transformer.wte.weight.v");
  const auto with_adafactor = make_cpu_engine(shape, {.adafactor = true}, team)->state();
  EXPECT_EQ(with_adafactor[specs.size()].name, "transformer.wte.weight.v_row");
  EXPECT_EQ(with_adafactor[specs.size()].cols, 17);
  EXPECT_EQ(with_adafactor[specs.size() + 1].name, "transformer.wte.weight.v_col");
  EXPECT_EQ(with_adafactor.back().name, "transformer.ln_f.bias.v");
  EXPECT_EQ(make_cpu_engine(shape, {.training = false}, team)->state().size(), specs.size());
}

TEST(Engine, DrawsItsWeightsFromTheSeedAlone) {
  Shape shape = small_shape();
  shape.n_embd = 64;
  shape.vocab_size = 600;  // over several tiles
  Team one(1), three(3);
  const auto seeded = [&](std::uint64_t seed, Team& team, bool training) {
    return weights_of(*make_cpu_engine(shape, {.seed = seed, .training = training}, team), false);
  };
  const auto weights = seeded(1, one, true);
  EXPECT_EQ(seeded(1, three, false), weights);
  EXPECT_NE(seeded(2, one, true), weights);

  double mean = 0, square = 0;
  for (const float w : weights[0]) {
    mean += static_cast<double>(w) / static_cast<double>(weights[0].size());
    square += static_cast<double>(w) * static_cast<double>(w) / static_cast<double>(weights[0].size());
  }
  EXPECT_TRUE(model::near(mean, 0, 5e-4));
  EXPECT_TRUE(model::near(std::sqrt(square), 0.02, 5e-4));
  EXPECT_THAT(weights[2], testing::Each(1.0F));  // ln_1.weight
  EXPECT_THAT(weights[3], testing::Each(0.0F));  // ln_1.bias
}

TEST(Engine, DecaysMatricesAndEmbeddingsOrEverything) {
  const Shape shape = small_shape();
  Team team(1);
  Tokens tokens(shape, 1, 12);
  std::fill(tokens.targets.begin(), tokens.targets.end(), -1);  // no gradient: what moves is decay
  for (const bool adafactor : {false, true}) {
    for (const bool decay_all : {false, true}) {
      const auto engine = make_cpu_engine(shape, {.adafactor = adafactor}, team);
      const auto before = weights_of(*engine, false);
      static_cast<void>(engine->forward_backward(tokens.batch(), 0));
      static_cast<void>(engine->reduce());
      UpdateRule rule;
      rule.learning_rate = 0.1;
      rule.weight_decay = 0.5;
      rule.decay_all = decay_all;
      engine->clip_and_update(rule);
      const auto after = weights_of(*engine, false);
      EXPECT_TRUE(model::near(after[0][0] / before[0][0], 0.95, 1e-6));
      EXPECT_TRUE(model::near(after[1][0] / before[1][0], 0.95, 1e-6));
      EXPECT_TRUE(model::near(after[2][0], decay_all ? 0.95 : 1, 1e-6));
    }
  }
}

TEST(Engine, ReportsTheTensorWhoseGradientIsNotFinite) {
  const Shape shape = small_shape();
  const Tokens tokens(shape, 2, 12);
  Team team(2);
  const auto engine = make_cpu_engine(shape, {.grad_lanes = 2, .max_sequences = 2}, team);
  static_cast<void>(engine->forward_backward(tokens.batch(), 0));
  EXPECT_TRUE(engine->reduce().finite);
  const auto state = engine->state();
  for (std::size_t i = 0; i < state.size(); ++i) {
    if (state[i].name != "transformer.h.1.mlp.c_fc.bias") continue;
    std::vector<float> bias(static_cast<std::size_t>(state[i].cols), std::numeric_limits<float>::quiet_NaN());
    engine->write_state(i, bias);
  }
  engine->state_written();
  EXPECT_TRUE(std::isnan(engine->forward_backward(tokens.batch(), 0)));
  const GradientReport report = engine->reduce();
  EXPECT_FALSE(report.finite);
  EXPECT_EQ(report.first_non_finite, "transformer.wte.weight");
}

TEST(Engine, TakesTheBytesItSays) {
  for (const std::int64_t threads : {1, 3}) {
    Team team(threads);
    for (const bool adafactor : {false, true}) {
      for (const bool training : {true, false}) {
        const EngineOptions options{.grad_lanes = 8, .max_sequences = 8, .adafactor = adafactor, .training = training};
        EXPECT_EQ(make_cpu_engine(small_shape(), options, team)->bytes(), cpu_engine_bytes(small_shape(), options, threads));
      }
    }
  }
}

TEST(Engine, TellsTheBytesOfWhatNoMachineHolds) {
  Shape shape = small_shape();
  shape.n_embd = shape.block_size = std::int64_t{1} << 20;
  shape.n_layer = 4096;
  EXPECT_GT(cpu_engine_bytes(shape, {.grad_lanes = 8}, 4), std::int64_t{1} << 59);
}

TEST(Engine, RefusesWhatItCannotHold) {
  Team team(1);
  Shape shape = small_shape();
  shape.n_embd = std::int64_t{1} << 20;
  try {
    static_cast<void>(make_cpu_engine(shape, {}, team));
    FAIL() << "a petabyte was given";
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::failure);
    EXPECT_THAT(error.what(), testing::HasSubstr("not enough memory"));
  }
  shape = small_shape();
  shape.n_head = 3;
  EXPECT_THROW(static_cast<void>(make_cpu_engine(shape, {}, team)), Error);
}

}  // namespace
}  // namespace isoflop
