#include "plan/claims_arithmetic.h"

#include <algorithm>
#include <cmath>

#include "base/math.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

bool wide(char c) {
  return static_cast<unsigned char>(c) >= 0x80;
}

/// What N, D and C stand for; empty: letters are no numbers.
struct Symbols {
  double n = 0, d = 0, c = 0;
  double literal_scale = 1;  ///< on every number above 1 that is not an exponent
};

class Reader {
 public:
  Reader(const std::string& s, std::size_t i, std::size_t until, const Symbols* symbols)
      : s_(s), i_(i), until_(until), symbols_(symbols) {}

  std::optional<Value> read() {
    const auto value = sum();
    if (!value) return std::nullopt;
    Value v = *value;
    v.end = i_;
    return v;
  }
  [[nodiscard]] std::size_t position() const { return i_; }
  [[nodiscard]] const std::vector<double>& literals() const { return literals_; }

 private:
  void spaces() {
    while (i_ < until_ && s_[i_] == ' ') ++i_;
  }
  [[nodiscard]] char now() const { return i_ < until_ ? s_[i_] : '\0'; }

  std::optional<Value> sum() {
    auto left = product();
    while (left) {
      const std::size_t back = i_;
      spaces();
      const char sign = now();
      const bool spaced = i_ > back && i_ + 1 < until_ && s_[i_ + 1] == ' ';
      if ((sign != '+' && sign != '-') || !spaced) {
        i_ = back;
        break;
      }
      ++i_;
      spaces();
      const auto right = product();
      if (!right) {
        i_ = back;
        break;
      }
      left->value += sign == '+' ? right->value : -right->value;
      left->operators += right->operators + 1;
      left->product = false;
      left->factors.clear();
    }
    return left;
  }

  std::optional<Value> product() {
    auto left = power();
    while (left) {
      const std::size_t back = i_;
      spaces();
      char op = now();
      if (op == 'x' && i_ > back && i_ + 1 < until_ && s_[i_ + 1] == ' ') op = '*';
      const bool implied = symbols_ != nullptr && (op == '(' || op == 'N' || op == 'D' || op == 'C');
      if (op != '*' && op != '/' && !implied) {
        i_ = back;
        break;
      }
      if (!implied) ++i_;
      spaces();
      const auto right = power();
      if (!right || (op == '/' && right->value == 0)) {
        i_ = back;
        break;
      }
      if (op == '/') {
        left->duration = left->value >= 1e15 && right->value >= 1e9;
        left->value /= right->value;
        left->product = false;
      } else {
        left->value *= right->value;
        const bool plain = (left->operators == 0 || left->product) && right->operators == 0;
        if (left->operators == 0) left->factors = {left->value / right->value};
        left->factors.push_back(right->value);
        left->product = plain;
      }
      left->operators += right->operators + 1;
    }
    return left;
  }

  std::optional<Value> power() {
    auto base = atom();
    if (!base || now() != '^') return base;
    const std::size_t back = i_;
    ++i_;
    const bool brace = now() == '(';
    if (brace) ++i_;
    ++depth_;
    auto exponent = brace ? sum() : atom();
    --depth_;
    spaces();
    if (!exponent || (brace && now() != ')') || !(base->value > 0)) {
      i_ = back;
      return base;
    }
    if (brace) ++i_;
    Value v;
    v.value = pow_(base->value, exponent->value);
    v.operators = base->operators + exponent->operators + 1;
    return std::isfinite(v.value) ? std::optional(v) : std::nullopt;
  }

  std::optional<Value> atom() {
    spaces();
    if (now() == '-' && i_ + 1 < until_ && (digit(s_[i_ + 1]) || s_[i_ + 1] == '(' || s_[i_ + 1] == '.')) {
      ++i_;
      auto v = atom();
      if (v) v->value = -v->value;
      return v;
    }
    if (at(s_, i_, "sqrt")) {
      i_ += 4;
      auto v = atom();
      if (!v || !(v->value >= 0)) return std::nullopt;
      v->value = std::sqrt(v->value);
      ++v->operators;
      v->product = false;
      return v;
    }
    if (now() == '(') {
      ++i_;
      auto v = sum();
      spaces();
      if (!v || now() != ')') return std::nullopt;
      ++i_;
      if (v->operators > 0) v->product = false;
      trailing_words();
      return v;
    }
    return symbols_ != nullptr && !digit(now()) ? symbol() : number();
  }

