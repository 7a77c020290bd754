// Four numbers at a time: exp and ln hold the bounds that pack.h states, against long double, and agree with those of one number.
#include <gtest/gtest.h>

#include <cmath>

#include "base/math.h"
#include "laws/pack.h"

namespace isoflop::laws {
namespace {

TEST(Pack, ExpIsThatOfOneNumber) {
  for (double x = -700; x <= 700; x += 0.37) {
    const Pack y = exp(Pack{x, x / 3, x * 1e-3, -x * 1e-9});
    for (const auto& [lane, argument] : {std::pair{0, x}, {1, x / 3}, {2, x * 1e-3}, {3, -x * 1e-9}})
      {
        EXPECT_LT(std::fabs(static_cast<double>(y[lane] / std::exp(static_cast<long double>(argument)) - 1)), 4e-16) << argument;
        EXPECT_NEAR(y[lane] / exp_(argument), 1, 1e-15) << argument;
      }
  }
}

TEST(Pack, LnIsThatOfOneNumber) {
  for (double exponent = -300; exponent <= 300; exponent += 0.73) {
    const double x = pow_(10, exponent), near = 1 + 1e-3 * exponent / 300;
    const Pack y = log(Pack{x, near, 1 / x, 2 * near});
    for (const auto& [lane, argument] : {std::pair{0, x}, {1, near}, {2, 1 / x}, {3, 2 * near}})
      {
        const long double exact = std::log(static_cast<long double>(argument));
        EXPECT_LE(std::fabs(static_cast<double>(y[lane] - exact)), 1e-15 * std::fabs(static_cast<double>(exact))) << argument;
        EXPECT_NEAR(y[lane], log_(argument), 1e-15 * std::max(1.0, std::fabs(log_(argument)))) << argument;
      }
  }
}

TEST(Pack, LnOfWhatHasNoneIsNotANumber) {
  const Pack y = log(Pack{0, -1, INFINITY, 1e-310});
  for (int lane = 0; lane < 4; ++lane) EXPECT_TRUE(std::isnan(y[lane])) << lane;
}

}  // namespace
}  // namespace isoflop::laws
