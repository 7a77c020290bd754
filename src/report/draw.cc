#include "report/draw.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/math.h"
#include "base/quantile.h"

namespace isoflop::report {

FigurePoint at(double x, double y, const std::string& label) {
  return {.x = x, .y = y, .low = {}, .high = {}, .label = label};
}

FigureAxis axis(const std::string& label, AxisScale scale) {
  return {.label = label, .scale = scale, .low = {}, .high = {}};
}

std::string axis_words(const std::string& column) {
  static const std::map<std::string, std::string> kWords{
      {"params", "N, parameters"},      {"tokens", "D, training tokens"},   {"flops", "C, training FLOPs"},
      {"loss", "loss, nats per token"}, {"unique_tokens", "unique tokens"}, {"source_loss", "loss on the source, nats per token"},
      {"steps", "optimizer steps"}};
  const auto known = kWords.find(column);
  return known == kWords.end() ? column : known->second;
}

FigureAxis column_axis(const std::string& column, AxisScale scale) {
  FigureAxis of = axis(axis_words(column), scale);
  of.counts = column == "params" || column == "tokens" || column == "unique_tokens" || column == "steps";
  return of;
}

std::vector<double> log_spaced(double low, double high, int steps) {
  std::vector<double> values;
  for (int i = 0; i <= steps; ++i) values.push_back(exp_(log_(low) + (log_(high) - log_(low)) * i / steps));
  return values;
}

std::optional<std::pair<double, double>> middle(std::vector<double> values, double level) {
  values.erase(std::remove_if(values.begin(), values.end(), [](double v) { return !std::isfinite(v); }), values.end());
  if (values.size() < kLeastDraws) return std::nullopt;
  return middle_of(std::move(values), level);
}

}  // namespace isoflop::report