  std::optional<Value> symbol() {
    const char c = now();
    if (c != 'N' && c != 'D' && c != 'C') return std::nullopt;
    const char next = i_ + 1 < until_ ? s_[i_ + 1] : ' ';
    if (next == '_' || (letter(next) && next != 'N' && next != 'D' && next != 'C')) return std::nullopt;
    ++i_;
    Value v;
    v.value = c == 'N' ? symbols_->n : c == 'D' ? symbols_->d : symbols_->c;
    return v;
  }

  std::optional<Value> number() {
    const auto n = read_number(s_, i_);
    if (!n || n->end > until_) return std::nullopt;
    Value v;
    v.value = v.raw = n->value;
    v.step = n->step;
    v.begin = n->begin;
    i_ = n->end;
    if (symbols_ != nullptr) {
      if (depth_ == 0 && n->value > 1) {
        literals_.push_back(n->value);
        v.value *= symbols_->literal_scale;
      }
      return v;
    }
    v.unit = read_unit(s_, i_, *n);
    if (v.unit.kind == Kind::devices && i_ < v.unit.end && s_.find('*', i_) < v.unit.end) v.unit = {};  // 256 * A100: no factor
    if (v.unit.kind != Kind::none && v.unit.end <= until_) {
      i_ = v.unit.end;
      if (v.unit.kind == Kind::flops || v.unit.kind == Kind::rate || v.unit.kind == Kind::bytes || v.unit.kind == Kind::other) {
        v.value *= v.unit.factor;
        v.step *= v.unit.factor;
        v.unit.factor = 1;
      }
    } else if (i_ < until_ && letter(s_[i_])) {
      return std::nullopt;  // 6ND, 20N
    }
    trailing_words();
    return v;
  }

  /// 32 バッチ * 256: a word between a number and an operator is passed over.
  void trailing_words() {
    std::size_t k = i_;
    while (k < until_ && (s_[k] == ' ' || wide(s_[k]) || letter(s_[k])) && k - i_ < 32 && !at(s_, k, "→")) ++k;
    if (k == i_ || k >= until_ || (s_[k] != '*' && s_[k] != '/')) return;
    std::size_t next = k + 1;
    while (next < until_ && s_[next] == ' ') ++next;
    if (next < until_ && (digit(s_[next]) || s_[next] == '(' || s_[next] == '$')) i_ = k;
  }

  const std::string& s_;
  std::size_t i_, until_;
  const Symbols* symbols_;
  int depth_ = 0;
  std::vector<double> literals_;
};

struct Segment {
  std::size_t begin = 0, end = 0;
};

constexpr std::string_view kSeparators[] = {
    "=",        "~",       "→",          "は約",     " is about ",     " is roughly ", " is approximately ",
    " equals ", " gives ", " comes to ", " yields ", " works out to ", " or about ",   " or roughly ",
    "で約",     "、約",    ", about ",   " is ",     "、つまり",       ", i.e. "};

std::vector<Segment> segments(const std::string& s) {
  std::vector<Segment> all;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < s.size();) {
    std::size_t length = 0;
    for (const std::string_view word : kSeparators)
      if (at(s, i, word)) length = std::max(length, word.size());
    if (length == 1 && s[i] == '=' && i > 0 && (s[i - 1] == '<' || s[i - 1] == '>' || s[i - 1] == '!')) length = 0;
    if (length == 0) {
      ++i;
      continue;
    }
    if (i > begin || !all.empty() || i == 0) all.push_back({begin, i});
    i += length;
    while (i < s.size() && (s[i] == ' ' || s[i] == '=' || s[i] == '~')) ++i;  // "= ~"
    begin = i;
  }
  all.push_back({begin, s.size()});
  return all;
}

