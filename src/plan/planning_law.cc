// Laws a plan can be made with: published ones, fits, and a fixed number of tokens per parameter.
#include <algorithm>
#include <cmath>

#include "isoflop/plan.h"
#include "isoflop/text.h"
#include "laws/draws.h"
#include "laws/law.h"
#include "laws/words.h"

namespace isoflop {
namespace {

constexpr std::string_view kPublished = "published:", kRatio = "tokens_per_param:";

using Constants = std::map<std::string, double>;

double constant(const Constants& constants, const std::string& name, const std::string& law) {
  const auto it = constants.find(name);
  if (it == constants.end()) throw Error(Fault::bad_data, law, "constant `" + name + "` is missing");
  return it->second;
}

/// The optimum as powers of C, where the law is one of those.
std::optional<AllocationRule> rule_of(const std::string& law, const Constants& c, double flops_per) {
  const auto with_params = [&](double k, double a) { return AllocationRule{k, a, 1 / (flops_per * k), 1 - a}; };
  const auto with_tokens = [&](double k, double b) { return AllocationRule{1 / (flops_per * k), 1 - b, k, b}; };
  if (law == "tokens_per_param") return with_params(std::sqrt(1 / (flops_per * constant(c, "ratio", law))), 0.5);
  if (law == "optimal_params") return with_params(constant(c, "K", law), constant(c, "a", law));
  if (law == "optimal_tokens") return with_tokens(constant(c, "K", law), constant(c, "a", law));
  if (c.contains("k_n")) return allocation_rule(law, c, flops_per);
  return std::nullopt;
}

bool usable(const AdditiveLaw& law) {
  const auto positive = [](double x) { return x > 0 && std::isfinite(x); };
  return std::isfinite(law.floor) && law.floor >= 0 && positive(law.a) && positive(law.b) && positive(law.alpha) &&
         positive(law.beta);
}

bool usable(const LossFrontier& loss) {
  return std::isfinite(loss.floor) && loss.floor >= 0 && loss.k > 0 && std::isfinite(loss.k) && loss.c > 0;
}

bool usable(const AllocationRule& rule) {
  return rule.k_n > 0 && rule.k_d > 0 && std::isfinite(rule.k_n) && std::isfinite(rule.k_d) && std::isfinite(rule.a) &&
         std::isfinite(rule.b) && (!rule.loss || usable(*rule.loss));
}

/// Of a law with FLOPs per token, M, in the place of N: C = M D, and N is M / 6.
std::optional<AllocationRule> rule_of(const PlanningLaw& law, const Constants& constants) {
  if (law.n_convention != kFlopsPerToken) return rule_of(law.law, constants, law.flops_per);
  auto rule = rule_of(law.law, constants, law.flops_per / kFlopsPerParamToken);
  if (rule) rule->k_n /= kFlopsPerParamToken;
  return rule;
}

/// `surface` or `rule`, from law and constants.
void read_constants(PlanningLaw& law) {
  law.rule = rule_of(law, law.constants);
  if (law.rule) {
    if (law.rule->loss && !usable(*law.rule->loss)) {
      law.rule->loss.reset();
      law.warnings.push_back({"no_frontier", "its L*(C) does not fall with C: no loss is planned with"});
    }
    if (!usable(*law.rule)) throw Error(Fault::bad_data, law.name, "its constants give no N*(C)");
    return;
  }
  law.surface = LawAt(law.law, law.constants, law.held).additive();
  if (!usable(*law.surface))
    throw Error(Fault::bad_data, law.name, "has no optimum: coefficients and exponents must be positive",
                "alpha = " + people(law.surface->alpha) + ", beta = " + people(law.surface->beta));
}

/// What a file does not hold is the file's fault, not the caller's.
void need_constants(const PlanningLaw& law, const std::string& subject) {
  for (const laws::Law& known : laws::all_laws())
    if (known.info.name == law.law)
      for (int i = 0; i < known.size(); ++i) (void)constant(law.constants, known.constants[i].name, subject);
}

/// The held inputs that the law reads; `active_share` turns N into what computes.
void take_held(PlanningLaw& law, const Constants& held) {
  law.held = held;
  for (const auto& [name, value] : held) {
    const auto reads = [&, &name = name](const LawInfo& known) {
      return known.name == law.law && std::find(known.inputs.begin(), known.inputs.end(), name) != known.inputs.end();
    };
    if (name != "active_share" && std::none_of(known_laws().begin(), known_laws().end(), reads))
      throw Error(Fault::usage, "--" + name, "the law " + law.name + " does not read it", "leave it out");
  }
  if (const auto share = held.find("active_share"); share != held.end()) {
    if (!(share->second > 0 && share->second <= 1))
      throw Error(Fault::usage, "--active-share", format_number(share->second) + " is not in (0, 1]");
    law.flops_per *= share->second;
    law.held.erase("active_share");
  }
}

/// A row a draw: its constants.
std::vector<Constants> read_draws(const PlanningLaw& law, const CsvTable& table) {
  std::map<std::string, std::size_t> column;
  for (const auto& [name, value] : law.constants) {
    const auto it = std::find(table.header.begin(), table.header.end(), name);
    if (it == table.header.end())
      throw Error(
          Fault::bad_data, table.subject, "no column `" + name + "`",
          "draws of " + law.law + " have a column of each constant: isoflop fit TABLE --law " + law.law + " --draws FILE");
    column[name] = static_cast<std::size_t>(it - table.header.begin());
  }
  std::vector<Constants> draws(table.rows.size());
  for (std::size_t row = 0; row < table.rows.size(); ++row)
    for (const auto& [name, at] : column) {
      const auto value = parse_double(table.rows[row][at]);
      if (!value)
        throw Error(Fault::bad_data, table.subject + ":" + std::to_string(table.lines[row]),
                    "column `" + name + "`: `" + table.rows[row][at] + "` is not a number");
      draws[row][name] = *value;
    }
  return draws;
}

/// The fit's own checksum says it; of a fit without one it shows where a constant lies outside all the draws, which lie about the
/// constants they were made from.
void refuse_draws_of_another_fit(const PlanningLaw& law, const std::vector<Constants>& draws, const std::string& subject) {
  if (!law.draws_sha256.empty() && laws::hash_of_draws(draws) != law.draws_sha256)
    throw Error(Fault::bad_data, subject, "its draws are not those that the fit " + law.name + " was made with",
                "write both in one call: isoflop fit TABLE --law " + law.law + " --draws DRAWS --json > LAW");
  if (draws.size() < kLeastDraws) return;
  for (const auto& [name, value] : law.constants) {
    const auto of_name = [&name](const Constants& draw) { return draw.at(name); };
    const double low = of_name(*std::ranges::min_element(draws, {}, of_name));
    const double high = of_name(*std::ranges::max_element(draws, {}, of_name));
    if (!law.held.contains(name) && (value < low || value > high))
      throw Error(Fault::bad_data, subject,
                  "its draws of " + name + " lie from " + format_significant(low, 5) + " to " + format_significant(high, 5) +
                      ", the law " + law.name + " has " + format_significant(value, 5) + ": they are of another fit",
                  "name the fit the draws were written with: --law FILE");
  }
}

PlanningLaw ratio_law(const std::string& name) {
  const auto ratio = parse_double(std::string_view(name).substr(kRatio.size()));
  if (!ratio || !(*ratio > 0) || !std::isfinite(*ratio))
    throw Error(Fault::usage, "--law", "`" + name + "` has no positive number", "e.g. tokens_per_param:20");
  PlanningLaw law;
  law.name = name;
  law.law = "tokens_per_param";
  law.constants = {{"ratio", *ratio}};
  law.source = "a rule of thumb: " + people(*ratio) + " tokens for each parameter";
  return law;
}

PlanningLaw from_published(const std::string& name) {
  const PublishedLaw& published = published_law(name.substr(kPublished.size()));
  PlanningLaw law;
  law.name = name;
  law.law = published.law;
  law.constants = published.constants;
  law.n_convention = published.n_convention;
  law.flops_convention = published.flops_convention;
  law.source = published.source;
  // N is M / 6
  law.flops_per = law.n_convention == kFlopsPerToken ? kFlopsPerParamToken * published.flops_per : published.flops_per;
  law.range = published.range;
  law.note = published.note;
  law.fitted_flops = published.fitted_flops;
  if (!published.note.empty()) law.warnings.push_back({"published_note", published.note});
  return law;
}

}  // namespace

PlanningLaw planning_law(const std::string& name, const Constants& held) {
  PlanningLaw law;
  if (name.starts_with(kRatio))
    law = ratio_law(name);
  else if (name.starts_with(kPublished))
    law = from_published(name);
  else {
    std::vector<std::string> names{"tokens_per_param:20"};
    for (const PublishedLaw& published : published_laws()) names.push_back(std::string(kPublished) + published.name);
    const auto near = nearest(std::string(kPublished) + name, names);
    throw Error(
        Fault::usage, "--law", "no law `" + name + "`",
        (near ? "did you mean `" + *near + "`? " : "") +
            std::string(
                "published:NAME (isoflop fit --list-laws), tokens_per_param:NUMBER, or a file that isoflop fit --json wrote"));
  }
  take_held(law, held);
  read_constants(law);
  return law;
}

PlanningLaw planning_law_from_json(const std::string& text, const std::string& subject, const std::string& name,
                                   const Constants& held) {
  const Fit fit = fit_from_json(text, subject, name);
  PlanningLaw law;
  law.name = subject + (name.empty() ? "" : "#" + name);
  law.law = fit.law.starts_with(kPublished) ? published_law(fit.law.substr(kPublished.size())).law : fit.law;
  law.constants = fit.constants;
  law.n_convention = fit.n_convention;
  law.flops_convention = fit.flops_convention;
  law.loss_kind = fit.loss_kind;
  law.source = fit.rows > 0 ? "fitted to " + plural(static_cast<std::size_t>(fit.rows), "row") : subject;
  law.widening = fit.interval_widening;
  law.draws_sha256 = laws::hash_of_draws(text, subject, name);
  if (!fit.intervals.empty()) law.level = fit.intervals.begin()->second.level;
  law.warnings = fit.warnings;
  const auto range = [&fit](const char* key) -> std::optional<std::pair<double, double>> {
    const auto it = fit.fitted_range.find(key);
    return it == fit.fitted_range.end() ? std::nullopt : std::optional(it->second);
  };
  law.fitted_flops = range("flops");
  law.fitted_ratio = range("tokens_per_param");
  if (const auto sd = fit.derived.find("residual_sd"); sd != fit.derived.end() && sd->second.value > 0)
    law.residual_sd = sd->second.value;
  need_constants(law, subject);
  take_held(law, held);
  read_constants(law);
  return law;
}

void add_draws(PlanningLaw& law, const CsvTable& table) {
  const std::vector<Constants> draws = read_draws(law, table);
  refuse_draws_of_another_fit(law, draws, table.subject);
  std::size_t left_out = 0;
  for (const Constants& constants : draws) {
    auto rule = rule_of(law, constants);
    if (rule && !law.rule->loss) rule->loss.reset();
    const auto surface = rule ? std::nullopt : LawAt(law.law, constants, law.held).additive();
    if (!(rule ? usable(*rule) : usable(*surface))) {
      ++left_out;
      continue;
    }
    if (rule) law.rule_draws.push_back(*rule);
    if (surface) law.draws.push_back(*surface);
    law.draw_constants.push_back(constants);
  }
  if (law.draw_constants.empty()) throw Error(Fault::bad_data, table.subject, "has no draw that gives an optimum");
  if (left_out > 0)
    law.warnings.push_back({"draws_left_out", plural(left_out, "draw") + " of " + plural(table.rows.size(), "draw") +
                                                  " have an exponent or coefficient that is not positive: no optimum"});
}

}  // namespace isoflop
