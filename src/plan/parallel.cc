// How a model lies over devices: the least sharding that fits.
#include <algorithm>
#include <cmath>

#include "isoflop/text.h"
#include "isoflop/cost.h"
#include "plan/positive.h"

namespace isoflop {
namespace {

using plan::need_positive;

constexpr std::int64_t kMicroBatchesPerStage = 4;  // wanted: the bubble is then at most a fifth

/// One question being answered: layouts are tried in order of what they cost in time.
class Fitting {
 public:
  explicit Fitting(const FitQuestion& question) : q_(question), counts_(param_counts(question.shape)) {
    need_positive("devices", static_cast<double>(q_.devices));
    need_positive("memory of " + q_.accelerator.name, q_.accelerator.memory_bytes);
    need_positive("share of the memory", q_.memory_share);
    if (q_.batch_tokens != 0) need_positive("batch", q_.batch_tokens);
    if (q_.critical_batch) need_positive("critical batch", *q_.critical_batch);
  }

  FitAnswer run() {
    const Recomputation first = q_.memory.recomputation;
    bool found = try_all(first);
    if (!found && first != Recomputation::full) found = try_all(Recomputation::full);
    FitAnswer answer = found ? *fitting_ : *nearest_;
    answer.fits = found;
    answer.capacity = q_.accelerator.memory_bytes;
    answer.kv_bytes_per_token = kv_cache_bytes_per_token(q_.shape, q_.memory.kv_bytes);
    if (q_.critical_batch)
      answer.data_parallel_limit = std::max<std::int64_t>(1, static_cast<std::int64_t>(*q_.critical_batch / sequence_tokens()));
    advise(answer);
    return answer;
  }

 private:
  [[nodiscard]] double sequence_tokens() const {
    return static_cast<double>(q_.shape.block_size) * static_cast<double>(q_.memory.micro_batch);
  }

  bool try_all(Recomputation recomputation) {
    for (std::int64_t pipeline = 1; pipeline <= q_.shape.n_layer && pipeline <= q_.devices; ++pipeline) {
      if (q_.shape.n_layer % pipeline != 0 || q_.devices % pipeline != 0) continue;
      for (const int zero : {1, 3}) {
        if (zero == 3 && pipeline > 1) continue;  // every micro-batch would gather the weights again
        for (std::int64_t tensor = 1; tensor <= q_.accelerator.devices_per_node; tensor *= 2)
          if (try_one(recomputation, pipeline, zero, tensor)) return true;
      }
    }
    return false;
  }

  bool try_one(Recomputation recomputation, std::int64_t pipeline, int zero, std::int64_t tensor) {
    const std::int64_t per_replica = pipeline * tensor;
    if (q_.shape.n_head % tensor != 0 || q_.devices % per_replica != 0) return false;
    FitAnswer answer;
    answer.recomputation = recomputation;
    answer.layout = {.tensor = tensor,
                     .pipeline = pipeline,
                     .data = q_.devices / per_replica,
                     .virtual_stages = 1,
                     .micro_batches = 1,
                     .zero = zero,
                     .sequence_parallel = true};
    const double per_pipeline = q_.batch_tokens / static_cast<double>(answer.layout.data) / sequence_tokens();
    answer.layout.micro_batches = q_.batch_tokens > 0 ? std::max<std::int64_t>(1, static_cast<std::int64_t>(per_pipeline))
                                                      : (pipeline > 1 ? kMicroBatchesPerStage * pipeline : 1);
    MemoryOptions memory = q_.memory;
    memory.recomputation = recomputation;
    answer.use = memory_per_device(q_.shape, memory, answer.layout);
    answer.bubble = pipeline_bubble(pipeline, answer.layout.micro_batches);
    if (!nearest_ || answer.use.total() < nearest_->use.total()) nearest_ = answer;
    if (answer.use.total() > q_.memory_share * q_.accelerator.memory_bytes) return false;
    fitting_ = answer;
    return true;
  }

