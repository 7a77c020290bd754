// The best weights for a target under repetition caps, and whether the data can tell them from other weights.
#include <algorithm>
#include <atomic>
#include <cmath>

#include "base/quantile.h"
#include "base/team.h"
#include "isoflop/text.h"
#include "laws/mixture_target.h"
#include "laws/resample.h"
#include "laws/words.h"

namespace isoflop {
namespace laws {
namespace {

/// One call of optimise_mixture.
class Optimiser {
 public:
  Optimiser(const MixtureModel& model, const MixtureOptimiseOptions& options)
      : model_(model),
        options_(options),
        caps_(caps_of(model, options)),
        natural_(natural_of(model, options)),
        target_(target_of(model, options)) {
    const auto terms = terms_by_rate(model, target_, options.family);
    const std::vector<double> extra = extra_of(terms[0][0].form, options);
    const std::vector<double> uniform(model.domains.size(), 1 / static_cast<double>(model.domains.size()));
    prior_ = natural_.value_or(uniform);
    for (const auto& rate : terms) by_rate_.emplace_back(rate, extra, prior_, options.prior_weight);
  }

  MixtureOptimum run() {
    const MixtureTarget& tuned = by_rate_[0];
    MixtureOptimum optimum{.target = target_,
                           .family = tuned.terms()[0].fit->family,
                           .law = model_.law,
                           .shares = {},
                           .loss = {},
                           .comparisons = {},
                           .text = {},
                           .warnings = {}};
    start_ = filled(prior_, caps_);
    best_ = tuned.of_trees() ? best_simulated(tuned, prior_, caps_, options_) : least_shares(tuned.pulled(-1), caps_, start_);
    choose_again();
    set_shares(optimum);
    compare(optimum);
    warn(optimum);
    if (options_.stop.stop_requested()) throw Error(Fault::interrupted, "mix optimise", "interrupted");
    optimum.text = in_words(optimum);
    return optimum;
  }

 private:
  /// What every resample would have chosen.
  void choose_again() {
    const MixtureTarget& tuned = by_rate_[0];
    if (tuned.of_trees()) return;
    chosen_.resize(static_cast<std::size_t>(tuned.draws()));
    std::atomic<std::int64_t> next{0};
    Team team(std::max<std::int64_t>(1, std::min<std::int64_t>(options_.threads, static_cast<std::int64_t>(chosen_.size()))));
    team.run([&](std::int64_t) {
      for (std::int64_t b = next++; b < static_cast<std::int64_t>(chosen_.size()) && !options_.stop.stop_requested(); b = next++)
        chosen_[b] = least_shares(tuned.pulled(b), caps_, best_, 1e-6, 4000);
    });
    if (options_.stop.stop_requested()) throw Error(Fault::interrupted, "mix optimise", "interrupted");
    // the term that is known least well decides: nothing of it is known without a degree of freedom
    for (const TargetTerm& term : tuned.terms()) {
      widen_ = std::max(widen_, term.fit->fit.interval_widening);
      free_ = free_ && term.fit->fit.degrees_of_freedom >= 1;
    }
  }

  [[nodiscard]] bool has_draws() const { return free_ && chosen_.size() >= kLeastDraws; }

  void set_shares(MixtureOptimum& optimum) const {
    for (std::size_t j = 0; j < best_.size(); ++j) {
      MixtureShare share{.domain = model_.domains[j], .weight = best_[j], .interval = {}, .cap = caps_[j], .epochs = {}};
      if (has_draws()) {
        std::vector<double> draws;
        for (const auto& shares : chosen_) draws.push_back(shares[j]);
        // no widening: a share has ends, and percentiles keep to them
        const auto [low, high] = middle_of(std::move(draws), model_.level);
        share.interval = Interval{low, high, model_.level};
      }
      if (const auto unique = options_.unique_tokens.find(share.domain);
          options_.tokens && unique != options_.unique_tokens.end())
        share.epochs = share.weight * *options_.tokens / unique->second;
      optimum.shares.push_back(share);
    }
    optimum.loss.value = by_rate_[0].loss(best_);
    if (!has_draws()) return;
    std::vector<double> draws;
    for (std::size_t b = 0; b < chosen_.size(); ++b) draws.push_back(by_rate_[0].loss(best_, static_cast<std::int64_t>(b)));
    optimum.loss.interval = interval_of_draws(std::move(draws), optimum.loss.value, model_.level, widen_);
    optimum.loss.contains = {"seed", "proxies drawn"};
  }

