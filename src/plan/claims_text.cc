#include "plan/claims_text.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "base/text.h"

namespace isoflop::plan {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
/// 10^k, the double nearest to it.
double ten_to(std::int64_t k) { return parse_double("1e" + format_number(k)).value(); }
char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }
bool at(const std::string& s, std::size_t i, std::string_view word) { return s.compare(i, word.size(), word) == 0; }

/// The same without regard to case, and not in the middle of a word.
bool word_at(const std::string& s, std::size_t i, std::string_view word) {
  if (i + word.size() > s.size()) return false;
  for (std::size_t k = 0; k < word.size(); ++k)
    if (lower(s[i + k]) != lower(word[k])) return false;
  if (!letter(word.back())) return true;
  return i + word.size() == s.size() || !letter(s[i + word.size()]);
}

std::size_t skip_spaces(const std::string& s, std::size_t i) {
  while (i < s.size() && s[i] == ' ') ++i;
  return i;
}

void replace_all(std::string& s, std::string_view from, std::string_view to) {
  for (std::size_t i = s.find(from); i != std::string::npos; i = s.find(from, i + to.size())) s.replace(i, from.size(), to);
}

/// The end of the braces that open at `i`.
std::size_t closing(const std::string& s, std::size_t i) {
  int depth = 0;
  for (std::size_t k = i; k < s.size(); ++k) {
    if (s[k] == '{') ++depth;
    if (s[k] == '}' && --depth == 0) return k;
  }
  return std::string::npos;
}

/// \frac{a}{b}, \sqrt{a}, \text{a}, a^{b}; the innermost are reached as the loop goes on.
std::string without_latex(std::string s) {
  for (std::size_t guard = 0; guard < 200; ++guard) {
    const std::size_t frac = std::min(s.find("\\frac{"), s.find("\\dfrac{"));
    if (frac == std::string::npos) break;
    const std::size_t open = s.find('{', frac), end = closing(s, open);
    if (end == std::string::npos || end + 1 >= s.size() || s[end + 1] != '{') break;
    const std::size_t last = closing(s, end + 1);
    if (last == std::string::npos) break;
    s = s.substr(0, frac) + "((" + s.substr(open + 1, end - open - 1) + ")/(" + s.substr(end + 2, last - end - 2) + "))" + s.substr(last + 1);
  }
  const auto unwrap = [&](std::string_view command, std::string_view before, std::string_view after) {
    for (std::size_t guard = 0; guard < 200; ++guard) {
      const std::size_t i = s.find(command);
      if (i == std::string::npos) return;
      const std::size_t open = i + command.size() - 1, end = closing(s, open);
      if (end == std::string::npos) return;
      s = s.substr(0, i) + std::string(before) + s.substr(open + 1, end - open - 1) + std::string(after) + s.substr(end + 1);
    }
  };
  unwrap("\\sqrt{", "sqrt(", ")");
  for (const char* text : {"\\text{", "\\mathrm{", "\\mathbf{", "\\textbf{", "\\operatorname{"}) unwrap(text, " ", " ");
  unwrap("^{", "^(", ")");
  unwrap("_{", "_", "");
  static constexpr std::pair<std::string_view, std::string_view> kCommands[] = {
      {"\\times", "*"},  {"\\cdot", "*"},    {"\\approx", "~"}, {"\\simeq", "~"}, {"\\sim", "~"},     {"\\left", ""},     {"\\right", ""},
       {"\\,", " "},      {"\\;", " "},       {"\\ ", " "},      {"\\!", ""},      {"\\quad", " "},    {"\\%", "%"},       {"\\$", "$"},
       {"\\propto", "∝"}, {"\\to", "→"},      {"\\rightarrow", "→"}, {"\\alpha", "α"}, {"\\beta", "β"}, {"\\div", "/"},     {"{,}", ","},
       {"\\geq", "≥"}};
  for (const auto& [from, to] : kCommands) replace_all(s, from, to);
  return s;
}

/// Dollar signs of LaTeX go; those of money stay: a number follows, and after it neither an operator nor the closing sign.
std::string without_math_marks(const std::string& s) {
  std::string out;
  bool inside = false;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i] != '$') {
      out += s[i];
      continue;
    }
    std::size_t k = i + 1;
    while (k < s.size() && (digit(s[k]) || s[k] == '.' || s[k] == ',')) ++k;
    const bool number = k > i + 1;
    k = skip_spaces(s, k);
    const char next = k < s.size() ? s[k] : ' ';
    if (!inside && number && std::string_view("^\\{*}_$=~").find(next) == std::string_view::npos && !at(s, k, "×")) {
      out += '$';
    } else {
      inside = !inside;
    }
  }
  return out;
}

