#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/json.h"
#include "base/random.h"
#include "base/testing.h"
#include "isoflop/laws.h"

namespace isoflop {
namespace {

using Column = std::vector<std::optional<double>>;

Observations table_of(const std::vector<double>& n, const std::vector<double>& loss) {
  Observations table;
  for (std::size_t i = 0; i < n.size(); ++i) table.labels.push_back("run " + std::to_string(i));
  table.columns["params"] = Column(n.begin(), n.end());
  table.columns["loss"] = Column(loss.begin(), loss.end());
  table.n_convention = "params";
  table.loss_kind = "final";
  return table;
}

// the five points the GPT-2 mini experiment published
Observations source_points() {
  Observations table = table_of({343936, 1281024, 3401088, 5714432, 15659520}, {3.92, 3.44, 3.07, 2.86, 2.37});
  table.labels = {"tiny", "small", "medium", "base", "large"};
  return table;
}

bool warns(const std::vector<Warning>& warnings, const std::string& code) {
  return std::any_of(warnings.begin(), warnings.end(), [&](const Warning& w) { return w.code == code; });
}

std::vector<double> decades(double from, double to, int count) {
  std::vector<double> n;
  for (int i = 0; i < count; ++i) n.push_back(from * std::pow(to / from, i / (count - 1.0)));
  return n;
}

TEST(PowerLaw, GivesTheSourceExperimentsLawOnItsFivePoints) {
  const FitResult result = fit_power_law(source_points());
  ASSERT_TRUE(result.fit);
  EXPECT_NEAR(result.fit->constants.at("a"), 20.78, 0.005);
  EXPECT_NEAR(result.fit->constants.at("b"), 0.12886, 5e-6);
  EXPECT_NEAR(*result.fit->r_squared, 0.977, 5e-4);
  EXPECT_EQ(result.fit->degrees_of_freedom, 3);
  // standard error .0113 times Student's t of 3 degrees
  const Interval b = result.fit->intervals.at("b");
  EXPECT_NEAR((b.high - b.low) / 2 / student_t_quantile(0.975, 3), 0.0113, 5e-5);
  EXPECT_NEAR(result.fit->derived.at("loss_ratio_per_decade").value, 0.743, 5e-4);
}

TEST(PowerLaw, DependsOnWhatNCounts) {
  Observations table = source_points();
  table.columns["params_12ld2"] = Column{98304., 786432., 2654208., 4718592., 14155776.};
  const FitResult result = fit_power_law(table, {.n_column = "params_12ld2"});
  ASSERT_TRUE(result.fit);
  EXPECT_NEAR(result.fit->constants.at("a"), 12.45, 0.005);
  EXPECT_NEAR(result.fit->constants.at("b"), 0.0972, 5e-5);
}

TEST(PowerLaw, ComesBackFromAPerfectTableToTheLastDigits) {
  const std::vector<double> n = decades(1e5, 1e8, 6);
  std::vector<double> loss;
  for (const double size : n) loss.push_back(17.5 * std::pow(size, -0.0917));
  const FitResult result = fit_power_law(table_of(n, loss));
  ASSERT_TRUE(result.fit);
  EXPECT_NEAR(result.fit->constants.at("a") / 17.5, 1, 1e-12);
  EXPECT_NEAR(result.fit->constants.at("b") / 0.0917, 1, 1e-12);
  for (const double r : result.fit->residuals) EXPECT_NEAR(r, 0, 1e-12);
}

TEST(PowerLaw, SaysThatTheIntervalHoldsSeedAndFormOnly) {
  const FitResult result = fit_power_law(source_points());
  EXPECT_THAT(result.fit->derived.at("exponent").contains, testing::ElementsAre("seed", "form"));
}

TEST(PowerLaw, IsAPictureWithOneDegreeOfFreedom) {
  const FitResult result = fit_power_law(table_of({1e5, 1e6, 1e7}, {4, 3.4, 3.0}));
  ASSERT_TRUE(result.fit);
  EXPECT_EQ(result.fit->degrees_of_freedom, 1);
  EXPECT_TRUE(warns(result.warnings, "one_degree_of_freedom"));
  EXPECT_TRUE(result.fit->derived.at("exponent").interval);
}

TEST(PowerLaw, HasNoIntervalFromTwoSizes) {
  const FitResult result = fit_power_law(table_of({1e5, 1e6, 1e5, 1e6}, {4, 3.4, 4.1, 3.3}));
  ASSERT_TRUE(result.fit);
  EXPECT_EQ(result.fit->degrees_of_freedom, 0);
  EXPECT_FALSE(result.fit->derived.at("exponent").interval);
  EXPECT_TRUE(result.fit->intervals.empty());
  EXPECT_FALSE(result.fit->r_squared);
  EXPECT_TRUE(warns(result.warnings, "few_rows"));
}

TEST(PowerLaw, IsNotFittedToOneSize) {
  const FitResult result = fit_power_law(table_of({1e5, 1e5, 1e5}, {4, 3.9, 3.8}));
  EXPECT_FALSE(result.fit);
  EXPECT_TRUE(warns(result.warnings, "few_rows"));
}

TEST(PowerLaw, IsNotFittedWhereLossRises) {
  const FitResult result = fit_power_law(table_of({1e5, 1e6, 1e7, 1e8}, {4, 3.4, 3.5, 3.0}));
  EXPECT_FALSE(result.fit);
  ASSERT_TRUE(warns(result.warnings, "not_monotone"));
  EXPECT_THAT(result.warnings.back().text,
              testing::AllOf(testing::HasSubstr("3.4"), testing::HasSubstr("3.5"), testing::HasSubstr("10,000,000")));
}

// three seeds a size: the degrees of freedom stay those of the sizes, and copying every row changes no interval
TEST(PowerLaw, DoesNotTakeReplicatesForSizes) {
  const std::vector<double> n = decades(1e5, 1e7, 5);
  const std::vector<double> loss{4.01, 3.52, 3.17, 2.78, 2.51};
  const FitResult once = fit_power_law(table_of(n, loss));
  std::vector<double> n3, loss3;
  for (std::size_t i = 0; i < n.size(); ++i)
    for (const double seed : {-0.02, 0.0, 0.02}) {
      n3.push_back(n[i]);
      loss3.push_back(loss[i] * std::exp(seed));  // the mean of ln L stays
    }
  const FitResult thrice = fit_power_law(table_of(n3, loss3));
  ASSERT_TRUE(once.fit && thrice.fit);
  EXPECT_EQ(thrice.fit->rows, 15);
  EXPECT_EQ(thrice.fit->degrees_of_freedom, 3);
  EXPECT_NEAR(thrice.fit->intervals.at("b").low, once.fit->intervals.at("b").low, 1e-12);
  EXPECT_NEAR(thrice.fit->intervals.at("b").high, once.fit->intervals.at("b").high, 1e-12);
  EXPECT_FALSE(once.fit->derived.contains("loss_sd_seed"));
  EXPECT_NEAR(thrice.fit->derived.at("loss_sd_seed").value, 0.02 * 3.2, 0.004);
}

TEST(PowerLaw, LeavesRepeatedDataOutUnlessAskedFor) {
  Observations table = source_points();
  table.columns["tokens"] = Column(5, 16384000.);
  table.columns["unique_tokens"] = Column(5, 880000.);
  const FitResult plain = fit_power_law(table);
  EXPECT_FALSE(plain.fit);
  EXPECT_TRUE(warns(plain.warnings, "repeated_data"));
  const FitResult labelled = fit_power_law(table, {.allow_repeated = true});
  ASSERT_TRUE(labelled.fit);
  EXPECT_TRUE(warns(labelled.fit->warnings, "repeated_data"));
  EXPECT_TRUE(warns(labelled.fit->warnings, "memorising"));
  EXPECT_THAT(labelled.fit->warnings.front().text, testing::HasSubstr("18.62"));
  EXPECT_NEAR(labelled.fit->constants.at("b"), 0.12886, 5e-6);
}

TEST(PowerLaw, FitsTheFreshRowsOfAMixedTable) {
  Observations table = source_points();
  table.columns["tokens"] = Column{1e6, 1e6, 1e6, 1e6, 9e6};
  table.columns["unique_tokens"] = Column(5, 2e7);
  (*table.columns["unique_tokens"].rbegin()) = 1e6;
  const FitResult result = fit_power_law(table);
  ASSERT_TRUE(result.fit);
  EXPECT_THAT(result.fit->row_labels, testing::ElementsAre("tiny", "small", "medium", "base"));
  EXPECT_EQ(result.fit->residuals.size(), 4u);
}

TEST(PowerLaw, WarnsOfABentLine) {
  const std::vector<double> n = decades(1e5, 1e8, 7);
  std::vector<double> loss;
  for (std::size_t i = 0; i < n.size(); ++i) loss.push_back(1.9 + 40 * std::pow(n[i], -0.25) + (i % 2 ? 1e-3 : -1e-3));
  const FitResult result = fit_power_law(table_of(n, loss));
  ASSERT_TRUE(result.fit);
  EXPECT_TRUE(warns(result.warnings, "curvature"));
  EXPECT_FALSE(warns(fit_power_law(source_points()).warnings, "narrow_range"));
}

TEST(PowerLaw, WarnsOfLessThanADecade) {
  EXPECT_TRUE(warns(fit_power_law(table_of({1e6, 2e6, 4e6, 8e6}, {4, 3.8, 3.6, 3.5})).warnings, "narrow_range"));
}

TEST(PowerLaw, WarnsOfARowCountedTwice) {
  EXPECT_TRUE(warns(fit_power_law(table_of({1e6, 1e6, 4e6, 2e7}, {4, 4, 3.6, 3.5})).warnings, "duplicate_rows"));
}

TEST(PowerLaw, NamesTheRunWhoseLossIsNotANumber) {
  Observations table = source_points();
  table.columns["loss"][2] = std::numeric_limits<double>::quiet_NaN();
  try {
    (void)fit_power_law(table);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.fault(), Fault::bad_data);
    EXPECT_EQ(e.subject(), "medium");
    EXPECT_THAT(e.problem(), testing::HasSubstr("`loss` is nan"));
  }
  EXPECT_THROW((void)fit_power_law(source_points(), {.n_column = "parms"}), Error);
}

TEST(PowerLaw, NamesFileAndLineOfANumberThatCannotBeFitted) {
  const auto refusal = [](const std::string& csv) {
    return error_of([&] { (void)fit_power_law(observations_from_csv(csv, "t.csv")); });
  };
  const Error loss = refusal("name,params,loss\na,1e4,3\nb,1e5,nan\n");
  EXPECT_EQ(loss.subject(), "t.csv:3");
  EXPECT_THAT(loss.problem(), testing::HasSubstr("column `loss` is nan"));
  const Error tokens = refusal("params,loss,tokens\n1e4,3,5\n1e5,2,-5\n");
  EXPECT_EQ(tokens.subject(), "t.csv:3");
  EXPECT_THAT(tokens.problem(), testing::HasSubstr("column `tokens` is -5"));
  EXPECT_EQ(refusal("size,loss\n1,2\n").subject(), "t.csv");
}

// each of these once gave a law with infinite constants, or ended the program where its band was drawn
TEST(PowerLaw, IsNotFittedWhereANumberOfItCannotBeHeld) {
  const std::vector<std::pair<std::vector<double>, std::vector<double>>> tables{
      {{1e4, 1e5, 1e6}, {3e300, 2.5, 2.1}},
      {{1e300, 1e307, 1e308}, {3e300, 2.5, 2.1}},
      {{10000, 10000.0000001, 10000.0000002}, {3, 2.5, 2.1}},
      {{1e308, std::nextafter(1e308, 1.1e308)}, {3, 2}},
  };
  for (const auto& [n, loss] : tables) {
    const FitResult result = fit_power_law(table_of(n, loss));
    EXPECT_FALSE(result.fit);
    ASSERT_FALSE(result.warnings.empty());
    EXPECT_EQ(result.warnings.back().code, "out_of_range");
  }
}

TEST(PowerLaw, AveragesReplicatesWhoseSumIsBeyondNumbers) {
  const FitResult result = fit_power_law(table_of({1e4, 1e4, 1e5}, {1.5e308, 1.5e308, 1e308}));
  EXPECT_FALSE(warns(result.warnings, "not_monotone"));
}

TEST(PowerLaw, WarnsOfOneSizeTrainedForTwoLengths) {
  Observations table = table_of({1e5, 1e5, 1e6, 1e7}, {4, 3.9, 3.4, 3.0});
  table.columns["tokens"] = Column{1e6, 2e6, 2e6, 2e6};
  const FitResult result = fit_power_law(table);
  ASSERT_TRUE(warns(result.warnings, "mixed_tokens"));
  EXPECT_THAT(result.warnings.front().text,
              testing::AllOf(testing::HasSubstr("1,000,000 and 2,000,000"), testing::HasSubstr("100,000")));
  table.columns["tokens"][0] = 2e6;
  EXPECT_FALSE(warns(fit_power_law(table).warnings, "mixed_tokens"));
}

TEST(PowerLaw, SaysHowManySizesItTakes) {
  EXPECT_THAT(fit_power_law(table_of({1e5, 1e5}, {4, 3.9})).warnings.back().text,
              testing::HasSubstr("1 size left to fit, expected 2 for a line, 3 or more"));
}

TEST(PowerLaw, CarriesWhatItsTableLeftOut) {
  Observations table = source_points();
  table.warnings = {{"not_done", "1 run with status diverged left out: huge"}};
  const FitResult result = fit_power_law(table);
  ASSERT_TRUE(result.fit);
  EXPECT_TRUE(warns(result.fit->warnings, "not_done"));
}

TEST(PowerLaw, NamesTheRowsItIsFittedTo) {
  Observations table = source_points();
  table.columns["loss"][1] = std::nullopt;
  EXPECT_THAT(fit_power_law(table).fit->fitted, testing::ElementsAre(0u, 2u, 3u, 4u));
}

TEST(PowerLaw, LeavesOutWhatIsMissingAndSaysSo) {
  Observations table = source_points();
  table.columns["loss"][4] = std::nullopt;
  const FitResult result = fit_power_law(table);
  ASSERT_TRUE(result.fit);
  EXPECT_EQ(result.fit->rows, 4);
  EXPECT_THAT(result.warnings.front().text, testing::HasSubstr("large"));
}

TEST(PowerLaw, BandHoldsTheLineAndTheFurtherRunsBandHoldsTheBand) {
  const Observations table = source_points();
  const FitResult result = fit_power_law(table);
  const std::vector<double> n = decades(1e5, 1e9, 9);
  const auto band = power_law_band(*result.fit, table, {}, n);
  ASSERT_EQ(band.size(), n.size());
  for (const BandPoint& p : band) {
    EXPECT_NEAR(p.loss, result.fit->constants.at("a") * std::pow(p.params, -result.fit->constants.at("b")), 1e-9);
    EXPECT_LT(p.confidence->low, p.loss);
    EXPECT_GT(p.confidence->high, p.loss);
    EXPECT_LT(p.prediction->low, p.confidence->low);
    EXPECT_GT(p.prediction->high, p.confidence->high);
  }
}

/// The share of simulated tables whose 95 % interval of the exponent holds the truth.
double coverage(const std::vector<double>& sizes, int seeds, double form_sd, double seed_sd) {
  constexpr int kTables = 2000;
  constexpr double kB = 0.11;
  int held = 0, fitted = 0;
  for (int t = 0; t < kTables; ++t) {
    const Philox noise{.seed = 20240611, .stream = Stream::simulate};
    std::vector<double> n, loss;
    std::uint32_t draw = 0;
    for (const double size : sizes) {
      const double form = form_sd * noise.normal(static_cast<std::uint64_t>(t), draw++);  // shared by the replicates
      for (int s = 0; s < seeds; ++s) {
        n.push_back(size);
        loss.push_back(20 * std::pow(size, -kB) * std::exp(form + seed_sd * noise.normal(static_cast<std::uint64_t>(t), draw++)));
      }
    }
    const FitResult result = fit_power_law(table_of(n, loss));
    if (!result.fit) continue;
    ++fitted;
    const Interval b = result.fit->intervals.at("b");
    held += b.low <= kB && kB <= b.high;
  }
  EXPECT_EQ(fitted, kTables);
  return static_cast<double>(held) / kTables;
}

TEST(PowerLaw, IntervalCoversTheTruthNineteenTimesInTwenty) {
  const double five = coverage(decades(3e5, 3e7, 5), 1, 0.01, 0.005);
  const double six = coverage(decades(3e5, 1e7, 6), 2, 0.006, 0.003);
  const double three = coverage({3e5, 3e6, 3e7}, 1, 0.0, 0.01);
  RecordProperty("five_sizes", std::to_string(five));
  for (const double share : {five, six, three}) {
    EXPECT_GT(share, 0.935);
    EXPECT_LT(share, 0.965);
  }
}

TEST(FitJson, IsTheObjectOfTheContract) {
  Observations table = source_points();
  const Json object = parse_json(fit_to_json(*fit_power_law(table).fit), "fit");
  for (const char* key : {"law", "n_convention", "flops_convention", "loss_kind", "constants", "intervals", "derived",
                          "objective", "stop", "starts", "starts_agreeing", "warnings"})
    EXPECT_TRUE(object.contains(key)) << key;
  EXPECT_EQ(object["derived"]["exponent"]["contains"].size(), 2u);
  EXPECT_NEAR(object["derived"]["exponent"]["interval"]["low"].get<double>(), 0.0928, 2e-4);
  EXPECT_EQ(object["n_convention"], "params");
}

TEST(FitJson, SurvivesALabelThatIsNotUtf8) {
  Observations table = source_points();
  table.labels[0] = "\xff\xfe";
  EXPECT_NO_THROW((void)parse_json(fit_to_json(*fit_power_law(table).fit), "fit"));
  FitResult none;
  none.warnings.push_back({"few_rows", "none"});
  EXPECT_TRUE(parse_json(fit_result_to_json(none), "fit")["fit"].is_null());
}

}  // namespace
}  // namespace isoflop
