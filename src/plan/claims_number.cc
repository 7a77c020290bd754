// Numbers as texts write them, and their units.
#include "plan/claims_text.h"
#include "plan/claims_vocabulary.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

struct Prefix {
  std::string_view text;
  double factor;
};
constexpr Prefix kPrefixes[] = {{"zetta", 1e21}, {"exa", 1e18},    {"peta", 1e15}, {"tera", 1e12}, {"giga", 1e9},
                                {"ゼタ", 1e21},  {"エクサ", 1e18}, {"ペタ", 1e15}, {"テラ", 1e12}, {"ギガ", 1e9},
                                {"Y", 1e24},     {"Z", 1e21},      {"E", 1e18},    {"P", 1e15},    {"T", 1e12},
                                {"G", 1e9},      {"M", 1e6},       {"K", 1e3},     {"", 1}};

bool begins_with(const std::string& s, std::size_t i, std::string_view word) {
  if (i + word.size() > s.size()) return false;
  for (std::size_t k = 0; k < word.size(); ++k)
    if (lower(s[i + k]) != lower(word[k])) return false;
  return true;
}

/// TFLOPs, ゼタFLOPs, FLOP/s. Below 1e17 it is what a device does in a second, above it what a training takes.
std::optional<Unit> flops_unit(const std::string& s, std::size_t i, double value) {
  for (const Prefix& prefix : kPrefixes) {
    if (!begins_with(s, i, prefix.text)) continue;
    const std::size_t k = i + prefix.text.size();
    std::size_t end = std::string::npos;
    for (const std::string_view word : {"FLOPs", "FLOPS", "FLOP", "フロップス"})
      if (end == std::string::npos && word_at(s, k, word)) end = k + word.size();
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

/// Reads one number from where it begins.
class NumberReader {
 public:
  NumberReader(const std::string& s, std::size_t i) : s_(s), i_(i) { n_.begin = i; }

  std::optional<Number> read() {
    if (!digits()) return std::nullopt;
    if (one_of_so_many()) return n_;
    exponent();
    powers_of_ten();
    magnitude();
    n_.end = i_;
    return n_;
  }

 private:
  [[nodiscard]] bool digit_at(std::size_t k) const { return k < s_.size() && digit(s_[k]); }
  void multiply(double factor) {
    n_.value *= factor;
    n_.step *= factor;
  }

  /// 1,234.5 or 1_234
  bool digits() {
    const bool bare_point = at(s_, i_, ".") && digit_at(i_ + 1);
    if (!digit_at(i_) && !bare_point) return false;
    int decimals = -1;
    for (; i_ < s_.size(); ++i_) {
      const bool group = decimals < 0 && digit_at(i_ + 1) && digit_at(i_ + 2) && digit_at(i_ + 3);
      if (digit(s_[i_])) {
        digits_ += s_[i_];
        if (decimals >= 0) ++decimals;
      } else if (s_[i_] == '.' && decimals < 0 && digit_at(i_ + 1)) {
        digits_ += '.';
        decimals = 0;
      } else if (!group || (s_[i_] != '_' && (s_[i_] != ',' || digit_at(i_ + 4)))) {
        break;
      }
    }
    const auto plain = parse_double(digits_.front() == '.' ? "0" + digits_ : digits_);
    if (!plain) return false;
    n_.value = *plain;
    n_.step = decimals > 0 ? ten_to(-decimals) : 1;
    n_.exact = decimals < 0;
    // 92,000 is given to the thousand; 30 to the one: two digits at least are meant
    if (decimals < 0)
      for (std::size_t k = digits_.size(); k-- > 2 && digits_[k] == '0';) n_.step *= 10;
    return true;
  }

  /// 3分の1
  bool one_of_so_many() {
    static constexpr std::string_view kOf = "分の";
    if (!n_.exact || !(n_.value > 0) || !at(s_, i_, kOf) || !digit_at(i_ + kOf.size())) return false;
    const auto part = read_number(s_, i_ + kOf.size());
    if (!part) return false;
    n_.value = part->value / n_.value;
    n_.step = n_.value * .01;
    n_.fraction = true;
    n_.end = part->end;
    return true;
  }

  /// A power as written, where it is one a double holds.
  static std::optional<double> power_of(std::string_view digits) {
    const auto power = parse_int(digits.starts_with('+') ? digits.substr(1) : digits);
    return power && *power >= -300 && *power <= 300 ? std::optional(ten_to(*power)) : std::nullopt;
  }

  /// 1e23
  void exponent() {
    if (!at(s_, i_, "e") && !at(s_, i_, "E")) return;
    std::size_t k = i_ + 1;
    if (at(s_, k, "+") || at(s_, k, "-")) ++k;
    if (!digit_at(k)) return;
    while (digit_at(k)) ++k;
    if (const auto factor = power_of(std::string_view(s_).substr(i_ + 1, k - i_ - 1))) multiply(*factor);
    i_ = k;
  }

  /// 10^(23) at `k`, and where it ends.
  [[nodiscard]] std::optional<std::pair<double, std::size_t>> power_of_ten(std::size_t k) const {
    if (!at(s_, k, "10^")) return std::nullopt;
    k += 3;
    const bool brace = at(s_, k, "(");
    if (brace) ++k;
    const std::size_t begin = k;
    if (at(s_, k, "-") || at(s_, k, "+")) ++k;
    while (digit_at(k)) ++k;
    const auto factor = power_of(std::string_view(s_).substr(begin, k - begin));
    if (!factor || (at(s_, k, ".") && digit_at(k + 1)) || (brace && !at(s_, k, ")"))) return std::nullopt;
    return std::pair{*factor, brace ? k + 1 : k};
  }

  /// 10^(23), and 3.15 * 10^(23)
  void powers_of_ten() {
    if (digits_ == "10" && at(s_, i_, "^")) {
      const auto power = power_of_ten(i_ - 2);
      if (!power) return;
      n_.value = n_.step = power->first;
      n_.power = true;
      i_ = power->second;
      return;
    }
    const std::size_t star = skip_spaces(s_, i_);
    const bool times = at(s_, star, "*") || (at(s_, star, "x") && star > i_ && (at(s_, star + 1, " ") || at(s_, star + 1, "1")));
    const auto power = times ? power_of_ten(skip_spaces(s_, star + 1)) : std::nullopt;
    if (!power) return;
    multiply(power->first);
    i_ = power->second;
  }

  /// K, M, B, T as they are written in the field, behind a space the last three only: 49.7 t is a mass, 3 m a length.
  void letter_of_magnitude() {
    const std::size_t k = skip_spaces(s_, i_);
    if (k >= s_.size() || k > i_ + 1) return;
    const char c = s_[k], after = k + 1 < s_.size() ? s_[k + 1] : ' ';
    const double factor = c == 'K' || c == 'k' ? 1e3 : c == 'M' ? 1e6 : c == 'B' || c == 'G' ? 1e9 : c == 'T' ? 1e12 : 0;
    const bool ends = k == i_ ? !letter(after) && !digit(after) : after == ' ' && (c == 'B' || c == 'M' || c == 'T');
    if (factor == 0 || !ends) return;
    multiply(factor);
    n_.suffixed = true;
    i_ = k + 1;
  }

  void magnitude() {
    letter_of_magnitude();
    for (const Magnitude& word : magnitudes()) {
      std::size_t k = skip_spaces(s_, i_);
      if (letter(word.text[0]) && at(s_, k, "-")) ++k;
      if (n_.suffixed || !word_at(s_, k, word.text)) continue;
      multiply(word.factor);
      n_.suffixed = true;
      i_ = k + word.text.size();
      // 3兆5000億
      if (letter(word.text[0]) || !digit_at(i_)) continue;
      const auto rest = read_number(s_, i_);
      if (!rest || rest->value >= word.factor || !(rest->suffixed || (word.factor == 1e4 && rest->value >= 100))) continue;
      n_.value += rest->value;
      n_.step = rest->step;
      i_ = rest->end;
    }
  }

  const std::string& s_;
  std::size_t i_;
  std::string digits_;
  Number n_;
};

/// 10x 4: a sign, not "times".
bool multiplies(const std::string& s, std::size_t x) {
  const std::size_t next = x + 1 < s.size() && s[x + 1] == ' ' ? x + 2 : x + 1;
  return next < s.size() && digit(s[next]);
}

}  // namespace

std::optional<Number> read_number(const std::string& s, std::size_t i) {
  return NumberReader(s, i).read();
}

Unit read_unit(const std::string& s, std::size_t from, const Number& number) {
  std::size_t i = skip_spaces(s, from);
  if (number.fraction) return {Kind::factor, 1, at(s, i, "倍") ? i + 3 : from};
  if (const auto flops = flops_unit(s, i, number.value)) return *flops;
  // 256 * A100
  std::size_t k = i;
  if (k < s.size() && (s[k] == '*' || (s[k] == 'x' && k > from))) k = skip_spaces(s, k + 1);
  if (k == i)
    if (const auto time = device_time_at(s, k)) return *time;
  if (const std::size_t end = device_word(s, k); end != std::string::npos) return {Kind::devices, 1, end};
  if (i < s.size() && s[i] == '-' && i == from) ++i;  // 7-billion-parameter, 21-day
  for (const Word& word : words_of(kUnit)) {
    if (word.kind == Kind::devices || !word_at(s, i, word.text)) continue;
    const bool single = word.text.size() == 1 && letter(word.text[0]);
    if (word.text == "x" ? multiplies(s, i) : single && i > from && number.suffixed) continue;
    if (word.text == "分" && at(s, i, "分の")) continue;
    return {word.kind, word.factor, i + word.text.size()};
  }
  // 100* the parameters: a sign before a word is "times"
  if (i == from && at(s, i, "* ") && i + 2 < s.size() && letter(s[i + 2]) && !number.suffixed) return {Kind::factor, 1, i + 1};
  if (number.suffixed) {
    if (at(s, i, "想定モデル")) return {Kind::params, 1, i + std::string_view("想定モデル").size()};
    for (const std::string_view word :
         {"モデル", "models", "model", "base model", "chat model", "dense model", "language model", "language models", "baseline",
          "network", "checkpoint", "variant", "run", "規模", "クラス", "LLM", "dense", "Transformer", "transformer"})
      if (word_at(s, i, word)) return {Kind::params, 1, i + word.size()};
  }
  return {Kind::none, 1, from};
}

}  // namespace isoflop::plan
