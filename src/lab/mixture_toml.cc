#include "lab/mixture_toml.h"

#include <algorithm>
#include <cmath>

namespace isoflop::lab {
namespace {

template <class T, class U>
void set(T& target, const std::optional<U>& value) {
  if (value) target = static_cast<T>(*value);
}

toml::table source_table(const MixtureSource& source) {
  toml::array inputs;
  for (const std::string& input : source.inputs) inputs.push_back(input);
  return toml::table{{"name", source.name}, {"inputs", inputs}};
}

MixtureSource read_source(TomlReader& reader) {
  MixtureSource source;
  set(source.name, reader.text("name"));
  set(source.inputs, reader.texts("inputs"));
  if (source.name.empty() || source.name.find_first_of(",=\"\n ") != std::string::npos)
    reader.fail("name", "must be a word without spaces, commas, quotes or =");
  if (source.inputs.empty()) reader.fail("inputs", "names no text");
  reader.finish();
  return source;
}

}  // namespace

MixtureStudy read_mixture(TomlReader& reader) {
  MixtureStudy mixture;
  for (TomlReader& source : reader.tables("sources")) {
    mixture.sources.push_back(read_source(source));
    for (std::size_t i = 0; i + 1 < mixture.sources.size(); ++i)
      if (mixture.sources[i].name == mixture.sources.back().name)
        source.fail("name", "`" + mixture.sources.back().name + "` stands twice");
  }
  if (mixture.sources.size() < 2)
    reader.fail("sources", "holds " + std::to_string(mixture.sources.size()) + ", expected 2 or more",
                "add [[mixture.sources]] tables with name and inputs");
  if (auto text = reader.table("target_text")) mixture.target_text = read_source(*text);
  std::vector<std::string> losses;
  for (const MixtureSource& source : mixture.sources) losses.push_back(source.name);
  if (mixture.target_text) {
    if (std::count(losses.begin(), losses.end(), mixture.target_text->name) > 0)
      reader.fail("target_text", "has the name of a source", "a source's held-out text is scored anyway");
    losses.push_back(mixture.target_text->name);
  }
  for (const std::string& name : reader.texts("target").value_or(std::vector<std::string>{})) {
    if (std::count(losses.begin(), losses.end(), name) == 0) {
      const auto near = nearest(name, losses);
      reader.fail("target", "`" + name + "` is no source", near ? "did you mean " + *near + "?" : "");
    }
    if (std::count(mixture.target.begin(), mixture.target.end(), name) > 0) reader.fail("target", "`" + name + "` stands twice");
    mixture.target.push_back(name);
  }
  set(mixture.law, reader.text("law"));
  const auto& laws = known_mixture_laws();
  if (std::none_of(laws.begin(), laws.end(), [&](const LawInfo& law) { return law.name == mixture.law; }))
    reader.fail("law", "no mixture law `" + mixture.law + "`", "log_linear, linear, additive or trees");
  set(mixture.proxies, reader.integer("proxies"));
  set(mixture.max_epochs, reader.number("max_epochs"));
  set(mixture.learning_rates, reader.integer("learning_rates"));
  set(mixture.small_rate, reader.number("small_rate"));
  if (const auto seed = reader.integer("seed")) {
    if (*seed < 0) reader.fail("seed", "must not be negative");
    mixture.seed = static_cast<std::uint64_t>(*seed);
  }
  if (mixture.proxies < 4 || mixture.proxies > 100000) reader.fail("proxies", "must be from 4 to 100,000");
  if (!(mixture.max_epochs > 0 && std::isfinite(mixture.max_epochs)))
    reader.fail("max_epochs", "must be a finite number above 0");
  if (mixture.learning_rates != 1 && mixture.learning_rates != 2) reader.fail("learning_rates", "must be 1 or 2");
  if (!(mixture.small_rate > 0 && mixture.small_rate < 1)) reader.fail("small_rate", "must lie between 0 and 1");
  reader.finish();
  return mixture;
}

toml::table toml_of(const MixtureStudy& mixture) {
  toml::array sources, target;
  for (const MixtureSource& source : mixture.sources) sources.push_back(source_table(source));
  for (const std::string& name : mixture.target) target.push_back(name);
  toml::table table{{"sources", sources},
                    {"law", mixture.law},
                    {"proxies", mixture.proxies},
                    {"max_epochs", mixture.max_epochs},
                    {"learning_rates", mixture.learning_rates},
                    {"small_rate", mixture.small_rate},
                    {"seed", static_cast<std::int64_t>(mixture.seed)}};
  if (!mixture.target.empty()) table.insert("target", target);
  if (mixture.target_text) table.insert("target_text", source_table(*mixture.target_text));
  return table;
}

}  // namespace isoflop::lab
