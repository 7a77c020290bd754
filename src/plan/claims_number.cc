// Numbers as texts write them, and their units.
#include "plan/claims_text.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

// ---- units

struct Word {
  std::string_view text;
  Kind kind;
  double factor;
};

constexpr double kMinute = 60, kHour = 3600, kDay = 86400, kWeek = 7 * kDay, kYear = 365.25 * kDay, kMonth = kYear / 12;

// longer ones first where one begins another
constexpr Word kUnits[] = {{"tokens per parameter", Kind::ratio, 1},
                           {"tokens-per-parameter", Kind::ratio, 1},
                           {"tokens per param", Kind::ratio, 1},
                           {"tokens/parameter", Kind::ratio, 1},
                           {"tokens / parameter", Kind::ratio, 1},
                           {"tokens/param", Kind::ratio, 1},
                           {"tokens for each parameter", Kind::ratio, 1},
                           {"tokens for every parameter", Kind::ratio, 1},
                           {"tokens per model parameter", Kind::ratio, 1},
                           {"token per parameter", Kind::ratio, 1},
                           {"token/parameter", Kind::ratio, 1},
                           {"token/param", Kind::ratio, 1},
                           {"tok/param", Kind::ratio, 1},
                           {"training tokens per parameter", Kind::ratio, 1},
                           {"トークン/パラメータ", Kind::ratio, 1},
                           {"トークン / パラメータ", Kind::ratio, 1},
                           {"PF-days", Kind::flops, 8.64e19},
                           {"PF-day", Kind::flops, 8.64e19},
                           {"PF days", Kind::flops, 8.64e19},
                           {"petaflop/s-days", Kind::flops, 8.64e19},
                           {"petaflops-days", Kind::flops, 8.64e19},
                           {"PFLOP/s-days", Kind::flops, 8.64e19},
                           {"PFLOPS-days", Kind::flops, 8.64e19},
                           {"petaflop-days", Kind::flops, 8.64e19},
                           {"non-embedding parameters", Kind::params, 1},
                           {"parameters", Kind::params, 1},
                           {"parameter", Kind::params, 1},
                           {"params", Kind::params, 1},
                           {"param", Kind::params, 1},
                           {"非埋め込みパラメータ", Kind::params, 1},
                           {"個のパラメータ", Kind::params, 1},
                           {"のパラメータ", Kind::params, 1},
                           {"パラメータ", Kind::params, 1},
                           {"training tokens", Kind::tokens, 1},
                           {"pretraining tokens", Kind::tokens, 1},
                           {"pre-training tokens", Kind::tokens, 1},
                           {"text tokens", Kind::tokens, 1},
                           {"tokens", Kind::tokens, 1},
                           {"token", Kind::tokens, 1},
                           {"個のトークン", Kind::tokens, 1},
                           {"のトークン", Kind::tokens, 1},
                           {"トークン", Kind::tokens, 1},
                           {"週間", Kind::seconds, kWeek},
                           {"週", Kind::seconds, kWeek},
                           {"weeks", Kind::seconds, kWeek},
                           {"week", Kind::seconds, kWeek},
                           {"日間", Kind::seconds, kDay},
                           {"日", Kind::seconds, kDay},
                           {"days", Kind::seconds, kDay},
                           {"day", Kind::seconds, kDay},
                           {"ヶ月", Kind::seconds, kMonth},
                           {"months", Kind::seconds, kMonth},
                           {"month", Kind::seconds, kMonth},
                           {"年間", Kind::seconds, kYear},
                           {"年", Kind::seconds, kYear},
                           {"years", Kind::seconds, kYear},
                           {"year", Kind::seconds, kYear},
                           {"時間", Kind::seconds, kHour},
                           {"hours", Kind::seconds, kHour},
                           {"hour", Kind::seconds, kHour},
                           {"hrs", Kind::seconds, kHour},
                           {"分", Kind::seconds, kMinute},
                           {"minutes", Kind::seconds, kMinute},
                           {"minute", Kind::seconds, kMinute},
                           {"秒", Kind::seconds, 1},
                           {"seconds", Kind::seconds, 1},
                           {"second", Kind::seconds, 1},
                           {"sec", Kind::seconds, 1},
                           {"s", Kind::seconds, 1},
                           {"h", Kind::seconds, kHour},
                           {"USD", Kind::usd, 1},
                           {"US dollars", Kind::usd, 1},
                           {"dollars", Kind::usd, 1},
                           {"ドル", Kind::usd, 1},
                           {"円", Kind::yen, 1},
                           {"yen", Kind::yen, 1},
                           {"%", Kind::percent, 1},
                           {"パーセント", Kind::percent, 1},
                           {"percent", Kind::percent, 1},
                           {"倍", Kind::factor, 1},
                           {"times", Kind::factor, 1},
                           {"-fold", Kind::factor, 1},
                           {"fold", Kind::factor, 1},
                           {"x", Kind::factor, 1},
                           {"PB", Kind::bytes, 1e15},
                           {"TB", Kind::bytes, 1e12},
                           {"GB", Kind::bytes, 1e9},
                           {"MB", Kind::bytes, 1e6},
                           {"KB", Kind::bytes, 1e3},
                           {"GiB", Kind::bytes, 1073741824.0},
                           {"bytes", Kind::bytes, 1},
                           {"バイト", Kind::bytes, 1},
                           {"文字", Kind::characters, 1},
                           {"characters", Kind::characters, 1},
                           {"chars", Kind::characters, 1},
                           {"kWh", Kind::other, 1e3},
                           {"MWh", Kind::other, 1e6},
                           {"GWh", Kind::other, 1e9},
                           {"Wh", Kind::other, 1},
                           {"kW", Kind::other, 1e3},
                           {"MW", Kind::other, 1e6},
                           {"training steps", Kind::steps, 1},
                           {"steps", Kind::steps, 1},
                           {"iterations", Kind::steps, 1},
                           {"ステップ", Kind::steps, 1},
                           {"epochs", Kind::other, 1},
                           {"エポック", Kind::other, 1}};

