// What the draws of a law say of a plan: intervals, and the size that wastes least on average.
#include <algorithm>

#include "base/check.h"
#include "base/math.h"
#include "base/search.h"
#include "isoflop/plan.h"
#include "plan/drawn.h"
#include "plan/run_interval.h"
#include "plan/surface.h"

namespace isoflop {
namespace {

/// One law's waste over ln N at a budget. The floor and the power of the law play no part: the frontier is of the same sum.
struct Waste {
  double a = 0, b = 0;          // ln of the two terms' coefficients, the second with D = product / N put in
  double alpha = 0, beta = 0;
  double scale = 0;             // ln of the reducible sum at the optimum
  double steepness = 0;         // 1 / gamma
  double weight = 0;

  [[nodiscard]] double at(double ln_params) const {
    const double sum = exp_(a - alpha * ln_params) + exp_(b + beta * ln_params);
    return 1 - exp_(-steepness * (log_(sum) - scale));
  }
};

Waste waste_of(const AdditiveLaw& law, double product, double weight) {
  Waste waste{
      .a = log_(law.a), .b = log_(law.b) - law.beta * log_(product), .alpha = law.alpha, .beta = law.beta, .weight = weight};
  const double best = log_(law.scale()) + law.exponent() * log_(product);
  waste.scale = log_(exp_(waste.a - waste.alpha * best) + exp_(waste.b + waste.beta * best));
  waste.steepness = (law.alpha + law.beta) / (law.alpha * law.beta);
  return waste;
}

double mean_of(const std::vector<Waste>& wastes, double ln_params) {
  double sum = 0;
  for (const Waste& waste : wastes) sum += waste.weight * waste.at(ln_params);
  return sum;
}

/// The waste that `share` of the weight does not exceed.
double quantile_of(const std::vector<Waste>& wastes, double ln_params, double share) {
  std::vector<std::pair<double, double>> values;
  for (const Waste& waste : wastes) values.emplace_back(waste.at(ln_params), waste.weight);
  std::sort(values.begin(), values.end());
  double sum = 0;
  for (const auto& [value, weight] : values)
    if ((sum += weight) >= share) return value;
  return values.back().first;
}

}  // namespace

RegretOptimum regret_optimum(const std::vector<PlanningLaw>& laws, double flops) {
  ISOFLOP_CHECK(!laws.empty() && flops > 0);
  RegretOptimum regret;
  std::vector<Waste> wastes;
  double low = 1e300, high = 0;
  const auto with_surface =
      std::count_if(laws.begin(), laws.end(), [](const PlanningLaw& law) { return law.surface.has_value(); });
  ISOFLOP_CHECK(with_surface > 0);
  const PlanningLaw* first = nullptr;
  for (const PlanningLaw& law : laws) {
    if (!law.surface) continue;
    if (!first) first = &law;
    regret.laws.push_back(law.name);
    const std::vector<AdditiveLaw> draws = law.draws.empty() ? std::vector<AdditiveLaw>{*law.surface} : law.draws;
    for (const AdditiveLaw& draw : draws) {
      wastes.push_back(
          waste_of(draw, flops / law.flops_per, 1 / (static_cast<double>(with_surface) * static_cast<double>(draws.size()))));
      const double params = draw.optimum(flops, law.flops_per).params;
      low = std::min(low, params), high = std::max(high, params);
    }
  }
  regret.draws = static_cast<std::int64_t>(wastes.size());
  const double plain = log_(first->surface->optimum(flops, first->flops_per).params);
  const double best = high > low * (1 + 1e-9)
                          ? least_of([&](double x) { return mean_of(wastes, x); }, log_(low), log_(high), 32, 1e-5)
                          : log_(low);
  regret.model.params = exp_(best);
  regret.model.tokens = flops / (first->flops_per * regret.model.params);
  regret.model.flops = flops;
  regret.model.loss = first->surface->loss(regret.model.params, regret.model.tokens);
  regret.mean_waste = mean_of(wastes, best);
  regret.optimum_mean_waste = mean_of(wastes, plain);
  regret.waste_95 = quantile_of(wastes, best, 0.95);
  return regret;
}

std::map<std::string, Interval> plan_intervals(const PlanningLaw& law, double flops, const ModelPlan& model,
                                               std::optional<double> residual_sd) {
  std::map<std::string, Interval> intervals;
  const ModelPlan best = optimal_model(law, flops);
  if (law.surface && residual_sd && *residual_sd > 0)
    intervals["prediction"] = *plan::RunLoss(law, model.params, model.tokens, *residual_sd).interval(law.level);
  const std::size_t count = law.draw_constants.size();
  if (count < kLeastDraws) return intervals;
  std::vector<double> params, tokens, ratio, loss, of_model;
  for (std::size_t i = 0; i < count; ++i) {
    const ModelPlan at = optimal_model(plan::drawn(law, i), flops);
    params.push_back(at.params);
    tokens.push_back(at.tokens);
    ratio.push_back(at.tokens_per_param());
    if (at.loss) loss.push_back(*at.loss);
    if (!law.surface) continue;
    of_model.push_back(plan::loss_of(law, law.draws[i], model.params, model.tokens));
  }
  const auto put = [&](const char* name, std::vector<double> draws, double value) {
    if (!draws.empty()) intervals[name] = interval_of_draws(std::move(draws), value, law.level, law.widening);
  };
  put("params", std::move(params), best.params);
  put("tokens", std::move(tokens), best.tokens);
  put("tokens_per_param", std::move(ratio), best.tokens_per_param());
  put("loss", std::move(loss), best.loss.value_or(0));
  put("loss_of_model", std::move(of_model), law.surface ? plan::loss_of(law, *law.surface, model.params, model.tokens) : 0);
  return intervals;
}

}  // namespace isoflop
