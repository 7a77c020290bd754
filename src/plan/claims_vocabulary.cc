// The one table of words, and the names of accelerators.
#include "plan/claims_vocabulary.h"

#include <algorithm>
#include <initializer_list>
#include <map>

#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

struct Group {
  Kind kind;
  double factor;
  unsigned places;
  std::initializer_list<std::string_view> words;
};

const Group kGroups[] = {
    {Kind::ratio,
     1,
     kUnit | kLabel | kHeader,
     {"tokens per parameter", "tokens/parameter", "tokens/param", "トークン/パラメータ"}},
    {Kind::ratio, 1, kUnit | kHeader, {"tok/param"}},
    {Kind::ratio, 1, kHeader, {"D/N"}},
    {Kind::ratio,
     1,
     kLabel,
     {"tokens per parameter ratio", "token to parameter ratio", "tokens to parameters ratio", "パラメータあたりトークン数"}},
    {Kind::ratio, 1, kLabel | kHeader, {"パラメータあたりのトークン数", "tokens per param"}},
    {Kind::ratio,
     1,
     kUnit,
     {"tokens-per-parameter", "tokens per param", "tokens / parameter", "tokens for each parameter", "tokens for every parameter",
      "tokens per model parameter", "token per parameter", "token/parameter", "token/param", "training tokens per parameter",
      "トークン / パラメータ"}},
    {Kind::flops,
     8.64e19,
     kUnit | kHeader,
     {"PF-days", "PF-day", "petaflop/s-days", "petaflops-days", "PFLOP/s-days", "PFLOPS-days", "petaflop-days"}},
    {Kind::flops, 8.64e19, kUnit, {"PF days"}},
    {Kind::flops, 1e21, kHeader, {"ZFLOPs", "ZFLOP"}},
    {Kind::flops, 1e18, kHeader, {"EFLOPs", "EFLOP"}},
    {Kind::flops, 1, kLabel | kHeader, {"計算予算", "計算量", "training flops", "compute", "flops", "flop"}},
    {Kind::flops, 1, kLabel, {"総計算量", "訓練計算量", "計算", "total flops", "training compute", "compute budget"}},
    {Kind::flops, 1, kHeader, {"C"}},
    {Kind::rate, 1e12, kHeader, {"TFLOPS", "TFLOP/s", "peak tflops"}},
    {Kind::params, 1, kUnit | kLabel | kHeader, {"parameters", "params", "パラメータ"}},
    {Kind::params, 1, kUnit | kHeader, {"parameter", "param"}},
    {Kind::params, 1, kLabel | kHeader, {"モデルサイズ", "num params", "n params", "model size", "パラメータ数"}},
    {Kind::params, 1, kLabel, {"モデル規模", "モデル", "model"}},
    {Kind::params, 1, kHeader, {"N"}},
    {Kind::params, 1, kUnit, {"non-embedding parameters", "非埋め込みパラメータ", "個のパラメータ", "のパラメータ"}},
    {Kind::tokens, 1, kUnit | kLabel | kHeader, {"tokens", "トークン"}},
    {Kind::tokens, 1, kUnit | kHeader, {"token"}},
    {Kind::tokens, 1, kLabel | kHeader, {"データ量", "データ", "train tokens", "num tokens", "n tokens", "data"}},
    {Kind::tokens, 1, kUnit | kLabel, {"training tokens"}},
    {Kind::tokens,
     1,
     kLabel,
     {"学習トークン数", "訓練トークン数", "トークン数", "推奨データ量", "学習データ", "訓練データ", "training data",
      "dataset size"}},
    {Kind::tokens, 1, kHeader, {"dataset", "D"}},
    {Kind::tokens, 1, kUnit, {"pretraining tokens", "pre-training tokens", "text tokens", "個のトークン", "のトークン"}},
    {Kind::batch_tokens,
     1,
     kHeader,
     {"batch tokens", "tokens per batch", "tokens per step", "tokens/step", "batch (tokens", "batch size (tokens",
      "バッチ(トークン", "バッチサイズ(トークン", "トークン/ステップ"}},
    {Kind::other, 1, kHeader, {"batch size", "バッチサイズ", "context", "文脈長"}},
    {Kind::device_throughput,
     1,
     kHeader,
     {"tokens/s/GPU", "tok/s/GPU", "tokens/s per GPU", "tokens per second per gpu", "tokens per sec per gpu", "トークン/秒/GPU"}},
    {Kind::throughput,
     1,
     kHeader,
     {"tokens/s", "tok/s", "tokens/sec", "tokens per second", "tokens per sec", "トークン/秒", "毎秒トークン", "throughput",
      "スループット"}},
    {Kind::steps, 1, kUnit | kLabel | kHeader, {"steps", "iterations", "ステップ"}},
    {Kind::steps, 1, kLabel | kHeader, {"max iters", "ステップ数"}},
    {Kind::steps, 1, kUnit, {"training steps", "optimizer steps", "gradient steps", "updates", "gradient updates"}},
    {Kind::other, 1, kHeader, {"warmup steps", "warm up steps", "ウォームアップ"}},
    {Kind::step_seconds, 1e-3, kHeader, {"ms/step", "step ms"}},
    {Kind::step_seconds, 1, kHeader, {"step time", "time per step", "s/step", "sec/step", "seconds per step", "ステップ時間"}},
    {Kind::seconds, kWeek, kUnit | kHeader, {"weeks"}},
    {Kind::seconds, kWeek, kUnit, {"週間", "週", "week"}},
    {Kind::seconds, kWeek, kHeader, {"週数"}},
    {Kind::seconds, kDay, kUnit | kLabel | kHeader, {"days"}},
    {Kind::seconds, kDay, kLabel | kHeader, {"日数"}},
    {Kind::seconds, kDay, kHeader, {"期間"}},
    {Kind::seconds, kDay, kUnit, {"日間", "日", "day"}},
    {Kind::seconds, kMonth, kUnit, {"ヶ月", "months", "month"}},
    {Kind::seconds, kYear, kUnit, {"年間", "年", "years", "year"}},
    {Kind::seconds, kHour, kUnit | kHeader, {"時間", "hours"}},
    {Kind::seconds, kHour, kHeader, {"(h)"}},
    {Kind::seconds, kHour, kUnit, {"hour", "hrs", "h"}},
    {Kind::seconds, kMinute, kUnit, {"分", "minutes", "minute"}},
    {Kind::seconds, 1, kUnit, {"秒", "seconds", "second", "sec", "s"}},
    {Kind::seconds, 1e-3, kMeasure, {"ms", "ミリ秒"}},
    {Kind::device_seconds, kHour, kLabel | kHeader, {"gpu hours", "GPU時間", "device hours"}},
    {Kind::device_seconds, kHour, kHeader, {"GPU-h"}},
    {Kind::devices, 1, kLabel | kHeader, {"GPU数", "GPU", "GPUs", "num gpus", "n gpus", "devices"}},
    {Kind::devices, 1, kHeader, {"accelerators", "枚数", "台数"}},
    {Kind::devices, 1, kUnit, {"H800", "MI250X", "TPU", "GPU", "accelerator", "device", "chip", "card", "台", "基", "枚"}},
    {Kind::other, 1, kUnit, {"EUR", "euros", "euro", "GBP", "CHF", "ユーロ"}},
    {Kind::usd, 1, kUnit, {"USD", "US dollars", "dollars", "ドル"}},
    {Kind::usd, .01, kUnit, {"cents", "cent"}},
    {Kind::usd, 1, kLabel | kHeader, {"cost", "usd"}},
    {Kind::usd, 1, kHeader, {"コスト", "費用", "料金"}},
    {Kind::yen, 1, kUnit, {"円"}},
    {Kind::yen, 1, kUnit | kHeader, {"yen"}},
    {Kind::usd_per_hour,
     1,
     kHeader,
     {"price per hour", "usd per gpu hour", "$/h", "$/GPU-h", "$/GPU-hour", "hourly", "時間単価"}},
    {Kind::usd_per_hour, 1, kLabel | kHeader, {"usd per hour", "price per gpu hour"}},
    {Kind::yen_per_hour, 1, kHeader, {"円/時間", "円/GPU時間", "yen per gpu hour", "jpy per gpu hour", "yen per hour", "yen/h", "yen/hour"}},
    {Kind::usd_per_kwh, 1, kHeader, {"usd per kwh", "$/kWh"}},
    {Kind::yen_per_kwh, 1, kHeader, {"円/kWh"}},
    {Kind::percent, 1, kUnit | kHeader, {"%"}},
    {Kind::percent, 1, kUnit, {"パーセント", "percent"}},
    {Kind::percent, 1, kHeader, {"割合", "share", "proportion", "weight", "比率"}},
    {Kind::factor, 1, kUnit, {"倍", "times", "-fold", "fold", "x"}},
    {Kind::bytes, 1e15, kUnit, {"PB"}},
    {Kind::bytes, 1e12, kUnit, {"TB"}},
    {Kind::bytes, 1e9, kUnit | kHeader, {"GB"}},
    {Kind::bytes, 1e6, kUnit, {"MB"}},
    {Kind::bytes, 1e3, kUnit, {"KB"}},
    {Kind::bytes, 1073741824.0, kUnit, {"GiB"}},
    {Kind::bytes, 1, kUnit, {"bytes", "バイト"}},
    {Kind::bytes_per_param,
     1,
     kMeasure | kHeader,
     {"bytes per parameter", "bytes per param", "bytes/parameter", "bytes/param", "バイト/パラメータ"}},
    {Kind::bytes_per_param, 1, kMeasure, {"bytes a parameter"}},
    {Kind::bytes_per_token, 1, kMeasure | kHeader, {"bytes per token", "bytes/token", "バイト/トークン"}},
    {Kind::bytes_per_second, 1e12, kMeasure, {"TB/s", "TBps", "TB per second"}},
    {Kind::bytes_per_second, 1e9, kMeasure, {"GB/s", "GBps", "GB per second", "GB/秒", "GB/sec"}},
    {Kind::bytes_per_second, 1e6, kMeasure, {"MB/s", "MBps", "MB per second", "MB/秒", "MB/sec"}},
    {Kind::bytes_per_second, 1.25e8, kMeasure, {"Gbit/s"}},
    {Kind::bytes_per_token, 1e3, kMeasure, {"kB per token", "kB/token", "kB/トークン"}},
    {Kind::bytes_per_token, 1e6, kMeasure, {"MB per token", "MB/token", "MB/トークン"}},
    {Kind::characters, 1, kUnit, {"文字", "characters", "chars"}},
    {Kind::other, 1, kMeasure, {"nats per byte", "nats/byte"}},
    {Kind::bits_per_byte, 1, kMeasure | kNearby | kHeader, {"bits per byte", "bpb"}},
    {Kind::bits_per_byte, 1, kMeasure | kHeader, {"bits/byte", "ビット/バイト"}},
    {Kind::bits_per_byte, 1, kMeasure, {"bits-per-byte"}},
    {Kind::bits_per_byte, 1, kNearby, {"バイトあたりのビット数"}},
    {Kind::bits_per_token, 1, kMeasure | kHeader, {"bits per token", "bits/token", "ビット/トークン", "bits", "ビット"}},
    {Kind::loss, 1, kMeasure | kHeader, {"nats per token", "nats/token", "nats/トークン", "nats", "ナット"}},
    {Kind::loss, 1, kMeasure, {"nat"}},
    {Kind::loss, 1, kNearby, {"losses", "cross-entropy", "cross entropy"}},
    {Kind::loss, 1, kNearby | kHeader, {"loss", "損失"}},
    {Kind::perplexity, 1, kNearby, {"perplexities"}},
    {Kind::perplexity, 1, kNearby | kHeader, {"perplexity", "PPL", "パープレキシティ"}},
    {Kind::watt_hours, 1e12, kUnit | kMeasure | kHeader, {"TWh"}},
    {Kind::watt_hours, 1e9, kUnit | kMeasure | kHeader, {"GWh"}},
    {Kind::watt_hours, 1e6, kUnit | kMeasure | kHeader, {"MWh"}},
    {Kind::watt_hours, 1e3, kUnit | kMeasure | kHeader, {"kWh"}},
    {Kind::watt_hours, 1, kUnit | kMeasure, {"Wh"}},
    {Kind::watt_hours, 1e3, kMeasure, {"キロワット時"}},
    {Kind::watt_hours, 1e6, kMeasure, {"メガワット時"}},
    {Kind::watts, 1e6, kUnit, {"MW"}},
    {Kind::watts, 1e3, kUnit | kMeasure, {"kW"}},
    {Kind::watts, 1e3, kMeasure, {"キロワット"}},
    {Kind::watts, 1, kMeasure | kHeader, {"watts"}},
    {Kind::watts, 1, kMeasure, {"watt", "ワット", "W"}},
    {Kind::watts, 1, kHeader, {"(W)", "(W/GPU)", "tdp"}},
    {Kind::watts, 1e3, kHeader, {"(kW)"}},
    {Kind::overhead, 1, kNearby | kHeader, {"PUE"}},
    {Kind::carbon, 1, kHeader, {"kgCO2", "kg CO2"}},
    {Kind::carbon, 1e3, kHeader, {"tCO2", "tCO2e", "t CO2", "tonnes CO2"}},
    {Kind::carbon_per_kwh, 1, kHeader, {"kg/kWh", "kgCO2/kWh", "kg per kwh", "kg CO2/kWh"}},
    {Kind::utilisation, 1, kHeader, {"MFU", "utilization", "utilisation", "利用率"}},
    {Kind::layers, 1, kMeasure | kHeader, {"layers"}},
    {Kind::layers, 1, kMeasure, {"transformer layers", "hidden layers", "decoder layers", "layer", "層"}},
    {Kind::layers, 1, kNearby | kHeader, {"n_layer", "n_layers", "num_layers", "層数"}},
    {Kind::width, 1, kNearby | kHeader, {"d_model", "n_embd", "hidden_size", "hidden size", "width", "隠れ次元"}},
    {Kind::width, 1, kMeasure, {"wide"}},
    {Kind::width, 1, kHeader, {"hidden", "幅", "次元"}},
    {Kind::other, 1, kHeader, {"ヘッド次元", "中間次元", "head dim", "head dimension", "head size"}},
    {Kind::width,
     1,
     kNearby,
     {"hidden dimension", "model dimension", "model width", "隠れ層の次元", "埋め込み次元", "モデル次元"}},
    {Kind::vocabulary, 1, kNearby | kHeader, {"vocabulary", "vocab_size", "vocab", "語彙数"}},
    {Kind::vocabulary, 1, kHeader, {"n_vocab"}},
    {Kind::vocabulary, 1, kNearby, {"語彙サイズ", "語彙"}}};

