// What fits, mixtures and comparisons have in common, as JSON.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "isoflop/laws.h"

namespace isoflop::laws {

[[nodiscard]] Json json_of(const Interval& interval);
[[nodiscard]] Json json_of(const std::optional<Interval>& interval);  ///< null for none
[[nodiscard]] Json json_of(const std::vector<Warning>& warnings);
[[nodiscard]] Json json_of(const Agreement& agreement);
[[nodiscard]] Json json_of(const std::optional<Agreement>& agreement);
[[nodiscard]] Json json_of(const Estimate& estimate);  ///< `prediction` where there is one

/// The text. Labels come from files of others: a byte that is not UTF-8 must not stop the output.
[[nodiscard]] std::string dump(const Json& object);

}  // namespace isoflop::laws
