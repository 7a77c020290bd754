// Forward and backward of one micro-batch on one core, and the memory that takes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/arena.h"
#include "model/parameters.h"

namespace isoflop::model {

/// A micro-batch is whole sequences of about this many tokens: its activations stay near the core that works on them.
inline constexpr std::int64_t kMicroTokens = 256;
/// Rows of logits made at a time, so that they never leave the core's cache.
inline constexpr std::int64_t kHeadRows = 64;

/// What backward needs of a block. M tokens, C = n_embd, F = n_inner.
template <class Real>
struct BlockSaved {
  Real* x = nullptr;         // (M, C) residual stream before the block
  Real* h1 = nullptr;        // (M, C) normalised
  Real* mean1 = nullptr;     // (M)
  Real* inv_std1 = nullptr;  // (M)
  Real* qkv = nullptr;       // (M, 3 C)
  Real* probs = nullptr;     // attention_saved of each sequence
  Real* att = nullptr;       // (M, C)
  Real* x2 = nullptr;        // (M, C) residual stream before the MLP
  Real* h2 = nullptr;        // (M, C)
  Real* mean2 = nullptr;     // (M)
  Real* inv_std2 = nullptr;  // (M)
  Real* pre = nullptr;       // (M, F)
  Real* act = nullptr;       // (M, F)
};

/// One core's workspace and what it does with it. Sums run in token order; nothing depends on which core it is.
template <class Real>
class Pass {
 public:
  /// Takes its memory from the carver. training: every block's activations are kept, else one block's are reused.
  Pass(const ModelView<Real>& model, bool training, Carver& carver);

  /// How many sequences of this length make a micro-batch: a function of shape and kernel set.
  [[nodiscard]] std::int64_t micro_sequences(std::int64_t length) const;

  /// Up to the last normalisation. inputs (sequences, length).
  void forward(const std::int32_t* inputs, std::int64_t sequences, std::int64_t length);
  /// Loss and gradients of what forward saw, added to `gradient`; targets (sequences, length). Returns summed nats, in token
  /// order.
  [[nodiscard]] double backward(const std::int32_t* inputs, const std::int32_t* targets, Real scale, Real* gradient);
  /// Nats of every position of what forward saw.
  void score(const std::int32_t* targets, double* nats);
  /// Logits of the last position of what forward saw.
  void last_logits(std::span<float> logits);

 private:
  void forward_block(const BlockView<Real>& block, const BlockSaved<Real>& s, Real* x_out);
  void backward_block(const BlockView<Real>& block, const BlockSaved<Real>& s, Real* gradient);
  double backward_head(const std::int32_t* targets, Real scale, Real* gradient);
  void backward_linear(const LinearView<Real>& linear, const Real* x, const Real* dy, Real* dx, Real* gradient);
  void linear(const LinearView<Real>& linear, const Real* x, std::int64_t rows, Real* y,
              kernels::Store store = kernels::Store::overwrite);
  void normalise(const NormView<Real>& norm, const Real* x, Real* y, Real* mean, Real* inv_std);
  void normalise_backward(const NormView<Real>& norm, const Real* x, const Real* mean, const Real* inv_std, const Real* dy,
                          kernels::Store store, Real* gradient);

  const ModelView<Real>* model_;
  const kernels::Table<Real>* k_;
  std::int64_t embd_, inner_, capacity_;  // capacity_: tokens
  std::int64_t sequences_ = 0, length_ = 0, tokens_ = 0;

  std::vector<BlockSaved<Real>> saved_;
  Real* x_last_ = nullptr;  // (M, C)
  Real* h_last_ = nullptr;  // (M, C)
  Real* mean_last_ = nullptr;
  Real* inv_std_last_ = nullptr;
  Real* logits_ = nullptr;  // (kHeadRows, vocabulary padded)
  Real* dx_ = nullptr;      // (M, C)
  Real* dh_ = nullptr;      // (M, C)
  Real* datt_ = nullptr;    // (M, C)
  Real* dbig_ = nullptr;    // (M, max(3 C, F))
  Real* attention_scratch_ = nullptr;
  Real* outer_scratch_ = nullptr;
  double* nats_ = nullptr;  // (kHeadRows)
};

}  // namespace isoflop::model
