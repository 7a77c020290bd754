// A corpus' statistics as figure descriptions.
#include <algorithm>

#include "isoflop/text.h"
#include "isoflop/stats.h"

namespace isoflop {
namespace {

FigurePoint at(double x, double y) {
  return {.x = x, .y = y, .low = {}, .high = {}, .label = {}};
}

Figure growth_figure(const std::vector<GrowthCurve>& curves, const std::string& over) {
  Figure figure;
  figure.id = "growth_" + over;
  figure.title = "Distinct n-grams of " + over + " against text read";
  figure.x = {.label = over + " read", .scale = AxisScale::log, .low = {}, .high = {}};
  figure.y = {.label = "distinct n-grams", .scale = AxisScale::log, .low = {}, .high = {}};
  int most = 1;
  for (const GrowthCurve& curve : curves)
    if (curve.over == over) most = std::max(most, curve.n);
  for (const GrowthCurve& curve : curves) {
    if (curve.over != over) continue;
    FigureSeries line{.mark = Mark::line,
                      .name = "n = " + std::to_string(curve.n) + ", " + format_significant(curve.exponent.value, 2),
                      .tone = Tone::ordered,
                      .points = {}};
    line.order = most > 1 ? static_cast<double>(curve.n - 1) / (most - 1) : 1;
    line.label_end = true;
    for (const auto& [d, u] : curve.mean) line.points.push_back(at(d, u));
    figure.series.push_back(std::move(line));
    figure.description += "n = " + std::to_string(curve.n) + ": " + format_count(static_cast<double>(curve.distinct)) +
                          " distinct, exponent " + format_significant(curve.exponent.value, 3) + ". ";
  }
  return figure;
}

Figure entropy_figure(const CorpusStatistics& statistics) {
  Figure figure;
  figure.id = "entropy";
  figure.title = "Entropy of a character against the context before it";
  figure.x = {.label = "characters of context", .scale = AxisScale::linear, .low = {}, .high = {}};
  figure.y = {.label = "bits per character", .scale = AxisScale::linear, .low = 0, .high = {}};
  FigureSeries between{.mark = Mark::band, .name = "between the bounds", .points = {}};
  FigureSeries held_out{.mark = Mark::line, .name = "held-out, Kneser-Ney", .points = {}};
  FigureSeries plug_in{.mark = Mark::line, .name = "from counts", .tone = Tone::muted, .dashed = true, .points = {}};
  FigureSeries sampled{.mark = Mark::points, .name = "sampled well", .points = {}};
  held_out.label_end = plug_in.label_end = true;
  for (const ContextEntropy& entropy : statistics.entropy) {
    const double x = entropy.context;
    plug_in.points.push_back(at(x, entropy.plug_in));
    figure.description += std::to_string(entropy.context) + ": from " + format_significant(entropy.plug_in, 3);
    if (entropy.held_out) {
      held_out.points.push_back(at(x, *entropy.held_out));
      between.points.push_back({.x = x, .y = *entropy.held_out, .low = entropy.plug_in, .high = *entropy.held_out, .label = {}});
      if (entropy.sampled) sampled.points.push_back(at(x, *entropy.held_out));
      figure.description += " to " + format_significant(*entropy.held_out, 3);
    }
    figure.description += " bits. ";
  }
  figure.series = {between, plug_in, held_out, sampled};
  std::erase_if(figure.series, [](const FigureSeries& series) { return series.points.empty(); });
  return figure;
}

Figure correlation_figure(const DataExponent& exponent) {
  Figure figure;
  figure.id = "correlation";
  figure.title = "Correlation strength against distance";
  figure.x = {.label = "distance, " + exponent.over, .scale = AxisScale::log, .low = {}, .high = {}};
  figure.y = {.label = "top singular value of the covariance", .scale = AxisScale::log, .low = {}, .high = {}};
  FigureSeries points{.mark = Mark::points, .name = "measured", .points = {}};
  for (const auto& [lag, strength] : exponent.strengths)
    if (strength > 0) points.points.push_back(at(lag, strength));
  FigureSeries noise{.mark = Mark::horizontal_rule,
                     .name = "shuffled text",
                     .tone = Tone::muted,
                     .dashed = true,
                     .points = {at(1, exponent.noise)}};
  figure.series = {points, noise};
  if (exponent.correlation) figure.notes.push_back("~ n^−" + format_significant(exponent.correlation->value, 3));
  figure.description = "Strength " + format_significant(exponent.strengths.front().second, 3) + " next to each other, " +
                       format_significant(exponent.strengths.back().second, 3) + " at " +
                       format_significant(exponent.strengths.back().first, 3) + "; of shuffled text " +
                       format_significant(exponent.noise, 3) + ".";
  return figure;
}

}  // namespace

std::vector<Figure> corpus_figures(const CorpusStatistics& statistics) {
  std::vector<Figure> figures;
  for (const char* over : {"words", "characters"})
    if (std::any_of(statistics.growth.begin(), statistics.growth.end(),
                    [&](const GrowthCurve& curve) { return curve.over == over; }))
      figures.push_back(growth_figure(statistics.growth, over));
  if (!statistics.entropy.empty()) figures.push_back(entropy_figure(statistics));
  if (!statistics.data_exponent.strengths.empty()) figures.push_back(correlation_figure(statistics.data_exponent));
  return figures;
}

}  // namespace isoflop
