// The best model of a budget, what it costs to be off it, and how laws disagree.
#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/math.h"
#include "isoflop/plan.h"

namespace isoflop {
namespace {

EqualLoss at_loss(const AdditiveLaw& law, double params, double loss, double flops_per, const Optimum& best, double flops) {
  EqualLoss row{.factor = params / best.params, .params = params, .tokens = law.tokens_for(params, loss)};
  row.flops = flops_per * row.params * row.tokens;
  row.tokens_factor = row.tokens / best.tokens;
  row.flops_factor = row.flops / flops;
  return row;
}

}  // namespace

ModelPlan optimal_model(const PlanningLaw& law, double flops) {
  ISOFLOP_CHECK(flops > 0 && (law.surface || law.rule));
  if (law.surface) {
    const Optimum best = law.surface->optimum(flops, law.flops_per);
    return {best.params, best.tokens, flops, best.loss};
  }
  const Optimum best = law.rule->optimum(flops);
  return {best.params, best.tokens, flops, law.rule->loss ? std::optional(best.loss) : std::nullopt};
}

double wasted_compute(const AdditiveLaw& law, double params, double tokens, double flops_per) {
  const double wasted = 1 - law.least_flops(law.loss(params, tokens), flops_per) / (flops_per * params * tokens);
  return wasted > 1e-12 ? wasted : 0;  // a point of the frontier, within rounding
}

std::vector<Deviation> deviation_table(const PlanningLaw& law, double flops, const std::vector<double>& factors) {
  ISOFLOP_CHECK(law.surface.has_value());
  const Optimum best = law.surface->optimum(flops, law.flops_per);
  std::vector<Deviation> table;
  for (const double factor : factors) {
    Deviation row{.factor = factor, .params = factor * best.params, .tokens = best.tokens / factor};
    row.loss = law.surface->loss(row.params, row.tokens);
    row.delta_loss = row.loss - best.loss;
    row.wasted = wasted_compute(*law.surface, row.params, row.tokens, law.flops_per);
    table.push_back(row);
  }
  return table;
}

OvertrainingPrice overtraining_price(const PlanningLaw& law, double flops, const std::vector<double>& factors) {
  ISOFLOP_CHECK(law.surface.has_value());
  const Optimum best = law.surface->optimum(flops, law.flops_per);
  OvertrainingPrice price{.least_factor = law.surface->least_params(best.loss) / best.params, .rows = {}};
  for (const double factor : factors)
    if (factor > price.least_factor)
      price.rows.push_back(at_loss(*law.surface, factor * best.params, best.loss, law.flops_per, best, flops));
  return price;
}

std::vector<EqualLoss> iso_loss_curve(const PlanningLaw& law, double loss, std::int64_t points) {
  ISOFLOP_CHECK(law.surface.has_value() && points > 1);
  const double flops = law.surface->least_flops(loss, law.flops_per);
  const Optimum best = law.surface->optimum(flops, law.flops_per);
  // five percent above the smallest, whose data are without end
  const double low = log_(1.05 * law.surface->least_params(loss)), high = log_(4 * best.params);
  std::vector<EqualLoss> curve;
  for (std::int64_t i = 0; i < points; ++i) {
    const double params = exp_(low + (high - low) * static_cast<double>(i) / static_cast<double>(points - 1));
    curve.push_back(at_loss(*law.surface, params, loss, law.flops_per, best, flops));
  }
  return curve;
}

CrossLaw cross_law(const std::vector<PlanningLaw>& laws, double flops) {
  CrossLaw table;
  for (const PlanningLaw& law : laws)
    if (law.surface) table.judges.push_back(law.name);
  for (const PlanningLaw& law : laws) {
    table.plans.push_back(law.name);
    table.models.push_back(optimal_model(law, flops));
    const ModelPlan& model = table.models.back();
    std::vector<double> row;
    // a plan of laws that count otherwise is judged at its size, with what the budget then holds
    for (const PlanningLaw& judge : laws)
      if (judge.surface)
        row.push_back(wasted_compute(*judge.surface, model.params, flops / (judge.flops_per * model.params), judge.flops_per));
    table.worst.push_back(row.empty() ? 0 : *std::max_element(row.begin(), row.end()));
    table.wasted.push_back(std::move(row));
  }
  return table;
}

}  // namespace isoflop
