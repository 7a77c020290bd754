#include <algorithm>
#include <chrono>

#include "base/random.h"
#include "base/team.h"
#include "base/text.h"
#include "isoflop/lab.h"
#include "lab/arithmetic.h"
#include "lab/estimate.h"
#include "model/engine.h"

namespace isoflop {
namespace {

struct Subject {
  const char* name;
  std::int64_t n_layer, n_head, n_embd, block_size, vocab_size, batch_size;
};
constexpr Subject kSubjects[] = {
    {"tiny", 2, 2, 64, 256, 3554, 32},  {"small", 4, 4, 128, 256, 3554, 32}, {"medium", 6, 6, 192, 256, 3554, 32},
    {"base", 6, 8, 256, 256, 3554, 32}, {"large", 8, 8, 384, 256, 3554, 32}, {"gpt2-124m", 12, 12, 768, 1024, 50257, 4},
};

const Subject& subject(const std::string& name) {
  for (const Subject& each : kSubjects) {
    if (each.name == name) return each;
  }
  const std::vector<std::string> names = bench_model_names();
  std::string known;
  for (const std::string& each : names) known += (known.empty() ? "" : ", ") + each;
  const std::optional<std::string> near = nearest(name, names);
  throw Error(Fault::usage, "model " + name, near ? "unknown; did you mean " + *near + "?" : "unknown", "known: " + known);
}

}  // namespace

std::vector<std::string> bench_model_names() {
  std::vector<std::string> names;
  for (const Subject& each : kSubjects) names.emplace_back(each.name);
  return names;
}

Shape bench_model_shape(const std::string& name) {
  const Subject& s = subject(name);
  Shape shape;
  shape.n_layer = s.n_layer;
  shape.n_head = s.n_head;
  shape.n_embd = s.n_embd;
  shape.block_size = s.block_size;
  shape.vocab_size = s.vocab_size;
  return shape;
}

ModelBench bench_model(const std::string& name, const ModelBenchOptions& options) {
  using Clock = std::chrono::steady_clock;
  constexpr int kBursts = 3;  // on each side
  constexpr double kBurstSeconds = 0.1;
  constexpr std::int64_t kLeastSteps = 3;

  const Subject& s = subject(name);
  ModelBench result;
  result.name = name;
  result.shape = bench_model_shape(name);
  result.shape.activation = options.activation;
  result.shape.dropout = options.dropout;
  const Shape& shape = result.shape;
  result.params = param_counts(shape).params;
  result.batch_size = s.batch_size;
  const lab::Arithmetic arithmetic =
      lab::choose_arithmetic(options.isa || options.dtype ? options.isa : best_isa(), options.dtype);
  result.isa = arithmetic.isa;
  result.dtype = arithmetic.dtype;
  result.threads = options.threads > 0 ? options.threads : machine_facts().cores;

  RunSpec spec;
  spec.shape = shape;
  spec.batch_size = s.batch_size;
  spec.dtype = result.dtype;
  spec.data = {DataSpec{"random", 1, {}, {}}};
  spec.grad_lanes = options.grad_lanes;
  spec = resolve(spec);
  result.grad_lanes = spec.grad_lanes;
  const EngineOptions engine_options = lab::engine_options(spec, {result.isa, options.recompute});
  result.engine_bytes = cpu_engine_bytes(shape, engine_options, result.threads);
  lab::refuse_if_too_large("model " + name, result.engine_bytes);

  Team team(result.threads);
  const std::unique_ptr<Engine> engine = make_cpu_engine(shape, engine_options, team);
  const std::int64_t count = s.batch_size * s.block_size;
  std::vector<std::int32_t> tokens(static_cast<std::size_t>(count + 1));
  const Philox rng{0, Stream::simulate};
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    tokens[i] = static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(s.vocab_size), i));
  }
  const Batch batch{s.batch_size, s.block_size, tokens.data(), tokens.data() + 1};
  UpdateRule rule;
  rule.learning_rate = 3e-4;
  rule.weight_decay = 0.1;
  rule.grad_clip = 1;
  const auto step = [&] {
    if (options.stop.stop_requested()) throw Error(Fault::stopped, "bench", "was stopped");
    (void)engine->forward_backward(batch, rule.step - 1);
    (void)engine->reduce();
    engine->clip_and_update(rule);
    ++rule.step;
  };

  std::vector<double> peaks, seconds;
  const auto bursts = [&] {
    for (int i = 0; i < kBursts; ++i) peaks.push_back(peak_gflops(result.isa, result.threads, kBurstSeconds));
  };
  step();  // first touch of the memory
  bursts();
  const PartSeconds before = engine->parts();
  const auto start = Clock::now();
  double spent = 0;
  while (spent < options.seconds || static_cast<std::int64_t>(seconds.size()) < kLeastSteps) {
    const auto at = Clock::now();
    step();
    seconds.push_back(std::chrono::duration<double>(Clock::now() - at).count());
    spent = std::chrono::duration<double>(Clock::now() - start).count();
  }
  const PartSeconds after = engine->parts();
  bursts();

  result.steps = static_cast<std::int64_t>(seconds.size());
  result.step_seconds = lab::median(seconds);
  result.tokens_per_second = static_cast<double>(count) / result.step_seconds;
  const FlopsPerToken flops = flops_per_token(shape);
  result.gflops = flops.full_attention * result.tokens_per_second / 1e9;
  result.gflops_executed = flops.exact * result.tokens_per_second / 1e9;
  result.peak_gflops = lab::median(peaks);
  double waiting = spent / static_cast<double>(result.steps);
  for (std::size_t i = 0; i < kParts; ++i) {
    const double each = (after[i] - before[i]) / static_cast<double>(result.steps * result.threads);
    result.parts.push_back({to_string(static_cast<Part>(i)), each});
    waiting -= each;
  }
  result.parts.push_back({"waiting", std::max(0.0, waiting)});
  return result;
}

}  // namespace isoflop
