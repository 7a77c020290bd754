// The law of runs that ended early: its term at both ends, its optimum, and a forecast that such runs would spoil.
#include <gtest/gtest.h>

#include <cmath>

#include "base/math.h"
#include "base/random.h"
#include "isoflop/laws.h"
#include "laws/problem.h"

namespace isoflop {
namespace {

const std::map<std::string, double> kSurface{{"E", 1.8}, {"A", 480}, {"B", 2100}, {"alpha", 0.35}, {"beta", 0.37}};

std::map<std::string, double> early(double r, double d_0, double k) {
  auto constants = kSurface;
  constants.insert({{"r", r}, {"D_0", d_0}, {"k", k}});
  return constants;
}

const laws::Law& early_law() {
  return laws::law_named("early_phase");
}

laws::Theta theta_of(const std::map<std::string, double>& constants) {
  laws::Theta theta{};
  for (int i = 0; i < early_law().size(); ++i)
    theta[i] = early_law().parameter_of(i, constants.at(early_law().constants[i].name));
  return theta;
}

double loss(const std::map<std::string, double>& constants, double n, double d) {
  return laws::value_of(early_law(), theta_of(constants), {n, d});
}

TEST(EarlyPhase, IsItsFormulaFromOneTokenToVeryMany) {
  const LawAt surface("chinchilla", kSurface);
  const auto constants = early(1.4, 2e8, 0.5);
  for (double n = 1e6; n < 1e11; n *= 7)
    for (double ratio = 1e-9; ratio < 1e6; ratio *= 1.7) {
      const double d = ratio * 2e8 * std::sqrt(n / 1e9);
      const double expected = surface.loss(n, d) - 1.4 * std::log(-std::expm1(-ratio));
      EXPECT_NEAR(loss(constants, n, d) / expected, 1, 1e-13) << n << " " << ratio;
    }
}

TEST(EarlyPhase, HasTheOptimumOfTheWholeLaw) {
  const auto constants = early(1.4, 4e9, 0.9);
  for (const double flops : {1e18, 1e20, 1e23}) {
    const double best = laws::optimum_at(early_law(), theta_of(constants), flops).params;
    const auto at = [&](double n) { return loss(constants, n, flops / 6 / n); };
    EXPECT_LT(at(best), at(1.01 * best)) << flops;
    EXPECT_LT(at(best), at(best / 1.01)) << flops;
  }
  // its exponent would be of the surface alone, which is not where the optimum lies
  EXPECT_FALSE(early_law().additive);
}

/// Five sizes of each of twelve budgets, two decades of D / N: the small budgets' large sizes end in the early phase.
Observations runs(double least, double most) {
  Observations table;
  const auto constants = early(1.4, 4e8, 0.5);
  const Philox random{2, Stream::simulate};
  for (int budget = 0; budget < 12; ++budget)
    for (int size = 0; size < 6; ++size) {
      const double c = 1e16 * pow_(2, budget), ratio = 0.3 * pow_(3, size), n = std::sqrt(c / 6 / ratio), d = n * ratio;
      const auto at = static_cast<std::uint64_t>(budget * 6 + size);
      const double noise = exp_(0.003 * random.normal(at));  // of each row, fitted or not
      if (c < least || c > most) continue;
      table.labels.push_back(std::to_string(at));
      table.columns["params"].push_back(n);
      table.columns["tokens"].push_back(d);
      table.columns["flops"].push_back(c);
      table.columns["loss"].push_back(loss(constants, n, d) * noise);
    }
  return table;
}

TEST(EarlyPhase, CarriesWhereRunsThatEndedEarlySpoilASurface) {
  const auto error = [](const std::string& law) {
    const FitOptions options{.bootstrap = 0, .threads = 2};
    return hold_out(runs(0, 2e18), runs(2e18, 1e20), *fit_law(runs(0, 1e20), law, options).fit, options)->error_loss;
  };
  EXPECT_LT(error("early_phase"), 0.006);
  EXPECT_GT(error("chinchilla"), 0.02);
}

}  // namespace
}  // namespace isoflop
