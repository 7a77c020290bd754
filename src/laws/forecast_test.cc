// Prediction intervals: where a further run lies, for a law that is right and for one that drifts; and tables of very many rows.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/math.h"
#include "base/random.h"
#include "isoflop/laws.h"

namespace isoflop {
namespace {

constexpr double kE = 1.8, kA = 480, kB = 2100, kAlpha = 0.35, kBeta = 0.37;

/// Runs over four decades of C whose exponent falls by `bend` beyond C = 1e20; 1 % of noise.
Observations runs(std::int64_t rows, std::uint64_t seed, double bend = 0) {
  Observations table;
  const Philox random{seed, Stream::simulate};
  for (std::int64_t i = 0; i < rows; ++i) {
    const auto at = static_cast<std::uint64_t>(i);
    const double c = 1e18 * pow_(1e4, static_cast<double>(i) / static_cast<double>(rows - 1));
    const double n = std::sqrt(c / 120) * exp_(random.normal(at, 0)), d = c / 6 / n;
    const double drift = bend * std::max(0.0, log_(c / 1e20));
    table.labels.push_back(std::to_string(i));
    table.columns["params"].push_back(n);
    table.columns["tokens"].push_back(d);
    table.columns["flops"].push_back(c);
    table.columns["loss"].push_back((kE + kA * pow_(n, -kAlpha) + kB * pow_(d, -kBeta)) *
                                    exp_(drift + 0.01 * random.normal(at, 1)));
  }
  return table;
}

/// The rows of C below or from `cut` on.
Observations part(const Observations& table, double cut, bool cheap) {
  Observations part = table;
  part.labels.clear();
  for (auto& [name, column] : part.columns) column.clear();
  for (std::size_t i = 0; i < table.labels.size(); ++i) {
    if ((*table.columns.at("flops")[i] < cut) != cheap) continue;
    part.labels.push_back(table.labels[i]);
    for (const auto& [name, column] : table.columns) part.columns[name].push_back(column[i]);
  }
  return part;
}

struct Outcome {
  double covered = 0, discrepancy = 0;
};

/// Means over tables.
Outcome held_out(double bend, int tables) {
  Outcome mean;
  for (int t = 0; t < tables; ++t) {
    const Observations table = runs(80, static_cast<std::uint64_t>(t), bend);
    const FitOptions options{.bootstrap = 100, .threads = 2};
    const FitResult whole = fit_law(table, "chinchilla", {.bootstrap = 0, .threads = 2});
    const auto h = hold_out(part(table, 1e21, true), part(table, 1e21, false), *whole.fit, options);
    mean.covered += *h->covered / tables;
    mean.discrepancy += h->discrepancy / tables;
  }
  return mean;
}

TEST(Forecast, HoldsNineInTenWhenTheLawIsRight) {
  const Outcome outcome = held_out(0, 8);
  EXPECT_GT(outcome.covered, 0.82);
  EXPECT_LT(outcome.discrepancy, 0.004);
}

TEST(Forecast, LearnsFromItsOwnRowsHowFarALawDrifts) {
  const Outcome right = held_out(0, 4), wrong = held_out(0.02, 6);
  EXPECT_GT(wrong.discrepancy, 3 * right.discrepancy);
  EXPECT_GT(wrong.covered, 0.8) << wrong.discrepancy << " " << right.discrepancy;
}

TEST(Forecast, APredictionIsWiderThanTheLawsOwnInterval) {
  const FitResult result =
      fit_law(runs(60, 1), "chinchilla", {.bootstrap = 200, .at_flops = {1e23}, .at_models = {{1e9, 2e10}}, .threads = 2});
  for (const char* name : {"loss@1e+23", "loss@N=1e+09,D=2e+10"}) {
    ASSERT_TRUE(result.fit->derived.contains(name)) << name;
    const Estimate& loss = result.fit->derived.at(name);
    ASSERT_TRUE(loss.prediction && loss.interval);
    EXPECT_LT(loss.prediction->low, loss.interval->low);
    EXPECT_GT(loss.prediction->high, loss.interval->high);
  }
  EXPECT_FALSE(result.fit->derived.at("params_opt@1e+23").prediction) << "no run shows N*";
}

TEST(Forecast, ALawOfComputeAnswersForABudget) {
  Observations table;
  const Philox random{1, Stream::simulate};
  for (std::uint64_t i = 0; i < 20; ++i) {
    const double c = 1e18 * pow_(10, 0.2 * static_cast<double>(i));
    table.labels.push_back(std::to_string(i));
    table.columns["flops"].push_back(c);
    table.columns["loss"].push_back(25 * pow_(c, -0.05) * exp_(0.005 * random.normal(i, 0)));
  }
  const FitResult result = fit_law(table, "power_c", {.bootstrap = 200, .at_flops = {1e24}});
  const Estimate& loss = result.fit->derived.at("loss@1e+24");
  EXPECT_NEAR(loss.value, 25 * pow_(1e24, -0.05), 0.02);
  EXPECT_TRUE(loss.prediction);
}

/// `runs` and as many again at the same places, of twenty times the noise and a thousandth of the weight.
Observations with_rough_rows(std::int64_t rows) {
  Observations table = runs(rows, 5);
  const Philox random{6, Stream::simulate};
  for (std::int64_t i = 0; i < rows; ++i) {
    const auto at = static_cast<std::size_t>(i);
    table.labels.push_back("rough " + std::to_string(i));
    for (auto& [name, column] : table.columns) column.push_back(std::optional(column[at]));
    *table.columns["loss"].back() *= exp_(0.2 * random.normal(at));
  }
  for (std::int64_t i = 0; i < 2 * rows; ++i) table.columns["weight"].push_back(i < rows ? 1 : 1e-3);
  return table;
}

TEST(Forecast, RowsThatHardlyCountDoNotWidenWhereAFurtherRunLies) {
  const auto width = [](const Observations& table) {
    const FitResult result = fit_law(table, "chinchilla", {.bootstrap = 200, .at_models = {{1e9, 2e10}}, .threads = 2});
    const Interval at = *result.fit->derived.at("loss@N=1e+09,D=2e+10").prediction;
    return at.high - at.low;
  };
  EXPECT_NEAR(width(with_rough_rows(60)) / width(runs(60, 5)), 1, 0.25);
}

TEST(LowLoss, IsAColumnOfWeights) {
  Observations table = runs(60, 2);
  const FitOptions options{.low_loss = 16, .bootstrap = 0, .threads = 2};
  const Fit favoured = *fit_law(table, "chinchilla", options).fit, plain = *fit_law(table, "chinchilla", {.bootstrap = 0}).fit;
  double least = INFINITY;
  for (const auto& loss : table.columns["loss"]) least = std::min(least, *loss);
  for (const auto& loss : table.columns["loss"]) table.columns["weight"].push_back(pow_(least / *loss, 16));
  const Fit weighted = *fit_law(table, "chinchilla", {.bootstrap = 0, .threads = 2}).fit;
  for (const auto& [name, value] : weighted.constants) EXPECT_NEAR(favoured.constants.at(name) / value, 1, 1e-6) << name;
  EXPECT_GT(std::fabs(favoured.constants.at("E") / plain.constants.at("E") - 1), 1e-4);
  EXPECT_NE(favoured.objective_definition.find("(least y / y)^16"), std::string::npos);
  // residuals of L are weighted alike
  FitOptions linear = options;
  linear.residual = "linear";
  const Fit alike = *fit_law(runs(60, 2), "chinchilla", linear).fit;
  EXPECT_NEAR(alike.constants.at("E"), favoured.constants.at("E"), 0.02);
}

TEST(LowLoss, RefusesAPowerThatFavoursHighLosses) {
  for (const double power : std::initializer_list<double>{-1, INFINITY, NAN})
    EXPECT_THROW((void)fit_law(runs(20, 2), "chinchilla", {.low_loss = power}), Error) << power;
}

TEST(ManyRows, GiveTheConstantsAndAnErrorThatFallsWithTheRootOfTheirNumber) {
  const FitOptions options{.bootstrap = 200, .threads = 2};
  const Fit few = *fit_law(runs(4000, 3), "chinchilla", options).fit, many = *fit_law(runs(16000, 3), "chinchilla", options).fit;
  EXPECT_EQ(many.starts, few.starts);
  EXPECT_GT(many.starts_agreeing, 1);
  for (const char* name : {"E", "alpha", "beta"}) {
    EXPECT_NEAR(many.standard_errors.at(name) / few.standard_errors.at(name), 0.5, 0.12) << name;
    const double truth = std::string(name) == "E" ? kE : std::string(name) == "alpha" ? kAlpha : kBeta;
    EXPECT_NEAR(many.constants.at(name), truth, 4 * many.standard_errors.at(name)) << name;
  }
}

TEST(ManyRows, GiveTheSameBytesOnOneThreadAndOnTwo) {
  const Observations table = runs(5000, 4);
  EXPECT_EQ(fit_to_json(*fit_law(table, "chinchilla", {.bootstrap = 40, .threads = 1}).fit),
            fit_to_json(*fit_law(table, "chinchilla", {.bootstrap = 40, .threads = 2}).fit));
}

}  // namespace
}  // namespace isoflop
