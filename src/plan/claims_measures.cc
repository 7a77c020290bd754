// Numbers whose kind takes more than the next word: tokens a second, nats, watts, kWh, layers.
#include <algorithm>
#include <iterator>

#include "plan/claims_text.h"
#include "plan/claims_vocabulary.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

/// The words of one sentence around one number.
class Surroundings {
 public:
  Surroundings(const std::string& s, const Quantity& q, std::size_t previous)
      : s_(s), before_(s.substr(previous, q.begin - previous)), behind_(skip_spaces(s, q.number_end)) {
    if (behind_ == q.number_end && at(s, behind_, "-")) ++behind_;
  }

  /// The end of `word` where it follows the number.
  [[nodiscard]] std::size_t follows(std::string_view word) const {
    return word_at(s_, behind_, word) && !(letter(word.back()) && at(s_, behind_ + word.size(), "_")) ? behind_ + word.size()
                                                                                                      : std::string::npos;
  }
  [[nodiscard]] bool before(std::initializer_list<std::string_view> words) const {
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view w) { return find_word(before_, w) != std::string::npos; });
  }
  /// Characters between the last of `word` and the number; npos without it.
  [[nodiscard]] std::size_t distance(std::string_view word) const {
    std::size_t last = std::string::npos;
    for (std::size_t i = find_word(before_, word); i != std::string::npos; i = find_word(before_, word, i + 1))
      last = before_.size() - i - word.size();
    return last;
  }
  [[nodiscard]] bool ends_with(std::string_view word) const {
    std::string cut = before_;
    while (!cut.empty() && (cut.back() == ' ' || cut.back() == '$' || cut.back() == '~' || cut.back() == '(')) cut.pop_back();
    for (const std::string_view about : {"約", "およそ", "about", "roughly"})
      if (cut.ends_with(about)) cut.resize(cut.size() - about.size());
    while (!cut.empty() && cut.back() == ' ') cut.pop_back();
    return cut.ends_with(word);
  }
  [[nodiscard]] const std::string& text_before() const { return before_; }

 private:
  const std::string& s_;
  std::string before_;
  std::size_t behind_;
};

/// Of one device rather than of all; `end` goes behind the words that say so.
bool of_one_device(const std::string& s, std::size_t& end, const Surroundings& around) {
  const std::size_t k = skip_spaces(s, end);
  for (const std::string_view word : {"/GPU", "per GPU", "/device", "per device", "per card", "per chip", "per accelerator",
                                      "per A100", "per H100", "/A100", "/H100", "a GPU", "on each GPU", "on one GPU"})
    if (word_at(s, k, word)) {
      end = k + word.size();
      return true;
    }
  return around.before({"per GPU", "each GPU", "one GPU", "a single GPU", "GPUあたり", "GPU当たり", "1GPU", "1 GPU", "1枚あたり",
                        "1台あたり", "1基あたり", "1枚で", "1台で", "1基で", "枚あたり", "台あたり", "single-GPU"}) ||
         find_word(s, "GPU 1枚") < end;
}

/// Tokens a second (a day, an hour), of all devices or of one.
void token_rate(const std::string& s, Quantity& q, const Surroundings& around) {
  std::size_t end = q.end;
  double seconds = 0;
  struct Per {
    std::string_view text;
    double seconds;
  };
  for (const Per& per :
       {Per{"per second", 1}, Per{"/second", 1}, Per{"/sec", 1}, Per{"/s", 1}, Per{"a second", 1}, Per{"each second", 1},
        Per{"/秒", 1}, Per{"per day", 86400}, Per{"a day", 86400}, Per{"/day", 86400}, Per{"each day", 86400}, Per{"/日", 86400},
        Per{"／日", 86400}, Per{"per hour", 3600}, Per{"an hour", 3600}, Per{"/h", 3600}})
    if (const std::size_t k = skip_spaces(s, q.end); seconds == 0 && word_at(s, k, per.text)) {
      seconds = per.seconds;
      end = k + per.text.size();
    }
  for (const Per& per : {Per{"毎秒", 1}, Per{"1秒あたり", 1}, Per{"1秒間に", 1}, Per{"秒間", 1}, Per{"1日あたり", 86400},
                         Per{"1日に", 86400}, Per{"毎時", 3600}})
    if (seconds == 0 && around.ends_with(per.text)) seconds = per.seconds;
  if (seconds == 0) return;
  become(q, of_one_device(s, end, around) ? Kind::device_throughput : Kind::throughput, 1 / seconds);
  q.end = end;
}

