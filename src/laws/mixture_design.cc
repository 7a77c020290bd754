// Which mixtures to run as proxies.
#include <algorithm>
#include <cmath>
#include <set>

#include "base/apportion.h"
#include "base/math.h"
#include "base/random.h"
#include "isoflop/text.h"
#include "isoflop/mixture.h"
#include "laws/mixture_simplex.h"
#include "laws/words.h"

namespace isoflop {
namespace laws {
namespace {

using Counts = std::vector<std::int64_t>;  // of steps: shares as whole numbers

constexpr std::uint64_t kSlopeDraws = std::uint64_t{1} << 40;  // counters of t, beyond those of the mixtures

/// Information about the constants of a log-linear law, one matrix for each guess of its t, as inverses.
class Information {
 public:
  Information(std::size_t domains, std::uint64_t seed) : size_(domains + 1) {
    constexpr double kPrior = 1e-2;  // the ridge's: what is known before the first run
    constexpr double kSlope = 2;     // sd of t: losses that a source's share changes by a factor of some
    const Philox random{seed, Stream::mixtures};
    for (std::size_t d = 0; d < kGuesses; d += 2) {
      std::vector<double> t;
      for (std::size_t j = 0; j < domains; ++j)
        t.push_back(kSlope * random.normal(kSlopeDraws + d, static_cast<std::uint32_t>(j)));
      guesses_.push_back(t);
      for (double& each : t) each = -each;
      guesses_.push_back(t);
    }
    inverse_.assign(kGuesses, std::vector<double>(size_ * size_));
    for (auto& inverse : inverse_)
      for (std::size_t i = 0; i < size_; ++i) inverse[i * size_ + i] = 1 / kPrior;
    log_determinant_ = static_cast<double>(kGuesses * size_) * log_(kPrior);
  }

  /// Slopes of the loss by the constants, for every guess.
  [[nodiscard]] std::vector<double> features(const std::vector<double>& shares) const {
    std::vector<double> slopes;
    for (const auto& t : guesses_) {
      double z = 0;
      for (std::size_t j = 0; j < shares.size(); ++j) z += t[j] * shares[j];
      slopes.push_back(1);
      for (const double share : shares) slopes.push_back(exp_(z) * share);
    }
    return slopes;
  }

  /// What one more run adds to the log determinants.
  [[nodiscard]] double gain(const std::vector<double>& features) const {
    double product = 1;
    for (std::size_t d = 0; d < kGuesses; ++d) product *= 1 + form(d, features);
    return log_(product);
  }

  /// One run more (sign 1) or less (-1): Sherman and Morrison's formula.
  void change(const std::vector<double>& features, double sign) {
    for (std::size_t d = 0; d < kGuesses; ++d) {
      const double* g = features.data() + d * size_;
      auto& inverse = inverse_[d];
      std::vector<double> column(size_);
      double whole = 0;
      for (std::size_t i = 0; i < size_; ++i) {
        for (std::size_t j = 0; j < size_; ++j) column[i] += inverse[i * size_ + j] * g[j];
        whole += g[i] * column[i];
      }
      const double factor = 1 + sign * whole;
      log_determinant_ += log_(factor);
      for (std::size_t i = 0; i < size_; ++i)
        for (std::size_t j = 0; j < size_; ++j) inverse[i * size_ + j] -= sign * column[i] * column[j] / factor;
    }
  }

  /// Mean over the guesses, per constant.
  [[nodiscard]] double log_determinant() const { return log_determinant_ / static_cast<double>(kGuesses * size_); }

 private:
  static constexpr std::size_t kGuesses = 4;

  [[nodiscard]] double form(std::size_t d, const std::vector<double>& features) const {
    const double* g = features.data() + d * size_;
    const double* inverse = inverse_[d].data();
    double sum = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      double row = 0;
      for (std::size_t j = 0; j < size_; ++j) row += inverse[i * size_ + j] * g[j];
      sum += g[i] * row;
    }
    return sum;
  }

