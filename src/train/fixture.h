// A small run over a made-up stream of tokens, and what it leaves behind, for the tests of this room.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/testing.h"
#include "tokens/source.h"
#include "train/fake_engine_for_test.h"
#include "train/train.h"

namespace isoflop {

// a = 0, é = 1, あ = 2 and byte tokens: 1, 2, 3 and 1 bytes
inline std::unique_ptr<Tokenizer> small_tokenizer() {
  tokens::UnitSource source;
  source.for_each_unit = [](const std::function<void(const Unit&)>& visit, std::stop_token) {
    visit({0, "", "aéあ", false, true});
  };
  return tokens::build_tokenizer({TokenizerKind::char_, VocabularyFrom::training_split}, source, {});
}

inline std::shared_ptr<const TokenSplit> stream(std::int64_t tokens, std::vector<TokenUnit> units = {},
                                                std::int32_t vocabulary = 200) {
  std::vector<std::int32_t> values(static_cast<std::size_t>(tokens));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<std::int32_t>((i * i + 3 * i) % static_cast<std::size_t>(vocabulary));
  return token_split_in_memory(std::move(values), std::move(units));
}

inline RunSpec small_spec() {
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

inline std::vector<float> state_of(const Engine& engine) {
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
    return make_batches(training,
                        {.seed = spec.seed, .sequences = spec.sequences_per_update(), .block_size = spec.shape.block_size});
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

inline void expect_same(const Recorded& a, const Outcome& x, const Recorded& b, const Outcome& y) {
  EXPECT_EQ(a.steps, b.steps);
  EXPECT_EQ(a.evals, b.evals);
  EXPECT_EQ(x.state, y.state);
  EXPECT_EQ(x.result.status, y.result.status);
  EXPECT_EQ(x.result.train_loss, y.result.train_loss);
  EXPECT_EQ(x.result.loss_best, y.result.loss_best);
  EXPECT_EQ(x.result.steps, y.result.steps);
}

}  // namespace isoflop
