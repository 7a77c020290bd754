// A corpus measured in one reading: counts of everything, and a sample of it in memory for what needs more.
#include <algorithm>
#include <functional>
#include <mutex>

#include "base/check.h"
#include "base/team.h"
#include "base/utf8.h"
#include "isoflop/text.h"
#include "corpus/character_models.h"
#include "corpus/compress.h"
#include "corpus/growth.h"
#include "corpus/symbols.h"
#include "isoflop/plan.h"
#include "isoflop/stats.h"
#include "lab/corpus_reader.h"
#include "lab/data_exponent.h"

namespace isoflop {
namespace {

using lab::Piece;
using lab::Reading;

constexpr double kSampled = 0.1;  // plug-in and held-out entropies this close bound the true one well

void check_options(const MeasureOptions& options) {
  const auto refuse = [](const char* name, const std::string& value, const char* range) {
    throw Error(Fault::usage, name, "is " + value + ", expected " + range);
  };
  if (options.sample_bytes < 1024) refuse("sample_bytes", std::to_string(options.sample_bytes), "1024 or more");
  if (options.orders < 2 || options.orders > 10) refuse("orders", std::to_string(options.orders), "2 to 10");
  if (options.threads < 1) refuse("threads", std::to_string(options.threads), "1 or more");
  if (options.beta && !(*options.beta > 0 && *options.beta < 1))
    refuse("beta", format_number(*options.beta), "a data exponent between 0 and 1");
  if (options.gamma && !(*options.gamma > 0 && *options.gamma < 8))
    refuse("gamma", format_number(*options.gamma), "an exponent between 0 and 8");
  if (!(options.level >= 0.5 && options.level < 1)) refuse("level", format_number(options.level), "0.5 or more, below 1");
}

// growth of a tree's n-grams; `read`: (positions, distinct) by order after each piece
std::vector<GrowthCurve> curves_of(const corpus::NgramTree& tree, const std::string& over,
                                   const std::vector<std::vector<std::pair<std::int64_t, std::int64_t>>>& read, double level) {
  std::vector<GrowthCurve> curves;
  for (int n = 1; n <= tree.orders(); ++n) {
    const corpus::Growth growth = corpus::growth_of(tree, n);
    if (growth.mean.empty()) continue;
    GrowthCurve curve{
        over, n, tree.positions(n), tree.distinct(n), {growth.exponent, {}, {"which parts of the text"}, {}}, {}, growth.mean};
    const double reach = student_t_quantile(0.5 + level / 2, corpus::NgramTree::kGroups - 1) * growth.error;
    curve.exponent.interval = Interval{growth.exponent - reach, growth.exponent + reach, level};
    if (const double slope = corpus::growth_in_order(read[static_cast<std::size_t>(n - 1)]); slope > 0)
      curve.exponent_in_order = slope;
    curves.push_back(std::move(curve));
  }
  return curves;
}

void note(const corpus::NgramTree& tree, std::vector<std::vector<std::pair<std::int64_t, std::int64_t>>>& read) {
  for (int n = 1; n <= tree.orders(); ++n)
    read[static_cast<std::size_t>(n - 1)].emplace_back(tree.positions(n), tree.distinct(n));
}

std::vector<GrowthCurve> word_growth(const std::vector<Piece>& pieces, const MeasureOptions& options) {
  corpus::NgramTree tree(options.orders, corpus::NgramTree::Keep::groups);
  corpus::WordIds ids;
  std::vector<std::uint32_t> symbols;
  std::vector<std::vector<std::pair<std::int64_t, std::int64_t>>> read(static_cast<std::size_t>(options.orders));
  for (const Piece& piece : pieces) {
    symbols.clear();
    ids.encode(piece.text, symbols);
    tree.begin(piece.group);
    for (const std::uint32_t symbol : symbols) tree.add(symbol);
    note(tree, read);
  }
  return curves_of(tree, "words", read, options.level);
}

// entropies after 0, 1, ... symbols: from the counts, and under the models where there is held-out text
std::vector<ContextEntropy> entropies(const corpus::NgramTree& tree, const std::vector<double>& held_out_bits) {
  constexpr double kLn2 = 0.69314718055994530942;
  std::vector<ContextEntropy> all;
  for (int context = 0; context < tree.orders(); ++context) {
    const corpus::PlugInEntropy plug_in = corpus::plug_in_entropy(tree, context);
    ContextEntropy entropy{context, plug_in.nats / kLn2, plug_in.bias / kLn2, {}, plug_in.contexts, false};
    if (!held_out_bits.empty()) {
      entropy.held_out = held_out_bits[static_cast<std::size_t>(context)];
      entropy.sampled = *entropy.held_out - entropy.plug_in <= kSampled * *entropy.held_out;
    }
    all.push_back(entropy);
  }
  return all;
}

// the held-out losses after 1, 2, ... symbols as far as they are sampled
std::vector<double> decay_losses(const std::vector<ContextEntropy>& entropies) {
  std::vector<double> losses;
  for (std::size_t i = 1; i < entropies.size() && entropies[i].sampled; ++i) losses.push_back(*entropies[i].held_out);
  return losses;
}

std::string ordinal(int order) {
  return order == 1 ? "unigram" : std::to_string(order) + "-gram";
}

struct CharacterMeasures {
  std::vector<GrowthCurve> growth;
  std::vector<ContextEntropy> entropy;
  std::vector<HeldOutModel> models;
  DataExponent exponent;
};

CharacterMeasures measure_characters(const Reading& reading, const MeasureOptions& options) {
  corpus::CharacterModels models(options.orders);
  std::vector<std::vector<std::pair<std::int64_t, std::int64_t>>> read(static_cast<std::size_t>(options.orders));
  for (const Piece& piece : reading.train) {
    models.learn(piece.text, piece.group);
    note(models.tree(), read);
  }
  CharacterMeasures measures;
  measures.growth = curves_of(models.tree(), "characters", read, options.level);

  corpus::TextCost cost;
  for (const Piece& piece : reading.held_out) models.score(piece.text, cost);
  std::vector<double> bits;
  for (const double sum : cost.bits) bits.push_back(sum / static_cast<double>(cost.characters));
  measures.entropy = entropies(models.tree(), bits);
  for (const int order : {1, 3, 5}) {
    if (static_cast<std::size_t>(order) > bits.size()) continue;
    const double sum = cost.bits[static_cast<std::size_t>(order - 1)];
    measures.models.push_back({ordinal(order), sum / static_cast<double>(cost.bytes), sum / static_cast<double>(cost.characters),
                               order == 1 ? "character frequencies of the training text"
                                          : "interpolated modified Kneser-Ney over characters, trained on the training text"});
  }
  if (options.tokenizer != nullptr) return measures;
  // the tree's own ids, in the same order
  corpus::CharacterIds ids;
  std::vector<std::vector<std::uint32_t>> texts;
  for (const Piece& piece : reading.train) ids.encode(piece.text, true, texts.emplace_back());
  measures.exponent = lab::data_exponent(texts, ids.size(), decay_losses(measures.entropy), options.gamma, options.level);
  measures.exponent.over = "characters";
  return measures;
}

DataExponent token_exponent(const Reading& reading, const MeasureOptions& options) {
  const std::int64_t vocabulary = options.tokenizer->vocab_size();
  corpus::NgramTree tree(std::min(options.orders, 5), corpus::NgramTree::Keep::all);
  std::vector<std::int32_t> encoded;
  const auto symbols = [&](const std::string& text) {
    encoded.clear();
    options.tokenizer->encode(text, encoded);
    return std::vector<std::uint32_t>(encoded.begin(), encoded.end());
  };
  std::vector<std::vector<std::uint32_t>> texts;
  for (const Piece& piece : reading.train) {
    texts.push_back(symbols(piece.text));
    tree.begin(piece.group);
    for (const std::uint32_t symbol : texts.back()) tree.add(symbol);
  }
  std::vector<double> bits;
  if (!reading.held_out.empty()) {
    const corpus::KneserNey models(tree, vocabulary);
    corpus::KneserNey::Loss loss;
    for (const Piece& piece : reading.held_out) models.score(symbols(piece.text), loss);
    for (const double nats : loss.nats) bits.push_back(nats / 0.69314718055994530942 / static_cast<double>(loss.symbols));
  }
  DataExponent exponent =
      lab::data_exponent(texts, vocabulary, decay_losses(entropies(tree, bits)), options.gamma, options.level);
  exponent.over = "tokens";
  return exponent;
}

std::string joined(const std::vector<Piece>& pieces) {
  std::string text;
  for (const Piece& piece : pieces) text += piece.text;
  return text;
}

void add_compressed_held_out(const std::string& text, std::int64_t characters, std::vector<HeldOutModel>& models) {
  for (const bool xz : {true, false}) {
    const double bits = 8 * static_cast<double>(xz ? corpus::xz_bytes(text) : corpus::zstd_bytes(text));
    models.push_back({xz ? "xz -9" : "zstd -19", bits / static_cast<double>(text.size()), bits / static_cast<double>(characters),
                      "the held-out text compressed by itself"});
  }
}

// runs each piece of work once, on as many cores as there are
void run_all(const std::vector<std::function<void()>>& work, std::int64_t threads, std::stop_token stop,
             const ProgressFn& progress) {
  Team team(std::min<std::int64_t>(threads, static_cast<std::int64_t>(work.size())));
  std::mutex mutex;
  std::size_t next = 0;
  team.run([&](std::int64_t rank) {
    while (true) {
      std::size_t mine = 0;
      {
        const std::lock_guard lock(mutex);
        if (next == work.size()) return;
        mine = next++;
      }
      if (stop.stop_requested()) throw Error(Fault::stopped, "corpus", "stopped while it was measured");
      if (progress && rank == 0) progress({"measure", static_cast<double>(mine), static_cast<double>(work.size()), "parts", {}});
      work[mine]();
    }
  });
}

// what the sample says: pieces of work that do not touch each other, the longest first
void measure_sample(const Reading& reading, const lab::CorpusReader& reader, const MeasureOptions& options, std::stop_token stop,
                    const ProgressFn& progress, CorpusStatistics& statistics) {
  CharacterMeasures characters;
  std::vector<GrowthCurve> words;
  std::vector<HeldOutModel> compressed;
  DataExponent over_tokens;
  std::vector<std::function<void()>> work;
  work.emplace_back([&] { characters = measure_characters(reading, options); });
  work.emplace_back([&] {
    const std::string text = joined(reading.train);
    const auto bytes = static_cast<std::int64_t>(text.size());
    statistics.compression = {{"zstd -19", bytes, corpus::zstd_bytes(text)}, {"xz -9", bytes, corpus::xz_bytes(text)}};
  });
  if (!statistics.unspaced) work.emplace_back([&] { words = word_growth(reading.train, options); });
  if (options.tokenizer != nullptr) work.emplace_back([&] { over_tokens = token_exponent(reading, options); });
  work.emplace_back([&] {
    for (std::size_t i = 0; i < statistics.sources.size(); ++i)
      if (const std::size_t start = reader.start_of(i); start < reading.starts.size() && !reading.starts[start].empty())
        statistics.sources[i].zstd_bits_per_byte = 8 * static_cast<double>(corpus::zstd_bytes(reading.starts[start])) /
                                                   static_cast<double>(reading.starts[start].size());
    if (reading.held_out.empty()) return;
    const std::string text = joined(reading.held_out);
    add_compressed_held_out(text, count_characters(text), compressed);
  });
  run_all(work, options.threads, stop, progress);

  statistics.growth = std::move(words);
  statistics.growth.insert(statistics.growth.end(), characters.growth.begin(), characters.growth.end());
  statistics.entropy = std::move(characters.entropy);
  statistics.models = std::move(characters.models);
  statistics.models.insert(statistics.models.end(), compressed.begin(), compressed.end());
  statistics.data_exponent = options.tokenizer != nullptr ? std::move(over_tokens) : std::move(characters.exponent);
}

void answer_kausik(const MeasureOptions& options, CorpusStatistics& statistics) {
  if (!options.beta) return;
  const EfficientExponent wanted = efficient_exponent(*options.beta);
  EfficientGrowth growth{*options.beta, wanted.low, wanted.high, {}};
  for (const GrowthCurve& curve : statistics.growth)
    if (curve.exponent.value >= wanted.low && curve.exponent.value <= wanted.high)
      growth.inside.push_back(curve.over + " " + std::to_string(curve.n));
  statistics.efficient = std::move(growth);
}

void warn(CorpusStatistics& statistics) {
  const auto add = [&](const char* code, const std::string& text) { statistics.warnings.push_back({code, text}); };
  if (!statistics.whole) {
    add("sample", "n-grams, compression and models see " + format_bytes(static_cast<double>(statistics.sample_bytes)) +
                      " of the text, units spread over the whole: exponents of growth are those at that size");
  }
  std::int64_t first = -1;
  for (const ContextEntropy& entropy : statistics.entropy)
    if (first < 0 && entropy.held_out && !entropy.sampled) first = entropy.context;
  if (first >= 0) {
    add("finite_sample", "entropies after " + std::to_string(first) +
                             " characters and more are bounds only: the text is too short to see most continuations of its " +
                             format_count(static_cast<double>(statistics.entropy[static_cast<std::size_t>(first)].contexts)) +
                             " contexts often enough");
  }
  if (statistics.entropy.empty() || !statistics.entropy[0].held_out)
    add("nothing_held_out", "no text is held out: entropies have no upper bound, and no model is judged");
  if (statistics.data_exponent.predicted && statistics.data_exponent.over == "characters") {
    add("exponent_over_characters",
        "the predicted data exponent is over characters, whose statistics are spelling as much as language; the theory was tried "
        "on "
        "BPE tokens");
  }
}

}  // namespace

CorpusStatistics measure_corpus(const Corpus& corpus, const MeasureOptions& options, std::stop_token stop,
                                const ProgressFn& progress) {
  check_options(options);
  CorpusStatistics statistics;
  const CorpusManifest& manifest = corpus.manifest();
  const double total = static_cast<double>(manifest.train.bytes + manifest.held_out.bytes);
  lab::CorpusReader reader(manifest, options, statistics);
  double done = 0;
  corpus.for_each_unit(
      [&](const Unit& unit) {
        reader.visit(unit);
        done += static_cast<double>(unit.text.size());
        if (progress) progress({"count", done, total, "bytes", {}});
      },
      stop);
  const Reading reading = reader.finish();
  corpus::Script script;
  for (const Piece& piece : reading.train) script.add(piece.text);
  statistics.unspaced = script.is_unspaced();

  measure_sample(reading, reader, options, stop, progress, statistics);
  if (reading.held_out.empty() && !options.gamma) statistics.data_exponent.reason = "no text is held out";
  answer_kausik(options, statistics);
  warn(statistics);
  return statistics;
}

}  // namespace isoflop
