#include "corpus/ngrams.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace isoflop::corpus {
namespace {

constexpr std::uint64_t kFree = std::numeric_limits<std::uint64_t>::max();
constexpr std::size_t kFirstSlots = 1024;

std::uint64_t key_of(std::uint32_t parent, std::uint32_t symbol) {
  return static_cast<std::uint64_t>(parent) << 32 | symbol;
}

// the slot of a key, or the free one where it belongs
std::size_t slot_of(const std::vector<std::uint64_t>& keys, std::uint64_t key) {
  const std::size_t mask = keys.size() - 1;
  std::uint64_t mixed = (key ^ key >> 29) * 0xBF58476D1CE4E5B9U;
  mixed ^= mixed >> 32;
  std::size_t at = static_cast<std::size_t>(mixed) & mask;
  while (keys[at] != key && keys[at] != kFree) at = (at + 1) & mask;
  return at;
}

}  // namespace

NgramTree::NgramTree(int orders, Keep keep)
    : levels_(static_cast<std::size_t>(orders)), nodes_(static_cast<std::size_t>(orders) + 1), before_(nodes_), keep_(keep) {
  ISOFLOP_CHECK(orders >= 1);
  for (Level& level : levels_) {
    level.keys.assign(kFirstSlots, kFree);
    level.ids.resize(kFirstSlots);
  }
}

void NgramTree::begin(int group) {
  ISOFLOP_CHECK(group >= 0 && group < kGroups);
  group_ = static_cast<std::uint16_t>(1U << group);
  length_ = 0;
}

void NgramTree::add(std::uint32_t symbol) {
  const int most = orders();
  const int reach = static_cast<int>(std::min<std::int64_t>(length_ + 1, most));
  std::swap(nodes_, before_);
  before_[0] = 0;
  for (int n = 1; n <= reach; ++n) {
    const auto i = static_cast<std::size_t>(n);
    Level& level = levels_[i - 1];
    bool fresh = false;
    const std::uint32_t node = find_or_add(level, before_[i - 1], symbol, fresh);
    nodes_[i] = node;
    level.groups[node] = static_cast<std::uint16_t>(level.groups[node] | group_);
    ++level.positions;
    if (keep_ == Keep::groups) continue;
    ++level.counts[node];
    if (fresh && n > 1) ++levels_[i - 2].left[nodes_[i - 1]];
    // nothing stands before the n-gram that the text begins with: that counts as a neighbour, once
    if (length_ + 1 == n && n < most && !level.starts[node]) {
      level.starts[node] = true;
      ++level.left[node];
    }
  }
  ++length_;
}

std::uint32_t NgramTree::find(int n, std::uint32_t parent, std::uint32_t symbol) const {
  const Level& level = at(n);
  const std::size_t slot = slot_of(level.keys, key_of(parent, symbol));
  return level.keys[slot] == kFree ? kNone : level.ids[slot];
}

std::uint32_t NgramTree::find_or_add(Level& level, std::uint32_t parent, std::uint32_t symbol, bool& fresh) {
  const std::uint64_t key = key_of(parent, symbol);
  std::size_t slot = slot_of(level.keys, key);
  if (level.keys[slot] == key) return level.ids[slot];
  fresh = true;
  if (2 * (level.groups.size() + 1) > level.keys.size()) {
    grow(level);
    slot = slot_of(level.keys, key);
  }
  ISOFLOP_CHECK(level.groups.size() < kNone);
  const auto id = static_cast<std::uint32_t>(level.groups.size());
  level.keys[slot] = key;
  level.ids[slot] = id;
  level.groups.push_back(0);
  if (keep_ == Keep::all) {
    level.counts.push_back(0);
    level.parents.push_back(parent);
    level.left.push_back(0);
    level.starts.push_back(false);
  }
  return id;
}

void NgramTree::grow(Level& level) {
  std::vector<std::uint64_t> keys(2 * level.keys.size(), kFree);
  std::vector<std::uint32_t> ids(keys.size());
  for (std::size_t i = 0; i < level.keys.size(); ++i) {
    if (level.keys[i] == kFree) continue;
    const std::size_t slot = slot_of(keys, level.keys[i]);
    keys[slot] = level.keys[i];
    ids[slot] = level.ids[i];
  }
  level.keys = std::move(keys);
  level.ids = std::move(ids);
}

}  // namespace isoflop::corpus
