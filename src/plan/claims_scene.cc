// What is known while a document is read, and how a claim is judged.
#include <algorithm>
#include <cmath>

#include "base/math.h"
#include "isoflop/cost.h"
#include "plan/claims_rules.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

constexpr std::int64_t kFarthest = 8;  // lines: what was said before is no longer spoken of

std::string percent_off(double ratio) {
  const double off = 100 * (ratio - 1);
  if (ratio >= 3) return short_number(ratio) + " times too large";
  if (ratio <= 1.0 / 3) return short_number(1 / ratio) + " times too small";
  return short_number(std::abs(off)) + " % too " + (off > 0 ? "large" : "small");
}

}  // namespace

double tolerance_of(const Quantity& q) {
  return std::min(std::abs(q.step / q.value), .10);
}

double slack_of(const Quantity& q) {
  return std::min(std::abs(q.step / q.value) / 2, .04);
}

double log10_of(double x) {
  return log_(x) / log_(10);
}

Checker::Checker(const std::string& text, std::string file)
    : file_(std::move(file)), japanese_(is_japanese(text)), exponent_{{'N', .076}, {'D', .095}, {'C', .050}} {
  const std::string whole = normalised(text);
  speaks_of_rule_ = mentions(whole, "Chinchilla") || whole.find("20N") != std::string::npos ||
                    whole.find("20トークン") != std::string::npos || whole.find("20 tokens") != std::string::npos;
}

void Checker::begin_subject(bool heading) {
  end_of_shares();
  known_.clear();
  block_.clear();
  subject_words_.clear();
  if (heading) accelerator_.reset();
}

void Checker::blank_line() {
  end_of_shares();
  new_paragraph_ = true;
}

void Checker::prose(std::int64_t line, const std::string& written) {
  if (new_paragraph_) paragraph_ = line;
  new_paragraph_ = false;
  const std::string text = normalised(written);
  Scene whole{.line = line, .written = written, .text = text, .numbers = quantities(text), .row = false, .row_model = {}};
  share_line(whole);
  text_size(whole);
  exponents(whole);
  known_statements(whole);
  for (const std::string& sentence : sentences(text)) {
    Scene scene{
        .line = line, .written = written, .text = sentence, .numbers = quantities(sentence), .row = false, .row_model = {}};
    remember(scene);
    check(scene);
    subject_words_ += " " + sentence;
  }
  const std::size_t content = text.find_first_not_of(' ');
  if (content != std::string::npos && text.find_first_of("=~", content) == std::string::npos) carried_.reset();
}

void Checker::remember(const Scene& scene) {
  // another model is another subject
  std::vector<Quantity> sizes;
  for (const Quantity& q : scene.numbers)
    if (q.kind == Kind::params && !q.recommended) sizes.push_back(q);
  const auto before = known_.find(Kind::params);
  if (!sizes.empty() && before != known_.end() && std::abs(sizes.back().value / before->second.q.value - 1) > .03) {
    known_.clear();
    block_.clear();
    subject_words_.clear();
  }
  for (const Quantity& q : scene.numbers) {
    if (q.kind == Kind::none || q.kind == Kind::other) continue;
    block_.push_back(q);
    if (q.recommended) continue;
    known_[q.kind] = {q, scene.line};
    if (q.kind == Kind::rate && q.value > 1e12) accelerator_ = Known{q, scene.line};
  }
  if (sizes.size() > 1) known_.erase(Kind::params);
  remember_accelerator(scene);
}

void Checker::remember_accelerator(const Scene& scene) {
  for (const Accelerator& a : accelerators()) {
    const std::string word = a.name == "h100-sxm"  ? "H100"
                             : a.name == "a100-80" ? "A100"
                             : a.name == "v100"    ? "V100"
                             : a.name == "h200"    ? "H200"
                             : a.name == "b200"    ? "B200"
                             : a.name == "mi300x"  ? "MI300X"
                             : a.name == "tpu-v4"  ? "TPU v4"
                                                   : "";
    if (word.empty()) continue;
    bool named =
        mentions(scene.text, word) || mentions(scene.text, word + "s") || (word == "TPU v4" && mentions(scene.text, "TPUv4"));
    for (const Quantity& q : scene.numbers)
      if (q.kind == Kind::devices && scene.text.substr(q.begin, q.end - q.begin).find(word) != std::string::npos) named = true;
    if (!named) continue;
    const bool stated = std::any_of(scene.numbers.begin(), scene.numbers.end(),
                                    [](const Quantity& q) { return q.kind == Kind::rate && q.value > 1e12; });
    if (stated) continue;
    Quantity q;
    q.kind = Kind::rate;
    q.value = q.raw = a.peak_flops;
    q.step = a.peak_flops * .001;
    accelerator_ = Known{q, scene.line};
  }
}

std::optional<Quantity> Checker::input(const Scene& scene, Kind kind, std::size_t position, bool recommended) const {
  std::vector<Quantity> here;
  for (const Quantity& q : scene.numbers)
    if (q.kind == kind && q.recommended == recommended) here.push_back(q);
  if (here.size() == 1) return here[0];
  if (here.size() > 1) {
    // of several the nearest before the claim
    std::optional<Quantity> nearest;
    for (const Quantity& q : here)
      if (q.begin < position) nearest = q;
    return nearest;
  }
  if (scene.row || recommended) return std::nullopt;
  const auto it = known_.find(kind);
  if (it == known_.end() || scene.line - it->second.line > kFarthest) return std::nullopt;
  // machines and hours are those of their own paragraph
  const bool of_machines = kind == Kind::devices || kind == Kind::seconds || kind == Kind::device_seconds ||
                           kind == Kind::usd_per_hour || kind == Kind::yen_per_hour || kind == Kind::batch_tokens;
  const bool timed = kind == Kind::devices && scene_mfu(scene) > 0;
  if (of_machines && !timed && it->second.line < paragraph_) return std::nullopt;
  return it->second.q;
}