  void compare(MixtureOptimum& optimum) const {
    const std::vector<double> uniform(best_.size(), 1.0);
    if (natural_) add(optimum, "natural", filled(*natural_, caps_));
    add(optimum, "uniform", filled(uniform, caps_));
    // the proxy that lost least: on the target, by its runs where one loss is asked for, else by the law
    double least = INFINITY;
    std::vector<double> proxy;
    for (const TargetTerm& term : by_rate_[0].terms()) {
      const std::vector<double> shares = shares_in_order(model_, term.fit->best_proxy);
      if (std::all_of(shares.begin(), shares.end(), [](double share) { return share == 0; })) continue;
      if (const double loss = by_rate_[0].loss(shares); loss < least) least = loss, proxy = shares;
    }
    if (!proxy.empty()) add(optimum, "best proxy", filled(proxy, caps_));
    std::size_t alone = best_.size();
    least = INFINITY;
    for (std::size_t j = 0; j < best_.size(); ++j) {
      std::vector<double> shares(best_.size());
      shares[j] = 1;
      if (const double loss = by_rate_[0].loss(shares); caps_[j] >= 1 && loss < least) least = loss, alone = j;
    }
    if (alone < best_.size()) {
      std::vector<double> shares(best_.size());
      shares[alone] = 1;
      add(optimum, "only " + model_.domains[alone], shares);
    }
    bool others = false, better = true;
    for (const MixtureComparison& c : optimum.comparisons) {
      if (c.verdict == MixtureComparison::Verdict::same) continue;
      others = true;
      better = better && c.verdict == MixtureComparison::Verdict::better;
    }
    optimum.decided = others && better;
  }

  void add(MixtureOptimum& optimum, const std::string& with, const std::vector<double>& other) const {
    const MixtureTarget& tuned = by_rate_[0];
    MixtureComparison c{.with = with,
                        .mixture = named(model_.domains, other),
                        .loss = tuned.loss(other),
                        .gain = {},
                        .gain_other_rate = {},
                        .reason = {}};
    const double claimed = c.loss - optimum.loss.value;
    c.gain.value = claimed;
    if (has_draws()) {
      // the gain a resample claims for its own choice less what that choice gains by the law it was drawn from, and the gain of
      // the weights recommended by every resample: the one knows the choice, the other holds at the edge where choices do not
      // differ
      std::vector<double> errors, gains;
      for (std::size_t b = 0; b < chosen_.size(); ++b) {
        const auto draw = static_cast<std::int64_t>(b);
        errors.push_back(tuned.loss(other, draw) - tuned.loss(chosen_[b], draw) - (c.loss - tuned.loss(chosen_[b])));
        gains.push_back(tuned.loss(other, draw) - tuned.loss(best_, draw));
      }
      double mean = 0;
      for (const double error : errors) mean += error / static_cast<double>(errors.size());
      const Interval of_errors = percentile_interval(std::move(errors), mean, model_.level, widen_);
      const Interval of_gains = percentile_interval(std::move(gains), claimed, model_.level, widen_);
      c.gain.value = claimed - mean;
      c.gain.interval = Interval{std::min(claimed - of_errors.high, of_gains.low),
                                 std::max(claimed - of_errors.low, of_gains.high), model_.level};
      c.gain.contains = {"seed", "proxies drawn", "choice of the weights"};
    }
    if (by_rate_.size() > 1) c.gain_other_rate = by_rate_[1].loss(other) - by_rate_[1].loss(best_);
    judge(c, other);
    optimum.comparisons.push_back(std::move(c));
  }

  void judge(MixtureComparison& c, const std::vector<double>& other) const {
    using Verdict = MixtureComparison::Verdict;
    double apart = 0, seed_sd = 0;
    for (std::size_t j = 0; j < best_.size(); ++j) apart = std::max(apart, std::fabs(best_[j] - other[j]));
    for (const TargetTerm& term : by_rate_[0].terms()) seed_sd += term.weight * term.fit->seed_sd.value_or(0);
    if (apart < 1e-4) {
      c.verdict = Verdict::same;
    } else if (!c.gain.interval) {
      c.reason = by_rate_[0].of_trees() ? "trees have no resamples: a law has"
                 : !free_               ? "no degree of freedom is left: the law has as many constants as there are runs"
                                        : "no resamples: fit with --bootstrap 200";
    } else if (c.gain.interval->low <= 0 && c.gain.interval->high >= 0) {
      c.reason = "the interval of the gain holds 0";
    } else if (std::fabs(c.gain.value) <= seed_sd) {
      c.reason = "the gain is within the seed's spread, " + format_significant(seed_sd, 2) + " nats";
    } else if (c.gain_other_rate && (*c.gain_other_rate > 0) != (c.gain.value > 0)) {
      c.reason =
          "the order flips at the other learning rate, where the gain is " + format_significant(*c.gain_other_rate, 3) + " nats";
    } else {
      c.verdict = c.gain.value > 0 ? Verdict::better : Verdict::worse;
    }
  }

