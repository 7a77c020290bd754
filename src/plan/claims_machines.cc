// Time, money and memory of machines against what a training takes.
#include <algorithm>
#include <cmath>

#include "base/math.h"
#include "plan/claims_rules.h"
#include "plan/claims_vocabulary.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

// Below the lower end a large training has hardly been seen. Published ones run at .2 to .6 of the dense peak (MegaScale .55,
// arXiv:2402.15627; Megatron-LM .57 with recomputation counted, arXiv:2205.05198); above .75 nothing does.
constexpr double kLeastMfu = .07, kMostMfu = .75;

bool is_peak(double rate) {
  const auto& all = accelerators();
  return std::any_of(all.begin(), all.end(), [&](const Accelerator& a) { return std::abs(rate / a.peak_flops - 1) < .011; });
}

std::string at_mfu(double mfu) {
  return mfu == 1 ? "" : " at MFU " + short_number(mfu);
}

}  // namespace

/// Hours of devices by what is computed; by devices and days they are one of the relations.
void Checker::device_time(const Scene& scene, const Quantity& q) {
  // 25,000 GPU-hours are 163 days on 64: the days are the claim
  const bool given = std::any_of(scene.numbers.begin(), scene.numbers.end(), [&](const Quantity& x) {
    return x.kind == Kind::seconds && x.raw != 1 && x.begin > q.begin && !scene.row;
  });
  if (given || judged(scene, q.raw)) return;
  const double per = q.value / std::max(q.raw, 1e-300);
  const auto own = [&](Kind kind) {
    return std::any_of(scene.numbers.begin(), scene.numbers.end(), [&](const Quantity& x) { return x.kind == kind; });
  };
  const auto devices = input(scene, Kind::devices, q.begin), time = input(scene, Kind::seconds, q.begin);
  if (devices && time && (own(Kind::devices) || own(Kind::seconds) || !own(Kind::flops))) return;
  borrowed_.clear();
  const auto c = compute_of(scene, q.begin);
  const auto peak = peak_of(scene);
  if (!c || !peak) return;
  const double stated = peak->achieved ? 1 : mfu_of(scene), mfu = c->value / (peak->value * q.value);
  const std::string how = short_number(c->value) + " FLOPs / " + short_number(peak->value) + " FLOP/s";
  judge_time(scene, "device_time", q, {q.raw, c->value / peak->value / per, mfu, stated, slack_of(*c), peak->value}, how, q.unit,
             per);
}

void Checker::duration(const Scene& scene, const Quantity& q) {
  if (judged(scene, q.value) || judged(scene, q.raw)) return;
  if (q.value < 3600 || q.raw == 1 || q.raw == 24 || is_extra(scene.text, q)) return;  // a day is given, not claimed
  if (mentions_any(scene.text,
                   {"lost", "another", "restart", "restarts", "earlier", "later", "ago", "downtime", "extra", "停止", "中断"}))
    return;
  // by what all devices of the cluster do
  for (const Quantity& o : scene.numbers)
    if (o.kind == Kind::rate && o.value > kLargestPeak && o.begin < q.begin)
      if (const auto c = compute_of(scene, q.begin))
        return say(scene, "duration", q.value, c->value / o.value, tolerance_of(q) + slack_of(*c) + .01,
                   short_number(c->value) + " FLOPs / " + short_number(o.value) + " FLOP/s", true);
  auto devices = input(scene, Kind::devices, q.begin);
  // one of its own, where the text counts none: "my RTX 4090 reaches 70 TFLOP/s"
  if (!devices && !only_.contains(Kind::devices))
    if (const auto peak = peak_of(scene); peak && peak->achieved) {
      devices.emplace();
      devices->kind = Kind::devices;
      devices->value = devices->raw = 1;
      devices->exact = true;
    }
  const auto c = devices ? compute_of(scene, q.begin) : std::nullopt;
  const auto peak = c ? peak_of(scene) : std::nullopt;
  if (!peak) return;
  const double at_peak = c->value / (peak->value * devices->value), stated = peak->achieved ? 1 : mfu_of(scene);
  const std::string how =
      short_number(c->value) + " FLOPs / (" + short_number(devices->value) + " x " + short_number(peak->value) + " FLOP/s)";
  judge_time(scene, "duration", q, {q.value, at_peak, at_peak / q.value, stated, slack_of(*c), peak->value}, how, q.unit,
             q.value / q.raw);
}

