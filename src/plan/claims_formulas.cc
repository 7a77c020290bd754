// Formulas in N, D and C against C = 6 N D.
#include <cmath>

#include "base/math.h"
#include "plan/claims_reader.h"

namespace isoflop::plan {

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
