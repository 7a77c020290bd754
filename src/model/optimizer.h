// Optimizer state and updates over the flat buffers of an engine. A policy's numbers come in; no schedule lives here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/team.h"
#include "model/arena.h"
#include "model/engine.h"
#include "model/parameters.h"

namespace isoflop::model {

/// Elements of a tile: tiles, and sums over them in order, are the same for any number of threads.
inline constexpr std::int64_t kTile = 16384;

/// A contiguous part of one tensor.
struct Tile {
  std::size_t slot = 0;
  std::int64_t offset = 0, size = 0;  // in a flat buffer
};
[[nodiscard]] std::vector<Tile> tiles_of(const ParameterLayout& layout);
[[nodiscard]] std::int64_t tile_count(const ParameterLayout& layout);  // without making them

/// A tensor of optimizer state. The memory is `rows * cols` Reals, unpadded or with padding behind them.
template <class Real>
struct OptimizerTensor {
  std::string name;
  std::int64_t rows = 0, cols = 0;
  Real* data = nullptr;
};

template <class Real>
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  /// weights and gradient: flat buffers in `tiles`. The gradient is multiplied by `gradient_scale` on the way and left zero.
  virtual void update(const std::vector<Tile>& tiles, Real* weights, Real* gradient, double gradient_scale,
                      const UpdateRule& rule, Team& team) = 0;
  [[nodiscard]] virtual std::vector<OptimizerTensor<Real>> state() const = 0;  // registry order
};

/// AdamW with decoupled decay (arXiv:1711.05101, algorithm 2): the first and second moment of every element.
template <class Real>
class AdamW final : public Optimizer<Real> {
 public:
  AdamW(const ParameterLayout& layout, const kernels::Table<Real>& table, Carver& carver);
  void update(const std::vector<Tile>& tiles, Real* weights, Real* gradient, double gradient_scale, const UpdateRule& rule,
              Team& team) override;
  [[nodiscard]] std::vector<OptimizerTensor<Real>> state() const override;

 private:
  const ParameterLayout* layout_;
  const kernels::Table<Real>* table_;
  Real* m_ = nullptr;
  Real* v_ = nullptr;
};

/// Adafactor without momentum (Shazeer & Stern 2018, arXiv:1804.04235, algorithms 4 and 5): row and column means of g^2 + 1e-30
/// for matrices, every element for vectors; decay 1 - t^-0.8; the update's root mean square clipped at 1; the learning rate is
/// the caller's (no relative step), weight decay decoupled as in AdamW. `beta1`, `beta2` and `epsilon` of the rule are not read.
template <class Real>
class Adafactor final : public Optimizer<Real> {
 public:
  Adafactor(const ParameterLayout& layout, Carver& carver);
  void update(const std::vector<Tile>& tiles, Real* weights, Real* gradient, double gradient_scale, const UpdateRule& rule,
              Team& team) override;
  [[nodiscard]] std::vector<OptimizerTensor<Real>> state() const override;

 private:
  struct Moments {
    Real* row = nullptr;        // (rows), factored tensors
    Real* col = nullptr;        // (cols)
    Real* all = nullptr;        // (cols), vectors
    double* scratch = nullptr;  // (cols)
  };
  void update_tensor(const Slot& slot, const Moments& moments, Real* w, Real* g, double gradient_scale,
                     const UpdateRule& rule) const;

  const ParameterLayout* layout_;
  std::vector<Moments> moments_;
};

/// Weight decay of a tensor under a rule.
[[nodiscard]] double decay_of(const ParameterSpec& spec, const UpdateRule& rule);

}  // namespace isoflop::model
