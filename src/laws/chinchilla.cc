// Hoffmann et al. 2022 (arXiv:2203.15556), section 3.3: L(N, D) = E + A / N^alpha + B / D^beta.
#include "laws/formulas.h"

namespace isoflop::laws {
namespace {

struct Chinchilla {
  static constexpr int kParameters = 5, kInputs = 2;
  static constexpr bool kLogValue = true;
  // e, a, b = ln E, ln A, ln B: eq. 3 of the paper, ln L = logsumexp(e, a - alpha ln N, b - beta ln D)
  template <Dual T>
  static T value(const std::array<T, 5>& t, const std::array<Pack, 2>& x) {
    const auto& [e, a, b, alpha, beta] = t;
    const auto& [n, d] = x;
    return log(exp(e) + exp(a - n * alpha) + exp(b - d * beta));
  }
};

AdditiveLaw additive(const std::map<std::string, double>& c, const std::map<std::string, double>&) {
  return {.floor = c.at("E"), .a = c.at("A"), .b = c.at("B"), .alpha = c.at("alpha"), .beta = c.at("beta")};
}

// eq. 4: N* = G (C/6)^a, D* = (C/6)^b / G with C = 6 N D
std::map<std::string, double> exponents(const std::map<std::string, double>& c) {
  const AdditiveLaw law = additive(c, {});
  return {{"a", law.exponent()}, {"b", law.alpha / (law.alpha + law.beta)}, {"G", law.scale()}};
}

}  // namespace

Law chinchilla() {
  return law_of<Chinchilla>({
      .info = {"chinchilla", "L(N, D) = E + A N^-alpha + B D^-beta", "Hoffmann et al. 2022 (arXiv:2203.15556), section 3.3"},
      .inputs = {{"params"}, {"tokens"}},
      // 243 starts, or the 4,500 of section 3.3
      .constants = {{"E", Space::log, {-1, 0, 1}, {-1, -0.5, 0, 0.5, 1}},
                    {"A", Space::log, {0, 10, 20}, {0, 5, 10, 15, 20, 25}},
                    {"B", Space::log, {0, 10, 20}, {0, 5, 10, 15, 20, 25}},
                    {"alpha", Space::plain, {0.2, 0.6, 1.2}, {0, 0.5, 1, 1.5, 2}},
                    {"beta", Space::plain, {0.2, 0.6, 1.2}, {0, 0.5, 1, 1.5, 2}}},
      .derived = exponents,
      .additive = additive,
  });
}

}  // namespace isoflop::laws
