#include "lab/process.h"

#include <fstream>
#include <string>

namespace isoflop::lab {
namespace {
std::int64_t status_field(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word == name) {
      std::int64_t kilobytes = 0;
      status >> kilobytes;
      return kilobytes * 1024;
    }
  }
  return 0;
}
}  // namespace

std::int64_t resident_bytes() { return status_field("VmRSS:"); }
std::int64_t peak_resident_bytes() { return status_field("VmHWM:"); }
void reset_peak_resident() { std::ofstream("/proc/self/clear_refs") << "5"; }

}  // namespace isoflop::lab
