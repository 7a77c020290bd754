#include "lab/toml_reader.h"

#include <algorithm>

#include "isoflop/text.h"

namespace isoflop::lab {

std::string TomlReader::where(const toml::source_region& region) const {
  if (region.begin.line == 0) return subject_;
  return subject_ + ":" + std::to_string(region.begin.line) + ":" + std::to_string(region.begin.column);
}

void TomlReader::fail(const char* key, const std::string& problem, const std::string& hint) const {
  const toml::node* node = table_.get(key);
  throw Error(Fault::bad_study, where(node != nullptr ? node->source() : table_.source()), "`" + path_ + key + "`: " + problem,
              hint);
}

void TomlReader::wrong_type(const char* key, const toml::node& node, const char* expected) const {
  throw Error(Fault::bad_study, where(node.source()), "`" + path_ + key + "` must be " + expected);
}

const toml::node* TomlReader::find(const char* key) {
  asked_.emplace_back(key);
  return table_.get(key);
}

std::optional<std::string> TomlReader::text(const char* key) {
  const toml::node* node = find(key);
  if (node == nullptr) return std::nullopt;
  if (const auto value = node->value_exact<std::string>()) return *value;
  wrong_type(key, *node, "a string");
}

std::optional<double> TomlReader::number(const char* key) {
  const toml::node* node = find(key);
  if (node == nullptr) return std::nullopt;
  if (node->is_number()) return node->value<double>();
  wrong_type(key, *node, "a number");
}

std::optional<std::int64_t> TomlReader::integer(const char* key) {
  const toml::node* node = find(key);
  if (node == nullptr) return std::nullopt;
  if (const auto value = node->value_exact<std::int64_t>()) return *value;
  wrong_type(key, *node, "a whole number");
}

std::optional<bool> TomlReader::boolean(const char* key) {
  const toml::node* node = find(key);
  if (node == nullptr) return std::nullopt;
  if (const auto value = node->value_exact<bool>()) return *value;
  wrong_type(key, *node, "true or false");
}

std::optional<std::vector<std::string>> TomlReader::texts(const char* key) {
  const toml::node* node = find(key);
  if (node == nullptr) return std::nullopt;
  if (const auto value = node->value_exact<std::string>()) return std::vector{*value};
  const toml::array* array = node->as_array();
  if (array == nullptr) wrong_type(key, *node, "a string or an array of strings");
  std::vector<std::string> values;
  for (const toml::node& element : *array) {
    const auto value = element.value_exact<std::string>();
    if (!value) wrong_type(key, element, "an array of strings");
    values.push_back(*value);
  }
  return values;
}

std::optional<std::vector<std::int64_t>> TomlReader::integers(const char* key) {
  const toml::node* node = find(key);
  if (node == nullptr) return std::nullopt;
  if (const auto value = node->value_exact<std::int64_t>()) return std::vector{*value};
  const toml::array* array = node->as_array();
  if (array == nullptr) wrong_type(key, *node, "a whole number or an array of them");
  std::vector<std::int64_t> values;
  for (const toml::node& element : *array) {
    const auto value = element.value_exact<std::int64_t>();
    if (!value) wrong_type(key, element, "an array of whole numbers");
    values.push_back(*value);
  }
  return values;
}

std::optional<TomlReader> TomlReader::table(const char* key) {
  const toml::node* node = find(key);
  if (node == nullptr) return std::nullopt;
  const toml::table* inner = node->as_table();
  if (inner == nullptr) wrong_type(key, *node, "a table");
  return TomlReader(*inner, subject_, path_ + key + ".");
}

std::vector<TomlReader> TomlReader::tables(const char* key) {
  std::vector<TomlReader> readers;
  const toml::node* node = find(key);
  if (node == nullptr) return readers;
  const toml::array* array = node->as_array();
  if (array == nullptr) wrong_type(key, *node, "an array of tables ([[models]])");
  for (const toml::node& element : *array) {
    const toml::table* inner = element.as_table();
    if (inner == nullptr) wrong_type(key, element, "an array of tables ([[models]])");
    readers.emplace_back(*inner, subject_, path_ + key + ".");
  }
  return readers;
}

bool TomlReader::is_word(const char* key, const char* word) {
  const toml::node* node = table_.get(key);
  if (node == nullptr || node->value_exact<std::string>() != std::optional<std::string>(word)) return false;
  asked_.emplace_back(key);
  return true;
}

void TomlReader::finish() const {
  for (const auto& [key, node] : table_) {
    const std::string name(key.str());
    if (std::find(asked_.begin(), asked_.end(), name) != asked_.end()) continue;
    const auto close = nearest(name, asked_);
    throw Error(Fault::bad_study, where(key.source()), "unknown key `" + path_ + name + "`",
                close ? "did you mean `" + path_ + *close + "`?" : "docs/formats/study.md lists the keys");
  }
}

}  // namespace isoflop::lab
