#include "corpus/mix_plan.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "base/apportion.h"
#include "base/check.h"
#include "base/hash.h"
#include "base/math.h"
#include "base/random.h"
#include "base/utf8.h"
#include "isoflop/text.h"

namespace isoflop {

namespace embedded {
extern const std::string_view mixtures_toml;
}

const std::vector<MixturePreset>& mixture_presets() {
  static const std::vector<MixturePreset> presets = [] {
    std::vector<MixturePreset> all;
    const toml::table file = toml::parse(embedded::mixtures_toml, std::string_view("data/mixtures.toml"));
    for (const auto& [name, entry] : file) {
      const toml::table& table = *entry.as_table();
      MixturePreset preset{
          std::string(name.str()), table["title"].value_or(std::string()), table["source"].value_or(std::string()), {}};
      for (const auto& [domain, weight] : *table["weights"].as_table())
        preset.weights.emplace_back(std::string(domain.str()), weight.value_or(0.0));
      all.push_back(std::move(preset));
    }
    return all;
  }();
  return presets;
}

namespace corpus {
namespace {

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 12); ++i) text += (text.empty() ? "" : ", ") + names[i];
  return names.size() > 12 ? text + ", ..." : text;
}

std::vector<std::string> names_of(const std::vector<SourceSizes>& sizes) {
  std::vector<std::string> names;
  for (const SourceSizes& source : sizes) names.push_back(source.name);
  return names;
}

// a source's name, or its name without folders and endings where that is one source's alone
std::size_t source_named(const std::vector<SourceSizes>& sizes, const std::string& word, const std::string& flag) {
  std::vector<std::size_t> by_stem;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i].name == word) return i;
    std::string stem = sizes[i].name.substr(sizes[i].name.rfind('/') + 1);
    stem.resize(std::min(stem.size(), stem.find('.')));
    if (stem == word) by_stem.push_back(i);
  }
  if (by_stem.size() == 1) return by_stem[0];
  const std::vector<std::string> names = names_of(sizes);
  if (by_stem.size() > 1)
    throw Error(Fault::usage, flag, "`" + word + "` is " + std::to_string(by_stem.size()) + " sources",
                "give the whole name: " + listed(names));
  const auto near = nearest(word, names);
  throw Error(Fault::usage, flag, "no source `" + word + "`",
              near ? "did you mean " + *near + "?" : "the sources are " + listed(names) + "; --source-key names another key");
}

// made to sum to 1
void settle(std::vector<double>& weights) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  ISOFLOP_CHECK(sum > 0);
  for (double& weight : weights) weight /= sum;
}

std::vector<double> given_weights(const std::vector<SourceSizes>& sizes, const MixOptions& options) {
  std::vector<double> weights(sizes.size());
  std::set<std::size_t> seen;
  for (const auto& [name, weight] : options.weights) {
    const std::size_t source = source_named(sizes, name, "--weights");
    if (!seen.insert(source).second) throw Error(Fault::usage, "--weights", "source `" + sizes[source].name + "` is given twice");
    if (weight > 0 && sizes[source].size == 0) throw Error(Fault::usage, "--weights", "source `" + name + "` holds no text");
    weights[source] = weight;
  }
  settle(weights);
  return weights;
}

std::vector<double> natural_weights(const std::vector<SourceSizes>& sizes, double temperature) {
  std::vector<double> weights;
  for (const SourceSizes& source : sizes)
    weights.push_back(source.size == 0 ? 0 : pow_(static_cast<double>(source.size), temperature));
  settle(weights);
  return weights;
}

std::vector<std::string> domains_of(const MixturePreset& preset) {
  std::vector<std::string> domains;
  for (const auto& [domain, weight] : preset.weights) domains.push_back(domain);
  return domains;
}

// Throws usage, with the nearest
const MixturePreset& preset_named(const std::string& name) {
  std::vector<std::string> known;
  for (const MixturePreset& each : mixture_presets()) {
    known.push_back(each.name);
    if (each.name == name) return each;
  }
  const auto near = nearest(name, known);
  throw Error(Fault::usage, "--preset", "no mixture `" + name + "`",
              near ? "did you mean " + *near + "?" : "known: " + listed(known));
}

