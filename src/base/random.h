// Counter-based random numbers (Philox4x32-10, Salmon et al. 2011; Random123). State is a key and a counter.
#pragma once

#include <array>
#include <cstdint>

namespace isoflop {

/// The streams of a seed: no two uses share numbers.
enum class Stream : std::uint32_t {
  weights = 1,
  batches = 2,
  eval_sample = 3,
  sampling = 4,
  simulate = 5,
  bootstrap = 6,
  dropout = 7,
  forms = 8,
  dedup = 9,
  token_noise = 10,
  data_mix = 14,
  mixtures = 20,
};

struct Philox {
  std::uint64_t seed = 0;
  Stream stream = Stream::weights;

  /// Four words at a counter. Same (seed, stream, index, sub): same words, everywhere.
  [[nodiscard]] std::array<std::uint32_t, 4> words(std::uint64_t index, std::uint32_t sub = 0) const;
  [[nodiscard]] std::uint64_t bits(std::uint64_t index, std::uint32_t sub = 0) const;
  /// Uniform in [0, 1) with 53 bits.
  [[nodiscard]] double uniform(std::uint64_t index, std::uint32_t sub = 0) const;
  /// Standard normal (Box-Muller on log, cos of our own).
  [[nodiscard]] double normal(std::uint64_t index, std::uint32_t sub = 0) const;
  /// Uniform in [0, n) without bias worth 2^-64.
  [[nodiscard]] std::uint64_t below(std::uint64_t n, std::uint64_t index, std::uint32_t sub = 0) const;
};

/// A pseudo-random permutation of [0, n): position -> element, in O(1) memory (Feistel network, cycle walking).
class Permutation {
 public:
  Permutation(std::uint64_t n, std::uint64_t seed, std::uint64_t key);
  [[nodiscard]] std::uint64_t operator()(std::uint64_t position) const;

 private:
  std::uint64_t n_ = 1, seed_ = 0, key_ = 0;
  int half_bits_ = 1;
};

}  // namespace isoflop
