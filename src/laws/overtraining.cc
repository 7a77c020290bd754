// Gadre et al. 2024 (arXiv:2403.08540): loss off the compute-optimal ratio, and downstream error of loss; and loss on another
// text.
#include "base/math.h"
#include "laws/formulas.h"

namespace isoflop::laws {
namespace {

struct Overtraining {
  static constexpr int kParameters = 4, kInputs = 2;
  static constexpr bool kLogValue = true;
  // eq. 4, C = 6 N D, M = D / N: L = E + (a M^eta + b M^-eta) C^-eta
  template <Dual T>
  static T value(const std::array<T, 4>& t, const std::array<Pack, 2>& x) {
    constexpr double kLn6 = 1.79175946922805500081;
    const auto& [e, a, b, eta] = t;
    const Pack c = kLn6 + x[0] + x[1], m = x[1] - x[0];
    return log(exp(e) + exp(a + (m - c) * eta) + exp(b - (m + c) * eta));
  }
};

// with C and M written out: E + a 6^-eta N^-2eta + b 6^-eta D^-2eta
AdditiveLaw additive(const std::map<std::string, double>& c, const std::map<std::string, double>&) {
  const double eta = c.at("eta"), six = pow_(6, -eta);
  return {.floor = c.at("E"), .a = six * c.at("a"), .b = six * c.at("b"), .alpha = 2 * eta, .beta = 2 * eta};
}

struct DownstreamError {
  static constexpr int kParameters = 3, kInputs = 1;
  static constexpr bool kLogValue = false;
  // eq. 5: Err = epsilon - k e^(-gamma L)
  template <Dual T>
  static T value(const std::array<T, 3>& t, const std::array<Pack, 1>& x) {
    return t[0] - exp(t[1] - x[0] * t[2]);
  }
};

struct Offset {
  static constexpr int kParameters = 1, kInputs = 1;
  static constexpr bool kLogValue = false;
  template <Dual T>
  static T value(const std::array<T, 1>& t, const std::array<Pack, 1>& x) {
    return t[0] + x[0];
  }
};

struct ShiftedPower {
  static constexpr int kParameters = 4, kInputs = 1;
  static constexpr bool kLogValue = false;
  // eq. 1: L_1 = K (L_0 - E_0)^kappa + E_1
  template <Dual T>
  static T value(const std::array<T, 4>& t, const std::array<Pack, 1>& x) {
    const auto& [k, kappa, e_0, e_1] = t;
    return exp(k + kappa * log(x[0] - e_0)) + e_1;
  }
};

}  // namespace

std::vector<Law> overtraining_laws() {
  std::vector<Law> laws;
  laws.push_back(law_of<Overtraining>({.info = {"overtraining", "L(C, M) = E + (a M^eta + b M^-eta) C^-eta, M = D/N",
                                                "Gadre et al. 2024 (arXiv:2403.08540), eq. 4"},
                                       .inputs = {{"params"}, {"tokens"}},
                                       .constants = {{"E", Space::log, {0, 0.6}},
                                                     {"a", Space::log, {3, 6}},
                                                     {"b", Space::log, {3, 6}},
                                                     {"eta", Space::plain, {0.1, 0.2}}},
                                       .additive = additive}));
  laws.push_back(law_of<DownstreamError>({.info = {"downstream_error", "Err(L) = epsilon - k exp(-gamma L)",
                                                   "Gadre et al. 2024 (arXiv:2403.08540), eq. 5"},
                                          .inputs = {{"loss", false}},
                                          .response = "error",
                                          .constants = {{"epsilon", Space::plain, {0.8, 1}},
                                                        {"k", Space::log, {0, 1, 3}},
                                                        {"gamma", Space::plain, {0.5, 1}}}}));
  laws.push_back(law_of<Offset>(
      {.info = {"transfer_offset", "L_target = L_source + delta", "Kaplan et al. 2020 (arXiv:2001.08361), section 3.2.2"},
       .inputs = {{"source_loss", false}},
       .constants = {{"delta", Space::plain, {0}}}}));
  laws.push_back(law_of<ShiftedPower>({.info = {"transfer_power", "L_1 = K (L_0 - E_0)^kappa + E_1",
                                                "Brandfonbrener et al. 2024 (arXiv:2411.12925), eq. 1"},
                                       .inputs = {{"source_loss", false}},
                                       .constants = {{"K", Space::log, {0}},
                                                     {"kappa", Space::plain, {0.7, 1, 1.3}},
                                                     {"E_0", Space::plain, {0, 0.8, 1.5}},
                                                     {"E_1", Space::plain, {0, 0.8, 1.5}}}}));
  return laws;
}

}  // namespace isoflop::laws
