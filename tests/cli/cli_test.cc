// What the commands print.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>

#include <chrono>
#include <utility>

#include "program.h"

namespace isoflop::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::StartsWith;

TEST(Help, EveryCommandShowsAnExampleFirst) {
  (void)fresh("help");
  const Outcome top = program("--help");
  EXPECT_EQ(top.code, 0);
  EXPECT_THAT(top.out, StartsWith("Example: isoflop "));
  for (const char* command : {"run", "data", "tok", "train", "runs", "fit", "compare", "report", "sample", "bench", "doctor"}) {
    EXPECT_THAT(top.out, HasSubstr(command));
    const Outcome help = program(std::string(command) + " --help");
    EXPECT_EQ(help.code, 0);
    EXPECT_THAT(help.out, StartsWith("Example: isoflop " + std::string(command))) << command;
  }
}

TEST(Help, ComesInUnderATenthOfASecond) {
  (void)fresh("speed");
  double least = 1e9;
  for (int round = 0; round < 5; ++round) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(program("--help").code, 0);
    least = std::min(least, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  EXPECT_LT(least, 0.1);
}

TEST(Help, NamesTheWholeCommandAndTheReadmeHasItsExitCodes) {
  (void)fresh("words");
  EXPECT_THAT(program("run --help").out, HasSubstr("Usage: isoflop run"));
  EXPECT_THAT(program("runs ls --help").out, HasSubstr("Usage: isoflop runs ls"));
  const std::string help = program("--help").out, readme = read(fs::path(ISOFLOP_SOURCE_DIR) / "README.md");
  for (const char* code : {"0", "1", "2", "65", "66", "74", "75", "78", "79", "130"}) {
    EXPECT_THAT(help, HasSubstr("\n  " + std::string(code) + " "));
    EXPECT_THAT(readme, HasSubstr("\n| " + std::string(code) + " |"));
  }
}

TEST(Usage, AnUnknownCommandIsNamedWithTheNearest) {
  (void)fresh("command");
  const Outcome near = program("rnu --data x");
  EXPECT_EQ(near.code, 2);
  EXPECT_THAT(near.err, testing::AllOf(HasSubstr("`rnu`"), HasSubstr("did you mean run?")));
  EXPECT_THAT(program("quixotic").err, HasSubstr("unknown command `quixotic`"));
  EXPECT_THAT(program("runs lst out").err, testing::AllOf(HasSubstr("`lst`"), HasSubstr("did you mean ls?")));
  EXPECT_THAT(program("").err, testing::AllOf(HasSubstr("no command given"), HasSubstr("report")));
}

TEST(Usage, AFlagGivenTwiceIsNamed) {
  (void)fresh("twice");
  const Outcome outcome = program("train --n_embd 32 --n_embd 16");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--n_embd was given 2 times, expected once"));
}

TEST(Usage, AnUnknownFlagNamesTheNearestAndExitsWith2) {
  (void)fresh("usage");
  const Outcome outcome = program("train --n_layr 2");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, testing::AllOf(HasSubstr("--n_layr"), HasSubstr("did you mean --n_layer")));
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(program("").code, 2);
  EXPECT_EQ(program("nonsense").code, 2);
  EXPECT_EQ(program("run --preset quik").code, 2);
  EXPECT_EQ(program("train --data x --isa sse9").code, 2);
}

