#include <algorithm>

#include "base/check.h"
#include "base/random.h"
#include "isoflop/tokens.h"
#include "tokens/curriculum.h"

namespace isoflop {
namespace {

// sub-counters of the batch stream; Permutation uses others
constexpr std::uint32_t kWindowStart = 1;
constexpr std::uint32_t kEpochOffset = 2;

class Windows : public BatchSource {
 public:
  Windows(std::shared_ptr<const TokenSplit> split, const BatchOptions& options, std::int64_t tokens)
      : BatchSource(options.sequences, options.block_size),
        split_(std::move(split)),
        options_(options),
        tokens_(tokens),
        row_(static_cast<std::size_t>(options.block_size) + 1) {}

  void sequence(std::int64_t index, std::span<std::int32_t> inputs, std::span<std::int32_t> targets) const final {
    ISOFLOP_CHECK(index >= 0 && inputs.size() + 1 == row_ && targets.size() == inputs.size());
    std::vector<std::int32_t> window(row_);
    split_->copy(start(index), static_cast<std::int64_t>(row_), window.data());
    std::copy_n(window.begin(), inputs.size(), inputs.begin());
    std::copy_n(window.begin() + 1, targets.size(), targets.begin());
  }

  [[nodiscard]] std::int64_t windows_per_epoch() const final { return (tokens_ - 1) / options_.block_size; }

 protected:
  /// First token of the `sequence`-th window of the run: a function of (seed, sequence) alone.
  [[nodiscard]] virtual std::int64_t start(std::int64_t sequence) const = 0;
  [[nodiscard]] const BatchOptions& options() const { return options_; }
  [[nodiscard]] std::int64_t tokens() const { return tokens_; }

 private:
  std::shared_ptr<const TokenSplit> split_;
  BatchOptions options_;
  std::int64_t tokens_;  // of the split or its subset
  std::size_t row_;
};

// Epochs without replacement: the split is cut into windows from a seeded offset, another one each epoch, and these are
// visited in a seeded order.
class Epochs final : public Windows {
 public:
  using Windows::Windows;

  [[nodiscard]] std::int64_t distinct_tokens(std::int64_t updates) const override {
    const std::int64_t windows = windows_per_epoch(), length = options().block_size;
    const std::int64_t sequences = updates * options().sequences;
    const std::int64_t whole = sequences / windows, rest = sequences % windows;
    if (whole == 0) return rest * length;

    // whole epochs cover one interval of targets: they differ by less than a window at either end
    std::int64_t low = offset(0), high = low;
    for (std::int64_t epoch = 1; epoch < whole; ++epoch) {
      low = std::min(low, offset(epoch));
      high = std::max(high, offset(epoch));
    }
    std::int64_t distinct = high - low + windows * length;

    // of the epoch under way only the first and the last window can reach past that interval
    const Permutation order = order_of(whole);
    for (std::int64_t k = 0; k < rest; ++k) {
      const auto window = static_cast<std::int64_t>(order(static_cast<std::uint64_t>(k)));
      if (window == 0) distinct += std::max<std::int64_t>(0, low - offset(whole));
      if (window == windows - 1) distinct += std::max<std::int64_t>(0, offset(whole) - high);
    }
    return distinct;
  }

 protected:
  [[nodiscard]] std::int64_t start(std::int64_t sequence) const override {
    const std::int64_t epoch = sequence / windows_per_epoch(), k = sequence % windows_per_epoch();
    return offset(epoch) + static_cast<std::int64_t>(order_of(epoch)(static_cast<std::uint64_t>(k))) * options().block_size;
  }

 private:
  [[nodiscard]] std::int64_t offset(std::int64_t epoch) const {
    const std::int64_t slack = tokens() - 1 - windows_per_epoch() * options().block_size;
    const Philox random{options().seed, Stream::batches};
    return static_cast<std::int64_t>(
        random.below(static_cast<std::uint64_t>(slack) + 1, static_cast<std::uint64_t>(epoch), kEpochOffset));
  }
  [[nodiscard]] Permutation order_of(std::int64_t epoch) const {
    return {static_cast<std::uint64_t>(windows_per_epoch()), options().seed, static_cast<std::uint64_t>(epoch)};
  }
};

// Windows drawn with replacement, as the source experiment does: torch.randint(len(data) - block_size).
class RandomWindows final : public Windows {
 public:
  using Windows::Windows;

