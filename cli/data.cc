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
    rows.push_back({recipe.name, with_commas(recipe.documents), with_commas(recipe.characters), recipe.licence, recipe.manager,
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

std::string corpora_folder(const std::string& given) {
  return given.empty() ? default_cache() + "/corpora" : given;
}

std::string with_commas(std::int64_t value) {
  std::string digits = std::to_string(value);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

void add_corpus_flags(CLI::App& app, CorpusFlags& flags) {
  isoflop::CorpusOptions& options = flags.options;
  app.add_option("input", flags.inputs, "text files, folders, globs, .jsonl, .gz, .zst, or a sample corpus' name")->required();
  app.add_option("--utf8", flags.utf8, "invalid UTF-8: error, replace or skip")->capture_default_str();
  app.add_option("--text_key,--text-key", options.text_key, "JSONL: the key of a document's text")->capture_default_str();
  app.add_option("--source_key,--source-key", options.source_key, "JSONL: the key of a document's source")->capture_default_str();
}

isoflop::Corpus open_corpus(const CorpusFlags& flags, const Globals& globals) {
  isoflop::CorpusOptions options = flags.options;
  options.split = isoflop::split_kind_from(flags.split);
  options.utf8 = isoflop::utf8_policy_from(flags.utf8);
  options.inputs = in_cache(default_cache(), "ISOFLOP_CACHE", [&] {
    return isoflop::resolve_inputs(flags.inputs, corpora_folder(flags.corpora), stop_requested(), progress_to_stderr(globals));
  });
  isoflop::Corpus corpus = isoflop::Corpus::open(options, stop_requested(), progress_to_stderr(globals));
  if (const std::string passed_over = corpus.passed_over(); !passed_over.empty()) note(globals, passed_over);
  return corpus;
}

void add_data(CLI::App& program, Globals& globals) {
  CLI::App* data = add_command(program, globals, "data", "Corpora: get a sample, clean text, see what it holds, mix several.",
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
