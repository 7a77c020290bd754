// What is known while a document is read.
#include <algorithm>
#include <cmath>

#include "base/math.h"
#include "isoflop/cost.h"
#include "plan/claims_rules.h"
#include "plan/claims_vocabulary.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

constexpr double kSameSize = .05;  // "Kestrel-3B has 3.1B parameters"
constexpr std::size_t kLongestText = 1024;

/// Said of machines and prices, not of a model.
bool of_surroundings(const Quantity& q) {
  switch (q.kind) {
    case Kind::devices:
    case Kind::rate:
    case Kind::usd_per_hour:
    case Kind::yen_per_hour:
    case Kind::usd_per_kwh:
    case Kind::yen_per_kwh:
    case Kind::carbon_per_kwh:
    case Kind::overhead:
    case Kind::watts:
    case Kind::bytes_per_param:
    case Kind::bytes_per_token:
    case Kind::vocabulary:
      return true;
    default:
      return q.utilisation;
  }
}

}  // namespace

Checker::Checker(const std::string& text, std::string file)
    : file_(std::move(file)), japanese_(is_japanese(text)), exponent_{{'N', .076}, {'D', .095}, {'C', .050}} {
  other_money_ = counts_in_other_money(text);
  const std::string whole = normalised(text);
  speaks_of_rule_ = mentions(whole, "Chinchilla") || whole.find("20N") != std::string::npos ||
                    whole.find("20トークン") != std::string::npos || whole.find("20 tokens") != std::string::npos;
}

void Checker::begin_subject(bool heading) {
  end_of_shares();
  known_.clear();
  block_.clear();
  subject_models_.clear();
  subject_speaks_of_flash_ = false;
  // prices and utilisations of a preface hold for what follows
  std::erase_if(memory_, [&](const Known& k) { return !heading || !k.surroundings || k.q.kind == Kind::devices; });
  at_peak_ = false;
  subject_at_ = heard_at_;
  if (!heading) return;
  accelerators_.clear();
  heard_.clear();
  section_models_.clear();
  section_names_law_ = false;
}

void Checker::blank_line() {
  end_of_shares();
  new_paragraph_ = true;
}

std::int64_t Checker::line_at(const Scene& scene, std::size_t position) {
  std::int64_t line = scene.line;
  for (const auto& [begin, of] : scene.starts)
    if (position >= begin) line = of;
  return line;
}

void Checker::prose(std::int64_t line, const std::vector<std::string>& lines) {
  if (new_paragraph_) {
    paragraph_ = line;
    paragraph_text_.clear();
    last_pair_.reset();
  }
  new_paragraph_ = false;
  std::string text, written;
  std::vector<std::pair<std::size_t, std::int64_t>> starts;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) {
      text += ' ';
      written += ' ';
      starts.emplace_back(text.size(), line + static_cast<std::int64_t>(i));
    }
    text += normalised(other_money_ ? as_dollars(lines[i]) : lines[i]);
    written += lines[i];
  }
  const bool law = text.find("α") != std::string::npos ||
                   mentions_any(text, {"Kaplan", "カプラン", "scaling law", "scaling laws", "power law", "power laws", "exponent",
                                       "exponents", "スケーリング則", "べき乗則", "べき則", "指数"});
  section_names_law_ = section_names_law_ || law;
  title_names_law_ = title_names_law_ || (law && is_title_of_document(text));
  Scene whole{.line = line, .written = written, .text = text, .numbers = quantities(text), .starts = starts};
  ahead_ = whole.numbers;
  share_line(whole);
  text_size(whole);
  exponents(whole);
  allocation(whole);
  known_statements(whole);
  std::size_t from = 0;
  for (const std::string& sentence : sentences(text)) {
    const std::size_t begin = std::min(text.find(sentence, from), text.size());
    from = begin + sentence.size();
    Scene scene{.line = line, .written = written, .text = sentence, .numbers = quantities(sentence)};
    carry_pairs(sentence, scene.numbers, last_pair_);
    scene.models = mentions_of_models(sentence);
    for (const auto& [position, of] : starts) {
      if (position <= begin) scene.line = of;
      if (position > begin && position < from) scene.starts.emplace_back(position - begin, of);
    }
    remember(scene);
    check(scene);
    hear(scene);
    for (const Mention& m : scene.models) section_models_.insert(plain_label(sentence.substr(m.position, m.length)));
    for (const Mention& m : scene.models)
      if (std::none_of(subject_models_.begin(), subject_models_.end(), [&](const Mention& o) { return o.model == m.model; }))
        subject_models_.push_back(m);
    subject_speaks_of_flash_ = subject_speaks_of_flash_ || sentence.find("FlashAttention") != std::string::npos;
    paragraph_text_ += " " + sentence;
    if (paragraph_text_.size() > 2 * kLongestText) paragraph_text_.erase(0, paragraph_text_.size() - kLongestText);
  }
  const std::size_t content = text.find_first_not_of(' ');
  if (content != std::string::npos && text.find_first_of("=~", content) == std::string::npos) carried_.reset();
}