  std::size_t size_;
  std::vector<std::vector<double>> guesses_, inverse_;
  double log_determinant_ = 0;
};

/// One call of design_mixtures.
class Designer {
 public:
  explicit Designer(const MixtureDesignOptions& options) : options_(options), steps_(std::llround(1 / options.step)) {
    double sum = 0;
    for (const auto& [domain, share] : options.prior) {
      domains_.push_back(domain);
      prior_.push_back(share);
      sum += share;
    }
    for (double& share : prior_) share /= sum;
    std::int64_t room = 0;
    for (std::size_t j = 0; j < domains_.size(); ++j) {
      const auto cap = options.caps.find(domains_[j]);
      caps_.push_back(cap == options.caps.end() ? steps_ : steps_under(cap->second, steps_));
      room += caps_.back();
    }
    for (const std::int64_t cap : caps_) cap_shares_.push_back(static_cast<double>(cap) / static_cast<double>(steps_));
    if (room >= steps_) return;
    std::vector<std::string> most;
    for (std::size_t j = 0; j < domains_.size(); ++j) most.push_back(domains_[j] + " " + format_significant(cap_shares_[j], 3));
    throw Error(Fault::usage, "--caps",
                "the largest shares that sources may have (" + listed(most) + ") sum to " +
                    format_significant(static_cast<double>(room) / static_cast<double>(steps_), 4) + ", expected 1 or more",
                "higher caps; where repetition sets them: fewer tokens a run, more epochs, or a larger source");
  }

  MixtureDesign run() {
    draw();
    MixtureDesign design{
        .domains = domains_, .proxies = {}, .candidates = static_cast<std::int64_t>(candidates_.size()), .warnings = {}};
    const auto wanted = static_cast<std::size_t>(options_.proxies);
    if (candidates_.size() < wanted)
      design.warnings.push_back({"few_candidates", "only " + plural(candidates_.size(), "mixture") +
                                                       " of this step and these caps were found, " + std::to_string(wanted) +
                                                       " were asked for"});
    Information information(domains_.size(), options_.seed), random(domains_.size(), options_.seed);
    for (const Counts& counts : candidates_) features_.push_back(information.features(shares_of(counts)));
    for (std::size_t i = 0; i < std::min(wanted, candidates_.size()); ++i) random.change(features_[i], 1);
    choose(information, std::min(wanted, candidates_.size()));
    design.log_determinant = information.log_determinant();
    design.log_determinant_random = random.log_determinant();
    for (const std::size_t i : chosen_) {
      Mixture& mixture = design.proxies.emplace_back();
      const std::vector<double> shares = shares_of(candidates_[i]);
      for (std::size_t j = 0; j < domains_.size(); ++j) mixture[domains_[j]] = shares[j];
    }
    return design;
  }

 private:
  [[nodiscard]] std::vector<double> shares_of(const Counts& counts) const {
    std::vector<double> shares;
    for (const std::int64_t count : counts) shares.push_back(static_cast<double>(count) / static_cast<double>(steps_));
    return shares;
  }

  /// Distinct mixtures: the anchors, then Dirichlet draws.
  void draw() {
    std::set<Counts> seen;
    const auto take = [&](const std::vector<double>& shares) {
      Counts counts = apportion(filled(shares, cap_shares_), steps_, caps_);
      if (seen.insert(counts).second) candidates_.push_back(std::move(counts));
    };
    if (options_.anchors) {
      take(prior_);
      take(std::vector<double>(prior_.size(), 1.0));
      anchors_ = candidates_.size();
    }
    std::vector<std::vector<double>> centres;
    for (const double temperature : options_.temperatures) {
      Mixture named;
      for (std::size_t j = 0; j < domains_.size(); ++j) named[domains_[j]] = prior_[j];
      std::vector<double>& centre = centres.emplace_back();
      for (const auto& [domain, share] : tempered(named, temperature)) centre.push_back(share);
    }
    const Philox random{options_.seed, Stream::mixtures};
    const auto tries = static_cast<std::uint64_t>(4 * options_.candidates);
    for (std::uint64_t i = 0; i < tries && candidates_.size() < static_cast<std::size_t>(options_.candidates); ++i) {
      const double spread =
          options_.spread_low * pow_(options_.spread_high / options_.spread_low, random.uniform(i, 0xffffffffU));
      std::vector<double> alpha = centres[i % centres.size()];
      for (double& each : alpha) each *= spread;
      take(dirichlet(random, i, alpha));
    }
  }

