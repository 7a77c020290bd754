// Text in, as a stream: read, check, split. Output: units of text, each training or held-out, and a manifest.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "isoflop/base.h"

namespace isoflop {

enum class Utf8Policy { error, replace, skip };  ///< invalid bytes: stop with their offset, U+FFFD, or leave them out
enum class SplitKind { automatic, block, document, source, none };

/// What a packed file may grow to; beyond it is taken for a bomb.
struct UnpackLimits {
  std::int64_t ratio = 200;                    ///< times the bytes read of it, after the first 64 MiB
  std::int64_t bytes = std::int64_t{1} << 40;  ///< of a file, unpacked
};

struct CorpusOptions {
  /// Files; folders (recursive: *.txt *.md *.jsonl *.ndjson and their .gz .zst); globs (`**`: folders at any depth).
  std::vector<std::string> inputs;
  std::string text_key = "text";         ///< JSONL: the key that holds a document's text
  std::string source_key = "source";     ///< JSONL: the key that names its source; plain files: the file is the source
  Utf8Policy utf8 = Utf8Policy::error;
  SplitKind split = SplitKind::automatic;  ///< document from 30 documents up, else block
  double val_fraction = 0.1;             ///< of the characters, in (0, 0.5]; reached from the smallest unit hash upwards
  std::int64_t block_characters = 10'000;  ///< block: cut at the paragraph end nearest to this length
  /// document: near-duplicates (Jaccard similarity of word 5-grams from about .75 upwards, by MinHash) lie on one side, and so do
  /// chains of them. Without any, the split is the same either way.
  bool near_duplicates_together = true;
};

/// Throws usage, with the option's name as the subject, for a value out of range.
void validate(const CorpusOptions& options);

/// One unit of the split: a document, a block of a long text, or a document of a held-out source.
struct Unit {
  std::int64_t index = 0;     ///< in reading order over the whole corpus
  std::string_view source;
  std::string_view text;      ///< valid UTF-8; lives until the callback returns
  bool held_out = false;
  bool ends_document = true;  ///< false for every block of a text but its last
};

struct SourceFacts {
  std::string name;
  std::string sha256;         ///< of the file's bytes as stored (compressed: as compressed); over several files, of their hashes'
                              ///< lines
  std::int64_t documents = 0;
  std::int64_t characters = 0;
  std::int64_t bytes = 0;     ///< of the text
  std::int64_t invalid_bytes = 0;  ///< replaced or left out by the UTF-8 policy
  std::int64_t units = 0;
  std::int64_t held_out_units = 0;
  std::int64_t held_out_characters = 0;
};

struct CorpusFile {
  std::string name;    ///< relative to the folder that was named, else the file's own name
  std::string sha256;  ///< of the bytes as stored
  std::int64_t stored_bytes = 0;
};

struct SplitFacts {
  std::int64_t units = 0;
  std::int64_t characters = 0;
  std::int64_t bytes = 0;
};

/// What was read and how it was split. `content_id` is a hash of all that decides the units and their sides; no path in it.
struct CorpusManifest {
  std::string content_id;
  SplitKind split = SplitKind::document;
  double val_fraction = 0.1;
  std::int64_t block_characters = 10'000;  ///< used by block and none
  Utf8Policy utf8 = Utf8Policy::error;
  std::int64_t distinct_characters = 0;    ///< code points, training and held-out text together
  std::int64_t empty_documents = 0;        ///< documents without a character: read, counted here, in no unit
  std::vector<CorpusFile> files;           ///< in reading order
  std::vector<SourceFacts> sources;        ///< by name
  SplitFacts train, held_out;
};

/// A corpus whose split is decided. Two passes over the files; memory does not grow with the text, only with units.
class Corpus {
 public:
  /// First pass: reads, checks, hashes and splits.
  ///
  /// Needs    regular files: they are read again by every for_each_unit. Files are read in the order of their names.
  /// Result   units of equal text lie on one side, documents of one near-duplicate cluster too; the side of a unit depends on the
  ///          units' texts alone (`source`: on the sources' names). A unit that would bring the held-out share over a half is
  ///          never held out.
  /// Throws   missing_input (no such file, empty folder), bad_data (empty, binary, invalid UTF-8 with its byte offset, JSONL with
  ///          its line, packed data cut short, nothing held out), usage (an option out of range), stopped, io.
  /// Checked  corpus_test.cc
  [[nodiscard]] static Corpus open(const CorpusOptions& options, std::stop_token stop = {}, const ProgressFn& progress = {});

  Corpus(Corpus&&) noexcept;
  Corpus& operator=(Corpus&&) noexcept;
  ~Corpus();

  [[nodiscard]] const CorpusManifest& manifest() const;
  /// Where the files that are read lie, in reading order.
  [[nodiscard]] std::vector<std::filesystem::path> paths() const;
  /// For people: how many files of the folders were not read because they do not end like text; empty if none.
  [[nodiscard]] std::string passed_over() const;

  /// Second pass: every unit in reading order. Throws bad_data if a file changed since `open` (a unit is checked
  /// before it is visited), stopped.
  void for_each_unit(const std::function<void(const Unit&)>& visit, std::stop_token stop = {}) const;

 private:
  struct State;
  explicit Corpus(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

[[nodiscard]] std::string to_json(const CorpusManifest& manifest);
[[nodiscard]] CorpusManifest corpus_manifest_from_json(const std::string& text, const std::string& subject);

/// A sample corpus that a package registry carries (data/corpora.toml, embedded at build).
struct CorpusRecipe {
  std::string name, title, manager, package, version, licence, unpack;
  std::int64_t documents = 0, characters = 0;
};
[[nodiscard]] const std::vector<CorpusRecipe>& corpus_recipes();

/// Brings a recipe's corpus into `cache_dir`/<name>-<version>.jsonl by its package manager and returns that path; at once if
/// it is there and its checksum holds. Throws usage (unknown recipe, with the nearest), failure (the manager is missing or
/// says no, with its words).
[[nodiscard]] std::string get_corpus(const std::string& name, const std::string& cache_dir, std::stop_token stop = {},
                                     const ProgressFn& progress = {});

/// The files behind what a user names: a path that exists or a glob stays as it is; else a recipe's name becomes its file,
/// fetched into `cache_dir`. Throws missing_input, with the nearest recipe, for anything else, and what get_corpus throws.
[[nodiscard]] std::vector<std::string> resolve_inputs(std::vector<std::string> inputs, const std::string& cache_dir,
                                                      std::stop_token stop = {}, const ProgressFn& progress = {});

[[nodiscard]] std::string to_string(Utf8Policy);
[[nodiscard]] std::string to_string(SplitKind);
[[nodiscard]] Utf8Policy utf8_policy_from(const std::string& text);
[[nodiscard]] SplitKind split_kind_from(const std::string& text);

}  // namespace isoflop
