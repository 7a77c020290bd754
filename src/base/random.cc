#include "base/random.h"

#include <Random123/philox.h>

#include <cmath>

#include "base/check.h"
#include "base/math.h"

namespace isoflop {

std::array<std::uint32_t, 4> Philox::words(std::uint64_t index, std::uint32_t sub) const {
  const r123::Philox4x32::ctr_type counter = {{static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32), sub,
                                               static_cast<std::uint32_t>(stream)}};
  const r123::Philox4x32::key_type key = {{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}};
  const auto out = r123::Philox4x32()(counter, key);
  return {out[0], out[1], out[2], out[3]};
}

std::uint64_t Philox::bits(std::uint64_t index, std::uint32_t sub) const {
  const auto w = words(index, sub);
  return (static_cast<std::uint64_t>(w[1]) << 32) | w[0];
}

double Philox::uniform(std::uint64_t index, std::uint32_t sub) const {
  return static_cast<double>(bits(index, sub) >> 11) * 0x1.0p-53;
}

double Philox::normal(std::uint64_t index, std::uint32_t sub) const {
  const auto w = words(index, sub);
  // u in (0, 1], so that log is finite
  const double u = (static_cast<double>(((static_cast<std::uint64_t>(w[1]) << 32) | w[0]) >> 11) + 1) * 0x1.0p-53;
  const double v = static_cast<double>(((static_cast<std::uint64_t>(w[3]) << 32) | w[2]) >> 11) * 0x1.0p-53;
  return std::sqrt(-2 * log_(u)) * cos_(6.283185307179586477 * v);
}

std::uint64_t Philox::below(std::uint64_t n, std::uint64_t index, std::uint32_t sub) const {
  ISOFLOP_CHECK(n > 0);
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<Wide>(bits(index, sub)) * n) >> 64);
}

Permutation::Permutation(std::uint64_t n, std::uint64_t seed, std::uint64_t key) : n_(n), seed_(seed), key_(key) {
  ISOFLOP_CHECK(n > 0);
  while (half_bits_ < 32 && (std::uint64_t{1} << (2 * half_bits_)) < n) ++half_bits_;
}

std::uint64_t Permutation::operator()(std::uint64_t position) const {
  ISOFLOP_CHECK(position < n_);
  const std::uint64_t mask = (std::uint64_t{1} << half_bits_) - 1;
  const Philox rng{seed_, Stream::batches};

  // Feistel network over 2 * half_bits_ bits; walk until the value falls inside [0, n)
  std::uint64_t x = position;
  do {
    std::uint64_t left = x >> half_bits_, right = x & mask;
    for (std::uint32_t round = 0; round < 6; ++round) {
      const std::uint64_t mixed = rng.bits((key_ << 32) ^ right, 0x46000000U + round) & mask;
      const std::uint64_t next = left ^ mixed;
      left = right;
      right = next;
    }
    x = (left << half_bits_) | right;
  } while (x >= n_);
  return x;
}

}  // namespace isoflop