  /// The anchors, then the candidate that tells most, again and again; then exchanges of one for another while they tell more.
  void choose(Information& information, std::size_t wanted) {
    std::vector<bool> taken(candidates_.size());
    const auto best = [&] {
      std::size_t at = candidates_.size();
      double most = -INFINITY;
      for (std::size_t i = 0; i < candidates_.size(); ++i) {
        if (taken[i]) continue;
        if (const double gain = information.gain(features_[i]); gain > most) most = gain, at = i;
      }
      return at;
    };
    const auto take = [&](std::size_t i) {
      taken[i] = true;
      information.change(features_[i], 1);
    };
    while (chosen_.size() < wanted) {
      if (options_.stop.stop_requested()) throw Error(Fault::interrupted, "mix design", "interrupted");
      chosen_.push_back(chosen_.size() < anchors_ ? chosen_.size() : best());
      take(chosen_.back());
    }
    constexpr int kPasses = 3;
    for (int pass = 0; pass < kPasses; ++pass) {
      bool changed = false;
      for (std::size_t k = std::min(anchors_, chosen_.size()); k < chosen_.size(); ++k) {
        if (options_.stop.stop_requested()) throw Error(Fault::interrupted, "mix design", "interrupted");
        const std::size_t old = chosen_[k];
        information.change(features_[old], -1);
        const double own = information.gain(features_[old]);
        const std::size_t other = best();
        const bool better = other < candidates_.size() && information.gain(features_[other]) > own + 1e-9;
        if (better) {
          taken[old] = false;
          chosen_[k] = other;
          changed = true;
        }
        take(chosen_[k]);
      }
      if (!changed) break;
    }
  }

  const MixtureDesignOptions& options_;
  std::int64_t steps_;
  std::vector<std::string> domains_;
  std::vector<double> prior_, cap_shares_;
  Counts caps_;
  std::vector<Counts> candidates_;
  std::size_t anchors_ = 0;
  std::vector<std::vector<double>> features_;
  std::vector<std::size_t> chosen_;
};

[[noreturn]] void refuse(const std::string& what, const std::string& problem) { throw Error(Fault::usage, what, problem); }

void check(const MixtureDesignOptions& options) {
  if (options.prior.size() < 2) refuse("--sources", std::to_string(options.prior.size()) + " given, expected 2 or more");
  double sum = 0;
  for (const auto& [domain, share] : options.prior) {
    if (!(share >= 0 && std::isfinite(share))) refuse(domain, format_number(share) + ", expected a number from 0 up");
    sum += share;
  }
  if (!(sum > 0)) refuse("--sources", "none has a share above 0");
  for (const auto& [domain, cap] : options.caps) {
    if (!options.prior.contains(domain)) refuse("--caps", "`" + domain + "` is no source");
    if (!(cap >= 0)) refuse("--caps", domain + " = " + format_number(cap) + ", expected a share");
  }
  if (options.proxies < 2) refuse("--proxies", std::to_string(options.proxies) + ", expected 2 or more");
  if (options.candidates < options.proxies)
    refuse("--candidates", std::to_string(options.candidates) + " are fewer than the proxies");
  if (options.temperatures.empty()) refuse("--temperatures", "none given");
  for (const double t : options.temperatures)
    if (!(t > 0 && std::isfinite(t))) refuse("--temperatures", format_number(t) + " is not a positive number");
  if (!(options.spread_low > 0 && options.spread_low <= options.spread_high && std::isfinite(options.spread_high)))
    refuse("--spread", "expected two positive numbers, the lower first");
  const double steps = 1 / options.step;
  if (!(options.step > 0 && options.step <= 0.5) || !(steps <= 1e9) || std::fabs(steps - std::round(steps)) > 1e-6 * steps)
    refuse("--step", format_number(options.step) + ", expected 1 over a whole number, at most 0.5");
}

}  // namespace
}  // namespace laws

Mixture tempered(const Mixture& prior, double temperature) {
  Mixture mixture;
  double sum = 0;
  for (const auto& [domain, share] : prior) sum += mixture[domain] = share > 0 ? pow_(share, 1 / temperature) : 0;
  for (auto& [domain, share] : mixture) share /= sum;
  return mixture;
}

MixtureDesign design_mixtures(const MixtureDesignOptions& options) {
  laws::check(options);
  return laws::Designer(options).run();
}

std::string mixture_design_to_csv(const MixtureDesign& design) {
  std::vector<std::string> cells{"index"};
  for (const std::string& domain : design.domains) cells.push_back("share." + domain);
  std::string text = csv_row(cells);
  for (std::size_t i = 0; i < design.proxies.size(); ++i) {
    cells = {std::to_string(i + 1)};
    for (const std::string& domain : design.domains) cells.push_back(format_number(design.proxies[i].at(domain)));
    text += csv_row(cells);
  }
  return text;
}

}  // namespace isoflop
