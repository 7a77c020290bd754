// The best weights: closed forms, caps, conditions of an optimum, and whether gains are what they are said to be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/testing.h"
#include "laws/mixture.h"
#include "laws/mixture_simplex.h"
#include "laws/mixture_testing.h"

namespace isoflop {
namespace {

using testing::HasSubstr;
using Verdict = MixtureComparison::Verdict;

/// Two losses over two sources: exp(-a r) and exp(-b (1 - r)) above their floors.
MixtureTable two_losses(double a, double b, double noise = 0) {
  MixtureTable table = proxies(2, 40, log_linear_loss(1, 0, {-a, 0}), noise);
  table.targets.emplace_back("y");
  const Philox random{1, Stream::simulate};
  for (std::size_t i = 0; i < 40; ++i) {
    const double r = *table.runs.columns["share.d2"][i];
    table.runs.columns["loss.y"].emplace_back(1 + std::exp(-b * r) + noise * random.normal(i));
  }
  return table;
}

TEST(LeastShares, OfALinearFunctionFillTheCheapestSourcesToTheirCaps) {
  const std::vector<double> cost{3, 1, 2, 5}, caps{1, 0.3, 0.5, 1};
  const auto f = [&](const std::vector<double>& r, double* slope) {
    double sum = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      sum += cost[j] * r[j];
      if (slope) slope[j] = cost[j];
    }
    return sum;
  };
  const std::vector<double> best = laws::least_shares(f, caps, {0.25, 0.25, 0.25, 0.25});
  const std::vector<double> expected{0.2, 0.3, 0.5, 0};
  for (std::size_t j = 0; j < 4; ++j) EXPECT_NEAR(best[j], expected[j], 1e-9);
}

TEST(LeastShares, OfAConvexFunctionMeetTheKarushKuhnTuckerConditions) {
  // sum_j w_j exp(-b_j r_j) with caps: where a share is free, slopes are one number; at a cap they are below it, at 0 above
  const std::vector<double> w{1, 2, 0.5, 3, 0.01}, b{2, 3, 5, 1, 1}, caps{1, 0.25, 1, 1, 1};
  const auto f = [&](const std::vector<double>& r, double* slope) {
    double sum = 0;
    for (std::size_t j = 0; j < w.size(); ++j) {
      sum += w[j] * std::exp(-b[j] * r[j]);
      if (slope) slope[j] = -w[j] * b[j] * std::exp(-b[j] * r[j]);
    }
    return sum;
  };
  const std::vector<double> best = laws::least_shares(f, caps, std::vector<double>(5, 0.2));
  std::vector<double> slope(5);
  (void)f(best, slope.data());
  double total = 0, level = 0;
  for (std::size_t j = 0; j < 5; ++j) total += best[j];
  EXPECT_NEAR(total, 1, 1e-12);
  for (std::size_t j = 0; j < 5; ++j)
    if (best[j] > 1e-9 && best[j] < caps[j] - 1e-9) level = slope[j];
  for (std::size_t j = 0; j < 5; ++j) {
    if (best[j] <= 1e-9) EXPECT_GE(slope[j], level - 1e-6) << j;
    else if (best[j] >= caps[j] - 1e-9) EXPECT_LE(slope[j], level + 1e-6) << j;
    else EXPECT_NEAR(slope[j], level, 1e-6) << j;
  }
  EXPECT_NEAR(best[1], 0.25, 1e-12);
  EXPECT_EQ(best[4], 0);
}

TEST(Filled, KeepsProportionsBelowTheCapsAndSumsToOne) {
  EXPECT_EQ(laws::filled({1, 1, 2}, {1, 1, 1}), (std::vector<double>{0.25, 0.25, 0.5}));
  const auto shares = laws::filled({1, 1, 2}, {1, 1, 0.2});
  EXPECT_NEAR(shares[0], 0.4, 1e-15);
  EXPECT_NEAR(shares[2], 0.2, 1e-15);
  EXPECT_NEAR(laws::filled({1, 0}, {0.3, 0.9})[1], 0.7, 1e-12) << "what the cap leaves goes elsewhere";
}

TEST(Optimise, TwoSourcesHaveTheOptimumInClosedForm) {
  // a e^(-a r) = b e^(-b (1 - r))
  const double a = 2, b = 3, expected = (b + std::log(a) - std::log(b)) / (a + b);
  const MixtureModel model = fit_mixture(two_losses(a, b), {.ridge = 0.0, .bootstrap = 0});
  const MixtureOptimum optimum = optimise_mixture(model);
  EXPECT_NEAR(optimum.mixture().at("d1"), expected, 1e-4);
  EXPECT_NEAR(optimum.loss.value, 1 + 0.5 * (std::exp(-a * expected) + std::exp(-b * (1 - expected))), 1e-6);
  EXPECT_FALSE(optimum.decided) << "no resamples";
  // all of the weight on one loss: its own source
  EXPECT_NEAR(optimise_mixture(model, {.target = {{"y", 1}}}).mixture().at("d2"), 1, 1e-9);
}

TEST(Optimise, NoSourceIsSeenMoreOftenThanItMay) {
  const MixtureModel model = fit_mixture(two_losses(2, 3), {.ridge = 0.0, .bootstrap = 0});
  const MixtureOptimum optimum = optimise_mixture(
      model, {.target = {{"y", 1}}, .unique_tokens = {{"d1", 9e6}, {"d2", 1e6}}, .tokens = 1e7, .max_epochs = 2});
  EXPECT_NEAR(optimum.mixture().at("d2"), 0.2, 1e-9);
  EXPECT_NEAR(*optimum.shares[1].epochs, 2, 1e-9);
  EXPECT_TRUE(std::any_of(optimum.warnings.begin(), optimum.warnings.end(), [](const Warning& w) { return w.code == "at_cap"; }));
  EXPECT_EQ(optimum.comparisons[0].with, "natural");
  EXPECT_NEAR(optimum.comparisons[0].mixture.at("d2"), 0.1, 1e-12);

  const Error few = error_of([&] {
    (void)optimise_mixture(model, {.target = {}, .unique_tokens = {{"d1", 9e5}, {"d2", 1e5}}, .tokens = 1e7});
  });
  EXPECT_EQ(few.fault(), Fault::usage);
  EXPECT_THAT(few.what(), HasSubstr("10M are more than the sources hold: 1M (d1 900k, d2 100k), at most 4 times over 4M"));
  EXPECT_THAT(error_of([&] {
                (void)optimise_mixture(model, {.target = {}, .unique_tokens = {{"d1", 1e9}}, .tokens = 1e7});
              }).what(),
              HasSubstr("`d2`"));
  EXPECT_THAT(error_of([&] { (void)optimise_mixture(model, {.target = {{"z", 1}}}); }).what(), HasSubstr("`z`"));
}

TEST(Optimise, ThePullTowardsNaturalProportionsEndsThere) {
  const MixtureModel model = fit_mixture(two_losses(2, 3), {.ridge = 0.0, .bootstrap = 0});
  const MixtureOptimum optimum =
      optimise_mixture(model, {.target = {{"y", 1}}, .natural = {{"d1", 0.7}, {"d2", 0.3}}, .prior_weight = 1e4});
  EXPECT_NEAR(optimum.mixture().at("d1"), 0.7, 1e-3);
}

TEST(Optimise, TheSameWeightsAreSaidToBeTheSame) {
  const MixtureModel model = fit_mixture(two_losses(2, 3), {.ridge = 0.0, .bootstrap = 0});
  const Mixture best = optimise_mixture(model).mixture();
  const MixtureOptimum optimum = optimise_mixture(model, {.target = {}, .natural = best});
  EXPECT_EQ(optimum.comparisons[0].verdict, Verdict::same);
  EXPECT_THAT(optimum.text, HasSubstr("natural: the same weights."));
}

// a model whose losses are known well and badly: the badly known one decides what can be decided
TEST(Optimise, TheLossThatIsKnownLeastWidensTheIntervals) {
  MixtureModel model = fit_mixture(two_losses(2, 3, 0.01), {.bootstrap = 60});
  ASSERT_EQ(model.fits.size(), 2U);
  const auto width = [&] {
    const Interval interval = *optimise_mixture(model).loss.interval;
    return interval.high - interval.low;
  };
  model.fits[0].fit.interval_widening = model.fits[1].fit.interval_widening = 1;
  const double plain = width();
  model.fits[1].fit.interval_widening = 3;
  EXPECT_NEAR(width() / plain, 3, 0.05);
}

TEST(Optimise, WithoutADegreeOfFreedomNothingIsDecided) {
  // 4 sources have 5 constants
  const MixtureTable table = proxies(4, 5, log_linear_loss(1, 0, {-3, -1, 1, 3}));
  const MixtureModel model = fit_mixture(table, {.ridge = 1e-2, .bootstrap = 60});
  ASSERT_EQ(model.fits[0].fit.degrees_of_freedom, 0);
  ASSERT_GE(model.fits[0].draws.size(), 40U);
  const MixtureOptimum optimum = optimise_mixture(model);
  EXPECT_FALSE(optimum.loss.interval);
  EXPECT_FALSE(optimum.decided);
  EXPECT_THAT(optimum.text, HasSubstr("no degree of freedom is left"));
}

TEST(Optimise, SaysWhatTheLawShouldBeDoubtedFor) {
  MixtureModel model = fit_mixture(proxies(6, 6, log_linear_loss(2, 0, {-1, 0, 0, 0, 0, 1})), {.bootstrap = 0});
  model.warnings.push_back({"rates_disagree", "of the model"});
  const MixtureModel again = mixture_from_text(mixture_to_text(model), "m.json");
  const MixtureOptimum optimum = optimise_mixture(again);
  for (const char* code : {"few_mixtures", "rates_disagree"})
    EXPECT_TRUE(std::any_of(optimum.warnings.begin(), optimum.warnings.end(), [&](const Warning& w) { return w.code == code; }))
        << code;
}

TEST(Optimise, ALawThatReadsTokensNeedsNoCaps) {
  MixtureTable table =
      proxies(2, 40, [](const std::vector<double>& r) { return 1 + 1 / (2 * std::pow(r[0], 0.4) + std::pow(r[1], 0.6)); });
  for (std::size_t i = 0; i < 40; ++i) {
    table.runs.columns["tokens"].emplace_back(i % 3 == 0 ? 2e7 : 3e8);
    *table.runs.columns["loss.x"][i] += 90 * std::pow(i % 3 == 0 ? 2e7 : 3e8, -0.25);
  }
  const MixtureModel model = fit_mixture(table, {.law = "additive", .ridge = 0.0, .bootstrap = 0, .folds = 0});
  EXPECT_GT(optimise_mixture(model, {.target = {}, .tokens = 1e8}).loss.value,
            optimise_mixture(model, {.target = {}, .tokens = 1e9}).loss.value);
  const MixtureModel plain = fit_mixture(table, {.bootstrap = 0, .folds = 0});
  EXPECT_EQ(error_of([&] { (void)optimise_mixture(plain, {.target = {}, .tokens = 1e8}); }).subject(), "--tokens");
}

TEST(Optimise, AClearGainIsDecidedAndNoiseIsNot) {
  const MixtureOptimum clear = optimise_mixture(fit_mixture(two_losses(2, 3, 0.002), {.bootstrap = 100}),
                                                {.target = {}, .natural = {{"d1", 0.95}, {"d2", 0.05}}});
  EXPECT_TRUE(clear.comparisons[0].verdict == Verdict::better) << clear.text;
  EXPECT_GT(clear.shares[0].interval->high, clear.shares[0].interval->low);

  const MixtureTable noise = proxies(3, 24, [](const std::vector<double>&) { return 3.0; }, 0.05);
  const MixtureOptimum unclear = optimise_mixture(fit_mixture(noise, {.bootstrap = 100}),
                                                  {.target = {}, .natural = {{"d1", 0.4}, {"d2", 0.3}, {"d3", 0.3}}});
  EXPECT_FALSE(unclear.decided);
  EXPECT_EQ(unclear.comparisons[0].verdict, Verdict::undecided) << unclear.text;
  EXPECT_THAT(unclear.text, HasSubstr("cannot decide"));
}

// what is chosen by the same data as it is judged by looks better than it is: the interval knows
TEST(Optimise, TheIntervalOfTheGainHoldsTheTrueGainAboutAsOftenAsItSays) {
  const LossOf truth = log_linear_loss(2, 0, {-0.4, -0.3, 0.0, 0.3, 0.4});
  const std::vector<double> natural(5, 0.2);
  int held = 0, below = 0, tables = 60;
  for (int i = 0; i < tables; ++i) {
    const MixtureTable table = proxies(5, 30, truth, 0.05, static_cast<std::uint64_t>(i));
    const MixtureModel model = fit_mixture(table, {.bootstrap = 60, .level = 0.9});
    const MixtureOptimum optimum =
        optimise_mixture(model, {.target = {}, .natural = {{"d1", 1}, {"d2", 1}, {"d3", 1}, {"d4", 1}, {"d5", 1}}});
    std::vector<double> shares;
    for (const MixtureShare& share : optimum.shares) shares.push_back(share.weight);
    const double gain = truth(natural) - truth(shares);
    const Interval interval = *optimum.comparisons[0].gain.interval;
    held += interval.low <= gain && gain <= interval.high ? 1 : 0;
    below += gain < interval.low ? 1 : 0;
  }
  EXPECT_GE(held, 44);
  EXPECT_LE(below, 10) << "gains smaller than the interval says";
}

TEST(Optimise, TreesAreSimulatedAsRegMixDoesAndDecideNothing) {
  const MixtureTable table = proxies(3, 200, log_linear_loss(2, 0, {-2, 0, 2}));
  const MixtureModel model = fit_mixture(table, {.law = "trees", .folds = 0, .trees = {.trees = 100}});
  const MixtureOptimum optimum = optimise_mixture(model);
  EXPECT_GT(optimum.mixture().at("d1"), 0.8);
  EXPECT_FALSE(optimum.decided);
  EXPECT_THAT(optimum.comparisons[0].reason, HasSubstr("no resamples"));
  EXPECT_EQ(optimise_mixture(model, {.target = {}, .threads = 3}).text, optimum.text);
  // pulled towards natural proportions, the simulated mixtures nearest to them are best
  const Mixture pulled =
      optimise_mixture(model, {.target = {}, .natural = {{"d1", 0.2}, {"d2", 0.3}, {"d3", 0.5}}, .prior_weight = 1e3}).mixture();
  EXPECT_NEAR(pulled.at("d1"), 0.2, 0.05);
  EXPECT_NEAR(pulled.at("d3"), 0.5, 0.05);
}

}  // namespace
}  // namespace isoflop
