// Another program run as a child, without a shell; its output comes back as text.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

namespace isoflop::corpus {

/// Runs words[0] (looked up as the system does) with the rest as its arguments in `folder`, with nothing on its input, and
/// returns what it wrote to its output. The child has this process's environment: clients of a registry need their settings.
///
/// Throws   failure: the program is not there (`missing_hint` says how to get it), or it ended otherwise than with 0 (its last
///          words follow); stopped, after the child was ended.
[[nodiscard]] std::string run_program(const std::vector<std::string>& words, const std::filesystem::path& folder,
                                      const std::string& missing_hint, const std::string& failed_hint, std::stop_token stop);

}  // namespace isoflop::corpus
