// Numbers of one scene (a sentence, a row) against each other: 6 N D, tokens per parameter, time, money.
#include "plan/claims_rules.h"

#include <algorithm>
#include <cmath>

#include "base/math.h"
#include "isoflop/laws.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

bool speaks_of_inference(const std::string& s) {
  return mentions_any(s, {"inference", "forward", "推論", "順伝播", "フォワード", "finetun", "token per", "per token", "prompt",
                          "prompts", "requests", "queries", "serving", "served", "リクエスト", "応答", "配信"});
}

/// 3 models x 500 steps, about 3 minutes; a = b params * 18: the right side is not what the left comes to.
bool says_something_else(const Equality& e) {
  const Value &l = e.left, &r = e.right;
  const bool timed = l.time != 1 || l.duration || l.unit.kind == Kind::seconds || l.unit.kind == Kind::device_seconds;
  if (e.comma && l.operators > 0 && !timed && r.unit.kind == Kind::seconds) return true;
  if (e.goes_on) return true;
  // a = b / 4 => c: the b
  const auto first = r.operators > 0 ? read_number(e.right_text, 0) : std::nullopt;
  return first && std::abs(first->value / l.value - 1) <= kLeastTolerance;
}

}  // namespace

void Checker::arithmetic(const Scene& scene) {
  terms_.clear();
  literal_ = true;
  for (const Equality& e : equalities(scene.text, carried_)) {
    // what stands right of the sign is the claim
    Quantity right;
    right.begin = spot_ = e.right.begin;
    if (const auto n = read_number(e.right_text, 0); n && e.right.operators == 0) {
      right.raw = n->value;
      right.unit = e.right_text.substr(n->end);
      right.kind = e.right.unit.kind;
      right.value = e.right.value;
      current_ = &right;
    }
    check_equality(scene, e);
    current_ = nullptr;
    spot_ = 0;
    if (e.left.operators > 0) terms_.emplace_back(e.left.begin, e.left.end);
  }
  literal_ = false;
}

namespace {

/// The ways in which the sides may be meant, claimed and computed: bare numbers, or seconds, or a percentage.
std::vector<std::pair<double, double>> meanings_of(const Equality& e) {
  const Value &l = e.left, &r = e.right;
  std::vector<std::pair<double, double>> meant;  // claimed, computed
  const double r_plain = r.value * (r.unit.kind == Kind::seconds || r.unit.kind == Kind::device_seconds ? r.unit.factor : 1);
  const double l_plain = l.value * (l.unit.kind == Kind::seconds || l.unit.kind == Kind::device_seconds ? l.unit.factor : 1);
  const bool times = r.unit.kind == Kind::seconds || r.unit.kind == Kind::device_seconds;
  // 25 days x 64 GPUs are no GPU-hours before they are hours
  const bool converts = std::any_of(l.factors.begin(), l.factors.end(),
                                    [](double x) { return x == 24 || x == 60 || x == 7 || x == 365 || x == 3600 || x == 86400; });
  if (l.operators == 0 && times) {
    meant.emplace_back(r_plain, l_plain);
  } else if (r.unit.kind == Kind::device_seconds && l.time != 1 && l.product && !converts) {
    meant.emplace_back(r_plain, l.value * l.time);
  } else if (times && l.duration) {
    meant.emplace_back(r_plain, l.value);
  } else {
    meant.emplace_back(r.value, l.value);
    if (times) meant.emplace_back(r_plain, l.value);
    if (times) meant.emplace_back(r_plain, l_plain);
    if (times && l.time != 1) meant.emplace_back(r_plain, l.value * l.time);                       // 32 * 14 days
    if (e.right_text.find("Wh") != std::string::npos) meant.emplace_back(r.value / 1e3, l.value);  // of kilowatts
    // 220 kWh x 30 yen; 4,876 + 488 = 5,364万円
    for (const auto& [unit, watt_hours] : {std::pair{"kWh", 1e3}, std::pair{"MWh", 1e6}})
      if (e.left_text.find(unit) != std::string::npos && r.unit.kind != Kind::watt_hours)
        meant.emplace_back(r.value, l.value / watt_hours);
    if (r.unit.kind == Kind::bytes && e.left_text.find(" B") != std::string::npos)
      meant.emplace_back(r.value, l.value / 1e9);  // 4 B
    const auto magnitude = read_number(e.right_text, 0);
    if (magnitude && magnitude->suffixed && e.left_text.find_first_not_of("0123456789.,+-*/ ()") == std::string::npos)
      for (const double factor : {1e3, 1e4, 1e6, 1e8, 1e9, 1e12})
        if (std::abs(r.value / factor / l.value - 1) < kLeastTolerance) meant.emplace_back(r.value, l.value * factor);
    if (r.unit.kind == Kind::percent) meant.emplace_back(r.value / 100, l.value);
    if (r.operators == 0 && r.raw > 0 && r.raw != r.value) meant.emplace_back(r.raw, l.value);
  }
  return meant;
}

}  // namespace

