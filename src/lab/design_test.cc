// How a learning-rate sweep brackets, and the rule between two sizes.
#include "lab/design.h"

#include <gtest/gtest.h>

#include <cmath>

namespace isoflop::lab {
namespace {

// runs the sweep on a known curve; loss is nothing where the run would diverge
template <class Loss>
std::pair<SweepChoice, std::vector<SweepPoint>> run_sweep(const LearningRateSweep& sweep, Loss loss) {
  std::vector<SweepPoint> points;
  while (true) {
    const SweepChoice choice = sweep_step(sweep, points);
    if (!choice.next) return {choice, points};
    points.push_back({*choice.next, loss(*choice.next)});
  }
}

std::optional<double> bowl(double rate, double best) { return 2 + std::pow(std::log(rate / best), 2); }

TEST(Sweep, FindsTheVertexOfABowlInLogRate) {
  for (const double best : {1e-3, 3e-3, 8e-3, 2e-2}) {
    const auto [choice, points] = run_sweep({4e-3, 2, 0.25, 9}, [&](double rate) { return bowl(rate, best); });
    EXPECT_TRUE(choice.bracketed) << best;
    EXPECT_NEAR(choice.best / best, 1, 0.02);
  }
}

TEST(Sweep, ADivergedRateIsWorseThanAnyOther) {
  const auto [choice, points] =
      run_sweep({8e-3, 2, 0.25, 9}, [&](double rate) { return rate > 5e-3 ? std::nullopt : bowl(rate, 3e-3); });
  EXPECT_TRUE(choice.bracketed);
  EXPECT_LT(choice.best, 5e-3);
}

TEST(Sweep, StopsAtItsWidestAndSaysItIsNotBracketed) {
  const auto [choice, points] = run_sweep({4e-3, 2, 0.25, 5}, [&](double rate) { return bowl(rate, 10.0); });
  EXPECT_FALSE(choice.bracketed);
  EXPECT_EQ(points.size(), 5U);
}

TEST(Sweep, TheOrderOfPointsDoesNotMatter) {
  const LearningRateSweep sweep{4e-3, 2, 0.25, 7};
  EXPECT_EQ(sweep_step(sweep, {{4e-3, 2.0}, {2e-3, 2.1}, {8e-3, 2.2}}).best,
            sweep_step(sweep, {{8e-3, 2.2}, {4e-3, 2.0}, {2e-3, 2.1}}).best);
}

TEST(RateBetween, IsLogLinearInParams) {
  EXPECT_DOUBLE_EQ(rate_between(1e5, 1e4, 8e-3, 1e6, 2e-3), 4e-3);
  EXPECT_DOUBLE_EQ(rate_between(1e4, 1e4, 8e-3, 1e6, 2e-3), 8e-3);
  EXPECT_DOUBLE_EQ(rate_between(5, 1e4, 8e-3, 1e4, 8e-3), 8e-3);
}

}  // namespace
}  // namespace isoflop::lab
