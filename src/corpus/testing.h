// Folders and files for this room's tests.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/testing.h"
#include "isoflop/corpus.h"

namespace isoflop::corpus {

namespace fs = std::filesystem;

/// A folder of the running test's own, empty at its start.
class InAFolder : public testing::Test {
 protected:
  void SetUp() override { folder_ = fresh_folder(); }
  void TearDown() override { fs::remove_all(folder_); }

  std::string put(const std::string& name, std::string_view bytes) const {
    const fs::path path = folder_ / name;
    fs::create_directories(path.parent_path());
    replace_file(path, std::string(bytes));
    return path.string();
  }

  fs::path folder_;
};

struct SeenUnit {
  std::string source, text;
  bool held_out, ends_document;
};

inline std::vector<SeenUnit> units_of(const Corpus& corpus) {
  std::vector<SeenUnit> units;
  corpus.for_each_unit([&](const Unit& unit) {
    EXPECT_EQ(unit.index, static_cast<std::int64_t>(units.size()));
    units.push_back({std::string(unit.source), std::string(unit.text), unit.held_out, unit.ends_document});
  });
  return units;
}

}  // namespace isoflop::corpus