void Checker::check_equality(const Scene& scene, const Equality& e) {
  const Value &l = e.left, &r = e.right;
  if (!std::isfinite(l.value) || !(l.value > 0) || !(r.value > 0)) return check_signs(scene, e);
  if (says_something_else(e)) return;
  const auto meant = meanings_of(e);
  const bool times = r.unit.kind == Kind::seconds || r.unit.kind == Kind::device_seconds;
  const auto distance = [](const std::pair<double, double>& m) { return std::abs(log_(m.first / m.second)); };
  const auto best =
      *std::min_element(meant.begin(), meant.end(), [&](const auto& a, const auto& b) { return distance(a) < distance(b); });
  Quantity written;
  written.value = r.value;
  written.step = r.step;
  const double tolerance = r.step > 0 ? tolerance_of(written) : kLeastTolerance;
  // in the unit of the right side
  std::string unit;
  if (times && r.operators == 0)
    if (const auto n = read_number(e.right_text, 0)) unit = e.right_text.substr(n->end);
  const bool converted = !unit.empty() && std::abs(best.first / r.value - 1) > 1e-9;
  const std::string how = e.left_text + " = " + short_number(converted ? best.second / r.unit.factor : best.second) +
                          (converted || !times ? unit : "");
  // parameters times tokens called FLOPs: a training takes six of them
  const bool agrees = std::abs(best.first / best.second - 1) <= std::clamp(tolerance, kLeastTolerance, kMostTolerance);
  if (times && l.duration && l.operators > 0) at_peak_ = true;
  const bool pair = l.product && l.factors.size() == 2 && l.factors[0] >= 1e6 && l.factors[1] >= 1e6;
  const bool called_flops =
      r.unit.kind == Kind::flops || (mentions_any(scene.text, {"FLOPs", "FLOP", "計算量", "compute"}) && r.value >= 1e15);
  if (pair && called_flops && agrees && !speaks_of_inference(paragraph_text_ + " " + scene.text))
    return say(scene, "flops", r.value, 6 * l.value, kLeastTolerance,
               "training takes C = 6 N D = 6 x " + e.left_text + " = " + short_number(6 * l.value), false);
  // = 504 MWu: a unit that is not known may hold the thousands
  const double decades = log10_of(best.first / best.second);
  const std::size_t word = scene.text.find_first_not_of(' ', r.end);
  if (r.unit.kind == Kind::none && std::abs(decades) > 2.9 && std::abs(decades / 3 - std::round(decades / 3)) < .01 &&
      word != std::string::npos && word <= r.end + 1 && scene.text[word] >= 'A' && scene.text[word] <= 'Z')
    return;
  // what is off by more than anyone errs was not understood; an arrow may mean anything
  const bool whole_decades = std::abs(decades - std::round(decades)) < .05;
  if (!agrees && ((std::abs(decades) > 4 && !whole_decades) || (e.arrow && !(whole_decades && std::abs(decades) < 6.5)))) return;
  const std::string kind = times ? "duration" : r.unit.kind == Kind::flops ? "flops" : "arithmetic";
  say(scene, kind, best.first, best.second, tolerance, how, false);
}

/// 5 - 7 = 2, exp(1000) = 5: no ratio of the sides says how far they are apart.
void Checker::check_signs(const Scene& scene, const Equality& e) {
  const double l = e.left.value, r = e.right.value;
  if (e.arrow || e.left.operators == 0 || !std::isfinite(r) || std::isnan(l)) return;
  const bool beyond = !std::isfinite(l);
  const bool agrees = !beyond && std::abs(l - r) <= std::max(e.right.step, kLeastTolerance * std::abs(l));
  add(scene, "arithmetic", r, beyond ? std::nullopt : std::optional(l), agrees ? ClaimVerdict::agrees : ClaimVerdict::off,
      e.left_text + (beyond ? " is beyond any number" : " = " + short_number(l)));
}

