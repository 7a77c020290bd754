// What the room's tests share: guarded buffers, deterministic values, and the one function every tolerance goes through.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ostream>
#include <string>
#include <vector>

#include "base/random.h"
#include "kernels/bf16.h"
#include "kernels/bounds.h"
#include "kernels/choose.h"

namespace isoflop::kernels {

inline std::ostream& operator<<(std::ostream& out, Set set) {
  return out << (set == Set::ref ? "ref" : set == Set::avx2 ? "avx2" : set == Set::avx512 ? "avx512" : "avx512bf16");
}

/// Every tolerance of these tests; ISOFLOP_TOL_SCALE=0 makes each fail and print its true residual.
inline double tolerance(double bound) {
  static const char* const text = std::getenv("ISOFLOP_TOL_SCALE");
  return text ? bound * std::strtod(text, nullptr) : bound;
}

/// n Reals with a red zone before and after; touched() tells whether anything was written there.
/// Reading there is seen where it spreads into results: the zones hold NaN.
template <class Real>
class Guarded {
 public:
  explicit Guarded(std::int64_t n) : n_(n), all_(static_cast<std::size_t>(n + 2 * kZone), rounded<Real>(std::nan(""))) {}
  [[nodiscard]] Real* data() { return all_.data() + kZone; }
  [[nodiscard]] const Real* data() const { return all_.data() + kZone; }
  [[nodiscard]] std::int64_t size() const { return n_; }
  [[nodiscard]] Real& operator[](std::int64_t i) { return data()[i]; }
  [[nodiscard]] Real operator[](std::int64_t i) const { return data()[i]; }
  [[nodiscard]] bool touched() const {
    const auto pure = [](Real x) { return std::isnan(real(x)); };
    return !std::all_of(all_.begin(), all_.begin() + kZone, pure) || !std::all_of(all_.end() - kZone, all_.end(), pure);
  }
  [[nodiscard]] bool same_bytes(const Guarded& other) const {
    return n_ == other.n_ && std::memcmp(data(), other.data(), sizeof(Real) * static_cast<std::size_t>(n_)) == 0;
  }

 private:
#if defined(__SANITIZE_ADDRESS__)
  static constexpr std::int64_t kZone = 0;  // the sanitizer's own zones begin at the last byte, and see reading too
#else
  static constexpr std::int64_t kZone = 64;
#endif
  std::int64_t n_;
  std::vector<Real> all_;
};

/// Values in (-scale, scale) that are a function of (seed, index) alone.
template <class Real>
void fill(Guarded<Real>& x, std::uint64_t seed, double scale = 1, double centre = 0) {
  std::uint64_t state = seed * 0x9E3779B97F4A7C15ULL + 1;
  for (std::int64_t i = 0; i < x.size(); ++i) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    x[i] = rounded<Real>(static_cast<float>(centre + scale * (static_cast<double>(state >> 40) / 8388608.0 - 1)));
  }
}
template <class Real>
void set_all(Guarded<Real>& x, double value) {
  for (std::int64_t i = 0; i < x.size(); ++i) x[i] = rounded<Real>(value);
}

/// Drops threshold of 65,536 under some key.
template <class Real>
Dropout<Real> some_dropout(std::uint32_t threshold) {
  const double kept = 65536.0 - static_cast<double>(threshold);
  return {0x0123456789abcdefULL, static_cast<std::uint32_t>(Stream::dropout), 40, threshold, static_cast<Real>(65536.0 / kept)};
}

/// The same values as doubles: what the reference<double> is fed.
template <class Real>
Guarded<double> doubled(const Guarded<Real>& x) {
  Guarded<double> y(x.size());
  for (std::int64_t i = 0; i < x.size(); ++i) y[i] = static_cast<double>(real(x[i]));
  return y;
}

/// |x - y| <= bound * (1 + |y|) everywhere; a NaN on either side fails.
template <class A, class B>
::testing::AssertionResult agree(const Guarded<A>& x, const Guarded<B>& y, double bound) {
  double worst = -1;
  std::int64_t where = 0;
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const double want = static_cast<double>(real(y[i])), got = static_cast<double>(real(x[i]));
    const double error = std::fabs(got - want) / (1 + std::fabs(want));
    if (!(error <= tolerance(bound))) {
      if (!(error <= worst)) worst = error, where = i;
    }
  }
  if (worst == -1) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "residual " << worst << " at " << where << ": " << static_cast<double>(real(x[where]))
                                       << ", expected " << static_cast<double>(real(y[where])) << ", bound " << bound;
}

/// A fact about every set this build knows; skipped, saying so, where the machine lacks it.
class EverySet : public ::testing::TestWithParam<Set> {
 protected:
  void SetUp() override {
    const std::vector<Set> sets = available();
    if (std::find(sets.begin(), sets.end(), GetParam()) == sets.end()) GTEST_SKIP() << "this machine has no " << GetParam();
    set = &table(GetParam());
  }
  /// Floats in a vector of the set; 1 for the reference.
  [[nodiscard]] std::int64_t width() const { return GetParam() == Set::avx512 ? 16 : GetParam() == Set::avx2 ? 8 : 1; }
  const Table<float>* set = nullptr;
  const Table<double>& exact = reference<double>();
};

inline std::string set_name(const ::testing::TestParamInfo<Set>& info) {
  return ::testing::PrintToString(info.param);
}

}  // namespace isoflop::kernels
