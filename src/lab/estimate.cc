#include "lab/estimate.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

#include "base/random.h"
#include "isoflop/text.h"
#include "lab/process.h"

namespace isoflop::lab {

EngineOptions engine_options(const RunSpec& spec, const Means& means) {
  EngineOptions options;
  options.set = static_cast<kernels::Set>(means.isa);
  options.bf16 = spec.dtype == Dtype::bfloat16;
  options.recompute = means.recompute;
  options.grad_lanes = spec.grad_lanes;
  options.max_sequences = spec.sequences_per_update();
  options.seed = spec.seed;
  options.init_std = spec.init_std;
  options.adafactor = spec.optimizer.kind == OptimizerKind::adafactor;
  return options;
}

std::int64_t run_bytes(const Prepared& prepared, const RunSpec& spec, const Means& means, std::int64_t threads) {
  const std::int64_t batches = spec.tokens_per_update() * 2 * static_cast<std::int64_t>(sizeof(std::int32_t));
  return prepared.resident_bytes + cpu_engine_bytes(spec.shape, engine_options(spec, means), threads) + batches;
}

Calibration::Cost Calibration::measure(const RunSpec& spec) {
  using Clock = std::chrono::steady_clock;
  const auto since = [](Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); };

  const std::unique_ptr<Engine> engine = make_cpu_engine(spec.shape, engine_options(spec, means_), team_);
  const std::int64_t length = spec.shape.block_size;
  // a share of an update that loads every rank as the whole update does
  const std::int64_t all = spec.sequences_per_update();
  const std::int64_t enough = std::max<std::int64_t>(spec.grad_lanes, (4096 + length - 1) / length);
  const std::int64_t sequences = std::min(all, (enough + spec.grad_lanes - 1) / spec.grad_lanes * spec.grad_lanes);
  std::vector<std::int32_t> tokens(static_cast<std::size_t>(sequences * length));
  const Philox rng{0, Stream::simulate};
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    tokens[i] = static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(spec.shape.vocab_size), i));
  }
  const Batch batch{sequences, length, tokens.data(), tokens.data()};
  const auto count = static_cast<double>(sequences * length);
  const UpdateRule rule;  // rate 0: the weights stay, whatever the study's rate would do to them

  // the least of a few rounds: what the machine does when it is left alone
  constexpr double kEnoughSeconds = 0.4;
  Cost cost{HUGE_VAL, HUGE_VAL, HUGE_VAL};
  const auto start = Clock::now();
  constexpr double kTooLongToRepeat = 5;
  const auto look_at_stop = [&] {
    if (stop_.stop_requested()) throw Error(Fault::stopped, "estimate", "stopped while a step was timed");
  };
  const auto go_on = [&](int round) {
    const double taken = since(start);
    return round == 0 || (round == 1 && taken < kTooLongToRepeat) || (round < 12 && taken < kEnoughSeconds);
  };
  for (int round = 0; go_on(round); ++round) {
    look_at_stop();
    auto at = Clock::now();
    (void)engine->forward_backward(batch, 0);
    cost.per_token = std::min(cost.per_token, since(at) / count);
    look_at_stop();
    at = Clock::now();
    (void)engine->reduce();
    engine->clip_and_update(rule);
    cost.per_update = std::min(cost.per_update, since(at));
  }
  look_at_stop();
  std::vector<double> nats(tokens.size());
  const auto at = Clock::now();
  engine->evaluate(batch, nats);
  cost.per_scored_token = since(at) / count;
  return cost;
}

double Calibration::seconds(const RunSpec& spec, std::int64_t held_out_tokens) {
  RunSpec key_spec = spec;
  key_spec.seed = 0;
  key_spec.max_iters = 1;
  key_spec.schedule = {};
  key_spec.optimizer.learning_rate = 1;
  key_spec.optimizer.beta2 = 0.9;
  const std::string key = to_json(key_spec);
  auto found = costs_.find(key);
  if (found == costs_.end()) found = costs_.emplace(key, measure(spec)).first;
  const Cost& cost = found->second;

  const auto steps = static_cast<double>(spec.max_iters);
  const double evaluations = 1 + (spec.eval.interval > 0 ? steps / static_cast<double>(spec.eval.interval) : 0);
  double scored = static_cast<double>(held_out_tokens);
  if (spec.eval.max_windows > 0) scored = std::min(scored, static_cast<double>(spec.eval.max_windows * spec.shape.block_size));
  return steps * (cost.per_token * static_cast<double>(spec.tokens_per_update()) + cost.per_update) +
         evaluations * scored * cost.per_scored_token;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

void refuse_if_too_large(const std::string& what, std::int64_t bytes) {
  const MachineFacts machine = machine_facts();
  const std::int64_t available = machine.memory_available + resident_bytes();
  if (available <= 0 || bytes <= available) return;
  throw Error(Fault::failure, what,
              "needs " + format_bytes(static_cast<double>(bytes)) + " of memory, and " +
                  format_bytes(static_cast<double>(available)) + " are available",
              "use a smaller model or context, or --recompute");
}

}  // namespace isoflop::lab
