// isoflop data: sample corpora by recipe; its other commands stand in files of their own.
#include "cli/data.h"

#include <algorithm>
#include <cstdio>
#include <memory>

#include "cli/study_output.h"

namespace cli {
namespace {

struct GetFlags {
  std::vector<std::string> names;
  std::string out;
  bool list = false;
};

Json to_json(const isoflop::CorpusRecipe& recipe) {
  return {{"name", recipe.name},           {"title", recipe.title},          {"manager", recipe.manager},
          {"package", recipe.package},     {"version", recipe.version},      {"licence", recipe.licence},
          {"documents", recipe.documents}, {"characters", recipe.characters}};
}

void list_recipes(const Globals& globals) {
  Json list = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const isoflop::CorpusRecipe& recipe : isoflop::corpus_recipes()) {
    list.push_back(to_json(recipe));
    rows.push_back({recipe.name, count_of(recipe.documents), count_of(recipe.characters), recipe.licence, recipe.manager,
                    recipe.title});
  }
  if (globals.json) return print_json({{"corpora", list}});
  print_table({"name", "documents", "characters", "licence", "from", "what"}, rows);
}

void get(const GetFlags& flags, const Globals& globals) {
  if (flags.list) return list_recipes(globals);
  if (flags.names.empty()) {
    throw isoflop::Error(isoflop::Fault::usage, "data get", "no sample corpus named", "`isoflop data get --list` names them");
  }
  Json got = Json::array();
  for (const std::string& name : flags.names) {
    const std::string path = in_cache(default_cache(), "--out or ISOFLOP_CACHE", [&] {
      return isoflop::get_corpus(name, corpora_folder(flags.out), stop_requested(), progress_to_stderr(globals));
    });
    const auto& recipes = isoflop::corpus_recipes();
    const auto recipe = std::find_if(recipes.begin(), recipes.end(), [&](const auto& each) { return each.name == name; });
    Json facts = to_json(*recipe);
    facts["path"] = path;
    got.push_back(facts);
    if (!globals.json) std::printf("%s\n", path.c_str());
  }
  if (globals.json) print_json({{"corpora", got}});
}

}  // namespace

void add_data(CLI::App& program, Globals& globals) {
  CLI::App* data = add_command(program, globals, "data",
                               "Corpora: get a sample, clean text, take out duplicates, see what it holds, mix several.",
                               "isoflop data get sotu");
  data->require_subcommand(1);

  const auto get_flags = std::make_shared<GetFlags>();
  CLI::App* app = add_command(*data, globals, "get", "Brings a sample corpus by its package manager and prints its path.",
                              "isoflop data get sotu");
  app->add_option("name", get_flags->names, "sample corpora, by name");
  app->add_flag("--list", get_flags->list, "the sample corpora there are");
  app->add_option("--out", get_flags->out,
                  "the folder to keep them in (default: the cache where `isoflop run --data NAME` looks)");
  app->callback([get_flags, &globals] { get(*get_flags, globals); });

  add_data_clean(*data, globals);
  add_data_stats(*data, globals);
  add_data_mix(*data, globals);
  add_data_dedup(*data, globals);
}

}  // namespace cli