constexpr std::string_view kDevices[] = {
    "NVIDIA A100 GPUs", "NVIDIA H100 GPUs", "A100",  "H100",  "H200",   "H800",   "B200", "V100", "MI300X",
    "MI250X",           "RTX4090",          "TPUv4", "TPUv3", "TPU v4", "TPU v3", "TPU",  "GPU",  "4090",
    "accelerator",      "device",           "chip",  "台",    "基",     "枚"};

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
    if (word.kind == Kind::seconds && word.factor >= kHour && word_at(s, i, word.text))
      return Unit{Kind::device_seconds, word.factor, i + word.text.size()};
  return std::nullopt;
}

struct Prefix {
  std::string_view text;
  double factor;
};
constexpr Prefix kPrefixes[] = {{"zetta", 1e21},  {"exa", 1e18},  {"peta", 1e15}, {"tera", 1e12}, {"giga", 1e9}, {"ゼタ", 1e21},
                                {"エクサ", 1e18}, {"ペタ", 1e15}, {"テラ", 1e12}, {"ギガ", 1e9},  {"Y", 1e24},   {"Z", 1e21},
                                {"E", 1e18},      {"P", 1e15},    {"T", 1e12},    {"G", 1e9},     {"M", 1e6},    {"K", 1e3},
                                {"", 1},          {"", 1},        {"", 1}};

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
    bool per_second = false;
    for (const std::string_view word : {" per second", "/second", "/sec", "/秒", "/s"})
      if (!per_second && word_at(s, end, word) && !at(s, end, "/s-day")) {
        per_second = true;
        end += word.size();
      }
    if (at(s, end, "/s-day")) return std::nullopt;
    if (at(s, skip_spaces(s, end), "per token") || at(s, end, "/token") || at(s, end, "/トークン"))
      return Unit{Kind::other, prefix.factor, end};
    return Unit{per_second || total < 1e17 ? Kind::rate : Kind::flops, prefix.factor, end};
  }
  return std::nullopt;
}

}  // namespace

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
  n.exact = decimals < 0;
  // 92,000 is given to the thousand; 30 to the one: two digits at least are meant
  if (decimals < 0)
    for (std::size_t k = digits.size(); k-- > 2 && digits[k] == '0';) n.step *= 10;
  if (const std::size_t over = i + std::string_view("分の").size();
      n.exact && n.value > 0 && at(s, i, "分の") && over < s.size() && digit(s[over])) {
    if (const auto part = read_number(s, over)) {
      n.value = part->value / n.value;
      n.step = n.value * .01;
      n.fraction = true;
      n.end = part->end;
      return n;
    }
  }

  const auto multiply = [&](double factor) {
    n.value *= factor;
    n.step *= factor;
  };
  // 1e23
  if (i + 1 < s.size() && (s[i] == 'e' || s[i] == 'E') &&
      (digit(s[i + 1]) || ((s[i + 1] == '+' || s[i + 1] == '-') && i + 2 < s.size() && digit(s[i + 2])))) {
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
    if (!exponent || *exponent < -300 || *exponent > 300 || (at(s, k, ".") && k + 1 < s.size() && digit(s[k + 1])))
      return std::nullopt;
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
    if (star < s.size() &&
        (s[star] == '*' || (s[star] == 'x' && star > i && star + 1 < s.size() && (s[star + 1] == ' ' || s[star + 1] == '1')))) {
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
    const double factor = c == 'K' || c == 'k' ? 1e3 : c == 'M' ? 1e6 : c == 'B' || c == 'G' ? 1e9 : c == 'T' ? 1e12 : 0;
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
    static constexpr Prefix kJapanese[] = {{"千億", 1e11}, {"百億", 1e10}, {"十億", 1e9}, {"千万", 1e7},
                                           {"百万", 1e6},  {"十万", 1e5},  {"京", 1e16},  {"兆", 1e12},
                                           {"億", 1e8},    {"万", 1e4},    {"千", 1e3}};
    k = skip_spaces(s, i);
    for (const Prefix& word : kJapanese) {
      if (n.suffixed || !at(s, k, word.text)) continue;
      multiply(word.factor);
      n.suffixed = true;
      i = k + word.text.size();
      // 3兆5000億
      if (i < s.size() && digit(s[i]))
        if (const auto rest = read_number(s, i);
            rest && rest->value < word.factor && (rest->suffixed || (word.factor == 1e4 && rest->value >= 100))) {
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
  if (number.fraction) return {Kind::factor, 1, at(s, i, "倍") ? i + 3 : from};
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
    if (word.text == "x" && i + 1 < s.size() && (digit(s[i + 1]) || (s[i + 1] == ' ' && i + 2 < s.size() && digit(s[i + 2]))))
      continue;
    if (word.text.size() == 1 && letter(word.text[0]) && word.text != "x" && i > from && number.suffixed) continue;
    if (word.text == "分" && at(s, i, "分の")) continue;
    return {word.kind, word.factor, i + word.text.size()};
  }
  if (number.suffixed) {
    if (at(s, i, "想定モデル")) return {Kind::params, 1, i + std::string_view("想定モデル").size()};
    for (const std::string_view word :
         {"モデル", "models", "model", "規模", "クラス", "LLM", "dense", "Transformer", "transformer"})
      if (word_at(s, i, word)) return {Kind::params, 1, i + word.size()};
  }
  return {Kind::none, 1, from};
}

}  // namespace isoflop::plan
