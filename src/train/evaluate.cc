#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/math.h"
#include "base/random.h"
#include "train/train.h"

namespace isoflop {
namespace {

// which windows a sample scores: a constant, so that all runs of a study score the same ones
constexpr std::uint64_t kSampleSeed = 0x69736f666c6f70;
constexpr std::int64_t kTokensPerCall = 32'768;

// Windows of the split: window w reads tokens w * T ... and predicts the next ones.
struct Windows {
  std::int64_t length = 0, targets = 0;
  [[nodiscard]] std::int64_t count() const { return (targets + length - 1) / length; }
  [[nodiscard]] std::int64_t length_of(std::int64_t window) const { return std::min(length, targets - window * length); }
};

std::vector<std::int64_t> chosen(const Windows& windows, std::int64_t max_windows) {
  const std::int64_t all = windows.count();
  std::vector<std::int64_t> list(static_cast<std::size_t>(max_windows > 0 ? std::min(max_windows, all) : all));
  if (static_cast<std::int64_t>(list.size()) == all) {
    std::iota(list.begin(), list.end(), std::int64_t{0});
  } else {
    const Permutation order(static_cast<std::uint64_t>(all), kSampleSeed, 0);
    for (std::size_t i = 0; i < list.size(); ++i) list[i] = static_cast<std::int64_t>(order(i));
    std::sort(list.begin(), list.end());
  }
  return list;
}

// Sums per unit, fed in stream order.
class Sums {
 public:
  explicit Sums(const TokenSplit& split) : units_(split.units()) {
    if (units_.empty()) units_.push_back({0, split.size(), 0});
    documents_.resize(units_.size());
    for (std::size_t i = 0; i < documents_.size(); ++i) documents_[i].document = static_cast<std::int64_t>(i);
  }

  void add(std::int64_t position, std::int64_t bytes, double nats) {
    while (position >= units_[unit_].first + units_[unit_].tokens) ++unit_;
    DocumentLoss& document = documents_[unit_];
    ++document.tokens;
    document.bytes += bytes;
    document.nats += nats;
  }

  /// Fills the record's sums over units and what follows from them.
  void finish(EvalRecord& record) {
    std::erase_if(documents_, [](const DocumentLoss& document) { return document.tokens == 0; });
    double nats = 0;
    for (const DocumentLoss& document : documents_) {
      nats += document.nats;
      record.scored_tokens += document.tokens;
      record.scored_bytes += document.bytes;
    }
    const auto tokens = static_cast<double>(record.scored_tokens);
    record.loss = nats / tokens;
    record.bits_per_byte = nats / log_(2) / static_cast<double>(record.scored_bytes);

    // ratio estimator over units: what a unit's nats are off from its tokens' share
    const auto units = static_cast<double>(documents_.size());
    if (documents_.size() > 1) {
      double squares = 0;
      for (const DocumentLoss& document : documents_) {
        const double residual = document.nats - record.loss * static_cast<double>(document.tokens);
        squares += residual * residual;
      }
      record.loss_se = std::sqrt(units / (units - 1) * squares) / tokens;
    }
    record.documents = std::move(documents_);
  }

 private:
  std::vector<TokenUnit> units_;
  std::vector<DocumentLoss> documents_;
  std::size_t unit_ = 0;
};

}  // namespace

EvalRecord evaluate(Engine& engine, const TokenSplit& split, const Tokenizer& tokenizer, const EvalSpec& spec, std::int64_t step,
                    std::int64_t tokens) {
  const Windows windows{engine.shape().block_size, split.size() - 1};
  if (windows.targets < 1) {
    throw Error(Fault::bad_data, "held-out split", std::to_string(split.size()) + " tokens, nothing to score",
                "hold out more text (val_fraction)");
  }
  EvalRecord record;
  record.step = step;
  record.tokens = tokens;
  Sums sums(split);
  double full_nats = 0;
  std::int64_t full_count = 0;
  const std::int64_t quarter = std::max<std::int64_t>(1, windows.length / 4);

  const std::vector<std::int64_t> list = chosen(windows, spec.max_windows);
  const auto per_call = static_cast<std::size_t>(std::max<std::int64_t>(1, kTokensPerCall / windows.length));
  std::vector<std::int32_t> inputs, targets, row(static_cast<std::size_t>(windows.length) + 1);
  std::vector<double> nats;
  for (std::size_t first = 0; first < list.size();) {
    // windows of one length; the split's short last one goes alone
    const std::int64_t length = windows.length_of(list[first]);
    std::size_t end = first;
    inputs.clear();
    targets.clear();
    while (end < list.size() && end - first < per_call && windows.length_of(list[end]) == length) {
      split.copy(list[end] * windows.length, length + 1, row.data());
      inputs.insert(inputs.end(), row.begin(), row.begin() + length);
      targets.insert(targets.end(), row.begin() + 1, row.begin() + 1 + length);
      ++end;
    }
    nats.assign(inputs.size(), 0);
    engine.evaluate({static_cast<std::int64_t>(end - first), length, inputs.data(), targets.data()}, nats);

    for (std::size_t i = 0; i < nats.size(); ++i) {
      const auto at = static_cast<std::int64_t>(i) % length;
      const std::int64_t window = list[first + i / static_cast<std::size_t>(length)];
      sums.add(window * windows.length + 1 + at, tokenizer.bytes_of(targets[i]), nats[i]);
      if (length == windows.length && at >= length - quarter) {
        full_nats += nats[i];
        ++full_count;
      }
    }
    first = end;
  }
  sums.finish(record);
  if (full_count > 0) record.loss_full_context = full_nats / static_cast<double>(full_count);
  return record;
}

}  // namespace isoflop
