// isoflop bench: this machine and its peaks.
#include <memory>
#include <string>

#include "cli/command.h"
#include "isoflop/machine.h"

namespace cli {
namespace {

struct Options {
  std::string isa;
  std::int64_t threads = 0;
};

std::string rounded(double value, const std::string& unit) {
  return std::to_string(static_cast<std::int64_t>(value + 0.5)) + " " + unit;
}

void bench(const Globals& globals, const Options& options) {
  const isoflop::MachineFacts facts = isoflop::machine_facts();
  const isoflop::Isa isa = options.isa.empty() ? isoflop::best_isa() : isoflop::isa_from(options.isa);
  const std::int64_t threads = options.threads > 0 ? options.threads : facts.cores;
  note(globals,
       "measuring " + isoflop::to_string(isa) + " on " + std::to_string(threads) + (threads == 1 ? " thread" : " threads"));
  const isoflop::MachinePeaks peaks = isoflop::measure_peaks(isa, threads, 1.0);

  if (globals.json) {
    Json isas = Json::array();
    for (const isoflop::Isa one : facts.isas) isas.push_back(isoflop::to_string(one));
    Json result;
    result["machine"] = {{"cpu", facts.cpu},
                         {"cores", facts.cores},
                         {"memory_bytes", facts.memory_bytes},
                         {"isas", isas},
                         {"avx512_bf16", facts.avx512_bf16}};
    result["isa"] = isoflop::to_string(isa);
    result["threads"] = threads;
    result["peak"] = {{"fp32_gflops", peaks.fp32_gflops}, {"bf16_gflops", nullptr}, {"read_gbs", peaks.read_gbs}};
    if (peaks.bf16_gflops > 0) result["peak"]["bf16_gflops"] = peaks.bf16_gflops;
    print_json(result);
    return;
  }

  std::string isas;
  for (const isoflop::Isa one : facts.isas) isas += (isas.empty() ? "" : ", ") + isoflop::to_string(one);
  if (facts.avx512_bf16) isas += " (with bf16 units)";
  print_table({"machine", ""},
              {{"processor", facts.cpu},
               {"cores", std::to_string(facts.cores)},
               {"memory", rounded(static_cast<double>(facts.memory_bytes) / 1073741824.0, "GiB")},
               {"instruction sets", isas},
               {"measured", isoflop::to_string(isa) + " on " + std::to_string(threads) + (threads == 1 ? " thread" : " threads")},
               {"f32 peak", rounded(peaks.fp32_gflops, "GFLOP/s")},
               {"bf16 peak", peaks.bf16_gflops > 0 ? rounded(peaks.bf16_gflops, "GFLOP/s") : "no unit"},
               {"memory read", rounded(peaks.read_gbs, "GB/s")}});
}

}  // namespace

void add_bench(CLI::App& program, Globals& globals) {
  CLI::App* command = add_command(program, globals, "bench", "Measure this machine: arithmetic peaks and memory bandwidth.",
                                  "isoflop bench --threads 2");
  const auto options = std::make_shared<Options>();
  command->add_option("--isa", options->isa, "Instruction set: ref, avx2 or avx512 (default: the best this machine has)");
  command->add_option("--threads", options->threads, "Threads (default: every usable core)")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{4096}));
  command->callback([&globals, options] { bench(globals, *options); });
}

}  // namespace cli
