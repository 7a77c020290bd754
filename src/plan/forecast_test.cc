// Forecasts are sealed, and judged by the run.
#include <gtest/gtest.h>

#include "base/testing.h"
#include "plan/fixture.h"
#include "plan/surface.h"

namespace isoflop::plan {
namespace {

Forecast forecast(bool with_draws) {
  Forecast f;
  f.law = epoch();
  if (with_draws) give_draws(f.law, 100, .01);
  f.model = optimal_model(f.law, 1e20);
  f.residual_sd = 0.01;
  if (with_draws) f.interval = plan_intervals(f.law, 1e20, f.model, f.residual_sd).at("prediction");
  return f;
}

TEST(Forecast, ComesBackAsItWasSealed) {
  const Forecast f = forecast(true);
  const std::string text = forecast_to_json(f);
  const Forecast back = forecast_from_json(text, "forecast.json");
  EXPECT_EQ(back.model.params, f.model.params);
  EXPECT_EQ(back.law.constants, f.law.constants);
  EXPECT_EQ(back.law.draw_constants, f.law.draw_constants);
  EXPECT_EQ(back.interval->low, f.interval->low);
  EXPECT_EQ(forecast_hash(text).size(), 64U);
}

TEST(Forecast, OfTextThatIsRepeatedCountsTheRepetition) {
  Forecast f = forecast(true);
  f.law.text = TextLimit{f.model.tokens / 8, {}};
  const Forecast back = forecast_from_json(forecast_to_json(f), "forecast.json");
  const double fresh = f.law.surface->loss(f.model.params, f.model.tokens);
  const Score score = score_forecast(back, f.model.params, f.model.tokens, fresh);
  EXPECT_GT(score.predicted, 1.01 * fresh);
  EXPECT_DOUBLE_EQ(score.predicted, loss_of(f.law, *f.law.surface, f.model.params, f.model.tokens));
  EXPECT_LT(*score.quantile, 0.05);
}

TEST(Forecast, WhatWasEditedIsRefused) {
  std::string text = forecast_to_json(forecast(false));
  text[text.find("\"loss\":") + 9] ^= 1;
  EXPECT_EQ(error_of([&] { (void)forecast_from_json(text, "forecast.json"); }).fault(), Fault::bad_data);
  EXPECT_EQ(error_of([] { (void)forecast_from_json("{\"fits\": []}", "laws.json"); }).problem(), "is not a forecast");
}

TEST(Score, ARunWhereItWasForecastLiesInTheMiddle) {
  const Forecast f = forecast(true);
  const Score score = score_forecast(f, f.model.params, f.model.tokens, *f.model.loss);
  EXPECT_EQ(score.error, 0);
  EXPECT_TRUE(*score.inside);
  EXPECT_NEAR(*score.quantile, 0.5, 0.1);
  EXPECT_FALSE(score.other_model);
}

TEST(Score, ARunFarOffLiesOutside) {
  const Forecast f = forecast(true);
  const Score score = score_forecast(f, f.model.params, f.model.tokens, 1.2 * *f.model.loss);
  EXPECT_FALSE(*score.inside);
  EXPECT_GT(*score.quantile, 0.99);
}

TEST(Score, ARunOfAnotherSizeIsJudgedAtItsOwn) {
  const Forecast f = forecast(true);
  const double params = 2 * f.model.params, loss = f.law.surface->loss(params, f.model.tokens);
  const Score score = score_forecast(f, params, f.model.tokens, loss);
  EXPECT_TRUE(score.other_model);
  EXPECT_NEAR(score.error, 0, 1e-12);
  EXPECT_TRUE(*score.inside);
}

}  // namespace
}  // namespace isoflop::plan
