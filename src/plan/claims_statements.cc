// What a text says of known models, exponents, shares and fits, and its tables.
#include <algorithm>
#include <cmath>
#include <map>

#include "base/math.h"
#include "isoflop/laws.h"
#include "isoflop/text.h"
#include "plan/claims_rules.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

bool near(double a, double b, double relative) {
  return std::abs(a / b - 1) <= relative;
}

/// GPT-3.5 is not GPT-3, PaLM 2 is not PaLM.
bool next_generation(const std::string& s, std::size_t end) {
  if (end < s.size() && s[end] == '.' && end + 1 < s.size() && digit(s[end + 1])) return true;
  if (end < s.size() && digit(s[end])) return true;
  if (end + 1 < s.size() && (s[end] == ' ' || s[end] == '-') && digit(s[end + 1])) {
    const auto n = read_number(s, end + 1);
    return n && !n->suffixed && n->value < 10 && (n->end >= s.size() || !letter(s[n->end]));
  }
  return false;
}

/// "Chinchilla-optimal" and "Chinchilla 論文" are not the model.
bool named_for_something_else(const std::string& s, const Mention& m) {
  const std::string next = s.substr(std::min(s.size(), skip_spaces(s, m.position + m.length)), 16);
  for (const std::string_view word : {"推奨", "最適", "則", "論文", "比", "-optimal", "optimal", "scaling", "law", "rule",
                                      "スケーリング", "ratio", "paper", "の"})
    if (next.starts_with(word)) return true;
  return false;
}

bool is_called(const PublishedModel& m, double params, double tolerance) {
  return near(params, m.params, tolerance) || (m.active_params && near(params, *m.active_params, tolerance)) ||
         std::any_of(m.also_called.begin(), m.also_called.end(), [&](double other) { return near(params, other, tolerance); });
}

/// pre-BLOOM; Llama 405B is another of the family.
bool names_another(const std::string& s, const Mention& mention, const PublishedModel& model, double params) {
  if (s.substr(0, mention.position).ends_with("pre-")) return true;
  const std::string family = model.name.substr(0, model.name.find_first_of("- 0123456789"));
  return std::any_of(known_models().begin(), known_models().end(),
                     [&](const KnownModel& m) { return is_called(m.facts, params, .03) && word_at(m.facts.name, 0, family); });
}

/// The first ^p of a sentence with 0 < p < 1.5.
std::optional<double> exponent_in(const std::string& s, int& count) {
  std::optional<double> found;
  count = 0;
  for (std::size_t i = s.find('^'); i != std::string::npos; i = s.find('^', i + 1)) {
    if (i == 0 || digit(s[i - 1])) continue;  // 10^(23)
    std::size_t k = i + 1;
    while (k < s.size() && (s[k] == '(' || s[k] == '-' || s[k] == ' ')) ++k;
    const auto n = read_number(s, k);
    if (!n || !(n->value > 0 && n->value < 1.5)) continue;
    if (!found || *found != n->value) ++count;
    found = n->value;
  }
  return found;
}

char quantity_spoken_of(const std::string& s) {
  if (mentions_any(s, {"パラメータ", "parameters", "parameter", "params", "モデルサイズ", "model size", "model"})) return 'N';
  if (mentions_any(s, {"データ", "data", "tokens", "トークン", "dataset"})) return 'D';
  if (mentions_any(s, {"計算", "compute", "FLOPs"})) return 'C';
  return ' ';
}

std::vector<Quantity> doubling_in(const std::string& s) {
  Quantity two;
  two.kind = Kind::factor;
  two.value = two.raw = 2;
  two.step = .01;
  two.begin = std::min({find_word(s, "doubling"), find_word(s, "doubles"), find_word(s, "twice")});
  return two.begin == std::string::npos ? std::vector<Quantity>{} : std::vector{two};
}

bool speaks_of_the_past(const std::string& s) {
  return mentions_any(s, {"fell", "dropped", "decreased", "improved", "went", "was", "were", "got", "saw", "measured", "ました",
                          "下がった", "減った", "低下した", "改善した", "実測"});
}

}  // namespace

std::vector<Mention> mentions_of_models(const std::string& s) {
  std::vector<Mention> all;
  for (const KnownModel& model : known_models())
    for (const std::string& family : model.facts.families)
      for (std::size_t i = find_word(s, family); i != std::string::npos; i = find_word(s, family, i + 1))
        if (!next_generation(s, i + family.size())) all.push_back({&model, i, family.size()});
  // Llama-2 where it stands is not Llama
  std::map<std::size_t, std::size_t> longest;
  for (const Mention& m : all) longest[m.position] = std::max(longest[m.position], m.length);
  std::erase_if(all, [&](const Mention& m) { return m.length < longest[m.position]; });
  return all;
}