/// A 30M tok/s, 26k tok/s: units that are written only so.
bool short_token_rate(const std::string& s, Quantity& q, const Surroundings& around) {
  for (const std::string_view word : {"tok/sec", "tok/s", "tps", "TPS"})
    if (std::size_t end = around.follows(word); end != std::string::npos) {
      become(q, of_one_device(s, end, around) ? Kind::device_throughput : Kind::throughput, 1);
      q.end = end;
      return true;
    }
  return false;
}

bool about_carbon(const std::string& s) {
  return s.find("CO2") != std::string::npos ||
         mentions_any(s, {"carbon", "emissions", "emission", "emitted", "排出", "炭素", "CO₂"});
}

/// kg of CO2, or of CO2 for each kWh.
bool carbon(const std::string& s, Quantity& q, const Surroundings& around) {
  struct Mass {
    std::string_view text;
    double kilograms;
  };
  for (const Mass& mass : {Mass{"kilograms", 1}, Mass{"kg", 1}, Mass{"kt", 1e6}, Mass{"metric tons", 1e3}, Mass{"tonnes", 1e3},
                           Mass{"tons", 1e3}, Mass{"tonne", 1e3}, Mass{"トン", 1e3}, Mass{"グラム", 1e-3}, Mass{"grams", 1e-3},
                           Mass{"g", 1e-3}, Mass{"tCO2", 1e3}, Mass{"gCO2", 1e-3}, Mass{"kgCO2", 1}, Mass{"t", 1e3}}) {
    const std::size_t end = around.follows(mass.text);
    if (end == std::string::npos) continue;
    const std::string after = s.substr(end, 20);
    const std::size_t kwh = after.find("kWh"), slash = std::min(after.find('/'), after.find("per "));
    const bool each = kwh != std::string::npos && slash < kwh && kwh < 16;
    become(q, each ? Kind::carbon_per_kwh : Kind::carbon, mass.kilograms);
    q.end = each ? end + kwh + 3 : end;
    return true;
  }
  return false;
}

/// Money for each kWh.
void price_of_energy(const std::string& s, Quantity& q, const Surroundings& around) {
  const bool usd = q.kind == Kind::usd || q.kind == Kind::usd_per_hour, yen = q.kind == Kind::yen || q.kind == Kind::yen_per_hour;
  if (!usd && !yen) return;
  const std::size_t k = skip_spaces(s, std::max(q.end, q.number_end));
  const bool behind = word_at(s, k, "/kWh") || word_at(s, k, "per kWh") || word_at(s, k, "a kWh");
  const std::size_t away = around.distance("kWh");
  if (behind || around.before({"1kWh", "1 kWh", "kWhあたり", "kWh単価"}) || away < 4)
    q.kind = usd ? Kind::usd_per_kwh : Kind::yen_per_kwh;
}

bool precision_of_numbers(const Quantity& q, Kind kind) {
  if (kind != Kind::bits_per_token || !q.exact) return false;
  for (const double bits : {1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 16.0, 32.0, 64.0})
    if (q.raw == bits) return true;
  return false;
}

/// By the nearest word before it within the clause.
void labelled_measure(const std::string& s, Quantity& q, const Surroundings& around) {
  const std::size_t before = q.begin == 0 ? std::string::npos : s.find_last_not_of("{( ", q.begin - 1);
  if (before != std::string::npos && s[before] == '^') return;  // e^1.94
  const Word* nearest = nullptr;
  std::size_t distance = 28;
  for (const Word& word : words_of(kNearby))
    if (const std::size_t away = around.distance(word.text); away < distance) {
      distance = away;
      nearest = &word;
    }
  if (nearest == nullptr) {
    // a vocabulary of, d_model of: also behind the number
    for (const std::string_view word : {"hidden units", "hidden dimensions", "次元"})
      if (around.follows(word) != std::string::npos) become(q, Kind::width, 1);
    return;
  }
  const std::string& text = around.text_before();
  const std::string between = text.substr(text.size() - distance);
  if (mentions_any(between, {"by", "exponent", "alpha", "data", "scale", "curve", "law"}) ||
      between.find("指数") != std::string::npos || at(s, skip_spaces(s, q.number_end), "だけ"))
    return;  // falls by 0.1: a difference
  const bool in_bits = nearest->kind == Kind::loss && mentions_any(between, {"bits", "ビット"});
  const bool loss = nearest->kind == Kind::loss, layers = nearest->kind == Kind::layers || nearest->kind == Kind::width;
  if (loss && !(q.raw > kLeastLoss && q.raw < 15 && !q.suffixed)) return;
  if (nearest->kind == Kind::perplexity && !(q.raw > 1 && q.raw < 1e6)) return;
  if (nearest->kind == Kind::overhead && !(q.raw >= 1 && q.raw < 4)) return;
  if ((layers || nearest->kind == Kind::vocabulary) && !(q.exact && q.raw >= 1)) return;
  if (nearest->kind == Kind::vocabulary && q.value < 50) return;
  become(q, in_bits ? Kind::bits_per_token : nearest->kind, 1);
}

