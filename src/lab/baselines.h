// Lines that need no network: what a model has to beat, on the held-out split, in nats per token of the study's tokens.
#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/json.h"
#include "isoflop/lab.h"
#include "lab/prepare.h"

namespace isoflop::lab {

/// What the runs are held against by name.
inline constexpr const char* kUnigram = "unigram";
inline constexpr const char* kFiveGram = "5-gram";

/// Unigram cross-entropy (training frequencies, add-one), a Kneser-Ney 5-gram over characters trained on the training split (its
/// first 64 MiB), and `xz -9` of the held-out text (its first 64 MiB). Kept in `cache` by the token set's id, read from there the
/// next time.
///
/// Throws   stopped.
[[nodiscard]] std::vector<Baseline> baselines(const Prepared& prepared, const std::filesystem::path& cache,
                                              const std::stop_token& stop, const ProgressFn& progress);

/// What the above takes at most beside the tokens, in bytes: the counts of the 5-gram, and the compressor.
[[nodiscard]] std::int64_t baselines_bytes(const Prepared& prepared);

[[nodiscard]] Json json_of(const std::vector<Baseline>& baselines);
/// `baselines` of a file. Throws bad_data.
[[nodiscard]] std::vector<Baseline> baselines_from(const Json& file, const std::string& subject);

[[nodiscard]] std::optional<double> baseline_named(const std::vector<Baseline>& baselines, const std::string& name);

struct RunLoss {
  std::string name;
  double loss = 0;  ///< held-out, nats per token
};

/// Warnings that name the runs no better on held-out text than the unigram baseline (`above_unigram`), and of the others those no
/// better than the 5-gram (`pre_asymptotic`); none without such runs.
[[nodiscard]] std::vector<Warning> below_par(const std::vector<RunLoss>& runs, const std::vector<Baseline>& baselines);
[[nodiscard]] std::vector<Warning> below_par(const std::vector<StoredRun>& family, const std::vector<Baseline>& baselines);

[[nodiscard]] bool is_above(const StoredRun& run, const std::optional<double>& line);

}  // namespace isoflop::lab