struct Fold {
  std::string_view from, to;
};
constexpr Fold kFolds[] = {
    {"０", "0"},   {"１", "1"},  {"２", "2"},  {"３", "3"},  {"４", "4"},  {"５", "5"},  {"６", "6"},  {"７", "7"},   {"８", "8"},   {"９", "9"},
    {"．", "."},   {"，", ","},  {"（", "("},  {"）", ")"},  {"［", "("},  {"］", ")"},  {"＋", "+"},  {"－", "-"},   {"＝", "="},   {"％", "%"},
    {"：", ":"},   {"／", "/"},  {"＊", "*"},  {"＄", "$"},  {"　", " "},  {"\xC2\xA0", " "},  {"×", "*"},  {"✕", "*"},   {"✖", "*"},   {"·", "*"},
    {"⋅", "*"},    {"∙", "*"},   {"∗", "*"},   {"÷", "/"},   {"−", "-"},   {"–", "-"},   {"‐", "-"},   {"‑", "-"},    {"—", " - "},  {"≈", "~"},
    {"≒", "~"},    {"≃", "~"},   {"≅", "~"},   {"∼", "~"},   {"√", "sqrt"}, {"⇒", "→"},  {"⟹", "→"},  {"->", "→"},   {"=>", "→"},  {"\xE2\x80\xAF", " "},
    {"二倍", "2倍"}, {"三倍", "3倍"}, {"四倍", "4倍"}, {"五倍", "5倍"}, {"六倍", "6倍"}, {"八倍", "8倍"}, {"十倍", "10倍"}, {"半分", "0.5倍"},
    {"ヵ月", "ヶ月"}, {"か月", "ヶ月"}, {"カ月", "ヶ月"}, {"ケ月", "ヶ月"}, {"数倍", ""}, {"パラメーター", "パラメータ"}, {"トークン／", "トークン/"},
    {"米ドル", "ドル"}, {"、", ", "}, {"，", ", "}, {"㌦", "ドル"}};

constexpr std::pair<std::string_view, char> kSuperscripts[] = {{"⁰", '0'}, {"¹", '1'}, {"²", '2'}, {"³", '3'}, {"⁴", '4'}, {"⁵", '5'}, {"⁶", '6'},
                                                                           {"⁷", '7'}, {"⁸", '8'}, {"⁹", '9'}, {"⁻", '-'}, {"⁺", '+'}, {"·", '.'}};

/// 10²¹ -> 10^(21)
std::string with_carets(const std::string& s) {
  std::string out;
  bool raised = false;
  for (std::size_t i = 0; i < s.size();) {
    bool found = false;
    for (const auto& [mark, plain] : kSuperscripts) {
      if (plain == '.' || !at(s, i, mark)) continue;
      if (!raised) out += "^(";
      out += plain;
      raised = found = true;
      i += mark.size();
      break;
    }
    if (found) continue;
    if (raised) out += ')';
    raised = false;
    out += s[i++];
  }
  if (raised) out += ')';
  return out;
}

// ---- units

struct Word {
  std::string_view text;
  Kind kind;
  double factor;
};

constexpr double kMinute = 60, kHour = 3600, kDay = 86400, kWeek = 7 * kDay, kYear = 365.25 * kDay, kMonth = kYear / 12;

