// How much of something else: 6 of 48 are 12.5 %, 13.1M are 0.1 % of the 13B, $2.20 are 44 % below $3.90.
#include <algorithm>
#include <cmath>

#include "plan/claims_rules.h"
#include "plan/claims_slips.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

std::size_t end_of(const Quantity& q) {
  return std::max(q.end, q.number_end);
}

/// The words before a number, without those that make it approximate.
std::string before_of(const std::string& s, const Quantity& q, std::size_t bytes) {
  const std::size_t from = q.begin > bytes ? q.begin - bytes : 0;
  std::string near = s.substr(from, q.begin - from);
  for (bool cut = true; cut;) {
    cut = false;
    while (!near.empty() && near.back() == ' ') near.pop_back(), cut = true;
    for (const std::string_view about : {"約", "およそ", "about", "roughly", "some", "only", "just", "~"})
      if (near.ends_with(about)) near.resize(near.size() - about.size()), cut = true;
  }
  return near;
}

bool ends_with_any(const std::string& s, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return s.ends_with(word); });
}

/// Counts of one kind: both of a unit, or both bare.
bool comparable(const Quantity& a, const Quantity& b) {
  const auto bare = [](const Quantity& q) { return q.kind == Kind::none || q.kind == Kind::other; };
  const bool sizes = (a.kind == Kind::params || bare(a)) && (b.kind == Kind::params || bare(b)) && a.suffixed && b.suffixed;
  return a.kind != Kind::percent && a.kind != Kind::factor && a.value > 0 && b.value > 0 &&
         (sizes || (bare(a) && bare(b) && a.suffixed == b.suffixed) || (a.kind == b.kind && !bare(a)));
}

double plain(const Quantity& q) {
  return q.kind == Kind::none || q.kind == Kind::other || q.kind == Kind::params ? q.raw : q.value;
}

}  // namespace

/// Where the words leave open what is meant, only a slip convicts; anything that fits will do.
void Checker::judge_loosely(const Scene& scene, const std::string& kind, const Quantity& q, const std::vector<Meant>& meant,
                            bool sure) {
  if (judged(scene, q.value) || judged(scene, q.raw)) return;
  const Meant* wrong = nullptr;
  const double per = q.raw > 0 ? q.value / q.raw : 1;
  const double as_said = q.kind == Kind::device_seconds ? 1 / per : 1;  // hours of devices as the text has them
  for (const Meant& m : meant) {
    if (!(m.value > 0) || !std::isfinite(m.value)) continue;
    if (std::abs(q.value / m.value - 1) <= std::clamp(tolerance_of(q) + m.slack, kLeastTolerance, kMostTolerance))
      return add(scene, kind, q.value * as_said, m.value * as_said, ClaimVerdict::agrees, m.how);
    const Mistake mistake{.claimed = q.value,
                          .computed = m.value,
                          .raw = q.raw,
                          .tolerance = std::min(tolerance_of(q) / 2 + m.slack, .015),
                          .kind = q.kind,
                          .inputs = {},
                          .alone = true};
    if (wrong == nullptr && ((sure && meant.size() == 1) || slip_of(mistake))) wrong = &m;
  }
  if (wrong == nullptr) return;
  current_ = &q;
  borrowed_.clear();
  literal_ = true;
  say(scene, kind, q.value * as_said, wrong->value * as_said, tolerance_of(q) + wrong->slack,
      wrong->how + " = " + short_number(wrong->value / per) + q.unit, true);
  literal_ = false;
  current_ = nullptr;
}

/// "1.0 % of the 13B", "予算7,200万円の98%": of a number that is named beside it.
void Checker::share_of_named(const Scene& scene, std::size_t i) {
  const Numbers& all = scene.numbers;
  const Quantity& q = all[i];
  std::vector<Meant> meant;
  const auto consider = [&](const Quantity& whole, std::size_t before) {
    for (std::size_t k = before; k-- > 0;)
      if (comparable(all[k], whole) && all[k].begin != whole.begin)
        meant.push_back({100 * plain(all[k]) / plain(whole), slack_of(all[k]) + slack_of(whole),
                         "100 x " + all[k].written + " / " + whole.written});
  };
  const std::string behind = scene.text.substr(std::min(end_of(q), scene.text.size()), 12);
  for (const std::string_view of : {" of the ", " of "})
    if (i + 1 < all.size() && behind.starts_with(of) && all[i + 1].begin == end_of(q) + of.size()) {
      consider(all[i + 1], i);
      break;
    }
  const std::string before = before_of(scene.text, q, 24);
  if (i > 0 && before.ends_with("の") && all[i - 1].begin + 1 < q.begin &&
      q.begin - end_of(all[i - 1]) <= 16 &&
      scene.text.substr(end_of(all[i - 1]), q.begin - end_of(all[i - 1])).find('(') == std::string::npos)  // 30億(総数の10%)
    consider(all[i - 1], i - 1);
  if (!meant.empty()) judge_loosely(scene, "ratio", q, meant);
}

