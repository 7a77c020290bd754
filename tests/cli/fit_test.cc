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
  EXPECT_TRUE(fit["derived"].contains("loss@N=7e+09,D=1.4e+11") || fit["derived"].contains("loss@N=7000000000,D=140000000000"))
      << fit["derived"];
  EXPECT_GT(fit["starts_agreeing"], 1);
}

TEST(FitLaws, PicturesProfilesAndPredictionsAreWritten) {
  const fs::path folder = fresh("laws_figures");
  const auto fit =
      fits("--law chinchilla,power_n --at 1e22 --profile --bootstrap 100 --figures " + (folder / "figures").string())["fits"][0];
  for (const char* name : {"chinchilla", "chinchilla_residuals", "chinchilla_observed", "chinchilla_draws",
                           "chinchilla_profile_1", "loss_by_params"})
    EXPECT_TRUE(fs::file_size(folder / "figures" / (std::string(name) + ".svg")) > 1000) << name;
  const auto& loss = fit["derived"]["loss@1e+22"];
  EXPECT_LT(loss["prediction"]["low"], loss["interval"]["low"]);
  EXPECT_GT(loss["prediction"]["high"], loss["interval"]["high"]);
  // the profile's interval is about the resamples'
  const auto &profile = fit["profiles"]["alpha"]["interval"], &resampled = fit["intervals"]["alpha"];
  const double widths = (profile["high"].get<double>() - profile["low"].get<double>()) /
                        (resampled["high"].get<double>() - resampled["low"].get<double>());
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
  const auto fewer = fits("--law chinchilla --bootstrap 0 --holdout 'flops<5e18'")["fits"][0]["holdout"]["baselines"];
  EXPECT_FALSE(fewer.contains("line through the last rows")) << "of one budget, their noise is all of its slope";
  EXPECT_TRUE(fewer.contains("line"));
}

TEST(FitLaws, RowsLeftOutByPartsAreSaidAndLawsWithoutAFormulaRefused) {
  const fs::path place = fresh("laws_folds");
  const Outcome text = program("fit " + kTable + " --law chinchilla --folds 4 --bootstrap 0 --report page.html --quiet");
  ASSERT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("left out by parts: "));
  EXPECT_THAT(read(place / "page.html"), HasSubstr("Rows left out by parts it predicts to"));
  for (const char* law : {"isoflop", "envelope", "power_n"}) {
    const Outcome refused = program("fit " + kTable + " --folds 4 --law " + law);
    EXPECT_EQ(refused.code, 2) << law;
    EXPECT_THAT(refused.err, HasSubstr("--folds: the law " + std::string(law) + " is not cross-validated"));
  }
  write(place / "few.csv", "params,tokens,loss\n1e6,1e8,3\n1e7,1e8,2.8\n1e6,1e9,2.9\n1e7,1e9,2.6\n3e6,3e8,2.81\n3e7,3e9,2.3\n");
  EXPECT_THAT(program("fit few.csv --law chinchilla --folds 2 --bootstrap 0").out, HasSubstr("not_cross_validated"));
}

TEST(FitLaws, WriteOverNothingThatIsReadOrSealed) {
  const fs::path place = fresh("laws_over");
  write(place / "runs.csv", read(kTable));
  for (const char* flag : {"--report", "--predict", "--draws"}) {
    EXPECT_EQ(program("fit runs.csv --law chinchilla --bootstrap 60 " + std::string(flag) + " ./runs.csv").code, 2) << flag;
    EXPECT_EQ(read(place / "runs.csv"), read(kTable)) << flag;
  }
  ASSERT_EQ(program("plan --flops 1e20 --residual-sd 0.01 --seal sealed.json").code, 0);
  EXPECT_EQ(program("fit runs.csv --law chinchilla --bootstrap 0 --report sealed.json").code, 2);
}

