// What else a claim may mean.
#include "plan/claims_readings.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "isoflop/text.h"
#include "plan/claims_relations.h"
#include "plan/claims_vocabulary.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

// A claim off by anything up to a factor of 10 either way meets one of n readings, each so wide, by a chance of about
// 2 n width / ln 100.
constexpr double kChance = .08, kSpread = 4.6;
constexpr std::size_t kMostOfAKind = 5, kMostReadings = 4000;

/// What a formula's result is multiplied by: 3 models, 15 % off, 12 hours a day.
struct Modifier {
  double factor;
  std::string words;
  bool counts = false;  ///< of two at most one
};

bool speaks_of_a_total(const std::string& s) {
  return mentions_any(
      s, {"together",   "total", "totals", "totalling", "altogether", "in all", "overall", "combined", "both", "sum", "all",
          "everything", "合計",  "合わせ", "あわせ",    "全体",       "全部",   "総",      "のべ",     "延べ", "計",  "両"});
}

bool speaks_of_a_difference(const std::string& s) {
  return mentions_any(
      s, {"difference", "spare",   "leaving", "leaves", "left",  "remain", "remains", "remaining", "rest", "saves", "saved",
          "saving",     "savings", "less",    "more",   "minus", "差",     "残",      "余",        "浮",   "節約",  "引"});
}

std::string shown(const Quantity& q) {
  return q.written.empty() ? short_number(q.raw) + q.unit : q.written;
}

/// "three models", 三つ: counts in words.
void counts_in_words(const std::string& text, std::vector<double>& counts) {
  static constexpr std::pair<std::string_view, double> kCounts[] = {
      {"two", 2},   {"both", 2},  {"three", 3},  {"four", 4},    {"five", 5},    {"six", 6},    {"seven", 7},
      {"eight", 8}, {"nine", 9},  {"ten", 10},   {"eleven", 11}, {"twelve", 12}, {"dozen", 12}, {"half", 2},
      {"twice", 2}, {"third", 3}, {"thirds", 3}, {"quarter", 4}, {"fifth", 5},   {"tenth", 10}, {"hundredth", 100},
      {"二つ", 2},  {"三つ", 3},  {"四つ", 4},   {"五つ", 5},    {"両方", 2},    {"半分", 2}};
  for (const auto& [word, count] : kCounts)
    if (mentions(text, word)) counts.push_back(count);
}

