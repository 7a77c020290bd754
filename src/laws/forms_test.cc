// Plain, floored and broken powers: what rows tell, and how often they are wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "base/random.h"
#include "base/testing.h"
#include "isoflop/laws.h"
#include "laws/criteria.h"

namespace isoflop {
namespace {

using testing::HasSubstr;

/// `rows` runs over four decades of C.
Observations table_of(const std::function<double(double)>& loss, double noise, std::uint64_t seed, int rows = 16) {
  const Philox random{.seed = seed, .stream = Stream::simulate};
  Observations table;
  for (int i = 0; i < rows; ++i) {
    const double c = 1e18 * std::pow(10, 4.0 * i / (rows - 1));
    table.labels.push_back("run " + std::to_string(i));
    table.columns["flops"].emplace_back(c);
    table.columns["loss"].emplace_back(loss(c) * std::exp(noise * random.normal(static_cast<std::uint64_t>(i))));
  }
  return table;
}

double plain(double c) {
  return 30 * std::pow(c, -0.055);
}
double floored(double c) {
  return 1.7 + 1200 * std::pow(c, -0.15);
}
double broken(double c) {
  return 0.5 + 30 * std::pow(c, -0.055) * std::pow(1 + c / 1e20, -0.05);
}

TEST(TellForms, TellsTheFormThatMadeTheRows) {
  EXPECT_EQ(tell_forms(table_of(plain, 2e-3, 1), "flops", {.threads = 2}).told, 0);
  EXPECT_EQ(tell_forms(table_of(floored, 2e-3, 1), "flops", {.threads = 2}).told, 1);
  EXPECT_EQ(tell_forms(table_of(broken, 1e-3, 1, 40), "flops", {.threads = 2}).told, 2);
}

TEST(TellForms, RefusesAPlainPowerThatIsRightInOneTableOfTwenty) {
  int refused = 0;
  constexpr int kTables = 60;
  for (std::uint64_t seed = 0; seed < kTables; ++seed) {
    const FormTest test = tell_forms(table_of(plain, 3e-3, 100 + seed, 7), "flops", {.threads = 2});
    ASSERT_FALSE(test.steps.empty());
    refused += test.steps[0].p < 0.05 ? 1 : 0;
  }
  EXPECT_LE(refused, 8) << "5 % of 60 is 3, and 8 three standard errors above";
}

TEST(TellForms, SaysHowMuchFurtherARunWouldTell) {
  // a floor that 6 rows with this noise do not show
  const double noise = 0.04;
  const FormTest test = tell_forms(table_of(floored, noise, 3, 6), "flops", {.threads = 2});
  ASSERT_FALSE(test.steps.empty());
  ASSERT_EQ(test.told, 0) << test.text;
  ASSERT_TRUE(test.steps[0].reach) << test.text;
  const double reach = *test.steps[0].reach;
  EXPECT_GT(reach, 1);
  EXPECT_THAT(test.text, HasSubstr("times the largest C would tell"));
  // with that run four tables in five tell the floor that was fitted
  const auto& c = test.forms[1].constants;
  int told = 0;
  constexpr int kTables = 40;
  for (std::uint64_t seed = 0; seed < kTables; ++seed) {
    const auto law = [&](double flops) { return c.at("E") + c.at("K") * std::pow(flops, -c.at("a")); };
    const Philox random{.seed = 500 + seed, .stream = Stream::simulate};
    Observations table = table_of(law, test.forms[1].residual_sd, 500 + seed, 6);
    table.labels.emplace_back("further");
    table.columns["flops"].emplace_back(1e22 * reach);
    table.columns["loss"].emplace_back(law(1e22 * reach) * std::exp(test.forms[1].residual_sd * random.normal(99)));
    told += tell_forms(table, "flops", {.threads = 2}).steps[0].p < 0.05 ? 1 : 0;
  }
  EXPECT_GE(told, 22) << "of 40, where 32 are expected";
  EXPECT_LE(told, 39);
}

TEST(TellForms, NeedsFiveRows) {
  const FormTest test = tell_forms(table_of(plain, 1e-3, 1, 4), "flops");
  EXPECT_TRUE(test.forms.empty());
  EXPECT_THAT(test.text, HasSubstr("expected 5"));
  EXPECT_EQ(tell_forms(table_of(plain, 1e-3, 1, 6), "flops", {.threads = 2}).forms.size(), 2U);
  EXPECT_EQ(error_of([] { (void)tell_forms(Observations{}, "loss"); }).fault(), Fault::usage);
}

// Burnham and Anderson 2002, section 2.2: least squares has -2 ln L = n ln(SSE / n) + n (1 + ln 2 pi)
TEST(InformationCriteria, OfLeastSquaresAreThoseOfTheTextbook) {
  const laws::Objective lsq{.kind = laws::Objective::Kind::lsq};
  const double sse = 0.034, n = 25;
  const double deviance = n * std::log(sse / n) + n * (1 + std::log(2 * 3.14159265358979));
  EXPECT_NEAR(*laws::deviance_of(lsq, 0.5 * sse, 1, 25, 0), deviance, 1e-6);
  const auto criteria = laws::criteria_of(deviance, 25, 3);
  EXPECT_NEAR(*criteria.aicc, deviance + 8 + 2 * 4 * 5 / 20.0, 1e-9);
  EXPECT_NEAR(*criteria.bic, deviance + 4 * std::log(25), 1e-9);
}

TEST(InformationCriteria, OfHubersFunctionLieBetweenItsLimits) {
  // residuals that are all small beside delta are least squares', all large ones are Laplace's
  const laws::Objective wide{.kind = laws::Objective::Kind::huber, .delta = 10}, lsq{.kind = laws::Objective::Kind::lsq};
  EXPECT_NEAR(*laws::deviance_of(wide, 0.5, 1, 30, 0), *laws::deviance_of(lsq, 0.5, 1, 30, 0), 1e-6);
  const laws::Objective narrow{.kind = laws::Objective::Kind::huber, .delta = 1e-9}, lad{.kind = laws::Objective::Kind::lad};
  EXPECT_NEAR(*laws::deviance_of(narrow, 1e-9 * 0.5, 1, 30, 0), *laws::deviance_of(lad, 0.5, 1, 30, 0), 1e-4);
  EXPECT_FALSE(laws::deviance_of(lsq, 0, 1, 30, 0)) << "a perfect fit";
}

TEST(RankFits, PutsTheHoldOutFirstAndThenAkaike) {
  const Observations table = table_of(floored, 2e-3, 9);
  const FitOptions options{.bootstrap = 0, .threads = 2};
  Fit power = *fit_law(table, "power_c", options).fit, floor = *fit_law(table, "power_c_floor", options).fit;
  auto ranked = rank_fits({&power, &floor});
  EXPECT_EQ(ranked[0].fit, 1U);
  EXPECT_EQ(*ranked[0].delta_aicc, 0);
  EXPECT_GT(*ranked[1].delta_aicc, 10);
  // a law that predicts better stands first, whatever it says of the rows it was fitted to
  power.holdout.emplace().rmse_ln_loss = 0.01;
  floor.holdout.emplace().rmse_ln_loss = 0.02;
  ranked = rank_fits({&power, &floor});
  EXPECT_EQ(ranked[0].fit, 0U);
}

}  // namespace
}  // namespace isoflop
