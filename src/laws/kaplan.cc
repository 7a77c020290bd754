// Kaplan et al. 2020 (arXiv:2001.08361): loss of parameters and data or steps together, and the critical batch.
#include "base/math.h"
#include "laws/formulas.h"

namespace isoflop::laws {
namespace {

struct ParamsAndTokens {
  static constexpr int kParameters = 4, kInputs = 2;
  static constexpr bool kLogValue = true;
  // eq. 1.5: L = [(N_c / N)^(alpha_N / alpha_D) + D_c / D]^alpha_D
  template <Dual T>
  static T value(const std::array<T, 4>& t, const std::array<Pack, 2>& x) {
    const auto& [n_c, d_c, alpha_n, alpha_d] = t;
    return alpha_d * log(exp((n_c - x[0]) * alpha_n / alpha_d) + exp(d_c - x[1]));
  }
};

struct ParamsAndSteps {
  static constexpr int kParameters = 4, kInputs = 2;
  static constexpr bool kLogValue = true;
  // eq. 1.6: L = (N_c / N)^alpha_N + (S_c / S_min)^alpha_S
  template <Dual T>
  static T value(const std::array<T, 4>& t, const std::array<Pack, 2>& x) {
    const auto& [n_c, s_c, alpha_n, alpha_s] = t;
    return log(exp((n_c - x[0]) * alpha_n) + exp((s_c - x[1]) * alpha_s));
  }
};

struct CriticalBatch {
  static constexpr int kParameters = 2, kInputs = 1;
  static constexpr bool kLogValue = true;
  // eq. 1.4: B_crit = B* / L^(1 / alpha_B)
  template <Dual T>
  static T value(const std::array<T, 2>& t, const std::array<Pack, 1>& x) {
    return t[0] - x[0] * inverse(t[1]);
  }
};

// eq. 1.5 again: what stands in brackets is a sum of powers
AdditiveLaw additive(const std::map<std::string, double>& c, const std::map<std::string, double>&) {
  const double alpha = c.at("alpha_N") / c.at("alpha_D");
  return {.floor = 0, .a = pow_(c.at("N_c"), alpha), .b = c.at("D_c"), .alpha = alpha, .beta = 1, .power = c.at("alpha_D")};
}

const std::vector<double> kScales{20, 30, 40};

// section 4.2: the tokens with which L(N, D) lies 2 % above L(N, infinity), D = k N^c (their eq. 4.4: D > 5e3 N^0.74)
std::map<std::string, double> tokens_needed(const std::map<std::string, double>& constants) {
  const double alpha_d = constants.at("alpha_D"), c = constants.at("alpha_N") / alpha_d;
  const double excess = pow_(1.02, 1 / alpha_d) - 1;
  return {{"tokens_needed_c", c}, {"tokens_needed_k", constants.at("D_c") * pow_(constants.at("N_c"), -c) / excess}};
}

}  // namespace

std::vector<Law> kaplan_laws() {
  std::vector<Law> laws;
  laws.push_back(law_of<ParamsAndTokens>({.info = {"kaplan", "L(N, D) = [(N_c/N)^(alpha_N/alpha_D) + D_c/D]^alpha_D",
                                                   "Kaplan et al. 2020 (arXiv:2001.08361), eq. 1.5"},
                                          .inputs = {{"params"}, {"tokens"}},
                                          .constants = {{"N_c", Space::log, kScales},
                                                        {"D_c", Space::log, kScales},
                                                        {"alpha_N", Space::plain, {0.05, 0.1, 0.3}},
                                                        {"alpha_D", Space::plain, {0.05, 0.1, 0.3}}},
                                          .derived = tokens_needed,
                                          .additive = additive}));
  laws.push_back(
      law_of<ParamsAndSteps>({.info = {"kaplan_steps", "L(N, S) = (N_c/N)^alpha_N + (S_c/S)^alpha_S",
                                       "Kaplan et al. 2020 (arXiv:2001.08361), eq. 1.6; S at the least step count, S_min"},
                              .inputs = {{"params"}, {"steps"}},
                              .constants = {{"N_c", Space::log, kScales},
                                            {"S_c", Space::log, {4, 8}},
                                            {"alpha_N", Space::plain, {0.05, 0.1, 0.3}},
                                            {"alpha_S", Space::plain, {0.3, 0.8}}}}));
  laws.push_back(law_of<CriticalBatch>({.info = {"critical_batch", "B_crit(L) = B* / L^(1/alpha_B)",
                                                 "Kaplan et al. 2020 (arXiv:2001.08361), eq. 1.4"},
                                        .inputs = {{"loss"}},
                                        .response = "critical_batch",
                                        .constants = {{"B", Space::log, {18}}, {"alpha_B", Space::plain, {0.2}}}}));
  return laws;
}

}  // namespace isoflop::laws
