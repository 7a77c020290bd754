// What a column's header or a key says its numbers count, and in which unit.
#include <algorithm>
#include <initializer_list>

#include "plan/claims_text.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

constexpr double kHour = 3600, kDay = 86400;

struct Named {
  std::initializer_list<std::string_view> words;
  Kind kind;
  double factor = 1;
};

// what holds more words stands before what holds fewer
const Named kNames[] = {
    {{"tokens per parameter", "tokens/param", "tokens/parameter", "トークン/パラメータ", "tok/param", "D/N", "tokens_per_param",
      "tokens_per_parameter", "ratio D/N"},
     Kind::ratio},
    {{"tokens/s/GPU", "tok/s/GPU", "tokens/s per GPU", "tokens_per_second_per_gpu", "tokens_per_sec_per_gpu", "トークン/秒/GPU"},
     Kind::device_throughput},
    {{"tokens/s", "tok/s", "tokens/sec", "tokens per second", "tokens_per_second", "tokens_per_sec", "トークン/秒",
      "毎秒トークン", "throughput", "スループット"},
     Kind::throughput},
    {{"batch_tokens", "tokens_per_batch", "tokens_per_step", "tokens/step", "tokens per step", "batch (tokens",
      "batch size (tokens", "バッチ(トークン", "バッチサイズ(トークン", "トークン/ステップ"},
     Kind::batch_tokens},
    {{"ms/step", "step_ms"}, Kind::step_seconds, 1e-3},
    {{"step_time", "step time", "s/step", "sec/step", "seconds_per_step"}, Kind::step_seconds},
    {{"steps", "iterations", "max_iters", "num_steps", "train_steps", "training_steps", "ステップ数", "ステップ"}, Kind::steps},
    {{"GPU-days", "gpu_days", "GPU日"}, Kind::device_seconds, kDay},
    {{"usd_per_kwh", "$/kWh"}, Kind::usd_per_kwh},
    {{"円/kWh"}, Kind::yen_per_kwh},
    {{"kg/kWh", "kgCO2/kWh", "kg_per_kwh", "kg CO2/kWh"}, Kind::carbon_per_kwh},
    {{"usd_per_hour", "price_per_hour", "price_per_gpu_hour", "usd_per_gpu_hour", "$/h", "$/GPU-h", "$/GPU-hour", "hourly"},
     Kind::usd_per_hour},
    {{"円/時間", "円/GPU時間", "時間単価"}, Kind::yen_per_hour},
    {{"GPU-hours", "GPU hours", "gpu_hours", "GPU時間", "GPU-h", "device_hours", "device-hours", "gpu_hour"},
     Kind::device_seconds,
     kHour},
    {{"GWh"}, Kind::watt_hours, 1e9},
    {{"MWh", "mwh"}, Kind::watt_hours, 1e6},
    {{"kWh", "kwh"}, Kind::watt_hours, 1e3},
    {{"watts", "(W)", "(W/GPU)", "tdp", "TDP"}, Kind::watts},
    {{"(kW)"}, Kind::watts, 1e3},
    {{"tCO2", "tCO2e", "t CO2", "tonnes CO2"}, Kind::carbon, 1e3},
    {{"kgCO2", "kg CO2"}, Kind::carbon},
    {{"PUE", "pue"}, Kind::overhead},
    {{"MFU", "mfu", "utilization", "utilisation", "利用率"}, Kind::utilisation},
    {{"TFLOPS", "TFLOPs", "TFLOP/s", "peak_tflops", "tflops"}, Kind::rate, 1e12},
    {{"FLOPs", "FLOP", "FLOPS", "計算量", "計算予算", "compute", "flops_6nd", "training_flops", "train_flops", "total_flops",
      "C"},
     Kind::flops},
    {{"PPL", "ppl", "perplexity", "パープレキシティ"}, Kind::perplexity},
    {{"bpb", "BPB", "bits_per_byte", "bits per byte", "bits/byte"}, Kind::bits_per_byte},
    {{"bytes_per_token", "bytes/token", "bytes per token"}, Kind::bytes_per_token},
    {{"n_layer", "n_layers", "num_layers", "layers", "層数"}, Kind::layers},
    {{"d_model", "n_embd", "hidden_size", "hidden size", "隠れ次元", "width"}, Kind::width},
    {{"vocab_size", "n_vocab", "vocab", "vocabulary", "語彙数"}, Kind::vocabulary},
    {{"loss", "損失", "val loss", "val_loss", "loss_nats"}, Kind::loss},
    {{"トークン", "tokens", "データ", "データ量", "token", "dataset", "data", "D", "train_tokens", "num_tokens", "n_tokens"},
     Kind::tokens},
    {{"パラメータ", "parameters", "params", "parameter", "モデルサイズ", "model size", "size", "N", "num_params", "n_params",
      "model_size", "param"},
     Kind::params},
    {{"GPUs", "GPU", "GPU数", "devices", "num_gpus", "n_gpus", "gpus", "accelerators"}, Kind::devices},
    {{"hours", "(h)"}, Kind::seconds, kHour},
    {{"weeks", "週数"}, Kind::seconds, 7 * kDay},
    {{"days", "日数", "期間"}, Kind::seconds, kDay},
    {{"億円"}, Kind::yen, 1e8},
    {{"百万円"}, Kind::yen, 1e6},
    {{"万円"}, Kind::yen, 1e4},
    {{"(円)", "yen"}, Kind::yen},
    {{"cost", "コスト", "usd", "費用", "cost_usd", "total_usd"}, Kind::usd},
    {{"GB", "_gb", "weights_gb", "memory_gb"}, Kind::bytes, 1e9},
    {{"割合", "share", "%", "proportion", "weight", "比率"}, Kind::percent}};

