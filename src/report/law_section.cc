// A fit as a section: its formula, constants, derived numbers, how it forecasts, and its pictures.
#include <cmath>

#include "isoflop/text.h"
#include "isoflop/report.h"
#include "report/figures.h"
#include "report/text.h"

namespace isoflop {
namespace {

std::string digits(double value, int count) { return format_significant(value, count); }

std::string range_text(const std::optional<Interval>& interval) {
  if (!interval) return "none";
  const auto end = [](double value) { return std::isfinite(value) ? digits(value, 5) : std::string("no bound"); };
  return end(interval->low) + " to " + end(interval->high);
}

/// The interval of -b from that of b.
std::string falling(const std::optional<Interval>& interval) {
  return interval ? report::fixed(-interval->high, 4) + " to " + report::fixed(-interval->low, 4) : "none";
}

std::string lead(const Fit& fit) {
  std::string text = fit.formula + ", fitted to " + format_count(static_cast<double>(fit.rows)) + " rows.";
  if (fit.holdout) {
    const Holdout& h = *fit.holdout;
    text += " Fitted to " + format_count(static_cast<double>(h.rows_fitted)) + " of them it predicts the loss of the other " +
            format_count(static_cast<double>(h.rows_predicted)) + ", up to " + digits(h.scale_ratio, 3) + " times dearer, to " +
            digits(100 * h.error_loss, 3) + " %";
    if (h.covered)
      text += "; " + digits(100 * *h.covered, 3) + " % lie in their " + digits(100 * h.interval_level, 3) + " % intervals";
    text += ".";
  }
  if (const auto& a = fit.cross_validated) {
    text += " Rows left out by parts it predicts to " + digits(a->rmse, 3) + " (rms)";
    if (a->r_squared) text += ", R\xC2\xB2 " + digits(*a->r_squared, 4);
    text += ".";
  }
  return text;
}

std::vector<Tile> tiles(const Fit& fit) {
  std::vector<Tile> out;
  for (const char* name : {"a", "b", "alpha", "beta", "E", "exponent"}) {
    const auto derived = fit.derived.find(name);
    const auto constant = fit.constants.find(name);
    if (derived == fit.derived.end() && (constant == fit.constants.end() || !fit.identified(name))) continue;
    std::optional<Interval> interval;
    if (derived != fit.derived.end())
      interval = derived->second.interval;
    else if (const auto it = fit.intervals.find(name); it != fit.intervals.end())
      interval = it->second;
    out.push_back({name, digits(derived != fit.derived.end() ? derived->second.value : constant->second, 5),
                   interval ? digits(100 * interval->level, 3) + " %: " + range_text(interval) : ""});
  }
  return out;
}

PageTable numbers(const Fit& fit) {
  PageTable table{"Constants and derived numbers", {"", "value", "standard error", "interval"}, {}, ""};
  const auto error = [&](const std::string& name) {
    const auto it = fit.standard_errors.find(name);
    return it == fit.standard_errors.end() ? std::string("") : digits(it->second, 3);
  };
  for (const auto& [name, value] : fit.constants) {
    if (!fit.identified(name)) {
      table.rows.push_back({name, "not identified", "", ""});
      continue;
    }
    const auto it = fit.intervals.find(name);
    table.rows.push_back(
        {name, digits(value, 7), error(name), range_text(it == fit.intervals.end() ? std::nullopt : std::optional(it->second))});
  }
  for (const auto& [name, estimate] : fit.derived) {
    if (fit.constants.contains(name)) continue;
    table.rows.push_back({name, digits(estimate.value, 7), error(name), estimate.interval ? range_text(estimate.interval) : ""});
    if (estimate.prediction) table.rows.push_back({name + ", a further run", "", "", range_text(estimate.prediction)});
  }
  table.note = std::to_string(fit.degrees_of_freedom) + " degrees of freedom; objective " + digits(fit.objective, 9) + " (" +
               fit.objective_definition + "); " + fit.stop + ", " + format_count(static_cast<double>(fit.starts_agreeing)) +
               " of " + format_count(static_cast<double>(fit.starts)) + " starts agree" +
               (fit.interval_method.empty() ? "" : "; intervals: " + fit.interval_method) + ".";
  return table;
}

PageTable optima(const Fit& fit) {
  PageTable table{"The best size at each budget", {"C", "models", "N*", "D*", "loss", ""}, {}, ""};
  const auto cell = [](const std::optional<double>& value, int count) { return value ? digits(*value, count) : std::string(""); };
  for (const BudgetOptimum& o : fit.optima)
    table.rows.push_back({digits(o.flops, 4), std::to_string(o.points), cell(o.params, 4), cell(o.tokens, 4), cell(o.loss, 5),
                          o.used ? "" : "left out: " + o.reason});
  return table;
}

PageTable instead(const Fit& fit) {
  PageTable table{"Held out: the law and what is simpler", {"predicted by", "rms of ln L"}, {}, ""};
  if (!fit.holdout) return table;
  table.rows.push_back({"the law", digits(fit.holdout->rmse_ln_loss, 3)});
  for (const auto& [name, value] : fit.holdout->baselines) table.rows.push_back({name, digits(value, 3)});
  table.note = "Fitted to the rows " + fit.holdout->where + ".";
  return table;
}

std::string caption(const std::string& id) {
  if (id.ends_with("_residuals")) return "A bow or a fan here says that the law has another form, or other noise.";
  if (id.ends_with("_observed"))
    return "On the diagonal the prediction is right; hollow points were held out, with the interval that was expected.";
  if (id.ends_with("_draws")) return "Each point is the law fitted to a resample of the rows: what the data leave open.";
  if (id.find("_profile_") != std::string::npos)
    return "The other constants fitted anew at each value; below the dashed line the data do not refuse it.";
  if (id.ends_with("_curves")) return "A line a budget; the filled points are the least loss of each.";
  return "";
}

}  // namespace

PageSection power_section(const std::vector<LawView>& laws, const std::vector<Baseline>& baselines) {
  StudyReport study;
  study.baselines = baselines;
  study.laws = laws;
  PageSection section;
  section.title = "power_n";
  if (laws.empty()) return section;
  section.lead = law_in_words(laws.front());
  PageTable table{"The same runs, counted otherwise", {"N counts", "a", "exponent", "interval", "R\xC2\xB2", "runs"}, {}, ""};
  for (const LawView& law : laws) {
    section.warnings.insert(section.warnings.end(), law.result.warnings.begin(), law.result.warnings.end());
    if (!law.result.fit) continue;
    const Fit& fit = *law.result.fit;
    table.rows.push_back({law.n_convention, digits(fit.constants.at("a"), 6), report::fixed(-fit.constants.at("b"), 5),
                          falling(fit.derived.at("exponent").interval), fit.r_squared ? digits(*fit.r_squared, 4) : "",
                          std::to_string(fit.rows)});
  }
  for (Figure& figure : report_figures(study)) section.figures.push_back({std::move(figure), ""});
  section.tables = {std::move(table)};
  return section;
}

PageSection law_section(const Observations& table, const Fit& fit, const std::string& n_column) {
  PageSection section;
  section.title = fit.law;
  section.lead = lead(fit);
  section.tiles = tiles(fit);
  section.warnings = fit.warnings;
  for (Figure& figure : law_figures(table, fit, n_column)) {
    const std::string words = caption(figure.id);
    section.figures.push_back({std::move(figure), words});
  }
  section.tables = {numbers(fit), optima(fit), instead(fit)};
  return section;
}

}  // namespace isoflop
