// A plan on machines.
#include <gtest/gtest.h>

#include "base/json.h"
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

TEST(Machines, TheJsonHasWhatItPromises) {
  const Json json = parse_json(machines_to_json(plan_machines(plan_of(1e22))), "machines");
  for (const char* key : {"shape", "cost", "memory", "hyperparameters", "schedule", "frontier"}) EXPECT_TRUE(json.contains(key)) << key;
  EXPECT_TRUE(json["hyperparameters"].is_array());
  EXPECT_TRUE(json["shape"]["n_layer"].is_number());
}

}  // namespace
}  // namespace isoflop::plan
