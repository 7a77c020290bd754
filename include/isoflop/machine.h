// This machine measured: instruction sets, cores, memory, peaks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "isoflop/base.h"

namespace isoflop {

enum class Isa { ref, avx2, avx512, avx512bf16 };  ///< kernel sets, slowest first

struct MachineFacts {
  std::string cpu;
  std::int64_t cores = 1;              ///< usable by this process (affinity and cgroup quota)
  std::int64_t memory_bytes = 0;       ///< of the machine, or the cgroup's limit if smaller
  std::int64_t memory_available = 0;   ///< now
  std::vector<Isa> isas;               ///< kernel sets this machine can run, slowest first
};
[[nodiscard]] MachineFacts machine_facts();
[[nodiscard]] Isa best_isa();
[[nodiscard]] std::string to_string(Isa);
/// Throws usage with what the machine has, if the set is unknown or the machine lacks it.
[[nodiscard]] Isa isa_from(const std::string& text);

/// Peaks measured in a short burst on `threads` cores.
struct MachinePeaks {
  double fp32_gflops = 0;  ///< FMA on the widest f32 unit of `isa`
  double bf16_gflops = 0;  ///< 0: no unit
  double read_gbs = 0;     ///< DRAM read bandwidth
};
[[nodiscard]] MachinePeaks measure_peaks(Isa isa, std::int64_t threads, double seconds = 0.2);
/// The peak of the unit that `isa` computes with: bf16 for avx512bf16, else f32.
[[nodiscard]] double peak_gflops(Isa isa, std::int64_t threads, double seconds);

/// One kernel at one size, on one core.
struct KernelTime {
  std::string kernel, shape;
  double seconds = 0;         ///< of a call, the least of several batches
  double gflops = 0;          ///< matrix products and attention (its causal half) only
  double share_of_peak = 0;
  double ns_per_element = 0;  ///< what treats each element alone
};
/// Every kernel of a set at the sizes of the smallest and the largest source model; about `seconds` each.
[[nodiscard]] std::vector<KernelTime> bench_kernels(Isa isa, double seconds = 0.1);

}  // namespace isoflop
