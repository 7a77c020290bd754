// Published constants on a table.
#pragma once

#include "isoflop/laws.h"

namespace isoflop::laws {

inline constexpr char kPublished[] = "published:";

/// fit_law with the constants of a published law (`name` without its prefix): nothing is fitted.
[[nodiscard]] FitResult evaluate_published(const Observations& table, const std::string& name, const FitOptions& options);

}  // namespace isoflop::laws
