// isoflop data stats: a corpus counted and measured.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "cli/arguments.h"
#include "cli/data.h"
#include "cli/study_output.h"
#include "isoflop/report.h"
#include "isoflop/stats.h"

namespace cli {
namespace {

constexpr std::size_t kMostRows = 25;  // for people; --json has every source

struct StatsFlags {
  CorpusFlags corpus;
  std::string tokenizer, figures;
  double sample_mib = 16;
  std::int64_t threads = 0;
  bool counts_only = false;
  isoflop::MeasureOptions options;
};

std::string fixed(double value, int decimals) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

std::string value_and_range(const isoflop::Estimate& estimate) {
  std::string text = fixed(estimate.value, 3);
  if (estimate.interval) text += " (" + fixed(estimate.interval->low, 3) + " to " + fixed(estimate.interval->high, 3) + ")";
  return text;
}

void print_sources(const isoflop::CorpusManifest& manifest, const std::optional<isoflop::CorpusStatistics>& statistics) {
  std::vector<std::size_t> order(manifest.sources.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return manifest.sources[a].characters > manifest.sources[b].characters; });
  std::vector<std::string> header{"source", "documents", "characters", "bytes", "units", "held out"};
  const bool tokens = statistics && statistics->tokens;
  if (statistics) header.insert(header.end(), {"words", "zstd b/B"});
  if (tokens) header.emplace_back("tokens");

  std::vector<std::vector<std::string>> rows;
  std::int64_t documents = 0;
  for (const std::size_t i : order) {
    const isoflop::SourceFacts& source = manifest.sources[i];
    documents += source.documents;
    if (rows.size() == kMostRows) continue;
    rows.push_back({source.name, count_of(source.documents), count_of(source.characters), count_of(source.bytes),
                    count_of(source.units), percent_of(source.held_out_characters, source.characters)});
    if (statistics) {
      const isoflop::SourceStatistics& more = statistics->sources[i];
      rows.back().push_back(statistics->unspaced ? "-" : count_of(more.words));
      rows.back().push_back(more.zstd_bits_per_byte ? fixed(*more.zstd_bits_per_byte, 3) : "-");
      if (tokens) rows.back().push_back(count_of(more.tokens.value_or(0)));
    }
  }
  const std::int64_t characters = manifest.train.characters + manifest.held_out.characters;
  rows.push_back(
      {"all", count_of(documents), count_of(characters), count_of(manifest.train.bytes + manifest.held_out.bytes),
       count_of(manifest.train.units + manifest.held_out.units), percent_of(manifest.held_out.characters, characters)});
  if (statistics) {
    rows.back().push_back(statistics->unspaced ? "-" : count_of(statistics->words));
    rows.back().emplace_back("-");
    if (tokens) rows.back().push_back(count_of(statistics->tokens->tokens));
  }
  print_table(header, rows);
  if (order.size() > kMostRows) std::printf("(the largest %zu of %zu sources; --json has all)\n", kMostRows, order.size());
}

void print_split(const isoflop::CorpusManifest& manifest) {
  std::int64_t invalid = 0;
  for (const isoflop::SourceFacts& source : manifest.sources) invalid += source.invalid_bytes;
  std::printf("\nsplit by %s: %s units to train on, %s held out; %s distinct characters\n",
              isoflop::to_string(manifest.split).c_str(), count_of(manifest.train.units).c_str(),
              count_of(manifest.held_out.units).c_str(), count_of(manifest.distinct_characters).c_str());
  if (invalid > 0) {
    std::printf("%s bytes of invalid UTF-8 were %s\n", count_of(invalid).c_str(),
                manifest.utf8 == isoflop::Utf8Policy::skip ? "left out" : "replaced");
  }
  if (manifest.empty_documents > 0)
    std::printf("%s documents without text were passed over\n", count_of(manifest.empty_documents).c_str());
  std::printf("content id %s\n", manifest.content_id.c_str());
}

void print_growth(const isoflop::CorpusStatistics& statistics) {
  std::vector<std::vector<std::string>> rows;
  for (const isoflop::GrowthCurve& curve : statistics.growth) {
    rows.push_back({curve.over, std::to_string(curve.n), count_of(curve.positions), count_of(curve.distinct),
                    value_and_range(curve.exponent), curve.exponent_in_order ? fixed(*curve.exponent_in_order, 3) : "-"});
  }
  std::printf("\ndistinct n-grams grow as D^h over the last three doublings\n");
  print_table({"of", "n", "read", "distinct", "h (interval)", "h as read"}, rows);
  if (statistics.efficient) {
    const isoflop::EfficientGrowth& wanted = *statistics.efficient;
    std::string inside;
    for (const std::string& name : wanted.inside) inside += (inside.empty() ? "" : ", ") + name;
    std::printf(
        "an efficient model's distinct sequences grow as D^%s to D^%s at beta = %s (arXiv:2402.14746); counted here so: %s\n",
        fixed(wanted.low, 2).c_str(), fixed(wanted.high, 2).c_str(), fixed(wanted.beta, 3).c_str(),
        inside.empty() ? "none" : inside.c_str());
  }
}

void print_entropy(const isoflop::CorpusStatistics& statistics) {
  std::vector<std::vector<std::string>> rows;
  for (const isoflop::ContextEntropy& entropy : statistics.entropy) {
    rows.push_back({std::to_string(entropy.context), count_of(entropy.contexts), fixed(entropy.plug_in, 3),
                    entropy.held_out ? fixed(*entropy.held_out, 3) : "-", entropy.sampled ? "yes" : "no"});
  }
  std::printf("\nentropy of a character, bits: at least from counts, at most held-out (Kneser-Ney)\n");
  print_table({"context", "contexts", "at least", "at most", "sampled"}, rows);
}

void print_models(const isoflop::CorpusStatistics& statistics) {
  std::vector<std::vector<std::string>> rows;
  for (const isoflop::HeldOutModel& model : statistics.models)
    rows.push_back({model.name, fixed(model.bits_per_byte, 4), fixed(model.bits_per_character, 4), model.what});
  for (const isoflop::Compression& each : statistics.compression)
    rows.push_back({each.name, fixed(each.bits_per_byte(), 4), "-", "the training text of the sample compressed"});
  std::printf("\nwhat needs no training run\n");
  print_table({"baseline", "bits per byte", "per character", "what"}, rows);
}

void print_exponent(const isoflop::CorpusStatistics& statistics, std::optional<double> measured) {
  const isoflop::DataExponent& exponent = statistics.data_exponent;
  std::printf("\ndata exponent predicted from the text (arXiv:2602.07488), over %s: ",
              exponent.over.empty() ? "nothing" : exponent.over.c_str());
  if (exponent.predicted) {
    std::printf("%s = gamma %s / (2 x correlation %s)\n", value_and_range(*exponent.predicted).c_str(),
                value_and_range(*exponent.gamma).c_str(), value_and_range(*exponent.correlation).c_str());
  } else {
    std::printf("none: %s\n", exponent.reason.c_str());
    if (exponent.correlation) std::printf("correlation decays with %s\n", value_and_range(*exponent.correlation).c_str());
  }
  if (measured) std::printf("data exponent given as measured: %s\n", fixed(*measured, 3).c_str());
}

void stats(const StatsFlags& flags, const Globals& globals) {
  std::unique_ptr<isoflop::Tokenizer> tokenizer;
  if (!flags.tokenizer.empty()) tokenizer = isoflop::read_tokenizer(flags.tokenizer);
  const isoflop::Corpus corpus = open_corpus(flags.corpus, globals);
  std::optional<isoflop::CorpusStatistics> statistics;
  if (!flags.counts_only) {
    isoflop::MeasureOptions options = flags.options;
    options.sample_bytes = static_cast<std::int64_t>(flags.sample_mib * (1 << 20));
    options.threads = threads_of(flags.threads);
    options.tokenizer = tokenizer.get();
    statistics = isoflop::measure_corpus(corpus, options, stop_requested(), progress_to_stderr(globals));
    if (!flags.figures.empty()) {
      isoflop::write_figures(flags.figures, isoflop::corpus_figures(*statistics));
      note(globals, "figures: " + flags.figures);
    }
  }
  const isoflop::CorpusManifest& manifest = corpus.manifest();
  if (globals.json) {
    Json json = Json::parse(isoflop::to_json(manifest));
    json["statistics"] = statistics ? Json::parse(isoflop::to_json(*statistics)) : Json(nullptr);
    return print_json(json);
  }
  print_sources(manifest, statistics);
  print_split(manifest);
  if (!statistics) return;
  if (const auto& tokens = statistics->tokens) {
    std::printf("tokenizer %s (%s, %s entries, %s of them used): %s unique tokens to train on, %s bytes a token\n",
                tokens->tokenizer.c_str(), tokens->kind.c_str(), count_of(tokens->vocab_size).c_str(),
                count_of(tokens->distinct).c_str(), count_of(tokens->unique_tokens).c_str(),
                fixed(tokens->bytes_per_token, 3).c_str());
  }
  print_growth(*statistics);
  print_entropy(*statistics);
  print_models(*statistics);
  print_exponent(*statistics, flags.options.beta);
  for (const isoflop::Warning& warning : statistics->warnings)
    std::printf("\n%s: %s\n", warning.code.c_str(), warning.text.c_str());
}

}  // namespace

