#include "corpus/correlation.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace isoflop::corpus {
namespace {

struct Pair {
  std::uint32_t first = 0, second = 0;
  double share = 0;
};

struct Covariance {
  std::vector<Pair> pairs;
  std::vector<double> first, second;  // the two margins

  // (pairs - first second') v, or its transpose
  void apply(const std::vector<double>& v, bool transposed, std::vector<double>& out) const {
    const std::vector<double>&left = transposed ? second : first, &right = transposed ? first : second;
    double dot = 0;
    for (std::size_t i = 0; i < v.size(); ++i) dot += right[i] * v[i];
    for (std::size_t i = 0; i < v.size(); ++i) out[i] = -left[i] * dot;
    for (const Pair& pair : pairs) {
      if (transposed) {
        out[pair.second] += pair.share * v[pair.first];
      } else {
        out[pair.first] += pair.share * v[pair.second];
      }
    }
  }
};

constexpr std::int64_t kDense = 4096;  // symbols whose table of pairs is counted in place

std::vector<Pair> counted(std::span<const std::vector<std::uint32_t>> texts, std::int64_t vocabulary, std::size_t lag,
                          double& total) {
  std::vector<Pair> pairs;
  const auto v = static_cast<std::size_t>(vocabulary);
  if (vocabulary <= kDense) {
    std::vector<std::uint32_t> table(v * v);
    for (const auto& text : texts)
      for (std::size_t i = lag; i < text.size(); ++i) ++table[text[i - lag] * v + text[i]];
    for (std::size_t at = 0; at < table.size(); ++at)
      if (table[at] > 0)
        pairs.push_back({static_cast<std::uint32_t>(at / v), static_cast<std::uint32_t>(at % v), static_cast<double>(table[at])});
  } else {
    std::vector<std::uint64_t> keys;
    for (const auto& text : texts)
      for (std::size_t i = lag; i < text.size(); ++i) keys.push_back(static_cast<std::uint64_t>(text[i - lag]) << 32 | text[i]);
    std::sort(keys.begin(), keys.end());
    for (std::size_t at = 0; at < keys.size();) {
      const std::size_t from = at;
      while (at < keys.size() && keys[at] == keys[from]) ++at;
      pairs.push_back(
          {static_cast<std::uint32_t>(keys[from] >> 32), static_cast<std::uint32_t>(keys[from]), static_cast<double>(at - from)});
    }
  }
  total = 0;
  for (const Pair& pair : pairs) total += pair.share;
  return pairs;
}

double normalise(std::vector<double>& v) {
  double squares = 0;
  for (const double x : v) squares += x * x;
  const double norm = std::sqrt(squares);
  if (norm > 0)
    for (double& x : v) x /= norm;
  return norm;
}

}  // namespace

double correlation_strength(std::span<const std::vector<std::uint32_t>> texts, std::int64_t vocabulary, std::int64_t lag) {
  double total = 0;
  Covariance c;
  c.pairs = counted(texts, vocabulary, static_cast<std::size_t>(lag), total);
  if (total == 0) return 0;
  const auto v = static_cast<std::size_t>(vocabulary);
  c.first.resize(v);
  c.second.resize(v);
  for (Pair& pair : c.pairs) {
    pair.share /= total;
    c.first[pair.first] += pair.share;
    c.second[pair.second] += pair.share;
  }

  const Philox random{.seed = 0, .stream = Stream::simulate};
  std::vector<double> x(v), y(v);
  for (std::size_t i = 0; i < v; ++i) x[i] = random.uniform(i) - 0.5;
  normalise(x);
  double strength = 0;
  for (int step = 0; step < 100; ++step) {
    c.apply(x, false, y);
    (void)normalise(y);
    c.apply(y, true, x);
    const double now = normalise(x);
    const bool still = std::fabs(now - strength) <= 1e-5 * now;
    strength = now;
    if (still && step > 2) break;
  }
  return strength;
}

}  // namespace isoflop::corpus
