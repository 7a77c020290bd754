// What the numbers of a sentence count.
#include "plan/claims_text.h"

#include <algorithm>
#include <iterator>

#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

constexpr double kHour = 3600, kDay = 86400, kYear = 365.25 * kDay;

struct Label {
  std::string_view text;
  Kind kind;
};
// longest first where one ends another
constexpr Label kLabels[] = {{"tokens per parameter", Kind::ratio},
                             {"tokens-per-parameter ratio", Kind::ratio},
                             {"token-to-parameter ratio", Kind::ratio},
                             {"tokens-to-parameters ratio", Kind::ratio},
                             {"tokens/parameter", Kind::ratio},
                             {"tokens/param", Kind::ratio},
                             {"tokens_per_param", Kind::ratio},
                             {"トークン/パラメータ", Kind::ratio},
                             {"パラメータあたりトークン数", Kind::ratio},
                             {"tokens_per_parameter", Kind::ratio},
                             {"gpu-hours", Kind::device_seconds},
                             {"gpu hours", Kind::device_seconds},
                             {"gpu_hours", Kind::device_seconds},
                             {"GPU時間", Kind::device_seconds},
                             {"device_hours", Kind::device_seconds},
                             {"usd_per_hour", Kind::usd_per_hour},
                             {"price_per_gpu_hour", Kind::usd_per_hour},
                             {"計算予算", Kind::flops},
                             {"総計算量", Kind::flops},
                             {"訓練計算量", Kind::flops},
                             {"計算量", Kind::flops},
                             {"計算", Kind::flops},
                             {"training flops", Kind::flops},
                             {"training_flops", Kind::flops},
                             {"total flops", Kind::flops},
                             {"flops", Kind::flops},
                             {"flop", Kind::flops},
                             {"training compute", Kind::flops},
                             {"compute budget", Kind::flops},
                             {"compute", Kind::flops},
                             {"学習トークン数", Kind::tokens},
                             {"訓練トークン数", Kind::tokens},
                             {"トークン数", Kind::tokens},
                             {"推奨データ量", Kind::tokens},
                             {"学習データ", Kind::tokens},
                             {"訓練データ", Kind::tokens},
                             {"データ量", Kind::tokens},
                             {"データ", Kind::tokens},
                             {"training tokens", Kind::tokens},
                             {"training data", Kind::tokens},
                             {"train_tokens", Kind::tokens},
                             {"num_tokens", Kind::tokens},
                             {"n_tokens", Kind::tokens},
                             {"tokens", Kind::tokens},
                             {"トークン", Kind::tokens},
                             {"dataset size", Kind::tokens},
                             {"data", Kind::tokens},
                             {"パラメータ数", Kind::params},
                             {"パラメータ", Kind::params},
                             {"モデルサイズ", Kind::params},
                             {"モデル規模", Kind::params},
                             {"モデル", Kind::params},
                             {"parameters", Kind::params},
                             {"params", Kind::params},
                             {"num_params", Kind::params},
                             {"n_params", Kind::params},
                             {"model size", Kind::params},
                             {"model_size", Kind::params},
                             {"model", Kind::params},
                             {"GPU数", Kind::devices},
                             {"GPU", Kind::devices},
                             {"GPUs", Kind::devices},
                             {"num_gpus", Kind::devices},
                             {"n_gpus", Kind::devices},
                             {"devices", Kind::devices},
                             {"days", Kind::seconds},
                             {"日数", Kind::seconds},
                             {"cost", Kind::usd},
                             {"usd", Kind::usd}};

bool ends_with_word(const std::string& s, std::string_view word) {
  if (s.size() < word.size()) return false;
  const std::size_t begin = s.size() - word.size();
  for (std::size_t k = 0; k < word.size(); ++k)
    if (lower(s[begin + k]) != lower(word[k])) return false;
  return !letter(word.front()) || begin == 0 || (!letter(s[begin - 1]) && s[begin - 1] != '_');
}