TEST(FitLaws, DrawsAreATableOfTheirOwn) {
  const fs::path place = fresh("laws_draws");
  ASSERT_EQ(program("fit " + kTable + " --law chinchilla --bootstrap 50 --draws draws.csv").code, 0);
  const std::string draws = read(place / "draws.csv");
  EXPECT_THAT(draws, testing::StartsWith("E,A,B,alpha,beta,"));
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
  EXPECT_EQ(program("fit " + kTable + " --law ''").code, 2);
  EXPECT_EQ(program("fit " + kTable + " --law chinchilla --fix alpha=0.3,alpha=0.4").code, 2);
  EXPECT_EQ(program("fit --simulate law.json --law isoflop").code, 2);
  EXPECT_EQ(program("compare " + kTable + " " + kTable + " --points 0").code, 2);
  const Outcome twice = program("fit " + kTable + " --map params=params,params=tokens");
  EXPECT_EQ(twice.code, 2);
  EXPECT_THAT(twice.err, testing::AllOf(HasSubstr("--map"), HasSubstr("`params` is given twice")));

  write(place / "few.csv", "params,tokens,loss\n1e6,1e8,4\n1e7,1e9,3\n1e8,1e10,2.5\n");
  const Outcome few = program("fit few.csv --law chinchilla --json");
  ASSERT_EQ(few.code, 0) << few.err;
  EXPECT_EQ(few.json()["not_fitted"][0]["warnings"].back()["code"], "few_rows");
}

TEST(FitLaws, WarningsOfSeveralLawsSayWhoseTheyAre) {
  const fs::path place = fresh("laws_whose");
  write(place / "few.csv", "params,tokens,loss\n1e6,1e8,4\n1e7,1e9,3\n1e8,1e10,2.5\n");
  const std::string both = program("fit few.csv --law chinchilla,power_n_floor").out,
                    one = program("fit few.csv --law chinchilla").out;
  EXPECT_THAT(both, HasSubstr("\nchinchilla: few_rows: "));
  EXPECT_THAT(one, testing::AllOf(HasSubstr("\nfew_rows: "), testing::Not(HasSubstr("chinchilla: few_rows"))));
}

const std::string kSteps = (fs::path(ISOFLOP_SOURCE_DIR) / "examples/steps.csv").string();

