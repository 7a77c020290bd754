// A run's state on disk: written whole, checked whole (docs/formats/checkpoint.md). For this room; others only time it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "model/engine.h"

namespace isoflop::checkpoint {

/// What a run carries from step to step beside the engine's tensors.
struct TrainState {
  std::int64_t step = 0;  ///< updates made
  std::string run;        ///< run id
  std::string isa;
  bool isa_changed = false;
  std::vector<double> losses;  ///< of the last 50 steps, oldest first
  std::optional<double> loss_best;
  std::int64_t evaluations_since_best = 0;
};

using Log = std::function<void(const std::string&)>;

/// Writes <root>/step_NNNNNNNN, then removes older ones beyond `keep`. Throws io; an unfinished folder is never taken for a
/// checkpoint.
void save(const std::filesystem::path& root, const Engine& engine, const TrainState& progress, std::int64_t keep);

struct ResumeRules {
  std::string run, isa;
  bool allow_isa_change = false;
};

/// Loads the newest whole checkpoint into the engine; those that are not whole are named and passed over. Nothing: there is none.
/// Throws   bad_data: it is another run's; usage: another instruction set's. The engine is then untouched.
[[nodiscard]] std::optional<TrainState> load_newest(Engine& engine, const std::filesystem::path& root, const ResumeRules& rules,
                                                    const Log& log);

}  // namespace isoflop::checkpoint
