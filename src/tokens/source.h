// Where units come from: a Corpus, or a test's few lines. Inside the room only.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "isoflop/tokens.h"

namespace isoflop::tokens {

struct UnitSource {
  std::string content_id;
  SplitKind split = SplitKind::document;
  std::int64_t bytes = 0;  ///< of all text, for progress; 0: not known
  std::function<void(const std::function<void(const Unit&)>&, std::stop_token)> for_each_unit;
};

[[nodiscard]] UnitSource source_of(const Corpus& corpus);

[[nodiscard]] std::unique_ptr<Tokenizer> build_tokenizer(const TokenizerOptions& options, const UnitSource& source,
                                                         std::stop_token stop, const ProgressFn& progress = {});
[[nodiscard]] TokenSet encode(const UnitSource& source, const Tokenizer& tokenizer, const EncodeOptions& options,
                              std::stop_token stop, const ProgressFn& progress);
[[nodiscard]] TokenCounts count(const UnitSource& source, const Tokenizer& tokenizer, std::int64_t threads, std::stop_token stop,
                                const ProgressFn& progress);

/// bad_data: the token is not in the vocabulary.
[[noreturn]] void bad_token(std::int32_t token, std::int64_t vocab_size);
/// Throws Error{stopped} if asked to; nothing half-made is left.
void throw_if_stopped(const std::stop_token& stop);

}  // namespace isoflop::tokens