void by_words_behind(const std::string& s, Quantity& q, const Surroundings& around) {
  for (const Word& word : words_of(kMeasure)) {
    const std::size_t end = around.follows(word.text);
    if (end == std::string::npos) continue;
    const double least = word.kind == Kind::loss ? kLeastLoss : word.kind == Kind::bits_per_token ? kLeastLoss / .693 : 0;
    if (q.raw < least) return become(q, Kind::other, 1);  // a difference of losses
    const bool precision =
        precision_of_numbers(q, word.kind) || (word.kind == Kind::bits_per_token && mentions_any(s, {"precision", "精度"}));
    if (precision || (word.kind == Kind::loss && around.ends_with(" by"))) return;
    if (word.text.size() == 1 && q.suffixed) return;
    // Gbps are bits, GBps bytes
    const bool bits = word.kind == Kind::bytes_per_second && s[end - word.text.size() + 1] == 'b' && word.text[1] == 'B';
    become(q, word.kind, bits ? word.factor / 8 : word.factor);
    q.end = end;
    if (word.kind == Kind::seconds) break;
    return;
  }
  // one step takes 3.2 s
  if (q.kind == Kind::seconds && q.value < 3600) {
    const std::size_t k = skip_spaces(s, q.end);
    if (word_at(s, k, "/step") || word_at(s, k, "per step") || word_at(s, k, "a step") || word_at(s, k, "per iteration") ||
        at(s, k, "/ステップ") ||
        around.before({"step takes", "per step", "step time", "time per step", "iteration takes", "1ステップ", "ステップあたり",
                       "step_time", "each step"}))
      q.kind = Kind::step_seconds;
  }
}

/// 2,000 steps of warm-up, the last 50 steps: not the length of the run.
bool of_a_part(const std::string& s, const Quantity& q, const Surroundings& around) {
  return around.before({"warmup", "warm-up", "warm up", "warmed", "first", "last", "every", "ウォームアップ", "最初", "最後"}) ||
         mentions_any(s.substr(q.end, 16), {"warmup", "warm-up", "ウォームアップ"});
}

/// 512 sequences of 2,048 tokens: one of each, not what the run reads.
bool of_one_sequence(const Surroundings& around) {
  std::string before = around.text_before();
  const auto cut = [&](std::initializer_list<std::string_view> words) {
    while (!before.empty() && before.back() == ' ') before.pop_back();
    for (const std::string_view word : words)
      if (before.ends_with(word)) return before.resize(before.size() - word.size()), true;
    return false;
  };
  return cut({" of", "*", " x"}) && cut({"sequences", "samples", "documents", "系列", "文書"});
}

/// 13Bの学習, the 13B run: a count that stands for a model.
bool names_a_model(const std::string& s, std::size_t end) {
  for (const std::string_view word : {"の", "は", "を", "なら", "級"})
    if (at(s, end, word)) return true;
  for (const std::string_view word :
       {"run", "runs", "ablations", "ablation", "seeds", "variant", "training", "row", "needs", "takes", "requires", "on"})
    if (word_at(s, skip_spaces(s, end), word)) return true;
  return false;
}

bool said_to_be_about(const std::string& s, const Quantity& q, const Surroundings& around) {
  std::string before = around.text_before();
  while (!before.empty() && (before.back() == ' ' || before.back() == '$' || before.back() == '(')) before.pop_back();
  for (const std::string_view word : {"約", "およそ", "ほぼ", "おおよそ", "概ね", "~", "about", "approximately", "roughly",
                                      "around", "nearly", "almost", "some", "over", "under", "than", "approx.", "circa", "least"})
    if (before.ends_with(word)) return true;
  const std::size_t k = skip_spaces(s, std::max(q.end, q.number_end));
  for (const std::string_view word :
       {"程度", "前後", "ほど", "くらい", "ぐらい", "弱", "強", "以上", "以下", "余り", "or so", "未満"})
    if (at(s, k, word)) return true;
  return false;
}

