// The laws of this build.
#include <cmath>
#include <iterator>

#include "base/math.h"
#include "laws/formulas.h"
#include "laws/optimum_laws.h"
#include "laws/published.h"

namespace isoflop {
namespace laws {

const std::vector<Law>& all_laws() {
  static const std::vector<Law> kLaws = [] {
    std::vector<Law> laws{power_n(), chinchilla(), early_phase()};
    for (auto more : {power_laws(), kaplan_laws(), overtraining_laws(), repetition_laws(), expert_laws(), hyperparameter_laws(),
                      curve_laws()})
      std::move(more.begin(), more.end(), std::back_inserter(laws));
    return laws;
  }();
  return kLaws;
}

namespace {

[[noreturn]] void refuse_law(const std::string& name) {
  std::vector<std::string> names;
  std::string known;
  for (const LawInfo& law : known_laws()) {
    names.push_back(law.name);
    known += (known.empty() ? "" : ", ") + law.name;
  }
  const auto near = nearest(name, names);
  throw Error(Fault::usage, "--law", "no law `" + name + "`", near ? "did you mean `" + *near + "`?" : "known: " + known);
}

}  // namespace

const Law& law_named(const std::string& name) {
  for (const Law& law : all_laws())
    if (law.info.name == name) return law;
  refuse_law(name);
}

}  // namespace laws

const std::vector<LawInfo>& known_laws() {
  static const std::vector<LawInfo> kLaws = [] {
    std::vector<LawInfo> laws;
    for (const laws::Law& law : laws::all_laws()) {
      laws.push_back(law.info);
      for (const laws::Input& input : law.inputs) laws.back().inputs.push_back(input.column);
      laws.back().response = law.response;
      const bool of_one = law.response == "loss" && law.info.form_of[0] != '\0';
      if (law.additive || of_one) laws.back().frontier = law.additive ? "flops" : law.inputs[0].column;
    }
    for (const laws::OptimumLaw& law : laws::optimum_laws()) laws.push_back(law.info);
    return laws;
  }();
  return kLaws;
}

const LawInfo& law_info(const std::string& name) {
  if (name.starts_with(laws::kPublished)) return law_info(published_law(name.substr(sizeof(laws::kPublished) - 1)).law);
  for (const LawInfo& law : known_laws())
    if (law.name == name) return law;
  laws::refuse_law(name);
}

}  // namespace isoflop
