// A corpus measured: how its distinct n-grams grow, how far it compresses, how its entropy falls with context, what simple models
// make of its held-out text, and which data exponent these statistics predict.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "isoflop/corpus.h"
#include "isoflop/laws.h"
#include "isoflop/report.h"
#include "isoflop/tokens.h"

namespace isoflop {

struct MeasureOptions {
  /// Text that n-grams, compression and models see; of more, units spread over the whole by their hash. About 3 s a MiB on one
  /// core and 55 bytes of memory a byte; counts are of everything.
  std::int64_t sample_bytes = std::int64_t{16} << 20;
  int orders = 6;                        ///< n-grams of 1 to this many symbols, 2 to 10
  std::int64_t threads = 1;              ///< the numbers do not depend on it
  const Tokenizer* tokenizer = nullptr;  ///< counts tokens; the predicted exponent is then over tokens, else over characters
  std::optional<double> beta = {};       ///< the data exponent measured by a fit, to print beside what the text predicts
  std::optional<double> gamma =
      {};  ///< decay of a trained model's loss with context, where it is known: used instead of the text's
  double level = 0.95;
};

/// Distinct n-grams of the sample: U ~ D^exponent over the last three doublings (Heaps' law).
///
/// Source   Heaps 1978; the mean over random parts by rarefaction (Hurlbert 1971, Ecology 52, 577).
/// Result   `exponent` does not depend on the order of the text; its interval is Student's t on a jackknife over 16 equal parts.
///          `exponent_in_order` is the slope as the text is read, which new authors and subjects on the way make steeper.
struct GrowthCurve {
  std::string over;  ///< "words", lower-cased and each mark one of its own, or "characters"
  int n = 1;
  std::int64_t positions = 0, distinct = 0;
  Estimate exponent;
  std::optional<double> exponent_in_order;
  std::vector<std::pair<double, double>> mean;  ///< (D, U), of 1 to 16 of 16 parts
};

struct Compression {
  std::string name;  ///< "zstd -19" | "xz -9"
  std::int64_t text_bytes = 0, bytes = 0;
  [[nodiscard]] double bits_per_byte() const {
    return text_bytes > 0 ? 8 * static_cast<double>(bytes) / static_cast<double>(text_bytes) : 0;
  }
};

/// The entropy of a symbol given `context` before it, in bits a symbol.
///
/// Result   it lies between `plug_in` (from the training text's own counts: too low, by `bias` to first order, Miller 1955) and
///          `held_out` (the cross-entropy of a Kneser-Ney model of that order: too high). `sampled`: the two are within a tenth
///          of each other; without it the text is too short to tell.
struct ContextEntropy {
  int context = 0;
  double plug_in = 0, bias = 0;
  std::optional<double> held_out;
  std::int64_t contexts = 0;  ///< distinct ones seen
  bool sampled = false;
};

/// A model that needs no training run, on the held-out part of the sample.
struct HeldOutModel {
  std::string name;  ///< "unigram" | "3-gram" | "5-gram" | "xz -9" | "zstd -19"
  double bits_per_byte = 0, bits_per_character = 0;
  std::string what;
};

struct SourceStatistics {
  std::string name;
  std::int64_t words = 0;
  std::optional<std::int64_t> tokens;
  std::optional<double> zstd_bits_per_byte;  ///< of its first 256 KiB; the largest 16 sources
};

/// The data exponent that the text's statistics predict: alpha_D = gamma / (2 beta), where the entropy after n symbols falls as
/// H_n - H_inf ~ n^-gamma and the correlation strength as ||C(n)||_op ~ n^-beta.
///
/// Source   Cagnetta, Raventos, Ganguli, Wyart 2026 (arXiv:2602.07488), equations 6 to 8; measured there on BPE tokens (8,192) of
///          TinyStories (0.185) and WikiText (0.141), with gamma from trained models.
/// Result   gamma here is given, or from the Kneser-Ney losses after 1, 2, ... symbols as far as they are `sampled`, through
/// their
///          differences, so that H_inf drops out: over BPE tokens that takes far more text than n-grams reach here, and a model's
///          losses; beta from lags 1 to 200 whose strength is twice that of shuffled text. None, with a reason, where that leaves
///          too little. Its intervals hold the scatter about the two lines, not whether the theory holds.
struct DataExponent {
  std::string over;  ///< "tokens" | "characters"
  std::optional<Estimate> gamma, correlation, predicted;
  double noise = 0;                                  ///< strength of shuffled text
  std::vector<std::pair<double, double>> strengths;  ///< (lag, ||C||)
  std::string reason;
};

/// Kausik's question on this text: does the number of distinct sequences grow as an efficient model would need?
///
/// Source   arXiv:2402.14746; the interval [1 - 2 beta, 1 - beta] as plan.h's efficient_exponent.
struct EfficientGrowth {
  double beta = 0, low = 0, high = 0;
  std::vector<std::string> inside;  ///< measured curves whose exponent lies in it: "words 2"
};

struct TokenStatistics {
  std::string tokenizer;  ///< its id
  std::string kind;
  std::int64_t vocab_size = 0;
  std::int64_t tokens = 0, unique_tokens = 0;  ///< of all text, end-of-text tokens included; of the training split
  std::int64_t distinct = 0;                   ///< entries of the vocabulary that occur
  double bytes_per_token = 0;
};

struct CorpusStatistics {
  std::int64_t sample_bytes = 0, sample_characters = 0;
  bool whole = true;       ///< the sample is all there is
  std::int64_t words = 0;  ///< of all text
  bool unspaced = false;   ///< a script without spaces: words are not to be seen, and not measured
  std::optional<TokenStatistics> tokens;
  std::vector<SourceStatistics> sources;  ///< by name, as the manifest's
  std::vector<GrowthCurve> growth;
  std::vector<Compression> compression;
  std::vector<ContextEntropy> entropy;  ///< over characters
  std::vector<HeldOutModel> models;     ///< none without held-out text
  DataExponent data_exponent;
  std::optional<EfficientGrowth> efficient;
  std::vector<Warning> warnings;
};

/// Throws  usage for an option out of range, bad_data if a file changed since the corpus was opened, stopped.
/// Checked  statistics_test.cc, kneser_ney_test.cc, growth_test.cc, correlation_test.cc; growth_reference_test.cc and
/// kneser_ney_reference_test.cc on real text.
[[nodiscard]] CorpusStatistics measure_corpus(const Corpus& corpus, const MeasureOptions& options = {}, std::stop_token stop = {},
                                              const ProgressFn& progress = {});

[[nodiscard]] std::string to_json(const CorpusStatistics& statistics);  ///< docs/formats/corpus-statistics.md

/// Growth, entropy against context, correlation against lag, models. What was not measured is not drawn.
[[nodiscard]] std::vector<Figure> corpus_figures(const CorpusStatistics& statistics);

}  // namespace isoflop
