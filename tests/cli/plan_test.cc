// isoflop plan and score, as a user meets them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "program.h"

namespace isoflop::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

const std::string kTable = (fs::path(ISOFLOP_SOURCE_DIR) / "examples/runs.csv").string();

nlohmann::json plan(const std::string& arguments) {
  const Outcome outcome = program("plan " + arguments + " --json");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return outcome.json();
}

void refused(const std::string& arguments, const std::vector<std::string>& words) {
  const Outcome outcome = program("plan " + arguments);
  EXPECT_EQ(outcome.code, 2) << arguments << ": " << outcome.err;
  for (const std::string& word : words) EXPECT_THAT(outcome.err, HasSubstr(word)) << arguments;
}

TEST(Plan, ABudgetHasItsOptimumDeviationAndWarnings) {
  (void)fresh("plan");
  const auto json = plan("--flops 1e24 --law published:epoch2024");
  EXPECT_NEAR(json["optimum"]["params"].get<double>() / 95.9e9, 1, .01);
  EXPECT_NEAR(json["optimum"]["loss"].get<double>(), 1.959, .001);
  EXPECT_EQ(json["deviation"].size(), 5U);
  EXPECT_TRUE(json["regret"]["params"].is_number());
  EXPECT_GE(json["cross_law"]["plans"].size(), 4U);
  bool said = false;
  for (const auto& warning : json["warnings"]) said |= warning["code"] == "no_draws";
  EXPECT_TRUE(said) << json["warnings"];
}

TEST(Plan, ServedModelsAreSmallerAndTrainedLonger) {
  (void)fresh("plan_served");
  const auto json = plan("--params 13e9 --law published:sardana2024 --inference-tokens 2e12");
  EXPECT_NEAR(json["inference_aware"]["params"].get<double>() / 6.969e9, 1, 1e-3);
  EXPECT_NEAR(json["inference_aware"]["saving"].get<double>(), .1745, 1e-4);
}

TEST(Plan, AFitWithItsDrawsGivesEveryNumberAnInterval) {
  const fs::path place = fresh("plan_fit");
  const Outcome fit = program("fit " + kTable + " --law chinchilla --bootstrap 100 --draws draws.csv --json");
  ASSERT_EQ(fit.code, 0) << fit.err;
  write(place / "laws.json", fit.out);
  const auto json = plan(
      "--flops 1e22 --law laws.json#chinchilla --draws draws.csv --budgets 1e21,1e23 --unique-tokens 1e11 --inference-tokens "
      "1e12");
  for (const char* name : {"params", "tokens", "tokens_per_param", "loss", "loss_of_model", "prediction"})
    EXPECT_TRUE(json["intervals"].contains(name)) << name;
  EXPECT_LT(json["intervals"]["params"]["low"], json["optimum"]["params"]);
  EXPECT_EQ(json["regret"]["draws"], 100);
  EXPECT_EQ(json["budgets"].size(), 2U);
  EXPECT_TRUE(json["data_limit"][0]["epochs"].is_number());
  EXPECT_TRUE(json["inference_aware_limited"]["params"].is_number());
  EXPECT_TRUE(json["extrapolation"].is_number());
}

