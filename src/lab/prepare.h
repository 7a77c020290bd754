// Text to tokens: what every pipeline starts with.
#pragma once

#include <memory>
#include <span>

#include "isoflop/lab.h"

namespace isoflop::lab {

struct NamedManifest {
  std::string name;
  CorpusManifest manifest;
};

struct Prepared {
  std::string title;  ///< of the corpus: the recipe's title or the inputs' names
  std::vector<NamedManifest> texts;  ///< one; of a mixture one for each of `parts`
  std::shared_ptr<const Tokenizer> tokenizer;
  TokenSet tokens;
  std::vector<TokenSet> parts;  ///< of a mixture: its sources, then what is scored only; `tokens` is all of them, one after
                                ///< another
  double train_bytes_per_token = 0;
  std::int64_t resident_bytes = 0;  ///< of the process with the tokens mapped and nothing else
};

/// corpus.manifest.json: of one text its manifest; of several {"texts": [{"name", "manifest"}]}.
inline constexpr const char* kCorpusManifest = "corpus.manifest.json";
[[nodiscard]] std::string manifests_to_json(const std::vector<NamedManifest>& texts);
[[nodiscard]] std::vector<NamedManifest> manifests_from_json(const std::string& text, const std::string& subject);

/// Reads, splits, builds the tokenizer, encodes into the cache (or opens what is there).
/// Throws what Corpus and encode_corpus throw, and bad_data when a split is shorter than a window of `study`.
[[nodiscard]] Prepared prepare(const Study& study, const LabOptions& options);

/// The tokenizer a study asks for: read from its file, or made of the corpora.
[[nodiscard]] std::unique_ptr<Tokenizer> tokenizer_for(const Study& study, std::span<const Corpus> corpora,
                                                       const LabOptions& options);

}  // namespace isoflop::lab
