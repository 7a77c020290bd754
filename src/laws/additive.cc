// Laws that are a sum of powers of N and D: what follows from them without a search. And any law of N and D at its constants.
#include <array>
#include <cmath>
#include <limits>

#include "base/math.h"
#include "laws/problem.h"

namespace isoflop {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

/// The sum of powers whose power the loss is.
double inner(const AdditiveLaw& law, double loss) {
  return law.power == 1 ? loss : pow_(loss, 1 / law.power);
}
double outer(const AdditiveLaw& law, double sum) {
  if (law.power == 1) return sum;
  return sum > 0 ? pow_(sum, law.power) : 0;
}

/// x with coefficient x^-exponent = excess.
double inverse_power(double coefficient, double exponent, double excess) {
  return excess > 0 ? pow_(coefficient / excess, 1 / exponent) : kInf;
}

}  // namespace

double AdditiveLaw::loss(double params, double tokens) const {
  return outer(*this, floor + a * pow_(params, -alpha) + b * pow_(tokens, -beta));
}

double AdditiveLaw::least_loss() const {
  return outer(*this, floor);
}

double AdditiveLaw::scale() const {
  return pow_(alpha * a / (beta * b), 1 / (alpha + beta));
}

Optimum AdditiveLaw::optimum(double flops, double flops_per) const {
  const double product = flops / flops_per;
  const double params = scale() * pow_(product, exponent()), tokens = product / params;
  return {params, tokens, loss(params, tokens)};
}

double AdditiveLaw::least_flops(double loss, double flops_per) const {
  const double excess = inner(*this, loss) - floor;
  if (!(excess > 0)) return kInf;
  // along the frontier the excess is K (C/k)^-gamma
  const double g = scale(), k = a * pow_(g, -alpha) + b * pow_(g, beta);
  return flops_per * pow_(k / excess, (alpha + beta) / (alpha * beta));
}

double AdditiveLaw::tokens_for(double params, double loss) const {
  return inverse_power(b, beta, inner(*this, loss) - floor - a * pow_(params, -alpha));
}

double AdditiveLaw::params_for(double tokens, double loss) const {
  return inverse_power(a, alpha, inner(*this, loss) - floor - b * pow_(tokens, -beta));
}

double AdditiveLaw::least_params(double loss) const {
  return inverse_power(a, alpha, inner(*this, loss) - floor);
}

double AdditiveLaw::optimal_tokens(double params) const {
  return pow_(beta * b / (alpha * a) * pow_(params, alpha), 1 / beta);
}

double AdditiveLaw::optimal_params(double tokens) const {
  return pow_(alpha * a / (beta * b) * pow_(tokens, beta), 1 / alpha);
}

double AdditiveLaw::slope_ratio(double params, double tokens) const {
  return alpha * a * pow_(params, -alpha) / (beta * b * pow_(tokens, -beta));
}

double AdditiveLaw::curvature(double flops, double flops_per) const {
  const Optimum best = optimum(flops, flops_per);
  const double slope = alpha * a * pow_(best.params, -alpha);
  // the slope of the sum is 0 there: of the power only its first derivative counts
  const double sum = inner(*this, best.loss), chain = power == 1 ? 1 : power * best.loss / sum;
  return chain * slope * (alpha + beta);
}

LawAt::LawAt(const std::string& name, const std::map<std::string, double>& constants, const std::map<std::string, double>& held)
    : law_(&laws::law_named(name)) {
  const laws::Law& law = *law_;
  if (!law.additive) {
    std::string known;
    for (const laws::Law& other : laws::all_laws())
      if (other.additive) known += (known.empty() ? "" : ", ") + other.info.name;
    throw Error(Fault::usage, "law " + name, "gives no loss of params and tokens", "laws that do: " + known);
  }
  for (int i = 0; i < law.size(); ++i) {
    const auto constant = constants.find(law.constants[i].name);
    if (constant == constants.end())
      throw Error(Fault::usage, "law " + name, "constant `" + law.constants[i].name + "` is missing");
    theta_[i] = law.parameter_of(i, constant->second);
  }
  for (std::size_t i = 2; i < law.inputs.size(); ++i) {
    const std::string& column = law.inputs[i].column;
    const auto value = held.find(column);
    if (value == held.end() && column != "unique_tokens")
      throw Error(Fault::usage, "law " + name, "reads `" + column + "`, which is not given",
                  "--" + column + " NUMBER");
    if (value != held.end() && !(value->second > 0 && std::isfinite(value->second)))
      throw Error(Fault::usage, "law " + name, column + " is not a positive number");
    held_.push_back(value == held.end() ? std::numeric_limits<double>::quiet_NaN() : log_(value->second));
  }
  if (!held.contains("unique_tokens") || !law.reads_repeated) additive_ = law.additive(constants, held);
}

double LawAt::loss(double params, double tokens) const {
  std::array<double, laws::kMostInputs> inputs{params, tokens};
  for (std::size_t i = 0; i < held_.size(); ++i) inputs[i + 2] = std::isnan(held_[i]) ? tokens : exp_(held_[i]);
  return laws::value_of(*law_, theta_, std::span<const double>(inputs).first(law_->inputs.size()));
}

Optimum LawAt::optimum(double flops, double flops_per) const {
  if (additive_) return additive_->optimum(flops, flops_per);
  return laws::searched_optimum(*law_, theta_, held_, flops, flops_per);
}

}  // namespace isoflop
