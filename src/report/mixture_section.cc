// A mixture law, and what it recommends, as a section.
#include <algorithm>
#include <cmath>

#include "isoflop/mixture.h"
#include "isoflop/report.h"
#include "isoflop/text.h"
#include "report/draw.h"

namespace isoflop {
namespace {

using report::at;
using report::axis;

std::string range_text(const std::optional<Interval>& interval, double scale, const char* unit) {
  if (!interval) return "";
  const auto end = [&](double value) {
    return std::isfinite(value) ? format_significant(scale * value, 3) + unit : std::string("no bound");
  };
  return end(interval->low) + " to " + end(interval->high);
}

PageTable weights(const MixtureOptimum& optimum) {
  PageTable table{"The weights of least predicted loss", {"source", "weight", "interval", "largest allowed", "epochs"}, {}, ""};
  for (const MixtureShare& s : optimum.shares)
    table.rows.push_back({s.domain, format_percent(s.weight), range_text(s.interval, 100, " %"),
                          s.cap < 1 ? format_percent(s.cap) : "", s.epochs ? format_significant(*s.epochs, 3) : ""});
  table.note =
      "Intervals: the weights that each resample of the proxies would choose. What is allowed follows from the text there is.";
  return table;
}

PageTable gains(const MixtureOptimum& optimum) {
  PageTable table{"What they gain over other weights, as predicted", {"over", "loss", "gain, nats", "interval", ""}, {}, ""};
  for (const MixtureComparison& c : optimum.comparisons)
    table.rows.push_back({c.with, format_significant(c.loss, 5), format_significant(c.gain.value, 3),
                          range_text(c.gain.interval, 1, ""), to_string(c.verdict) + (c.reason.empty() ? "" : ": " + c.reason)});
  table.note = "What choosing weights by the same runs adds is taken off the gain.";
  return table;
}

PageTable fits(const MixtureModel& model) {
  PageTable table{"How well the law knows its proxies",
                  {"loss of", "rate", "constants", "R\xC2\xB2", "R\xC2\xB2, left out", "Spearman, left out", "residual, nats"},
                  {},
                  ""};
  for (const MixtureFit& f : model.fits) {
    std::string constants;
    for (const auto& [name, value] : f.fit.constants)
      constants += (constants.empty() ? "" : ", ") + name + " " + format_significant(value, 4);
    const auto digits = [](const std::optional<double>& value) { return value ? format_significant(*value, 3) : std::string(); };
    const Agreement left_out = f.cross_validated.value_or(Agreement{});
    table.rows.push_back({f.target + (f.family.empty() ? "" : ", " + f.family),
                          f.learning_rate ? format_significant(*f.learning_rate, 3) : "", constants,
                          digits(f.in_sample.r_squared), digits(left_out.r_squared), digits(left_out.spearman),
                          format_significant(f.residual_sd, 2)});
  }
  table.note = model.formula;
  return table;
}

double cell(const MixtureTable& table, const std::string& column, std::size_t row) {
  const auto it = table.runs.columns.find(column);
  return it == table.runs.columns.end() || !it->second[row] ? std::nan("") : *it->second[row];
}

double order_of(std::size_t i, std::size_t count) {
  return count < 2 ? 1 : static_cast<double>(i) / static_cast<double>(count - 1);
}

/// A series a target: predicted and observed of each proxy.
Figure observed(const MixtureModel& model, const MixtureTable& proxies) {
  Figure figure;
  figure.id = "mixture_observed";
  figure.title = "Observed against predicted";
  figure.x = axis("predicted loss, nats per token", AxisScale::linear);
  figure.y = axis("observed loss, nats per token", AxisScale::linear);
  const std::vector<MixturePrediction> predictions = predict_mixtures(model, proxies);
  double low = HUGE_VAL, high = 0;
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    FigureSeries series{.mark = Mark::points,
                        .name = predictions[i].target,
                        .tone = Tone::ordered,
                        .order = order_of(i, predictions.size()),
                        .points = {}};
    for (std::size_t row = 0; row < predictions[i].predicted.size(); ++row) {
      const double x = predictions[i].predicted[row], y = cell(proxies, "loss." + predictions[i].target, row);
      if (!std::isfinite(x) || !std::isfinite(y)) continue;
      series.points.push_back(at(x, y));
      low = std::min({low, x, y});
      high = std::max({high, x, y});
    }
    if (!series.points.empty()) series.points.back().label = predictions[i].target;
    figure.series.push_back(std::move(series));
  }
  if (high > 0)
    figure.series.insert(figure.series.begin(),
                         {.mark = Mark::line, .name = "", .tone = Tone::muted, .points = {at(low, low), at(high, high)}});
  figure.description = "Each proxy's loss against what the law says of it; on the diagonal they agree.";
  return figure;
}

/// The target's loss of every proxy against the share of one source.
Figure by_share(const MixtureModel& model, const MixtureOptimum& optimum, const MixtureTable& proxies,
                const MixtureShare& share) {
  Figure figure;
  figure.id = "mixture_share_" + std::to_string(&share - optimum.shares.data() + 1);
  figure.title = "Loss against the share of " + share.domain;
  figure.x = axis("share of " + share.domain, AxisScale::linear);
  figure.y = axis("target's loss, nats per token", AxisScale::linear);
  FigureSeries series{.mark = Mark::points, .name = "proxies", .points = {}},
      others{.mark = Mark::points, .name = "at another rate", .tone = Tone::muted, .faint = true, .points = {}};
  const std::optional<double> tuned = model.fits.front().learning_rate;
  for (std::size_t row = 0; row < proxies.runs.labels.size(); ++row) {
    double loss = 0;
    for (const auto& [target, weight] : optimum.target) loss += weight * cell(proxies, "loss." + target, row);
    const bool other_rate = tuned && cell(proxies, "learning_rate", row) != *tuned;
    if (std::isfinite(loss))
      (other_rate ? others : series).points.push_back(at(cell(proxies, "share." + share.domain, row), loss));
  }
  figure.series = {std::move(others),
                   std::move(series),
                   {.mark = Mark::points,
                    .name = "recommended",
                    .hollow = true,
                    .points = {at(share.weight, optimum.loss.value, "recommended")}}};
  figure.description = "The loss of every proxy run against how much of " + share.domain +
                       " it was shown; hollow: the weights recommended, as predicted.";
  return figure;
}

}  // namespace

PageSection mixture_section(const MixtureModel& model, const MixtureOptimum& optimum, const MixtureTable& proxies) {
  PageSection section;
  section.title = "Weights of the sources";
  section.lead = optimum.text;
  for (const MixtureShare& s : optimum.shares)
    section.tiles.push_back({s.domain, format_percent(s.weight), range_text(s.interval, 100, " %")});
  section.warnings = model.warnings;
  for (const MixtureFit& fit : model.fits)
    section.warnings.insert(section.warnings.end(), fit.fit.warnings.begin(), fit.fit.warnings.end());
  section.warnings.insert(section.warnings.end(), optimum.warnings.begin(), optimum.warnings.end());
  section.figures.push_back({observed(model, proxies), "On the diagonal the law is right; these are the runs it was fitted to."});
  for (const MixtureShare& share : optimum.shares)
    section.figures.push_back({by_share(model, optimum, proxies, share),
                               "Every proxy; the other shares differ between them. Grey: at the other learning rate. Hollow: the "
                               "weights recommended, as predicted."});
  section.tables = {weights(optimum), gains(optimum), fits(model)};
  return section;
}

}  // namespace isoflop
