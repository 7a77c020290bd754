// The flags of `isoflop plan` about machines, and what they print.
#pragma once

#include "cli/command.h"
#include "isoflop/plan.h"

namespace cli {

struct MachineFlags {
  std::string gpus, count, hardware, arch = "llama";
  std::optional<double> days, usd, mfu, price;
  std::int64_t vocab_size = 0, block_size = 0;
};

void add_machine_flags(CLI::App& command, MachineFlags& flags);

/// FLOPs that --gpus and --days, or --usd, hold; nothing where neither is given.
std::optional<isoflop::Range> machine_budget(const MachineFlags& flags);
isoflop::MachineRequest machine_request(const MachineFlags& flags);

void print_machines(const isoflop::MachinePlan& machines);

}  // namespace cli
