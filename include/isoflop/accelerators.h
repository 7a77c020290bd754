// Accelerators as their makers state them (data/hardware.toml).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "isoflop/base.h"

namespace isoflop {

struct PriceRange {
  double low = 0, typical = 0, high = 0;  ///< US dollars per device-hour, on demand
};

/// One device as its maker states it. Peaks are dense, never the figure for structured sparsity.
struct Accelerator {
  std::string name;                        ///< "h100-sxm"
  std::string title;                       ///< "NVIDIA H100 SXM"
  std::vector<std::string> aliases;        ///< other words for it: "h100"
  double peak_flops = 0;                   ///< FLOP/s of `dtype` matrix products, fp32 accumulation
  std::string dtype = "bf16";
  std::optional<double> peak_8bit;         ///< operations/s in fp8, else int8
  double memory_bytes = 0;
  std::optional<double> bytes_per_second;  ///< memory bandwidth
  std::optional<double> watts;             ///< board power as the maker states it
  std::int64_t devices_per_node = 8;
  double server_factor = 1;                ///< power of the server per device over `watts`
  std::optional<PriceRange> usd_per_hour;  ///< none: nothing that could be cited
  std::optional<double> usd_to_buy;        ///< a device with its share of the server, without the network between servers
  std::string source, date;                ///< of the figures; `date` of the prices
};

/// The built-in ones, in the order of the file.
[[nodiscard]] const std::vector<Accelerator>& accelerators();

/// Further ones in the form of data/hardware.toml; one of a built-in name takes its place.
///
/// Throws   Error{bad_data} naming `subject`, line and key.
[[nodiscard]] std::vector<Accelerator> accelerators_from_toml(const std::string& text, const std::string& subject);

/// This machine as `isoflop bench --json` measured it: the higher of its f32 and bf16 peaks.
///
/// Throws   Error{bad_data} naming `subject` and the key.
[[nodiscard]] Accelerator accelerator_from_bench(const std::string& json, const std::string& subject);

/// By name or alias, capitals, spaces, `-` and `_` alike; those in `own` first.
///
/// Throws   Error{usage} naming the nearest, and all.
[[nodiscard]] const Accelerator& find_accelerator(const std::string& name, const std::vector<Accelerator>& own = {});

/// "H100:512" -> the accelerator and how many; one without a count.
///
/// Throws   as find_accelerator(); Error{usage} for a count that is no whole number above 0.
[[nodiscard]] std::pair<Accelerator, std::int64_t> parse_devices(const std::string& text,
                                                                 const std::vector<Accelerator>& own = {});

}  // namespace isoflop