/// What stands before a number, its separators cut off; `separated` if one of : = ~ は was there.
std::string label_before(const std::string& s, std::size_t begin, bool& separated) {
  std::string before = s.substr(begin > 96 ? begin - 96 : 0, std::min<std::size_t>(begin, 96));
  separated = false;
  for (bool cut = true; cut && !before.empty();) {
    cut = false;
    for (const std::string_view mark :
         {" ", "(", "$", "\"", "'", "*", "約", "およそ", "about", "approximately", "roughly", "around", "only", "just"}) {
      if (before.size() >= mark.size() && before.compare(before.size() - mark.size(), mark.size(), mark) == 0) {
        before.resize(before.size() - mark.size());
        cut = true;
      }
    }
    for (const std::string_view mark : {":", "=", "~", "は", " is", " are", " of", " was", " to"}) {
      if (before.size() >= mark.size() && before.compare(before.size() - mark.size(), mark.size(), mark) == 0) {
        before.resize(before.size() - mark.size());
        cut = separated = true;
      }
    }
  }
  return before;
}

constexpr std::string_view kRecommended[] = {"推奨",  "最適",   "必要",       "optimal", "recommended",
                                             "ideal", "should", "would need", "needs"};

bool model_before(const std::string& before) {
  static constexpr std::string_view kFamilies[] = {
      "GPT",     "GPT-2",   "GPT-3",     "GPT-4",     "LLaMA", "Llama",  "Llama-2",    "Llama 2", "LLaMA-2",
      "Llama-3", "Llama 3", "Llama 3.1", "Llama-3.1", "PaLM",  "Gopher", "Chinchilla", "OPT",     "BLOOM",
      "Falcon",  "MPT",     "Pythia",    "DeepSeek",  "GLaM",  "Qwen",   "Mistral",    "Gemma"};
  return std::any_of(std::begin(kFamilies), std::end(kFamilies),
                     [&](std::string_view family) { return ends_with_word(before, family); });
}

void scale(Quantity& q, const Number& number, const Unit& unit) {
  q.kind = unit.kind;
  q.value = number.value * unit.factor;
  q.step = number.step * unit.factor;
}

/// 12月3日, 第3日, 2020年: dates, not durations.
bool is_date(const std::string& s, const Number& number, const Unit& unit) {
  if (unit.kind != Kind::seconds) return false;
  const std::string_view before = std::string_view(s).substr(0, number.begin);
  if (before.ends_with("月") || before.ends_with("第") || before.ends_with("年")) return true;
  return unit.factor >= kYear && !number.suffixed && number.value >= 1000 && number.value < 2200;
}

/// The first number of a product is not what the label says.
bool begins_expression(const std::string& s, std::size_t end) {
  const std::size_t k = skip_spaces(s, end);
  return k < s.size() && (s[k] == '*' || s[k] == '/' || s[k] == '^');
}

/// peak_tflops = 312, "gpu_hours": 61440: by the whole key.
Column key_before(const std::string& s, const std::string& label) {
  std::size_t begin = label.size();
  while (begin > 0 && (letter(label[begin - 1]) || digit(label[begin - 1]) || label[begin - 1] == '_')) --begin;
  const std::string key = label.substr(begin);
  const std::size_t first = s.find_first_not_of(" {\"',-");
  const bool quoted = begin > 0 && label[begin - 1] == '"';
  const bool line_of_data = first != std::string::npos && at(s, first, key) && begin <= first;
  if (key.find('_') == std::string::npos && !line_of_data && !quoted) return {};
  return column_of(key);
}

}  // namespace

