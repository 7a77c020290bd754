// Models that are served: the table of Sardana et al. 2024, in FLOPs and in money.
#include <gtest/gtest.h>

#include "base/testing.h"
#include "plan/fixture.h"

namespace isoflop::plan {
namespace {

const PlanningLaw& sardana() {
  static const PlanningLaw kLaw = planning_law("published:sardana2024");
  return kLaw;
}

/// The model of which `params` is the compute-optimal size.
ModelPlan reference_of(const PlanningLaw& law, double params) {
  const double tokens = law.surface->optimal_tokens(params);
  return {params, tokens, 6 * params * tokens, law.surface->loss(params, tokens)};
}

Serving served(double tokens) {
  Serving serving;
  serving.tokens = tokens;
  return serving;
}

struct Case {
  double reference, reference_tokens, loss, demand, params, tokens, saving;
};

TEST(InferenceAware, HasThePapersTable) {
  for (const Case& c :
       {Case{7e9, 276.4e9, 2.12743, 1e11, 6.000e9, 0, .0085}, Case{7e9, 276.4e9, 2.12743, 1e12, 3.711e9, 608.8e9, .1810},
        Case{13e9, 576.5e9, 2.04528, 2e12, 6.969e9, 1.248e12, .1745},
        Case{30e9, 1.556e12, 1.95825, 1e13, 13.61e9, 4.426e12, .2798},
        Case{70e9, 4.255e12, 1.89179, 1e13, 41.55e9, 7.923e12, .1195},
        Case{70e9, 4.255e12, 1.89179, 1e14, 22.68e9, 24.07e12, .5051}}) {
    const ModelPlan reference = reference_of(sardana(), c.reference);
    expect_printed(reference.tokens, c.reference_tokens);
    expect_printed(*reference.loss, c.loss, 6);
    const InferenceAware plan = inference_aware(sardana(), reference, served(c.demand));
    expect_printed(plan.model.params, c.params, 4, format_number(c.demand));
    if (c.tokens > 0) expect_printed(plan.model.tokens, c.tokens);
    EXPECT_NEAR(plan.saving, c.saving, 6e-5);
    EXPECT_NEAR(sardana().surface->loss(plan.model.params, plan.model.tokens), plan.loss, 1e-11);
  }
  const InferenceAware plan = inference_aware(sardana(), reference_of(sardana(), 13e9), served(2e12));
  expect_printed(plan.saved, 1.69e22, 3);
  expect_printed(plan.model.tokens / plan.reference.tokens, 2.165);
  expect_printed(plan.model.tokens_per_param(), 179, 3);
  expect_printed(inference_aware(sardana(), reference_of(sardana(), 7e9), served(1e11)).model.tokens / 276.4e9, 1.176);
}

TEST(InferenceAware, ItsHeadlineHangsOnTheDigitsOfTheLaw) {
  for (const auto& [law, saving] : {std::pair{rounded(), .101}, {tex(), .163}, {epoch(), .290}})
    EXPECT_NEAR(inference_aware(law, reference_of(law, 13e9), served(2e12)).saving, saving, 6e-4) << law.name;
  const InferenceAware plan = inference_aware(epoch(), reference_of(epoch(), 13e9), served(2e12));
  expect_printed(plan.model.params, 6.10e9, 3);
  expect_printed(plan.model.tokens / plan.reference.tokens, 2.83, 3);
}

TEST(InferenceAware, CountsMoneyWithPricesAndUtilisations) {
  const ModelPlan reference = reference_of(sardana(), 30e9);
  Serving serving;
  serving.input_tokens = 70 * 1.5e9;
  serving.output_tokens = 215 * 1.5e9;
  serving.training_price = 1.5 / (3600 * 312e12);
  serving.serving_price = 1.1 / (3600 * 624e12);
  InferenceAware plan = inference_aware(sardana(), reference, serving);
  expect_printed(plan.model.params, 15.67e9);
  expect_printed(plan.model.tokens, 3.507e12);
  EXPECT_NEAR(plan.saving, .190, 6e-4);
  // money for money: training at half the peak, and writing at a hundredth
  const double training = 6 * plan.model.params * plan.model.tokens * serving.training_price / .5;
  const double writing =
      2 * plan.model.params * serving.serving_price * (serving.input_tokens / .5 + serving.output_tokens / .01);
  EXPECT_NEAR(plan.flops_total / (training + writing), 1, 1e-12);

  serving.training_price = 2 / (3600 * 989e12);
  serving.serving_price = 2 / (3600 * 1978e12);
  plan = inference_aware(sardana(), reference, serving);
  expect_printed(plan.model.params, 14.41e9);
  expect_printed(plan.model.tokens, 4.017e12);
  EXPECT_NEAR(plan.saving, .242, 6e-4);

  serving.serving_price = .325 * serving.training_price;  // the paper's own example
  plan = inference_aware(sardana(), reference, serving);
  expect_printed(plan.model.params, 16.18e9);
  expect_printed(plan.model.tokens, 3.336e12);
  EXPECT_NEAR(plan.saving, .171, 6e-4);
}

TEST(InferenceAware, WithoutDemandIsTheOptimum) {
  const InferenceAware plan = inference_aware(epoch(), reference_of(epoch(), 13e9), served(0));
  EXPECT_NEAR(plan.model.params / 13e9, 1, 1e-8);
  EXPECT_NEAR(plan.saving, 0, 1e-12);
}

TEST(InferenceAware, IsCheaperThanItsNeighboursUnderEveryFormOfLaw) {
  for (const PlanningLaw& law : {planning_law("published:kaplan2020"), planning_law("published:gadre2024_c4"), epoch()}) {
    const ModelPlan reference = reference_of(law, 5e9);
    const InferenceAware plan = inference_aware(law, reference, served(3e12));
    for (const double factor : {0.8, 0.98, 1.02, 1.25}) {
      const double params = factor * plan.model.params, tokens = law.surface->tokens_for(params, plan.loss);
      EXPECT_GT(params * (6 * tokens + 2 * 3e12), plan.flops_total) << law.name << " " << factor;
    }
  }
}

// D_inf / D_tr; a negative one: no demand explains so large a model
TEST(ImpliedDemand, OfReleasedModels) {
  struct Released {
    double params, tokens, tex, epoch;
  };
  for (const Released& r :
       {Released{175e9, 300e9, -1.99, -1.72}, Released{70e9, 1.4e12, -.86, .09}, Released{70e9, 2e12, -.63, .52},
        Released{70e9, 15e12, 1.20, 4.36}, Released{8e9, 15e12, 5.77, 12.65}}) {
    EXPECT_NEAR(implied_demand(*tex().surface, r.params, r.tokens) / r.tokens, r.tex, .02 * std::max(1.0, std::fabs(r.tex)))
        << r.params;
    EXPECT_NEAR(implied_demand(*epoch().surface, r.params, r.tokens) / r.tokens, r.epoch, .02 * std::max(1.0, std::fabs(r.epoch)))
        << r.params;
  }
}

TEST(ImpliedDemand, UndoesTheInferenceAwareOptimum) {
  const InferenceAware plan = inference_aware(epoch(), reference_of(epoch(), 13e9), served(2e12));
  EXPECT_NEAR(implied_demand(*epoch().surface, plan.model.params, plan.model.tokens) / 2e12, 1, 1e-6);
}

TEST(InferenceAware, SaysHowSureTheSavingIs) {
  PlanningLaw law = epoch();
  give_draws(law, 200, .05);
  const InferenceAware plan = inference_aware(law, reference_of(law, 13e9), served(2e12));
  ASSERT_TRUE(plan.saving_interval);
  EXPECT_LT(plan.saving_interval->low, plan.saving);
  EXPECT_GT(plan.saving_interval->high, plan.saving);
}

TEST(InferenceAware, AUtilisationAboveOneIsRefused) {
  Serving serving = served(1e12);
  serving.training_utilisation = 1.5;
  EXPECT_EQ(error_of([&] { (void)inference_aware(epoch(), reference_of(epoch(), 1e9), serving); }).fault(), Fault::usage);
}

}  // namespace
}  // namespace isoflop::plan
