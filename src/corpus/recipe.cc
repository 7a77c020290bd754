#include "corpus/recipe.h"

#include <toml++/toml.h>

#include <algorithm>

#include "base/file.h"
#include "base/hash.h"
#include "base/output.h"
#include "isoflop/text.h"
#include "corpus/process.h"

namespace isoflop {

namespace embedded {
extern const std::string_view corpora_toml;
}

namespace corpus {
namespace {

namespace fs = std::filesystem;

template <class T>
T required(const toml::table& table, std::string_view key, const std::string& subject) {
  const std::optional<T> value = table[key].value<T>();
  if (!value) throw Error(Fault::bad_data, subject, "key `" + std::string(key) + "` is missing or of the wrong type");
  return *value;
}

std::vector<std::string> texts(const toml::table& table, std::string_view key, const std::string& subject) {
  std::vector<std::string> all;
  const toml::node* node = table.get(key);
  if (node == nullptr) return all;
  const toml::array* list = node->as_array();
  if (list == nullptr) throw Error(Fault::bad_data, subject, "key `" + std::string(key) + "` is not a list");
  for (const toml::node& item : *list) {
    const std::optional<std::string> text = item.value<std::string>();
    if (!text) throw Error(Fault::bad_data, subject, "key `" + std::string(key) + "` holds something other than text");
    all.push_back(*text);
  }
  return all;
}

Recipe parse_recipe(const std::string& name, const toml::table& table, const std::string& subject) {
  const auto text = [&](std::string_view key) { return required<std::string>(table, key, subject); };
  Recipe recipe;
  recipe.facts = {.name = name,
                  .title = text("title"),
                  .manager = text("manager"),
                  .package = text("package"),
                  .version = text("version"),
                  .licence = text("licence"),
                  .unpack = text("unpack"),
                  .documents = required<std::int64_t>(table, "documents", subject),
                  .characters = required<std::int64_t>(table, "characters", subject)};
  recipe.sha256 = text("sha256");
  recipe.source = table["source"].value_or(std::string());
  recipe.packages = texts(table, "packages", subject);
  recipe.files = texts(table, "files", subject);
  recipe.command = texts(table, "command", subject);
  recipe.titles = texts(table, "titles", subject);
  return recipe;
}

const std::vector<Recipe>& built_in_recipes() {
  static const std::vector<Recipe> recipes = parse_recipes(embedded::corpora_toml, "data/corpora.toml");
  return recipes;
}

bool is_whole(const fs::path& file, const std::string& sha256) {
  std::error_code error;
  return fs::is_regular_file(file, error) && sha256_hex(read_file(file)) == sha256;
}

void fetch_npm(const Recipe& recipe, const fs::path& folder, const Clients& clients, std::stop_token stop) {
  // npm checks the archive against the registry's own sha512; the sha256 of what we make of it is checked after
  const std::string spec = recipe.facts.package + "@" + recipe.facts.version;
  const fs::path archives = folder / "archives";
  make_folder(archives);
  (void)run_program({clients.npm, "pack", spec, "--pack-destination", archives.string(), "--silent"}, folder,
                    "install Node.js with npm (Debian: apt-get install npm), then run again",
                    "is the network there? npm's own settings (registry, proxy) are used", stop);
  for (const fs::directory_entry& archive : fs::directory_iterator(archives)) {
    (void)run_program({clients.tar, "-xzf", archive.path().string(), "-C", folder.string(), "--no-same-owner"}, folder,
                      "install tar", "", stop);
  }
}

void fetch_apt(const Recipe& recipe, const fs::path& folder, const Clients& clients, std::stop_token stop) {
  // no version: a release of the system carries one only; the text is pinned by the checksum of what comes out
  std::vector<std::string> words{clients.apt_get, "download", "--quiet"};
  words.insert(words.end(), recipe.packages.begin(), recipe.packages.end());
  const fs::path archives = folder / "archives";
  make_folder(archives);
  (void)run_program(words, archives, "this corpus comes from Debian's packages: it needs apt-get",
                    "is the network there, and has apt-get update been run?", stop);
  for (const fs::directory_entry& archive : fs::directory_iterator(archives)) {
    (void)run_program({clients.dpkg_deb, "-x", archive.path().string(), folder.string()}, folder, "install dpkg", "", stop);
  }
}

}  // namespace

std::vector<Recipe> parse_recipes(std::string_view text, const std::string& subject) {
  std::vector<Recipe> recipes;
  try {
    const toml::table root = toml::parse(text, subject);
    for (const auto& [key, node] : root) {
      const std::string name(key.str());
      const toml::table* table = node.as_table();
      if (table == nullptr) throw Error(Fault::bad_data, subject + ": " + name, "is not a table");
      recipes.push_back(parse_recipe(name, *table, subject + ": " + name));
    }
  } catch (const toml::parse_error& error) {
    throw Error(Fault::bad_data, subject + ":" + std::to_string(error.source().begin.line), std::string(error.description()));
  }
  return recipes;
}

void fetch_packages(const Recipe& recipe, const fs::path& folder, const Clients& clients, std::stop_token stop,
                    const std::function<void(std::string_view)>& doing) {
  doing(recipe.facts.package);
  if (recipe.facts.manager == "npm") return fetch_npm(recipe, folder, clients, stop);
  if (recipe.facts.manager == "apt") return fetch_apt(recipe, folder, clients, stop);
  throw Error(Fault::bad_data, recipe.facts.name, "package manager `" + recipe.facts.manager + "` is neither npm nor apt");
}

std::string get_by_recipe(const Recipe& recipe, const fs::path& cache_dir, const Clients& clients, std::stop_token stop,
                          const ProgressFn& progress) {
  const fs::path target = cache_dir / (recipe.facts.name + "-" + recipe.facts.version + ".jsonl");
  if (is_whole(target, recipe.sha256)) return target.string();

  make_folder(cache_dir);
  const ScratchFolder scratch(cache_dir, ".get-");
  const std::string stage = "get " + recipe.facts.name;
  const auto doing = [&](std::string_view what) {
    if (progress) progress({stage, 0, 0, "", what});
  };
  fetch_packages(recipe, scratch.path(), clients, stop, doing);
  doing("unpack");
  const std::string lines = unpack_to_json_lines(recipe, scratch.path(), stop);
  if (const std::string got = sha256_hex(lines); got != recipe.sha256) {
    throw Error(Fault::bad_data, recipe.facts.name,
                "came out otherwise than the recipe says: sha256 " + got + ", expected " + recipe.sha256,
                "the package " + recipe.facts.package + " is not the version " + recipe.facts.version +
                    " that the recipe was written for");
  }
  write_output(target, lines);
  return target.string();
}

}  // namespace corpus

const std::vector<CorpusRecipe>& corpus_recipes() {
  static const std::vector<CorpusRecipe> all = [] {
    std::vector<CorpusRecipe> facts;
    for (const corpus::Recipe& recipe : corpus::built_in_recipes()) facts.push_back(recipe.facts);
    return facts;
  }();
  return all;
}

std::string get_corpus(const std::string& name, const std::string& cache_dir, std::stop_token stop, const ProgressFn& progress) {
  std::vector<std::string> names;
  std::string listed;
  for (const corpus::Recipe& recipe : corpus::built_in_recipes()) {
    if (recipe.facts.name == name) return corpus::get_by_recipe(recipe, cache_dir, {}, stop, progress);
    names.push_back(recipe.facts.name);
    listed += (listed.empty() ? "" : ", ") + recipe.facts.name;
  }
  const std::optional<std::string> near = nearest(name, names);
  throw Error(Fault::usage, name, "no such sample corpus; there are " + listed, near ? "did you mean `" + *near + "`?" : "");
}

std::vector<std::string> resolve_inputs(std::vector<std::string> inputs, const std::string& cache_dir, std::stop_token stop,
                                        const ProgressFn& progress) {
  std::vector<std::string> names;
  for (const CorpusRecipe& recipe : corpus_recipes()) names.push_back(recipe.name);
  for (std::string& input : inputs) {
    std::error_code ignored;
    if (std::filesystem::exists(input, ignored) || input.find_first_of("*?[") != std::string::npos) continue;
    if (std::find(names.begin(), names.end(), input) != names.end()) {
      input = get_corpus(input, cache_dir, stop, progress);
      continue;
    }
    const auto close = input.find('/') == std::string::npos ? nearest(input, names) : std::nullopt;
    throw Error(Fault::missing_input, input, "no such file or folder, and no sample corpus of that name",
                close ? "did you mean the sample corpus " + *close + "?" : "`isoflop data get --list` names the sample corpora");
  }
  return inputs;
}

}  // namespace isoflop
