#include "tokens/curriculum.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "base/math.h"
#include "base/random.h"
#include "isoflop/text.h"

namespace isoflop::tokens {
namespace {

class Ordered final : public BatchSource {
 public:
  Ordered(std::unique_ptr<BatchSource> batches, const BatchOptions& options)
      : BatchSource(options.sequences, options.block_size), batches_(std::move(batches)) {
    const std::int64_t count = options.updates * options.sequences;
    std::vector<std::int32_t> inputs(static_cast<std::size_t>(options.block_size)), targets(inputs.size());
    // a pass for the shares of tokens, and one for the windows' means
    std::vector<std::int64_t> seen;
    for (std::int64_t i = 0; i < count; ++i) {
      batches_->sequence(i, inputs, targets);
      for (const std::int32_t token : targets) {
        if (static_cast<std::size_t>(token) >= seen.size()) seen.resize(static_cast<std::size_t>(token) + 1);
        ++seen[static_cast<std::size_t>(token)];
      }
    }
    const double all = static_cast<double>(count) * static_cast<double>(options.block_size);
    std::vector<double> surprisal(seen.size());
    for (std::size_t token = 0; token < seen.size(); ++token)
      if (seen[token] > 0) surprisal[token] = -log_(static_cast<double>(seen[token]) / all);
    std::vector<double> difficulty(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i) {
      batches_->sequence(i, inputs, targets);
      for (const std::int32_t token : targets)
        difficulty[static_cast<std::size_t>(i)] += surprisal[static_cast<std::size_t>(token)];
    }

    order_.resize(difficulty.size());
    std::iota(order_.begin(), order_.end(), std::int64_t{0});
    const bool hard = options.order == WindowOrder::hard_first;
    const std::int64_t epoch = batches_->windows_per_epoch();
    for (std::int64_t first = 0; first < count; first += epoch)
      std::stable_sort(order_.begin() + first, order_.begin() + std::min(count, first + epoch),
                       [&](std::int64_t a, std::int64_t b) {
                         const double x = difficulty[static_cast<std::size_t>(a)], y = difficulty[static_cast<std::size_t>(b)];
                         return hard ? x > y : x < y;
                       });
  }

  void sequence(std::int64_t index, std::span<std::int32_t> inputs, std::span<std::int32_t> targets) const override {
    ISOFLOP_CHECK(index >= 0 && index < static_cast<std::int64_t>(order_.size()));
    batches_->sequence(order_[static_cast<std::size_t>(index)], inputs, targets);
  }
  [[nodiscard]] std::int64_t windows_per_epoch() const override { return batches_->windows_per_epoch(); }
  // exact within the first epoch and at the run's end: a run that stops early in a later one may differ by a window
  [[nodiscard]] std::int64_t distinct_tokens(std::int64_t updates) const override { return batches_->distinct_tokens(updates); }

 private:
  std::unique_ptr<BatchSource> batches_;
  std::vector<std::int64_t> order_;  // the sequence that comes at each place of the run
};

class Noised final : public BatchSource {
 public:
  Noised(std::unique_ptr<BatchSource> batches, const BatchOptions& options)
      : BatchSource(options.sequences, options.block_size),
        batches_(std::move(batches)),
        seed_(options.seed),
        noise_(options.token_noise),
        others_(static_cast<std::uint64_t>(options.vocab_size - 1)) {}

  void sequence(std::int64_t index, std::span<std::int32_t> inputs, std::span<std::int32_t> targets) const override {
    batches_->sequence(index, inputs, targets);
    const Philox random{seed_, Stream::token_noise};
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const std::uint64_t place = static_cast<std::uint64_t>(index) * inputs.size() + i;
      if (random.uniform(place) >= noise_) continue;
      const auto other = static_cast<std::int32_t>(random.below(others_, place, 1));
      inputs[i] = other < inputs[i] ? other : other + 1;
    }
  }
  [[nodiscard]] std::int64_t windows_per_epoch() const override { return batches_->windows_per_epoch(); }
  [[nodiscard]] std::int64_t distinct_tokens(std::int64_t updates) const override { return batches_->distinct_tokens(updates); }

 private:
  std::unique_ptr<BatchSource> batches_;
  std::uint64_t seed_;
  double noise_;
  std::uint64_t others_;
};

}  // namespace

std::unique_ptr<BatchSource> arranged(std::unique_ptr<BatchSource> batches, const BatchOptions& options) {
  const auto refuse = [](const char* key, const std::string& problem) { throw Error(Fault::bad_study, key, problem); };
  if (options.order != WindowOrder::shuffled) {
    if (options.random_windows) refuse("order", "by surprisal takes the windows of epochs, and these are drawn at random");
    if (options.updates < 1)
      refuse("updates", std::to_string(options.updates) + ", expected 1 or more: an order by surprisal is over the whole run");
    batches = std::make_unique<Ordered>(std::move(batches), options);
  }
  if (!(options.token_noise >= 0 && options.token_noise < 1))
    refuse("token_noise", "is " + format_number(options.token_noise) + ", expected a number from 0 to below 1");
  if (options.token_noise == 0) return batches;
  if (options.vocab_size < 2)
    refuse("vocab_size",
           std::to_string(options.vocab_size) + ", expected 2 or more: noise puts another token in a token's place");
  return std::make_unique<Noised>(std::move(batches), options);
}

}  // namespace isoflop::tokens
