// The store keeps what was trained, and a run that was stopped goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "runs/fixture.h"
#include "runs/run_folder.h"

namespace isoflop {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(Store, GivesBackWhatWasWritten) {
  RunStore store = RunStore::open(study_);
  const std::string id = finished_run(store, 1);
  const auto runs = RunStore::open_existing(study_).list();
  ASSERT_THAT(runs, SizeIs(1));
  EXPECT_EQ(runs[0].id, id);
  EXPECT_EQ(to_json(runs[0].record), to_json(record_of(spec_of(1), "tiny")));
  ASSERT_TRUE(runs[0].timing);
  EXPECT_EQ(runs[0].timing->tokens_per_second, 900);
  EXPECT_EQ(runs[0].batch_tokens, 64);
  EXPECT_EQ(to_json(store.spec(id)), to_json(spec_of(1)));
  const auto steps = store.steps(id);
  ASSERT_THAT(steps, SizeIs(20));
  EXPECT_EQ(to_json(steps[7]), to_json(step_at(7)));
  ASSERT_THAT(store.evals(id), SizeIs(2));
  EXPECT_EQ(to_json(store.evals(id)[1]), to_json(eval_at(10)));
  EXPECT_THAT(store.verify(), IsEmpty());
}

TEST_F(Store, AFinishedRunIsNotWrittenAgain) {
  RunStore store = RunStore::open(study_);
  finished_run(store, 1);
  EXPECT_THAT(message_of(Fault::failure, [&] { (void)store.write(spec_of(1), "tiny", "g"); }), HasSubstr("is finished (done)"));
}

TEST_F(Store, ACrashedRunIsNeverTakenForFinished) {
  RunStore store = RunStore::open(study_);
  {
    const auto writer = store.write(spec_of(1), "tiny", "g");
    write_steps(*writer, 0, 7);
  }
  const auto runs = store.list();
  ASSERT_THAT(runs, SizeIs(1));
  EXPECT_EQ(runs[0].record.status, RunStatus::running);
  EXPECT_EQ(runs[0].record.name, "tiny");
  EXPECT_EQ(runs[0].record.steps, 7);
  EXPECT_EQ(runs[0].record.params.params, param_counts(spec_of(1).shape).params);
  // a record of which only a part reached the disk, or none of it
  const fs::path record = runs[0].folder / "record.json";
  const std::string whole = record_document({record_of(spec_of(1), "tiny"), std::string(16, '0'), std::string(16, '0')});
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, whole.size() / 2, whole.size() - 1}) {
    overwrite(record, whole.substr(0, size));
    EXPECT_EQ(store.list()[0].record.status, RunStatus::running) << size;
  }
  EXPECT_THAT(store.list()[0].record.reason, HasSubstr("record.json"));
  EXPECT_THAT(store.verify(), testing::Contains(testing::Field(&VerifyProblem::file, "record.json")));
  // and it can be trained on
  EXPECT_NO_THROW((void)store.write(spec_of(1), "tiny", "g"));
  EXPECT_FALSE(fs::exists(record));
}

TEST_F(Store, AStoppedRunGoesOn) {
  RunStore store = RunStore::open(study_);
  RunRecord stopped = record_of(spec_of(1), "tiny");
  stopped.status = RunStatus::stopped;
  {
    const auto writer = store.write(spec_of(1), "tiny", "g");
    write_steps(*writer, 0, 15);
    writer->finish(stopped, {});
  }
  EXPECT_EQ(store.list()[0].record.status, RunStatus::stopped);
  const auto writer = store.write(spec_of(1), "tiny", "g");
  EXPECT_EQ(store.list()[0].record.status, RunStatus::running);
  writer->rewind(12);
  write_steps(*writer, 12, 20);
  writer->finish(record_of(spec_of(1), "tiny"), {});
  EXPECT_THAT(store.steps(run_id(spec_of(1))), SizeIs(20));
  EXPECT_THAT(store.verify(), IsEmpty());
}

TEST_F(Store, GoingOnGivesTheBytesOfARunNeverStopped) {
  RunStore whole = RunStore::open(study_ / "whole"), broken = RunStore::open(study_ / "broken");
  const std::string id = finished_run(whole, 1);
  for (const std::int64_t died_at : {3, 9, 13}) {
    const auto writer = broken.write(spec_of(1), "tiny", "g");
    writer->rewind(std::min<std::int64_t>(died_at - 1, 8));
    write_steps(*writer, std::min<std::int64_t>(died_at - 1, 8), died_at);
    append(writer->folder() / "steps.jsonl", "{\"step\":" + std::to_string(died_at) + ",\"tok");
  }
  {
    const auto writer = broken.write(spec_of(1), "tiny", "g");
    writer->rewind(8);
    write_steps(*writer, 8, 20);
    writer->finish(record_of(spec_of(1), "tiny"), {.seconds = 9, .tokens_per_second = 1, .threads = 1, .peak_bytes = 1});
  }
  // steps 0 and 1 were lost with the first three lives, as the first rewind said
  EXPECT_EQ(broken.steps(id).front().step, 2);
  {
    fs::remove(study_ / "broken" / "runs" / id / "record.json");
    const auto writer = broken.write(spec_of(1), "tiny", "g");
    write_steps(*writer, 0, 20);  // begun again from nothing: the old lines go
    writer->finish(record_of(spec_of(1), "tiny"), {});
  }
  for (const char* file : {"spec.json", "steps.jsonl", "eval.jsonl", "record.json"}) {
    EXPECT_EQ(read_file(study_ / "broken" / "runs" / id / file), read_file(study_ / "whole" / "runs" / id / file)) << file;
  }
}

