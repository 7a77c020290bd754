// What the numbers of a sentence count.
#include "plan/claims_text.h"

#include <algorithm>
#include <iterator>

#include "plan/claims_vocabulary.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

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
    for (const std::string_view mark : {" ", "(", "$", "\"", "'", "*", " it", " this", "約", "およそ", "about", "approximately",
                                        "roughly", "around", "only", "just"}) {
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

constexpr std::string_view kNodes[] = {"node",  "nodes", "server", "servers", "systems", "machines", "slices",
                                       "hosts", "boxes", "pods",   "ノード",  "サーバ",  "マシン"};
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

/// パラメータ数 100億、学習トークン 2,500億: a space is enough.
bool names_size(const std::string& label) {
  return label.ends_with("パラメータ数") || label.ends_with("トークン数") || label.ends_with("学習トークン") ||
         label.ends_with("訓練トークン");
}

/// 12月3日, 第3日, 2020年, 令和9年度: dates, not durations.
bool is_date(const std::string& s, const Number& number, const Unit& unit) {
  if (unit.kind != Kind::seconds) return false;
  const std::string_view before = std::string_view(s).substr(0, number.begin);
  for (const std::string_view word : {"月", "第", "年", "令和", "平成", "昭和", "西暦"})
    if (before.ends_with(word)) return true;
  if (unit.factor >= kYear && at(s, unit.end, "度")) return true;
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

/// One number with its unit, and the words of its sentence that change what it counts.
class QuantityReader {
 public:
  QuantityReader(const std::string& s, const Number& number)
      : s_(s),
        number_(number),
        unit_(read_unit(s, number.end, number)),
        in_name_(number.begin >= 2 && s[number.begin - 1] == '-' && (letter(s[number.begin - 2]) || digit(s[number.begin - 2]))) {
    q_.raw = number.value;
    q_.suffixed = number.suffixed;
    q_.exact = number.exact;
    q_.begin = number.begin;
    q_.number_end = number.end;
    q_.end = unit_.kind == Kind::none ? number.end : unit_.end;
  }

  Quantity read() {
    if (!money_sign()) label();
    device_hours();
    if (unit_.kind == Kind::none && any_at(number_.end, {"-bit", " bit", "bit", "ビット"})) unit_.kind = Kind::other;
    tokens();
    money();
    compute();
    q_.kind = unit_.kind;
    q_.value = number_.value * unit_.factor;
    q_.step = number_.step * unit_.factor;
    if (q_.kind == Kind::none && keyed_.kind != Kind::none) count_as(q_, keyed_);
    // 1 token, 2 parameters, 1 step
    const double least = q_.kind == Kind::steps ? 2 : q_.kind == Kind::params || q_.kind == Kind::tokens ? 100 : 0;
    if (q_.value < least) q_.kind = Kind::other;
    q_.counts_nodes = q_.exact && !q_.suffixed && q_.raw >= 2 && (q_.kind == Kind::none || q_.kind == Kind::devices) &&
                      mentions_any(s_.substr(number_.end, 24), {std::begin(kNodes), std::end(kNodes)});
    q_.counts_passes = q_.exact && q_.raw >= 2 && q_.raw <= 100 &&
                       any_at(skip_spaces(s_, number_.end), {"epochs", "epoch", "passes", "times", "エポック", "周", "回"});
    const std::string near = before(24);
    const bool called = q_.kind != Kind::flops && near.find(" of a") == std::string::npos && q_.kind != Kind::seconds &&
                        q_.kind != Kind::device_seconds && q_.kind != Kind::devices &&
                        std::any_of(std::begin(kRecommended), std::end(kRecommended), [&](std::string_view word) {
                          const bool need = word == "必要" || word == "needs" || word == "would need";  // 17 days for a 7B model
                          return near.find(word) != std::string::npos && !(need && q_.kind == Kind::params);
                        });
    q_.recommended = called || (q_.kind == Kind::devices && any_at(skip_spaces(s_, q_.end), {"必要", "が必要", "needed"}));
    return q_;
  }

 private:
  [[nodiscard]] std::string before(std::size_t bytes) const {
    const std::size_t from = number_.begin >= bytes ? number_.begin - bytes : 0;
    return s_.substr(from, number_.begin - from);
  }
  /// `word` stands shortly before the number, with no other number between.
  [[nodiscard]] bool said_before(std::string_view word, std::size_t bytes) const {
    const std::string near = before(bytes);
    const std::size_t said = near.rfind(word);
    return said != std::string::npos && std::none_of(near.begin() + static_cast<std::ptrdiff_t>(said), near.end(), digit);
  }
  /// One of the words stands at `i`.
  [[nodiscard]] bool any_at(std::size_t i, std::initializer_list<std::string_view> words) const {
    return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return word_at(s_, i, word); });
  }
  [[nodiscard]] bool by_the_hour(std::size_t i) const {
    return device_word_behind(i) || any_at(i, {"/h", "/hr", "/hour", "/時間", "per hour", "an hour"});
  }
  /// per GPU, /A100
  [[nodiscard]] bool device_word_behind(std::size_t i) const {
    for (const std::string_view word : {"/", "per "})
      if (at(s_, i, word) && device_word(s_, i + word.size()) != std::string::npos) return true;
    return false;
  }

  /// $2.10 per GPU-hour
  bool money_sign() {
    const std::size_t i = number_.begin;
    if (i == 0 || !(s_[i - 1] == '$' || (s_[i - 1] == ' ' && i >= 2 && s_[i - 2] == '$'))) return false;
    const bool hourly = by_the_hour(skip_spaces(s_, number_.end));
    unit_ = {hourly ? Kind::usd_per_hour : Kind::usd, 1, number_.end};
    return true;
  }

  /// What the words before it say, of a number without a unit.
  void label() {
    bool separated = false;
    const std::string label = label_before(s_, number_.begin, separated);
    if (is_date(s_, number_, unit_))
      unit_.kind = Kind::none;
    else if (unit_.kind != Kind::none)
      return;
    else if (in_name_)
      unit_.kind = number_.suffixed && letter(s_[number_.begin - 2]) ? Kind::params : Kind::none;
    else if (number_.suffixed && model_before(label))
      unit_.kind = Kind::params;
    else if ((separated || (number_.suffixed && names_size(label))) && !begins_expression(s_, number_.end))
      labelled(label);
  }

  void labelled(const std::string& label) {
    const std::string plain = plain_label(label);
    for (const Word& word : words_of(kLabel))
      if (ends_with_word(plain, word.text)) {
        unit_.kind = word.kind;
        unit_.factor = word.factor;
        break;
      }
    for (const auto& [letter_of, kind] :
         {std::pair{"N", Kind::params}, std::pair{"D", Kind::tokens}, std::pair{"C", Kind::flops}})
      if (unit_.kind == Kind::none && ends_with_word(label, letter_of) && !(label.size() > 1 && digit(label[label.size() - 2])))
        unit_.kind = kind;  // 6N is no N
    if ((unit_.kind == Kind::params || unit_.kind == Kind::tokens) && number_.value < 1e5) unit_.kind = Kind::none;
    if (unit_.kind == Kind::flops && number_.value < 1e15) unit_.kind = Kind::none;
    if (unit_.kind == Kind::steps && number_.value < 1) unit_.kind = Kind::none;
    if (unit_.kind == Kind::none) keyed_ = key_before(s_, label);
    q_.labelled = unit_.kind != Kind::none;
  }

  /// GPU時間では約22,900時間
  void device_hours() {
    if (unit_.kind == Kind::seconds && unit_.factor == kHour) {
      const std::string near = before(48);
      for (std::size_t i = 0; i < near.size(); ++i) {
        if (!letter(near[i]) || (i > 0 && letter(near[i - 1]))) continue;
        const std::size_t counted = i == 0 ? std::string::npos : near.find_last_not_of(' ', i - 1);
        if (counted != std::string::npos && digit(near[counted])) continue;  // 64,200 GPU-hours, 125 hours
        const auto time = device_time_at(near, i);
        if (time && time->factor == kHour && near.size() - time->end < 16 &&
            std::none_of(near.begin() + static_cast<std::ptrdiff_t>(time->end), near.end(), digit))
          unit_.kind = Kind::device_seconds;
      }
    }
    if ((unit_.kind == Kind::device_seconds || unit_.kind == Kind::seconds) && any_at(unit_.end, {"あたり", "当たり"}))
      unit_.kind = Kind::other;
  }

  void tokens() {
    if (unit_.kind != Kind::tokens) return;
    const std::string_view until = std::string_view(s_).substr(0, number_.begin);
    if (any_at(unit_.end, {"あたり", "当たり", "につき"}) || until.ends_with(" per ")) unit_.kind = Kind::other;
    if (said_before("パラメータあたり", 48) || said_before("パラメータ当たり", 48)) unit_.kind = Kind::ratio;
    if (said_before("batch", 28) || said_before("バッチ", 28) ||
        any_at(skip_spaces(s_, unit_.end), {"batch", "batches", "per batch", "per step", "/step"}))
      unit_.kind = Kind::batch_tokens;
  }

  void money() {
    if (unit_.kind != Kind::usd && unit_.kind != Kind::yen) return;
    const std::string near = before(48);
    const std::size_t k = skip_spaces(s_, unit_.end);
    const auto per = [&](std::string_view word) { return near.find(word) != std::string::npos; };
    if (by_the_hour(k) || said_before("時間を", 48) || per("時間あたり") || per("時間当たり") || per("時間単価") ||
        near.ends_with("単価") || near.ends_with("単価は") || near.ends_with("単価を") || near.ends_with("単価が") ||
        near.ends_with("時間") || near.ends_with("時間約"))
      unit_.kind = unit_.kind == Kind::usd ? Kind::usd_per_hour : Kind::yen_per_hour;
    if (unit_.kind == Kind::usd && number_.value < 50 && near.ends_with("at $") &&
        (unit_.end >= s_.size() || std::string_view(" ,.)").find(s_[unit_.end]) != std::string_view::npos) &&
        !at(s_, k, "million"))
      unit_.kind = Kind::usd_per_hour;
  }

  /// What machines do in a day is no training.
  void compute() {
    if (unit_.kind == Kind::flops &&
        any_at(skip_spaces(s_, unit_.end), {"per day", "/day", "a day", "per hour", "an hour", "/日", "per GPU"}))
      unit_.kind = Kind::other;
  }

  const std::string& s_;
  const Number& number_;
  Unit unit_;
  Column keyed_;
  bool in_name_;
  Quantity q_;
};

}  // namespace