class Search {
 public:
  explicit Search(const Doubt& doubt) : doubt_(doubt), kind_(kind_in_relations(doubt.claim)) {
    for (const Quantity& q : doubt.numbers) {
      // a utilisation that is said behind the claim follows from it
      if (q.utilisation && q.kind == Kind::percent && q.begin > doubt.claim.begin) continue;
      if (q.begin >= doubt.from && doubt.from > 0) own_.insert(kind_in_relations(q));
      auto& all = by_kind_[kind_in_relations(q)];
      if (std::none_of(all.begin(), all.end(), [&](const Quantity* o) { return o->value == q.value; })) all.push_back(&q);
    }
    // the nearest are the last
    for (auto& [kind, all] : by_kind_)
      if (all.size() > kMostOfAKind) all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(kMostOfAKind));
    modifiers();
  }

  std::optional<std::string> run() {
    by_relations();
    by_its_own_kind();
    totals();
    std::size_t tried = 0;
    for (std::size_t level = 0; level < hits_.size(); ++level) {
      tried += tried_[level];
      const double wide = kChance * kSpread / 2 / std::max<double>(1, static_cast<double>(tried));
      const double allowed = level == 0 ? doubt_.tolerance : std::min(doubt_.tolerance, wide);
      if (hits_[level] && hits_[level]->first <= allowed) return hits_[level]->second;
    }
    return std::nullopt;
  }

 private:
  /// One reading; `level` counts what was put in beyond a plain formula.
  void reading(double value, std::size_t level, const std::function<std::string()>& how, double slack = 0) {
    if (!(value > 0) || !std::isfinite(value) || tried_[level] >= kMostReadings) return;
    ++tried_[level];
    const double away = std::max(0.0, std::abs(doubt_.claim.value / value - 1) - slack);
    if (away <= doubt_.tolerance && (!hits_[level] || away < hits_[level]->first)) hits_[level] = std::pair(away, how());
  }

  static bool shortened_by_devices(const Relation& r, std::size_t claimed) {
    return std::any_of(r.terms.begin(), r.terms.end(), [&](const Term& t) {
      return t.kind == Kind::devices && (t.power > 0) == (r.terms[claimed].power > 0) && r.terms[claimed].kind == Kind::seconds;
    });
  }

  /// 24B and 470B were rounded.
  static double rounding(const std::vector<const Quantity*>& chosen) {
    constexpr double kMostOfEach = .02;
    double slack = 0;
    for (const Quantity* q : chosen)
      if (q->suffixed) slack += std::min(kMostOfEach, q->step / q->value / 2);
    return slack;
  }

  /// With none, one and two of the modifiers.
  void modified(double value, std::size_t level, const std::function<std::string()>& how, double slack = 0,
                bool per_device = false) {
    // nodes of devices shorten a time
    const auto factor = [&](const Modifier& m) { return m.counts && per_device ? 1 / m.factor : m.factor; };
    if (level < hits_.size()) reading(value, level, how, level == 0 ? slack : 0);
    for (std::size_t a = 0; a < modifiers_.size() && level + 1 < hits_.size(); ++a) {
      const Modifier& m = modifiers_[a];
      reading(value * factor(m), level + 1, [&] { return how() + ", " + m.words; });
      for (std::size_t b = a + 1; b < modifiers_.size() && level + 2 < hits_.size(); ++b)
        if (!m.counts || !modifiers_[b].counts)
          reading(value * factor(m) * factor(modifiers_[b]), level + 2,
                  [&] { return how() + ", " + m.words + ", " + modifiers_[b].words; });
    }
  }

  void add(double factor, const std::string& words, bool counts) {
    const bool known = std::any_of(modifiers_.begin(), modifiers_.end(),
                                   [&](const Modifier& m) { return std::abs(m.factor / factor - 1) < 1e-9; });
    if (factor > 0 && factor != 1 && !known) modifiers_.push_back({factor, words, counts});
  }

  void modifiers() {
    for (const Quantity& q : doubt_.numbers)
      if (q.counts_passes && (kind_ == Kind::ratio || adds_up(kind_))) add(q.raw, short_number(q.raw) + " passes", true);
    if (kind_ == Kind::ratio)
      for (std::size_t i = modifiers_.size(); i-- > 0;) add(1 / modifiers_[i].factor, "one pass", true);
    if (!adds_up(kind_)) return;
    const bool total = speaks_of_a_total(doubt_.sentence);
    std::vector<double> counts;
    counts_in_words(total ? doubt_.text : doubt_.sentence, counts);
    for (const Quantity& q : doubt_.numbers) {
      const bool own = q.begin >= doubt_.from;
      const bool small = q.exact && !q.suffixed && q.raw >= 2 && q.raw <= 4096;
      const bool counts_here = (q.kind == Kind::none && (small || (own && q.exact))) || (q.kind == Kind::devices && small);
      if (counts_here && (own || total || q.counts_nodes)) counts.push_back(q.raw);
      if (q.kind == Kind::factor && q.value > 0 && (own || total)) counts.push_back(q.value);
      if (q.kind == Kind::percent && !q.utilisation && q.value > 0 && own) {
        if (q.value < 100) add(q.value / 100, shown(q) + " of it", false);
        if (q.value < 100) add(1 - q.value / 100, shown(q) + " off", false);
        add(1 + q.value / 100, shown(q) + " more", false);
      }
      if (q.kind == Kind::overhead) add(q.value, "a PUE of " + shown(q), false);
      const double hours = q.value / kHour;
      if (q.kind == Kind::seconds && q.exact && hours >= 2 && hours < 24 && hours == q.raw)
        add(hours / 24, shown(q) + " of 24", false);
    }
    for (const double count : counts) {
      add(count, short_number(count) + " times", true);
      shares_.push_back(1 / count);
    }
  }

  void by_relations() {
    for (const std::vector<Relation>* all : {&relations_known(), &relations_of_training()})
      for (const Relation& r : *all)
        for (std::size_t t = 0; t < r.terms.size(); ++t)
          if (r.terms[t].kind == kind_ && is_meant(r)) by_relation(r, t);
  }

  /// 2 N D and 8 N D only where the text speaks of them.
  [[nodiscard]] bool is_meant(const Relation& r) const {
    if (std::string_view(r.name) == "forward")
      return mentions_any(doubt_.text, {"inference", "forward", "generate", "generates", "generating", "serving", "answering",
                                        "推論", "順伝播", "フォワード", "生成", "評価", "2N", "2 N"});
    if (std::string_view(r.name) == "recomputation")
      return mentions_any(doubt_.text,
                          {"recomputation", "recompute", "checkpointing", "再計算", "チェックポイント", "8N", "8 N"});
    return true;
  }

  void by_relation(const Relation& r, std::size_t claimed) {
    std::vector<std::vector<const Quantity*>> inputs;
    for (std::size_t t = 0; t < r.terms.size(); ++t)
      if (t != claimed) inputs.push_back(of_kind(r.terms[t].kind));
    if (std::any_of(inputs.begin(), inputs.end(), [](const auto& all) { return all.empty(); })) return;
    for_each_choice(r, claimed, inputs, 0);
    // 96 of them, another 1,500 at $2.60: one number without its noun
    for (std::size_t i = 0, t = 0; i < inputs.size(); ++i, ++t) {
      if (t == claimed) ++t;
      auto with_bare = inputs;
      with_bare[i] = bare_ones_as(r.terms[t].kind, *inputs[i].back());
      if (!with_bare[i].empty()) for_each_choice(r, claimed, with_bare, 1);
    }
  }

  [[nodiscard]] std::vector<const Quantity*> of_kind(Kind kind) const {
    const auto found = by_kind_.find(kind);
    return found == by_kind_.end() ? std::vector<const Quantity*>{} : found->second;
  }

  /// The bare numbers of the sentence as of the kind that another one has.
  std::vector<const Quantity*> bare_ones_as(Kind kind, const Quantity& like) {
    std::vector<const Quantity*> all;
    const bool price = kind == Kind::usd_per_hour || kind == Kind::yen_per_hour;
    const bool size = kind == Kind::params || kind == Kind::tokens;
    const bool loss = kind == Kind::loss;
    if (!price && !loss && !adds_up(kind)) return all;
    for (const Quantity& q : doubt_.numbers) {
      const bool fits = loss ? q.kind == Kind::none && !q.exact && !q.suffixed && q.raw > .3 && q.raw < 15
                        : price
                            ? (q.kind == Kind::usd || q.kind == Kind::yen) && q.value < 20 * like.value
                            : q.kind == Kind::none && (size ? q.suffixed && q.value >= 1e6 : q.exact && !q.suffixed && q.raw > 1);
      if (!fits || (q.begin < doubt_.from && !price && !loss && !size)) continue;
      Quantity& meant = meant_.emplace_back(q);
      meant.kind = kind;
      meant.value = size ? q.value : q.raw * (like.raw > 0 ? like.value / like.raw : 1);
      meant.unit = like.unit;
      meant.written.clear();
      all.push_back(&meant);
    }
    return all;
  }

  void for_each_choice(const Relation& r, std::size_t claimed, const std::vector<std::vector<const Quantity*>>& inputs,
                       std::size_t level) {
    std::vector<std::size_t> choice(inputs.size(), 0);
    while (true) {
      std::vector<const Quantity*> chosen;
      for (std::size_t i = 0; i < inputs.size(); ++i) chosen.push_back(inputs[i][choice[i]]);
      // what the sentence itself says of a kind is meant first
      const auto passed_over = static_cast<std::size_t>(std::count_if(chosen.begin(), chosen.end(), [&](const Quantity* q) {
        return q->begin < doubt_.from && own_.contains(kind_in_relations(*q));
      }));
      modified(
          what_follows(r, claimed, doubt_.claim, chosen), level + passed_over,
          [&] {
            std::string how;
            for (const Quantity* q : chosen) how += (how.empty() ? "from " : ", ") + shown(*q);
            return how;
          },
          rounding(chosen), shortened_by_devices(r, claimed));
      std::size_t i = 0;
      while (i < choice.size() && ++choice[i] == inputs[i].size()) choice[i++] = 0;
      if (i == choice.size()) return;
    }
  }

  /// So many times another number of the kind; in proportion to two of another kind.
  void by_its_own_kind() {
    const auto own = by_kind_.find(kind_);
    if (own == by_kind_.end()) return;
    for (const Quantity* x : own->second) {
      if (x->begin > doubt_.claim.begin) continue;  // what follows it
      if (!adds_up(kind_)) continue;
      // said again, of something else
      const bool repeated = doubt_.complete && std::abs(x->value / doubt_.claim.value - 1) <= doubt_.tolerance;
      if (!repeated) modified(x->value, 1, [&] { return "from " + shown(*x); });
      for (const double share : shares_)
        reading(x->value * share, 1, [&] { return "1 / " + short_number(1 / share) + " of " + shown(*x); });
      // half the utilisation, twice the time
      for (const Kind kind : {Kind::utilisation, Kind::devices, Kind::throughput}) {
        const auto found = by_kind_.find(kind);
        if (kind == kind_ || found == by_kind_.end()) continue;
        const auto& all = found->second;
        for (const Quantity* a : all)
          for (const Quantity* b : all)
            if (a != b)
              reading(x->value * a->value / b->value, 1, [&] { return shown(*x) + " x " + shown(*a) + " / " + shown(*b); });
      }
    }
  }

  /// Sums of the last ones of the kind, differences of two.
  void totals() {
    if (!adds_up(kind_)) return;
    std::vector<double> all = doubt_.earlier;
    for (const Quantity& q : doubt_.numbers)
      if (kind_in_relations(q) == kind_ && q.begin < doubt_.claim.begin) all.push_back(q.value);
    double sum = 0;
    if (speaks_of_a_total(doubt_.sentence))
      for (std::size_t i = all.size(), terms = 0; i-- > 0;) {
        sum += all[i];
        if (++terms >= 2)
          reading(sum, 1, [&] { return "the sum of the " + format_number(static_cast<std::int64_t>(terms)) + " before it"; });
      }
    const auto own = by_kind_.find(kind_);
    if (own == by_kind_.end() || !speaks_of_a_difference(doubt_.sentence)) return;
    for (const Quantity* a : own->second)
      for (const Quantity* b : own->second)
        if (a->value > b->value) reading(a->value - b->value, 1, [&] { return shown(*a) + " - " + shown(*b); });
  }

  const Doubt& doubt_;
  Kind kind_;
  std::set<Kind> own_;          ///< that the sentence has
  std::deque<Quantity> meant_;  ///< what bare numbers may stand for
  std::map<Kind, std::vector<const Quantity*>> by_kind_;
  std::vector<Modifier> modifiers_;
  std::vector<double> shares_;
  std::array<std::size_t, 3> tried_{};
  std::array<std::optional<std::pair<double, std::string>>, 3> hits_;
};

}  // namespace

bool adds_up(Kind kind) {
  static constexpr Kind kAll[] = {Kind::params,  Kind::tokens,       Kind::flops,          Kind::devices,
                                  Kind::seconds, Kind::steps,        Kind::device_seconds, Kind::usd,
                                  Kind::yen,     Kind::bytes,        Kind::watts,          Kind::watt_hours,
                                  Kind::carbon,  Kind::batch_tokens, Kind::characters,     Kind::throughput};
  return std::find(std::begin(kAll), std::end(kAll), kind) != std::end(kAll);
}

double count_in_words(const std::string& text) {
  std::vector<double> counts;
  counts_in_words(text, counts);
  return counts.empty() ? 0 : counts.back();
}

std::optional<std::string> other_reading(const Doubt& doubt) {
  if (!(doubt.claim.value > 0) || doubt.claim.kind == Kind::none || doubt.claim.kind == Kind::other) return std::nullopt;
  return Search(doubt).run();
}

}  // namespace isoflop::plan