  /// Twice, four times, ... as many devices, until the run fits.
  [[nodiscard]] std::optional<std::int64_t> devices_that_fit() const {
    FitQuestion more = q_;
    constexpr int kDoublings = 12;
    for (int i = 0; i < kDoublings; ++i) {
      more.devices *= 2;
      Fitting fitting(more);
      if (fitting.try_all(q_.memory.recomputation) || fitting.try_all(Recomputation::full)) return more.devices;
    }
    return std::nullopt;
  }

  void advise(FitAnswer& answer) const {
    const double room = q_.memory_share * answer.capacity;
    if (!answer.fits) {
      const double params = static_cast<double>(counts_.params);
      const double state = params * (q_.memory.weight_bytes + q_.memory.gradient_bytes + q_.memory.optimizer_bytes);
      answer.advice.push_back("does not fit: at least " + format_gigabytes(answer.use.total()) + " per device of " +
                              format_gigabytes(room) + " (" + format_significant(100 * q_.memory_share, 3) + " % of " +
                              format_gigabytes(answer.capacity) + ")");
      const auto enough = devices_that_fit();
      answer.advice.push_back("weights, gradients and optimizer take " + format_gigabytes(state) + " in all: " +
                              (enough ? format_number(*enough) + " such devices hold the run, or fewer of more memory"
                                      : std::string("a device of more memory")));
      const double largest =
          std::max({answer.use.weights + answer.use.gradients + answer.use.optimizer, answer.use.activations, answer.use.logits});
      if (largest == answer.use.activations && q_.memory.micro_batch > 1)
        answer.advice.push_back("activations are the largest part: a micro-batch of 1 instead of " +
                                format_number(q_.memory.micro_batch));
      else if (largest == answer.use.activations)
        answer.advice.push_back("activations are the largest part: a shorter block_size than " +
                                format_number(q_.shape.block_size));
      else if (largest == answer.use.logits)
        answer.advice.push_back("logits are the largest part: compute the loss in pieces, or a smaller vocabulary than " +
                                format_number(q_.shape.vocab_size));
    }
    if (answer.bubble > .1)
      answer.advice.push_back("pipelines wait for " + format_significant(100 * answer.bubble, 3) +
                              " % of the working time: more micro-batches than " + format_number(answer.layout.micro_batches) +
                              ", or interleaved stages");
    if (answer.data_parallel_limit > 0 && answer.layout.data > answer.data_parallel_limit)
      answer.advice.push_back(format_number(answer.layout.data) + " replicas need a batch above the critical one, which feeds " +
                              format_number(answer.data_parallel_limit) + ": fewer devices, or more tensor parallelism");
    const double least_batch = static_cast<double>(answer.layout.data) * sequence_tokens();
    if (q_.batch_tokens > 0 && q_.batch_tokens < least_batch)
      answer.advice.push_back("a batch of " + format_number(q_.batch_tokens) +
                              " tokens is less than one micro-batch for each of " + format_number(answer.layout.data) +
                              " replicas (" + format_number(least_batch) + ")");
    if (answer.recomputation == Recomputation::full) answer.advice.push_back("full recomputation does 4/3 of the FLOPs");
  }

  const FitQuestion& q_;
  ParamCounts counts_;
  std::optional<FitAnswer> fitting_, nearest_;
};

}  // namespace

double pipeline_bubble(std::int64_t pipeline, std::int64_t micro_batches, std::int64_t virtual_stages) {
  need_positive("pipeline stages", static_cast<double>(pipeline));
  need_positive("micro-batches", static_cast<double>(micro_batches));
  need_positive("virtual stages", static_cast<double>(virtual_stages));
  return static_cast<double>(pipeline - 1) / static_cast<double>(virtual_stages * micro_batches);
}

double data_parallel_traffic(double params, int zero, double bytes) {
  need_positive("params", params);
  need_positive("bytes per number", bytes);
  return (zero >= 3 ? 3 : 2) * params * bytes;
}

FitAnswer fit_to_devices(const FitQuestion& question) {
  return Fitting(question).run();
}

}  // namespace isoflop
