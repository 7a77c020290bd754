#include "plan/rounding.h"

#include <algorithm>
#include <cmath>

#include "base/math.h"
#include "isoflop/text.h"

namespace isoflop::plan {
namespace {

/// Significant digits of the shortest form, and one unit of the last.
struct Digits {
  int count = 0;
  double unit = 0;
};

Digits digits_of(double value) {
  std::string text = format_number(std::fabs(value));
  int power = 0;
  if (const auto e = text.find('e'); e != std::string::npos) {
    power = static_cast<int>(parse_int(text.substr(e + 1)).value_or(0));
    text.resize(e);
  }
  Digits digits;
  const auto point = text.find('.');
  const int decimals = point == std::string::npos ? 0 : static_cast<int>(text.size() - point - 1);
  bool leading = true;
  for (const char c : text) {
    if (c == '.' || (leading && c == '0')) continue;
    leading = false;
    ++digits.count;
  }
  digits.unit = pow_(10, power - decimals);
  return digits;
}

}  // namespace

std::optional<Rounding> rounding_of(const PlanningLaw& law, double flops) {
  if (!law.surface || !law.draws.empty()) return std::nullopt;
  std::vector<std::pair<std::string, Digits>> exponents;
  int least = 99;
  for (const char* name : {"alpha", "beta", "eta", "alpha_N", "alpha_D"}) {
    const auto it = law.constants.find(name);
    if (it == law.constants.end()) continue;
    exponents.emplace_back(name, digits_of(it->second));
    least = std::min(least, exponents.back().second.count);
  }
  if (least > 2) return std::nullopt;
  const Optimum best = law.surface->optimum(flops, law.flops_per);
  Rounding rounding{.exponents = {}, .params_low = best.params, .params_high = best.params, .waste = 0};
  for (const auto& [name, digits] : exponents)
    rounding.exponents += (rounding.exponents.empty() ? "" : ", ") + name + " = " + format_number(law.constants.at(name));
  for (std::size_t corner = 0; corner < (std::size_t{1} << exponents.size()); ++corner) {
    auto constants = law.constants;
    for (std::size_t i = 0; i < exponents.size(); ++i)
      constants[exponents[i].first] += ((corner >> i) & 1U ? 0.5 : -0.5) * exponents[i].second.unit;
    const AdditiveLaw moved = *LawAt(law.law, constants, law.held).additive();
    const double params = moved.optimum(flops, law.flops_per).params;
    rounding.params_low = std::min(rounding.params_low, params);
    rounding.params_high = std::max(rounding.params_high, params);
    rounding.waste = std::max(rounding.waste, wasted_compute(moved, best.params, best.tokens, law.flops_per));
  }
  return rounding;
}

}  // namespace isoflop::plan