namespace {

/// PUE1.3, MFU40%, GPU48枚: Japanese joins a number to its label.
bool glued_label(const std::string& s, std::size_t i) {
  const auto ends = [&](std::string_view word) { return i >= word.size() && at(s, i - word.size(), word); };
  if (ends("PUE") || ends("MFU") || ends("PPL")) return true;
  if (!ends("GPU") && !ends("TPU")) return false;
  const std::size_t behind = s.find_first_not_of("0123456789,", i);
  return behind != std::string::npos &&
         (at(s, behind, "枚") || at(s, behind, "基") || at(s, behind, "台") || at(s, behind, "個"));
}

/// "a single RTX 4090", "two H100s": a count in words before a device.
std::optional<Quantity> worded_devices(const std::string& s, std::size_t i) {
  static constexpr std::pair<std::string_view, double> kCounts[] = {{"single", 1}, {"one", 1},  {"two", 2},     {"three", 3},
                                                                    {"four", 4},   {"five", 5}, {"six", 6},     {"seven", 7},
                                                                    {"eight", 8},  {"ten", 10}, {"sixteen", 16}};
  for (const auto& [word, count] : kCounts) {
    if (!word_at(s, i, word)) continue;
    const std::size_t next = skip_spaces(s, i + word.size());
    const bool nodes = count > 1 && std::any_of(std::begin(kNodes), std::end(kNodes), [&](std::string_view node) {
                         // two node swaps are no nodes
                         const std::size_t behind = skip_spaces(s, next + node.size());
                         return word_at(s, next, node) && !word_at(s, behind, "swaps") && !word_at(s, behind, "failures") &&
                                !word_at(s, behind, "crashes");
                       });
    const std::size_t end = nodes ? next : device_word(s, next);
    if (end == std::string::npos || next == i + word.size() || device_time_at(s, next)) return std::nullopt;
    Quantity q;
    q.kind = nodes ? Kind::none : Kind::devices;
    q.counts_nodes = nodes;
    q.value = q.raw = count;
    q.step = q.exact = true;
    q.begin = i;
    q.number_end = i + word.size();
    q.end = end;
    return q;
  }
  return std::nullopt;
}

/// 2 hours and 8 minutes: one duration.
void join_durations(const std::string& s, std::vector<Quantity>& all) {
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    Quantity &whole = all[i], &rest = all[i + 1];
    if (whole.kind != Kind::seconds || rest.kind != Kind::seconds || rest.begin < whole.end) continue;
    const std::string_view joint = std::string_view(s).substr(whole.end, rest.begin - whole.end);
    const double unit = whole.value / whole.raw;
    if (joint.empty() && whole.raw == 1 && unit >= kDay) continue;  // 1日12時間: a day's share
    if ((joint != " and " && joint != " " && !joint.empty()) || !(rest.value < unit) || !(rest.value / rest.raw < unit)) continue;
    whole.value += rest.value;
    whole.raw = whole.value / unit;
    whole.step = rest.step;
    whole.end = whole.number_end = rest.end;
    whole.exact = false;
    all.erase(all.begin() + static_cast<std::ptrdiff_t>(i) + 1);
  }
}

