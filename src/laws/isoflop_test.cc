#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.h"
#include "base/testing.h"
#include "isoflop/laws.h"
#include "laws/curve.h"

namespace isoflop {
namespace {

/// A Chinchilla law; with alpha = beta its isoFLOP curves are even about their minimum.
struct Truth {
  double e = 1.817, a = 477.8, b = 2143.4, alpha = 0.3473, beta = 0.3672;
  [[nodiscard]] double loss(double n, double d) const { return e + a * std::pow(n, -alpha) + b * std::pow(d, -beta); }
  [[nodiscard]] double exponent() const { return beta / (alpha + beta); }
  [[nodiscard]] double best_n(double c) const {
    const double g = std::pow(alpha * a / (beta * b), 1 / (alpha + beta));
    return g * std::pow(c / 6, exponent());
  }
};

struct Grid {
  double from = 1e18, to = 1e21;  // FLOPs
  int budgets = 9, sizes = 9;
  double decades = 0.6;  // of N to each side of the minimum
  double off = 0;        // of all sizes from the minimum, in decades
  double noise = 0;      // relative, of every loss
  std::uint64_t seed = 1;
};

Observations grid_of(const Truth& truth, const Grid& grid) {
  Observations table;
  const Philox dice{.seed = grid.seed, .stream = Stream::simulate};
  auto &n = table.columns["params"], &d = table.columns["tokens"], &c = table.columns["flops"], &loss = table.columns["loss"];
  for (int i = 0; i < grid.budgets; ++i)
    for (int j = 0; j < grid.sizes; ++j) {
      const double flops = grid.from * std::pow(grid.to / grid.from, i / (grid.budgets - 1.0));
      const double size = truth.best_n(flops) * std::pow(10, grid.off + grid.decades * (2.0 * j / (grid.sizes - 1) - 1));
      table.labels.push_back("run " + std::to_string(table.labels.size()));
      n.emplace_back(size);
      d.emplace_back(flops / 6 / size);
      c.emplace_back(flops);
      loss.emplace_back(truth.loss(size, *d.back()) * (1 + grid.noise * dice.normal(table.labels.size())));
    }
  table.n_convention = "params";
  table.flops_convention = "flops_6nd";
  return table;
}

bool warns(const std::vector<Warning>& warnings, const std::string& code, const std::string& text = {}) {
  return std::any_of(warnings.begin(), warnings.end(),
                     [&](const Warning& w) { return w.code == code && w.text.find(text) != std::string::npos; });
}

TEST(Isoflop, GivesTheExponentsOfTheLawThatMadeAnEvenGrid) {
  const Truth even{.alpha = 0.35, .beta = 0.35};
  IsoflopOptions options;
  options.law.at = {1e20};
  const FitResult result = fit_isoflop(grid_of(even, {}), options);
  ASSERT_TRUE(result.fit);
  EXPECT_NEAR(result.fit->constants.at("a"), 0.5, 1e-3);
  EXPECT_NEAR(result.fit->constants.at("b"), 0.5, 1e-3);
  EXPECT_NEAR(result.fit->derived.at("params_opt@1e+20").value / even.best_n(1e20), 1, 0.05);
  const double d = 1e20 / 6 / even.best_n(1e20);
  EXPECT_NEAR(result.fit->derived.at("tokens_per_param@1e+20").value / (d / even.best_n(1e20)), 1, 0.1);
}

// a parabola over an uneven curve is off by what the cubic term weighs in its window; that is nearly the same at every budget
TEST(Isoflop, OnUnevenCurvesMovesTheLevelMoreThanTheExponent) {
  const Truth truth;
  for (const CurveMinimumBy by : {CurveMinimumBy::parabola, CurveMinimumBy::akima}) {
    IsoflopOptions options;
    options.minimum = by;
    const FitResult result = fit_isoflop(grid_of(truth, {}), options);
    ASSERT_TRUE(result.fit);
    EXPECT_NEAR(result.fit->constants.at("a"), truth.exponent(), 5e-3);
    EXPECT_NEAR(result.fit->constants.at("a") + result.fit->constants.at("b"), 1, 1e-6);
    for (const BudgetOptimum& o : result.fit->optima) EXPECT_NEAR(std::log(*o.params / truth.best_n(o.flops)), 0, 0.12);
  }
}

TEST(Isoflop, FindsTheBudgetsRowsGatherAt) {
  const FitResult result = fit_isoflop(grid_of({}, {.budgets = 5}));
  ASSERT_TRUE(result.fit);
  ASSERT_EQ(result.fit->optima.size(), 5U);
  EXPECT_NEAR(result.fit->optima[0].flops / 1e18, 1, 1e-9);
  EXPECT_NEAR(result.fit->optima[4].flops / 1e21, 1, 1e-9);
  for (const BudgetOptimum& o : result.fit->optima) EXPECT_EQ(o.points, 9);
}

TEST(Isoflop, TakesGivenBudgetsAndSaysHowManyRowsAreOfNone) {
  IsoflopOptions options;
  options.budgets = {1.05e18, 1e19, 1e20, 9.6e20};
  const FitResult result = fit_isoflop(grid_of({}, {.budgets = 7}), options);
  ASSERT_TRUE(result.fit);
  EXPECT_EQ(result.fit->optima.size(), 4U);
  EXPECT_TRUE(warns(result.warnings, "off_budget_rows", "27 rows of 63"));
}

TEST(Isoflop, DropsABudgetWhoseLeastLossIsAtAnEdge) {
  Observations table = grid_of({}, {.budgets = 5});
  for (std::size_t row = 18; row < 27; ++row)
    table.columns["loss"][row] = 2 + 0.01 * static_cast<double>(row);  // rises with N all the way
  const FitResult result = fit_isoflop(table);
  ASSERT_TRUE(result.fit);
  EXPECT_FALSE(result.fit->optima[2].used);
  EXPECT_FALSE(result.fit->optima[2].reason.empty());
  EXPECT_TRUE(warns(result.warnings, "edge_minimum") || warns(result.warnings, "no_minimum"));
  EXPECT_EQ(result.fit->degrees_of_freedom, 2);
  EXPECT_NEAR(result.fit->constants.at("a"), Truth{}.exponent(), 5e-3);
}

TEST(Isoflop, NamesAMinimumOutsideItsSizes) {
  const FitResult result = fit_isoflop(grid_of({}, {.budgets = 5, .off = 0.9}));
  EXPECT_FALSE(result.fit);
  EXPECT_TRUE(warns(result.warnings, "edge_minimum", "minimum at the edge"));
  EXPECT_TRUE(warns(result.warnings, "few_rows", "0 budgets"));
}

TEST(Isoflop, NamesAParabolaThatOpensDownward) {
  Observations table = grid_of({}, {.budgets = 4});
  for (std::size_t row = 0; row < 9; ++row) table.columns["loss"][row] = 6 - *table.columns["loss"][row];
  const FitResult result = fit_isoflop(table);
  ASSERT_TRUE(result.fit);
  EXPECT_FALSE(result.fit->optima[0].used);
  EXPECT_EQ(result.fit->optima[0].reason, "the parabola opens downward: no minimum");
}

TEST(Isoflop, NeedsThreeSizesForAMinimum) {
  const FitResult result = fit_isoflop(grid_of({}, {.budgets = 4, .sizes = 2}));
  EXPECT_FALSE(result.fit);
  EXPECT_TRUE(warns(result.warnings, "few_points", "4 budgets"));
}

TEST(Isoflop, FlagsAStrayPointAndFitsWithoutIt) {
  const Grid grid{.noise = 0.002};
  const FitResult clean = fit_isoflop(grid_of({}, grid));
  Observations table = grid_of({}, grid);
  table.columns["loss"][9 * 4 + 2] = *table.columns["loss"][9 * 4 + 2] * 1.05;
  const FitResult result = fit_isoflop(table);
  ASSERT_TRUE(clean.fit && result.fit);
  EXPECT_TRUE(warns(result.warnings, "stray_points", "run 38"));
  EXPECT_FALSE(warns(clean.warnings, "stray_points"));
  EXPECT_NEAR(result.fit->constants.at("a"), clean.fit->constants.at("a"), 0.01);
  IsoflopOptions kept;
  kept.keep_strays = true;
  EXPECT_TRUE(warns(fit_isoflop(table, kept).warnings, "stray_points", "kept"));
}

TEST(Isoflop, FlagsARunOfAnotherBudget) {
  Observations table = grid_of({}, {});
  table.columns["flops"][4] = 1.09e18;
  EXPECT_TRUE(warns(fit_isoflop(table).warnings, "stray_points", "run 4"));
}

TEST(Isoflop, CountsACopiedRowOnce) {
  const Observations table = grid_of({}, {.budgets = 4, .noise = 0.002});
  Observations twice = table;
  twice.labels.emplace_back("copy");
  for (auto& [name, column] : twice.columns) column.push_back(column[5]);
  IsoflopOptions options;
  options.law.draws = 0;
  const FitResult a = fit_isoflop(table, options), b = fit_isoflop(twice, options);
  ASSERT_TRUE(a.fit && b.fit);
  EXPECT_EQ(a.fit->constants, b.fit->constants);
  EXPECT_TRUE(warns(b.warnings, "duplicate_rows", "1 row"));
}

TEST(Isoflop, TakesSixNDWhereTheTableHasNoFlopsAndSaysSo) {
  Observations table = grid_of({}, {.budgets = 4});
  const FitResult with = fit_isoflop(table);
  table.columns.erase("flops");
  const FitResult without = fit_isoflop(table);
  ASSERT_TRUE(with.fit && without.fit);
  EXPECT_EQ(without.fit->flops_convention, "flops_6nd");
  EXPECT_TRUE(warns(without.warnings, "flops_computed"));
  EXPECT_NEAR(without.fit->constants.at("a"), with.fit->constants.at("a"), 1e-9);
}

TEST(Isoflop, WithoutTokensGivesTheLawOfNAlone) {
  Observations table = grid_of({}, {.budgets = 4});
  table.columns.erase("tokens");
  const FitResult result = fit_isoflop(table);
  ASSERT_TRUE(result.fit);
  EXPECT_EQ(result.fit->formula, "N*(C) = k_n C^a, L*(C) = e + k C^-c");
  EXPECT_FALSE(result.fit->constants.contains("b"));
}

TEST(Isoflop, IsAPictureWithThreeBudgets) {
  const FitResult result = fit_isoflop(grid_of({}, {.budgets = 3, .noise = 0.002}));
  ASSERT_TRUE(result.fit);
  EXPECT_EQ(result.fit->interval_method, "Student's t");
  EXPECT_TRUE(warns(result.warnings, "one_degree_of_freedom"));
}

TEST(Isoflop, GivesTheSameDrawsForASeed) {
  const Observations table = grid_of({}, {.noise = 0.002});
  const FitResult a = fit_isoflop(table), b = fit_isoflop(table);
  ASSERT_TRUE(a.fit && b.fit);
  EXPECT_EQ(a.fit->draws, b.fit->draws);
  EXPECT_EQ(a.fit->draws.size(), 1000U);
  EXPECT_THAT(a.fit->draw_names,
              testing::ElementsAre("k_n", "a", "k_d", "b", "frontier_k", "frontier_c", "floor_e", "floor_k", "floor_c"));
  IsoflopOptions other;
  other.law.seed = 1;
  EXPECT_NE(fit_isoflop(table, other).fit->draws, a.fit->draws);
}

TEST(Isoflop, ErrorsOfMinimaAreThoseOfRepeatedTables) {
  double sum = 0, square = 0, claimed = 0;
  constexpr int kTables = 200;
  for (std::uint64_t seed = 0; seed < kTables; ++seed) {
    IsoflopOptions options;
    options.law.draws = 100;
    const FitResult result = fit_isoflop(grid_of({}, {.budgets = 4, .noise = 0.002, .seed = seed}), options);
    ASSERT_TRUE(result.fit);
    const double x = std::log(*result.fit->optima[1].params);
    sum += x;
    square += x * x;
    claimed += *result.fit->optima[1].ln_params_se / kTables;
  }
  const double sd = std::sqrt(square / kTables - sum / kTables * sum / kTables);
  EXPECT_NEAR(claimed / sd, 1, 0.15);
}

/// How often the 95 % interval of a holds the law's own, over 300 tables.
struct Coverage {
  AllocationInterval interval;
  int budgets;
};
class EveryInterval : public testing::TestWithParam<Coverage> {};
std::ostream& operator<<(std::ostream& out, const Coverage& c) {
  return out << "interval " << static_cast<int>(c.interval) << ", " << c.budgets << " budgets";
}

TEST_P(EveryInterval, OfTheExponentHoldsItNinetyTwoToNinetyEightTimesInAHundred) {
  const Truth truth;
  int held = 0;
  constexpr int kTables = 300;
  for (std::uint64_t seed = 0; seed < kTables; ++seed) {
    IsoflopOptions options;
    options.law.interval = GetParam().interval;
    options.law.draws = 250;
    options.law.seed = seed;
    const FitResult result = fit_isoflop(grid_of(truth, {.budgets = GetParam().budgets, .noise = 0.003, .seed = seed}), options);
    ASSERT_TRUE(result.fit);
    const Interval a = *result.fit->derived.at("a").interval;
    held += a.low <= truth.exponent() && truth.exponent() <= a.high;
  }
  EXPECT_GE(held, 0.92 * kTables) << GetParam();
  EXPECT_LE(held, 0.98 * kTables) << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Isoflop, EveryInterval,
                         testing::Values(Coverage{AllocationInterval::automatic, 5}, Coverage{AllocationInterval::automatic, 9},
                                         Coverage{AllocationInterval::student, 9}, Coverage{AllocationInterval::rows, 9}));

TEST(Isoflop, GivesTheFrontierOfTheLawThatMadeTheGrid) {
  const Truth truth;
  IsoflopOptions options;
  options.law.at = {1e20};
  const FitResult result = fit_isoflop(grid_of(truth, {}), options);
  ASSERT_TRUE(result.fit);
  const double n = truth.best_n(1e20);
  EXPECT_NEAR(result.fit->derived.at("loss@1e+20").value / truth.loss(n, 1e20 / 6 / n), 1, 2e-3);
  EXPECT_NEAR(result.fit->constants.at("floor_e"), truth.e, 0.05);
  EXPECT_NEAR(result.fit->constants.at("floor_c"), truth.alpha * truth.beta / (truth.alpha + truth.beta), 0.01);
  EXPECT_EQ(result.fit->fitted_range.at("flops").first, result.fit->optima.front().flops);
}

TEST(Isoflop, TellsNoFloorWhereThereIsNoneAndBoundsIt) {
  const Truth plain{.e = 0, .a = 40, .b = 60, .alpha = 0.1, .beta = 0.1};
  const FitResult result = fit_isoflop(grid_of(plain, {.noise = 0.003}));
  ASSERT_TRUE(result.fit);
  const Interval floor = result.fit->intervals.at("floor_e");
  EXPECT_EQ(floor.low, 0);
  EXPECT_LT(floor.high, *result.fit->optima.back().loss);
  EXPECT_EQ(warns(result.warnings, "no_floor"), result.fit->constants.at("floor_e") == 0);
}

TEST(Isoflop, DrawsSpreadAsTheIntervalsSay) {
  for (const int budgets : {5, 9}) {
    IsoflopOptions options;
    options.law.draws = 4000;
    options.law.interval = AllocationInterval::student;
    const Fit fit = *fit_isoflop(grid_of({}, {.budgets = budgets, .noise = 0.003}), options).fit;
    for (const std::size_t column : {1U, 3U}) {
      std::vector<double> draws;
      for (const auto& draw : fit.draws) draws.push_back(draw[column]);
      const Interval said = fit.intervals.at(fit.draw_names[column]);
      const Interval drawn = interval_of_draws(draws, fit.constants.at(fit.draw_names[column]));
      EXPECT_NEAR((drawn.high - drawn.low) / (said.high - said.low), 1, 0.1) << budgets << " " << fit.draw_names[column];
    }
  }
}

TEST(Isoflop, NamesTheRowAndTheColumnOfANumberThatCannotBe) {
  for (const double bad : {0.0, -1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    Observations table = grid_of({}, {});
    table.columns["flops"][7] = bad;
    const Error error = error_of([&] { (void)fit_isoflop(table); });
    EXPECT_EQ(error.fault(), Fault::bad_data);
    EXPECT_EQ(error.subject(), "run 7");
    EXPECT_THAT(error.problem(), testing::HasSubstr("column `flops`"));
  }
  Observations table = grid_of({}, {});
  table.columns.erase("params");
  EXPECT_THAT(error_of([&] { (void)fit_isoflop(table); }).problem(), testing::HasSubstr("`params` is missing"));
}

TEST(Isoflop, RefusesOptionsThatCannotBeMeant) {
  const Observations table = grid_of({}, {});
  const auto fault_of = [&](const IsoflopOptions& options) {
    return error_of([&] { (void)fit_isoflop(table, options); }).fault();
  };
  IsoflopOptions options;
  options.tolerance = 0;
  EXPECT_EQ(fault_of(options), Fault::usage);
  options = {};
  options.budgets = {-1};
  EXPECT_EQ(fault_of(options), Fault::usage);
  options = {};
  options.law.level = 1;
  EXPECT_EQ(fault_of(options), Fault::usage);
  options = {};
  options.law.at = {0};
  EXPECT_EQ(fault_of(options), Fault::usage);
}

TEST(Optima, GiveALineBackAndNameRowsWithoutOne) {
  Observations table;
  for (int i = 0; i < 5; ++i) {
    const double c = 1e18 * std::pow(4, i);
    table.labels.push_back("line " + std::to_string(i));
    table.columns["flops"].emplace_back(c);
    table.columns["n_opt"].push_back(i == 2 ? std::nullopt : std::optional<double>(0.1 * std::pow(c, 0.5)));
  }
  const FitResult result = fit_optima(table);
  ASSERT_TRUE(result.fit);
  EXPECT_NEAR(result.fit->constants.at("a"), 0.5, 1e-12);
  EXPECT_NEAR(result.fit->constants.at("k_n"), 0.1, 1e-10);
  EXPECT_TRUE(warns(result.warnings, "missing_values", "line 2"));
}

TEST(Optima, WhoseLawLeavesTheDoublesAreNotFitted) {
  Observations table;
  table.labels = {"a", "b", "c"};
  table.columns["flops"] = {1e18, 1.001e18, 1.002e18};
  table.columns["n_opt"] = {1e8, 1e9, 1e10};
  const FitResult result = fit_optima(table);
  EXPECT_FALSE(result.fit);
  EXPECT_TRUE(warns(result.warnings, "out_of_range"));
}

TEST(Optima, AreNotFittedAtOneBudget) {
  Observations table;
  table.labels = {"a", "b"};
  table.columns["flops"] = {1e18, 1e18};
  table.columns["n_opt"] = {1e8, 2e8};
  const FitResult result = fit_optima(table);
  EXPECT_FALSE(result.fit);
  EXPECT_TRUE(warns(result.warnings, "few_rows"));
}

// scipy.interpolate.Akima1DInterpolator on 25 (n - 1) points from first to last
TEST(AkimaMinimum, IsTheLeastOfTheInterpolationNotOfThePoints) {
  const std::vector<double> x{0, 1, 2, 3, 5}, y{3, 1.5, 1.2, 1.6, 4};
  const laws::CurveMinimum minimum = laws::akima_minimum(x, y);
  EXPECT_EQ(minimum.trouble, laws::CurveMinimum::Trouble::none);
  EXPECT_NEAR(minimum.x, 1.8686868686868687, 1e-12);
  EXPECT_NEAR(minimum.y, 1.191153430133663, 1e-12);
}

TEST(ParabolaMinimum, IsExactOnAParabola) {
  std::vector<double> x, y;
  for (int i = 0; i < 12; ++i) {
    x.push_back(17 + 0.3 * i);
    y.push_back(3 + 0.02 * (x.back() - 18.7) * (x.back() - 18.7));
  }
  for (const double half : {0.0, 0.5, 1.0}) {
    const laws::CurveMinimum minimum = laws::parabola_minimum(x, y, half);
    EXPECT_NEAR(minimum.x, 18.7, 1e-9) << half;
    EXPECT_NEAR(minimum.y, 3, 1e-12) << half;
  }
}

}  // namespace
}  // namespace isoflop
