// Small things that figures of laws and of plans are made of.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "isoflop/report.h"

namespace isoflop::report {

inline constexpr std::size_t kBandDraws = 200;  ///< that a band or a mean is made of

[[nodiscard]] FigurePoint at(double x, double y, const std::string& label = {});
[[nodiscard]] FigureAxis axis(const std::string& label, AxisScale scale);
/// Of a column: "N, parameters" for params, a column of no known meaning by its name; what is counted is marked so.
[[nodiscard]] FigureAxis column_axis(const std::string& column, AxisScale scale = AxisScale::log);
[[nodiscard]] std::string axis_words(const std::string& column);
/// steps + 1 values from low to high, equal steps of the logarithm.
[[nodiscard]] std::vector<double> log_spaced(double low, double high, int steps);
/// The middle share of the finite values; none where they are fewer than kLeastDraws.
[[nodiscard]] std::optional<std::pair<double, double>> middle(std::vector<double> values, double level);

}  // namespace isoflop::report
