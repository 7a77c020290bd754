// The vocabulary of a run: what was asked (RunSpec), what happened (StepRecord, EvalRecord), what came out (RunRecord),
// and their one versioned text form (docs/formats/run.md). Plain values, no I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "isoflop/arch.h"
#include "isoflop/base.h"

namespace isoflop {

enum class Dtype { float32, bfloat16 };
enum class OptimizerKind { adamw, adafactor };
enum class DecayOn { all, matrices };  ///< which parameters weight decay touches
enum class ScheduleKind { constant, linear, cosine, wsd };
/// Windows without replacement in a seeded order; drawn with replacement; without, those of an epoch by their surprisal
/// (WindowOrder).
enum class BatchOrder { epochs, random_windows, easy_first, hard_first };
enum class RunStatus { running, done, diverged, stopped };
enum class Regime { fresh, repeated, memorising };  ///< D <= unique; D > unique; N > unique (design 5)

struct OptimizerSpec {
  OptimizerKind kind = OptimizerKind::adamw;
  double learning_rate = 3e-4;
  double beta1 = 0.9;
  double beta2 = 0.999;  ///< Adafactor: its decay exponent is fixed (0.8), beta1 = 0 turns momentum off
  double epsilon = 1e-8;
  double weight_decay = 0.1;
  DecayOn decay_on = DecayOn::matrices;
  double grad_clip = 1.0;  ///< on the global norm; 0: none
};

struct ScheduleSpec {
  ScheduleKind kind = ScheduleKind::cosine;
  std::int64_t warmup_iters = 0;    ///< step s < warmup_iters trains at learning_rate * s / warmup_iters (`warmup_from_zero`) or
                                    ///< (s+1)/warmup_iters
  bool warmup_from_zero = false;    ///< the source experiment's: the first step has rate 0
  double min_lr = 0;
  double decay_fraction = 0.2;      ///< wsd: the share of max_iters spent in the final decay
};

/// A token source of a run. `id` is the content id of a token file set.
struct DataSpec {
  std::string id;
  double weight = 1;
  std::optional<std::int64_t> subset_tokens;  ///< train on the first this many tokens only
  std::optional<std::int64_t> max_epochs;
};

struct EvalSpec {
  std::int64_t interval = 0;        ///< steps between evaluations; 0: only at the end
  std::int64_t patience = 0;        ///< stop after this many evaluations in a row that were no better than the best; 0: never
  std::int64_t max_windows = 0;     ///< 0: the whole held-out split; else a fixed, seeded sample of windows
};

/// Everything that determines a run's bytes, and nothing else (with the binary and the instruction set).
struct RunSpec {
  Shape shape;
  OptimizerSpec optimizer;
  ScheduleSpec schedule;
  EvalSpec eval;
  std::vector<DataSpec> data;
  std::string tokenizer;               ///< content hash
  BatchOrder order = BatchOrder::epochs;
  double token_noise = 0;              ///< share of the input tokens replaced by others
  std::int64_t batch_size = 32;        ///< sequences
  std::int64_t gradient_accumulation_steps = 1;
  std::int64_t max_iters = 500;
  std::uint64_t seed = 0;
  Dtype dtype = Dtype::float32;
  std::int64_t grad_lanes = 0;         ///< 0 is resolved to the largest power of two <= min(8, sequences per update)
  double init_std = 0.02;

