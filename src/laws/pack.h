// Four rows at a time: a pack of doubles with exp and log of its own, so that a law's formula runs over rows as written.
// Plain vector extensions: the same bytes on every x86-64, whatever vectors it has.
#pragma once

#include <cstdint>

// packs never cross a call that is not inlined: how they would be passed does not matter
#pragma GCC diagnostic ignored "-Wpsabi"

namespace isoflop::laws {

inline constexpr std::int64_t kPack = 4;

using Pack = double __attribute__((vector_size(kPack * sizeof(double))));
using PackWords = std::uint64_t __attribute__((vector_size(kPack * sizeof(double))));
using PackBits = std::int64_t __attribute__((vector_size(kPack * sizeof(double))));

[[nodiscard]] inline Pack pack_of(double x) {
  return Pack{x, x, x, x};
}
[[nodiscard]] inline PackBits bits_of(Pack x) {
  return reinterpret_cast<PackBits>(x);
}
[[nodiscard]] inline Pack from_bits(PackBits x) {
  return reinterpret_cast<Pack>(x);
}
/// a where the mask is set, else b.
[[nodiscard]] inline Pack select(PackBits mask, Pack a, Pack b) {
  return from_bits((bits_of(a) & mask) | (bits_of(b) & ~mask));
}
[[nodiscard]] inline Pack abs(Pack x) {
  return from_bits(bits_of(x) & INT64_C(0x7fffffffffffffff));
}
/// The lanes, added in order.
[[nodiscard]] inline double sum(Pack x) {
  return ((x[0] + x[1]) + x[2]) + x[3];
}

/// e^x. Relative error below 4e-16; arguments are held to [-708, 709], where the result is normal. NaN stays NaN.
/// Checked  pack_test.cc, against exp_.
[[nodiscard]] inline Pack exp(Pack x) {
  constexpr double kLn2High = 6.93147180369123816490e-01, kLn2Low = 1.90821492927058770002e-10, kRound = 0x1.8p52;
  x = select(x > 709.0, pack_of(709.0), x);
  x = select(x < -708.0, pack_of(-708.0), x);
  // x = n ln 2 + r, as in exp_; adding 1.5 2^52 rounds to n and leaves it in the low bits
  const Pack shifted = x * 1.44269504088896338700 + kRound;
  const Pack n = shifted - kRound;
  const Pack r = (x - n * kLn2High) - n * kLn2Low;
  constexpr double kInverseFactorial[] = {1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040,
                                          1.0 / 720,       1.0 / 120,      1.0 / 24,      1.0 / 6,      0.5};
  Pack p = pack_of(1.0 / 6227020800.0);
  for (const double c : kInverseFactorial) p = p * r + c;
  return (1 + (r + r * r * p)) * from_bits((bits_of(shifted) + 1023) << 52);
}

/// ln x of positive normal numbers; anything else (0, negative, subnormal, infinite, NaN) gives NaN.
/// Numerics relative error below 1e-15.
/// Checked  pack_test.cc, against log_.
[[nodiscard]] inline Pack log(Pack x) {
  constexpr double kLn2High = 6.93147180369123816490e-01, kLn2Low = 1.90821492927058770002e-10;
  const PackBits bits = bits_of(x);
  Pack m = from_bits((bits & INT64_C(0x000fffffffffffff)) | INT64_C(0x3ff0000000000000));
  // the exponent as a double: its bits below those of 2^52
  Pack e = reinterpret_cast<Pack>((reinterpret_cast<PackWords>(x) >> 52) | UINT64_C(0x4330000000000000)) - (0x1.0p52 + 1023);
  const PackBits above = m > 1.41421356237309504880;
  m = select(above, m * 0.5, m);
  e = select(above, e + 1, e);
  const Pack f = m - 1;
  const Pack s = f / (m + 1);
  const Pack z = s * s;
  Pack p = pack_of(0);
  for (int k = 21; k >= 3; k -= 2) p = (p + 2.0 / k) * z;
  const Pack value = e * kLn2High + (f - (s * (f - p) - e * kLn2Low));
  const PackBits good = (x >= 0x1.0p-1022) & (x <= 0x1.fffffffffffffp1023);
  return select(good, value, pack_of(__builtin_nan("")));
}

}  // namespace isoflop::laws
