// Models that are served: trained longer and smaller than compute alone would have it.
#include <cmath>
#include <functional>
#include <limits>

#include "base/check.h"
#include "base/math.h"
#include "base/search.h"
#include "isoflop/plan.h"
#include "plan/surface.h"

namespace isoflop {
namespace {

constexpr double kInferencePerParamToken = 2;  // forward alone

/// The model of least N (k D + 2 demand) at a loss. Eq. 3: the slope ratio is 1 + 2 demand / (k D), one equation in D.
Optimum cheapest(const AdditiveLaw& law, double loss, double demand, double flops_per) {
  const double per = kInferencePerParamToken * demand / flops_per;
  const auto excess = [&](double ln_tokens) {
    const double tokens = exp_(ln_tokens), params = law.params_for(tokens, loss);
    return std::isfinite(params) ? log_(law.slope_ratio(params, tokens)) - log_(1 + per / tokens) : -1;
  };
  // above the tokens that even an endless model needs the slope ratio runs from 0 to infinity
  const double inner = law.power == 1 ? loss : pow_(loss, 1 / law.power);
  double low = log_(law.b / (inner - law.floor)) / law.beta + 1e-12, high = low + 1;
  while (excess(high) < 0 && high < low + 200) high += high - low;
  const double tokens = exp_(zero_between(excess, low, high, 1e-12));
  return {law.params_for(tokens, loss), tokens, loss};
}

/// The same with text that is limited, by a search over the size.
std::optional<Optimum> cheapest(const plan::LimitedSurface& surface, double loss, double demand, double flops_per) {
  const auto cost = [&](double ln_params) {
    const double params = exp_(ln_params);
    const auto tokens = surface.tokens_for(params, loss);
    return tokens ? params * (flops_per * *tokens + kInferencePerParamToken * demand) : std::numeric_limits<double>::infinity();
  };
  const double centre = log_(surface.fresh().optimum(surface.fresh().least_flops(loss)).params);
  const double ln_params = least_of(cost, centre - 7, centre + 4, 66, 1e-7), params = exp_(ln_params);
  const auto tokens = surface.tokens_for(params, loss);
  if (!tokens) return std::nullopt;
  return Optimum{params, *tokens, loss};
}

void count_costs(InferenceAware& plan, const Serving& serving, double flops_per) {
  const double served = kInferencePerParamToken * plan.demand;
  const auto total = [&](const ModelPlan& m) { return m.params * (flops_per * m.tokens + served); };
  // money: a FLOP of training costs its price over the utilisation; demand is already in those
  const double price = serving.in_money() ? serving.training_price / serving.training_utilisation : 1;
  plan.model.flops = flops_per * plan.model.params * plan.model.tokens;
  plan.flops_inference = price * served * plan.model.params;
  plan.flops_total = price * total(plan.model);
  plan.reference_total = price * total(plan.reference);
  plan.saved = plan.reference_total - plan.flops_total;
  plan.saving = plan.saved / plan.reference_total;
}

void put_intervals(InferenceAware& plan, const PlanningLaw& law, const std::vector<InferenceAware>& draws) {
  if (draws.size() < kLeastDraws) return;
  std::vector<double> params, tokens, saving;
  for (const InferenceAware& draw : draws) {
    params.push_back(draw.model.params);
    tokens.push_back(draw.model.tokens);
    saving.push_back(draw.saving);
  }
  plan.params_interval = interval_of_draws(std::move(params), plan.model.params, law.level, law.widening);
  plan.tokens_interval = interval_of_draws(std::move(tokens), plan.model.tokens, law.level, law.widening);
  plan.saving_interval = interval_of_draws(std::move(saving), plan.saving, law.level, law.widening);
}

void check_serving(const Serving& serving) {
  const auto share = [](const char* what, double value) {
    if (!(value > 0 && value <= 1)) throw Error(Fault::usage, what, "is not in (0, 1]");
  };
  share("--training-utilisation", serving.training_utilisation);
  share("--input-utilisation", serving.input_utilisation);
  share("--output-utilisation", serving.output_utilisation);
  if (!(serving.demand() >= 0) || !std::isfinite(serving.demand()))
    throw Error(Fault::usage, "--inference-tokens", "is not a number of tokens from 0");
}

}  // namespace

double Serving::demand() const {
  if (!in_money()) return tokens;
  return serving_price / training_price * training_utilisation *
         (input_tokens / input_utilisation + output_tokens / output_utilisation);
}

InferenceAware inference_aware(const PlanningLaw& law, const ModelPlan& reference, const Serving& serving) {
  ISOFLOP_CHECK(law.surface.has_value());
  check_serving(serving);
  const auto solved = [&](const AdditiveLaw& surface) {
    InferenceAware plan;
    plan.reference = reference;
    plan.loss = surface.loss(reference.params, reference.tokens);
    plan.reference.loss = plan.loss;
    plan.demand = serving.demand();
    const Optimum best = cheapest(surface, plan.loss, plan.demand, law.flops_per);
    plan.model = {best.params, best.tokens, 0, plan.loss};
    count_costs(plan, serving, law.flops_per);
    return plan;
  };
  InferenceAware plan = solved(*law.surface);
  std::vector<InferenceAware> draws;
  for (const AdditiveLaw& draw : law.draws) draws.push_back(solved(draw));
  put_intervals(plan, law, draws);
  return plan;
}

InferenceAware inference_aware(const PlanningLaw& law, const ModelPlan& reference, const Serving& serving, double unique_tokens,
                               const Repetition& repetition) {
  check_serving(serving);
  const plan::LimitedSurface surface(law, unique_tokens, repetition);
  InferenceAware plan;
  plan.reference = reference;
  plan.loss = surface.loss(reference.params, reference.tokens);
  plan.reference.loss = plan.loss;
  plan.demand = serving.demand();
  const auto best = cheapest(surface, plan.loss, plan.demand, law.flops_per);
  plan.model = best ? ModelPlan{best->params, best->tokens, 0, plan.loss} : plan.reference;
  count_costs(plan, serving, law.flops_per);
  return plan;
}

double implied_demand(const AdditiveLaw& law, double params, double tokens) {
  return kFlopsPerParamToken / kInferencePerParamToken * tokens * (law.slope_ratio(params, tokens) - 1);
}

}  // namespace isoflop
