#include "corpus/dedup_minhash.h"

#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/check.h"
#include "base/random.h"
#include "base/utf8.h"
#include "isoflop/text.h"

namespace isoflop::corpus {
namespace {

constexpr MinHashBands kSplitBands{.bands = 16, .rows = 8};
constexpr std::int64_t kSplitPermutations = 128;  // docs/decisions/0009

// the least value of every permutation; four n-grams at a time, so that factors, terms and minima are loaded once for four
[[gnu::always_inline]] inline void lowest_values(const std::uint64_t* hashes, std::size_t count,
                                                 const std::uint32_t* __restrict a, const std::uint32_t* __restrict b,
                                                 std::size_t permutations, std::uint32_t* __restrict lowest) {
  const auto high = [](std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); };
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    const std::uint32_t x0 = high(hashes[i]), x1 = high(hashes[i + 1]), x2 = high(hashes[i + 2]), x3 = high(hashes[i + 3]);
    for (std::size_t k = 0; k < permutations; ++k) {
      const std::uint32_t m01 = std::min(a[k] * x0 + b[k], a[k] * x1 + b[k]);
      const std::uint32_t m23 = std::min(a[k] * x2 + b[k], a[k] * x3 + b[k]);
      lowest[k] = std::min(lowest[k], std::min(m01, m23));
    }
  }
  for (; i < count; ++i) {
    const std::uint32_t x = high(hashes[i]);
    for (std::size_t k = 0; k < permutations; ++k) lowest[k] = std::min(lowest[k], a[k] * x + b[k]);
  }
}

// The same function compiled for wider registers: whole numbers, so the bits are the same.
#if defined(__x86_64__)
[[gnu::target("avx2")]] void lowest_values_avx2(const std::uint64_t* hashes, std::size_t count, const std::uint32_t* a,
                                                const std::uint32_t* b, std::size_t permutations, std::uint32_t* lowest) {
  lowest_values(hashes, count, a, b, permutations, lowest);
}
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512")]] void lowest_values_avx512(
    const std::uint64_t* hashes, std::size_t count, const std::uint32_t* a, const std::uint32_t* b, std::size_t permutations,
    std::uint32_t* lowest) {
  lowest_values(hashes, count, a, b, permutations, lowest);
}
#endif
void lowest_values_anywhere(const std::uint64_t* hashes, std::size_t count, const std::uint32_t* a, const std::uint32_t* b,
                            std::size_t permutations, std::uint32_t* lowest) {
  lowest_values(hashes, count, a, b, permutations, lowest);
}

auto lowest_values_here() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    return lowest_values_avx512;
  }
  if (__builtin_cpu_supports("avx2")) return lowest_values_avx2;
#endif
  return lowest_values_anywhere;
}

double power(double base, std::int64_t exponent) {
  double value = 1;
  for (; exponent > 0; exponent >>= 1, base *= base) {
    if ((exponent & 1) != 0) value *= base;
  }
  return value;
}

// the mean of f at the middles of as many strips, times the width
template <class F>
double integral(double from, double to, const F& f) {
  constexpr int kStrips = 400;
  double sum = 0;
  for (int i = 0; i < kStrips; ++i) sum += f(from + (to - from) * (i + 0.5) / kStrips);
  return sum * (to - from) / kStrips;
}

MinHashBands with_areas(std::int64_t bands, std::int64_t rows, double threshold) {
  MinHashBands result{.bands = bands, .rows = rows};
  result.false_positive_area = integral(0, threshold, [&](double s) { return result.probability(s); });
  result.false_negative_area = integral(threshold, 1, [&](double s) { return 1 - result.probability(s); });
  return result;
}

}  // namespace

MinHasher::MinHasher(std::int64_t permutations, std::uint64_t seed) {
  const Philox random{.seed = seed, .stream = Stream::dedup};
  for (std::int64_t k = 0; k < permutations; ++k) {
    const auto words = random.words(static_cast<std::uint64_t>(k));
    factors_.push_back(words[0] | 1);
    terms_.push_back(words[1]);
  }
}

void MinHasher::sign(std::span<const std::uint64_t> hashes, std::span<std::uint32_t> signature) const {
  ISOFLOP_CHECK(signature.size() == factors_.size());
  std::fill(signature.begin(), signature.end(), std::numeric_limits<std::uint32_t>::max());
  static const auto run = lowest_values_here();
  run(hashes.data(), hashes.size(), factors_.data(), terms_.data(), factors_.size(), signature.data());
}

void band_keys(std::span<const std::uint32_t> signature, const MinHashBands& bands, std::span<std::uint64_t> keys) {
  const auto rows = static_cast<std::size_t>(bands.rows);
  ISOFLOP_CHECK(keys.size() * rows <= signature.size());
  for (std::size_t band = 0; band < keys.size(); ++band)
    keys[band] = XXH3_64bits_withSeed(&signature[band * rows], rows * sizeof(std::uint32_t), band);
}

void Clusters::resize(std::size_t size) {
  const std::size_t before = parent_.size();
  parent_.resize(size);
  std::iota(parent_.begin() + static_cast<std::ptrdiff_t>(before), parent_.end(), static_cast<std::uint32_t>(before));
}

std::uint32_t Clusters::root(std::uint32_t member) {
  while (parent_[member] != member) {
    parent_[member] = parent_[parent_[member]];
    member = parent_[member];
  }
  return member;
}

