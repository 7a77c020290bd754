// Tokenizers, token files, seeded batches. Same seed, same order, for any number of threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "isoflop/base.h"
#include "isoflop/corpus.h"

namespace isoflop {

/// Text <-> token ids. Values after construction; safe to share between threads.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  [[nodiscard]] virtual std::string kind() const = 0;             ///< "char", "byte"
  [[nodiscard]] virtual std::int64_t vocab_size() const = 0;
  [[nodiscard]] virtual std::optional<std::int32_t> end_of_text() const = 0;
  virtual void encode(std::string_view text, std::vector<std::int32_t>& out) const = 0;  ///< appends
  [[nodiscard]] virtual std::string decode(std::span<const std::int32_t> tokens) const = 0;
  [[nodiscard]] virtual std::int64_t bytes_of(std::int32_t token) const = 0;  ///< bytes of text the token stands for; 0: end of text
  [[nodiscard]] virtual std::string to_json() const = 0;          ///< docs/formats/tokenizer.md; carries its checksum
  [[nodiscard]] std::string id() const;                           ///< content hash, 16 hex digits
};

enum class TokenizerKind { byte, char_ };
enum class VocabularyFrom { training_split, whole_corpus };  ///< the latter only to reproduce the source experiment

/// Builds a tokenizer from a corpus. An end-of-text token exists when the corpus has documents (not for blocks of one text).
/// char: code points of the training split in code-point order, then 256 byte tokens for unseen characters; with
/// whole_corpus nothing is unseen and there are no byte tokens.
[[nodiscard]] std::unique_ptr<Tokenizer> build_tokenizer(TokenizerKind kind, VocabularyFrom from, const Corpus& corpus,
                                                         std::stop_token stop = {});
/// Throws bad_data naming `subject` if the file was changed, torn, or is of another version.
[[nodiscard]] std::unique_ptr<Tokenizer> tokenizer_from_json(const std::string& text, const std::string& subject);
/// The same from and to a file (atomic). Throws missing_input, io, bad_data.
[[nodiscard]] std::unique_ptr<Tokenizer> read_tokenizer(const std::string& path);
void write_tokenizer(const Tokenizer& tokenizer, const std::string& path);
[[nodiscard]] std::string to_string(TokenizerKind);
[[nodiscard]] TokenizerKind tokenizer_kind_from(const std::string& text);

/// A held-out (or training) unit's place in the token stream.
struct TokenUnit {
  std::int64_t first = 0;   ///< token offset
  std::int64_t tokens = 0;
  std::int64_t bytes = 0;
};

/// A split's tokens, memory-mapped, checksums verified at open. Many shards, one address space of 64-bit offsets.
class TokenSplit {
 public:
  virtual ~TokenSplit() = default;
  [[nodiscard]] virtual std::int64_t size() const = 0;
  virtual void copy(std::int64_t first, std::int64_t count, std::int32_t* out) const = 0;
  [[nodiscard]] virtual const std::vector<TokenUnit>& units() const = 0;
};

/// Tokens in memory, for tests and small studies.
[[nodiscard]] std::unique_ptr<TokenSplit> token_split_in_memory(std::vector<std::int32_t> tokens, std::vector<TokenUnit> units = {});

/// A tokenised corpus on disk: <root>/<id>/{train,val}-NNNNN.tok, units index, manifest (docs/formats/tokens.md).
struct TokenSet {
  std::string id;             ///< hash of the corpus' content id and the tokenizer's id
  std::string folder;
  std::string tokenizer_id;
  std::int64_t train_bytes = 0;  ///< bytes of text in the training split
  std::shared_ptr<const TokenSplit> train, held_out;
};

/// Encodes a corpus into `root`, or opens what is there already. Atomic: a folder that exists is whole.
/// Held-out text goes into the held-out split only, without exception.
struct EncodeOptions {
  std::string root;
  std::int64_t threads = 1;
  std::int64_t shard_tokens = 100'000'000;
};
[[nodiscard]] TokenSet encode_corpus(const Corpus& corpus, const Tokenizer& tokenizer, const EncodeOptions& options,
                                     std::stop_token stop = {}, const ProgressFn& progress = {});
/// Throws bad_data, naming the file, if a checksum, size or count does not hold.
[[nodiscard]] TokenSet open_tokens(const std::string& folder);

/// Seeded batches: sequence j of update k is a function of (seed, k * sequences + j) alone, and where they are ordered of the run's length.
class BatchSource {
 public:
  explicit BatchSource(std::int64_t block_size) : block_size_(block_size) {}
  virtual ~BatchSource() = default;
  /// The `index`-th sequence of the run; inputs and targets: (block_size) each; targets are the next tokens.
  virtual void sequence(std::int64_t index, std::span<std::int32_t> inputs, std::span<std::int32_t> targets) const = 0;
  /// Those of one update, in order: (sequences, block_size) each.
  void batch(std::int64_t update, std::span<std::int32_t> inputs, std::span<std::int32_t> targets) const;
  [[nodiscard]] virtual std::int64_t windows_per_epoch() const = 0;
  /// Distinct positions of the split that the first `updates` updates train on (as targets).
  [[nodiscard]] virtual std::int64_t distinct_tokens(std::int64_t updates) const = 0;

 private:
  std::int64_t block_size_;
};
/// In which order the windows of an epoch come: seeded, or by the mean surprisal of their tokens, -ln of the token's share of the run's
/// own text, least first or most first. The windows of an epoch are the same in every order.
enum class WindowOrder { shuffled, easy_first, hard_first };
struct BatchOptions {
  std::uint64_t seed = 0;
  std::int64_t sequences = 32;
  std::int64_t block_size = 256;
  bool random_windows = false;  ///< with replacement; else epochs of non-overlapping windows in a seeded order
  std::optional<std::int64_t> subset_tokens = {};  ///< the first this many tokens of the split
  WindowOrder order = WindowOrder::shuffled;  ///< by surprisal: epochs only, and `updates` says how long the run is
  std::int64_t updates = 0;
  double token_noise = 0;       ///< share of the input tokens that another of the vocabulary takes the place of, another draw each epoch; targets stay
  std::int64_t vocab_size = 0;  ///< with token_noise
};
/// Throws bad_data if the split (or subset) is shorter than one window and its target.
[[nodiscard]] std::unique_ptr<BatchSource> make_batches(std::shared_ptr<const TokenSplit> split, const BatchOptions& options);

}  // namespace isoflop
