// Learning rates, batches, steps, and days against money.
#include <gmock/gmock.h>

#include "base/json.h"
#include "base/testing.h"
#include "isoflop/cost.h"
#include "plan/testing.h"

namespace isoflop {
namespace {

using plan::near;
using testing::HasSubstr;

std::optional<double> value(const std::string& law, const HyperparameterQuestion& q) {
  for (const Hyperparameter& h : hyperparameters(q))
    if (h.law == law) return h.value;
  ADD_FAILURE() << law;
  return {};
}

TEST(Hyperparameters, OfEachLawAreItsOwn) {
  struct Known {
    double params, tokens, step_rate, step_batch, deepseek_rate, deepseek_batch;
  };
  for (const Known& k :
       {Known{1e9, 2e10, 9.960e-4, 4.419e5, 9.638e-4, 1.080e6}, Known{1e9, 1e11, 1.6325e-3, 1.1077e6, 7.882e-4, 1.828e6},
        Known{7e9, 1e12, 8.266e-4, 4.125e6, 4.634e-4, 7.336e6}, Known{70e9, 1.4e12, 1.775e-4, 4.999e6, 3.332e-4, 1.739e7}}) {
    const HyperparameterQuestion q{.params = k.params, .tokens = k.tokens};
    EXPECT_TRUE(near(*value("steplaw2025_learning_rate", q), k.step_rate, 5e-4)) << k.params;
    EXPECT_TRUE(near(*value("steplaw2025_batch", q), k.step_batch, 5e-4)) << k.params;
    EXPECT_TRUE(near(*value("deepseek2024_learning_rate", q), k.deepseek_rate, 5e-4)) << k.params;
    EXPECT_TRUE(near(*value("deepseek2024_batch", q), k.deepseek_batch, 5e-4)) << k.params;
  }
  EXPECT_TRUE(near(*value("kaplan2020_learning_rate", {.params = 1e9, .tokens = 2e10}), 3.481e-4, 5e-4));
  EXPECT_TRUE(near(*value("kaplan2020_learning_rate", {.params = 7e9, .tokens = 2e10}), 7.67e-5, 1e-3));
  EXPECT_TRUE(near(*value("zhang2024_critical_batch", {.params = 1e9, .tokens = 2e10}), 1.227e6, 5e-4));
}

TEST(Hyperparameters, OfKaplanAreNoneWhereTheLineIsBelowZero) {
  const HyperparameterQuestion q{.params = 70e9, .tokens = 1.4e12};
  EXPECT_FALSE(value("kaplan2020_learning_rate", q));
  for (const Hyperparameter& h : hyperparameters(q)) {
    if (h.law == "kaplan2020_learning_rate") {
      EXPECT_THAT(h.note, HasSubstr("below 0"));
    }
    if (h.law.starts_with("steplaw")) {
      EXPECT_EQ(h.in_range, false);
      EXPECT_THAT(h.note, HasSubstr("beyond the range"));
    }
  }
  EXPECT_TRUE(parse_json(hyperparameters_to_json(hyperparameters(q)), "all")[2]["value"].is_null());
}

TEST(Hyperparameters, HaveAnIntervalWhereTheirAuthorsResampled) {
  const auto all = hyperparameters({.params = 7e9, .tokens = 1.4e12, .params_non_embedding = 6.5e9});
  for (const Hyperparameter& h : all) {
    EXPECT_EQ(h.interval.has_value(), h.law.starts_with("steplaw")) << h.law;
    if (!h.interval) continue;
    EXPECT_LT(h.interval->low, *h.value) << h.law;
    EXPECT_GT(h.interval->high, *h.value) << h.law;
  }
  // of the N the law counts
  EXPECT_EQ(all[0].interval->low, published_interval(published_law(all[0].law), {{"params", 6.5e9}, {"tokens", 1.4e12}})->low);
  const Json json = parse_json(hyperparameters_to_json(all), "all");
  EXPECT_EQ(json[0]["interval"]["low"], all[0].interval->low);
  EXPECT_EQ(json[0]["interval"]["level"], .95);
  EXPECT_TRUE(json[1]["interval"].is_null());
}

TEST(Hyperparameters, OfDeepseeksOwnModelsAreThoseItUsed) {
  // 30 layers of 4096 at 4096 tokens: M = 72 L d^2 + 12 L d T
  const Shape seven = plan::gpt2_shape(30, 32, 4096, 102400, 4096);
  const double m = flops_conventions(seven).back().flops_per_token;
  EXPECT_EQ(m, 42'278'584'320.0);
  const HyperparameterQuestion q{.params = 7e9, .tokens = 2e12, .flops = m * 2e12};
  EXPECT_TRUE(near(*q.flops, 8.456e22, 5e-4));
  EXPECT_TRUE(near(*value("deepseek2024_learning_rate", q), 4.246e-4, 5e-4));
  EXPECT_TRUE(near(*value("deepseek2024_batch", q) / 4096, 2252, 5e-4));
}

TEST(Hyperparameters, CriticalBatchesFollowTheLoss) {
  for (const auto& [loss, batch] : {std::pair{3.0, 1.071e6}, std::pair{2.5, 2.552e6}, std::pair{2.0, 7.381e6}})
    EXPECT_TRUE(near(*value("kaplan2020_critical_batch", {.params = 1e9, .tokens = 2e10, .loss = loss}), batch, 5e-4)) << loss;
  EXPECT_TRUE(near(*value("minicpm2024_critical_batch", {.params = 1e9, .tokens = 2e10, .loss = 3}), 1.275e6, 1e-3));
}

TEST(Hyperparameters, RefuseNumbersThatCannotBeMeant) {
  for (const double bad : {0.0, -1.0, std::nan("")})
    EXPECT_EQ(error_of([&] { (void)hyperparameters({.params = bad, .tokens = 1}); }).fault(), Fault::usage);
}

TEST(Transfer, OverHorizonAndWidth) {
  EXPECT_TRUE(near(learning_rate_over_horizon(10), .4786, 1e-4));
  EXPECT_EQ(mu_transfer(4).hidden_rate, .25);
  EXPECT_EQ(mu_transfer(4).embedding_rate, 1);
}

TEST(Batch, TradesStepsForTokensAtTheNoiseScale) {
  EXPECT_TRUE(near(batch_tradeoff(5e3, 2.1e6, 5e5).steps, 26000, 1e-12));
  EXPECT_TRUE(near(batch_tradeoff(5e3, 2.1e6, 5e5).tokens, 1.3e10, 1e-12));
  const BatchTradeoff at_critical = batch_tradeoff(5e3, 2.1e6, 2.1e6);
  EXPECT_EQ(at_critical.steps, 1e4);
  EXPECT_EQ(at_critical.tokens, 2 * 5e3 * 2.1e6);
  const NoiseScale noise = noise_scale(1e4, 2.0, 1e5, 1.1);
  EXPECT_TRUE(near(noise.squared_gradient, 1, 1e-12));
  EXPECT_TRUE(near(noise.trace, 1e4, 1e-12));
  EXPECT_TRUE(near(noise.noise_scale, 1e4, 1e-12));
}

TEST(BatchSchedule, IsOfWholePowersOfTwo) {
  const BatchSchedule s = schedule_of(2e10, 4.419e5, 1024);
  EXPECT_EQ(s.batch_tokens, 512 * 1024);
  EXPECT_EQ(s.steps, 38147);
  EXPECT_EQ(s.warmup_steps, 381);
  EXPECT_EQ(schedule_of(1e6, 10, 1024).batch_tokens, 1024);
  EXPECT_EQ(schedule_of(1e6, 10, 1024).warmup_steps, 97);
}

TEST(Frontier, MoreDevicesAreFasterAndDearerBeyondTheCriticalBatch) {
  FrontierOptions o;
  o.cost.accelerator = find_accelerator("h100");
  o.batch_tokens = 1e6;
  o.critical_batch = 4e6;
  const auto points = days_money_frontier(1e22, 2e11, o);
  ASSERT_GE(points.size(), 5U);
  for (std::size_t i = 1; i < points.size(); ++i) {
    EXPECT_LT(points[i].cost.days.value, points[i - 1].cost.days.value);
    EXPECT_GE(points[i].cost.usd->value, points[i - 1].cost.usd->value);
    EXPECT_EQ(points[i].token_overhead > 1, points[i].batch_tokens > 1e6);
  }
  EXPECT_TRUE(near(points.back().token_overhead, (1 + points.back().batch_tokens / 4e6) / 1.25, 1e-12));
  // as many devices cost the same until the batch must grow: the fewer are dominated
  EXPECT_TRUE(points.front().dominated);
  EXPECT_FALSE(points.back().dominated);
}

}  // namespace
}  // namespace isoflop
