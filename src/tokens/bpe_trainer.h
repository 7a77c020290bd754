// A byte-pair vocabulary learnt from the counts of chunks. Inside the room only.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <vector>

#include "isoflop/tokens.h"
#include "tokens/bpe_model.h"
#include "tokens/chunk_counts.h"
#include "tokens/source.h"

namespace isoflop::tokens {

/// The chunks of the training split (or of all text), counted by `options.threads` cores. Chunks of more than a KiB are counted
/// in parts.
[[nodiscard]] ChunkCounts count_chunks(const TokenizerOptions& options, const UnitSource& source, std::stop_token stop,
                                       const ProgressFn& progress);

/// The 256 bytes and up to `merges` merges: again and again the pair of neighbours that is most frequent becomes a token; of
/// equally frequent ones the pair of smaller ids.
///
/// Source   Gage 1994; Sennrich et al. 2016 (arXiv:1508.07909), over bytes as in GPT-2 (Radford et al. 2019).
/// Result   fewer merges when no pair occurs `least_count` times. Two merges that spell one token share its id.
/// Checked  bpe_trainer_test.cc: a plain recount after every merge chooses the same; Wikipedia's aaabdaaabac.
[[nodiscard]] BpeParts train_bpe(const ChunkCounts& counts, std::int64_t tokens, std::int64_t least_count,
                                 std::stop_token stop = {}, const ProgressFn& progress = {});

/// Both, and the tokenizer: `options.vocab_size` holds bytes, merges and the end of text.
[[nodiscard]] std::unique_ptr<Tokenizer> build_bpe(const TokenizerOptions& options, const UnitSource& source,
                                                   std::stop_token stop, const ProgressFn& progress);

}  // namespace isoflop::tokens
