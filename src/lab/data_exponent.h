// The data exponent that a text's statistics predict (arXiv:2602.07488).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "isoflop/stats.h"

namespace isoflop::lab {

/// gamma of H_n - H_inf = c n^-gamma from the losses after 1, 2, ... symbols: least squares of ln(H_n - H_(n+1)) on ln(n^-gamma -
/// (n+1)^-gamma), which H_inf is not in. None for fewer than three losses, or losses that do not fall; no interval with three.
[[nodiscard]] std::optional<Estimate> entropy_decay(const std::vector<double>& losses, double level);

/// beta of a strength ~ lag^-beta: a line through the logarithms. None for fewer than three lags or a strength that does not
/// fall.
[[nodiscard]] std::optional<Estimate> correlation_decay(const std::vector<std::pair<double, double>>& strengths, double level);

/// gamma / (2 beta), its interval from both by their relative errors.
[[nodiscard]] Estimate predicted_exponent(const Estimate& gamma, const Estimate& beta);

/// Of texts of symbols below `vocabulary`; `losses` as entropy_decay, not looked at where gamma is given.
[[nodiscard]] DataExponent data_exponent(std::span<const std::vector<std::uint32_t>> texts, std::int64_t vocabulary,
                                         const std::vector<double>& losses, std::optional<double> gamma, double level);

}  // namespace isoflop::lab
