// Duplicates found and taken out: equal documents, paragraphs and lines, near-duplicates (MinHash, SimHash), substrings, n-grams
// seen before, and what evaluation texts hold. Memory is bounded, but for about 30 bytes a document; the same bytes for any
// number of threads.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "isoflop/base.h"
#include "isoflop/corpus.h"

namespace isoflop {

/// What a text's n-grams are made of. A word is a longest run of word characters (Unicode: letters, marks, digits, connecting
/// punctuation such as `_`), lower-cased character by character; all else separates words and is no part of any.
enum class ShingleUnit {
  automatic,   ///< words, but each character of a script written without spaces (Han, Kana, Thai, Lao, Khmer, Myanmar) is a word
  words,       ///< words, whatever the script
  characters,  ///< each word character is a word
};

struct ShingleOptions {
  ShingleUnit unit = ShingleUnit::automatic;
  std::int64_t ngram = 5;  ///< words; a text of fewer words is one n-gram, a text without words has none and is like no other
};

/// The set similarity |A and B| / |A or B| of two texts' n-grams, 0 if a text has none.
///
/// Checked  dedup_minhash_test.cc: sets of known overlap
[[nodiscard]] double jaccard(std::string_view a, std::string_view b, const ShingleOptions& shingles = {});

struct MinHashOptions {
  ShingleOptions shingles{};
  double threshold = 0.7;            ///< Jaccard similarity from which two documents are near-duplicates, in (0, 1]
  std::int64_t permutations = 128;   ///< 8 to 1024
  std::int64_t bands = 0, rows = 0;  ///< given together, bands × rows <= permutations; 0: choose_bands
  /// What a false positive costs when the bands are chosen, in [0, 1]; a false negative costs 1 minus it. Nothing: 0.5 without
  /// `verify`, 0.02 with it, for then a false positive costs time only.
  std::optional<double> false_positive_weight{};
  bool verify = true;      ///< a candidate pair counts only if its true Jaccard similarity reaches the threshold
  std::uint64_t seed = 1;  ///< of the permutations
};
/// Throws usage, naming the option.
void validate(const MinHashOptions& options);

struct MinHashBands {
  std::int64_t bands = 0, rows = 0;
  double false_positive_area = 0;  ///< of the probability below the threshold
  double false_negative_area = 0;  ///< of 1 - probability above it
  /// The probability that two documents of this similarity become a candidate pair: 1 - (1 - s^rows)^bands.
  [[nodiscard]] double probability(double similarity) const;
};
/// The bands and rows that make the weighted sum of both areas least.
///
/// Source   Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, section 3.4 (bands); Zhu et al. 2016 (LSH Ensemble,
///          PVLDB 9:1185; areas of false positives and negatives)
/// Checked  dedup_minhash_test.cc
[[nodiscard]] MinHashBands choose_bands(const MinHashOptions& options);

/// The least value of each permutation over a text's n-grams; all ones for a text without any.
///
/// Source   Broder 1997, On the resemblance and containment of documents
/// Numerics the same bits on every machine
/// Checked  dedup_minhash_test.cc: the estimate's error is within its binomial bound
[[nodiscard]] std::vector<std::uint32_t> minhash_signature(std::string_view text, const MinHashOptions& options = {});
/// The share of permutations in which two signatures agree: an estimate of the Jaccard similarity s with variance s (1 - s) /
/// permutations.
[[nodiscard]] double estimate_jaccard(std::span<const std::uint32_t> a, std::span<const std::uint32_t> b);

/// For each text the smallest index of its near-duplicate cluster: two texts are in one cluster if a chain of near-duplicate
/// pairs joins them. Checked: dedup_minhash_test.cc, against all pairs.
[[nodiscard]] std::vector<std::uint32_t> near_duplicate_clusters(std::span<const std::string_view> texts,
                                                                 const MinHashOptions& options = {});

/// Each of 64 bits is the majority of that bit over the hashes of a text's n-grams, repeats included.
///
/// Source   Charikar 2002, Similarity estimation techniques from rounding algorithms; Manku, Jain, Das Sarma 2007 (tables)
struct SimHashOptions {
  ShingleOptions shingles{.ngram = 3};
  std::int64_t distance = 3;  ///< bits of 64 in which near-duplicates may differ, 0 to 16
};

struct SubstringOptions {
  std::int64_t min_length = 100;  ///< bytes; at least 8
};

struct NgramOptions {
  ShingleOptions shingles{.ngram = 13};
  double threshold = 0.8;         ///< a unit goes if at least this share of its n-grams was seen before, in (0, 1]
  double false_positives = 0.01;  ///< of the Bloom filter, for one n-gram
  bool paragraphs = false;        ///< the unit is the paragraph, not the document
};

struct DecontaminationOptions {
  std::vector<std::string> evaluation{};  ///< files, folders, globs: a document that shares an n-gram with one of them goes
  bool held_out = false;                  ///< also with a held-out document of the corpus' own split by document
  double val_fraction = 0.1;              ///< of that split
  ShingleOptions shingles{.ngram = 13};
};

enum class DedupMethod {
  documents,   ///< equal bytes
  paragraphs,  ///< lines without a blank one between them, equal but for white space at their end
  lines,       ///< equal but for white space at their end; blank lines stay
  minhash,
  simhash,
  substrings,  ///< a stretch of at least `min_length` bytes that stands earlier, found by suffix arrays
  ngrams,      ///< units of n-grams seen before, by a Bloom filter
  decontaminate,
};

/// Which member of a cluster of near-duplicates (minhash, simhash) is kept. Everything else keeps the first in reading order.
enum class DedupKeep {
  first,    ///< in reading order
  longest,  ///< in bytes; of equally long ones the first
};

struct DedupOptions {
  std::vector<std::string> inputs{};  ///< as CorpusOptions::inputs
  std::string text_key = "text", source_key = "source", id_key = "id";
  Utf8Policy utf8 = Utf8Policy::error;
  std::vector<DedupMethod> chain{};  ///< in this order, each once
  DedupKeep keep = DedupKeep::first;
  MinHashOptions minhash{};
  SimHashOptions simhash{};
  SubstringOptions substrings{};
  NgramOptions ngrams{};
  DecontaminationOptions decontamination{};
  std::int64_t min_unit = 1;                    ///< lines and paragraphs of fewer bytes stay
  std::string out{};                            ///< folder of the kept documents; empty: none written
  std::string clusters{};  ///< file outside of `out` of {"id", "cluster"}, a line a document; empty: none written
  std::string work{};                           ///< folder for what does not fit in memory; it is made when needed and left empty
  std::int64_t memory = std::int64_t{2} << 30;  ///< bytes, at least 64 MiB
  std::int64_t threads = 1;
};
/// Throws usage, naming the option.
void validate(const DedupOptions& options);

/// What one method of the chain did.
struct DedupStage {
  DedupMethod method = DedupMethod::documents;
  std::int64_t documents = 0;          ///< that it saw
  std::int64_t removed_documents = 0;  ///< of them
  std::int64_t units = 0;              ///< lines or paragraphs it compared, n-grams it found
  std::int64_t removed_units = 0;      ///< lines, paragraphs, spans
  std::int64_t removed_bytes = 0;      ///< of text, the removed documents' included
  std::int64_t candidates = 0;         ///< minhash, simhash: pairs that were compared
  std::int64_t matches = 0;            ///< of them near-duplicates
  MinHashBands bands{};                ///< minhash
};

struct DedupSource {
  std::string name;
  std::int64_t documents = 0, removed_documents = 0;
  std::int64_t bytes = 0, removed_bytes = 0;  ///< of text
};

/// How much of one source went because another (or the same) source held it first.
struct DedupBetween {
  std::string removed, kept;  ///< sources; `kept` is the evaluation file or `held-out` for decontamination
  DedupMethod method = DedupMethod::documents;
  std::int64_t count = 0;  ///< documents; lines or paragraphs; bytes of substrings
};

struct DedupReport {
  std::int64_t documents = 0, kept = 0, removed = 0;
  std::int64_t passed_over = 0;               ///< files of the folders that do not end like text
  std::int64_t empty = 0;                     ///< documents without a character: read, in no count and in no output
  std::int64_t clusters = 0;                  ///< of two documents or more
  std::int64_t pairs = 0;                     ///< pairs of documents that lie in one cluster
  std::int64_t bytes = 0, removed_bytes = 0;  ///< of text
  std::vector<DedupStage> stages;
  std::vector<DedupSource> sources;   ///< by name
  std::vector<DedupBetween> between;  ///< by method, then names; none for ngrams
  std::vector<CorpusFile> inputs;     ///< in reading order
  std::vector<CorpusFile> files;      ///< written, in reading order
};

/// Runs the chain over a corpus.
///
/// Needs    a folder `out` that does not exist, is empty, or holds an earlier result, which is replaced
/// Result   documents in reading order; what is kept of each is whole characters. A document whose text is all taken out is
///          removed. `out` appears when everything in it is written and synced; until then it is `out`.partial, and what an
///          error leaves of that is removed.
/// Throws   what Corpus::open throws; usage (`out` holds other files; `out` or `clusters` would replace what is read), io (disk
///          full, unwritable), failure (a document or a filter that does not fit into `memory`), stopped
/// Checked  dedup_chain_test.cc: equal bytes for 1, 2, 3 threads, in memory and spilt; dedup_reference_test.cc: published values
[[nodiscard]] DedupReport deduplicate(const DedupOptions& options, std::stop_token stop = {}, const ProgressFn& progress = {});

/// docs/formats/dedup.md; also what `dedup.manifest.json` holds.
[[nodiscard]] std::string to_json(const DedupReport& report, const DedupOptions& options);

[[nodiscard]] std::string to_string(DedupMethod);
[[nodiscard]] std::string to_string(DedupKeep);
[[nodiscard]] std::string to_string(ShingleUnit);
[[nodiscard]] DedupKeep dedup_keep_from(const std::string& text);

}  // namespace isoflop
