#include <algorithm>
#include <bit>
#include <cmath>

#include "base/hash.h"
#include "base/json.h"
#include "isoflop/text.h"
#include "isoflop/record.h"
#include "record/json_text.h"
#include "record/text_form.h"

namespace isoflop {
namespace {

void require(bool holds, const std::string& key, const std::string& found, const std::string& expected,
             const std::string& hint = {}) {
  if (!holds) throw Error(Fault::bad_study, key, "is " + found + ", expected " + expected, hint);
}
void at_least(std::int64_t value, std::int64_t least, const std::string& key) {
  require(value >= least, key, format_number(value), std::to_string(least) + " or more");
}
void positive(double value, const std::string& key) {
  require(std::isfinite(value) && value > 0, key, format_number(value), "a finite number above 0");
}
void not_negative(double value, const std::string& key) {
  require(std::isfinite(value) && value >= 0, key, format_number(value), "a finite number from 0");
}
void within(double value, double low, double high, const std::string& key, const std::string& range) {
  require(value >= low && value < high, key, format_number(value), "a number in " + range);
}

void check_optimizer(const OptimizerSpec& o) {
  positive(o.learning_rate, "learning_rate");
  within(o.beta1, 0, 1, "beta1", "[0, 1)");
  within(o.beta2, 0, 1, "beta2", "[0, 1)");
  positive(o.epsilon, "epsilon");
  not_negative(o.weight_decay, "weight_decay");
  not_negative(o.grad_clip, "grad_clip");
}

void check_schedule(const ScheduleSpec& s, double learning_rate, std::int64_t max_iters) {
  at_least(s.warmup_iters, 0, "warmup_iters");
  require(s.warmup_iters < max_iters, "warmup_iters", format_number(s.warmup_iters),
          "less than max_iters = " + format_number(max_iters), "a run must have steps left after the warm-up");
  not_negative(s.min_lr, "min_lr");
  require(s.min_lr <= learning_rate, "min_lr", format_number(s.min_lr),
          "at most learning_rate = " + format_number(learning_rate));
  require(s.decay_fraction > 0 && s.decay_fraction <= 1, "decay_fraction", format_number(s.decay_fraction), "a number in (0, 1]");
}

void check_data(const std::vector<DataSpec>& data) {
  require(!data.empty(), "data", "empty", "a token source");
  double sum = 0;
  for (const DataSpec& source : data) {
    require(!source.id.empty(), "data.id", "empty", "the content id of a token file set");
    require(std::count_if(data.begin(), data.end(), [&](const DataSpec& other) { return other.id == source.id; }) == 1, "data",
            "`" + source.id + "` twice", "each source once");
    not_negative(source.weight, "data.weight");
    sum += source.weight;
    if (source.subset_tokens) at_least(*source.subset_tokens, 1, "data.subset_tokens");
    if (source.max_epochs) at_least(*source.max_epochs, 1, "data.max_epochs");
    // the first tokens of one source are a subset; of a mixture they would be another mixture
    require(data.size() == 1 || !source.subset_tokens, "data.subset_tokens", "of one source of a mixture", "a source by itself");
  }
  require(sum > 0 && std::isfinite(sum), "data.weight", format_number(sum) + " in all", "a sum above 0");
}

void check_batch(const RunSpec& spec) {
  at_least(spec.batch_size, 1, "batch_size");
  at_least(spec.gradient_accumulation_steps, 1, "gradient_accumulation_steps");
  at_least(spec.max_iters, 1, "max_iters");
  // every count of tokens must fit in 64 bits, and in a double without rounding
  constexpr double kMost = 9007199254740992.0;  // 2^53
  const double tokens = static_cast<double>(spec.batch_size) * static_cast<double>(spec.gradient_accumulation_steps) *
                        static_cast<double>(spec.shape.block_size) * static_cast<double>(spec.max_iters);
  require(tokens < kMost, "max_iters", format_number(spec.max_iters), "fewer than 2^53 training tokens in all");
  if (spec.grad_lanes == 0) return;
  at_least(spec.grad_lanes, 1, "grad_lanes");
  require(std::has_single_bit(static_cast<std::uint64_t>(spec.grad_lanes)), "grad_lanes", format_number(spec.grad_lanes),
          "a power of two");
  require(spec.grad_lanes <= spec.sequences_per_update(), "grad_lanes", format_number(spec.grad_lanes),
          "at most batch_size * gradient_accumulation_steps = " + format_number(spec.sequences_per_update()));
}

// what may be left open, filled; needs a spec that passed the checks
RunSpec fill(RunSpec spec) {
  if (spec.shape.n_kv_head == 0) spec.shape.n_kv_head = spec.shape.n_head;
  spec.shape.n_inner = inner_size(spec.shape);
  if (spec.grad_lanes == 0) {
    const std::int64_t most = std::min<std::int64_t>(8, std::max<std::int64_t>(1, spec.sequences_per_update()));
    spec.grad_lanes = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(most)));
  }
  if (spec.data.size() == 1) spec.data.front().weight = 1;  // one source is all of the mixture, whatever its weight
  return spec;
}

}  // namespace

RunSpec resolve(RunSpec spec) {
  validate(spec.shape);
  check_batch(spec);
  check_optimizer(spec.optimizer);
  check_schedule(spec.schedule, spec.optimizer.learning_rate, spec.max_iters);
  at_least(spec.eval.interval, 0, "eval_interval");
  at_least(spec.eval.max_windows, 0, "eval_max_windows");
  at_least(spec.eval.patience, 0, "eval_patience");
  require(spec.eval.patience == 0 || spec.eval.interval > 0, "eval_patience", format_number(spec.eval.patience),
          "0, or an eval_interval to count in");
  check_data(spec.data);
  within(spec.token_noise, 0, 1, "token_noise", "[0, 1)");
  not_negative(spec.init_std, "init_std");
  return fill(std::move(spec));
}

std::string run_id(const RunSpec& resolved) {
  RunSpec spec = fill(resolved);
  JsonWriter writer;
  members(writer, spec);
  // the split of an update into micro-batches does not change its bytes: only their product is identity
  Json canonical = Json::object();
  canonical["numerics_version"] = kNumericsVersion;
  for (const auto& [key, value] : writer.object.items()) {
    if (key == "batch_size") {
      canonical["sequences_per_update"] = spec.sequences_per_update();
    } else if (key != "gradient_accumulation_steps") {
      canonical[key] = value;
    }
  }
  return content_id(json_text(canonical));
}

}  // namespace isoflop
