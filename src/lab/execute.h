// One planned run, trained or found done.
#pragma once

#include <optional>

#include "base/team.h"
#include "isoflop/lab.h"
#include "lab/estimate.h"
#include "lab/prepare.h"

namespace isoflop::lab {

/// What all runs of a call share.
struct Workplace {
  const Prepared& prepared;
  RunStore& store;
  const LabOptions& options;
  Means means;
  Team& team;
};

/// Trains a run to its end, from its newest checkpoint if it has one; at once when the store holds it finished.
/// Result   the run as stored: done or diverged; nothing when a stop was requested (a checkpoint is saved).
/// Throws   failure when memory cannot be had (said before anything is trained), usage for a checkpoint of another instruction
///          set, io.
[[nodiscard]] std::optional<StoredRun> execute(const PlannedRun& run, const Workplace& place, bool& trained);

}  // namespace isoflop::lab