std::vector<const KnownModel*> Checker::models_of(const Scene& scene) const {
  auto found = scene.models;
  if (found.empty() && !scene.row) found = subject_models_;
  std::optional<double> params;
  for (const Quantity& q : scene.numbers)
    if (q.kind == Kind::params && !q.recommended) params = q.value;
  if (!params && !scene.row)
    if (const auto n = known_.find(Kind::params); n != known_.end() && (n->second.line >= paragraph_ || scene.models.empty()))
      params = n->second.q.value;
  // the word alone means the largest
  if (!params && std::any_of(found.begin(), found.end(), [](const Mention& m) { return m.model->flagship; }))
    std::erase_if(found, [](const Mention& m) { return !m.model->flagship; });
  std::vector<const KnownModel*> models;
  for (const Mention& m : found) {
    if (std::find(models.begin(), models.end(), m.model) != models.end()) continue;
    if (!params || is_called(m.model->facts, *params, .08)) models.push_back(m.model);
  }
  return models;
}

void Checker::power_law(const Scene& scene) {
  std::vector<Quantity> factors, percents, plain;
  for (const Quantity& q : scene.numbers) {
    if (q.kind == Kind::factor) factors.push_back(q);
    if (q.kind == Kind::percent) percents.push_back(q);
    if (q.kind == Kind::none || q.kind == Kind::loss) plain.push_back(q);
  }
  const bool loss = mentions_any(scene.text, {"損失", "loss", "Loss"});
  if (factors.empty()) factors = doubling_in(scene.text);
  int count = 0;
  const auto power = exponent_in(scene.text, count);
  if (factors.size() == 2 && count == 1 && factors[1].value > 1 && factors[0].value > 1) {
    // the ratio of one power of the other
    const double f1 = factors[0].value, f2 = factors[1].value;
    const double up = pow_(f1, 1 / *power), down = pow_(f1, *power);
    const double value = std::abs(log_(f2 / up)) < std::abs(log_(f2 / down)) ? up : down;
    const bool least =
        scene.text.compare(factors[1].end, 6, "以上") == 0 || mentions_any(scene.text, {"at least", "more than", "over"});
    const std::string how =
        short_number(f1) + "^" + short_number(value == up ? 1 / *power : *power) + " = " + short_number(value);
    if (least && f2 <= value && f2 > value / 3) return add(scene, "power_law", f2, value, ClaimVerdict::agrees, how);
    return say(scene, "power_law", f2, value, std::min(factors[1].step / f2, .1), how, true);
  }
  // 100 times: then .72 times, after a sentence that said what of
  const bool goes_on = last_power_ && last_power_->second >= paragraph_ - 2 && factors.size() == 2 && factors[0].value > 1.5 &&
                       factors[1].value < 1 && quantity_spoken_of(scene.text) == ' ';
  if (!(loss || goes_on) || factors.empty() || factors[0].value < 1.5) return;
  const std::string before = scene.text.substr(0, factors[0].begin);
  const char of = goes_on                             ? last_power_->first
                  : quantity_spoken_of(before) != ' ' ? quantity_spoken_of(before)
                                                      : quantity_spoken_of(scene.text);
  // what was measured is judged by a law only where the text speaks of one
  const bool law = goes_on || exponent_stated_.contains(of) || section_names_law_ || title_names_law_;
  if (of == ' ' || (!law && speaks_of_the_past(scene.text))) return;
  last_power_ = {of, scene.line};
  const double alpha = exponent_.at(of), value = pow_(factors[0].value, -alpha);
  const std::string how = short_number(factors[0].value) + "^-" + short_number(alpha) + " = " + short_number(value) + " (" +
                          std::string(1, of) + " to the power of its exponent)";
  const bool falls = mentions_any(scene.text, {"下が", "減", "低下", "改善", "drop", "drops", "fall", "falls", "reduces",
                                               "reduce", "decreases", "decrease", "lower", "lowers"});
  if (factors.size() == 2 && factors[1].value <= 1)
    return say(scene, "power_law", factors[1].value, value, std::min(factors[1].step / factors[1].value, .1), how, true);
  if (factors.size() == 1 && percents.size() == 1 && percents[0].begin > factors[0].begin) {
    const std::string between = scene.text.substr(factors[0].begin, percents[0].begin - factors[0].begin);
    const bool to = mentions(between, "to") || scene.text.compare(percents[0].end, 3, "に") == 0;
    const double meant = falls && !to ? 100 * (1 - value) : 100 * value;
    return say(scene, "power_law", percents[0].value, meant, std::min(percents[0].step / percents[0].value, .1), how, true);
  }
  for (const Quantity& q : plain)
    if (falls && q.begin > factors[0].begin && q.value > 0 && q.value < 10 && of == 'N' && percents.empty()) {
      const std::string after = scene.text.substr(q.end);
      if (mentions(scene.text.substr(factors[0].end, q.begin - factors[0].end), "to") || after.starts_with("^")) continue;
      drops_.push_back({scene, factors[0].value, q.value});
      return;
    }
}

