// Raw files to clean text: decoded, freed of mark-up, normalised, measured, filtered. Output: a folder of JSON Lines and a
// manifest.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "isoflop/base.h"
#include "isoflop/corpus.h"

namespace isoflop {

/// What a text is written in. `automatic`: by the file's ending (.html .htm .xhtml, .md .markdown), and Aozora Bunko's notes
/// wherever a text shows them.
enum class TextFormat { automatic, plain, aozora, html, markdown };
enum class UnicodeForm { nfc, nfkc, none };  ///< Unicode Standard Annex 15

[[nodiscard]] std::string to_string(TextFormat);
[[nodiscard]] std::string to_string(UnicodeForm);
[[nodiscard]] TextFormat text_format_from(const std::string& text);
[[nodiscard]] UnicodeForm unicode_form_from(const std::string& text);

/// A measure of a text's quality; the table is `quality_measures()`.
struct QualityMeasure {
  const char* name;  ///< as in JSON and, after --min- or --max-, on the command line
  const char* what;
  const char* source;  ///< who uses it
};

/// Every measure, in the order in which bounds are tried.
///
/// Source   Gopher: Rae et al. 2021 (arXiv:2112.11446), appendix A1.1 and table A1; C4: Raffel et al. 2020 (arXiv:1910.10683),
/// section
///          2.2; FineWeb: Penedo et al. 2024 (arXiv:2406.17557); Swallow: Okazaki et al. 2024 (arXiv:2404.17733); Codex: Chen et
///          al. 2021 (arXiv:2107.03374), section 3.1.
/// Units    shares are of [0, 1]. A word is what stands between spaces. In languages without spaces a word counts as two
///          characters: an n-gram of words is there one of 2 n characters, and measures of single words are missing.
///          Repetition of n-grams is measured in windows of 65,536 words, so that it does not grow with the length of a book.
[[nodiscard]] const std::vector<QualityMeasure>& quality_measures();

/// The measures of one text, by the index in quality_measures(); a measure that a text has not is missing.
struct TextQuality {
  std::string language;  ///< en de fr es it pt nl ja zh code other
  std::vector<std::optional<double>> values;
};

/// Measures valid UTF-8. `language` empty: told from the scripts and the commonest words.
/// Checked  quality_test.cc: counts done by hand, and a plain second implementation on random texts.
[[nodiscard]] TextQuality measure_text(std::string_view text, const std::string& language = {});

/// A bound on a measure. A value out of it, not a missing one, removes the document.
struct QualityBound {
  std::string measure;
  bool at_least = true;
  std::optional<double> value;  ///< nothing: the bound is off
  std::string source = {};

