// A claim against the relations whose other numbers the text gives.
#include <algorithm>
#include <cmath>
#include <set>

#include "base/math.h"
#include "plan/claims_relations.h"
#include "plan/claims_rules.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

constexpr std::size_t kMostCombinations = 64, kMostBorrowed = 3;

/// The next choice of one of each; false after the last.
bool next_choice(std::vector<std::size_t>& choice, const std::vector<std::size_t>& sizes) {
  for (std::size_t i = 0; i < choice.size(); ++i) {
    if (++choice[i] < sizes[i]) return true;
    choice[i] = 0;
  }
  return false;
}

}  // namespace

namespace {

/// €285,000 per server, a difference of $130,816: not what the hours, or the energy, of the sentence cost.
bool is_sum_of_its_own(const std::string& s, const Quantity& q) {
  if (q.kind != Kind::usd && q.kind != Kind::yen) return false;
  const std::string behind = s.substr(std::min(std::max(q.end, q.number_end), s.size()), 6);
  const std::string before = s.substr(q.begin - std::min<std::size_t>(q.begin, 24), std::min<std::size_t>(q.begin, 24));
  return behind.starts_with(" per ") || behind.starts_with(" each") || behind.starts_with(" a ") ||
         mentions_any(before, {"difference", "savings", "saving", "discount", "差額"});
}

}  // namespace

void Checker::relations(const Scene& scene) {
  // from the last to the first: what the last follows from is given
  std::set<std::size_t> given;
  if (scene.numbers.size() > kMostNumbers) return;
  std::vector<const Quantity*> order;
  for (const Quantity& q : scene.numbers) order.push_back(&q);
  std::reverse(order.begin(), order.end());
  // of a row the times are given rather than the hours of devices
  if (scene.row) std::stable_partition(order.begin(), order.end(), [](const Quantity* q) { return q->kind != Kind::seconds; });
  for (const Quantity* claim : order) {
    const Quantity& q = *claim;
    const bool given_time = q.kind == Kind::seconds && (q.raw == 1 || q.raw == 24);
    if (q.recommended || !(q.value > 0) || given_time || is_term(q) || is_factor(scene, q) || judged(scene, q.value) ||
        judged(scene, q.raw) || is_sum_of_its_own(scene.text, q))
      continue;
    const Kind kind = kind_in_relations(q);
    std::vector<Candidate> found;
    for (const Relation& r : relations_known()) {
      const auto results = r.terms.begin() + static_cast<std::ptrdiff_t>(r.results);
      const auto claimed = std::find_if(r.terms.begin(), results, [&](const Term& t) { return t.kind == kind; });
      if (claimed == results || (scene.row && claimed != r.terms.begin())) continue;
      // of several results the last is the claim
      const bool later = std::any_of(scene.numbers.begin(), scene.numbers.end(), [&](const Quantity& o) {
        return o.begin > q.begin && kind_in_relations(o) != kind &&
               std::any_of(r.terms.begin(), results, [&](const Term& t) { return t.kind == kind_in_relations(o); });
      });
      if (later && !scene.row) continue;
      candidates(scene, q, r, static_cast<std::size_t>(claimed - r.terms.begin()), found);
    }
    current_ = &q;
    if (given.contains(q.begin) || restated(q)) std::erase_if(found, [](const Candidate& c) { return !c.complete; });
    rescued_ = false;
    judge_candidates(scene, q, found);
    if (rescued_) found.clear();  // it rests on others
    for (const Candidate& c : found)
      for (const Input& input : c.inputs)
        if (input.own) given.insert(input.q.begin);
    current_ = nullptr;
    borrowed_.clear();
  }
}

/// 500 x 14 days: a part of a product.
bool Checker::is_factor(const Scene& scene, const Quantity& q) {
  if (scene.row) return false;
  const std::size_t before = q.begin == 0 ? std::string::npos : scene.text.find_last_not_of(" (", q.begin - 1);
  const std::size_t after = skip_spaces(scene.text, std::max(q.end, q.number_end));
  return (before != std::string::npos && (scene.text[before] == '*' || scene.text[before] == '/')) || at(scene.text, after, "*");
}

/// The sentences before have said the same number.
bool Checker::restated(const Quantity& q) const {
  const auto own = memory_.begin() + static_cast<std::ptrdiff_t>(std::min(own_from_, memory_.size()));
  return std::any_of(memory_.begin(), own, [&](const Known& k) { return k.q.kind == q.kind && k.q.value == q.value; });
}

