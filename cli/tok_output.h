// What tok's commands share: how tokenizers and token folders are printed, and the flag that names a tokenizer.
#pragma once

#include <string>

#include "cli/command.h"
#include "isoflop/tokens.h"

namespace cli {

[[nodiscard]] Json facts_of(const isoflop::Tokenizer& tokenizer);
[[nodiscard]] Json facts_of(const isoflop::TokenSet& set);
[[nodiscard]] Json facts_of(const isoflop::TokenCounts& counts, const isoflop::Tokenizer& tokenizer);

/// One JSON object, or a line for each key.
void print_facts(const Json& facts, const Globals& globals);
void print_counts(const isoflop::TokenCounts& counts, const isoflop::Tokenizer& tokenizer, const Globals& globals);

struct TokenizerFlags {
  std::string path, split_pattern;
};
void add_tokenizer_flags(CLI::App& app, TokenizerFlags& flags);
[[nodiscard]] std::unique_ptr<isoflop::Tokenizer> read_tokenizer(const TokenizerFlags& flags);

void add_tok_files(CLI::App& tok, Globals& globals);  ///< convert, export, import

}  // namespace cli
