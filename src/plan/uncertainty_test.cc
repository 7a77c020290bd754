// What draws say of a plan.
#include <gtest/gtest.h>

#include <cmath>

#include "base/math.h"
#include "plan/fixture.h"

namespace isoflop::plan {
namespace {

TEST(Regret, OfOneLawWithoutDrawsIsItsOptimum) {
  const RegretOptimum regret = regret_optimum({epoch()}, 1e24);
  EXPECT_NEAR(regret.model.params / optimal_model(epoch(), 1e24).params, 1, 1e-12);
  EXPECT_NEAR(regret.mean_waste, 0, 1e-12);
}

TEST(Regret, BeatsEveryOtherSizeOnAverage) {
  PlanningLaw law = epoch();
  give_draws(law, 200, 0.15);
  const double flops = 1e24;
  const RegretOptimum regret = regret_optimum({law}, flops);
  EXPECT_EQ(regret.draws, 200);
  EXPECT_LE(regret.mean_waste, regret.optimum_mean_waste);
  EXPECT_GT(regret.waste_95, regret.mean_waste);
  for (const double factor : {0.3, 0.7, 0.95, 1.0, 1.05, 1.4, 3.0}) {
    const double params = factor * regret.model.params;
    double mean = 0;
    for (const AdditiveLaw& draw : law.draws) mean += wasted_compute(draw, params, flops / 6 / params) / 200;
    EXPECT_GE(mean, regret.mean_waste - 1e-9) << factor;
    if (factor == 1.0) {
      EXPECT_NEAR(mean, regret.mean_waste, 1e-9);
    }
  }
}

TEST(Regret, OverLawsLiesBetweenTheirOptima) {
  const RegretOptimum regret = regret_optimum({tex(), epoch(), planning_law("tokens_per_param:20")}, 1e24);
  EXPECT_GT(regret.model.params, optimal_model(tex(), 1e24).params);
  EXPECT_LT(regret.model.params, optimal_model(epoch(), 1e24).params);
  EXPECT_EQ(regret.laws.size(), 2U);  // a rule judges nothing
}

TEST(Intervals, AreThoseOfTheDraws) {
  PlanningLaw law = epoch();
  EXPECT_TRUE(plan_intervals(law, 1e24, optimal_model(law, 1e24)).empty());
  give_draws(law, 400, 0.05);
  const ModelPlan best = optimal_model(law, 1e24);
  const auto intervals = plan_intervals(law, 1e24, best, 0.01);
  std::size_t below = 0;
  for (const AdditiveLaw& draw : law.draws) below += draw.optimum(1e24).params < intervals.at("params").low;
  EXPECT_NEAR(static_cast<double>(below), 10, 1);
  EXPECT_LT(intervals.at("loss").low, *best.loss);
  EXPECT_GT(intervals.at("loss").high, *best.loss);
  // a run scatters beside what is not known of the law
  EXPECT_LT(intervals.at("prediction").low, intervals.at("loss_of_model").low);
  EXPECT_GT(intervals.at("prediction").high, intervals.at("loss_of_model").high);
}

// draws that agree leave the scatter of runs: 1.96 sd to both sides, however few they are
TEST(Intervals, OfOneRunAreNotMadeOfFewNormalNumbers) {
  for (const std::size_t count : {0UL, 40UL, 100UL, 1000UL}) {
    PlanningLaw law = epoch();
    if (count > 0) give_draws(law, count, 0);
    const ModelPlan best = optimal_model(law, 1e24);
    const Interval run = plan_intervals(law, 1e24, best, 0.01).at("prediction");
    EXPECT_NEAR(log_(run.low / *best.loss), -1.959964 * 0.01, 1e-7) << count;
    EXPECT_NEAR(log_(run.high / *best.loss), 1.959964 * 0.01, 1e-7) << count;
  }
}

TEST(Intervals, OfOneRunAreWidenedWhereTheLawIs) {
  PlanningLaw law = epoch();
  give_draws(law, 400, 0.05);
  const ModelPlan best = optimal_model(law, 1e24);
  law.widening = 3;
  const auto intervals = plan_intervals(law, 1e24, best, 1e-6);
  EXPECT_NEAR(intervals.at("prediction").low / intervals.at("loss_of_model").low, 1, 1e-3);
  EXPECT_NEAR(intervals.at("prediction").high / intervals.at("loss_of_model").high, 1, 1e-3);
}

TEST(Intervals, AreWidenedAsTheFitsAre) {
  PlanningLaw law = epoch();
  give_draws(law, 400, 0.05);
  const ModelPlan best = optimal_model(law, 1e24);
  const Interval plain = plan_intervals(law, 1e24, best).at("params");
  law.widening = 2;
  const Interval wide = plan_intervals(law, 1e24, best).at("params");
  EXPECT_NEAR(log_(wide.high / best.params), 2 * log_(plain.high / best.params), 1e-9);
}

}  // namespace
}  // namespace isoflop::plan
