// What the operating system lets this process use. The root folder is a parameter so that tests can make machines up.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace isoflop::machine {

/// Limits of the control groups this process is in, version 2 or 1; the tightest over all parents. Empty: no limit.
struct Limits {
  std::optional<double> cores;  ///< quota / period
  std::optional<std::int64_t> memory_bytes;
  std::optional<std::int64_t> memory_used;  ///< of that limit, without what is only file cache
};

/// Reads `root`/proc/self/cgroup and `root`/sys/fs/cgroup. What cannot be read or parsed is no limit.
[[nodiscard]] Limits control_group_limits(const std::string& root);

/// The model name in `root`/proc/cpuinfo; "unknown" if there is none.
[[nodiscard]] std::string cpu_name(const std::string& root);

/// Bytes of an entry of `root`/proc/meminfo, e.g. "MemTotal"; 0 if there is none.
[[nodiscard]] std::int64_t memory_entry(const std::string& root, const std::string& name);

}  // namespace isoflop::machine