// longer ones first where one begins another
constexpr Word kUnits[] = {
    {"tokens per parameter", Kind::ratio, 1}, {"tokens-per-parameter", Kind::ratio, 1}, {"tokens per param", Kind::ratio, 1},
    {"tokens/parameter", Kind::ratio, 1}, {"tokens / parameter", Kind::ratio, 1}, {"tokens/param", Kind::ratio, 1},
    {"tokens for each parameter", Kind::ratio, 1}, {"tokens for every parameter", Kind::ratio, 1}, {"tokens per model parameter", Kind::ratio, 1},
    {"token per parameter", Kind::ratio, 1}, {"token/parameter", Kind::ratio, 1}, {"token/param", Kind::ratio, 1}, {"tok/param", Kind::ratio, 1},
    {"training tokens per parameter", Kind::ratio, 1}, {"トークン/パラメータ", Kind::ratio, 1}, {"トークン / パラメータ", Kind::ratio, 1},
    {"PF-days", Kind::flops, 8.64e19}, {"PF-day", Kind::flops, 8.64e19}, {"PF days", Kind::flops, 8.64e19}, {"petaflop/s-days", Kind::flops, 8.64e19},
    {"petaflops-days", Kind::flops, 8.64e19}, {"PFLOP/s-days", Kind::flops, 8.64e19}, {"PFLOPS-days", Kind::flops, 8.64e19}, {"petaflop-days", Kind::flops, 8.64e19},
    {"non-embedding parameters", Kind::params, 1}, {"parameters", Kind::params, 1}, {"parameter", Kind::params, 1}, {"params", Kind::params, 1},
    {"param", Kind::params, 1}, {"非埋め込みパラメータ", Kind::params, 1}, {"個のパラメータ", Kind::params, 1}, {"のパラメータ", Kind::params, 1},
    {"パラメータ", Kind::params, 1}, {"training tokens", Kind::tokens, 1}, {"pretraining tokens", Kind::tokens, 1}, {"pre-training tokens", Kind::tokens, 1},
    {"text tokens", Kind::tokens, 1}, {"tokens", Kind::tokens, 1}, {"token", Kind::tokens, 1}, {"個のトークン", Kind::tokens, 1}, {"のトークン", Kind::tokens, 1},
    {"トークン", Kind::tokens, 1}, {"週間", Kind::seconds, kWeek}, {"weeks", Kind::seconds, kWeek}, {"week", Kind::seconds, kWeek},
    {"日間", Kind::seconds, kDay}, {"日", Kind::seconds, kDay}, {"days", Kind::seconds, kDay}, {"day", Kind::seconds, kDay},
    {"ヶ月", Kind::seconds, kMonth}, {"months", Kind::seconds, kMonth}, {"month", Kind::seconds, kMonth}, {"年間", Kind::seconds, kYear},
    {"年", Kind::seconds, kYear}, {"years", Kind::seconds, kYear}, {"year", Kind::seconds, kYear}, {"時間", Kind::seconds, kHour},
    {"hours", Kind::seconds, kHour}, {"hour", Kind::seconds, kHour}, {"hrs", Kind::seconds, kHour}, {"分", Kind::seconds, kMinute},
    {"minutes", Kind::seconds, kMinute}, {"minute", Kind::seconds, kMinute}, {"秒", Kind::seconds, 1}, {"seconds", Kind::seconds, 1},
    {"second", Kind::seconds, 1}, {"sec", Kind::seconds, 1}, {"s", Kind::seconds, 1}, {"h", Kind::seconds, kHour},
    {"USD", Kind::usd, 1}, {"US dollars", Kind::usd, 1}, {"dollars", Kind::usd, 1}, {"ドル", Kind::usd, 1}, {"円", Kind::yen, 1}, {"yen", Kind::yen, 1},
    {"%", Kind::percent, 1}, {"パーセント", Kind::percent, 1}, {"percent", Kind::percent, 1}, {"倍", Kind::factor, 1}, {"times", Kind::factor, 1},
    {"-fold", Kind::factor, 1}, {"fold", Kind::factor, 1}, {"x", Kind::factor, 1}, {"PB", Kind::bytes, 1e15}, {"TB", Kind::bytes, 1e12},
    {"GB", Kind::bytes, 1e9}, {"MB", Kind::bytes, 1e6}, {"KB", Kind::bytes, 1e3}, {"GiB", Kind::bytes, 1073741824.0}, {"bytes", Kind::bytes, 1},
    {"バイト", Kind::bytes, 1}, {"文字", Kind::characters, 1}, {"characters", Kind::characters, 1}, {"chars", Kind::characters, 1},
    {"kWh", Kind::other, 1e3}, {"MWh", Kind::other, 1e6}, {"GWh", Kind::other, 1e9}, {"Wh", Kind::other, 1}, {"kW", Kind::other, 1e3}, {"MW", Kind::other, 1e6},
    {"steps", Kind::other, 1}, {"ステップ", Kind::other, 1}, {"epochs", Kind::other, 1}, {"エポック", Kind::other, 1}};

constexpr std::string_view kDevices[] = {"NVIDIA A100 GPUs", "NVIDIA H100 GPUs", "A100", "H100", "H200", "H800", "B200", "V100", "MI300X", "MI250X", "RTX4090",
                                                    "TPUv4", "TPUv3", "TPU v4", "TPU v3", "TPU", "GPU", "4090", "accelerator", "device", "chip", "台", "基", "枚"};

/// "GPU", "GPUs", "A100 GPUs", "NVIDIA H100s": where it ends; npos if there is none.
std::size_t device_word(const std::string& s, std::size_t i) {
  if (word_at(s, i, "NVIDIA ")) i += 7;
  for (const std::string_view name : kDevices) {
    if (i + name.size() > s.size()) continue;
    bool same = true;
    for (std::size_t k = 0; same && k < name.size(); ++k) same = lower(s[i + k]) == lower(name[k]);
    if (!same) continue;
    std::size_t end = i + name.size();
    if (at(s, end, "-80GB") || at(s, end, "-40GB")) end += 5;
    if (at(s, end, " SXM")) end += 4;
    if (end < s.size() && (s[end] == 's') && (end + 1 == s.size() || !letter(s[end + 1]))) ++end;
    if (end < s.size() && letter(s[end])) continue;
    const std::size_t more = skip_spaces(s, end);
    if (more > end && word_at(s, more, "GPUs")) return more + 4;
    if (more > end && word_at(s, more, "GPU")) return more + 3;
    return end;
  }
  return std::string::npos;
}

