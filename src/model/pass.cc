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

// backward is in pass_backward.cc
template class Pass<float, float>;
template class Pass<double, double>;
template class Pass<float, kernels::Bf16>;

}  // namespace isoflop::model
