// Tokens per second of a training step, and their share of this machine's f32 peak, measured between the steps.
//
//   cmake --preset bench && ninja -C build/bench model_bench && build/bench/model_bench
//
// The five models of the source experiment, batch 32, context 256, vocabulary 3,554, AdamW with clipping, on every core and the
// fastest kernel set (or ISOFLOP_BENCH_SET=ref|avx2|avx512, ISOFLOP_BENCH_THREADS=N). FLOPs by the full-attention convention.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include "kernels/peak.h"
#include "model/engine.h"

namespace isoflop {
namespace {

// wall time, and the processor time of all threads, which other work on the machine disturbs less
struct Clock {
  double wall = 0, processor = 0;
};

Clock now() {
  timespec processor{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &processor);
  return {std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(),
          static_cast<double>(processor.tv_sec) + 1e-9 * static_cast<double>(processor.tv_nsec)};
}

Clock since(const Clock& start) {
  const Clock end = now();
  return {end.wall - start.wall, end.processor - start.processor};
}

std::string setting(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

kernels::Set chosen_set() {
  for (const kernels::Set set : kernels::available()) {
    if (setting("ISOFLOP_BENCH_SET") == kernels::table(set).name) return set;
  }
  return kernels::available().back();
}

std::int64_t chosen_threads() {
  const std::string text = setting("ISOFLOP_BENCH_THREADS");
  return text.empty() ? std::max(1U, std::thread::hardware_concurrency()) : std::stoll(text);
}

struct Rate {
  double wall = 0, processor = 0;  // FLOP per second of each; per core in processor time
};

Rate burst(Team& team, kernels::Set set) {
  constexpr std::int64_t kRounds = 200'000;
  std::vector<double> flops(static_cast<std::size_t>(team.size()));
  const Clock start = now();
  team.run([&](std::int64_t rank) { flops[static_cast<std::size_t>(rank)] = kernels::peak(set).fma(kRounds); });
  const Clock elapsed = since(start);
  double sum = 0;
  for (const double x : flops) sum += x;
  return {sum / elapsed.wall, sum / elapsed.processor};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void train_step(benchmark::State& state, std::int64_t n_layer, std::int64_t n_head, std::int64_t n_embd) {
  Shape shape;
  shape.n_layer = n_layer;
  shape.n_head = n_head;
  shape.n_embd = n_embd;
  shape.vocab_size = 3554;
  constexpr std::int64_t kSequences = 32;
  const std::int64_t tokens = kSequences * shape.block_size;

  Team team(chosen_threads());
  const kernels::Set set = chosen_set();
  const auto engine = make_cpu_engine(shape, {.set = set, .grad_lanes = 8, .max_sequences = kSequences}, team);
  std::vector<std::int32_t> inputs, targets;
  for (std::int64_t i = 0; i < tokens; ++i) {
    inputs.push_back(static_cast<std::int32_t>(i * i * 31 % shape.vocab_size));
    targets.push_back(static_cast<std::int32_t>((i + 1) * (i + 1) * 31 % shape.vocab_size));
  }

  UpdateRule rule;
  rule.learning_rate = 3e-4;
  rule.weight_decay = 0.1;
  rule.grad_clip = 1;
  const auto step = [&] {
    benchmark::DoNotOptimize(engine->forward_backward({kSequences, shape.block_size, inputs.data(), targets.data()}));
    benchmark::DoNotOptimize(engine->reduce());
    engine->clip_and_update(rule);
    ++rule.step;
  };
  step();  // first touch of the memory

  std::vector<double> wall, processor, peak_wall, peak_processor;
  const auto measure_peak = [&] {
    const Rate rate = burst(team, set);
    peak_wall.push_back(rate.wall);
    peak_processor.push_back(rate.processor);
  };
  measure_peak();
  for ([[maybe_unused]] auto _ : state) {
    const Clock start = now();
    step();
    const Clock elapsed = since(start);
    wall.push_back(elapsed.wall);
    processor.push_back(elapsed.processor);
    state.PauseTiming();
    measure_peak();
    state.ResumeTiming();
  }
  const double flops = static_cast<double>(tokens) * flops_per_token(shape).full_attention;
  state.counters["tokens_per_s"] = static_cast<double>(tokens) / median(wall);
  state.counters["peak_GFLOP_per_s"] = median(peak_wall) / 1e9;
  state.counters["percent_of_peak"] = 100 * flops / median(wall) / median(peak_wall);
  state.counters["core_tokens_per_s"] = static_cast<double>(tokens) / median(processor);
  state.counters["core_percent_of_peak"] = 100 * flops / median(processor) / median(peak_processor);
}

BENCHMARK_CAPTURE(train_step, tiny, 2, 2, 64)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(train_step, small, 4, 4, 128)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(train_step, medium, 6, 6, 192)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(train_step, base, 6, 8, 256)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(train_step, large, 8, 8, 384)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace isoflop
