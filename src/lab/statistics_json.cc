// docs/formats/corpus-statistics.md.
#include "base/json.h"
#include "isoflop/stats.h"

namespace isoflop {
namespace {

Json to_json(const Estimate& estimate) {
  Json json{{"value", estimate.value}, {"interval", nullptr}, {"contains", estimate.contains}};
  if (estimate.interval)
    json["interval"] = {{"low", estimate.interval->low}, {"high", estimate.interval->high}, {"level", estimate.interval->level}};
  return json;
}

Json to_json(const std::optional<Estimate>& estimate) {
  return estimate ? to_json(*estimate) : Json(nullptr);
}

Json to_json(const GrowthCurve& curve) {
  return {{"over", curve.over},
          {"n", curve.n},
          {"positions", curve.positions},
          {"distinct", curve.distinct},
          {"exponent", to_json(curve.exponent)},
          {"exponent_in_order", json_or_null(curve.exponent_in_order)},
          {"mean", curve.mean}};
}

Json to_json(const Compression& each) {
  return {{"name", each.name}, {"text_bytes", each.text_bytes}, {"bytes", each.bytes}, {"bits_per_byte", each.bits_per_byte()}};
}

Json to_json(const ContextEntropy& entropy) {
  return {{"context", entropy.context},   {"plug_in", entropy.plug_in},
          {"bias", entropy.bias},         {"held_out", json_or_null(entropy.held_out)},
          {"contexts", entropy.contexts}, {"sampled", entropy.sampled}};
}

Json to_json(const HeldOutModel& model) {
  return {{"name", model.name},
          {"bits_per_byte", model.bits_per_byte},
          {"bits_per_character", model.bits_per_character},
          {"what", model.what}};
}

Json to_json(const SourceStatistics& source) {
  return {{"name", source.name},
          {"words", source.words},
          {"tokens", json_or_null(source.tokens)},
          {"zstd_bits_per_byte", json_or_null(source.zstd_bits_per_byte)}};
}

Json to_json(const TokenStatistics& tokens) {
  return {{"tokenizer", tokens.tokenizer},
          {"kind", tokens.kind},
          {"vocab_size", tokens.vocab_size},
          {"tokens", tokens.tokens},
          {"unique_tokens", tokens.unique_tokens},
          {"distinct", tokens.distinct},
          {"bytes_per_token", tokens.bytes_per_token}};
}

Json to_json(const DataExponent& exponent) {
  return {{"over", exponent.over},
          {"gamma", to_json(exponent.gamma)},
          {"correlation", to_json(exponent.correlation)},
          {"predicted", to_json(exponent.predicted)},
          {"noise", exponent.noise},
          {"strengths", exponent.strengths},
          {"reason", exponent.reason.empty() ? Json(nullptr) : Json(exponent.reason)},
          {"source", "arXiv:2602.07488"}};
}

template <class T>
Json list_of(const std::vector<T>& values) {
  Json list = Json::array();
  for (const T& value : values) list.push_back(to_json(value));
  return list;
}

}  // namespace

std::string to_json(const CorpusStatistics& statistics) {
  Json json{
      {"sample", {{"bytes", statistics.sample_bytes}, {"characters", statistics.sample_characters}, {"whole", statistics.whole}}},
      {"words", statistics.words},
      {"unspaced", statistics.unspaced},
      {"tokens", statistics.tokens ? to_json(*statistics.tokens) : Json(nullptr)},
      {"sources", list_of(statistics.sources)},
      {"growth", list_of(statistics.growth)},
      {"compression", list_of(statistics.compression)},
      {"entropy", list_of(statistics.entropy)},
      {"baselines", list_of(statistics.models)},
      {"data_exponent", to_json(statistics.data_exponent)},
      {"efficient", nullptr},
      {"warnings", Json::array()}};
  if (const auto& growth = statistics.efficient)
    json["efficient"] = {{"beta", growth->beta},
                         {"low", growth->low},
                         {"high", growth->high},
                         {"inside", growth->inside},
                         {"source", "arXiv:2402.14746"}};
  for (const Warning& warning : statistics.warnings) json["warnings"].push_back({{"code", warning.code}, {"text", warning.text}});
  return json.dump(1);
}

}  // namespace isoflop
