#include "model/cpu_engine.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "base/random.h"

namespace isoflop::model {
namespace {

void check_options(const EngineOptions& options) {
  ISOFLOP_CHECK(options.grad_lanes >= 1 && (options.grad_lanes & (options.grad_lanes - 1)) == 0);
  ISOFLOP_CHECK(options.max_sequences >= 1);
}

template <class Real, class Act>
std::int64_t bytes_of(const Shape& shape, const ParameterLayout& layout, const EngineOptions& options,
                      const kernels::Table<Real, Act>& table, std::int64_t threads) {
  check_options(options);
  return EngineMemory<Real, Act>(shape, layout, options, table, threads, Carver()).bytes;
}

}  // namespace

template <class Real, class Act>
EngineMemory<Real, Act>::EngineMemory(const Shape& shape, const ParameterLayout& layout, const EngineOptions& options,
                                      const kernels::Table<Real, Act>& table, std::int64_t threads, Carver carver) {
  weights = carver.take<Real>(layout.size);
  model = std::make_unique<ModelView<Real, Act>>(shape, table, layout, weights, options.training, carver);
  std::int64_t training_ranks = 0;
  if (options.training) {
    lanes = plan_lanes(options.grad_lanes, threads);
    training_ranks = static_cast<std::int64_t>(lanes.by_rank.size());
    if (options.adafactor) {
      optimizer = std::make_unique<Adafactor<Real>>(layout, carver);
    } else {
      optimizer = std::make_unique<AdamW<Real>>(layout, table.adamw, carver);
    }
    for (std::int64_t i = 0; i < lanes.buffers; ++i) gradients.push_back(carver.take<Real>(layout.size));
    partials = carver.take<double>(tile_count(layout));
  }
  for (std::int64_t rank = 0; rank < threads; ++rank) {
    passes.emplace_back(*model, rank >= training_ranks ? Keep::nothing : options.recompute ? Keep::inputs : Keep::all, carver);
  }
  bytes = carver.bytes();
}

template <class Real, class Act>
CpuEngine<Real, Act>::CpuEngine(const Shape& shape, const EngineOptions& options, const kernels::Table<Real, Act>& table,
                                Team& team)
    : shape_(shape),
      options_(options),
      table_(&table),
      team_(&team),
      layout_(shape),
      arena_(bytes_of(shape_, layout_, options_, table, team.size())),
      memory_(shape_, layout_, options_, table, team.size(), Carver(arena_.base())),
      tiles_(tiles_of(layout_)) {
  if (options_.training) {
    optimizer_state_ = memory_.optimizer->state();
    lane_nats_.resize(static_cast<std::size_t>(options_.grad_lanes));
    buffer_clean_.assign(memory_.gradients.size(), 1);
  }
  linear_of_slot_.resize(layout_.slots.size(), nullptr);
  for (const LinearView<Real, Act>* linear : memory_.model->linears()) {
    for (std::size_t i = 0; i < layout_.slots.size(); ++i) {
      if (layout_.slots[i].offset == linear->weight_offset) linear_of_slot_[i] = linear;
    }
  }
  initialise();
  repack();
}

// element i of the registry is number i of the stream, whatever the padding and the number of threads
template <class Real, class Act>
void CpuEngine<Real, Act>::initialise() {
  const Philox random{options_.seed, Stream::weights};
  std::vector<std::uint64_t> first;  // of each slot
  std::uint64_t logical = 0;
  for (const Slot& slot : layout_.slots) {
    first.push_back(logical);
    logical += static_cast<std::uint64_t>(slot.spec.size());
  }
  std::atomic<std::size_t> next{0};
  team_->run([&](std::int64_t) {
    for (std::size_t i = next++; i < tiles_.size(); i = next++) {
      const Slot& slot = layout_.slots[tiles_[i].slot];
      const std::int64_t begin = tiles_[i].offset - slot.offset, end = std::min(begin + tiles_[i].size, slot.spec.size());
      Real* w = memory_.weights + slot.offset;
      for (std::int64_t at = begin; at < end; ++at) {
        switch (slot.spec.init) {
          case Init::normal:
            w[at] = static_cast<Real>(random.normal(first[tiles_[i].slot] + static_cast<std::uint64_t>(at)) * options_.init_std);
            break;
          case Init::ones:
            w[at] = 1;
            break;
          case Init::zeros:
            w[at] = 0;
            break;
        }
      }
    }
  });
}

template <class Real, class Act>
void CpuEngine<Real, Act>::pack(const Tile& tile) {
  const LinearView<Real, Act>* l = linear_of_slot_[tile.slot];
  if (l == nullptr) return;
  kernels::PackArgs<Real, Act> args{l->weight, l->outputs, l->inputs, l->inputs, tile.first_row, tile.last_row, l->forward};
  table_->pack_forward(args);
  if (l->backward == nullptr) return;
  args.packed = l->backward;
  table_->pack_backward(args);
}

template <class Real, class Act>
void CpuEngine<Real, Act>::repack() {
  std::atomic<std::size_t> next{0};
  team_->run([&](std::int64_t) {
    for (std::size_t i = next++; i < tiles_.size(); i = next++) pack(tiles_[i]);
  });
}

template <class Real, class Act>
double CpuEngine<Real, Act>::forward_backward(const Batch& update, std::int64_t step) {
  ISOFLOP_CHECK(options_.training);
  ISOFLOP_CHECK(update.sequences >= 1 && update.sequences <= options_.max_sequences);
  ISOFLOP_CHECK(update.length >= 1 && update.length <= shape_.block_size);
  const std::int64_t scored = std::count_if(update.targets, update.targets + update.sequences * update.length,
                                            [](std::int32_t target) { return target >= 0; });
  const Real scale = scored == 0 ? Real{0} : static_cast<Real>(1 / static_cast<double>(scored));

  gradient_norm_ = -1;
  team_->run([&](std::int64_t rank) {
    if (rank >= static_cast<std::int64_t>(memory_.lanes.by_rank.size())) return;
    for (const LaneWork& work : memory_.lanes.by_rank[static_cast<std::size_t>(rank)]) {
      work_on_lane(work, memory_.passes[static_cast<std::size_t>(rank)], update, step, scale);
      PartClock& clock = memory_.passes[static_cast<std::size_t>(rank)].clock();
      clock.start();
      for (const Merge& m : work.merges) {
        for (const Tile& tile : tiles_) merge(m, tile.offset, tile.size);
        buffer_clean_[static_cast<std::size_t>(m.right)] = 1;
      }
      clock.lap(Part::merge);
    }
  });
  return tree_sum(lane_nats_);
}

template <class Real, class Act>
void CpuEngine<Real, Act>::work_on_lane(const LaneWork& work, Pass<Real, Act>& pass, const Batch& update, std::int64_t step,
                                        Real scale) {
  Real* gradient = memory_.gradients[static_cast<std::size_t>(work.buffer)];
  char& clean = buffer_clean_[static_cast<std::size_t>(work.buffer)];
  if (clean == 0) std::fill_n(gradient, layout_.size, Real{0});
  clean = 0;

  double nats = 0;
  const std::int64_t lanes = options_.grad_lanes, micro = pass.micro_sequences(update.length);
  const std::int64_t end = (work.lane + 1) * update.sequences / lanes;
  for (std::int64_t first = work.lane * update.sequences / lanes; first < end && scale != 0; first += micro) {
    const std::int64_t offset = first * update.length;
    pass.forward(update.inputs + offset, std::min(micro, end - first), update.length, Place{options_.seed, step, first});
    nats += pass.backward(update.inputs + offset, update.targets + offset, scale, gradient);
  }
  lane_nats_[static_cast<std::size_t>(work.lane)] = nats;
}

// a part of left += right, right zeroed while it is in the cache
template <class Real, class Act>
void CpuEngine<Real, Act>::merge(const Merge& m, std::int64_t offset, std::int64_t size) {
  Real* right = memory_.gradients[static_cast<std::size_t>(m.right)] + offset;
  table_->add(size, right, memory_.gradients[static_cast<std::size_t>(m.left)] + offset);
  std::fill_n(right, size, Real{0});
}

template <class Real, class Act>
GradientReport CpuEngine<Real, Act>::reduce() {
  ISOFLOP_CHECK(options_.training);
  clock_.start();
  const auto count = static_cast<std::int64_t>(tiles_.size());
  const Real* sum = memory_.gradients[static_cast<std::size_t>(memory_.lanes.root)];
  team_->run([&](std::int64_t rank) {
    for (std::int64_t i = share(rank, count); i < share(rank + 1, count); ++i) {
      const Tile& tile = tiles_[static_cast<std::size_t>(i)];
      for (const Merge& m : memory_.lanes.last) merge(m, tile.offset, tile.size);
      memory_.partials[i] = table_->sum_squares(tile.size, sum + tile.offset);
    }
  });
  for (const Merge& m : memory_.lanes.last) buffer_clean_[static_cast<std::size_t>(m.right)] = 1;

  GradientReport report;
  double squares = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    squares += memory_.partials[i];
    if (report.finite && !std::isfinite(memory_.partials[i])) {
      report.finite = false;
      report.first_non_finite = layout_.slots[tiles_[static_cast<std::size_t>(i)].slot].spec.name;
    }
  }
  report.norm = gradient_norm_ = std::sqrt(squares);
  clock_.lap(Part::update);
  return report;
}

