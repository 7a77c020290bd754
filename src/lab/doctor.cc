// The environment: what a study needs of this machine, each with what was found and how to mend it.
#include <unistd.h>

#include <fstream>

#include "base/file.h"
#include "isoflop/text.h"
#include "isoflop/lab.h"

namespace isoflop {
namespace {

namespace fs = std::filesystem;

fs::path nearest_existing(fs::path path) {
  std::error_code ignored;
  path = fs::absolute(path, ignored);
  while (!path.empty() && path != path.root_path() && !fs::exists(path, ignored)) path = path.parent_path();
  return path;
}

DoctorFinding folder_finding(const std::string& what, const fs::path& path) {
  const fs::path existing = nearest_existing(path);
  std::error_code error;
  const fs::space_info space = fs::space(existing, error);
  const bool writable = ::access(existing.c_str(), W_OK) == 0;
  constexpr std::uintmax_t kLittle = std::uintmax_t{1} << 30;
  const std::string free = error ? "free space unknown" : format_bytes(static_cast<double>(space.available)) + " free";
  if (!writable) return {what, false, path.string() + " cannot be written: choose another folder"};
  return {what, !error && space.available >= kLittle,
          path.string() + ": " + free + (!error && space.available < kLittle ? "; checkpoints may not fit" : "")};
}

}  // namespace

std::vector<DoctorFinding> doctor_environment(const fs::path& out, const fs::path& cache) {
  std::vector<DoctorFinding> findings;
  const MachineFacts machine = machine_facts();
  std::string isas;
  for (const Isa isa : machine.isas) isas += (isas.empty() ? "" : ", ") + to_string(isa);
  findings.push_back({"processor", true, machine.cpu + ", " + std::to_string(machine.cores) + " usable cores"});
  findings.push_back(
      {"kernels", best_isa() != Isa::ref,
       "sets this machine runs: " + isas + (best_isa() == Isa::ref ? "; plain loops only: training will be slow" : "")});
  constexpr double kComfort = 2.0 * 1024 * 1024 * 1024;
  findings.push_back({"memory", static_cast<double>(machine.memory_available) >= kComfort,
                      format_bytes(static_cast<double>(machine.memory_available)) + " available of " +
                          format_bytes(static_cast<double>(machine.memory_bytes))});

  std::ifstream huge("/sys/kernel/mm/transparent_hugepage/enabled");
  std::string mode;
  std::getline(huge, mode);
  const bool off = mode.find("[never]") != std::string::npos;
  findings.push_back({"huge pages", !off,
                      mode.empty() ? "unknown on this system"
                      : off        ? "off: training loses some speed (echo madvise > /sys/kernel/mm/transparent_hugepage/enabled)"
                                   : mode});
  findings.push_back(folder_finding("output folder", out));
  findings.push_back(folder_finding("cache folder", cache));
  return findings;
}

}  // namespace isoflop