/// "6 of the 48 experts, that is 12.5 %", "1,200問中36問（3 %）": a share of two counts before it.
void Checker::share_of_counts(const Scene& scene, std::size_t i) {
  const Numbers& all = scene.numbers;
  const Quantity& q = all[i];
  const std::string before = before_of(scene.text, q, 32);
  const std::string behind = scene.text.substr(std::min(end_of(q), scene.text.size()), 3);
  const bool joined = ends_with_any(before, {"that is", "i.e.", "i.e", ", or", "which is", "すなわち", "つまり"}) ||
                      (before.ends_with("(") && behind.starts_with(")"));
  if (!joined || i < 2) return;
  const Quantity &first = all[i - 2], &second = all[i - 1];
  if (!comparable(first, second) || second.begin < end_of(first)) return;
  const std::string between = scene.text.substr(end_of(first), second.begin - end_of(first));
  const std::string ahead = before_of(scene.text, first, 12);
  const bool part_first = mentions_any(between, {"of", "out of"}) && between.size() < 24;
  const bool whole_first = between.find("中") != std::string::npos || between.find("のうち") != std::string::npos ||
                           ends_with_any(ahead, {"of the", "Of the", "of", "Of"});
  if (!part_first && !whole_first) return;
  const Quantity &part = part_first ? first : second, &whole = part_first ? second : first;
  if (!(plain(part) <= plain(whole))) return;
  judge_loosely(
      scene, "ratio", q,
      {{100 * plain(part) / plain(whole), slack_of(part) + slack_of(whole), "100 x " + part.written + " / " + whole.written}},
      part_first);
}

/// "$2.20 (43.6 % below on demand)", 約9%下回った: against another sum or price of the sentence or the section.
void Checker::share_below(const Scene& scene, std::size_t i) {
  const Quantity& q = scene.numbers[i];
  const std::string behind = scene.text.substr(std::min(end_of(q), scene.text.size()), 16);
  const bool below = mentions_any(behind, {"below", "less", "cheaper", "lower", "under"}) || behind.find("安") < 4 ||
                     behind.find("減") < 4 || behind.find("下回") < 4 || behind.find("削減") < 7;
  const auto is_money = [](const Quantity& x) {
    return x.kind == Kind::usd || x.kind == Kind::yen || x.kind == Kind::usd_per_hour || x.kind == Kind::yen_per_hour;
  };
  if (!below) return;
  const Quantity* now = nullptr;
  for (std::size_t k = 0; k < i; ++k)
    if (is_money(scene.numbers[k])) now = &scene.numbers[k];
  if (now == nullptr) return;
  const auto dollars = [](const Quantity& x) { return x.kind == Kind::usd || x.kind == Kind::usd_per_hour; };
  std::vector<Meant> meant;
  const auto consider = [&](const Quantity& other) {
    if (is_money(other) && dollars(other) == dollars(*now) && other.value > now->value)
      meant.push_back({100 * (1 - now->value / other.value), 0, "100 x (1 - " + now->written + " / " + other.written + ")"});
  };
  for (const Quantity& x : scene.numbers) consider(x);
  for (auto h = heard_.rbegin(); h != heard_.rend(); ++h) consider(h->q);
  judge_loosely(scene, "ratio", q, meant);
}

void Checker::proportions(const Scene& scene) {
  if (scene.row) return;
  for (std::size_t i = 0; i < scene.numbers.size(); ++i) {
    const Quantity& q = scene.numbers[i];
    if (q.kind != Kind::percent || q.utilisation || !(q.value > 0) || is_term(q)) continue;
    share_of_named(scene, i);
    share_of_counts(scene, i);
    share_below(scene, i);
  }
}

}  // namespace isoflop::plan
