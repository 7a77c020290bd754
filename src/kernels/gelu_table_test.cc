// The quadratics of GELU, evaluated as the set that looks them up does it, against doubles.
#include "kernels/gelu_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace isoflop::kernels {
namespace {

float look_up(const Quadratics& q, float a) {
  const int k = static_cast<int>(std::nearbyint(a / Quadratics::kStep));
  return std::fma(std::fma(q.c2[k], a, q.c1[k]), a, q.c0[k]);
}

double share(Gelu kind, double a) {
  if (kind == Gelu::exact) return std::erfc(a / std::sqrt(2.0)) / 2;
  return 1 / (1 + std::exp(2 * std::sqrt(2 / M_PI) * (a + 0.044715 * a * a * a)));
}

double slope(Gelu kind, double a) {  // of gelu at -a
  const double s = share(kind, a);
  if (kind == Gelu::exact) return s - a * std::exp(-a * a / 2) / std::sqrt(2 * M_PI);
  return s - a * s * (1 - s) * 2 * std::sqrt(2 / M_PI) * (1 + 3 * 0.044715 * a * a);
}

TEST(GeluTable, StaysWithinItsBoundsFromZeroToItsEnd) {
  constexpr Quadratics kTables[2][2] = {{gelu_table(Gelu::exact, false), gelu_table(Gelu::exact, true)},
                                        {gelu_table(Gelu::tanh, false), gelu_table(Gelu::tanh, true)}};
  for (const Gelu kind : {Gelu::exact, Gelu::tanh}) {
    const auto& tables = kTables[kind == Gelu::tanh];
    double worst_share = 0, worst_slope = 0, worst_relative = 0;
    for (int i = 0; i <= 558'000; ++i) {
      const float a = static_cast<float>(i) * 1e-5f;
      const double s = share(kind, a), off = std::fabs(look_up(tables[0], a) - s);
      worst_share = std::max(worst_share, off);
      if (s > 2e-5) worst_relative = std::max(worst_relative, off / s);
      worst_slope = std::max(worst_slope, std::fabs(look_up(tables[1], a) - slope(kind, a)));
    }
    EXPECT_LE(worst_share, 1.3e-5);
    EXPECT_LE(worst_slope, 6e-5);
    EXPECT_LE(worst_relative, 1.0 / 256);
  }
  EXPECT_EQ(look_up(kTables[0][0], Quadratics::kEnd), 0);
  EXPECT_EQ(look_up(kTables[0][1], Quadratics::kEnd), 0);
}

}  // namespace
}  // namespace isoflop::kernels
