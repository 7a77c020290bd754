// isoflop data mix: sources into one corpus, by weights, to a budget.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>

#include "cli/arguments.h"
#include "cli/data.h"
#include "isoflop/mix.h"
#include "isoflop/tokens.h"

namespace cli {
namespace {

struct MixFlags {
  CorpusFlags corpus;
  std::string weights, preset, as, tokenizer, out;
  std::optional<double> temperature, tokens, characters, bytes;
  bool normalise = false, dry_run = false, list = false;
  double max_epochs = 4;
  std::uint64_t seed = 0;
};

void list_presets(const Globals& globals) {
  Json list = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const isoflop::MixturePreset& preset : isoflop::mixture_presets()) {
    Json weights;
    std::string text;
    for (const auto& [domain, weight] : preset.weights) {
      weights[domain] = weight;
      char share[32];
      std::snprintf(share, sizeof share, " %.3g", weight);
      text += (text.empty() ? "" : ", ") + domain + share;
    }
    list.push_back({{"name", preset.name}, {"title", preset.title}, {"source", preset.source}, {"weights", weights}});
    rows.push_back({preset.name, text, preset.source});
  }
  if (globals.json) return print_json({{"presets", list}});
  print_table({"preset", "weights", "source"}, rows);
}

// the one budget that is given
std::pair<std::string, std::int64_t> budget_of(const MixFlags& flags) {
  const std::pair<const char*, std::optional<double>> all[] = {
      {"tokens", flags.tokens}, {"characters", flags.characters}, {"bytes", flags.bytes}};
  std::pair<std::string, std::int64_t> budget;
  for (const auto& [unit, value] : all) {
    if (!value) continue;
    if (!budget.first.empty())
      throw isoflop::Error(isoflop::Fault::usage, "data mix", "several budgets given, expected one",
                           "give --tokens, --characters or --bytes");
    if (*value != std::floor(*value) || *value > static_cast<double>(kMostWhole))
      throw isoflop::Error(isoflop::Fault::usage, "--" + std::string(unit), "is not a whole number below 2^53");
    budget = {unit, static_cast<std::int64_t>(*value)};
  }
  if (budget.first.empty())
    throw isoflop::Error(isoflop::Fault::usage, "data mix", "no budget given",
                         "give --tokens with --tokenizer, --characters or --bytes, e.g. --characters 5e6");
  return budget;
}

isoflop::MixUnit unit_of(const std::string& name, const isoflop::Tokenizer* tokenizer) {
  isoflop::MixUnit unit;
  unit.name = name;
  if (name == "bytes") unit.cost = [](std::string_view text) { return static_cast<std::int64_t>(text.size()); };
  if (name != "tokens") return unit;
  if (tokenizer == nullptr)
    throw isoflop::Error(isoflop::Fault::usage, "--tokens", "tokens of which tokenizer?",
                         "give --tokenizer tokenizer.json, or a budget in --characters or --bytes");
  const std::int64_t ends = tokenizer->end_of_text() ? 1 : 0;
  unit.least = 1 + ends;
  unit.cost = [tokenizer, ends, buffer = std::make_shared<std::vector<std::int32_t>>()](std::string_view text) {
    buffer->clear();
    tokenizer->encode(text, *buffer);
    return static_cast<std::int64_t>(buffer->size()) + ends;
  };
  return unit;
}

isoflop::MixOptions options_of(const MixFlags& flags, const isoflop::Tokenizer* tokenizer) {
  isoflop::MixOptions options;
  for (const auto& [name, weight] : parse_pairs("--weights", flags.weights, "SOURCE=SHARE,..., e.g. --weights a=0.6,b=0.4"))
    options.weights.emplace_back(name, number_of("--weights", weight, false));
  options.as = parse_pairs("--as", flags.as, "SOURCE=DOMAIN,..., e.g. --as novels=books");
  options.temperature = flags.temperature;
  options.preset = flags.preset;
  options.normalise = flags.normalise;
  const auto [unit, budget] = budget_of(flags);
  options.budget = budget;
  options.unit = unit_of(unit, tokenizer);
  options.max_epochs = flags.max_epochs;
  options.seed = flags.seed;
  return options;
}

std::string three_digits(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

void print_report(const isoflop::MixReport& report, const std::string& out) {
  std::vector<std::vector<std::string>> rows;
  for (const isoflop::MixSource& source : report.sources)
    rows.push_back({source.name, three_digits(source.weight), three_digits(source.share), count_of(source.size),
                    count_of(source.taken), three_digits(source.epochs) + (source.capped ? " (cap)" : ""),
                    count_of(source.written)});
  print_table({"source", "weight", "share", report.unit + " there", "taken", "epochs", "documents"}, rows);
  std::printf("\n%s of %s %s", count_of(report.taken).c_str(), count_of(report.budget).c_str(), report.unit.c_str());
  if (!report.files.empty())
    std::printf(" in %zu %s of %s", report.files.size(), report.files.size() == 1 ? "file" : "files", out.c_str());
  std::printf("\n");
  for (const isoflop::MixWarning& warning : report.warnings) std::printf("%s: %s\n", warning.code.c_str(), warning.text.c_str());
}

void mix(const MixFlags& flags, const Globals& globals) {
  if (flags.list) return list_presets(globals);
  if (flags.corpus.inputs.empty())
    throw isoflop::Error(isoflop::Fault::usage, "data mix", "no text named",
                         "isoflop data mix a.txt b.txt --weights a=0.6,b=0.4 --characters 5e6 --out mixed");
  if (flags.out.empty() && !flags.dry_run)
    throw isoflop::Error(isoflop::Fault::usage, "--out", "no folder to write to", "name one, or look at the plan with --dry-run");
  std::unique_ptr<isoflop::Tokenizer> tokenizer;
  if (!flags.tokenizer.empty()) tokenizer = isoflop::read_tokenizer(flags.tokenizer);
  const isoflop::MixOptions options = options_of(flags, tokenizer.get());
  validate(options);
  const isoflop::Corpus corpus = open_corpus(flags.corpus, globals);
  const isoflop::MixReport report =
      flags.dry_run ? isoflop::plan_mixture(corpus, options, stop_requested(), progress_to_stderr(globals))
                    : isoflop::write_mixture(corpus, options, flags.out, stop_requested(), progress_to_stderr(globals));
  if (globals.json) return print_json(Json::parse(isoflop::to_json(report)));
  print_report(report, flags.out);
}

}  // namespace

void add_data_mix(CLI::App& data, Globals& globals) {
  const auto flags = std::make_shared<MixFlags>();
  CLI::App* app =
      add_command(data, globals, "mix", "Mixes sources into one corpus by weights, to an exact budget, with a cap on epochs.",
                  "isoflop data mix a.txt b.txt --weights a=0.6,b=0.4 --characters 5e6 --out mixed");
  flags->corpus.split = "none";
  add_corpus_flags(*app, flags->corpus);
  app->get_option("input")->required(false);
  app->add_option("--weights", flags->weights, "shares of the budget by source, SOURCE=SHARE,...; they sum to 1");
  app->add_option("--temperature", flags->temperature,
                  "or: weight ~ size^T over all sources; 1 keeps natural proportions, 0 makes all alike")
      ->check(from_zero());
  app->add_option("--preset", flags->preset, "or: a published mixture (--list-presets)");
  app->add_option("--as", flags->as, "with --preset: which of its domains a source is, SOURCE=DOMAIN,...");
  app->add_flag("--normalise", flags->normalise, "scale weights that do not sum to 1");
  app->add_option("--tokens", flags->tokens, "how much: tokens of --tokenizer, end of text included")->check(above_zero());
  app->add_option("--characters", flags->characters, "or characters")->check(above_zero());
  app->add_option("--bytes", flags->bytes, "or bytes")->check(above_zero());
  app->add_option("--tokenizer", flags->tokenizer, "tokenizer.json");
  app->add_option("--max_epochs,--max-epochs", flags->max_epochs, "of any source; its further share goes to the others")
      ->capture_default_str()
      ->check(above_zero());
  app->add_option("--seed", flags->seed, "which documents of a broken epoch, and the order of all")
      ->capture_default_str()
      ->check(whole_number(0));
  flags->corpus.options.block_characters = 100'000;
  add_block_flag(*app, flags->corpus.options.block_characters);
  app->add_option("--out", flags->out, "the folder to write: part-NNNNN.jsonl and mix.json");
  app->add_flag("--dry-run", flags->dry_run, "shares and epochs, nothing written");
  app->add_flag("--list-presets", flags->list, "the published mixtures there are");
  app->callback([flags, &globals] { mix(*flags, globals); });
}

}  // namespace cli
