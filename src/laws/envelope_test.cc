#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "base/testing.h"
#include "isoflop/laws.h"
#include "laws/loss_frontier.h"

namespace isoflop {
namespace {

constexpr double kE = 1.8, kA = 480, kB = 2100, kAlpha = 0.35, kBeta = 0.37;
constexpr double kExponent = kBeta / (kAlpha + kBeta), kFrontier = kAlpha * kBeta / (kAlpha + kBeta);

struct Family {
  int sizes = 16, steps = 60;
  double from = 1e7, to = 1e10;  // parameters
  double noise = 0;              // of a run's whole curve, relative: the seed's
  std::uint64_t seed = 1;
};

/// Training curves that follow a Chinchilla law at every step, from 0.1 to 1,000 tokens a parameter.
Observations curves_of(const Family& family) {
  Observations table;
  const Philox dice{.seed = family.seed, .stream = Stream::simulate};
  auto &n = table.columns["params"], &d = table.columns["tokens"], &c = table.columns["flops"], &loss = table.columns["loss"];
  for (int i = 0; i < family.sizes; ++i) {
    const double size = family.from * std::pow(family.to / family.from, i / (family.sizes - 1.0));
    const double luck = 1 + family.noise * dice.normal(static_cast<std::uint64_t>(i));
    for (int j = 0; j < family.steps; ++j) {
      const double tokens = size * 0.1 * std::pow(1e4, j / (family.steps - 1.0));
      table.labels.push_back("run " + std::to_string(i));
      n.emplace_back(size);
      d.emplace_back(tokens);
      c.emplace_back(6 * size * tokens);
      loss.emplace_back(luck * (kE + kA * std::pow(size, -kAlpha) + kB * std::pow(tokens, -kBeta)));
    }
  }
  table.n_convention = "params";
  table.flops_convention = "flops_6nd";
  return table;
}

bool warns(const std::vector<Warning>& warnings, const std::string& code) {
  return std::any_of(warnings.begin(), warnings.end(), [&](const Warning& w) { return w.code == code; });
}

TEST(Envelope, GivesTheExponentsOfTheLawThatMadeTheCurves) {
  const FitResult result = fit_envelope(curves_of({}));
  ASSERT_TRUE(result.fit);
  EXPECT_NEAR(result.fit->constants.at("a"), kExponent, 2e-3);
  EXPECT_NEAR(result.fit->constants.at("b"), 1 - kExponent, 2e-3);
  EXPECT_EQ(result.fit->interval_method, "Student's t");
}

TEST(Envelope, GivesTheFrontierOfThatLawWithItsFloor) {
  const FitResult result = fit_envelope(curves_of({.sizes = 40}));
  ASSERT_TRUE(result.fit);
  EXPECT_NEAR(result.fit->constants.at("floor_e"), kE, 0.02);
  EXPECT_NEAR(result.fit->constants.at("floor_c"), kFrontier, 0.01);
  // without a floor the power is shallower: it must pass over the same range
  EXPECT_LT(result.fit->constants.at("frontier_c"), kFrontier / 2);
  EXPECT_TRUE(result.fit->intervals.contains("frontier_c"));
}

// a line through every value of C would give 0.500 here
TEST(Envelope, IsNotFlattenedByTheStepsBetweenSizes) {
  const FitResult result = fit_envelope(curves_of({.sizes = 8}));
  ASSERT_TRUE(result.fit);
  EXPECT_NEAR(result.fit->constants.at("a"), kExponent, 2e-3);
}

TEST(Envelope, LeavesOutTheFirstAndTheLastSize) {
  const FitResult inside = fit_envelope(curves_of({}));
  EnvelopeOptions options;
  options.keep_edges = true;
  const FitResult all = fit_envelope(curves_of({}), options);
  ASSERT_TRUE(inside.fit && all.fit);
  EXPECT_NEAR(*inside.fit->optima.front().params / 1e7, std::pow(1e3, 1 / 15.0), 1e-9);
  EXPECT_NEAR(*all.fit->optima.front().params, 1e7, 1);
  EXPECT_GT(std::fabs(all.fit->constants.at("a") - kExponent), std::fabs(inside.fit->constants.at("a") - kExponent));
}

TEST(Envelope, HoldsTheExponentInItsInterval) {
  int held = 0;
  constexpr int kTables = 100;
  for (std::uint64_t seed = 0; seed < kTables; ++seed) {
    EnvelopeOptions options;
    options.law.draws = 0;
    const FitResult result = fit_envelope(curves_of({.sizes = 14, .noise = 0.002, .seed = seed}), options);
    ASSERT_TRUE(result.fit);
    const Interval a = *result.fit->derived.at("a").interval;
    held += a.low <= kExponent && kExponent <= a.high;
  }
  EXPECT_GE(held, 90);
}

TEST(Envelope, CountsSizesNotStepsAsEvidence) {
  const FitResult few = fit_envelope(curves_of({.sizes = 8, .steps = 40, .noise = 0.002}));
  const FitResult many = fit_envelope(curves_of({.sizes = 8, .steps = 400, .noise = 0.002}));
  ASSERT_TRUE(few.fit && many.fit);
  EXPECT_EQ(few.fit->degrees_of_freedom, 4);
  EXPECT_EQ(many.fit->degrees_of_freedom, 4);
  const auto width = [](const FitResult& r) { return r.fit->intervals.at("a").high - r.fit->intervals.at("a").low; };
  EXPECT_NEAR(width(few) / width(many), 1, 0.5);
}

TEST(Envelope, NeedsASizeWithNeighbours) {
  const FitResult result = fit_envelope(curves_of({.sizes = 2}));
  EXPECT_FALSE(result.fit);
  EXPECT_TRUE(warns(result.warnings, "few_rows"));
}

TEST(Envelope, NeedsCurves) {
  Observations finals = curves_of({});
  for (std::size_t row = 0; row < finals.labels.size(); ++row) finals.labels[row] = "line " + std::to_string(row);
  const FitResult none = fit_envelope(finals);
  EXPECT_FALSE(none.fit);
  EXPECT_TRUE(warns(none.warnings, "few_points"));
}

TEST(Envelope, NamesARunThatChangesItsSize) {
  Observations table = curves_of({});
  table.columns["params"][70] = 3e7;
  const Error error = error_of([&] { (void)fit_envelope(table); });
  EXPECT_EQ(error.fault(), Fault::bad_data);
  EXPECT_THAT(error.what(), testing::HasSubstr("run 1"));
}

TEST(Frontier, WithAFloorComesBackFromItsOwnNumbers) {
  std::vector<double> x, loss;
  for (int i = 0; i < 30; ++i) {
    x.push_back(40 + 0.4 * i);
    loss.push_back(1.7 + 900 * std::exp(-0.15 * x.back()));
  }
  const auto frontier = laws::floor_frontier(x, loss);
  ASSERT_TRUE(frontier);
  EXPECT_NEAR(frontier->floor, 1.7, 1e-5);
  EXPECT_NEAR(frontier->c, 0.15, 1e-6);
  EXPECT_NEAR(frontier->k / 900, 1, 1e-4);
}

TEST(Frontier, OfAPlainPowerHasNoFloor) {
  std::vector<double> x, loss;
  for (int i = 0; i < 30; ++i) {
    x.push_back(40 + 0.4 * i);
    loss.push_back(20 * std::exp(-0.05 * x.back()) * (1 + 1e-4 * (i % 3 - 1)));
  }
  const auto plain = laws::plain_frontier(x, loss);
  ASSERT_TRUE(plain);
  EXPECT_NEAR(plain->c, 0.05, 1e-4);
  const auto floor = laws::floor_frontier(x, loss);
  EXPECT_LT(floor ? floor->floor : 0, 0.1);
}

}  // namespace
}  // namespace isoflop
