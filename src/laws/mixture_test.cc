// Mixture laws: the formulas, what comes back from tables they made, and what a fit says of itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/testing.h"
#include "laws/mixture.h"
#include "laws/mixture_testing.h"

namespace isoflop {
namespace {

using laws::MixtureForm;
using testing::HasSubstr;

bool warned(const std::vector<Warning>& warnings, const std::string& code) {
  return std::any_of(warnings.begin(), warnings.end(), [&](const Warning& w) { return w.code == code; });
}

TEST(MixtureForm, SlopesByConstantsAndBySharesAreThoseOfDifferences) {
  const std::vector<double> x{0.2, 0.5, 0.3, std::log(1e6), std::log(2e7)};
  for (const auto kind : {MixtureForm::Kind::log_linear, MixtureForm::Kind::linear, MixtureForm::Kind::additive}) {
    const MixtureForm form(kind, 3, true, true);
    std::vector<double> theta;
    for (std::size_t i = 0; i < form.size(); ++i) theta.push_back(0.3 + 0.1 * static_cast<double>(i % 4));
    const std::vector<double> at(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(form.inputs()));
    std::vector<laws::Pack> packs, gradient(form.size());
    for (const double value : at) packs.push_back(laws::pack_of(value));
    laws::Pack value;
    form.evaluate(theta, packs.data(), value, gradient.data());
    constexpr double kStep = 1e-6;
    for (std::size_t i = 0; i < theta.size(); ++i) {
      std::vector<double> above = theta, below = theta;
      above[i] += kStep;
      below[i] -= kStep;
      EXPECT_NEAR(gradient[i][0], (form.value(above, at) - form.value(below, at)) / (2 * kStep), 1e-7) << i;
    }
    std::vector<double> slope(3);
    (void)form.value(theta, at, slope.data());
    for (std::size_t j = 0; j < 3; ++j) {
      std::vector<double> above = at, below = at;
      above[j] += kStep;
      below[j] -= kStep;
      EXPECT_NEAR(slope[j], (form.value(theta, above) - form.value(theta, below)) / (2 * kStep), 1e-7) << j;
    }
  }
}

TEST(MixtureForm, ASourceOfNoShareAddsNothingToTheCapacity) {
  const MixtureForm form(MixtureForm::Kind::additive, 2);
  // E + 1 / (2 * 1^0.5)
  EXPECT_NEAR(form.value({1.5, std::log(2.0), std::log(3.0), std::log(0.5), std::log(0.7)}, {1, 0}), 2.0, 1e-14);
}

TEST(MixtureFit, ALogLinearTableGivesItsConstantsBack) {
  const std::vector<double> t{-1.5, 0.25, 1.0, 0.25};
  const MixtureTable table = proxies(4, 40, log_linear_loss(2.0, 0.5, t));
  const MixtureModel model = fit_mixture(table, {.ridge = 0.0, .bootstrap = 0});
  ASSERT_EQ(model.fits.size(), 1U);
  const Fit& fit = model.fits[0].fit;
  EXPECT_NEAR(fit.constants.at("c"), 2.0, 1e-5);
  EXPECT_NEAR(fit.constants.at("k"), 0.5, 1e-5);
  for (std::size_t j = 0; j < 4; ++j) EXPECT_NEAR(fit.constants.at("t.d" + std::to_string(j + 1)), t[j], 1e-5);
  EXPECT_EQ(fit.stop, "converged");
  EXPECT_GT(*model.fits[0].cross_validated->r_squared, 0.99999);
}

TEST(MixtureFit, ALinearTableGivesItsConstantsBackWhateverOneRowSays) {
  MixtureTable table = proxies(3, 40, [](const std::vector<double>& r) { return 3 * r[0] + 4 * r[1] + 5 * r[2]; });
  *table.runs.columns["loss.x"][7] += 2;  // Huber's line, not least squares' parabola
  const MixtureModel model = fit_mixture(table, {.law = "linear", .delta = 1e-4, .ridge = 0.0, .bootstrap = 0});
  for (int j = 0; j < 3; ++j) EXPECT_NEAR(model.fits[0].fit.constants.at("a.d" + std::to_string(j + 1)), 3 + j, 1e-3);
}

TEST(MixtureFit, AnAdditiveTableOfSeveralSizesGivesItsConstantsBack) {
  MixtureTable table = proxies(3, 60, [](const std::vector<double>& r) {
    return 1.2 + 1 / (2 * std::pow(r[0], 0.4) + std::pow(r[1], 0.6) + 0.5 * std::pow(r[2], 0.8));
  });
  table.families.assign(60, "small");
  for (std::size_t i = 0; i < 60; ++i) {
    const double params = i % 2 == 0 ? 1e6 : 1e7, tokens = i % 3 == 0 ? 2e7 : 3e8;
    table.runs.columns["params"].emplace_back(params);
    table.runs.columns["tokens"].emplace_back(tokens);
    *table.runs.columns["loss.x"][i] += 40 * std::pow(params, -0.3) + 90 * std::pow(tokens, -0.25);
    if (i % 2 == 1) table.families[i] = "large";
  }
  const MixtureModel model = fit_mixture(table, {.law = "additive", .ridge = 0.0, .bootstrap = 0, .folds = 0});
  ASSERT_EQ(model.fits.size(), 1U) << "the law reads N: families are one table";
  EXPECT_LT(model.fits[0].in_sample.rmse, 1e-3);
  EXPECT_NEAR(predict_mixture(model, model.fits[0], {{"d1", 0.2}, {"d2", 0.3}, {"d3", 0.5}}, 1e6, 2e7),
              1.2 + 1 / (2 * std::pow(.2, .4) + std::pow(.3, .6) + .5 * std::pow(.5, .8)) + 40 * std::pow(1e6, -.3) +
                  90 * std::pow(2e7, -.25),
              5e-3);
  EXPECT_EQ(error_of([&] { (void)predict_mixture(model, model.fits[0], {{"d1", 1.0}}); }).subject(), "params");
}

TEST(MixtureFit, TreesFindStepsAndRunThroughThem) {
  const MixtureTable table = proxies(3, 200, [](const std::vector<double>& r) {
    return r[1] > 0.4 ? 2.0 : r[0] > 0.5 ? 3.0 : 4.0;
  });
  const MixtureModel model = fit_mixture(table, {.law = "trees", .trees = {.trees = 200, .rate = 0.2, .depth = 2}});
  EXPECT_LT(model.fits[0].in_sample.rmse, 1e-3);
  EXPECT_GT(*model.fits[0].cross_validated->r_squared, 0.9);
  EXPECT_NEAR(predict_mixture(model, model.fits[0], {{"d1", 0.1}, {"d2", 0.8}, {"d3", 0.1}}), 2.0, 1e-3);
}

TEST(MixtureFit, IsTheSameBytesForAnyNumberOfThreads) {
  const MixtureTable table = proxies(4, 30, log_linear_loss(2, 0, {-1, 0, 0.5, 0.5}), 0.02);
  const auto text = [&](const std::string& law, std::int64_t threads) {
    return mixture_to_text(fit_mixture(table, {.law = law, .bootstrap = 20, .trees = {.trees = 20}, .threads = threads}));
  };
  for (const char* law : {"log_linear", "linear", "additive", "trees"}) EXPECT_EQ(text(law, 1), text(law, 3)) << law;
}

TEST(MixtureFit, IntervalsOfTheConstantsHoldTheTruthAboutAsOftenAsTheySay) {
  const std::vector<double> t{-1.2, 0.2, 1.0};
  int held = 0, tables = 60;
  for (int i = 0; i < tables; ++i) {
    const MixtureTable table = proxies(3, 40, log_linear_loss(2.0, 0.5, t), 0.02, static_cast<std::uint64_t>(i));
    const MixtureModel model = fit_mixture(table, {.ridge = 1e-4, .bootstrap = 100, .folds = 0, .level = 0.9});
    const Interval& interval = model.fits[0].fit.intervals.at("t.d1");
    held += interval.low <= t[0] && t[0] <= interval.high ? 1 : 0;
  }
  EXPECT_GE(held, 46);  // 0.9 of 60 less 3.5 standard errors
}

TEST(MixtureFit, LearningRatesAreFittedApartAndRanksThatFlipAreCounted) {
  // at the small rate d1 helps, at the tuned one d2 does
  MixtureTable table = proxies(2, 20, log_linear_loss(2, 0.2, {-1, 1}));
  const MixtureTable other = proxies(2, 20, log_linear_loss(2, 0, {0.5, -0.5}));
  table.runs.columns["learning_rate"].assign(20, 1e-4);
  for (std::size_t i = 0; i < 20; ++i) {
    table.runs.labels.push_back("tuned " + std::to_string(i));
    for (const auto& [name, column] : other.runs.columns) table.runs.columns[name].push_back(column[i]);
    table.runs.columns["learning_rate"].emplace_back(1e-3);
  }
  const MixtureModel model = fit_mixture(table, {.bootstrap = 60});
  ASSERT_EQ(model.fits.size(), 2U);
  EXPECT_TRUE(model.fits[0].tuned);
  EXPECT_EQ(model.fits[0].learning_rate, 1e-3) << "the rate whose runs lose less";
  EXPECT_FALSE(model.fits[1].tuned);
  ASSERT_EQ(model.flips.size(), 1U);
  EXPECT_EQ(model.flips[0].pairs, 190);
  EXPECT_EQ(model.flips[0].flipped, 190);
  EXPECT_NEAR(*model.flips[0].spearman, -1, 1e-12);
  EXPECT_TRUE(warned(model.warnings, "rates_disagree"));

  const MixtureOptimum optimum = optimise_mixture(model);
  EXPECT_FALSE(optimum.decided);
  for (const MixtureComparison& c : optimum.comparisons) {
    const bool same = std::fabs(c.mixture.at("d1") - optimum.mixture().at("d1")) < 1e-4;
    EXPECT_EQ(c.verdict, same ? MixtureComparison::Verdict::same : MixtureComparison::Verdict::undecided) << c.with;
  }
  EXPECT_THAT(optimum.text, HasSubstr("flips at the other learning rate"));
}

TEST(MixtureFit, SaysWhatTheRowsCannotCarry) {
  const MixtureModel few = fit_mixture(proxies(6, 6, log_linear_loss(2, 0, {-1, 0, 0, 0, 0, 1})), {.bootstrap = 0});
  EXPECT_TRUE(warned(few.fits[0].fit.warnings, "few_mixtures"));
  MixtureTable noise = proxies(3, 30, [](const std::vector<double>&) { return 3.0; }, 0.1);
  EXPECT_TRUE(warned(fit_mixture(noise, {.bootstrap = 0}).fits[0].fit.warnings, "poor_prediction"));
  MixtureTable constant = proxies(2, 20, log_linear_loss(2, 0, {-1, 1}));
  constant.domains.push_back("d3");
  constant.runs.columns["share.d3"].assign(20, 0.0);
  EXPECT_TRUE(warned(fit_mixture(constant, {.bootstrap = 0}).fits[0].fit.warnings, "constant_share"));
}

TEST(MixtureFit, AFloorAtZeroHasAnIntervalThatBeginsThere) {
  // no curvature: c ends at 0, and in some resamples above it
  int seen = 0;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const MixtureTable table = proxies(3, 40, [](const std::vector<double>& r) { return 3 - r[0] + r[2]; }, 0.15, seed);
    const MixtureModel model = fit_mixture(table, {.ridge = 1e-4, .bootstrap = 100, .folds = 0});
    const Interval& interval = model.fits[0].fit.intervals.at("c");
    EXPECT_GE(interval.low, 0) << seed;
    EXPECT_TRUE(std::isfinite(interval.high)) << seed;
    seen += model.fits[0].fit.constants.at("c") == 0 && interval.high > 0 ? 1 : 0;
  }
  EXPECT_GT(seen, 0);
}

TEST(MixtureFit, ARowWithoutALearningRateIsNoRateOfItsOwn) {
  MixtureTable table = proxies(2, 20, log_linear_loss(2, 0, {-1, 1}));
  table.runs.columns["learning_rate"].assign(20, 1e-3);
  table.runs.columns["learning_rate"][4].reset();
  const Error error = error_of([&] { (void)fit_mixture(table, {.bootstrap = 0}); });
  EXPECT_EQ(error.fault(), Fault::bad_data);
  EXPECT_THAT(error.what(), HasSubstr("row 5: has no learning_rate"));
  table.runs.columns["learning_rate"].assign(20, std::nullopt);
  EXPECT_FALSE(fit_mixture(table, {.bootstrap = 0}).fits[0].learning_rate);
}

TEST(MixtureFit, SaysThatAColumnWithGapsIsNotRead) {
  MixtureTable table = proxies(3, 30, log_linear_loss(2, 0, {-1, 0, 1}));
  for (std::size_t i = 0; i < 30; ++i) table.runs.columns["params"].emplace_back(i % 2 == 0 ? 1e6 : 1e7);
  EXPECT_FALSE(warned(fit_mixture(table, {.law = "additive", .bootstrap = 0, .folds = 0}).warnings, "not_read"));
  table.runs.columns["params"][3].reset();
  EXPECT_TRUE(warned(fit_mixture(table, {.law = "additive", .bootstrap = 0, .folds = 0}).warnings, "not_read"));
  EXPECT_FALSE(warned(fit_mixture(table, {.bootstrap = 0, .folds = 0}).warnings, "not_read"))
      << "the log-linear law reads no size";
}

TEST(MixtureFit, NamesTheNearestLawAndLoss) {
  const MixtureTable table = proxies(2, 20, log_linear_loss(2, 0, {-1, 1}));
  const Error law = error_of([&] { (void)fit_mixture(table, {.law = "log-linear"}); });
  EXPECT_EQ(law.fault(), Fault::usage);
  EXPECT_THAT(law.hint(), HasSubstr("log_linear"));
  const Error target = error_of([&] { (void)fit_mixture(table, {.targets = {"y"}}); });
  EXPECT_EQ(target.subject(), "--target");
  EXPECT_THAT(error_of([&] { (void)fit_mixture(table, {.targets = {"x", "x"}}); }).what(), HasSubstr("given twice"));
}

TEST(Agreement, RanksSharedByEqualValuesAreTheirMean) {
  // ranks 0 1.5 1.5 3 against 0 1 2 3: 4.5 / sqrt(4.5 * 5)
  EXPECT_NEAR(*agreement_of({1, 2, 2, 5}, {1, 2, 3, 4}).spearman, 4.5 / std::sqrt(4.5 * 5), 1e-14);
  EXPECT_FALSE(agreement_of({1, 2}, {3, 3}).r_squared);
  const Agreement a = agreement_of({1, 2, 4}, {1, 2, 3});
  EXPECT_NEAR(*a.r_squared, 0.5, 1e-14);
  EXPECT_NEAR(a.mean_absolute_error, 1.0 / 3, 1e-14);
}

TEST(MixtureFile, NamesThatAreNotUtf8AreWritten) {
  MixtureTable table = proxies(2, 20, log_linear_loss(2, 0, {-1, 1}));
  table.runs.labels[0] = "caf\xE9";
  table.targets = {"\xE9"};
  table.runs.columns["loss.\xE9"] = table.runs.columns.at("loss.x");
  const MixtureModel model = fit_mixture(table, {.bootstrap = 0, .folds = 0});
  EXPECT_THAT(mixture_to_json(model), HasSubstr("caf\xEF\xBF\xBD"));
  EXPECT_NO_THROW((void)mixture_from_text(mixture_to_text(model), "m.json"));
  EXPECT_THAT(mixture_predictions_to_json(predict_mixtures(model, table), table), HasSubstr("caf\xEF\xBF\xBD"));
  EXPECT_NO_THROW((void)mixture_optimum_to_json(optimise_mixture(model)));
}

TEST(MixtureFile, ComesBackAsItWasAndNotWhenABitIsAnother) {
  const MixtureTable table = proxies(3, 30, log_linear_loss(2, 0, {-1, 0, 1}), 0.01);
  for (const char* law : {"log_linear", "additive", "trees"}) {
    const MixtureModel model = fit_mixture(table, {.law = law, .bootstrap = 5, .trees = {.trees = 5}});
    const std::string text = mixture_to_text(model);
    const MixtureModel again = mixture_from_text(text, "m.json");
    EXPECT_EQ(mixture_to_text(again), text);
    const Mixture mixture{{"d1", 0.25}, {"d2", 0.25}, {"d3", 0.5}};
    EXPECT_EQ(predict_mixture(again, again.fits[0], mixture), predict_mixture(model, model.fits[0], mixture));
    std::string flipped = text;
    flipped[text.size() / 2] = static_cast<char>(flipped[text.size() / 2] ^ 1);
    EXPECT_EQ(error_of([&] { (void)mixture_from_text(flipped, "m.json"); }).fault(), Fault::bad_data);
  }
}

}  // namespace
}  // namespace isoflop