void Checker::hear(const Scene& scene) {
  for (Quantity q : scene.numbers) {
    // what follows rather than what was found wrong
    for (auto c = claims_.rbegin(); c != claims_.rend() && c->line >= scene.line; ++c)
      if (c->claimed && c->computed && (*c->claimed == q.value || *c->claimed == q.raw) && is_wrong(*c)) {
        q.value *= *c->computed / *c->claimed;
        break;
      }
    if (q.kind == Kind::none && q.suffixed && q.value >= 1e7) sizes_.push_back(q.value);  // v1 had 1.4B
    const std::int64_t line = line_at(scene, q.begin);
    auto& [least, most] = said_.try_emplace(q.kind, q.value, q.value).first->second;
    least = std::min(least, q.value);
    most = std::max(most, q.value);
    q.begin += heard_at_;
    heard_.push_back({q, paragraph_, line});
  }
  sentence_before_ = heard_at_;
  heard_at_ += scene.text.size() + 1;
  drop_old(heard_);
}

void Checker::remember(const Scene& scene) {
  // another model is another subject
  std::vector<Quantity> sizes;
  for (const Quantity& q : scene.numbers)
    if (q.kind == Kind::params && !q.recommended && (sizes.empty() || std::abs(q.value / sizes.back().value - 1) > kSameSize))
      sizes.push_back(q);
  const bool published = !scene.models.empty();
  const bool own_before = own_model_ || std::any_of(memory_.begin(), memory_.end(),
                                                    [](const Known& k) { return k.q.kind == Kind::params && !k.foreign; });
  const bool foreign = own_before && !subject_is_published_ && published;
  if (!own_before && !sizes.empty()) subject_is_published_ = published;
  if (!published && sizes.size() == 1) remember_own_model(scene, sizes[0]);
  const auto before = known_.find(Kind::params);
  if (!sizes.empty() && before != known_.end() && std::abs(sizes.back().value / before->second.q.value - 1) > .03) {
    known_.clear();
    block_.clear();
    subject_models_.clear();
    subject_speaks_of_flash_ = false;
    std::erase_if(memory_, [](const Known& k) { return !k.surroundings; });
  }
  own_from_ = memory_.size();
  const bool of_run = std::any_of(scene.numbers.begin(), scene.numbers.end(), [](const Quantity& q) {
    return q.kind == Kind::params || q.kind == Kind::tokens || q.kind == Kind::flops || q.kind == Kind::seconds ||
           q.kind == Kind::device_seconds;
  });
  for (const Quantity& q : scene.numbers) {
    if (q.kind == Kind::none || q.kind == Kind::other) continue;
    block_.push_back(q);
    if (q.recommended) continue;
    known_[q.kind] = {q, line_at(scene, q.begin)};
    memory_.push_back({q, line_at(scene, q.begin), of_surroundings(q) && !of_run, foreign});
    remember_only(memory_.back());
    if (q.kind == Kind::rate && q.value > 1e12 && q.value <= kLargestPeak) accelerators_.push_back({q, scene.line});
  }
  own_from_ -= std::min(own_from_, drop_old(memory_));
  drop_old(accelerators_);
  drop_old(block_);
  if (sizes.size() > 1) {
    known_.erase(Kind::params);
    std::erase_if(memory_, [](const Known& k) { return k.q.kind == Kind::params; });
  }
  remember_accelerator(scene);
}