/// The longest expression that ends the segment.
std::optional<Value> suffix_expression(const std::string& s, Segment g) {
  while (g.end > g.begin && (s[g.end - 1] == ' ' || s[g.end - 1] == '(' || s[g.end - 1] == ',')) --g.end;
  for (std::size_t i = g.begin; i < g.end; ++i) {
    const bool starts = digit(s[i]) || s[i] == '(' || at(s, i, "sqrt") || (s[i] == '-' && i + 1 < g.end && digit(s[i + 1]));
    if (!starts) continue;
    if (i > g.begin &&
        (letter(s[i - 1]) || digit(s[i - 1]) || s[i - 1] == '.' || s[i - 1] == '^' || s[i - 1] == '_' || s[i - 1] == ')'))
      continue;
    if (i > g.begin && s[i - 1] == '-' && i > g.begin + 1 && s[i - 2] != ' ') continue;
    auto v = read_expression(s, i, g.end);
    if (!v) continue;
    std::size_t rest = v->end;
    while (rest < g.end && (s[rest] == ' ' || wide(s[rest]) || letter(s[rest]))) ++rest;  // words after it
    if (rest != g.end || g.end - v->end > 24) continue;
    if (v->operators == 0 && s.find_first_not_of(' ', v->end) < g.end) continue;  // 2 s tasks in ~9 s
    // an operator before it would make it a part of something that was not understood
    std::size_t before = i;
    while (before > g.begin && s[before - 1] == ' ') --before;
    if (before > g.begin && (s[before - 1] == '*' || s[before - 1] == '/' || s[before - 1] == '^')) return std::nullopt;
    v->begin = i;
    return v;
  }
  return std::nullopt;
}

/// The expression that begins the segment, after 約 and the like.
std::optional<Value> prefix_expression(const std::string& s, Segment g) {
  std::size_t i = g.begin;
  for (bool again = true; again;) {
    again = false;
    for (const std::string_view word :
         {" ", "約", "およそ", "about ", "approximately ", "roughly ", "around ", "~", "=", "$", "some ", "only "})
      if (i < g.end && at(s, i, word)) {
        i += word.size();
        again = true;
      }
  }
  auto v = read_expression(s, i, g.end);
  if (v) v->begin = i;
  return v;
}

}  // namespace

std::optional<Value> read_expression(const std::string& s, std::size_t from, std::size_t until) {
  auto v = Reader(s, from, until, nullptr).read();
  if (v) v->begin = from;
  return v;
}

std::vector<Equality> equalities(const std::string& s, std::optional<Value>& carried) {
  std::vector<Equality> all;
  const auto parts = segments(s);
  std::optional<Value> last;
  std::string last_text;
  for (std::size_t k = 0; k < parts.size(); ++k) {
    std::optional<Value> left = last;
    std::string left_text = last_text;
    const std::size_t first = s.find_first_not_of(' ');
    if (k == 1 && parts[0].end <= first && (s[first] == '=' || s[first] == '~') && carried) {
      left = carried;  // a line that begins with = goes on with the one before
      left_text = "the value above";
    }
    const auto right = k == 0 ? std::nullopt : prefix_expression(s, parts[k]);
    if (k > 0 && !left) {
      left = suffix_expression(s, parts[k - 1]);
      if (left) left_text = s.substr(left->begin, left->end - left->begin);
    }
    if (left && right) {
      const bool same_kind =
          left->unit.kind != Kind::none && left->unit.kind == right->unit.kind && left->operators == 0 &&
          (left->unit.kind == Kind::seconds || left->unit.kind == Kind::device_seconds || left->unit.kind == Kind::flops);
      const bool carried_time = left->operators == 0 && left_text == "the value above" && left->unit.kind == Kind::seconds &&
                                right->unit.kind == Kind::seconds;
      if (left->operators > 0 || same_kind || carried_time)
        all.push_back({*left, *right, left_text, s.substr(right->begin, right->end - right->begin),
                       s.find("→", parts[k - 1].end) < parts[k].begin});
    }
    last = right;
    last_text = right ? s.substr(right->begin, right->end - right->begin) : "";
    if (k == 0 || !right) {
      last = k + 1 < parts.size() ? suffix_expression(s, parts[k]) : std::nullopt;
      last_text = last ? s.substr(last->begin, last->end - last->begin) : "";
    } else if (right->end < parts[k].end && k + 1 < parts.size()) {
      // the next comparison is with what ends this part
      const auto ending = suffix_expression(s, parts[k]);
      if (ending && ending->operators > right->operators && ending->begin > right->end) {
        last = ending;
        last_text = s.substr(ending->begin, ending->end - ending->begin);
      }
    }
    if (right) carried = right;
  }
  if (parts.size() == 1) carried.reset();
  return all;
}

