// The fit without each row in turn: standard errors of another kind, and the rows that move the answer.
#pragma once

#include "laws/problem.h"

namespace isoflop::laws {

/// The fit without each unit (row, or group of rows) in turn, from `best`; one theta a unit, nothing where there is no minimum.
[[nodiscard]] std::vector<std::optional<Theta>> leave_out_each(const Problem& problem, const Theta& best, std::int64_t threads,
                                                               const std::stop_token& stop);

/// sqrt((n - 1) / n sum (x_i - mean)^2) over the values without each unit.
[[nodiscard]] double jackknife_error(const std::vector<double>& without);

}  // namespace isoflop::laws