/// 1枚700W, 1kWhあたり25円, 1GPU時間を350円: what the next number is for.
bool one_of_each(const std::string& s, const std::vector<Quantity>& all, std::size_t i) {
  const Quantity& q = all[i];
  const bool counted = q.kind == Kind::devices || q.kind == Kind::device_seconds || q.kind == Kind::watt_hours ||
                       s.compare(q.number_end, 3, "kWh") == 0;
  if (q.raw == 1 && q.exact && at(s, q.number_end, "トークン")) return true;
  if (q.raw != 1 || !q.exact || !counted) return false;
  if (at(s, q.end, "あたり") || at(s, q.end, "当たり") || at(s, q.end, "につき") ||
      (q.kind == Kind::devices && at(s, q.end, "の")))
    return true;
  if (i + 1 == all.size() || all[i + 1].begin > std::max(q.end, q.number_end) + 12) return false;
  const Kind next = all[i + 1].kind;
  return next != Kind::percent && next != Kind::seconds && next != Kind::devices;
}

/// What the whole sentence speaks of.
struct Talk {
  bool carbon = false, batch = false, memory = false;
};

/// By the unit behind it and the words around.
void by_units(const std::string& s, Quantity& q, const Surroundings& around, const Talk& talk) {
  const bool bare = q.kind == Kind::none || q.kind == Kind::other;
  if (q.kind == Kind::tokens || q.kind == Kind::batch_tokens) token_rate(s, q, around);
  price_of_energy(s, q, around);
  if (!short_token_rate(s, q, around) && !(talk.carbon && carbon(s, q, around))) by_words_behind(s, q, around);
  if (q.kind == Kind::bytes && q.value < 20 && around.before({"トークンあたり", "トークン当たり"}))
    q.kind = Kind::bytes_per_token;
  if (q.kind == Kind::bytes && q.value < 40 &&
      around.before({"パラメータあたり", "パラメータ当たり", "パラメータ1個", "1個", "per parameter"}))
    q.kind = Kind::bytes_per_param;
  if (q.kind == Kind::bits_per_token && around.before({"バイトあたり"})) q.kind = Kind::bits_per_byte;
  if (bare && (q.kind == Kind::none || q.kind == Kind::other)) labelled_measure(s, q, around);
}

/// 400 TFLOP/s that were reached need no utilisation; a percentage may be one.
bool is_utilisation(const std::string& s, const Quantity& q, const Surroundings& around) {
  if (q.kind == Kind::rate)
    return around.before({"実効", "実測", "effective", "sustained", "sustains", "sustain", "achieved", "achieves", "achieve",
                          "measured", "delivers", "delivered"});
  if (q.kind != Kind::percent) return q.utilisation;
  const std::size_t behind = skip_spaces(s, q.end);
  // "delivers 989 × 10^12 per second, of which we reach 38 %"
  const bool reached = q.value >= 10 && q.value <= 80 &&
                       around.before({"we reach", "we reached", "we attain", "we achieve", "we get"}) &&
                       mentions_any(s, {"peak", "delivers", "FLOP/s", "TFLOP/s", "per second"});
  return reached || around.before({"MFU", "utilization", "utilisation", "利用率", "使用率"}) || word_at(s, behind, "MFU") ||
         word_at(s, behind, "utilization") || word_at(s, behind, "utilisation") || word_at(s, behind, "model FLOPs");
}