void Checker::judge_time(const Scene& scene, const std::string& kind, const Quantity& q, const TimeClaim& t,
                         const std::string& how, const std::string& unit, double per) {
  // claimed and at_peak in seconds, or both as written
  const double factor = kind == "duration" ? per : 1, at_peak = t.at_peak / factor;
  const std::string shown = how + " = " + short_number(at_peak) + unit + " at the peak";
  // a model that the sentence names is not the one whose numbers stand in others
  if (!scene.row && !scene.models.empty() && !borrowed_.empty()) return;
  // a size that was not read may be meant
  if (t.stated == 0 && !scene.row && std::any_of(scene.numbers.begin(), scene.numbers.end(), [](const Quantity& x) {
        return x.kind == Kind::none && x.suffixed && x.value >= 1e8;
      }))
    return;
  // what was lost, or is added, is not the training's
  if (t.stated == 0 &&
      mentions_any(scene.text, {"lost", "wasted", "loss of", "idle", "失われ", "失っ", "無駄", "停止", "障害", "遅れ"}))
    return;
  // a text that divides by the bare peak, or that lets one device train for years, does not speak of a real run
  const auto used = borrowed_;
  const auto devices = input(scene, Kind::devices, q.begin);
  borrowed_ = used;
  const bool thought = at_peak_ || (kind == "duration" && devices && devices->value == 1 && q.value > 365 * kDay);
  // a rate that no device peaks at is one that was reached
  // 125 TFLOP/s are no V100's peak where A100s are spoken of
  const auto spoken = first_accelerator(paragraph_text_ + " " + scene.text);
  const bool of_another = spoken && std::abs(spoken->accelerator->peak_flops / t.peak - 1) > .02;
  const bool of_peak = (is_peak(t.peak) && !of_another) ||
                       mentions_any(paragraph_text_ + " " + scene.text,
                                    {"peak", "up to", "theoretical", "dense", "ピーク", "理論", "最大", "性能"});
  // a power of ten off such a rate is no utilisation
  const double decades = log10_of(t.mfu);
  const bool reached = !of_peak && std::abs(decades) > .5 && std::abs(decades - std::round(decades)) < .01;
  const bool divides = reached || (std::abs(t.mfu - 1) < .02 && (thought || of_another || !is_peak(t.peak)));
  const double stated = t.stated > 0 ? t.stated : divides ? 1 : 0;
  // 19.2 days were said to follow; 30 are something else
  const double meant = (kind == "duration" ? 1 : q.value / std::max(q.raw, 1e-300)) * t.at_peak / std::max(stated, 1e-9);
  if (stated > 0 && !scene.row && std::any_of(heard_.begin(), heard_.end(), [&](const Heard& h) {
        return h.paragraph == paragraph_ && h.q.kind == q.kind && std::abs(h.q.value / meant - 1) < .02 &&
               std::abs(h.q.value / q.value - 1) > .05;
      }))
    return;
  if (stated > 0)
    return say(scene, kind, t.claimed, t.at_peak / stated, tolerance_of(q) + t.slack + (stated < 1 ? .01 : 0),
               how + at_mfu(stated) + " = " + short_number(at_peak / stated) + unit, true);
  if (t.mfu >= kLeastMfu && t.mfu <= kMostMfu)
    return add(scene, kind, t.claimed, t.at_peak, ClaimVerdict::agrees, shown + ": MFU " + short_number(t.mfu));
  const double likely = t.mfu > kMostMfu ? t.at_peak / .4 : t.at_peak;
  add(scene, kind, t.claimed, likely, ClaimVerdict::inconsistent,
      shown + ", " + short_number(at_peak / .4) + unit + " at a usual MFU of .4; " + short_number(t.claimed / factor) + unit +
          " would be an MFU of " + short_number(t.mfu) + (t.mfu > kMostMfu ? ", which nobody reaches" : ""));
}

