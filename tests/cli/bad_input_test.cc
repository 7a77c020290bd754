// Bad input: one clear message, the right exit code, nothing already saved lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "program.h"

namespace isoflop::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

void expect_error(const Outcome& outcome, int code, const std::vector<std::string>& words) {
  EXPECT_EQ(outcome.code, code) << outcome.err;
  EXPECT_EQ(outcome.err.rfind("isoflop: ", 0) == 0 || outcome.err.find("\nisoflop: ") != std::string::npos, true) << outcome.err;
  for (const std::string& word : words) EXPECT_THAT(outcome.err, HasSubstr(word));
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n') <= 6, true) << outcome.err;
}

Outcome train(const std::string& data, const std::string& more = "") {
  return program("train --quiet --data " + data + " --out out" + kTiny + more);
}

TEST(BadInput, AMissingFileIs66) {
  (void)fresh("missing");
  expect_error(train("nowhere.txt"), 66, {"nowhere.txt"});
  expect_error(program("run study.toml --data x"), 66, {"study.toml"});
  expect_error(program("report nowhere"), 66, {"nowhere"});
  expect_error(program("runs ls nowhere"), 66, {"nowhere"});
  expect_error(program("fit nowhere.csv --law power_n"), 66, {"nowhere.csv"});
}

TEST(BadInput, AnEmptyFileIs65) {
  const fs::path place = fresh("empty");
  write(place / "e.txt", "");
  expect_error(train("e.txt"), 65, {"e.txt", "empty"});
}

TEST(BadInput, ABinaryFileIs65) {
  const fs::path place = fresh("binary");
  write(place / "b.txt", std::string("abc\0def", 7) + sentences(5000));
  expect_error(train("b.txt"), 65, {"b.txt", "3"});
}