TEST(Plan, AndItsFitAreDrawnAsPages) {
  const fs::path place = fresh("plan_page");
  const Outcome fit =
      program("fit " + kTable + " --law power_n,chinchilla --bootstrap 60 --draws draws.csv --report fit.html --json");
  ASSERT_EQ(fit.code, 0) << fit.err;
  write(place / "laws.json", fit.out);
  const Outcome plan =
      program("plan --flops 1e22 --law laws.json#chinchilla --draws draws.csv --report plan.html --figures pictures --quiet");
  ASSERT_EQ(plan.code, 0) << plan.err;
  EXPECT_THAT(read(place / "fit.html"),
              testing::AllOf(HasSubstr("<h2>chinchilla</h2>"), HasSubstr("<h2>power_n</h2>"), HasSubstr("</html>")));
  EXPECT_THAT(read(place / "plan.html"),
              testing::AllOf(HasSubstr("1e+22 FLOPs train"), HasSubstr("The loss a budget reaches"), HasSubstr("</html>")));
  for (const char* name : {"plan_frontier", "plan_sizes", "plan_regret", "plan_same_loss", "plan_days_money"})
    EXPECT_TRUE(fs::exists(place / "pictures" / (std::string(name) + ".svg"))) << name;
  // no study, no page of one
  EXPECT_EQ(program("plan --flops 1e22 --study nowhere").code, 66);
  EXPECT_EQ(program("plan --flops 1e22 --report nowhere/plan.html").code, 74);
}

TEST(Plan, DrawsOfAnotherFitAreRefused) {
  (void)fresh("plan_draws");
  ASSERT_EQ(program("fit " + kTable + " --law chinchilla --bootstrap 100 --draws draws.csv").code, 0);
  const Outcome outcome = program("plan --flops 1e22 --draws draws.csv");  // the default law's constants are not those of this
                                                                           // table
  EXPECT_EQ(outcome.code, 65);
  EXPECT_THAT(outcome.err, HasSubstr("of another fit"));
}

TEST(Plan, IsMadeForTheTextThereIs) {
  (void)fresh("plan_target");
  const auto endless = plan("--target-loss 2.2"), plenty = plan("--target-loss 2.2 --unique-tokens 1e13"),
             scarce = plan("--target-loss 2.2 --unique-tokens 3e10");
  EXPECT_EQ(plenty["model"], endless["model"]);
  EXPECT_FALSE(plenty["text_limited"]);
  // it takes more compute, and the cost, the schedule and the shape are those of the model that is trained
  EXPECT_TRUE(scarce["text_limited"]);
  EXPECT_GT(scarce["flops"], endless["flops"]);
  EXPECT_NEAR(scarce["model"]["loss"].get<double>(), 2.2, 1e-6);
  EXPECT_GT(scarce["model"]["tokens"], 3e10);
  EXPECT_EQ(scarce["cost"]["flops"], scarce["flops"]);
  EXPECT_NEAR(scarce["shape"]["params"].get<double>() / scarce["model"]["params"].get<double>(), 1, .1);
  refused("--target-loss 2.2 --unique-tokens 1e9", {"--target-loss", "1B unique tokens", "more text is needed"});
  refused("--target-loss 2.2 --params 3e9 --unique-tokens 1e9", {"--params", "by repeating 1B unique tokens"});
}

TEST(Plan, SaysWhereTheTextIsExhausted) {
  (void)fresh("plan_exhausted");
  const auto said = [](const nlohmann::json& json) {
    for (const auto& warning : json["warnings"])
      if (warning["code"] == "text_exhausted") return warning["text"].get<std::string>();
    return std::string();
  };
  EXPECT_THAT(said(plan("--flops 1e25 --unique-tokens 1e9")), HasSubstr("stop there"));
  EXPECT_EQ(said(plan("--flops 1e21 --unique-tokens 1e10")), "");
}

TEST(Plan, ThePageSaysTheWarningFirstWhereTheLawIsAskedTooFar) {
  (void)fresh("plan_far");
  const Outcome outcome = program("plan --flops 1e25 --law published:epoch2024 --explain");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, testing::StartsWith("warning: 1e+25 FLOPs are 769 times"));
  for (const char* part : {"Off the optimum", "What other laws would train", "N* = G (C / 6)^a", "no_draws"})
    EXPECT_THAT(outcome.out, HasSubstr(part));
}

