// Optimizer state and updates over the flat buffers of an engine. A policy's numbers come in; no schedule lives here.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/team.h"
#include "model/arena.h"
#include "model/engine.h"
#include "model/parameters.h"

namespace isoflop::model {

/// Elements of a tile, about: tiles, and sums over them in order, are the same for any number of threads.
inline constexpr std::int64_t kTile = 16384;

/// Whole rows of one tensor, a multiple of kernels::kPackRows of them; of a vector, a part.
struct Tile {
  std::size_t slot = 0;
  std::int64_t offset = 0, size = 0;  // in a flat buffer
  std::int64_t first_row = 0, last_row = 0;
};
/// What is done with a tile of weights when it is new.
using TileDone = std::function<void(const Tile&)>;
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
  /// done is called for each tile on the thread that wrote it, while it is in that core's cache.
  virtual void update(const std::vector<Tile>& tiles, Real* weights, Real* gradient, double gradient_scale,
                      const UpdateRule& rule, Team& team, const TileDone& done) = 0;
  [[nodiscard]] virtual std::vector<OptimizerTensor<Real>> state() const = 0;  // registry order
};

/// AdamW with decoupled decay (arXiv:1711.05101, algorithm 2): the first and second moment of every element.
template <class Real>
class AdamW final : public Optimizer<Real> {
 public:
  using Kernel = void (*)(const kernels::AdamWArgs<Real>&);
  AdamW(const ParameterLayout& layout, Kernel kernel, Carver& carver);
  void update(const std::vector<Tile>& tiles, Real* weights, Real* gradient, double gradient_scale, const UpdateRule& rule,
              Team& team, const TileDone& done) override;
  [[nodiscard]] std::vector<OptimizerTensor<Real>> state() const override;

 private:
  const ParameterLayout* layout_;
  Kernel kernel_;
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
              Team& team, const TileDone& done) override;
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