/// Spaces, hyphens and underlines of a name do not count.
bool joint(char c) {
  return c == ' ' || c == '-' || c == '_';
}

/// Where `name` ends if it begins at `at`, an s of several with it; npos if it does not.
std::size_t end_of_name(const std::string& text, std::size_t at, const std::string& name) {
  std::size_t i = at;
  for (const char c : name) {
    if (joint(c)) continue;
    while (i > at + 1 && i < text.size() && joint(text[i])) ++i;  // a 100 is no A100
    if (i >= text.size() || lower(text[i]) != lower(c)) return std::string::npos;
    ++i;
  }
  if (i < text.size() && text[i] == 's' && (i + 1 == text.size() || !letter(text[i + 1]))) ++i;
  return i < text.size() && (letter(text[i]) || (digit(text[i]) && digit(text[i - 1]))) ? std::string::npos : i;
}

/// A100 80GB: the size of its memory belongs to the name.
std::size_t behind_memory(const std::string& text, std::size_t end) {
  std::size_t i = end;
  if (i < text.size() && joint(text[i])) ++i;
  const std::size_t digits = i;
  while (i < text.size() && digit(text[i])) ++i;
  return i > digits && i > end && word_at(text, i, "GB") ? i + 2 : end;
}

bool begins_name(const std::string& text, std::size_t at) {
  return at == 0 || (!letter(text[at - 1]) && !digit(text[at - 1]) && text[at - 1] != '.');
}

}  // namespace

