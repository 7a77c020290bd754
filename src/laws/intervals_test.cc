// Intervals from draws: numbers that are 0, draws that run away, ends that cannot be.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "isoflop/laws.h"
#include "laws/intervals.h"
#include "laws/resample.h"

namespace isoflop {
namespace {

std::vector<double> spread(std::size_t count, double low, double high) {
  std::vector<double> draws;
  for (std::size_t i = 0; i < count; ++i)
    draws.push_back(low + (high - low) * static_cast<double>(i) / static_cast<double>(count - 1));
  return draws;
}

// a floor that ended at 0: draws above it have not run away
TEST(Intervals, OfAValueOfZeroAreThoseOfItsDraws) {
  const Interval interval = interval_of_draws(spread(101, 0, 2), 0, 0.9);
  EXPECT_NEAR(interval.low, 0, 0.11);
  EXPECT_NEAR(interval.high, 1.9, 1e-12);
}

TEST(Intervals, ADrawATrillionTimesTheValueHasNoEnd) {
  std::vector<double> draws = spread(100, 1, 2);
  for (std::size_t i = 0; i < 10; ++i) draws[i] = 1e13;
  EXPECT_EQ(interval_of_draws(draws, 1.5, 0.9).high, INFINITY);
  EXPECT_TRUE(std::isfinite(interval_of_draws(draws, 1.5, 0.5).high));
}

TEST(Intervals, OfADifferenceAboutZeroAreFinite) {
  const Interval interval = laws::percentile_interval(spread(101, -1, 1), 1e-16, 0.9, 2);
  EXPECT_NEAR(interval.low, -1.8, 1e-9);
  EXPECT_NEAR(interval.high, 1.8, 1e-9);
}

TEST(Intervals, EndWhereTheNumberDoesUnlessTheValueIsBeyond) {
  const Interval cut = laws::within({-0.3, 0.7, 0.95}, {0, INFINITY}, 0.2);
  EXPECT_EQ(cut.low, 0);
  EXPECT_EQ(cut.high, 0.7);
  EXPECT_EQ(laws::within({-0.3, 0.7, 0.95}, {0, INFINITY}, -0.1).low, -0.3);
}

TEST(Intervals, AreWidenedByStudentsTOverTheNormal) {
  EXPECT_NEAR(laws::student_widening(4, 0.95), 2.776445 / 1.959964, 1e-5);
  EXPECT_NEAR(laws::student_widening(1e6, 0.9), 1, 1e-12);
}

}  // namespace
}  // namespace isoflop
