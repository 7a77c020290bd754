#include "model/optimizer.h"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "base/math.h"

namespace isoflop::model {

namespace {

bool is_vector(const Slot& slot) {
  return slot.spec.kind == ParamKind::bias || slot.spec.kind == ParamKind::norm;
}
// rows of a tile; for a vector, its elements
std::int64_t tile_rows(const Slot& slot) {
  if (is_vector(slot)) return kTile;
  return std::max<std::int64_t>(1, kTile / slot.spec.cols / kernels::kPackRows) * kernels::kPackRows;
}
std::int64_t row_count(const Slot& slot) {
  return is_vector(slot) ? slot.spec.cols : slot.rows;
}

}  // namespace

std::vector<Tile> tiles_of(const ParameterLayout& layout) {
  std::vector<Tile> tiles;
  for (std::size_t i = 0; i < layout.slots.size(); ++i) {
    const Slot& slot = layout.slots[i];
    const std::int64_t rows = row_count(slot), width = slot.size() / rows;
    for (std::int64_t first = 0; first < rows; first += tile_rows(slot)) {
      const std::int64_t last = std::min(first + tile_rows(slot), rows);
      tiles.push_back({i, slot.offset + first * width, (last - first) * width, first, last});
    }
  }
  return tiles;
}

std::int64_t tile_count(const ParameterLayout& layout) {
  std::int64_t count = 0;
  for (const Slot& slot : layout.slots) count += (row_count(slot) + tile_rows(slot) - 1) / tile_rows(slot);
  return count;
}

double decay_of(const ParameterSpec& spec, const UpdateRule& rule) {
  const bool wide = spec.kind == ParamKind::matrix || spec.kind == ParamKind::embedding;
  return rule.decay_all || wide ? rule.weight_decay : 0;
}

template <class Real>
AdamW<Real>::AdamW(const ParameterLayout& layout, Kernel kernel, Carver& carver)
    : layout_(&layout), kernel_(kernel), m_(carver.take<Real>(layout.size)), v_(carver.take<Real>(layout.size)) {}

template <class Real>
void AdamW<Real>::update(const std::vector<Tile>& tiles, Real* weights, Real* gradient, double gradient_scale,
                         const UpdateRule& rule, Team& team, const TileDone& done) {
  kernels::AdamWArgs<Real> shared;
  shared.grad_scale = static_cast<Real>(gradient_scale);
  shared.learning_rate = static_cast<Real>(rule.learning_rate);
  shared.beta1 = static_cast<Real>(rule.beta1);
  shared.beta2 = static_cast<Real>(rule.beta2);
  shared.epsilon = static_cast<Real>(rule.epsilon);
  const auto step = static_cast<double>(rule.step);
  shared.correction1 = static_cast<Real>(rule.beta1 > 0 ? 1 - pow_(rule.beta1, step) : 1);
  shared.correction2 = static_cast<Real>(rule.beta2 > 0 ? 1 - pow_(rule.beta2, step) : 1);

  const auto count = static_cast<std::int64_t>(tiles.size());
  team.run([&](std::int64_t rank) {
    for (std::int64_t i = rank * count / team.size(); i < (rank + 1) * count / team.size(); ++i) {
      const Tile& tile = tiles[static_cast<std::size_t>(i)];
      kernels::AdamWArgs<Real> a = shared;
      a.n = tile.size;
      a.w = weights + tile.offset;
      a.m = m_ + tile.offset;
      a.v = v_ + tile.offset;
      a.grad = gradient + tile.offset;
      a.decay = static_cast<Real>(decay_of(layout_->slots[tile.slot].spec, rule));
      kernel_(a);
      std::fill_n(gradient + tile.offset, tile.size, Real{0});
      done(tile);
    }
  });
}

template <class Real>
std::vector<OptimizerTensor<Real>> AdamW<Real>::state() const {
  std::vector<OptimizerTensor<Real>> tensors;
  for (const Slot& slot : layout_->slots) {
    tensors.push_back({slot.spec.name + ".m", slot.spec.rows, slot.spec.cols, m_ + slot.offset});
    tensors.push_back({slot.spec.name + ".v", slot.spec.rows, slot.spec.cols, v_ + slot.offset});
  }
  return tensors;
}

template <class Real>
Adafactor<Real>::Adafactor(const ParameterLayout& layout, Carver& carver) : layout_(&layout) {
  for (const Slot& slot : layout.slots) {
    Moments m;
    if (slot.spec.rows > 1) {
      m.row = carver.take<Real>(slot.spec.rows);
      m.col = carver.take<Real>(slot.spec.cols);
      m.scratch = carver.take<double>(slot.spec.cols);
    } else {
      m.all = carver.take<Real>(slot.spec.cols);
    }
    moments_.push_back(m);
  }
}

template <class Real>
void Adafactor<Real>::update(const std::vector<Tile>& tiles, Real* weights, Real* gradient, double gradient_scale,
                             const UpdateRule& rule, Team& team, const TileDone& done) {
  // a tensor is one task: its sums stay on one thread
  std::atomic<std::size_t> next{0};
  team.run([&](std::int64_t) {
    for (std::size_t i = next++; i < layout_->slots.size(); i = next++) {
      const Slot& slot = layout_->slots[i];
      update_tensor(slot, moments_[i], weights + slot.offset, gradient + slot.offset, gradient_scale, rule);
      std::fill_n(gradient + slot.offset, slot.size(), Real{0});
      const auto [first, last] = std::equal_range(tiles.begin(), tiles.end(), Tile{i, 0, 0, 0, 0},
                                                  [](const Tile& a, const Tile& b) { return a.slot < b.slot; });
      std::for_each(first, last, done);
    }
  });
}

template <class Real>
void Adafactor<Real>::update_tensor(const Slot& slot, const Moments& moments, Real* w, Real* g, double gradient_scale,
                                    const UpdateRule& rule) const {
  constexpr double kEpsilon1 = 1e-30, kClip = 1.0, kDecayExponent = -0.8;
  const std::int64_t rows = slot.spec.rows, cols = slot.spec.cols;
  const double old = rule.step > 1 ? 1 - pow_(static_cast<double>(rule.step), kDecayExponent) : 0;
  const auto mix = [old](Real kept, double now) { return static_cast<Real>(old * static_cast<double>(kept) + (1 - old) * now); };
  const auto square = [&](std::int64_t i) {
    const double x = static_cast<double>(g[i]) * gradient_scale;
    return x * x + kEpsilon1;
  };

  // statistics: means of g^2 over rows and columns, rows ascending
  double mean_row = 0;
  if (moments.row != nullptr) {
    std::fill_n(moments.scratch, cols, 0.0);
    for (std::int64_t r = 0; r < rows; ++r) {
      double sum = 0;
      for (std::int64_t c = 0; c < cols; ++c) {
        const double s = square(r * cols + c);
        sum += s;
        moments.scratch[c] += s;
      }
      moments.row[r] = mix(moments.row[r], sum / static_cast<double>(cols));
      mean_row += static_cast<double>(moments.row[r]);
    }
    mean_row /= static_cast<double>(rows);
    for (std::int64_t c = 0; c < cols; ++c) moments.col[c] = mix(moments.col[c], moments.scratch[c] / static_cast<double>(rows));
  } else {
    for (std::int64_t c = 0; c < cols; ++c) moments.all[c] = mix(moments.all[c], square(c));
  }
  const auto second_moment = [&](std::int64_t r, std::int64_t c) {
    if (moments.row == nullptr) return static_cast<double>(moments.all[c]);
    return static_cast<double>(moments.row[r]) / mean_row * static_cast<double>(moments.col[c]);
  };

  // u = g / sqrt(v), in place of g; its root mean square over the tensor is clipped
  double squares = 0;
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < cols; ++c) {
      const double u = static_cast<double>(g[r * cols + c]) * gradient_scale / std::sqrt(second_moment(r, c));
      g[r * cols + c] = static_cast<Real>(u);
      squares += u * u;
    }
  }
  const double rms = std::sqrt(squares / static_cast<double>(rows * cols));
  const double rate = rule.learning_rate / std::max(1.0, rms / kClip);
  const double keep = 1 - rule.learning_rate * decay_of(slot.spec, rule);
  for (std::int64_t i = 0; i < rows * cols; ++i) {
    w[i] = static_cast<Real>(static_cast<double>(w[i]) * keep - rate * static_cast<double>(g[i]));
  }
}

template <class Real>
std::vector<OptimizerTensor<Real>> Adafactor<Real>::state() const {
  std::vector<OptimizerTensor<Real>> tensors;
  for (std::size_t i = 0; i < layout_->slots.size(); ++i) {
    const ParameterSpec& spec = layout_->slots[i].spec;
    const Moments& m = moments_[i];
    if (m.row != nullptr) {
      tensors.push_back({spec.name + ".v_row", 1, spec.rows, m.row});
      tensors.push_back({spec.name + ".v_col", 1, spec.cols, m.col});
    } else {
      tensors.push_back({spec.name + ".v", 1, spec.cols, m.all});
    }
  }
  return tensors;
}

template class AdamW<float>;
template class AdamW<double>;
template class Adafactor<float>;
template class Adafactor<double>;

}  // namespace isoflop::model