TEST(FitCurves, PredictsTheScheduleThatWasHeldOut) {
  (void)fresh("curves");
  const Outcome outcome = program("fit " + kSteps + " --law tissue --bootstrap 60 --holdout 'run!=linear' --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto fit = outcome.json()["fits"][0];
  EXPECT_NEAR(fit["constants"]["E"].get<double>(), 2.6, 0.03);
  EXPECT_NEAR(fit["constants"]["lambda"].get<double>(), 0.99, 0.005);
  EXPECT_LT(fit["holdout"]["rmse_ln_loss"], 0.005);
  for (const auto& [name, error] : fit["holdout"]["baselines"].items()) EXPECT_LT(fit["holdout"]["rmse_ln_loss"], error) << name;
}

TEST(FitCurves, PredictAScheduleThatHasNoLossesYet) {
  const fs::path place = fresh("curves_predict");
  std::string table = read(kSteps);
  for (int s = 9; s < 500; s += 10)
    table += "planned," + std::to_string(s) + "," + std::to_string(s < 40 ? 0.00005 * (s + 1) : 0.002 * (500 - s) / 460) + ",\n";
  write(place / "t.csv", table);
  const Outcome outcome = program("fit t.csv --law tissue --bootstrap 0 --predict predicted.csv");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::string predicted = read(place / "predicted.csv");
  EXPECT_THAT(predicted, testing::StartsWith("row,step,predicted\n"));
  const auto at = predicted.find("\nplanned,499,");
  ASSERT_NE(at, std::string::npos);
  const double loss = std::stod(predicted.substr(at + 13));
  EXPECT_GT(loss, 2.6);
  EXPECT_LT(loss, 3.1);
  EXPECT_EQ(program("fit t.csv --law tissue --bootstrap 0 --predict no/such/folder.csv").code, 74);
}

TEST(FitCurves, ReadsTheStepsOfAStudyAndALogOfLlmC) {
  const fs::path place = fresh("curves_study");
  write(place / "s.txt", sentences(20'000));
  ASSERT_EQ(program("train --data s.txt" + kTiny + "--out one").code, 0);
  const Outcome study = program("fit one --law tissue --bootstrap 0 --json");
  ASSERT_EQ(study.code, 0) << study.err;
  EXPECT_EQ(study.json()["fits"][0]["loss_kind"], "train");
  EXPECT_EQ(study.json()["fits"][0]["loss_unit"], "nats");

  std::string log = "s:0 tel:11.0\n";
  for (int s = 1; s < 60; ++s)
    log += "s:" + std::to_string(s) + " trl:" + std::to_string(4 + 3 / std::sqrt(s)) +
           " lr:" + std::to_string(s < 5 ? 1e-4 * s : 5e-4 * (60 - s) / 55) + " norm:1.00\n";
  write(place / "main.log", log);
  const Outcome llmc = program("fit main.log --law multi_power --bootstrap 0 --json");
  ASSERT_EQ(llmc.code, 0) << llmc.err;
  EXPECT_GT(llmc.json()["fits"][0]["rows"], 50);
  EXPECT_EQ(program("fit main.log --law chinchilla").code, 65) << "no column params";
}

TEST(FitForms, AreToldApartAndFitsStandInOrder) {
  (void)fresh("forms");
  const Outcome outcome =
      program("fit " + kTable + " --law power_c,power_c_floor,chinchilla --bootstrap 0 --where 'flops>3e17' --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto json = outcome.json();
  ASSERT_EQ(json["forms"].size(), 1U);
  EXPECT_EQ(json["forms"][0]["column"], "flops");
  EXPECT_EQ(json["forms"][0]["forms"].size(), 3U);
  ASSERT_EQ(json["comparison"].size(), 3U);
  EXPECT_EQ(json["comparison"][0]["law"], "chinchilla") << "the law that made the rows";
  EXPECT_EQ(json["comparison"][0]["delta_aicc"], 0);
  EXPECT_TRUE(program("fit " + kTable + " --law power_c --bootstrap 0 --json").json()["forms"].empty());
}

TEST(FitRows, AreDroppedByNameAndCountedInTheUnitThatIsSaid) {
  (void)fresh("drop");
  const auto all = fits("--law chinchilla --bootstrap 0")["fits"][0],
             fewer = fits("--law chinchilla --bootstrap 0 --drop c1e+17-0,'line 3'")["fits"][0];
  EXPECT_EQ(fewer["rows"].get<int>(), all["rows"].get<int>() - 2);
  const Outcome unknown = program("fit " + kTable + " --law chinchilla --drop c1e+17-00");
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, testing::AllOf(HasSubstr("--drop"), HasSubstr("c1e+17-0")));
  const auto bits = fits("--law chinchilla --bootstrap 0 --loss-unit bits")["fits"][0];
  EXPECT_EQ(bits["loss_unit"], "nats");
  EXPECT_NEAR(bits["constants"]["E"].get<double>() / all["constants"]["E"].get<double>(), std::log(2), 1e-6);
  EXPECT_EQ(program("fit " + kTable + " --law chinchilla --loss-unit bans").code, 2);
}

TEST(DoctorTable, JudgesATableRuleByRule) {
  (void)fresh("doctor_table");
  const Outcome outcome = program("doctor " + kTable + " --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto findings = outcome.json()["findings"];
  EXPECT_GT(findings.size(), 15U);
  for (const auto& finding : findings) EXPECT_NE(finding["verdict"], "bad") << finding;
}

TEST(Fit, JudgesItsIntervalsOnTablesMadeByALaw) {
  const fs::path place = fresh("fit_simulate");
  write(place / "law.json",
        R"({"law": "chinchilla", "constants": {"E": 1.8172, "A": 482.01, "B": 2085.43, "alpha": 0.3478, "beta": 0.3658}})");
  const Outcome outcome =
      program("fit --simulate law.json --noise 0.01 --tables 6 --rows 24 --bootstrap 40 --at 1e21 --truth heavy --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto json = outcome.json();
  EXPECT_EQ(json["tables"], 6);
  EXPECT_EQ(json["rows"], 24);
  EXPECT_EQ(json["truth"], "heavy");
  EXPECT_EQ(json["noise"], 0.01);
  for (const char* name : {"alpha", "a", "params_opt@1e+21", "loss@1e+21"}) {
    const auto& c = json["coverage"][name];
    EXPECT_NEAR(c["covered"].get<double>() + c["above"].get<double>() + c["below"].get<double>(), 1, 1e-12) << name;
  }
  // a table is the design
  const Outcome design = program("fit " + kTable + " --simulate law.json --tables 2 --bootstrap 40 --json");
  EXPECT_EQ(design.json()["rows"], 42);
  EXPECT_EQ(program("fit --simulate nowhere.json").code, 66);
  EXPECT_EQ(program("fit --simulate law.json --truth cubic").code, 2);
}

}  // namespace
}  // namespace isoflop::test