TEST(Train, PrintsOneObjectWithJsonAndNothingElseOnStdout) {
  const fs::path place = fresh("train");
  write(place / "text.txt", sentences(200'000));  // two held-out blocks or more, so that there is a standard error
  const Outcome outcome = program("train --data text.txt --out out --json" + kTiny);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto json = outcome.json();
  EXPECT_EQ(json["schema_version"], 1);
  ASSERT_EQ(json["runs"].size(), 1U);
  const auto& run = json["runs"][0];
  for (const char* key : {"name", "params", "params_non_embedding", "params_matmul", "tokens", "flops_exact", "train_loss",
                          "loss", "loss_kind", "loss_se_eval", "bits_per_byte"}) {
    EXPECT_FALSE(run[key].is_null()) << key;
  }
  EXPECT_GT(run["timing"]["tokens_per_second"], 0);
  EXPECT_GT(run["timing"]["peak_bytes"], 0);
}

TEST(Train, BothSpellingsOfAFlagMeanTheSame) {
  const fs::path place = fresh("spelling");
  write(place / "text.txt", sentences(20'000));
  const auto id = [](const std::string& flags) {
    return program("train --data text.txt --dry-run --json" + flags).json()["runs"][0]["id"];
  };
  EXPECT_EQ(id(" --n_layer 1 --n_embd 8 --n_head 1 --block_size 16"), id(" --n-layer 1 --n-embd 8 --n-head 1 --block-size 16"));
}

TEST(Runs, AStudyCanBeListedExportedVerifiedAndItsIndexRebuilt) {
  const fs::path place = fresh("runs");
  write(place / "text.txt", sentences(20'000));
  ASSERT_EQ(program("train --data text.txt --out out --quiet" + kTiny).code, 0);
  const Outcome ls = program("runs ls out --json");
  ASSERT_EQ(ls.code, 0) << ls.err;
  ASSERT_EQ(ls.json()["runs"].size(), 1U);
  EXPECT_EQ(ls.json()["runs"][0]["status"], "done");
  const Outcome csv = program("runs export out --csv");
  EXPECT_THAT(csv.out, StartsWith("run,group,seed,params,params_non_embedding,params_matmul,tokens,"));
  EXPECT_EQ(program("runs verify out").code, 0);
  fs::remove(place / "out/index.db");
  EXPECT_EQ(program("runs ls out --json").json()["runs"], ls.json()["runs"]);
  EXPECT_EQ(program("runs reindex out").code, 0);
}

TEST(Runs, EvalScoresAnotherTextAndWritesATableToFit) {
  const fs::path place = fresh("runs_eval");
  write(place / "text.txt", sentences(20'000));
  write(place / "other.txt", "0123456789 0123456789\n");
  ASSERT_EQ(program("train --data text.txt --out out --quiet --tokenizer byte" + kTiny).code, 0);
  const double own = program("runs ls out --json").json()["runs"][0]["loss"].get<double>();
  const Outcome scored = program("runs eval out other.txt --out other.csv --json");
  ASSERT_EQ(scored.code, 0) << scored.err;
  EXPECT_GT(scored.json()["runs"][0]["loss"].get<double>(), own);
  EXPECT_EQ(program("runs ls out --json").json()["runs"][0]["loss"].get<double>(), own);
  EXPECT_TRUE(fs::exists(place / "other.csv"));
  EXPECT_EQ(program("runs eval out other.txt --out other.txt").code, 2);
  EXPECT_EQ(program("runs eval out other.txt --run none").code, 66);
}

TEST(Sample, TheSameSeedGivesTheSameText) {
  const fs::path place = fresh("sample");
  write(place / "text.txt", sentences(20'000));
  ASSERT_EQ(program("train --data text.txt --out out --quiet" + kTiny).code, 0);
  const Outcome a = program("sample out --run model --tokens 50 --seed 3"),
                b = program("sample out --run model --tokens 50 --seed 3");
  EXPECT_EQ(a.code, 0) << a.err;
  EXPECT_EQ(a.out, b.out);
  EXPECT_GT(a.out.size(), 40U);
  EXPECT_EQ(program("sample out --tokens 10 --temperature 0 --top-k 5").code, 0);
}

TEST(Sample, StoppedByHandExitsWith130) {
  const fs::path place = fresh("interrupted");
  write(place / "text.txt", sentences(20'000));
  ASSERT_EQ(program("train --data text.txt --out out --quiet" + kTiny).code, 0);
  EXPECT_EQ(program("sample out --tokens 10000000", "timeout --preserve-status -s INT 0.7").code, 130);
}

TEST(Fit, TheSourceExperimentsFivePointsGiveItsExponent) {
  const fs::path place = fresh("fit");
  write(place / "t.csv", "N,val\n343936,3.92\n1281024,3.44\n3401088,3.07\n5714432,2.86\n15659520,2.37\n");
  const Outcome outcome = program("fit t.csv --law power_n --map params=N,loss=val --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto fit = outcome.json()["fits"][0];
  EXPECT_NEAR(fit["constants"]["b"].get<double>(), 0.12886, 5e-6);
  EXPECT_NEAR(fit["constants"]["a"].get<double>(), 20.78, 5e-3);
}

TEST(Fit, PublishedConstantsAreEvaluatedOnATable) {
  const fs::path place = fresh("published");
  write(place / "t.csv", "params,tokens,loss\n1e9,2e10,2.5\n7e9,1e12,2.1\n");
  const Outcome outcome = program("fit t.csv --law published:epoch2024 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto fit = outcome.json()["fits"][0];
  EXPECT_EQ(fit["stop"], "not fitted");
  EXPECT_EQ(fit["starts"], 0);
  EXPECT_EQ(fit["residuals"].size(), 2U);
  const Outcome unknown = program("fit t.csv --law published:epoch2023");
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean `epoch2024`"));
  EXPECT_THAT(program("fit --list-laws").out, HasSubstr("published:epoch2024"));
}

TEST(Compare, OfATableWithItselfFindsNoSaving) {
  const fs::path place = fresh("compare");
  std::string text = "flops,loss\n";
  for (int i = 0; i < 12; ++i)
    text += "1e" + std::to_string(15 + i) + "," + std::to_string(6.0 - 0.31 * i + 0.01 * (i % 3)) + "\n";
  write(place / "t.csv", text);
  const Outcome outcome = program("compare t.csv t.csv --bootstrap 200 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto json = outcome.json();
  EXPECT_EQ(json["law"], "power_c");
  ASSERT_EQ(json["points"].size(), 9U);
  for (const auto& point : json["points"]) {
    EXPECT_NEAR(point["multiplier"].get<double>(), 1, 1e-9);
    EXPECT_LE(point["interval"]["low"].get<double>(), 1);
    EXPECT_GE(point["interval"]["high"].get<double>(), 1);
  }
  EXPECT_THAT(program("compare t.csv t.csv --bootstrap 200").out, HasSubstr("multiplier"));
  EXPECT_EQ(program("compare t.csv missing.csv").code, 66);
}

TEST(Fit, OfAFolderReadsWhatTheStoreHoldsNow) {
  const fs::path place = fresh("fit_folder");
  write(place / "t.csv",
        "name,group,params,tokens,loss\na,family,1e4,1e6,4\nb,family,1e5,1e6,3\nc,,1e6,1e6,2.25\nr,learning-rate,1e4,5e5,5\n");
  ASSERT_EQ(program("runs import out t.csv").code, 0);
  write(place / "out/runs.csv", "params,loss\n1,1\n");
  const Outcome outcome = program("fit out --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  ASSERT_EQ(outcome.json()["fits"].size(), 1U) << "a meaning of N that no run has is not fitted";
  EXPECT_EQ(outcome.json()["fits"][0]["row_labels"], nlohmann::json({"a", "b", "c"}));
}

TEST(Fit, SaysOnceWhyThereIsNoLaw) {
  const fs::path place = fresh("fit_once");
  write(place / "t.csv", "params,params_matmul,loss\n10000,9000,3\n100000,90000,3.2\n1000000,900000,2.1\n");
  const Outcome outcome = program("fit t.csv");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto first = outcome.out.find("does not fall all the way");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(outcome.out.find("does not fall all the way", first + 1), std::string::npos) << outcome.out;
}

TEST(Report, CanBeDrawnAgainFromWhatIsStored) {
  const fs::path place = fresh("report");
  write(place / "text.txt", sentences(20'000));
  ASSERT_EQ(program("train --data text.txt --out out --quiet" + kTiny).code, 0);
  const std::string page = read(place / "out/report.html");
  fs::remove(place / "out/report.html");
  ASSERT_EQ(program("report out").code, 0);
  EXPECT_EQ(read(place / "out/report.html"), page);
}

TEST(Data, TwoStarsReachEveryDepthAndWhatAFolderLeavesOutIsCounted) {
  const fs::path place = fresh("globs");
  fs::create_directories(place / "tree/a/b");
  for (const char* file : {"tree/one.txt", "tree/a/two.txt", "tree/a/b/three.txt"}) write(place / file, file + sentences(20'000));
  write(place / "tree/picture.png", "not text");
  const Outcome glob = program("data stats 'tree/**/*.txt' --json");
  ASSERT_EQ(glob.code, 0) << glob.err;
  EXPECT_EQ(glob.json()["files"].size(), 3U);
  EXPECT_THAT(program("data stats tree").err, HasSubstr("1 file was passed over"));
}

TEST(DryRun, SaysTheFlopsOfAllRuns) {
  const fs::path place = fresh("flops");
  write(place / "text.txt", sentences(20'000));
  const std::string command = "run --preset quick --data text.txt --flops 1e13 --out out --dry-run";
  const auto json = program(command + " --json").json();
  double flops = 0;
  for (const auto& run : json["runs"]) flops += run["flops_exact"].get<double>();
  EXPECT_DOUBLE_EQ(json["flops_exact"], flops);
  EXPECT_LE(json["flops_exact_most"], 1e13);
  EXPECT_GE(flops, 0.9e13);
  EXPECT_THAT(program(command).out, testing::AllOf(HasSubstr("FLOPs, "), HasSubstr("steps cut from 500 to ")));
}

TEST(Data, BlocksAreCutAsTheFlagOfTheRunSays) {
  const fs::path place = fresh("blocks");
  write(place / "text.txt", sentences(3'000));
  EXPECT_EQ(program("train --quiet --data text.txt --out a" + kTiny).code, 65) << "one block: nothing can be held out";
  EXPECT_EQ(program("train --quiet --data text.txt --out a --block-characters 300 --source-key from" + kTiny).code, 0);
}

TEST(DryRun, TrainsNothingAndWritesNoStudy) {
  const fs::path place = fresh("dry");
  write(place / "text.txt", sentences(20'000));
  const Outcome outcome = program("train --data text.txt --out out --dry-run --json" + kTiny);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_FALSE(fs::exists(place / "out"));
  EXPECT_GT(outcome.json()["runs"][0]["peak_bytes"], 0);
  EXPECT_GT(outcome.json()["runs"][0]["timing"]["seconds"], 0);
}

TEST(Doctor, LooksAtTheEnvironment) {
  (void)fresh("doctor");
  const auto json = program("doctor --json").json();
  EXPECT_GE(json["findings"].size(), 5U);
}

TEST(Signals, SigtermSavesACheckpointAndExitsWith75AndTheNextCallEndsTheSame) {
  const fs::path place = fresh("signals");
  write(place / "text.txt", sentences(20'000));
  const std::string flags =
      " --n_layer 2 --n_head 2 --n_embd 32 --block_size 32 --batch_size 8 --max_iters 2000 --threads 1 --split block "
      "--eval_interval 500 --checkpoint-interval 25";
  for (const auto& [signal, code] : {std::pair(SIGTERM, 75), std::pair(SIGUSR1, 75), std::pair(SIGINT, 130)}) {
    const Outcome stopped = stopped_by(signal, "train --data text.txt --out a --json" + flags, "a");
    ASSERT_EQ(stopped.code, code) << stopped.err;
  }
  const Outcome rest = program("train --data text.txt --out a --json" + flags);
  ASSERT_EQ(rest.code, 0) << rest.err;
  const Outcome whole = program("train --data text.txt --out b --json" + flags);
  ASSERT_EQ(whole.code, 0);
  EXPECT_EQ(rest.json()["runs"][0]["loss"], whole.json()["runs"][0]["loss"]);
  const std::string id = whole.json()["runs"][0]["id"];
  for (const char* file : {"steps.jsonl", "eval.jsonl", "record.json"})
    EXPECT_EQ(read(place / "a/runs" / id / file), read(place / "b/runs" / id / file)) << file;
}

}  // namespace
}  // namespace isoflop::test
