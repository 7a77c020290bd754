// Forward and backward of one micro-batch on one core, and the memory that takes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "model/arena.h"
#include "model/parameters.h"
#include "model/parts.h"

namespace isoflop::model {

/// A micro-batch is whole sequences of about this many tokens: 256 where their activations then stay in a core's own cache, else
/// 512, for longer products in the gradients of weights (experiments/LOG.md).
[[nodiscard]] inline std::int64_t micro_tokens(const Shape& shape) {
  return shape.n_layer * shape.n_embd <= 256 ? 256 : 512;
}
/// Rows of logits made at a time, so that they never leave the core's cache.
inline constexpr std::int64_t kHeadRows = 64;
/// Rows whose gradient of the logits is kept for one pass over the gradient of the head.
inline constexpr std::int64_t kHeadChunk = 256;
static_assert(kHeadChunk % kHeadRows == 0);

/// What backward needs of a block. M tokens, C = n_embd, F = n_inner.
template <class Real, class Act>
struct BlockSaved {
  Real* x = nullptr;         // (M, C) residual stream before the block
  Act* h1 = nullptr;         // (M, C) normalised
  Real* mean1 = nullptr;     // (M)
  Real* inv_std1 = nullptr;  // (M)
  Act* qkv = nullptr;        // (M, 3 C)
  Act* probs = nullptr;      // attention_saved of each sequence
  Act* att = nullptr;        // (M, C)
  Real* x2 = nullptr;        // (M, C) residual stream before the MLP
  Act* h2 = nullptr;         // (M, C)
  Real* mean2 = nullptr;     // (M)
  Real* inv_std2 = nullptr;  // (M)
  Act* pre = nullptr;        // (M, F)
  Act* act = nullptr;        // (M, F)
};

/// Which activations are kept from forward.
enum class Keep {
  nothing,  ///< no backward: one block's memory is used by all
  inputs,   ///< of each block its input; backward runs the block's forward once more, which gives the same bytes
  all,
};

/// Where in a run a micro-batch stands: all that dropout depends on.
struct Place {
  std::uint64_t seed = 0;
  std::int64_t step = 0;
  std::int64_t first_sequence = 0;  // its index in the update
};

/// One core's workspace and what it does with it. Real and Act: kernels.h. Sums run in token order; nothing depends on which core
/// it is.
template <class Real, class Act>
class Pass {
 public:
  /// Takes its memory from the carver.
  Pass(const ModelView<Real, Act>& model, Keep keep, Carver& carver);

  /// How many sequences of this length make a micro-batch: a function of shape and kernel set.
  [[nodiscard]] std::int64_t micro_sequences(std::int64_t length) const;

  /// Up to the last normalisation. inputs (sequences, length). Only what has a place in a run has dropout.
  void forward(const std::int32_t* inputs, std::int64_t sequences, std::int64_t length, const std::optional<Place>& place = {});
  /// Loss and gradients of what forward saw, added to `gradient`; targets (sequences, length). Returns summed nats, in token
  /// order.
  [[nodiscard]] double backward(const std::int32_t* inputs, const std::int32_t* targets, Real scale, Real* gradient);
  /// Nats of every position of what forward saw.
  void score(const std::int32_t* targets, double* nats);
  /// Logits of the last position of what forward saw.
  void last_logits(std::span<float> logits);

  [[nodiscard]] PartClock& clock() { return clock_; }
  [[nodiscard]] const PartClock& clock() const { return clock_; }

 private:
  void forward_block(std::size_t layer);
  void backward_block(std::size_t layer, Real* gradient);
  double backward_head(const std::int32_t* targets, Real scale, Real* gradient);
  /// Products with a matrix; the caller says where the result goes. x (rows, inputs), dy (rows, outputs).
  [[nodiscard]] static kernels::MatmulArgs<Real, Act> forward_of(const LinearView<Real, Act>& linear, const Act* x,
                                                                 std::int64_t rows);
  [[nodiscard]] static kernels::MatmulArgs<Real, Act> backward_of(const LinearView<Real, Act>& linear, const Act* dy,
                                                                  std::int64_t rows);
  void linear(const LinearView<Real, Act>& linear, const Act* x, Act* y);  // y = x W^T + bias
  // y = residual + dropout(x W^T + bias)
  void add_linear(const LinearView<Real, Act>& linear, const Act* x, const Real* residual, std::int64_t site, Real* y);
  void logits_of(std::int64_t first, std::int64_t rows);  // of rows of h_last_, into logits_
  void parameter_gradients(const LinearView<Real, Act>& linear, const Act* x, const Act* dy, Real* gradient);
  /// Where dx goes: to a normalisation, or to the next product.
  struct InputGradient {
    Real* summed = nullptr;
    Act* rounded = nullptr;
  };
  void backward_linear(const LinearView<Real, Act>& linear, const Act* x, const Act* dy, const InputGradient& dx, Real* gradient);
  void normalise(const NormView<Real>& norm, const Real* x, Act* y, Real* mean, Real* inv_std);
  void normalise_backward(const NormView<Real>& norm, const Real* x, const Real* mean, const Real* inv_std, const Real* dy,
                          kernels::Store store, Real* gradient);

  // Dropout. Sites count the embedding, then of each block the output of attention, that of the MLP, and every head.
  [[nodiscard]] bool drops() const { return !keys_.empty(); }
  [[nodiscard]] std::int64_t first_site(std::size_t layer) const;
  /// Of the micro-batch's sequence i; without dropout one that drops nothing.
  [[nodiscard]] kernels::Dropout<Real> dropout_at(std::int64_t site, std::int64_t i) const;
  /// Over the whole micro-batch; the caller says from where to where.
  void dropout(std::int64_t site, const kernels::DropoutArgs<Real, Act>& buffers);
  /// The gradient of what was dropped, dx_ being that of the outcome: in `room`, or dx_act_ if nothing is dropped.
  [[nodiscard]] const Act* before_dropout(std::int64_t site, Act* room);

  const ModelView<Real, Act>* model_;
  const kernels::Table<Real, Act>* k_;
  Keep keep_;
  std::int64_t embd_, inner_, capacity_;  // capacity_: tokens
  std::int64_t sequences_ = 0, length_ = 0, tokens_ = 0;
  kernels::Dropout<Real> dropout_;   // of the model; key and site left open
  std::vector<std::uint64_t> keys_;  // of each sequence's dropout; none: nothing is dropped

  std::vector<BlockSaved<Real, Act>> saved_;
  Real* x_last_ = nullptr;  // (M, C)
  Act* h_last_ = nullptr;   // (M, C)
  Real* mean_last_ = nullptr;
  Real* inv_std_last_ = nullptr;
  Real* logits_ = nullptr;  // (kHeadRows, vocabulary padded)
  Act* dlogits_ = nullptr;  // (kHeadChunk, vocabulary padded)
  Real* dx_ = nullptr;      // (M, C)
  Act* dx_act_ = nullptr;   // (M, C) dx_ as products read it: dx_ itself where the types are one
  Real* dh_ = nullptr;      // (M, C)
  Act* datt_ = nullptr;     // (M, C)
  Act* dbig_ = nullptr;     // (M, max(3 C, F))
  Real* attention_scratch_ = nullptr;
  Real* outer_scratch_ = nullptr;
  double* nats_ = nullptr;  // (kHeadRows)
  PartClock clock_;
};

}  // namespace isoflop::model
