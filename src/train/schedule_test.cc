#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/fixture.h"

namespace isoflop {
namespace {


RunSpec scheduled(ScheduleKind kind, std::int64_t warmup, double min_lr = 0) {
  RunSpec spec;
  spec.optimizer.learning_rate = 0.5;
  spec.max_iters = 100;
  spec.schedule.kind = kind;
  spec.schedule.warmup_iters = warmup;
  spec.schedule.min_lr = min_lr;
  return spec;
}

TEST(LearningRate, WarmsUpFromZeroOrFromItsFirstShare) {
  for (const auto kind : {ScheduleKind::constant, ScheduleKind::linear, ScheduleKind::cosine, ScheduleKind::wsd}) {
    RunSpec spec = scheduled(kind, 10);
    EXPECT_EQ(learning_rate_at(spec, 0), 0.05);
    EXPECT_EQ(learning_rate_at(spec, 9), 0.5);
    EXPECT_EQ(learning_rate_at(spec, 10), 0.5);
    spec.schedule.warmup_from_zero = true;
    EXPECT_EQ(learning_rate_at(spec, 0), 0);
    EXPECT_EQ(learning_rate_at(spec, 9), 0.45);
    EXPECT_EQ(learning_rate_at(spec, 10), 0.5);
  }
}

TEST(LearningRate, StartsAtItsFullValueWithoutWarmUp) {
  for (const auto kind : {ScheduleKind::constant, ScheduleKind::linear, ScheduleKind::cosine, ScheduleKind::wsd}) {
    EXPECT_EQ(learning_rate_at(scheduled(kind, 0), 0), 0.5);
  }
}

TEST(LearningRate, CosineIsTheSourceExperimentsFormula) {
  const RunSpec spec = scheduled(ScheduleKind::cosine, 10);
  for (std::int64_t step = 10; step < 100; ++step) {
    EXPECT_NEAR(learning_rate_at(spec, step), 0.5 * 0.5 * (1 + std::cos(M_PI * static_cast<double>(step - 10) / 90)), 1e-16);
  }
  EXPECT_NEAR(learning_rate_at(spec, 100), 0, 1e-16);
  EXPECT_NEAR(learning_rate_at(scheduled(ScheduleKind::cosine, 10, 0.1), 55), 0.3, 1e-15);
}

TEST(LearningRate, LinearFallsInAStraightLineToItsLeast) {
  const RunSpec spec = scheduled(ScheduleKind::linear, 20, 0.1);
  EXPECT_NEAR(learning_rate_at(spec, 60), 0.3, 1e-15);
  EXPECT_NEAR(learning_rate_at(spec, 100), 0.1, 1e-15);
}

TEST(LearningRate, WarmUpStableDecayHoldsAndThenFalls) {
  RunSpec spec = scheduled(ScheduleKind::wsd, 10, 0.1);
  spec.schedule.decay_fraction = 0.2;
  EXPECT_EQ(learning_rate_at(spec, 11), 0.5);
  EXPECT_EQ(learning_rate_at(spec, 80), 0.5);
  EXPECT_NEAR(learning_rate_at(spec, 90), 0.3, 1e-15);
  EXPECT_NEAR(learning_rate_at(spec, 100), 0.1, 1e-15);
  spec.schedule.decay_fraction = 0;
  EXPECT_EQ(learning_rate_at(spec, 99), 0.5);
}

TEST(LearningRate, ConstantStaysConstant) { EXPECT_EQ(learning_rate_at(scheduled(ScheduleKind::constant, 10, 0.1), 99), 0.5); }

}  // namespace
}  // namespace isoflop
