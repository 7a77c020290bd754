// The surface fitted to the rows that Besiroglu et al. read off Hoffmann et al.'s figure: numbers of an independent
// implementation.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/reference.h"
#include "isoflop/laws.h"
#include "laws/search_testing.h"

namespace isoflop {
namespace {

Observations epoch(const std::string& where) {
  return observations_from_csv(reference_text("runs/epoch_chinchilla.csv"), "epoch_chinchilla.csv", {.where = where});
}

struct Case {
  std::string name, where, objective;
  double delta = 1e-3;
  std::string residual = "log";
  double e = 0, a = 0, b = 0, alpha = 0, beta = 0, value = 0;
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}

class EveryObjective : public testing::TestWithParam<Case> {};

TEST_P(EveryObjective, FindsTheBestMinimumOfTheEpochTable) {
  const Case& c = GetParam();
  ISOFLOP_NEEDS_REFERENCE_DATA();
  const Observations table = epoch(c.where);
  const auto result = fit_law(table, "chinchilla",
                              {.objective = c.objective, .delta = c.delta, .residual = c.residual, .bootstrap = 0, .threads = 2});
  ASSERT_TRUE(result.fit);
  const Fit& fit = *result.fit;
  EXPECT_EQ(fit.stop, "converged");
  EXPECT_LE(fit.objective, c.value * (1 + 1e-8));
  EXPECT_GE(fit.objective, c.value * (1 - 1e-6)) << "below what can be: the objective is another";
  EXPECT_NEAR(fit.constants.at("E") / c.e, 1, 1e-4);
  EXPECT_NEAR(fit.constants.at("A") / c.a, 1, 1e-4);
  EXPECT_NEAR(fit.constants.at("B") / c.b, 1, 1e-4);
  EXPECT_NEAR(fit.constants.at("alpha") / c.alpha, 1, 1e-4);
  EXPECT_NEAR(fit.constants.at("beta") / c.beta, 1, 1e-4);
}

INSTANTIATE_TEST_SUITE_P(
    Chinchilla, EveryObjective,
    testing::Values(
        Case{"Huber3", "epoch_dropped=0", "huber", 1e-3, "log", 1.817218, 477.8259, 2143.417, .3473105, .3671724,
             1.0182740178e-3},
        Case{"LeastAbsolute", "epoch_dropped=0", "lad", 1e-3, "log", 1.816864, 482.0053, 2085.432, .347813, .365854, 1.129494664},
        Case{"AllRows", "", "huber", 1e-3, "log", 1.891338, 495.7260, 12845.61, .349313, .453049, 1.82601052e-3},
        Case{"Huber4", "epoch_dropped=0", "huber", 1e-4, "log", 1.815824, 478.6887, 2065.413, .347409, .365385, 1.11778748e-4},
        Case{"Huber2", "epoch_dropped=0", "huber", 1e-2, "log", 1.838079, 538.7519, 2905.600, .354416, .381538, 4.69622488e-3},
        Case{"LeastSquaresOfLog", "epoch_dropped=0", "lsq", 1e-3, "log", 1.864550, 593.3221, 4875.638, .360253, .405883,
             5.73094350e-3},
        // the anchor sums r^2, the objective here r^2 / 2
        Case{"LeastSquares", "epoch_dropped=0", "lsq", 1e-3, "linear", 1.8828136, 567.8054, 7581.853, .3576151, .4276206,
             0.0832038077 / 2}),
    [](const testing::TestParamInfo<Case>& at) { return at.param.name; });

TEST(ChinchillaReference, TheBootstrapHasTheErrorsOfFourThousandRefitsElsewhere) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  const Observations table = epoch("epoch_dropped=0");
  const auto result = fit_law(table, "chinchilla", {.bootstrap = 4000, .at_flops = {5.76e23, 1e19}, .threads = 2});
  ASSERT_TRUE(result.fit);
  const Fit& fit = *result.fit;
  EXPECT_NEAR(fit.standard_errors.at("A") / 124.48, 1, 0.04);
  EXPECT_NEAR(fit.standard_errors.at("B") / 1293.0, 1, 0.10);  // skewed
  EXPECT_NEAR(fit.standard_errors.at("E") / 0.025654, 1, 0.04);
  EXPECT_NEAR(fit.standard_errors.at("alpha") / 0.015396, 1, 0.04);
  EXPECT_NEAR(fit.standard_errors.at("beta") / 0.020592, 1, 0.04);
  EXPECT_NEAR(fit.standard_errors.at("a") / 0.019971, 1, 0.04);
  EXPECT_NEAR(fit.derived.at("a").interval->low, 0.4805, 0.004);
  EXPECT_NEAR(fit.derived.at("a").interval->high, 0.5561, 0.004);

