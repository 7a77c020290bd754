// What every picture of a fitted law is made of: lines with the band of the draws, points of the table's rows.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "isoflop/report.h"

namespace isoflop::report {

using Constants = std::map<std::string, double>;

[[nodiscard]] std::optional<double> cell(const Observations& table, const std::string& name, std::size_t row);

/// The constants of each of the first draws.
[[nodiscard]] std::vector<Constants> constants_of_draws(const Fit& fit);

/// A line over `x` and the band of its draws about it, widened as the fit's intervals are.
void add_line(const std::vector<double>& x, const std::vector<double>& y, const std::vector<std::vector<double>>& draws,
              const Fit& fit, const std::string& name, Figure& figure);

/// Of every row of the grid; NaN where the law says nothing.
[[nodiscard]] std::vector<double> predictions(const Observations& grid, const Fit& fit, const Constants& constants);

/// Points of the table's rows, those of the fit filled.
void add_rows(const Observations& table, const Fit& fit, const std::function<std::optional<double>(std::size_t)>& x,
              const std::string& y, const std::function<double(std::size_t)>& order, Figure& figure);

/// Least and largest of the fitted rows, of those above 0.
[[nodiscard]] std::optional<std::pair<double, double>> range_of(const Fit& fit,
                                                                const std::function<std::optional<double>(std::size_t)>& x);

}  // namespace isoflop::report
