// Gradients in double against central differences, tensor by tensor.
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "model/engine_test_support.h"

namespace isoflop::model {
namespace {

struct Case {
  const char* name;
  bool bias;
  Activation activation;
  std::int64_t n_layer, n_head, n_embd, n_inner, vocab_size, block_size, sequences, length;
  double dropout = 0;
};
std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.name;
}

constexpr std::int64_t kStep = 3;  // whose masks dropout has, here and in the differences

class EveryShape : public testing::TestWithParam<Case> {};

TEST_P(EveryShape, HasTheGradientOfItsLossInEveryTensor) {
  const Case& c = GetParam();
  Shape shape;
  shape.bias = c.bias;
  shape.activation = c.activation;
  shape.n_layer = c.n_layer;
  shape.n_head = c.n_head;
  shape.n_embd = c.n_embd;
  shape.n_inner = c.n_inner;
  shape.vocab_size = c.vocab_size;
  shape.block_size = c.block_size;
  shape.dropout = c.dropout;

  Team team(1);
  EngineOptions options;
  options.grad_lanes = 2;
  options.max_sequences = c.sequences;
  options.init_std = 0.3;  // large, so that attention and activations bend
  CpuEngine<double> engine(shape, options, kernels::reference<double>(), team);

  // biases and gains away from their starting points
  const std::size_t tensors = engine.state().size() / 3;
  for (std::size_t tensor = 0; tensor < tensors; ++tensor) {
    const auto w = engine.weights(tensor);
    for (std::size_t i = 0; i < w.size(); ++i) w[i] += 0.1 * std::sin(static_cast<double>(i + 7 * tensor));
  }
  engine.state_written();

  Tokens tokens(shape, c.sequences, c.length);
  tokens.targets[1] = -1;  // not scored
  const double scored = static_cast<double>(tokens.targets.size() - 1);
  static_cast<void>(engine.forward_backward(tokens.batch(), kStep));
  ASSERT_TRUE(engine.reduce().finite);
  std::vector<std::vector<double>> gradients;
  for (std::size_t tensor = 0; tensor < tensors; ++tensor) {
    const auto g = engine.gradient(tensor);
    gradients.emplace_back(g.begin(), g.end());
  }

  std::vector<double> nats(tokens.targets.size());
  const auto loss = [&] {
    engine.state_written();
    if (c.dropout > 0) return engine.forward_backward(tokens.batch(), kStep) / scored;
    engine.evaluate(tokens.batch(), nats);
    double sum = 0;
    for (const double x : nats) sum += x;
    return sum / scored;
  };
  for (std::size_t tensor = 0; tensor < tensors; ++tensor) {
    const auto w = engine.weights(tensor);
    std::vector<double> differences, measured;
    const std::size_t stride = std::max<std::size_t>(1, w.size() / 13);  // a sample of the large ones
    for (std::size_t i = 0; i < w.size(); i += stride) {
      // two step sizes and Richardson's combination: the error falls with the fourth power
      const double kept = w[i], h = 1e-3;
      const auto slope = [&](double step) {
        w[i] = kept + step;
        const double up = loss();
        w[i] = kept - step;
        const double down = loss();
        w[i] = kept;
        return (up - down) / (2 * step);
      };
      differences.push_back((4 * slope(h / 2) - slope(h)) / 3);
      measured.push_back(gradients[tensor][i]);
    }
    const std::string name = engine.state()[tensor].name;
    // a key's bias moves no softmax: its gradient is zero in exact arithmetic, so the tensor is compared as a whole
    EXPECT_LE(relative_distance(measured, differences), 1e-6) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Model, EveryShape,
                         testing::Values(Case{"plain", true, Activation::gelu, 2, 2, 16, 0, 17, 12, 3, 12},
                                         Case{"tanh", true, Activation::gelu_tanh, 2, 2, 16, 0, 17, 12, 2, 12},
                                         Case{"no_bias", false, Activation::gelu, 2, 1, 24, 0, 17, 8, 2, 8},
                                         Case{"odd_head", true, Activation::gelu, 1, 3, 15, 0, 33, 9, 2, 9},
                                         Case{"head_24", true, Activation::gelu, 1, 2, 48, 0, 17, 6, 2, 6},
                                         Case{"inner", false, Activation::gelu_tanh, 1, 2, 10, 23, 17, 7, 2, 7},
                                         Case{"short_window", true, Activation::gelu, 1, 2, 8, 0, 17, 10, 3, 4},
                                         Case{"dropout", true, Activation::gelu, 2, 2, 8, 0, 11, 6, 3, 6, 0.3},
                                         Case{"dropout_short_window", false, Activation::gelu, 1, 3, 15, 0, 17, 10, 5, 7, 0.5},
                                         Case{"one_token", true, Activation::gelu, 1, 1, 4, 0, 5, 3, 4, 1}),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace isoflop::model