const std::vector<Word>& words_of(Place place) {
  static const auto kSorted = [] {
    std::map<Place, std::vector<Word>> all;
    for (const Place p : {kUnit, kMeasure, kNearby, kLabel, kHeader}) {
      for (const Group& group : kGroups)
        for (const std::string_view text : group.words)
          if ((group.places & p) != 0)
            all[p].push_back(
                {p == kLabel || p == kHeader ? plain_label(std::string(text)) : std::string(text), group.kind, group.factor});
      std::stable_sort(all[p].begin(), all[p].end(), [](const Word& a, const Word& b) { return a.text.size() > b.text.size(); });
    }
    return all;
  }();
  return kSorted.at(place);
}

std::string plain_label(std::string label) {
  std::replace(label.begin(), label.end(), '_', ' ');
  std::replace(label.begin(), label.end(), '-', ' ');
  return label;
}

const std::vector<Magnitude>& magnitudes() {
  static const std::vector<Magnitude> kAll{{"trillion", 1e12}, {"thousand", 1e3}, {"billion", 1e9}, {"million", 1e6},
                                           {"bn", 1e9},        {"千億", 1e11},    {"百億", 1e10},   {"十億", 1e9},
                                           {"千万", 1e7},      {"百万", 1e6},     {"十万", 1e5},    {"京", 1e16},
                                           {"兆", 1e12},       {"億", 1e8},       {"万", 1e4},      {"千", 1e3}};
  return kAll;
}

