// The reference tables (shared/data/README.md), for tests: beside the project, or where ISOFLOP_REFERENCE_DATA points.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "isoflop/laws.h"

namespace isoflop {

/// The table, or nothing where the data are not there.
inline std::optional<Observations> reference_table(const std::string& name, const std::string& where = {},
                                                   const std::map<std::string, std::string>& rename = {}) {
  const char* at = std::getenv("ISOFLOP_REFERENCE_DATA");
  const std::filesystem::path data = at != nullptr ? std::filesystem::path(at) : std::filesystem::path(ISOFLOP_SOURCE_DIR) / "../shared/data";
  std::ifstream file(data / "runs" / name);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return observations_from_csv(text.str(), name, where, rename);
}

}  // namespace isoflop

/// Skips the test, and says so, where the table is not there.
#define ISOFLOP_REFERENCE_TABLE(name, ...)                                  \
  const auto name##_found = ::isoflop::reference_table(__VA_ARGS__);        \
  if (!name##_found) GTEST_SKIP() << "no reference data";                   \
  const ::isoflop::Observations& name = *name##_found
