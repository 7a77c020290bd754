#include "laws/frontier.h"

#include "laws/optimum_laws.h"

namespace isoflop::laws {
namespace {

std::variant<LawAt, Frontier::OfOne, AllocationRule> law_at(const std::string& name,
                                                            const std::map<std::string, double>& constants,
                                                            const std::map<std::string, double>& held) {
  (void)frontier_axis(name);
  if (optimum_law(name)) {
    AllocationRule rule = allocation_rule(name, constants);
    if (!rule.loss)
      throw Error(Fault::bad_data, name, "its optima have no losses, so there is no L*(C)", "a column `loss` in every row");
    return rule;
  }
  const Law& law = law_named(name);
  if (law.additive) return LawAt(name, constants, held);
  Theta theta{};
  for (int i = 0; i < law.size(); ++i) theta[i] = law.parameter_of(i, constants.at(law.constants[i].name));
  return Frontier::OfOne{&law, theta};
}

}  // namespace

Frontier::Frontier(const std::string& law, const std::map<std::string, double>& constants,
                   const std::map<std::string, double>& held)
    : law_(law_at(law, constants, held)) {}

double Frontier::loss(double x) const {
  if (const auto* law = std::get_if<LawAt>(&law_)) return law->optimum(x).loss;
  if (const auto* rule = std::get_if<AllocationRule>(&law_)) return rule->loss->loss(x);
  const OfOne& law = std::get<OfOne>(law_);
  return value_of(*law.law, law.theta, {x});
}

std::optional<Optimum> Frontier::model(double flops) const {
  if (const auto* law = std::get_if<LawAt>(&law_)) return law->optimum(flops);
  if (const auto* rule = std::get_if<AllocationRule>(&law_)) return rule->optimum(flops);
  return std::nullopt;
}

std::string frontier_axis(const std::string& name) {
  const std::string axis = law_info(name).frontier;
  if (!axis.empty()) return axis;
  std::string known;
  for (const LawInfo& law : known_laws())
    if (!law.frontier.empty()) known += (known.empty() ? "" : ", ") + law.name;
  throw Error(Fault::usage, "--law", "`" + name + "` has no least loss over compute", "laws that have: " + known);
}

Frontiers frontiers_of(const Fit& fit, const std::map<std::string, double>& held) {
  Frontiers frontiers{.best = Frontier(fit.law, fit.constants, held), .draws = {}};
  for (const std::vector<double>& draw : fit.draws) {
    std::map<std::string, double> constants;
    for (std::size_t i = 0; i < draw.size(); ++i)
      if (fit.constants.contains(fit.draw_names[i])) constants[fit.draw_names[i]] = draw[i];
    frontiers.draws.emplace_back(fit.law, constants, held);
  }
  return frontiers;
}

}  // namespace isoflop::laws
