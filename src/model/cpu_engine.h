// The Engine on CPU cores: in float, in float over bf16, or in double with the reference set (gradient checks).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "model/arena.h"
#include "model/engine.h"
#include "model/lanes.h"
#include "model/optimizer.h"
#include "model/parameters.h"
#include "model/pass.h"

namespace isoflop::model {

/// Everything of an engine that lies in its arena. Built once on a counting carver to know the bytes, once on the arena.
template <class Real, class Act>
struct EngineMemory {
  EngineMemory(const Shape& shape, const ParameterLayout& layout, const EngineOptions& options,
               const kernels::Table<Real, Act>& table, std::int64_t threads, Carver carver);

  LanePlan lanes;
  Real* weights = nullptr;
  std::unique_ptr<ModelView<Real, Act>> model;
  std::unique_ptr<Optimizer<Real>> optimizer;  // none without training
  std::vector<Real*> gradients;                // the lanes' buffers
  std::vector<Pass<Real, Act>> passes;         // one per thread
  double* partials = nullptr;                  // sums of squares, one per tile
  std::int64_t bytes = 0;
};

template <class Real, class Act = Real>
class CpuEngine final : public Engine {
 public:
  CpuEngine(const Shape& shape, const EngineOptions& options, const kernels::Table<Real, Act>& table, Team& team);

  [[nodiscard]] const Shape& shape() const override { return shape_; }
  [[nodiscard]] std::int64_t bytes() const override { return arena_.bytes(); }
  [[nodiscard]] double forward_backward(const Batch& update, std::int64_t step) override;
  [[nodiscard]] GradientReport reduce() override;
  void clip_and_update(const UpdateRule& rule) override;
  void evaluate(const Batch& batch, std::span<double> nats) override;
  void next_logits(std::span<const std::int32_t> context, std::span<float> logits) override;
  [[nodiscard]] std::vector<StateTensor> state() const override;
  void read_state(std::size_t tensor, std::span<float> out) const override;
  void write_state(std::size_t tensor, std::span<const float> in) override;
  void state_written() override { repack(); }
  [[nodiscard]] PartSeconds parts() const override;

  // for tests, in full precision: a tensor of the registry, and its gradient after reduce()
  [[nodiscard]] std::span<Real> weights(std::size_t parameter);
  [[nodiscard]] std::span<const Real> gradient(std::size_t parameter) const;

 private:
  void initialise();
  void repack();
  void pack(const Tile& tile);
  void work_on_lane(const LaneWork& work, Pass<Real, Act>& pass, const Batch& update, std::int64_t step, Real scale);
  void merge(const Merge& merge, std::int64_t offset, std::int64_t size);
  [[nodiscard]] std::int64_t share(std::int64_t rank, std::int64_t count) const { return rank * count / team_->size(); }
  [[nodiscard]] std::span<Real> tensor_data(std::size_t tensor) const;

  Shape shape_;
  EngineOptions options_;
  const kernels::Table<Real, Act>* table_;
  Team* team_;
  ParameterLayout layout_;
  Arena arena_;
  EngineMemory<Real, Act> memory_;
  std::vector<Tile> tiles_;
  std::vector<const LinearView<Real, Act>*> linear_of_slot_;  // none: no matrix with panels
  std::vector<OptimizerTensor<Real>> optimizer_state_;
  std::vector<double> lane_nats_;
  std::vector<char> buffer_clean_;  // a gradient buffer is all zeros
  PartClock clock_;                 // of what all threads do together
  double gradient_norm_ = -1;       // of the last reduce; below 0: none yet
};

}  // namespace isoflop::model