/// Without a price: whether the one that follows exists. With one it is a relation.
void Checker::money(const Scene& scene, const Quantity& q) {
  const auto own = [&](std::initializer_list<Kind> kinds) {
    return std::any_of(scene.numbers.begin(), scene.numbers.end(),
                       [&](const Quantity& x) { return std::find(kinds.begin(), kinds.end(), x.kind) != kinds.end(); });
  };
  const bool of_energy =
      own({Kind::watt_hours, Kind::usd_per_kwh, Kind::yen_per_kwh}) && !own({Kind::usd_per_hour, Kind::yen_per_hour});
  // a budget buys hours, hours do not make a budget; small sums are prices, whatever of
  if (q.kind == Kind::yen || q.value < 100 || of_energy || judged(scene, q.value) || mentions_budget(scene.text)) return;
  if (input(scene, Kind::usd_per_hour, q.begin)) return;
  borrowed_.clear();
  auto time = input(scene, Kind::device_seconds, q.begin);
  if (!time) {
    const auto devices = input(scene, Kind::devices, q.begin), wall = input(scene, Kind::seconds, q.begin);
    if (!devices || !wall) return;
    time = *wall;
    time->value = devices->value * wall->value;
  }
  const double hours = time->value / 3600;
  const double implied = q.value / hours;
  const std::string how = short_number(hours) + " device-hours at this cost are $" + short_number(implied) + " an hour";
  if (implied >= .15 && implied <= 15)
    return add(scene, "cost", q.value, std::nullopt, ClaimVerdict::agrees, how + ": a price there is");
  add(scene, "cost", q.value, hours * 2.5, ClaimVerdict::inconsistent, how + "; prices are $0.2 to $12");
}

namespace {

struct Precision {
  std::vector<std::string_view> words;
  double bytes;
};

/// Bytes of a parameter by the nearest precision before `position`, else after it; 0 if none is named.
double bytes_of_precision(const std::string& text, std::size_t position, std::size_t end, std::size_t distance) {
  static const std::vector<Precision> kPrecisions{
      {{"fp32", "float32", "単精度", "32-bit", "32 bit", "32bit", "32 bits", "32ビット", "full precision"}, 4},
      {{"fp16", "bf16", "float16", "bfloat16", "half precision", "半精度", "16-bit", "16 bit", "16bit", "16 bits", "16ビット"},
       2},
      {{"int8", "fp8", "8-bit", "8 bit", "8bit", "8 bits", "8ビット"}, 1},
      {{"int4", "4-bit", "4 bit", "4bit", "4 bits", "4ビット", "nf4", "fp4"}, .5}};
  double bytes = 0;
  for (const Precision& p : kPrecisions)
    for (const std::string_view word : p.words)
      for (std::size_t i = find_word(text, word); i != std::string::npos; i = find_word(text, word, i + 1)) {
        if (digit(word[0]) && i > 0 && digit(text[i - 1])) continue;  // 16-bit is not 6-bit
        // 2.6 GB in bf16: the one right behind it
        const std::string_view between = i > end && i <= end + 8 ? std::string_view(text).substr(end, i - end) : "";
        const bool right_behind = between == " in " || between == " at " || between == " (" || between == " as ";
        const std::size_t away = right_behind ? 0 : i < position ? position - i : i - position + 40;
        if (away >= distance) continue;
        distance = away;
        bytes = p.bytes;
      }
  return bytes;
}

/// The clause says that its memory holds something else than weights, or more.
bool of_other_memory(const Quantity& q, const std::string& text) {
  const std::size_t comma = text.find_last_of(",:;", q.begin), begin = comma == std::string::npos || comma > q.begin ? 0 : comma;
  const std::string clause = text.substr(begin, q.begin - begin) + " " + text.substr(std::min(q.end, text.size()), 24);
  if (mentions_any(clause, {"spare", "leaving", "leaves", "left", "free", "remain", "remaining", "余", "空き", "残"}))
    return true;
  const bool apart = mentions_any(clause, {"before", "without", "excluding", "plus", "除"});
  return !apart && mentions_any(clause, {"optim", "state", "states", "状態", "send", "transmission", "KV", "activations",
                                         "activation", "最適化", "活性", "cache", "キャッシュ", "corpus", "dataset", "データ"});
}

/// A 24 GB card, 80GBのGPU, 640 GB of a node, two H100 of 80 GB: what a machine holds is no claim of weights.
bool of_a_machine(const Quantity& q, const std::string& text) {
  const std::string after = text.substr(std::min(q.end, text.size()), 16);
  const bool each_holds = after.starts_with(" per ") || after.starts_with("/");
  if (!each_holds && mentions_any(after, {"GPU", "GPUs", "VRAM", "card", "cards", "A100", "H100", "node", "server", "machine"}))
    return true;
  if (after.starts_with("の") || after.starts_with(" of memory")) return true;
  std::string before = text.substr(0, q.begin);
  for (const std::string_view word : {" of ", " with "})
    if (before.ends_with(word)) before.resize(before.size() - word.size());
  if (before.size() == q.begin) return false;
  if (before.ends_with("cards") || before.ends_with("card")) return true;
  for (std::size_t i = before.size() > 16 ? before.size() - 16 : 0; i < before.size(); ++i)
    if (device_word(before, i) == before.size()) return true;
  return false;
}

}  // namespace

