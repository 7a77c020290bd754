// The surface fitted to the rows that Besiroglu et al. read off Hoffmann et al.'s figure: numbers of an independent implementation.
#include <gtest/gtest.h>

#include <cmath>

#include "base/reference.h"
#include "isoflop/laws.h"

namespace isoflop {
namespace {

Observations epoch(const std::string& where) {
  return observations_from_csv(reference_text("runs/epoch_chinchilla.csv"), "epoch_chinchilla.csv", where);
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
        Case{"Huber3", "epoch_dropped=0", "huber", 1e-3, "log", 1.817218, 477.8259, 2143.417, .3473105, .3671724, 1.0182740178e-3},
        Case{"LeastAbsolute", "epoch_dropped=0", "lad", 1e-3, "log", 1.816864, 482.0053, 2085.432, .347813, .365854, 1.129494664},
        Case{"AllRows", "", "huber", 1e-3, "log", 1.891338, 495.7260, 12845.61, .349313, .453049, 1.82601052e-3},
        Case{"Huber4", "epoch_dropped=0", "huber", 1e-4, "log", 1.815824, 478.6887, 2065.413, .347409, .365385, 1.11778748e-4},
        Case{"Huber2", "epoch_dropped=0", "huber", 1e-2, "log", 1.838079, 538.7519, 2905.600, .354416, .381538, 4.69622488e-3},
        Case{"LeastSquaresOfLog", "epoch_dropped=0", "lsq", 1e-3, "log", 1.864550, 593.3221, 4875.638, .360253, .405883, 5.73094350e-3},
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

}  // namespace
}  // namespace isoflop
