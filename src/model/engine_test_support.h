// What the model room's tests share: small engines, and texts made of simple integers.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "base/team.h"
#include "model/cpu_engine.h"

namespace isoflop::model {

inline Shape small_shape() {
  Shape shape;
  shape.n_layer = 2;
  shape.n_head = 2;
  shape.n_embd = 16;
  shape.block_size = 12;
  shape.vocab_size = 17;
  return shape;
}

/// What an engine of this build can compute in on this machine.
struct Arithmetic {
  kernels::Set set;
  bool bf16;
};
inline std::vector<Arithmetic> arithmetics() {
  std::vector<Arithmetic> all;
  for (const kernels::Set set : kernels::available()) {
    if (set != kernels::Set::avx512bf16) all.push_back({set, false});  // its float kernels are avx512's
    if (kernels::has_bf16(set)) all.push_back({set, true});
  }
  return all;
}

/// Sequences of a rule with a little noise, so that there is something to learn.
struct Tokens {
  std::vector<std::int32_t> inputs, targets;
  std::int64_t sequences, length;

  Tokens(const Shape& shape, std::int64_t sequences_, std::int64_t length_) : sequences(sequences_), length(length_) {
    std::uint32_t state = 12345;
    std::int64_t token = 1;
    for (std::int64_t i = 0; i < sequences * length; ++i) {
      state = state * 1664525U + 1013904223U;
      inputs.push_back(static_cast<std::int32_t>(token % shape.vocab_size));
      token = token * 3 + 1 + (state >> 30);
      targets.push_back(static_cast<std::int32_t>(token % shape.vocab_size));
      token %= shape.vocab_size;
    }
  }
  [[nodiscard]] Batch batch() const { return {sequences, length, inputs.data(), targets.data()}; }
};

inline UpdateRule adamw(std::int64_t step) {
  UpdateRule rule;
  rule.learning_rate = 3e-3;
  rule.weight_decay = 0.1;
  rule.grad_clip = 1;
  rule.step = step;
  return rule;
}

inline std::vector<std::vector<float>> weights_of(const Engine& engine, bool optimizer = true) {
  std::vector<std::vector<float>> all;
  const std::vector<StateTensor> state = engine.state();
  for (std::size_t i = 0; i < state.size(); ++i) {
    if (state[i].optimizer && !optimizer) continue;
    all.emplace_back(static_cast<std::size_t>(state[i].rows * state[i].cols));
    engine.read_state(i, all.back());
  }
  return all;
}

/// Three updates of 12 sequences (5 of them short in the last), everything that came out
struct Trained {
  std::vector<double> numbers;
  std::vector<std::vector<float>> state;
  friend bool operator==(const Trained&, const Trained&) = default;
};

inline Trained train(const Shape& shape, EngineOptions options, std::int64_t threads, std::int64_t updates = 3) {
  Team team(threads);
  options.max_sequences = 12;
  const auto engine = make_cpu_engine(shape, options, team);
  Trained out;
  for (std::int64_t step = 1; step <= updates; ++step) {
    const Tokens tokens(shape, step == updates ? 5 : 12, step == updates ? shape.block_size - 3 : shape.block_size);
    out.numbers.push_back(engine->forward_backward(tokens.batch(), step - 1));
    out.numbers.push_back(engine->reduce().norm);
    engine->clip_and_update(adamw(step));
    std::vector<double> nats(tokens.targets.size());
    engine->evaluate(tokens.batch(), nats);
    out.numbers.insert(out.numbers.end(), nats.begin(), nats.end());
  }
  out.state = weights_of(*engine);
  return out;
}

/// One tolerance function: a comparison with NaN fails.
inline bool near(double got, double expected, double tolerance) {
  return std::fabs(got - expected) <= tolerance;
}

/// ||a - b|| / max(||b||, 1e-8)
template <class A, class B>
double relative_distance(const A& a, const B& b) {
  double apart = 0, size = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    const double x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
    apart += (x - y) * (x - y);
    size += y * y;
  }
  return std::sqrt(apart) / std::max(std::sqrt(size), 1e-8);
}

}  // namespace isoflop::model