/// GPU-hours: 32 * 22 * 24 = 16,896: the label of the line.
void label_results(const std::string& s, std::vector<Quantity>& all) {
  const std::size_t colon = s.find(':');
  for (Quantity& q : all) {
    const std::size_t sign = q.begin == 0 ? std::string::npos : s.find_last_not_of(" ~$", q.begin - 1);
    if (q.kind != Kind::none || colon > 24 || colon > q.begin || sign == std::string::npos || s[sign] != '=') continue;
    const Column column = column_of(s.substr(0, colon));
    if (column.kind == Kind::device_seconds || column.kind == Kind::flops || column.kind == Kind::devices) count_as(q, column);
  }
}

}  // namespace

std::vector<Quantity> quantities(const std::string& s) {
  std::vector<Quantity> all;
  for (std::size_t i = 0; i < s.size();) {
    const char before = i == 0 ? ' ' : s[i - 1];
    if (letter(s[i]) && !letter(before) && before != '-')
      if (const auto devices = worded_devices(s, i)) {
        all.push_back(*devices);
        i = devices->end;
        continue;
      }
    if (letter(s[i]) && !letter(before))
      if (const auto named = accelerator_at(s, i)) {
        i = named->end;  // A100 80GB
        continue;
      }
    const bool counted = digit(s[i]) && glued_label(s, i);
    if (counted)
      if (const auto number = read_number(s, i)) {
        all.push_back(QuantityReader(s, *number).read());
        i = std::max(all.back().end, number->end);
        continue;
      }
    const bool starts = (digit(s[i]) || (s[i] == '.' && i + 1 < s.size() && digit(s[i + 1]))) && !letter(before) &&
                        !digit(before) && before != '.' && before != '_';
    const auto number = starts ? read_number(s, i) : std::nullopt;
    if (!number) {
      // A100 and H100 are names
      ++i;
      continue;
    }
    all.push_back(QuantityReader(s, *number).read());
    i = std::max(all.back().end, number->end);
  }
  join_durations(s, all);
  label_results(s, all);
  read_measures(s, all);
  return all;
}

}  // namespace isoflop::plan
