// What other lines lend to a claim: when it may be called wrong by that.
#include <algorithm>
#include <cmath>

#include "plan/claims_rules.h"
#include "plan/claims_slips.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

bool has_any(const std::string& s, std::initializer_list<std::string_view> words) {
  return mentions_any(s, {words.begin(), words.end()});
}

/// Of each, of a part, of several in turn: what other lines say of the whole does not hold for it.
bool speaks_of_parts(const std::string& s, const Quantity& q) {
  const std::string behind = s.substr(std::min(std::max(q.end, q.number_end), s.size()), 16);
  if (has_any(behind, {"each", "every"})) return true;
  return has_any(
      s, {"of that",    "of which", "of those", "of these", "the rest", "remaining", "remain",   "remains", "respectively",
          "each after", "every",    "残り",     "残る",     "残",       "うち",      "それぞれ", "ずつ",    "毎回",
          "順に",       "節約",     "saved",    "saves",    "spare",    "差額",      "増分"});
}

/// What is thought of only.
bool supposes(const std::string& s) {
  return has_any(s, {"would have", "had been", "if", "instead", "assuming", "suppose", "なら", "ならば", "とすれば", "とすると",
                     "仮に", "もし", "場合"});
}

}  // namespace

/// An input that another paragraph lends convicts nobody where others of its kind stand between, or where the claim's own
/// paragraph may have one that was not understood. What the sentence names by its row, or the document by its title, is meant.
bool Checker::ambiguous_loan(const Scene& scene) const {
  const auto may_stand_for = [](const Quantity& q, const Quantity& lent) {
    const bool size = lent.kind == Kind::params || lent.kind == Kind::tokens;
    const bool price = lent.kind == Kind::usd_per_hour || lent.kind == Kind::yen_per_hour;
    if (price) return (q.kind == Kind::usd || q.kind == Kind::yen) && q.value < 20 * lent.value;
    return q.kind == Kind::none && size && q.suffixed && q.value >= 1e6;
  };
  for (const Known& lent : borrowed_) {
    const auto is_lent = [&](const Known& k) { return k.line == lent.line && k.q.value == lent.q.value; };
    const bool named = (own_model_ && is_lent(*own_model_)) ||
                       std::any_of(rows_.begin(), rows_.end(), [&](const auto& row) { return is_lent(row.second); });
    const bool other_here = std::any_of(heard_.begin(), heard_.end(), [&](const Heard& h) {
      return h.paragraph == paragraph_ && lent.line < paragraph_ && may_stand_for(h.q, lent.q);
    });
    if (other_here && !scene.row) return true;
    if (named || lent.line >= paragraph_ || lent.q.written.ends_with("as it follows")) continue;
    const bool several = std::any_of(heard_.begin(), heard_.end(), [&](const Heard& h) {
      const bool same = h.line > lent.line && h.q.kind == lent.q.kind && std::abs(h.q.value / lent.q.value - 1) > .01;
      return same || (h.paragraph == paragraph_ && may_stand_for(h.q, lent.q));
    });
    const bool own =
        std::any_of(scene.numbers.begin(), scene.numbers.end(), [&](const Quantity& q) { return may_stand_for(q, lent.q); });
    const bool later = std::any_of(ahead_.begin(), ahead_.end(), [&](const Quantity& q) {
      return !scene.row && q.kind == lent.q.kind && std::abs(q.value / lent.q.value - 1) > .01;
    });
    if (several || own || later) return true;
  }
  return false;
}

/// How sure it is that a value of another line is meant.
Checker::Loan Checker::loan_of(const Scene& scene, const Known& lent, std::int64_t line) const {
  constexpr std::int64_t kJustBefore = 2;  // lines
  const auto is_lent = [&](const Known& k) { return k.line == lent.line && k.q.value == lent.q.value; };
  if ((own_model_ && is_lent(*own_model_)) ||
      std::any_of(rows_.begin(), rows_.end(), [&](const auto& row) { return is_lent(row.second); }))
    return Loan::named;
  bool last = true, one_here = lent.line >= paragraph_, one_in_section = true;
  for (const Heard& h : heard_) {
    const bool other =
        h.q.kind == lent.q.kind && h.line != line && !h.q.recommended && std::abs(h.q.value / lent.q.value - 1) > .01;
    const bool of_nodes = h.q.kind == Kind::devices && h.line == lent.line && std::fmod(lent.q.value, h.q.value) == 0;
    if (!other || of_nodes) continue;  // 16 nodes of 8, 128 GPUs
    last = last && h.line <= lent.line;
    one_here = one_here && h.paragraph != paragraph_;
    one_in_section = false;
  }
  if (one_here || (last && line - lent.line <= kJustBefore && !scene.row)) return Loan::certain;
  return one_in_section ? Loan::likely : Loan::doubtful;
}

/// What would follow is said already, by the sentence or after all that was lent: the claim is something else.
bool Checker::already_said(const Scene& scene, const Quantity& q, double computed) const {
  std::int64_t from = scene.line;
  for (const Known& k : borrowed_) from = std::min(from, k.line);
  const auto same = [&](const Quantity& o) {
    return o.kind == q.kind && std::abs(o.value / computed - 1) <= std::clamp(tolerance_of(o), kLeastTolerance, .02);
  };
  return std::any_of(heard_.begin(), heard_.end(), [&](const Heard& h) { return h.line >= from && same(h.q); }) ||
         std::any_of(scene.numbers.begin(), scene.numbers.end(),
                     [&](const Quantity& o) { return o.begin != q.begin && same(o); });
}