  void warn(MixtureOptimum& optimum) const {
    optimum.warnings = model_.warnings;
    for (const TargetTerm& term : by_rate_[0].terms())
      for (Warning w : term.fit->fit.warnings) {
        w.text = term.fit->target + (term.fit->family.empty() ? "" : " of " + term.fit->family) + ": " + w.text;
        optimum.warnings.push_back(std::move(w));
      }
    std::vector<std::string> beyond;
    for (const MixtureShare& share : optimum.shares)
      if (const auto most = model_.most.find(share.domain); most != model_.most.end() && share.weight > most->second + 0.01)
        beyond.push_back(share.domain + " " + format_significant(100 * share.weight, 3) + " % (" +
                         format_significant(100 * most->second, 3) + " % tried)");
    if (!beyond.empty())
      optimum.warnings.push_back({"beyond_proxies", "no proxy had as much of " + listed(beyond) + ": the law is stretched"});
    std::vector<std::string> full;
    for (const MixtureShare& share : optimum.shares)
      if (share.cap < 1 && share.weight > share.cap - 1e-6) full.push_back(share.domain);
    if (!full.empty())
      optimum.warnings.push_back({"at_cap", listed(full) + ": more would be wanted than " +
                                                format_significant(options_.max_epochs, 3) + " epochs allow"});
    if (model_.law == "additive" && !by_rate_[0].of_trees())
      for (const TargetTerm& term : by_rate_[0].terms())
        for (std::size_t j = 0; j < best_.size(); ++j)
          if (term.fit->parameters[1 + best_.size() + j] > 0) {
            optimum.warnings.push_back({"not_convex", "an exponent g is above 1: these weights are a local optimum"});
            return;
          }
  }

  [[nodiscard]] std::string in_words(const MixtureOptimum& optimum) const {
    std::vector<const MixtureShare*> order;
    for (const MixtureShare& share : optimum.shares) order.push_back(&share);
    std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) { return a->weight > b->weight; });
    std::string text;
    for (const MixtureShare* share : order) {
      if (share->weight < 0.0005) break;
      text += (text.empty() ? "" : ", ") + share->domain + " " + format_significant(100 * share->weight, 3) + " %";
    }
    text += ": predicted loss " + people(optimum.loss.value) + ".";
    for (const MixtureComparison& c : optimum.comparisons) {
      if (c.verdict == MixtureComparison::Verdict::same) {
        text += " " + c.with + ": the same weights.";
        continue;
      }
      text += " Against " + c.with + " it saves " + format_significant(c.gain.value, 3) + " nats";
      if (c.gain.interval)
        text += " (" + format_significant(c.gain.interval->low, 3) + " to " + format_significant(c.gain.interval->high, 3) + ")";
      text += ": " + to_string(c.verdict) + (c.reason.empty() ? "" : ", " + c.reason) + ".";
    }
    if (!optimum.decided) text += " The data cannot decide that these weights are better than all of the others.";
    return text;
  }

  const MixtureModel& model_;
  const MixtureOptimiseOptions& options_;
  std::vector<double> caps_;
  std::optional<std::vector<double>> natural_;
  std::map<std::string, double> target_;
  std::vector<double> prior_, start_, best_;
  std::vector<MixtureTarget> by_rate_;
  std::vector<std::vector<double>> chosen_;
  double widen_ = 1;
  bool free_ = true;  // every fit has a degree of freedom
};

}  // namespace
}  // namespace laws

std::string to_string(MixtureComparison::Verdict verdict) {
  switch (verdict) {
    case MixtureComparison::Verdict::better: return "better";
    case MixtureComparison::Verdict::worse: return "worse";
    case MixtureComparison::Verdict::same: return "the same";
    case MixtureComparison::Verdict::undecided: break;
  }
  return "undecided";
}

Mixture MixtureOptimum::mixture() const {
  Mixture weights;
  for (const MixtureShare& share : shares) weights[share.domain] = share.weight;
  return weights;
}

MixtureOptimum optimise_mixture(const MixtureModel& model, const MixtureOptimiseOptions& options) {
  if (model.fits.empty()) throw Error(Fault::bad_data, "mixture law", "no fit is in it", "its table had too few rows");
  return laws::Optimiser(model, options).run();
}

}  // namespace isoflop