/// 2 bytes of weights and 12 of moments for each parameter: what is counted is their sum, or one of them.
bool Checker::weights_in_parts(const Scene& scene, const Quantity& q, const Quantity& params) {
  double parts = 0;
  int counted = 0;
  for (const Quantity& x : scene.numbers)
    if (const bool small = x.kind == Kind::bytes && x.value <= 64; small || x.kind == Kind::bytes_per_param) {
      parts += x.value;
      ++counted;
    }
  if (counted < 2) return false;
  if (std::abs(params.value * parts / q.value - 1) <= tolerance_of(q) + slack_of(params))
    add(scene, "weights", q.value, params.value * parts, ClaimVerdict::agrees,
        short_number(params.value) + " parameters x " + short_number(parts) + " bytes");
  return true;
}

void Checker::weights(const Scene& scene, const Quantity& q) {
  if (q.value < 1e8 || judged(scene, q.value) || of_other_memory(q, scene.text) || of_a_machine(q, scene.text)) return;
  const std::string after = scene.text.substr(std::min(q.end, scene.text.size()), 16);
  const bool each_holds = after.starts_with(" per ") || after.starts_with("/") || after.starts_with(" each");
  const auto own = [&](Kind kind) {
    return std::any_of(scene.numbers.begin(), scene.numbers.end(), [&](const Quantity& x) { return x.kind == kind; });
  };
  auto n = input(scene, Kind::params, q.begin);
  const bool own_model = !n && scene.row && of_document(scene) != nullptr;  // a table of precisions: of the document's model
  if (own_model) n = of_document(scene)->q;
  const bool called_weights =
      mentions_any(scene.text, {"download", "weights", "checkpoint", "checkpoints", "重み", "チェックポイント"});
  const bool lent = n && !own(Kind::params);
  if ((!n || lent) && called_weights && !sizes_.empty() && scene.models.empty()) {
    // of which model is not said: of any that the document has
    const double named = bytes_of_precision(scene.text, q.begin, q.end, 64);
    if (named == 0) return;
    const auto away = [&](double size) { return std::abs(log_(q.value / (size * named))); };
    const double nearest = *std::min_element(sizes_.begin(), sizes_.end(), [&](double a, double b) { return away(a) < away(b); });
    const bool fits = away(nearest) <= std::max(tolerance_of(q), .05);
    if (!fits && !n && own_model_) n = own_model_->q;
    if (fits || !n) {
      n.emplace();
      n->kind = Kind::params;
      n->value = n->raw = nearest;
      n->exact = true;
      borrowed_.clear();
    }
  }
  if (!n || (own(Kind::params) && is_factor(scene, *n))) return;
  if (weights_in_parts(scene, q, *n)) return;
  double bytes = own(Kind::bytes_per_param) ? input(scene, Kind::bytes_per_param, q.begin)->value
                                            : bytes_of_precision(scene.text, q.begin, q.end, 64);
  if (bytes == 0 && (!own(Kind::params) || scene.row)) return;
  if (bytes == 0 && !own(Kind::bytes_per_param)) {
    const auto each = recall(scene, Kind::bytes_per_param);
    bytes = each ? each->value : bytes_of_precision(paragraph_text_, paragraph_text_.size(), paragraph_text_.size(), 160);
  }
  if (bytes == 0) return;
  const auto devices = each_holds || mentions_any(scene.text, {"each GPU", "GPUあたり", "1枚あたり", "1台あたり"})
                           ? input(scene, Kind::devices, q.begin)
                           : std::nullopt;
  if (each_holds && !devices) return;
  double value = n->value * bytes / (devices ? devices->value : 1);
  const std::string how = short_number(n->value) + " parameters x " + short_number(bytes) + " bytes" +
                          (devices ? " / " + short_number(devices->value) + " devices" : "") + " = " + short_number(value / 1e9) +
                          " GB";
  // GB for GiB is common
  constexpr double kGiB = 1073741824.0 / 1e9;
  if (std::abs(q.value * kGiB / value - 1) <= std::max(tolerance_of(q), kLeastTolerance)) value /= kGiB;
  say(scene, "weights", q.value, value, tolerance_of(q) + slack_of(*n), how, true);
}

}  // namespace isoflop::plan