  [[nodiscard]] std::string name() const { return (at_least ? "min_" : "max_") + measure; }
};

/// The bounds that hold where the caller names no others, for one of the languages of TextQuality.
[[nodiscard]] std::vector<QualityBound> default_bounds(const std::string& language);

struct CleanOptions {
  std::vector<std::string> inputs;  ///< as CorpusOptions, and in folders *.html *.htm *.xhtml *.markdown
  std::string out;                  ///< folder; a finished one of before is replaced, any other is refused
  std::string removed;              ///< a .jsonl file for the documents that filters removed; empty: they are only counted
  std::string text_key = "text";    ///< JSONL: kept as it is called
  std::string source_key = "source", id_key = "id", language_key = "lang";
  std::string encoding = "auto";           ///< auto: of each file its own; else a name that ICU knows
  Utf8Policy invalid = Utf8Policy::error;  ///< bytes that the encoding does not have
  TextFormat format = TextFormat::automatic;
  UnicodeForm form = UnicodeForm::nfc;
  bool tidy = true;  ///< spaces at line ends and more than two line ends in a row are cut, and what is empty at both ends
  bool compose_accents = true;  ///< Aozora: 〔e'rotique〕 becomes érotique
  bool drop_reserved = false;   ///< Aozora: leave out works whose foot names Creative Commons or a standing copyright
  bool filter = true;
  std::string language;              ///< empty: the document's language_key, else told from the text
  std::vector<QualityBound> bounds;  ///< over the defaults, for every language
  bool annotate = false;             ///< adds the measures to each document, key `quality`
  bool skip_bad = false;             ///< bad lines and files are counted and left out, not an error
  /// Bytes; longer plain text is cut at a line end, anything else is bad.
  std::int64_t longest_document = std::int64_t{256} << 20;
  std::int64_t shard_bytes = std::int64_t{256} << 20;  ///< a part of the output ends with the document that reaches this
  std::int64_t threads = 1;
  UnpackLimits unpack;
};
void validate(const CleanOptions& options);

/// A removed document, shown.
struct CleanExample {
  std::string id, source, opening;  ///< the first 80 characters
  double value = 0;
  double bound = 0;
};

/// What one bound, or one rule (`empty`, `rights_reserved`), removed.
struct CleanFilter {
  std::string name;
  std::int64_t documents = 0;  ///< removed by it: it was the first that did not hold
  std::int64_t characters = 0;
  std::int64_t failed = 0;             ///< documents it did not hold for
  std::vector<CleanExample> examples;  ///< the first three in reading order
};

struct CleanSource {
  std::string name;
  std::int64_t documents = 0, characters = 0, kept_documents = 0, kept_characters = 0;
};

struct CleanFile {
  std::string name, sha256;  ///< as CorpusFile
  std::int64_t stored_bytes = 0;
  std::string encoding;       ///< ICU's name
  std::string encoding_from;  ///< given, mark, valid, detected, damaged
  std::int64_t documents = 0;
  std::int64_t invalid_bytes = 0;
  std::int64_t bad = 0;  ///< documents that could not be read, with skip_bad
  std::string problem;   ///< why the rest of the file was left out, with skip_bad; else empty
};

/// Aozora Bunko's mark-up that was found.
struct AozoraCounts {
  std::int64_t works = 0;  ///< documents with such mark-up
  std::int64_t legends = 0, feet = 0, rubies = 0, notes = 0;
  std::int64_t gaiji_mapped = 0;   ///< characters named by men-ku-ten or code point
  std::int64_t gaiji_unknown = 0;  ///< those that became 〓
  std::int64_t repeat_marks = 0, accents = 0;
  std::int64_t reserved = 0;  ///< works whose foot names Creative Commons or a standing copyright
  AozoraCounts& operator+=(const AozoraCounts& other);
};

struct CleanLanguage {
  std::string name;
  std::int64_t documents = 0, kept_documents = 0, kept_characters = 0;
  std::vector<QualityBound> bounds;  ///< in force
};

/// What was done. Everything but the examples' number grows with files, sources and languages, not with documents.
struct CleanReport {
  std::int64_t documents = 0, characters = 0;  ///< read, as decoded; characters before mark-up was taken away
  std::int64_t kept_documents = 0, kept_characters = 0, kept_bytes = 0;
  std::int64_t changed_documents = 0;           ///< kept ones whose text is not as it was
  std::int64_t bad = 0;                         ///< lines and files left out by skip_bad
  std::vector<std::string> bad_examples;        ///< the first five, with file and line
  std::map<std::string, std::int64_t> formats;  ///< documents by format
  std::vector<CleanFilter> filters;             ///< those that removed or failed anything
  std::vector<CleanLanguage> languages;         ///< by name
  std::vector<CleanSource> sources;             ///< by name
  std::vector<CleanFile> files;                 ///< in reading order
  AozoraCounts aozora;
  std::vector<CorpusFile> parts;  ///< of the output
  std::string content_id;         ///< SHA-256 over the parts' hashes: equal output, equal id
  std::int64_t passed_over = 0;   ///< files of the folders that do not end like text
};

/// Cleans files into `out`: part-NNNNN.jsonl, one document a line, and manifest.json (docs/formats/clean.md).
///
/// Result   the same bytes for any number of threads. A document of JSON Lines keeps its keys and their order, only its text
/// changes;
///          without a source it gets its file's name. A plain file becomes a document {id, source, text}, a file of several
///          Aozora works one document each. Memory: the longest document and about 8 MiB a thread; the corpus is not held.
/// Throws   usage (an option), missing_input, bad_data (file and line; with skip_bad only counted), io (disk full: `out` is as it
///          was), stopped.
/// Checked  clean_test.cc
CleanReport clean_corpus(const CleanOptions& options, std::stop_token stop = {}, const ProgressFn& progress = {});

/// The manifest: what was done and to what, with the options.
[[nodiscard]] std::string to_json(const CleanReport& report, const CleanOptions& options);

}  // namespace isoflop