void Checker::text_size(const Scene& scene) {
  std::vector<Quantity> characters, bytes;
  for (const Quantity& q : scene.numbers) {
    if (q.kind == Kind::characters && q.value >= 1000) characters.push_back(q);
    if (q.kind == Kind::bytes) bytes.push_back(q);
  }
  if (characters.size() != 1 || bytes.empty() || bytes[0].begin < characters[0].end || bytes[0].begin > characters[0].end + 40)
    return;
  const bool wide = mentions_any(scene.text, {"日本語", "青空", "中国語", "Japanese", "Chinese"}) ||
                    (japanese_ && !mentions_any(scene.text, {"英語", "English"}));
  const double each = bytes[0].value / characters[0].value, expected = wide ? 3 : 1;
  const std::string how =
      "a character of this language takes about " + short_number(expected) + " byte" + (wide ? "s" : "") + " in UTF-8";
  if (each > expected * .65 && each < expected * 1.35)
    return add(scene, "bytes", bytes[0].value, characters[0].value * expected, ClaimVerdict::agrees, how);
  add(scene, "bytes", bytes[0].value, characters[0].value * expected, ClaimVerdict::inconsistent,
      how + "; the text has " + short_number(each));
}

void Checker::peak(const Scene& scene, const Quantity& q) {
  const Accelerator* a = named_accelerator(scene);
  if (a == nullptr || q.value < 1e13) return;
  if (near(q.value, a->peak_flops, .02))
    return add(scene, "peak", q.value, a->peak_flops, ClaimVerdict::agrees, a->title + ", dense " + a->dtype);
  if (near(q.value, 2 * a->peak_flops, .02) && !mentions_any(scene.text, {"fp8", "int8", "FP8", "INT8"}))
    add(scene, "peak", q.value, a->peak_flops, ClaimVerdict::off,
        "twice the dense peak of " + a->title + ": the figure for 2:4 sparsity");
}

/// The parameters of the one model that the sentence or the row names.
void Checker::size_of_model(const Scene& scene, const Quantity& q, const std::vector<Mention>& here) {
  std::vector<const KnownModel*> family;
  bool flagship = false;
  for (const Mention& m : here)
    if (std::find(family.begin(), family.end(), m.model) == family.end()) {
      family.push_back(m.model);
      flagship = flagship || m.model->flagship;
    }
  const bool one =
      !here.empty() && std::all_of(here.begin(), here.end(), [&](const Mention& m) { return m.position == here[0].position; });
  if (!one || (!flagship && family.size() < 3) || q.value < 1e7) return;
  const KnownModel* nearest = *std::min_element(family.begin(), family.end(), [&](const auto* a, const auto* b) {
    return std::abs(log_(q.value / a->facts.params)) < std::abs(log_(q.value / b->facts.params));
  });
  for (const KnownModel* m : family)
    if (is_called(m->facts, q.value, .05)) nearest = m;
  const std::string how =
      nearest->facts.name + " has " + format_count(nearest->facts.params) + " parameters (" + nearest->facts.source + ")";
  if (is_called(nearest->facts, q.value, .08))
    return add(scene, "model_params", q.value, nearest->facts.params, ClaimVerdict::agrees, how);
  if (names_another(scene.text, here[0], nearest->facts, q.value)) return;
  const std::size_t after = here[0].position + here[0].length;
  const bool beside = (q.begin >= after && q.begin < after + 20) || (q.begin < here[0].position && q.end + 2 >= here[0].position);
  if (scene.row || beside) say(scene, "model_params", q.value, nearest->facts.params, .08, how, false);
}