void Checker::remember_accelerator(const Scene& scene) {
  const bool stated = std::any_of(scene.numbers.begin(), scene.numbers.end(),
                                  [](const Quantity& q) { return q.kind == Kind::rate && q.value > 1e12; });
  if (stated) return;
  if (const Accelerator* a = named_accelerator(scene)) {
    Quantity q;
    q.kind = Kind::rate;
    q.value = q.raw = a->peak_flops;
    q.step = a->peak_flops * .001;
    q.unit = " FLOP/s of " + a->title;
    accelerators_.push_back({q, scene.line});
  }
}

const Accelerator* Checker::named_accelerator(const Scene& scene) {
  for (const std::string& text : {scene.text, scene.row_model})
    if (const auto named = first_accelerator(text)) return named->accelerator;
  return nullptr;
}

std::optional<Peak> Checker::peak_of(const Scene& scene) {
  for (const Quantity& q : scene.numbers)
    if (q.kind == Kind::rate && q.value > 1e12 && q.value <= kLargestPeak) return Peak{q.value, q.utilisation};
  if (const Accelerator* a = named_accelerator(scene)) return Peak{a->peak_flops, false};
  if (const auto q = recall(scene, accelerators_)) return Peak{q->value, q->utilisation};
  return std::nullopt;
}

double Checker::mfu_of(const Scene& scene) {
  for (const Quantity& q : scene.numbers)
    if (q.kind == Kind::percent && q.utilisation && q.value > 1 && q.value <= 100 && !flagged(scene, q)) return q.value / 100;
  if (mentions_any(scene.text, {"theoretical peak", "at peak", "peak performance", "理論ピーク", "理論性能", "ピーク性能"}))
    return 1;
  if (scene.row) return 0;
  const bool same = mentions_any(scene.text, {"MFU", "utilization", "utilisation", "利用率", "使用率"});
  std::vector<Known> said;
  for (const Known& k : memory_)
    if (k.q.kind == Kind::percent && k.q.utilisation && k.q.value > 1 && k.q.value <= 100 &&
        (k.surroundings || same || k.line >= paragraph_))
      said.push_back(k);
  const auto q = recall(scene, said);
  return q ? q->value / 100 : 0;
}

std::optional<Quantity> Checker::compute_of(const Scene& scene, std::size_t position) {
  // what another paragraph said is meant only where a utilisation says that a training is timed
  const bool timed =
      mentions_any(scene.text, {"MFU", "utilization", "utilisation", "利用率", "使用率"}) ||
      std::any_of(memory_.begin(), memory_.end(), [&](const Known& k) { return k.q.utilisation && k.line >= paragraph_; });
  const bool here = !compute_is_old(scene) || timed;
  if (!here) return std::nullopt;
  const auto stated = [&](Kind kind) {
    return std::any_of(scene.numbers.begin(), scene.numbers.end(), [&](const Quantity& q) { return q.kind == kind; });
  };
  const auto of_paragraph = [&](Kind kind) {
    return stated(kind) || (known_.contains(kind) && known_.at(kind).line >= paragraph_);
  };
  // a sentence that has its own compute is judged by it
  if (stated(Kind::flops) && !(stated(Kind::params) && stated(Kind::tokens))) return input(scene, Kind::flops, position);
  const bool other_model = stated(Kind::flops) && !scene.row && !(of_paragraph(Kind::params) && of_paragraph(Kind::tokens));
  const auto looked_up = static_cast<std::ptrdiff_t>(borrowed_.size());
  const auto n = input(scene, Kind::params, position), d = input(scene, Kind::tokens, position);
  if (n && d && !other_model) {
    Quantity c;
    c.kind = Kind::flops;
    c.value = 6 * active_of(scene, n->value) * d->value;
    c.step = 2 * c.value * (slack_of(*n) + slack_of(*d));
    return c;
  }
  borrowed_.erase(borrowed_.begin() + looked_up, borrowed_.end());  // not used, not named
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

bool Checker::spoken_of(const Scene& scene, const KnownModel& m) {
  return scene.row || std::any_of(m.facts.families.begin(), m.facts.families.end(),
                                  [&](const std::string& word) { return mentions(scene.text, word); });
}

}  // namespace isoflop::plan
