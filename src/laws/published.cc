// Published laws: data/published_laws.toml, embedded at build. What the keys mean stands at the top of that file.
#include "laws/published.h"

#include <toml++/toml.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "base/check.h"
#include "base/math.h"
#include "laws/law.h"

namespace isoflop {

namespace embedded {
extern const std::string_view published_laws_toml;
}

namespace {

std::string word(const toml::table& table, const char* key) {
  return table[key].value_or(std::string());
}

/// K and a of laws printed with a scale or a unit; power_n calls them a and b.
std::pair<std::string, std::string> power_of(const std::string& law) {
  return law == "power_n" ? std::pair<std::string, std::string>{"a", "b"} : std::pair<std::string, std::string>{"K", "a"};
}

PublishedLaw law_of(const std::string& name, const toml::table& table) {
  static const std::set<std::string_view> kKeys{"law", "constants", "ln", "scale", "unit", "n", "flops", "range", "fitted_flops", "flops_per", "source", "note"};
  for (const auto& [key, value] : table) ISOFLOP_CHECK(kKeys.contains(key.str()));
  PublishedLaw law{.name = name,
                   .law = word(table, "law"),
                   .constants = {},
                   .source = word(table, "source"),
                   .n_convention = word(table, "n"),
                   .flops_convention = word(table, "flops"),
                   .range = word(table, "range"),
                   .fitted_flops = {},
                   .flops_per = table["flops_per"].value_or(kFlopsPerParamToken),
                   .note = word(table, "note")};
  const auto read = [&](const char* key, bool ln) {
    if (const toml::table* constants = table[key].as_table())
      for (const auto& [constant, value] : *constants) {
        const double number = value.value<double>().value();
        law.constants[std::string(constant.str())] = ln ? exp_(number) : number;
      }
  };
  read("constants", false);
  read("ln", true);
  if (const toml::array* ends = table["fitted_flops"].as_array())
    law.fitted_flops.emplace(ends->at(0).value<double>().value(), ends->at(1).value<double>().value());
  const auto [coefficient, exponent] = power_of(law.law);
  if (const auto scale = table["scale"].value<double>()) law.constants[coefficient] = pow_(*scale, law.constants.at(exponent));
  if (const auto unit = table["unit"].value<double>()) law.constants.at(coefficient) *= pow_(*unit, -law.constants.at(exponent));
  return law;
}

/// In the order of the file.
std::vector<PublishedLaw> read_laws() {
  const toml::table file = toml::parse(embedded::published_laws_toml, std::string_view("data/published_laws.toml"));
  std::vector<std::pair<toml::source_index, PublishedLaw>> found;
  for (const auto& [name, node] : file) {
    ISOFLOP_CHECK(node.is_table());
    found.emplace_back(node.source().begin.line, law_of(std::string(name.str()), *node.as_table()));
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<PublishedLaw> laws;
  for (auto& [line, law] : found) laws.push_back(std::move(law));
  return laws;
}

/// "what" counts one thing in the law and another, or nobody knows what, in the table.
void compare_conventions(const std::string& what, const std::string& law, const std::string& table, std::vector<Warning>& warnings) {
  if (law.empty() || law == table) return;
  warnings.push_back({"other_convention", "the law's " + what + " counts " + law + ", the table's " +
                                              (table == "unstated" ? "is not stated" : "counts " + table)});
}

}  // namespace

const std::vector<PublishedLaw>& published_laws() {
  static const std::vector<PublishedLaw> kLaws = read_laws();
  return kLaws;
}

const PublishedLaw& published_law(const std::string& name) {
  std::vector<std::string> names;
  std::string known;
  for (const PublishedLaw& law : published_laws()) {
    if (law.name == name) return law;
    names.push_back(law.name);
    known += (known.empty() ? "" : ", ") + law.name;
  }
  const auto near = nearest(name, names);
  throw Error(Fault::usage, "--law", "no published law `" + name + "`", (near ? "did you mean `" + *near + "`? " : "") + "known: " + known);
}

namespace laws {

FitResult evaluate_published(const Observations& table, const std::string& name, const FitOptions& options) {
  const PublishedLaw& published = published_law(name);
  FitOptions given = options;
  given.fixed = published.constants;
  FitResult result = fit_law(table, published.law, given);
  if (!result.fit) return result;
  Fit& fit = *result.fit;
  fit.law = kPublished + published.name;
  const Law& law = law_named(published.law);
  std::vector<Warning> said;
  for (const Input& input : law.inputs) {
    if (input.column == "params") compare_conventions("N", published.n_convention, fit.n_convention, said);
    if (input.column == "flops") compare_conventions("C", published.flops_convention, fit.flops_convention, said);
  }
  if (!published.note.empty()) said.push_back({"published_note", published.note});
  fit.warnings.insert(fit.warnings.end(), said.begin(), said.end());
  result.warnings = fit.warnings;
  return result;
}

}  // namespace laws
}  // namespace isoflop
