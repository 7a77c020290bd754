#include "report/law_points.h"

#include <cmath>

#include "laws/rows.h"
#include "report/figures.h"
#include "report/draw.h"

namespace isoflop::report {

std::optional<double> cell(const Observations& table, const std::string& name, std::size_t row) {
  const laws::Column* values = laws::find_column(table, name);
  return values ? (*values)[row] : std::nullopt;
}

std::vector<Constants> constants_of_draws(const Fit& fit) {
  std::vector<Constants> all;
  for (const auto& draw : fit.draws) {
    if (all.size() == kBandDraws) break;
    Constants constants = fit.constants;
    for (std::size_t k = 0; k < fit.draw_names.size(); ++k)
      if (constants.contains(fit.draw_names[k])) constants[fit.draw_names[k]] = draw[k];
    all.push_back(std::move(constants));
  }
  return all;
}

void add_line(const std::vector<double>& x, const std::vector<double>& y, const std::vector<std::vector<double>>& draws,
              const Fit& fit, const std::string& name, Figure& figure) {
  FigureSeries line{.mark = Mark::line, .name = name, .points = {}}, band{.mark = Mark::band, .name = "95 %", .points = {}};
  for (std::size_t i = 0; i < x.size(); ++i) {
    line.points.push_back(at(x[i], y[i]));
    std::vector<double> values;
    for (const auto& draw : draws) values.push_back(draw[i]);
    if (const auto ends = middle(std::move(values), 0.95)) {
      band.points.push_back(at(x[i], y[i]));
      band.points.back().low = y[i] + fit.interval_widening * (ends->first - y[i]);
      band.points.back().high = y[i] + fit.interval_widening * (ends->second - y[i]);
    }
  }
  if (!band.points.empty()) figure.series.push_back(std::move(band));
  figure.series.push_back(std::move(line));
}

std::vector<double> predictions(const Observations& grid, const Fit& fit, const Constants& constants) {
  std::vector<double> values;
  for (const auto& value : predict_law(grid, fit.law, constants)) values.push_back(value.value_or(std::nan("")));
  return values;
}

void add_rows(const Observations& table, const Fit& fit, const std::function<std::optional<double>(std::size_t)>& x,
              const std::string& y, const std::function<double(std::size_t)>& order, Figure& figure) {
  std::vector<bool> fitted(table.labels.size());
  for (const std::size_t row : fit.fitted) fitted[row] = true;
  std::map<std::pair<bool, double>, FigureSeries> series;
  for (std::size_t row = 0; row < table.labels.size(); ++row) {
    const auto across = x(row), up = cell(table, y, row);
    if (!across || !up) continue;
    const double place = order ? order(row) : 0;
    FigureSeries& s =
        series
            .try_emplace({fitted[row], place},
                         FigureSeries{.mark = Mark::points, .name = fitted[row] ? "fitted" : "not fitted", .points = {}})
            .first->second;
    s.tone = order ? Tone::ordered : Tone::accent;
    s.order = place;
    s.hollow = !fitted[row];
    s.faint = table.labels.size() > 40;
    s.points.push_back(at(*across, *up));
  }
  for (auto& [key, s] : series) figure.series.push_back(std::move(s));
}

std::optional<std::pair<double, double>> range_of(const Fit& fit, const std::function<std::optional<double>(std::size_t)>& x) {
  std::optional<std::pair<double, double>> range;
  for (const std::size_t row : fit.fitted)
    if (const auto value = x(row); value && *value > 0) {
      if (!range) range = {*value, *value};
      range->first = std::min(range->first, *value);
      range->second = std::max(range->second, *value);
    }
  return range;
}

}  // namespace isoflop::report
