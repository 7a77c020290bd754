// Text seen more than once: the 182 runs behind Muennighoff et al.'s R_D* and R_N*, and the values their repository prints.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>

#include "base/math.h"
#include "base/reference.h"
#include "isoflop/laws.h"

namespace isoflop {
namespace {

// their first step, fitted to Hoffmann et al.'s C4 curves and then held
std::map<std::string, double> surface() {
  return {{"E", exp_(0.6254804)}, {"A", exp_(6.255414)}, {"B", exp_(7.3049974)}, {"alpha", 0.3526596}, {"beta", 0.3526596}};
}

std::map<std::string, double> with(double r_d, double r_n) {
  auto constants = surface();
  constants["R_D"] = r_d;
  constants["R_N"] = r_n;
  return constants;
}

Observations runs() {
  return observations_from_csv(reference_text("runs/muennighoff2023_datablations.csv"), "datablations.csv",
                               {.where = "muennighoff_fit182=1"});
}

TEST(RepeatedDataReference, ThePublishedPointHasItsObjectiveAndVariance) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  const Observations table = runs();
  const auto result = fit_law(table, "data_constrained", {.fixed = with(15.387756, 5.309743)});
  ASSERT_TRUE(result.fit);
  const Fit& fit = *result.fit;
  EXPECT_EQ(fit.rows, 182);
  EXPECT_EQ(fit.stop, "not fitted");
  EXPECT_EQ(fit.starts, 0);
  EXPECT_TRUE(fit.intervals.empty());
  EXPECT_NEAR(fit.objective, 0.0158259353, 1e-10);

  // R2 is of the loss, not of its logarithm
  const auto predicted = predict_law(table, "data_constrained", fit.constants);
  const auto& loss = table.columns.at("loss");
  double mean = 0, squares = 0, spread = 0;
  for (const auto& y : loss) mean += *y / 182;
  for (std::size_t i = 0; i < loss.size(); ++i) {
    squares += (*loss[i] - *predicted[i]) * (*loss[i] - *predicted[i]);
    spread += (*loss[i] - mean) * (*loss[i] - mean);
  }
  EXPECT_NEAR(1 - squares / spread, 0.7722046, 1e-6);
}

TEST(RepeatedDataReference, ThePublishedPointIsALocalMinimumAndTwoAreBetter) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  const Observations table = runs();
  const auto result = fit_law(table, "data_constrained", {.fixed = surface(), .bootstrap = 0, .threads = 2});
  ASSERT_TRUE(result.fit);
  const Fit& fit = *result.fit;
  EXPECT_LE(fit.objective, 0.01580466247 * (1 + 1e-8));
  EXPECT_NEAR(fit.constants.at("R_D"), 95.365, 0.05);
  EXPECT_NEAR(fit.constants.at("R_N"), 1.7059, 1e-3);
  ASSERT_TRUE(fit.next_best);
  EXPECT_LE(fit.next_best->objective, 0.01580737857 * (1 + 1e-8));
  for (const auto& [r_d, r_n, value] :
       {std::tuple{15.3718, 5.31513, 0.01582593207}, {95.365, 1.7059, 0.01580466247}, {46.990, 2.3296, 0.01580737857}}) {
    const auto at = fit_law(table, "data_constrained", {.fixed = with(r_d, r_n)});
    EXPECT_NEAR(at.fit->objective / value, 1, 1e-6);
  }
}

TEST(RepeatedDataReference, TheProfileOfTheHalfLifeIsFlatToTheRight) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  const Observations table = runs();
  for (const auto& [r_d, value] :
       {std::pair{5.0, .016160}, {10.0, .015910}, {20.0, .015841}, {50.0, .015808}, {100.0, .015805}, {1000.0, .015878}}) {
    auto fixed = surface();
    fixed["R_D"] = r_d;
    const auto at = fit_law(table, "data_constrained", {.fixed = fixed, .bootstrap = 0, .threads = 2});
    EXPECT_LE(at.fit->objective, value + 5e-7) << r_d;
    EXPECT_GE(at.fit->objective, value - 2e-6) << r_d;
  }
}

TEST(RepeatedDataReference, TheHalfLifeOfDataHasNoUpperBound) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  const auto result = fit_law(runs(), "data_constrained", {.fixed = surface(), .bootstrap = 300, .threads = 2});
  ASSERT_TRUE(result.fit);
  const Fit& fit = *result.fit;
  EXPECT_TRUE(std::isinf(fit.intervals.at("R_D").high));
  EXPECT_GT(fit.intervals.at("R_D").low, 2);
  EXPECT_LT(fit.intervals.at("R_D").low, 8);
  EXPECT_TRUE(std::any_of(fit.warnings.begin(), fit.warnings.end(), [](const Warning& w) { return w.code == "not_identified"; }));
  for (const char* held : {"E", "A", "B", "alpha", "beta"}) {
    EXPECT_FALSE(fit.intervals.contains(held)) << held;
    EXPECT_FALSE(fit.standard_errors.contains(held)) << held;
  }
}

TEST(RepeatedData, TheLawGivesTheValuesTheirRepositoryPrints) {
  Observations table;
  table.labels = {"6.34B", "8.67B"};
  table.columns = {{"params", {6.34e9, 8.67e9}}, {"tokens", {242e9, 178e9}}, {"unique_tokens", {25e9, 25e9}}};
  const auto losses = predict_law(table, "data_constrained", with(15.387756, 5.309743));
  EXPECT_NEAR(*losses[0], 2.2256440889984477, 1e-12);
  EXPECT_NEAR(*losses[1], 2.2269634075087867, 1e-12);
}

// the digits of 1 - e^-h that a huge half-life leaves made minima of their own, 9 % below the best
TEST(RepeatedData, WithoutEndToItsWorthIsFreshText) {
  Observations table;
  table.labels = {"6.34B", "8.67B"};
  table.columns = {{"params", {6.34e9, 8.67e9}}, {"tokens", {242e9, 178e9}}, {"unique_tokens", {25e9, 25e9}}};
  const auto fresh = predict_law(table, "data_constrained", with(1e9, 5.309743));
  for (const double r_d : {1e12, 1e16, 7.3e16, 1e30, 1e300}) {
    const auto losses = predict_law(table, "data_constrained", with(r_d, 5.309743));
    for (std::size_t row = 0; row < losses.size(); ++row) EXPECT_NEAR(*losses[row], *fresh[row], 1e-7) << r_d;
  }
}

// one run, 320 epochs of 100 M tokens, lies 1.6 nats above what overfit_penalty says that has not seen it
TEST(SldBenchReference, RowsLeftOutOfTheRepeatedDataArePredicted) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  const std::string name = "data_constrained_train.csv";
  const Observations table = observations_from_csv(reference_text("mixture/sldbench/" + name), name);
  const auto r_squared = [&](const std::string& law) { return *cross_validate(table, law, 10, {.threads = 2})->r_squared; };
  const double penalty = r_squared("overfit_penalty"), capacity = r_squared("overfit_capacity");
  std::cout << "rows left out: R2 of overfit_penalty " << penalty << ", of overfit_capacity " << capacity << "\n";
  EXPECT_GE(penalty, 0.945);
  EXPECT_GE(capacity, 0.965);
}

}  // namespace
}  // namespace isoflop