TEST(Plan, DevicesAndDaysAreABudgetWithItsBand) {
  (void)fresh("plan_gpus");
  const auto json = plan("--gpus H100:512 --days 21 --unique-tokens 2e12 --arch llama");
  EXPECT_NEAR(json["budget"]["value"].get<double>() / (512 * 989.4e12 * .375 * 21 * 86400), 1, 1e-3);
  EXPECT_EQ(json["budgets"].size(), 2U);
  EXPECT_NEAR(json["cost"]["days"]["value"].get<double>(), 21, 1e-6);
  EXPECT_EQ(json["cost"]["devices"], 512);
  EXPECT_TRUE(json["memory"]["fits"].is_boolean());
  EXPECT_EQ(json["shape"]["style"], "llama");
  EXPECT_GE(json["hyperparameters"].size(), 5U);
  EXPECT_LT(json["hyperparameters"][0]["interval"]["low"].get<double>(), json["hyperparameters"][0]["value"].get<double>());
  const auto money = plan("--usd 1e6 --gpus A100:256 --usd-per-hour 2 --mfu 0.4");
  EXPECT_NEAR(money["flops"].get<double>() / (1e6 / 2 * 3600 * 312e12 * .4), 1, 1e-6);
  EXPECT_EQ(money["budgets"].size(), 0U);
}

TEST(Plan, WhatCannotBeMeantIsRefusedInOneLine) {
  const fs::path place = fresh("plan_bad");
  refused("", {"--flops"});
  refused("--flops 1e24 --target-loss 2", {"contradicts"});
  refused("--gpus H100:8 --days 3 --flops 1e21", {"--days", "contradicts --flops"});
  refused("--gpus H100:8 --days 3 --params 7e9 --tokens 1e12", {"--days", "contradicts --params and --tokens"});
  refused("--gpus H100:8", {"--days 21"});
  refused("--flops -1", {"--flops"});
  refused("--flops nan", {"--flops"});
  refused("--target-loss 1.5 --law published:epoch2024", {"floor", "1.817"});
  refused("--flops 1e24 --law published:epoch2023", {"epoch2024"});
  refused("--flops 1e24 --law epoch2024", {"published:epoch2024"});
  refused("--flops 1e24 --law published:steplaw2025_batch", {"no loss"});
  refused("--flops 1e24 --law tokens_per_param:20 --unique-tokens 1e11", {"no loss"});
  refused("--flops 1e24 --repetition overfit_penalty --unique-tokens 1e11", {"constant"});
  refused("--flops 1e24 --pilot-flops 1e25", {"--pilot-flops"});
  refused("--flops 1e24 --requests 1e9", {"price"});
  refused("--flops 1e24 --laww x", {"--law"});
  refused("--flops 1e24 --gpus H100:8 --days 3", {"contradicts"});
  refused("--flops 1e24 --precision gamma_weights=2.6745,offset_weights=0.3037,weight_bits=0.5",
          {"nothing is left", "more than 0.812"});
  refused("--flops 1e24 --precision offset_weights=0.3037,weight_bits=4", {"gamma_weights"});
  refused("--days 3", {"--gpus"});
  refused("--flops 1e24 --hardware nofile", {"--hardware", "--gpus"});
  refused("--flops 1e24 --granularity 8", {"--granularity", "does not read it"});
  for (const auto& [flag, needed] :
       std::vector<std::pair<std::string, std::string>>{{"replay 0.1", "--continue-tokens"},
                                                        {"repetition data_constrained", "--unique-tokens"},
                                                        {"drift 0.1", "--pilot-flops"},
                                                        {"pilot-sizes 5", "--pilot-flops"},
                                                        {"ladder-out there", "--pilot-flops"},
                                                        {"request-input 5", "--requests"},
                                                        {"training-mfu 0.4", "--training-price-per-hour"},
                                                        {"serving-peak 1e15", "--training-price-per-hour"},
                                                        {"fixed-cost 5", "--price-per-token"},
                                                        {"currency EUR", "--price-per-token"}})
    refused("--flops 1e24 --" + flag, {needed});
  refused("--gpus H1000:8 --days 3", {"h100"});
  refused("--gpus H100:8 --days 3 --usd 5", {"contradicts"});
  refused("--flops 1e24 --arch lama", {"llama"});
  for (const char* flops : {"1", "1e300"}) refused("--flops " + std::string(flops), {"no training run", "1e+06 to 1e+35"});
  refused("--flops 1e24 --law tokens_per_param:20 --count flops_exact", {"--count", "no loss"});
  EXPECT_EQ(program("plan --flops 1e24 --law nowhere.json").code, 66);
  write(place / "bad.json", "{\"law\": 5}");
  EXPECT_EQ(program("plan --flops 1e24 --law bad.json").code, 65);
  write(place / "draws.csv", "E,A\n1,2\n");
  EXPECT_EQ(program("plan --flops 1e24 --draws draws.csv").code, 65);
}