void Checker::facts(const Scene& scene, const Quantity& q) {
  if (q.recommended || judged(scene, q.kind == Kind::device_seconds ? q.raw : q.value)) return;
  const auto here = scene.row ? mentions_of_models(scene.row_model) : scene.models;
  std::size_t of_kind = 0;
  for (const Quantity& x : scene.numbers)
    if (x.kind == q.kind && !x.recommended) ++of_kind;
  if (q.kind == Kind::params && of_kind == 2 &&
      mentions_any(scene.text, {"active", "activates", "activated", "活性化", "アクティブ"}))
    for (const Mention& m : here) {
      const PublishedModel& model = m.model->facts;
      if (!model.active_params || near(q.value, model.params, .05)) continue;
      return say(scene, "model_params", q.value, *model.active_params, .05,
                 model.name + " has " + short_number(*model.active_params) + " per token (" + model.source + ")", false);
    }
  if (of_kind != 1) return;
  if (!scene.row && !here.empty() &&
      std::all_of(here.begin(), here.end(), [&](const Mention& m) { return named_for_something_else(scene.text, m); }))
    return;
  if (q.kind == Kind::params) return size_of_model(scene, q, here);
  const auto models = models_of(scene);
  const bool certain = models.size() == 1 && !names_another_size(scene) &&
                       (!here.empty() || (known_.contains(Kind::params) && section_models_.size() <= 1));
  if (!certain || speaks_for_itself(scene)) return;
  const PublishedModel& m = models[0]->facts;
  // of several that are named the one that stands last before the number is meant
  const Mention* last = nullptr;
  for (const Mention& x : here)
    if (x.position < q.begin && (last == nullptr || x.position >= last->position)) last = &x;
  if (!scene.row && last != nullptr && std::none_of(here.begin(), here.end(), [&](const Mention& x) {
        return x.position == last->position && x.model == models[0];
      }))
    return;
  if (q.kind == Kind::tokens && m.tokens)
    say(scene, "model_tokens", q.value, *m.tokens, .12, m.name + " saw " + short_number(*m.tokens) + " tokens (" + m.source + ")",
        false);
  // its own devices and days come first
  const bool follows = !scene.row && input(scene, Kind::devices, q.begin) && input(scene, Kind::seconds, q.begin);
  borrowed_.clear();
  if (q.kind == Kind::device_seconds && m.device_hours && !follows)
    say(scene, "model_device_hours", q.raw, *m.device_hours * 3600 * q.raw / q.value, .05,
        m.name + " took " + short_number(*m.device_hours) + " device-hours (" + m.source + ")", false);
}

/// The sentence has a size that is not its model's.
bool Checker::names_another_size(const Scene& scene) const {
  const auto models = models_of(scene);
  return std::any_of(scene.numbers.begin(), scene.numbers.end(), [&](const Quantity& q) {
    const bool size = q.kind == Kind::none && q.suffixed && q.value >= 1e8;
    return size && std::none_of(models.begin(), models.end(), [&](const auto* m) { return is_called(m->facts, q.value, .08); });
  });
}

bool Checker::speaks_for_itself(const Scene& scene) {
  // tokens of inference, of a batch, of other data
  return mentions_any(scene.text, {"inference", "evaluate", "evaluation", "perplexity", "評価", "推論", "batch", "バッチ",
                                   "per day", "additional", "追加", "continual", "継続", "fine-tuning", "context", "multiple",
                                   "would", "warmup", "warm-up"});
}

void Checker::known_statements(const Scene& scene) {
  const std::size_t square =
      std::min(scene.text.find("O(N^(2))"),
               std::min(scene.text.find("O(n^(2))"), std::min(scene.text.find("O(N^2)"), scene.text.find("O(n^2)"))));
  const std::size_t linear = std::min(scene.text.find("O(N)"), scene.text.find("O(n)"));
  const bool flash = subject_speaks_of_flash_ || scene.text.find("FlashAttention") != std::string::npos;
  if (square == std::string::npos || linear == std::string::npos || !flash) return;
  if (mentions_any(scene.text, {"計算量", "FLOPs", "compute", "computation", "complexity"}) &&
      !mentions_any(scene.text, {"メモリ", "memory"}))
    add(scene, "complexity", std::nullopt, std::nullopt, ClaimVerdict::off,
        "FlashAttention's memory is O(N); its FLOPs stay O(N^2 d) (Dao et al. 2022, arXiv:2205.14135)");
}

}  // namespace isoflop::plan
