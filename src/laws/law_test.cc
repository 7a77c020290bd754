// Every law of a formula: its derivatives are those of its values, and it finds the constants that made a table.
#include <gtest/gtest.h>

#include <cmath>
#include <ostream>

#include "base/math.h"
#include "base/random.h"
#include "laws/fixture.h"
#include "laws/law.h"
#include "laws/problem.h"
#include "laws/search_testing.h"

namespace isoflop::laws {
namespace {

/// A law at constants of a published size, over inputs where every constant matters.
struct Truth {
  std::string law;
  std::map<std::string, double> constants;
  std::map<std::string, std::pair<double, double>> ranges;  // of the inputs, log-spaced; raw ones too
};
void PrintTo(const Truth& truth, std::ostream* out) {
  *out << truth.law;
}

const std::pair<double, double> kParams{1e6, 1e10}, kTokens{1e8, 1e12}, kFlops{1e16, 1e22};

std::vector<Truth> truths() {
  const std::map<std::string, std::pair<double, double>> surface{{"params", kParams}, {"tokens", kTokens}};
  std::map<std::string, std::pair<double, double>> repeated = surface;
  repeated["unique_tokens"] = {1e8, 1e11};
  std::vector<Truth> all{
      {"chinchilla", {{"E", 1.82}, {"A", 480}, {"B", 2100}, {"alpha", 0.35}, {"beta", 0.37}}, surface},
      {"early_phase",
       {{"E", 1.82}, {"A", 480}, {"B", 2100}, {"alpha", 0.35}, {"beta", 0.37}, {"r", 1.3}, {"D_0", 2e9}, {"k", 0.4}},
       surface},
      {"power_n", {{"a", 20}, {"b", 0.076}}, {{"params", kParams}}},
      {"optimal_params", {{"K", 0.1}, {"a", 0.5}}, {{"flops", kFlops}}},
      {"optimal_tokens", {{"K", 1.6}, {"a", 0.5}}, {{"flops", kFlops}}},
      {"power_d", {{"K", 20}, {"a", 0.095}}, {{"tokens", kTokens}}},
      {"power_c", {{"K", 25}, {"a", 0.05}}, {{"flops", kFlops}}},
      {"power_n_floor", {{"E", 1.7}, {"K", 40}, {"a", 0.25}}, {{"params", kParams}}},
      {"power_d_floor", {{"E", 1.7}, {"K", 300}, {"a", 0.3}}, {{"tokens", kTokens}}},
      {"power_c_floor", {{"E", 1.7}, {"K", 2000}, {"a", 0.15}}, {{"flops", kFlops}}},
      {"broken_n", {{"E", 1.0}, {"K", 8}, {"a", 0.05}, {"c", 0.3}, {"d", 1e8}, {"f", 0.6}}, {{"params", kParams}}},
      {"broken_d", {{"E", 1.0}, {"K", 12}, {"a", 0.05}, {"c", 0.3}, {"d", 1e10}, {"f", 0.6}}, {{"tokens", kTokens}}},
      {"broken_c", {{"E", 1.0}, {"K", 40}, {"a", 0.05}, {"c", 0.2}, {"d", 1e19}, {"f", 0.8}}, {{"flops", kFlops}}},
      {"kaplan", {{"N_c", 6.4e13}, {"D_c", 1.8e13}, {"alpha_N", 0.076}, {"alpha_D", 0.103}}, surface},
      {"kaplan_steps",
       {{"N_c", 6.5e13}, {"S_c", 2.1e3}, {"alpha_N", 0.077}, {"alpha_S", 0.76}},
       {{"params", kParams}, {"steps", {1e3, 1e6}}}},
      {"critical_batch", {{"B", 2.1e8}, {"alpha_B", 0.21}}, {{"loss", {2, 6}}}},
      {"overtraining", {{"E", 1.51}, {"a", 141}, {"b", 190}, {"eta", 0.121}}, surface},
      {"downstream_error", {{"epsilon", 0.857}, {"k", 2.2}, {"gamma", 0.71}}, {{"loss", {2, 5}}}},
      {"transfer_offset", {{"delta", 0.3}}, {{"source_loss", {2, 5}}}},
      {"transfer_power", {{"K", 1.1}, {"kappa", 1.2}, {"E_0", 1.5}, {"E_1", 1.2}}, {{"source_loss", {2, 5}}}},
      {"data_constrained",
       {{"E", 1.87}, {"A", 521}, {"B", 1488}, {"alpha", 0.353}, {"beta", 0.36}, {"R_D", 15.4}, {"R_N", 5.3}},
       repeated},
      {"overfit_penalty",
       {{"E", 1.87}, {"A", 521}, {"B", 1488}, {"alpha", 0.353}, {"beta", 0.36}, {"P", 0.05}, {"m", 0.4}, {"k", 0.7}},
       repeated},
      {"overfit_capacity",
       {{"E", 1.87},
        {"A", 521},
        {"B", 1488},
        {"alpha", 0.353},
        {"beta", 0.36},
        {"P", 0.05},
        {"m", 0.5},
        {"h", 0.15},
        {"k", 0.5},
        {"g", 0.2}},
       repeated},
      {"routed",
       {{"a", -0.082}, {"b", -0.108}, {"c", 0.009}, {"d", 1.104}, {"E_s", 1.847}, {"E_m", 314}},
       {{"params", kParams}, {"experts", {1, 512}}}},
      {"fine_grained",
       {{"c", 0.47}, {"g", 2.1}, {"gamma", 0.58}, {"a", 18.1}, {"alpha", 0.115}, {"b", 30.8}, {"beta", 0.147}},
       {{"params", kParams}, {"tokens", kTokens}, {"granularity", {1, 32}}}},
      {"learning_rate", {{"K", 1.79}, {"a", -0.713}, {"b", 0.307}}, surface},
      {"batch", {{"K", 0.58}, {"a", 0.571}}, {{"tokens", kTokens}}},
      {"learning_rate_c", {{"K", 0.3118}, {"a", -0.125}}, {{"flops", kFlops}}},
      {"batch_c", {{"K", 0.292}, {"a", 0.3271}}, {{"flops", kFlops}}},
      {"tissue", {{"E", 2.6}, {"A", 0.45}, {"alpha", 0.5}, {"C", 0.4}, {"lambda", 0.99}}, {}},
      {"multi_power", {{"E", 2.6}, {"A", 0.6}, {"alpha", 0.45}, {"B", 40}, {"C", 2}, {"beta", 0.6}, {"gamma", 0.65}}, {}},
  };
  return all;
}

Theta theta_of(const Law& law, const std::map<std::string, double>& constants) {
  Theta theta{};
  for (int i = 0; i < law.size(); ++i) theta[i] = law.parameter_of(i, constants.at(law.constants[i].name));
  return theta;
}

/// Three runs of steps under different schedules, on the law.
Observations curves_of(const Truth& truth, double noise) {
  const Philox random{.seed = 3, .stream = Stream::simulate};
  Observations table;
  const CurveLaw nothing = [](const Schedule&, int) { return 1.0; };
  for (const auto& [name, shape] :
       std::map<std::string, double (*)(double)>{{"cosine", cosine_rate}, {"wsd", wsd_rate}, {"constant", constant_rate}})
    add_curve(table, name, schedule_of(900, 30, 1e-2, shape), 20, nothing);
  const auto predicted = predict_law(table, truth.law, truth.constants);
  for (std::size_t row = 0; row < table.labels.size(); ++row)
    if (table.columns["loss"][row] && predicted[row])
      table.columns["loss"][row] = *predicted[row] * std::exp(noise * random.normal(row));
  return table;
}

/// Rows that lie on the law, or about it.
Observations table_of(const Truth& truth, double noise = 0, std::uint64_t rows = 120) {
  const Law& law = law_named(truth.law);
  if (law.info.of_steps) return curves_of(truth, noise);
  const Philox random{.seed = 3, .stream = Stream::simulate};
  Observations table;
  table.n_convention = "params";
  for (std::uint64_t row = 0; row < rows; ++row) {
    std::vector<double> inputs;
    std::uint32_t sub = 0;
    for (const Input& input : law.inputs) {
      const auto [low, high] = truth.ranges.at(input.column);
      inputs.push_back(low * std::pow(high / low, random.uniform(row, sub++)));
      table.columns[input.column].emplace_back(inputs.back());
    }
    table.labels.push_back("row " + std::to_string(row));
    table.columns[law.response].emplace_back(value_of(law, theta_of(law, truth.constants), inputs) *
                                             std::exp(noise * random.normal(row, 9)));
  }
  return table;
}

class EveryLaw : public testing::TestWithParam<Truth> {};

TEST_P(EveryLaw, FindsTheConstantsThatMadeTheTable) {
  const Truth& truth = GetParam();
  const auto result = fit_law(table_of(truth), truth.law, {.bootstrap = 0, .allow_repeated = true});
  ASSERT_TRUE(result.fit);
  EXPECT_LT(result.fit->objective, 1e-16) << result.fit->stop;
  for (const auto& [name, value] : truth.constants) EXPECT_NEAR(result.fit->constants.at(name) / value, 1, 1e-5) << name;
}

TEST_P(EveryLaw, ASearchFindsWhatItsStartsFindWithAllRowsFromTheOutset) {
  const Truth& truth = GetParam();
  const Problem problem = problem_of(table_of(truth, 0.02, 300), truth.law, {.allow_repeated = true});
  const std::vector<Theta> starts = grid_of_starts(*problem.law, problem.rows, problem.held, problem.free, false);
  const Search found = search(*problem.law, problem.rows, problem.objective, starts, problem.free, 2);
  const Ends every = ends_from(problem, starts);
  EXPECT_EQ(found.starts, static_cast<std::int64_t>(starts.size()));
  EXPECT_LE(found.best.value, every.best * (1 + 1e-8));
  EXPECT_GE(found.agreeing, 0.8 * static_cast<double>(every.agreeing));
  if (every.next > 0) {
    ASSERT_FALSE(found.others.empty());
    EXPECT_LE(found.others.front().minimum.value, every.next * (1 + 1e-6));
  }
}

TEST_P(EveryLaw, HasTheGradientAndTheHessianOfItsValues) {
  const Truth& truth = GetParam();
  const Problem problem =
      problem_of(table_of(truth, 0.05), truth.law, {.objective = "huber", .delta = 0.03, .allow_repeated = true});
  const Law& law = *problem.law;
  const Theta at = theta_of(law, truth.constants);
  Sums sums;
  law.accumulate[2](at, problem.rows, problem.objective, sums);
  for (int i = 0; i < law.size(); ++i) {
    const double h = 1e-6 * std::max(1.0, std::fabs(at[i]));
    Theta up = at, down = at;
    up[i] += h;
    down[i] -= h;
    Sums above, below;
    law.accumulate[1](up, problem.rows, problem.objective, above);
    law.accumulate[1](down, problem.rows, problem.objective, below);
    const double slope = (above.value - below.value) / (2 * h);
    EXPECT_NEAR(sums.gradient[i], slope, 1e-6 * (1 + std::fabs(slope))) << law.constants[i].name;
    for (int j = 0; j <= i; ++j) {
      // Huber's curvature jumps where a row crosses delta: a few rows may, in 2e-6
      const double bend = (above.gradient[j] - below.gradient[j]) / (2 * h), exact = sums.curvature[i * (i + 1) / 2 + j];
      EXPECT_NEAR(exact, bend, 2e-3 * (1 + std::fabs(bend))) << law.constants[i].name << " " << law.constants[j].name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Laws, EveryLaw, testing::ValuesIn(truths()),
                         [](const testing::TestParamInfo<Truth>& at) { return at.param.law; });

TEST(Laws, AreAllTestedHere) {
  std::vector<std::string> tested, known;
  for (const Truth& truth : truths()) tested.push_back(truth.law);
  for (const Law& law : all_laws()) known.push_back(law.info.name);
  EXPECT_EQ(tested.size(), known.size());
  for (const std::string& name : known) EXPECT_NE(std::find(tested.begin(), tested.end(), name), tested.end()) << name;
}

TEST(Packs, HaveTheExponentialAndTheLogarithmOfScalars) {
  double worst_exp = 0, worst_log = 0;
  for (int i = 0; i < 20000; ++i) {
    const double x = -707 + i * (1415.0 / 20000);
    worst_exp = std::max(worst_exp, std::fabs(exp(pack_of(x))[1] / exp_(x) - 1));
    const double y = exp_(x);
    worst_log = std::max(worst_log, std::fabs(log(pack_of(y))[3] - log_(y)) / std::max(1.0, std::fabs(log_(y))));
  }
  EXPECT_LT(worst_exp, 4e-16);
  EXPECT_LT(worst_log, 1e-15);
  for (const double x : std::initializer_list<double>{0, -1, INFINITY, -INFINITY, NAN, 1e-310})
    EXPECT_TRUE(std::isnan(log(pack_of(x))[0])) << x;
  EXPECT_TRUE(std::isnan(exp(pack_of(NAN))[2]));
}

TEST(Kaplan, SaysHowManyTokensKeepOverfittingWithinTwoPercent) {
  // eq. 4.4: D > 5e3 N^0.74, printed with that many digits
  const auto numbers = law_named("kaplan").derived({{"N_c", 6.4e13}, {"D_c", 1.8e13}, {"alpha_N", 0.076}, {"alpha_D", 0.103}});
  EXPECT_NEAR(numbers.at("tokens_needed_c"), 0.74, 0.005);
  for (const double n : {1e6, 1e9, 1e12})
    EXPECT_NEAR(numbers.at("tokens_needed_k") * pow_(n, numbers.at("tokens_needed_c")) / (5e3 * pow_(n, 0.74)), 1, 0.1) << n;
}

}  // namespace
}  // namespace isoflop::laws
