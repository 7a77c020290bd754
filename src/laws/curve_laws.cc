// Whole loss curves under any schedule of the learning rate: Tissue et al. 2024 (arXiv:2408.11029) and Luo et al. 2025
// (arXiv:2503.12811). Both are a power of the area S1 under the rates, less what the falls of the rate before the step have
// brought.
#include "laws/formulas.h"
#include "laws/steps.h"

namespace isoflop::laws {
namespace {

/// A knot of the row's history (steps.h).
struct KnotOf {
  const Pack &drop, &steps, &ln_area, &ln_rate;
  KnotOf(const std::array<Pack, kHistoryInputs>& x, int k)
      : drop(x[1 + 4 * k]), steps(x[2 + 4 * k]), ln_area(x[3 + 4 * k]), ln_rate(x[4 + 4 * k]) {}
  /// No row of the pack has a fall there: before the first fall, and of constant rates.
  [[nodiscard]] bool empty() const { return drop[0] == 0 && drop[1] == 0 && drop[2] == 0 && drop[3] == 0; }
};

struct Annealing {
  static constexpr int kParameters = 5, kInputs = kHistoryInputs;
  static constexpr bool kLogValue = true;
  // L = E + A S1^-alpha - C S2; S2 = sum_i sum_{k <= i} (eta_{k-1} - eta_k) lambda^(i-k) = sum_k (eta_{k-1} - eta_k) (1 -
  // lambda^n) / (1 - lambda), n the steps from k to the row's, both counted
  template <Dual T>
  static T value(const std::array<T, 5>& t, const std::array<Pack, kHistoryInputs>& x) {
    const auto [odds] = dual::part<4, 1>(t);  // ln of lambda / (1 - lambda)
    const auto ln_lambda = -softplus(-odds);
    auto momentum = 0.0 * odds;
    for (int k = 0; k < kKnots; ++k) {
      const KnotOf knot(x, k);
      if (knot.empty()) continue;
      momentum = momentum + knot.drop * (1 - exp(knot.steps * ln_lambda));
    }
    const T s2 = dual::widened<4, T, 1>(momentum * (exp(odds) + 1));
    const auto& [e, a, alpha, c, lambda] = t;
    return log(exp(e) + exp(a - x[0] * alpha) - exp(c) * s2);
  }
};

struct MultiPower {
  static constexpr int kParameters = 7, kInputs = kHistoryInputs;
  static constexpr bool kLogValue = true;
  // L = E + A S1^-alpha - B sum_k (eta_{k-1} - eta_k) (1 - (C eta_k^-gamma S_k + 1)^-beta), S_k the area from k to the row's step
  template <Dual T>
  static T value(const std::array<T, 7>& t, const std::array<Pack, kHistoryInputs>& x) {
    const auto [c, beta, gamma] = dual::part<4, 3>(t);
    auto fall = 0.0 * c;
    for (int k = 0; k < kKnots; ++k) {
      const KnotOf knot(x, k);
      if (knot.empty()) continue;
      fall = fall + knot.drop * (1 - exp(-(beta * softplus(c + knot.ln_area - knot.ln_rate * gamma))));
    }
    return log(exp(t[0]) + exp(t[1] - x[0] * t[2]) - exp(t[3]) * dual::widened<4, T, 3>(fall));
  }
};

}  // namespace

std::vector<Law> curve_laws() {
  std::vector<Law> laws;
  laws.push_back(law_of<Annealing>({.info = {"tissue",
                                             "L(s) = E + A S1^-alpha - C S2; S1 = sum of the rates eta up to s, S2 = sum_{i <= "
                                             "s} m_i, m_i = lambda m_{i-1} + eta_{i-1} - eta_i",
                                             "Tissue et al. 2024 (arXiv:2408.11029), eq. 1", true},
                                    .inputs = {{"step", false}, {"learning_rate", false}},
                                    .constants = {{"E", Space::log, {0, 0.8}},
                                                  {"A", Space::log, {-1, 1}},
                                                  {"alpha", Space::plain, {0.3, 0.8}},
                                                  {"C", Space::log, {-1, 1}},
                                                  {"lambda", Space::unit, {3, 5, 7}}},
                                    .derived = [](const std::map<std::string, double>& c) -> std::map<std::string, double> {
                                      return {{"memory_steps", 1 / (1 - c.at("lambda"))}};
                                    }}));
  laws.push_back(law_of<MultiPower>({.info = {"multi_power",
                                              "L(s) = E + A S1^-alpha - B sum_{k <= s} (eta_{k-1} - eta_k) (1 - (C eta_k^-gamma "
                                              "S_k + 1)^-beta), S_k = sum of eta from k to s",
                                              "Luo et al. 2025 (arXiv:2503.12811)", true},
                                     .inputs = {{"step", false}, {"learning_rate", false}},
                                     .constants = {{"E", Space::log, {0, 0.8}},
                                                   {"A", Space::log, {-1, 1}},
                                                   {"alpha", Space::plain, {0.3, 0.8}},
                                                   {"B", Space::log, {3, 6}},
                                                   {"C", Space::log, {1}},
                                                   {"beta", Space::plain, {0.6}},
                                                   {"gamma", Space::plain, {0.5}}}}));
  return laws;
}

}  // namespace isoflop::laws