TEST(Plan, ALadderIsAFolderOfStudies) {
  const fs::path place = fresh("plan_ladder");
  const auto json = plan("--flops 1e15 --pilot-flops 1e14 --ladder-out ladder");
  ASSERT_GE(json["ladder"]["rungs"].size(), 1U);
  write(place / "text.txt", sentences(40'000));
  double most = 0;
  for (const auto& study : json["ladder"]["studies"]) {
    const Outcome outcome = program("run " + study.get<std::string>() + " --data text.txt --dry-run --json");
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    most += outcome.json()["flops_exact_most"].get<double>();
  }
  EXPECT_NEAR(most / json["ladder"]["cost"].get<double>(), 1, 0.05);  // steps are whole
  EXPECT_LE(most, 1.05e14);
  // the same ladder again is the same; what was edited, or is of another ladder, is not lost
  EXPECT_EQ(program("plan --flops 1e15 --pilot-flops 1e14 --ladder-out ladder").code, 0);
  write(place / "ladder" / "rung-9.toml", "# mine");
  refused("--flops 1e15 --pilot-flops 1e14 --ladder-out ladder", {"--ladder-out", "rung-9.toml"});
  fs::remove(place / "ladder" / "rung-9.toml");
  write(place / "ladder" / "rung-1.toml", "# edited");
  refused("--flops 1e15 --pilot-flops 1e14 --ladder-out ladder --seal forecast.json", {"--ladder-out", "rung-1.toml"});
  EXPECT_EQ(read(place / "ladder" / "rung-1.toml"), "# edited");
  EXPECT_FALSE(fs::exists(place / "forecast.json"));
}

TEST(Plan, TheDevicesAskedForStandInTheTableOfDaysAndMoney) {
  (void)fresh("plan_devices");
  const Outcome outcome = program("plan --flops 1e22 --gpus H100:48 --against none");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("48 (the plan's)"));
}

TEST(Plan, AWordIsSaidOfTheBudgetsThatADaysBudgetAdds) {
  (void)fresh("plan_band");
  EXPECT_THAT(program("plan --gpus H100:64 --days 3 --against none").out, HasSubstr("utilisation"));
  EXPECT_THAT(program("plan --gpus H100:64 --days 3 --mfu 0.4 --against none").out, Not(HasSubstr("Further budgets")));
}

TEST(Plan, ALawOfFlopsPerTokenGetsTheShapeThatHasThem) {
  (void)fresh("plan_flops_per_token");
  const auto json = plan("--flops 1e22 --law published:deepseek2024_optimal_model --against none");
  EXPECT_NEAR(json["optimum"]["params"].get<double>() / 9.788e9, 1, 1e-3);
  // a model of 58.7e9 FLOPs for a token has fewer parameters than a sixth of that: attention takes the rest
  EXPECT_LT(json["shape"]["params"].get<double>(), 9.5e9);
  EXPECT_GT(json["shape"]["params"].get<double>(), 7e9);
}

TEST(Plan, DrawsOfTheSameRowsByAnotherSeedAreRefused) {
  const fs::path place = fresh("plan_other_draws");
  write(place / "laws.json", program("fit " + kTable + " --law chinchilla --bootstrap 60 --draws own.csv --json").out);
  ASSERT_EQ(program("fit " + kTable + " --law chinchilla --bootstrap 60 --seed 7 --draws other.csv").code, 0);
  EXPECT_EQ(program("plan --flops 1e22 --law laws.json --draws own.csv --against none").code, 0);
  const Outcome outcome = program("plan --flops 1e22 --law laws.json --draws other.csv --against none");
  EXPECT_EQ(outcome.code, 65);
  EXPECT_THAT(outcome.err, HasSubstr("other.csv"));
}

TEST(Plan, AFileThatLacksAConstantIsBadData) {
  const fs::path place = fresh("plan_incomplete");
  write(place / "inc.json", R"({"law": "chinchilla", "constants": {"E": 1.8, "A": 400}})");
  EXPECT_EQ(program("plan --flops 1e22 --law inc.json").code, 65);
}

TEST(Plan, AStudysOwnFilesAreNoOutputs) {
  const fs::path place = fresh("plan_own_files");
  fs::create_directories(place / "out");
  write(place / "out" / "study.resolved.toml", "kept");
  refused("--flops 1e20 --report out/study.resolved.toml", {"--report", "a study's own file"});
  refused("--flops 1e20 --seal out/plan.json", {"--seal", "a study's own file"});
  EXPECT_EQ(read(place / "out" / "study.resolved.toml"), "kept");
  EXPECT_EQ(program("fit " + kTable + " --law power_c --report out/laws.json").code, 2);
  EXPECT_EQ(program("fit " + kTable + " --law power_c --report out/page.html --quiet").code, 0);
}

TEST(Plan, WritesOverNothingThatIsReadOrSealed) {
  const fs::path place = fresh("plan_over");
  refused("--flops 1e20 --residual-sd 0.01 --seal one.html --report one.html", {"one.html"});
  EXPECT_FALSE(fs::exists(place / "one.html"));
  ASSERT_EQ(program("plan --flops 1e20 --residual-sd 0.01 --seal forecast.json").code, 0);
  const std::string sealed = read(place / "forecast.json");
  refused("--flops 1e20 --report forecast.json", {"--report", "sealed forecast"});
  EXPECT_EQ(read(place / "forecast.json"), sealed);
  const Outcome fit = program("fit " + kTable + " --law chinchilla --bootstrap 60 --draws draws.csv --json");
  write(place / "laws.json", fit.out);
  for (const char* input : {"laws.json", "draws.csv"})
    refused("--flops 1e22 --law laws.json#chinchilla --draws draws.csv --report " + std::string(input), {"--report", input});
  EXPECT_EQ(read(place / "laws.json"), fit.out);
}

TEST(Score, ASealedForecastIsJudgedByTheRun) {
  const fs::path place = fresh("score");
  ASSERT_EQ(plan("--flops 1e20 --residual-sd 0.01 --seal forecast.json")["sealed"]["file"], "forecast.json");
  refused("--flops 1e21 --seal forecast.json", {"forecast.json exists"});
  write(place / "runs.csv", "run,params,tokens,loss\ngood,853000000,19530000000,2.5534\nbad,853000000,19530000000,2.9\n");
  const Outcome outcome = program("score forecast.json runs.csv --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto runs = outcome.json()["runs"];
  EXPECT_EQ(runs[0]["verdict"], "inside");
  EXPECT_EQ(runs[1]["verdict"], "outside");
  EXPECT_EQ(program("score forecast.json runs.csv --run good").code, 0);
  std::string text = read(place / "forecast.json");
  text[text.find("\"loss\":") + 9] ^= 1;
  write(place / "forecast.json", text);
  EXPECT_EQ(program("score forecast.json runs.csv").code, 65);
}

}  // namespace
}  // namespace isoflop::test
