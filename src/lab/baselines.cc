#include "lab/baselines.h"

#include <algorithm>

#include "base/file.h"
#include "base/json.h"
#include "base/math.h"
#include "base/sealed_json.h"
#include "isoflop/text.h"
#include "corpus/character_models.h"
#include "corpus/compress.h"

namespace isoflop::lab {
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

// each unit's text, of the first kMostText bytes; returns the tokens that were seen
template <class Visit>
std::int64_t for_each_text(const Tokenizer& tokenizer, const TokenSplit& split, Visit visit) {
  std::vector<std::int32_t> buffer;
  std::int64_t tokens = 0, bytes = 0;
  for (const TokenUnit& unit : split.units()) {
    if (bytes >= kMostText) break;
    buffer.resize(static_cast<std::size_t>(unit.tokens));
    split.copy(unit.first, unit.tokens, buffer.data());
    const std::string text = tokenizer.decode(buffer);
    visit(text);
    tokens += unit.tokens;
    bytes += static_cast<std::int64_t>(text.size());
  }
  return tokens;
}

std::vector<Baseline> computed(const Prepared& prepared) {
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
  (void)for_each_text(*prepared.tokenizer, *prepared.tokens.train, [&](const std::string& unit) { models.learn(unit); });
  const std::int64_t tokens = for_each_text(*prepared.tokenizer, *prepared.tokens.held_out, [&](const std::string& unit) {
    models.score(unit, cost);
    text += unit;
  });
  if (tokens == 0 || cost.bits.empty()) return lines;
  const double nats_per_token = log_(2) / static_cast<double>(tokens);
  const double bytes = static_cast<double>(cost.bytes), xz_bits = 8 * static_cast<double>(corpus::xz_bytes(text));
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
  std::vector<Baseline> lines;
  const std::string subject = file.string();
  for (const Json& line : json_get<Json>(parse_json(*text, subject), "baselines", subject))
    lines.push_back({json_get<std::string>(line, "name", subject), json_get<double>(line, "loss", subject),
                     json_get<std::string>(line, "what", subject)});
  return lines;
}

}  // namespace

std::vector<Baseline> baselines(const Prepared& prepared, const std::filesystem::path& cache) {
  const std::filesystem::path file = cache / "baselines" / (prepared.tokens.id + "-" + std::to_string(kVersion) + ".json");
  if (auto lines = kept(file)) return *lines;
  const std::vector<Baseline> lines = computed(prepared);
  Json json{{"schema_version", 1}, {"tokens", prepared.tokens.id}, {"baselines", Json::array()}};
  for (const Baseline& line : lines) json["baselines"].push_back({{"name", line.name}, {"loss", line.loss}, {"what", line.what}});
  make_folder(file.parent_path());
  write_output(file, seal_json(json.dump()));
  return lines;
}

}  // namespace isoflop::lab
