// Which files a study's folder keeps for itself (docs/formats/run.md).
#pragma once

#include <filesystem>

namespace isoflop {

/// Whether a path is a file that a study's folder keeps for itself, be it there or not: study.toml, laws.json, index.db, ..., and
/// whatever lies below its runs/.
///
/// Checked  study_files_test.cc.
[[nodiscard]] bool belongs_to_study(const std::filesystem::path& path);

}  // namespace isoflop
