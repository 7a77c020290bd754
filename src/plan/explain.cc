#include "plan/explain.h"

#include <algorithm>

#include "base/math.h"
#include "isoflop/text.h"

namespace isoflop::plan {
namespace {

std::string n(double value) {
  return format_significant(value, 4);
}

void explain_surface(const Plan& plan, std::vector<Explanation>& all) {
  const AdditiveLaw& law = *plan.law.surface;
  const ModelPlan& best = plan.optimum;
  const std::string per = n(plan.law.flops_per);
  std::string sum = n(law.floor) + " + " + n(law.a) + " / N^" + n(law.alpha) + " + " + n(law.b) + " / D^" + n(law.beta);
  if (law.power != 1) sum = "(" + sum + ")^" + n(law.power);
  all.push_back({"the law", "L(N, D)", sum + "   [" + plan.law.source + "]"});
  all.push_back({"exponent of the optimum", "a = beta / (alpha + beta)",
                 n(law.beta) + " / (" + n(law.alpha) + " + " + n(law.beta) + ") = " + n(law.exponent())});
  all.push_back({"scale of the optimum", "G = (alpha A / (beta B))^(1 / (alpha + beta))",
                 "(" + n(law.alpha) + " x " + n(law.a) + " / (" + n(law.beta) + " x " + n(law.b) + "))^(1 / " +
                     n(law.alpha + law.beta) + ") = " + n(law.scale())});
  all.push_back(
      {"optimal size", "N* = G (C / " + per + ")^a",
       n(law.scale()) + " x (" + n(plan.flops) + " / " + per + ")^" + n(law.exponent()) + " = " + format_billions(best.params)});
  all.push_back({"optimal data", "D* = C / (" + per + " N*)",
                 n(plan.flops) + " / (" + per + " x " + n(best.params) + ") = " + format_billions(best.tokens)});
  const double of_params = law.a * pow_(best.params, -law.alpha), of_tokens = law.b * pow_(best.tokens, -law.beta);
  std::string parts =
      n(law.floor) + " + " + n(of_params) + " (size) + " + n(of_tokens) + " (data) = " + n(law.floor + of_params + of_tokens);
  if (law.power != 1) parts += "; to the power " + n(law.power) + ": " + n(*best.loss);
  all.push_back({"loss there", "L* = E + A / N*^alpha + B / D*^beta", parts});
  all.push_back({"cost of missing N* by a factor f", "waste = 1 - e^(-(alpha + beta) / 2 x ln^2 f), nearly",
                 "f = 2: 1 - e^(-" + n(law.alpha + law.beta) + " / 2 x 0.4805), about " +
                     format_percent(1 - exp_(-0.5 * (law.alpha + law.beta) * 0.480453))});
}

void explain_rule(const Plan& plan, std::vector<Explanation>& all) {
  const AllocationRule& rule = *plan.law.rule;
  all.push_back({"optimal size", "N* = k_n C^a",
                 n(rule.k_n) + " x " + n(plan.flops) + "^" + n(rule.a) + " = " + format_billions(plan.optimum.params)});
  all.push_back({"optimal data", "D* = k_d C^b",
                 n(rule.k_d) + " x " + n(plan.flops) + "^" + n(rule.b) + " = " + format_billions(plan.optimum.tokens)});
  if (rule.loss)
    all.push_back({"loss there", "L* = e + k C^-c",
                   n(rule.loss->floor) + " + " + n(rule.loss->k) + " x " + n(plan.flops) + "^-" + n(rule.loss->c) + " = " +
                       n(*plan.optimum.loss)});
}

}  // namespace

std::vector<Explanation> explain(const Plan& plan) {
  std::vector<Explanation> all;
  if (plan.law.surface)
    explain_surface(plan, all);
  else
    explain_rule(plan, all);
  const ModelPlan& model = plan.model;
  if (plan.off_optimum) {
    all.push_back({"compute of the model", "C = " + n(plan.law.flops_per) + " N D",
                   n(plan.law.flops_per) + " x " + n(model.params) + " x " + n(model.tokens) + " = " + n(model.flops)});
    if (plan.law.surface)
      all.push_back({"compute in vain", "1 - C_eq / C, C_eq the least that reaches its loss",
                     "1 - " + n(plan.law.surface->least_flops(*model.loss, plan.law.flops_per)) + " / " + n(model.flops) + " = " +
                         format_percent(plan.wasted)});
  }
  if (plan.regret && plan.law.draws.size() > 1)
    all.push_back({"size of least regret",
                   "the N that wastes least on average over " + std::to_string(plan.regret->draws) + " draws",
                   format_billions(plan.regret->model.params) + ", mean waste " + format_percent(plan.regret->mean_waste) +
                       " (at N*: " + format_percent(plan.regret->optimum_mean_waste) + ")"});
  if (plan.inference)
    all.push_back({"served model",
                   "least 6 N D + 2 N D_inf at the reference's loss: alpha A N^-alpha / (beta B D^-beta) = 1 + D_inf / (3 D)",
                   "1 + " + n(plan.inference->demand) + " / (3 x " + n(plan.inference->model.tokens) +
                       ") = " + n(1 + plan.inference->demand / (3 * plan.inference->model.tokens)) +
                       ": N = " + format_billions(plan.inference->model.params)});
  if (plan.implied_demand)
    all.push_back({"demand that the model implies", "D_inf = 3 D (alpha A N^-alpha / (beta B D^-beta) - 1)",
                   "3 x " + n(model.tokens) + " x (" + n(plan.law.surface->slope_ratio(model.params, model.tokens)) +
                       " - 1) = " + n(*plan.implied_demand)});
  for (const DataLimit& limit : plan.data_limits)
    if (limit.law == "data_constrained")
      all.push_back({"worth of repeated text", "D' = U (1 + R (1 - e^(-(D/U - 1) / R)))",
                     n(limit.epochs) + " epochs of " + format_billions(limit.unique_tokens) + " are worth " +
                         format_billions(limit.effective_tokens) + " fresh tokens"});
  if (plan.efficient)
    all.push_back(
        {"unique sequences and parameters", "N ~ D^gamma, gamma in [1 - 2 beta, 1 - beta]",
         "beta = " + n(plan.law.surface->beta) + ": [" + n(plan.efficient->low) + ", " + n(plan.efficient->high) + "]"});
  return all;
}

}  // namespace isoflop::plan
