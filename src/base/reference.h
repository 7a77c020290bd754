// The published tables that tests labelled `reference` compare with: outside of the repository, for they are others'. Tests only.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace isoflop {

/// ISOFLOP_REFERENCE_DATA, else ../shared/data beside the sources.
inline std::filesystem::path reference_folder() {
  const char* given = std::getenv("ISOFLOP_REFERENCE_DATA");
  return given && *given ? std::filesystem::path(given)
                         : std::filesystem::path(ISOFLOP_SOURCE_DIR).parent_path() / "shared" / "data";
}

inline std::string reference_text(const std::string& name) {
  std::ifstream file(reference_folder() / name, std::ios::binary);
  EXPECT_TRUE(file) << "cannot read " << reference_folder() / name;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace isoflop

/// First line of a test that reads them: without them it is skipped, and says where they were looked for.
#define ISOFLOP_NEEDS_REFERENCE_DATA()                                  \
  if (!std::filesystem::exists(::isoflop::reference_folder() / "runs")) \
  GTEST_SKIP() << "no reference data in " << ::isoflop::reference_folder() << "; ISOFLOP_REFERENCE_DATA names another folder"
