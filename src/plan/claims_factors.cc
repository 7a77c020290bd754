// How many times: from one number to another, and what more compute makes of parameters and tokens.
#include <algorithm>
#include <cmath>
#include <set>

#include "base/math.h"
#include "plan/claims_rules.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

struct Subject {
  bool compute = false, params = false, tokens = false;
  [[nodiscard]] bool any() const { return compute || params || tokens; }
};

Subject subject_of(const std::string& s) {
  return {.compute = mentions_any(s, {"compute", "FLOPs", "FLOP", "計算量", "計算資源", "計算予算", "予算", "budget"}),
          .params = mentions_any(s, {"parameters", "params", "parameter", "model", "as large", "as big", "bigger", "larger",
                                     "パラメータ", "モデルサイズ", "モデル規模"}),
          .tokens = mentions_any(s, {"tokens", "data", "text", "トークン", "データ", "as many"})};
}

/// What a factor multiplies: the words behind it in English, before it in Japanese.
Subject multiplied(const std::string& s, const std::vector<Quantity>& factors, std::size_t i) {
  const std::size_t from = i == 0 ? 0 : factors[i - 1].end, until = i + 1 < factors.size() ? factors[i + 1].begin : s.size();
  const std::string before = s.substr(from, factors[i].begin - from);
  std::string behind = s.substr(factors[i].end, until - factors[i].end);
  if (const std::size_t stop = behind.find_first_of(",:→"); stop != std::string::npos) behind.resize(stop);
  const bool japanese = std::any_of(before.begin(), before.end(), [](char c) { return static_cast<unsigned char>(c) >= 0xE3; });
  const Subject first = subject_of(japanese ? before : behind), second = subject_of(japanese ? behind : before);
  return first.any() ? first : second;
}

/// A word that stands for a factor (doubled, a third), at its place.
std::optional<Quantity> factor_word(const std::string& s) {
  struct Word {
    std::string_view text;
    double factor;
  };
  for (const Word& word : {Word{"doubled", 2},
                           Word{"doubles", 2},
                           Word{"doubling", 2},
                           Word{"tripled", 3},
                           Word{"triples", 3},
                           Word{"quadrupled", 4},
                           Word{"twice", 2},
                           Word{"three times", 3},
                           Word{"four times", 4},
                           Word{"five times", 5},
                           Word{"six times", 6},
                           Word{"eight times", 8},
                           Word{"ten times", 10},
                           Word{"by half", .5},
                           Word{"in half", .5},
                           Word{"halved", .5},
                           Word{"halves", .5},
                           Word{"two thirds", 2.0 / 3},
                           Word{"two-thirds", 2.0 / 3},
                           Word{"three quarters", .75},
                           Word{"one third", 1.0 / 3},
                           Word{"a third", 1.0 / 3},
                           Word{"one-third", 1.0 / 3},
                           Word{"a quarter", .25},
                           Word{"one quarter", .25},
                           Word{"a fifth", .2},
                           Word{"one fifth", .2},
                           Word{"a tenth", .1},
                           Word{"one tenth", .1}})
    if (const std::size_t i = find_word(s, word.text); i != std::string::npos) {
      Quantity q;
      q.kind = Kind::factor;
      q.value = q.raw = word.factor;
      q.step = .1 * word.factor;
      q.begin = i;
      q.number_end = q.end = i + word.text.size();
      return q;
    }
  return std::nullopt;
}

bool speaks_of_another(const std::string& s) {
  return mentions_any(
      s, {"perplexity", "PPL",    "パープレキシティ", "loss",       "損失",  "compute", "計算量", "cost",     "costs",
          "費用",       "コスト", "accuracy",         "精度",       "speed", "速度",    "tokens", "トークン", "parameters",
          "パラメータ", "memory", "メモリ",           "throughput", "time",  "期間",    "size",   "sizes"});
}

