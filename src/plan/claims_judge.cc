// How a claim is judged: what its digits allow, and what is said of it.
#include <algorithm>
#include <cmath>

#include "base/math.h"
#include "plan/claims_readings.h"
#include "plan/claims_rules.h"
#include "plan/claims_vocabulary.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

std::string percent_off(double ratio) {
  const double off = 100 * (ratio - 1);
  if (ratio >= 3) return short_number(ratio) + " times too large";
  if (ratio <= 1.0 / 3) return short_number(1 / ratio) + " times too small";
  return short_number(std::abs(off)) + " % too " + (off > 0 ? "large" : "small");
}

/// Counts that a text gives rather than measures.
bool given(Kind kind) {
  switch (kind) {
    case Kind::params:
    case Kind::tokens:
    case Kind::devices:
    case Kind::steps:
    case Kind::layers:
    case Kind::width:
    case Kind::vocabulary:
    case Kind::watts:
    case Kind::factor:
    case Kind::usd_per_hour:
    case Kind::yen_per_hour:
    case Kind::usd_per_kwh:
    case Kind::yen_per_kwh:
    case Kind::bytes_per_param:
      return true;
    default:
      return false;
  }
}

}  // namespace

double tolerance_of(const Quantity& q) {
  const double unit = std::abs(q.step / q.value);
  // "about" allows more than the digits do
  return std::min(q.approximate ? std::max(unit, kAboutTolerance) : std::min(unit, std::max(unit / 2, kUnitTolerance)),
                  kMostTolerance);
}

double slack_of(const Quantity& q) {
  if (q.kind == Kind::batch_tokens && q.suffixed) return .05;  // 0.5M tokens are often 2^19
  if (given(q.kind) && q.exact && !q.approximate) return 0;
  // weeks and months are round numbers
  if (q.kind == Kind::seconds && q.value > q.raw * 6 * 86400) return q.value > q.raw * 27 * 86400 ? .10 : .05;
  return std::min(std::abs(q.step / q.value) / 2, .04);
}

double log10_of(double x) {
  return log_(x) / log_(10);
}

bool Checker::found_here(const Scene& scene, const std::function<bool(const Claim&)>& like) const {
  // the latest are enough, however long a line
  constexpr std::size_t kLatest = 256;
  const std::int64_t last = line_at(scene, scene.text.size());
  const auto end = claims_.rbegin() + static_cast<std::ptrdiff_t>(std::min(claims_.size(), kLatest));
  return std::any_of(claims_.rbegin(), end,
                     [&](const Claim& c) { return c.line >= scene.line && c.line <= last && c.claimed && like(c); });
}

bool Checker::judged(const Scene& scene, double claimed) const {
  return found_here(scene, [&](const Claim& c) {
    return std::abs(*c.claimed - claimed) <= 1e-9 * std::abs(claimed) && c.verdict != ClaimVerdict::cannot_check;
  });
}

bool Checker::flagged(const Scene& scene, const Quantity& q) const {
  return found_here(scene, [&](const Claim& c) {
    return (*c.claimed == q.value || *c.claimed == q.raw) && c.verdict != ClaimVerdict::agrees &&
           c.verdict != ClaimVerdict::cannot_check;
  });
}

/// "; the text says 44 days, 4.452 days follow; 7e9 parameters stand in line 3"
std::string Checker::in_its_own_words(std::optional<double> claimed, std::optional<double> computed, std::int64_t line) const {
  std::string said;
  if (current_ != nullptr && !current_->unit.empty() && claimed && computed && *claimed != 0)
    said += "; the text says " + (current_->written.empty() ? short_number(current_->raw) + current_->unit : current_->written) +
            ", " + short_number(current_->raw * (*computed / *claimed)) + current_->unit + " would follow";
  std::vector<std::pair<double, std::int64_t>> told;
  for (const Known& k : borrowed_) {
    if (k.line == line || std::find(told.begin(), told.end(), std::pair(k.q.value, k.line)) != told.end()) continue;
    told.emplace_back(k.q.value, k.line);
    said += (told.size() == 1 ? "; from other lines: " : ", ") +
            (k.q.written.empty() ? short_number(k.q.value) + k.q.unit : k.q.written) + " (line " + format_number(k.line) + ")";
  }
  return said;
}

