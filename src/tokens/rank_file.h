// Rank files of tiktoken: a line for each token, its bytes in base64 and its rank. Inside the room only.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "isoflop/tokens.h"
#include "tokens/bpe_model.h"

namespace isoflop::tokens {

/// Its first line is base64, a space and a number.
[[nodiscard]] bool looks_like_ranks(const std::string& text);

/// The parts of a rank file: two neighbours merge if what they spell is a token, that of the lowest rank first; a chunk that is a
/// token is that token.
///
/// Result   the merges are all splits of every token into two others, by rank, then by the left part; no special tokens.
/// Throws   bad_data naming `path` and the line.
[[nodiscard]] BpeParts parts_from_ranks(const std::string& text, const std::string& path);

/// `pattern`, or that of the encoding the file's name tells (r50k_base, p50k_base, cl100k_base). The end of text has the id its
/// encoding gives it, else the next one. Throws usage where neither says how text is cut.
[[nodiscard]] std::unique_ptr<Tokenizer> tokenizer_from_ranks(const std::string& text, const std::string& path,
                                                              std::optional<SplitPattern> pattern);

/// Throws usage if the tokens do not merge in the order of their ids.
[[nodiscard]] std::string ranks_of(const BpeModel& model);

}  // namespace isoflop::tokens
