// The commands below `isoflop data` that have a file of their own.
#pragma once

#include "cli/command.h"

namespace cli {

void add_data_clean(CLI::App& data, Globals& globals);

}  // namespace cli
