// A request in, everything out; what cannot be meant is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "base/json.h"
#include "base/testing.h"
#include "plan/fixture.h"
#include "plan/surface.h"

namespace isoflop::plan {
namespace {

using testing::HasSubstr;

PlanRequest request_of(const PlanningLaw& law) {
  PlanRequest request;
  request.law = law;
  return request;
}

bool has(const Plan& plan, const std::string& code) {
  return std::any_of(plan.warnings.begin(), plan.warnings.end(), [&](const Warning& w) { return w.code == code; });
}

TEST(MakePlan, ABudgetGivesTheOptimumAndItsSurroundings) {
  PlanRequest request = request_of(planning_law("published:epoch2024"));
  request.flops = 1e24;
  request.others = {tex(), planning_law("tokens_per_param:20")};
  const Plan plan = make_plan(request);
  EXPECT_NEAR(plan.optimum.params / 95.9e9, 1, .01);
  EXPECT_EQ(plan.deviation.size(), 5U);
  EXPECT_NEAR(*plan.extrapolation, 1e24 / 1.3e22, 1e-9);
  EXPECT_TRUE(has(plan, "no_draws"));
  EXPECT_TRUE(has(plan, "extrapolation"));
  EXPECT_FALSE(has(plan, "rounded_exponents"));
  EXPECT_TRUE(plan.regret_laws);
  EXPECT_FALSE(plan.explanations.empty());
}

TEST(MakePlan, ThreeWaysOfAskingMeetAtTheSameModel) {
  PlanRequest request = request_of(epoch());
  request.flops = 1e23;
  const Plan by_flops = make_plan(request);
  request = request_of(epoch());
  request.target_loss = *by_flops.optimum.loss;
  EXPECT_NEAR(make_plan(request).flops / 1e23, 1, 1e-9);
  request = request_of(epoch());
  request.params = by_flops.optimum.params;
  EXPECT_NEAR(make_plan(request).flops / 1e23, 1, 1e-9);
  request = request_of(epoch());
  request.tokens = by_flops.optimum.tokens;
  EXPECT_NEAR(make_plan(request).flops / 1e23, 1, 1e-9);
  request.params = by_flops.optimum.params;
  const Plan both = make_plan(request);
  EXPECT_NEAR(both.flops / 1e23, 1, 1e-9);
  EXPECT_NEAR(both.wasted, 0, 1e-9);
  EXPECT_NEAR(*both.implied_demand / by_flops.optimum.tokens, 0, 1e-6);
}

TEST(MakePlan, AModelThatIsGivenIsJudgedBesideTheOptimum) {
  PlanRequest request = request_of(epoch());
  request.params = 7e9;
  request.tokens = 1e12;
  const Plan plan = make_plan(request);
  EXPECT_EQ(plan.asked, "params and tokens");
  EXPECT_NEAR(*plan.model.loss, 2.083, .002);
  EXPECT_GT(plan.wasted, 0.05);
  EXPECT_GT(plan.optimum.params, 7e9);
}

TEST(MakePlan, ASmallModelReachesALossWithMoreData) {
  PlanRequest request = request_of(epoch());
  request.params = 20e9;
  request.target_loss = 2.0321;  // of 29.45e9 parameters at 1e23
  const Plan plan = make_plan(request);
  EXPECT_NEAR(*plan.model.loss, 2.0321, 1e-9);
  EXPECT_GT(plan.model.tokens, 566e9);
  request.params = 1e9;
  EXPECT_THAT(error_of([&] { (void)make_plan(request); }).problem(), HasSubstr("takes more than"));
}

TEST(MakePlan, AtATargetLossEveryDrawHasItsOwnComputeSizeAndData) {
  PlanRequest request = request_of(epoch());
  give_draws(request.law, 100, .02);
  request.target_loss = 2.1;
  const Plan plan = make_plan(request);
  EXPECT_FALSE(plan.intervals.contains("loss"));
  std::vector<double> params;
  for (const AdditiveLaw& draw : request.law.draws) params.push_back(draw.optimum(draw.least_flops(2.1)).params);
  const Interval expected = interval_of_draws(params, plan.optimum.params);
  EXPECT_DOUBLE_EQ(plan.intervals.at("params").low, expected.low);
  EXPECT_DOUBLE_EQ(plan.intervals.at("params").high, expected.high);
  // C is 6 N D in every draw: its interval is wider than that of either
  const auto width = [&](const char* name) { return plan.intervals.at(name).high / plan.intervals.at(name).low; };
  EXPECT_GT(width("flops"), width("params"));
  EXPECT_GT(width("flops"), width("tokens"));
}

TEST(MakePlan, WithLittleTextTheModelIsTheBestOfThatText) {
  PlanRequest request = request_of(epoch());
  request.flops = 1e23;
  const Plan endless = make_plan(request);
  request.unique_tokens = 1e11;
  const Plan plan = make_plan(request);
  EXPECT_TRUE(plan.text_limited);
  EXPECT_EQ(plan.optimum.params, endless.optimum.params);
  EXPECT_EQ(plan.model.params, plan.data_limits.front().model.params);
  EXPECT_GT(*plan.model.loss, *endless.model.loss);
  EXPECT_NEAR(plan.model.flops / (6 * plan.model.params * plan.model.tokens), 1, 1e-9);
  // no size near it does better with that text
  for (const double factor : {0.8, 1.25}) {
    const double params = factor * plan.model.params;
    EXPECT_GT(loss_of(plan.law, *plan.law.surface, params, plan.flops / (6 * params)), *plan.model.loss);
  }
  request.unique_tokens = 1e14;
  EXPECT_FALSE(make_plan(request).text_limited);
  // what is given is kept: its loss counts the repetition
  request.flops.reset();
  request.params = 7e9;
  request.tokens = 1e12;
  request.unique_tokens = 5e10;
  const Plan given = make_plan(request);
  EXPECT_EQ(given.model.tokens, 1e12);
  EXPECT_GT(*given.model.loss, request.law.surface->loss(7e9, 1e12));
}

TEST(MakePlan, ABudgetThatIsNoTrainingRunIsRefused) {
  for (const double flops : {1.0, 1e5, 1e36, 1e300}) {
    PlanRequest request;
    request.law = planning_law("published:epoch2024");
    request.flops = flops;
    const Error error = error_of([&] { (void)make_plan(request); });
    EXPECT_EQ(error.fault(), Fault::usage) << flops;
    EXPECT_NE(error.problem().find("no training run"), std::string::npos) << error.what();
    request.flops = 1e22;
    EXPECT_NO_THROW((void)make_plan(request));
    request.budgets = {flops};
    EXPECT_EQ(error_of([&] { (void)make_plan(request); }).fault(), Fault::usage) << flops;
  }
}

TEST(MakePlan, ContradictionsAreRefused) {
  PlanRequest request = request_of(epoch());
  EXPECT_THAT(error_of([&] { (void)make_plan(request); }).hint(), HasSubstr("--flops"));
  request.flops = 1e23;
  request.target_loss = 2.1;
  EXPECT_THAT(std::string(error_of([&] { (void)make_plan(request); }).what()), HasSubstr("contradicts"));
  request = request_of(epoch());
  request.flops = 1e23;
  request.params = 7e9;
  request.tokens = 1e12;
  EXPECT_THAT(std::string(error_of([&] { (void)make_plan(request); }).what()), HasSubstr("4.2e+22"));
  request = request_of(epoch());
  request.flops = -1;
  EXPECT_EQ(error_of([&] { (void)make_plan(request); }).fault(), Fault::usage);
}

TEST(MakePlan, ATargetBelowTheFloorIsToldTheFloorAndItsInterval) {
  PlanRequest request = request_of(epoch());
  request.target_loss = 1.7;
  EXPECT_THAT(std::string(error_of([&] { (void)make_plan(request); }).what()), HasSubstr("1.817"));
  give_draws(request.law, 100, .05);
  const std::string what = error_of([&] { (void)make_plan(request); }).what();
  EXPECT_THAT(what, HasSubstr("95 %: 1.7"));
  EXPECT_THAT(what, HasSubstr("to 1.8"));
}

TEST(MakePlan, FarBeyondTheFitIsAnsweredAndSaidFirst) {
  PlanRequest request = request_of(planning_law("published:hoffmann2022"));
  request.flops = 1e25;
  const Plan plan = make_plan(request);
  EXPECT_EQ(plan.warnings.front().code, "extrapolation_far");
  ASSERT_TRUE(has(plan, "rounded_exponents"));
  for (const Warning& w : plan.warnings)
    if (w.code == "rounded_exponents") {
      EXPECT_THAT(w.text, HasSubstr("alpha = 0.34, beta = 0.28"));
    }
}

TEST(MakePlan, ALawWithoutALossStillSaysTheSize) {
  PlanRequest request = request_of(planning_law("tokens_per_param:20"));
  request.flops = 1e24;
  const Plan plan = make_plan(request);
  EXPECT_NEAR(plan.optimum.params / 91.29e9, 1, 1e-4);
  EXPECT_FALSE(plan.optimum.loss);
  request.serving = Serving{};
  EXPECT_EQ(error_of([&] { (void)make_plan(request); }).fault(), Fault::usage);
}

TEST(MakePlan, TheJsonHasWhatItPromises) {
  PlanRequest request = request_of(planning_law("published:sardana2024"));
  request.params = 13e9;
  request.serving.emplace();
  request.serving->tokens = 2e12;
  const Json json = parse_json(plan_to_json(make_plan(request)), "plan");
  expect_printed(json["inference_aware"]["params"].get<double>(), 6.969e9);
  expect_printed(json["inference_aware"]["flops_saved"].get<double>(), 1.69e22, 3);
  for (const char* key : {"optimum", "intervals", "regret", "deviation", "warnings", "law", "overtraining", "iso_loss"})
    EXPECT_TRUE(json.contains(key)) << key;
  EXPECT_TRUE(json["optimum"].contains("tokens_per_param"));
}

TEST(MakePlan, ReleasedModelsOfLikeComputeStandBesideIt) {
  PlanRequest request = request_of(epoch());
  request.flops = 6 * 70e9 * 1.4e12;
  const Plan plan = make_plan(request);
  const auto chinchilla = std::find_if(plan.released.begin(), plan.released.end(),
                                       [](const ReleasedModel& r) { return r.name.find("Chinchilla") != std::string::npos; });
  ASSERT_NE(chinchilla, plan.released.end());
  EXPECT_LT(chinchilla->wasted, 0.01);
  for (const ReleasedModel& r : plan.released)
    EXPECT_LT(std::fabs(std::log(r.model.flops / plan.flops)), std::log(3.01)) << r.name;
}

TEST(MakePlan, TrainingOnAndFewBitsFollowFromTheModel) {
  PlanRequest request = request_of(epoch());
  request.params = 7e9;
  request.tokens = 1e12;
  request.continual = ContinualPlan{.added_tokens = 100e9, .replay = 0};
  request.precision.emplace();
  request.precision->law.gamma_weights = 2.67;
  request.precision->weight_bits = 4;
  const Plan plan = make_plan(request);
  expect_printed(plan.continual->flops, 4.2e21);
  EXPECT_NEAR(plan.continual->share, .1, 1e-12);
  EXPECT_LT(plan.precision->effective_params, 7e9);
  EXPECT_GT(plan.precision->loss, *plan.model.loss);
  EXPECT_FALSE(plan.precision->best_bits);
  request.precision->weight_bits = 0;
  EXPECT_EQ(error_of([&] { (void)make_plan(request); }).fault(), Fault::usage);
}

TEST(MakePlan, BitsThatLeaveNothingOfTheModelAreRefused) {
  PlanRequest request = request_of(epoch());
  request.flops = 1e23;
  request.precision.emplace();
  request.precision->law = {.gamma_activations = 2.2102, .offset_activations = 1.4072};
  request.precision->activation_bits = 3;
  const Error error = error_of([&] { (void)make_plan(request); });
  EXPECT_EQ(error.fault(), Fault::usage);
  EXPECT_NE(error.problem().find("at 3 bits of the activations"), std::string::npos) << error.problem();
  EXPECT_NE(error.problem().find("more than 3.11"), std::string::npos) << error.problem();
  request.precision->activation_bits = 4;
  EXPECT_GT(make_plan(request).precision->effective_params, 0);
  request.precision->law.offset_cache = 1;
  EXPECT_NE(error_of([&] { (void)make_plan(request); }).problem().find("gamma_cache"), std::string::npos);
}

TEST(MakePlan, TheSameRequestGivesTheSameBytes) {
  PlanRequest request = request_of(epoch());
  give_draws(request.law, 100, .05);
  request.flops = 1e23;
  request.residual_sd = 0.01;
  EXPECT_EQ(plan_to_json(make_plan(request)), plan_to_json(make_plan(request)));
}

// the bound is the times what a loaded machine may take; LOG has the measured figure
TEST(MakePlan, EverythingWithAThousandDrawsIsAQuestionOfAMoment) {
  PlanRequest request = request_of(epoch());
  give_draws(request.law, 1000, .05);
  request.flops = 1e24;
  request.others = {tex(), planning_law("published:muennighoff2023"), planning_law("tokens_per_param:20")};
  request.budgets = {1e22, 1e23};
  request.unique_tokens = 5e11;
  request.residual_sd = 0.01;
  request.serving.emplace();
  request.serving->tokens = 1e13;
  request.prices.emplace();
  request.prices->training_flop = 1e-18;
  request.prices->serving_flop = 1e-18;
  request.prices->data_token = 1e-7;
  request.ladder.emplace();
  request.ladder->pilot_flops = 1e22;
  const auto began = std::chrono::steady_clock::now();
  const Plan plan = make_plan(request);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  EXPECT_EQ(plan.regret->draws, 1000);
  EXPECT_LT(seconds, 2.5);
  RecordProperty("milliseconds", std::to_string(1000 * seconds));
}

}  // namespace
}  // namespace isoflop::plan
