// Kaplan et al. 2020 (arXiv:2001.08361), section 1.2: power laws of one quantity, without a floor and with one.
#include "laws/formulas.h"

namespace isoflop::laws {
namespace {

struct Power {
  static constexpr int kParameters = 2, kInputs = 1;
  static constexpr bool kLogValue = true;
  // ln L = k - a ln x
  template <Dual T>
  static T value(const std::array<T, 2>& t, const std::array<Pack, 1>& x) {
    return t[0] - x[0] * t[1];
  }
};

struct PowerFloor {
  static constexpr int kParameters = 3, kInputs = 1;
  static constexpr bool kLogValue = true;
  // L = E + K x^-a
  template <Dual T>
  static T value(const std::array<T, 3>& t, const std::array<Pack, 1>& x) {
    return log(exp(t[0]) + exp(t[1] - x[0] * t[2]));
  }
};

// Caballero et al. 2022 (arXiv:2210.14891), eq. 1: y = a + b x^-c0 prod_i (1 + (x / d_i)^(1 / f_i))^(-c_i f_i)
template <int Breaks>
struct Broken {
  static constexpr int kParameters = 3 + 3 * Breaks, kInputs = 1;
  static constexpr bool kLogValue = true;
  template <Dual T>
  static T value(const std::array<T, kParameters>& t, const std::array<Pack, 1>& x) {
    T power = t[1] - x[0] * t[2];
    for (int i = 0; i < Breaks; ++i) {
      const T &c = t[3 + 3 * i], &d = t[4 + 3 * i], &f = t[5 + 3 * i];  // d and f as logarithms
      const T width = exp(f);
      power = power - c * width * softplus((x[0] - d) / width);
    }
    return log(exp(t[0]) + exp(power));
  }
};

const char* letter_of(const std::string& column) {
  return column == "params" ? "N" : column == "tokens" ? "D" : "C";
}

std::string name_of(const std::string& column, const std::string& kind) {
  return kind + "_" + (column == "params" ? "n" : column == "tokens" ? "d" : "c");
}

const std::vector<double> kScales{0, 2, 5, 10}, kFloors{-2, 0, 1}, kExponents{0.03, 0.1, 0.3, 1};

Law power(const char* column, const std::string& equation) {
  const std::string x = letter_of(column);
  return law_of<Power>({.info = {name_of(column, "power"), "L(" + x + ") = K " + x + "^-a",
                                 "Kaplan et al. 2020 (arXiv:2001.08361), " + equation, false, column},
                        .inputs = {{column}},
                        .constants = {{"K", Space::log, {1}}, {"a", Space::plain, {0.1}}}});
}

Law power_floor(const char* column) {
  const std::string x = letter_of(column);
  return law_of<PowerFloor>(
      {.info = {name_of(column, "power") + "_floor", "L(" + x + ") = E + K " + x + "^-a",
                "Henighan et al. 2020 (arXiv:2010.14701), eq. 1.1", false, column},
       .inputs = {{column}},
       .constants = {{"E", Space::log, kFloors}, {"K", Space::log, kScales}, {"a", Space::plain, kExponents}}});
}

Law broken(const char* column) {
  const std::string x = letter_of(column);
  return law_of<Broken<1>>(
      {.info = {name_of(column, "broken"), "L(" + x + ") = E + K " + x + "^-a (1 + (" + x + "/d)^(1/f))^(-c f)",
                "Caballero et al. 2022 (arXiv:2210.14891), eq. 1, one break", false, column},
       .inputs = {{column}},
       .constants = {{"E", Space::log, {-2, 0.5}},
                     {"K", Space::log, {1, 5}},
                     {"a", Space::plain, {0, 0.1, 0.3}},
                     {"c", Space::plain, {-0.1, 0.1, 0.5}},
                     {"d", Space::log, {0.25, 0.5, 0.75}, {}, 0},
                     {"f", Space::log, {-1, 0.5}}}});
}

}  // namespace

// as fit_power_law() fits it in closed form, with its names
Law power_n() {
  return law_of<Power>({.info = {"power_n", "L(N) = a N^-b", "Kaplan et al. 2020 (arXiv:2001.08361), eq. 1.1", false, "params"},
                        .inputs = {{"params"}},
                        .constants = {{"a", Space::log, {1}}, {"b", Space::plain, {0.1}}}});
}

std::vector<Law> power_laws() {
  std::vector<Law> laws;
  laws.push_back(power("tokens", "eq. 1.2"));
  laws.push_back(power("flops", "eq. 1.3"));
  for (const char* column : {"params", "tokens", "flops"}) laws.push_back(power_floor(column));
  for (const char* column : {"params", "tokens", "flops"}) laws.push_back(broken(column));
  return laws;
}

}  // namespace isoflop::laws