bool Clusters::join(std::uint32_t a, std::uint32_t b) {
  a = root(a);
  b = root(b);
  if (a == b) return false;
  parent_[std::max(a, b)] = std::min(a, b);
  return true;
}

NearDuplicates::NearDuplicates() : shingler_({}), hasher_(kSplitPermutations, 1), signature_(kSplitPermutations) {}

void NearDuplicates::add(std::string_view text) {
  text = text.substr(0, whole_characters(text, kMostBytes));
  shingler_.hashes(text, hashes_);
  hasher_.sign(hashes_, signature_);
  has_words_.push_back(hashes_.empty() ? 0 : 1);
  const std::size_t at = keys_.size();
  keys_.resize(at + static_cast<std::size_t>(kSplitBands.bands));
  band_keys(signature_, kSplitBands, std::span(keys_).subspan(at));
}

std::vector<std::uint32_t> NearDuplicates::clusters() const {
  const std::size_t documents = has_words_.size();
  const auto bands = static_cast<std::size_t>(kSplitBands.bands);
  Clusters joined;
  joined.resize(documents);
  std::vector<std::pair<std::uint64_t, std::uint32_t>> band(documents);
  for (std::size_t b = 0; b < bands; ++b) {
    band.clear();
    for (std::size_t d = 0; d < documents; ++d) {
      if (has_words_[d] != 0) band.emplace_back(keys_[d * bands + b], static_cast<std::uint32_t>(d));
    }
    std::sort(band.begin(), band.end());
    for (std::size_t i = 1; i < band.size(); ++i) {
      if (band[i].first == band[i - 1].first) joined.join(band[i - 1].second, band[i].second);
    }
  }
  std::vector<std::uint32_t> roots(documents);
  for (std::size_t d = 0; d < documents; ++d) roots[d] = joined.root(static_cast<std::uint32_t>(d));
  return roots;
}

}  // namespace isoflop::corpus

namespace isoflop {

double MinHashBands::probability(double similarity) const {
  return 1 - corpus::power(1 - corpus::power(similarity, rows), bands);
}

void validate(const MinHashOptions& options) {
  corpus::validate(options.shingles, "ngram");
  if (!(options.threshold > 0 && options.threshold <= 1)) {
    throw Error(Fault::usage, "threshold", format_number(options.threshold) + " is not a Jaccard similarity in (0, 1]",
                "0.7 or 0.8 is usual");
  }
  if (options.permutations < 8 || options.permutations > 1024) {
    throw Error(Fault::usage, "permutations", std::to_string(options.permutations) + " is not from 8 to 1024", "128 is usual");
  }
  if ((options.bands == 0) != (options.rows == 0)) {
    throw Error(Fault::usage, options.bands == 0 ? "bands" : "rows", "is missing: bands and rows go together", "or give neither");
  }
  if (options.bands < 0 || options.rows < 0 || (options.bands > 0 && options.rows > options.permutations / options.bands)) {
    throw Error(Fault::usage, "bands",
                std::to_string(options.bands) + " bands of " + std::to_string(options.rows) + " rows are more than the " +
                    std::to_string(options.permutations) + " permutations",
                "raise --permutations");
  }
  if (const auto weight = options.false_positive_weight; weight && !(*weight >= 0 && *weight <= 1)) {
    throw Error(Fault::usage, "false_positive_weight", format_number(*weight) + " is not in [0, 1]");
  }
}

MinHashBands choose_bands(const MinHashOptions& options) {
  validate(options);
  if (options.bands > 0) return corpus::with_areas(options.bands, options.rows, options.threshold);
  const double weight = options.false_positive_weight.value_or(options.verify ? 0.02 : 0.5);
  MinHashBands best;
  double least = std::numeric_limits<double>::infinity();
  for (std::int64_t rows = 1; rows <= options.permutations; ++rows) {
    for (std::int64_t bands = 1; bands * rows <= options.permutations; ++bands) {
      const MinHashBands tried = corpus::with_areas(bands, rows, options.threshold);
      const double cost = weight * tried.false_positive_area + (1 - weight) * tried.false_negative_area;
      if (cost < least) {
        least = cost;
        best = tried;
      }
    }
  }
  return best;
}

std::vector<std::uint32_t> minhash_signature(std::string_view text, const MinHashOptions& options) {
  validate(options);
  std::vector<std::uint64_t> hashes;
  corpus::Shingler(options.shingles).hashes(text, hashes);
  std::vector<std::uint32_t> signature(static_cast<std::size_t>(options.permutations));
  corpus::MinHasher(options.permutations, options.seed).sign(hashes, signature);
  return signature;
}

double estimate_jaccard(std::span<const std::uint32_t> a, std::span<const std::uint32_t> b) {
  if (a.size() != b.size() || a.empty()) {
    throw Error(Fault::usage, "signatures",
                "of " + std::to_string(a.size()) + " and " + std::to_string(b.size()) + " values cannot be compared");
  }
  std::size_t equal = 0;
  for (std::size_t k = 0; k < a.size(); ++k) equal += a[k] == b[k] && a[k] != std::numeric_limits<std::uint32_t>::max() ? 1 : 0;
  return static_cast<double>(equal) / static_cast<double>(a.size());
}

}  // namespace isoflop