void add_data_stats(CLI::App& data, Globals& globals) {
  const auto flags = std::make_shared<StatsFlags>();
  CLI::App* app = add_command(data, globals, "stats", "Counts a corpus source by source, shows how it is split, and measures it.",
                              "isoflop data stats texts/ --beta 0.28");
  add_corpus_flags(*app, flags->corpus);
  add_split_flags(*app, flags->corpus);
  app->add_option("--out", flags->corpus.corpora, "the folder of sample corpora");
  app->add_option("--tokenizer", flags->tokenizer, "tokenizer.json: counts tokens too, and predicts the data exponent over them");
  app->add_option("--sample", flags->sample_mib,
                  "MiB of text that n-grams, compression and models see, units spread over the whole: about 3 s a MiB on one "
                  "core, 55 bytes of memory a byte")
      ->capture_default_str()
      ->check(above_zero());
  app->add_option("--orders", flags->options.orders, "n-grams of 1 to this many words or characters")
      ->capture_default_str()
      ->check(whole_number(2, 10));
  app->add_option("--beta", flags->options.beta,
                  "the data exponent of a fitted law: the growth an efficient model needs, and what the text predicts beside it")
      ->check(above_zero());
  app->add_option("--gamma", flags->options.gamma,
                  "decay of a trained model's loss with context: used for the predicted data exponent instead of the text's own")
      ->check(above_zero());
  app->add_option("--level", flags->options.level, "of the intervals")->capture_default_str()->check(level_range());
  app->add_option("--figures", flags->figures, "a folder to write pictures to (SVG): growth, entropy, correlation");
  app->add_option("--threads", flags->threads, "cores (default: all); the numbers do not depend on it")
      ->check(whole_number(1, 4096));
  app->add_flag("--counts-only", flags->counts_only, "counts and split alone: nothing is measured");
  app->callback([flags, &globals] { stats(*flags, globals); });
}

}  // namespace cli