/// "That of L is 17.3": bare numbers beside a loss.
std::vector<Checker::Input> Checker::bare_losses(const Scene& scene, const Quantity& q, Kind kind) {
  constexpr std::size_t kLogLine = 8;  // numbers: more are those of a log
  std::vector<Input> all;
  const bool spoken_of =
      mentions_any(scene.text, {"loss", "losses", "perplexity", "PPL", "nats", "L", "損失", "パープレキシティ"});
  if (scene.numbers.size() >= kLogLine || !(kind == Kind::perplexity || kind == Kind::loss) || !spoken_of) return all;
  for (Quantity o : scene.numbers) {
    if (o.kind != Kind::none || o.begin > q.begin || o.exact || !(o.value > (kind == Kind::loss ? .3 : 1)) ||
        !(o.value < (kind == Kind::loss ? 15 : 1e5)))
      continue;
    o.kind = kind;
    all.push_back({o, scene.line, true});
  }
  return all;
}

std::vector<Checker::Input> Checker::inputs_of(const Scene& scene, const Quantity& q, Kind kind) {
  const bool same = kind == kind_in_relations(q);
  std::vector<Input> all;
  for (const Quantity& o : scene.numbers) {
    if (kind_in_relations(o) != kind || o.recommended || !(o.value > 0) || o.begin == q.begin) continue;
    if (kind == Kind::rate && (o.value < 1e12 || o.value > kLargestPeak || o.utilisation)) continue;
    if (same && o.begin > q.begin) continue;
    if (is_term(o) && !is_term(q)) continue;  // 64 x 2.8 days x 24 h: a factor of another claim
    all.push_back({o, scene.line, true});
  }
  if (kind == Kind::rate && all.empty()) {
    borrowed_.clear();
    const auto peak = peak_of(scene);
    if (!peak || peak->achieved) return {};
    Quantity o;
    o.kind = Kind::rate;
    o.value = o.raw = peak->value;
    o.unit = " FLOP/s";
    return {{o, borrowed_.empty() ? scene.line : borrowed_[0].line, borrowed_.empty()}};
  }
  // the nearest first, before the claim rather than behind it
  std::stable_sort(all.begin(), all.end(), [&](const Input& a, const Input& b) {
    const auto away = [&](const Input& x) { return x.q.begin < q.begin ? q.begin - x.q.begin : x.q.begin - q.begin + 1000; };
    return away(a) < away(b);
  });
  if (all.empty()) all = bare_losses(scene, q, kind);
  // 12 servers of 10 kW each
  if (all.empty() && kind == Kind::devices)
    for (Quantity o : scene.numbers)
      if (o.counts_nodes && o.kind == Kind::none) {
        o.kind = kind;
        o.value = o.raw;
        all.push_back({o, scene.line, true});
      }
  if (!all.empty() || scene.row) return all;
  if (const Known* row = of_row(scene, kind, q.begin)) return {{row->q, row->line, false}};
  std::vector<Known> said;
  for (std::size_t i = 0; i < std::min(own_from_, memory_.size()); ++i)
    if (kind_in_relations(memory_[i].q) == kind && (!memory_[i].foreign || memory_[i].line >= paragraph_) &&
        (kind != Kind::seconds || memory_[i].line >= paragraph_))
      said.push_back(memory_[i]);
  if (same && !said.empty()) said = {said.back()};
  borrowed_.clear();
  const auto nearest = said.empty() ? recall(scene, kind) : recall(scene, said);
  // one card of the sentences before the last counts nothing
  if (!nearest || (kind == Kind::devices && nearest->value == 1 && !borrowed_.empty() && borrowed_[0].line + 1 < scene.line))
    return all;
  all.push_back({*nearest, borrowed_.empty() ? scene.line : borrowed_[0].line, false});
  // of several in the paragraph any may be meant
  for (auto k = said.rbegin(); k != said.rend() && all.size() < kMostBorrowed; ++k)
    if (k->line >= paragraph_ && k->q.value != nearest->value) all.push_back({k->q, k->line, false});
  return all;
}