std::vector<Quantity> quantities(const std::string& s) {
  std::vector<Quantity> all;
  for (std::size_t i = 0; i < s.size();) {
    const char before = i == 0 ? ' ' : s[i - 1];
    const bool starts = (digit(s[i]) || (s[i] == '.' && i + 1 < s.size() && digit(s[i + 1]))) && !letter(before) &&
                        !digit(before) && before != '.' && before != '_';
    const auto number = starts ? read_number(s, i) : std::nullopt;
    if (!number) {
      // A100 and H100 are names
      ++i;
      continue;
    }
    const bool in_name = before == '-' && i >= 2 && (letter(s[i - 2]) || digit(s[i - 2]));
    Unit unit = read_unit(s, number->end, *number);
    Quantity q;
    q.raw = number->value;
    q.suffixed = number->suffixed;
    q.exact = number->exact;
    q.begin = number->begin;
    q.number_end = number->end;
    q.end = unit.kind == Kind::none ? number->end : unit.end;
    bool separated = false;
    Column keyed;
    const std::string label = label_before(s, number->begin, separated);
    const bool money = before == '$' || (before == ' ' && i >= 2 && s[i - 2] == '$');
    if (money) {
      const std::size_t k = skip_spaces(s, number->end);
      const bool hourly = at(s, k, "/h") || at(s, k, "/GPU") || at(s, k, "per GPU") || at(s, k, "per hour") ||
                          at(s, k, "an hour") || at(s, k, "/時間") || at(s, k, "/A100") || at(s, k, "per A100") ||
                          at(s, k, "per H100") || at(s, k, "/H100") || at(s, k, "per device");
      unit = {hourly ? Kind::usd_per_hour : Kind::usd, 1, number->end};
    } else if (is_date(s, *number, unit)) {
      unit.kind = Kind::none;
    } else if (in_name && unit.kind == Kind::none) {
      unit.kind = number->suffixed && letter(s[i - 2]) ? Kind::params : Kind::none;
    } else if (unit.kind == Kind::none && number->suffixed && model_before(label)) {
      unit.kind = Kind::params;
    } else if (unit.kind == Kind::none && separated && !begins_expression(s, number->end)) {
      unit.kind = Kind::none;
      for (const Label& word : kLabels)
        if (ends_with_word(label, word.text)) {
          unit.kind = word.kind;
          break;
        }
      for (const auto& [letter_of, kind] :
           {std::pair{"N", Kind::params}, std::pair{"D", Kind::tokens}, std::pair{"C", Kind::flops}})
        if (unit.kind == Kind::none && ends_with_word(label, letter_of)) unit.kind = kind;
      if ((unit.kind == Kind::params || unit.kind == Kind::tokens) && number->value < 1e5) unit.kind = Kind::none;
      if (unit.kind == Kind::flops && number->value < 1e15) unit.kind = Kind::none;
      if (unit.kind == Kind::none) keyed = key_before(s, label);
      if (unit.kind == Kind::seconds) unit.factor = kDay;
      if (unit.kind == Kind::device_seconds) unit.factor = kHour;
      q.labelled = unit.kind != Kind::none;
    }
    const std::string nearby = s.substr(number->begin >= 48 ? number->begin - 48 : 0, std::min<std::size_t>(48, number->begin));
    // GPU時間では約22,900時間
    if (unit.kind == Kind::seconds && unit.factor == kHour)
      for (const std::string_view word : {"GPU時間", "A100時間", "H100時間", "GPU-hours", "GPU hours"}) {
        const std::size_t said = nearby.rfind(word);
        if (said != std::string::npos && nearby.size() - said < word.size() + 16 &&
            std::none_of(nearby.begin() + static_cast<std::ptrdiff_t>(said + word.size()), nearby.end(), digit))
          unit.kind = Kind::device_seconds;
      }
    const auto per = [&](std::string_view word) { return nearby.find(word) != std::string::npos; };
    for (const std::string_view word : {"パラメータあたり", "パラメータ当たり"}) {
      const std::size_t said = nearby.rfind(word);
      if (unit.kind == Kind::tokens && said != std::string::npos &&
          std::none_of(nearby.begin() + static_cast<std::ptrdiff_t>(said), nearby.end(), digit))
        unit.kind = Kind::ratio;
    }
    if (unit.kind == Kind::tokens) {
      const std::string close = s.substr(number->begin >= 28 ? number->begin - 28 : 0, std::min<std::size_t>(28, number->begin));
      const std::size_t k = skip_spaces(s, unit.end),
                        word = std::max(close.rfind("batch") + 1, close.rfind("バッチ") + 1);  // 0: neither
      const bool named = word > 0 && std::none_of(close.begin() + static_cast<std::ptrdiff_t>(word - 1), close.end(), digit);
      if (named || word_at(s, k, "batch") || word_at(s, k, "batches") || word_at(s, k, "per batch") ||
          word_at(s, k, "per step") || at(s, k, "/step"))
        unit.kind = Kind::batch_tokens;
    }
    if (unit.kind == Kind::usd || unit.kind == Kind::yen) {
      const std::size_t k = skip_spaces(s, unit.end);
      const bool hourly = at(s, k, "/GPU") || at(s, k, "/時間") || at(s, k, "per GPU") || at(s, k, "per hour") ||
                          at(s, k, "an hour") || at(s, k, "/h");
      const std::size_t one = nearby.rfind("時間を");
      const bool of_one =
          one != std::string::npos && std::none_of(nearby.begin() + static_cast<std::ptrdiff_t>(one), nearby.end(), digit);
      if (hourly || of_one || per("時間あたり") || per("時間当たり") || per("時間単価") || nearby.ends_with("時間") ||
          nearby.ends_with("時間約"))
        unit.kind = unit.kind == Kind::usd ? Kind::usd_per_hour : Kind::yen_per_hour;
    }
    if (unit.kind == Kind::usd && number->value < 50 && nearby.ends_with("at $") && at(s, unit.end, " ") &&
        !at(s, skip_spaces(s, unit.end), "million"))
      unit.kind = Kind::usd_per_hour;
    if ((unit.kind == Kind::device_seconds || unit.kind == Kind::seconds) &&
        (at(s, unit.end, "あたり") || at(s, unit.end, "当たり")))
      unit.kind = Kind::other;
    if (unit.kind == Kind::flops) {
      // what machines do in a day is no training
      const std::size_t k = skip_spaces(s, unit.end);
      for (const std::string_view word : {"per day", "/day", "a day", "per hour", "an hour", "/日", "per GPU"})
        if (word_at(s, k, word)) unit.kind = Kind::other;
    }
    scale(q, *number, unit);
    if (q.kind == Kind::none && keyed.kind != Kind::none) count_as(q, keyed);
    if ((q.kind == Kind::params || q.kind == Kind::tokens) && q.value < 100) q.kind = Kind::other;  // 1 token, 2 parameters
    const std::string near = s.substr(number->begin >= 24 ? number->begin - 24 : 0, std::min<std::size_t>(24, number->begin));
    q.recommended = q.kind != Kind::flops && near.find(" of a") == std::string::npos && q.kind != Kind::seconds &&
                    q.kind != Kind::device_seconds && q.kind != Kind::devices &&
                    std::any_of(std::begin(kRecommended), std::end(kRecommended),
                                [&](std::string_view word) { return near.find(word) != std::string::npos; });
    all.push_back(q);
    i = std::max(q.end, number->end);
  }
  read_measures(s, all);
  return all;
}

std::size_t find_word(const std::string& s, std::string_view word, std::size_t from) {
  if (word.empty()) return std::string::npos;
  for (std::size_t i = from; i + word.size() <= s.size(); ++i) {
    if (lower(s[i]) != lower(word[0])) continue;
    const bool single = word.size() == 1;  // N, D, C: capitals only
    if (single && s[i] != word[0]) continue;
    if (letter(word[0]) && i > 0 && (letter(s[i - 1]) || s[i - 1] == '_' || (single && digit(s[i - 1])))) continue;
    if (single && i + 1 < s.size() && (s[i + 1] == '_' || digit(s[i + 1]))) continue;
    if (word_at(s, i, word)) return i;
  }
  return std::string::npos;
}

bool mentions(const std::string& s, std::string_view word) {
  return find_word(s, word) != std::string::npos;
}

bool mentions_any(const std::string& s, const std::vector<std::string_view>& words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return mentions(s, word); });
}

bool is_japanese(const std::string& text) {
  std::size_t wide = 0, narrow = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0xE3 && c <= 0xE9) ++wide;
    if (letter(text[i])) ++narrow;
  }
  return wide > 20 && wide * 4 >= narrow;
}

}  // namespace isoflop::plan