std::optional<Quantity> Checker::compute_of(const Scene& scene, std::size_t position) const {
  // what another paragraph said is meant only where a utilisation says that a training is timed
  const bool here = !compute_is_old(scene) || scene_mfu(scene) > 0;
  if (!here) return std::nullopt;
  const auto stated = [&](Kind kind) {
    return std::any_of(scene.numbers.begin(), scene.numbers.end(), [&](const Quantity& q) { return q.kind == kind; });
  };
  const auto of_paragraph = [&](Kind kind) {
    return stated(kind) || (known_.contains(kind) && known_.at(kind).line >= paragraph_);
  };
  const bool other_model = stated(Kind::flops) && !scene.row && !(of_paragraph(Kind::params) && of_paragraph(Kind::tokens));
  const auto n = input(scene, Kind::params, position), d = input(scene, Kind::tokens, position);
  if (n && d && !other_model) {
    Quantity c;
    c.kind = Kind::flops;
    c.value = 6 * active_of(scene, n->value) * d->value;
    c.step = 2 * c.value * (slack_of(*n) + slack_of(*d));
    return c;
  }
  return input(scene, Kind::flops, position);
}

double Checker::active_of(const Scene& scene, double params) const {
  for (const KnownModel* m : models_of(scene))
    if (m->facts.active_params && std::abs(params / m->facts.params - 1) < .08) return *m->facts.active_params;
  return params;
}

bool Checker::compute_is_old(const Scene& scene) const {
  if (scene.row) return false;
  for (const Kind kind : {Kind::params, Kind::tokens, Kind::flops}) {
    if (std::any_of(scene.numbers.begin(), scene.numbers.end(), [&](const Quantity& q) { return q.kind == kind; })) return false;
    if (const auto it = known_.find(kind); it != known_.end() && it->second.line >= paragraph_) return false;
  }
  return true;
}

std::optional<double> Checker::peak_of(const Scene& scene) const {
  for (const Quantity& q : scene.numbers)
    if (q.kind == Kind::rate && q.value > 1e12) return q.value;
  return accelerator_ ? std::optional(accelerator_->q.value) : std::nullopt;
}

double Checker::scene_mfu(const Scene& scene) const {
  if (!mentions_any(scene.text, {"MFU", "utilization", "utilisation", "利用率", "使用率", "効率", "efficiency"})) return 0;
  for (const Quantity& q : scene.numbers)
    if (q.kind == Kind::percent && q.value > 5 && q.value <= 100) return q.value / 100;
  return 0;
}

bool Checker::spoken_of(const Scene& scene, const KnownModel& m) {
  return scene.row || std::any_of(m.facts.families.begin(), m.facts.families.end(),
                                  [&](const std::string& word) { return mentions(scene.text, word); });
}

bool Checker::judged(const Scene& scene, double claimed) const {
  return std::any_of(claims_.rbegin(), claims_.rend(), [&](const Claim& c) {
    return c.line == scene.line && c.claimed && std::abs(*c.claimed - claimed) <= 1e-9 * std::abs(claimed) &&
           c.verdict != ClaimVerdict::cannot_check;
  });
}

void Checker::add(const Scene& scene, const std::string& kind, std::optional<double> claimed, std::optional<double> computed,
                  ClaimVerdict verdict, const std::string& explanation) {
  if (claimed && judged(scene, *claimed)) return;
  const std::size_t begin = scene.written.find_first_not_of(" \t"), end = scene.written.find_last_not_of(" \t\r");
  claims_.push_back({file_, scene.line, begin == std::string::npos ? "" : scene.written.substr(begin, end - begin + 1), kind,
                     claimed, computed, verdict, explanation});
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

void Checker::check(const Scene& scene) {
  power_law(scene);  // before arithmetic: the number may be right as a sum and wrong as a law
  const auto terms = arithmetic(scene);
  symbolic(scene);
  for (const Quantity& q : scene.numbers) {
    // a term of an expression is no claim
    if (std::any_of(terms.begin(), terms.end(), [&](const auto& t) { return q.begin >= t.first && q.begin < t.second; }))
      continue;
    if (q.kind == Kind::flops) compute(scene, q);
    if (q.kind == Kind::ratio) ratio(scene, q);
    if (q.kind == Kind::device_seconds) device_time(scene, q);
    if (q.kind == Kind::seconds) duration(scene, q);
    if (q.kind == Kind::usd || q.kind == Kind::yen) money(scene, q);
    if (q.kind == Kind::steps) steps(scene, q);
    if (q.kind == Kind::bytes) weights(scene, q);
    if (q.kind == Kind::percent) utilisation(scene, q);
    if (q.kind == Kind::tokens && (q.recommended || called_optimal(scene))) recommended(scene, q);
    if (q.kind == Kind::factor) times_recommended(scene, q);
    if (q.kind == Kind::factor || q.kind == Kind::percent) between_two(scene, q);
    if (q.kind == Kind::rate) peak(scene, q);
    if (q.kind == Kind::params || q.kind == Kind::tokens || q.kind == Kind::device_seconds) facts(scene, q);
  }
}

}  // namespace isoflop::plan
