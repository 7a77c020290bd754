// A budget in FLOPs or minutes sets the steps of a study, and says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "lab/fixture.h"

namespace isoflop::lab {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TEST(Budget, InFlopsSetsTheSteps) {
  Place place = place_for("flops");
  const StudyPlan before = plan_study(place.study, place.options);
  double flops = 0;
  for (const PlannedRun& run : before.runs) flops += run.flops_exact;
  place.study.total_flops = flops / 2;
  const StudyPlan after = plan_study(place.study, place.options);
  EXPECT_EQ(after.runs[0].spec.max_iters, 60);
}

TEST(Budget, InFlopsIsNeverExceededNotEvenByAWideSweep) {
  Place place = place_for(
      "within", std::string(kSmallStudy) + "[learning_rate_sweep]\nstart = 1e-3\nfactor = 1.1\nlength = 0.33\nwidest = 5\n");
  for (const double budget : {1e10, 3.3e10, 1e12}) {
    place.study.total_flops = budget;
    const StudyPlan plan = plan_study(place.study, place.options);
    EXPECT_LE(plan.flops_exact_most, budget);
    EXPECT_GT(plan.flops_exact_most, 0.85 * budget);
    EXPECT_LT(plan.flops_exact, plan.flops_exact_most);
  }
  place.study.total_flops = 1e10;
  const StudyResult result = run_study(place.study, place.options);
  double flops = 0;
  for (const auto* runs : {&result.runs, &result.sweep}) {
    for (const StudyRun& run : *runs) flops += run.stored.record.flops.exact * static_cast<double>(run.stored.record.tokens);
  }
  EXPECT_GT(result.sweep.size(), 6U) << "the sweep widened";
  EXPECT_LE(flops, 1e10);
}

TEST(Budget, SaysWhetherStepsWereCutOrRaisedAndByWhat) {
  Place place = place_for("said");
  std::string said;
  place.options.log = [&](const std::string& line) { said += line + "\n"; };
  place.study.total_flops = 1.5e9;
  EXPECT_THAT(plan_study(place.study, place.options).notes,
              testing::ElementsAre(testing::AllOf(HasSubstr("steps cut from 120 to "), HasSubstr("by --flops 1.5e+09"))));
  const StudyResult result = run_study(place.study, place.options);
  EXPECT_THAT(said, HasSubstr("steps cut from 120 to "));
  const std::string page = read_file(result.report);
  EXPECT_THAT(page, testing::AllOf(HasSubstr("(steps cut from 120 to "), HasSubstr(" FLOPs in all")));
  EXPECT_EQ(read_file(report_study(place.options.out)), page);
  EXPECT_EQ(run_study(place.study, place.options).trained, 0);
  EXPECT_EQ(read_file(result.report), page);

  place.study.total_flops = 1e11;
  EXPECT_THAT(plan_study(place.study, place.options).notes, testing::ElementsAre(HasSubstr("steps raised from 120 to ")));
}

TEST(Budget, BelowTheLeastIsRefusedBeforeAnythingIsTrainedAndNamesTheLeast) {
  Place place = place_for("least");
  place.study.total_flops = 1e6;
  const Error flops = error_of([&] { (void)run_study(place.study, place.options); });
  EXPECT_EQ(flops.fault(), Fault::usage);
  EXPECT_EQ(flops.subject(), "--flops 1e+06");
  EXPECT_THAT(flops.problem(), HasSubstr("3 runs of 20 steps"));
  EXPECT_FALSE(fs::exists(place.options.out / "runs"));
  // nor is an empty folder left, nor those above it that were made for it; one that was there stays
  LabOptions deep = place.options;
  deep.out = place.options.out / "in" / "a" / "study";
  EXPECT_EQ(error_of([&] { (void)run_study(place.study, deep); }).fault(), Fault::usage);
  EXPECT_FALSE(fs::exists(place.options.out / "in"));

  // what the hint names is enough
  const std::string hint = flops.hint();
  place.study.total_flops = std::stod(hint.substr(hint.find("--flops ") + 8));
  EXPECT_EQ(plan_study(place.study, place.options).runs[0].spec.max_iters, 20);

  place.study.total_flops.reset();
  place.study.total_minutes = 1e-9;
  EXPECT_EQ(error_of([&] { (void)plan_study(place.study, place.options); }).fault(), Fault::usage);
  place.study.total_minutes = 1e300;
  EXPECT_EQ(error_of([&] { (void)plan_study(place.study, place.options); }).fault(), Fault::usage);
  place.study.total_minutes.reset();
  place.study.budget_minutes = 1e-9;
  const Error minutes = error_of([&] { (void)plan_study(place.study, place.options); });
  EXPECT_EQ(minutes.fault(), Fault::bad_study);
  EXPECT_EQ(minutes.subject(), "small.toml");
}

}  // namespace
}  // namespace isoflop::lab