template <class Real, class Act>
void CpuEngine<Real, Act>::clip_and_update(const UpdateRule& rule) {
  ISOFLOP_CHECK(gradient_norm_ >= 0);  // reduce() came before, and found numbers
  const double scale = rule.grad_clip > 0 && gradient_norm_ > rule.grad_clip ? rule.grad_clip / gradient_norm_ : 1;
  const auto root = static_cast<std::size_t>(memory_.lanes.root);
  clock_.start();
  memory_.optimizer->update(tiles_, memory_.weights, memory_.gradients[root], scale, rule, *team_,
                            [this](const Tile& tile) { pack(tile); });
  buffer_clean_[root] = 1;
  gradient_norm_ = -1;
  clock_.lap(Part::update);
}

template <class Real, class Act>
PartSeconds CpuEngine<Real, Act>::parts() const {
  PartSeconds all = clock_.seconds();
  for (double& seconds : all) seconds *= static_cast<double>(team_->size());
  for (const Pass<Real, Act>& pass : memory_.passes) {
    for (std::size_t i = 0; i < kParts; ++i) all[i] += pass.clock().seconds()[i];
  }
  return all;
}

template <class Real, class Act>
void CpuEngine<Real, Act>::evaluate(const Batch& batch, std::span<double> nats) {
  ISOFLOP_CHECK(static_cast<std::int64_t>(nats.size()) == batch.sequences * batch.length);
  const std::int64_t step = memory_.passes.front().micro_sequences(batch.length);
  const std::int64_t count = (batch.sequences + step - 1) / step;
  team_->run([&](std::int64_t rank) {
    Pass<Real, Act>& pass = memory_.passes[static_cast<std::size_t>(rank)];
    for (std::int64_t i = share(rank, count); i < share(rank + 1, count); ++i) {
      const std::int64_t offset = i * step * batch.length;
      pass.forward(batch.inputs + offset, std::min(step, batch.sequences - i * step), batch.length);
      pass.score(batch.targets + offset, nats.data() + offset);
    }
  });
}

