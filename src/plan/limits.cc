// Text that is limited, models that are trained on, bits that are few: what else bends a plan.
#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/math.h"
#include "base/search.h"
#include "isoflop/text.h"
#include "plan/surface.h"

namespace isoflop {
namespace plan {
namespace {

bool is_of_repetition(const std::string& law) {
  return law == "data_constrained" || law == "overfit_penalty" || law == "overfit_capacity";
}

LawAt limited(const AdditiveLaw& surface, double unique_tokens, const Repetition& repetition) {
  if (surface.power != 1)
    throw Error(Fault::usage, "--unique-tokens", "the law's loss is not E + A/N^alpha + B/D^beta",
                "plan with a law of that form, e.g. published:epoch2024");
  if (!is_of_repetition(repetition.law))
    throw Error(Fault::usage, "--repetition", "no law `" + repetition.law + "`",
                "known: data_constrained, overfit_penalty, overfit_capacity");
  if (!(unique_tokens > 0) || !std::isfinite(unique_tokens))
    throw Error(Fault::usage, "--unique-tokens", format_number(unique_tokens) + " is not a positive number");
  std::map<std::string, double> constants = repetition.constants;
  constants["E"] = surface.floor;
  constants["A"] = surface.a;
  constants["B"] = surface.b;
  constants["alpha"] = surface.alpha;
  constants["beta"] = surface.beta;
  return {repetition.law, constants, {{"unique_tokens", unique_tokens}}};
}

}  // namespace

LimitedSurface::LimitedSurface(const AdditiveLaw& surface, double unique_tokens, const Repetition& repetition)
    : fresh_(surface), unique_tokens_(unique_tokens), law_(limited(surface, unique_tokens, repetition)) {}

LimitedSurface::LimitedSurface(const PlanningLaw& law, double unique_tokens, const Repetition& repetition)
    : LimitedSurface(law.surface.value_or(AdditiveLaw{.power = 0}), unique_tokens, repetition) {}

std::optional<double> LimitedSurface::tokens_for(double params, double loss) const {
  const double ln_unique = log_(unique_tokens_);
  const auto excess = [&](double ln_tokens) { return law_.loss(params, exp_(ln_tokens)) - loss; };
  // up to one epoch the loss falls; beyond, it falls less and may rise again: the first crossing counts
  constexpr double kStep = 0.25;
  if (excess(ln_unique) <= 0) {
    double low = ln_unique;
    while (excess(low) <= 0 && low > 0) low -= 8 * kStep;
    return exp_(zero_between(excess, low, ln_unique, 1e-11));
  }
  double before = excess(ln_unique);
  for (double at = ln_unique; at < ln_unique + 7; at += kStep) {
    const double after = excess(at + kStep);
    if (after <= 0) return exp_(zero_between(excess, at, at + kStep, 1e-11));
    if (after >= before) return std::nullopt;  // it rises, or no longer moves
    before = after;
  }
  return std::nullopt;
}

double loss_of(const PlanningLaw& law, const AdditiveLaw& surface, double params, double tokens) {
  return law.text ? LimitedSurface(surface, law.text->unique_tokens, law.text->repetition).loss(params, tokens)
                  : surface.loss(params, tokens);
}

std::optional<double> limited_flops(const PlanningLaw& law, double loss, double from) {
  ISOFLOP_CHECK(law.surface && law.text);
  const LimitedSurface surface(*law.surface, law.text->unique_tokens, law.text->repetition);
  const auto excess = [&](double ln_flops) { return surface.optimum(exp_(ln_flops), law.flops_per).loss - loss; };
  constexpr double kStep = 1, kMost = 13.8;  // a million times
  const double first = log_(from);
  if (excess(first) <= 1e-9) return from;  // nothing is repeated
  for (double at = first; at < first + kMost; at += kStep)
    if (excess(at + kStep) <= 0) return exp_(zero_between(excess, at, at + kStep, 1e-9));
  return std::nullopt;
}

Repetition own_repetition(const PlanningLaw& law, const Repetition& given) {
  if (!is_of_repetition(law.law)) return given;
  Repetition own{.law = law.law, .constants = law.constants};
  for (const char* surface : {"E", "A", "B", "alpha", "beta"}) own.constants.erase(surface);
  return own;
}

}  // namespace plan

DataLimit data_limited(const PlanningLaw& law, double flops, double unique_tokens, const Repetition& repetition) {
  const plan::LimitedSurface surface(law, unique_tokens, repetition);
  DataLimit limit;
  limit.law = repetition.law;
  limit.unique_tokens = unique_tokens;
  const Optimum best = surface.optimum(flops, law.flops_per);
  limit.model = {best.params, best.tokens, flops, best.loss};
  limit.epochs = best.tokens / unique_tokens;
  const auto half_life = repetition.constants.find("R_D");
  limit.effective_tokens =
      half_life == repetition.constants.end() ? best.tokens : effective_tokens(best.tokens, unique_tokens, half_life->second);
  limit.loss_fresh = law.surface->optimum(flops, law.flops_per).loss;
  const double wasted = 1 - law.surface->least_flops(best.loss, law.flops_per) / flops;
  limit.wasted = wasted > 1e-9 ? wasted : 0;  // the search's tolerance
  if (law.draws.size() < kLeastDraws) return limit;
  std::vector<double> params, tokens, epochs, loss;
  for (const AdditiveLaw& draw : law.draws) {
    const Optimum at = plan::LimitedSurface(draw, unique_tokens, repetition).optimum(flops, law.flops_per);
    params.push_back(at.params);
    tokens.push_back(at.tokens);
    epochs.push_back(at.tokens / unique_tokens);
    loss.push_back(at.loss);
  }
  limit.intervals["params"] = interval_of_draws(std::move(params), best.params, law.level, law.widening);
  limit.intervals["tokens"] = interval_of_draws(std::move(tokens), best.tokens, law.level, law.widening);
  limit.intervals["epochs"] = interval_of_draws(std::move(epochs), limit.epochs, law.level, law.widening);
  limit.intervals["loss"] = interval_of_draws(std::move(loss), best.loss, law.level, law.widening);
  return limit;
}

double effective_tokens(double tokens, double unique_tokens, double half_life) {
  if (tokens <= unique_tokens) return tokens;
  const double again = tokens / unique_tokens - 1, h = again / half_life;
  // of a long half-life 1 - e^-h has no digits left
  const double worth =
      h < 1e-3 ? again * (1 - h / 2 * (1 - h / 3 * (1 - h / 4 * (1 - h / 5)))) : half_life * (1 - exp_(-h));
  return unique_tokens * (1 + worth);
}

double continual_flops(double params, double added_tokens, double replay) {
  ISOFLOP_CHECK(replay >= 0 && replay < 1);
  return kFlopsPerParamToken * params * added_tokens / (1 - replay);
}

double transferred_tokens(double fine_tuning_tokens, double params, double k) {
  return k * pow_(fine_tuning_tokens, 0.18) * pow_(params, 0.38);
}

double precision_share(double gamma, double offset, double bits) {
  return gamma > 0 ? std::max(0.0, 1 - exp_(-bits / gamma + offset)) : 1;
}

double precision_factor(const PrecisionLaw& law, double weight_bits, double activation_bits, double cache_bits) {
  return precision_share(law.gamma_weights, law.offset_weights, weight_bits) *
         precision_share(law.gamma_activations, law.offset_activations, activation_bits) *
         precision_share(law.gamma_cache, law.offset_cache, cache_bits);
}

double quantisation_loss(const PrecisionLaw& law, double params, double tokens, double bits) {
  if (!(law.post_c > 0)) return 0;
  return law.post_c * pow_(tokens, law.post_gamma_d) / pow_(params, law.post_gamma_n) * exp_(-bits / law.post_gamma);
}

std::optional<double> best_training_bits(const PrecisionLaw& law) {
  ISOFLOP_CHECK(law.gamma_weights > 0 || law.gamma_activations > 0 || law.gamma_cache > 0);
  constexpr double kLeast = 0.5, kMost = 64, kEdge = 1e-6;
  const auto worth = [&](double bits) { return precision_factor(law, bits, bits, bits) / bits; };
  const double bits = least_of([&](double at) { return -worth(at); }, kLeast, kMost, 200);
  if (!(worth(bits) > 0) || bits < kLeast + kEdge || bits > kMost - kEdge) return std::nullopt;
  return bits;
}

double dense_equivalent(const std::map<std::string, double>& c, double params, double experts) {
  // eq. 1 of the paper: log L = a log N + b log E^ + c log N log E^ + d, and at one expert again
  const auto ln_saturated = [&](double e) {
    return -log_(1 / (e - 1 + 1 / (1 / c.at("E_s") - 1 / c.at("E_m"))) + 1 / c.at("E_m"));
  };
  const double ln10 = log_(10), one = ln_saturated(1) / ln10, many = ln_saturated(experts) / ln10;
  const double n = log_(params) / ln10, loss = c.at("a") * n + c.at("b") * many + c.at("c") * n * many;
  return exp_(ln10 * (loss - c.at("b") * one) / (c.at("a") + c.at("c") * one));
}

EfficientExponent efficient_exponent(double beta) {
  return {1 - 2 * beta, 1 - beta};
}

}  // namespace isoflop
