// The fixed binary tree in which gradient lanes are added, whatever the number of threads (design 6).
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace isoflop::model {

/// left += right; right is free afterwards.
struct Merge {
  std::int64_t left = 0, right = 0;  // buffers
};

struct LaneWork {
  std::int64_t lane = 0;
  std::int64_t buffer = 0;    // where its gradient is gathered
  std::vector<Merge> merges;  // what its thread may add once the lane is done
};

/// Who works on which lane, in which buffer, and every addition of the tree exactly once.
///
/// A thread takes a contiguous run of lanes in order and adds two subtrees as soon as both are its own, like a binary counter:
/// so few buffers are held. What spans threads is left to `last`.
/// Checked  lanes_test.cc: the tree written out is the same for any number of threads.
struct LanePlan {
  std::vector<std::vector<LaneWork>> by_rank;
  std::vector<Merge> last;
  std::int64_t buffers = 0;
  std::int64_t root = 0;  // the buffer that holds the sum
};

/// lanes: a power of two.
[[nodiscard]] LanePlan plan_lanes(std::int64_t lanes, std::int64_t threads);

/// Sums one number per lane in the same tree.
[[nodiscard]] double tree_sum(std::vector<double> values);

}  // namespace isoflop::model
