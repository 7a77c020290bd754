#include "model/pass.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace isoflop::model {
namespace {

std::int64_t capacity_of(const Shape& shape) {
  return std::max(kMicroTokens, shape.block_size);
}

template <class Real>
void copy(const Real* from, std::int64_t n, Real* to) {
  std::memcpy(to, from, static_cast<std::size_t>(n) * sizeof(Real));
}

}  // namespace

template <class Real>
Pass<Real>::Pass(const ModelView<Real>& model, bool training, Carver& carver)
    : model_(&model),
      k_(model.table),
      embd_(model.shape.n_embd),
      inner_(inner_size(model.shape)),
      capacity_(capacity_of(model.shape)) {
  const Shape& shape = model.shape;
  const std::int64_t m = capacity_, c = embd_, f = inner_;
  const std::int64_t heads = shape.n_head, size = head_size(shape);
  const std::int64_t whole = std::max<std::int64_t>(1, kMicroTokens / shape.block_size);  // sequences of full length

  const auto block = [&] {
    BlockSaved<Real> s;
    s.x = carver.take<Real>(m * c);
    s.h1 = carver.take<Real>(m * c);
    s.mean1 = carver.take<Real>(m);
    s.inv_std1 = carver.take<Real>(m);
    s.qkv = carver.take<Real>(m * 3 * c);
    s.probs = carver.take<Real>(whole * k_->attention_saved(shape.block_size, heads, size));
    s.att = carver.take<Real>(m * c);
    s.x2 = carver.take<Real>(m * c);
    s.h2 = carver.take<Real>(m * c);
    s.mean2 = carver.take<Real>(m);
    s.inv_std2 = carver.take<Real>(m);
    s.pre = carver.take<Real>(m * f);
    s.act = carver.take<Real>(m * f);
    return s;
  };
  if (training) {
    for (std::int64_t layer = 0; layer < shape.n_layer; ++layer) saved_.push_back(block());
    x_last_ = carver.take<Real>(m * c);
  } else {
    saved_.assign(static_cast<std::size_t>(shape.n_layer), block());
    x_last_ = saved_.front().x;  // a block's output is the next one's input
  }

  h_last_ = carver.take<Real>(m * c);
  mean_last_ = carver.take<Real>(m);
  inv_std_last_ = carver.take<Real>(m);
  logits_ = carver.take<Real>(kHeadRows * model.head.outputs);
  nats_ = carver.take<double>(kHeadRows);
  std::int64_t scratch = 0;
  for (std::int64_t t = 1; t <= shape.block_size; ++t) scratch = std::max(scratch, k_->attention_scratch(t, heads, size));
  attention_scratch_ = carver.take<Real>(scratch);
  if (!training) return;

  dx_ = carver.take<Real>(m * c);
  dh_ = carver.take<Real>(m * c);
  datt_ = carver.take<Real>(m * c);
  dbig_ = carver.take<Real>(m * std::max(3 * c, f));
  scratch = k_->outer_scratch(kHeadRows, model.head.outputs, c);
  for (const LinearView<Real>* l : model.linears()) {
    if (l != &model.head) scratch = std::max(scratch, k_->outer_scratch(m, l->outputs, l->inputs));
  }
  outer_scratch_ = carver.take<Real>(scratch);
}

template <class Real>
std::int64_t Pass<Real>::micro_sequences(std::int64_t length) const {
  const Shape& shape = model_->shape;
  const std::int64_t heads = shape.n_head, size = head_size(shape);
  const std::int64_t room =
      std::max<std::int64_t>(1, kMicroTokens / shape.block_size) * k_->attention_saved(shape.block_size, heads, size);
  const std::int64_t by_tokens = kMicroTokens / length;
  const std::int64_t by_room = room / std::max<std::int64_t>(1, k_->attention_saved(length, heads, size));
  return std::max<std::int64_t>(1, room == 0 ? by_tokens : std::min(by_tokens, by_room));
}

template <class Real>
void Pass<Real>::linear(const LinearView<Real>& l, const Real* x, std::int64_t rows, Real* y, kernels::Store store) {
  k_->matmul({.m = rows,
              .n = l.outputs,
              .k = l.inputs,
              .a = x,
              .lda = l.inputs,
              .b = l.forward,
              .c = y,
              .ldc = l.outputs,
              .bias = l.bias,
              .store = store});
}