void Checker::add(const Scene& scene, const std::string& kind, std::optional<double> claimed, std::optional<double> computed,
                  ClaimVerdict verdict, const std::string& explanation) {
  if (claimed && judged(scene, *claimed)) return;
  const std::size_t begin = scene.written.find_first_not_of(" \t"), end = scene.written.find_last_not_of(" \t\r");
  const std::int64_t line = line_at(scene, current_ != nullptr ? current_->begin : spot_);
  const bool wrong = verdict != ClaimVerdict::agrees && verdict != ClaimVerdict::cannot_check;
  const bool of_number =
      current_ != nullptr && !literal_ && claimed && (*claimed == current_->value || *claimed == current_->raw);
  const auto slip = wrong && claimed && computed ? slip_here(scene, kind, *claimed, *computed) : std::nullopt;
  if (wrong && kind == "transfer" && !slip) return;  // what was measured is less than the line allows
  if (wrong && of_number)
    if (const auto reading = benefit_of_doubt(scene, *current_, slip.has_value() && all_near(scene))) {
      rescued_ = true;
      borrowed_.clear();
      return add(scene, kind, claimed, claimed, ClaimVerdict::agrees, "read as: " + *reading);
    }
  if (wrong && of_number && ambiguous_loan(scene))
    return add(scene, kind, claimed, std::nullopt, ClaimVerdict::cannot_check,
               "the numbers that it follows from stand in another paragraph, and not only they");
  const std::string why = explanation + (slip ? "; as if " + *slip : "") +
                          in_its_own_words(verdict == ClaimVerdict::agrees ? std::nullopt : claimed, computed, line);
  Claim claim{file_,   line,    begin == std::string::npos ? "" : scene.written.substr(begin, end - begin + 1),
              kind,    claimed, computed,
              verdict, why};
  if (wrong && of_number && computed && !earned(scene, *current_, current_->value * (*computed / *claimed), slip.has_value()))
    return suspect(scene, std::move(claim), *current_);
  if (wrong && current_ != nullptr && claimed && computed) correct(*current_, *computed / *claimed);
  claims_.push_back(std::move(claim));
}

std::optional<std::string> Checker::benefit_of_doubt(const Scene& scene, const Quantity& q, bool only_near) const {
  Doubt doubt{.claim = q, .tolerance = std::clamp(tolerance_of(q), kLeastTolerance, kMostTolerance), .from = heard_at_};
  doubt.claim.begin += heard_at_;
  doubt.complete = borrowed_.empty();
  const auto is_claim = [&](const Quantity& o) { return o.begin == doubt.claim.begin && o.value == q.value && o.kind == q.kind; };
  doubt.sentence = scene.row ? scene.row_model + " " + scene.text : scene.text;
  doubt.text = scene.row ? doubt.sentence : paragraph_text_ + " " + scene.text;
  Numbers own = scene.numbers;
  own.insert(own.end(), scene.counts.begin(), scene.counts.end());
  for (Quantity& o : own) o.begin += heard_at_;
  for (const Heard& h : heard_) {
    const bool here = h.paragraph == paragraph_ && !scene.row;
    if (here && only_near && h.q.begin < sentence_before_) continue;
    if (here) doubt.numbers.push_back(h.q);
    if (!here && h.q.kind == q.kind) doubt.earlier.push_back(h.q.value);
  }
  doubt.numbers.insert(doubt.numbers.end(), own.begin(), own.end());
  std::erase_if(doubt.numbers, is_claim);
  for (const Known& lent : borrowed_) {
    doubt.numbers.push_back(lent.q);
    doubt.numbers.back().begin = 0;
  }
  if (mentions_any(scene.text, {"a day", "per day", "each day", "daily", "1日", "日額"})) {
    Quantity& day = doubt.numbers.emplace_back();
    day.kind = Kind::seconds;
    day.value = kDay;
    day.raw = 1;
    day.unit = " day";
    day.begin = heard_at_;
  }
  // the peak of the accelerator that is named
  const Accelerator* named = named_accelerator(scene);
  if (named != nullptr || !accelerators_.empty()) {
    Quantity& peak = doubt.numbers.emplace_back();
    peak.kind = Kind::rate;
    peak.value = peak.raw = named != nullptr ? named->peak_flops : accelerators_.back().q.value;
    peak.unit = " FLOP/s";
  }
  return other_reading(doubt);
}