/// By what stands around it, where the unit leaves it open.
void by_neighbours(const std::string& s, Quantity& q, const Quantity* first, const Surroundings& around, const Talk& talk) {
  // FLOPs are 6 x ... = 4e22
  if (q.kind == Kind::none && q.value >= 1e17 && (around.ends_with("=") || around.text_before().ends_with("~ ")) &&
      mentions_any(s.substr(0, q.begin), {"FLOPs", "FLOP", "計算量", "compute"}))
    q.kind = Kind::flops;
  // 6.4e22 FLOPs, of which 4.8e22
  if (q.kind == Kind::none && !q.suffixed && q.value >= 1e17 && !q.exact &&
      mentions_any(s.substr(0, q.begin), {"FLOPs", "FLOP", "計算量"}))
    q.kind = Kind::flops;
  // doubling the model from 1.5B
  if (q.kind == Kind::none && q.suffixed && q.value >= 1e7 && std::string_view(s).substr(0, q.number_end).ends_with("B") &&
      (around.ends_with("model from") || around.ends_with("models of") || around.ends_with("model of")))
    q.kind = Kind::params;
  // from 20 to 15, from 0.6 s to 0.9 s: both are what the first is
  const std::string& joint = around.text_before();
  if (first != nullptr &&
      (joint == " to " || joint == "から" || joint == " から " || joint == " → " || joint == "→" || joint == " -> ")) {
    if (q.kind == Kind::none && (first->kind == Kind::perplexity || first->kind == Kind::loss)) become(q, first->kind, 1);
    if (q.kind == Kind::seconds && first->kind == Kind::step_seconds) q.kind = first->kind;
  }
  // 275,000 tokens per second, 17,200 per GPU; 毎秒 約65.5万トークン（1基 1,280）
  const bool rate_before =
      first != nullptr && (first->kind == Kind::throughput || (first->kind == Kind::other && first->raw == 1));
  const bool per_device = around.follows("per GPU") != std::string::npos || around.follows("per card") != std::string::npos;
  if (q.kind == Kind::none && rate_before && per_device) become(q, Kind::device_throughput, 1);
  // ## 7B, 13Bの学習, 3B: 48 GB, 30億なら6 GB
  const std::string_view until = std::string_view(s).substr(0, q.number_end);
  const bool named = names_a_model(s, q.number_end);
  if (q.kind == Kind::none && q.suffixed &&
      ((until.ends_with("B") && (talk.memory || s[0] == '#' || named)) || (until.ends_with("億") && talk.memory && named)))
    q.kind = Kind::params;
  // 13B on 2T
  const bool capital = until.ends_with("B") || until.ends_with("T");
  if (q.kind == Kind::none && q.suffixed && capital && first != nullptr && first->kind == Kind::params && joint == " on ")
    q.kind = Kind::tokens;
  // 1トークン4.2バイト
  if (q.kind == Kind::bytes && q.value < 16 &&
      (around.ends_with("トークン") || around.ends_with("トークンあたり") || around.ends_with("1トークンを") ||
       around.ends_with("1トークンは")))
    q.kind = Kind::bytes_per_token;
  // a ratio of 40, 比は40: of tokens to parameters where the sentence speaks of both
  const bool per = around.follows("per parameter") != std::string::npos || around.follows("per param") != std::string::npos;
  const bool called = around.ends_with("比は") || around.ends_with("比が") || around.ends_with("比で") || around.ends_with("比:");
  if (q.kind == Kind::none && !q.suffixed && q.raw >= 1 && q.raw < 1e5 &&
      (per || (called && s.find("トークン") < q.begin && s.find("パラメータ") < q.begin)))
    q.kind = Kind::ratio;
  if (q.kind == Kind::steps && of_a_part(s, q, around)) q.kind = Kind::other;
  if (q.kind == Kind::tokens && of_one_sequence(around)) q.kind = Kind::other;
  // 1,024 sequences of 2,048 tokens, or 2.1M tokens
  if (q.kind == Kind::tokens && q.value < 5e7 && talk.batch) q.kind = q.value < 16384 ? Kind::other : Kind::batch_tokens;
}

}  // namespace

void become(Quantity& q, Kind kind, double factor) {
  const double step = q.step / (q.value / q.raw);
  q.kind = kind;
  q.value = q.raw * factor;
  q.step = step * factor;
}

void read_measures(const std::string& s, std::vector<Quantity>& all) {
  const Talk talk{.carbon = about_carbon(s),
                  .batch = mentions_any(s, {"batch", "batches", "バッチ"}) ||
                           (mentions_any(s, {"sequences", "系列"}) && mentions_any(s, {"step", "ステップ"})),
                  .memory = std::any_of(all.begin(), all.end(), [](const Quantity& q) { return q.kind == Kind::bytes; })};
  std::size_t previous = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    Quantity& q = all[i];
    const bool each = one_of_each(s, all, i);
    if (each) q.kind = Kind::other;
    if (q.raw != 0 && !each) {
      const Surroundings around(s, q, previous);
      by_units(s, q, around, talk);
      q.utilisation = is_utilisation(s, q, around);
      by_neighbours(s, q, i > 0 ? &all[i - 1] : nullptr, around, talk);
      // one needs tokens, not bytes per parameter
      q.recommended = q.recommended && (q.kind == Kind::params || q.kind == Kind::tokens || q.kind == Kind::ratio ||
                                        q.kind == Kind::factor || q.kind == Kind::devices);
      q.approximate = said_to_be_about(s, q, around);
      if (q.end > q.number_end) q.unit = s.substr(q.number_end, q.end - q.number_end);
      q.written = s.substr(q.begin, std::max(q.end, q.number_end) - q.begin);
      if (q.written.find('^') != std::string::npos) q.written.clear();
    }
    // 1トークンあたり: the words belong to what follows
    previous = q.raw == 1 && q.exact ? q.begin : std::max(q.end, q.number_end);
  }
  mark_achieved(all);
  share_units(s, all);
}

}  // namespace isoflop::plan
