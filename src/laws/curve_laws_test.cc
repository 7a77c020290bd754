// Laws of whole loss curves: the constants that made curves under several schedules, and the curve of a schedule that was not
// fitted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "base/testing.h"
#include "laws/fixture.h"

namespace isoflop {
namespace {

using testing::HasSubstr;

constexpr int kSteps = 2000;
constexpr double kPeak = 3e-3;

Observations three_curves(const CurveLaw& law, int every = 20) {
  Observations table;
  add_curve(table, "cosine", schedule_of(kSteps, 100, kPeak, cosine_rate), every, law);
  add_curve(table, "wsd", schedule_of(kSteps, 100, kPeak, wsd_rate), every, law);
  add_curve(table, "constant", schedule_of(kSteps, 100, kPeak, constant_rate), every, law);
  return table;
}

void expect_constants(const FitResult& result, const std::map<std::string, double>& constants, double tolerance) {
  ASSERT_TRUE(result.fit);
  for (const auto& [name, value] : constants) EXPECT_NEAR(result.fit->constants.at(name) / value, 1, tolerance) << name;
}

const std::map<std::string, double> kAnnealing{{"E", 2.6}, {"A", 0.45}, {"alpha", 0.5}, {"C", 0.4}, {"lambda", 0.995}};
const std::map<std::string, double> kMultiPower{{"E", 2.6}, {"A", 0.6},    {"alpha", 0.45}, {"B", 400},
                                                {"C", 2},   {"beta", 0.6}, {"gamma", 0.65}};

TEST(CurveLaws, FindTheConstantsThatMadeThreeCurvesStepByStep) {
  expect_constants(fit_law(three_curves(annealed_loss), "tissue", {.bootstrap = 0, .threads = 2}), kAnnealing, 2e-3);
  expect_constants(fit_law(three_curves(multi_power_loss), "multi_power", {.bootstrap = 0, .threads = 2}), kMultiPower, 3e-2);
}

TEST(CurveLaws, PredictAScheduleThatWasNotFitted) {
  for (const bool annealing : {true, false}) {
    const CurveLaw truth = annealing ? annealed_loss : multi_power_loss;
    const std::string law = annealing ? "tissue" : "multi_power";
    const FitResult result = fit_law(three_curves(truth), law, {.bootstrap = 0, .threads = 2});
    ASSERT_TRUE(result.fit);
    Observations unseen;  // no losses are needed
    const Schedule schedule = schedule_of(3 * kSteps, 100, kPeak, linear_rate);
    add_curve(unseen, "linear", schedule, kSteps * 10, truth);
    const auto predicted = predict_law(unseen, law, result.fit->constants);
    for (const int s : {500, 2000, 5000, 5998})
      EXPECT_NEAR(*predicted[static_cast<std::size_t>(s)], truth(schedule, s), 1e-3) << law << " " << s;
    EXPECT_FALSE(predicted[50]) << "a step of the warm-up";
  }
}

TEST(CurveLaws, PredictHeldOutCurvesBetterThanForecastsWithoutALaw) {
  const Philox noise{.seed = 4, .stream = Stream::simulate};
  const CurveLaw noisy = [&](const Schedule& schedule, int s) {
    // a noise of its own for every step of every schedule
    const auto of_schedule = static_cast<std::uint32_t>(1e8 * schedule.learning_rates[1500]);
    return annealed_loss(schedule, s) * std::exp(3e-3 * noise.normal(static_cast<std::uint64_t>(s), of_schedule));
  };
  Observations dear;
  add_curve(dear, "linear", schedule_of(2 * kSteps, 100, kPeak, linear_rate), 20, noisy);
  const Observations cheap = three_curves(noisy);
  Observations whole = three_curves(noisy);
  add_curve(whole, "linear", schedule_of(2 * kSteps, 100, kPeak, linear_rate), 20, noisy);
  const FitOptions options{.bootstrap = 60, .threads = 2};
  const FitResult result = fit_law(whole, "tissue", options);
  ASSERT_TRUE(result.fit);
  const auto held = hold_out(cheap, dear, *result.fit, options);
  ASSERT_TRUE(held);
  EXPECT_LT(held->rmse_ln_loss, 4e-3);
  for (const auto& [name, error] : held->baselines) EXPECT_LT(held->rmse_ln_loss, error) << name;
  EXPECT_GT(*held->covered, 0.7);
}

TEST(CurveLaws, HaveIntervalsByBlocksOfStepsWhereRunsAreFew) {
  const Philox noise{.seed = 5, .stream = Stream::simulate};
  std::uint64_t row = 0;
  const Observations table = three_curves(
      [&](const Schedule& schedule, int s) { return annealed_loss(schedule, s) * std::exp(2e-3 * noise.normal(row++)); });
  const FitResult result = fit_law(table, "tissue", {.bootstrap = 200, .threads = 2});
  ASSERT_TRUE(result.fit);
  EXPECT_THAT(result.fit->interval_method, HasSubstr("group bootstrap"));
  for (const auto& [name, value] : kAnnealing) {
    const Interval& interval = result.fit->intervals.at(name);
    EXPECT_LE(interval.low, value * (1 + 1e-3)) << name;
    EXPECT_GE(interval.high, value * (1 - 1e-3)) << name;
  }
  EXPECT_LE(result.fit->intervals.at("lambda").high, 1);
  EXPECT_NEAR(result.fit->derived.at("memory_steps").value, 1 / (1 - result.fit->constants.at("lambda")), 1e-6);
  EXPECT_TRUE(std::any_of(result.warnings.begin(), result.warnings.end(), [](const Warning& w) { return w.code == "few_runs"; }));
  EXPECT_THAT(result.fit->leverage.front().row, HasSubstr(" from step "));
}

TEST(CurveLaws, OfOneConstantRateDoNotTellWhatAnnealingBrings) {
  Observations table;
  add_curve(table, "constant", schedule_of(kSteps, 100, kPeak, constant_rate), 20, annealed_loss);
  const FitResult result = fit_law(table, "tissue", {.bootstrap = 0, .threads = 2});
  ASSERT_TRUE(result.fit);
  EXPECT_NEAR(result.fit->constants.at("E"), 2.6, 0.01);
  EXPECT_TRUE(
      std::any_of(result.warnings.begin(), result.warnings.end(), [](const Warning& w) { return w.code == "no_annealing"; }));
  EXPECT_THAT(result.fit->not_identified, testing::ElementsAre("C", "lambda"));
  EXPECT_FALSE(result.fit->derived.contains("memory_steps"));
  const FitResult told = fit_law(three_curves(annealed_loss), "tissue", {.bootstrap = 0, .threads = 2});
  EXPECT_THAT(told.fit->not_identified, testing::IsEmpty());
}

TEST(CurveLaws, FitManyStepsAsMeansOfWindows) {
  Observations table;
  const int steps = 40000;
  const Philox noise{.seed = 6, .stream = Stream::simulate};
  // the closed form of S2 under a linear fall, lambda = 0.995: summed step by step it would be quadratic in the steps
  for (const double fall : {0.0, 0.2, 1.0}) {
    double area = 0, momentum = 0, s2 = 0, before = kPeak;
    for (int s = 0; s < steps; ++s) {
      const double u = (s + 1.0) / steps, rate = fall == 0 || u < 1 - fall ? kPeak : kPeak * (1 - u) / fall;
      area += rate;
      momentum = 0.995 * momentum + before - rate;
      s2 += momentum;
      before = rate;
      table.labels.push_back("fall " + std::to_string(fall));
      table.columns["step"].emplace_back(s);
      table.columns["learning_rate"].emplace_back(rate);
      table.columns["loss"].emplace_back((2.6 + 0.45 * std::pow(area, -0.5) - 0.4 * s2) *
                                         std::exp(0.02 * noise.normal(table.labels.size())));
    }
  }
  const FitResult result = fit_law(table, "tissue", {.objective = "lsq", .bootstrap = 0, .threads = 2});
  ASSERT_TRUE(result.fit);
  EXPECT_LT(result.fit->rows, 1500);
  expect_constants(result, {{"E", 2.6}, {"A", 0.45}, {"alpha", 0.5}}, 0.01);
  // over so long a fall the rows tell C / (1 - lambda), what a slow fall brings, not the two apart
  EXPECT_NEAR(result.fit->constants.at("C") * result.fit->derived.at("memory_steps").value / (0.4 / 0.005), 1, 0.05);
  EXPECT_TRUE(
      std::any_of(result.warnings.begin(), result.warnings.end(), [](const Warning& w) { return w.code == "averaged_steps"; }));
}

TEST(CurveLaws, NameTheStepAndTheRateThatCannotBe) {
  const auto table = [](const std::string& rows) {
    return observations_from_csv("run,step,learning_rate,loss\n" + rows, "log.csv");
  };
  const auto problem = [&](const std::string& rows) { return error_of([&] { (void)fit_law(table(rows), "tissue"); }).problem(); };
  EXPECT_THAT(problem("a,0,1e-3,4\na,1.5,1e-3,3\n"), HasSubstr("column `step` is 1.5"));
  EXPECT_THAT(problem("a,0,1e-3,4\na,1.5,,3\n"), HasSubstr("column `step` is 1.5")) << "no rate, so in no schedule";
  EXPECT_THAT(problem("a,0,1e-3,4\na,1,-1,3\n"), HasSubstr("`learning_rate` is -1 at step 1"));
  EXPECT_THAT(problem("a,0,1e-3,4\na,1,1e-3,3\na,1,2e-3,3\n"), HasSubstr("two learning rates at step 1, 0.001 and 0.002"));
  EXPECT_THAT(error_of([] { (void)fit_law(observations_from_csv("step,loss\n1,2\n", "t.csv"), "tissue"); }).problem(),
              HasSubstr("`learning_rate`"));
}

// what a step's loss depends on is all rates before it, also those of rows that are not fitted
TEST(CurveLaws, KnowTheRatesOfRowsThatAreNotFitted) {
  const Observations all = three_curves(annealed_loss, 5);
  std::string csv = "run,step,learning_rate,loss\n";
  for (std::size_t i = 0; i < all.labels.size(); ++i)
    csv += all.labels[i] + "," + std::to_string(*all.columns.at("step")[i]) + "," +
           std::to_string(*all.columns.at("learning_rate")[i] * 1e3) + "e-3," +
           (all.columns.at("loss")[i] ? std::to_string(*all.columns.at("loss")[i]) : "") + "\n";
  const FitResult late =
      fit_law(observations_from_csv(csv, "log.csv", {.where = "step >= 500"}), "tissue", {.bootstrap = 0, .threads = 2});
  expect_constants(late, kAnnealing, 0.02);
}

}  // namespace
}  // namespace isoflop
