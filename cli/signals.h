// Signals as a stop token, and the output pieces that main needs.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace cli {

void catch_signals();
void style(CLI::App& app, const std::string& example);  ///< help with the example first
void end_progress_line();                               ///< leaves a redrawn line standing
[[nodiscard]] std::string usage_problem(const CLI::App& app, const CLI::ParseError& error);

}  // namespace cli
