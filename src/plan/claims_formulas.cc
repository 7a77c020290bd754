// Formulas in N, D and C against C = 6 N D.
#include <cmath>
#include <limits>

#include "base/math.h"
#include "plan/claims_reader.h"

namespace isoflop::plan {

namespace {

/// The letter that a side of an equation is, perhaps with a subscript opt; none of N, D and C: 0.
char symbol_of(const std::string& s, const Segment& side) {
  std::size_t end = side.end;
  while (end > side.begin && s[end - 1] == ' ') --end;
  for (const std::string_view sub : {"_opt", "_{opt}", "*", "^*"})
    if (end - side.begin >= sub.size() && s.compare(end - sub.size(), sub.size(), sub) == 0) end -= sub.size();
  if (end == side.begin) return 0;
  const char symbol = s[end - 1], before = end - 1 == side.begin ? ' ' : s[end - 2];
  const bool alone = !letter(before) && !digit(before) && std::string_view("_*/(),").find(before) == std::string_view::npos;
  return alone && (symbol == 'N' || symbol == 'D' || symbol == 'C') ? symbol : '\0';
}

}  // namespace

std::vector<Formula> formulas(const std::string& s) {
  std::vector<Formula> all;
  const auto parts = segments(s);
  for (std::size_t k = 0; k + 1 < parts.size(); ++k) {
    const char symbol = symbol_of(s, parts[k]);
    if (symbol == 0) continue;
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

std::vector<FormulaValue> formula_values(const std::string& s) {
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  std::vector<FormulaValue> found;
  Symbols known{.n = kUnknown, .d = kUnknown, .c = kUnknown};
  char of = 0;
  std::optional<FormulaValue> open;
  for (const Segment& side : segments(s)) {
    std::size_t i = side.begin;
    while (i < side.end && s[i] == ' ') ++i;
    const auto number = read_expression(s, i, side.end);
    if (number && number->value > 0) {
      if (open && number->operators == 0) {
        open->claimed = *number;
        found.push_back(*open);
      }
      if (of != 0) (of == 'N' ? known.n : of == 'D' ? known.d : known.c) = number->value;
    }
    open.reset();
    if (!number && of != 0) {
      Reader reader(s, i, side.end, &known);
      const auto value = reader.read();
      const std::string text = s.substr(i, reader.position() - i);
      const bool letters = text.size() > 1 && text.find_first_of("NDC") != std::string::npos;
      if (value && letters && value->value > 0) open = FormulaValue{std::string(1, of) + " = " + text, value->value, {}};
    }
    if (const char next = symbol_of(s, side)) of = next;
  }
  return found;
}

}  // namespace isoflop::plan