/// "from 16 to 8", "16から8へ", "16 → 8": the indices of the two.
std::optional<std::pair<std::size_t, std::size_t>> pair_named(const std::string& s, const std::vector<Quantity>& numbers) {
  std::optional<std::pair<std::size_t, std::size_t>> found;
  const auto end_of = [](const Quantity& q) { return std::max(q.end, q.number_end); };
  for (std::size_t a = 0; a < numbers.size(); ++a)
    for (std::size_t b = a + 1; b < numbers.size(); ++b) {
      if (numbers[b].begin < end_of(numbers[a])) continue;
      const std::string joined = s.substr(end_of(numbers[a]), numbers[b].begin - end_of(numbers[a]));
      const bool bare = numbers[a].kind == Kind::none && joined == " to ";  // from 4M to 1M tokens
      const bool kinds =
          (bare || numbers[a].kind == numbers[b].kind) && numbers[a].kind != Kind::factor && numbers[a].kind != Kind::percent;
      if (!kinds || (numbers[a].kind == Kind::none && numbers[b].begin > end_of(numbers[a]) + 12)) continue;
      const std::string before = s.substr(0, numbers[a].begin),
                        between = s.substr(end_of(numbers[a]), numbers[b].begin - end_of(numbers[a]));
      const bool english = mentions(before, "from") && mentions(between, "to");
      const bool japanese = between.find("から") != std::string::npos && between.find("。") == std::string::npos;
      if (!english && !japanese) continue;
      if (found) return std::nullopt;
      found = {a, b};
    }
  return found;
}

}  // namespace

void Checker::growth(const Scene& scene) {
  const auto pair = pair_named(scene.text, scene.numbers);
  if (!pair) return;
  const Quantity &first = scene.numbers[pair->first], &second = scene.numbers[pair->second];
  const bool bare = first.kind != second.kind;
  const double from = bare ? first.raw : first.value, to = bare ? second.raw : second.value;
  if (!(from > 0 && to > 0) || from == to) return;
  std::vector<Quantity> claims;
  for (const Quantity& q : scene.numbers)
    if ((q.kind == Kind::factor || (q.kind == Kind::percent && !q.utilisation)) && q.value > 0 && !is_term(q))
      claims.push_back(q);
  if (claims.empty())
    if (const auto word = factor_word(scene.text)) claims.push_back(*word);
  if (claims.size() != 1 || judged(scene, claims[0].value)) return;
  // 47 % in brackets of its own: of something else
  const std::string ahead = scene.text.substr(0, claims[0].begin);
  const bool inside = std::count(ahead.begin(), ahead.end(), '(') > std::count(ahead.begin(), ahead.end(), ')');
  if (inside && ahead.rfind('(') != skip_spaces(scene.text, std::max(second.end, second.number_end))) return;
  // from 2.0 to 1.8 nats the perplexity falls by 18 %: of something else
  const std::size_t behind = std::max(second.end, second.number_end);
  if (claims[0].begin > behind && speaks_of_another(scene.text.substr(behind, claims[0].begin - behind))) return;
  if (at(scene.text, skip_spaces(scene.text, claims[0].end), "that of")) return;
  const Quantity& q = claims[0];
  const double times = to / from;
  std::vector<double> meant{times, 1 / times};
  if (q.kind == Kind::percent) {
    // fell by 45 %, to 55 %
    const std::string before = scene.text.substr(0, q.begin);
    const bool share = before.ends_with(" to ") || before.ends_with("to about ") ||
                       at(scene.text, skip_spaces(scene.text, q.end), "of ") || at(scene.text, q.end, "に") ||
                       at(scene.text, q.end, "の");
    meant = {100 * std::abs(times - 1)};
    if (share) meant = {100 * times, 100 / times, meant[0]};
  }
  if (q.kind == Kind::percent && mentions_any(scene.text, {"faster", "speed-up", "speedup", "高速化"}))
    meant.push_back(100 * std::abs(1 / times - 1));
  const auto value = *std::min_element(meant.begin(), meant.end(), [&](double a, double b) {
    return std::abs(log_(q.value / std::max(a, 1e-12))) < std::abs(log_(q.value / std::max(b, 1e-12)));
  });
  const auto& [a, b] = *pair;
  const double slack = q.kind == Kind::percent
                           ? (scene.numbers[a].step / from + scene.numbers[b].step / to) / 2 / std::max(std::abs(times - 1), .01)
                           : slack_of(scene.numbers[a]) + slack_of(scene.numbers[b]);
  // what did not change in the way the words say is read the plain way
  const double shown =
      std::abs(q.value / value - 1) <= std::clamp(tolerance_of(q) + slack, kLeastTolerance, kMostTolerance) ? value : meant[0];
  current_ = &q;
  say(scene, "ratio", q.value, shown, tolerance_of(q) + slack,
      "from " + short_number(from) + " to " + short_number(to) + ": " + short_number(times) + " times", true);
  current_ = nullptr;
}