std::optional<NamedAccelerator> accelerator_at(const std::string& text, std::size_t at) {
  if (!begins_name(text, at)) return std::nullopt;
  std::optional<NamedAccelerator> longest;
  for (const Accelerator& a : accelerators()) {
    const auto consider = [&](const std::string& name) {
      const std::size_t end = end_of_name(text, at, name);
      if (end != std::string::npos && (!longest || end > longest->end)) longest = NamedAccelerator{&a, at, end};
    };
    consider(a.name);
    for (const std::string& alias : a.aliases) consider(alias);
  }
  if (longest) longest->end = behind_memory(text, longest->end);
  return longest;
}

std::optional<NamedAccelerator> first_accelerator(const std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i)
    if (letter(text[i]) || digit(text[i]))
      if (const auto named = accelerator_at(text, i)) return named;
  return std::nullopt;
}

std::size_t device_word(const std::string& text, std::size_t at) {
  if (word_at(text, at, "NVIDIA ")) at += 7;
  std::size_t end = std::string::npos;
  if (const auto named = accelerator_at(text, at)) {
    end = named->end;
  } else {
    for (const Word& word : words_of(kUnit))
      if (word.kind == Kind::devices && end == std::string::npos) end = end_of_name(text, at, word.text);
  }
  if (end == std::string::npos) return end;
  if (word_at(text, end, " SXM")) end += 4;
  for (const std::string_view word : {" GPUs", " GPU"})
    if (word_at(text, end, word)) return end + word.size();
  return end;
}

std::optional<Unit> device_time_at(const std::string& text, std::size_t at) {
  std::size_t i = device_word(text, at);
  if (i == std::string::npos) return std::nullopt;
  if (i < text.size() && joint(text[i])) ++i;
  if (isoflop::plan::at(text, i, "・")) i += 3;
  for (const Word& word : words_of(kUnit))
    if (word.kind == Kind::seconds && word.factor >= kHour && word_at(text, i, word.text))
      return Unit{Kind::device_seconds, word.factor, i + word.text.size()};
  return std::nullopt;
}

}  // namespace isoflop::plan