template <class Real, class Act>
void CpuEngine<Real, Act>::next_logits(std::span<const std::int32_t> context, std::span<float> logits) {
  memory_.passes.front().forward(context.data(), 1, static_cast<std::int64_t>(context.size()));
  memory_.passes.front().last_logits(logits);
}

template <class Real, class Act>
std::vector<StateTensor> CpuEngine<Real, Act>::state() const {
  std::vector<StateTensor> tensors;
  for (const Slot& slot : layout_.slots) tensors.push_back({slot.spec.name, slot.spec.rows, slot.spec.cols, false});
  for (const OptimizerTensor<Real>& tensor : optimizer_state_) tensors.push_back({tensor.name, tensor.rows, tensor.cols, true});
  return tensors;
}

template <class Real, class Act>
std::span<Real> CpuEngine<Real, Act>::tensor_data(std::size_t tensor) const {
  const std::size_t weights = layout_.slots.size();
  ISOFLOP_CHECK(tensor < weights + optimizer_state_.size());
  if (tensor < weights) {
    const Slot& slot = layout_.slots[tensor];
    return {memory_.weights + slot.offset, static_cast<std::size_t>(slot.spec.size())};
  }
  const OptimizerTensor<Real>& state = optimizer_state_[tensor - weights];
  return {state.data, static_cast<std::size_t>(state.rows * state.cols)};
}

template <class Real, class Act>
void CpuEngine<Real, Act>::read_state(std::size_t tensor, std::span<float> out) const {
  const std::span<const Real> data = tensor_data(tensor);
  ISOFLOP_CHECK(data.size() == out.size());
  std::transform(data.begin(), data.end(), out.begin(), [](Real x) { return static_cast<float>(x); });
}

template <class Real, class Act>
void CpuEngine<Real, Act>::write_state(std::size_t tensor, std::span<const float> in) {
  const std::span<Real> data = tensor_data(tensor);
  ISOFLOP_CHECK(data.size() == in.size());
  std::transform(in.begin(), in.end(), data.begin(), [](float x) { return static_cast<Real>(x); });
}

template <class Real, class Act>
std::span<Real> CpuEngine<Real, Act>::weights(std::size_t parameter) {
  ISOFLOP_CHECK(parameter < layout_.slots.size());
  return tensor_data(parameter);
}

template <class Real, class Act>
std::span<const Real> CpuEngine<Real, Act>::gradient(std::size_t parameter) const {
  ISOFLOP_CHECK(parameter < layout_.slots.size());
  const Slot& slot = layout_.slots[parameter];
  return {memory_.gradients[static_cast<std::size_t>(memory_.lanes.root)] + slot.offset,
          static_cast<std::size_t>(slot.spec.size())};
}

template class CpuEngine<float>;
template class CpuEngine<double>;
template class CpuEngine<float, kernels::Bf16>;

}  // namespace isoflop::model

namespace isoflop {

std::unique_ptr<Engine> make_cpu_engine(const Shape& shape, const EngineOptions& options, Team& team) {
  if (options.bf16) {
    return std::make_unique<model::CpuEngine<float, kernels::Bf16>>(shape, options, kernels::bf16_table(options.set), team);
  }
  return std::make_unique<model::CpuEngine<float>>(shape, options, kernels::table(options.set), team);
}

std::int64_t cpu_engine_bytes(const Shape& shape, const EngineOptions& options, std::int64_t threads) {
  const model::ParameterLayout layout(shape);
  if (options.bf16)
    return model::bytes_of<float, kernels::Bf16>(shape, layout, options, kernels::bf16_table(options.set), threads);
  return model::bytes_of<float, float>(shape, layout, options, kernels::table(options.set), threads);
}

}  // namespace isoflop