/// After "GPU": -hours, 時間, -日
std::optional<Unit> device_time(const std::string& s, std::size_t end) {
  std::size_t i = end;
  if (i < s.size() && (s[i] == '-' || s[i] == ' ')) ++i;
  if (at(s, i, "・")) i += 3;
  for (const Word& word : kUnits)
    if (word.kind == Kind::seconds && word.factor >= kHour && word_at(s, i, word.text)) return Unit{Kind::device_seconds, word.factor, i + word.text.size()};
  return std::nullopt;
}

struct Prefix {
  std::string_view text;
  double factor;
};
constexpr Prefix kPrefixes[] = {{"zetta", 1e21}, {"exa", 1e18}, {"peta", 1e15}, {"tera", 1e12}, {"giga", 1e9}, {"ゼタ", 1e21}, {"エクサ", 1e18},
                                            {"ペタ", 1e15}, {"テラ", 1e12}, {"ギガ", 1e9}, {"Y", 1e24}, {"Z", 1e21}, {"E", 1e18}, {"P", 1e15}, {"T", 1e12}, {"G", 1e9}, {"M", 1e6}, {"K", 1e3}, {"", 1}, {"", 1}, {"", 1}};

/// TFLOPs, ゼタFLOPs, FLOP/s. Below 1e17 it is what a device does in a second, above it what a training takes.
std::optional<Unit> flops_unit(const std::string& s, std::size_t i, double value) {
  for (const Prefix& prefix : kPrefixes) {
    std::size_t k = i;
    if (!prefix.text.empty()) {
      bool same = i + prefix.text.size() <= s.size();
      for (std::size_t n = 0; same && n < prefix.text.size(); ++n) same = lower(s[i + n]) == lower(prefix.text[n]);
      if (!same) continue;
      k += prefix.text.size();
    }
    std::size_t end = std::string::npos;
    for (const std::string_view word : {"FLOPs", "FLOPS", "FLOP", "フロップス"})
      if (word_at(s, k, word)) {
        end = k + word.size();
        break;
      }
    if (end == std::string::npos) continue;
    const double total = value * prefix.factor;
    const bool per_second = at(s, end, "/s") || at(s, end, "/秒") || at(s, end, " per second") || at(s, end, "/sec");
    if (at(s, end, "/s-day")) return std::nullopt;
    if (at(s, skip_spaces(s, end), "per token") || at(s, end, "/token") || at(s, end, "/トークン")) return Unit{Kind::other, prefix.factor, end};
    if (per_second) end = s.find_first_of("s秒", end + 1) == std::string::npos ? end : end + 2;
    return Unit{per_second || total < 1e17 ? Kind::rate : Kind::flops, prefix.factor, end};
  }
  return std::nullopt;
}

// ---- labels

struct Label {
  std::string_view text;
  Kind kind;
};
// longest first where one ends another
constexpr Label kLabels[] = {
    {"tokens per parameter", Kind::ratio}, {"tokens-per-parameter ratio", Kind::ratio}, {"token-to-parameter ratio", Kind::ratio}, {"tokens-to-parameters ratio", Kind::ratio}, {"tokens/parameter", Kind::ratio}, {"tokens/param", Kind::ratio}, {"tokens_per_param", Kind::ratio}, {"トークン/パラメータ", Kind::ratio},
    {"パラメータあたりトークン数", Kind::ratio}, {"tokens_per_parameter", Kind::ratio},
    {"gpu-hours", Kind::device_seconds}, {"gpu hours", Kind::device_seconds}, {"gpu_hours", Kind::device_seconds}, {"GPU時間", Kind::device_seconds}, {"device_hours", Kind::device_seconds},
    {"usd_per_hour", Kind::usd_per_hour}, {"price_per_gpu_hour", Kind::usd_per_hour},
    {"計算予算", Kind::flops}, {"総計算量", Kind::flops}, {"訓練計算量", Kind::flops}, {"計算量", Kind::flops}, {"計算", Kind::flops}, {"training flops", Kind::flops}, {"training_flops", Kind::flops}, {"total flops", Kind::flops},
    {"flops", Kind::flops}, {"flop", Kind::flops}, {"training compute", Kind::flops}, {"compute budget", Kind::flops}, {"compute", Kind::flops},
    {"学習トークン数", Kind::tokens}, {"訓練トークン数", Kind::tokens}, {"トークン数", Kind::tokens}, {"推奨データ量", Kind::tokens}, {"学習データ", Kind::tokens}, {"訓練データ", Kind::tokens}, {"データ量", Kind::tokens},
    {"データ", Kind::tokens}, {"training tokens", Kind::tokens}, {"training data", Kind::tokens}, {"train_tokens", Kind::tokens}, {"num_tokens", Kind::tokens}, {"n_tokens", Kind::tokens}, {"tokens", Kind::tokens}, {"トークン", Kind::tokens}, {"dataset size", Kind::tokens}, {"data", Kind::tokens},
    {"パラメータ数", Kind::params}, {"パラメータ", Kind::params}, {"モデルサイズ", Kind::params}, {"モデル規模", Kind::params}, {"モデル", Kind::params}, {"parameters", Kind::params}, {"params", Kind::params}, {"num_params", Kind::params}, {"n_params", Kind::params}, {"model size", Kind::params}, {"model_size", Kind::params}, {"model", Kind::params},
    {"GPU数", Kind::devices}, {"GPU", Kind::devices}, {"GPUs", Kind::devices}, {"num_gpus", Kind::devices}, {"n_gpus", Kind::devices}, {"devices", Kind::devices},
    {"days", Kind::seconds}, {"日数", Kind::seconds}, {"cost", Kind::usd}, {"usd", Kind::usd}};

