// Reads an expression and finds the sides of an equation. Claims checker only.
#pragma once

#include <cmath>
#include <vector>

#include "base/math.h"
#include "plan/claims_arithmetic.h"
#include "plan/claims_words.h"

namespace isoflop::plan {

inline bool wide(char c) {
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
      const bool joined = sign == '+' && i_ == back && i_ + 1 < until_ && (digit(s_[i_ + 1]) || s_[i_ + 1] == '(');  // 1+1
      if ((sign != '+' && sign != '-') || !(spaced || joined)) {
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
      if (op == '/' && now() == '-') {  // 14/-1/-1 of a log
        i_ = back;
        break;
      }
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
        if (left->unit.kind == Kind::seconds) left->time = left->unit.factor;
        if (right->unit.kind == Kind::seconds) left->time = right->unit.factor;
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
    return std::isnan(v.value) ? std::nullopt : std::optional(v);
  }

  std::optional<Value> atom() {
    spaces();
    if (now() == '-' && i_ + 1 < until_ && (digit(s_[i_ + 1]) || s_[i_ + 1] == '(' || s_[i_ + 1] == '.')) {
      ++i_;
      auto v = atom();
      if (v) v->value = -v->value;
      return v;
    }
    for (const std::string_view function : {"ln", "exp"})
      if (at(s_, i_, function) && i_ + function.size() < until_ &&
          (s_[i_ + function.size()] == '(' || s_[i_ + function.size()] == ' ')) {
        i_ += function.size();
        auto v = atom();
        if (!v || (function == "ln" && !(v->value > 0))) return std::nullopt;
        constexpr double kLargest = 700;
        v->value = function == "ln" ? log_(v->value) : v->value > kLargest ? HUGE_VAL : exp_(v->value);
        ++v->operators;
        v->product = false;
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
      if (v.unit.kind == Kind::flops || v.unit.kind == Kind::rate || v.unit.kind == Kind::bytes || v.unit.kind == Kind::other ||
          v.unit.kind == Kind::watt_hours || v.unit.kind == Kind::watts) {
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
    const auto hyphen = [&] { return s_[k] == '-' && k > i_ && letter(s_[k - 1]) && k + 1 < until_ && letter(s_[k + 1]); };
    while (k < until_ && (s_[k] == ' ' || wide(s_[k]) || letter(s_[k]) || hyphen()) && k - i_ < 32 && !at(s_, k, "→")) ++k;
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

/// The sides of an equation or a chain: what stands between its signs.
struct Segment {
  std::size_t begin = 0, end = 0;
};
[[nodiscard]] std::vector<Segment> segments(const std::string& s);

}  // namespace isoflop::plan