std::vector<Formula> formulas(const std::string& s) {
  std::vector<Formula> all;
  const auto parts = segments(s);
  for (std::size_t k = 0; k + 1 < parts.size(); ++k) {
    // the left side is one letter, perhaps with a subscript opt
    std::size_t end = parts[k].end;
    while (end > parts[k].begin && s[end - 1] == ' ') --end;
    for (const std::string_view sub : {"_opt", "_{opt}", "*", "^*"})
      if (end - parts[k].begin >= sub.size() && s.compare(end - sub.size(), sub.size(), sub) == 0) end -= sub.size();
    if (end == parts[k].begin) continue;
    const char symbol = s[end - 1];
    if (symbol != 'N' && symbol != 'D' && symbol != 'C') continue;
    const char before = end - 1 == parts[k].begin ? ' ' : s[end - 2];
    if (letter(before) || digit(before) || before == '_' || before == '*' || before == '/' || before == '(' || before == ')' ||
        before == ',')
      continue;
    const auto evaluate = [&](const Symbols& symbols, std::size_t* stopped,
                              std::vector<double>* literals) -> std::optional<double> {
      std::size_t i = parts[k + 1].begin;
      while (i < parts[k + 1].end && s[i] == ' ') ++i;
      Reader reader(s, i, parts[k + 1].end, &symbols);
      const auto v = reader.read();
      if (!v || !(v->value > 0) || !std::isfinite(v->value)) return std::nullopt;
      if (stopped != nullptr) *stopped = reader.position();
      if (literals != nullptr) *literals = reader.literals();
      return v->value;
    };
    const double n = 1e9;
    const Symbols any_d{.n = n, .d = 3.7 * n, .c = 6 * n * 3.7 * n}, other_d{.n = n, .d = 53 * n, .c = 6 * n * 53 * n},
        rule{.n = n, .d = 20 * n, .c = 120 * n * n};
    const auto of = [&](const Symbols& x) { return symbol == 'N' ? x.n : symbol == 'D' ? x.d : x.c; };
    std::size_t stopped = 0;
    std::vector<double> literals;
    const auto any = evaluate(any_d, &stopped, &literals);
    const auto with_rule = evaluate(rule, nullptr, nullptr);
    if (!any || !with_rule) continue;
    const std::string right = s.substr(parts[k + 1].begin, stopped - parts[k + 1].begin);
    if (right.find_first_of("NDC") == std::string::npos) continue;
    if (stopped < s.size() &&
        (letter(s[stopped]) || s[stopped] == '_' || s[stopped] == '^' || s[stopped] == '*' || s[stopped] == '('))
      continue;  // 2NL, 6ND^..
    Formula f;
    f.text = std::string(1, symbol) + " = " + right;
    const auto near_one = [](double ratio) { return std::abs(ratio - 1) <= .12; };
    const auto other = evaluate(other_d, nullptr, nullptr);
    f.holds = near_one(*any / of(any_d)) && other && near_one(*other / of(other_d));
    f.ratio = *with_rule / of(rule);
    f.holds_with_rule = near_one(f.ratio);
    f.symbol = symbol;
    if (right.find_first_of("ND") == std::string::npos) {
      const auto one = evaluate({.n = 1, .d = 1, .c = 1}, nullptr, nullptr),
                 four = evaluate({.n = 1, .d = 1, .c = 4}, nullptr, nullptr);
      if (one && four) f.of_compute = std::pair{*one, log_(*four / *one) / log_(4)};
    }
    if (literals.size() == 1) {
      f.constant = literals[0];
      for (const double power : {1.0, -1.0, 2.0, -2.0}) {
        Symbols mended_rule = rule;
        mended_rule.literal_scale = pow_(f.ratio, power);
        const auto ruled = evaluate(mended_rule, nullptr, nullptr);
        if (!f.mended && ruled && std::abs(*ruled / of(rule) - 1) < 1e-9) f.mended = literals[0] * mended_rule.literal_scale;
      }
    }
    all.push_back(f);
  }
  return all;
}

}  // namespace isoflop::plan
