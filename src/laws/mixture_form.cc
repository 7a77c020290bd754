// The formulas of mixture laws, four rows at a time.
#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/math.h"
#include "laws/mixture.h"
#include "laws/words.h"

namespace isoflop {

const std::vector<LawInfo>& known_mixture_laws() {
  static const std::vector<LawInfo> kLaws{
      {"log_linear", "L(r) = c + exp(k + sum_j t_j r_j)", "Ye et al. 2024 (arXiv:2403.16952), eq. 1"},
      {"linear", "L(r) = sum_j a_j r_j", "the first-order law; Aioli's at one step (arXiv:2411.05735)"},
      {"additive", "L(r, N, D) = E + 1/sum_j C_j r_j^g_j + A/N^alpha + B/D^beta",
       "Shukor et al. 2025 (arXiv:2507.09404), the additive law"},
      {"trees", "boosted regression trees of the shares", "Friedman 2001; as in RegMix, Liu et al. 2024 (arXiv:2407.01492)"},
  };
  return kLaws;
}

namespace laws {
namespace {

constexpr double kLeastShare = 1e-9;  // where the slope of r^g is taken at a share of 0

}  // namespace

std::optional<MixtureForm::Kind> mixture_kind(const std::string& law) {
  if (law == "log_linear") return MixtureForm::Kind::log_linear;
  if (law == "linear") return MixtureForm::Kind::linear;
  if (law == "additive") return MixtureForm::Kind::additive;
  if (law == "trees") return std::nullopt;
  std::vector<std::string> names;
  for (const LawInfo& info : known_mixture_laws()) names.push_back(info.name);
  const auto near = nearest(law, names);
  throw Error(Fault::usage, "--law", "no mixture law `" + law + "`",
              near ? "did you mean " + *near + "?" : "known: " + listed(names));
}

std::vector<double> MixtureRows::row(std::int64_t i) const {
  std::vector<double> x;
  for (const auto& column : inputs) x.push_back(column[i]);
  return x;
}

std::size_t MixtureForm::size() const {
  switch (kind_) {
    case Kind::log_linear: return domains_ + 1;
    case Kind::linear: return domains_;
    case Kind::additive: break;
  }
  return 1 + 2 * domains_ + (params_ ? 2 : 0) + (tokens_ ? 2 : 0);
}

std::vector<std::pair<std::size_t, std::size_t>> MixtureForm::blocks() const {
  switch (kind_) {
    case Kind::log_linear: return {{1, domains_ + 1}};
    case Kind::linear: return {{0, domains_}};
    case Kind::additive: break;
  }
  return {{1, domains_ + 1}, {domains_ + 1, 2 * domains_ + 1}};
}

void MixtureForm::evaluate(const std::vector<double>& theta, const Pack* x, Pack& value, Pack* gradient) const {
  if (kind_ == Kind::linear) {
    value = pack_of(0);
    for (std::size_t j = 0; j < domains_; ++j) {
      value += theta[j] * x[j];
      if (gradient) gradient[j] = x[j];
    }
    return;
  }
  if (kind_ == Kind::log_linear) {
    Pack z = pack_of(0);
    for (std::size_t j = 0; j < domains_; ++j) z += theta[j + 1] * x[j];
    const Pack e = exp(z);
    value = theta[0] + e;
    if (!gradient) return;
    gradient[0] = pack_of(1);
    for (std::size_t j = 0; j < domains_; ++j) gradient[j + 1] = e * x[j];
    return;
  }
  // 1 / sum_j C_j r_j^g_j; a share of 0 adds nothing
  Pack capacity = pack_of(0);
  for (std::size_t j = 0; j < domains_; ++j) {
    const PackBits there = x[j] > 0;
    const Pack ln_share = log(select(there, x[j], pack_of(1)));
    const double power = exp_(theta[1 + domains_ + j]);
    const Pack part = select(there, exp(theta[1 + j] + power * ln_share), pack_of(0));
    capacity += part;
    if (gradient) {
      gradient[1 + j] = part;
      gradient[1 + domains_ + j] = part * power * ln_share;
    }
  }
  value = theta[0] + 1 / capacity;
  if (gradient) {
    const Pack factor = -1 / (capacity * capacity);
    gradient[0] = pack_of(1);
    for (std::size_t j = 1; j <= 2 * domains_; ++j) gradient[j] *= factor;
  }
  std::size_t at = 1 + 2 * domains_, input = domains_;
  for (const bool read : {params_, tokens_}) {
    if (!read) continue;
    const double power = exp_(theta[at + 1]);
    const Pack part = exp(theta[at] - power * x[input]);
    value += part;
    if (gradient) {
      gradient[at] = part;
      gradient[at + 1] = -part * power * x[input];
    }
    at += 2;
    ++input;
  }
}

double MixtureForm::value(const std::vector<double>& theta, const std::vector<double>& x, double* slope) const {
  ISOFLOP_CHECK(x.size() == inputs() && theta.size() == size());
  std::vector<Pack> packs;
  for (const double value : x) packs.push_back(pack_of(value));
  Pack loss;
  evaluate(theta, packs.data(), loss, nullptr);
  if (!slope) return loss[0];
  if (kind_ == Kind::linear) {
    for (std::size_t j = 0; j < domains_; ++j) slope[j] = theta[j];
  } else if (kind_ == Kind::log_linear) {
    for (std::size_t j = 0; j < domains_; ++j) slope[j] = (loss[0] - theta[0]) * theta[j + 1];
  } else {
    double capacity = 0;
    for (std::size_t j = 0; j < domains_; ++j) {
      const double power = exp_(theta[1 + domains_ + j]), share = std::max(x[j], kLeastShare);
      const double part = exp_(theta[1 + j] + power * log_(share));
      slope[j] = part * power / share;
      if (x[j] > 0) capacity += part;
    }
    for (std::size_t j = 0; j < domains_; ++j) slope[j] /= -(capacity * capacity);
  }
  return loss[0];
}

std::map<std::string, double> MixtureForm::constants(const std::vector<double>& theta,
                                                     const std::vector<std::string>& domains) const {
  std::map<std::string, double> named;
  if (kind_ == Kind::linear) {
    for (std::size_t j = 0; j < domains_; ++j) named["a." + domains[j]] = theta[j];
  } else if (kind_ == Kind::log_linear) {
    double mean = 0;
    for (std::size_t j = 0; j < domains_; ++j) mean += theta[j + 1] / static_cast<double>(domains_);
    named["c"] = theta[0];
    named["k"] = mean;
    for (std::size_t j = 0; j < domains_; ++j) named["t." + domains[j]] = theta[j + 1] - mean;
  } else {
    named["E"] = theta[0];
    for (std::size_t j = 0; j < domains_; ++j) {
      named["C." + domains[j]] = exp_(theta[1 + j]);
      named["g." + domains[j]] = exp_(theta[1 + domains_ + j]);
    }
    std::size_t at = 1 + 2 * domains_;
    if (params_) {
      named["A"] = exp_(theta[at++]);
      named["alpha"] = exp_(theta[at++]);
    }
    if (tokens_) {
      named["B"] = exp_(theta[at++]);
      named["beta"] = exp_(theta[at++]);
    }
  }
  return named;
}

namespace {

double weighted_mean(const std::vector<double>& values, const std::vector<double>& weights) {
  double sum = 0, total = 0;
  for (std::size_t i = 0; i < values.size(); ++i) sum += weights[i] * values[i], total += weights[i];
  return sum / total;
}

/// c and the u_j of least squares of ln(L - c), drawn a little to their mean.
std::vector<double> log_linear_start(const MixtureRows& rows, double floor, std::size_t domains) {
  MixtureRows logs = rows;
  logs.inputs.resize(domains);
  for (double& loss : logs.loss) loss = log_(loss - floor);
  const MixtureForm line(MixtureForm::Kind::linear, domains);
  const std::vector<double> start(domains, weighted_mean(logs.loss, logs.weight));
  std::vector<double> theta = minimise(line, logs, {.kind = Objective::Kind::lsq, .log_residual = false}, 1e-2, start, 20).theta;
  theta.insert(theta.begin(), floor);
  return theta;
}

}  // namespace

std::vector<std::vector<double>> MixtureForm::starts(const MixtureRows& rows) const {
  const auto [least, most] = std::minmax_element(rows.loss.begin(), rows.loss.begin() + rows.count);
  const double mean = weighted_mean(rows.loss, rows.weight), range = std::max(*most - *least, 1e-6 * mean);
  std::vector<std::vector<double>> starts;
  if (kind_ == Kind::linear) return {std::vector<double>(domains_, mean)};
  // floors below the least loss by shares of the range
  for (const double share : {0.02, 0.1, 0.3, 1.0, 3.0}) {
    const double floor = std::max(0.0, *least - share * range);
    if (kind_ == Kind::log_linear) {
      starts.push_back(log_linear_start(rows, floor, domains_));
      continue;
    }
    for (const double power : {0.3, 1.0}) {
      const int parts = 1 + (params_ ? 1 : 0) + (tokens_ ? 1 : 0);
      const double part = (mean - floor) / parts;
      std::vector<double> theta(size());
      theta[0] = floor;
      for (std::size_t j = 0; j < domains_; ++j) {
        theta[1 + j] = -log_(part);
        theta[1 + domains_ + j] = log_(power);
      }
      std::size_t at = 1 + 2 * domains_;
      for (std::size_t input = domains_; input < inputs(); ++input, at += 2) {
        theta[at] = log_(part) + 0.3 * weighted_mean(rows.inputs[input], rows.weight);
        theta[at + 1] = log_(0.3);
      }
      starts.push_back(std::move(theta));
    }
    if (floor == 0) break;
  }
  return starts;
}

}  // namespace laws
}  // namespace isoflop
