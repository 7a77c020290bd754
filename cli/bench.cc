// isoflop bench: this machine, its peaks, and how fast it trains.
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"
#include "isoflop/lab.h"

namespace cli {
namespace {

struct Options {
  std::string what = "models";
  std::vector<std::string> models;
  std::string isa, dtype, activation;
  isoflop::ModelBenchOptions bench;
  std::int64_t rounds = 5;
};

std::string rounded(double value, const std::string& unit) {
  return std::to_string(std::llround(value)) + " " + unit;
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %%", 100 * share);
  return text;
}

Json json_of(const isoflop::ModelBench& m) {
  Json parts = Json::object();
  for (const isoflop::PartTime& part : m.parts) parts[part.part] = part.seconds;
  return {{"name", m.name},
          {"params", m.params},
          {"batch_size", m.batch_size},
          {"block_size", m.shape.block_size},
          {"activation", isoflop::to_string(m.shape.activation)},
          {"dropout", m.shape.dropout},
          {"dtype", isoflop::to_string(m.dtype)},
          {"isa", isoflop::to_string(m.isa)},
          {"threads", m.threads},
          {"grad_lanes", m.grad_lanes},
          {"steps", m.steps},
          {"step_seconds", m.step_seconds},
          {"tokens_per_second", m.tokens_per_second},
          {"gflops", m.gflops},
          {"gflops_executed", m.gflops_executed},
          {"peak_gflops", m.peak_gflops},
          {"share_of_peak", m.share_of_peak()},
          {"share_executed", m.share_executed()},
          {"engine_bytes", m.engine_bytes},
          {"part_seconds", parts}};
}

void print_models(const std::vector<isoflop::ModelBench>& models) {
  std::vector<std::vector<std::string>> rows;
  for (const isoflop::ModelBench& m : models) {
    rows.push_back({m.name, isoflop::format_count(static_cast<double>(m.params)), isoflop::to_string(m.dtype),
                    isoflop::to_string(m.isa), std::to_string(m.threads), isoflop::format_count(m.tokens_per_second),
                    rounded(m.gflops, ""), percent(m.share_of_peak()), percent(m.share_executed()),
                    rounded(static_cast<double>(m.engine_bytes) / 1048576.0, "MiB")});
  }
  print_table({"model", "params", "dtype", "kernels", "threads", "tokens/s", "GFLOP/s", "of peak", "executed", "memory"}, rows);
  std::printf("\nwhere a step's time goes\n");
  std::vector<std::string> head = {"model"};
  for (const isoflop::PartTime& part : models.front().parts) head.push_back(part.part);
  rows.clear();
  for (const isoflop::ModelBench& m : models) {
    std::vector<std::string> row = {m.name};
    double all = 0;
    for (const isoflop::PartTime& part : m.parts) all += part.seconds;
    for (const isoflop::PartTime& part : m.parts) row.push_back(percent(part.seconds / all));
    rows.push_back(std::move(row));
  }
  print_table(head, rows);
}

void bench_each_kernel(const Globals& globals, const Options& options) {
  const isoflop::Isa isa = options.isa.empty() ? isoflop::best_isa() : isoflop::isa_from(options.isa);
  note(globals, "timing each kernel of " + isoflop::to_string(isa) + " on one core");
  const std::vector<isoflop::KernelTime> times = isoflop::bench_kernels(isa, options.bench.seconds / 30);
  if (globals.json) {
    Json kernels = Json::array();
    for (const isoflop::KernelTime& time : times) {
      Json entry = {{"kernel", time.kernel}, {"shape", time.shape},      {"seconds", time.seconds},
                    {"gflops", nullptr},     {"share_of_peak", nullptr}, {"ns_per_element", nullptr}};
      if (time.gflops > 0) entry["gflops"] = time.gflops, entry["share_of_peak"] = time.share_of_peak;
      if (time.ns_per_element > 0) entry["ns_per_element"] = time.ns_per_element;
      kernels.push_back(std::move(entry));
    }
    print_json({{"isa", isoflop::to_string(isa)}, {"threads", 1}, {"kernels", kernels}});
    return;
  }
  std::vector<std::vector<std::string>> rows;
  for (const isoflop::KernelTime& time : times) {
    char each[32];
    std::snprintf(each, sizeof each, "%.3f", time.ns_per_element);
    rows.push_back({time.kernel, time.shape, isoflop::format_count(time.seconds * 1e9),
                    time.gflops > 0 ? isoflop::format_count(time.gflops) : "-",
                    time.gflops > 0 ? percent(time.share_of_peak) : "-", time.ns_per_element > 0 ? each : "-"});
  }
  print_table({"kernel of " + isoflop::to_string(isa), "size", "ns", "GFLOP/s", "of peak", "ns/element"}, rows);
}

void print_prices(const Globals& globals, const std::vector<isoflop::PriceList>& models, std::int64_t rounds) {
  if (globals.json) {
    Json list = Json::array();
    for (const isoflop::PriceList& m : models) {
      Json prices = Json::array();
      for (const isoflop::Price& p : m.prices)
        prices.push_back(
            {{"choice", p.choice}, {"time", p.time}, {"time_low", p.time_low}, {"time_high", p.time_high}, {"memory", p.memory}});
      list.push_back({{"model", json_of(m.base)},
                      {"prices", prices},
                      {"checkpoint_seconds", m.checkpoint_seconds},
                      {"checkpoint_bytes", m.checkpoint_bytes}});
    }
    print_json({{"prices", list}});
    return;
  }
  const auto signed_percent = [](double ratio) { return (ratio >= 1 ? "+" : "") + percent(ratio - 1); };
  std::vector<std::vector<std::string>> rows;
  for (const isoflop::PriceList& m : models) {
    for (const isoflop::Price& p : m.prices)
      rows.push_back({m.base.name, p.choice, signed_percent(p.time),
                      rounds > 1 ? signed_percent(p.time_low) + " to " + signed_percent(p.time_high) : "-",
                      signed_percent(p.memory)});
    rows.push_back({m.base.name, "a checkpoint every 200 steps",
                    signed_percent(1 + m.checkpoint_seconds / (200 * m.base.step_seconds)),
                    rounded(1000 * m.checkpoint_seconds, "ms each"),
                    rounded(static_cast<double>(m.checkpoint_bytes) / 1048576.0, "MiB on disk")});
  }
  print_table({"model", "choice", "time of a step", "range", "memory"}, rows);
}

void bench(const Globals& globals, Options& options) {
  if (options.what == "kernels") {
    bench_each_kernel(globals, options);
    return;
  }
  const isoflop::MachineFacts facts = isoflop::machine_facts();
  const isoflop::Isa isa = options.isa.empty() ? isoflop::best_isa() : isoflop::isa_from(options.isa);
  isoflop::ModelBenchOptions& bench = options.bench;
  if (!options.isa.empty()) bench.isa = isa;
  try {
    if (!options.dtype.empty()) bench.dtype = isoflop::parse_enum<isoflop::Dtype>(options.dtype, "dtype");
    if (!options.activation.empty()) bench.activation = isoflop::activation_from(options.activation);
  } catch (const isoflop::Error& error) {
    throw isoflop::Error(isoflop::Fault::usage, options.dtype.empty() ? "--activation" : "--dtype", error.problem(),
                         error.hint());
  }
  if (bench.threads <= 0) bench.threads = facts.cores;
  bench.stop = stop_requested();
  if (options.models.empty()) options.models = {"tiny", "small", "medium", "base", "large"};
  if (options.models.size() == 1 && options.models.front() == "none") options.models.clear();
  for (const std::string& name : options.models) (void)isoflop::bench_model_shape(name);  // a wrong name is said at once

  if (options.what == "prices") {
    // five choices, each with and without in every round
    constexpr double kMeasurements = 10;
    note(globals,
         "about " +
             isoflop::format_count(std::ceil(static_cast<double>(options.models.size()) *
                                             (1 + kMeasurements * static_cast<double>(options.rounds)) * bench.seconds)) +
             " s, and each measurement's start on top (--models, --rounds, --seconds)");
    std::vector<isoflop::PriceList> models;
    for (const std::string& name : options.models) {
      note(globals, "pricing choices for " + name);
      models.push_back(isoflop::bench_prices(name, bench, options.rounds, "."));
    }
    print_prices(globals, models, options.rounds);
    return;
  }

  note(globals, "measuring peaks on " + std::to_string(bench.threads) + (bench.threads == 1 ? " thread" : " threads"));
  const isoflop::MachinePeaks peaks = isoflop::measure_peaks(isa, bench.threads, 1.0);
  std::vector<isoflop::ModelBench> models;
  for (const std::string& name : options.models) {
    note(globals, "training " + name);
    models.push_back(isoflop::bench_model(name, bench));
  }

  if (globals.json) {
    Json isas = Json::array(), measured = Json::array();
    for (const isoflop::Isa one : facts.isas) isas.push_back(isoflop::to_string(one));
    for (const isoflop::ModelBench& m : models) measured.push_back(json_of(m));
    Json result;
    result["machine"] = {{"cpu", facts.cpu}, {"cores", facts.cores}, {"memory_bytes", facts.memory_bytes}, {"isas", isas}};
    result["isa"] = isoflop::to_string(isa);
    result["threads"] = bench.threads;
    result["peak"] = {{"fp32_gflops", peaks.fp32_gflops}, {"bf16_gflops", nullptr}, {"read_gbs", peaks.read_gbs}};
    if (peaks.bf16_gflops > 0) result["peak"]["bf16_gflops"] = peaks.bf16_gflops;
    result["models"] = measured;
    print_json(result);
    return;
  }

  std::string isas;
  for (const isoflop::Isa one : facts.isas) isas += (isas.empty() ? "" : ", ") + isoflop::to_string(one);
  print_table({"machine", ""}, {{"processor", facts.cpu},
                                {"cores", std::to_string(facts.cores)},
                                {"memory", rounded(static_cast<double>(facts.memory_bytes) / 1073741824.0, "GiB")},
                                {"instruction sets", isas},
                                {"measured", isoflop::to_string(isa) + " on " + std::to_string(bench.threads) +
                                                 (bench.threads == 1 ? " thread" : " threads")},
                                {"f32 peak", rounded(peaks.fp32_gflops, "GFLOP/s")},
                                {"bf16 peak", peaks.bf16_gflops > 0 ? rounded(peaks.bf16_gflops, "GFLOP/s") : "no unit"},
                                {"memory read", rounded(peaks.read_gbs, "GB/s")}});
  if (!models.empty()) {
    std::printf("\n");
    print_models(models);
  }
}

}  // namespace

void add_bench(CLI::App& program, Globals& globals) {
  CLI::App* command =
      add_command(program, globals, "bench", "Measure this machine: arithmetic peaks, memory bandwidth, and how fast it trains.",
                  "isoflop bench --models tiny,large");
  const auto options = std::make_shared<Options>();
  command
      ->add_option("what", options->what,
                   "models (default); kernels: each one alone, on one core; prices: what exact GELU, gradient lanes, "
                   "recomputation, dropout, float32 "
                   "and checkpoints cost")
      ->check(CLI::IsMember({"models", "kernels", "prices"}));
  command->add_option("--rounds", options->rounds, "Pairs of measurements a price is the median of")
      ->check(whole_number(1, 1000))
      ->capture_default_str();
  command->add_option("--models", options->models, "tiny, small, medium, base, large (these by default), gpt2-124m; or none")
      ->delimiter(',');
  command->add_option("--isa", options->isa,
                      "Instruction set: ref, avx2, avx512 or avx512bf16 (default: the best this machine has)");
  command->add_option("--dtype", options->dtype, "float32 or bfloat16 (default: bfloat16 where the machine has AVX512-BF16)");
  command->add_option("--activation", options->activation, "gelu (default) or gelu_tanh");
  command->add_option("--dropout", options->bench.dropout, "Share dropped in training")
      ->check(from_zero_below_one())
      ->capture_default_str();
  command->add_option("--threads", options->bench.threads, "Threads (default: every usable core)")
      ->check(whole_number(1, 4096));
  command->add_option("--grad-lanes", options->bench.grad_lanes, "Gradient lanes, a power of two (default: as a run has them)")
      ->check(whole_number(0));
  command->add_flag("--recompute", options->bench.recompute, "Compute activations again in backward: less memory, more time");
  command->add_option("--seconds", options->bench.seconds, "Training per model")->check(above_zero())->capture_default_str();
  command->callback([&globals, options] { bench(globals, *options); });
}

}  // namespace cli
