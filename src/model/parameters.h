// Where the registry's tensors lie in one flat buffer, and the views of them that a pass needs.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "isoflop/arch.h"
#include "kernels/kernels.h"
#include "model/arena.h"

namespace isoflop::model {

/// One tensor in a flat buffer. Every buffer of an engine (weights, gradients, optimizer) has the same layout.
struct Slot {
  ParameterSpec spec;
  std::int64_t offset = 0;  // in Reals
  std::int64_t rows = 0;    // spec.rows, or the padded vocabulary; the added rows stay zero
  [[nodiscard]] std::int64_t size() const { return rows * spec.cols; }
};

struct ParameterLayout {
  std::vector<Slot> slots;      // the registry's order
  std::int64_t size = 0;        // Reals of a buffer
  std::int64_t vocab_rows = 0;  // vocab_size rounded up to kVocabStep

  explicit ParameterLayout(const Shape& shape);
  [[nodiscard]] const Slot* find(const std::string& name) const;  // nullptr if the shape has none

 private:
  std::unordered_map<std::string, std::size_t> by_name_;
};

inline constexpr std::int64_t kVocabStep = 32;

template <class Real>
struct NormView {
  const Real* gain = nullptr;
  const Real* bias = nullptr;                      // none without biases
  std::int64_t gain_offset = 0, bias_offset = -1;  // in a gradient buffer
};

/// y = x W^T + bias. Panels are packed after each update.
template <class Real, class Act>
struct LinearView {
  std::int64_t outputs = 0, inputs = 0;
  const Real* weight = nullptr;  // (outputs, inputs)
  const Real* bias = nullptr;
  Act* forward = nullptr;   // panels of x W^T
  Act* backward = nullptr;  // panels of dy W; none in an engine that does not train
  std::int64_t weight_offset = 0, bias_offset = -1;
};

template <class Real, class Act>
struct BlockView {
  NormView<Real> ln_1, ln_2;
  LinearView<Real, Act> qkv, proj, fc, out;
};

/// Real and Act: kernels.h.
template <class Real, class Act = Real>
struct ModelView {
  Shape shape;
  const kernels::Table<Real, Act>* table = nullptr;
  kernels::Gelu gelu = kernels::Gelu::exact;
  LinearView<Real, Act> head;       // the token embedding, its rows padded
  const Real* positions = nullptr;  // (block_size, n_embd)
  std::int64_t positions_offset = 0;
  std::vector<BlockView<Real, Act>> blocks;
  NormView<Real> ln_f;

  /// Takes panels from the carver and points the views into `weights`.
  ModelView(const Shape& shape, const kernels::Table<Real, Act>& table, const ParameterLayout& layout, const Real* weights,
            bool training, Carver& carver);
  /// Every matrix with panels.
  [[nodiscard]] std::vector<const LinearView<Real, Act>*> linears() const;
};

}  // namespace isoflop::model
