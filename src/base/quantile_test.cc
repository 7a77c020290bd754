// Percentiles: between neighbours by a line, ends that are infinite, what is no number.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/quantile.h"

namespace isoflop {
namespace {

TEST(Quantile, LiesOnALineBetweenNeighbours) {
  const std::vector<double> values{1, 2, 4, 8};
  EXPECT_EQ(quantile_of(values, 0), 1);
  EXPECT_EQ(quantile_of(values, 1), 8);
  EXPECT_DOUBLE_EQ(quantile_of(values, 0.5), 3);
  EXPECT_DOUBLE_EQ(quantile_of(values, 0.9), 4 + 0.7 * 4);
  EXPECT_EQ(quantile_of(std::vector<double>{5}, 0.3), 5);
}

TEST(Quantile, TheMiddleOfValuesInAnyOrderLeavesTheTails) {
  const auto [low, high] = middle_of({9, 1, 5, 3, 7}, 0.5);
  EXPECT_DOUBLE_EQ(low, 3);
  EXPECT_DOUBLE_EQ(high, 7);
}

TEST(Quantile, AnInfiniteTailIsAnInfiniteEndAndNoNumberCountsAsInfinite) {
  std::vector<double> values(100, 1.0);
  for (std::size_t i = 0; i < 3; ++i) values[i] = INFINITY;
  values[3] = std::nan("");
  EXPECT_EQ(middle_of(values, 0.95).second, INFINITY);
  EXPECT_EQ(middle_of(values, 0.9).second, 1);
  for (std::size_t i = 0; i < 4; ++i) values[i] = -INFINITY;
  EXPECT_EQ(middle_of(values, 0.95).first, -INFINITY);
}

}  // namespace
}  // namespace isoflop