void Checker::symbolic(const Scene& scene) {
  for (const FormulaValue& v : formula_values(scene.text)) {
    Quantity written;
    written.value = v.claimed.value;
    written.step = v.claimed.step;
    say(scene, "formula", v.claimed.value, v.computed, tolerance_of(written) + .02, v.text + " is " + short_number(v.computed),
        true);
  }
  for (const Formula& f : formulas(scene.text)) {
    // with C = 5.76e23: the value put in
    const auto c = input(scene, Kind::flops, scene.text.size());
    const auto result = input(scene, f.symbol == 'N' ? Kind::params : Kind::tokens, scene.text.size());
    const auto here = [&](const std::optional<Quantity>& q) {
      return q && std::any_of(scene.numbers.begin(), scene.numbers.end(),
                              [&](const Quantity& x) { return x.kind == q->kind && x.value == q->value; });
    };
    if (f.of_compute && here(c) && here(result) && !judged(scene, result->value)) {
      const double value = f.of_compute->first * pow_(c->value, f.of_compute->second);
      say(scene, "formula", result->value, value, tolerance_of(*result) + slack_of(*c) / 2,
          f.text + " at C = " + short_number(c->value) + " is " + short_number(value), true);
    }
    if (!(f.ratio > .01 && f.ratio < 100)) continue;                 // letters that stand for something else
    const bool plain_ratio = f.text.find('C') == std::string::npos;  // D = 20 N: a rule, not an identity
    if (plain_ratio && !f.holds_with_rule) continue;
    if (f.text.starts_with("C") && !f.holds && speaks_of_inference(scene.text)) continue;
    if (f.holds || f.holds_with_rule) {
      add(scene, "formula", f.constant, f.constant, ClaimVerdict::agrees,
          f.holds ? "follows from C = 6 N D" : "follows from C = 6 N D and D = 20 N");
      continue;
    }
    std::string how =
        "with C = 6 N D and D = 20 N the right side of " + f.text + " is " + short_number(f.ratio) + " times the left";
    if (f.mended) how += "; the constant must be " + short_number(*f.mended);
    if (f.text.starts_with("N")) how += ": N = C / (6 D), or N = sqrt(C / 120) with D = 20 N";
    add(scene, "formula", f.constant ? f.constant : std::optional(f.ratio), f.constant ? f.mended : std::optional(1.0),
        ClaimVerdict::off, how);
  }
}

void Checker::compute(const Scene& scene, const Quantity& q) {
  constexpr double kLeastCompute = 1e9;  // less is so many times another's
  if (q.recommended || q.value < kLeastCompute || judged(scene, q.value)) return;
  const bool sized = std::any_of(scene.numbers.begin(), scene.numbers.end(),
                                 [](const Quantity& x) { return x.kind == Kind::params || x.kind == Kind::tokens; });
  if (!sized && !scene.row && (scene.text.find("N = ") != std::string::npos || scene.text.find("D = ") != std::string::npos))
    return;  // of its own, in letters
  const auto n = input(scene, Kind::params, q.begin), d = input(scene, Kind::tokens, q.begin);
  // of an earlier paragraph's model only what speaks of its training
  const bool own = std::any_of(scene.numbers.begin(), scene.numbers.end(),
                               [](const Quantity& x) { return x.kind == Kind::params || x.kind == Kind::tokens; });
  const auto of_paragraph = [&](Kind kind) { return known_.contains(kind) && known_.at(kind).line >= paragraph_; };
  const bool old = !scene.row && !own && !of_paragraph(Kind::params) && !of_paragraph(Kind::tokens);
  if (old && n && d) {
    const double ratio = q.value / (6 * n->value * d->value), decades = log10_of(ratio);
    const bool restated = std::abs(decades - std::round(decades)) < .01 && std::abs(decades) < 4;
    const bool of_training =
        mentions_any(scene.text, {"train", "training", "訓練", "学習", "total", "総計算量", "計算量", "requires", "needs"}) &&
        !mentions_any(scene.text, {"day", "per", "日", "あたり", "budget", "予算", "秒", "second"});
    if (!restated && !of_training) return;
  }
  const double rounding = q.step >= q.value * .9 ? .25 : tolerance_of(q);
  if (n && d) {
    const bool inference = speaks_of_inference(scene.text);
    const double c = 6 * n->value * d->value;
    const auto models = models_of(scene);
    for (const KnownModel* m : models)  // a mixture of experts computes with its active parameters
      if (m->facts.active_params && std::abs(6 * *m->facts.active_params * d->value / q.value - 1) < .1)
        return add(scene, "flops", q.value, 6 * *m->facts.active_params * d->value, ClaimVerdict::agrees,
                   "6 x active parameters x tokens");
    if (inference && std::abs(2 * n->value * d->value / q.value - 1) < .15)
      return add(scene, "flops", q.value, 2 * n->value * d->value, ClaimVerdict::agrees, "2 N D of inference");
    if (inference || (!borrowed_.empty() && speaks_of_inference(paragraph_text_))) return;
    // of several one that agrees is the one that follows
    const bool other = std::any_of(scene.numbers.begin(), scene.numbers.end(), [&](const Quantity& x) {
      return x.kind == Kind::flops && x.begin != q.begin && std::abs(x.value / c - 1) <= tolerance_of(x) + .02;
    });
    if (other && std::abs(q.value / c - 1) > rounding + .02) return;
    // a power of ten alone is a round number
    if (q.step >= q.value * .9 && std::abs(q.value / c - 1) <= .25)
      return add(scene, "flops", q.value, c, ClaimVerdict::agrees, "6 N D = " + short_number(c));
    return say(scene, "flops", q.value, c, rounding + slack_of(*n) + slack_of(*d),
               "C = 6 N D = 6 x " + short_number(n->value) + " x " + short_number(d->value) + " = " + short_number(c), true);
  }
  if (mentions_budget(scene.text)) return;
  for (const KnownModel* m : models_of(scene))
    if (m->facts.flops && std::any_of(scene.numbers.begin(), scene.numbers.end(), [&](const Quantity& x) {
          return x.begin != q.begin && std::abs(x.value / *m->facts.flops - 1) < .15;
        }))
      return;  // compared with it
  for (const KnownModel* m : models_of(scene))
    if (m->facts.flops && (spoken_of(scene, *m) || known_.contains(Kind::params)))
      return say(scene, "flops", q.value, *m->facts.flops, tolerance_of(q) + .1,
                 m->facts.name + " took " + short_number(*m->facts.flops) + " (" + m->facts.source + ")", false);
}

