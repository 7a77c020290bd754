// What the tests of every room share: a folder of their own, the error a call ends with, files replaced. Included by tests only.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include "isoflop/base.h"

namespace isoflop {

/// A folder of the running test's own, empty at its start.
inline std::filesystem::path fresh_folder(const std::string& name = "folder") {
  const testing::TestInfo* info = testing::UnitTest::GetInstance()->current_test_info();
  std::string own = std::string("isoflop_") + info->test_suite_name() + "_" + info->name();
  std::ranges::replace(own, '/', '_');  // in the names of parametrised tests
  std::filesystem::path path = std::filesystem::path(testing::TempDir()) / own / name;
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path;
}

/// The error a call ends with; a test failure if it ends without one.
template <class Call>
Error error_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error was thrown";
  return {Fault::failure, "", ""};
}

/// A new file in the place of the old one: cutting a file short and filling it again waits for the disk on some file systems.
inline void replace_file(const std::filesystem::path& path, const std::string& bytes) {
  std::filesystem::remove(path);
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace isoflop
