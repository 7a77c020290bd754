// The compute multiplier of one recipe over another: tables made by known laws.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/math.h"
#include "base/random.h"
#include "base/testing.h"
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

/// An isoFLOP grid of a law whose compute counts as `saved` times as much.
Observations grid(const Surface& s, double saved, int budgets, double noise, std::uint64_t seed) {
  Observations table;
  const Philox random{seed, Stream::simulate};
  const AdditiveLaw law{.floor = s.e, .a = s.a, .b = s.b, .alpha = s.alpha, .beta = s.beta};
  const double worth = std::sqrt(saved);
  for (int i = 0; i < budgets; ++i)
    for (int j = 0; j < 9; ++j) {
      const double c = 1e18 * pow_(1e3, i / (budgets - 1.0));
      const double n = law.optimum(c).params * pow_(10, 0.6 * (j / 4.0 - 1)), d = c / (6 * n);
      table.columns["params"].push_back(n);
      table.columns["tokens"].push_back(d);
      table.columns["flops"].push_back(c);
      table.columns["loss"].push_back(law.loss(n * worth, d * worth) * exp_(noise * random.normal(table.labels.size(), 0)));
      table.labels.push_back("run " + std::to_string(table.labels.size()));
    }
  table.n_convention = "params";
  table.flops_convention = "flops_6nd";
  return table;
}

TEST(CompareByOptima, IsWhatTheTwoFrontiersSay) {
  const Observations a = grid({}, 1, 9, 0.003, 1), b = grid({}, 2, 9, 0.003, 2);
  const Comparison c = compare_recipes(a, b, with(200, "isoflop"));
  EXPECT_EQ(c.axis, "flops");
  EXPECT_FALSE(c.paired) << "the noise about two recipes' minima is not shared";
  EXPECT_NEAR(log_(c.common_low / 1e18), 0, 1e-9);
  EXPECT_NEAR(log_(c.common_high / 1e21), 0, 1e-9);
  const auto &first = c.a.fit->constants, &second = c.b.fit->constants;
  ASSERT_EQ(c.points.size(), 9U);
  for (const Multiplier& m : c.points) {
    // e_a + k_a (m C)^-c_a = e_b + k_b C^-c_b by hand
    const double loss = second.at("floor_e") + second.at("floor_k") * std::pow(m.at, -second.at("floor_c"));
    const double flops = std::pow(first.at("floor_k") / (loss - first.at("floor_e")), 1 / first.at("floor_c"));
    EXPECT_NEAR(m.loss_b, loss, 1e-9);
    EXPECT_NEAR(m.value / (flops / m.at), 1, 1e-6);
  }
  ASSERT_TRUE(c.next);
  EXPECT_NEAR(*c.next->params * *c.next->tokens * 6 / c.next->at, 1, 0.05) << "the best model of that budget";
}

class EveryLawOfOptima : public testing::TestWithParam<int> {};

// 5 budgets: Student's t; 9: draws of the seed's noise
TEST_P(EveryLawOfOptima, HoldsTheMultiplierAsOftenAsItSays) {
  constexpr int kTables = 100;
  int held = 0;
  for (std::uint64_t seed = 0; seed < kTables; ++seed) {
    CompareOptions options = with(120, "isoflop");
    options.points = 0;
    options.at = {1e20};
    options.fit.seed = 2 * seed;
    const Comparison c =
        compare_recipes(grid({}, 1, GetParam(), 0.003, 2 * seed), grid({}, 2, GetParam(), 0.003, 2 * seed + 1), options);
    ASSERT_TRUE(c.points[0].interval);
    held += c.points[0].interval->low <= 2 && 2 <= c.points[0].interval->high;
  }
  EXPECT_GE(held, 90);
}

INSTANTIATE_TEST_SUITE_P(Compare, EveryLawOfOptima, testing::Values(5, 9));

TEST(CompareByOptima, NamesTheLawsThatHaveAFrontierAndTheColumnThatIsMissing) {
  const Observations table = grid({}, 1, 5, 0, 1);
  const Error error = error_of([&] { (void)compare_recipes(table, table, with(0, "tissue")); });
  EXPECT_EQ(error.fault(), Fault::usage);
  for (const char* law : {"chinchilla", "power_c", "data_constrained", "isoflop", "envelope"})
    EXPECT_NE(error.hint().find(law), std::string::npos) << law;
  Observations optima;
  for (int i = 0; i < 5; ++i) {
    optima.labels.push_back("budget " + std::to_string(i));
    optima.columns["flops"].push_back(1e18 * pow_(10, i));
    optima.columns["n_opt"].push_back(1e8 * pow_(10, 0.5 * i));
  }
  EXPECT_EQ(error_of([&] { (void)compare_recipes(optima, optima, with(0, "optima")); }).fault(), Fault::bad_data);
}

TEST(Compare, TakesEveryLawThatItsListNames) {
  Observations table = runs({}, 1, 1);
  table.columns["unique_tokens"] = table.columns["tokens"];
  for (auto& unique : table.columns["unique_tokens"]) *unique *= 0.5;
  CompareOptions options = with(0, "data_constrained");
  options.points = 2;
  EXPECT_EQ(compare_recipes(table, table, options).points.size(), 2U);
  table.columns.erase("unique_tokens");
  table.columns["granularity"].assign(table.labels.size(), 2);
  for (std::size_t i = 0; i < table.labels.size(); i += 2) table.columns["granularity"][i] = 8;
  options.law = "fine_grained";
  EXPECT_NE(std::string(error_of([&] { (void)compare_recipes(table, table, options); }).what()).find("granularity"),
            std::string::npos);
  options.held = {{"granularity", 4}};
  EXPECT_NEAR(compare_recipes(table, table, options).points[0].value, 1, 1e-9);
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

TEST(Compare, SaysWhereOneTableStatesTheUnitOfItsLossesAndTheOtherDoesNot) {
  const auto warned = [](const Comparison& c) {
    return std::any_of(c.warnings.begin(), c.warnings.end(), [](const Warning& w) { return w.code == "unstated_unit"; });
  };
  const Observations silent = runs({}, 1, 1);
  Observations stated = silent;
  stated.loss_unit = "bits_per_byte";
  EXPECT_TRUE(warned(compare_recipes(stated, silent, with(0))));
  EXPECT_TRUE(warned(compare_recipes(silent, stated, with(0))));
  EXPECT_FALSE(warned(compare_recipes(stated, stated, with(0))));
  EXPECT_FALSE(warned(compare_recipes(silent, silent, with(0))));
}

}  // namespace
}  // namespace isoflop
