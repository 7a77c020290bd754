#include "model/lanes.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace isoflop::model {
namespace {

// runs the plan on text: a merge writes the addition out
std::string written_out(std::int64_t lanes, std::int64_t threads) {
  const LanePlan plan = plan_lanes(lanes, threads);
  std::vector<std::string> buffers(static_cast<std::size_t>(plan.buffers));
  const auto add = [&](const Merge& merge) {
    std::string& left = buffers[static_cast<std::size_t>(merge.left)];
    std::string& right = buffers[static_cast<std::size_t>(merge.right)];
    left = "(" + left + "+" + right + ")";
    right.clear();
  };
  for (const auto& rank : plan.by_rank) {
    for (const LaneWork& work : rank) {
      std::string& buffer = buffers[static_cast<std::size_t>(work.buffer)];
      EXPECT_TRUE(buffer.empty()) << "a lane starts in a buffer that is in use";
      buffer = std::to_string(work.lane);
      for (const Merge& merge : work.merges) add(merge);
    }
  }
  for (const Merge& merge : plan.last) add(merge);
  return buffers[static_cast<std::size_t>(plan.root)];
}

TEST(LanePlan, AddsInTheSameTreeForAnyNumberOfThreads) {
  EXPECT_EQ(written_out(8, 1), "(((0+1)+(2+3))+((4+5)+(6+7)))");
  for (const std::int64_t lanes : {1, 2, 4, 8, 16}) {
    for (std::int64_t threads = 2; threads <= 20; ++threads)
      EXPECT_EQ(written_out(lanes, threads), written_out(lanes, 1)) << threads;
  }
}

TEST(LanePlan, HoldsFewBuffersOnFewThreads) {
  EXPECT_EQ(plan_lanes(8, 1).buffers, 4);
  EXPECT_EQ(plan_lanes(8, 2).buffers, 6);
  EXPECT_EQ(plan_lanes(8, 8).buffers, 8);
  EXPECT_EQ(plan_lanes(1, 4).buffers, 1);
}

TEST(LanePlan, GivesNoTwoThreadsTheSameBuffer) {
  for (std::int64_t threads = 1; threads <= 9; ++threads) {
    std::set<std::int64_t> taken;
    for (const auto& rank : plan_lanes(8, threads).by_rank) {
      std::set<std::int64_t> own;
      for (const LaneWork& work : rank) own.insert(work.buffer);
      for (const std::int64_t buffer : own) EXPECT_TRUE(taken.insert(buffer).second);
    }
  }
}

TEST(TreeSum, AddsNeighboursFirst) {
  const double tiny = 0x1p-53;
  EXPECT_EQ(tree_sum({1, tiny, tiny, tiny}), (1 + tiny) + (tiny + tiny));
  EXPECT_NE(tree_sum({1, tiny, tiny, tiny}), 1 + tiny + tiny + tiny);
  EXPECT_EQ(tree_sum({3}), 3);
}

}  // namespace
}  // namespace isoflop::model
