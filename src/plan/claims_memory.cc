// What was said of the subject, of the document's own model and in tables, and which of it a claim may rest on.
#include <algorithm>
#include <cmath>

#include "base/math.h"
#include "base/utf8.h"
#include "plan/claims_rules.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

constexpr std::int64_t kFarthest = 16;  // lines: what was said before is no longer spoken of

/// What is measured of one run is not that of another paragraph's.
bool measured(Kind kind) {
  return kind == Kind::loss || kind == Kind::perplexity || kind == Kind::bits_per_token || kind == Kind::bits_per_byte ||
         kind == Kind::seconds || kind == Kind::steps || kind == Kind::step_seconds || kind == Kind::throughput ||
         kind == Kind::device_throughput;
}

/// "10 runs", "ten replicas", "全部で10回": its totals are not those of one.
bool sums_over_runs(const std::string& s, const std::vector<Quantity>& numbers) {
  if (s.find("全部") != std::string::npos) return true;
  static constexpr std::string_view kRuns[] = {"runs", "trials", "experiments", "jobs", "replicas", "copies"};
  static constexpr std::string_view kSeveral[] = {"two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"};
  for (const std::string_view runs : kRuns)
    for (std::size_t i = find_word(s, runs); i != std::string::npos; i = find_word(s, runs, i + 1))
      for (const std::string_view several : kSeveral)
        if (const std::size_t length = several.size() + 1; i >= length && find_word(s, several, i - length) == i - length)
          return true;
  return std::any_of(numbers.begin(), numbers.end(), [&](const Quantity& q) {
    const std::size_t k = skip_spaces(s, q.number_end);
    const bool counted = at(s, k, "回") || std::any_of(std::begin(kRuns), std::end(kRuns),
                                                       [&](std::string_view runs) { return word_at(s, k, runs); });
    return counted && q.exact && !q.suffixed && q.raw >= 2 && q.raw <= 1000;
  });
}

}  // namespace

/// # Our 7B model, title: Our 7B model
bool Checker::is_title_of_document(const std::string& text) {
  return text.starts_with("# ") || text.starts_with("title");
}

void Checker::remember_own_model(const Scene& scene, const Quantity& size) {
  constexpr double kSameModel = .1;  // "Heron-7B" of 6.9B
  const bool title = is_title_of_document(scene.text);
  if (!own_model_ || (title && !own_model_in_title_)) {
    own_model_ = Known{size, line_at(scene, size.begin)};
    own_model_in_title_ = title;
  } else if (std::abs(size.value / own_model_->q.value - 1) <= kSameModel) {
    if (size.step <= own_model_->q.step) own_model_ = Known{size, line_at(scene, size.begin)};
  } else {
    one_own_model_ = false;
  }
}

void Checker::remember_row(const Scene& scene) {
  std::string name = scene.row_model.substr(0, scene.row_model.find('('));  // active parameters (per token)
  while (!name.empty() && name.back() == ' ') name.pop_back();
  if (name.empty() || digit(name[0])) return;
  for (const Quantity& q : scene.numbers)
    if ((q.kind == Kind::params || q.kind == Kind::tokens || q.kind == Kind::flops) && !q.recommended && !flagged(scene, q))
      rows_.emplace_back(name, Known{q, scene.line});
  drop_old(rows_);
}

void Checker::correct(const Quantity& q, double times) {
  const auto mend = [&](Known& k) {
    if (k.q.kind != q.kind || k.q.value != q.value) return false;
    k.q.value *= times;
    k.q.raw *= times;
    k.q.step *= times;
    k.q.written = short_number(k.q.raw) + k.q.unit + " as it follows";
    return true;
  };
  if (const auto known = known_.find(q.kind); known != known_.end()) mend(known->second);
  if (const auto only = only_.find(q.kind); only != only_.end() && only->second) mend(*only->second);
  // what was said may still be meant, but convicts nobody: the nearest is what follows
  for (std::size_t i = 0, end = memory_.size(); i < end; ++i)
    if (Known k = memory_[i]; mend(k)) memory_.push_back(k);
}

const Checker::Known* Checker::of_document(const Scene& scene) const {
  const bool known = own_model_ && (own_model_in_title_ || one_own_model_);
  return known && scene.models.empty() && !sums_over_runs(scene.text, scene.numbers) ? &*own_model_ : nullptr;
}

