#include <algorithm>
#include <chrono>
#include <filesystem>

#include "base/random.h"
#include "base/team.h"
#include "isoflop/text.h"
#include "isoflop/lab.h"
#include "lab/arithmetic.h"
#include "lab/estimate.h"
#include "model/engine.h"
#include "train/checkpoint.h"

namespace isoflop {
namespace {

namespace fs = std::filesystem;

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

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// An engine that trains on random tokens.
class BenchedModel {
 public:
  BenchedModel(const std::string& name, const ModelBenchOptions& options);

  /// Steps for a while.
  ModelBench measure();

  /// Writes `times` checkpoints below `folder`.
  void time_checkpoints(std::int64_t times, const fs::path& folder, PriceList& list);

 private:
  void step();

  ModelBenchOptions options_;
  ModelBench result_;
  std::unique_ptr<Team> team_;
  std::unique_ptr<Engine> engine_;
  std::vector<std::int32_t> tokens_;
  UpdateRule rule_;
};

BenchedModel::BenchedModel(const std::string& name, const ModelBenchOptions& options) : options_(options) {
  const Subject& s = subject(name);
  ModelBench& result = result_;
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

  team_ = std::make_unique<Team>(result.threads);
  engine_ = make_cpu_engine(shape, engine_options, *team_);
  tokens_.resize(static_cast<std::size_t>(s.batch_size * s.block_size + 1));
  const Philox rng{0, Stream::simulate};
  for (std::size_t i = 0; i < tokens_.size(); ++i)
    tokens_[i] = static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(s.vocab_size), i));
  rule_.learning_rate = 3e-4;
  rule_.weight_decay = 0.1;
  rule_.grad_clip = 1;
}

void BenchedModel::step() {
  if (options_.stop.stop_requested()) throw Error(Fault::stopped, "bench", "was stopped");
  const Batch batch{result_.batch_size, result_.shape.block_size, tokens_.data(), tokens_.data() + 1};
  (void)engine_->forward_backward(batch, rule_.step - 1);
  (void)engine_->reduce();
  engine_->clip_and_update(rule_);
  ++rule_.step;
}

ModelBench BenchedModel::measure() {
  constexpr int kBursts = 3;  // on each side
  constexpr double kBurstSeconds = 0.1;
  constexpr std::int64_t kLeastSteps = 3;

  ModelBench& result = result_;
  std::vector<double> peaks, seconds;
  const auto bursts = [&] {
    for (int i = 0; i < kBursts; ++i) peaks.push_back(peak_gflops(result.isa, result.threads, kBurstSeconds));
  };
  step();  // first touch of the memory
  bursts();
  const PartSeconds before = engine_->parts();
  const auto start = Clock::now();
  double spent = 0;
  while (spent < options_.seconds || static_cast<std::int64_t>(seconds.size()) < kLeastSteps) {
    const auto at = Clock::now();
    step();
    seconds.push_back(seconds_since(at));
    spent = seconds_since(start);
  }
  const PartSeconds after = engine_->parts();
  bursts();

  result.steps = static_cast<std::int64_t>(seconds.size());
  result.step_seconds = lab::median(seconds);
  result.tokens_per_second = static_cast<double>(tokens_.size() - 1) / result.step_seconds;
  const FlopsPerToken flops = flops_per_token(result.shape);
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

void BenchedModel::time_checkpoints(std::int64_t times, const fs::path& folder, PriceList& list) {
  const fs::path root = folder / "checkpoints";
  std::vector<double> seconds;
  step();
  for (std::int64_t i = 0; i < times; ++i) {
    const auto at = Clock::now();
    checkpoint::save(root, *engine_,
                     {.step = i + 1, .run = "bench", .isa = to_string(result_.isa), .losses = {}, .loss_best = {}}, 1);
    seconds.push_back(seconds_since(at));
  }
  list.checkpoint_seconds = lab::median(seconds);
  for (const auto& entry : fs::recursive_directory_iterator(root))
    if (entry.is_regular_file()) list.checkpoint_bytes += static_cast<std::int64_t>(entry.file_size());
  fs::remove_all(root);
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
  return BenchedModel(name, options).measure();
}

PriceList bench_prices(const std::string& name, const ModelBenchOptions& options, std::int64_t rounds, const fs::path& folder) {
  struct Choice {
    std::string text;
    ModelBenchOptions with, without;
  };
  std::vector<Choice> choices;
  const auto add = [&](const std::string& text, const auto& change_with, const auto& change_without) {
    choices.push_back({text, options, options});
    change_with(choices.back().with);
    change_without(choices.back().without);
  };
  using Options = ModelBenchOptions;
  const auto nothing = [](Options&) {};
  const std::int64_t threads = options.threads > 0 ? options.threads : machine_facts().cores;
  std::int64_t a_lane_each = 1;
  while (2 * a_lane_each <= threads) a_lane_each *= 2;

  PriceList list;
  list.base = bench_model(name, options);
  add(
      "GELU exact (against tanh)", [](Options& o) { o.activation = Activation::gelu; },
      [](Options& o) { o.activation = Activation::gelu_tanh; });
  if (list.base.grad_lanes > a_lane_each)
    add(std::to_string(list.base.grad_lanes) + " gradient lanes (against " + std::to_string(a_lane_each) + ")", nothing,
        [=](Options& o) { o.grad_lanes = a_lane_each; });
  add("activations computed again", [](Options& o) { o.recompute = true; }, [](Options& o) { o.recompute = false; });
  add("dropout 0.1", [](Options& o) { o.dropout = 0.1; }, [](Options& o) { o.dropout = 0; });
  if (list.base.dtype == Dtype::bfloat16)
    add(
        "float32 (against bfloat16)", [](Options& o) { o.dtype = Dtype::float32; }, nothing);

  for (const Choice& choice : choices) {
    std::vector<double> ratios;
    Price price{.choice = choice.text};
    for (std::int64_t round = 0; round < rounds; ++round) {
      ModelBench with, without;
      if (round % 2 == 0) with = bench_model(name, choice.with);
      without = bench_model(name, choice.without);
      if (round % 2 == 1) with = bench_model(name, choice.with);
      ratios.push_back(with.step_seconds / without.step_seconds);
      price.memory = static_cast<double>(with.engine_bytes) / static_cast<double>(without.engine_bytes);
    }
    price.time = lab::median(ratios);
    price.time_low = *std::min_element(ratios.begin(), ratios.end());
    price.time_high = *std::max_element(ratios.begin(), ratios.end());
    list.prices.push_back(price);
  }
  BenchedModel(name, options).time_checkpoints(rounds, folder, list);
  return list;
}

}  // namespace isoflop