/// "(B)", "(億)", "params_m": what a count is given in.
double scale_of(const std::string& label) {
  struct Scale {
    std::string_view text;
    double factor;
  };
  for (const Scale& s :
       {Scale{"(T)", 1e12},     Scale{"(B)", 1e9},      Scale{"(M)", 1e6},       Scale{"(K)", 1e3},  Scale{"(k)", 1e3},
        Scale{"[T]", 1e12},     Scale{"[B]", 1e9},      Scale{"[M]", 1e6},       Scale{"[K]", 1e3},  Scale{"(trillion", 1e12},
        Scale{"(billion", 1e9}, Scale{"(million", 1e6}, Scale{"(thousand", 1e3}, Scale{"(兆", 1e12}, Scale{"(10億", 1e9},
        Scale{"(億", 1e8},      Scale{"(百万", 1e6},    Scale{"(万", 1e4},       Scale{"($M)", 1e6}, Scale{"($K)", 1e3},
        Scale{"($k)", 1e3}})
    if (label.find(s.text) != std::string::npos) return s.factor;
  for (const Scale& s : {Scale{"_t", 1e12}, Scale{"_b", 1e9}, Scale{"_m", 1e6}, Scale{"_k", 1e3}})
    if (label.ends_with(s.text)) return s.factor;
  return 1;
}

/// "C (10^21 FLOPs)", "PF-days", "ZFLOPs"
double scale_of_flops(const std::string& label) {
  if (mentions_any(label, {"PF-days", "PF-day", "petaflop/s-days"})) return 8.64e19;
  if (mentions_any(label, {"ZFLOPs", "ZFLOP"})) return 1e21;
  if (mentions_any(label, {"EFLOPs", "EFLOP"})) return 1e18;
  for (const std::string_view mark : {"10^", "1e"}) {
    const std::size_t i = label.find(mark);
    if (i == std::string::npos) continue;
    if (const auto n = read_number(label, i); n && n->value >= 1e9) return n->value;
  }
  return 1;
}

}  // namespace

Column column_of(const std::string& written) {
  const std::string label = normalised(written);
  const auto has = [&](std::string_view word) {
    return letter(word[0]) || static_cast<unsigned char>(word[0]) >= 0x80 ? find_word(label, word) != std::string::npos
                                                                          : label.find(word) != std::string::npos;
  };
  for (const Named& named : kNames) {
    if (!std::any_of(named.words.begin(), named.words.end(), has)) continue;
    Column column{named.kind, named.factor};
    if (column.kind == Kind::params || column.kind == Kind::tokens || column.kind == Kind::batch_tokens ||
        column.kind == Kind::usd || column.kind == Kind::steps)
      column.factor = scale_of(label);
    if (column.kind == Kind::flops) column.factor = scale_of_flops(label);
    return column;
  }
  return {};
}

Kind kind_of_label(const std::string& label) {
  const Kind kind = column_of(label).kind;
  return kind == Kind::utilisation ? Kind::percent : kind;
}

void count_as(Quantity& q, const Column& column) {
  q.kind = column.kind;
  q.value = q.raw * column.factor;
  q.step *= column.factor;
  q.labelled = true;
  if (column.kind != Kind::utilisation) return;
  q.kind = Kind::percent;
  q.utilisation = true;
  if (q.value > 1) return;  // mfu = 0.4
  q.value *= 100;
  q.step *= 100;
}

std::optional<Quantity> cell_quantity(const std::string& cell, const Column& column) {
  const auto all = quantities(cell);
  if (all.empty()) return std::nullopt;
  Quantity q = all.front();
  if (q.kind == Kind::none && column.kind != Kind::none) count_as(q, column);
  if (q.kind == Kind::percent && column.kind == Kind::utilisation) q.utilisation = true;
  return q;
}

}  // namespace isoflop::plan