template <class Real>
void Pass<Real>::normalise(const NormView<Real>& norm, const Real* x, Real* y, Real* mean, Real* inv_std) {
  k_->layernorm(
      {.rows = tokens_, .cols = embd_, .x = x, .gain = norm.gain, .bias = norm.bias, .y = y, .mean = mean, .inv_std = inv_std});
}

template <class Real>
void Pass<Real>::forward(const std::int32_t* inputs, std::int64_t sequences, std::int64_t length) {
  ISOFLOP_CHECK(length >= 1 && length <= model_->shape.block_size);
  ISOFLOP_CHECK(sequences >= 1 && sequences <= micro_sequences(length));
  sequences_ = sequences;
  length_ = length;
  tokens_ = sequences * length;

  // token plus position
  for (std::int64_t i = 0; i < tokens_; ++i) {
    ISOFLOP_CHECK(inputs[i] >= 0 && inputs[i] < model_->shape.vocab_size);
    k_->sum(embd_, model_->head.weight + inputs[i] * embd_, model_->positions + i % length * embd_, saved_.front().x + i * embd_);
  }
  for (std::size_t layer = 0; layer < saved_.size(); ++layer) {
    forward_block(model_->blocks[layer], saved_[layer], layer + 1 < saved_.size() ? saved_[layer + 1].x : x_last_);
  }
  normalise(model_->ln_f, x_last_, h_last_, mean_last_, inv_std_last_);
}

template <class Real>
void Pass<Real>::forward_block(const BlockView<Real>& block, const BlockSaved<Real>& s, Real* x_out) {
  const Shape& shape = model_->shape;
  const std::int64_t c = embd_, heads = shape.n_head, size = head_size(shape);

  // x2 = x + proj(attention(ln_1(x)))
  normalise(block.ln_1, s.x, s.h1, s.mean1, s.inv_std1);
  linear(block.qkv, s.h1, tokens_, s.qkv);
  for (std::int64_t i = 0; i < sequences_; ++i) {
    k_->attention({.t = length_,
                   .heads = heads,
                   .size = size,
                   .qkv = s.qkv + i * length_ * 3 * c,
                   .ldqkv = 3 * c,
                   .out = s.att + i * length_ * c,
                   .ldo = c,
                   .probs = s.probs + i * k_->attention_saved(length_, heads, size),
                   .scratch = attention_scratch_});
  }
  copy(s.x, tokens_ * c, s.x2);
  linear(block.proj, s.att, tokens_, s.x2, kernels::Store::add);

  // x_out = x2 + out(gelu(fc(ln_2(x2))))
  normalise(block.ln_2, s.x2, s.h2, s.mean2, s.inv_std2);
  linear(block.fc, s.h2, tokens_, s.pre);
  k_->gelu(model_->gelu, tokens_ * inner_, s.pre, s.act);
  copy(s.x2, tokens_ * c, x_out);
  linear(block.out, s.act, tokens_, x_out, kernels::Store::add);
}

template <class Real>
void Pass<Real>::score(const std::int32_t* targets, double* nats) {
  const LinearView<Real>& head = model_->head;
  for (std::int64_t r = 0; r < tokens_; r += kHeadRows) {
    const std::int64_t rows = std::min(kHeadRows, tokens_ - r);
    linear(head, h_last_ + r * embd_, rows, logits_);  // (rows, vocabulary)
    k_->cross_entropy({.rows = rows,
                       .classes = model_->shape.vocab_size,
                       .logits = logits_,
                       .ldl = head.outputs,
                       .target = targets + r,
                       .nll = nats + r,
                       .scale = 0});
  }
}

template <class Real>
void Pass<Real>::last_logits(std::span<float> logits) {
  ISOFLOP_CHECK(static_cast<std::int64_t>(logits.size()) == model_->shape.vocab_size);
  linear(model_->head, h_last_ + (tokens_ - 1) * embd_, 1, logits_);
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>(logits_[i]);
}

