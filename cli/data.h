// What the commands under `isoflop data` share.
#pragma once

#include "cli/command.h"
#include "isoflop/corpus.h"

namespace cli {

/// Which text, how it is read and how it is split.
struct CorpusFlags {
  std::vector<std::string> inputs;
  std::string split = "automatic", utf8 = "error", corpora;
  isoflop::CorpusOptions options;
};
void add_corpus_flags(CLI::App& app, CorpusFlags& flags);
[[nodiscard]] isoflop::Corpus open_corpus(const CorpusFlags& flags, const Globals& globals);

/// Where sample corpora are kept: `given`, or the cache where `run --data NAME` looks too.
[[nodiscard]] std::string corpora_folder(const std::string& given);

[[nodiscard]] std::string with_commas(std::int64_t value);

void add_data_clean(CLI::App& data, Globals& globals);
void add_data_dedup(CLI::App& data, Globals& globals);
void add_data_stats(CLI::App& data, Globals& globals);
void add_data_mix(CLI::App& data, Globals& globals);

}  // namespace cli