void Checker::say(const Scene& scene, const std::string& kind, double claimed, double computed, double tolerance,
                  const std::string& how, bool own_text) {
  const double ratio = claimed / computed;
  if (!(ratio > 0) || !std::isfinite(ratio)) return;
  const double allowed = std::clamp(tolerance, kLeastTolerance, kMostTolerance);
  if (std::abs(ratio - 1) <= allowed * 1.0001) return add(scene, kind, claimed, computed, ClaimVerdict::agrees, how);
  const double decades = log10_of(ratio);
  const bool power = std::abs(decades) > .5 && std::abs(decades - std::round(decades)) < .05 + log_(1 + allowed) / log_(10) / 2;
  if (power)
    return add(scene, kind, claimed, computed, ClaimVerdict::power_of_ten,
               how + "; 10^" + short_number(std::round(decades)) + " times what follows");
  add(scene, kind, claimed, computed, own_text ? ClaimVerdict::inconsistent : ClaimVerdict::off, how + "; " + percent_off(ratio));
}

bool Checker::is_term(const Quantity& q) const {
  return std::any_of(terms_.begin(), terms_.end(), [&](const auto& t) { return q.begin >= t.first && q.begin < t.second; });
}

void Checker::judge_each(const Scene& scene) {
  if (scene.numbers.size() > kMostNumbers) return;
  if (scene.row) {
    beside(scene);
    matrices(scene);
    active_compute(scene);
  }
  for (const Quantity& q : scene.numbers) {
    if (is_term(q)) continue;
    current_ = &q;
    borrowed_.clear();
    if (q.kind == Kind::flops) compute(scene, q);
    if (q.kind == Kind::ratio) ratio(scene, q);
    if (q.kind == Kind::device_seconds) device_time(scene, q);
    if (q.kind == Kind::seconds) duration(scene, q);
    if (q.kind == Kind::usd || q.kind == Kind::yen) money(scene, q);
    if (q.kind == Kind::bytes) weights(scene, q);
    if (q.kind == Kind::tokens && (q.recommended || called_optimal(scene))) recommended(scene, q);
    if (q.kind == Kind::factor) times_recommended(scene, q);
    if (q.kind == Kind::factor || q.kind == Kind::percent) between_two(scene, q);
    if (q.kind == Kind::rate) peak(scene, q);
    if (q.kind == Kind::params || q.kind == Kind::tokens || q.kind == Kind::device_seconds) facts(scene, q);
  }
  current_ = nullptr;
  borrowed_.clear();
}

void Checker::check(const Scene& scene) {
  power_law(scene);  // before arithmetic: the number may be right as a sum and wrong as a law
  arithmetic(scene);
  beside(scene);
  active_compute(scene);
  symbolic(scene);
  judge_each(scene);
  if (scene.numbers.size() > kMostNumbers) return;
  shape(scene);
  scaling(scene);
  relations(scene);
  growth(scene);
  totals(scene);
  parts(scene);
  proportions(scene);
  counts(scene);
  memory_parts(scene);
  by_multiples(scene);
  machines(scene);
  batches(scene);
  achieved(scene);
}

}  // namespace isoflop::plan
