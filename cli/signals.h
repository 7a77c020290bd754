// Signals as a stop token, and the output pieces that main needs.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "isoflop/base.h"

namespace cli {

void catch_signals();
void style(CLI::App& app, const std::string& example);  ///< help with the example first
void end_progress_line();                               ///< leaves a redrawn line standing
[[nodiscard]] int exit_code(isoflop::Fault fault);        ///< 130 where Ctrl-C was what stopped the library
[[nodiscard]] std::string usage_problem(const CLI::App& app, const CLI::ParseError& error);

}  // namespace cli
