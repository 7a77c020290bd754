#include "cli/corpus_flags.h"

#include "cli/study_output.h"

namespace cli {

void add_reading_flags(CLI::App& app, std::string& utf8, std::string& text_key, std::string& source_key) {
  app.add_option("--utf8", utf8, "bytes that are not of the encoding: error, replace or skip")->capture_default_str();
  app.add_option("--text_key,--text-key", text_key, "JSONL: the key of a document's text")->capture_default_str();
  app.add_option("--source_key,--source-key", source_key, "JSONL: the key of a document's source")->capture_default_str();
}

CLI::Option* add_block_flag(CLI::App& app, std::int64_t& block_characters) {
  return app
      .add_option("--block_characters,--block-characters", block_characters,
                  "longer texts are cut into pieces of about this length, at paragraph ends")
      ->capture_default_str()
      ->check(whole_number(1));
}

void add_corpus_flags(CLI::App& app, CorpusFlags& flags) {
  app.add_option("input", flags.inputs, "text files, folders, globs, .jsonl, .gz, .zst, or a sample corpus' name")->required();
  add_reading_flags(app, flags.utf8, flags.options.text_key, flags.options.source_key);
}

std::vector<CLI::Option*> add_split_flags(CLI::App& app, CorpusFlags& flags) {
  return {app.add_option("--split", flags.split, "automatic, block, document, source or none")->capture_default_str(),
          app.add_option("--val_fraction,--val-fraction", flags.options.val_fraction, "share of the characters that is held out")
              ->capture_default_str()
              ->check(above_zero()),
          add_block_flag(app, flags.options.block_characters)};
}

isoflop::Corpus open_corpus(const CorpusFlags& flags, const Globals& globals) {
  isoflop::CorpusOptions options = flags.options;
  options.split = isoflop::split_kind_from(flags.split);
  options.utf8 = isoflop::utf8_policy_from(flags.utf8);
  options.inputs = resolved(flags.inputs, flags.corpora, globals);
  isoflop::Corpus corpus = isoflop::Corpus::open(options, stop_requested(), progress_to_stderr(globals));
  if (const std::string passed_over = corpus.passed_over(); !passed_over.empty()) note(globals, passed_over);
  return corpus;
}

std::string corpora_folder(const std::string& given) {
  return given.empty() ? default_cache() + "/corpora" : given;
}

std::vector<std::string> resolved(const std::vector<std::string>& inputs, const std::string& corpora, const Globals& globals) {
  return in_cache(default_cache(), "ISOFLOP_CACHE", [&] {
    return isoflop::resolve_inputs(inputs, corpora_folder(corpora), stop_requested(), progress_to_stderr(globals));
  });
}

std::vector<std::string> files_of(const isoflop::Corpus& corpus) {
  std::vector<std::string> files;
  for (const auto& path : corpus.paths()) files.push_back(path.string());
  return files;
}

std::string count_of(std::int64_t value) {
  return isoflop::format_count(static_cast<double>(value));
}

std::string percent_of(std::int64_t part, std::int64_t whole) {
  return isoflop::format_percent(whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole));
}

}  // namespace cli