  [[nodiscard]] std::int64_t sequences_per_update() const { return batch_size * gradient_accumulation_steps; }
  [[nodiscard]] std::int64_t tokens_per_update() const { return sequences_per_update() * shape.block_size; }
};

/// Fills what may be left open (grad_lanes, n_kv_head, n_inner) and throws Error{bad_study} naming the key that cannot be.
[[nodiscard]] RunSpec resolve(RunSpec spec);

/// Hash of everything in the resolved spec and the numerics version: 16 lower-case hex digits. The same for any number of
/// threads, any path, name or instruction set, and for (32,1) and (16,2) of batch_size and gradient_accumulation_steps.
[[nodiscard]] std::string run_id(const RunSpec& resolved);

inline constexpr int kNumericsVersion = 4;  ///< raised when the same spec would give other bytes

/// One optimizer step. `loss` is the mean over the update's tokens, before the update, nats per token.
struct StepRecord {
  std::int64_t step = 0;  ///< 0-based; `tokens` counts this step's too
  std::int64_t tokens = 0;
  double loss = 0;
  double grad_norm = 0;   ///< before clipping
  double learning_rate = 0;
};

/// Summed nats over one held-out unit. Their sum over units is the evaluation.
struct DocumentLoss {
  std::int64_t document = 0;  ///< index into the held-out split's units
  std::int64_t tokens = 0;
  std::int64_t bytes = 0;
  double nats = 0;
};

struct EvalRecord {
  std::int64_t step = 0;    ///< number of updates made before it
  std::int64_t tokens = 0;  ///< training tokens seen before it
  std::int64_t scored_tokens = 0;
  std::int64_t scored_bytes = 0;
  double loss = 0;                             ///< nats per token, mean over the scored tokens
  std::optional<double> loss_se;               ///< standard error over held-out units (cluster); none with one unit
  double bits_per_byte = 0;
  std::optional<double> loss_full_context;     ///< mean over the last quarter of each full window
  std::vector<DocumentLoss> documents;
};

/// The outcome of a run (record.json). No clock and no host in it.
struct RunRecord {
  std::string id;
  std::string name;   ///< e.g. "tiny"; not part of the id
  std::string group;
  RunStatus status = RunStatus::running;
  std::string reason;                          ///< why it stopped, when not done
  ParamCounts params;
  FlopsPerToken flops;
  std::int64_t steps = 0;
  std::int64_t tokens = 0;                     ///< D: training tokens seen
  std::int64_t unique_tokens = 0;
  std::optional<std::int64_t> distinct_tokens_seen;
  std::optional<std::int64_t> train_bytes;     ///< bytes of text behind `tokens`
  std::optional<double> loss;                  ///< held-out, final
  std::optional<double> loss_se_eval;
  std::optional<double> loss_best;             ///< least held-out loss over the evaluations
  std::optional<double> loss_full_context;
  std::optional<double> train_loss;            ///< mean of the last 50 steps
  std::optional<double> bits_per_byte;
  Regime regime = Regime::fresh;
  std::string isa;                             ///< the instruction set the bytes were made with
  bool isa_changed = false;
};

/// Clock and host: timing.jsonl, host.json. Never compared byte for byte.
struct RunTiming {
  double seconds = 0;
  double tokens_per_second = 0;  ///< median over steps, evaluation excluded
  std::int64_t threads = 0;
  std::int64_t peak_bytes = 0;
};

[[nodiscard]] Regime regime_of(std::int64_t params, std::int64_t tokens, std::int64_t unique_tokens);

// One JSON object each, keys as the members are named, `schema_version` first in spec and record.
// The readers throw Error{bad_data} with `subject` (a file name) and the key at fault.
inline constexpr int kRecordSchema = 1;
[[nodiscard]] std::string to_json(const RunSpec& spec);
[[nodiscard]] std::string to_json(const StepRecord& step);
[[nodiscard]] std::string to_json(const EvalRecord& eval);
[[nodiscard]] std::string to_json(const RunRecord& record);
[[nodiscard]] RunSpec run_spec_from_json(const std::string& text, const std::string& subject);
[[nodiscard]] StepRecord step_record_from_json(const std::string& text, const std::string& subject);
[[nodiscard]] EvalRecord eval_record_from_json(const std::string& text, const std::string& subject);
[[nodiscard]] RunRecord run_record_from_json(const std::string& text, const std::string& subject);

[[nodiscard]] std::string to_string(Dtype);
[[nodiscard]] std::string to_string(OptimizerKind);
[[nodiscard]] std::string to_string(DecayOn);
[[nodiscard]] std::string to_string(ScheduleKind);
[[nodiscard]] std::string to_string(BatchOrder);
[[nodiscard]] std::string to_string(RunStatus);
[[nodiscard]] std::string to_string(Regime);
/// The inverse of the above; `key` names the value in the Error{bad_study} that lists the known words.
template <class Enum>
[[nodiscard]] Enum parse_enum(const std::string& text, const std::string& key);

}  // namespace isoflop
