// The compute multiplier of one recipe over another: tables made by known laws.
#include <gtest/gtest.h>

#include <cmath>

#include "base/math.h"
#include "base/random.h"
#include "isoflop/laws.h"

namespace isoflop {
namespace {

struct Surface {
  double e = 1.8, a = 480, b = 2000, alpha = 0.35, beta = 0.37;
};

/// 60 runs over sizes and ratios, 1 % of noise; the compute of a run counts as `saved` times as much.
Observations runs(const Surface& s, double saved, std::uint64_t seed, double noise = 0.01, const std::string& name = "line ") {
  Observations table;
  const Philox random{seed, Stream::simulate};
  for (int i = 0; i < 60; ++i) {
    const double n = 1e7 * pow_(10, (i % 10) / 3.0), d = n * pow_(10, 0.7 + (i / 10) / 5.0);
    // a recipe worth m in compute: sqrt(m) in parameters and in tokens
    const double worth = std::sqrt(saved);
    const double loss = s.e + s.a * pow_(n * worth, -s.alpha) + s.b * pow_(d * worth, -s.beta);
    table.labels.push_back(name + std::to_string(i));
    table.columns["params"].push_back(n);
    table.columns["tokens"].push_back(d);
    table.columns["flops"].push_back(6 * n * d);
    table.columns["loss"].push_back(loss * exp_(noise * random.normal(static_cast<std::uint64_t>(i), 0)));
  }
  table.n_convention = "params";
  return table;
}

CompareOptions with(std::int64_t draws, std::string law = {}) {
  CompareOptions options;
  options.law = std::move(law);
  options.fit.bootstrap = draws;
  options.fit.threads = 2;
  return options;
}

TEST(Compare, ATableAgainstItselfHasAMultiplierOfOne) {
  const Observations table = runs({}, 1, 1);
  const Comparison c = compare_recipes(table, table, with(200));
  EXPECT_EQ(c.law, "chinchilla");
  EXPECT_EQ(c.axis, "flops");
  EXPECT_FALSE(c.paired) << "line numbers are no names";
  ASSERT_EQ(c.points.size(), 9U);
  for (const Multiplier& m : c.points) {
    EXPECT_NEAR(m.value, 1, 1e-9);
    ASSERT_TRUE(m.interval);
    EXPECT_LT(m.interval->low, 1);
    EXPECT_GT(m.interval->high, 1);
  }
  EXPECT_FALSE(c.crossing);
}

TEST(Compare, RunsOfOneNameAreDrawnTogether) {
  const Observations table = runs({}, 1, 1, 0.01, "size ");
  const Comparison c = compare_recipes(table, table, with(200));
  EXPECT_TRUE(c.paired);
  for (const Multiplier& m : c.points) {
    EXPECT_NEAR(m.interval->low, 1, 1e-9) << "what both share does not count";
    EXPECT_NEAR(m.interval->high, 1, 1e-9);
  }
}

TEST(Compare, ARecipeThatHalvesTheComputeHasAMultiplierOfTwo) {
  const Comparison exact = compare_recipes(runs({}, 1, 1, 0), runs({}, 2, 2, 0), with(0));
  for (const Multiplier& m : exact.points) {
    EXPECT_NEAR(m.value, 2, 1e-5);
    EXPECT_FALSE(m.interval);
    EXPECT_LT(m.loss_b, m.loss_a);
  }
  const Comparison noisy = compare_recipes(runs({}, 1, 1), runs({}, 2, 2), with(400));
  const Multiplier& middle = noisy.points[4];
  EXPECT_LT(middle.interval->low, 2);
  EXPECT_GT(middle.interval->high, 2);
  EXPECT_GT(middle.interval->low, 1) << "60 runs each show that it saves";
  ASSERT_TRUE(noisy.next);
  EXPECT_TRUE(noisy.next->params && noisy.next->tokens);
}

TEST(Compare, RecipesOfTwoSlopesCrossWhereTheirLawsDo) {
  // power laws of C: 40 C^-0.06 and 400 C^-0.11 meet at C = 10^20
  const auto line = [](double k, double a, std::uint64_t seed) {
    Observations table;
    const Philox random{seed, Stream::simulate};
    for (int i = 0; i < 25; ++i) {
      const double c = 1e18 * pow_(10, i / 6.0);
      table.labels.push_back("line " + std::to_string(i));
      table.columns["flops"].push_back(c);
      table.columns["loss"].push_back(k * pow_(c, -a) * exp_(0.003 * random.normal(static_cast<std::uint64_t>(i), 0)));
    }
    return table;
  };
  const Comparison c = compare_recipes(line(40, 0.06, 1), line(400, 0.11, 2), with(400));
  EXPECT_EQ(c.law, "power_c");
  ASSERT_TRUE(c.crossing);
  EXPECT_LT(c.crossing->interval->low, 1e20);
  EXPECT_GT(c.crossing->interval->high, 1e20);
  EXPECT_NEAR(log_(c.crossing->value), log_(1e20), 0.3);
  EXPECT_LT(c.points.front().value, 1);
  EXPECT_GT(c.points.back().value, 1);
}

TEST(Compare, ALossThatTheFirstRecipeNeverReachesNeedsInfiniteCompute) {
  Surface floored;
  floored.e = 2.4;
  const Comparison c = compare_recipes(runs(floored, 1, 1, 0), runs({}, 1, 2, 0), [] {
    CompareOptions options = with(0);
    options.points = 0;
    options.at = {1e28};
    return options;
  }());
  ASSERT_EQ(c.points.size(), 1U);
  EXPECT_TRUE(std::isinf(c.points[0].value));
}

TEST(Compare, OnlyTheLowerEnvelopeCarriesALawOfCompute) {
  const Observations table = runs({}, 1, 1, 0);
  const Comparison envelope = compare_recipes(table, table, with(0, "power_c"));
  CompareOptions all = with(0, "power_c");
  all.all_rows = true;
  EXPECT_LT(envelope.a.fit->rows, 60);
  EXPECT_EQ(compare_recipes(table, table, all).a.fit->rows, 60);
}

TEST(Compare, TablesOfTwoMeaningsAreRefused) {
  Observations other = runs({}, 1, 2);
  other.n_convention = "params_non_embedding";
  EXPECT_THROW((void)compare_recipes(runs({}, 1, 1), other, with(0)), Error);
  other = runs({}, 1, 2);
  other.loss_kind = "train";
  Observations final_loss = runs({}, 1, 1);
  final_loss.loss_kind = "final";
  EXPECT_THROW((void)compare_recipes(final_loss, other, with(0)), Error);
  EXPECT_THROW((void)compare_recipes(final_loss, final_loss, with(0, "critical_batch")), Error);
}

}  // namespace
}  // namespace isoflop
