// Best learning rate and batch as powers of size, data or compute; fitted to the best of each setting.
#include "laws/formulas.h"

namespace isoflop::laws {
namespace {

struct PowerOfOne {
  static constexpr int kParameters = 2, kInputs = 1;
  static constexpr bool kLogValue = true;
  template <Dual T>
  static T value(const std::array<T, 2>& t, const std::array<Pack, 1>& x) {
    return t[0] + x[0] * t[1];
  }
};

struct PowerOfTwo {
  static constexpr int kParameters = 3, kInputs = 2;
  static constexpr bool kLogValue = true;
  template <Dual T>
  static T value(const std::array<T, 3>& t, const std::array<Pack, 2>& x) {
    return t[0] + x[0] * t[1] + x[1] * t[2];
  }
};

Law of_one(const std::string& name, const std::string& formula, const std::string& source, const std::string& input,
           const std::string& response) {
  return law_of<PowerOfOne>({.info = {name, formula, source},
                             .inputs = {{input}},
                             .response = response,
                             .constants = {{"K", Space::log, {0}}, {"a", Space::plain, {0}}}});
}

}  // namespace

std::vector<Law> hyperparameter_laws() {
  std::vector<Law> laws;
  laws.push_back(
      law_of<PowerOfTwo>({.info = {"learning_rate", "lr(N, D) = K N^a D^b", "StepLaw: Li et al. 2025 (arXiv:2503.04715)"},
                          .inputs = {{"params"}, {"tokens"}},
                          .response = "learning_rate",
                          .constants = {{"K", Space::log, {0}}, {"a", Space::plain, {0}}, {"b", Space::plain, {0}}}}));
  laws.push_back(of_one("batch", "B(D) = K D^a", "StepLaw: Li et al. 2025 (arXiv:2503.04715)", "tokens", "batch_tokens"));
  laws.push_back(
      of_one("learning_rate_c", "lr(C) = K C^a", "DeepSeek LLM 2024 (arXiv:2401.02954), section 3.1", "flops", "learning_rate"));
  laws.push_back(of_one("batch_c", "B(C) = K C^a", "DeepSeek LLM 2024 (arXiv:2401.02954), section 3.1", "flops", "batch_tokens"));
  // the best size and data of each budget, from a table of optima
  laws.push_back(of_one("optimal_params", "N*(C) = K C^a", "Kaplan et al. 2020 (arXiv:2001.08361), table 6", "flops", "n_opt"));
  laws.push_back(of_one("optimal_tokens", "D*(C) = K C^a", "Kaplan et al. 2020 (arXiv:2001.08361), table 6", "flops", "d_opt"));
  return laws;
}

}  // namespace isoflop::laws