// a domain's weight goes to its sources by their sizes; domains without one are left out
std::vector<double> preset_weights(const std::vector<SourceSizes>& sizes, const MixOptions& options,
                                   std::vector<MixWarning>& warnings) {
  const MixturePreset& preset = preset_named(options.preset);
  const std::vector<std::string> domains = domains_of(preset);
  std::vector<std::string> missing;
  std::map<std::size_t, std::string> domain_of;
  for (const auto& [name, domain] : options.as) domain_of[source_named(sizes, name, "--as")] = domain;
  std::vector<double> weights(sizes.size());
  for (const auto& [domain, weight] : preset.weights) {
    std::vector<std::size_t> members;
    double size = 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      const auto named = domain_of.find(i);
      if (named == domain_of.end() ? sizes[i].name != domain : named->second != domain) continue;
      members.push_back(i);
      size += static_cast<double>(sizes[i].size);
    }
    if (size == 0) missing.push_back(domain);
    for (const std::size_t member : members)
      if (size > 0) weights[member] = weight * static_cast<double>(sizes[member].size) / size;
  }
  if (missing.size() == domains.size())
    throw Error(Fault::usage, "--preset " + preset.name, "no source is one of its domains",
                "name them: --as SOURCE=DOMAIN,...; its domains are " + listed(domains));
  if (!missing.empty())
    warnings.push_back({"domains_left_out",
                        "no source for " + listed(missing) + " of " + preset.title + ": the other weights are scaled up to 1"});
  settle(weights);
  return weights;
}

}  // namespace

std::vector<double> source_weights(const std::vector<SourceSizes>& sizes, const MixOptions& options,
                                   std::vector<MixWarning>& warnings) {
  if (!options.weights.empty()) return given_weights(sizes, options);
  return options.temperature ? natural_weights(sizes, *options.temperature) : preset_weights(sizes, options, warnings);
}

std::vector<std::int64_t> shares_under_cap(const std::vector<double>& weights, const std::vector<std::int64_t>& sizes,
                                           std::int64_t budget, double max_epochs, const std::string& unit) {
  const std::size_t n = weights.size();
  std::vector<std::int64_t> caps(n), shares(n);
  std::int64_t most = 0;  // or the budget, where it is more
  for (std::size_t i = 0; i < n; ++i) {
    const double cap = weights[i] > 0 ? std::floor(max_epochs * static_cast<double>(sizes[i])) : 0;
    caps[i] = cap < static_cast<double>(budget) ? static_cast<std::int64_t>(cap) : budget;
    most += std::min(caps[i], budget - most);
  }
  if (most < budget) {
    throw Error(Fault::usage, "--" + unit + " " + std::to_string(budget),
                "is more than " + format_number(max_epochs) + (max_epochs == 1 ? " epoch" : " epochs") +
                    " of the weighted sources, " + std::to_string(most) + " " + unit,
                "give --" + unit + " " + std::to_string(most) + " or less, or a larger --max-epochs");
  }
  // a source at its cap is settled, and the others share the rest by their weights; at most n rounds
  std::vector<bool> settled(n);
  std::int64_t left = budget;
  for (bool changed = true; changed;) {
    changed = false;
    double open = 0;
    for (std::size_t i = 0; i < n; ++i) open += settled[i] ? 0 : weights[i];
    const std::int64_t round = left;
    for (std::size_t i = 0; i < n; ++i) {
      if (settled[i] || weights[i] == 0 || static_cast<double>(round) * (weights[i] / open) <= static_cast<double>(caps[i]))
        continue;
      settled[i] = changed = true;
      shares[i] = caps[i];
      left -= caps[i];
    }
  }
  std::vector<double> open(n);
  for (std::size_t i = 0; i < n; ++i) open[i] = settled[i] ? 0 : weights[i];
  const std::vector<std::int64_t> rest = apportion(open, left, caps);
  for (std::size_t i = 0; i < n; ++i) shares[i] += rest[i];
  return shares;
}

