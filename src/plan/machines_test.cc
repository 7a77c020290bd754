// A plan on machines.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/json.h"
#include "base/testing.h"
#include "plan/fixture.h"

namespace isoflop::plan {
namespace {

Plan plan_of(double flops) {
  PlanRequest request;
  request.law = planning_law("published:epoch2024");
  request.flops = flops;
  return make_plan(request);
}

TEST(Machines, AShapeNearTheSizeFitsTheDevicesAndHasItsCost) {
  const Plan plan = plan_of(1e22);
  MachineRequest request;
  request.accelerator = find_accelerator("h100");
  request.devices = 64;
  request.mfu = {.4, .4, .4};
  const MachinePlan machines = plan_machines(plan, request);
  ASSERT_FALSE(machines.shapes.empty());
  EXPECT_NEAR(static_cast<double>(machines.shapes.front().counts.params) / plan.model.params, 1, .1);
  // what rounding costs in loss is far less than what the law leaves open
  EXPECT_LT(std::fabs(*machines.shapes.front().loss_rise), 1e-3);
  expect_printed(machines.cost.days.value, 4.57, 3);  // 1e22 on 64 H100 at .40
  ASSERT_TRUE(machines.memory);
  EXPECT_TRUE(machines.memory->fits);
  EXPECT_GT(machines.hyperparameters.size(), 4U);
  ASSERT_TRUE(machines.schedule);
  EXPECT_NEAR(machines.schedule->steps * machines.schedule->batch_tokens / plan.model.tokens, 1, 1e-3);
  EXPECT_FALSE(machines.frontier.empty());
}

TEST(Machines, DaysAgainstMoneyHoldThePlansOwnNumberOfDevicesOnce) {
  for (const std::int64_t devices : {48, 64}) {
    MachineRequest request;
    request.devices = devices;
    const auto frontier = plan_machines(plan_of(1e22), request).frontier;
    EXPECT_EQ(std::count_if(frontier.begin(), frontier.end(), [&](const FrontierPoint& p) { return p.devices == devices; }), 1);
  }
}

TEST(Machines, WithoutACountEnoughDevicesForAMonthAreTaken) {
  const MachinePlan machines = plan_machines(plan_of(1e24));
  EXPECT_LE(machines.cost.days.value, 30);
  EXPECT_GT(machines.cost.days.value, 14);
}

TEST(Machines, AModelSmallerThanItsVocabularyHasNoShape) {
  MachineRequest request;
  request.shape.vocab_size = 100000;
  const MachinePlan machines = plan_machines(plan_of(1e15), request);
  EXPECT_TRUE(machines.shapes.empty());
  ASSERT_FALSE(machines.warnings.empty());
  EXPECT_EQ(machines.warnings.front().code, "no_shape");
}

TEST(Machines, ACountNeedsALawOfTheLoss) {
  PlanRequest rule;
  rule.law = planning_law("tokens_per_param:20");
  rule.flops = 1e22;
  MachineRequest request;
  request.count = "flops_exact";
  const Error error = error_of([&] { (void)plan_machines(make_plan(rule), request); });
  EXPECT_EQ(error.fault(), Fault::usage);
  EXPECT_EQ(error.subject(), "--count");
}

TEST(Machines, TheJsonHasWhatItPromises) {
  const Json json = parse_json(machines_to_json(plan_machines(plan_of(1e22))), "machines");
  for (const char* key : {"shape", "cost", "memory", "hyperparameters", "schedule", "frontier"})
    EXPECT_TRUE(json.contains(key)) << key;
  EXPECT_TRUE(json["hyperparameters"].is_array());
  EXPECT_TRUE(json["shape"]["n_layer"].is_number());
}

TEST(CountedOptimum, NoShapeOfAWideGridDoesBetter) {
  const PlanningLaw law = epoch();
  ShapeOptions options;
  options.style = Style::gpt2;
  for (const char* convention : {"flops_exact", "flops_full_attention"}) {
    const auto best = counted_optimum(law, 1e18, convention, options);
    ASSERT_TRUE(best);
    const auto flops_of = [&](const ShapeChoice& s) {
      return std::string(convention) == "flops_exact" ? s.flops.exact : s.flops.full_attention;
    };
    EXPECT_NEAR(best->model.tokens * flops_of(best->shape) / 1e18, 1, 1e-12);
    for (double params = 3e7; params < 3e9; params *= 1.05)
      for (const ShapeChoice& shape : feasible_shapes(params, options)) {
        const double loss = law.surface->loss(static_cast<double>(shape.counts.params), 1e18 / flops_of(shape));
        EXPECT_GE(loss, *best->model.loss * (1 - 2e-4)) << convention << " " << params;
      }
  }
}

TEST(CountedOptimum, BeyondEmbeddingsIsTheOptimumOfSixNd) {
  const PlanningLaw law = epoch();
  ShapeOptions options;
  options.block_size = 256;  // little attention
  const auto large = counted_optimum(law, 1e26, "flops_exact", options),
             small = counted_optimum(law, 1e18, "flops_exact", options);
  ASSERT_TRUE(large && small);
  EXPECT_NEAR(large->model.flops / large->model.tokens / large->model.params, 6, 0.3);
  EXPECT_NEAR(large->model.params / optimal_model(law, 1e26).params, 1, 0.1);
  // an input embedding of its own is counted in N and costs nothing: what a larger model adds is dearer than its mean, so that it
  // pays to be smaller
  EXPECT_LT(small->model.flops / small->model.tokens / small->model.params, 6);
  EXPECT_LT(small->model.params, optimal_model(law, 1e18).params);
  EXPECT_GT(small->model.tokens, optimal_model(law, 1e18).tokens);
  EXPECT_EQ(error_of([&] { (void)counted_optimum(law, 1e20, "flops_6nd"); }).fault(), Fault::usage);
}

}  // namespace
}  // namespace isoflop::plan
