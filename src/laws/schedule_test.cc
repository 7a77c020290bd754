// A schedule in 32 knots: what the laws of loss curves sum over it, beside the sums step by step.
#include "laws/schedule.h"

#include <gtest/gtest.h>

#include <cmath>

#include "laws/fixture.h"

namespace isoflop::laws {
namespace {

struct Shape {
  std::string name;
  std::function<double(double)> rate;
};
void PrintTo(const Shape& shape, std::ostream* out) {
  *out << shape.name;
}

class EverySchedule : public testing::TestWithParam<Shape> {};

TEST_P(EverySchedule, HasTheAreaOfItsSteps) {
  const Schedule schedule = schedule_of(3000, 100, 3e-4, GetParam().rate);
  const LearningRates rates(schedule);
  for (const int s : {0, 1, 99, 100, 101, 1500, 2999}) EXPECT_NEAR(rates.area(s) / area_of(schedule, s), 1, 1e-12) << s;
}

// the error stated in schedule.h, as a share of the sum at the last step
TEST_P(EverySchedule, SumsSmoothFunctionsOfTheDistanceInKnots) {
  for (const int steps : {40, 500, 20000}) {
    const Schedule schedule = schedule_of(steps, steps / 20, 3e-4, GetParam().rate);
    const LearningRates rates(schedule);
    for (const double lambda : {0.9, 0.99, 0.999, 0.9999}) {
      const auto annealing = [&](double n, double, double) { return (1 - std::pow(lambda, n)) / (1 - lambda); };
      const auto power = [&](double, double area, double rate) {
        return area > 0 ? 1 - std::pow(2 * std::pow(rate, -0.65) * area + 1, -0.6) : 0;
      };
      for (const int s : {steps / 4, steps - steps / 10, steps - 1}) {
        double falls = 0, drops = 0, of_knots = 0;
        for (const Knot& knot : rates.before(s).knots) {
          falls += knot.drop * annealing(knot.steps, 0, 0);
          drops += knot.drop * power(0, knot.area, knot.rate);
          of_knots += knot.drop;
        }
        const double last = sum_of_falls(schedule, steps - 1, annealing), last_power = sum_of_falls(schedule, steps - 1, power);
        EXPECT_LE(std::fabs(falls - sum_of_falls(schedule, s, annealing)), 5e-4 * last)
            << "lambda " << lambda << " step " << s << " of " << steps;
        EXPECT_LE(std::fabs(drops - sum_of_falls(schedule, s, power)), 2e-3 * last_power) << "step " << s << " of " << steps;
        EXPECT_NEAR(of_knots, rates.rate(rates.peak()) - rates.rate(s), 1e-12) << "every fall is in a knot";
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Schedules, EverySchedule,
                         testing::Values(Shape{"constant", constant_rate}, Shape{"cosine", cosine_rate}, Shape{"wsd", wsd_rate},
                                         Shape{"linear", linear_rate}, Shape{"steps", steps_rate}),
                         [](const testing::TestParamInfo<Shape>& at) { return at.param.name; });

TEST(LearningRates, AreALineBetweenTheStepsThatAreKnown) {
  const Schedule all = schedule_of(1000, 0, 1e-3, linear_rate);
  Schedule some;
  for (std::size_t i = 0; i < 1000; ++i)
    if (i % 37 == 0 || i == 999) some.steps.push_back(all.steps[i]), some.learning_rates.push_back(all.learning_rates[i]);
  const LearningRates whole(all), sparse(some);
  for (const double s : {0.0, 37.0, 500.0, 999.0}) {
    EXPECT_NEAR(sparse.area(s) / whole.area(s), 1, 1e-12) << s;
    const History a = whole.before(s), b = sparse.before(s);
    for (std::size_t k = 0; k < a.knots.size(); ++k) {
      EXPECT_NEAR(a.knots[k].drop, b.knots[k].drop, 1e-15);
      EXPECT_NEAR(a.knots[k].steps, b.knots[k].steps, 1e-6 * a.knots[k].steps);
    }
  }
}

TEST(LearningRates, RiseFromZeroBeforeTheFirstStepOfAWarmUp) {
  EXPECT_NEAR(LearningRates({.steps = {100, 200}, .learning_rates = {1e-3, 2e-3}}).area(100), 0.5 * 100 * 1e-3 + 1e-3, 1e-12);
  EXPECT_NEAR(LearningRates({.steps = {100, 200}, .learning_rates = {2e-3, 1e-3}}).area(100), 101 * 2e-3, 1e-12);
}

TEST(LearningRates, DoNotFallDuringWarmUp) {
  const LearningRates rates(schedule_of(100, 50, 1e-3, constant_rate));
  EXPECT_EQ(rates.peak(), 49);
  for (const Knot& knot : rates.before(80).knots) EXPECT_EQ(knot.drop, 0);
}

}  // namespace
}  // namespace isoflop::laws
