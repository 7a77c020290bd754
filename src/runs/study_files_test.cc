// What a study's folder keeps for itself.
#include "isoflop/studyfiles.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/testing.h"

namespace isoflop {
namespace {

namespace fs = std::filesystem;

TEST(StudyFiles, AreThoseTheStudyWritesAndWhatLiesBelowItsRuns) {
  const fs::path place = fresh_folder(), study = place / "out";
  fs::create_directories(study / "runs" / "one");
  EXPECT_FALSE(belongs_to_study(study / "laws.json")) << "no study yet";
  write_output(study / "study.resolved.toml", "");
  for (const char* name : {"study.toml", "study.resolved.toml", "laws.json", "index.db", "runs.csv", "runs/one/record.json"})
    EXPECT_TRUE(belongs_to_study(study / name)) << name;
  for (const char* name : {"page.html", "other.csv", "figures/laws.json", "runs.txt"})
    EXPECT_FALSE(belongs_to_study(study / name)) << name;
  fs::create_symlink(study / "laws.json", place / "link");
  EXPECT_TRUE(belongs_to_study(place / "link"));
  EXPECT_FALSE(belongs_to_study(place / "laws.json"));
  fs::remove_all(place);
}

}  // namespace
}  // namespace isoflop
