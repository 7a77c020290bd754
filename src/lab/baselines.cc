#include "lab/baselines.h"

#include <algorithm>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "base/math.h"
#include "base/sealed_json.h"
#include "isoflop/text.h"
#include "corpus/character_models.h"
#include "corpus/compress.h"
#include "lab/read_with_cure.h"

namespace isoflop {
namespace lab {
namespace {

constexpr std::int64_t kChunk = 1 << 16;
constexpr std::int64_t kMostText = 64 << 20;  // xz's window at -9: more text would not be seen together anyway
constexpr int kOrder = 5;
constexpr int kVersion = 2;  // of the numbers in the cache

template <class Visit>
void for_each_token(const TokenSplit& split, Visit visit) {
  std::vector<std::int32_t> buffer(static_cast<std::size_t>(std::min(kChunk, split.size())));
  for (std::int64_t at = 0; at < split.size(); at += kChunk) {
    const std::int64_t count = std::min(kChunk, split.size() - at);
    split.copy(at, count, buffer.data());
    for (std::int64_t i = 0; i < count; ++i) visit(buffer[static_cast<std::size_t>(i)]);
  }
}

// the same in bits per byte, for the footnote
std::string with_bits(const std::string& what, double bits, double bytes) {
  return what + "; " + format_significant(bits / bytes, 4) + " bits per byte";
}

double unigram_nats(const Prepared& prepared) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(prepared.tokenizer->vocab_size()), 0);
  for_each_token(*prepared.tokens.train, [&](std::int32_t token) { ++counts[static_cast<std::size_t>(token)]; });
  const double total = static_cast<double>(prepared.tokens.train->size()) + static_cast<double>(counts.size());
  std::vector<double> nats(counts.size());
  for (std::size_t i = 0; i < counts.size(); ++i) nats[i] = -log_((static_cast<double>(counts[i]) + 1) / total);
  double sum = 0;
  for_each_token(*prepared.tokens.held_out, [&](std::int32_t token) { sum += nats[static_cast<std::size_t>(token)]; });
  return sum / static_cast<double>(prepared.tokens.held_out->size());
}

struct Work {
  const std::stop_token& stop;
  const ProgressFn& progress;
  double done = 0, total = 0;  // bytes of text

  void at(std::size_t bytes) {
    if (stop.stop_requested())
      throw Error(Fault::stopped, "baselines", "stopped before the n-gram's loss was known", "run the same command again");
    done += static_cast<double>(bytes);
    if (progress) progress({"baselines", done, total, "bytes", {}});
  }
};

std::int64_t text_bytes(const TokenSplit& split) {
  std::int64_t bytes = 0;
  for (const TokenUnit& unit : split.units()) bytes += unit.bytes;
  return std::min(bytes, kMostText);
}

// each unit's text, of the first kMostText bytes; returns the tokens that were seen
template <class Visit>
std::int64_t for_each_text(const Tokenizer& tokenizer, const TokenSplit& split, Work& work, Visit visit) {
  std::vector<std::int32_t> buffer;
  std::int64_t tokens = 0, bytes = 0;
  for (const TokenUnit& unit : split.units()) {
    if (bytes >= kMostText) break;
    buffer.resize(static_cast<std::size_t>(unit.tokens));
    split.copy(unit.first, unit.tokens, buffer.data());
    const std::string text = tokenizer.decode(buffer);
    visit(text);
    work.at(text.size());
    tokens += unit.tokens;
    bytes += static_cast<std::int64_t>(text.size());
  }
  return tokens;
}

std::vector<Baseline> computed(const Prepared& prepared, const std::stop_token& stop, const ProgressFn& progress) {
  Work work{stop, progress, 0, static_cast<double>(text_bytes(*prepared.tokens.train) + text_bytes(*prepared.tokens.held_out))};
  std::vector<Baseline> lines;
  const double unigram = unigram_nats(prepared);
  double held_out_bytes = 0;
  for (const TokenUnit& unit : prepared.tokens.held_out->units()) held_out_bytes += static_cast<double>(unit.bytes);
  lines.push_back({kUnigram, unigram,
                   with_bits("cross-entropy of the held-out tokens under the training split's token frequencies",
                             unigram * static_cast<double>(prepared.tokens.held_out->size()) / log_(2), held_out_bytes)});

  corpus::CharacterModels models(kOrder);
  corpus::TextCost cost;
  std::string text;
  (void)for_each_text(*prepared.tokenizer, *prepared.tokens.train, work, [&](const std::string& unit) { models.learn(unit); });
  const std::int64_t tokens = for_each_text(*prepared.tokenizer, *prepared.tokens.held_out, work, [&](const std::string& unit) {
    models.score(unit, cost);
    text += unit;
  });
  if (tokens == 0 || cost.bits.empty()) return lines;
  const double nats_per_token = log_(2) / static_cast<double>(tokens);
  const double bytes = static_cast<double>(cost.bytes), xz_bits = 8 * static_cast<double>(corpus::xz_bytes(text, stop));
  lines.push_back(
      {kFiveGram, cost.bits.back() * nats_per_token,
       with_bits("interpolated modified Kneser-Ney over characters, trained on the training split", cost.bits.back(), bytes)});
  lines.push_back(
      {"xz -9", xz_bits * nats_per_token, with_bits("the held-out text compressed by itself (LZMA2, preset 9)", xz_bits, bytes)});
  return lines;
}

// nothing where the file is not there or not whole: it is written again
std::optional<std::vector<Baseline>> kept(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return std::nullopt;
  const auto text = try_unseal_json(read_file(file));
  if (!text) return std::nullopt;
  const std::string subject = file.string();
  return baselines_from(parse_json(*text, subject), subject);
}

}  // namespace

