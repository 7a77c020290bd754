// The exponents that a text states: for later power laws, of published laws, and of C where α and β are given.
#include <algorithm>
#include <cmath>

#include "base/math.h"
#include "isoflop/laws.h"
#include "plan/claims_rules.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

struct Paper {
  std::string_view prefix, name;
  std::vector<std::string_view> words;
};
const std::vector<Paper>& papers() {
  static const std::vector<Paper> kPapers{{"hoffmann2022", "Hoffmann et al. 2022 (Chinchilla)", {"Chinchilla", "Hoffmann"}},
                                          {"kaplan2020", "Kaplan et al. 2020", {"Kaplan", "OpenAI", "カプラン"}},
                                          {"epoch2024", "Besiroglu et al. 2024", {"Besiroglu", "Epoch"}}};
  return kPapers;
}

struct Exponent {
  double value;
  std::string name;
  bool of_compute = false;  ///< of N*(C) or D*(C)
};
std::vector<Exponent> exponents_of(const Paper& paper) {
  std::vector<Exponent> all;
  for (const PublishedLaw& law : published_laws())
    if (law.name.starts_with(paper.prefix))
      for (const auto& [name, value] : law.constants)
        if (value > .005 && value < 1) all.push_back({value, law.name + "'s " + name});
  if (paper.prefix == "hoffmann2022")
    for (const double value : {.46, .54, .49, .51, .5, .45, .55})
      all.push_back({value, "one of the exponents of N*(C) and D*(C)", true});
  return all;
}

bool may_be_exponent(const Quantity& q) {
  return q.kind == Kind::none && q.value > .005 && q.value < 1;
}

/// "α = 0.34", "β is 0.28": the first number behind the letter, close to it.
std::optional<double> value_of(const std::string& s, std::string_view symbol) {
  for (std::size_t i = s.find(symbol); i != std::string::npos; i = s.find(symbol, i + symbol.size())) {
    const std::size_t sign = skip_spaces(s, i + symbol.size());
    if (sign >= s.size() || (s[sign] != '=' && s[sign] != '~')) continue;
    if (const auto n = read_number(s, skip_spaces(s, sign + 1))) return n->value;
  }
  return std::nullopt;
}

}  // namespace

void Checker::state_exponent(char of, double value) {
  exponent_[of] = value;
  exponent_stated_.insert(of);
}

void Checker::exponents(const Scene& scene) {
  // L ~ N^-0.08
  for (const char of : {'N', 'D', 'C'})
    for (const std::string_view mark : {"^-", "^(-"}) {
      const std::size_t i = scene.text.find(of + std::string(mark));
      const auto power = i == std::string::npos ? std::nullopt : read_number(scene.text, i + 1 + mark.size());
      if (power && power->value > .005 && power->value < 1 && mentions_any(scene.text, {"L", "loss", "損失", "∝"}))
        state_exponent(of, power->value);
    }
  for (const auto& [mark, of] : {std::pair{"α_N", 'N'}, std::pair{"α_D", 'D'}, std::pair{"α_C", 'C'}}) {
    const std::size_t i = scene.text.find(mark);
    const auto q = std::find_if(scene.numbers.begin(), scene.numbers.end(),
                                [&](const Quantity& x) { return x.begin > i && may_be_exponent(x); });
    if (i != std::string::npos && q != scene.numbers.end()) state_exponent(of, q->value);
  }
  remember_formula(scene);
  exponent_of_compute(scene);
  if (!mentions_any(scene.text, {"α", "alpha", "指数", "exponent", "exponents"})) return;
  for (const std::string& sentence : sentences(scene.text)) published_exponents(scene, sentence);
}

