// Published constants: every one is a law this build knows, and gives what its paper's form gives.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/math.h"
#include "isoflop/laws.h"

namespace isoflop {
namespace {

TEST(PublishedLaws, EachIsAKnownFormulaWithAllItsConstants) {
  ASSERT_GE(published_laws().size(), 25U);
  std::set<std::string> names;
  for (const PublishedLaw& p : published_laws()) {
    EXPECT_TRUE(names.insert(p.name).second) << p.name;
    EXPECT_FALSE(p.source.empty() || p.range.empty()) << p.name;
    const auto& known = known_laws();
    EXPECT_TRUE(std::any_of(known.begin(), known.end(), [&](const LawInfo& law) { return law.name == p.law; })) << p.name;
    // a row of ones has every input there is; a constant that is missing throws
    Observations table;
    table.labels = {"one"};
    for (const char* column :
         {"params", "tokens", "flops", "steps", "unique_tokens", "experts", "granularity", "step", "learning_rate", "loss"})
      table.columns[column] = {1.0};
    EXPECT_TRUE(predict_law(table, p.law, p.constants)[0]) << p.name;
    for (const std::string& convention : {p.n_convention, p.flops_convention})
      EXPECT_TRUE(
          (std::set<std::string>{"", "other", "params", "params_non_embedding", "params_matmul", "flops_exact", "flops_6nd", "flops_per_token"})
              .contains(convention))
          << p.name;
  }
}

TEST(PublishedLaws, AreScaledAsTheirPapersPrintThem) {
  Observations table;
  table.labels = {"row"};
  table.columns = {{"params", {8.8e13}}, {"flops", {8.64e19}}, {"tokens", {5.4e13}}};
  const auto at = [&](const std::string& name) {
    return *predict_law(table, published_law(name).law, published_law(name).constants)[0];
  };
  EXPECT_NEAR(at("kaplan2020_n"), 1, 1e-12);
  EXPECT_NEAR(at("kaplan2020_d"), 1, 1e-12);
  EXPECT_NEAR(at("kaplan2020_optimal_params") / 1.3e9, 1, 1e-12);
  EXPECT_NEAR(at("kaplan2020_c_min"), pow_(3.1e8, 0.050), 1e-12);
  EXPECT_NEAR(published_law("muennighoff2023").constants.at("A"), exp_(6.255414), 1e-12);
}

TEST(PublishedLaws, OfStepLawHaveTheIntervalsOfTheirAuthorsResamples) {
  struct Known {
    double params, tokens;
    Interval rate, batch;
  };
  // percentiles of the 1,000 resamples' own predictions
  for (const Known& k :
       {Known{1e9, 20e9, {9.461e-4, 1.0830e-3}, {422277, 462350}}, Known{7e9, 1.4e12, {7.651e-4, 1.1365e-3}, {4.195e6, 5.877e6}},
        Known{70e9, 1.4e12, {1.3339e-4, 2.4637e-4}, {4.195e6, 5.877e6}}}) {
    const std::map<std::string, double> inputs{{"params", k.params}, {"tokens", k.tokens}};
    for (const auto& [name, known] : {std::pair{"steplaw2025_learning_rate", k.rate}, {"steplaw2025_batch", k.batch}}) {
      const Interval interval = published_interval(published_law(name), inputs).value();
      EXPECT_NEAR(interval.low / known.low, 1, .013) << name << " " << k.params;  // they are not quite normal
      EXPECT_NEAR(interval.high / known.high, 1, .013) << name << " " << k.params;
      EXPECT_EQ(interval.level, .95);
    }
  }
  const Interval wider = published_interval(published_law("steplaw2025_batch"), {{"tokens", 20e9}}, .99).value();
  const Interval narrow = published_interval(published_law("steplaw2025_batch"), {{"tokens", 20e9}}, .95).value();
  EXPECT_NEAR(log_(wider.high / wider.low) / log_(narrow.high / narrow.low), 2.5758293 / 1.9599640, 1e-5);
  EXPECT_FALSE(published_interval(published_law("deepseek2024_batch"), {{"flops", 1e20}}));
  EXPECT_THROW((void)published_interval(published_law("steplaw2025_batch"), {{"params", 1e9}}), Error);
}

TEST(PublishedLaws, EvaluateATableWithoutFittingIt) {
  Observations table;
  table.labels = {"a", "b"};
  table.columns = {{"params", {1e9, 7e9}}, {"tokens", {2e10, 1e12}}, {"loss", {2.5, 2.1}}};
  table.n_convention = "params_non_embedding";
  const auto result = fit_law(table, "published:epoch2024");
  ASSERT_TRUE(result.fit);
  EXPECT_EQ(result.fit->law, "published:epoch2024");
  EXPECT_EQ(result.fit->stop, "not fitted");
  EXPECT_EQ(result.fit->starts, 0);
  EXPECT_EQ(result.fit->constants, published_law("epoch2024").constants);
  ASSERT_EQ(result.fit->residuals.size(), 2U);
  EXPECT_TRUE(result.fit->derived.contains("residual_sd"));
  EXPECT_TRUE(
      std::any_of(result.warnings.begin(), result.warnings.end(), [](const Warning& w) { return w.code == "other_convention"; }));
}

TEST(PublishedLaws, AnUnknownNameGetsTheNearest) {
  try {
    (void)published_law("epoch2023");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.hint().find("epoch2024"), std::string::npos);
  }
}

}  // namespace
}  // namespace isoflop