void Checker::remember_only(const Known& known) {
  if (known.foreign || known.q.recommended) return;
  if (known.q.kind == Kind::params) {
    sizes_.push_back(known.q.value);
    drop_old(sizes_);
  }
  const auto [it, first] = only_.try_emplace(known.q.kind, known);
  if (!first && it->second && std::abs(it->second->q.value / known.q.value - 1) > .03) it->second.reset();
}

const Checker::Known* Checker::only_one(const Scene& scene, Kind kind) const {
  static constexpr Kind kHeld[] = {Kind::flops, Kind::devices, Kind::tokens};
  const auto found = only_.find(kind);
  const bool known =
      found != only_.end() && found->second && std::find(std::begin(kHeld), std::end(kHeld), kind) != std::end(kHeld);
  const auto own = [&](Kind of) {
    return std::any_of(scene.numbers.begin(), scene.numbers.end(), [&](const Quantity& q) { return q.kind == of; }) ||
           (known_.contains(of) && known_.at(of).line >= paragraph_);
  };
  // another run
  if (kind == Kind::flops && (own(Kind::params) || own(Kind::tokens))) return nullptr;
  if (kind == Kind::tokens && own(Kind::params)) return nullptr;
  return known && scene.models.empty() && !sums_over_runs(scene.text, scene.numbers) ? &*found->second : nullptr;
}

const Checker::Known* Checker::of_row(const Scene& scene, Kind kind, std::size_t position) const {
  if (scene.row) return nullptr;
  const Known* last = nullptr;
  std::size_t at_last = 0, length = 0;
  for (const auto& [name, known] : rows_) {
    if (known.q.kind != kind || count_characters(name) < 2) continue;
    for (std::size_t i = find_word(scene.text, name); i < position; i = find_word(scene.text, name, i + 1)) {
      // 特大 is not 大
      const std::size_t end = i + name.size();
      if (last != nullptr && (end < at_last || (end == at_last && name.size() < length))) continue;
      last = &known;
      at_last = end;
      length = name.size();
    }
  }
  return last;
}

std::optional<Quantity> Checker::recall(const Scene& scene, const std::vector<Known>& said) {
  if (sums_over_runs(scene.text, scene.numbers)) return std::nullopt;
  const Known* nearest = nullptr;
  const Known* only = nullptr;
  bool several = false;
  for (const Known& k : said) {
    if (k.line >= paragraph_) nearest = &k;
    if (scene.line - k.line > kFarthest || k.foreign || measured(k.q.kind)) continue;
    several = several || (only != nullptr && std::abs(k.q.value / only->q.value - 1) > .01);
    only = &k;
  }
  if (nearest == nullptr && !several) nearest = only;
  if (nearest == nullptr) return std::nullopt;
  if (nearest->line != scene.line) borrowed_.push_back(*nearest);
  return nearest->q;
}

std::optional<Quantity> Checker::recall(const Scene& scene, Kind kind) {
  // a published model is meant in the paragraph that names it
  if (std::none_of(memory_.begin(), memory_.end(),
                   [&](const Known& k) { return k.q.kind == kind && (!k.foreign || k.line >= paragraph_); })) {
    const Known* own = kind == Kind::params ? of_document(scene) : only_one(scene, kind);
    if (own == nullptr) return std::nullopt;
    borrowed_.push_back(*own);
    return own->q;
  }
  std::vector<Known> said;
  for (const Known& k : memory_)
    if (k.q.kind == kind && (kind != Kind::seconds || k.line >= paragraph_)) said.push_back(k);
  return recall(scene, said);
}

std::optional<Quantity> Checker::input(const Scene& scene, Kind kind, std::size_t position, bool recommended) {
  std::vector<Quantity> here;
  for (const Quantity& q : scene.numbers)
    if (q.kind == kind && q.recommended == recommended && !flagged(scene, q)) here.push_back(q);
  if (here.size() == 1) return here[0];
  if (here.size() > 1) {
    // of several the nearest before the claim
    std::optional<Quantity> nearest;
    for (const Quantity& q : here)
      if (q.begin < position) nearest = q;
    return nearest;
  }
  if (scene.row || recommended) return std::nullopt;
  if (const Known* of_table = of_row(scene, kind, position)) {
    borrowed_.push_back(*of_table);
    return of_table->q;
  }
  return recall(scene, kind);
}

}  // namespace isoflop::plan
