// The model against an independent implementation: tests/golden/make_gpt2_golden.py says how its numbers came to be.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/file.h"
#include "base/json.h"
#include "model/engine_test_support.h"

namespace isoflop::model {
namespace {

// the script's integer formula
double noise(std::uint64_t i) {
  std::uint64_t x = (i * 2654435761U + 12345U) & 0xFFFFFFFFU;
  x ^= x >> 16;
  x = (x * 2246822519U) & 0xFFFFFFFFU;
  x ^= x >> 13;
  return static_cast<double>(x) / 2147483648.0 - 1;
}

const Json& golden() {
  static const std::string path = std::string(ISOFLOP_SOURCE_DIR) + "/tests/golden/gpt2_golden.json";
  static const Json document = parse_json(read_file(path), path);
  return document;
}

struct Problem {
  Json golden;
  Shape shape;
  UpdateRule rule;
  Tokens tokens;
  bool adafactor = false;

  explicit Problem(const Json& c) : golden(c), shape(shape_of(c)), tokens(shape, c.at("sequences"), shape.block_size) {
    const Json& r = c.at("rule");
    rule.learning_rate = r.at("learning_rate");
    rule.beta1 = r.at("beta1");
    rule.beta2 = r.at("beta2");
    rule.epsilon = r.at("epsilon");
    rule.weight_decay = r.at("weight_decay");
    rule.grad_clip = r.at("grad_clip");
    rule.decay_all = c.at("decay_all");
    adafactor = c.at("optimizer") == "adafactor";
    for (std::size_t i = 0; i < tokens.inputs.size(); ++i) {
      tokens.inputs[i] = draw(1'000'000 + i);
      tokens.targets[i] = i % 7 == 3 ? -1 : draw(2'000'000 + i);
    }
  }

  static Shape shape_of(const Json& c) {
    Shape shape;
    shape.n_layer = c.at("n_layer");
    shape.n_head = c.at("n_head");
    shape.n_embd = c.at("n_embd");
    shape.n_inner = c.at("n_inner");
    shape.vocab_size = c.at("vocab_size");
    shape.block_size = c.at("block_size");
    shape.bias = c.at("bias");
    shape.activation = activation_from(c.at("activation"));
    return shape;
  }
  [[nodiscard]] std::int32_t draw(std::uint64_t i) const {
    return static_cast<std::int32_t>(std::floor((noise(i) + 1) / 2 * static_cast<double>(shape.vocab_size)));
  }
  [[nodiscard]] double scored() const {
    return static_cast<double>(
        std::count_if(tokens.targets.begin(), tokens.targets.end(), [](std::int32_t t) { return t >= 0; }));
  }
  [[nodiscard]] EngineOptions options() const {
    return {.grad_lanes = 2, .max_sequences = tokens.sequences, .adafactor = adafactor};
  }
};

template <class Real>
void write_initial_weights(CpuEngine<Real>& engine, const std::vector<ParameterSpec>& specs) {
  std::uint64_t element = 0;
  for (std::size_t tensor = 0; tensor < specs.size(); ++tensor) {
    for (Real& w : engine.weights(tensor)) {
      const double x = noise(element++);
      switch (specs[tensor].kind) {
        case ParamKind::bias:
          w = static_cast<Real>(0.1 * x);
          break;
        case ParamKind::norm:
          w = static_cast<Real>(1 + 0.1 * x);
          break;
        default:
          w = static_cast<Real>(0.2 * x);
      }
    }
  }
  engine.state_written();
}

struct Tolerance {
  double loss, gradient, weight;
};

template <class Real>
void compare(const Problem& problem, const kernels::Table<Real>& table, const Tolerance& tolerance) {
  Team team(2);
  CpuEngine<Real> engine(problem.shape, problem.options(), table, team);
  const std::vector<ParameterSpec> specs = parameter_registry(problem.shape);
  write_initial_weights(engine, specs);

  // the loss and every tensor's gradient at the start
  const Json& golden = problem.golden;
  EXPECT_TRUE(near(engine.forward_backward(problem.tokens.batch(), 0) / problem.scored(), golden.at("loss"), tolerance.loss));
  ASSERT_TRUE(engine.reduce().finite);
  for (std::size_t tensor = 0; tensor < specs.size(); ++tensor) {
    const auto expected = golden.at("gradients").at(specs[tensor].name).get<std::vector<double>>();
    ASSERT_EQ(expected.size(), engine.gradient(tensor).size());
    EXPECT_LE(relative_distance(engine.gradient(tensor), expected), tolerance.gradient) << specs[tensor].name;
  }

  // ten updates
  UpdateRule rule = problem.rule;
  for (std::size_t step = 0; step < golden.at("losses").size(); ++step) {
    rule.step = static_cast<std::int64_t>(step) + 1;
    const double loss = engine.forward_backward(problem.tokens.batch(), 0) / problem.scored();
    EXPECT_TRUE(near(loss, golden.at("losses").at(step), 10 * tolerance.loss)) << step << ": " << loss;
    const double norm = golden.at("norms").at(step);
    EXPECT_TRUE(near(engine.reduce().norm / norm, 1, 10 * tolerance.gradient)) << step;
    engine.clip_and_update(rule);
  }
  for (std::size_t tensor = 0; tensor < specs.size(); ++tensor) {
    auto expected = golden.at("weights").at(specs[tensor].name).get<std::vector<double>>();
    const auto w = engine.weights(tensor);
    std::vector<double> got(w.begin(), w.end());
    if (specs[tensor].name.find("c_attn.bias") != std::string::npos) {
      // a key's bias has no gradient in exact arithmetic: what an optimizer makes of the rounding is nobody's business
      const auto d = static_cast<std::ptrdiff_t>(problem.shape.n_embd);
      expected.erase(expected.begin() + d, expected.begin() + 2 * d);
      got.erase(got.begin() + d, got.begin() + 2 * d);
    }
    EXPECT_LE(relative_distance(got, expected), tolerance.weight) << specs[tensor].name;
  }
}

TEST(Golden, HoldsOneCaseOfEachKind) {
  ASSERT_EQ(golden().at("cases").size(), 3U);
}

TEST(Golden, InDoubleTheModelIsTheIndependentOne) {
  for (const Json& c : golden().at("cases")) {
    SCOPED_TRACE(c.at("name").get<std::string>());
    compare(Problem(c), kernels::reference<double>(), {1e-9, 1e-8, 1e-7});
  }
}

TEST(Golden, InFloatEveryKernelSetAgreesWithTheIndependentOne) {
  for (const kernels::Set set : kernels::available()) {
    for (const Json& c : golden().at("cases")) {
      SCOPED_TRACE(std::string(kernels::table(set).name) + " " + c.at("name").get<std::string>());
      compare(Problem(c), kernels::table(set), {1e-6, 1e-5, 1e-4});
    }
  }
}

}  // namespace
}  // namespace isoflop::model