  EXPECT_NEAR(fit.derived.at("a").value, 0.51390, 1e-5);
  EXPECT_NEAR(fit.derived.at("G").value, 0.11321, 1e-5);
  EXPECT_NEAR(fit.derived.at("params_opt@5.76e+23").value / 7.319e10, 1, 1e-4);
  EXPECT_NEAR(fit.derived.at("tokens_opt@5.76e+23").value / 1.3117e12, 1, 1e-4);
  EXPECT_NEAR(fit.derived.at("tokens_per_param@5.76e+23").value, 17.92, 0.005);
  EXPECT_NEAR(fit.derived.at("loss@5.76e+23").value, 1.973912, 1e-6);
  EXPECT_NEAR(fit.derived.at("params_opt@1e+19").value / 2.6186e8, 1, 1e-4);
  EXPECT_NEAR(fit.derived.at("loss@1e+19").value, 2.925641, 1e-6);
}

TEST(ChinchillaReference, TheObjectiveAtPublishedConstantsIsTheirs) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  const Observations table = epoch("epoch_dropped=0");
  using Constants = std::map<std::string, double>;
  const Constants printed{{"E", 1.816864}, {"A", 482.0053}, {"B", 2085.432}, {"alpha", 0.347813}, {"beta", 0.365854}},
      unrounded{{"E", 1.69337368}, {"A", 406.401018}, {"B", 410.722827}, {"alpha", 0.33917084}, {"beta", 0.2849083}},
      rounded{{"E", 1.69}, {"A", 406.4}, {"B", 410.7}, {"alpha", 0.34}, {"beta", 0.28}};
  for (const auto& [constants, value] :
       {std::pair{printed, 1.01864470522e-3}, {unrounded, 1.23116260e-3}, {rounded, 4.12100914e-3}}) {
    const auto result = fit_law(table, "chinchilla", {.fixed = constants});
    ASSERT_TRUE(result.fit);
    EXPECT_NEAR(result.fit->objective / value, 1, 1e-6);  // as many digits as the constants have
    EXPECT_EQ(result.fit->stop, "not fitted");
    EXPECT_EQ(result.fit->constants.at("alpha"), constants.at("alpha"));
  }
}

TEST(ChinchillaReference, TheConstantsInTheRoomAreThoseOfTheAnchors) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  const Observations table = epoch("epoch_dropped=0");
  // six digits of the constants
  EXPECT_NEAR(fit_law(table, "published:epoch2024", {.objective = "lad"}).fit->objective / 1.129494664, 1, 2e-6);
  EXPECT_NEAR(fit_law(table, "published:epoch2024_huber").fit->objective / 1.0182740178e-3, 1, 1e-8);
  EXPECT_NEAR(fit_law(table, "published:hoffmann2022").fit->objective / 4.12100914e-3, 1, 1e-8);
}

TEST(ChinchillaReference, OtherStartsEndFarAboveTheBestMinimum) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  const Fit fit = *fit_law(epoch("epoch_dropped=0"), "chinchilla", {.bootstrap = 0, .threads = 2}).fit;
  EXPECT_EQ(fit.starts, 243);
  EXPECT_GE(fit.starts_agreeing, 100);
  EXPECT_TRUE(!fit.next_best || fit.next_best->objective > 1.05 * fit.objective);
}

