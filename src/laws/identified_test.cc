// What a fit says of constants its rows do not bound, of rows it hangs on, and of constants it was given.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/math.h"
#include "base/random.h"
#include "isoflop/laws.h"

namespace isoflop {
namespace {

/// L = E + K D^-a on 30 sizes, 1 % of noise.
Observations curve(double e, double k, double a, double from, double to) {
  Observations table;
  const Philox random{1, Stream::simulate};
  for (int i = 0; i < 30; ++i) {
    const double d = from * pow_(to / from, i / 29.0);
    table.labels.push_back("run " + std::to_string(i));
    table.columns["tokens"].push_back(d);
    table.columns["loss"].push_back((e + k * pow_(d, -a)) * exp_(0.01 * random.normal(i, 0)));
  }
  return table;
}

bool warns(const Fit& fit, const std::string& code) {
  return std::any_of(fit.warnings.begin(), fit.warnings.end(), [&](const Warning& w) { return w.code == code; });
}

TEST(OpenEnds, AFloorFarBelowTheRowsHasNoLowerBound) {
  const Fit fit = *fit_law(curve(1e-3, 40, 0.2, 1e4, 1e6), "power_d_floor", {.bootstrap = 400}).fit;
  EXPECT_EQ(fit.intervals.at("E").low, 0);
  EXPECT_TRUE(warns(fit, "floor_not_identified"));
}

TEST(OpenEnds, AFloorThatTheRowsShowIsBoundedOnBothSides) {
  const Fit fit = *fit_law(curve(2, 400, 0.5, 1e4, 1e8), "power_d_floor", {.bootstrap = 400}).fit;
  EXPECT_GT(fit.intervals.at("E").low, 1.9);
  EXPECT_LT(fit.intervals.at("E").high, 2.1);
  for (const auto& [name, interval] : fit.intervals) EXPECT_TRUE(interval.low > 0 && std::isfinite(interval.high)) << name;
  EXPECT_FALSE(warns(fit, "not_identified"));
}

TEST(OneLoss, ShowsNoLaw) {
  Observations table = curve(2, 400, 0.5, 1e4, 1e8);
  for (auto& loss : table.columns["loss"]) loss = 3.0;
  const FitResult result = fit_law(table, "power_d_floor", {});
  EXPECT_FALSE(result.fit);
  EXPECT_EQ(result.warnings.back().code, "constant_response");
}

TEST(Leverage, NamesTheRowThatMovesTheAnswer) {
  Observations table = curve(2, 400, 0.5, 1e4, 1e8);
  *table.columns["loss"][0] *= 0.8;  // the least tokens carry the exponent
  const Fit fit = *fit_law(table, "power_d_floor", {.objective = "lsq", .bootstrap = 400}).fit;
  ASSERT_FALSE(fit.leverage.empty());
  EXPECT_EQ(fit.leverage.front().row, "run 0");
  EXPECT_TRUE(warns(fit, "leverage"));
  EXPECT_GT(fit.jackknife_errors.at("a"), 0);
}

TEST(Leverage, NoRowOfAQuietTableMovesIt) {
  EXPECT_FALSE(
      warns(*fit_law(curve(2, 400, 0.5, 1e4, 1e8), "power_d_floor", {.objective = "lsq", .bootstrap = 400}).fit, "leverage"));
}

TEST(GivenConstants, AreEvaluatedAndNotFitted) {
  const auto result = fit_law(curve(2, 400, 0.5, 1e4, 1e8), "power_d_floor", {.fixed = {{"E", 2}, {"K", 400}, {"a", 0.5}}});
  ASSERT_TRUE(result.fit);
  const Fit& fit = *result.fit;
  EXPECT_EQ(fit.stop, "not fitted");
  EXPECT_EQ(fit.starts, 0);
  EXPECT_EQ(fit.degrees_of_freedom, 30);
  EXPECT_FALSE(fit.gradient_norm);
  EXPECT_TRUE(fit.intervals.empty() && fit.draws.empty());
  EXPECT_NEAR(fit.derived.at("residual_sd").value, 0.01, 0.004);
}

TEST(GivenConstants, HaveNoErrorBesideThoseThatAreFitted) {
  const Fit fit = *fit_law(curve(2, 400, 0.5, 1e4, 1e8), "power_d_floor", {.fixed = {{"E", 2}}, .bootstrap = 100}).fit;
  EXPECT_FALSE(fit.intervals.contains("E"));
  EXPECT_FALSE(fit.standard_errors.contains("E"));
  EXPECT_TRUE(fit.intervals.contains("a"));
}

}  // namespace
}  // namespace isoflop
