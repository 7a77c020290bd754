#include "model/pass.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "base/check.h"
#include "base/random.h"

namespace isoflop::model {
namespace {

std::int64_t capacity_of(const Shape& shape) {
  return std::max(micro_tokens(shape), shape.block_size);
}

template <class Real>
void copy(const Real* from, std::int64_t n, Real* to) {
  std::memcpy(to, from, static_cast<std::size_t>(n) * sizeof(Real));
}

// the share dropped in whole steps of 2^-16, never all, and the scale that belongs to the share that is really dropped
template <class Real>
kernels::Dropout<Real> dropout_of(double share) {
  constexpr std::uint32_t kAll = 1U << 16;
  kernels::Dropout<Real> d;
  d.stream = static_cast<std::uint32_t>(Stream::dropout);
  d.threshold = std::min(kAll - 1, static_cast<std::uint32_t>(std::lround(share * kAll)));
  d.scale = static_cast<Real>(static_cast<double>(kAll) / static_cast<double>(kAll - d.threshold));
  return d;
}

}  // namespace

template <class Real, class Act>
Pass<Real, Act>::Pass(const ModelView<Real, Act>& model, Keep keep, Carver& carver)
    : model_(&model),
      k_(model.table),
      keep_(keep),
      embd_(model.shape.n_embd),
      inner_(inner_size(model.shape)),
      capacity_(capacity_of(model.shape)),
      dropout_(dropout_of<Real>(model.shape.dropout)) {
  const Shape& shape = model.shape;
  const std::int64_t m = capacity_, c = embd_, f = inner_;
  const std::int64_t heads = shape.n_head, size = head_size(shape);
  const std::int64_t whole = std::max<std::int64_t>(1, micro_tokens(shape) / shape.block_size);  // sequences of full length

  const auto block = [&] {
    BlockSaved<Real, Act> s;
    s.x = carver.take<Real>(m * c);
    s.h1 = carver.take<Act>(m * c);
    s.mean1 = carver.take<Real>(m);
    s.inv_std1 = carver.take<Real>(m);
    s.qkv = carver.take<Act>(m * 3 * c);
    s.probs = carver.take<Act>(whole * k_->attention_saved(shape.block_size, heads, size));
    s.att = carver.take<Act>(m * c);
    s.x2 = carver.take<Real>(m * c);
    s.h2 = carver.take<Act>(m * c);
    s.mean2 = carver.take<Real>(m);
    s.inv_std2 = carver.take<Real>(m);
    s.pre = carver.take<Act>(m * f);
    s.act = carver.take<Act>(m * f);
    return s;
  };
  if (keep != Keep::nothing) {
    saved_.push_back(block());
    for (std::int64_t layer = 1; layer < shape.n_layer; ++layer) {
      saved_.push_back(keep == Keep::all ? block() : saved_.front());
      if (keep == Keep::inputs) saved_.back().x = carver.take<Real>(m * c);
    }
    x_last_ = carver.take<Real>(m * c);
  } else {
    saved_.assign(static_cast<std::size_t>(shape.n_layer), block());
    x_last_ = saved_.front().x;  // a block's output is the next one's input
  }

  h_last_ = carver.take<Act>(m * c);
  mean_last_ = carver.take<Real>(m);
  inv_std_last_ = carver.take<Real>(m);
  logits_ = carver.take<Real>(kHeadRows * model.head.outputs);
  nats_ = carver.take<double>(kHeadRows);
  std::int64_t scratch = 0;
  for (std::int64_t t = 1; t <= shape.block_size; ++t) scratch = std::max(scratch, k_->attention_scratch(t, heads, size));
  attention_scratch_ = carver.take<Real>(scratch);
  if (keep == Keep::nothing) return;

  dlogits_ = carver.take<Act>(std::min(m, kHeadChunk) * model.head.outputs);
  dx_ = carver.take<Real>(m * c);
  if constexpr (std::is_same_v<Real, Act>) {
    dx_act_ = dx_;
  } else {
    dx_act_ = carver.take<Act>(m * c);
  }
  dh_ = carver.take<Real>(m * c);
  datt_ = carver.take<Act>(m * c);
  dbig_ = carver.take<Act>(m * std::max(3 * c, f));
  scratch = k_->outer_scratch(std::min(m, kHeadChunk), model.head.outputs, c);
  for (const LinearView<Real, Act>* l : model.linears()) {
    if (l != &model.head) scratch = std::max(scratch, k_->outer_scratch(m, l->outputs, l->inputs));
  }
  outer_scratch_ = carver.take<Real>(scratch);
}

template <class Real, class Act>
std::int64_t Pass<Real, Act>::micro_sequences(std::int64_t length) const {
  const Shape& shape = model_->shape;
  const std::int64_t heads = shape.n_head, size = head_size(shape);
  const std::int64_t room =
      std::max<std::int64_t>(1, micro_tokens(shape) / shape.block_size) * k_->attention_saved(shape.block_size, heads, size);
  const std::int64_t by_tokens = micro_tokens(shape) / length;
  const std::int64_t by_room = room / std::max<std::int64_t>(1, k_->attention_saved(length, heads, size));
  return std::max<std::int64_t>(1, room == 0 ? by_tokens : std::min(by_tokens, by_room));
}

template <class Real, class Act>
kernels::MatmulArgs<Real, Act> Pass<Real, Act>::forward_of(const LinearView<Real, Act>& l, const Act* x, std::int64_t rows) {
  return {.m = rows, .n = l.outputs, .k = l.inputs, .a = x, .lda = l.inputs, .b = l.forward, .ldc = l.outputs, .bias = l.bias};
}

template <class Real, class Act>
kernels::MatmulArgs<Real, Act> Pass<Real, Act>::backward_of(const LinearView<Real, Act>& l, const Act* dy, std::int64_t rows) {
  return {.m = rows, .n = l.inputs, .k = l.outputs, .a = dy, .lda = l.outputs, .b = l.backward, .ldc = l.inputs};
}

template <class Real, class Act>
void Pass<Real, Act>::linear(const LinearView<Real, Act>& l, const Act* x, Act* y) {
  kernels::MatmulArgs<Real, Act> product = forward_of(l, x, tokens_);
  product.rounded = y;
  k_->matmul(product);
}

template <class Real, class Act>
void Pass<Real, Act>::add_linear(const LinearView<Real, Act>& l, const Act* x, const Real* residual, std::int64_t site, Real* y) {
  kernels::MatmulArgs<Real, Act> product = forward_of(l, x, tokens_);
  product.c = y;
  if (!drops()) {
    copy(residual, tokens_ * l.outputs, y);
    product.store = kernels::Store::add;
    clock_.lap(Part::elementwise);
  }
  k_->matmul(product);
  clock_.lap(Part::products);
  if (drops()) dropout(site, {.x = y, .residual = residual, .y = y});
}

template <class Real, class Act>
std::int64_t Pass<Real, Act>::first_site(std::size_t layer) const {
  return 1 + static_cast<std::int64_t>(layer) * (model_->shape.n_head + 2);
}

template <class Real, class Act>
kernels::Dropout<Real> Pass<Real, Act>::dropout_at(std::int64_t site, std::int64_t i) const {
  if (!drops()) return {};
  kernels::Dropout<Real> d = dropout_;
  d.key = keys_[static_cast<std::size_t>(i)];
  d.site = static_cast<std::uint32_t>(site);
  return d;
}

template <class Real, class Act>
void Pass<Real, Act>::dropout(std::int64_t site, const kernels::DropoutArgs<Real, Act>& buffers) {
  const std::int64_t size = length_ * embd_;
  for (std::int64_t i = 0; i < sequences_; ++i) {
    kernels::DropoutArgs<Real, Act> of_one = buffers;
    of_one.rows = length_;
    of_one.cols = embd_;
    of_one.x += i * size;
    if (of_one.residual != nullptr) of_one.residual += i * size;
    if (of_one.y != nullptr) of_one.y += i * size;
    if (of_one.rounded != nullptr) of_one.rounded += i * size;
    of_one.dropout = dropout_at(site, i);
    k_->dropout(of_one);
  }
  clock_.lap(Part::elementwise);
}

template <class Real, class Act>
const Act* Pass<Real, Act>::before_dropout(std::int64_t site, Act* room) {
  if (!drops()) return dx_act_;
  dropout(site, {.x = dx_, .rounded = room});
  return room;
}

template <class Real, class Act>
void Pass<Real, Act>::normalise(const NormView<Real>& norm, const Real* x, Act* y, Real* mean, Real* inv_std) {
  k_->layernorm(
      {.rows = tokens_, .cols = embd_, .x = x, .gain = norm.gain, .bias = norm.bias, .y = y, .mean = mean, .inv_std = inv_std});
}

template <class Real, class Act>
void Pass<Real, Act>::forward(const std::int32_t* inputs, std::int64_t sequences, std::int64_t length,
                              const std::optional<Place>& place) {
  ISOFLOP_CHECK(length >= 1 && length <= model_->shape.block_size);
  ISOFLOP_CHECK(sequences >= 1 && sequences <= micro_sequences(length));
  sequences_ = sequences;
  length_ = length;
  tokens_ = sequences * length;
  keys_.clear();
  for (std::int64_t i = 0; place && dropout_.threshold > 0 && i < sequences; ++i) {
    const Philox random{place->seed, Stream::dropout};
    keys_.push_back(random.bits(static_cast<std::uint64_t>(place->step), static_cast<std::uint32_t>(place->first_sequence + i)));
  }
  clock_.start();

  // token plus position
  for (std::int64_t i = 0; i < tokens_; ++i) {
    ISOFLOP_CHECK(inputs[i] >= 0 && inputs[i] < model_->shape.vocab_size);
    k_->sum(embd_, model_->head.weight + inputs[i] * embd_, model_->positions + i % length * embd_, saved_.front().x + i * embd_);
  }
  if (drops()) dropout(0, {.x = saved_.front().x, .y = saved_.front().x});
  for (std::size_t layer = 0; layer < saved_.size(); ++layer) forward_block(layer);
  normalise(model_->ln_f, x_last_, h_last_, mean_last_, inv_std_last_);
  clock_.lap(Part::elementwise);
}

template <class Real, class Act>
void Pass<Real, Act>::forward_block(std::size_t layer) {
  const Shape& shape = model_->shape;
  const BlockView<Real, Act>& block = model_->blocks[layer];
  const BlockSaved<Real, Act>& s = saved_[layer];
  Real* x_out = layer + 1 < saved_.size() ? saved_[layer + 1].x : x_last_;
  const std::int64_t c = embd_, heads = shape.n_head, size = head_size(shape), site = first_site(layer);

  // x2 = x + dropout(proj(attention(ln_1(x))))
  normalise(block.ln_1, s.x, s.h1, s.mean1, s.inv_std1);
  clock_.lap(Part::elementwise);
  linear(block.qkv, s.h1, s.qkv);
  clock_.lap(Part::products);
  for (std::int64_t i = 0; i < sequences_; ++i) {
    k_->attention({.t = length_,
                   .heads = heads,
                   .size = size,
                   .qkv = s.qkv + i * length_ * 3 * c,
                   .ldqkv = 3 * c,
                   .out = s.att + i * length_ * c,
                   .ldo = c,
                   .probs = s.probs + i * k_->attention_saved(length_, heads, size),
                   .scratch = attention_scratch_,
                   .dropout = dropout_at(site + 2, i)});
  }
  clock_.lap(Part::attention);
  add_linear(block.proj, s.att, s.x, site, s.x2);

  // x_out = x2 + dropout(out(gelu(fc(ln_2(x2)))))
  normalise(block.ln_2, s.x2, s.h2, s.mean2, s.inv_std2);
  clock_.lap(Part::elementwise);
  linear(block.fc, s.h2, s.pre);
  clock_.lap(Part::products);
  k_->gelu(model_->gelu, tokens_ * inner_, s.pre, s.act);
  clock_.lap(Part::elementwise);
  add_linear(block.out, s.act, s.x2, site + 1, x_out);
}

template <class Real, class Act>
void Pass<Real, Act>::logits_of(std::int64_t first, std::int64_t rows) {
  kernels::MatmulArgs<Real, Act> product = forward_of(model_->head, h_last_ + first * embd_, rows);
  product.c = logits_;
  k_->matmul(product);
}

template <class Real, class Act>
void Pass<Real, Act>::score(const std::int32_t* targets, double* nats) {
  for (std::int64_t r = 0; r < tokens_; r += kHeadRows) {
    const std::int64_t rows = std::min(kHeadRows, tokens_ - r);
    logits_of(r, rows);
    k_->cross_entropy({.rows = rows,
                       .classes = model_->shape.vocab_size,
                       .logits = logits_,
                       .ld = model_->head.outputs,
                       .target = targets + r,
                       .nll = nats + r});
  }
}

template <class Real, class Act>
void Pass<Real, Act>::last_logits(std::span<float> logits) {
  ISOFLOP_CHECK(static_cast<std::int64_t>(logits.size()) == model_->shape.vocab_size);
  logits_of(tokens_ - 1, 1);
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>(logits_[i]);
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

template class Pass<float, float>;
template class Pass<double, double>;
template class Pass<float, kernels::Bf16>;

}  // namespace isoflop::model
