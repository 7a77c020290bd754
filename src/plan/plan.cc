// A request -> a plan: what is given is resolved to a budget and a model, then every question is asked of the law.
#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/math.h"
#include "isoflop/claims.h"
#include "laws/words.h"
#include "plan/drawn.h"
#include "plan/explain.h"
#include "plan/resolve.h"
#include "plan/rounding.h"
#include "plan/surface.h"
#include "isoflop/text.h"

namespace isoflop {
namespace {

using plan::need_surface;
using plan::refuse;
using plan::short_number;

/// Warnings about the law and how far it is asked.
void warn(const PlanRequest& request, Plan& plan) {
  const PlanningLaw& law = request.law;
  std::vector<Warning>& said = plan.warnings;
  if (law.fitted_flops) plan.extrapolation = plan.flops / law.fitted_flops->second;
  if (plan.extrapolation && *plan.extrapolation > 10) {
    Warning w{
        *plan.extrapolation > 100 ? "extrapolation_far" : "extrapolation",
        short_number(plan.flops) + " FLOPs are " + format_significant(*plan.extrapolation, 3) +
            " times the largest budget the law was fitted to (" + short_number(law.fitted_flops->second) + ")" +
            (*plan.extrapolation <= 100 ? ""
             : plan.intervals.empty()   ? ": whether the law still holds there is not known"
                                        : ": the intervals say what the constants leave open, not whether the law still holds")};
    said.push_back(std::move(w));
  }
  if (law.fitted_flops && plan.flops < 0.1 * law.fitted_flops->first)
    said.push_back({"extrapolation_below", short_number(plan.flops) + " FLOPs are " +
                                               format_significant(law.fitted_flops->first / plan.flops, 3) +
                                               " times less than the smallest budget the law was fitted to (" +
                                               short_number(law.fitted_flops->first) + ")"});
  if (const auto rounding = plan::rounding_of(law, plan.flops))
    said.push_back({"rounded_exponents", rounding->exponents + ": within what rounding hides N* lies between " +
                                             format_billions(rounding->params_low) + " and " +
                                             format_billions(rounding->params_high) + ", and the plan wastes up to " +
                                             format_percent(rounding->waste) + " of the compute"});
  if (law.draw_constants.size() < kLeastDraws)
    said.push_back({"no_draws", law.draw_constants.empty()
                                    ? "the law has no draws: nothing here has an interval; isoflop fit TABLE --law " + law.law +
                                          " --draws draws.csv makes them, plan --draws draws.csv reads them"
                                    : "the law has " + plural(law.draw_constants.size(), "draw") +
                                          ": no interval is made of fewer than " + std::to_string(kLeastDraws)});
  if (plan.off_optimum && !law.surface && law.rule->loss)
    said.push_back({"off_frontier", "the law knows the loss of the best model of each budget alone: that of " +
                                        format_billions(plan.model.params) + " parameters on " +
                                        format_billions(plan.model.tokens) + " tokens is not known"});
  if (law.n_convention == "unstated")
    said.push_back({"n_convention", "the law does not say what its N counts"});
  else if (law.n_convention == kFlopsPerToken)
    said.push_back({"n_convention",
                    "this law counts FLOPs per token M in the place of N, attention among them and no vocabulary: N "
                    "here is M / 6; the shape is the one with that M, its parameters are counted"});
  else if (!law.n_convention.empty() && law.n_convention != "params")
    said.push_back({"n_convention", "N of this law counts " + law.n_convention + ", not all parameters"});
  if (law.flops_convention == "flops_exact" || law.flops_convention == "flops_full_attention")
    said.push_back({"flops_convention", "the law's own C counts " + law.flops_convention + "; the plan counts " +
                                            short_number(law.flops_per) + " N D; counted on shapes it is in `counted`"});
  if (law.fitted_ratio) {
    const double ratio = plan.model.tokens_per_param();
    if (ratio < law.fitted_ratio->first || ratio > law.fitted_ratio->second)
      said.push_back({"tokens_per_param", short_number(ratio) + " tokens per parameter are outside what was fitted, " +
                                              short_number(law.fitted_ratio->first) + " to " +
                                              short_number(law.fitted_ratio->second)});
  }
  if (request.unique_tokens && plan.model.tokens > 4 * *request.unique_tokens)
    said.push_back({"epochs", short_number(plan.model.tokens / *request.unique_tokens) + " epochs of " +
                                  format_billions(*request.unique_tokens) +
                                  " tokens: beyond 4 a repeated token is worth clearly less than a fresh one"});
  if (plan.text_limited) {
    constexpr double kEnough = 1.001;  // of the loss
    if (const auto enough = plan::limited_flops(plan.law, *plan.model.loss * kEnough,
                                                plan.law.surface->least_flops(*plan.model.loss * kEnough, law.flops_per));
        enough && *enough < 0.5 * plan.flops)
      said.push_back({"text_exhausted", short_number(*enough) + " FLOPs reach this loss to 0.1 % with " +
                                            format_billions(plan.law.text->unique_tokens) + " unique tokens: the other " +
                                            format_percent(1 - *enough / plan.flops) +
                                            " of the compute buys next to nothing; stop there, or find more text"});
  }
  if (plan.laws) {
    std::string others;
    for (const PlanningLaw& other : request.others)
      if (!other.n_convention.empty() && !law.n_convention.empty() && other.n_convention != law.n_convention)
        others += (others.empty() ? "" : ", ") + other.name + " (" + other.n_convention + ")";
    if (!others.empty()) said.push_back({"mixed_conventions", "N counts something else in " + others + ": compare with care"});
  }
  // how far its own fit was asked says nothing of this plan
  std::copy_if(law.warnings.begin(), law.warnings.end(), std::back_inserter(said),
               [](const Warning& warning) { return warning.code != "extrapolation"; });
}

/// Released models of like compute.
std::vector<ReleasedModel> released_near(const PlanningLaw& law, double flops) {
  std::vector<ReleasedModel> near;
  for (const PublishedModel& published : published_models()) {
    if (!published.tokens) continue;
    ReleasedModel released;
    released.name = published.name;
    ModelPlan& model = released.model;
    model = {published.active_params.value_or(published.params), *published.tokens, 0, {}};
    model.flops = law.flops_per * model.params * model.tokens;
    if (model.flops < flops / 3 || model.flops > flops * 3) continue;
    model.loss = law.surface->loss(model.params, model.tokens);
    released.wasted = wasted_compute(*law.surface, model.params, model.tokens, law.flops_per);
    released.implied_demand = implied_demand(*law.surface, model.params, model.tokens);
    near.push_back(std::move(released));
  }
  std::stable_sort(near.begin(), near.end(),
                   [](const ReleasedModel& a, const ReleasedModel& b) { return a.model.flops < b.model.flops; });
  return near;
}

void plan_demand(const PlanRequest& request, Plan& plan) {
  const PlanningLaw& law = request.law;
  if (request.params && request.tokens && law.surface)
    plan.implied_demand = implied_demand(*law.surface, plan.model.params, plan.model.tokens);
  if (!request.serving) return;
  (void)need_surface(law, "--inference-tokens");
  plan.inference = inference_aware(law, plan.text_limited ? plan.optimum : plan.model, *request.serving);
  if (!request.unique_tokens) return;
  // the loss to reach is what the limited text allows
  plan.inference_limited = inference_aware(law, plan.model, *request.serving, *request.unique_tokens,
                                           plan::own_repetition(law, request.repetitions.front()));
}

void plan_continual(const ContinualPlan& asked, Plan& plan) {
  if (!(asked.added_tokens > 0) || !std::isfinite(asked.added_tokens)) refuse("--continue-tokens", "is not a positive number");
  if (!(asked.replay >= 0 && asked.replay < 1)) refuse("--replay", "is not in [0, 1)");
  plan.continual = asked;
  plan.continual->flops =
      continual_flops(plan.model.params, asked.added_tokens, asked.replay) * plan.law.flops_per / kFlopsPerParamToken;
  plan.continual->share = plan.continual->flops / plan.model.flops;
}

void plan_precision(const PrecisionPlan& asked, Plan& plan) {
  const AdditiveLaw& surface = need_surface(plan.law, "--precision");
  const PrecisionLaw& law = asked.law;
  for (const double bits : {asked.weight_bits, asked.activation_bits, asked.cache_bits})
    if (!(bits > 0 && bits <= 64)) refuse("--precision", format_number(bits) + " bits are not in (0, 64]");
  struct Part {
    std::string word;
    double gamma, offset, bits;
  };
  bool trains = false;
  for (const Part& part : {Part{"weights", law.gamma_weights, law.offset_weights, asked.weight_bits},
                           {"activations", law.gamma_activations, law.offset_activations, asked.activation_bits},
                           {"cache", law.gamma_cache, law.offset_cache, asked.cache_bits}}) {
    if (!(part.gamma >= 0) || !std::isfinite(part.gamma))
      refuse("--precision", "gamma_" + part.word + " is " + format_number(part.gamma) + ", expected a number of 0 or more");
    if (part.gamma == 0 && part.offset != 0)
      refuse("--precision", "offset_" + part.word + " belongs to gamma_" + part.word + ", which is not given");
    if (!(precision_share(part.gamma, part.offset, part.bits) > 0))
      refuse("--precision",
             "nothing is left of the model at " + format_number(part.bits) + " bits of the " + part.word +
                 ": by 1 - e^(-bits / " + format_number(part.gamma) + " + " + format_number(part.offset) +
                 ") it takes more than " + format_significant(part.gamma * part.offset, 3),
             "more bits, or other constants");
    trains = trains || part.gamma > 0;
  }
  if (!trains && !(law.post_c > 0 && law.post_gamma > 0))
    refuse("--precision", "has no constant above 0",
           "gamma_weights, gamma_activations, gamma_cache; or post_c, post_gamma_d, post_gamma_n, post_gamma");
  plan.precision = asked;
  PrecisionPlan& p = *plan.precision;
  p.effective_params = plan.model.params * precision_factor(law, p.weight_bits, p.activation_bits, p.cache_bits);
  p.loss = surface.loss(p.effective_params, plan.model.tokens);
  p.quantisation_loss = quantisation_loss(law, plan.model.params, plan.model.tokens, p.weight_bits);
  if (trains) p.best_bits = best_training_bits(law);
}

/// At a loss every draw has its own compute, and the size and data that are best with it.
void put_target_intervals(const PlanningLaw& law, double loss, Plan& plan) {
  if (law.draw_constants.size() < kLeastDraws) return;
  std::vector<double> flops, params, tokens, ratio;
  for (std::size_t i = 0; i < law.draw_constants.size(); ++i) {
    const PlanningLaw draw = plan::drawn(law, i);
    const double least = plan::least_flops(draw, loss);
    // below that draw's floor
    const ModelPlan best = std::isfinite(least) ? optimal_model(draw, least) : ModelPlan{least, least, least, loss};
    flops.push_back(least);
    params.push_back(best.params);
    tokens.push_back(best.tokens);
    ratio.push_back(std::isfinite(least) ? best.tokens / best.params : plan.optimum.tokens_per_param());
  }
  const auto put = [&](const char* name, std::vector<double> draws, double value) {
    plan.intervals[name] = interval_of_draws(std::move(draws), value, law.level, law.widening);
  };
  put("flops", std::move(flops), plan.flops);
  put("params", std::move(params), plan.optimum.params);
  put("tokens", std::move(tokens), plan.optimum.tokens);
  put("tokens_per_param", std::move(ratio), plan.optimum.tokens_per_param());
  plan.intervals.erase("loss");  // it is what was asked for
}

}  // namespace

Plan make_plan(const PlanRequest& request) {
  plan::check_numbers(request);
  const PlanningLaw& law = request.law;
  Plan plan;
  plan.law = law;
  if (request.unique_tokens) {
    (void)need_surface(law, "--unique-tokens");
    if (request.repetitions.empty()) refuse("--repetition", "no law of repeated text is given");
    plan.law.text = TextLimit{*request.unique_tokens, plan::own_repetition(law, request.repetitions.front())};
  }
  plan::resolve(request, plan);
  plan.others = request.others;
  plan.serving = request.serving;
  const auto residual_sd = request.residual_sd ? request.residual_sd : law.residual_sd;

  plan.intervals = plan_intervals(plan.law, plan.flops, plan.model, residual_sd);
  if (plan.asked == "target_loss" && !plan.text_limited) put_target_intervals(law, *request.target_loss, plan);

  if (law.surface) {
    plan.regret = regret_optimum({law}, plan.flops);
    plan.deviation = deviation_table(law, plan.flops);
    plan.overtraining = overtraining_price(law, plan.flops);
    plan.iso_loss = iso_loss_curve(law, *plan.model.loss);
    plan.released = released_near(law, plan.flops);
    // beta of a law of the form E + A/N^alpha + B/D^beta alone
    if (law.surface->power == 1) plan.efficient = efficient_exponent(law.surface->beta);
  }
  if (!request.others.empty()) {
    std::vector<PlanningLaw> laws{law};
    laws.insert(laws.end(), request.others.begin(), request.others.end());
    plan.laws = cross_law(laws, plan.flops);
    if (!plan.laws->judges.empty()) plan.regret_laws = regret_optimum(laws, plan.flops);
  }
  for (const double flops : request.budgets) {
    plan::check_budget(law, flops);
    plan.budgets.push_back(optimal_model(law, flops));
    plan.budget_intervals.push_back(plan_intervals(law, flops, plan.budgets.back()));
  }
  if (request.unique_tokens) {
    for (const Repetition& repetition : request.repetitions)
      plan.data_limits.push_back(data_limited(law, plan.flops, *request.unique_tokens, plan::own_repetition(law, repetition)));
  }
  plan_demand(request, plan);
  if (request.prices) {
    (void)need_surface(law, "--price-per-token");
    plan.money =
        next_money(law, plan.model, request.serving ? request.serving->tokens : 0, *request.prices, request.unique_tokens,
                   plan::own_repetition(law, request.repetitions.empty() ? Repetition{} : request.repetitions.front()));
  }
  if (request.bytes_per_token) plan.bytes_per_param = plan.model.tokens_per_param() * *request.bytes_per_token;
  if (request.continual) plan_continual(*request.continual, plan);
  if (request.precision) plan_precision(*request.precision, plan);
  if (request.ladder) {
    LadderOptions options = *request.ladder;
    if (!(options.target_flops > 0)) options.target_flops = plan.flops;
    if (residual_sd) options.residual_sd = *residual_sd;
    plan.ladder = plan_ladder(law, options);
  }
  warn(request, plan);
  plan.explanations = plan::explain(plan);
  return plan;
}

}  // namespace isoflop
