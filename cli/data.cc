// isoflop data: sample corpora by recipe, what a corpus holds and how it is split; the other commands have files of their own.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "cli/command.h"
#include "cli/data.h"
#include "cli/study_output.h"
#include "isoflop/corpus.h"

namespace cli {
namespace {

constexpr std::size_t kMostRows = 25;  // for people; --json has every source

struct GetFlags {
  std::vector<std::string> names;
  std::string out;
  bool list = false;
};

struct StatsFlags {
  std::vector<std::string> inputs;
  std::string split = "automatic", utf8 = "error", out;
  isoflop::CorpusOptions options;
};

// where `run --data NAME` looks too
std::string corpora_folder(const std::string& out) {
  if (!out.empty()) return out;
  return default_cache() + "/corpora";
}

std::string with_commas(std::int64_t value) {
  std::string digits = std::to_string(value);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string percent(std::int64_t part, std::int64_t whole) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %%", whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole));
  return text;
}

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

void print_stats(const isoflop::CorpusManifest& manifest) {
  std::vector<isoflop::SourceFacts> sources = manifest.sources;
  std::stable_sort(sources.begin(), sources.end(), [](const auto& a, const auto& b) { return a.characters > b.characters; });
  std::vector<std::vector<std::string>> rows;
  std::int64_t documents = 0, invalid = 0;
  for (const isoflop::SourceFacts& source : sources) {
    documents += source.documents;
    invalid += source.invalid_bytes;
    if (rows.size() == kMostRows) continue;
    rows.push_back({source.name, with_commas(source.documents), with_commas(source.characters), with_commas(source.bytes),
                    with_commas(source.units), percent(source.held_out_characters, source.characters)});
  }
  const std::int64_t characters = manifest.train.characters + manifest.held_out.characters;
  rows.push_back(
      {"all", with_commas(documents), with_commas(characters), with_commas(manifest.train.bytes + manifest.held_out.bytes),
       with_commas(manifest.train.units + manifest.held_out.units), percent(manifest.held_out.characters, characters)});
  print_table({"source", "documents", "characters", "bytes", "units", "held out"}, rows);
  if (sources.size() > kMostRows) std::printf("(the largest %zu of %zu sources; --json has all)\n", kMostRows, sources.size());

  std::printf("\nsplit by %s: %s units to train on, %s held out; %s distinct characters\n",
              isoflop::to_string(manifest.split).c_str(), with_commas(manifest.train.units).c_str(),
              with_commas(manifest.held_out.units).c_str(), with_commas(manifest.distinct_characters).c_str());
  if (invalid > 0) {
    std::printf("%s bytes of invalid UTF-8 were %s\n", with_commas(invalid).c_str(),
                manifest.utf8 == isoflop::Utf8Policy::skip ? "left out" : "replaced");
  }
  if (manifest.empty_documents > 0)
    std::printf("%s documents without text were passed over\n", with_commas(manifest.empty_documents).c_str());
  std::printf("content id %s\n", manifest.content_id.c_str());
}

void stats(const StatsFlags& flags, const Globals& globals) {
  isoflop::CorpusOptions options = flags.options;
  options.split = isoflop::split_kind_from(flags.split);
  options.utf8 = isoflop::utf8_policy_from(flags.utf8);
  options.inputs = in_cache(default_cache(), "--out or ISOFLOP_CACHE", [&] {
    return isoflop::resolve_inputs(flags.inputs, corpora_folder(flags.out), stop_requested(), progress_to_stderr(globals));
  });
  const auto corpus = isoflop::Corpus::open(options, stop_requested(), progress_to_stderr(globals));
  if (const std::string passed_over = corpus.passed_over(); !passed_over.empty()) note(globals, passed_over);
  const auto& manifest = corpus.manifest();
  if (globals.json) return print_json(Json::parse(isoflop::to_json(manifest)));
  print_stats(manifest);
}

}  // namespace

void add_data(CLI::App& program, Globals& globals) {
  CLI::App* data = add_command(program, globals, "data", "Corpora: get a sample, clean text, see what it holds and how it is split.",
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

  const auto stats_flags = std::make_shared<StatsFlags>();
  isoflop::CorpusOptions& options = stats_flags->options;
  app = add_command(*data, globals, "stats", "Counts a corpus source by source and shows how it is split.",
                    "isoflop data stats texts/ --split document");
  app->add_option("input", stats_flags->inputs, "text files, folders, globs, .jsonl, .gz, .zst, or a sample corpus' name")
      ->required();
  app->add_option("--split", stats_flags->split, "automatic, block, document, source or none")->capture_default_str();
  app->add_option("--val_fraction,--val-fraction", options.val_fraction, "share of the characters that is held out")
      ->capture_default_str()->check(above_zero());
  app->add_option("--block_characters,--block-characters", options.block_characters, "length of a block")->capture_default_str()->check(whole_number(1));
  app->add_option("--utf8", stats_flags->utf8, "invalid UTF-8: error, replace or skip")->capture_default_str();
  app->add_option("--text_key,--text-key", options.text_key, "JSONL: the key of a document's text")->capture_default_str();
  app->add_option("--source_key,--source-key", options.source_key, "JSONL: the key of a document's source")
      ->capture_default_str();
  app->add_option("--out", stats_flags->out, "the folder of sample corpora");
  app->callback([stats_flags, &globals] { stats(*stats_flags, globals); });

  add_data_clean(*data, globals);
}

}  // namespace cli
