#include "plan/resolve.h"

#include <cmath>
#include <tuple>

#include "base/math.h"
#include "isoflop/text.h"
#include "plan/drawn.h"
#include "plan/surface.h"

namespace isoflop::plan {

void refuse(const std::string& what, const std::string& problem, const std::string& hint) {
  throw Error(Fault::usage, what, problem, hint);
}

std::string short_number(double value) {
  return format_significant(value, 4);
}

void check_numbers(const PlanRequest& request) {
  const auto positive = [](const char* flag, const std::optional<double>& value) {
    if (value && !(*value > 0 && std::isfinite(*value)))
      refuse(flag, "is " + format_number(*value) + ", expected a positive number");
  };
  positive("--flops", request.flops);
  positive("--target-loss", request.target_loss);
  positive("--params", request.params);
  positive("--tokens", request.tokens);
  positive("--unique-tokens", request.unique_tokens);
  positive("--bytes-per-token", request.bytes_per_token);
  positive("--residual-sd", request.residual_sd);
  for (const double flops : request.budgets) positive("--budgets", flops);
  if (!request.law.surface && !request.law.rule) refuse("--law", "no law is given");
}

void check_budget(const PlanningLaw& law, double flops) {
  constexpr double kLeast = 1e6, kMost = 1e35;
  if (!(flops >= kLeast && flops <= kMost))
    refuse("plan", short_number(flops) + " FLOPs are no training run, expected a budget of " + short_number(kLeast) + " to " +
                       short_number(kMost));
  if (const ModelPlan best = optimal_model(law, flops); !(best.params >= 1 && best.tokens >= 1))
    refuse("plan",
           "by " + law.name + " " + short_number(flops) + " FLOPs train " + format_significant(best.params, 3) +
               " parameters on " + format_significant(best.tokens, 3) + " tokens, expected 1 of each or more",
           "a larger budget, or another law");
}

const AdditiveLaw& need_surface(const PlanningLaw& law, const std::string& flag) {
  if (!law.surface)
    refuse(flag,
           "the law " + law.name + (law.rule->loss ? " knows the loss of the best model of each budget alone" : " knows no loss"),
           "plan with a law of params and tokens, e.g. --law published:epoch2024");
  return *law.surface;
}

double least_flops(const PlanningLaw& law, double loss) {
  return law.surface ? law.surface->least_flops(loss, law.flops_per) : law.rule->loss->least_flops(loss);
}

namespace {

/// What no model and no amount of data has less than.
double floor_of(const PlanningLaw& law) {
  return law.surface ? law.surface->least_loss() : law.rule->loss->floor;
}

void check_target(const PlanningLaw& law, double loss) {
  if (!law.surface && !(law.rule && law.rule->loss)) (void)need_surface(law, "--target-loss");
  if (loss > floor_of(law)) return;
  std::string floor = short_number(floor_of(law));
  if (law.draw_constants.size() >= kLeastDraws) {
    std::vector<double> floors;
    for (std::size_t i = 0; i < law.draw_constants.size(); ++i) floors.push_back(floor_of(drawn(law, i)));
    const Interval interval = interval_of_draws(std::move(floors), floor_of(law), law.level, law.widening);
    floor += " (" + format_significant(100 * law.level, 3) + " %: " + short_number(interval.low) + " to " +
             short_number(interval.high) + ")";
  } else {
    floor += " (its interval is not known: the law has no draws)";
  }
  refuse("--target-loss", short_number(loss) + " is not above the floor of " + law.name + ", which is " + floor,
         "no model and no amount of data reaches it; losses of other text or tokenizers do not compare");
}

/// C of which N, or D, is the optimum.
double flops_of_params(const PlanningLaw& law, double params) {
  if (law.surface) return law.flops_per * params * law.surface->optimal_tokens(params);
  return pow_(params / law.rule->k_n, 1 / law.rule->a);
}
double flops_of_tokens(const PlanningLaw& law, double tokens) {
  if (law.surface) return law.flops_per * tokens * law.surface->optimal_params(tokens);
  return pow_(tokens / law.rule->k_d, 1 / law.rule->b);
}

[[noreturn]] void refuse_text(const PlanningLaw& law, double loss, double from) {
  constexpr double kMost = 1e6;
  const double reached = *data_limited(law, kMost * from, law.text->unique_tokens, law.text->repetition).model.loss;
  refuse("--target-loss",
         short_number(loss) + " is not reached with " + format_billions(law.text->unique_tokens) +
             " unique tokens: a million times the " + short_number(from) + " FLOPs that it takes with text without end reach " +
             format_significant(reached, 5),
         "more text is needed, or a loss above that");
}

/// Tokens with which `params` reach a loss on the law's text.
double limited_tokens(const PlanningLaw& law, double params, double loss) {
  if (!std::isfinite(law.surface->tokens_for(params, loss))) return law.surface->tokens_for(params, loss);
  const auto needed = LimitedSurface(*law.surface, law.text->unique_tokens, law.text->repetition).tokens_for(params, loss);
  if (!needed)
    refuse("--params",
           format_billions(params) + " cannot reach " + short_number(loss) + " by repeating " +
               format_billions(law.text->unique_tokens) + " unique tokens",
           "more text is needed, a larger model, or a higher loss");
  return *needed;
}

}  // namespace

void resolve(const PlanRequest& request, Plan& plan) {
  const PlanningLaw& law = request.law;
  const auto& [flops, loss, params, tokens] = std::tie(request.flops, request.target_loss, request.params, request.tokens);
  if (loss && (flops || tokens))
    refuse("--target-loss", std::string("contradicts ") + (flops ? "--flops" : "--tokens") + ": each of them says the budget",
           "give one of them");
  if (!flops && !loss && !params && !tokens)
    refuse(
        "plan", "nothing is given to plan with",
        "a budget: --flops 1e24, --gpus H100:512 --days 21, or --usd; or --target-loss, --params and --tokens, --params alone");
  if (flops && params && tokens) {
    const double product = law.flops_per * *params * *tokens;
    if (std::fabs(product / *flops - 1) > 0.01)
      refuse("--flops",
             short_number(*flops) + " contradicts --params and --tokens: " + short_number(law.flops_per) + " N D is " +
                 short_number(product),
             "give two of the three");
  }
  ModelPlan& model = plan.model;
  plan.off_optimum = true;
  bool budget = false;  // alone: the law chooses the model
  if (params && tokens) {
    plan.asked = "params and tokens";
    model = {*params, *tokens, law.flops_per * *params * *tokens, {}};
  } else if (loss && params) {
    (void)need_surface(law, "--params with --target-loss");
    check_target(law, *loss);
    plan.asked = "target_loss and params";
    const double needed = plan.law.text ? limited_tokens(plan.law, *params, *loss) : law.surface->tokens_for(*params, *loss);
    if (!std::isfinite(needed))
      refuse("--params", format_billions(*params) + " cannot reach " + short_number(*loss) + " with any amount of data: by " +
                             law.name + " it takes more than " + format_billions(law.surface->least_params(*loss)));
    model = {*params, needed, law.flops_per * *params * needed, {}};
  } else if (flops && params) {
    plan.asked = "flops and params";
    model = {*params, *flops / (law.flops_per * *params), *flops, {}};
  } else if (flops && tokens) {
    plan.asked = "flops and tokens";
    model = {*flops / (law.flops_per * *tokens), *tokens, *flops, {}};
  } else {
    plan.off_optimum = false;
    budget = true;
    plan.asked = flops ? "flops" : loss ? "target_loss" : params ? "params" : "tokens";
    if (loss) check_target(law, *loss);
    model.flops = flops    ? *flops
                  : loss   ? least_flops(law, *loss)
                  : params ? flops_of_params(law, *params)
                           : flops_of_tokens(law, *tokens);
  }
  if (loss && !params && plan.law.text) {
    const auto needed = limited_flops(plan.law, *loss, model.flops);
    if (!needed) refuse_text(plan.law, *loss, model.flops);
    model.flops = *needed;
  }
  plan.flops = model.flops;
  check_budget(law, plan.flops);
  plan.optimum = optimal_model(law, plan.flops);
  if (!plan.off_optimum) model = plan.optimum;
  if (budget && plan.law.text) {
    const DataLimit limit = data_limited(law, plan.flops, plan.law.text->unique_tokens, plan.law.text->repetition);
    plan.text_limited = plan.off_optimum = limit.epochs > 1;
    if (plan.text_limited) model = limit.model;
  }
  if (law.surface) {
    model.loss = loss_of(plan.law, *law.surface, model.params, model.tokens);
    const double wasted = 1 - law.surface->least_flops(*model.loss, law.flops_per) / model.flops;
    plan.wasted = wasted > 1e-9 ? wasted : 0;  // the tolerance of the searches
  }
}

}  // namespace isoflop::plan