TEST(ChinchillaReference, EachOfHoffmannsStartsIsRunToItsEnd) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  const laws::Problem problem = laws::problem_of(epoch("epoch_dropped=0"), "chinchilla", {});
  const std::vector<laws::Theta> starts = laws::grid_of_starts(*problem.law, problem.rows, problem.held, problem.free, true);
  const laws::Search found = laws::search(*problem.law, problem.rows, problem.objective, starts, problem.free, 2);
  const laws::Ends every = laws::ends_from(problem, starts);
  EXPECT_EQ(starts.size(), 4500U);
  EXPECT_NEAR(found.best.value / every.best, 1, 1e-8);
  EXPECT_NEAR(found.best.value / 1.0182740178e-3, 1, 1e-9);
  EXPECT_NEAR(static_cast<double>(found.agreeing) / static_cast<double>(every.agreeing), 1, 0.05);
  ASSERT_FALSE(found.others.empty());
  EXPECT_NEAR(found.others.front().minimum.value / every.next, 1, 1e-6);
  // none runs out of steps or stalls
  std::int64_t ended = found.agreeing;
  for (const laws::Search::Other& other : found.others) ended += other.starts;
  EXPECT_EQ(ended, 4500);
}

TEST(ChinchillaReference, TheJackknifeHasItsOwnErrors) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  const Fit fit = *fit_law(epoch("epoch_dropped=0"), "chinchilla", {.bootstrap = 200, .threads = 2}).fit;
  EXPECT_NEAR(fit.jackknife_errors.at("alpha"), 0.0226, 5e-5);
  EXPECT_NEAR(fit.jackknife_errors.at("beta"), 0.0163, 5e-5);
  EXPECT_FALSE(fit.leverage.empty());
}

TEST(ChinchillaReference, EightOfTenResamplesPutTheExponentWhereTheyDoElsewhere) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  const Fit fit = *fit_law(epoch("epoch_dropped=0"), "chinchilla", {.bootstrap = 4000, .level = 0.8, .threads = 2}).fit;
  // the resamples themselves: the interval is scaled about the value
  const auto column = std::find(fit.draw_names.begin(), fit.draw_names.end(), "a") - fit.draw_names.begin();
  std::vector<double> a;
  for (const auto& draw : fit.draws) a.push_back(draw[static_cast<std::size_t>(column)]);
  std::sort(a.begin(), a.end());
  EXPECT_NEAR(a[a.size() / 10], 0.4914, 0.002);
  EXPECT_NEAR(a[a.size() - 1 - a.size() / 10], 0.5428, 0.002);
}

struct Extrapolation {
  std::string cheap, dear;
  std::int64_t fitted = 0, predicted = 0;
  double a = 0, rmse = 0, bias = 0;
};

TEST(ChinchillaReference, CheapRunsForetellTheLossButNotTheExponent) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  const Fit whole = *fit_law(epoch("epoch_dropped=0"), "chinchilla", {.bootstrap = 0, .threads = 2}).fit;
  for (const auto& c : {Extrapolation{"flops<1e20", "flops>=1e20", 136, 104, .602, .01144, -.0023},
                        Extrapolation{"flops<5e20", "flops>=5e20", 187, 53, .578, .01284, -.0043},
                        Extrapolation{"flops<1e21", "flops>=1e21", 217, 23, .548, .01249, .0002}}) {
    const auto h = hold_out(epoch("epoch_dropped=0 and " + c.cheap), epoch("epoch_dropped=0 and " + c.dear), whole,
                            {.bootstrap = 0, .threads = 2});
    ASSERT_TRUE(h);
    EXPECT_EQ(h->rows_fitted, c.fitted);
    EXPECT_EQ(h->rows_predicted, c.predicted);
    EXPECT_NEAR(h->moved.at("a").first, c.a, 5e-4) << c.cheap;
    EXPECT_NEAR(h->moved.at("a").second, 0.51390, 1e-5);
    EXPECT_NEAR(h->rmse_ln_loss, c.rmse, 5e-6) << c.cheap;
    EXPECT_NEAR(h->bias_ln_loss, c.bias, 5e-5) << c.cheap;
    if (c.fitted == 136) {
      EXPECT_NEAR(h->moved.at("alpha").first, .3109, 5e-5);
      EXPECT_NEAR(h->moved.at("beta").first, .4702, 5e-5);
    }
  }
}

}  // namespace
}  // namespace isoflop