void Checker::ratio(const Scene& scene, const Quantity& q) {
  // 50-200 tokens per parameter is a range of nothing
  const auto n = input(scene, Kind::params, q.begin);
  auto d = input(scene, Kind::tokens, q.begin);
  for (const Quantity& x : scene.numbers)
    if (x.kind == Kind::tokens && x.recommended &&
        std::none_of(scene.numbers.begin(), scene.numbers.end(),
                     [](const Quantity& y) { return y.kind == Kind::tokens && !y.recommended; }))
      d = x;
  const auto models = models_of(scene);
  const bool own_n =
      std::any_of(scene.numbers.begin(), scene.numbers.end(), [](const Quantity& x) { return x.kind == Kind::params; });
  if (n && d && !q.recommended) {
    // of a mixture of experts both counts are in use
    const double active = active_of(scene, n->value);
    const double value =
        d->value /
        (std::abs(log_(d->value / active / q.value)) < std::abs(log_(d->value / n->value / q.value)) ? active : n->value);
    return say(scene, "tokens_per_parameter", q.value, value, tolerance_of(q) + slack_of(*n) + slack_of(*d),
               short_number(d->value) + " tokens / " + short_number(n->value) + " parameters = " + short_number(value), true);
  }
  if (mentions(scene.text, "Epoch")) {
    // their law's optimum at the compute of Chinchilla
    const auto& k = published_law("epoch2024").constants;
    const double alpha = k.at("alpha"), beta = k.at("beta"), c = 5.76e23 / 6;
    const double g = pow_(alpha * k.at("A") / (beta * k.at("B")), 1 / (alpha + beta));
    const double value = pow_(c, (alpha - beta) / (alpha + beta)) / (g * g);
    return say(scene, "tokens_per_parameter", q.value, value, tolerance_of(q) + .05,
               "the law of Besiroglu et al. 2024 has " + short_number(value) + " tokens per parameter at 5.76e23 FLOPs", false);
  }
  std::optional<double> nearest;
  std::string whose;
  for (const KnownModel* m : models) {
    if (!m->facts.tokens) continue;
    const double value = *m->facts.tokens / m->facts.active_params.value_or(m->facts.params);
    const bool better = !nearest || std::abs(log_(value / q.value)) < std::abs(log_(*nearest / q.value));
    if (!better) continue;
    nearest = value;
    whose = m->facts.name + ": " + short_number(*m->facts.tokens) + " tokens / " +
            short_number(m->facts.active_params.value_or(m->facts.params));
  }
  // a little above Chinchilla's: compared with it
  const bool compared = mentions_any(scene.text, {"above", "below", "than", "versus", "より"});
  const bool one = (models.size() == 1 && spoken_of(scene, *models[0]) && !compared) || own_n;
  if (nearest && (one || std::abs(*nearest / q.value - 1) < .03))
    return say(scene, "tokens_per_parameter", q.value, *nearest, tolerance_of(q) + .03, whose + " = " + short_number(*nearest),
               false);
  add(scene, "tokens_per_parameter", q.value, std::nullopt, ClaimVerdict::cannot_check,
      "the text states neither parameters nor tokens beside it");
}

