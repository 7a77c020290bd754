// A study's own files: what is wrong with one is said with its cure.
#pragma once

#include <filesystem>
#include <string>

#include "base/file.h"
#include "isoflop/base.h"
#include "runs/run_folder.h"

namespace isoflop::lab {

/// parse(text, subject) of a file that `isoflop run` writes whenever it is called.
template <class Parse>
auto read_with_cure(const std::filesystem::path& folder, const char* file, Parse parse) {
  try {
    const std::string subject = (folder / file).string();
    return parse(read_file(subject), subject);
  } catch (const Error& error) {
    throw Error(error.fault(), error.subject(), error.problem(), cure_of(file));
  }
}

}  // namespace isoflop::lab
