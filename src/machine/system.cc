#include "machine/system.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <vector>

#include "isoflop/text.h"

namespace isoflop::machine {
namespace {

std::optional<std::string> first_line(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  if (!std::getline(in, line)) return std::nullopt;
  return line;
}

std::optional<std::int64_t> integer_in(const std::string& path) {
  const std::optional<std::string> line = first_line(path);
  return line ? parse_int(*line) : std::nullopt;
}

// the value of "name value" in a file of such lines; 0 if there is none
std::int64_t stat_entry(const std::string& path, const std::string& name) {
  std::ifstream in(path);
  std::string key;
  std::int64_t value = 0;
  while (in >> key >> value) {
    if (key == name) return value;
  }
  return 0;
}

void tighten_memory(Limits& limits, std::int64_t limit, std::int64_t used, std::int64_t cache) {
  // version 1 writes "no limit" as a huge number
  if (limit <= 0 || limit >= (std::int64_t{1} << 60)) return;
  if (limits.memory_bytes && *limits.memory_bytes <= limit) return;
  limits.memory_bytes = limit;
  limits.memory_used = std::max<std::int64_t>(0, used - cache);
}

void tighten_cores(Limits& limits, double quota, double period) {
  if (!(quota > 0) || !(period > 0)) return;
  limits.cores = std::min(limits.cores.value_or(quota / period), quota / period);
}

// version 2: cpu.max is "quota period" or "max period"
void read_unified(const std::string& folder, Limits& limits) {
  if (const auto line = first_line(folder + "/cpu.max")) {
    std::istringstream in(*line);
    double quota = 0, period = 0;
    if (in >> quota >> period) tighten_cores(limits, quota, period);
  }
  if (const auto limit = integer_in(folder + "/memory.max")) {
    tighten_memory(limits, *limit, integer_in(folder + "/memory.current").value_or(0),
                   stat_entry(folder + "/memory.stat", "inactive_file"));
  }
}

void read_version_1(const std::string& folder, Limits& limits) {
  const auto quota = integer_in(folder + "/cpu.cfs_quota_us"), period = integer_in(folder + "/cpu.cfs_period_us");
  if (quota && period) tighten_cores(limits, static_cast<double>(*quota), static_cast<double>(*period));
  if (const auto limit = integer_in(folder + "/memory.limit_in_bytes")) {
    tighten_memory(limits, *limit, integer_in(folder + "/memory.usage_in_bytes").value_or(0),
                   stat_entry(folder + "/memory.stat", "total_inactive_file"));
  }
}

// the group's folder and every parent up to the mount: inside a container only the mount itself may exist
template <class Read>
void for_each_parent(const std::string& mount, std::string path, const Read& read) {
  while (true) {
    while (!path.empty() && path.back() == '/') path.pop_back();
    read(mount + path);
    if (path.empty()) return;
    path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  }
}

}  // namespace

Limits control_group_limits(const std::string& root) {
  Limits limits;
  const std::string base = root + "/sys/fs/cgroup";
  std::ifstream in(root + "/proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {  // "id:controllers:path"
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1), path = line.substr(second + 1);
    if (controllers.empty()) {
      for (const std::string& mount : {base, base + "/unified"}) {
        for_each_parent(mount, path, [&](const std::string& folder) { read_unified(folder, limits); });
      }
      continue;
    }
    const bool relevant = ("," + controllers + ",").find(",cpu,") != std::string::npos || controllers == "memory";
    if (!relevant) continue;
    for (const std::string& mount : {base + "/" + controllers, base + (controllers == "memory" ? "/memory" : "/cpu")}) {
      for_each_parent(mount, path, [&](const std::string& folder) { read_version_1(folder, limits); });
    }
  }
  return limits;
}

std::string cpu_name(const std::string& root) {
  std::ifstream in(root + "/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("model name", 0) != 0) continue;
    const std::size_t start = line.find_first_not_of(" \t", line.find(':') + 1);
    if (line.find(':') != std::string::npos && start != std::string::npos) return line.substr(start);
  }
  return "unknown";
}

std::int64_t memory_entry(const std::string& root, const std::string& name) {
  // "MemTotal:       24597000 kB"
  std::ifstream in(root + "/proc/meminfo");
  for (std::string line; std::getline(in, line);) {
    if (line.rfind(name + ":", 0) != 0) continue;
    std::istringstream value(line.substr(name.size() + 1));
    std::int64_t kib = 0;
    if (value >> kib) return kib * 1024;
  }
  return 0;
}

}  // namespace isoflop::machine
