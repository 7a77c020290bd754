// Limited text, further training, few bits, experts.
#include <gtest/gtest.h>

#include "base/testing.h"
#include "plan/fixture.h"
#include "plan/surface.h"

namespace isoflop::plan {
namespace {

TEST(RepeatedText, IsWorthWhatItsHalfLifeSays) {
  const std::vector<std::pair<double, double>> printed{{1, 1},       {2, 1.96820},   {4, 3.72567},
                                                       {8, 6.62412}, {16, 10.58246}, {40, 15.16746}};
  for (const auto& [epochs, worth] : printed) EXPECT_NEAR(effective_tokens(epochs * 25e9, 25e9, 15.387756) / 25e9, worth, 6e-6);
}

TEST(EffectiveTokens, OfAHalfLifeWithoutEndAreAllOfThem) {
  for (const double half_life : {1e3, 1e5, 1e9, 1e17, 1e30}) EXPECT_NEAR(effective_tokens(4, 1, half_life), 4, 10 / half_life);
  // where the series takes over from the exponential
  EXPECT_NEAR(effective_tokens(4, 1, 2999.9) / effective_tokens(4, 1, 3000.1), 1, 1e-6);
}

TEST(DataLimit, HasTheOptimumOfTheAuthorsRepository) {
  const DataLimit limit = data_limited(planning_law("published:muennighoff2023"), 1e22, 25e9,
                                       own_repetition(planning_law("published:muennighoff2023"), {}));
  expect_printed(limit.model.params, 7.026e9);
  expect_printed(limit.model.tokens, 237.2e9);
  expect_printed(limit.epochs, 9.488);
  expect_printed(*limit.model.loss, 2.222129, 7);
  EXPECT_GT(limit.wasted, 0.1);
}

TEST(DataLimit, EnoughTextIsNoLimit) {
  const PlanningLaw law = epoch();
  const DataLimit limit = data_limited(law, 1e22, 1e13);
  const ModelPlan best = optimal_model(law, 1e22);
  EXPECT_NEAR(limit.model.params / best.params, 1, 1e-3);
  EXPECT_NEAR(*limit.model.loss, *best.loss, 1e-6);
  EXPECT_NEAR(limit.wasted, 0, 1e-6);
}

TEST(DataLimit, APenaltyStopsRepeatingSooner) {
  const PlanningLaw law = epoch();
  for (const Repetition& penalty :
       {Repetition{.law = "overfit_penalty", .constants = {{"P", 0.05}, {"m", 0.4}, {"k", 0.7}}},
        Repetition{.law = "overfit_capacity", .constants = {{"P", 0.08}, {"m", 0.43}, {"h", 0.23}, {"k", 0.12}, {"g", -0.27}}}}) {
    const DataLimit limit = data_limited(law, 1e23, 50e9, penalty);
    EXPECT_GT(limit.epochs, 1);
    const LimitedSurface surface(law, 50e9, penalty);
    for (const double factor : {0.8, 1.25})
      EXPECT_GT(surface.loss(factor * limit.model.params, limit.model.tokens / factor), *limit.model.loss);
  }
  EXPECT_NE(error_of([&] {
              (void)data_limited(law, 1e23, 50e9, Repetition{.law = "overfit_penalty", .constants = {{"P", 1}}});
            })
                .problem()
                .find("`m`"),
            std::string::npos);
}

TEST(DataLimit, HasIntervalsWhereTheLawHasDraws) {
  PlanningLaw law = epoch();
  give_draws(law, 60, .02);
  const DataLimit limit = data_limited(law, 1e23, 100e9);
  EXPECT_LT(limit.intervals.at("loss").low, *limit.model.loss);
  EXPECT_GT(limit.intervals.at("loss").high, *limit.model.loss);
}

TEST(DataLimit, KnowsTheTokensThatReachALoss) {
  const LimitedSurface surface(epoch(), 100e9, Repetition{});
  for (const double tokens : {30e9, 100e9, 450e9}) {
    const double loss = surface.loss(8e9, tokens);
    EXPECT_NEAR(*surface.tokens_for(8e9, loss) / tokens, 1, 1e-6);
  }
  EXPECT_FALSE(surface.tokens_for(8e9, 1.9));
}

TEST(DataLimit, ServingAndLimitedTextTogetherNeedABiggerModelThanServingAlone) {
  const PlanningLaw law = epoch();
  Serving serving;
  serving.tokens = 5e12;
  const DataLimit limit = data_limited(law, 1e23, 200e9);
  const InferenceAware limited = inference_aware(law, limit.model, serving, 200e9);
  const LimitedSurface surface(law, 200e9, {});
  EXPECT_NEAR(surface.loss(limited.model.params, limited.model.tokens), limited.loss, 1e-8);
  EXPECT_GT(limited.saving, 0);
  EXPECT_LT(limited.model.params, limit.model.params);
  // the same loss with text without end is cheaper still
  const ModelPlan fresh = optimal_model(law, law.surface->least_flops(limited.loss));
  EXPECT_GT(limited.model.params, inference_aware(law, fresh, serving).model.params);
}

TEST(DataLimit, ALawOfAnotherFormIsRefused) {
  EXPECT_EQ(error_of([] { (void)data_limited(planning_law("published:kaplan2020"), 1e22, 1e10); }).fault(), Fault::usage);
}

TEST(ContinualTraining, CostsItsTokensAndTheReplay) {
  expect_printed(continual_flops(7e9, 100e9), 4.2e21);
  expect_printed(continual_flops(7e9, 100e9, 0.25), 5.6e21);
  EXPECT_NEAR(transferred_tokens(1e9, 1e9) / (1.9e4 * std::pow(1e9, .56)), 1, 1e-12);
}

/// Kumar et al. 2024 (arXiv:2411.04330), appendix K, table 2.
PrecisionLaw kumar() {
  return {.gamma_weights = 2.6745,
          .gamma_activations = 2.2102,
          .gamma_cache = .9578,
          .offset_weights = .3037,
          .offset_activations = 1.4072,
          .offset_cache = 2.4185};
}

TEST(Precision, TheBitsThatTrainBestDoNotHangOnTheBudget) {
  const PrecisionLaw law = kumar();
  const AdditiveLaw surface = *epoch().surface;
  const double best = best_training_bits(law).value();
  for (const double flops : {1e19, 1e24}) {
    // compute in proportion to bits, N worth as much of it as the bits leave
    const auto loss_at = [&](double bits) {
      return surface.optimum(flops * 16 / bits * precision_factor(law, bits, bits, bits)).loss;
    };
    for (const double factor : {0.7, 0.95, 1.05, 1.4}) EXPECT_LT(loss_at(best), loss_at(factor * best)) << flops;
  }
  EXPECT_LT(precision_factor(law, 4, 16, 16), precision_factor(law, 8, 16, 16));
}

TEST(Precision, ThePapersConstantsTrainBestInSevenBits) {
  const PrecisionLaw law = kumar();
  // where d ln f / d ln P = sum u / (e^(u - n) - 1), u = P / gamma, is 1: it falls in P
  double low = 3.2, high = 60;
  while (high - low > 1e-9) {
    const double bits = (low + high) / 2;
    double slope = 0;
    for (const auto& [gamma, n] : {std::pair{2.6745, .3037}, {2.2102, 1.4072}, {.9578, 2.4185}})
      slope += bits / gamma / std::expm1(bits / gamma - n);
    (slope > 1 ? low : high) = bits;
  }
  EXPECT_NEAR(best_training_bits(law).value(), low, 1e-6);
  expect_printed(low, 7.002);
  const std::vector<std::pair<double, double>> printed{{4, .19099}, {6, .61129}, {7, .74045}, {8, .82776}, {16, .99366}};
  for (const auto& [bits, factor] : printed) expect_printed(precision_factor(law, bits, bits, bits), factor, 5);
  PrecisionLaw bare = law;
  bare.offset_weights = bare.offset_activations = bare.offset_cache = 0;
  expect_printed(best_training_bits(bare).value(), 3.47, 3);
}

TEST(Precision, PartsWithTooFewBitsLeaveNothing) {
  const PrecisionLaw law = kumar();
  EXPECT_EQ(precision_factor(law, 16, 1.4072 * 2.2102 - .01, 16), 0);
  EXPECT_GT(precision_factor(law, 16, 1.4072 * 2.2102 + .01, 16), 0);
  EXPECT_EQ(precision_factor(law, 16, 2, 2), 0);  // of two factors below 0 the product is above it
}

TEST(Precision, FewerBitsAreEverBetterForOnePartWithoutAnOffset) {
  EXPECT_FALSE(best_training_bits({.gamma_weights = 2.67}));
  EXPECT_TRUE(best_training_bits({.gamma_weights = 2.67, .offset_weights = .3}));
  EXPECT_FALSE(best_training_bits({.gamma_weights = 2, .offset_weights = 100}));
}

TEST(Precision, OverTrainedModelsLoseMoreToQuantisation) {
  const PrecisionLaw law{.post_c = 0.1, .post_gamma_d = 0.5, .post_gamma_n = 0.5, .post_gamma = 0.6};
  EXPECT_GT(quantisation_loss(law, 1e9, 1e12, 4), quantisation_loss(law, 1e9, 2e10, 4));
  EXPECT_EQ(quantisation_loss({}, 1e9, 1e12, 4), 0);
}

TEST(Experts, AreWorthADenseModelOfMoreParameters) {
  const auto& base = published_law("clark2022_s_base").constants;
  EXPECT_NEAR(dense_equivalent(base, 5e6, 128) / 51.8e6, 1, 1e-3);
  Observations table;
  table.labels = {"1", "64", "512"};
  table.columns = {{"params", {1.3e9, 1.3e9, 1.3e9}}, {"experts", {1.0, 64.0, 512.0}}};
  const auto losses = predict_law(table, "routed", base);
  EXPECT_NEAR(*losses[0], 2.23736, 6e-6);
  EXPECT_NEAR(*losses[1], 2.04978, 6e-6);
  EXPECT_NEAR(*losses[2], 1.98234, 6e-6);
}

TEST(Experts, ComputeIsOfTheActiveShare) {
  const PlanningLaw whole = planning_law("published:krajewski2024", {{"granularity", 8}});
  const PlanningLaw active = planning_law("published:krajewski2024", {{"granularity", 8}, {"active_share", 0.1}});
  const ModelPlan best = optimal_model(active, 1e21);
  EXPECT_NEAR(0.6 * best.params * best.tokens / 1e21, 1, 1e-12);
  EXPECT_LT(*best.loss, *optimal_model(whole, 1e21).loss);
}

TEST(EfficientExponent, FollowsFromBeta) {
  EXPECT_NEAR(efficient_exponent(.28).low, .44, 1e-12);
  EXPECT_NEAR(efficient_exponent(.28).high, .72, 1e-12);
  EXPECT_NEAR(efficient_exponent(.366).low, .27, 5e-3);
  EXPECT_NEAR(efficient_exponent(.366).high, .63, 5e-3);
}

}  // namespace
}  // namespace isoflop::plan
