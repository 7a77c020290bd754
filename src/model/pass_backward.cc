// Gradients of one micro-batch: what Pass does after forward.
#include <algorithm>
#include <type_traits>

#include "base/check.h"
#include "model/pass.h"

namespace isoflop::model {

template <class Real, class Act>
kernels::MatmulArgs<Real, Act> Pass<Real, Act>::backward_of(const LinearView<Real, Act>& l, const Act* dy, std::int64_t rows) {
  return {.m = rows, .n = l.inputs, .k = l.outputs, .a = dy, .lda = l.outputs, .b = l.backward, .ldc = l.inputs};
}

template <class Real, class Act>
const Act* Pass<Real, Act>::before_dropout(std::int64_t site, Act* room) {
  if (!drops()) return dx_act_;
  dropout(site, {.x = dx_, .rounded = room});
  return room;
}

template <class Real, class Act>
void Pass<Real, Act>::parameter_gradients(const LinearView<Real, Act>& l, const Act* x, const Act* dy, Real* gradient) {
  k_->outer({.t = tokens_,
             .n = l.outputs,
             .k = l.inputs,
             .y = dy,
             .ldy = l.outputs,
             .x = x,
             .ldx = l.inputs,
             .w = gradient + l.weight_offset,
             .ldw = l.inputs,
             .sums = l.bias != nullptr ? gradient + l.bias_offset : nullptr,
             .scratch = outer_scratch_});
  clock_.lap(Part::weight_gradients);
}

template <class Real, class Act>
void Pass<Real, Act>::backward_linear(const LinearView<Real, Act>& l, const Act* x, const Act* dy, const InputGradient& dx,
                                      Real* gradient) {
  parameter_gradients(l, x, dy, gradient);
  kernels::MatmulArgs<Real, Act> product = backward_of(l, dy, tokens_);
  product.c = dx.summed;
  product.rounded = dx.rounded;
  k_->matmul(product);
  clock_.lap(Part::products);
}

template <class Real, class Act>
void Pass<Real, Act>::normalise_backward(const NormView<Real>& norm, const Real* x, const Real* mean, const Real* inv_std,
                                         const Real* dy, kernels::Store store, Real* gradient) {
  k_->layernorm_backward({.rows = tokens_,
                          .cols = embd_,
                          .x = x,
                          .gain = norm.gain,
                          .mean = mean,
                          .inv_std = inv_std,
                          .dy = dy,
                          .dx = dx_,
                          .dgain = gradient + norm.gain_offset,
                          .dbias = norm.bias != nullptr ? gradient + norm.bias_offset : nullptr,
                          .store = store,
                          .rounded = std::is_same_v<Real, Act> ? nullptr : dx_act_});
}

template <class Real, class Act>
double Pass<Real, Act>::backward_head(const std::int32_t* targets, Real scale, Real* gradient) {
  const LinearView<Real, Act>& head = model_->head;
  double nats = 0;
  for (std::int64_t chunk = 0; chunk < tokens_; chunk += kHeadChunk) {
    const std::int64_t chunk_rows = std::min(kHeadChunk, tokens_ - chunk);
    for (std::int64_t r = 0; r < chunk_rows; r += kHeadRows) {
      const std::int64_t rows = std::min(kHeadRows, chunk_rows - r);
      Act* dlogits = dlogits_ + r * head.outputs;  // (rows, vocabulary)
      logits_of(chunk + r, rows);
      clock_.lap(Part::head);
      k_->cross_entropy({.rows = rows,
                         .classes = model_->shape.vocab_size,
                         .logits = logits_,
                         .gradient = dlogits,
                         .ld = head.outputs,
                         .target = targets + chunk + r,
                         .nll = nats_,
                         .scale = scale});
      for (std::int64_t i = 0; i < rows; ++i) nats += nats_[i];
      clock_.lap(Part::cross_entropy);

      kernels::MatmulArgs<Real, Act> product = backward_of(head, dlogits, rows);
      product.c = dh_ + (chunk + r) * embd_;
      k_->matmul(product);
      clock_.lap(Part::head);
    }
    k_->outer({.t = chunk_rows,
               .n = head.outputs,
               .k = embd_,
               .y = dlogits_,
               .ldy = head.outputs,
               .x = h_last_ + chunk * embd_,
               .ldx = embd_,
               .w = gradient + head.weight_offset,
               .ldw = embd_,
               .scratch = outer_scratch_});
    clock_.lap(Part::head);
  }
  return nats;
}

template <class Real, class Act>
double Pass<Real, Act>::backward(const std::int32_t* inputs, const std::int32_t* targets, Real scale, Real* gradient) {
  ISOFLOP_CHECK(dx_ != nullptr && tokens_ > 0);
  for (std::int64_t i = 0; i < tokens_; ++i) ISOFLOP_CHECK(targets[i] < model_->shape.vocab_size);
  clock_.start();
  const double nats = backward_head(targets, scale, gradient);
  normalise_backward(model_->ln_f, x_last_, mean_last_, inv_std_last_, dh_, kernels::Store::overwrite, gradient);
  clock_.lap(Part::elementwise);
  for (std::size_t layer = saved_.size(); layer-- > 0;) {
    // what forward left in the shared memory is the last block's
    if (keep_ == Keep::inputs && layer + 1 < saved_.size()) forward_block(layer);
    backward_block(layer, gradient);
  }

  if (drops()) dropout(0, {.x = dx_, .y = dx_});
  // token and position embeddings
  for (std::int64_t i = 0; i < tokens_; ++i) {
    k_->add(embd_, dx_ + i * embd_, gradient + model_->head.weight_offset + inputs[i] * embd_);
    k_->add(embd_, dx_ + i * embd_, gradient + model_->positions_offset + i % length_ * embd_);
  }
  clock_.lap(Part::elementwise);
  return nats;
}

// dx_, and dx_act_ beside it, holds the gradient of the block's output and becomes that of its input
template <class Real, class Act>
void Pass<Real, Act>::backward_block(std::size_t layer, Real* gradient) {
  const Shape& shape = model_->shape;
  const BlockView<Real, Act>& block = model_->blocks[layer];
  const BlockSaved<Real, Act>& s = saved_[layer];
  const std::int64_t c = embd_, heads = shape.n_head, size = head_size(shape), site = first_site(layer);

  backward_linear(block.out, s.act, before_dropout(site + 1, datt_), {.rounded = dbig_}, gradient);
  k_->gelu_backward(model_->gelu, tokens_ * inner_, s.pre, dbig_, dbig_);  // (M, F)
  clock_.lap(Part::elementwise);
  backward_linear(block.fc, s.h2, dbig_, {.summed = dh_}, gradient);
  normalise_backward(block.ln_2, s.x2, s.mean2, s.inv_std2, dh_, kernels::Store::add, gradient);
  clock_.lap(Part::elementwise);

  backward_linear(block.proj, s.att, before_dropout(site, dbig_), {.rounded = datt_}, gradient);
  for (std::int64_t i = 0; i < sequences_; ++i) {
    const std::int64_t row = i * length_;
    k_->attention_backward({.t = length_,
                            .heads = heads,
                            .size = size,
                            .qkv = s.qkv + row * 3 * c,
                            .ldqkv = 3 * c,
                            .out = s.att + row * c,
                            .ldo = c,
                            .probs = s.probs + i * k_->attention_saved(length_, heads, size),
                            .dout = datt_ + row * c,
                            .lddo = c,
                            .dqkv = dbig_ + row * 3 * c,
                            .lddqkv = 3 * c,
                            .scratch = attention_scratch_,
                            .dropout = dropout_at(site + 2, i)});
  }
  clock_.lap(Part::attention);
  backward_linear(block.qkv, s.h1, dbig_, {.summed = dh_}, gradient);  // dbig_ (M, 3 C)
  normalise_backward(block.ln_1, s.x, s.mean1, s.inv_std1, dh_, kernels::Store::add, gradient);
  clock_.lap(Part::elementwise);
}

template double Pass<float, float>::backward(const std::int32_t*, const std::int32_t*, float, float*);
template double Pass<double, double>::backward(const std::int32_t*, const std::int32_t*, double, double*);
template double Pass<float, kernels::Bf16>::backward(const std::int32_t*, const std::int32_t*, float, float*);

}  // namespace isoflop::model