void Checker::scaling(const Scene& scene) {
  std::vector<Quantity> factors;
  for (const Quantity& q : scene.numbers)
    if (q.kind == Kind::factor && q.value > 1) factors.push_back(q);
  if (factors.size() < 2 || factors.size() > 3 || mentions_any(scene.text, {"loss", "損失", "perplexity"})) return;
  const Quantity *c = nullptr, *n = nullptr, *d = nullptr;
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const Subject subject = multiplied(scene.text, factors, i);
    if (subject.compute && !subject.params && !subject.tokens) {
      if (c != nullptr) return;
      c = &factors[i];
      continue;
    }
    if (subject.params && n == nullptr) n = &factors[i];
    if (subject.tokens && d == nullptr) d = &factors[i];
  }
  if (c == nullptr || (n == nullptr && d == nullptr) || judged(scene, (d != nullptr ? d : n)->value)) return;
  if (n != nullptr && d != nullptr) {
    // C = 6 N D: their product is the factor of the compute
    const bool one = n == d;
    const Quantity& q = *(one || d->begin > n->begin ? d : n);
    const double value = one ? std::sqrt(c->value) : c->value / (&q == d ? n : d)->value;
    current_ = &q;
    say(scene, "scaling", q.value, value,
        tolerance_of(q) + (one ? 0 : slack_of(*(&q == d ? n : d)) + tolerance_of(*(&q == d ? n : d)) / 2),
        "C = 6 N D: " + short_number(c->value) + " times the compute are " +
            short_number(one ? value : (&q == d ? n : d)->value) + " x " + short_number(value),
        true);
    current_ = nullptr;
    return;
  }
  const Quantity& q = n != nullptr ? *n : *d;
  // twice the tokens make twice the compute: the other is left as it is
  if (c->begin > q.begin) {
    if (std::abs(c->value / q.value - 1) <= tolerance_of(*c))
      add(scene, "scaling", c->value, q.value, ClaimVerdict::agrees, "C = 6 N D");
    return;
  }
  const auto stated = allocation_.find(n != nullptr ? 'N' : 'D');
  const bool kaplan = mentions_any(scene.text, {"Kaplan"});
  const double implied = log_(q.value) / log_(c->value), least = n != nullptr ? .40 : .24, most = n != nullptr ? .76 : .60;
  // without a law in the text: any that was published will do (N ~ C^.45 to C^.73)
  if (stated == allocation_.end() && !speaks_of_rule_ && !kaplan && implied >= least && implied <= most)
    return add(scene, "scaling", q.value, q.value, ClaimVerdict::agrees,
               "an exponent of " + short_number(implied) + " is one that was published");
  const double power = stated != allocation_.end() ? stated->second : kaplan ? (n != nullptr ? .73 : .27) : .5;
  const double value = pow_(c->value, power);
  current_ = &q;
  say(scene, "scaling", q.value, value, tolerance_of(q),
      short_number(c->value) + "^" + short_number(power) + " = " + short_number(value), true);
  current_ = nullptr;
}

/// N ∝ C^0.73
void Checker::allocation(const Scene& scene) {
  for (const char of : {'N', 'D'}) {
    for (std::size_t i = scene.text.find("C^"); i != std::string::npos; i = scene.text.find("C^", i + 1)) {
      std::size_t k = i + 2;
      if (k < scene.text.size() && scene.text[k] == '(') ++k;
      const auto power = read_number(scene.text, k);
      const std::size_t sign = scene.text.rfind("∝", i);
      if (!power || !(power->value > 0 && power->value < 1) || sign == std::string::npos || i - sign > 6) continue;
      std::string left = scene.text.substr(sign >= 12 ? sign - 12 : 0, std::min<std::size_t>(sign, 12));
      while (!left.empty() && (left.back() == ' ' || left.back() == '*')) left.pop_back();
      for (const std::string_view subscript : {"_opt", "^"})
        if (left.ends_with(subscript)) left.resize(left.size() - subscript.size());
      if (!left.empty() && left.back() == of) allocation_[of] = power->value;
    }
  }
}

}  // namespace isoflop::plan
