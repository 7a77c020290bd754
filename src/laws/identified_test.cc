// What a fit says of constants its rows do not bound, of rows it hangs on, and of constants it was given.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>

#include "base/math.h"
#include "base/random.h"
#include "isoflop/laws.h"

namespace isoflop {
namespace {

/// L = E + K D^-a on 30 sizes, 1 % of noise.
Observations curve(double e, double k, double a, double from, double to, int rows = 30, std::uint64_t seed = 1) {
  Observations table;
  const Philox random{seed, Stream::simulate};
  for (int i = 0; i < rows; ++i) {
    const double d = from * pow_(to / from, i / (rows - 1.0));
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

/// How often the interval of E holds it over 200 tables of 15 rows, and how often it has no lower end.
struct FloorCoverage {
  int held = 0, one_sided = 0;
  double widest = 0;
};
FloorCoverage floor_coverage(double e) {
  FloorCoverage c;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Fit fit = *fit_law(curve(e, 40, 0.2, 1e4, 1e7, 15, seed), "power_d_floor", {.bootstrap = 60, .leave_out = 0}).fit;
    const Interval interval = fit.intervals.at("E");
    c.held += interval.low <= e && e <= interval.high;
    c.one_sided += interval.low == 0;
    c.widest = std::max(c.widest, interval.high);
  }
  return c;
}

// laws.vanishing_floor runs it; the least loss is about 40 10^-1.4 = 1.6
TEST(OpenEnds, DISABLED_OfAFloorHoldItAsOftenAsTheySay) {
  const FloorCoverage none = floor_coverage(1e-6), some = floor_coverage(0.2), clear = floor_coverage(2);
  std::cout << "held of 200, and without a lower end: no floor " << none.held << ", " << none.one_sided << "; 0.2 " << some.held
            << ", " << some.one_sided << "; 2 " << clear.held << ", " << clear.one_sided << "\n";
  EXPECT_GE(none.held, 178);
  EXPECT_LT(none.widest, 1.6) << "no bound is above the least loss";
  EXPECT_GE(some.held, 182);
  EXPECT_GE(clear.held, 182);
  EXPECT_EQ(clear.one_sided, 0);
}

TEST(OpenEnds, AFloorThatVanishesHasAnUpperBoundOfTheSizeOfTheLosses) {
  int bounded = 0;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const Observations table = curve(1e-6, 40, 0.2, 1e4, 1e7, 15, seed);
    const Fit fit = *fit_law(table, "power_d_floor", {.bootstrap = 60, .leave_out = 0}).fit;
    const Interval floor = fit.intervals.at("E");
    if (floor.low > 0) continue;
    ++bounded;
    EXPECT_GT(floor.high, 1e-3) << "not where the search happened to stop: E = " << fit.constants.at("E");
    EXPECT_LT(floor.high, 1.6) << "the least loss";
    EXPECT_TRUE(warns(fit, "floor_not_identified"));
    EXPECT_FALSE(fit.standard_errors.contains("E"));
  }
  EXPECT_GE(bounded, 8);
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

/// Chinchilla's law at D = 20 N on twelve sizes, 0.3 % of noise.
Observations one_ratio(std::uint64_t seed) {
  Observations table;
  const Philox random{seed, Stream::simulate};
  for (int i = 0; i < 12; ++i) {
    const double n = 1e7 * pow_(10, i * 2.5 / 11);
    table.labels.push_back("run " + std::to_string(i));
    table.columns["params"].push_back(n);
    table.columns["tokens"].push_back(20 * n);
    table.columns["loss"].push_back((1.7 + 400 * pow_(n, -0.34) + 1500 * pow_(20 * n, -0.34)) *
                                    exp_(0.003 * random.normal(static_cast<std::uint64_t>(i), 0)));
  }
  return table;
}

TEST(OneRatio, GivesNoLawWhoseConstantsRunAway) {
  int refused = 0;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const FitResult result = fit_law(one_ratio(seed), "chinchilla", {.bootstrap = 0});
    if (result.fit) {
      for (const auto& [name, value] : result.fit->constants) EXPECT_TRUE(std::isfinite(value)) << seed << ": " << name;
      for (const char* name : {"alpha", "beta"}) {
        EXPECT_GT(result.fit->constants.at(name), 0) << seed << ": " << name;
        EXPECT_LT(result.fit->constants.at(name), 7) << seed << ": " << name;
      }
      EXPECT_TRUE(warns(*result.fit, "not_separable")) << seed;
      continue;
    }
    ++refused;
    EXPECT_EQ(result.warnings.back().code, "out_of_range") << seed;
  }
  EXPECT_GE(refused, 4);
}

TEST(RepeatedNames, AreSaidUnlessTheTableSaysWhatGoesTogether) {
  Observations table = curve(2, 400, 0.5, 1e4, 1e8);
  for (std::size_t row = 0; row < table.labels.size(); ++row) table.labels[row] = "run " + std::to_string(row / 5);
  EXPECT_TRUE(warns(*fit_law(table, "power_d_floor", {.bootstrap = 0}).fit, "repeated_names"));
  table.groups = table.labels;
  EXPECT_FALSE(warns(*fit_law(table, "power_d_floor", {.bootstrap = 0}).fit, "repeated_names"));
  EXPECT_FALSE(warns(*fit_law(curve(2, 400, 0.5, 1e4, 1e8), "power_d_floor", {.bootstrap = 0}).fit, "repeated_names"));
}

TEST(Counts, InBillionsAreDoubted) {
  Observations table = curve(2, 400, 0.5, 1e4, 1e8);
  EXPECT_FALSE(warns(*fit_law(table, "power_d_floor", {.bootstrap = 0}).fit, "doubtful_unit"));
  for (auto& tokens : table.columns["tokens"]) *tokens *= 1e-9;
  EXPECT_TRUE(warns(*fit_law(table, "power_d_floor", {.bootstrap = 0}).fit, "doubtful_unit"));
}

}  // namespace
}  // namespace isoflop
