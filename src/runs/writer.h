// The writer of one run.
#pragma once

#include <functional>
#include <memory>

#include "isoflop/runs.h"

namespace isoflop {

/// `on_finish` is told of the run when its record is on disk.
[[nodiscard]] std::unique_ptr<RunWriter> make_writer(const std::filesystem::path& runs_folder, const RunSpec& resolved,
                                                     const std::string& name, const std::string& group,
                                                     std::function<void(const StoredRun&)> on_finish);

}  // namespace isoflop
