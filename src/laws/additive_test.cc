// Laws that are a sum of powers: their own formulas, and what follows from them without a search.
#include <gtest/gtest.h>

#include <cmath>

#include "base/math.h"
#include "base/search.h"
#include "isoflop/laws.h"

namespace isoflop {
namespace {

using Constants = std::map<std::string, double>;

struct Surface {
  std::string law;
  Constants constants, held;
};
void PrintTo(const Surface& surface, std::ostream* out) {
  *out << surface.law;
}

std::vector<Surface> surfaces() {
  const auto of = [](const std::string& name, const Constants& held = {}) {
    return Surface{published_law(name).law, published_law(name).constants, held};
  };
  return {of("epoch2024"), of("kaplan2020"), of("gadre2024_redpajama"), of("krajewski2024", {{"granularity", 8}}),
          of("muennighoff2023")};
}

class EverySurface : public testing::TestWithParam<Surface> {};

TEST_P(EverySurface, IsItsLawsOwnFormula) {
  const LawAt law(GetParam().law, GetParam().constants, GetParam().held);
  ASSERT_TRUE(law.additive());
  for (const double params : {1e7, 3e9, 2e11})
    for (const double ratio : {20.0, 200.0, 5000.0})  // Muennighoff's law discounts parameters beyond N*(D)
      EXPECT_NEAR(law.additive()->loss(params, ratio * params) / law.loss(params, ratio * params), 1, 1e-13);
}

TEST_P(EverySurface, HasTheOptimumThatASearchFinds) {
  const AdditiveLaw law = *LawAt(GetParam().law, GetParam().constants, GetParam().held).additive();
  for (const double flops : {1e18, 1e24}) {
    const auto at = [&](double ln_params) { return law.loss(exp_(ln_params), flops / 6 / exp_(ln_params)); };
    const double found = exp_(least_of(at, log_(1e5), log_(1e14), 64));
    const Optimum best = law.optimum(flops);
    EXPECT_NEAR(best.params / found, 1, 1e-5);
    EXPECT_NEAR(best.params * best.tokens * 6 / flops, 1, 1e-13);
    EXPECT_NEAR(best.loss, at(log_(best.params)), 1e-14 * best.loss);
    // along the frontier a step in size is worth a step in data
    EXPECT_NEAR(law.slope_ratio(best.params, best.tokens), 1, 1e-12);
    EXPECT_NEAR(law.optimal_tokens(best.params) / best.tokens, 1, 1e-11);
    EXPECT_NEAR(law.optimal_params(best.tokens) / best.params, 1, 1e-11);
    // curvature, by differences
    const double h = 1e-3, ln = log_(best.params);
    EXPECT_NEAR(law.curvature(flops) / ((at(ln + h) - 2 * best.loss + at(ln - h)) / (h * h)), 1, 1e-4);
  }
}

TEST_P(EverySurface, IsInvertedByItsOwnInverses) {
  const AdditiveLaw law = *LawAt(GetParam().law, GetParam().constants, GetParam().held).additive();
  const double loss = law.optimum(3e22).loss;
  EXPECT_NEAR(law.least_flops(loss) / 3e22, 1, 1e-9);
  const double params = 0.7 * law.optimum(3e22).params, tokens = law.tokens_for(params, loss);
  EXPECT_NEAR(law.loss(params, tokens), loss, 1e-12);
  EXPECT_NEAR(law.params_for(tokens, loss) / params, 1, 1e-9);
  EXPECT_NEAR(law.loss(law.least_params(loss), 1e250), loss, 1e-9);
  EXPECT_TRUE(std::isinf(law.tokens_for(0.999 * law.least_params(loss), loss)));
  EXPECT_TRUE(std::isinf(law.least_flops(law.least_loss())));
}

INSTANTIATE_TEST_SUITE_P(Published, EverySurface, testing::ValuesIn(surfaces()),
                         [](const testing::TestParamInfo<Surface>& at) { return at.param.law; });

// Krajewski et al. 2024, N of all 64 experts; dense constants; Gadre et al. 2024's two forecasts of held-out runs
TEST(LawAt, GivesTheLossesOfThePapers) {
  const auto at = [](const std::string& name, double params, double tokens, const Constants& held = {}) {
    return LawAt(published_law(name).law, published_law(name).constants, held).loss(params, tokens);
  };
  EXPECT_NEAR(at("krajewski2024", 1e9, 2e10, {{"granularity", 1}}), 3.27613, 5e-6);
  EXPECT_NEAR(at("krajewski2024", 1e9, 2e10, {{"granularity", 8}}), 3.14039, 5e-6);
  EXPECT_NEAR(at("krajewski2024", 1e9, 2e10, {{"granularity", 16}}), 3.12119, 5e-6);
  // their two models of 1.4e9 and 6.9e9, rounded so
  EXPECT_NEAR(at("gadre2024_redpajama", 1.4e9, 640 * 1.4e9), 2.5198, 6e-3);
  EXPECT_NEAR(at("gadre2024_redpajama", 6.9e9, 20 * 6.9e9), 2.4427, 6e-3);
}

// M* = (b/a)^(1/2 eta), whatever C is
TEST(LawAt, OvertrainingHasItsRatioAtEveryBudget) {
  for (const auto& [name, ratio] :
       {std::pair{"gadre2024_c4", 3.4}, {"gadre2024_redpajama", 7.4}, {"gadre2024_refinedweb", 5.8}}) {
    const LawAt law("overtraining", published_law(name).constants);
    for (const double flops : {1e18, 1e25}) {
      const Optimum best = law.optimum(flops);
      EXPECT_NEAR(best.tokens / best.params, ratio, 0.05) << name;
    }
  }
}

// Muennighoff et al.'s README: 7.0224e9 on its grid; exact where nothing is rounded
TEST(LawAt, RepeatedTextMovesTheOptimumToMoreEpochsOfASmallerModel) {
  const LawAt law("data_constrained", published_law("muennighoff2023").constants, {{"unique_tokens", 25e9}});
  EXPECT_FALSE(law.additive());
  const Optimum best = law.optimum(1e22);
  EXPECT_NEAR(best.params / 7.0262e9, 1, 1e-4);
  EXPECT_NEAR(best.tokens / 237.21e9, 1, 1e-4);
  EXPECT_NEAR(best.tokens / 25e9, 9.4883, 5e-4);
  EXPECT_NEAR(best.loss, 2.222129, 5e-7);
}

TEST(LawAt, WhatIsMissingIsNamed) {
  const auto problem = [](const std::string& law, const Constants& constants, const Constants& held) -> std::string {
    try {
      (void)LawAt(law, constants, held);
    } catch (const Error& error) {
      return error.problem();
    }
    return "";
  };
  EXPECT_NE(problem("learning_rate", {}, {}).find("no loss"), std::string::npos);
  EXPECT_NE(problem("chinchilla", {{"E", 1}}, {}).find("`A`"), std::string::npos);
  EXPECT_NE(problem("fine_grained", published_law("krajewski2024").constants, {}).find("`granularity`"), std::string::npos);
}

TEST(FitFromJson, ReadsWhatAFitWrites) {
  Observations table;
  for (int i = 0; i < 30; ++i) {
    const double params = 1e7 * pow_(1.4, i % 6 * 2), tokens = 1e9 * pow_(1.7, i / 3);
    table.labels.push_back("row " + std::to_string(i));
    table.columns["params"].emplace_back(params);
    table.columns["tokens"].emplace_back(tokens);
    table.columns["loss"].emplace_back((1.8 + 480 * pow_(params, -0.35) + 2000 * pow_(tokens, -0.37)) *
                                       (1 + 0.002 * ((i * 7) % 5 - 2)));
  }
  const Fit fit = *fit_law(table, "chinchilla", {.bootstrap = 60}).fit;
  const Fit back = fit_from_json("{\"fits\": [" + fit_to_json(fit) + "]}", "laws.json", "chinchilla");
  EXPECT_EQ(back.law, fit.law);
  EXPECT_EQ(back.constants, fit.constants);
  EXPECT_EQ(back.interval_widening, fit.interval_widening);
  EXPECT_EQ(back.fitted_range, fit.fitted_range);
  EXPECT_NEAR(fit.fitted_range.at("flops").first / (6 * 1e7 * 1e9), 1, 1e-12);
  EXPECT_EQ(back.derived.at("residual_sd").value, fit.derived.at("residual_sd").value);
  EXPECT_EQ(back.warnings.size(), fit.warnings.size());
  try {
    (void)fit_from_json("{\"fits\": [" + fit_to_json(fit) + "]}", "laws.json", "kaplan");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.hint().find("chinchilla"), std::string::npos);
  }
}

}  // namespace
}  // namespace isoflop
