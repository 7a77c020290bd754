// The best model of a budget: the tables of the papers, and what it costs to be off.
#include <gtest/gtest.h>

#include "base/math.h"
#include "plan/fixture.h"

namespace isoflop::plan {
namespace {

struct Row {
  double flops;
  double rule_n, rule_d, tex_n, tex_d, tex_loss, sardana_n, sardana_d, epoch_n, epoch_d, epoch_loss, muennighoff_n, muennighoff_d,
      kaplan_n, kaplan_d;
};

// recomputed from the formulas by an independent program
const std::vector<Row> kTable{
    {1e18, 91.29e6, 1.826e9, 94.58e6, 1.762e9, 3.4478, 96.98e6, 1.719e9, 80.53e6, 2.070e9, 3.4905, 92.18e6, 1.808e9, 50.15e6,
     3.323e9},
    {1e19, 288.7e6, 5.774e9, 270.6e6, 6.160e9, 2.9216, 277.9e6, 5.997e9, 262.2e6, 6.357e9, 2.9271, 291.5e6, 5.717e9, 269.3e6,
     6.188e9},
    {1e20, 912.9e6, 18.26e9, 774.1e6, 21.53e9, 2.5533, 796.3e6, 20.93e9, 853.5e6, 19.53e9, 2.5534, 921.8e6, 18.08e9, 1.446e9,
     11.52e9},
    {1e21, 2.887e9, 57.74e9, 2.215e9, 75.26e9, 2.2954, 2.282e9, 73.04e9, 2.778e9, 59.99e9, 2.3055, 2.915e9, 57.17e9, 7.768e9,
     21.46e9},
    {1e22, 9.129e9, 182.6e9, 6.336e9, 263.1e9, 2.1149, 6.538e9, 254.9e9, 9.045e9, 184.3e9, 2.1411, 9.218e9, 180.8e9, 41.71e9,
     39.95e9},
    {1e23, 28.87e9, 577.4e9, 18.13e9, 919.5e9, 1.9885, 18.73e9, 889.6e9, 29.45e9, 566.0e9, 2.0321, 29.15e9, 571.7e9, 224.0e9,
     74.40e9},
    {1e24, 91.29e9, 1.826e12, 51.85e9, 3.214e12, 1.9000, 53.68e9, 3.105e12, 95.86e9, 1.739e12, 1.9597, 92.18e9, 1.808e12,
     1.203e12, 138.5e9},
    {1e25, 288.7e9, 5.774e12, 148.3e9, 11.23e12, 1.8380, 153.8e9, 10.84e12, 312.1e9, 5.341e12, 1.9117, 291.5e9, 5.717e12,
     6.461e12, 258.0e9},
    {1e26, 912.9e9, 18.26e12, 424.4e9, 39.27e12, 1.7946, 440.8e9, 37.81e12, 1.016e12, 16.41e12, 1.8799, 921.8e9, 18.08e12,
     34.70e12, 480.4e9},
};

TEST(Allocation, IsThatOfEveryLawAtEveryBudgetToFourDigits) {
  const PlanningLaw rule = planning_law("tokens_per_param:20"), muennighoff = planning_law("published:muennighoff2023"),
                    sardana = planning_law("published:sardana2024"), kaplan = planning_law("published:kaplan2020_optimal_params");
  for (const Row& row : kTable) {
    const auto check = [&](const PlanningLaw& law, double params, double tokens, double loss = 0) {
      const ModelPlan best = optimal_model(law, row.flops);
      const std::string what = law.name + " at " + format_number(row.flops);
      expect_printed(best.params, params, 4, what);
      expect_printed(best.tokens, tokens, 4, what);
      if (loss > 0) expect_printed(*best.loss, loss, 5, what);
    };
    check(rule, row.rule_n, row.rule_d);
    check(tex(), row.tex_n, row.tex_d, row.tex_loss);
    check(sardana, row.sardana_n, row.sardana_d);
    check(epoch(), row.epoch_n, row.epoch_d, row.epoch_loss);
    check(muennighoff, row.muennighoff_n, row.muennighoff_d);
    check(kaplan, row.kaplan_n, row.kaplan_d);
  }
}

TEST(Allocation, ScaleAndExponentAreThoseOfTheConstants) {
  expect_printed(rounded().surface->scale(), 1.34471, 6);
  expect_printed(rounded().surface->exponent(), .45161, 5);
  expect_printed(tex().surface->scale(), 1.30039, 6);
  expect_printed(tex().surface->exponent(), .45650, 5);
  expect_printed(planning_law("published:sardana2024").surface->scale(), 1.29735, 6);
  expect_printed(epoch().surface->scale(), .11963, 5);
  expect_printed(epoch().surface->exponent(), .51261, 5);
}

TEST(Allocation, FirstApproachHasItsTable) {
  const PlanningLaw law = law_at("approach 1", "optimal_params", {{"K", .0909}, {"a", .5}});
  for (const auto& [flops, params] : {std::pair{1e18, 90.9e6}, {1e20, 909e6}, {1e22, 9.09e9}, {1e24, 90.9e9}, {1e26, 909e9}})
    expect_printed(optimal_model(law, flops).params, params, 3);
}

TEST(Allocation, OtherLawsOfTheOptimum) {
  const ModelPlan llama = optimal_model(planning_law("published:llama3_2024"), 3.8e25);
  expect_printed(llama.tokens, 16.29e12);
  expect_printed(llama.params, 389e9, 3);
}

TEST(Allocation, ALawOfFlopsPerTokenGivesASixthOfThemAsN) {
  for (const char* name : {"published:deepseek2024_optimal_model", "published:deepseek2024_optimal_tokens"}) {
    const PlanningLaw law = planning_law(name);
    const ModelPlan deepseek = optimal_model(law, 1e22);
    EXPECT_NEAR(6 * deepseek.params / 5.873e10, 1, 2e-4) << name;
    EXPECT_NEAR(deepseek.tokens / 1.703e11, 1, 2e-4) << name;
    EXPECT_NEAR(law.flops_per * deepseek.params * deepseek.tokens / 1e22, 1, 2e-4) << name;
  }
}

// exercise 3 of the source's chapter on scaling laws
TEST(Allocation, TwentyTokensForAParameterAtGpt4Scale) {
  const ModelPlan plan = optimal_model(planning_law("tokens_per_param:20"), 1e24);
  expect_printed(plan.params, 91e9, 2);
  expect_printed(plan.tokens, 1.82e12, 2);
}

struct Off {
  double factor, delta_loss, wasted;
};

TEST(Deviation, CostsWhatTheTableSays) {
  const PlanningLaw law = epoch();
  const std::vector<Off> printed{
      {2, .00663, .1567}, {0.5, .00657, .1555}, {4, .02703, .486}, {10, .07771, .823}, {0.1, .07557, .816}};
  for (const Off& off : printed) {
    const auto row = deviation_table(law, 1e23, {off.factor}).front();
    EXPECT_NEAR(row.delta_loss, off.delta_loss, 6e-6) << off.factor;
    EXPECT_NEAR(row.wasted, off.wasted, 6e-4) << off.factor;
    EXPECT_NEAR(6 * row.params * row.tokens / 1e23, 1, 1e-12);
  }
  const auto row = deviation_table(tex(), 1e23, {2}).front();
  EXPECT_NEAR(row.delta_loss, .00679, 6e-6);
  EXPECT_NEAR(row.wasted, .137, 6e-4);
  EXPECT_NEAR(deviation_table(law, 1e23, {1}).front().wasted, 0, 1e-12);
}

TEST(Deviation, IsARuleOfThumbForSmallOnes) {
  const double curvature = epoch().surface->curvature(1e23);
  EXPECT_NEAR(0.5 * curvature * log_(2) * log_(2), .00657, 6e-6);
  for (const auto& [rise, factor] : {std::pair{.001, 1.311}, {.005, 1.831}, {.01, 2.352}})
    expect_printed(exp_(std::sqrt(2 * rise / curvature)), factor, 4);
}

TEST(Overtraining, HasItsPriceAtEqualLoss) {
  const auto price = overtraining_price(epoch(), 1e23, {.75, .5, .3, .1});
  EXPECT_NEAR(price.least_factor, .146, 5e-4);
  ASSERT_EQ(price.rows.size(), 3U);  // a tenth of N* never reaches the loss
  expect_printed(price.rows[0].tokens_factor, 1.378);
  expect_printed(price.rows[0].flops_factor, 1.034);
  expect_printed(price.rows[1].tokens_factor, 2.519);
  expect_printed(price.rows[1].flops_factor, 1.259);
  expect_printed(price.rows[2].tokens_factor, 8.710);
  expect_printed(price.rows[2].flops_factor, 2.613);
  const auto other = overtraining_price(tex(), 1e23, {.75, .5, .3});
  EXPECT_NEAR(other.least_factor, .099, 5e-4);
  expect_printed(other.rows[0].flops_factor, 1.029);
  expect_printed(other.rows[1].flops_factor, 1.210);
  expect_printed(other.rows[2].flops_factor, 2.075);
}

TEST(Overtraining, EveryModelOfAnIsoLossCurveHasItsLoss) {
  const PlanningLaw law = epoch();
  const double loss = 2.05;
  double least = 1e300;
  for (const EqualLoss& row : iso_loss_curve(law, loss, 21)) {
    EXPECT_NEAR(law.surface->loss(row.params, row.tokens), loss, 1e-10);
    EXPECT_GE(row.flops_factor, 1 - 1e-9);
    least = std::min(least, row.flops_factor);
  }
  EXPECT_LT(least, 1.02);
}

TEST(CrossLaw, EachPlanWastesWhatTheOthersSay) {
  const auto table = cross_law({planning_law("tokens_per_param:20"), tex(), epoch(), planning_law("published:muennighoff2023"),
                                planning_law("published:kaplan2020_optimal_params")},
                               1e24);
  ASSERT_EQ(table.judges, (std::vector<std::string>{"tex", "epoch", "published:muennighoff2023"}));
  const auto check = [&](std::size_t plan, std::vector<double> percent) {
    for (std::size_t j = 0; j < percent.size(); ++j)
      EXPECT_NEAR(100 * table.wasted[plan][j], percent[j], 6e-3) << plan << " " << j;
  };
  check(0, {9.36, .09, .00});
  check(1, {0, 12.47, 10.95});
  check(2, {10.94, 0, .05});
  for (const double wasted : table.wasted[4]) {
    EXPECT_GT(wasted, .865);
    EXPECT_LT(wasted, .925);
  }
}

}  // namespace
}  // namespace isoflop::plan