/// What is told rather than claimed.
bool Checker::is_given(const Scene& scene, const Quantity& q, const Relation& r, std::size_t claimed,
                       const std::vector<std::vector<Input>>& inputs) const {
  const bool same_kind = r.terms.size() == 2 && r.terms[0].kind == r.terms[1].kind;
  const auto own =
      static_cast<std::size_t>(std::count_if(inputs.begin(), inputs.end(), [](const auto& all) { return all[0].own; }));
  // what happened to last so long is no claim of its own
  const bool cost = std::string_view(r.name) == "cost";
  const bool loose = q.kind == Kind::seconds || q.kind == Kind::tokens || (!cost && (q.kind == Kind::usd || q.kind == Kind::yen));
  // 980 GB at 35 GB/s. That blocks the run for 28 s: what a transfer lasts
  const bool here =
      std::all_of(inputs.begin(), inputs.end(), [&](const auto& all) { return all[0].own || all[0].line >= paragraph_; });
  if (std::string_view(r.name) == "transfer")
    return !std::all_of(inputs.begin(), inputs.end(), [&](const auto& all) {
      return all[0].own || (all[0].line >= paragraph_ && all[0].line + 2 >= scene.line);
    }) || mentions_any(scene.text, {"every", "ごと", "間隔"});
  if (own == 0 && loose) return true;
  // 120 GPU-hours, or another $192
  const bool own_hours =
      std::string_view(r.name) == "cost" && own > 0 && mentions_any(scene.text.substr(0, q.begin), {"or another"});
  if (is_extra(scene.text, q) && !own_hours) return true;
  // 96 A100s for 30 days: given together
  const std::string_view before = std::string_view(scene.text).substr(0, q.begin);
  if (q.kind == Kind::seconds && own < inputs.size() && (before.ends_with(" for ") || before.ends_with("を"))) return true;
  const std::size_t last = scene.text.find_last_not_of(' ');
  const bool question = last != std::string::npos && (scene.text[last] == '?' || scene.text.substr(0, last + 1).ends_with("？"));
  if (question && own < inputs.size()) return true;
  // a budget buys hours, hours do not make a budget; a small sum is a price, or a rate of exchange
  const double least = q.kind == Kind::yen ? 1e4 : 100;
  const bool money = q.kind == Kind::usd || q.kind == Kind::yen;
  if (money && q.value < least / 10) return true;
  if (cost && own < inputs.size() && (q.value < least || mentions_budget(scene.text))) return true;
  if (money && own < inputs.size() && mentions_other_costs(std::string(before))) return true;
  // five times as long as what others took
  if (std::any_of(scene.numbers.begin(), scene.numbers.end(), [](const Quantity& x) { return x.kind == Kind::factor; }) &&
      own < inputs.size() && !same_kind)
    return true;
  // what usually is given is a claim only beside all that it follows from
  const bool each = q.kind == Kind::device_throughput && here;
  if (claimed != 0 && own < inputs.size() && std::string_view(r.name) != "steps" && !each &&
      !(here && own > 0 && std::string_view(r.name) == "text"))
    return true;
  // hours of devices that another training took
  const bool other_run = std::string_view(r.name) == "device_time" && own < inputs.size() &&
                         std::any_of(scene.numbers.begin(), scene.numbers.end(),
                                     [](const Quantity& x) { return x.utilisation || x.kind == Kind::rate; });
  if (other_run) return true;
  return false;
}

void Checker::candidates(const Scene& scene, const Quantity& q, const Relation& r, std::size_t claimed,
                         std::vector<Candidate>& found) {
  std::vector<std::vector<Input>> inputs;
  std::vector<std::size_t> sizes;
  std::size_t own = 0;
  for (std::size_t t = 0; t < r.terms.size(); ++t) {
    if (t == claimed) continue;
    inputs.push_back(inputs_of(scene, q, r.terms[t].kind));
    if (inputs.back().empty()) return;
    const Input& nearest = inputs.back()[0];
    own += nearest.own ? 1 : 0;
    // where the time is the claim, or another's, the utilisation is given
    const bool time = r.terms[t].kind == Kind::seconds || r.terms[t].kind == Kind::device_seconds;
    const bool said = nearest.own ? nearest.q.begin < q.begin : nearest.line >= paragraph_;
    if (q.kind == Kind::percent && time && !said) return;
    sizes.push_back(inputs.back().size());
  }
  const bool same_kind = r.terms.size() == 2 && r.terms[0].kind == r.terms[1].kind;
  if (is_given(scene, q, r, claimed, inputs)) return;
  // a run takes its time: what lasts seconds is a step
  const bool of_run = std::any_of(r.terms.begin(), r.terms.end(),
                                  [](const Term& t) { return t.kind == Kind::device_seconds || t.kind == Kind::devices; });
  std::vector<std::size_t> choice(sizes.size(), 0);
  for (std::size_t guard = 0; guard < kMostCombinations; ++guard) {
    Candidate c{.relation = r.name, .computed = 0, .slack = 0, .inputs = {}, .complete = own == sizes.size()};
    std::vector<const Quantity*> values;
    for (std::size_t i = 0; i < choice.size(); ++i) {
      const Input& input = inputs[i][choice[i]];
      c.inputs.push_back(input);
      values.push_back(&inputs[i][choice[i]].q);
      c.slack += is_perplexity(r) && input.q.kind == Kind::loss ? input.q.step / 2 : slack_of(input.q);
    }
    const bool one_unit = same_kind && std::abs(c.inputs[0].q.value / c.inputs[0].q.raw - q.value / q.raw) < 1e-15;
    c.computed = what_follows(r, claimed, q, values);
    if (is_perplexity(r) && q.kind == Kind::loss) c.slack /= std::max(c.computed, 1e-9);
    const bool step = of_run && std::any_of(c.inputs.begin(), c.inputs.end(),
                                            [](const Input& x) { return x.q.kind == Kind::seconds && x.q.value < 1800; });
    if (!step && std::isfinite(c.computed) && c.computed > 0 && !(one_unit || (same_kind && !c.complete)))
      found.push_back(std::move(c));
    if (!next_choice(choice, sizes)) return;
  }
}