/// Beside others of its kind, none of which follows from what was lent either.
bool Checker::one_of_several(const Scene& scene, const Quantity& q) const {
  bool several = false;
  for (const Quantity& o : scene.numbers) {
    if (o.kind != q.kind || o.begin == q.begin || std::abs(o.value / q.value - 1) < .02) continue;
    several = true;
    if (found_here(scene, [&](const Claim& c) {
          return c.verdict == ClaimVerdict::agrees && (*c.claimed == o.value || *c.claimed == o.raw);
        }))
      return false;
  }
  return several;
}

/// With another value of the section in the place of one that was lent the claim is right.
bool Checker::fits_another(const Quantity& q, double computed) const {
  const double allowed = std::clamp(tolerance_of(q), kLeastTolerance, .03);
  return std::any_of(borrowed_.begin(), borrowed_.end(), [&](const Known& k) {
    return std::any_of(heard_.begin(), heard_.end(), [&](const Heard& h) {
      if (h.q.begin < subject_at_ || h.q.kind != k.q.kind || !(h.q.value > 0) || std::abs(h.q.value / k.q.value - 1) < .01)
        return false;
      const double times = h.q.value / k.q.value;
      return std::abs(q.value / (computed * times) - 1) <= allowed || std::abs(q.value * times / computed - 1) <= allowed;
    });
  });
}

bool Checker::all_near(const Scene& scene) const {
  return std::all_of(borrowed_.begin(), borrowed_.end(), [&](const Known& k) {
    return k.line == scene.line || std::any_of(heard_.begin(), heard_.end(), [&](const Heard& h) {
             return h.q.begin >= sentence_before_ && h.q.kind == k.q.kind && h.q.value == k.q.value;
           });
  });
}

/// Whatever was lent, the claim may be something else.
bool Checker::may_mean_another(const Scene& scene, const Quantity& q, double computed, bool slip) const {
  if (speaks_of_parts(scene.text, q) || already_said(scene, q, computed)) return true;
  const std::int64_t line = line_at(scene, q.begin);
  const bool known =
      std::all_of(borrowed_.begin(), borrowed_.end(), [&](const Known& k) { return loan_of(scene, k, line) >= Loan::certain; });
  if (!(slip && known) && fits_another(q, computed)) return true;
  if (slip) return false;
  const bool money = q.kind == Kind::usd || q.kind == Kind::yen;
  return money && has_any(scene.text, {"all in all", "altogether", "in total", "overall", "合計", "総計", "総額"});
}

/// A claim by inputs of other lines is called wrong where it is known that they are meant, or where a slip explains the error and
/// nothing else is likely to be meant.
bool Checker::earned(const Scene& scene, const Quantity& q, double computed, bool slip) const {
  const std::int64_t line = line_at(scene, q.begin);
  std::vector<Known> far;
  for (const Known& k : borrowed_)
    if (k.line != line) far.push_back(k);
  if (far.empty()) return true;
  if (may_mean_another(scene, q, computed, slip)) return false;
  const auto all = [&](Loan least) {
    return std::all_of(far.begin(), far.end(), [&](const Known& k) { return loan_of(scene, k, line) >= least; });
  };
  if (slip) return all(Loan::likely);
  const bool follows = std::any_of(far.begin(), far.end(), [](const Known& k) { return k.q.written.ends_with("as it follows"); });
  const bool here = std::all_of(far.begin(), far.end(), [&](const Known& k) { return k.line >= paragraph_; });
  return all(Loan::certain) && !follows && (here || !supposes(scene.text)) && (all(Loan::named) || !one_of_several(scene, q));
}

/// Kept as one that cannot be checked, until the document is read to its end.
void Checker::suspect(const Scene& scene, Claim claim, const Quantity& q) {
  const double computed = q.value * (*claim.computed / *claim.claimed);
  if (!supposes(scene.text) && !one_of_several(scene, q) && !may_mean_another(scene, q, computed, false)) {
    suspects_.push_back({claims_.size(), claim, borrowed_});
    std::erase_if(suspects_.back().lent, [&](const Known& k) { return loan_of(scene, k, claim.line) >= Loan::certain; });
  }
  claim.verdict = ClaimVerdict::cannot_check;
  claim.explanation = "rests on other lines and may mean something else: " + claim.explanation;
  claims_.push_back(std::move(claim));
}

/// What was lent is the only value of its kind in the whole document.
void Checker::convict_suspects() {
  for (const Suspect& s : suspects_)
    if (std::all_of(s.lent.begin(), s.lent.end(), [&](const Known& k) {
          if (k.q.kind == Kind::devices || k.q.kind == Kind::seconds) return false;  // other machines, other days
          const auto range = said_.find(k.q.kind);
          return range == said_.end() || (range->second.first >= .99 * k.q.value && range->second.second <= 1.01 * k.q.value);
        }))
      claims_[s.claim] = s.as_wrong;
}

std::optional<std::string> Checker::slip_here(const Scene& scene, const std::string& kind, double claimed,
                                              double computed) const {
  Mistake m{.claimed = claimed, .computed = computed};
  if (kind == "shares" || kind == "formula" || kind == "exponent" || kind == "fit") return std::nullopt;
  if (current_ != nullptr) {
    m.kind = current_->kind;
    m.raw = current_->raw;
    m.tolerance = current_->step > 0 ? tolerance_of(*current_) : 0;
  }
  m.inputs = used_;
  if (m.inputs.empty()) {
    for (const Quantity& q : scene.numbers)
      if (current_ == nullptr || q.begin != current_->begin) m.inputs.push_back(q);
    for (const Known& k : borrowed_) m.inputs.push_back(k.q);
  }
  return slip_of(m);
}

}  // namespace isoflop::plan
