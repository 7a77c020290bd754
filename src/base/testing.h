// What the tests of every room share: a folder of their own, the error a call ends with, files replaced. Included by tests only.
#pragma once

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "isoflop/base.h"

namespace isoflop {

/// The folder of this test process, removed at its end: the tests of two checkouts may run at once.
inline const std::filesystem::path& process_folder() {
  struct Owned {
    std::filesystem::path path;
    pid_t owner = ::getpid();
    Owned() {
      std::string name = testing::TempDir() + "/isoflop_XXXXXX";
      if (::mkdtemp(name.data()) == nullptr)
        throw std::filesystem::filesystem_error("mkdtemp", name, std::error_code(errno, std::system_category()));
      path = name;
      std::filesystem::permissions(path, std::filesystem::perms(0755));  // tests without privileges look inside
    }
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;
    ~Owned() {
      std::error_code ignored;
      if (::getpid() == owner) std::filesystem::remove_all(path, ignored);  // not in a forked child
    }
  };
  static const Owned owned;
  return owned.path;
}

/// A folder of the running test's own, empty at its start.
inline std::filesystem::path fresh_folder(const std::string& name = "folder") {
  const testing::TestInfo* info = testing::UnitTest::GetInstance()->current_test_info();
  std::string own = std::string(info->test_suite_name()) + "_" + info->name();
  std::ranges::replace(own, '/', '_');  // in the names of parametrised tests
  std::filesystem::path path = process_folder() / own / name;
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

/// What that error says and how it is mended, if its fault is this one; a test failure else.
template <class Call>
std::string message_of(Fault fault, const Call& call) {
  const Error error = error_of(call);
  EXPECT_EQ(error.fault(), fault) << error.what();
  return std::string(error.what()) + " | " + error.hint();
}

/// A text with something to learn: sentences over a small vocabulary from a fixed generator.
inline std::string sentences(std::size_t characters) {
  static constexpr const char* kWords[] = {"the",    "law",  "of",   "loss", "falls", "as",
                                           "models", "grow", "with", "data", "and",   "compute"};
  std::string text;
  std::uint32_t state = 7;
  for (int sentence = 0; text.size() < characters; ++sentence) {
    for (int w = 0; w < 7; ++w) {
      state = state * 1664525U + 1013904223U;
      text += (w == 0 ? "" : " ") + std::string(kWords[(state >> 16) % 12]);
    }
    text += sentence % 6 == 5 ? ".\n\n" : ". ";
  }
  return text;
}

/// A new file in the place of the old one: cutting a file short and filling it again waits for the disk on some file systems.
inline void replace_file(const std::filesystem::path& path, const std::string& bytes) {
  std::filesystem::remove(path);
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace isoflop
