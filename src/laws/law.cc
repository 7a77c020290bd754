#include "laws/law.h"

#include <cmath>

#include "base/math.h"

namespace isoflop::laws {

void fill_up(Rows& rows) {
  while (rows.padded() % kPack != 0) {
    for (std::vector<double>& input : rows.inputs) input.push_back(input.back());
    rows.response.push_back(rows.response.back());
    rows.weight.push_back(0);
  }
}

Rows picked(const Rows& rows, std::span<const std::int64_t> indices) {
  Rows some;
  some.count = static_cast<std::int64_t>(indices.size());
  some.inputs.resize(rows.inputs.size());
  for (const std::int64_t i : indices) {
    for (std::size_t c = 0; c < rows.inputs.size(); ++c) some.inputs[c].push_back(rows.inputs[c][i]);
    some.response.push_back(rows.response[i]);
    some.weight.push_back(rows.weight[i]);
  }
  if (some.count > 0) fill_up(some);
  return some;
}

double Law::constant_of(int i, double parameter) const {
  if (constants[i].space == Space::unit) return 1 / (1 + exp_(-parameter));
  return constants[i].space == Space::log ? exp_(parameter) : parameter;
}

double Law::parameter_of(int i, double constant) const {
  if (constants[i].space == Space::unit) return log_(constant / (1 - constant));
  return constants[i].space == Space::log ? log_(constant) : constant;
}

bool Law::admits(int i, double constant) const {
  const Space space = constants[i].space;
  return std::isfinite(constant) && (space == Space::plain || constant > 0) && (space != Space::unit || constant < 1);
}

std::string Law::expected(int i) const {
  switch (constants[i].space) {
    case Space::log: return "a positive number";
    case Space::unit: return "a number between 0 and 1";
    case Space::plain: break;
  }
  return "a number";
}

std::map<std::string, double> Law::named(const Theta& theta) const {
  std::map<std::string, double> values;
  for (int i = 0; i < size(); ++i) values[constants[i].name] = constant_of(i, theta[i]);
  return values;
}

}  // namespace isoflop::laws