bool ends_with_word(const std::string& s, std::string_view word) {
  if (s.size() < word.size()) return false;
  const std::size_t begin = s.size() - word.size();
  for (std::size_t k = 0; k < word.size(); ++k)
    if (lower(s[begin + k]) != lower(word[k])) return false;
  return !letter(word.front()) || begin == 0 || (!letter(s[begin - 1]) && s[begin - 1] != '_');
}

/// What stands before a number, its separators cut off; `separated` if one of : = ~ は was there.
std::string label_before(const std::string& s, std::size_t begin, bool& separated) {
  std::string before = s.substr(0, begin);
  separated = false;
  for (bool cut = true; cut && !before.empty();) {
    cut = false;
    for (const std::string_view mark : {" ", "(", "$", "\"", "'", "*", "約", "およそ", "about", "approximately", "roughly", "around", "only", "just"}) {
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

constexpr std::string_view kRecommended[] = {"推奨", "最適", "必要", "optimal", "recommended", "ideal", "should", "would need", "needs"};

bool model_before(const std::string& before) {
  static constexpr std::string_view kFamilies[] = {"GPT", "GPT-2", "GPT-3", "GPT-4", "LLaMA", "Llama", "Llama-2", "Llama 2", "LLaMA-2", "Llama-3", "Llama 3", "Llama 3.1", "Llama-3.1", "PaLM", "Gopher", "Chinchilla",
                                                              "OPT", "BLOOM", "Falcon", "MPT", "Pythia", "DeepSeek", "GLaM", "Qwen", "Mistral", "Gemma"};
  return std::any_of(std::begin(kFamilies), std::end(kFamilies), [&](std::string_view family) { return ends_with_word(before, family); });
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

}  // namespace

std::string normalised(std::string_view line) {
  std::string s(line);
  s = with_carets(s);
  s = without_math_marks(without_latex(std::move(s)));
  for (const Fold& fold : kFolds)
    if (!fold.from.empty()) replace_all(s, fold.from, fold.to);
  for (std::size_t i = s.find("倍増"); i != std::string::npos; i = s.find("倍増", i + 6))
    if (const std::size_t before = s.find_last_not_of(" ", i == 0 ? 0 : i - 1); i == 0 || before == std::string::npos || !digit(s[before])) s.insert(i, "2");
  replace_all(s, "**", "");
  replace_all(s, "__", "");
  replace_all(s, "`", "");
  replace_all(s, "\t", " ");
  replace_all(s, "&nbsp;", " ");
  return s;
}

std::vector<std::string> sentences(const std::string& line) {
  std::vector<std::string> all;
  std::string one;
  const auto push = [&] {
    if (one.find_first_not_of(" ") != std::string::npos) all.push_back(one);
    one.clear();
  };
  for (std::size_t i = 0; i < line.size();) {
    if (at(line, i, "。") || at(line, i, "；") || at(line, i, "！")) {
      push();
      i += 3;
    } else if (line[i] == ';' || ((line[i] == '.' || line[i] == '?' || line[i] == '!') && i + 1 < line.size() && line[i + 1] == ' ' &&
                                  !(i > 1 && (at(line, i - 1, "l. ") || at(line, i - 1, "g. ") || at(line, i - 1, "e. "))))) {
      push();
      ++i;
    } else {
      one += line[i++];
    }
  }
  push();
  return all;
}

std::optional<Number> read_number(const std::string& s, std::size_t i) {
  Number n;
  n.begin = i;
  const bool bare_point = i < s.size() && s[i] == '.' && i + 1 < s.size() && digit(s[i + 1]);
  if (i >= s.size() || (!digit(s[i]) && !bare_point)) return std::nullopt;
  std::string digits;
  int decimals = -1;
  for (; i < s.size(); ++i) {
    if (digit(s[i])) {
      digits += s[i];
      if (decimals >= 0) ++decimals;
    } else if (s[i] == '.' && decimals < 0 && i + 1 < s.size() && digit(s[i + 1])) {
      digits += '.';
      decimals = 0;
    } else if (s[i] == ',' && decimals < 0 && i + 3 < s.size() && digit(s[i + 1]) && digit(s[i + 2]) && digit(s[i + 3]) &&
               (i + 4 >= s.size() || !digit(s[i + 4]))) {
      continue;
    } else if (s[i] == '_' && decimals < 0 && i + 3 < s.size() && digit(s[i + 1]) && digit(s[i + 2]) && digit(s[i + 3])) {
      continue;
    } else {
      break;
    }
  }
  const auto plain = parse_double(digits.front() == '.' ? "0" + digits : digits);
  if (!plain) return std::nullopt;
  n.value = *plain;
  n.step = decimals > 0 ? ten_to(-decimals) : 1;
  if (decimals < 0)
    for (std::size_t k = digits.size(); k-- > 1 && digits[k] == '0';) n.step *= 10;

  const auto multiply = [&](double factor) {
    n.value *= factor;
    n.step *= factor;
  };
  // 1e23
  if (i + 1 < s.size() && (s[i] == 'e' || s[i] == 'E') && (digit(s[i + 1]) || ((s[i + 1] == '+' || s[i + 1] == '-') && i + 2 < s.size() && digit(s[i + 2])))) {
    std::size_t k = i + 2;
    while (k < s.size() && digit(s[k])) ++k;
    const auto exponent = parse_int(s[i + 1] == '+' ? s.substr(i + 2, k - i - 2) : s.substr(i + 1, k - i - 1));
    if (exponent && *exponent > -300 && *exponent < 300) multiply(ten_to(*exponent));
    i = k;
  }
  // 10^(23), and 3.15 * 10^(23)
  const auto power_of_ten = [&](std::size_t k) -> std::optional<std::pair<double, std::size_t>> {
    if (!at(s, k, "10^")) return std::nullopt;
    k += 3;
    const bool brace = k < s.size() && s[k] == '(';
    if (brace) ++k;
    const std::size_t begin = k;
    if (k < s.size() && (s[k] == '-' || s[k] == '+')) ++k;
    while (k < s.size() && digit(s[k])) ++k;
    const auto exponent = parse_int(s[begin] == '+' ? s.substr(begin + 1, k - begin - 1) : s.substr(begin, k - begin));
    if (!exponent || *exponent < -300 || *exponent > 300) return std::nullopt;
    if (brace && (k >= s.size() || s[k] != ')')) return std::nullopt;
    return std::pair{ten_to(*exponent), brace ? k + 1 : k};
  };
  if (digits == "10" && i < s.size() && s[i] == '^') {
    const auto power = power_of_ten(i - 2);
    if (power) {
      n.value = n.step = power->first;
      n.power = true;
      i = power->second;
    }
  } else {
    const std::size_t star = skip_spaces(s, i);
    if (star < s.size() && (s[star] == '*' || (s[star] == 'x' && star > i && star + 1 < s.size() && (s[star + 1] == ' ' || s[star + 1] == '1')))) {
      if (const auto power = power_of_ten(skip_spaces(s, star + 1))) {
        multiply(power->first);
        i = power->second;
      }
    }
  }
  // K, M, B, T; million; 億
  const auto suffix = [&](std::size_t k, std::string_view text, double factor) {
    if (n.suffixed || !word_at(s, k, text)) return;
    multiply(factor);
    n.suffixed = true;
    i = k + text.size();
  };
  if (i < s.size()) {
    const char c = s[i], after = i + 1 < s.size() ? s[i + 1] : ' ';
    const bool ends = !letter(after) && !digit(after);
    const double factor = c == 'K' || c == 'k' ? 1e3 : c == 'M' ? 1e6 : c == 'B' ? 1e9 : c == 'T' ? 1e12 : c == 'G' ? 1e9 : 0;
    if (factor > 0 && ends) {
      multiply(factor);
      n.suffixed = true;
      ++i;
    }
    std::size_t k = skip_spaces(s, i);
    if (k < s.size() && s[k] == '-') ++k;
    suffix(k, "trillion", 1e12);
    suffix(k, "billion", 1e9);
    suffix(k, "million", 1e6);
    suffix(k, "thousand", 1e3);
    suffix(k, "bn", 1e9);
    if (k == i + 1 && s[i] == ' ' && k < s.size() && (k + 1 == s.size() || s[k + 1] == ' ')) {
      suffix(k, "B", 1e9);
      suffix(k, "M", 1e6);
      suffix(k, "T", 1e12);
    }
    static constexpr Prefix kJapanese[] = {{"千億", 1e11}, {"百億", 1e10}, {"十億", 1e9}, {"千万", 1e7}, {"百万", 1e6}, {"十万", 1e5}, {"京", 1e16},
                                                      {"兆", 1e12}, {"億", 1e8}, {"万", 1e4}, {"千", 1e3}};
    k = skip_spaces(s, i);
    for (const Prefix& word : kJapanese) {
      if (n.suffixed || !at(s, k, word.text)) continue;
      multiply(word.factor);
      n.suffixed = true;
      i = k + word.text.size();
      // 3兆5000億
      if (i < s.size() && digit(s[i]))
        if (const auto rest = read_number(s, i); rest && rest->suffixed && rest->value < word.factor) {
          n.value += rest->value;
          n.step = rest->step;
          i = rest->end;
        }
    }
  }
  n.end = i;
  return n;
}

Unit read_unit(const std::string& s, std::size_t from, const Number& number) {
  std::size_t i = skip_spaces(s, from);
  if (const auto flops = flops_unit(s, i, number.value)) return *flops;
  // 256 * A100
  std::size_t k = i;
  if (k < s.size() && (s[k] == '*' || (s[k] == 'x' && k > from))) k = skip_spaces(s, k + 1);
  if (const std::size_t end = device_word(s, k); end != std::string::npos) {
    if (const auto time = device_time(s, end); time && k == i) return *time;
    return {Kind::devices, 1, end};
  }
  if (i < s.size() && s[i] == '-' && i == from) ++i;  // 7-billion-parameter, 21-day
  for (const Word& word : kUnits) {
    if (!word_at(s, i, word.text)) continue;
    if (word.text == "x" && i + 1 < s.size() && (digit(s[i + 1]) || (s[i + 1] == ' ' && i + 2 < s.size() && digit(s[i + 2])))) continue;
    if (word.text.size() == 1 && letter(word.text[0]) && word.text != "x" && i > from && number.suffixed) continue;
    if (word.text == "分" && at(s, i, "分の")) continue;
    return {word.kind, word.factor, i + word.text.size()};
  }
  if (number.suffixed) {
    if (at(s, i, "想定モデル")) return {Kind::params, 1, i + std::string_view("想定モデル").size()};
    for (const std::string_view word : {"モデル", "models", "model", "規模", "クラス", "LLM", "dense", "Transformer", "transformer"})
      if (word_at(s, i, word)) return {Kind::params, 1, i + word.size()};
  }
  return {Kind::none, 1, from};
}

std::vector<Quantity> quantities(const std::string& s) {
  std::vector<Quantity> all;
  for (std::size_t i = 0; i < s.size();) {
    const char before = i == 0 ? ' ' : s[i - 1];
    const bool starts = (digit(s[i]) || (s[i] == '.' && i + 1 < s.size() && digit(s[i + 1]))) && !letter(before) && !digit(before) && before != '.' && before != '_';
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
    q.begin = number->begin;
    q.end = unit.kind == Kind::none ? number->end : unit.end;
    bool separated = false;
    const std::string label = label_before(s, number->begin, separated);
    const bool money = before == '$' || (before == ' ' && i >= 2 && s[i - 2] == '$');
    if (money) {
      const std::size_t k = skip_spaces(s, number->end);
      const bool hourly = at(s, k, "/h") || at(s, k, "/GPU") || at(s, k, "per GPU") || at(s, k, "per hour") || at(s, k, "an hour") || at(s, k, "/時間") || at(s, k, "/A100") ||
                          at(s, k, "per A100") || at(s, k, "per H100") || at(s, k, "/H100") || at(s, k, "per device");
      unit = {hourly ? Kind::usd_per_hour : Kind::usd, 1, number->end};
    } else if (is_date(s, *number, unit)) {
      unit.kind = Kind::none;
    } else if (in_name && unit.kind == Kind::none) {
      unit.kind = number->suffixed && letter(s[i - 2]) ? Kind::params : Kind::none;
    } else if (unit.kind == Kind::none && number->suffixed && model_before(label)) {
      unit.kind = Kind::params;
    } else if (unit.kind == Kind::none && separated) {
      unit.kind = Kind::none;
      for (const Label& word : kLabels)
        if (ends_with_word(label, word.text)) {
          unit.kind = word.kind;
          break;
        }
      for (const auto& [letter_of, kind] : {std::pair{"N", Kind::params}, std::pair{"D", Kind::tokens}, std::pair{"C", Kind::flops}})
        if (unit.kind == Kind::none && ends_with_word(label, letter_of)) unit.kind = kind;
      if ((unit.kind == Kind::params || unit.kind == Kind::tokens) && number->value < 1e5) unit.kind = Kind::none;
      if (unit.kind == Kind::flops && number->value < 1e15) unit.kind = Kind::none;
      if (unit.kind == Kind::seconds) unit.factor = kDay;
      if (unit.kind == Kind::device_seconds) unit.factor = kHour;
      q.labelled = unit.kind != Kind::none;
    }
    const std::string nearby = s.substr(number->begin >= 48 ? number->begin - 48 : 0, std::min<std::size_t>(48, number->begin));
    const auto per = [&](std::string_view word) { return nearby.find(word) != std::string::npos; };
    if (unit.kind == Kind::tokens && (per("パラメータあたり") || per("パラメータ当たり") || per("per parameter"))) unit.kind = Kind::ratio;
    if (unit.kind == Kind::usd) {
      const std::size_t k = skip_spaces(s, unit.end);
      const bool hourly = at(s, k, "/GPU") || at(s, k, "/時間") || at(s, k, "per GPU") || at(s, k, "per hour") || at(s, k, "an hour") || at(s, k, "/h");
      if (hourly || per("時間あたり") || per("時間当たり") || per("時間単価")) unit.kind = Kind::usd_per_hour;
    }
    if ((unit.kind == Kind::device_seconds || unit.kind == Kind::seconds) && (at(s, unit.end, "あたり") || at(s, unit.end, "当たり"))) unit.kind = Kind::other;
    scale(q, *number, unit);
    if ((q.kind == Kind::params || q.kind == Kind::tokens) && q.value < 100) q.kind = Kind::other;  // 1 token, 2 parameters
    const std::string near = s.substr(number->begin >= 24 ? number->begin - 24 : 0, std::min<std::size_t>(24, number->begin));
    q.recommended = q.kind != Kind::flops && q.kind != Kind::seconds && q.kind != Kind::device_seconds && q.kind != Kind::devices &&
                    std::any_of(std::begin(kRecommended), std::end(kRecommended), [&](std::string_view word) { return near.find(word) != std::string::npos; });
    all.push_back(q);
    i = std::max(q.end, number->end);
  }
  return all;
}

Kind kind_of_label(const std::string& written) {
  const std::string label = normalised(written);
  // the column's own unit in brackets decides
  const auto has = [&](std::string_view word) { return find_word(label, word) != std::string::npos; };
  const auto any = [&](std::initializer_list<std::string_view> words) { return std::any_of(words.begin(), words.end(), has); };
  if (any({"tokens per parameter", "tokens/param", "tokens/parameter", "トークン/パラメータ", "tok/param", "D/N", "tokens_per_param", "tokens_per_parameter", "ratio D/N"})) return Kind::ratio;
  if (any({"GPU-hours", "GPU hours", "gpu_hours", "GPU時間", "GPU-h", "device_hours", "device-hours", "gpu_hour"})) return Kind::device_seconds;
  if (any({"usd_per_hour", "price_per_hour", "price_per_gpu_hour", "$/h", "$/GPU-h", "hourly"})) return Kind::usd_per_hour;
  if (any({"FLOPs", "FLOP", "FLOPS", "計算量", "計算予算", "compute", "flops_6nd", "training_flops", "train_flops", "C"})) return Kind::flops;
  if (any({"トークン", "tokens", "データ", "データ量", "token", "dataset", "data", "D", "train_tokens", "num_tokens", "n_tokens"})) return Kind::tokens;
  if (any({"パラメータ", "parameters", "params", "parameter", "モデルサイズ", "model size", "size", "N", "num_params", "n_params", "model_size", "param"})) return Kind::params;
  if (any({"GPUs", "GPU", "GPU数", "devices", "num_gpus", "n_gpus", "gpus", "accelerators"})) return Kind::devices;
  if (any({"days", "日数", "期間"})) return Kind::seconds;
  if (any({"cost", "コスト", "usd", "費用"})) return Kind::usd;
  if (any({"割合", "share", "%", "proportion", "weight", "比率"})) return Kind::percent;
  if (any({"loss", "損失", "val loss", "loss_nats"})) return Kind::other;
  return Kind::none;
}

std::optional<Quantity> cell_quantity(const std::string& cell, Kind column) {
  const auto all = quantities(cell);
  if (all.empty()) return std::nullopt;
  Quantity q = all.front();
  if (q.kind == Kind::none && column != Kind::none) {
    q.kind = column;
    const double factor = column == Kind::seconds ? kDay : column == Kind::device_seconds ? kHour : 1;
    q.value *= factor;
    q.step *= factor;
  }
  return q;
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

bool mentions(const std::string& s, std::string_view word) { return find_word(s, word) != std::string::npos; }

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
