// The Engine: what `train` drives. A back end implements it whole.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/team.h"
#include "isoflop/arch.h"
#include "kernels/choose.h"
#include "model/parts.h"

namespace isoflop {

/// Sequences of one length; targets are the next tokens, a target below 0 is not scored.
struct Batch {
  std::int64_t sequences = 0, length = 0;
  const std::int32_t* inputs = nullptr;   // (sequences, length)
  const std::int32_t* targets = nullptr;  // (sequences, length)
};

struct EngineOptions {
  kernels::Set set = kernels::Set::ref;
  bool bf16 = false;  ///< matrix products read bf16, and activations are kept so; the set has a table for it
  std::int64_t grad_lanes = 1;     ///< design 6; sequences of an update are split contiguously over the lanes
  std::int64_t max_sequences = 1;  ///< of an update
  std::uint64_t seed = 0;          ///< of the initial weights, and of what dropout drops
  double init_std = 0.02;
  bool adafactor = false;  ///< which optimizer state is held
  bool recompute = false;  ///< keep each block's input only, and run its forward again in backward: the same bytes
  bool training = true;    ///< false: weights and forward only (sample, evaluate)
};

/// What one update does to the weights; policy (which rate at which step) is train's. Adafactor has no momentum, its decay is
/// 1 - step^-0.8, and it does not read beta1, beta2 and epsilon.
struct UpdateRule {
  double learning_rate = 0, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0;
  bool decay_all = false;  ///< else matrices and embeddings only
  double grad_clip = 0;    ///< global norm; 0: none
  std::int64_t step = 1;   ///< 1-based, for bias correction
};

/// A named tensor of the engine's state, unpadded. name: the registry's, or with ".m", ".v", ".v_row", ".v_col" for the
/// optimizer.
struct StateTensor {
  std::string name;
  std::int64_t rows = 0, cols = 0;
  bool optimizer = false;
};

struct GradientReport {
  double norm = 0;  ///< global, before clipping
  bool finite = true;
  std::string first_non_finite;  ///< the tensor's name, when not finite
};

class Engine {
 public:
  virtual ~Engine() = default;
  [[nodiscard]] virtual const Shape& shape() const = 0;
  [[nodiscard]] virtual std::int64_t bytes() const = 0;  ///< of the arena, all allocated at construction

  /// Gradients of the mean loss over all the update's scored tokens, into the lanes. Returns summed nats (double, lanes in a
  /// fixed tree). What dropout drops is a function of the seed, the step (0-based) and the sequence's index in the update.
  [[nodiscard]] virtual double forward_backward(const Batch& update, std::int64_t step) = 0;
  /// Adds the lanes in a fixed binary tree and measures the norm.
  [[nodiscard]] virtual GradientReport reduce() = 0;
  /// Clips, updates, repacks. The gradients are spent afterwards.
  virtual void clip_and_update(const UpdateRule& rule) = 0;

  /// Nats of every position, (sequences, length) doubles; 0 where not scored.
  virtual void evaluate(const Batch& batch, std::span<double> nats) = 0;
  /// Logits (vocab_size) that follow `context` (at most block_size tokens).
  virtual void next_logits(std::span<const std::int32_t> context, std::span<float> logits) = 0;

  [[nodiscard]] virtual std::vector<StateTensor> state() const = 0;
  virtual void read_state(std::size_t tensor, std::span<float> out) const = 0;  ///< index into state()
  virtual void write_state(std::size_t tensor, std::span<const float> in) = 0;
  virtual void state_written() = 0;  ///< after the last write_state: repacks

  /// Where the time went since construction.
  [[nodiscard]] virtual PartSeconds parts() const { return {}; }
};

/// The CPU engine. Throws bad_study for shapes not built, failure when memory cannot be had.
[[nodiscard]] std::unique_ptr<Engine> make_cpu_engine(const Shape& shape, const EngineOptions& options, Team& team);

/// Bytes that make_cpu_engine will take, without allocating.
[[nodiscard]] std::int64_t cpu_engine_bytes(const Shape& shape, const EngineOptions& options, std::int64_t threads);

}  // namespace isoflop