SourceTake take_documents(const SourceSizes& sizes, std::int64_t target, std::int64_t least, std::uint64_t seed) {
  SourceTake take;
  take.target = target;
  take.once_more.resize(sizes.costs.size());
  if (target == 0) return take;
  ISOFLOP_CHECK(sizes.size > 0);
  take.whole_epochs = target / sizes.size;
  std::int64_t left = target % sizes.size;
  if (left > 0 && left < least && take.whole_epochs > 0) {  // no document holds so little: the broken epoch takes one more
    --take.whole_epochs;
    left += sizes.size;
  }
  const Permutation order(sizes.costs.size(), seed, xxh3(sizes.name));
  for (std::uint64_t i = 0; i < 2 * sizes.costs.size() && left > 0; ++i) {
    const std::uint64_t document = order(i % sizes.costs.size());
    const std::int64_t cost = sizes.costs[document];
    std::int64_t taken = std::min(cost, left);
    // what no document could fill is kept for the next by a shorter cut here
    if (const std::int64_t rest = left - taken; rest > 0 && rest < least && taken >= 2 * least) taken -= least - rest;
    if (taken == cost && i < sizes.costs.size()) {
      take.once_more[document] = true;
    } else {
      take.cut.emplace(static_cast<std::int64_t>(document), taken);
    }
    left -= taken;
  }
  return take;
}

std::string_view cut_to(std::string_view text, std::int64_t target, const std::function<std::int64_t(std::string_view)>& cost) {
  std::vector<std::size_t> ends;  // of characters
  for (std::size_t at = 1; at <= text.size(); ++at)
    if (at == text.size() || starts_character(text[at])) ends.push_back(at);
  const auto cost_of = [&](std::size_t i) { return cost(text.substr(0, ends[i])); };
  // costs rise with the length but for a step back here and there: halve, then look around
  std::size_t low = 0, high = ends.size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (cost_of(middle) <= target) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  constexpr std::size_t kAround = 64;
  std::string_view best;
  std::int64_t best_cost = -1;
  for (std::size_t i = std::min(ends.size(), low + kAround); i > (low > kAround ? low - kAround : 0); --i) {
    const std::int64_t here = cost_of(i - 1);
    if (here > target || here <= best_cost) continue;
    best = text.substr(0, ends[i - 1]);
    best_cost = here;
    if (here == target) break;
  }
  return best;
}

}  // namespace corpus

void validate(const MixOptions& options) {
  constexpr double kSumTolerance = 1e-6;
  const auto refuse = [](const std::string& subject, const std::string& problem, const std::string& hint = {}) {
    throw Error(Fault::usage, subject, problem, hint);
  };
  if (options.budget < 1) refuse("--" + options.unit.name, "is " + std::to_string(options.budget) + ", expected 1 or more");
  if (!(std::isfinite(options.max_epochs) && options.max_epochs > 0))
    refuse("--max-epochs", "is " + format_number(options.max_epochs) + ", expected a finite number above 0");
  if (options.part_bytes < 1) refuse("part_bytes", "is " + std::to_string(options.part_bytes) + ", expected 1 or more");
  const int ways = (options.weights.empty() ? 0 : 1) + (options.temperature ? 1 : 0) + (options.preset.empty() ? 0 : 1);
  if (ways != 1)
    refuse(
        "data mix", ways == 0 ? "no weights given" : "several ways to weigh given, expected one",
        "give --weights NAME=SHARE,..., --temperature T or --preset NAME; `isoflop data stats --counts-only` names the sources");
  double sum = 0;
  for (const auto& [name, weight] : options.weights) {
    if (!(std::isfinite(weight) && weight >= 0))
      refuse("--weights", "`" + name + "` is " + format_number(weight) + ", expected a number from 0");
    sum += weight;
  }
  if (!options.weights.empty() && !(sum > 0)) refuse("--weights", "every weight is 0", "give a source a weight above 0");
  if (!options.weights.empty() && !options.normalise && std::fabs(sum - 1) > kSumTolerance)
    refuse("--weights", "the weights sum to " + format_significant(sum, 6) + ", expected 1",
           "mend them, or scale them with --normalise");
  if (options.temperature && !(std::isfinite(*options.temperature) && *options.temperature >= 0))
    refuse("--temperature", "is " + format_number(*options.temperature) + ", expected a number from 0",
           "1 keeps natural proportions, 0 makes all sources alike");
  if (options.preset.empty()) return;
  const std::vector<std::string> domains = corpus::domains_of(corpus::preset_named(options.preset));
  for (const auto& [name, domain] : options.as) {
    if (std::find(domains.begin(), domains.end(), domain) == domains.end())
      refuse("--as", "preset " + options.preset + " has no domain `" + domain + "`",
             "its domains are " + corpus::listed(domains));
  }
}

}  // namespace isoflop
