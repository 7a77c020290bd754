// How studies and their runs are printed; shared by run and train.
#pragma once

#include "cli/command.h"
#include "isoflop/lab.h"

namespace cli {

/// Flags of every command that works on a study.
struct StudyFlags {
  std::vector<std::string> data;
  std::string out, cache, isa, dtype, utf8, text_key, source_key, split;
  std::optional<std::int64_t> block_characters;
  std::int64_t threads = 0;
  std::int64_t checkpoint_interval = 200;
  bool allow_isa_change = false, recompute = false, dry_run = false;
};
void add_study_flags(CLI::App& app, StudyFlags& flags);

/// Lays the flags over a study and gives the lab's options; `default_name` names the default --out.
[[nodiscard]] isoflop::LabOptions apply(const StudyFlags& flags, const Globals& globals, isoflop::Study& study);

/// $ISOFLOP_CACHE, $XDG_CACHE_HOME/isoflop, ~/.cache/isoflop, or ./isoflop-cache where none is set.
[[nodiscard]] std::string default_cache();

/// Does work that writes into the cache: where that cannot be, the hint says how to choose another (`how`), not another --out.
template <class Work>
auto in_cache(const std::string& cache, const std::string& how, Work work) {
  try {
    return work();
  } catch (const isoflop::Error& error) {
    const bool disk_full = error.hint().find("make room") != std::string::npos;
    if (error.fault() != isoflop::Fault::io || disk_full || !error.subject().starts_with(cache)) throw;
    throw isoflop::Error(error.fault(), error.subject(), error.problem(), "choose a cache folder you may write to with " + how);
  }
}

/// Runs or dry-runs a study, prints the result, and maps stops and divergence to faults.
void do_study(const isoflop::Study& study, const isoflop::LabOptions& options, const StudyFlags& flags, const Globals& globals);

}  // namespace cli
