#include "corpus/dedup_pairs.h"

#include <algorithm>
#include <map>
#include <unordered_set>

namespace isoflop::corpus {
namespace {

constexpr std::size_t kBatch = std::size_t{1} << 16;         // pairs tested at a time
constexpr std::size_t kAtOnce = std::size_t{1} << 12;        // of them until the next look at the stop token
constexpr std::size_t kMostRejected = std::size_t{1} << 21;  // pairs remembered as tested in vain

class Joiner {
 public:
  Joiner(const TestPairs& test, Clusters& clusters, std::stop_token stop, const std::function<void()>& stopped)
      : test_(test), clusters_(clusters), stop_(std::move(stop)), stopped_(stopped) {}

  void part(std::span<const BandRecord> records) {
    groups_.clear();
    for (std::size_t i = 0, first = 0; i <= records.size(); ++i) {
      if (i < records.size() && records[i].key == records[first].key) continue;
      if (i - first > 1) groups_.push_back(records.subspan(first, i - first));
      first = i;
    }
    for (const auto& group : groups_) {
      for (std::size_t i = 1; i < group.size(); ++i) offer(group[0].document, group[i].document);
    }
    flush();
    for (const auto& group : groups_) across(group);
    flush();
  }
  [[nodiscard]] PairCounts counts() const { return counts_; }

 private:
  using Group = std::span<const BandRecord>;

  // the pairs of documents of different clusters under one key
  void across(Group group) {
    std::map<std::uint32_t, std::vector<std::uint32_t>> by_root;
    for (const BandRecord& record : group) by_root[clusters_.root(record.document)].push_back(record.document);
    auto left = kMostEach * static_cast<std::int64_t>(group.size());
    for (auto a = by_root.begin(); a != by_root.end(); ++a) {
      for (auto b = std::next(a); b != by_root.end(); ++b) {
        if (left <= 0) return;
        left -= offer_all(a->second, b->second, std::min(left, kMostCross));
      }
    }
  }

  // pairs of one from each, at most `most`; how many
  std::int64_t offer_all(const std::vector<std::uint32_t>& a, const std::vector<std::uint32_t>& b, std::int64_t most) {
    std::int64_t offered = 0;
    for (const std::uint32_t x : a) {
      for (const std::uint32_t y : b) {
        if (offered == most) return offered;
        offer(x, y);
        ++offered;
      }
    }
    return offered;
  }

  void offer(std::uint32_t a, std::uint32_t b) {
    if (clusters_.root(a) == clusters_.root(b)) return;
    const Pair pair = std::minmax(a, b);
    if (rejected_.contains(key_of(pair))) return;
    pairs_.push_back(pair);
    if (pairs_.size() >= kBatch) flush();
  }

  void flush() {
    std::sort(pairs_.begin(), pairs_.end());
    pairs_.erase(std::unique(pairs_.begin(), pairs_.end()), pairs_.end());
    match_.assign(pairs_.size(), 1);
    for (std::size_t at = 0; at < pairs_.size(); at += kAtOnce) {
      if (stop_.stop_requested()) stopped_();
      const std::size_t count = std::min(kAtOnce, pairs_.size() - at);
      if (test_) test_(std::span(pairs_).subspan(at, count), std::span(match_).subspan(at, count));
    }
    counts_.candidates += static_cast<std::int64_t>(pairs_.size());
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      if (match_[i] != 0) {
        ++counts_.matches;
        clusters_.join(pairs_[i].first, pairs_[i].second);
      } else {
        if (rejected_.size() == kMostRejected) rejected_.clear();
        rejected_.insert(key_of(pairs_[i]));
      }
    }
    pairs_.clear();
  }

  static std::uint64_t key_of(Pair pair) { return std::uint64_t{pair.first} << 32 | pair.second; }

  const TestPairs& test_;
  Clusters& clusters_;
  std::stop_token stop_;
  const std::function<void()>& stopped_;
  std::vector<Group> groups_;
  std::vector<Pair> pairs_;
  std::vector<char> match_;
  std::unordered_set<std::uint64_t> rejected_;
  PairCounts counts_;
};

}  // namespace

PairCounts join_candidates(Partitions<BandRecord>& records, const TestPairs& test, Clusters& clusters, Team& team,
                           std::stop_token stop, const std::function<void()>& stopped) {
  Joiner joiner(test, clusters, stop, stopped);
  records.for_each_part(team, std::move(stop), stopped, [&](std::span<const BandRecord> sorted) { joiner.part(sorted); });
  return joiner.counts();
}

}  // namespace isoflop::corpus
