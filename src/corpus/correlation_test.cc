// Correlation strength of chains whose covariance is known.
#include "corpus/correlation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "corpus/compress.h"

namespace isoflop::corpus {
namespace {

std::vector<std::uint32_t> flips(std::uint64_t seed, std::size_t length, double flip) {
  const Philox random{.seed = seed};
  std::vector<std::uint32_t> text{0};
  while (text.size() < length) text.push_back(random.uniform(text.size()) < flip ? 1 - text.back() : text.back());
  return text;
}

TEST(Correlation, OfAFlippingChainFallsAsItsEigenvalue) {
  // C(n) = lambda^n / 4 (1 -1; -1 1): its norm is lambda^n / 2
  const std::vector<std::vector<std::uint32_t>> texts = {flips(1, 600'000, 0.1), flips(2, 400'000, 0.1)};
  for (const std::int64_t lag : {1, 2, 4, 8})
    EXPECT_NEAR(correlation_strength(texts, 2, lag), std::pow(0.8, static_cast<double>(lag)) / 2, 4e-3) << lag;
}

TEST(Correlation, ATableAndAListOfPairsGiveTheSame) {
  std::vector<std::vector<std::uint32_t>> texts = {flips(3, 20'000, 0.3)};
  for (std::size_t i = 0; i < texts[0].size(); i += 7) texts[0][i] = 2 + static_cast<std::uint32_t>(i % 5);
  EXPECT_NEAR(correlation_strength(texts, 7, 2), correlation_strength(texts, 100'000, 2), 1e-4);
}

TEST(Correlation, OfIndependentSymbolsIsNoise) {
  const Philox random{.seed = 4};
  std::vector<std::vector<std::uint32_t>> texts(1);
  for (std::uint64_t i = 0; i < 100'000; ++i) texts[0].push_back(static_cast<std::uint32_t>(random.below(8, i)));
  EXPECT_LT(correlation_strength(texts, 8, 1), 3e-3);  // ~ (log V / P)^(1/2) sigma
  EXPECT_EQ(correlation_strength({}, 8, 1), 0);
}

TEST(Compressors, FindTheRepetitionAndNothingElse) {
  const Philox random{.seed = 5};
  std::string noise;
  for (std::uint64_t i = 0; i < 50'000; ++i) noise.push_back(static_cast<char>(random.below(256, i)));
  const auto xz = [](std::string_view text) { return xz_bytes(text); };
  using Bytes = std::int64_t (*)(std::string_view);
  for (const Bytes bytes : {Bytes(xz), Bytes(zstd_bytes)}) {
    const std::int64_t once = bytes(noise);
    EXPECT_GE(once, 50'000);
    EXPECT_LT(once, 50'100);
    EXPECT_LT(bytes(noise + noise), once + 1000);  // the window holds both
    EXPECT_LT(bytes(std::string(100'000, 'a')), 100);
  }
}

}  // namespace
}  // namespace isoflop::corpus