template <class Real>
void Pass<Real>::backward_linear(const LinearView<Real>& l, const Real* x, const Real* dy, Real* dx, Real* gradient) {
  k_->outer({.t = tokens_,
             .n = l.outputs,
             .k = l.inputs,
             .y = dy,
             .ldy = l.outputs,
             .x = x,
             .ldx = l.inputs,
             .w = gradient + l.weight_offset,
             .ldw = l.inputs,
             .scratch = outer_scratch_});
  if (l.bias != nullptr) k_->add_column_sums(tokens_, l.outputs, dy, l.outputs, gradient + l.bias_offset);
  k_->matmul({.m = tokens_, .n = l.inputs, .k = l.outputs, .a = dy, .lda = l.outputs, .b = l.backward, .c = dx, .ldc = l.inputs});
}

template <class Real>
void Pass<Real>::normalise_backward(const NormView<Real>& norm, const Real* x, const Real* mean, const Real* inv_std,
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
                          .store = store});
}

template <class Real>
double Pass<Real>::backward_head(const std::int32_t* targets, Real scale, Real* gradient) {
  const LinearView<Real>& head = model_->head;
  double nats = 0;
  for (std::int64_t r = 0; r < tokens_; r += kHeadRows) {
    const std::int64_t rows = std::min(kHeadRows, tokens_ - r);
    const Real* h = h_last_ + r * embd_;
    linear(head, h, rows, logits_);  // (rows, vocabulary)

    // in place: logits become their own gradient
    k_->cross_entropy({.rows = rows,
                       .classes = model_->shape.vocab_size,
                       .logits = logits_,
                       .ldl = head.outputs,
                       .target = targets + r,
                       .nll = nats_,
                       .scale = scale});
    for (std::int64_t i = 0; i < rows; ++i) nats += nats_[i];

    k_->matmul({.m = rows,
                .n = embd_,
                .k = head.outputs,
                .a = logits_,
                .lda = head.outputs,
                .b = head.backward,
                .c = dh_ + r * embd_,
                .ldc = embd_});
    k_->outer({.t = rows,
               .n = head.outputs,
               .k = embd_,
               .y = logits_,
               .ldy = head.outputs,
               .x = h,
               .ldx = embd_,
               .w = gradient + head.weight_offset,
               .ldw = embd_,
               .scratch = outer_scratch_});
  }
  return nats;
}

template <class Real>
double Pass<Real>::backward(const std::int32_t* inputs, const std::int32_t* targets, Real scale, Real* gradient) {
  ISOFLOP_CHECK(dx_ != nullptr && tokens_ > 0);
  for (std::int64_t i = 0; i < tokens_; ++i) ISOFLOP_CHECK(targets[i] < model_->shape.vocab_size);
  const double nats = backward_head(targets, scale, gradient);
  normalise_backward(model_->ln_f, x_last_, mean_last_, inv_std_last_, dh_, kernels::Store::overwrite, gradient);
  for (std::size_t layer = saved_.size(); layer-- > 0;) backward_block(model_->blocks[layer], saved_[layer], gradient);

  // token and position embeddings
  for (std::int64_t i = 0; i < tokens_; ++i) {
    k_->add(embd_, dx_ + i * embd_, gradient + model_->head.weight_offset + inputs[i] * embd_);
    k_->add(embd_, dx_ + i * embd_, gradient + model_->positions_offset + i % length_ * embd_);
  }
  return nats;
}

// dx_ holds the gradient of the block's output and becomes that of its input
template <class Real>
void Pass<Real>::backward_block(const BlockView<Real>& block, const BlockSaved<Real>& s, Real* gradient) {
  const Shape& shape = model_->shape;
  const std::int64_t c = embd_, heads = shape.n_head, size = head_size(shape);

  backward_linear(block.out, s.act, dx_, dbig_, gradient);
  k_->gelu_backward(model_->gelu, tokens_ * inner_, s.pre, dbig_, dbig_);  // (M, F)
  backward_linear(block.fc, s.h2, dbig_, dh_, gradient);
  normalise_backward(block.ln_2, s.x2, s.mean2, s.inv_std2, dh_, kernels::Store::add, gradient);

  backward_linear(block.proj, s.att, dx_, datt_, gradient);
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
                            .scratch = attention_scratch_});
  }
  backward_linear(block.qkv, s.h1, dbig_, dh_, gradient);  // dbig_ (M, 3 C)
  normalise_backward(block.ln_1, s.x, s.mean1, s.inv_std1, dh_, kernels::Store::add, gradient);
}

template class Pass<float>;
template class Pass<double>;

}  // namespace isoflop::model
