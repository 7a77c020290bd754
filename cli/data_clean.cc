// isoflop data clean: raw files to clean text, with a report of what was done and left out.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>

#include "cli/arguments.h"
#include "cli/data.h"
#include "cli/study_output.h"
#include "isoflop/clean.h"

namespace cli {
namespace {

constexpr std::size_t kMostRows = 25;  // for people; --json has everything

struct CleanFlags {
  isoflop::CleanOptions options;
  std::string utf8 = "error", format = "auto", unicode = "nfc", filters = "on", accents = "compose", whitespace = "tidy";
  bool aozora = false;
  std::int64_t threads = 0;
  std::map<std::string, std::string> bounds;  // flag's name without the dashes, value as given
};

isoflop::CleanOptions options_of(const CleanFlags& flags) {
  isoflop::CleanOptions options = flags.options;
  options.threads = threads_of(flags.threads);
  options.invalid = isoflop::utf8_policy_from(flags.utf8);
  options.format = flags.aozora ? isoflop::TextFormat::aozora : isoflop::text_format_from(flags.format);
  options.form = isoflop::unicode_form_from(flags.unicode);
  options.filter = flags.filters == "on";
  options.compose_accents = flags.accents == "compose";
  options.tidy = flags.whitespace == "tidy";
  for (const isoflop::QualityMeasure& measure : isoflop::quality_measures()) {
    for (const bool at_least : {true, false}) {
      isoflop::QualityBound bound{measure.name, at_least, {}, "--" + std::string(at_least ? "min-" : "max-") + measure.name};
      const auto given = flags.bounds.find(bound.name());
      if (given == flags.bounds.end() || given->second.empty()) continue;
      if (given->second != "none") bound.value = number_of(bound.source, given->second, false);
      options.bounds.push_back(bound);
    }
  }
  return options;
}

std::string measured(double value) {
  if (value == std::floor(value)) return isoflop::format_count(value);
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

// the two ends of a long name, cut between characters
std::string shortened(const std::string& name) {
  constexpr std::size_t kEnd = 28;
  if (name.size() <= 2 * kEnd + 3) return name;
  std::size_t first = kEnd, last = name.size() - kEnd;
  const auto inside = [&name](std::size_t at) { return (static_cast<unsigned char>(name[at]) & 0xC0) == 0x80; };
  while (first > 0 && inside(first)) --first;
  while (last < name.size() && inside(last)) ++last;
  return name.substr(0, first) + "…" + name.substr(last);
}

void print_filters(const isoflop::CleanReport& report) {
  if (report.filters.empty()) return;
  std::vector<std::vector<std::string>> rows;
  for (const isoflop::CleanFilter& filter : report.filters) {
    const bool shown = !filter.examples.empty();
    rows.push_back({filter.name, count_of(filter.documents), count_of(filter.characters), count_of(filter.failed),
                    shown ? shortened(filter.examples.front().id) : "", shown ? measured(filter.examples.front().value) : ""});
  }
  std::printf("\n");
  print_table({"removed by", "documents", "characters", "also failed by", "for example", "value"}, rows);
}

void print_sources(const isoflop::CleanReport& report) {
  std::vector<isoflop::CleanSource> sources = report.sources;
  std::stable_sort(sources.begin(), sources.end(), [](const auto& a, const auto& b) { return a.characters > b.characters; });
  std::vector<std::vector<std::string>> rows;
  for (const isoflop::CleanSource& source : sources) {
    if (rows.size() == kMostRows) break;
    rows.push_back({shortened(source.name), count_of(source.documents), count_of(source.characters),
                    count_of(source.kept_documents), count_of(source.kept_characters)});
  }
  rows.push_back({"all", count_of(report.documents), count_of(report.characters), count_of(report.kept_documents),
                  count_of(report.kept_characters)});
  print_table({"source", "documents", "characters", "kept", "characters kept"}, rows);
  if (sources.size() > kMostRows) std::printf("(the largest %zu of %zu sources; --json has all)\n", kMostRows, sources.size());
}

// files that are not plainly UTF-8, or not whole
void print_files(const isoflop::CleanReport& report) {
  std::vector<std::vector<std::string>> rows;
  for (const isoflop::CleanFile& file : report.files) {
    const bool plain = file.encoding == "UTF-8" && file.encoding_from == "valid" && file.bad == 0 && file.problem.empty();
    if (plain || rows.size() == kMostRows) continue;
    rows.push_back({shortened(file.name), file.encoding, file.encoding_from, count_of(file.invalid_bytes), count_of(file.bad),
                    file.problem});
  }
  if (rows.empty()) return;
  std::printf("\n");
  print_table({"file", "encoding", "how known", "invalid bytes", "bad lines", "problem"}, rows);
}

void print_report(const isoflop::CleanReport& report, const isoflop::CleanOptions& options, double seconds) {
  print_sources(report);
  print_filters(report);
  print_files(report);
  const isoflop::AozoraCounts& aozora = report.aozora;
  if (aozora.works > 0) {
    std::printf(
        "\nAozora Bunko: %s works, %s legends, %s colophons, %s readings, %s notes; %s gaiji mapped, %s not; %s accents\n",
        count_of(aozora.works).c_str(), count_of(aozora.legends).c_str(), count_of(aozora.feet).c_str(),
        count_of(aozora.rubies).c_str(), count_of(aozora.notes).c_str(), count_of(aozora.gaiji_mapped).c_str(),
        count_of(aozora.gaiji_unknown).c_str(), count_of(aozora.accents).c_str());
    if (aozora.reserved > 0) {
      std::printf("%s works have a licence or a standing copyright in their colophon%s\n", count_of(aozora.reserved).c_str(),
                  options.drop_reserved ? "" : "; --drop-reserved leaves them out");
    }
  }
  std::printf("\n%s of %s documents kept, %s of them changed\n", count_of(report.kept_documents).c_str(),
              count_of(report.documents).c_str(), count_of(report.changed_documents).c_str());
  if (report.bad > 0) {
    std::printf("%s lines or files could not be read, and were left out:\n", count_of(report.bad).c_str());
    for (const std::string& example : report.bad_examples) std::printf("  %s\n", example.c_str());
  }
  std::int64_t stored = 0;
  for (const isoflop::CleanFile& file : report.files) stored += file.stored_bytes;
  std::printf("written to %s in %.1f s, %.1f MB/s; content id %s\n", options.out.c_str(), seconds,
              static_cast<double>(stored) / 1e6 / std::max(seconds, 1e-9), report.content_id.c_str());
}

void clean(const CleanFlags& flags, const Globals& globals) {
  isoflop::CleanOptions options = options_of(flags);
  refuse_to_overwrite("--removed", options.removed, {});
  options.inputs = in_cache(default_cache(), "ISOFLOP_CACHE", [&] {
    return isoflop::resolve_inputs(options.inputs, default_cache() + "/corpora", stop_requested(), progress_to_stderr(globals));
  });
  const auto start = std::chrono::steady_clock::now();
  const isoflop::CleanReport report = isoflop::clean_corpus(options, stop_requested(), progress_to_stderr(globals));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (report.passed_over > 0)
    note(globals, count_of(report.passed_over) + " files of the folders do not end like text and were passed over");
  if (!globals.json) return print_report(report, options, seconds);
  Json json = Json::parse(isoflop::to_json(report, options));
  json["out"] = options.out;
  json["timing"] = {{"seconds", seconds}, {"threads", options.threads}};
  print_json(json);
}

void add_format_flags(CLI::App& app, CleanFlags& flags) {
  isoflop::CleanOptions& options = flags.options;
  app.add_option("--encoding", options.encoding,
                 "auto (of each file its own), or a name: UTF-8, cp932, EUC-JP, ISO-8859-1, UTF-16, ...")
      ->capture_default_str();
  app.add_option("--format", flags.format,
                 "auto (by the file's ending; Aozora Bunko by its notes), plain, aozora, html or markdown")
      ->capture_default_str();
  app.add_flag("--aozora", flags.aozora, "--format aozora");
  app.add_option("--accents", flags.accents, "Aozora's 〔e'rotique〕: compose or keep")
      ->capture_default_str()
      ->check(CLI::IsMember({"compose", "keep"}));
  app.add_flag("--drop-reserved", options.drop_reserved, "leave out Aozora works under Creative Commons or copyright");
  app.add_option("--unicode", flags.unicode, "normal form: nfc, nfkc or none")->capture_default_str();
  app.add_option("--whitespace", flags.whitespace, "tidy (spaces at line ends, empty lines in a row) or keep")
      ->capture_default_str()
      ->check(CLI::IsMember({"tidy", "keep"}));
}

void add_input_flags(CLI::App& app, CleanFlags& flags) {
  isoflop::CleanOptions& options = flags.options;
  app.add_option("input", options.inputs,
                 "text, .html, .md, .jsonl files, folders, globs, also .gz and .zst, or a sample corpus' name")
      ->required();
  app.add_option("--out", options.out, "the folder to write; one of before is replaced")->required();
  app.add_option("--removed", options.removed, "a .jsonl file for what filters remove");
  add_reading_flags(app, flags.utf8, options.text_key, options.source_key);
  app.add_option("--id_key,--id-key", options.id_key, "JSONL: the key of a document's name")->capture_default_str();
  app.add_option("--language_key,--language-key", options.language_key, "JSONL: the key of a document's language")
      ->capture_default_str();
  app.add_flag("--skip-bad", options.skip_bad, "count lines and files that cannot be read, and go on");
  app.add_option("--longest-document", options.longest_document, "bytes; longer plain text is cut at a line end")
      ->capture_default_str()
      ->check(whole_number(1));
  app.add_option("--shard-bytes", options.shard_bytes, "bytes of a part of the output")
      ->capture_default_str()
      ->check(whole_number(1));
  app.add_option("--unpack-ratio", options.unpack.ratio, "packed files may grow so many times")
      ->capture_default_str()
      ->check(whole_number(1));
  app.add_option("--unpack-bytes", options.unpack.bytes, "packed files may grow to so many bytes")
      ->capture_default_str()
      ->check(whole_number(1));
  app.add_option("--threads", flags.threads, "cores (default: all); the result is the same")->check(whole_number(1, 4096));
}

void add_quality_flags(CLI::App& app, CleanFlags& flags) {
  app.add_option("--filters", flags.filters, "on (the language's bounds and those given below) or off")
      ->capture_default_str()
      ->check(CLI::IsMember({"on", "off"}));
  app.add_option("--language", flags.options.language,
                 "of every document; default: as the document says, else told from the text");
  app.add_flag("--annotate", flags.options.annotate, "add the measures to each document, key `quality`");
  for (const isoflop::QualityMeasure& measure : isoflop::quality_measures()) {
    for (const char* side : {"min", "max"}) {
      std::string name = std::string("--") + side + "-" + measure.name;
      const std::string with_underscores = name;
      std::replace(name.begin(), name.end(), '_', '-');
      if (name != with_underscores) name = name + "," + with_underscores;
      app.add_option(name, flags.bounds[std::string(side) + "_" + measure.name], measure.what)
          ->type_name("NUMBER|none")
          ->group("Bounds");
    }
  }
}

}  // namespace

void add_data_clean(CLI::App& data, Globals& globals) {
  const auto flags = std::make_shared<CleanFlags>();
  CLI::App* app = add_command(data, globals, "clean",
                              "Raw files to clean text: encodings, mark-up, normal form, filters; a folder of JSON Lines.",
                              "isoflop data clean texts/ --out clean");
  add_input_flags(*app, *flags);
  add_format_flags(*app, *flags);
  add_quality_flags(*app, *flags);
  app->callback([flags, &globals] { clean(*flags, globals); });
}

}  // namespace cli
