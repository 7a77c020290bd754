// The loop over an Engine: batch, forward-backward, clip, update, record. Knows no store.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>

#include "isoflop/record.h"
#include "isoflop/tokens.h"
#include "model/engine.h"

namespace isoflop {

struct StepTiming {
  double seconds = 0;
  double tokens_per_second = 0;
};

/// Called from the training thread.
struct TrainHooks {
  std::function<void(const StepRecord&, const StepTiming&)> on_step;
  std::function<void(const EvalRecord&)> on_eval;
  /// A checkpoint is about to count: make everything handed out so far durable.
  std::function<void()> before_checkpoint;
  /// Called once, before the first step. Going on from the checkpoint taken before update `step`, 0 if there is none: drop what
  /// was recorded from it on (a run killed before its first checkpoint leaves lines behind too).
  std::function<void(std::int64_t step)> on_resume;
  std::function<void(const std::string&)> on_log;
};

struct TrainOptions {
  std::filesystem::path checkpoint_root;   ///< empty: no checkpoints
  std::int64_t checkpoint_interval = 0;    ///< steps; 0: only at the end and on stop
  std::int64_t keep_checkpoints = 2;
  bool allow_isa_change = false;
  std::string isa;                         ///< recorded in checkpoints
};

struct TrainResult {
  RunStatus status = RunStatus::done;      ///< done, diverged or stopped
  std::string reason;
  std::int64_t steps = 0;                  ///< updates made
  std::optional<double> train_loss;        ///< mean of the last 50 steps
  std::optional<double> loss_best;
  std::optional<EvalRecord> last_eval;
  double seconds = 0;                      ///< in training steps of this call
  bool isa_changed = false;                ///< some steps of this run were made with another instruction set
};

/// Learning rate of update `step` (0-based): warm-up as ScheduleSpec says, then with p = (step - w) / (max_iters - w)
///   constant  lr
///   linear    lr falls to min_lr along p
///   cosine    min_lr + (lr - min_lr) (1 + cos(pi p)) / 2
///   wsd       lr, and over the last decay_fraction of max_iters a straight line to min_lr (arXiv:2404.06395)
/// Checked   train_test.cc: values at the edges of every schedule.
[[nodiscard]] double learning_rate_at(const RunSpec& spec, std::int64_t step);

/// Scores the held-out split: non-overlapping windows of block_size in order, the last one short; or a fixed sample of the
/// windows, the same for every run. The split's first token has no context and is not scored.
///
/// Result   loss = summed nats / scored tokens; loss_se: ratio estimator clustered by unit, sqrt(m/(m-1) sum (y - loss x)^2) /
///          sum x; loss_full_context: mean over the last quarter of the positions of full windows.
/// Needs    2 tokens or more. Throws bad_data otherwise.
/// Checked  train_test.cc: sums of the units are the engine's sums.
[[nodiscard]] EvalRecord evaluate(Engine& engine, const TokenSplit& split, const Tokenizer& tokenizer, const EvalSpec& spec,
                                  std::int64_t step, std::int64_t tokens);

/// Trains to spec.max_iters, from the newest whole checkpoint if there is one. A stop request finishes the step, saves and
/// returns `stopped`. A loss or gradient that is not finite stops before the update and returns `diverged`.
/// With eval.patience, ends early, as done, after that many evaluations without a new best.
/// Evaluates before the updates whose number is a multiple of eval.interval (not 0), and at the end. A checkpoint that is not
/// whole is named through on_log and the one before it is used.
/// Throws   usage: the checkpoint was made with another instruction set; bad_data: it is another run's; io.
/// Same spec, binary and instruction set: the same records and weights for any team and any number of stops.
[[nodiscard]] TrainResult train(const RunSpec& resolved, Engine& engine, const BatchSource& batches, const TokenSplit* held_out,
                                const Tokenizer& tokenizer, const TrainOptions& options, const TrainHooks& hooks,
                                std::stop_token stop = {});

/// Weights only, of the newest whole checkpoint under `root` (bad ones are named through on_log and skipped). Returns its step;
/// none: no checkpoint.
std::optional<std::int64_t> load_newest_weights(Engine& engine, const std::filesystem::path& root,
                                                const std::function<void(const std::string&)>& on_log = {});

}  // namespace isoflop
