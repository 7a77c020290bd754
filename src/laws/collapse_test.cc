// The alarm of Qiu et al.: curves of a family that are one curve, and the run that is not.
#include "laws/collapse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"

namespace isoflop::laws {
namespace {

/// Five sizes with D in proportion to N^1, on L = 1.8 + reducible, the reducible loss a power of N times one curve of the share
/// spent.
Observations family(double odd_exponent = 0.3, double noise = 0) {
  const Philox random{.seed = 7, .stream = Stream::simulate};
  Observations table;
  for (int i = 0; i < 5; ++i) {
    const double params = 1e6 * std::pow(4, i);
    const int steps = 200 << i;
    for (int s = 0; s < steps; ++s) {
      const double share = (s + 1.0) / steps, exponent = i == 3 ? odd_exponent : 0.3;
      table.labels.push_back("size " + std::to_string(i));
      table.columns["params"].emplace_back(params);
      table.columns["step"].emplace_back(s);
      table.columns["loss"].emplace_back(1.8 + 40 * std::pow(params, -0.25) * (std::pow(share, -exponent) + 0.2 * (1 - share)) +
                                         noise * random.normal(static_cast<std::uint64_t>(s), static_cast<std::uint32_t>(i)));
    }
  }
  return table;
}

TEST(Collapse, OfAFamilyOnOneCurveLeavesNothing) {
  const auto collapse = collapse_of(family(), "loss");
  ASSERT_TRUE(collapse);
  EXPECT_EQ(collapse->runs, 5U);
  EXPECT_NEAR(collapse->floor, 1.8, 0.02);
  EXPECT_LT(collapse->deviation, 0.005);
  EXPECT_FALSE(collapse->broken());
}

TEST(Collapse, OfNoisyStepsIsNotWorseThanTheirScatter) {
  const auto collapse = collapse_of(family(0.3, 0.05), "loss");
  ASSERT_TRUE(collapse);
  EXPECT_FALSE(collapse->broken()) << to_string(*collapse);
  EXPECT_NEAR(collapse->deviation / collapse->noise, 1, 0.5) << to_string(*collapse);
}

TEST(Collapse, IsBrokenByARunThatLearnsOtherwise) {
  const auto collapse = collapse_of(family(0.6), "loss");
  ASSERT_TRUE(collapse);
  EXPECT_TRUE(collapse->broken()) << to_string(*collapse);
  EXPECT_GT(collapse->worst, collapse->deviation);
  bool told = false;
  for (const TableFinding& finding : examine_table(family(0.6)))
    told |= finding.rule == "collapse of loss curves" && finding.verdict == TableFinding::Verdict::bad;
  EXPECT_TRUE(told);
}

TEST(Collapse, NeedsCurvesOfSeveralSizes) {
  Observations one = family();
  for (auto& params : one.columns["params"]) params = 1e6;
  EXPECT_FALSE(collapse_of(one, "loss"));
  one.columns.erase("step");
  EXPECT_FALSE(collapse_of(one, "loss"));
}

}  // namespace
}  // namespace isoflop::laws
