// isoflop fit: laws of a table, as a user meets them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "program.h"

namespace isoflop::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const std::string kTable = (fs::path(ISOFLOP_SOURCE_DIR) / "examples/runs.csv").string();

nlohmann::json fits(const std::string& arguments) {
  const Outcome outcome = program("fit " + kTable + " " + arguments + " --json");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return outcome.json();
}

TEST(FitLaws, TheExampleGivesBackTheLawThatMadeIt) {
  (void)fresh("laws");
  const auto fit = fits("--law chinchilla --at 1e22 --model 7e9:1.4e11")["fits"][0];
  EXPECT_EQ(fit["stop"], "converged");
  EXPECT_NEAR(fit["derived"]["a"]["value"].get<double>(), 0.36 / 0.705, 0.02);
  const auto within = [](const nlohmann::json& interval, double value) {
    return interval["low"].get<double>() <= value && value <= interval["high"].get<double>();
  };
  EXPECT_TRUE(within(fit["intervals"]["E"], 1.8)) << fit["intervals"];
  EXPECT_TRUE(within(fit["intervals"]["alpha"], 0.345)) << fit["intervals"];
  EXPECT_TRUE(fit["derived"].contains("params_opt@1e+22"));
  EXPECT_TRUE(fit["derived"].contains("loss@N=7e+09,D=1.4e+11") || fit["derived"].contains("loss@N=7000000000,D=140000000000")) << fit["derived"];
  EXPECT_GT(fit["starts_agreeing"], 1);
}

TEST(FitLaws, PicturesProfilesAndPredictionsAreWritten) {
  const fs::path folder = fresh("laws_figures");
  const auto fit = fits("--law chinchilla,power_n --at 1e22 --profile --bootstrap 100 --figures " + (folder / "figures").string())["fits"][0];
  for (const char* name : {"chinchilla", "chinchilla_residuals", "chinchilla_observed", "chinchilla_draws", "chinchilla_profile_1", "loss_by_params"})
    EXPECT_TRUE(fs::file_size(folder / "figures" / (std::string(name) + ".svg")) > 1000) << name;
  const auto& loss = fit["derived"]["loss@1e+22"];
  EXPECT_LT(loss["prediction"]["low"], loss["interval"]["low"]);
  EXPECT_GT(loss["prediction"]["high"], loss["interval"]["high"]);
  // the profile's interval is about the resamples'
  const auto &profile = fit["profiles"]["alpha"]["interval"], &resampled = fit["intervals"]["alpha"];
  const double widths = (profile["high"].get<double>() - profile["low"].get<double>()) / (resampled["high"].get<double>() - resampled["low"].get<double>());
  EXPECT_GT(widths, 0.5);
  EXPECT_LT(widths, 2);
  EXPECT_EQ(program("fit " + kTable + " --law chinchilla --bootstrap 0 --figures /proc/nowhere").code, 74);
}

TEST(FitLaws, TheSameCommandGivesTheSameBytesWithAnyNumberOfThreads) {
  (void)fresh("laws_threads");
  const std::string command = "fit " + kTable + " --law chinchilla --bootstrap 100 --json --threads ";
  const Outcome one = program(command + "1"), three = program(command + "3");
  ASSERT_EQ(one.code, 0) << one.err;
  EXPECT_EQ(one.out, three.out);
}

TEST(FitLaws, AHoldOutIsJudgedBesideForecastsThatNeedNoLaw) {
  (void)fresh("laws_holdout");
  const auto held = fits("--law chinchilla,power_c --bootstrap 100 --holdout 'flops<1e19'");
  for (const auto& fit : held["fits"]) {
    const auto& h = fit["holdout"];
    EXPECT_EQ(h["rows_fitted"].get<int>() + h["rows_predicted"].get<int>(), 42);
    EXPECT_EQ(h["baselines"].size(), 3U);
  }
  const auto& chinchilla = held["fits"][0]["holdout"];
  for (const auto& [name, error] : chinchilla["baselines"].items()) EXPECT_LT(chinchilla["rmse_ln_loss"], error) << name;
}

TEST(FitLaws, DrawsAreATableOfTheirOwn) {
  const fs::path place = fresh("laws_draws");
  ASSERT_EQ(program("fit " + kTable + " --law chinchilla --bootstrap 50 --draws draws.csv").code, 0);
  const std::string draws = read(place / "draws.csv");
  EXPECT_THAT(draws, testing::StartsWith("\"E\",\"A\",\"B\",\"alpha\",\"beta\","));
  EXPECT_EQ(std::count(draws.begin(), draws.end(), '\n'), 51);
  const Outcome unwritable = program("fit " + kTable + " --law chinchilla --bootstrap 50 --draws no/such/folder.csv");
  EXPECT_EQ(unwritable.code, 74);
}

TEST(FitLaws, AHeldConstantStaysAndHasNoUncertainty) {
  (void)fresh("laws_fix");
  const auto fit = fits("--law chinchilla --bootstrap 50 --fix alpha=0.345,beta=0.36")["fits"][0];
  EXPECT_EQ(fit["constants"]["alpha"], 0.345);
  EXPECT_FALSE(fit["intervals"].contains("alpha")) << fit["intervals"];
  EXPECT_TRUE(fit["intervals"].contains("E"));
}

TEST(FitLaws, WhatCannotBeFittedIsNamed) {
  const fs::path place = fresh("laws_bad");
  const Outcome constant = program("fit " + kTable + " --law chinchilla --fix gamma=1");
  EXPECT_EQ(constant.code, 2);
  EXPECT_THAT(constant.err, testing::AllOf(HasSubstr("--fix"), HasSubstr("`gamma`"), HasSubstr("alpha, beta")));
  EXPECT_EQ(program("fit " + kTable + " --law chinchila").code, 2);
  EXPECT_EQ(program("fit " + kTable + " --law chinchilla --loss least").code, 2);
  EXPECT_EQ(program("fit " + kTable + " --law chinchilla --at -1").code, 2);
  EXPECT_EQ(program("fit " + kTable + " --law chinchilla --model 7e9").code, 2);
  EXPECT_EQ(program("fit " + kTable + " --law chinchilla --resample groups").code, 2);
  EXPECT_EQ(program("fit " + kTable + " --law chinchilla --holdout 'flops<1'").code, 65);
  EXPECT_EQ(program("fit " + kTable + " --law routed").code, 65) << "no column experts";
  EXPECT_EQ(program("doctor no-such.csv").code, 66);

  write(place / "few.csv", "params,tokens,loss\n1e6,1e8,4\n1e7,1e9,3\n1e8,1e10,2.5\n");
  const Outcome few = program("fit few.csv --law chinchilla --json");
  ASSERT_EQ(few.code, 0) << few.err;
  EXPECT_EQ(few.json()["not_fitted"][0]["warnings"].back()["code"], "few_rows");
}

TEST(DoctorTable, JudgesATableRuleByRule) {
  (void)fresh("doctor_table");
  const Outcome outcome = program("doctor " + kTable + " --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto findings = outcome.json()["findings"];
  EXPECT_GT(findings.size(), 15U);
  for (const auto& finding : findings) EXPECT_NE(finding["verdict"], "bad") << finding;
}

}  // namespace
}  // namespace isoflop::test
