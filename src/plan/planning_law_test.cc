// Laws a plan is made with: published, fitted, or a rule.
#include <gtest/gtest.h>

#include "base/testing.h"
#include "plan/fixture.h"

namespace isoflop::plan {
namespace {

TEST(PlanningLaw, APublishedLawBringsItsSourceAndRange) {
  const PlanningLaw law = planning_law("published:epoch2024");
  EXPECT_TRUE(law.surface);
  EXPECT_EQ(law.n_convention, "params");
  EXPECT_NE(law.source.find("2404.10102"), std::string::npos);
  ASSERT_TRUE(law.fitted_flops);
  EXPECT_EQ(law.fitted_flops->second, 1.3e22);
}

TEST(PlanningLaw, EveryPublishedLawOfSizeOrLossPlansOrSaysWhyNot) {
  int plans = 0;
  for (const PublishedLaw& published : published_laws()) {
    try {
      const PlanningLaw law = planning_law("published:" + published.name, published.law == "fine_grained"
                                                                              ? std::map<std::string, double>{{"granularity", 8}}
                                                                              : std::map<std::string, double>{});
      const ModelPlan best = optimal_model(law, 1e22);
      EXPECT_NEAR(law.flops_per * best.params * best.tokens / 1e22, 1, 0.01) << published.name;
      ++plans;
    } catch (const Error& error) {
      EXPECT_EQ(error.fault(), Fault::usage) << published.name;
      EXPECT_NE(error.problem().find("no loss of params and tokens"), std::string::npos)
          << published.name << ": " << error.what();
    }
  }
  EXPECT_GE(plans, 14);
}

TEST(PlanningLaw, AnUnknownNameGetsTheNearest) {
  EXPECT_NE(error_of([] { (void)planning_law("epoch2023"); }).hint().find("published:epoch2024"), std::string::npos);
  EXPECT_EQ(error_of([] { (void)planning_law("published:epoch2023"); }).fault(), Fault::usage);
  EXPECT_EQ(error_of([] { (void)planning_law("tokens_per_param:zero"); }).fault(), Fault::usage);
}

TEST(PlanningLaw, DrawsNeedAColumnOfEachConstant) {
  PlanningLaw law = planning_law("published:epoch2024");
  const auto draws = [](const std::string& text) { return parse_csv(text, "draws.csv"); };
  EXPECT_NE(error_of([&] { add_draws(law, draws("\"E\",\"A\",\"B\",\"alpha\"\n1,2,3,4\n")); }).problem().find("`beta`"),
            std::string::npos);
  EXPECT_NE(std::string(error_of([&] { add_draws(law, draws("E,A,B,alpha,beta\n1,2,x,.3,.3\n")); }).what()).find("draws.csv:2"),
            std::string::npos);
  EXPECT_EQ(error_of([&] { add_draws(law, draws("E,A,B,alpha,beta\n1,2,3,-.3,.3\n")); }).fault(), Fault::bad_data);
  add_draws(law, draws("E,A,B,alpha,beta,a\n1.8,480,2000,.35,.36,.5\n1.8,480,2000,-.35,.36,.5\n"));
  EXPECT_EQ(law.draws.size(), 1U);
  EXPECT_EQ(law.warnings.back().code, "draws_left_out");
}

TEST(PlanningLaw, ALawWithoutAnOptimumIsRefused) {
  EXPECT_EQ(error_of([] { (void)chinchilla("x", 1.8, 480, 2000, -.35, .36); }).fault(), Fault::bad_data);
}

TEST(PlanningLaw, AnIsoflopFitPlansBySizeAlone) {
  const PlanningLaw law = planning_law_from_json(
      R"({"law": "isoflop", "constants": {"k_n": 0.0909, "a": 0.5, "k_d": 1.834, "b": 0.5},
          "optima": [{"flops": 6e18, "used": true}, {"flops": 3e21}, {"flops": 1e23, "used": false}]})", "laws.json");
  EXPECT_FALSE(law.surface);
  EXPECT_EQ(law.fitted_flops->second, 3e21);
  EXPECT_NEAR(optimal_model(law, 1e22).params, 9.09e9, 1e3);
  EXPECT_FALSE(optimal_model(law, 1e22).loss);
}

}  // namespace
}  // namespace isoflop::plan
