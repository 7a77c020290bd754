// A small deterministic stand-in for a model: what train does with an Engine can be seen without one.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "model/engine.h"

namespace isoflop {

class FakeEngine final : public Engine {
 public:
  FakeEngine() {
    shape_.block_size = 4;
    shape_.vocab_size = 300;
    for (std::size_t t = 0; t < tensors_.size(); ++t) {
      for (std::size_t i = 0; i < 6; ++i) tensors_[t].push_back(t < 2 ? 0.1F * static_cast<float>(i + t) : 0.0F);
    }
  }

  std::set<std::int64_t> nan_loss_at, nan_gradient_at;  ///< updates, 0-based
  std::int64_t updates = 0;                             ///< made by this object

  [[nodiscard]] const Shape& shape() const override { return shape_; }
  [[nodiscard]] std::int64_t bytes() const override { return 0; }

  [[nodiscard]] double forward_backward(const Batch& update, std::int64_t step) override {
    steps.push_back(step);
    gradient_ = 0;
    double nats = 0;
    for (std::int64_t i = 0; i < update.sequences * update.length; ++i) {
      nats += nats_of(update.inputs[i], update.targets[i]);
      gradient_ += 0.001F * static_cast<float>(update.targets[i] - update.inputs[i]);
    }
    return nan_loss_at.contains(updates) ? std::numeric_limits<double>::quiet_NaN() : nats;
  }
  [[nodiscard]] GradientReport reduce() override {
    GradientReport report{std::fabs(static_cast<double>(gradient_)), true, {}};
    if (nan_gradient_at.contains(updates)) report = {std::numeric_limits<double>::quiet_NaN(), false, "b"};
    return report;
  }
  void clip_and_update(const UpdateRule& rule) override {
    rules.push_back(rule);
    for (std::size_t t = 0; t < 2; ++t) {
      for (std::size_t i = 0; i < tensors_[t].size(); ++i) {
        float& moment = tensors_[t + 2][i];
        moment = 0.9F * moment + 0.1F * gradient_ * static_cast<float>(rule.step);
        tensors_[t][i] -= static_cast<float>(rule.learning_rate) * moment;
      }
    }
    ++updates;
  }

  void evaluate(const Batch& batch, std::span<double> nats) override {
    evaluated.push_back({batch.sequences, batch.length, {batch.inputs, batch.inputs + batch.sequences * batch.length}});
    for (std::size_t i = 0; i < nats.size(); ++i) nats[i] = nats_of(batch.inputs[i], batch.targets[i]);
  }
  void next_logits(std::span<const std::int32_t>, std::span<float>) override {}

  [[nodiscard]] std::vector<StateTensor> state() const override {
    return {{"w", 3, 2, false}, {"b", 1, 6, false}, {"w.m", 3, 2, true}, {"b.m", 1, 6, true}};
  }
  void read_state(std::size_t tensor, std::span<float> out) const override {
    std::copy(tensors_[tensor].begin(), tensors_[tensor].end(), out.begin());
  }
  void write_state(std::size_t tensor, std::span<const float> in) override { tensors_[tensor].assign(in.begin(), in.end()); }
  void state_written() override { ++repacks; }

  [[nodiscard]] double nats_of(std::int32_t input, std::int32_t target) const {
    return 2 + 0.01 * ((input * 31 + target * 17) % 97) + static_cast<double>(tensors_[0][1]);
  }

  struct Call {
    std::int64_t sequences = 0, length = 0;
    std::vector<std::int32_t> inputs;
  };
  std::vector<Call> evaluated;
  std::vector<std::int64_t> steps;  ///< that forward_backward was told
  std::vector<UpdateRule> rules;
  int repacks = 0;

 private:
  Shape shape_;
  std::vector<std::vector<float>> tensors_ = std::vector<std::vector<float>>(4);
  float gradient_ = 0;
};

}  // namespace isoflop
