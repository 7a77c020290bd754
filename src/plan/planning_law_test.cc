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

TEST(PlanningLaw, DrawsAreThoseOfItsFit) {
  const auto table = [](double shift) {
    CsvTable draws;
    draws.subject = "draws.csv";
    draws.header = {"note", "beta", "alpha", "E", "B", "A"};
    for (int i = -30; i < 30; ++i) {
      draws.rows.push_back({"", ".36", format_number(.35 + shift + 1e-4 * i), "1.8", "2000", "480"});
      draws.lines.push_back(i + 32);
    }
    return draws;
  };
  Fit fit;
  fit.law = "chinchilla";
  fit.constants = {{"E", 1.8}, {"A", 480}, {"B", 2000}, {"alpha", .35}, {"beta", .36}};
  fit.draw_names = {"E", "A", "B", "alpha", "beta", "a"};
  for (int i = -30; i < 30; ++i) fit.draws.push_back({1.8, 480, 2000, .35 + 1e-4 * i, .36, .5});
  PlanningLaw law = planning_law_from_json(fit_to_json(fit), "laws.json");
  add_draws(law, table(0));
  EXPECT_EQ(law.draws.size(), 60U);
  // of another fit, its draws about the same constants
  law = planning_law_from_json(fit_to_json(fit), "laws.json");
  const Error error = error_of([&] { add_draws(law, table(1e-5)); });
  EXPECT_EQ(error.fault(), Fault::bad_data);
  EXPECT_NE(error.hint().find("--draws"), std::string::npos);
  // of a fit that does not know its draws, the constants say what they can
  fit.draws.clear();
  law = planning_law_from_json(fit_to_json(fit), "laws.json");
  add_draws(law, table(1e-5));
  law = planning_law_from_json(fit_to_json(fit), "laws.json");
  EXPECT_EQ(error_of([&] { add_draws(law, table(.1)); }).fault(), Fault::bad_data);
}

TEST(PlanningLaw, AConstantThatIsMissingIsTheFilesFault) {
  const Error error =
      error_of([] { (void)planning_law_from_json(R"({"law": "chinchilla", "constants": {"E": 1.8}})", "inc.json"); });
  EXPECT_EQ(error.fault(), Fault::bad_data);
  EXPECT_EQ(error.subject(), "inc.json");
}

TEST(PlanningLaw, WhatALawDoesNotReadIsRefused) {
  for (const char* name : {"published:epoch2024", "tokens_per_param:20", "published:llama3_2024"})
    EXPECT_EQ(error_of([&] { (void)planning_law(name, {{"granularity", 8}}); }).fault(), Fault::usage) << name;
}

TEST(PlanningLaw, ALawWithoutAnOptimumIsRefused) {
  EXPECT_EQ(error_of([] { (void)chinchilla("x", 1.8, 480, 2000, -.35, .36); }).fault(), Fault::bad_data);
}

TEST(PlanningLaw, AFitOfOptimaWithoutLossesPlansBySizeAlone) {
  const PlanningLaw law = planning_law_from_json(
      R"({"law": "optima", "constants": {"k_n": 0.0909, "a": 0.5, "k_d": 1.834, "b": 0.5}, "fitted_range": {"flops": [6e18, 3e21]}})",
      "laws.json");
  EXPECT_FALSE(law.surface);
  EXPECT_EQ(law.fitted_flops->second, 3e21);
  EXPECT_NEAR(optimal_model(law, 1e22).params, 9.09e9, 1e3);
  EXPECT_FALSE(optimal_model(law, 1e22).loss);
  PlanRequest request;
  request.law = law;
  request.target_loss = 2;
  EXPECT_NE(error_of([&] { (void)make_plan(request); }).problem().find("knows no loss"), std::string::npos);
}

/// L*(C) = 1.8 + 2000 C^-0.17, with 50 draws about it.
PlanningLaw of_optima() {
  PlanningLaw law = planning_law_from_json(
      R"({"law": "isoflop", "constants": {"k_n": 0.0909, "a": 0.5, "k_d": 1.834, "b": 0.5,
          "floor_e": 1.8, "floor_k": 2000, "floor_c": 0.17, "frontier_k": 20, "frontier_c": 0.05}})",
      "laws.json");
  std::string draws = "k_n,a,k_d,b,floor_e,floor_k,floor_c,frontier_k,frontier_c\n";
  for (int i = 0; i < 50; ++i) draws += "0.0909,0.5,1.834,0.5," + format_number(1.75 + 0.002 * i) + ",2000,0.17,20,0.05\n";
  add_draws(law, parse_csv(draws, "draws.csv"));
  return law;
}

TEST(OptimaAndLosses, PlanALossAndTheBudgetOfOne) {
  PlanRequest request;
  request.law = of_optima();
  request.flops = 1e22;
  const Plan plan = make_plan(request);
  const double loss = 1.8 + 2000 * std::pow(1e22, -0.17);
  EXPECT_NEAR(*plan.optimum.loss, loss, 1e-12);
  EXPECT_EQ(plan.model.loss, plan.optimum.loss);
  EXPECT_NEAR(plan.intervals.at("loss").low, loss - 0.05, 0.004);
  EXPECT_NEAR(plan.intervals.at("loss").high, loss + 0.048, 0.004);
  EXPECT_FALSE(plan.intervals.contains("loss_of_model"));

  request.flops.reset();
  request.target_loss = loss;
  const Plan target = make_plan(request);
  EXPECT_NEAR(target.flops / 1e22, 1, 1e-9);
  EXPECT_LT(target.intervals.at("flops").low, 1e22);
  EXPECT_GT(target.intervals.at("flops").high, 1e22);
  request.target_loss = 1.8;
  EXPECT_NE(error_of([&] { (void)make_plan(request); }).problem().find("floor"), std::string::npos);
}

TEST(OptimaAndLosses, SayThatTheLossOffTheFrontierIsNotKnown) {
  PlanRequest request;
  request.law = of_optima();
  request.params = 7e9;
  request.tokens = 2e12;
  const Plan plan = make_plan(request);
  EXPECT_TRUE(plan.optimum.loss);
  EXPECT_FALSE(plan.model.loss);
  EXPECT_TRUE(std::any_of(plan.warnings.begin(), plan.warnings.end(), [](const Warning& w) { return w.code == "off_frontier"; }));
  EXPECT_TRUE(plan.deviation.empty() && plan.iso_loss.empty() && !plan.overtraining);
  request.tokens.reset();
  request.target_loss = 2.5;
  EXPECT_NE(error_of([&] { (void)make_plan(request); }).problem().find("best model of each budget alone"), std::string::npos);
}

}  // namespace
}  // namespace isoflop::plan
