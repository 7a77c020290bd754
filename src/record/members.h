// The keys of the vocabulary's text form, said once: writer, reader and the run's identity all go through `members`.
#pragma once

#include "isoflop/record.h"

namespace isoflop {

template <class Io>
void members(Io& io, Shape& s) {
  io("n_layer", s.n_layer);
  io("n_head", s.n_head);
  io("n_kv_head", s.n_kv_head);
  io("n_embd", s.n_embd);
  io("n_inner", s.n_inner);
  io("block_size", s.block_size);
  io("vocab_size", s.vocab_size);
  io("bias", s.bias);
  io("tied_head", s.tied_head);
  io("dropout", s.dropout);
  io("norm", s.norm);
  io("positions", s.positions);
  io("mlp", s.mlp);
  io("activation", s.activation);
  io("experts", s.experts);
  io("top_k", s.top_k);
}

template <class Io>
void members(Io& io, OptimizerSpec& o) {
  io("kind", o.kind);
  io("learning_rate", o.learning_rate);
  io("beta1", o.beta1);
  io("beta2", o.beta2);
  io("epsilon", o.epsilon);
  io("weight_decay", o.weight_decay);
  io("decay_on", o.decay_on);
  io("grad_clip", o.grad_clip);
}

template <class Io>
void members(Io& io, ScheduleSpec& s) {
  io("kind", s.kind);
  io("warmup_iters", s.warmup_iters);
  io("warmup_from_zero", s.warmup_from_zero);
  io("min_lr", s.min_lr);
  io("decay_fraction", s.decay_fraction);
}

template <class Io>
void members(Io& io, EvalSpec& e) {
  io("interval", e.interval);
  io("patience", e.patience);
  io("max_windows", e.max_windows);
}

template <class Io>
void members(Io& io, DataSpec& d) {
  io("id", d.id);
  io("weight", d.weight);
  io("subset_tokens", d.subset_tokens);
  io("max_epochs", d.max_epochs);
}

template <class Io>
void members(Io& io, RunSpec& r) {
  io("shape", r.shape);
  io("optimizer", r.optimizer);
  io("schedule", r.schedule);
  io("eval", r.eval);
  io("data", r.data);
  io("tokenizer", r.tokenizer);
  io("order", r.order);
  io.later("token_noise", r.token_noise, 0.0);
  io("batch_size", r.batch_size);
  io("gradient_accumulation_steps", r.gradient_accumulation_steps);
  io("max_iters", r.max_iters);
  io("seed", r.seed);
  io("dtype", r.dtype);
  io("grad_lanes", r.grad_lanes);
  io("init_std", r.init_std);
}

template <class Io>
void members(Io& io, StepRecord& s) {
  io("step", s.step);
  io("tokens", s.tokens);
  io("loss", s.loss);
  io("grad_norm", s.grad_norm);
  io("learning_rate", s.learning_rate);
}

template <class Io>
void members(Io& io, DocumentLoss& d) {
  io("document", d.document);
  io("tokens", d.tokens);
  io("bytes", d.bytes);
  io("nats", d.nats);
}

template <class Io>
void members(Io& io, EvalRecord& e) {
  io("step", e.step);
  io("tokens", e.tokens);
  io("scored_tokens", e.scored_tokens);
  io("scored_bytes", e.scored_bytes);
  io("loss", e.loss);
  io("loss_se", e.loss_se);
  io("bits_per_byte", e.bits_per_byte);
  io("loss_full_context", e.loss_full_context);
  io("documents", e.documents);
}

template <class Io>
void members(Io& io, FlopsPerToken& f) {
  io("exact", f.exact);
  io("six_n", f.six_n);
  io("full_attention", f.full_attention);
}

template <class Io>
void members(Io& io, RunRecord& r) {
  io("id", r.id);
  io("name", r.name);
  io("group", r.group);
  io("status", r.status);
  io("reason", r.reason);
  io("params", r.params.params);
  io("params_non_embedding", r.params.params_non_embedding);
  io("params_matmul", r.params.params_matmul);
  io("flops_per_token", r.flops);
  io("steps", r.steps);
  io("tokens", r.tokens);
  io("unique_tokens", r.unique_tokens);
  io("distinct_tokens_seen", r.distinct_tokens_seen);
  io("train_bytes", r.train_bytes);
  io("loss", r.loss);
  io("loss_se_eval", r.loss_se_eval);
  io("loss_best", r.loss_best);
  io("loss_full_context", r.loss_full_context);
  io("train_loss", r.train_loss);
  io("bits_per_byte", r.bits_per_byte);
  io("regime", r.regime);
  io("isa", r.isa);
  io("isa_changed", r.isa_changed);
}

}  // namespace isoflop
