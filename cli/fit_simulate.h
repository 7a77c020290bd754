// isoflop fit --simulate: whether intervals hold the truth of tables made by a known law.
#pragma once

#include <optional>
#include <string>

#include "cli/command.h"
#include "isoflop/laws.h"

namespace cli {

struct SimulateFlags {
  std::string law;        ///< a JSON file; empty: no simulation
  std::int64_t rows = 0;  ///< 0: all of the table's, or 60
  isoflop::SimulateOptions options;
};

void add_simulate_flags(CLI::App& command, SimulateFlags& flags);
/// `design` is the table given, if any.
void run_simulation(const SimulateFlags& flags, const std::optional<isoflop::Observations>& design,
                    const isoflop::FitOptions& fit, const Globals& globals);

}  // namespace cli