TEST_F(Store, BegunAgainWithoutACheckpointItHoldsOnlyTheNewLines) {
  RunStore store = RunStore::open(study_);
  for (int life = 0; life < 2; ++life) {
    const auto writer = store.write(spec_of(1), "tiny", "g");
    for (std::int64_t step = 0; step < 5 - life; ++step) writer->step(step_at(step));
  }
  EXPECT_THAT(store.steps(run_id(spec_of(1))), SizeIs(4));
}

TEST_F(Store, ATornLastRecordIsDroppedAndTheRestSurvive) {
  RunStore store = RunStore::open(study_);
  {
    const auto writer = store.write(spec_of(1), "tiny", "g");
    write_steps(*writer, 0, 5);
  }
  const std::string id = run_id(spec_of(1));
  const fs::path file = study_ / "runs" / id / "steps.jsonl";
  const std::string whole = read_file(file);
  const std::size_t before_last = whole.rfind('\n', whole.size() - 2) + 1;
  for (std::size_t size = before_last; size < whole.size(); ++size) {
    overwrite(file, whole.substr(0, size));
    ASSERT_THAT(store.steps(id), SizeIs(4)) << size;
  }
  const auto writer = store.write(spec_of(1), "tiny", "g");
  writer->step(step_at(4));
  EXPECT_EQ(read_file(file), whole);
}

TEST_F(Store, ADamagedLineInTheMiddleIsNamedAndNotTrainedOver) {
  RunStore store = RunStore::open(study_);
  {
    const auto writer = store.write(spec_of(1), "tiny", "g");
    write_steps(*writer, 0, 20);
  }
  const std::string id = run_id(spec_of(1));
  const fs::path file = study_ / "runs" / id / "steps.jsonl";
  std::string text = read_file(file);
  text[text.find("\"step\":11,") + 20] ^= 1;
  overwrite(file, text);
  EXPECT_THAT(message_of(Fault::bad_data, [&] { (void)store.steps(id); }),
              testing::AllOf(HasSubstr("steps.jsonl"), HasSubstr("line 12")));
  const auto writer = store.write(spec_of(1), "tiny", "g");
  EXPECT_THAT(message_of(Fault::bad_data, [&] { writer->rewind(15); }), HasSubstr("line 12"));
  EXPECT_THAT(message_of(Fault::bad_data, [&] { writer->rewind(12); }), HasSubstr("line 12"));
  writer->rewind(11);  // a checkpoint from before the damage heals it
  EXPECT_THAT(store.steps(id), SizeIs(11));
}

TEST_F(Store, FindsByIdByItsBeginningAndByName) {
  RunStore store = RunStore::open(study_);
  const std::string a = finished_run(store, 1, "tiny"), b = finished_run(store, 2, "small");
  finished_run(store, 3, "twin");
  finished_run(store, 4, "twin");
  EXPECT_EQ(store.find(a)->record.name, "tiny");
  EXPECT_EQ(store.find(a.substr(0, 12))->id, a);
  EXPECT_EQ(store.find("small")->id, b);
  EXPECT_FALSE(store.find("absent"));
  EXPECT_FALSE(store.find(""));
  EXPECT_THAT(message_of(Fault::usage, [&] { (void)store.find("twin"); }),
              testing::AllOf(HasSubstr(run_id(spec_of(3))), HasSubstr(run_id(spec_of(4)))));
  EXPECT_THAT(message_of(Fault::missing_input, [&] { (void)store.steps("0123456789abcdef"); }), HasSubstr("0123456789abcdef"));
  EXPECT_THAT(message_of(Fault::missing_input, [&] { (void)store.spec("../../etc"); }), HasSubstr("is not in"));
}

TEST_F(Store, AnAbsentStudyIsMissingInput) {
  EXPECT_THAT(message_of(Fault::missing_input, [&] { (void)RunStore::open_existing(study_); }), HasSubstr("no such study"));
  fs::create_directories(study_);
  EXPECT_THAT(message_of(Fault::missing_input, [&] { (void)RunStore::open_existing(study_); }), HasSubstr("no folder `runs`"));
}

}  // namespace
}  // namespace isoflop
