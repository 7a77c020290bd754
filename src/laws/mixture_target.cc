#include "laws/mixture_target.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>

#include "base/math.h"
#include "base/random.h"
#include "base/team.h"
#include "isoflop/text.h"
#include "laws/words.h"

namespace isoflop {
namespace laws {

double MixtureTarget::loss(const std::vector<double>& shares, std::int64_t draw, double* slope) const {
  const std::size_t n = shares.size();
  std::vector<double> part(n);
  if (slope) std::fill(slope, slope + n, 0.0);
  double sum = 0;
  for (const TargetTerm& term : terms_) {
    if (!term.fit->trees.empty()) {
      sum += term.weight * tree_value(term.fit->base, term.fit->trees, shares.data());
      continue;
    }
    std::vector<double> x = shares;
    x.insert(x.end(), extra_.begin(), extra_.end());
    const auto& theta = draw < 0 ? term.fit->parameters : term.fit->draws[static_cast<std::size_t>(draw)];
    sum += term.weight * term.form.value(theta, x, slope ? part.data() : nullptr);
    for (std::size_t j = 0; slope && j < n; ++j) slope[j] += term.weight * part[j];
  }
  return sum;
}

SharesFunction MixtureTarget::pulled(std::int64_t draw) const {
  return [this, draw](const std::vector<double>& shares, double* slope) {
    double value = loss(shares, draw, slope);
    if (!(prior_weight_ > 0)) return value;
    for (std::size_t j = 0; j < shares.size(); ++j) {
      // a share of the prior's own zero is not wanted at all
      const double share = std::max(shares[j], 1e-12), prior = std::max(prior_[j], 1e-12), ln_ratio = log_(share / prior);
      value += prior_weight_ * shares[j] * ln_ratio;
      if (slope) slope[j] += prior_weight_ * (ln_ratio + 1);
    }
    return value;
  };
}

std::int64_t MixtureTarget::draws() const {
  std::size_t least = terms_.front().fit->draws.size();
  for (const TargetTerm& term : terms_) least = std::min(least, term.fit->draws.size());
  return static_cast<std::int64_t>(least);
}

std::vector<double> best_simulated(const MixtureTarget& target, const std::vector<double>& prior, const std::vector<double>& caps,
                                   const MixtureOptimiseOptions& options) {
  constexpr std::int64_t kSimulated = 100'000, kBest = 128;
  constexpr double kSpreadLow = 0.1, kSpreadHigh = 5;
  const Philox random{options.seed, Stream::mixtures};
  const auto n = static_cast<double>(prior.size());
  const auto mixture = [&](std::int64_t i) {
    const double spread = kSpreadLow * pow_(kSpreadHigh / kSpreadLow, random.uniform(static_cast<std::uint64_t>(i), 0xffffffffU));
    std::vector<double> alpha;
    for (const double p : prior) alpha.push_back(spread * (0.5 * p * n + 0.5));  // half the prior, half uniform
    return filled(dirichlet(random, static_cast<std::uint64_t>(i), alpha), caps);
  };
  const SharesFunction wanted = target.pulled(-1);
  std::vector<double> losses(kSimulated);
  std::atomic<std::int64_t> next{0};
  Team team(std::max<std::int64_t>(1, options.threads));
  team.run([&](std::int64_t) {
    for (std::int64_t i = next++; i < kSimulated && !options.stop.stop_requested(); i = next++)
      losses[i] = wanted(mixture(i), nullptr);
  });
  std::vector<std::int64_t> order(kSimulated);
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::partial_sort(order.begin(), order.begin() + kBest, order.end(),
                    [&](std::int64_t a, std::int64_t b) { return losses[a] != losses[b] ? losses[a] < losses[b] : a < b; });
  std::vector<double> mean(prior.size());
  for (std::int64_t k = 0; k < kBest; ++k) {
    const std::vector<double> shares = mixture(order[k]);
    for (std::size_t j = 0; j < mean.size(); ++j) mean[j] += shares[j] / static_cast<double>(kBest);
  }
  return mean;
}

namespace {

void check_names(const MixtureModel& model, const std::map<std::string, double>& values, const std::string& flag, bool positive) {
  for (const auto& [domain, value] : values) {
    if (std::find(model.domains.begin(), model.domains.end(), domain) == model.domains.end()) {
      const auto near = nearest(domain, model.domains);
      throw Error(Fault::usage, flag, "the law knows no source `" + domain + "`",
                  near ? "did you mean `" + *near + "`?" : "it knows " + listed(model.domains));
    }
    if (!(value >= 0 && std::isfinite(value)) || (positive && !(value > 0)))
      throw Error(Fault::usage, flag, domain + " = " + format_number(value) + ", expected a number above 0");
  }
}

}  // namespace

std::vector<double> shares_in_order(const MixtureModel& model, const Mixture& mixture) {
  std::vector<double> shares;
  for (const std::string& domain : model.domains) {
    const auto share = mixture.find(domain);
    shares.push_back(share == mixture.end() ? 0 : share->second);
  }
  return shares;
}

std::optional<std::vector<double>> natural_of(const MixtureModel& model, const MixtureOptimiseOptions& options) {
  std::vector<double> shares = shares_in_order(model, options.natural.empty() ? options.unique_tokens : options.natural);
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  if (!(sum > 0)) return std::nullopt;
  for (double& share : shares) share /= sum;
  return shares;
}

std::vector<double> caps_of(const MixtureModel& model, const MixtureOptimiseOptions& options) {
  check_names(model, options.unique_tokens, "--unique-tokens", true);
  check_names(model, options.natural, "--natural", false);
  if (!(options.max_epochs > 0))
    throw Error(Fault::usage, "--max-epochs", format_number(options.max_epochs) + " is not a positive number");
  std::vector<double> caps(model.domains.size(), 1.0);
  if (!options.tokens) return caps;
  if (!(*options.tokens > 0)) throw Error(Fault::usage, "--tokens", format_number(*options.tokens) + " is not a positive number");
  if (options.unique_tokens.empty()) {
    const bool read = std::any_of(model.fits.begin(), model.fits.end(),
                                  [&](const MixtureFit& fit) { return form_of(model, fit).reads_tokens(); });
    if (read) return caps;  // the law asks for D, and nothing is said of repetition
    throw Error(Fault::usage, "--tokens", "caps need the tokens each source holds", "--unique-tokens a=5e9,b=2e8");
  }
  for (const std::string& domain : model.domains)
    if (!options.unique_tokens.contains(domain))
      throw Error(Fault::usage, "--unique-tokens", "nothing is said of `" + domain + "`",
                  "name every source of the law: " + listed(model.domains));
  return shares_in_order(model, caps_by_repetition(options.unique_tokens, *options.tokens, options.max_epochs));
}

std::map<std::string, double> target_of(const MixtureModel& model, const MixtureOptimiseOptions& options) {
  std::map<std::string, double> target = options.target;
  if (target.empty())
    for (const MixtureFit& fit : model.fits) target[fit.target] = 1;
  double sum = 0;
  for (const auto& [name, weight] : target) {
    if (!(weight >= 0 && std::isfinite(weight)))
      throw Error(Fault::usage, "--target", name + " = " + format_number(weight) + ", expected a weight above 0");
    sum += weight;
  }
  if (!(sum > 0)) throw Error(Fault::usage, "--target", "no weight is above 0");
  for (auto& [name, weight] : target) weight /= sum;
  return target;
}

std::vector<double> extra_of(const MixtureForm& form, const MixtureOptimiseOptions& options) {
  std::vector<double> extra;
  for (const auto& [reads, value, flag] :
       {std::tuple{form.reads_params(), options.params, "--params"}, {form.reads_tokens(), options.tokens, "--tokens"}}) {
    if (!reads) continue;
    if (!value || !(*value > 0)) throw Error(Fault::usage, flag, "the law reads it and it is not given");
    extra.push_back(log_(*value));
  }
  return extra;
}

std::vector<std::vector<TargetTerm>> terms_by_rate(const MixtureModel& model, const std::map<std::string, double>& target,
                                                   const std::string& family) {
  std::vector<std::vector<TargetTerm>> rates(2);
  for (const auto& [name, weight] : target) {
    const auto fits = fits_of(model, name, family);
    for (std::size_t i = 0; i < std::min<std::size_t>(2, fits.size()); ++i)
      rates[i].push_back({fits[i], form_of(model, *fits[i]), weight});
  }
  if (rates[1].size() != rates[0].size()) rates.pop_back();
  return rates;
}

}  // namespace laws

Mixture caps_by_repetition(const std::map<std::string, double>& unique_tokens, double tokens, double max_epochs) {
  Mixture caps;
  double room = 0, held = 0;
  std::vector<std::string> sizes;
  for (const auto& [source, unique] : unique_tokens) {
    room += caps[source] = std::min(1.0, max_epochs * unique / tokens);
    held += unique;
    sizes.push_back(source + " " + format_billions(unique));
  }
  if (room < 1)
    throw Error(Fault::usage, "--tokens",
                format_billions(tokens) + " are more than the sources hold: " + format_billions(held) + " (" + listed(sizes) +
                    "), at most " + format_significant(max_epochs, 3) + " times over " + format_billions(max_epochs * held),
                "raise --max-epochs, add sources or plan fewer tokens");
  return caps;
}

}  // namespace isoflop
