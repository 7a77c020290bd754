// Accelerators: data/hardware.toml, embedded at build. What the keys mean stands at the top of that file.
#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <string_view>

#include "base/json.h"
#include "isoflop/text.h"
#include "isoflop/cost.h"

namespace isoflop {

namespace embedded {
extern const std::string_view hardware_toml;
}

namespace {

/// "H100 SXM", "h100_sxm" and "h100-sxm" are one name.
std::string key_of(const std::string& name) {
  std::string key;
  for (const char c : name)
    if (c != ' ' && c != '-' && c != '_') key += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return key;
}

/// One table of the file; what is wrong in it is named by line.
class Entry {
 public:
  Entry(const std::string& name, const toml::table& table, const std::string& subject)
      : name_(name), table_(table), subject_(subject) {}

  Accelerator read() {
    check_keys();
    Accelerator a;
    a.name = name_;
    a.title = text("title");
    if (a.title.empty()) fail(table_, "key `title` is missing");
    a.peak_flops = 1e12 * need("peak_tflops");
    a.memory_bytes = 1e9 * need("memory_gb");
    if (const auto dtype = text("dtype"); !dtype.empty()) a.dtype = dtype;
    if (const auto tops = number("peak_8bit_tops")) a.peak_8bit = 1e12 * *tops;
    if (const auto tb = number("bandwidth_tb")) a.bytes_per_second = 1e12 * *tb;
    a.watts = number("watts");
    a.devices_per_node = static_cast<std::int64_t>(number("devices_per_node").value_or(8));
    a.server_factor = number("server_factor").value_or(1);
    a.usd_to_buy = number("usd_to_buy");
    a.usd_per_hour = price();
    a.aliases = aliases();
    a.source = text("source");
    a.date = text("date");
    return a;
  }

 private:
  [[noreturn]] void fail(const toml::node& node, const std::string& problem, const std::string& hint = {}) const {
    throw Error(Fault::bad_data, subject_ + ":" + std::to_string(node.source().begin.line) + ": [" + name_ + "]", problem, hint);
  }

  void check_keys() const {
    static const std::vector<std::string> kKeys{"title",     "aliases", "peak_tflops",  "dtype",        "peak_8bit_tops",
                                                "memory_gb", "watts",   "bandwidth_tb", "usd_to_buy",   "devices_per_node",
                                                "source",    "date",    "usd_per_hour", "server_factor"};
    for (const auto& [key, node] : table_) {
      const std::string word(key.str());
      if (std::find(kKeys.begin(), kKeys.end(), word) != kKeys.end()) continue;
      const auto near = nearest(word, kKeys);
      fail(node, "unknown key `" + word + "`", near ? "did you mean `" + *near + "`?" : "");
    }
  }

  std::string text(const char* key) const {
    const toml::node* node = table_.get(key);
    if (node == nullptr) return {};
    const auto value = node->value<std::string>();
    if (!value) fail(*node, "key `" + std::string(key) + "` is not text");
    return *value;
  }

  double positive(const toml::node& node, const char* key) const {
    const auto value = node.value<double>();
    if (!value || !(*value > 0) || !(*value < 1e300)) fail(node, "key `" + std::string(key) + "` is not a finite number above 0");
    return *value;
  }

  std::optional<double> number(const char* key) const {
    const toml::node* node = table_.get(key);
    return node == nullptr ? std::nullopt : std::optional(positive(*node, key));
  }

  double need(const char* key) const {
    const auto value = number(key);
    if (!value) fail(table_, "key `" + std::string(key) + "` is missing");
    return *value;
  }

  std::optional<PriceRange> price() const {
    const toml::node* node = table_.get("usd_per_hour");
    if (node == nullptr) return std::nullopt;
    if (node->is_number()) {
      const double value = positive(*node, "usd_per_hour");
      return PriceRange{value, value, value};
    }
    const toml::array* list = node->as_array();
    if (list == nullptr || list->size() != 3) fail(*node, "key `usd_per_hour` is neither a number nor [least, typical, most]");
    const PriceRange range{positive(*list->get(0), "usd_per_hour"), positive(*list->get(1), "usd_per_hour"),
                           positive(*list->get(2), "usd_per_hour")};
    if (!(range.low <= range.typical && range.typical <= range.high)) fail(*node, "key `usd_per_hour` does not ascend");
    return range;
  }

  std::vector<std::string> aliases() const {
    std::vector<std::string> all;
    const toml::node* node = table_.get("aliases");
    if (node == nullptr) return all;
    const toml::array* list = node->as_array();
    if (list == nullptr) fail(*node, "key `aliases` is not a list");
    for (const toml::node& one : *list) {
      const auto word = one.value<std::string>();
      if (!word) fail(one, "key `aliases` holds something other than text");
      all.push_back(*word);
    }
    return all;
  }

