// Layers and width against parameters.
#include <algorithm>
#include <cmath>

#include "plan/claims_rules.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

constexpr double kLargestVocabulary = 262144;  // of published models

}  // namespace

double Checker::blocks_of(double layers, double width) {
  return 12 * layers * width * width;
}

/// 12 L d^2 in the blocks, V d once or twice in the embeddings (Kaplan et al. 2020, arXiv:2001.08361, table 1).
void Checker::shape(const Scene& scene) {
  std::vector<Quantity> sizes;
  for (Quantity q : scene.numbers)
    if (q.kind == Kind::params || (q.kind == Kind::none && q.suffixed && q.value >= 1e6)) sizes.push_back(q);
  const bool shaped =
      std::any_of(scene.numbers.begin(), scene.numbers.end(), [](const Quantity& q) { return q.kind == Kind::width; });
  if (sizes.empty() || !shaped || mentions_any(scene.text, {"experts", "MoE", "KV", "GQA", "エキスパート"})) return;
  const bool bare = mentions_any(paragraph_text_ + scene.text, {"non-embedding", "without embeddings", "without the embeddings",
                                                                "excluding embeddings", "非埋め込み", "埋め込みを除"});
  for (const Quantity& q : sizes) {
    // "of which 38.6M are embeddings"
    const std::string behind = scene.text.substr(std::min(std::max(q.end, q.number_end), scene.text.size()), 28);
    if (!bare && mentions_any(behind, {"embeddings", "embedding", "埋め込み"})) continue;
    if (is_term(q) || judged(scene, q.value)) continue;
    current_ = &q;
    borrowed_.clear();
    const auto of_sentence = [&](Kind kind) -> std::optional<Quantity> {
      return std::any_of(scene.numbers.begin(), scene.numbers.end(), [&](const Quantity& x) { return x.kind == kind; })
                 ? input(scene, kind, q.begin)
                 : std::nullopt;
    };
    const auto layers = of_sentence(Kind::layers), width = of_sentence(Kind::width);
    if (!layers || !width || layers->value > 1000 || width->value < 32) continue;
    const auto vocabulary = input(scene, Kind::vocabulary, q.begin);
    const double body = blocks_of(layers->value, width->value), d = width->value;
    const double tolerance = tolerance_of(q) + .02;
    std::vector<double> meant{body};
    if (!bare) {
      const double table = (vocabulary ? vocabulary->value : 0) * d;
      meant = {body + table, body + 2 * table, body};
      // a vocabulary that is not stated lies between none and the largest
      if (!vocabulary && q.value >= body * (1 - tolerance) && q.value <= (body + 2 * kLargestVocabulary * d) * (1 + tolerance)) {
        add(scene, "architecture", q.value, body, ClaimVerdict::agrees,
            "12 L d^2 = " + short_number(body) + " without embeddings");
        continue;
      }
    }
    const double value = *std::min_element(
        meant.begin(), meant.end(), [&](double a, double b) { return std::abs(q.value / a - 1) < std::abs(q.value / b - 1); });
    const bool agrees = std::abs(q.value / value - 1) <= tolerance;
    const double shown = agrees ? value : meant[0];
    say(scene, "architecture", q.value, shown, tolerance,
        "12 L d^2" + std::string(bare || !vocabulary ? "" : " + V d") + " with L = " + short_number(layers->value) +
            ", d = " + short_number(d) + (bare || !vocabulary ? "" : ", V = " + short_number(vocabulary->value)) + ": " +
            short_number(shown),
        true);
  }
  current_ = nullptr;
}

}  // namespace isoflop::plan
