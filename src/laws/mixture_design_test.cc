// Which proxies to run: exact weights, under their caps, no two the same, telling more than chance.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "base/testing.h"
#include "isoflop/mixture.h"
#include "laws/mixture_simplex.h"

namespace isoflop {
namespace {

using testing::HasSubstr;

const Mixture kPrior{{"books", 3e8}, {"code", 8e8}, {"forum", 2e8}, {"web", 5e9}};

TEST(MixtureDesign, WeightsAreMultiplesOfTheStepThatSumToOneExactlyAndNoTwoMixturesAreTheSame) {
  const MixtureDesign design = design_mixtures({.prior = kPrior, .proxies = 40, .step = 0.005});
  ASSERT_EQ(design.proxies.size(), 40U);
  std::set<Mixture> seen;
  for (const Mixture& mixture : design.proxies) {
    EXPECT_TRUE(seen.insert(mixture).second);
    std::int64_t sum = 0;
    for (const auto& [domain, share] : mixture) {
      EXPECT_EQ(share, std::round(share * 200) / 200);
      sum += std::llround(share * 200);
    }
    EXPECT_EQ(sum, 200);
  }
}

TEST(MixtureDesign, ThePriorAndTheUniformMixtureComeFirst) {
  const MixtureDesign design = design_mixtures({.prior = kPrior, .proxies = 8});
  EXPECT_NEAR(design.proxies[0].at("web"), 5e9 / 6.3e9, 6e-4);
  for (const auto& [domain, share] : design.proxies[1]) EXPECT_EQ(share, 0.25) << domain;
}

TEST(MixtureDesign, NoShareIsAboveItsCap) {
  const MixtureDesign design = design_mixtures({.prior = kPrior, .proxies = 30, .caps = {{"code", 0.35}, {"forum", 0.1}}});
  double most = 0;
  for (const Mixture& mixture : design.proxies) {
    EXPECT_LE(mixture.at("code"), 0.35);
    EXPECT_LE(mixture.at("forum"), 0.1);
    most = std::max(most, mixture.at("code"));
  }
  EXPECT_GT(most, 0.3) << "a law needs proxies near the ends";
}

TEST(MixtureDesign, TellsMoreThanAsManyRandomMixturesAndIsTheSameForOneSeed) {
  const MixtureDesignOptions options{.prior = kPrior, .proxies = 12, .candidates = 500, .seed = 3};
  const MixtureDesign design = design_mixtures(options);
  EXPECT_GT(design.log_determinant, design.log_determinant_random + 0.1);
  EXPECT_EQ(mixture_design_to_csv(design_mixtures(options)), mixture_design_to_csv(design));
  MixtureDesignOptions other = options;
  other.seed = 4;
  EXPECT_NE(mixture_design_to_csv(design_mixtures(other)), mixture_design_to_csv(design));
}

TEST(MixtureDesign, ItsTableIsReadBackAsTheMixturesItIs) {
  const MixtureDesign design = design_mixtures({.prior = kPrior, .proxies = 6});
  const MixtureTable table = mixture_table(parse_csv(mixture_design_to_csv(design), "proxies.csv"));
  ASSERT_EQ(table.rows(), 6);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(table.shares(i), design.proxies[i]);
}

TEST(MixtureDesign, RefusesWhatCannotBeMeant) {
  const auto problem = [](const MixtureDesignOptions& options) {
    return std::string(error_of([&] { (void)design_mixtures(options); }).what());
  };
  EXPECT_THAT(problem({.prior = {{"a", 1}}}), HasSubstr("2 or more"));
  EXPECT_THAT(problem({.prior = {{"a", 1}, {"b", -1}}}), HasSubstr("b"));
  EXPECT_THAT(problem({.prior = kPrior, .caps = {{"web", 0.1}, {"code", 0.1}, {"books", 0.1}, {"forum", 0.1}}}),
              HasSubstr("(books 0.1, code 0.1, forum 0.1, web 0.1) sum to 0.4"));
  EXPECT_THAT(problem({.prior = kPrior, .caps = {{"wob", 0.1}}}), HasSubstr("`wob`"));
  EXPECT_THAT(problem({.prior = kPrior, .step = 0.3}), HasSubstr("--step"));
  EXPECT_THAT(problem({.prior = kPrior, .temperatures = {0}}), HasSubstr("--temperatures"));
}

TEST(Tempered, ProportionsAreFlatterTheHigherTheTemperature) {
  const Mixture flat = tempered({{"a", 0.9}, {"b", 0.1}}, 2);
  EXPECT_NEAR(flat.at("a"), 0.75, 1e-12);  // 3 : 1
  EXPECT_NEAR(tempered({{"a", 0.9}, {"b", 0.1}}, 1).at("a"), 0.9, 1e-12);
}

TEST(Dirichlet, DrawsHaveTheMeanAndVarianceOfTheirParameters) {
  const Philox random{5, Stream::simulate};
  for (const double scale : {0.05, 1.0, 20.0}) {
    const std::vector<double> alpha{0.2 * scale, 0.3 * scale, 0.5 * scale};
    constexpr int kDraws = 20000;
    double sum = 0, squares = 0;
    for (int i = 0; i < kDraws; ++i) {
      const double share = laws::dirichlet(random, static_cast<std::uint64_t>(i), alpha)[1];
      sum += share;
      squares += share * share;
    }
    const double mean = sum / kDraws, variance = squares / kDraws - mean * mean, expected = 0.3 * 0.7 / (scale + 1);
    EXPECT_NEAR(mean, 0.3, 5 * std::sqrt(expected / kDraws)) << scale;
    EXPECT_NEAR(variance / expected, 1, 0.06) << scale;
  }
}

}  // namespace
}  // namespace isoflop
