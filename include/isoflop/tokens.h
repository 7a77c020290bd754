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
  [[nodiscard]] virtual std::string kind() const = 0;             ///< "char", "byte", "bpe"
  [[nodiscard]] virtual std::int64_t vocab_size() const = 0;
  [[nodiscard]] virtual std::optional<std::int32_t> end_of_text() const = 0;
  virtual void encode(std::string_view text, std::vector<std::int32_t>& out) const = 0;  ///< appends
  [[nodiscard]] virtual std::string decode(std::span<const std::int32_t> tokens) const = 0;
  [[nodiscard]] virtual std::int64_t bytes_of(std::int32_t token) const = 0;  ///< bytes of text the token stands for; 0: end of
                                                                              ///< text
  [[nodiscard]] virtual std::string to_json() const = 0;          ///< docs/formats/tokenizer.md
  /// Where a text that goes on may be cut so that both parts alone have its tokens: its end if it `ends`, else the last certain
  /// place, 0 if there is none.
  [[nodiscard]] virtual std::size_t certain_cut(std::string_view text, bool ends) const;
  [[nodiscard]] std::string id() const;                           ///< content hash, 16 hex digits
};

enum class TokenizerKind { byte, char_, bpe };
enum class VocabularyFrom { training_split, whole_corpus };  ///< the latter only to reproduce the source experiment
/// bpe: how text is cut into chunks that no merge crosses. gpt4 is the pattern of cl100k_base; script is the same with Han,
/// Hiragana and Katakana runs as chunks of their own, for Japanese (docs/formats/tokenizer.md).
enum class SplitPattern { gpt2, gpt4, script };

inline constexpr std::string_view kEndOfTextName = "<|endoftext|>";
inline constexpr std::int64_t kMostTokens = 1 << 24;  ///< of a vocabulary

struct TokenizerOptions {
  TokenizerKind kind = TokenizerKind::char_;
  VocabularyFrom from = VocabularyFrom::training_split;
  // bpe
  std::int64_t vocab_size = 8'192;   ///< bytes, merges and the end of text together; fewer if the text has no more pairs
  SplitPattern pattern = SplitPattern::gpt4;
  std::int64_t least_count = 2;      ///< a pair that occurs less often is not merged
  std::int64_t threads = 1;          ///< any number gives the same tokenizer
};

/// Builds a tokenizer from a corpus. An end-of-text token exists when the corpus has documents (not for blocks of one text).
/// char: code points of the training split in code-point order, then 256 byte tokens for unseen characters; with
/// whole_corpus nothing is unseen and there are no byte tokens.
/// bpe: byte-level byte-pair encoding; ids 0-255 are the bytes, then the merges in order, then the end of text. Ties go to the
/// smaller pair of ids. Throws usage for options out of range.
[[nodiscard]] std::unique_ptr<Tokenizer> build_tokenizer(const TokenizerOptions& options, const Corpus& corpus,
                                                         std::stop_token stop = {}, const ProgressFn& progress = {});
/// The same from several, read one after another.
[[nodiscard]] std::unique_ptr<Tokenizer> build_tokenizer(const TokenizerOptions& options, std::span<const Corpus> corpora,
                                                         std::stop_token stop = {}, const ProgressFn& progress = {});

/// Ours, or Hugging Face's tokenizer.json of a byte-level BPE. Throws bad_data naming `subject` if the file was changed, torn, of
/// another version, or asks for what is not done here (a model type, a normalizer, ...), by name.
[[nodiscard]] std::unique_ptr<Tokenizer> tokenizer_from_json(const std::string& text, const std::string& subject);

struct ReadTokenizerOptions {
  /// For files that do not say how text is cut: rank files of no known name (GPT-2's two files are cut by gpt2).
  std::optional<SplitPattern> pattern = {};
};
/// Reads a tokenizer in any form: tokenizer.json; GPT-2's vocab.json and merges.txt (also encoder.json and vocab.bpe), given as
/// their folder or as one of them; a rank file of tiktoken. Throws missing_input, io, bad_data.
[[nodiscard]] std::unique_ptr<Tokenizer> read_tokenizer(const std::string& path, const ReadTokenizerOptions& options = {});

enum class TokenizerFormat { json, gpt2, tiktoken };
/// Writes one (atomic): `json` to a file, as `to_json`; `gpt2` vocab.json and merges.txt into a folder; `tiktoken` a rank file
/// without the special tokens. Throws usage where the form cannot hold the tokenizer, io.
void write_tokenizer(const Tokenizer& tokenizer, const std::string& path, TokenizerFormat format = TokenizerFormat::json);

[[nodiscard]] std::string to_string(TokenizerKind);
[[nodiscard]] std::string to_string(SplitPattern);
[[nodiscard]] TokenizerKind tokenizer_kind_from(const std::string& text);
[[nodiscard]] SplitPattern split_pattern_from(const std::string& text);
[[nodiscard]] TokenizerFormat tokenizer_format_from(const std::string& text);

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
[[nodiscard]] std::unique_ptr<TokenSplit> token_split_in_memory(std::vector<std::int32_t> tokens,
                                                                std::vector<TokenUnit> units = {});

