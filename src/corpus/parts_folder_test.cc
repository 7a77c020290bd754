// A folder of parts takes the place of its like, and of nothing else.
#include "corpus/parts_folder.h"

#include "base/file.h"
#include "corpus/testing.h"

namespace isoflop::corpus {
namespace {

using testing::HasSubstr;

class Parts : public InAFolder {
 protected:
  [[nodiscard]] std::string out() const { return (folder_ / "out").string(); }
  void write(const std::vector<fs::path>& read = {}) const {
    PartsFolder parts(out(), kCleanManifest, 100, read);
    parts.write("a line");
    (void)parts.close();
    parts.finish(R"({"kind": "isoflop clean", "parts": [{"name": "part-00000.jsonl"}]})");
  }
  void expect_refused(const std::string& words, const std::vector<fs::path>& read = {}) const {
    const Error error = error_of([&] { write(read); });
    EXPECT_EQ(error.fault(), Fault::usage);
    EXPECT_EQ(error.subject(), "out");
    EXPECT_THAT(error.problem(), HasSubstr(words));
  }
};

TEST_F(Parts, ReplaceAnEarlierResultOfTheirKind) {
  write();
  write();
  EXPECT_EQ(read_file(folder_ / "out/part-00000.jsonl"), "a line\n");
  EXPECT_FALSE(fs::exists(out() + ".partial"));
}

TEST_F(Parts, ReplaceNothingThatTheManifestDoesNotName) {
  write();
  for (const char* name : {"part-00001.jsonl", "part-mine.jsonl", "notes.txt"}) {
    const std::string mine = put(std::string("out/") + name, "mine");
    expect_refused(std::string("holds other files, and would be replaced: ") + name);
    EXPECT_EQ(read_file(mine), "mine");
    fs::remove(mine);
  }
  fs::create_directories(folder_ / "out/notes");
  expect_refused("holds other files, and would be replaced: notes");
  fs::remove(folder_ / "out/notes");
  write();
}

TEST_F(Parts, LoseNothingThatCameWhileTheyWereWritten) {
  write();
  {
    PartsFolder parts(out(), kCleanManifest, 100, {});
    EXPECT_EQ(error_of([&] { write(); }).fault(), Fault::failure) << "another writes it";
    parts.write("another line");
    (void)parts.close();
    put("out/mine", "mine");
    const Error error = error_of([&] { parts.finish("{}"); });
    EXPECT_EQ(error.fault(), Fault::usage);
    EXPECT_THAT(error.hint(), HasSubstr("out.partial"));
  }
  EXPECT_EQ(read_file(folder_ / "out/mine"), "mine");
  EXPECT_EQ(read_file(folder_ / "out/part-00000.jsonl"), "a line\n");
  EXPECT_EQ(read_file(folder_ / "out.partial/part-00000.jsonl"), "another line\n");
}

TEST_F(Parts, FollowASymbolicLinkAndLeaveItOne) {
  const fs::path target = folder_ / "disk/target";
  fs::create_directories(folder_ / "disk");
  fs::create_directory_symlink("disk/target", out());
  for (const bool there : {false, true}) {
    EXPECT_EQ(fs::exists(target), there);
    write();
    EXPECT_TRUE(fs::is_symlink(out()));
    EXPECT_EQ(read_file(target / "part-00000.jsonl"), "a line\n");
  }
  put("disk/target/mine", "mine");
  expect_refused("holds other files, and would be replaced: mine");
}

TEST_F(Parts, ReplaceNoOtherProgramsPartsAndManifest) {
  put("out/part-00000.jsonl", "{}\n");
  for (const char* manifest : {R"({"name": "an app"})", R"({"kind": "isoflop dedup"})", "[1]", "{"}) {
    put("out/manifest.json", manifest);
    expect_refused("holds other files");
    EXPECT_EQ(read_file(folder_ / "out/part-00000.jsonl"), "{}\n");
  }
}

TEST_F(Parts, ReplaceNothingThatIsRead) {
  write();
  expect_refused("which is read", {folder_ / "out/part-00000.jsonl"});
  fs::rename(out(), folder_ / "elsewhere");
  fs::create_directory_symlink(folder_ / "elsewhere", out());
  expect_refused("which is read", {folder_ / "elsewhere/part-00000.jsonl"});
  EXPECT_TRUE(fs::exists(folder_ / "elsewhere/part-00000.jsonl"));
}

TEST_F(Parts, AreMadeWhereOnlyAKilledProcessLeftSomething) {
  const std::string mine = put("out.partial/mine.jsonl", "mine");
  expect_refused("which is read", {mine});
  expect_refused("holds other files");
  EXPECT_EQ(read_file(mine), "mine");
  fs::remove(mine);
  const std::string notes = put("out.partial/part-of-mine.jsonl", "mine");
  expect_refused("holds other files");
  fs::remove(notes);
  put("out.partial/part-00000.jsonl", "half a");
  put("out.partial/bucket-7", "bytes");
  EXPECT_NO_THROW(write());

  fs::remove_all(out());
  const std::string file = put("out.partial", "a file");
  expect_refused("which is read", {file});
  expect_refused("no folder");
  EXPECT_EQ(read_file(file), "a file");
}

}  // namespace
}  // namespace isoflop::corpus
