// The simulator: tables made by a known law, and how often the intervals of a fit hold it.
#include <gtest/gtest.h>

#include <cmath>

#include "isoflop/laws.h"

namespace isoflop {
namespace {

const std::map<std::string, double> kEpoch{
    {"E", 1.817218}, {"A", 477.8259}, {"B", 2143.417}, {"alpha", .3473105}, {"beta", .3671724}};

SimulateOptions quick(std::int64_t tables, std::int64_t draws, const std::string& truth = "law") {
  SimulateOptions options;
  options.truth = truth;
  options.tables = tables;
  options.fit.bootstrap = draws;
  options.fit.threads = 2;
  options.fit.at_flops = {1e21};
  return options;
}

TEST(SimulateLaw, GivesTheSameBytesOnOneThreadAndOnTwo) {
  SimulateOptions options = quick(4, 40);
  const std::string two = simulation_to_json(simulate_law("chinchilla", kEpoch, isoflop_design(24), options));
  options.fit.threads = 1;
  EXPECT_EQ(simulation_to_json(simulate_law("chinchilla", kEpoch, isoflop_design(24), options)), two);
}

TEST(SimulateLaw, IntervalsHoldTheConstantsAndTheOptimumWhenTheLawIsRight) {
  const Simulation s = simulate_law("chinchilla", kEpoch, isoflop_design(30), quick(60, 60));
  EXPECT_EQ(s.fitted, 60);
  for (const char* name : {"E", "alpha", "a", "b", "params_opt@1e+21", "tokens_per_param@1e+21", "loss@1e+21"}) {
    ASSERT_TRUE(s.coverage.contains(name)) << name;
    const Coverage& c = s.coverage.at(name);
    EXPECT_GE(c.covered, 0.86) << name;  // 95 % of 60 tables, three standard errors
    EXPECT_NEAR(c.covered + c.above + c.below, 1, 1e-12) << name;
    EXPECT_TRUE(std::isfinite(c.median_width)) << name;
  }
  EXPECT_DOUBLE_EQ(s.coverage.at("alpha").truth, .3473105);
}

// minutes: run by the label slow
TEST(SimulateLaw, DISABLED_OfAThousandTablesNinetyTwoToNinetyEightInAHundredHoldTheTruthOfEveryNumber) {
  SimulateOptions options = quick(1000, 400);
  options.fit.at_flops = {1e21, 5.76e23};
  const Simulation s = simulate_law("chinchilla", kEpoch, isoflop_design(60), options);
  EXPECT_EQ(s.fitted, 1000);
  EXPECT_GE(s.coverage.size(), 16U);
  for (const auto& [name, c] : s.coverage) {
    EXPECT_GE(c.covered, 0.92 - 2 * c.covered_se) << name;
    EXPECT_LE(c.covered, 0.98 + 2 * c.covered_se) << name;
  }
}

TEST(SimulateLaw, CheckpointsTakenForRunsCoverLessThanRunsResampledWhole) {
  SimulateOptions options = quick(8, 40, "checkpoints");
  const Observations design = isoflop_design(72);
  const double grouped = simulate_law("chinchilla", kEpoch, design, options).coverage.at("alpha").median_width;
  options.fit.resample = "rows";
  EXPECT_LT(simulate_law("chinchilla", kEpoch, design, options).coverage.at("alpha").median_width, grouped);
}

TEST(SimulateLaw, ABrokenTruthHasAnOptimumButNoConstants) {
  const Simulation s = simulate_law("chinchilla", kEpoch, isoflop_design(40), quick(4, 40, "broken"));
  EXPECT_FALSE(s.coverage.contains("alpha"));
  ASSERT_TRUE(s.coverage.contains("params_opt@1e+21"));
  EXPECT_NEAR(s.coverage.at("a").truth + s.coverage.at("b").truth, 1, 1e-12);
}

TEST(SimulateLaw, RatesThatSuitOneSizeRaiseTheLoss) {
  const Simulation s = simulate_law("chinchilla", kEpoch, isoflop_design(30), quick(8, 40, "untuned"));
  EXPECT_GT(s.coverage.at("loss@1e+21").bias, 0);
}

TEST(SimulateLaw, NamesTheTruthItDoesNotKnow) {
  EXPECT_THROW((void)simulate_law("chinchilla", kEpoch, isoflop_design(40), quick(4, 40, "cubic")), Error);
  EXPECT_THROW((void)simulate_law("power_c", {}, isoflop_design(40), quick(4, 40, "broken")), Error);
  EXPECT_THROW((void)simulate_law("chinchilla", kEpoch, isoflop_design(4), quick(4, 40)), Error);
}

TEST(IsoflopDesign, HasTheRowsAskedForAndStaysAtItsBudgets) {
  for (const std::int64_t rows : {5, 30, 60, 241}) {
    const Observations design = isoflop_design(rows);
    ASSERT_EQ(design.rows(), rows);
    for (std::int64_t i = 0; i < rows; ++i)
      EXPECT_NEAR(6 * *design.columns.at("params")[i] * *design.columns.at("tokens")[i] / *design.columns.at("flops")[i], 1,
                  1e-12);
  }
}

TEST(Thinned, KeepsRowsFromTheCheapestToTheDearest) {
  const Observations part = thinned(isoflop_design(60), 6);
  ASSERT_EQ(part.rows(), 6);
  for (std::int64_t i = 1; i < 6; ++i) EXPECT_GE(*part.columns.at("flops")[i], *part.columns.at("flops")[i - 1] * (1 - 1e-12));
  EXPECT_EQ(thinned(isoflop_design(5), 60).rows(), 5);
}

TEST(LawFromJson, ReadsAFitItsOutputOrAnObject) {
  const std::string object = R"({"law": "power_c", "constants": {"A": 2.5, "alpha": 0.05}})";
  for (const std::string& text : {object, R"({"schema_version": 1, "fits": [)" + object + "]}"}) {
    const auto [law, constants] = law_from_json(text, "law.json");
    EXPECT_EQ(law, "power_c");
    EXPECT_EQ(constants.at("A"), 2.5);
  }
  EXPECT_THROW((void)law_from_json(R"({"fits": []})", "law.json"), Error);
  EXPECT_THROW((void)law_from_json(R"({"law": "power_c"})", "law.json"), Error);
}

}  // namespace
}  // namespace isoflop