/// L = 20.89 * N^(-0.129), to be held against the document's own table
void Checker::remember_formula(const Scene& scene) {
  const std::size_t i = scene.text.find("N^(-");
  if (formula_ || i == std::string::npos) return;
  const auto b = read_number(scene.text, i + 4);
  std::size_t k = i;
  while (k > 0 && (scene.text[k - 1] == ' ' || scene.text[k - 1] == '*')) --k;
  std::size_t begin = k;
  while (begin > 0 && (digit(scene.text[begin - 1]) || scene.text[begin - 1] == '.')) --begin;
  const auto a = read_number(scene.text, begin);
  if (a && b && begin < k && b->value < 2) formula_ = FittedFormula{scene.line, scene.written, a->value, b->value};
}

/// C^(β/(α+β)) = C^0.45, where the same text gives α and β
void Checker::exponent_of_compute(const Scene& scene) {
  for (const auto& [over, of] : {std::pair{"β", 'N'}, std::pair{"α", 'D'}}) {
    std::size_t end = std::string::npos;
    for (const std::string_view sum : {"(α+β)", "(α + β)"})
      for (const std::string_view slash : {"/", " / "}) {
        const std::string written = over + std::string(slash) + std::string(sum);
        if (const std::size_t i = scene.text.find(written); i != std::string::npos) end = i + written.size();
      }
    if (end == std::string::npos) continue;
    // behind the closing brackets: = C^(0.45), or = 0.45
    std::size_t k = scene.text.find_first_not_of(" )", end);
    if (k == std::string::npos || (scene.text[k] != '=' && scene.text[k] != '~')) continue;
    k = scene.text.find_first_not_of(" =~C^(", k);
    const auto said = k == std::string::npos ? std::nullopt : read_number(scene.text, k);
    const auto alpha = value_of(scene.text, "α"), beta = value_of(scene.text, "β");
    if (!said || !alpha || !beta || !(said->value > 0 && said->value < 1)) continue;
    const double value = (of == 'N' ? *beta : *alpha) / (*alpha + *beta);
    spot_ = k;
    say(scene, "exponent", said->value, value, std::max(said->step / said->value / 2, .02),
        std::string(over) + " / (α + β) with α = " + short_number(*alpha) + ", β = " + short_number(*beta) + ": " +
            short_number(value),
        true);
    spot_ = 0;
  }
}

void Checker::published_exponents(const Scene& scene, const std::string& sentence) {
  const Paper* named = nullptr;
  for (const Paper& paper : papers()) {
    if (!mentions_any(sentence, paper.words)) continue;
    if (named != nullptr) return;
    named = &paper;
  }
  const auto numbers = quantities(sentence);
  const auto few =
      std::count_if(numbers.begin(), numbers.end(), [](const Quantity& q) { return q.kind == Kind::none && q.value < 1; }) <= 3;
  if (named == nullptr || !few) return;
  const std::size_t begin = scene.text.find(sentence);
  for (const Quantity& q : numbers) {
    if (!may_be_exponent(q)) continue;
    spot_ = begin + q.begin;
    std::string own, other;
    double nearest = 0, distance = 1e9;
    for (const Exponent& e : exponents_of(*named)) {
      if (std::abs(q.value / e.value - 1) <= .02) own = e.name;
      if (std::abs(log_(q.value / e.value)) >= distance) continue;
      distance = std::abs(log_(q.value / e.value));
      nearest = e.value;
    }
    // of other papers only the pair that is really confused
    for (const Paper& paper : papers())
      for (const Exponent& e : exponents_of(paper))
        if (&paper != named && named->prefix != "epoch2024" && paper.prefix != "epoch2024" && !e.of_compute &&
            std::abs(q.value / e.value - 1) <= .02)
          other = e.name;
    if (!own.empty()) {
      add(scene, "exponent", q.value, q.value, ClaimVerdict::agrees, own);
    } else if (!other.empty()) {
      const bool floored = named->prefix == "hoffmann2022";
      const double right = floored ? .34 : nearest;
      add(scene, "exponent", q.value, right, ClaimVerdict::off,
          short_number(q.value) + " is " + other + "; " + std::string(named->name) + " has " + short_number(right) +
              (floored ? ", with a floor E" : ""));
    }
  }
  spot_ = 0;
}

}  // namespace isoflop::plan
