// Published laws: data/published_laws.toml, embedded at build. What the keys mean stands at the top of that file.
#include "laws/published.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>

#include "base/check.h"
#include "base/math.h"
#include "isoflop/text.h"
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

ResampledConstants resampled_of(const toml::table& table, int size) {
  ResampledConstants resampled{.mean = {}, .covariance = {}, .source = word(table, "source")};
  const auto append = [](const toml::node& list, std::vector<double>& numbers) {
    for (const toml::node& number : *list.as_array()) numbers.push_back(number.value<double>().value());
  };
  append(*table.get("mean"), resampled.mean);
  for (const toml::node& row : *table["covariance"].as_array()) append(row, resampled.covariance);
  ISOFLOP_CHECK(std::ssize(resampled.mean) == size && std::ssize(resampled.covariance) == size * (size + 1) / 2);
  return resampled;
}

PublishedLaw law_of(const std::string& name, const toml::table& table) {
  static const std::set<std::string_view> kKeys{"law",   "constants", "ln",           "scale",     "unit",   "n",   "flops",
                                               "range", "fitted_flops", "flops_per", "source", "note", "resampled"};
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
  if (const toml::table* resampled = table["resampled"].as_table())
    law.resampled = resampled_of(*resampled, laws::law_named(law.law).size());
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
void compare_conventions(const std::string& what, const std::string& law, const std::string& table,
                         std::vector<Warning>& warnings) {
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
  throw Error(Fault::usage, "--law", "no published law `" + name + "`",
              (near ? "did you mean `" + *near + "`? " : "") + "known: " + known);
}

std::optional<Interval> published_interval(const PublishedLaw& published, const std::map<std::string, double>& inputs,
                                           double level) {
  if (!published.resampled) return std::nullopt;
  const laws::Law& law = laws::law_named(published.law);
  laws::Rows point{.count = 1, .inputs = {}, .response = {1}, .weight = {1}};
  for (const laws::Input& input : law.inputs) {
    const auto given = inputs.find(input.column);
    if (given == inputs.end() || !(given->second > 0) || !std::isfinite(given->second))
      throw Error(Fault::usage, published.name,
                  "`" + input.column + "` is " + (given == inputs.end() ? "missing" : format_number(given->second)) +
                      ", expected a positive number");
    point.inputs.push_back({input.ln ? log_(given->second) : given->second});
  }
  laws::fill_up(point);
  const auto size = static_cast<std::size_t>(law.size());
  const ResampledConstants& resampled = *published.resampled;
  laws::Theta theta{};
  std::copy(resampled.mean.begin(), resampled.mean.end(), theta.begin());
  std::vector<double> ln_value(point.response.size()), gradient(point.response.size() * size);
  law.predict(theta, point, true, ln_value.data(), gradient.data());
  double variance = 0;
  for (std::size_t i = 0, at = 0; i < size; ++i)
    for (std::size_t j = 0; j <= i; ++j, ++at)
      variance += (i == j ? 1 : 2) * gradient[i] * gradient[j] * resampled.covariance[at];
  const double half = student_t_quantile(0.5 + 0.5 * level, 1e6) * std::sqrt(variance);
  return Interval{exp_(ln_value[0] - half), exp_(ln_value[0] + half), level};
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
