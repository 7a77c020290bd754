// Pilots before a dear run.
#include <gtest/gtest.h>

#include "base/testing.h"
#include "plan/fixture.h"

namespace isoflop::plan {
namespace {

LadderOptions options(double target, double pilots) {
  LadderOptions o;
  o.target_flops = target;
  o.pilot_flops = pilots;
  return o;
}

TEST(Ladder, EachRungSavesMoreThanItCostsAndNarrowsTheSize) {
  const Ladder ladder = plan_ladder(epoch(), options(1e24, 2e22));
  ASSERT_GE(ladder.rungs.size(), 2U);
  double factor = ladder.factor_before, waste = ladder.waste_before, cost = 0;
  for (const Rung& rung : ladder.rungs) {
    EXPECT_GT(rung.saved, rung.cost);
    EXPECT_LT(rung.factor, factor);
    EXPECT_LT(rung.waste, waste);
    EXPECT_EQ(rung.models.size(), 5U);
    factor = rung.factor, waste = rung.waste, cost += rung.cost;
  }
  EXPECT_NEAR(ladder.cost / cost, 1, 1e-12);
  EXPECT_LE(ladder.cost, 2e22);
  EXPECT_NEAR(ladder.share, ladder.cost / 1e24, 1e-12);
  EXPECT_FALSE(ladder.stop.empty());
}

TEST(Ladder, ARungCostsItsModelsAndTheWidestSweepOfItsStudy) {
  const Ladder ladder = plan_ladder(epoch(), options(1e24, 2e22));
  ASSERT_FALSE(ladder.rungs.empty());
  const std::string study = rung_study(ladder.rungs.front(), "rung-1");
  const auto number = [&](const std::string& key) { return std::stod(study.substr(study.find(key + " = ") + key.size() + 3)); };
  // its rates are looked for at two sizes
  for (const Rung& rung : ladder.rungs) EXPECT_NEAR(rung.cost / rung.flops, 5 + 2 * number("widest") * number("length"), 1e-9);
}

TEST(Ladder, WhatIsSavedIsTheFallOfTheExpectedWaste) {
  const Ladder ladder = plan_ladder(epoch(), options(1e24, 2e22));
  for (std::size_t i = 1; i < ladder.rungs.size(); ++i) EXPECT_GT(ladder.rungs[i].flops, ladder.rungs[i - 1].flops);
  EXPECT_NEAR(ladder.rungs.front().saved / ((ladder.waste_before - ladder.rungs.front().waste) * 1e24), 1, 1e-9);
}

TEST(Ladder, AFurtherPilotBudgetIsSpentOnlyWhileItPays) {
  const Ladder small = plan_ladder(epoch(), options(1e24, 1e21)), large = plan_ladder(epoch(), options(1e24, 5e23));
  EXPECT_GT(small.rungs.back().factor, large.rungs.back().factor);
  EXPECT_LT(large.cost, 2e23);
  EXPECT_EQ(large.stop, "a further rung costs more than it saves");
}

TEST(Ladder, ALawThatIsKnownNeedsNoPilots) {
  PlanningLaw law = epoch();
  give_draws(law, 100, 1e-4);
  law.fitted_flops = {1e18, 1e24};
  LadderOptions o = options(1e24, 2e22);
  const Ladder ladder = plan_ladder(law, o);
  EXPECT_TRUE(ladder.rungs.empty());
  EXPECT_EQ(ladder.stop, "a further rung costs more than it saves");
}

TEST(Ladder, MoreScatterTakesMorePilots) {
  LadderOptions quiet = options(1e24, 2e22), loud = quiet;
  quiet.residual_sd = 0.002;
  loud.residual_sd = 0.02;
  EXPECT_GT(plan_ladder(epoch(), loud).rungs.back().factor, plan_ladder(epoch(), quiet).rungs.back().factor);
}

TEST(Ladder, PilotsAboveTheTargetAreRefused) {
  EXPECT_EQ(error_of([] { (void)plan_ladder(epoch(), options(1e22, 1e23)); }).fault(), Fault::usage);
  EXPECT_EQ(error_of([] { (void)plan_ladder(planning_law("tokens_per_param:20"), options(1e22, 1e20)); }).fault(), Fault::usage);
}

TEST(Ladder, ARungIsAStudyOfItsBudget) {
  const Ladder ladder = plan_ladder(epoch(), options(1e18, 1e17));
  ASSERT_FALSE(ladder.rungs.empty());
  const std::string study = rung_study(ladder.rungs.front(), "rung-1");
  EXPECT_NE(study.find("target_flops = "), std::string::npos);
  EXPECT_NE(study.find("[[models]]"), std::string::npos);
}

}  // namespace
}  // namespace isoflop::plan