void Checker::recommended(const Scene& scene, const Quantity& q) {
  const bool own_ratio = std::any_of(scene.numbers.begin(), scene.numbers.end(),
                                     [](const Quantity& x) { return x.kind == Kind::ratio && std::abs(x.value - 20) > 1; });
  const auto n = input(scene, Kind::params, q.begin);
  if (!n || !speaks_of_rule_ || own_ratio) return;
  say(scene, "recommended_tokens", q.value, 20 * n->value, tolerance_of(q) + slack_of(*n) + .05,
      "20 tokens per parameter x " + short_number(n->value) + " = " + short_number(20 * n->value), true);
}

bool Checker::called_optimal(const Scene& scene) const {
  const bool called = mentions_any(scene.text, {"Chinchilla-optimal", "Chinchilla optimal", "Chinchilla最適", "Chinchilla 最適"});
  const bool rule = mentions_any(paragraph_text_, {"20 tokens", "20トークン", "20 トークン", "rule of thumb", "経験則"}) &&
                    mentions_any(scene.text, {"wants", "needs", "requires", "calls for", "should see", "必要", "べき"});
  const bool more = std::any_of(scene.numbers.begin(), scene.numbers.end(), [](const Quantity& x) {
    return x.kind == Kind::factor || x.kind == Kind::ratio || x.kind == Kind::flops;
  });
  return (called || rule) && !more &&
         !mentions_any(scene.text, {"beyond", "than", "over", "past", "instead", "過剰", "超え", "より"});
}

void Checker::times_recommended(const Scene& scene, const Quantity& q) {
  const std::string before = scene.text.substr(0, q.begin), after = scene.text.substr(std::min(q.end, scene.text.size()));
  const auto ends = [&](std::string_view word) {
    return before.size() >= word.size() && before.compare(before.size() - word.size(), word.size(), word) == 0;
  };
  const bool japanese = ends("推奨の") || ends("推奨量の") || ends("最適の") || ends("最適値の") || ends("推奨の約") ||
                        ends("Chinchilla最適の") || ends("Chinchilla推奨の");
  const std::size_t of = after.find_first_not_of(' ');
  const std::string rest = of == std::string::npos ? "" : after.substr(of);
  const bool english = rest.starts_with("the recommended") || rest.starts_with("the optimal") ||
                       rest.starts_with("the Chinchilla") || rest.starts_with("Chinchilla") ||
                       rest.starts_with("more than recommended") || rest.starts_with("as many as recommended");
  if (!japanese && !english) return;
  const auto n = input(scene, Kind::params, q.begin);
  auto d = input(scene, Kind::tokens, q.begin);
  if (!d) d = input(scene, Kind::tokens, q.begin, true);
  if (!n || !d) return;
  const double value = d->value / (20 * n->value);
  say(scene, "times_recommended", q.value, value, tolerance_of(q) / 2 + slack_of(*n),
      short_number(d->value) + " tokens / (20 x " + short_number(n->value) + ") = " + short_number(value), true);
}

void Checker::between_two(const Scene& scene, const Quantity& q) {
  // a line of its own that draws the conclusion: → about 80 times
  const std::size_t first = scene.text.find_first_not_of(" -*");
  if (first == std::string::npos || scene.text.compare(first, 3, "→") != 0) return;
  if (judged(scene, q.value)) return;
  for (const Kind kind : {Kind::flops, Kind::tokens, Kind::bytes, Kind::params, Kind::device_seconds}) {
    std::vector<double> values;
    for (const Quantity& x : block_)
      if (x.kind == kind && (x.begin != q.begin || x.value != q.value)) values.push_back(x.value);
    if (values.size() != 2 || values[0] == values[1]) continue;
    const double times = std::max(values[0], values[1]) / std::min(values[0], values[1]);
    const double meant = q.kind == Kind::percent ? 100 / times : times;
    // a percentage may also be what is saved
    const double other = q.kind == Kind::percent ? 100 - 100 / times : times;
    const double value = std::abs(log_(q.value / meant)) <= std::abs(log_(q.value / std::max(other, 1e-9))) ? meant : other;
    return say(scene, "ratio", q.value, value, tolerance_of(q),
               "of " + short_number(values[0]) + " and " + short_number(values[1]), true);
  }
}

}  // namespace isoflop::plan