/// A tokenised corpus on disk: <root>/<id>/{train,val}-NNNNN.tok, units index, manifest (docs/formats/tokens.md).
struct TokenSet {
  std::string id;             ///< hash of the corpus' content id and the tokenizer's id
  std::string folder;
  std::string tokenizer_id;
  std::int64_t vocab_size = 0;
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

/// How many tokens a text is, without writing them. Documents are taken whole, whatever their length: their tokens are those of
/// the whole text, without ends of text. Memory does not grow with documents that have a certain place to be cut (`certain_cut`).
struct TextCounts {
  std::string source;          ///< empty in the total
  std::int64_t documents = 0;
  std::int64_t characters = 0;
  std::int64_t bytes = 0;
  std::int64_t invalid_bytes = 0;  ///< replaced or left out by the corpus' UTF-8 policy
  std::int64_t tokens = 0;
};
struct TokenCounts {
  TextCounts total;
  std::vector<TextCounts> sources;  ///< by name
};
/// Needs    a corpus opened with SplitKind::none, so that nothing is asked of its length.
/// Throws   stopped, usage (threads), what the corpus throws.
/// Checked  count_test.cc; tokens_reference_test.cc: tinyshakespeare's 301,966 and 36,059.
[[nodiscard]] TokenCounts count_tokens(const Corpus& corpus, const Tokenizer& tokenizer, std::int64_t threads = 1,
                                       std::stop_token stop = {}, const ProgressFn& progress = {});

/// Token files of other trainers. llm_c: 256 32-bit words of header {20240520, 1, tokens}, then 16-bit tokens, or {20240801, 7,
/// tokens} and 32-bit ones; nanogpt: 16-bit tokens and nothing else.
///
/// Source   karpathy/llm.c llmc/dataloader.h, dev/data/data_common.py; karpathy/nanoGPT data/*/prepare.py.
enum class ShardFormat { llm_c, nanogpt };

struct ShardFile {
  std::string path;
  std::int64_t tokens = 0;
};
/// Writes a token set as shards into a folder: <name>_train_000000.bin, <name>_val_000000.bin ... or train.bin and val.bin.
/// Throws usage if the tokens do not fit the form's width, or a llm.c shard would hold 2^31 tokens; io.
[[nodiscard]] std::vector<ShardFile> export_shards(const TokenSet& set, ShardFormat format, const std::string& folder,
                                                   const std::string& name, std::stop_token stop = {});

struct ImportOptions {
  std::vector<std::string> train = {}, held_out = {};  ///< files in their order
  std::optional<ShardFormat> format = {};    ///< none: llm.c where the header says so, else nanoGPT
  std::string root = {};
  std::int64_t shard_tokens = 100'000'000;
};
/// Reads shards into a token folder of ours under `root`. Units end at the tokenizer's end of text (or after 65,536 tokens).
/// Throws missing_input; bad_data naming the file: a size that is not what its header says, a token outside the vocabulary;
/// usage.
[[nodiscard]] TokenSet import_shards(const ImportOptions& options, const Tokenizer& tokenizer, std::stop_token stop = {},
                                     const ProgressFn& progress = {});

[[nodiscard]] ShardFormat shard_format_from(const std::string& text);

/// Seeded batches: sequence j of update k is a function of (seed, k * sequences + j) alone, and where they are ordered of the
/// run's length.
class BatchSource {
 public:
  BatchSource(std::int64_t sequences, std::int64_t block_size) : sequences_(sequences), block_size_(block_size) {}
  virtual ~BatchSource() = default;
  /// The `index`-th sequence of the run; inputs and targets: (block_size) each; targets are the next tokens.
  virtual void sequence(std::int64_t index, std::span<std::int32_t> inputs, std::span<std::int32_t> targets) const = 0;
  /// Those of one update, in order: (sequences, block_size) each.
  void batch(std::int64_t update, std::span<std::int32_t> inputs, std::span<std::int32_t> targets) const;
  [[nodiscard]] virtual std::int64_t windows_per_epoch() const = 0;
  /// Distinct positions of the split that the first `updates` updates train on (as targets).
  [[nodiscard]] virtual std::int64_t distinct_tokens(std::int64_t updates) const = 0;

 private:
  std::int64_t sequences_, block_size_;
};
/// In which order the windows of an epoch come: seeded, or by the mean surprisal of their tokens, -ln of the token's share of the
/// run's own text, least first or most first. The windows of an epoch are the same in every order.
enum class WindowOrder { shuffled, easy_first, hard_first };
struct BatchOptions {
  std::uint64_t seed = 0;
  std::int64_t sequences = 32;
  std::int64_t block_size = 256;
  bool random_windows = false;  ///< with replacement; else epochs of non-overlapping windows in a seeded order
  std::optional<std::int64_t> subset_tokens = {};  ///< the first this many tokens of the split
  WindowOrder order = WindowOrder::shuffled;  ///< by surprisal: epochs only, and `updates` says how long the run is
  std::int64_t updates = 0;
  double token_noise = 0;       ///< share of the input tokens that another of the vocabulary takes the place of, another draw
                                ///< each epoch; targets stay
  std::int64_t vocab_size = 0;  ///< with token_noise
};
/// Throws bad_data if the split (or subset) is shorter than one window and its target; bad_study for options that do not go
/// together.
[[nodiscard]] std::unique_ptr<BatchSource> make_batches(std::shared_ptr<const TokenSplit> split, const BatchOptions& options);

/// One source of a mixture and its share of the sequences (weights need not sum to 1; 0: none).
struct MixedSource {
  std::shared_ptr<const TokenSplit> split;
  double weight = 1;
};
/// Batches whose sequences take turns between sources: each of its own seeded order, after any number of sequences within a few
/// of its share (a ten-thousandth of them in every 10,000).
///
/// Throws   bad_study for weights that cannot be, and for an order by surprisal, which would bring one source before another;
///          bad_data as make_batches.
/// Checked  mixed_batches_test.cc.
[[nodiscard]] std::unique_ptr<BatchSource> make_mixed_batches(const std::vector<MixedSource>& sources,
                                                              const BatchOptions& options);

/// Splits one after another, as one; their units in order.
[[nodiscard]] std::shared_ptr<const TokenSplit> join_splits(std::vector<std::shared_ptr<const TokenSplit>> parts);

}  // namespace isoflop
