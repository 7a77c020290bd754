// Models of experts: Clark et al. 2022 (arXiv:2202.01169) and Krajewski et al. 2024 (arXiv:2402.07871).
#include "base/math.h"
#include "laws/formulas.h"

namespace isoflop::laws {
namespace {

struct Routed {
  static constexpr int kParameters = 6, kInputs = 2;
  static constexpr bool kLogValue = true;
  // log10 L = a log10 N + b log10 E^ + c log10 N log10 E^ + d; 1/E^ = 1/(E - 1 + 1/(1/E_s - 1/E_m)) + 1/E_m
  template <Dual T>
  static T value(const std::array<T, 6>& t, const std::array<Pack, 2>& x) {
    constexpr double kLn10 = 2.30258509299404568402;
    const auto& [a, b, c, d, ln_start, ln_max] = t;
    const T start = inverse(exp(-ln_start) - exp(-ln_max));
    const T experts = -log(inverse(start + (x[1] - 1)) + exp(-ln_max));  // ln E^
    return x[0] * a + b * experts + (x[0] / kLn10) * c * experts + kLn10 * d;
  }
};

struct FineGrained {
  static constexpr int kParameters = 7, kInputs = 3;
  static constexpr bool kLogValue = true;
  // L = c + (g / G^gamma + a) / N^alpha + b / D^beta
  template <Dual T>
  static T value(const std::array<T, 7>& t, const std::array<Pack, 3>& x) {
    const auto& [c, g, gamma, a, alpha, b, beta] = t;
    return log(exp(c) + (exp(g - x[2] * gamma) + exp(a)) * exp(-(x[0] * alpha)) + exp(b - x[1] * beta));
  }
};

// at one granularity G
AdditiveLaw additive(const std::map<std::string, double>& c, const std::map<std::string, double>& held) {
  return {.floor = c.at("c"),
          .a = c.at("g") * pow_(held.at("granularity"), -c.at("gamma")) + c.at("a"),
          .b = c.at("b"),
          .alpha = c.at("alpha"),
          .beta = c.at("beta")};
}

}  // namespace

std::vector<Law> expert_laws() {
  std::vector<Law> laws;
  laws.push_back(law_of<Routed>(
      {.info = {"routed",
                "log10 L(N, E) = a log10 N + b log10 E^ + c log10 N log10 E^ + d; 1/E^ = 1/(E - 1 + 1/(1/E_s - 1/E_m)) + 1/E_m",
                "Clark et al. 2022 (arXiv:2202.01169)"},
       .inputs = {{"params"}, {"experts", false}},
       .constants = {{"a", Space::plain, {-0.08}},
                     {"b", Space::plain, {-0.1}},
                     {"c", Space::plain, {0, 0.01}},
                     {"d", Space::plain, {1.1}},
                     {"E_s", Space::log, {0.3, 0.7, 1.5}},
                     {"E_m", Space::log, {5, 6, 7}}}}));
  laws.push_back(law_of<FineGrained>({.info = {"fine_grained", "L(N, D, G) = c + (g/G^gamma + a)/N^alpha + b/D^beta",
                                               "Krajewski et al. 2024 (arXiv:2402.07871)"},
                                      .inputs = {{"params"}, {"tokens"}, {"granularity"}},
                                      .constants = {{"c", Space::log, {-1, 0}},
                                                    {"g", Space::log, {0, 2}},
                                                    {"gamma", Space::plain, {0.5}},
                                                    {"a", Space::log, {3, 6}},
                                                    {"alpha", Space::plain, {0.1, 0.3}},
                                                    {"b", Space::log, {3, 6}},
                                                    {"beta", Space::plain, {0.1, 0.3}}},
                                      .additive = additive}));
  return laws;
}

}  // namespace isoflop::laws
