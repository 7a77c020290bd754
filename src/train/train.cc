#include "train/train.h"

#include <chrono>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/check.h"
#include "isoflop/text.h"
#include "train/checkpoint.h"

namespace isoflop {
namespace {

constexpr std::size_t kTrainLossSteps = 50;  // train_loss is the mean of the last so many

class Trainer {
 public:
  Trainer(const RunSpec& spec, Engine& engine, const BatchSource& batches, const TokenSplit* held_out, const Tokenizer& tokenizer,
          const TrainOptions& options, const TrainHooks& hooks)
      : spec_(spec),
        engine_(engine),
        batches_(batches),
        held_out_(held_out),
        tokenizer_(tokenizer),
        options_(options),
        hooks_(hooks) {
    const auto tokens = static_cast<std::size_t>(spec.tokens_per_update());
    inputs_.resize(tokens);
    targets_.resize(tokens);
  }

  TrainResult run(const std::stop_token& stop) {
    resume();
    std::int64_t saved_at = state_.step;
    while (true) {
      const bool at_end = state_.step == spec_.max_iters;
      const bool stopping = stop.stop_requested();

      // a checkpoint comes before the evaluation of the same step, which is then made again on resuming
      if (keeps_checkpoints() && state_.step != saved_at && (at_end || stopping || due(options_.checkpoint_interval))) {
        save_now();
        saved_at = state_.step;
      }
      if (stopping) return finish(RunStatus::stopped, "stopped after " + std::to_string(state_.step) + " steps");
      if ((at_end || (state_.step > 0 && due(spec_.eval.interval))) && !evaluate_now())
        return finish(RunStatus::diverged, reason_);
      if (at_end) return finish(RunStatus::done, "");
      if (out_of_patience()) {
        if (keeps_checkpoints() && state_.step != saved_at) save_now();
        return finish(RunStatus::done,
                      "stopped early: " + std::to_string(spec_.eval.patience) + " evaluations without a better held-out loss");
      }
      if (!train_step()) return finish(RunStatus::diverged, reason_);
    }
  }

 private:
  [[nodiscard]] bool keeps_checkpoints() const { return !options_.checkpoint_root.empty(); }
  [[nodiscard]] bool due(std::int64_t interval) const { return interval > 0 && state_.step % interval == 0; }

  void resume() {
    state_.run = run_id(spec_);
    state_.isa = options_.isa;
    if (keeps_checkpoints()) {
      const auto found = checkpoint::load_newest(engine_, options_.checkpoint_root,
                                                 {state_.run, options_.isa, options_.allow_isa_change}, hooks_.on_log);
      if (found) state_ = *found;
      state_.isa = options_.isa;
    }
    ISOFLOP_CHECK(state_.step <= spec_.max_iters);
    if (hooks_.on_resume) hooks_.on_resume(state_.step);
  }

  void save_now() {
    if (hooks_.before_checkpoint) hooks_.before_checkpoint();
    checkpoint::save(options_.checkpoint_root, engine_, state_, options_.keep_checkpoints);
  }

  /// False if the held-out loss is not finite.
  bool evaluate_now() {
    if (held_out_ == nullptr || held_out_->size() < 2) return true;
    EvalRecord record =
        evaluate(engine_, *held_out_, tokenizer_, spec_.eval, state_.step, state_.step * spec_.tokens_per_update());
    if (!std::isfinite(record.loss)) {
      reason_ = "held-out loss after " + std::to_string(state_.step) + " steps is " + format_number(record.loss);
      return false;
    }
    ++state_.evaluations_since_best;
    if (!state_.loss_best || record.loss < *state_.loss_best) {
      state_.loss_best = record.loss;
      state_.evaluations_since_best = 0;
    }
    if (hooks_.on_eval) hooks_.on_eval(record);
    last_eval_ = std::move(record);
    return true;
  }

  [[nodiscard]] bool out_of_patience() const {
    return spec_.eval.patience > 0 && state_.evaluations_since_best >= spec_.eval.patience;
  }

  /// False, and nothing updated, if the loss or a gradient is not finite.
  bool train_step() {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point start = Clock::now();
    const std::int64_t step = state_.step;
    const std::string at = "step " + std::to_string(step) + ": ";

    batches_.batch(step, inputs_, targets_);
    const double nats =
        engine_.forward_backward({spec_.sequences_per_update(), spec_.shape.block_size, inputs_.data(), targets_.data()}, step);
    StepRecord record;
    record.step = step;
    record.tokens = (step + 1) * spec_.tokens_per_update();
    record.loss = nats / static_cast<double>(spec_.tokens_per_update());
    if (!std::isfinite(record.loss)) {
      reason_ = at + "loss is " + format_number(record.loss);
      return false;
    }
    const GradientReport gradient = engine_.reduce();
    if (!gradient.finite || !std::isfinite(gradient.norm)) {
      reason_ = at + (gradient.first_non_finite.empty() ? "gradient norm is " + format_number(gradient.norm)
                                                        : "gradient of `" + gradient.first_non_finite + "` is not finite");
      return false;
    }
    record.grad_norm = gradient.norm;
    record.learning_rate = learning_rate_at(spec_, step);
    engine_.clip_and_update(rule(record.learning_rate));

    ++state_.step;
    state_.losses.push_back(record.loss);
    if (state_.losses.size() > kTrainLossSteps) state_.losses.erase(state_.losses.begin());
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    seconds_ += seconds;
    if (hooks_.on_step) hooks_.on_step(record, {seconds, static_cast<double>(spec_.tokens_per_update()) / seconds});
    return true;
  }

  [[nodiscard]] UpdateRule rule(double learning_rate) const {
    const OptimizerSpec& optimizer = spec_.optimizer;
    UpdateRule rule;
    rule.learning_rate = learning_rate;
    rule.beta1 = optimizer.beta1;
    rule.beta2 = optimizer.beta2;
    rule.epsilon = optimizer.epsilon;
    rule.weight_decay = optimizer.weight_decay;
    rule.decay_all = optimizer.decay_on == DecayOn::all;
    rule.grad_clip = optimizer.grad_clip;
    rule.step = state_.step + 1;
    return rule;
  }

  [[nodiscard]] TrainResult finish(RunStatus status, std::string reason) const {
    TrainResult result;
    result.status = status;
    result.reason = std::move(reason);
    result.steps = state_.step;
    if (!state_.losses.empty()) {
      result.train_loss =
          std::accumulate(state_.losses.begin(), state_.losses.end(), 0.0) / static_cast<double>(state_.losses.size());
    }
    result.loss_best = state_.loss_best;
    result.last_eval = last_eval_;
    result.seconds = seconds_;
    result.isa_changed = state_.isa_changed;
    return result;
  }

  const RunSpec& spec_;
  Engine& engine_;
  const BatchSource& batches_;
  const TokenSplit* held_out_;
  const Tokenizer& tokenizer_;
  const TrainOptions& options_;
  const TrainHooks& hooks_;
  std::vector<std::int32_t> inputs_, targets_;  // (sequences, block_size)
  checkpoint::TrainState state_;
  std::optional<EvalRecord> last_eval_;
  std::string reason_;
  double seconds_ = 0;
};

}  // namespace

TrainResult train(const RunSpec& resolved, Engine& engine, const BatchSource& batches, const TokenSplit* held_out,
                  const Tokenizer& tokenizer, const TrainOptions& options, const TrainHooks& hooks, std::stop_token stop) {
  return Trainer(resolved, engine, batches, held_out, tokenizer, options, hooks).run(stop);
}

}  // namespace isoflop