  const std::string& name_;
  const toml::table& table_;
  const std::string& subject_;
};

bool is_called(const Accelerator& a, const std::string& key) {
  return key_of(a.name) == key ||
         std::any_of(a.aliases.begin(), a.aliases.end(), [&](const auto& alias) { return key_of(alias) == key; });
}

}  // namespace

std::vector<Accelerator> accelerators_from_toml(const std::string& text, const std::string& subject) {
  toml::table file;
  try {
    file = toml::parse(text, subject);
  } catch (const toml::parse_error& error) {
    throw Error(Fault::bad_data, subject + ":" + std::to_string(error.source().begin.line), std::string(error.description()));
  }
  std::vector<std::pair<toml::source_index, Accelerator>> found;
  for (const auto& [key, node] : file) {
    const std::string name(key.str());
    const toml::table* table = node.as_table();
    const toml::source_index line = node.source().begin.line;
    if (table == nullptr)
      throw Error(Fault::bad_data, subject + ":" + std::to_string(line), "`" + name + "` is not a table",
                  "write [" + name + "] above the keys of an accelerator");
    found.emplace_back(line, Entry(name, *table, subject).read());
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Accelerator> all;
  for (auto& [line, accelerator] : found) all.push_back(std::move(accelerator));
  return all;
}

const std::vector<Accelerator>& accelerators() {
  static const std::vector<Accelerator> kAll = accelerators_from_toml(std::string(embedded::hardware_toml), "data/hardware.toml");
  return kAll;
}

Accelerator accelerator_from_bench(const std::string& json, const std::string& subject) {
  const Json file = parse_json(json, subject);
  const Json machine = json_get<Json>(file, "machine", subject), peak = json_get<Json>(file, "peak", subject);
  const double fp32 = json_get<double>(peak, "fp32_gflops", subject);
  const double bf16 = json_find<double>(peak, "bf16_gflops", subject).value_or(0);
  Accelerator a;
  a.name = "this-machine";
  a.title = json_get<std::string>(machine, "cpu", subject);
  a.peak_flops = 1e9 * std::max(fp32, bf16);
  a.dtype = bf16 > fp32 ? "bf16" : "fp32";
  a.memory_bytes = json_get<double>(machine, "memory_bytes", subject);
  a.bytes_per_second = 1e9 * json_get<double>(peak, "read_gbs", subject);
  a.devices_per_node = 1;
  a.source = "isoflop bench";
  if (!(a.peak_flops > 0) || !(a.memory_bytes > 0))
    throw Error(Fault::bad_data, subject, "its peak or its memory is not above 0");
  return a;
}

const Accelerator& find_accelerator(const std::string& name, const std::vector<Accelerator>& own) {
  const std::string key = key_of(name);
  std::vector<std::string> words;
  std::string listed;
  for (const std::vector<Accelerator>* list : {&own, &accelerators()}) {
    for (const Accelerator& a : *list) {
      if (is_called(a, key)) return a;
      words.push_back(a.name);
      words.insert(words.end(), a.aliases.begin(), a.aliases.end());
      listed += (listed.empty() ? "" : ", ") + a.name;
    }
  }
  // "A1000" is near a100 in letters; what begins alike is named too
  std::string near;
  if (const auto one = nearest(key, words)) near = "`" + *one + "`";
  for (const std::string& word : words) {
    const std::string other = key_of(word);
    const bool alike = key.size() >= 2 && (other.starts_with(key) || (other.size() >= 4 && key.starts_with(other)));
    if (alike && near.find("`" + word + "`") == std::string::npos) near += (near.empty() ? "`" : ", `") + word + "`";
  }
  throw Error(
      Fault::usage, "accelerator `" + name + "`", "is not known",
      (near.empty() ? "" : "did you mean " + near + "? ") + "known: " + listed + "; a file of your own is read by --hardware");
}

std::pair<Accelerator, std::int64_t> parse_devices(const std::string& text, const std::vector<Accelerator>& own) {
  const std::size_t colon = text.rfind(':');
  const Accelerator& a = find_accelerator(text.substr(0, colon), own);
  if (colon == std::string::npos) return {a, 1};
  const auto count = parse_int(text.substr(colon + 1));
  if (!count || *count < 1)
    throw Error(Fault::usage, "devices `" + text + "`", "`" + text.substr(colon + 1) + "` is not a whole number above 0",
                "write it as H100:512");
  return {a, *count};
}

}  // namespace isoflop
