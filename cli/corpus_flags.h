// The text that a command reads: which, how it is read, how it is split.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "isoflop/corpus.h"

namespace cli {

struct CorpusFlags {
  std::vector<std::string> inputs;
  std::string split = "automatic", utf8 = "error", corpora;
  isoflop::CorpusOptions options;
};
/// What is read and how; `split` stays as it is.
void add_corpus_flags(CLI::App& app, CorpusFlags& flags);
/// --split, --val-fraction, --block-characters
std::vector<CLI::Option*> add_split_flags(CLI::App& app, CorpusFlags& flags);
[[nodiscard]] isoflop::Corpus open_corpus(const CorpusFlags& flags, const Globals& globals);

/// --utf8, --text-key, --source-key
void add_reading_flags(CLI::App& app, std::string& utf8, std::string& text_key, std::string& source_key);
CLI::Option* add_block_flag(CLI::App& app, std::int64_t& block_characters);

/// Where sample corpora are kept: `given`, or the cache where `run --data NAME` looks too.
[[nodiscard]] std::string corpora_folder(const std::string& given);
/// The files behind what is named; a sample corpus is fetched.
[[nodiscard]] std::vector<std::string> resolved(const std::vector<std::string>& inputs, const std::string& corpora,
                                                const Globals& globals);

/// The files that were read, as refuse_to_overwrite takes them.
[[nodiscard]] std::vector<std::string> files_of(const isoflop::Corpus& corpus);

/// For people: "343,936".
[[nodiscard]] std::string count_of(std::int64_t value);
/// For people: a part of a whole, "12.3 %"; of nothing, none of it.
[[nodiscard]] std::string percent_of(std::int64_t part, std::int64_t whole);

}  // namespace cli
