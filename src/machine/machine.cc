#include "isoflop/machine.h"

#if defined(__linux__)
#include <sched.h>
#endif

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cmath>
#include <thread>

#include "base/team.h"
#include "isoflop/text.h"
#include "kernels/choose.h"
#include "kernels/peak.h"
#include "machine/system.h"

namespace isoflop {
namespace {

static_assert(static_cast<int>(Isa::ref) == static_cast<int>(kernels::Set::ref));
static_assert(static_cast<int>(Isa::avx2) == static_cast<int>(kernels::Set::avx2));
static_assert(static_cast<int>(Isa::avx512) == static_cast<int>(kernels::Set::avx512));
static_assert(static_cast<int>(Isa::avx512bf16) == static_cast<int>(kernels::Set::avx512bf16));

std::vector<Isa> usable() {
  std::vector<Isa> isas;
  for (const kernels::Set set : kernels::available()) isas.push_back(static_cast<Isa>(set));
  return isas;
}

std::int64_t scheduled_cores() {
#if defined(__linux__)
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) return std::max(1, CPU_COUNT(&mask));
#endif
  return std::max(1U, std::thread::hardware_concurrency());
}

double seconds_of(const auto& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// the best rate of bursts of about 10 ms until `seconds` are spent; one(rank, rounds) returns the FLOPs it did
template <class One>
double best_gflops(Team& team, double seconds, const One& one) {
  std::vector<double> done(static_cast<std::size_t>(team.size()));
  const auto burst = [&](std::int64_t rounds) {
    return seconds_of([&] { team.run([&](std::int64_t rank) { done[static_cast<std::size_t>(rank)] = one(rounds); }); });
  };
  std::int64_t rounds = 1000;
  double spent = burst(rounds);
  while (spent < 0.01) {
    rounds *= 2;
    spent = burst(rounds);
  }
  double best = 0;
  for (double total = 0; total < seconds || best == 0; total += spent) {
    spent = burst(rounds);
    double flops = 0;
    for (const double f : done) flops += f;
    best = std::max(best, flops / spent / 1e9);
  }
  return best;
}

double best_read_gbs(Team& team, double seconds, const kernels::Peak& peak, std::int64_t available) {
  // beyond the caches of one socket, and never more than an eighth of what is free
  constexpr std::int64_t kMost = std::int64_t{256} << 20;
  const std::int64_t bytes = available > 0 ? std::min(kMost, available / 8) : kMost;
  const std::int64_t each = std::max<std::int64_t>(1, bytes / 4 / team.size() / 4096) * 4096;
  std::vector<std::vector<float>> parts(static_cast<std::size_t>(team.size()));
  team.run([&](std::int64_t rank) { parts[static_cast<std::size_t>(rank)].assign(static_cast<std::size_t>(each), 1.0f); });
  std::vector<float> sums(parts.size());
  double best = 0;
  for (double total = 0; total < seconds || best == 0;) {
    const double spent = seconds_of([&] {
      team.run([&](std::int64_t rank) {
        const auto r = static_cast<std::size_t>(rank);
        sums[r] = peak.read(parts[r].data(), each);
      });
    });
    total += spent;
    best = std::max(best, 4.0 * static_cast<double>(each * team.size()) / spent / 1e9);
  }
  return best;
}

std::string list_of(const std::vector<Isa>& isas) {
  std::string text;
  for (const Isa isa : isas) text += (text.empty() ? "" : ", ") + to_string(isa);
  return text;
}

}  // namespace

MachineFacts machine_facts() {
  MachineFacts facts;
  facts.cpu = machine::cpu_name("");
  facts.cores = scheduled_cores();
  facts.memory_bytes = machine::memory_entry("", "MemTotal");
  facts.memory_available = machine::memory_entry("", "MemAvailable");
  const machine::Limits limits = machine::control_group_limits("");
  if (limits.cores) facts.cores = std::clamp<std::int64_t>(static_cast<std::int64_t>(*limits.cores), 1, facts.cores);
  if (limits.memory_bytes && *limits.memory_bytes < facts.memory_bytes) {
    facts.memory_bytes = *limits.memory_bytes;
    facts.memory_available =
        std::min(facts.memory_available, std::max<std::int64_t>(0, *limits.memory_bytes - *limits.memory_used));
  }
  facts.isas = usable();
  return facts;
}

Isa best_isa() {
  return usable().back();
}

std::string to_string(Isa isa) {
  switch (isa) {
    case Isa::avx512bf16:
      return "avx512bf16";
    case Isa::avx512:
      return "avx512";
    case Isa::avx2:
      return "avx2";
    case Isa::ref:
      break;
  }
  return "ref";
}

Isa isa_from(const std::string& text) {
  const std::vector<Isa> here = usable();
  const std::string hint = "this machine has " + list_of(here);
  std::vector<std::string> names;
  for (const Isa isa : {Isa::ref, Isa::avx2, Isa::avx512, Isa::avx512bf16}) {
    names.push_back(to_string(isa));
    if (text != names.back()) continue;
    if (std::find(here.begin(), here.end(), isa) == here.end()) {
      throw Error(Fault::usage, "instruction set " + text, "this machine cannot run it", hint);
    }
    return isa;
  }
  const std::optional<std::string> near = nearest(text, names);
  throw Error(Fault::usage, "instruction set " + text, near ? "unknown; did you mean " + *near + "?" : "unknown", hint);
}

namespace {
void check_burst(Isa isa, std::int64_t threads, double seconds) {
  static_cast<void>(isa_from(to_string(isa)));
  if (threads < 1 || threads > 4096) throw Error(Fault::usage, "threads", "expected 1 to 4096, not " + format_number(threads));
  if (!(seconds > 0 && seconds <= 3600)) throw Error(Fault::usage, "seconds", "expected more than 0 and at most 3600");
}
}  // namespace

double peak_gflops(Isa isa, std::int64_t threads, double seconds) {
  check_burst(isa, threads, seconds);
  Team team(threads);
  return best_gflops(team, seconds,
                     isa == Isa::avx512bf16 ? kernels::bf16_burst : kernels::peak(static_cast<kernels::Set>(isa)).fma);
}

MachinePeaks measure_peaks(Isa isa, std::int64_t threads, double seconds) {
  check_burst(isa, threads, seconds);
  Team team(threads);
  const kernels::Peak& peak = kernels::peak(static_cast<kernels::Set>(isa));
  MachinePeaks peaks;
  const double each = seconds / 3;
  peaks.fp32_gflops = best_gflops(team, each, peak.fma);
  if (isa == Isa::avx512bf16) peaks.bf16_gflops = best_gflops(team, each, kernels::bf16_burst);
  peaks.read_gbs = best_read_gbs(team, each, peak, machine_facts().memory_available);
  return peaks;
}

}  // namespace isoflop
