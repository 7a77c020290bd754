// What is not as it was written is named, with what mends it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/json.h"
#include "runs/fixture.h"
#include "runs/run_folder.h"

namespace isoflop {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(Store, AnyByteOfAFinishedRunThatChangesIsNamed) {
  RunStore store = RunStore::open(study_);
  const std::string id = finished_run(store, 1);
  for (const char* name : {"record.json", "spec.json", "steps.jsonl", "eval.jsonl", "host.json"}) {
    const fs::path file = study_ / "runs" / id / name;
    const std::string whole = read_file(file);
    for (std::size_t at = 0; at < whole.size(); ++at) {
      flip(file, at);
      ASSERT_THAT(store.verify(), testing::Contains(testing::AllOf(testing::Field(&VerifyProblem::file, name),
                                                                   testing::Field(&VerifyProblem::run, id))))
          << name << " byte " << at;
      flip(file, at);
    }
    for (std::size_t size = 0; size < whole.size(); size += 7) {
      overwrite(file, whole.substr(0, size));
      ASSERT_THAT(store.verify(), testing::Not(IsEmpty())) << name << " cut to " << size;
    }
    overwrite(file, whole);
    ASSERT_THAT(store.verify(), IsEmpty());
  }
}

TEST_F(Store, ALineTakenOutOfAFinishedRunIsNoticed) {
  RunStore store = RunStore::open(study_);
  const std::string id = finished_run(store, 1);
  const fs::path file = study_ / "runs" / id / "steps.jsonl";
  std::string text = read_file(file);
  text.erase(0, text.find('\n') + 1);
  overwrite(file, text);
  ASSERT_THAT(store.verify(), SizeIs(1));
  EXPECT_THAT(store.verify()[0].problem, HasSubstr("lines are missing"));
}

TEST_F(Store, AChangedCheckpointIsNamed) {
  RunStore store = RunStore::open(study_);
  const std::string id = finished_run(store, 1);
  const fs::path checkpoint = study_ / "runs" / id / "ckpt" / "step_00000020";
  fs::create_directories(checkpoint);
  overwrite(checkpoint / "model.safetensors", "weights");
  Json state = Json::object();
  state["run"] = id;
  state["files"]["model.safetensors"] = {{"bytes", 7}, {"xxh3", hex64(xxh3(std::string_view("weights")))}};
  overwrite(checkpoint / "state.json", seal_json(state.dump()));
  EXPECT_THAT(store.verify(), IsEmpty());
  for (const char* file : {"model.safetensors", "state.json"}) {
    flip(checkpoint / file, 3);
    ASSERT_THAT(store.verify(), SizeIs(1)) << file;
    EXPECT_EQ(store.verify()[0].file, "ckpt/step_00000020");
    flip(checkpoint / file, 3);
  }
  fs::remove(checkpoint / "model.safetensors");
  EXPECT_THAT(store.verify()[0].problem, HasSubstr("model.safetensors is missing"));
}

TEST_F(Store, ASpecThatIsNotTheRunsIsRefused) {
  RunStore store = RunStore::open(study_);
  { (void)store.write(spec_of(1), "tiny", "g"); }
  { (void)store.write(spec_of(2), "tiny", "g"); }
  const fs::path one = study_ / "runs" / run_id(spec_of(1)), two = study_ / "runs" / run_id(spec_of(2));
  overwrite(one / "spec.json", read_file(two / "spec.json"));
  EXPECT_THAT(message_of(Fault::bad_data, [&] { (void)store.write(spec_of(1), "tiny", "g"); }), HasSubstr("spec of another run"));
}

TEST_F(Store, ASpecThatIsMissingOrDamagedIsWrittenAgainAndUnmakesNoResult) {
  RunStore store = RunStore::open(study_);
  const std::string id = finished_run(store, 1);
  const fs::path spec = study_ / "runs" / id / "spec.json";
  const std::string whole = read_file(spec), before = listed(store);
  for (const bool missing : {true, false}) {
    if (missing) {
      fs::remove(spec);
    } else {
      overwrite(spec, whole.substr(0, whole.size() / 2));
    }
    EXPECT_EQ(store.find(id)->record.status, RunStatus::done);
    EXPECT_THAT(store.verify(), SizeIs(1));
    EXPECT_THAT(message_of(missing ? Fault::missing_input : Fault::bad_data, [&] { (void)store.spec(id); }),
                HasSubstr("isoflop run"));
    EXPECT_TRUE(store.restore_spec(spec_of(1)));
    EXPECT_FALSE(store.restore_spec(spec_of(1)));
    EXPECT_EQ(read_file(spec), whole);
    EXPECT_EQ(listed(store), before);  // not as the index knew it without its spec
  }
  EXPECT_FALSE(store.restore_spec(spec_of(2)));  // no such run: nothing is begun
  EXPECT_THAT(store.list(), SizeIs(1));
  // an unfinished one goes on
  { (void)store.write(spec_of(2), "tiny", "g"); }
  overwrite(study_ / "runs" / run_id(spec_of(2)) / "spec.json", "{}");
  EXPECT_NO_THROW((void)store.write(spec_of(2), "tiny", "g"));
  EXPECT_THAT(store.verify(), IsEmpty());
}

TEST_F(Store, AFinishedRunWithoutItsLinesIsNotReadAsIfItHadNone) {
  RunStore store = RunStore::open(study_);
  const std::string id = finished_run(store, 1);
  for (const char* name : {"steps.jsonl", "eval.jsonl"}) {
    const fs::path file = study_ / "runs" / id / name;
    const std::string whole = read_file(file);
    const auto refusal = [&] {
      return message_of(Fault::bad_data, [&] { name[0] == 's' ? (void)store.steps(id) : (void)store.evals(id); });
    };
    const std::string one_line_less = whole.substr(0, whole.rfind('\n', whole.size() - 2) + 1);
    for (const std::string& cut : {std::string(), one_line_less, whole.substr(0, whole.size() - 1)}) {
      overwrite(file, cut);
      EXPECT_THAT(refusal(), testing::AllOf(HasSubstr(name), HasSubstr("train the run again"))) << cut.size();
    }
    fs::remove(file);
    EXPECT_THAT(refusal(), HasSubstr("is missing"));
    EXPECT_THAT(store.verify(), SizeIs(1));
    overwrite(file, whole);
  }
  EXPECT_THAT(store.steps(id), SizeIs(20));
}

TEST_F(Store, TheStudysOwnFilesAreCheckedAndThoseWithoutAChecksumNamed) {
  RunStore store = RunStore::open(study_);
  finished_run(store, 1);
  EXPECT_THAT(store.unsealed(), testing::ElementsAre("runs/*/timing.jsonl", "runs/*/log.txt"));
  overwrite(study_ / "tokenizer.json", kTokenizer);
  for (const char* file : {"plan.json", "mixture.json", "mixture_result.json"}) overwrite(study_ / file, seal_json("{\"a\":1}"));
  for (const char* file : {"study.resolved.toml", "corpus.manifest.json", "laws.json", "proxies.csv"})
    overwrite(study_ / file, "{}");
  EXPECT_THAT(store.verify(), IsEmpty());
  EXPECT_THAT(store.unsealed(), testing::ElementsAre("study.resolved.toml", "corpus.manifest.json", "laws.json", "proxies.csv",
                                                     "runs/*/timing.jsonl", "runs/*/log.txt"));
  for (const char* file : {"study.resolved.toml", "tokenizer.json", "corpus.manifest.json"}) {
    const std::string whole = read_file(study_ / file);
    fs::remove(study_ / file);
    ASSERT_THAT(store.verify(), SizeIs(1)) << file;
    EXPECT_EQ(store.verify()[0].file, file);
    overwrite(study_ / file, whole);
  }
  for (const char* file : {"tokenizer.json", "corpus.manifest.json", "laws.json"}) {
    const std::string whole = read_file(study_ / file);
    overwrite(study_ / file, whole.substr(0, whole.size() / 2));
    ASSERT_THAT(store.verify(), SizeIs(1)) << file;
    EXPECT_EQ(store.verify()[0].file, file);
    EXPECT_EQ(store.verify()[0].run, "");
    EXPECT_THAT(store.verify()[0].cure, HasSubstr("isoflop run"));
    overwrite(study_ / file, whole);
  }
  for (const char* file : {"plan.json", "mixture.json", "mixture_result.json"}) {
    overwrite(study_ / file, "{\"a\":2}");
    ASSERT_THAT(store.verify(), SizeIs(1)) << file;
    EXPECT_EQ(store.verify()[0].file, file);
    overwrite(study_ / file, seal_json("{\"a\":1}"));
  }
  overwrite(study_ / "tokenizer.json", seal_json("{\"kind\":\"char\"}"));  // whole, and another's
  ASSERT_THAT(store.verify(), SizeIs(1));
  EXPECT_THAT(store.verify()[0].problem, HasSubstr("not the tokenizer of the runs"));
  fs::remove(study_ / "tokenizer.json");
  EXPECT_THAT(store.verify(), SizeIs(1));
}

TEST_F(Store, AStudyOfMixturesThatHasEndedMissesAnyOfItsFiles) {
  RunStore store = RunStore::open(study_);
  overwrite(study_ / "proxies.csv", "run\n");
  EXPECT_THAT(store.verify(), IsEmpty()) << "its proxies are in training";
  for (const char* file : {"mixture.json", "mixture_result.json"}) overwrite(study_ / file, seal_json("{\"a\":1}"));
  overwrite(study_ / "laws.json", "{}");
  EXPECT_THAT(store.verify(), IsEmpty());
  for (const char* file : {"proxies.csv", "mixture.json", "mixture_result.json"}) {
    const std::string whole = read_file(study_ / file);
    fs::remove(study_ / file);
    ASSERT_THAT(store.verify(), SizeIs(1)) << file;
    EXPECT_EQ(store.verify()[0].file, file);
    EXPECT_THAT(store.verify()[0].cure, HasSubstr("isoflop run"));
    overwrite(study_ / file, whole);
  }
}

TEST_F(Store, ARunThatTheLawsNameIsMissed) {
  RunStore store = RunStore::open(study_);
  const std::string first = finished_run(store, 1), second = finished_run(store, 2);
  overwrite(study_ / "laws.json", "{\"runs\": [\"" + first + "\"], \"sweep\": [\"" + second + "\"]}");
  EXPECT_THAT(store.verify(), IsEmpty());
  fs::remove(study_ / "runs" / second / "record.json");
  EXPECT_THAT(store.verify(), SizeIs(1)) << "unfinished";
  for (const std::string& id : {first, second}) fs::remove_all(study_ / "runs" / id);
  const auto problems = store.verify();
  ASSERT_THAT(problems, SizeIs(2));
  EXPECT_EQ(problems[0].file, "laws.json");
  EXPECT_THAT(problems[0].problem, HasSubstr(first));
  EXPECT_THAT(problems[1].problem, HasSubstr(second));
}

TEST_F(Store, WhatChangesNoResultCostsNoTraining) {
  RunStore store = RunStore::open(study_);
  const std::string id = finished_run(store, 1);
  const fs::path folder = study_ / "runs" / id;
  overwrite(folder / "host.json", "{}");
  fs::create_directories(folder / "ckpt" / "step_00000020");
  overwrite(folder / "ckpt" / "step_00000020" / "state.json", "{}");
  const auto problems = store.verify();
  ASSERT_THAT(problems, SizeIs(2));
  for (const VerifyProblem& problem : problems) EXPECT_THAT(problem.cure, testing::Not(HasSubstr("train"))) << problem.file;
  fs::remove(folder / "host.json");
  fs::remove_all(folder / "ckpt" / "step_00000020");
  EXPECT_THAT(store.verify(), IsEmpty());
  EXPECT_EQ(store.find(id)->record.status, RunStatus::done);
}

}  // namespace
}  // namespace isoflop
