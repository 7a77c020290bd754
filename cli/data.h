// The commands under `isoflop data`.
#pragma once

#include "cli/command.h"
#include "cli/corpus_flags.h"

namespace cli {

void add_data_clean(CLI::App& data, Globals& globals);
void add_data_dedup(CLI::App& data, Globals& globals);
void add_data_stats(CLI::App& data, Globals& globals);
void add_data_mix(CLI::App& data, Globals& globals);

}  // namespace cli
