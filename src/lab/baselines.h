// Lines that need no network: what a model has to beat, on the held-out split, in nats per token of the study's tokens.
#pragma once

#include <vector>

#include "isoflop/report.h"
#include "lab/prepare.h"

namespace isoflop::lab {

/// Unigram cross-entropy (training frequencies, add-one) and `xz -9` of the held-out text.
[[nodiscard]] std::vector<Baseline> baselines(const Prepared& prepared);

}  // namespace isoflop::lab
