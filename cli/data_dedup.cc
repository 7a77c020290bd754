// isoflop data dedup: duplicates found and taken out.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "cli/data.h"
#include "isoflop/dedup.h"

namespace cli {
namespace {

using isoflop::DedupMethod;
using isoflop::ShingleUnit;

constexpr std::size_t kMostRows = 25;  // for people; --json has every source

struct DedupFlags {
  std::string utf8 = "error", keep = "first";
  bool characters = false, words = false, no_verify = false, ngrams_paragraphs = false;
  std::uint64_t memory = std::uint64_t{2} << 30;
  std::int64_t ngram = 0, threads = 0;
  isoflop::DedupOptions options;
};

// the methods in the order their flags were given
std::vector<DedupMethod> chain_of(const CLI::App& app) {
  static const std::vector<std::pair<std::string, DedupMethod>> kFlags = {
      {"--documents", DedupMethod::documents},
      {"--paragraphs", DedupMethod::paragraphs},
      {"--lines", DedupMethod::lines},
      {"--minhash", DedupMethod::minhash},
      {"--simhash", DedupMethod::simhash},
      {"--substrings", DedupMethod::substrings},
      {"--ngrams", DedupMethod::ngrams},
      {"--decontaminate", DedupMethod::decontaminate},
      {"--decontaminate_held_out", DedupMethod::decontaminate}};
  std::vector<DedupMethod> chain;
  for (const CLI::Option* option : app.parse_order()) {
    for (const auto& [name, method] : kFlags) {
      if (option->get_name() == name && std::find(chain.begin(), chain.end(), method) == chain.end()) chain.push_back(method);
    }
  }
  return chain;
}

// flags of methods, where none of those is chosen
void refuse_idle_flags(const CLI::App& app, const std::vector<DedupMethod>& chain) {
  using enum DedupMethod;
  static const std::vector<std::pair<const char*, std::vector<DedupMethod>>> kBelong = {
      {"--threshold", {minhash}},
      {"--ngram", {minhash, simhash}},
      {"--chars", {minhash, simhash, ngrams, decontaminate}},
      {"--words", {minhash, simhash, ngrams, decontaminate}},
      {"--permutations", {minhash}},
      {"--bands", {minhash}},
      {"--rows", {minhash}},
      {"--false-positive-weight", {minhash}},
      {"--no-verify", {minhash}},
      {"--seed", {minhash}},
      {"--distance", {simhash}},
      {"--keep", {minhash, simhash}},
      {"--min-unit", {paragraphs, lines}},
      {"--min-length", {substrings}},
      {"--ngrams-n", {ngrams}},
      {"--ngrams-threshold", {ngrams}},
      {"--ngrams-error", {ngrams}},
      {"--ngrams-paragraphs", {ngrams}},
      {"--val-fraction", {decontaminate}},
      {"--overlap-ngram", {decontaminate}}};
  for (const auto& [flag, methods] : kBelong) {
    if (app.get_option(flag)->count() == 0) continue;
    if (std::find_first_of(chain.begin(), chain.end(), methods.begin(), methods.end()) != chain.end()) continue;
    std::string names;
    for (const DedupMethod method : methods) names += (names.empty() ? "--" : ", --") + isoflop::to_string(method);
    throw isoflop::Error(isoflop::Fault::usage, flag, "belongs to " + names, "choose that method, or leave the flag out");
  }
}

void print_report(const isoflop::DedupReport& report) {
  std::vector<std::vector<std::string>> rows;
  for (const isoflop::DedupStage& stage : report.stages) {
    rows.push_back({isoflop::to_string(stage.method), count_of(stage.documents),
                    count_of(stage.removed_documents), count_of(stage.removed_units),
                    count_of(stage.removed_bytes)});
  }
  print_table({"method", "documents", "removed", "parts removed", "bytes removed"}, rows);

  std::vector<isoflop::DedupSource> sources = report.sources;
  std::stable_sort(sources.begin(), sources.end(),
                   [](const auto& a, const auto& b) { return a.removed_bytes > b.removed_bytes; });
  if (sources.size() > kMostRows) sources.resize(kMostRows);
  rows.clear();
  for (const isoflop::DedupSource& source : sources) {
    rows.push_back({source.name, count_of(source.documents),
                    count_of(source.removed_documents), count_of(source.bytes),
                    percent_of(source.removed_bytes, source.bytes)});
  }
  rows.push_back({"all", count_of(report.documents), count_of(report.removed),
                  count_of(report.bytes), percent_of(report.removed_bytes, report.bytes)});
  std::printf("\n");
  print_table({"source", "documents", "removed", "bytes", "bytes removed"}, rows);
  if (report.sources.size() > kMostRows)
    std::printf("(the %zu of %zu sources that lost most; --json has all)\n", kMostRows, report.sources.size());
  std::printf("\n%s of %s documents kept; %s clusters of two or more, %s pairs in them\n",
              count_of(report.kept).c_str(), count_of(report.documents).c_str(),
              count_of(report.clusters).c_str(), count_of(report.pairs).c_str());
  if (report.empty > 0)
    std::printf("%s documents without text were passed over\n", count_of(report.empty).c_str());
}

void dedup(const DedupFlags& flags, const CLI::App& app, const Globals& globals) {
  isoflop::DedupOptions options = flags.options;
  options.chain = chain_of(app);
  refuse_idle_flags(app, options.chain);
  options.utf8 = isoflop::utf8_policy_from(flags.utf8);
  options.keep = isoflop::dedup_keep_from(flags.keep);
  options.memory = static_cast<std::int64_t>(flags.memory);
  options.threads = threads_of(flags.threads);
  options.minhash.verify = !flags.no_verify;
  if (flags.ngram > 0) options.minhash.shingles.ngram = options.simhash.shingles.ngram = flags.ngram;
  const ShingleUnit unit = flags.characters ? ShingleUnit::characters : flags.words ? ShingleUnit::words : ShingleUnit::automatic;
  for (isoflop::ShingleOptions* shingles :
       {&options.minhash.shingles, &options.simhash.shingles, &options.ngrams.shingles, &options.decontamination.shingles})
    shingles->unit = unit;
  options.ngrams.paragraphs = flags.ngrams_paragraphs;
  if (options.work.empty() && options.out.empty()) options.work = std::filesystem::temp_directory_path().string();
  options.inputs = resolved(options.inputs, {}, globals);
  const auto began = std::chrono::steady_clock::now();
  const isoflop::DedupReport report = isoflop::deduplicate(options, stop_requested(), progress_to_stderr(globals));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  if (report.passed_over > 0)
    note(globals, count_of(report.passed_over) + " files of the folders do not end like text and were passed over");
  if (!globals.json) return print_report(report);
  Json json = Json::parse(isoflop::to_json(report, options));
  json["timing"] = {{"seconds", seconds},
                    {"megabytes_per_second", static_cast<double>(report.bytes) / 1e6 / seconds},
                    {"threads", options.threads}};
  print_json(json);
}

void add_method_flags(CLI::App& app) {
  const char* group = "Methods, in the order given";
  app.add_flag("--documents")->description("equal documents")->group(group);
  app.add_flag("--paragraphs")->description("equal paragraphs")->group(group);
  app.add_flag("--lines")->description("equal lines")->group(group);
  app.add_flag("--minhash")->description("near-duplicate documents by Jaccard similarity of their n-grams")->group(group);
  app.add_flag("--simhash")->description("near-duplicate documents by SimHash")->group(group);
  app.add_flag("--substrings")->description("stretches of bytes that stand earlier, by suffix arrays")->group(group);
  app.add_flag("--ngrams")->description("documents or paragraphs of n-grams seen before, by a Bloom filter")->group(group);
}

void add_near_flags(CLI::App& app, DedupFlags& flags) {
  isoflop::DedupOptions& options = flags.options;
  app.add_option("--threshold", options.minhash.threshold, "MinHash: Jaccard similarity from which documents are duplicates")
      ->capture_default_str();
  app.add_option("--ngram", flags.ngram, "MinHash and SimHash: words or characters of an n-gram (default 5 and 3)")
      ->check(whole_number(1, 64));
  CLI::Option* chars = app.add_flag("--chars", flags.characters, "n-grams of characters, whatever the script");
  app.add_flag("--words", flags.words,
               "n-grams of words, whatever the script (default: words, and characters where a script has no spaces)")
      ->excludes(chars);
  app.add_option("--permutations", options.minhash.permutations, "MinHash: hashes of a signature")->capture_default_str();
  app.add_option("--bands", options.minhash.bands, "MinHash: bands (default: by the areas of false positives and negatives)")
      ->check(whole_number(1, 1024));
  app.add_option("--rows", options.minhash.rows, "MinHash: rows of a band")->check(whole_number(1, 1024));
  app.add_option("--false_positive_weight,--false-positive-weight", options.minhash.false_positive_weight,
                 "MinHash: weight of false positives when bands are chosen (default 0.02, or 0.5 with --no-verify)")
      ->check(from_zero());
  app.add_flag("--no_verify,--no-verify", flags.no_verify, "MinHash: every candidate pair counts, whatever its true similarity");
  app.add_option("--seed", options.minhash.seed, "MinHash: of the permutations")->capture_default_str()->check(whole_number(0));
  app.add_option("--distance", options.simhash.distance, "SimHash: bits of 64 in which duplicates may differ")
      ->capture_default_str();
  app.add_option("--keep", flags.keep, "which member of a cluster stays: first or longest")->capture_default_str();
}

void add_text_flags(CLI::App& app, DedupFlags& flags) {
  isoflop::DedupOptions& options = flags.options;
  app.add_option("--min_unit,--min-unit", options.min_unit, "lines and paragraphs of fewer bytes stay")
      ->capture_default_str()
      ->check(whole_number(1));
  app.add_option("--min_length,--min-length", options.substrings.min_length, "substrings: bytes of the shortest stretch")
      ->capture_default_str();
  app.add_option("--ngrams_n,--ngrams-n", options.ngrams.shingles.ngram, "--ngrams: words of an n-gram")
      ->capture_default_str()
      ->check(whole_number(1, 64));
  app.add_option("--ngrams_threshold,--ngrams-threshold", options.ngrams.threshold, "--ngrams: share of n-grams seen before")
      ->capture_default_str();
  app.add_option("--ngrams_error,--ngrams-error", options.ngrams.false_positives, "--ngrams: false positives of the filter")
      ->capture_default_str();
  app.add_flag("--ngrams_paragraphs,--ngrams-paragraphs", flags.ngrams_paragraphs, "--ngrams: paragraphs instead of documents");
  app.add_option("--decontaminate", options.decontamination.evaluation,
                 "documents that share an n-gram with these evaluation texts");
  app.add_flag("--decontaminate_held_out,--decontaminate-held-out", options.decontamination.held_out,
               "training documents that share an n-gram with a held-out document");
  app.add_option("--val_fraction,--val-fraction", options.decontamination.val_fraction,
                 "share of the characters that is held out")
      ->capture_default_str()
      ->check(above_zero());
  app.add_option("--overlap_ngram,--overlap-ngram", options.decontamination.shingles.ngram, "--decontaminate: words of an n-gram")
      ->capture_default_str()
      ->check(whole_number(1, 64));
}

}  // namespace

void add_data_dedup(CLI::App& data, Globals& globals) {
  const auto flags = std::make_shared<DedupFlags>();
  isoflop::DedupOptions& options = flags->options;
  CLI::App* app =
      add_command(data, globals, "dedup", "Finds duplicates and takes them out, one method after the other in the order given.",
                  "isoflop data dedup texts/ --documents --minhash --threshold 0.8 --out texts-unique");
  app->add_option("input", options.inputs, "text files, folders, globs, .jsonl, .gz, .zst, or a sample corpus' name")->required();
  add_method_flags(*app);
  add_near_flags(*app, *flags);
  add_text_flags(*app, *flags);
  app->add_option("--out", options.out, "the folder of what is kept, as JSON Lines; without it only the report");
  app->add_option("--clusters", options.clusters, "a file of {\"id\", \"cluster\"}, a line a document");
  app->add_option("--work", options.work, "the folder for what does not fit in memory (default: inside --out)");
  app->add_option("--memory", flags->memory, "how much memory to use, e.g. 4GB")
      ->transform(bytes_with_unit())
      ->default_str("2GB");
  app->add_option("--threads", flags->threads, "cores to use (default: all); the result is the same")
      ->check(whole_number(1, 1024));
  add_reading_flags(*app, flags->utf8, options.text_key, options.source_key);
  app->add_option("--id_key,--id-key", options.id_key, "JSONL: the key of a document's id")->capture_default_str();
  app->callback([flags, app, &globals] { dedup(*flags, *app, globals); });
}

}  // namespace cli
