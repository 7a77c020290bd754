// Small things that figures of laws and of plans are made of.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "isoflop/report.h"

namespace isoflop::report {

inline constexpr int kGrid = 48;  ///< places along a line

[[nodiscard]] FigurePoint at(double x, double y, const std::string& label = {});
[[nodiscard]] FigureAxis axis(const std::string& label, AxisScale scale);
/// steps + 1 values from low to high, equal steps of the logarithm.
[[nodiscard]] std::vector<double> log_spaced(double low, double high, int steps);
/// The middle share of the finite values; none where they are fewer than 40.
[[nodiscard]] std::optional<std::pair<double, double>> middle(std::vector<double> values, double level);

}  // namespace isoflop::report
