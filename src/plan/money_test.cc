// The next unit of money.
#include <gtest/gtest.h>

#include "plan/fixture.h"
#include "plan/surface.h"

namespace isoflop::plan {
namespace {

Prices prices() {
  Prices p;
  p.training_flop = 2.5 / (3600 * 989e12 * .4);
  p.serving_flop = 2.5 / (3600 * 989e12 * .05);
  p.data_token = 1e-6;
  p.fixed = 1e5;
  return p;
}

TEST(NextMoney, IsTheLossOfTwoModelsAUnitApart) {
  const PlanningLaw law = epoch();
  const ModelPlan model{7e9, 5e11, 6 * 7e9 * 5e11, {}};
  const Prices p = prices();
  const NextMoney money = next_money(law, model, 1e12, p);
  const double before = law.surface->loss(7e9, 5e11), spent = 1;
  const double more_params = spent / (6 * 5e11 * p.training_flop + 2 * 1e12 * p.serving_flop);
  EXPECT_NEAR((law.surface->loss(7e9 + more_params, 5e11) - before) / spent / *money.params, 1, 1e-3);
  const double more_tokens = spent / (6 * 7e9 * p.training_flop);
  EXPECT_NEAR((law.surface->loss(7e9, 5e11 + more_tokens) - before) / spent / *money.compute, 1, 1e-3);
  const double more_data = spent / (6 * 7e9 * p.training_flop + p.data_token);
  EXPECT_NEAR((law.surface->loss(7e9, 5e11 + more_data) - before) / spent / *money.data, 1, 1e-3);
}

TEST(NextMoney, TheCostOfOwnershipIsTheSumOfItsParts) {
  const ModelPlan model{7e9, 5e11, 6 * 7e9 * 5e11, {}};
  const Prices p = prices();
  const NextMoney money = next_money(epoch(), model, 1e12, p, 1e11);
  EXPECT_NEAR(money.cost_data, 1e11 * 1e-6, 1e-6);
  EXPECT_NEAR(money.cost_training / (6 * 7e9 * 5e11 * p.training_flop), 1, 1e-12);
  EXPECT_NEAR(money.cost_serving / (2 * 7e9 * 1e12 * p.serving_flop), 1, 1e-12);
  EXPECT_NEAR(money.cost_total, money.cost_data + money.cost_training + money.cost_serving + 1e5, 1e-6);
}

TEST(NextMoney, NewTextIsWorthMostToWhoRepeatsTheOld) {
  const ModelPlan model{7e9, 5e11, 6 * 7e9 * 5e11, {}};
  EXPECT_EQ(next_money(epoch(), model, 0, prices(), 1e10).best, "data");
  EXPECT_NE(next_money(epoch(), model, 0, prices()).best, "data");
  // along the frontier a FLOP is worth the same in size and in data
  const ModelPlan best = optimal_model(epoch(), 1e23);
  const NextMoney even = next_money(epoch(), best, 0, prices());
  EXPECT_NEAR(*even.params / *even.compute, 1, 1e-6);
}

TEST(NextMoney, WithoutAPriceThereIsNoAnswer) {
  Prices p;
  p.training_flop = 1e-18;
  EXPECT_FALSE(next_money(epoch(), optimal_model(epoch(), 1e22), 0, p).data);
}

}  // namespace
}  // namespace isoflop::plan
