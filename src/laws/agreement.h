// How well predictions meet losses, and how rows are shared out to be left out.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "isoflop/laws.h"

namespace isoflop::laws {

/// Pearson's correlation of ranks, equal values sharing their mean rank; none where either does not vary.
[[nodiscard]] std::optional<double> spearman_of(const std::vector<double>& a, const std::vector<double>& b);

/// Of a cross-validation: the fold that each of `units` is left out in, drawn by the seed; as even as they can be.
[[nodiscard]] std::vector<std::int64_t> folds_of(std::size_t units, std::int64_t folds, std::uint64_t seed);

}  // namespace isoflop::laws
