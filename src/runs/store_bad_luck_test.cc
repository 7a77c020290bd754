// Other writers, files in the way, folders without leave, and kills.
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>

#include "base/file.h"
#include "base/random.h"
#include "runs/fixture.h"

namespace isoflop {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(Store, ASecondWriterIsRefusedByName) {
  RunStore store = RunStore::open(study_);
  const auto writer = store.write(spec_of(1), "tiny", "g");
  EXPECT_THAT(message_of(Fault::failure, [&] { (void)store.write(spec_of(1), "tiny", "g"); }),
              testing::AllOf(HasSubstr("(tiny)"), HasSubstr("pid " + std::to_string(::getpid()))));
  EXPECT_NO_THROW((void)store.write(spec_of(2), "tiny", "g"));
}

/// Runs `body` in a child that has no privileges over our files; true if it returned true.
bool as_nobody(const std::function<bool()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    bool good = false;
    try {
      const bool dropped = ::geteuid() != 0 || (::setgroups(0, nullptr) == 0 && ::setegid(65534) == 0 && ::seteuid(65534) == 0);
      good = dropped && body();
    } catch (...) {
    }
    ::_exit(good ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST_F(Store, AReadOnlyFolderCanBeReadAndIsIoToWrite) {
  RunStore store = RunStore::open(study_);
  finished_run(store, 1);
  const std::string before = listed(store);
  for (const bool with_index : {true, false}) {
    if (!with_index) fs::remove(study_ / "index.db");
    const auto everything = fs::recursive_directory_iterator(study_);
    for (const auto& entry : everything) fs::permissions(entry.path(), entry.is_directory() ? fs::perms(0555) : fs::perms(0444));
    fs::permissions(study_, fs::perms(0555));
    EXPECT_TRUE(as_nobody([&] {
      const RunStore reader = RunStore::open_existing(study_);
      return listed(reader) == before && reader.verify().empty() && reader.steps(run_id(spec_of(1))).size() == 20;
    })) << "with index "
        << with_index;
    EXPECT_TRUE(as_nobody([&] {
      try {
        (void)RunStore::open(study_);
      } catch (const Error& error) {
        return error.fault() == Fault::io;
      }
      return false;
    }));
    fs::permissions(study_, fs::perms(0755));
  }
  for (const auto& entry : fs::recursive_directory_iterator(study_)) {
    if (entry.is_directory()) fs::permissions(entry.path(), fs::perms(0755));
  }
}

TEST_F(Store, AFileInTheWayIsIo) {
  overwrite(study_, "a file");
  EXPECT_THAT(message_of(Fault::io, [&] { (void)RunStore::open(study_); }), HasSubstr(study_.string()));
}

/// What a caller does: nothing if the run is finished, else all of it.
void train_on(const fs::path& study) {
  RunStore store = RunStore::open(study);
  const auto found = store.find(run_id(spec_of(1)));
  if (found && found->record.status == RunStatus::done) return;
  const auto writer = store.write(spec_of(1), "tiny", "g");
  write_steps(*writer, 0, 20);
  writer->finish(record_of(spec_of(1), "tiny"), {});
}

TEST_F(Store, KilledAtAnyMomentItGoesOnToTheSameBytes) {
  const auto start = std::chrono::steady_clock::now();
  train_on(study_ / "whole");
  const auto undisturbed =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start).count();
  const std::string id = run_id(spec_of(1));
  const Philox dice{.seed = 3, .stream = Stream::simulate};
  int killed = 0;
  for (std::uint64_t trial = 0; trial < 25; ++trial) {
    const fs::path study = study_ / "killed";
    fs::remove_all(study);
    for (std::uint32_t life = 0; life < 4; ++life) {
      const pid_t child = ::fork();
      if (child == 0) {
        int outcome = 0;
        try {
          train_on(study);
        } catch (const Error& error) {
          outcome = static_cast<int>(error.fault());
        }
        ::_exit(outcome);
      }
      ::usleep(static_cast<useconds_t>(dice.below(static_cast<std::uint64_t>(undisturbed), trial, life)));
      ::kill(child, SIGKILL);
      int status = 0;
      ::waitpid(child, &status, 0);
      killed += WIFSIGNALED(status) ? 1 : 0;
      if (!fs::is_directory(study / "runs")) continue;
      // whatever it was doing: readable, and finished only if all of it is there
      const RunStore store = RunStore::open_existing(study);
      for (const StoredRun& run : store.list()) {
        if (run.record.status == RunStatus::done) {
          ASSERT_THAT(store.steps(id), SizeIs(20));
        }
      }
      ASSERT_THAT(store.verify(), testing::Each(testing::Field(&VerifyProblem::problem, HasSubstr("no such file"))));
      if (WIFEXITED(status)) {
        ASSERT_EQ(WEXITSTATUS(status), 0);
        break;
      }
    }
    train_on(study);
    const RunStore store = RunStore::open_existing(study);
    for (const char* file : {"spec.json", "steps.jsonl", "eval.jsonl", "record.json"}) {
      ASSERT_EQ(read_file(study / "runs" / id / file), read_file(study_ / "whole" / "runs" / id / file))
          << file << " trial " << trial;
    }
    ASSERT_THAT(store.verify(), IsEmpty());
  }
  EXPECT_GT(killed, 5);
}

}  // namespace
}  // namespace isoflop