  [[nodiscard]] std::int64_t distinct_tokens(std::int64_t updates) const override {
    std::vector<bool> starts(static_cast<std::size_t>(tokens() - options().block_size), false);
    for (std::int64_t i = 0; i < updates * options().sequences; ++i) starts[static_cast<std::size_t>(start(i))] = true;

    // targets of a window starting at s: s + 1 ... s + block_size
    std::int64_t distinct = 0, covered = 0;  // targets up to and including `covered` are counted
    for (std::int64_t s = 0; s < static_cast<std::int64_t>(starts.size()); ++s) {
      if (!starts[static_cast<std::size_t>(s)]) continue;
      const std::int64_t last = s + options().block_size;
      distinct += last - std::max(covered, s);
      covered = last;
    }
    return distinct;
  }

 protected:
  [[nodiscard]] std::int64_t start(std::int64_t sequence) const override {
    const Philox random{options().seed, Stream::batches};
    const auto starts = static_cast<std::uint64_t>(tokens() - options().block_size);
    return static_cast<std::int64_t>(random.below(starts, static_cast<std::uint64_t>(sequence), kWindowStart));
  }
};

class MemorySplit final : public TokenSplit {
 public:
  MemorySplit(std::vector<std::int32_t> tokens, std::vector<TokenUnit> units)
      : tokens_(std::move(tokens)), units_(std::move(units)) {}
  [[nodiscard]] std::int64_t size() const override { return static_cast<std::int64_t>(tokens_.size()); }
  void copy(std::int64_t first, std::int64_t count, std::int32_t* out) const override {
    ISOFLOP_CHECK(first >= 0 && count >= 0 && first + count <= size());
    std::copy_n(tokens_.begin() + first, count, out);
  }
  [[nodiscard]] const std::vector<TokenUnit>& units() const override { return units_; }

 private:
  std::vector<std::int32_t> tokens_;
  std::vector<TokenUnit> units_;
};

}  // namespace

void BatchSource::batch(std::int64_t update, std::span<std::int32_t> inputs, std::span<std::int32_t> targets) const {
  const auto length = static_cast<std::size_t>(block_size_), sequences = static_cast<std::size_t>(sequences_);
  ISOFLOP_CHECK(update >= 0 && inputs.size() == sequences * length && targets.size() == inputs.size());
  for (std::size_t j = 0; j < sequences; ++j)
    sequence(update * sequences_ + static_cast<std::int64_t>(j), inputs.subspan(j * length, length),
             targets.subspan(j * length, length));
}

std::unique_ptr<TokenSplit> token_split_in_memory(std::vector<std::int32_t> tokens, std::vector<TokenUnit> units) {
  return std::make_unique<MemorySplit>(std::move(tokens), std::move(units));
}

std::unique_ptr<BatchSource> make_batches(std::shared_ptr<const TokenSplit> split, const BatchOptions& options) {
  ISOFLOP_CHECK(split != nullptr);
  if (options.sequences < 1)
    throw Error(Fault::bad_study, "batch_size", std::to_string(options.sequences) + ", expected 1 or more");
  if (options.block_size < 1)
    throw Error(Fault::bad_study, "block_size", std::to_string(options.block_size) + ", expected 1 or more");
  const std::int64_t held = split->size();
  if (options.subset_tokens && (*options.subset_tokens < 1 || *options.subset_tokens > held)) {
    throw Error(Fault::bad_data, "subset_tokens",
                std::to_string(*options.subset_tokens) + " of a training split of " + std::to_string(held) + " tokens",
                "choose between 1 and " + std::to_string(held));
  }
  const std::int64_t tokens = options.subset_tokens.value_or(held);
  if (tokens < options.block_size + 1) {
    throw Error(Fault::bad_data, "training split",
                std::to_string(tokens) + " tokens, shorter than one window of " + std::to_string(options.block_size) +
                    " and its last target",
                "use more text or a smaller block_size");
  }
  std::unique_ptr<BatchSource> batches;
  if (options.random_windows)
    batches = std::make_unique<RandomWindows>(std::move(split), options, tokens);
  else
    batches = std::make_unique<Epochs>(std::move(split), options, tokens);
  return tokens::arranged(std::move(batches), options);
}

}  // namespace isoflop
