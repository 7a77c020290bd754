// Text seen more than once: Muennighoff et al. 2023 (arXiv:2305.16264), where repetition saturates, an additive penalty, where it
// harms (the form of arXiv:2605.01640), and one whose harm grows with what a model can memorise.
#include "laws/formulas.h"

namespace isoflop::laws {
namespace {

/// U (1 + R* (1 - e^(-R / R*))), as ln, of ln U and R: what R repetitions of U are worth.
template <Dual T>
T ln_worth(const T& ln_unique, const T& repetitions, const T& ln_half_life) {
  const T scale = exp(ln_half_life), h = repetitions / scale;
  // of a half-life that runs away 1 - e^-h has no digits left
  const T series = repetitions * (1 - 0.5 * h * (1 - (1.0 / 3) * h * (1 - 0.25 * h * (1 - 0.2 * h))));
  return ln_unique + log(dual::chosen(h.v < 1e-3, series, scale * (1 - exp(-h))) + 1);
}

struct DataConstrained {
  static constexpr int kParameters = 7, kInputs = 3;
  static constexpr bool kLogValue = true;
  // section 3.1, with U_N = min(N, N_opt(U_D)): L = E + A / N'^alpha + B / D'^beta
  template <Dual T>
  static T value(const std::array<T, 7>& t, const std::array<Pack, 3>& x) {
    const auto& [e, a, b, alpha, beta, r_d, r_n] = t;
    const auto& [n, d, unique] = x;
    const T u_d = constant<T>(select(d <= unique, d, unique));
    const T g = (log(alpha) + a - log(beta) - b) / (alpha + beta);
    const T u_n = min(constant<T>(n), beta / alpha * (u_d + g) + g);
    const T d_worth = ln_worth(u_d, exp(d - u_d) - pack_of(1), r_d);
    const T n_worth = ln_worth(u_n, exp(n - u_n) - pack_of(1), r_n);
    return log(exp(e) + exp(a - alpha * n_worth) + exp(b - beta * d_worth));
  }
};

struct Penalty {
  static constexpr int kParameters = 8, kInputs = 3;
  static constexpr bool kLogValue = true;
  // L = E + A / N^alpha + B / D^beta + P (D / U - 1)^m (N / U)^k, the last where D > U
  template <Dual T>
  static T value(const std::array<T, 8>& t, const std::array<Pack, 3>& x) {
    const auto& [e, a, b, alpha, beta, p, m, k] = t;
    const auto& [n, d, unique] = x;
    const Pack repeated = exp(d - unique) - 1;
    const PackBits again = repeated > 0;
    const Pack ln_repeated = log(select(again, repeated, pack_of(1)));
    const T penalty = dual::chosen(again, exp(p + ln_repeated * m + (n - unique) * k), constant<T>(pack_of(0)));
    return log(exp(e) + exp(a - n * alpha) + exp(b - d * beta) + penalty);
  }
};

constexpr double kLnBillion = 20.723265836946411;  // of parameters, of tokens

struct CapacityPenalty {
  static constexpr int kParameters = 10, kInputs = 3;
  static constexpr bool kLogValue = true;
  // L = E + A / N^alpha + B / D^beta + P N^k / U^g ((D / U)^r - 1), r = max(0, m + h ln(N / U)), the last where D > U and with N
  // and U in 1e9. A model too small to memorise U is not harmed, and nothing jumps at D = U.
  template <Dual T>
  static T value(const std::array<T, 10>& t, const std::array<Pack, 3>& x) {
    const auto& [e, a, b, alpha, beta, p, m, h, k, g] = t;
    const auto& [n, d, unique] = x;
    const Pack ln_epochs = select(d > unique, d - unique, pack_of(0));
    const T rate = m + (n - unique) * h;
    const T harm = exp(dual::chosen(rate.v > 0, rate, constant<T>(pack_of(0))) * ln_epochs) - pack_of(1);
    const T scale = exp(p + (n - kLnBillion) * k - (unique - kLnBillion) * g);
    return log(exp(e) + exp(a - n * alpha) + exp(b - d * beta) + scale * harm);
  }
};

AdditiveLaw additive(const std::map<std::string, double>& c, const std::map<std::string, double>&) {
  return {.floor = c.at("E"), .a = c.at("A"), .b = c.at("B"), .alpha = c.at("alpha"), .beta = c.at("beta")};
}

std::vector<Constant> surface() {
  return {{"E", Space::log, {0, 0.6}},
          {"A", Space::log, {5, 8}},
          {"B", Space::log, {5, 8}},
          {"alpha", Space::plain, {0.35}},
          {"beta", Space::plain, {0.35}}};
}

}  // namespace

std::vector<Law> repetition_laws() {
  std::vector<Constant> constrained = surface(), penalty = surface(), capacity = surface();
  // the paper's starts are linspace(0, 20, 4)^2; its ends of 0 have no logarithm
  constrained.push_back({"R_D", Space::log, {0, 2, 3, 5}});
  constrained.push_back({"R_N", Space::log, {-1, 0.5, 2, 3}});
  penalty.push_back({"P", Space::log, {-4, -1}});
  penalty.push_back({"m", Space::plain, {0.3, 1}});
  penalty.push_back({"k", Space::plain, {0.3, 0.8}});
  capacity.push_back({"P", Space::log, {-4, -1}});
  capacity.push_back({"m", Space::plain, {0.3, 1}});
  capacity.push_back({"h", Space::plain, {0.1}});
  capacity.push_back({"k", Space::plain, {0.3, 0.8}});
  capacity.push_back({"g", Space::plain, {0.1, 0.8}});
  std::vector<Law> laws;
  laws.push_back(law_of<DataConstrained>(
      {.info =
           {"data_constrained",
            "L(N, D, U) = E + A/N'^alpha + B/D'^beta; D' = U (1 + R_D (1 - exp(-(D/U - 1)/R_D))), N' likewise of min(N, N*(U))",
            "Muennighoff et al. 2023 (arXiv:2305.16264), section 3.1"},
       .inputs = {{"params"}, {"tokens"}, {"unique_tokens"}},
       .reads_repeated = true,
       .constants = std::move(constrained),
       .additive = additive}));
  laws.push_back(law_of<Penalty>({.info = {"overfit_penalty", "L(N, D, U) = E + A/N^alpha + B/D^beta + P (D/U - 1)^m (N/U)^k",
                                           "the additive form of arXiv:2605.01640"},
                                  .inputs = {{"params"}, {"tokens"}, {"unique_tokens"}},
                                  .reads_repeated = true,
                                  .constants = std::move(penalty),
                                  .additive = additive}));
  laws.push_back(law_of<CapacityPenalty>(
      {.info = {"overfit_capacity",
                "L(N, D, U) = E + A/N^alpha + B/D^beta + P (N/1e9)^k / (U/1e9)^g ((D/U)^max(0, m + h ln(N/U)) - 1)",
                "our own: repetition harms the faster, the more parameters a unique token has"},
       .inputs = {{"params"}, {"tokens"}, {"unique_tokens"}},
       .reads_repeated = true,
       .constants = std::move(capacity),
       .additive = additive}));
  return laws;
}

}  // namespace isoflop::laws