std::int64_t baselines_bytes(const Prepared& prepared) {
  // English and Japanese, 5-grams: 9 bytes a byte of training text; LZMA's match finder takes 11.5 of what it compresses
  return 9 * text_bytes(*prepared.tokens.train) + 23 * text_bytes(*prepared.tokens.held_out) / 2;
}

std::vector<Baseline> baselines(const Prepared& prepared, const std::filesystem::path& cache, const std::stop_token& stop,
                                const ProgressFn& progress) {
  const std::filesystem::path file = cache / "baselines" / (prepared.tokens.id + "-" + std::to_string(kVersion) + ".json");
  if (auto lines = kept(file)) return *lines;
  const std::vector<Baseline> lines = computed(prepared, stop, progress);
  const Json json{{"schema_version", 1}, {"tokens", prepared.tokens.id}, {"baselines", json_of(lines)}};
  make_folder(file.parent_path());
  write_output(file, seal_json(json.dump()));
  return lines;
}

Json json_of(const std::vector<Baseline>& baselines) {
  Json list = Json::array();
  for (const Baseline& line : baselines) list.push_back({{"name", line.name}, {"loss", line.loss}, {"what", line.what}});
  return list;
}

std::vector<Baseline> baselines_from(const Json& file, const std::string& subject) {
  std::vector<Baseline> baselines;
  for (const Json& line : json_get<Json>(file, "baselines", subject))
    baselines.push_back({json_get<std::string>(line, "name", subject), json_get<double>(line, "loss", subject),
                         json_get<std::string>(line, "what", subject)});
  return baselines;
}

bool is_above(const StoredRun& run, const std::optional<double>& line) {
  return line && run.record.loss && *run.record.loss >= *line;
}

std::optional<double> baseline_named(const std::vector<Baseline>& baselines, const std::string& name) {
  for (const Baseline& baseline : baselines)
    if (baseline.name == name) return baseline.loss;
  return std::nullopt;
}

std::vector<Warning> below_par(const std::vector<RunLoss>& runs, const std::vector<Baseline>& baselines) {
  const std::optional<double> unigram = baseline_named(baselines, kUnigram), five_gram = baseline_named(baselines, kFiveGram);
  std::vector<std::string> nothing, little;
  for (const RunLoss& run : runs) {
    if (unigram && run.loss >= *unigram) {
      nothing.push_back(run.name);
    } else if (five_gram && run.loss >= *five_gram) {
      little.push_back(run.name);
    }
  }
  const auto who = [](const std::vector<std::string>& names) {
    std::string listed;
    for (const std::string& name : names) listed += (listed.empty() ? "" : ", ") + name;
    return names.size() == 1 ? "run " + listed + " is" : std::to_string(names.size()) + " runs (" + listed + ") are";
  };
  std::vector<Warning> warnings;
  if (!nothing.empty()) {
    warnings.push_back(
        {"above_unigram", who(nothing) + " no better on held-out text than token frequencies alone, the unigram baseline of " +
                              format_significant(*unigram, 4) + " nats: nothing of context is learned, and no law is fitted to " +
                              (nothing.size() == 1 ? "it" : "them")});
  }
  if (!little.empty()) {
    warnings.push_back({"pre_asymptotic", who(little) + " no better on held-out text than a 5-gram, " +
                                              format_significant(*five_gram, 4) + " nats: pre-asymptotic, " +
                                              (little.size() == 1 ? "it has" : "they have") +
                                              " not learned what lies beyond five characters, and a law through " +
                                              (little.size() == 1 ? "it" : "them") + " need not hold further up"});
  }
  return warnings;
}

std::vector<Warning> below_par(const std::vector<StoredRun>& family, const std::vector<Baseline>& baselines) {
  std::vector<RunLoss> runs;
  for (const StoredRun& run : family)
    if (run.record.loss) runs.push_back({run.record.name, *run.record.loss});
  return below_par(runs, baselines);
}

}  // namespace lab

std::vector<Baseline> baselines_of_folder(const std::filesystem::path& folder) {
  if (std::error_code ignored; !std::filesystem::exists(folder / "laws.json", ignored)) return {};
  return lab::baselines_from(lab::read_with_cure(folder, "laws.json", parse_json), (folder / "laws.json").string());
}

Observations heed_baselines(const Observations& table, const std::vector<Baseline>& baselines) {
  const auto losses = table.columns.find("loss");
  if (baselines.empty() || losses == table.columns.end() || table.loss_unit == "bits_per_byte" || table.loss_kind == "train")
    return table;
  const std::optional<double> unigram = lab::baseline_named(baselines, lab::kUnigram);
  std::vector<lab::RunLoss> runs;
  std::vector<bool> keep;
  for (std::size_t row = 0; row < table.labels.size(); ++row) {
    const auto& loss = losses->second[row];
    if (loss) runs.push_back({table.labels[row], *loss});
    keep.push_back(!(loss && unigram && *loss >= *unigram));
  }
  Observations kept = table;
  const auto thin = [&](auto& values) {
    std::size_t row = 0;
    std::erase_if(values, [&](const auto&) { return !keep[row++]; });
  };
  thin(kept.labels);
  for (auto& [name, column] : kept.columns) thin(column);
  if (!kept.lines.empty()) thin(kept.lines);
  if (!kept.groups.empty()) thin(kept.groups);
  for (Warning& warning : lab::below_par(runs, baselines)) kept.warnings.push_back(std::move(warning));
  return kept;
}

}  // namespace isoflop
