// Batches out of several sources in fixed shares.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/apportion.h"
#include "base/check.h"
#include "base/random.h"
#include "isoflop/text.h"
#include "isoflop/tokens.h"
#include "tokens/curriculum.h"

namespace isoflop {
namespace {

// sub-counters of the batch stream; batches.cc uses 1 and 2
constexpr std::uint32_t kSourceSeed = 3;
constexpr std::uint32_t kCycleOffset = 4;

/// Sequences take turns in cycles of this many, each source as often as its share of it says. The step visits every place of a
/// cycle, sources evenly spread (a golden section of it).
constexpr std::int64_t kCycle = 10'000;
constexpr std::int64_t kStride = 6181;

std::vector<std::int64_t> turns_of(const std::vector<MixedSource>& sources) {
  std::vector<double> weights;
  for (const MixedSource& source : sources) weights.push_back(source.weight);
  return apportion(weights, kCycle);
}

class MixedBatches final : public BatchSource {
 public:
  MixedBatches(const std::vector<MixedSource>& sources, const BatchOptions& options)
      : BatchSource(options.sequences, options.block_size), options_(options), turns_(turns_of(sources)) {
    const Philox random{options.seed, Stream::batches};
    for (std::size_t i = 0; i < sources.size(); ++i) {
      BatchOptions own = options;
      own.seed = random.bits(i, kSourceSeed);
      own.sequences = 1;
      own.order = WindowOrder::shuffled;  // these are of the mixture
      own.token_noise = 0;
      parts_.push_back(turns_[i] > 0 ? make_batches(sources[i].split, own) : nullptr);
    }
    const auto offset = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(kCycle), 0, kCycleOffset));
    std::vector<std::int64_t> first(sources.size() + 1), seen(sources.size());
    std::partial_sum(turns_.begin(), turns_.end(), first.begin() + 1);
    for (std::int64_t p = 0; p < kCycle; ++p) {
      const std::int64_t place = (offset + p * kStride) % kCycle;
      const auto source = static_cast<std::size_t>(std::upper_bound(first.begin(), first.end(), place) - first.begin() - 1);
      source_.push_back(source);
      rank_.push_back(seen[source]++);
    }
  }

  void sequence(std::int64_t index, std::span<std::int32_t> inputs, std::span<std::int32_t> targets) const override {
    ISOFLOP_CHECK(index >= 0);
    const auto at = static_cast<std::size_t>(index % kCycle);
    parts_[source_[at]]->sequence(index / kCycle * turns_[source_[at]] + rank_[at], inputs, targets);
  }

  [[nodiscard]] std::int64_t windows_per_epoch() const override {
    std::int64_t windows = 0;
    for (const auto& part : parts_) windows += part ? part->windows_per_epoch() : 0;
    return windows;
  }

  [[nodiscard]] std::int64_t distinct_tokens(std::int64_t updates) const override {
    std::int64_t distinct = 0;
    const std::int64_t sequences = updates * options_.sequences, cycles = sequences / kCycle;
    std::vector<std::int64_t> own(parts_.size());
    for (std::size_t i = 0; i < own.size(); ++i) own[i] = cycles * turns_[i];
    for (std::int64_t p = 0; p < sequences % kCycle; ++p) ++own[source_[static_cast<std::size_t>(p)]];
    for (std::size_t i = 0; i < parts_.size(); ++i)
      if (parts_[i] && own[i] > 0) distinct += parts_[i]->distinct_tokens(own[i]);
    return distinct;
  }

 private:
  BatchOptions options_;
  std::vector<std::int64_t> turns_;                   // of each source in a cycle
  std::vector<std::unique_ptr<BatchSource>> parts_;   // null: a source without a share
  std::vector<std::size_t> source_;                   // of each sequence of a cycle
  std::vector<std::int64_t> rank_;                    // how many of its source came before it in the cycle
};

class JoinedSplit final : public TokenSplit {
 public:
  explicit JoinedSplit(std::vector<std::shared_ptr<const TokenSplit>> parts) : parts_(std::move(parts)), first_{0} {
    for (const auto& part : parts_) {
      for (TokenUnit unit : part->units()) {
        unit.first += first_.back();
        units_.push_back(unit);
      }
      first_.push_back(first_.back() + part->size());
    }
  }
  [[nodiscard]] std::int64_t size() const override { return first_.back(); }
  void copy(std::int64_t first, std::int64_t count, std::int32_t* out) const override {
    ISOFLOP_CHECK(first >= 0 && count >= 0 && first + count <= size());
    auto part = static_cast<std::size_t>(std::upper_bound(first_.begin(), first_.end(), first) - first_.begin() - 1);
    while (count > 0) {
      const std::int64_t within = first - first_[part], some = std::min(count, parts_[part]->size() - within);
      parts_[part]->copy(within, some, out);
      first += some;
      out += some;
      count -= some;
      ++part;
    }
  }
  [[nodiscard]] const std::vector<TokenUnit>& units() const override { return units_; }

 private:
  std::vector<std::shared_ptr<const TokenSplit>> parts_;
  std::vector<std::int64_t> first_;
  std::vector<TokenUnit> units_;
};

}  // namespace

std::unique_ptr<BatchSource> make_mixed_batches(const std::vector<MixedSource>& sources, const BatchOptions& options) {
  double sum = 0;
  for (const MixedSource& source : sources) {
    ISOFLOP_CHECK(source.split != nullptr);
    if (!(source.weight >= 0 && std::isfinite(source.weight)))
      throw Error(Fault::bad_study, "data.weight", "is " + format_number(source.weight) + ", expected a number from 0 up");
    sum += source.weight;
  }
  if (!(sum > 0)) throw Error(Fault::bad_study, "data.weight", "no source has a weight above 0");
  if (options.subset_tokens) throw Error(Fault::bad_study, "subset_tokens", "is of one source", "leave it out of a mixture");
  if (options.order != WindowOrder::shuffled)
    throw Error(Fault::bad_study, "order", "by surprisal would bring one source before another", "leave it out of a mixture");
  return tokens::arranged(std::make_unique<MixedBatches>(sources, options), options);
}

std::shared_ptr<const TokenSplit> join_splits(std::vector<std::shared_ptr<const TokenSplit>> parts) {
  if (parts.size() == 1) return parts.front();
  return std::make_shared<JoinedSplit>(std::move(parts));
}

}  // namespace isoflop
