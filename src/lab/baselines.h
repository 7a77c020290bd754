// Lines that need no network: what a model has to beat, on the held-out split, in nats per token of the study's tokens.
#pragma once

#include <filesystem>
#include <vector>

#include "isoflop/report.h"
#include "lab/prepare.h"

namespace isoflop::lab {

/// What the runs are held against by name.
inline constexpr const char* kUnigram = "unigram";
inline constexpr const char* kFiveGram = "5-gram";

/// Unigram cross-entropy (training frequencies, add-one), a Kneser-Ney 5-gram over characters trained on the training split (its
/// first 64 MiB), and `xz -9` of the held-out text (its first 64 MiB). Kept in `cache` by the token set's id, read from there the
/// next time.
[[nodiscard]] std::vector<Baseline> baselines(const Prepared& prepared, const std::filesystem::path& cache);

}  // namespace isoflop::lab