TEST(BadInput, InvalidUtf8Is65AndNamesTheByteAndAPolicyMendsIt) {
  const fs::path place = fresh("utf8");
  write(place / "u.txt", sentences(1000).substr(0, 1000) + "\xff" + sentences(20'000));
  expect_error(train("u.txt"), 65, {"u.txt", "1000"});
  EXPECT_EQ(train("u.txt", "--utf8 replace").code, 0);
}

TEST(BadInput, ATextShorterThanAWindowIs65) {
  const fs::path place = fresh("window");
  write(place / "s.txt", sentences(20'000));
  expect_error(
      program("train --quiet --data s.txt --out out --n_layer 1 --n_head 1 --n_embd 8 --split block --block_size 100000"), 65,
      {"block_size"});
}

TEST(BadInput, ASplitThatHoldsNothingOutIs65) {
  const fs::path place = fresh("split");
  write(place / "s.txt", "one line only\n");
  expect_error(train("s.txt"), 65, {});
}

TEST(BadInput, ABadLineOfJsonlIs65AndNamesFileAndLine) {
  const fs::path place = fresh("jsonl");
  write(place / "d.jsonl", "{\"text\": \"one\"}\n{\"text\": 5}\n");
  expect_error(train("d.jsonl"), 65, {"d.jsonl", "2", "text"});
}

TEST(BadInput, ANumberThatCannotBeMeantIs2WithOneShortLine) {
  const fs::path place = fresh("numbers");
  write(place / "s.txt", sentences(20'000));
  const std::string train = "train --data s.txt --out out --n_layer 1 --n_head 1 --n_embd 8 --block_size 16 --quiet ",
                    run = "run --data s.txt --out out --quiet ";
  for (const auto& [command, flag] :
       std::vector<std::pair<std::string, std::string>>{{run + "--minutes nan", "--minutes"},
                                                        {run + "--minutes 0", "--minutes"},
                                                        {run + "--minutes 1e300", "--minutes"},
                                                        {run + "--flops nan", "--flops"},
                                                        {run + "--flops 1e300", "--flops"},
                                                        {run + "--flops 1e6", "--flops"},
                                                        {run + "--preset quick --flops 1e11", "--flops"},
                                                        {train + "--max_iters 0", "--max_iters"},
                                                        {train + "--max_iters -1", "--max_iters"},
                                                        {train + "--max_iters 99999999999999999999", "--max_iters"},
                                                        {train + "--max_iters 9000000000000000", "--max_iters"},
                                                        {train + "--target_flops -1", "--target_flops"},
                                                        {train + "--target_flops 1e300", "--target_flops"},
                                                        {train + "--target_param_data_ratio 1e30", "--target_param_data_ratio"},
                                                        {train + "--seed -1", "--seed"},
                                                        {train + "--learning_rate nan", "--learning_rate"},
                                                        {train + "--split none", "--split none"},
                                                        {"sample out --temperature nan", "--temperature"},
                                                        {"sample out --seed -1", "--seed"},
                                                        {"bench --seconds nan", "--seconds"}}) {
    const Outcome outcome = program(command);
    expect_error(outcome, 2, {flag});
    EXPECT_LT(outcome.err.size(), 300U) << outcome.err;
  }
  EXPECT_FALSE(fs::exists(place / "out/runs"));
}

TEST(BadInput, AStudyThatNoRunCouldHaveIs78AndNamesTheFile) {
  const fs::path place = fresh("norun");
  write(place / "s.toml", "[train]\nbatch_size = 0\n[[models]]\nname = \"a\"\n");
  expect_error(program("run s.toml --data x"), 78, {"s.toml:2:14", "batch_size"});
}

TEST(BadInput, AnUnknownKeyInAStudyIs78WithTheNearestKey) {
  const fs::path place = fresh("key");
  write(place / "s.toml", "[train]\nlearning_rat = 1e-3\n[[models]]\nn_layer = 1\n");
  expect_error(program("run s.toml --data x"), 78, {"s.toml:2:1", "learning_rat", "learning_rate"});
}

TEST(BadInput, AnImpossibleShapeIs78) {
  (void)fresh("shape");
  expect_error(program("train --data x --n_embd 100 --n_head 3"), 78, {"n_embd", "100", "3"});
}

TEST(BadInput, WhatIsNotBuiltYetIsRefusedByName) {
  const fs::path place = fresh("unbuilt");
  write(place / "s.toml", "[model]\nexperts = 4\n[[models]]\nn_layer = 1\n");
  expect_error(program("run s.toml --data x"), 78, {"experts", "not built yet"});
}

TEST(BadInput, ADropoutOutOfRangeIs2) {
  (void)fresh("dropout");
  for (const char* share : {"1", "-0.1", "nan"})
    expect_error(program(std::string("train --data x --dropout ") + share), 2, {"dropout", "[0, 1)"});
}

TEST(BadInput, MoreMemoryThanTheMachineHasIsSaidBeforeStarting) {
  const fs::path place = fresh("memory");
  write(place / "s.txt", sentences(20'000));
  expect_error(
      program("train --quiet --data s.txt --out out --n_layer 400 --n_head 64 --n_embd 8192 --split block --block_size 16"), 1,
      {"GiB", "available"});
  EXPECT_FALSE(fs::exists(place / "out/runs"));
}

TEST(BadInput, AnOutputThatCannotBeWrittenIs74) {
  const fs::path place = fresh("readonly");
  write(place / "s.txt", sentences(20'000));
  write(place / "file", "in the way");
  expect_error(program("train --quiet --data s.txt --out file/out" + kTiny), 74, {"file"});
  expect_error(program("train --quiet --data s.txt --out /proc/isoflop" + kTiny), 74, {"/proc/isoflop"});
}

TEST(BadInput, AFullDiskIs74AndNothingSavedIsLost) {
  const fs::path place = fresh("full");
  write(place / "s.txt", sentences(20'000));
  fs::create_directories(place / "disk");
  if (geteuid() != 0 ||
      std::system(("mount -t tmpfs -o size=600k none " + (place / "disk").string() + " 2>/dev/null").c_str()) != 0) {
    GTEST_SKIP() << "a small disk cannot be mounted here";
  }
  const std::string small = "train --quiet --data s.txt --out disk/out" + kTiny;
  const Outcome first = program(small);
  const std::string large =
      "train --quiet --data s.txt --out disk/out --n_layer 2 --n_head 4 --n_embd 64 --block_size 16 --batch_size 4 --max_iters "
      "20 --split block";
  const Outcome second = program(large);
  const Outcome listed = program("runs ls disk/out --json");
  (void)std::system(("umount " + (place / "disk").string()).c_str());
  EXPECT_EQ(first.code, 0) << first.err;
  expect_error(second, 74, {"free"});
  ASSERT_EQ(listed.code, 0) << listed.err;
  bool kept = false;
  const auto json = listed.json();
  for (const auto& run : json["runs"]) kept = kept || run["status"] == "done";
  EXPECT_TRUE(kept);
}

TEST(BadInput, ALevelThatIsNoNumberIs2) {
  const fs::path place = fresh("level");
  write(place / "t.csv", "params,loss\n1e4,3\n1e5,2.5\n1e6,2.1\n");
  for (const char* level : {"nan", "inf", "1", "0.9x"})
    expect_error(program(std::string("fit t.csv --level ") + level), 2, {"--level", level});
}

TEST(BadInput, ATableOfAnyNumbersGivesALawAReasonOrItsLine) {
  const fs::path place = fresh("numbers");
  for (const char* rows :
       {"1e4,3e300\n1e5,2.5\n1e6,2.1\n", "1e300,3e300\n1e307,2.5\n1e308,2.1\n", "1e4,3e-320\n1e5,2e-320\n1e6,1e-320\n",
        "1e-300,3\n1e5,2.5\n1e6,2.1\n", "10000,3\n10000.0000001,2.5\n10000.0000002,2.1\n"}) {
    write(place / "t.csv", std::string("params,loss\n") + rows);
    const Outcome outcome = program("fit t.csv");
    EXPECT_EQ(outcome.code, 0) << rows << outcome.err;
  }
  write(place / "t.csv", "params,loss,status\n1e4,3,done\n1e5,2.5,banana\n");
  expect_error(program("fit t.csv"), 65, {"t.csv:3", "banana"});
}

TEST(BadInput, AConditionThatCannotBeReadIs2) {
  const fs::path place = fresh("where");
  write(place / "t.csv", "params,loss\n1e4,3\n1e5,2.5\n1e6,2.1\n");
  expect_error(program("fit t.csv --where 'params<1e5 or loss>2'"), 2, {"--where", "`or`"});
  expect_error(program("fit t.csv --where 'params<banana'"), 2, {"--where", "banana"});
  expect_error(program("fit t.csv --where 'params<1e6 and'"), 2, {"--where", "and"});
}

// flips one byte in the middle of a file
void damage(const fs::path& path) {
  std::string bytes = read(path);
  ASSERT_FALSE(bytes.empty()) << path;
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x10);
  write(path, bytes);
}

fs::path find_file(const fs::path& root, const std::string& ending) {
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_regular_file() && name.size() >= ending.size() &&
        name.compare(name.size() - ending.size(), ending.size(), ending) == 0)
      return entry.path();
  }
  return {};
}

TEST(BadInput, ADamagedTokenFileIsDetectedAndNamed) {
  for (const bool truncate : {false, true}) {
    const fs::path place = fresh("tokens");
    write(place / "s.txt", sentences(20'000));
    ASSERT_EQ(train("s.txt").code, 0);
    const fs::path file = find_file(place / "cache", ".tok");
    ASSERT_FALSE(file.empty());
    if (truncate) {
      fs::resize_file(file, fs::file_size(file) / 2);
    } else {
      damage(file);
    }
    expect_error(train("s.txt", "--seed 5"), 65, {file.filename().string()});
  }
}

TEST(BadInput, ADamagedCheckpointIsNamedAndThePreviousOneUsed) {
  const fs::path place = fresh("checkpoint");
  write(place / "s.txt", sentences(20'000));
  const std::string command =
      "train --data s.txt --out a --n_layer 2 --n_head 2 --n_embd 32 --block_size 32 --batch_size 8 --max_iters 1500 --threads 1 "
      "--split block --checkpoint-interval 25 --json";
  const Outcome stopped = stopped_by(SIGTERM, command, "a", 2);
  ASSERT_EQ(stopped.code, 75) << stopped.err;
  fs::path newest;
  for (const auto& entry : fs::recursive_directory_iterator(place / "a/runs")) {
    if (entry.path().filename() == "model.safetensors") newest = std::max(newest, entry.path());
  }
  damage(newest);
  const Outcome rest = program(command);
  ASSERT_EQ(rest.code, 0) << rest.err;
  EXPECT_THAT(rest.err, HasSubstr(newest.parent_path().filename().string()));
  std::string other = command;
  other.replace(other.find("--out a"), 7, "--out b");
  EXPECT_EQ(program(other).json()["runs"][0]["loss"], rest.json()["runs"][0]["loss"]);
}

TEST(BadInput, ADamagedRecordIsNamedAndNeverTakenForFinished) {
  const fs::path place = fresh("record");
  write(place / "s.txt", sentences(20'000));
  ASSERT_EQ(train("s.txt").code, 0);
  const fs::path file = find_file(place / "out/runs", "record.json");
  const std::string whole = read(file);
  damage(file);
  expect_error(program("runs verify out"), 65, {"record.json", "run the study again"});
  EXPECT_EQ(train("s.txt").code, 0);  // as the hint says
  EXPECT_EQ(read(file), whole);
  EXPECT_EQ(program("runs verify out").code, 0);
}

TEST(BadInput, AFinishedRunThatLostItsLinesIsNamedAndItsCure) {
  const fs::path place = fresh("lines");
  write(place / "s.txt", sentences(20'000));
  ASSERT_EQ(train("s.txt").code, 0);
  for (const char* name : {"steps.jsonl", "eval.jsonl"}) {
    const fs::path file = find_file(place / "out/runs", name);
    const std::string whole = read(file);
    for (const bool missing : {false, true}) {
      if (missing) {
        fs::remove(file);
      } else {
        fs::resize_file(file, whole.rfind('\n', whole.size() - 2) + 1);
      }
      for (const Outcome& outcome : {train("s.txt"), program("report out"), program("runs verify out")}) {
        expect_error(outcome, 65, {name, "train the run again"});
      }
    }
    write(file, whole);
  }
  EXPECT_EQ(program("report out").code, 0);
}

TEST(BadInput, ALostSpecIsWrittenAgainAndNothingIsTrained) {
  const fs::path place = fresh("spec");
  write(place / "s.txt", sentences(20'000));
  ASSERT_EQ(train("s.txt").code, 0);
  const fs::path file = find_file(place / "out/runs", "spec.json");
  const std::string whole = read(file);
  for (const bool missing : {false, true}) {
    if (missing) {
      fs::remove(file);
    } else {
      damage(file);
    }
    expect_error(program("report out"), missing ? 66 : 65, {"spec.json", "isoflop run"});
    const Outcome again = train("s.txt", "--json");
    ASSERT_EQ(again.code, 0) << again.err;
    EXPECT_EQ(again.json()["trained"], 0);
    EXPECT_EQ(read(file), whole);
  }
}

TEST(BadInput, ALostTokenizerIsMendedByRun) {
  const fs::path place = fresh("tokenizer");
  write(place / "s.txt", sentences(20'000));
  ASSERT_EQ(train("s.txt").code, 0);
  fs::remove(place / "out/tokenizer.json");
  expect_error(program("sample out"), 66, {"tokenizer.json", "isoflop run"});
  expect_error(program("report out"), 66, {"tokenizer.json", "isoflop run"});
  expect_error(program("runs verify out"), 65, {"tokenizer.json"});
  ASSERT_EQ(train("s.txt").code, 0);
  EXPECT_EQ(program("sample out --tokens 5").code, 0);
  expect_error(program("tok decode --tokenizer s.txt 1 2"), 65, {"s.txt", "is not a tokenizer"});
}

TEST(BadInput, ACacheThatCannotBeWrittenSaysHowToChooseAnother) {
  const fs::path place = fresh("nocache");
  write(place / "s.txt", sentences(20'000));
  write(place / "cache", "in the way");
  expect_error(train("s.txt"), 74, {"cache", "--cache or ISOFLOP_CACHE"});
}

TEST(BadInput, AStudysHeldOutShareOutOfRangeIs78) {
  const fs::path place = fresh("share");
  write(place / "s.toml", "[data]\nval_fraction = 0.6\n[[models]]\nn_layer = 1\n");
  expect_error(program("run s.toml --data x"), 78, {"s.toml:2:16", "val_fraction", "(0, 0.5]"});
}

TEST(BadInput, ALossThatIsNotANumberStopsBeforeTheUpdateWith79) {
  const fs::path place = fresh("nan");
  write(place / "s.txt", sentences(20'000));
  const std::string command =
      "train --data s.txt --out out --json --n_layer 1 --n_head 1 --n_embd 8 --block_size 16 --batch_size 4 --max_iters 50 "
      "--split block --learning_rate 1e30 --grad_clip 0";
  const Outcome outcome = program(command);
  EXPECT_EQ(outcome.code, 79) << outcome.err;
  EXPECT_EQ(outcome.json()["runs"][0]["status"], "diverged");
  EXPECT_EQ(outcome.json()["runs"][0]["loss"], nullptr);
  EXPECT_EQ(program("runs ls out --json").json()["runs"][0]["status"], "diverged");
  EXPECT_EQ(program(command).code, 79);
}

}  // namespace
}  // namespace isoflop::test
