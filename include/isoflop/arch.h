// A model as numbers: shape -> parameter counts, FLOPs per token, bytes. Allocates no tensor.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "isoflop/base.h"

namespace isoflop {

enum class Norm { layernorm, rmsnorm };
enum class Positions { learned, rotary };
enum class Mlp { gelu, swiglu };
enum class Activation { gelu, gelu_tanh };  ///< exact (erf) and the tanh approximation

/// A decoder-only transformer, named by nanoGPT's and Hugging Face's keys. Every value can be counted (param_counts,
/// flops_per_token: the planner does); `validate` refuses by name those that cannot be trained yet.
struct Shape {
  std::int64_t n_layer = 2;
  std::int64_t n_head = 2;
  std::int64_t n_kv_head = 0;  ///< 0: as n_head
  std::int64_t n_embd = 64;
  std::int64_t n_inner = 0;    ///< 0: 4 * n_embd
  std::int64_t block_size = 256;
  std::int64_t vocab_size = 0;
  bool bias = true;
  bool tied_head = true;
  double dropout = 0;  ///< the share dropped in training, of embeddings, attention and both outputs of a block; in steps of 2^-16
  Norm norm = Norm::layernorm;
  Positions positions = Positions::learned;
  Mlp mlp = Mlp::gelu;
  Activation activation = Activation::gelu;
  std::int64_t experts = 1;
  std::int64_t top_k = 1;

  friend bool operator==(const Shape&, const Shape&) = default;
};

[[nodiscard]] inline std::int64_t inner_size(const Shape& s) { return s.n_inner == 0 ? 4 * s.n_embd : s.n_inner; }
[[nodiscard]] inline std::int64_t head_size(const Shape& s) { return s.n_embd / s.n_head; }
[[nodiscard]] inline std::int64_t kv_size(const Shape& s) { return (s.n_kv_head == 0 ? s.n_head : s.n_kv_head) * head_size(s); }

/// Throws Error{bad_study}, naming the key, if the shape is impossible or a value is not built yet.
void validate(const Shape& shape);
/// The same for impossible shapes alone: what is not built yet can be counted.
void validate_counts(const Shape& shape);

/// The three meanings of N (design 5, docs/glossary.md).
struct ParamCounts {
  std::int64_t params = 0;                ///< all, a tied head counted once
  std::int64_t params_non_embedding = 0;  ///< without token and position embeddings; biases and norms in
  std::int64_t params_matmul = 0;         ///< 12 L d^2 + V d at n_inner = 4d: what is multiplied per token
};
/// Source   GPT-2: V d + T d + L (12 d^2 + 13 d) + 2 d with biases; Llama (SwiGLU, no biases, untied): L (2 d^2 + 2 d d_kv + 3 d
///          f + 2 d) + d + 2 V d.
/// Throws   as validate_counts().
/// Checked  arch_test.cc: GPT-2 and Llama models to the last digit.
[[nodiscard]] ParamCounts param_counts(const Shape& shape);

/// Training FLOPs (forward and backward) of one token, averaged over a full window of block_size.
struct FlopsPerToken {
  double exact = 0;           ///< the matmuls done: 6 (12 L d^2 + V d) + 6 L d (T + 1), causal half of attention
  double six_n = 0;           ///< 6 N, N all parameters
  double full_attention = 0;  ///< 6 (N - positions) + 12 L d T (PaLM app. B, nanoGPT); without the input embedding of an untied
                              ///< head
};
[[nodiscard]] FlopsPerToken flops_per_token(const Shape& shape);

enum class Init { normal, zeros, ones };
enum class ParamKind { matrix, embedding, bias, norm };

/// One tensor of the model. The registry's order is the order of optimizer state, checkpoint and export.
struct ParameterSpec {
  std::string name;  ///< Hugging Face's GPT-2 names, e.g. "transformer.h.0.attn.c_attn.weight"
  std::int64_t rows = 0;  ///< outputs; 1 for a vector
  std::int64_t cols = 0;  ///< inputs; the length of a vector
  ParamKind kind = ParamKind::matrix;
  Init init = Init::normal;

  [[nodiscard]] std::int64_t size() const { return rows * cols; }
};
[[nodiscard]] std::vector<ParameterSpec> parameter_registry(const Shape& shape);

[[nodiscard]] std::string to_string(Activation activation);
[[nodiscard]] Activation activation_from(const std::string& text);  ///< throws Error{usage} with the known names

}  // namespace isoflop
