// This machine measured, and machines made up.
#include "isoflop/machine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/testing.h"
#include "kernels/choose.h"
#include "machine/system.h"

namespace isoflop {
namespace {

// a made-up root folder
class Root : public ::testing::Test {
 protected:
  void SetUp() override { root_ = fresh_folder(); }
  void TearDown() override { std::filesystem::remove_all(root_); }
  void write(const std::string& path, const std::string& text) const {
    const std::filesystem::path file = root_ / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  [[nodiscard]] std::string root() const { return root_.string(); }

 private:
  std::filesystem::path root_;
};
class ControlGroups : public Root {};
class Proc : public Root {};

TEST_F(ControlGroups, NoFilesMeanNoLimits) {
  const machine::Limits limits = machine::control_group_limits(root());
  EXPECT_FALSE(limits.cores || limits.memory_bytes);
}

TEST_F(ControlGroups, Version2TakesTheTightestOfTheGroupAndItsParents) {
  write("proc/self/cgroup", "0::/pod/job\n");
  write("sys/fs/cgroup/pod/job/cpu.max", "max 100000\n");
  write("sys/fs/cgroup/pod/job/memory.max", "max\n");
  write("sys/fs/cgroup/pod/cpu.max", "250000 100000\n");
  write("sys/fs/cgroup/pod/memory.max", "1073741824\n");
  write("sys/fs/cgroup/pod/memory.current", "500000000\n");
  write("sys/fs/cgroup/pod/memory.stat", "anon 1\ninactive_file 100000000\n");
  const machine::Limits limits = machine::control_group_limits(root());
  EXPECT_EQ(limits.cores, 2.5);
  EXPECT_EQ(limits.memory_bytes, 1073741824);
  EXPECT_EQ(limits.memory_used, 400000000);
}

TEST_F(ControlGroups, Version2InAContainerIsReadAtTheMount) {
  write("proc/self/cgroup", "0::/not/seen/here\n");
  write("sys/fs/cgroup/cpu.max", "100000 50000\n");
  EXPECT_EQ(machine::control_group_limits(root()).cores, 2);
}

TEST_F(ControlGroups, Version1IsReadPerController) {
  write("proc/self/cgroup", "5:cpu,cpuacct:/a\n4:memory:/b\n3:cpuset:/\n");
  write("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "150000\n");
  write("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
  write("sys/fs/cgroup/memory/b/memory.limit_in_bytes", "2000000\n");
  write("sys/fs/cgroup/memory/b/memory.usage_in_bytes", "1500000\n");
  const machine::Limits limits = machine::control_group_limits(root());
  EXPECT_EQ(limits.cores, 1.5);
  EXPECT_EQ(limits.memory_bytes, 2000000);
  EXPECT_EQ(limits.memory_used, 1500000);
}

TEST_F(ControlGroups, Version1WithoutAQuotaOrALimitHasNone) {
  write("proc/self/cgroup", "1:cpu:/\n4:memory:/\n");
  write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  const machine::Limits limits = machine::control_group_limits(root());
  EXPECT_FALSE(limits.cores || limits.memory_bytes);
}

TEST_F(ControlGroups, FilesThatDoNotParseAreNoLimits) {
  write("proc/self/cgroup", "nonsense\n0:\n0::/x\n");
  write("sys/fs/cgroup/x/cpu.max", "many\n");
  write("sys/fs/cgroup/x/memory.max", "12 elephants\n");
  const machine::Limits limits = machine::control_group_limits(root());
  EXPECT_FALSE(limits.cores || limits.memory_bytes);
}

TEST_F(Proc, NamesTheProcessorAndCountsMemory) {
  write("proc/cpuinfo", "processor\t: 0\nmodel name\t: A Fine CPU @ 3 GHz\nflags : x\n");
  write("proc/meminfo", "MemTotal:       1000 kB\nMemAvailable:    400 kB\n");
  EXPECT_EQ(machine::cpu_name(root()), "A Fine CPU @ 3 GHz");
  EXPECT_EQ(machine::memory_entry(root(), "MemTotal"), 1024000);
  EXPECT_EQ(machine::memory_entry(root(), "MemAvailable"), 409600);
  EXPECT_EQ(machine::memory_entry(root(), "Mem"), 0);
}

TEST_F(Proc, WithoutFilesIsUnknown) {
  EXPECT_EQ(machine::cpu_name(root()), "unknown");
  EXPECT_EQ(machine::memory_entry(root(), "MemTotal"), 0);
}

TEST(MachineFacts, DescribeThisMachine) {
  const MachineFacts facts = machine_facts();
  EXPECT_FALSE(facts.cpu.empty());
  EXPECT_GE(facts.cores, 1);
  EXPECT_GT(facts.memory_bytes, 0);
  EXPECT_GT(facts.memory_available, 0);
  EXPECT_LE(facts.memory_available, facts.memory_bytes);
  ASSERT_FALSE(facts.isas.empty());
  EXPECT_EQ(facts.isas.front(), Isa::ref);
  EXPECT_EQ(facts.isas.back(), best_isa());
  EXPECT_EQ(facts.isas.size(), kernels::available().size());
}

TEST(IsaFrom, ReadsWhatToStringWrites) {
  for (const Isa isa : machine_facts().isas) EXPECT_EQ(isa_from(to_string(isa)), isa);
}

TEST(IsaFrom, AnUnknownOrMissingSetIsAUsageErrorThatSaysWhatThereIs) {
  for (const char* text : {"avx1024", "", "AVX2"}) {
    try {
      static_cast<void>(isa_from(text));
      FAIL() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.fault(), Fault::usage);
      EXPECT_NE(error.hint().find("ref"), std::string::npos);
    }
  }
  for (const Isa isa : {Isa::avx2, Isa::avx512, Isa::avx512bf16}) {
    const std::vector<Isa> here = machine_facts().isas;
    if (std::find(here.begin(), here.end(), isa) != here.end()) continue;
    EXPECT_THROW(static_cast<void>(isa_from(to_string(isa))), Error);
  }
}

TEST(MeasurePeaks, FindsARateOnEverySetAndThreads) {
  for (const Isa isa : machine_facts().isas) {
    for (const std::int64_t threads : {1, 2}) {
      const MachinePeaks peaks = measure_peaks(isa, threads, 0.02);
      // plain loops on cores that others use too are slow, not broken
      EXPECT_GT(peaks.fp32_gflops, 0.001);
      EXPECT_LT(peaks.fp32_gflops, 1e5);
      EXPECT_GT(peaks.read_gbs, 0.001);
      EXPECT_LT(peaks.read_gbs, 1e4);
      EXPECT_EQ(peaks.bf16_gflops > 0, isa == Isa::avx512bf16);
    }
  }
}

TEST(MeasurePeaks, RefusesWhatCannotBeMeant) {
  EXPECT_THROW(static_cast<void>(measure_peaks(Isa::ref, 0)), Error);
  EXPECT_THROW(static_cast<void>(measure_peaks(Isa::ref, 1, 0)), Error);
}

}  // namespace
}  // namespace isoflop
