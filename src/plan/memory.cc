// Bytes on a device, term by term.
#include <algorithm>

#include "isoflop/text.h"
#include "isoflop/cost.h"
#include "plan/positive.h"

namespace isoflop {
namespace {

using plan::need_positive;

void check(const MemoryOptions& o, const Layout& l) {
  need_positive("micro-batch", static_cast<double>(o.micro_batch));
  for (const double bytes : {o.weight_bytes, o.gradient_bytes, o.optimizer_bytes}) need_positive("bytes per parameter", bytes);
  need_positive("tensor parallelism", static_cast<double>(l.tensor));
  need_positive("pipeline stages", static_cast<double>(l.pipeline));
  need_positive("data parallelism", static_cast<double>(l.data));
  need_positive("virtual stages", static_cast<double>(l.virtual_stages));
  need_positive("micro-batches", static_cast<double>(l.micro_batches));
  if (l.zero < 0 || l.zero > 3)
    throw Error(Fault::usage, "ZeRO stage", "is " + format_number(static_cast<double>(l.zero)) + ", expected 0, 1, 2 or 3");
}

void check_divides(const std::string& name, std::int64_t parts, const std::string& whole, std::int64_t value) {
  if (value % parts == 0) return;
  throw Error(Fault::usage, name, format_number(parts) + " does not divide " + whole + " " + format_number(value));
}

}  // namespace

std::string to_string(Recomputation r) {
  return r == Recomputation::none ? "none" : r == Recomputation::selective ? "selective" : "full";
}

double activation_bytes_per_layer(const Shape& s, const MemoryOptions& o, const Layout& l) {
  validate_counts(s);
  check(o, l);
  const double h = static_cast<double>(s.n_embd), f = static_cast<double>(inner_size(s)), t = static_cast<double>(l.tensor);
  const double sequence = static_cast<double>(s.block_size), heads = static_cast<double>(s.n_head);
  const double sbh = sequence * static_cast<double>(o.micro_batch) * h;
  if (o.recomputation == Recomputation::full) return 2 * sbh;
  // of the 34: norms 4, what attention and MLP read 4, their dropout masks 2; the others lie in heads and inner units
  const double kv = static_cast<double>(kv_size(s)) / h;
  const double heads_part = 4 + 4 * kv;                              // q, k, v, and what the projection reads
  const double inner_part = (s.mlp == Mlp::swiglu ? 6 : 4) * f / h;  // what the activation reads and the last matrix reads
  const bool scores_kept = o.recomputation == Recomputation::none && !o.flash_attention;
  const double scores = scores_kept ? 5 * heads * sequence / h : 0;
  const double shared = l.sequence_parallel ? 10 / t : 10;
  return sbh * (shared + (heads_part + inner_part + scores) / t);
}

MemoryUse state_bytes(double params, int zero, std::int64_t data, const MemoryOptions& o) {
  need_positive("params", params);
  check(o, {.data = data, .zero = zero});
  const double split = static_cast<double>(data);
  MemoryUse use;
  use.weights = params * o.weight_bytes / (zero >= 3 ? split : 1);
  use.gradients = params * o.gradient_bytes / (zero >= 2 ? split : 1);
  use.optimizer = params * o.optimizer_bytes / (zero >= 1 ? split : 1);
  return use;
}

MemoryUse memory_per_device(const Shape& s, const MemoryOptions& o, const Layout& l) {
  validate_counts(s);
  check(o, l);
  check_divides("tensor parallelism", l.tensor, "n_head", s.n_head);
  check_divides("pipeline stages", l.pipeline, "n_layer", s.n_layer);
  const ParamCounts counts = param_counts(s);
  const double t = static_cast<double>(l.tensor), p = static_cast<double>(l.pipeline);
  const double h = static_cast<double>(s.n_embd), v = static_cast<double>(s.vocab_size);
  const double sb = static_cast<double>(s.block_size) * static_cast<double>(o.micro_batch);

  // the fullest device is of the first stage, or the last: its layers and one vocabulary (both, or a tied one, without stages)
  const double embeddings = static_cast<double>(counts.params - counts.params_non_embedding);
  const double of_stage = l.pipeline == 1 ? embeddings : std::max(v * h, embeddings - v * h);
  const double held = (static_cast<double>(counts.params_non_embedding) / p + of_stage) / t;
  MemoryUse use = state_bytes(held, l.zero, l.data, o);

  // the first stage holds the activations of as many micro-batches as there are stages: all layers' worth of one
  const double layers = static_cast<double>(s.n_layer) / p;
  const double in_flight = static_cast<double>(std::min(l.pipeline, l.micro_batches));
  const double interleaved = l.virtual_stages > 1 ? 1 + (p - 1) / (p * static_cast<double>(l.virtual_stages)) : 1;
  use.activations = activation_bytes_per_layer(s, o, l) * layers * in_flight * interleaved;
  // a full recomputation holds one layer at work beside the inputs of all
  if (o.recomputation == Recomputation::full) {
    MemoryOptions working = o;
    working.recomputation = Recomputation::selective;
    use.activations += activation_bytes_per_layer(s, working, l);
  }
  use.activations += in_flight * (8 * sb + sb * h) / t;    // the tokens, and the embedding's dropout
  if (l.pipeline == 1) use.logits = 4 * sb * (h + v) / t;  // f32: what the head reads, and its logits
  return use;
}

double kv_cache_bytes_per_token(const Shape& s, double bytes) {
  validate_counts(s);
  need_positive("bytes per number", bytes);
  return 2 * static_cast<double>(s.n_layer) * static_cast<double>(kv_size(s)) * bytes;
}

double checkpoint_bytes(double params) {
  need_positive("params", params);
  return 12 * params;
}

double recomputation_factor(const Shape& s, Recomputation r) {
  validate_counts(s);
  if (r == Recomputation::none) return 1;
  if (r == Recomputation::full) return 4.0 / 3;
  const double h = static_cast<double>(s.n_embd), layers = static_cast<double>(s.n_layer);
  const double sequence = static_cast<double>(s.block_size) / h, head = static_cast<double>(s.vocab_size) / (12 * h * layers);
  return (1 + sequence / 3 + head) / (1 + sequence / 6 + head);
}

}  // namespace isoflop
