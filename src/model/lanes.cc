#include "model/lanes.h"

#include <algorithm>

#include "base/check.h"

namespace isoflop::model {
namespace {

struct Node {
  std::int64_t first = 0, count = 0;  // lanes it sums
  std::int64_t buffer = 0;
};

bool siblings(const Node& left, const Node& right) {
  return left.count == right.count && left.first % (2 * left.count) == 0 && left.first + left.count == right.first;
}

// pushes a node and adds while the two last are siblings; calls merged(left, right) for each addition
template <class Merged>
void push(std::vector<Node>& stack, Node node, Merged merged) {
  stack.push_back(node);
  while (stack.size() >= 2 && siblings(stack[stack.size() - 2], stack.back())) {
    const Node right = stack.back();
    stack.pop_back();
    merged(Merge{stack.back().buffer, right.buffer});
    stack.back().count *= 2;
  }
}

}  // namespace

LanePlan plan_lanes(std::int64_t lanes, std::int64_t threads) {
  ISOFLOP_CHECK(lanes >= 1 && (lanes & (lanes - 1)) == 0 && threads >= 1);
  const std::int64_t ranks = std::min(lanes, threads);
  LanePlan plan;
  std::vector<Node> left_over;
  for (std::int64_t rank = 0; rank < ranks; ++rank) {
    std::vector<LaneWork> work;
    std::vector<Node> stack;
    const std::int64_t first_buffer = plan.buffers;
    for (std::int64_t lane = rank * lanes / ranks; lane < (rank + 1) * lanes / ranks; ++lane) {
      // the stack's depth is the number of buffers in use, and nodes lie in them in order
      const std::int64_t buffer = first_buffer + static_cast<std::int64_t>(stack.size());
      plan.buffers = std::max(plan.buffers, buffer + 1);
      LaneWork item{lane, buffer, {}};
      push(stack, {lane, 1, buffer}, [&](Merge merge) { item.merges.push_back(merge); });
      work.push_back(std::move(item));
    }
    plan.by_rank.push_back(std::move(work));
    left_over.insert(left_over.end(), stack.begin(), stack.end());
  }

  // what is left spans threads: left neighbours are smaller or larger, so add wherever two siblings meet until one is left
  std::vector<Node> nodes = std::move(left_over);
  while (nodes.size() > 1) {
    const auto before = nodes.size();
    for (std::size_t i = 0; i + 1 < nodes.size();) {
      if (siblings(nodes[i], nodes[i + 1])) {
        plan.last.push_back({nodes[i].buffer, nodes[i + 1].buffer});
        nodes[i].count *= 2;
        nodes.erase(nodes.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      } else {
        ++i;
      }
    }
    ISOFLOP_CHECK(nodes.size() < before);
  }
  plan.root = nodes.front().buffer;
  return plan;
}

double tree_sum(std::vector<double> values) {
  ISOFLOP_CHECK(!values.empty());
  for (std::size_t width = 1; width < values.size(); width *= 2) {
    for (std::size_t i = 0; i + width < values.size(); i += 2 * width) values[i] += values[i + width];
  }
  return values.front();
}

}  // namespace isoflop::model
