#include "isoflop/arch.h"

#include "isoflop/text.h"
#include "isoflop/base.h"

namespace isoflop {
namespace {

[[noreturn]] void refuse(const std::string& key, const std::string& problem, const std::string& hint = {}) {
  throw Error(Fault::bad_study, "`" + key + "`", problem, hint);
}

// an upper bound keeps every count below 2^63
void check_range(const std::string& key, std::int64_t value, std::int64_t low, std::int64_t high) {
  if (value < low || value > high) {
    refuse(key, format_number(value) + " is out of range, expected " + format_number(low) + " to " + format_number(high));
  }
}

}  // namespace

void validate_counts(const Shape& s) {
  check_range("n_layer", s.n_layer, 1, std::int64_t{1} << 16);
  check_range("n_embd", s.n_embd, 1, std::int64_t{1} << 20);
  check_range("n_head", s.n_head, 1, s.n_embd);
  check_range("n_inner", s.n_inner, 0, std::int64_t{1} << 23);
  check_range("block_size", s.block_size, 1, std::int64_t{1} << 20);
  check_range("vocab_size", s.vocab_size, 1, std::int64_t{1} << 28);
  if (s.n_embd % s.n_head != 0) {
    refuse("n_embd", format_number(s.n_embd) + " is not divisible by n_head " + format_number(s.n_head),
           "take n_embd " + format_number((s.n_embd / s.n_head + 1) * s.n_head) + ", or another n_head");
  }
  check_range("n_kv_head", s.n_kv_head, 0, s.n_head);
  if (s.n_kv_head != 0 && s.n_head % s.n_kv_head != 0) {
    refuse("n_kv_head", format_number(s.n_kv_head) + " does not divide n_head " + format_number(s.n_head));
  }
  if (!(s.dropout >= 0 && s.dropout < 1))
    refuse("dropout", format_number(s.dropout) + " is out of range, expected a number in [0, 1)");
  if (s.experts != 1) refuse("experts", format_number(s.experts) + ": experts are not built yet, expected 1");
  if (s.top_k != 1) refuse("top_k", format_number(s.top_k) + ": experts are not built yet, expected 1");
}

void validate(const Shape& s) {
  validate_counts(s);
  if (s.n_kv_head != 0 && s.n_kv_head != s.n_head) {
    refuse("n_kv_head", format_number(s.n_kv_head) + " differs from n_head " + format_number(s.n_head) +
                            ": grouped attention is not built yet");
  }
  if (!s.tied_head) refuse("tied_head", "an untied head is not built yet");
  if (s.norm != Norm::layernorm) refuse("norm", "only layernorm is built yet");
  if (s.positions != Positions::learned) refuse("positions", "only learned is built yet");
  if (s.mlp != Mlp::gelu) refuse("mlp", "only gelu is built yet");
  if (s.activation != Activation::gelu && s.activation != Activation::gelu_tanh)
    refuse("activation", "only gelu and gelu_tanh are built yet");
}

std::vector<ParameterSpec> parameter_registry(const Shape& s) {
  validate(s);
  const std::int64_t d = s.n_embd, f = inner_size(s);
  std::vector<ParameterSpec> specs;
  const auto norm = [&](const std::string& name) {
    specs.push_back({name + ".weight", 1, d, ParamKind::norm, Init::ones});
    if (s.bias) specs.push_back({name + ".bias", 1, d, ParamKind::bias, Init::zeros});
  };
  const auto linear = [&](const std::string& name, std::int64_t outputs, std::int64_t inputs) {
    specs.push_back({name + ".weight", outputs, inputs, ParamKind::matrix, Init::normal});
    if (s.bias) specs.push_back({name + ".bias", 1, outputs, ParamKind::bias, Init::zeros});
  };

  specs.push_back({"transformer.wte.weight", s.vocab_size, d, ParamKind::embedding, Init::normal});
  specs.push_back({"transformer.wpe.weight", s.block_size, d, ParamKind::embedding, Init::normal});
  for (std::int64_t layer = 0; layer < s.n_layer; ++layer) {
    const std::string h = "transformer.h." + format_number(layer);
    norm(h + ".ln_1");
    linear(h + ".attn.c_attn", 3 * d, d);
    linear(h + ".attn.c_proj", d, d);
    norm(h + ".ln_2");
    linear(h + ".mlp.c_fc", f, d);
    linear(h + ".mlp.c_proj", d, f);
  }
  norm("transformer.ln_f");
  return specs;
}

ParamCounts param_counts(const Shape& s) {
  validate_counts(s);
  const std::int64_t d = s.n_embd, f = inner_size(s), kv = kv_size(s);
  const std::int64_t mlp = s.mlp == Mlp::swiglu ? 3 : 2;  // matrices: gate, up and down, or two
  // V d + T d + L (2 d^2 + 2 d kv + mlp d f + 2 gains d [+ biases 3d + d + f + d + 2d]) + the last norm
  const std::int64_t matrices = s.n_layer * (2 * d * d + 2 * d * kv + mlp * d * f);
  const std::int64_t gains = (2 * s.n_layer + 1) * d;
  const std::int64_t norm_biases = s.norm == Norm::layernorm ? gains : 0;
  const std::int64_t biases = s.bias ? s.n_layer * (3 * d + 2 * kv + (mlp - 1) * f) + norm_biases : 0;
  const std::int64_t positions = s.positions == Positions::learned ? s.block_size * d : 0;
  ParamCounts counts;
  counts.params_non_embedding = matrices + gains + biases;
  counts.params = counts.params_non_embedding + (s.tied_head ? 1 : 2) * s.vocab_size * d + positions;
  counts.params_matmul = matrices + s.vocab_size * d;
  return counts;
}

FlopsPerToken flops_per_token(const Shape& s) {
  const ParamCounts counts = param_counts(s);
  const double layers = static_cast<double>(s.n_layer), d = static_cast<double>(s.n_embd), t = static_cast<double>(s.block_size);
  FlopsPerToken flops;
  flops.exact = 6 * static_cast<double>(counts.params_matmul) + 6 * layers * d * (t + 1);
  flops.six_n = 6 * static_cast<double>(counts.params);
  const double looked_up =
      (s.positions == Positions::learned ? t * d : 0) + (s.tied_head ? 0 : static_cast<double>(s.vocab_size) * d);
  flops.full_attention = 6 * (static_cast<double>(counts.params) - looked_up) + 12 * layers * d * t;
  return flops;
}

std::string to_string(Activation activation) {
  return activation == Activation::gelu ? "gelu" : "gelu_tanh";
}

Activation activation_from(const std::string& text) {
  if (text == "gelu") return Activation::gelu;
  if (text == "gelu_tanh") return Activation::gelu_tanh;
  throw Error(Fault::usage, "activation", "unknown value `" + text + "`, expected gelu or gelu_tanh");
}

}  // namespace isoflop
