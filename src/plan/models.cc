// Published models: data/published_models.toml, embedded at build. What the keys mean stands at the top of that file.
#include "plan/models.h"

#include <toml++/toml.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "base/check.h"

namespace isoflop {

namespace embedded {
extern const std::string_view published_models_toml;
}

namespace plan {
namespace {

KnownModel model_of(const std::string& name, const toml::table& table) {
  static const std::set<std::string_view> kKeys{"families", "params", "active",       "also",        "tokens", "flops",
                                                "flagship", "date",   "device_hours", "accelerator", "source"};
  for (const auto& [key, value] : table) ISOFLOP_CHECK(kKeys.contains(key.str()));
  KnownModel model;
  PublishedModel& m = model.facts;
  m.name = name;
  for (const toml::node& word : *table["families"].as_array()) m.families.push_back(word.value<std::string>().value());
  m.params = table["params"].value<double>().value();
  if (const toml::array* also = table["also"].as_array())
    for (const toml::node& count : *also) m.also_called.push_back(count.value<double>().value());
  m.active_params = table["active"].value<double>();
  m.tokens = table["tokens"].value<double>();
  m.flops = table["flops"].value<double>();
  m.device_hours = table["device_hours"].value<double>();
  m.accelerator = table["accelerator"].value_or(std::string());
  m.date = table["date"].value_or(std::string());
  m.source = table["source"].value<std::string>().value();
  model.flagship = table["flagship"].value_or(false);
  return model;
}

}  // namespace

const std::vector<KnownModel>& known_models() {
  static const std::vector<KnownModel> kModels = [] {
    const toml::table file = toml::parse(embedded::published_models_toml, std::string_view("data/published_models.toml"));
    std::vector<std::pair<toml::source_index, KnownModel>> found;
    for (const auto& [name, node] : file)
      found.emplace_back(node.source().begin.line, model_of(std::string(name.str()), *node.as_table()));
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<KnownModel> models;
    for (auto& [line, model] : found) models.push_back(std::move(model));
    return models;
  }();
  return kModels;
}

}  // namespace plan

const std::vector<PublishedModel>& published_models() {
  static const std::vector<PublishedModel> kModels = [] {
    std::vector<PublishedModel> models;
    for (const plan::KnownModel& model : plan::known_models()) models.push_back(model.facts);
    return models;
  }();
  return kModels;
}

}  // namespace isoflop
