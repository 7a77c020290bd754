// The next unit of money: data, compute or parameters.
#include <algorithm>
#include <cmath>
#include <functional>

#include "base/check.h"
#include "base/math.h"
#include "plan/surface.h"

namespace isoflop {
namespace {

constexpr double kServingPerParamToken = 2;

/// The slope of f over ln x at 0, by central differences.
double slope_of(const std::function<double(double)>& f) {
  constexpr double kStep = 1e-4;
  return (f(kStep) - f(-kStep)) / (2 * kStep);
}

}  // namespace

NextMoney next_money(const PlanningLaw& law, const ModelPlan& model, double served_tokens, const Prices& prices,
                     std::optional<double> unique_tokens, const Repetition& repetition) {
  ISOFLOP_CHECK(law.surface.has_value());
  const double n = model.params, d = model.tokens, u = unique_tokens.value_or(d);
  const auto loss = [&](double params, double tokens, double unique) {
    if (!unique_tokens) return law.surface->loss(params, tokens);
    return plan::LimitedSurface(law, unique, repetition).loss(params, tokens);
  };
  const double training = law.flops_per * prices.training_flop, serving = kServingPerParamToken * prices.serving_flop;

  NextMoney money;
  money.cost_data = prices.data_token * std::min(u, d);
  money.cost_training = training * n * d;
  money.cost_serving = serving * n * served_tokens;
  money.cost_fixed = prices.fixed;
  money.cost_total = money.cost_data + money.cost_training + money.cost_serving + money.cost_fixed;

  const bool repeats = d > u;
  if (prices.data_token > 0) {
    // where text repeats, new tokens take the place of repetitions; else each is trained on, too
    if (repeats)
      money.data = slope_of([&](double x) { return loss(n, d, u * exp_(x)); }) / (u * prices.data_token);
    else
      money.data =
          slope_of([&](double x) { return loss(n, d * exp_(x), u * exp_(x)); }) / (d * (prices.data_token + training * n));
  }
  if (training > 0) {
    money.compute = slope_of([&](double x) { return loss(n, d * exp_(x), u); }) / (d * training * n);
    money.params = slope_of([&](double x) { return loss(n * exp_(x), d, u); }) / (n * (training * d + serving * served_tokens));
  }
  double least = 0;
  for (const auto& [name, value] : {std::pair{"data", money.data}, {"compute", money.compute}, {"params", money.params}})
    if (value && *value < least) least = *value, money.best = name;
  return money;
}

}  // namespace isoflop