void Checker::judge_candidates(const Scene& scene, const Quantity& q, std::vector<Candidate>& found) {
  // a claim that is complete in its own sentence is judged by that
  if (std::any_of(found.begin(), found.end(), [](const Candidate& c) { return c.complete; }))
    std::erase_if(found, [](const Candidate& c) { return !c.complete; });
  if (found.empty()) return;
  const auto allowed = [&](const Candidate& c) { return std::clamp(tolerance_of(q) + c.slack, kLeastTolerance, kMostTolerance); };
  const auto agreeing = std::find_if(found.begin(), found.end(),
                                     [&](const Candidate& c) { return std::abs(q.value / c.computed - 1) <= allowed(c); });
  const auto borrowed = [](const Candidate& c) {
    return std::count_if(c.inputs.begin(), c.inputs.end(), [](const Input& input) { return !input.own; });
  };
  const auto nearest = std::min_element(found.begin(), found.end(),
                                        [&](const Candidate& a, const Candidate& b) { return borrowed(a) < borrowed(b); });
  const Candidate& c = agreeing != found.end() ? *agreeing : *nearest;
  // what is wrong itself is no ground
  const bool on_sand =
      std::any_of(c.inputs.begin(), c.inputs.end(), [&](const Input& input) { return input.own && flagged(scene, input.q); });
  const double decades = log10_of(q.value / c.computed);
  // two perplexities beside one loss: which belongs to it is not known
  const auto count = [&](Kind kind) {
    return std::count_if(scene.numbers.begin(), scene.numbers.end(),
                         [&](const Quantity& x) { return kind_in_relations(x) == kind; });
  };
  const bool unpaired = !scene.row && std::any_of(c.inputs.begin(), c.inputs.end(), [&](const Input& input) {
    return input.own && (input.q.kind == Kind::loss || input.q.kind == Kind::perplexity) &&
           count(input.q.kind) != count(kind_in_relations(q)) && count(kind_in_relations(q)) + count(input.q.kind) > 2;
  });
  // what follows is said beside it: the claim is something else
  const bool said = !scene.row && std::any_of(scene.numbers.begin(), scene.numbers.end(), [&](const Quantity& x) {
    return x.begin != q.begin && kind_in_relations(x) == kind_in_relations(q) && std::abs(x.value / c.computed - 1) <= allowed(c);
  });
  if ((on_sand || unpaired || said) && agreeing == found.end()) return;
  if (std::abs(decades) > 4 && std::abs(decades - std::round(decades)) > .05) return;  // not what was meant
  // nobody uses nine tenths of a peak: the rate is one that was reached
  if (std::string_view(c.relation) == "mfu" && c.computed > 90 && agreeing == found.end()) return;
  borrowed_.clear();  // only what was used is named
  std::string how;
  used_.clear();
  for (const Input& input : c.inputs) {
    used_.push_back(input.q);
    how +=
        (how.empty() ? "from " : ", ") + (input.q.written.empty() ? short_number(input.q.raw) + input.q.unit : input.q.written);
    if (!input.own) borrowed_.push_back({input.q, input.line});
  }
  const double written = q.kind == Kind::device_seconds ? q.raw / q.value : 1;  // hours of devices as the text has them
  say(scene, c.relation, q.value * written, c.computed * written, tolerance_of(q) + c.slack,
      how + " follows " + short_number(q.raw * c.computed / q.value) + q.unit, true);
  used_.clear();
}

}  // namespace isoflop::plan
