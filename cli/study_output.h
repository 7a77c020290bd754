// How studies and their runs are printed; shared by run and train.
#pragma once

#include "cli/command.h"
#include "isoflop/lab.h"

namespace cli {

/// Flags of every command that works on a study.
struct StudyFlags {
  std::vector<std::string> data;
  std::string out, cache, isa, dtype, utf8, text_key, split;
  std::int64_t threads = 0;
  std::int64_t checkpoint_interval = 200;
  bool allow_isa_change = false, recompute = false, dry_run = false;
};
void add_study_flags(CLI::App& app, StudyFlags& flags);

/// Lays the flags over a study and gives the lab's options; `default_name` names the default --out.
[[nodiscard]] isoflop::LabOptions apply(const StudyFlags& flags, const Globals& globals, isoflop::Study& study);

/// $ISOFLOP_CACHE, $XDG_CACHE_HOME/isoflop, ~/.cache/isoflop, or ./isoflop-cache where none is set.
[[nodiscard]] std::string default_cache();

/// Runs or dry-runs a study, prints the result, and maps stops and divergence to faults.
void do_study(const isoflop::Study& study, const isoflop::LabOptions& options, const StudyFlags& flags, const Globals& globals);

}  // namespace cli
