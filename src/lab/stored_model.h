// A stored run's model, to sample from or to score text with.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/team.h"
#include "isoflop/runs.h"
#include "isoflop/tokens.h"
#include "lab/estimate.h"

namespace isoflop::lab {

/// A run by its id, the beginning of one, or its name. Throws missing_input, listing those there are.
[[nodiscard]] StoredRun stored_run(const RunStore& store, const std::string& name);

/// The weights of the run's newest whole checkpoint, in an engine that does not train.
///
/// Throws   bad_data if `tokenizer` is not the run's, or if a finished run's last checkpoint is not whole; missing_input if there is
///          none.
[[nodiscard]] std::unique_ptr<Engine> stored_engine(const StoredRun& run, const RunSpec& spec, const Tokenizer& tokenizer,
                                                    EngineOptions options, Team& team,
                                                    const std::function<void(const std::string&)>& log);

}  // namespace isoflop::lab
