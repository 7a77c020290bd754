#include "cli/fit_output.h"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <set>

namespace cli {
namespace {

std::string number(double value, int digits) {
  return isoflop::format_significant(value, digits);
}

std::string range(const std::optional<isoflop::Interval>& interval, int digits) {
  if (!interval) return "none";
  const auto end = [digits](double value) { return std::isfinite(value) ? number(value, digits) : std::string("no bound"); };
  return end(interval->low) + " to " + end(interval->high);
}

/// Why a fit has no law: the last warning is the one that ended it.
std::string reason_of(const isoflop::FitResult& result) {
  return result.warnings.empty() ? "" : result.warnings.back().code;
}

/// Warnings, each once: what is true of the table is not said again for every law; of several laws, what is true of some says of
/// which.
void print_warnings(const std::vector<FittedLaw>& laws, const std::string& sentences) {
  std::vector<std::pair<std::string, std::set<std::string>>> lines;  // and whose they are
  std::set<std::string> names;
  for (const FittedLaw& law : laws) {
    names.insert(law.law);
    for (const auto& warning : law.result.warnings) {
      const bool ended = law.view && !law.result.fit && warning.code == reason_of(law.result);
      if (ended || sentences.find(warning.text) != std::string::npos) continue;
      const std::string line = warning.code + ": " + warning.text;
      auto said = std::find_if(lines.begin(), lines.end(), [&](const auto& known) { return known.first == line; });
      if (said == lines.end()) said = lines.insert(said, {line, {}});
      said->second.insert(law.law);
    }
  }
  if (!lines.empty()) std::cout << "\n";
  for (const auto& [line, whose] : lines) {
    std::string prefix;
    if (whose.size() < names.size())
      for (const std::string& name : whose) prefix += (prefix.empty() ? "" : ", ") + name;
    std::cout << prefix << (prefix.empty() ? "" : ": ") << line << "\n";
  }
}

/// Sentences and one table for every meaning of N.
std::string print_power_laws(const std::vector<FittedLaw>& laws) {
  std::vector<std::vector<std::string>> rows;
  std::string sentences;
  std::vector<std::string> reasons;
  for (const FittedLaw& law : laws) {
    if (!law.view) continue;
    const bool new_reason = std::find(reasons.begin(), reasons.end(), reason_of(law.result)) == reasons.end();
    if (law.result.fit || new_reason) sentences += isoflop::law_in_words(*law.view) + "\n";
    if (!law.result.fit) {
      reasons.push_back(reason_of(law.result));
      continue;
    }
    const isoflop::Fit& fit = *law.result.fit;
    rows.push_back({law.view->n_convention, number(fit.constants.at("a"), 7), number(fit.constants.at("b"), 6),
                    range(fit.derived.at("exponent").interval, 5), fit.r_squared ? number(*fit.r_squared, 4) : "",
                    std::to_string(fit.degrees_of_freedom), std::to_string(fit.rows)});
  }
  std::cout << sentences;
  if (!rows.empty()) {
    std::cout << "\n";
    print_table({"N counts", "a", "b", "interval of b", "R2", "df", "rows"}, rows);
  }
  return sentences;
}

void print_holdout(const isoflop::Holdout& h, bool of_steps) {
  std::cout << "\nHeld out: fitted to " << h.rows_fitted << " rows (" << h.where << "), " << h.rows_predicted
            << " predicted, up to " << number(h.scale_ratio, 3)
            << (of_steps ? " times the area under the rates: ln L" : " times the FLOPs: ln L") << " is off by "
            << number(h.rmse_ln_loss, 3) << " (rms), bias " << number(h.bias_ln_loss, 2) << ", L by "
            << number(100 * h.error_loss, 3) << " %";
  if (h.covered)
    std::cout << "; " << number(100 * *h.covered, 3) << " % lie in their " << number(100 * h.interval_level, 3) << " % intervals";
  std::cout << "\n";
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, error] : h.baselines) rows.push_back({name, number(error, 3)});
  print_table({"instead of the law", "rms of ln L"}, rows);
  for (const auto& [name, values] : h.moved)
    std::cout << name << " moves from " << number(values.first, 4) << " (fitted rows) to " << number(values.second, 4)
              << " (all rows)\n";
}

void print_optima(const std::vector<isoflop::BudgetOptimum>& optima) {
  std::vector<std::vector<std::string>> rows;
  const auto cell = [](const std::optional<double>& value, int digits) { return value ? number(*value, digits) : ""; };
  for (const auto& o : optima)
    rows.push_back({number(o.flops, 4), std::to_string(o.points), cell(o.params, 4), cell(o.tokens, 4), cell(o.loss, 5),
                    o.used ? "" : "left out: " + o.reason});
  std::cout << "\n";
  print_table({"C", "models", "N*", "D*", "loss", ""}, rows);
}

/// "95 % ", of the intervals of a fit that has some.
std::string level_of(const isoflop::Fit& fit) {
  for (const auto& [name, interval] : fit.intervals) return number(100 * interval.level, 4) + " % ";
  for (const auto& [name, estimate] : fit.derived)
    if (estimate.interval) return number(100 * estimate.interval->level, 4) + " % ";
  return "";
}

void print_fit(const isoflop::Fit& fit) {
  std::cout << fit.law << ": " << fit.formula << "\n";
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, value] : fit.constants) {
    const auto interval = fit.intervals.find(name);
    const auto error = fit.standard_errors.find(name);
    if (!fit.identified(name)) {
      rows.push_back({name, "not identified", "", ""});
      continue;
    }
    rows.push_back({name, number(value, 7), error == fit.standard_errors.end() ? "" : number(error->second, 4),
                    range(interval == fit.intervals.end() ? std::nullopt : std::optional(interval->second), 5)});
  }
  for (const auto& [name, estimate] : fit.derived) {
    if (fit.constants.contains(name)) continue;
    const auto error = fit.standard_errors.find(name);
    rows.push_back({name, number(estimate.value, 7), error == fit.standard_errors.end() ? "" : number(error->second, 4),
                    estimate.interval ? range(estimate.interval, 5) : ""});
    if (estimate.prediction) rows.push_back({"  a further run", "", "", range(estimate.prediction, 5)});
  }
  print_table({"", "value", "s.e.", level_of(fit) + "interval"}, rows);
  if (!fit.optima.empty()) print_optima(fit.optima);
  std::cout << fit.rows << " rows, " << fit.degrees_of_freedom << " degrees of freedom; objective " << number(fit.objective, 9)
            << " (" << fit.objective_definition << "); " << fit.stop << ", " << fit.starts_agreeing << " of " << fit.starts
            << " starts agree";
  if (!fit.interval_method.empty()) std::cout << "; intervals: " << fit.interval_method;
  std::cout << "\n";
  if (const auto& a = fit.cross_validated) {
    const auto cell = [](const std::optional<double>& value) { return value ? number(*value, 4) : std::string("-"); };
    std::cout << "left out by parts: " << a->rows << " rows predicted, R2 " << cell(a->r_squared) << ", Spearman "
              << cell(a->spearman) << ", off by " << number(a->rmse, 3) << " (rms), " << number(a->mean_absolute_error, 3)
              << " (mean)\n";
  }
  if (fit.holdout) print_holdout(*fit.holdout, isoflop::law_info(fit.law).of_steps);
}

/// The fits there are, and their order.
std::pair<std::vector<const isoflop::Fit*>, std::vector<isoflop::RankedFit>> ranked(const std::vector<FittedLaw>& laws) {
  std::vector<const isoflop::Fit*> fits;
  for (const FittedLaw& law : laws)
    if (law.result.fit) fits.push_back(&*law.result.fit);
  return {fits, isoflop::rank_fits(fits)};
}

Json or_null(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

void print_comparison(const std::vector<FittedLaw>& laws) {
  const auto [fits, order] = ranked(laws);
  std::set<std::string> compared;
  for (const isoflop::Fit* fit : fits)
    if (fit->aicc) compared.insert(fit->law);
  if (compared.size() < 2) return;
  std::vector<std::vector<std::string>> rows;
  const auto cell = [](const std::optional<double>& value, int digits) { return value ? number(*value, digits) : ""; };
  for (const isoflop::RankedFit& r : order)
    rows.push_back({fits[r.fit]->law, cell(r.holdout, 3), cell(r.delta_aicc, 4), cell(r.aicc, 6), cell(r.bic, 6)});
  const bool held_out =
      std::any_of(order.begin(), order.end(), [](const isoflop::RankedFit& r) { return r.holdout.has_value(); });
  std::vector<std::string> header{"law", "held out: rms of ln L", "AICc - least", "AICc", "BIC"};
  if (!held_out) {
    header.erase(header.begin() + 1);
    for (auto& row : rows) row.erase(row.begin() + 1);
  }
  std::cout << (held_out ? "\nIn order of the held-out error, then of AICc:\n" : "\nIn order of AICc:\n");
  print_table(header, rows);
}

}  // namespace

Json fits_json(const std::string& table, const std::vector<FittedLaw>& laws, const std::vector<isoflop::FormTest>& forms) {
  Json fits = Json::array(), not_fitted = Json::array();
  for (const FittedLaw& law : laws) {
    if (law.result.fit) {
      fits.push_back(Json::parse(isoflop::fit_to_json(*law.result.fit)));
      continue;
    }
    Json why = {{"law", law.law}};
    if (law.view) why["n_convention"] = law.view->n_convention;
    why["warnings"] = Json::parse(isoflop::fit_result_to_json(law.result))["warnings"];
    not_fitted.push_back(std::move(why));
  }
  Json comparison = Json::array(), tests = Json::array();
  const auto [list, order] = ranked(laws);
  for (const isoflop::RankedFit& r : order)
    comparison.push_back({{"fit", r.fit},
                          {"law", list[r.fit]->law},
                          {"holdout", or_null(r.holdout)},
                          {"aicc", or_null(r.aicc)},
                          {"delta_aicc", or_null(r.delta_aicc)},
                          {"bic", or_null(r.bic)}});
  for (const isoflop::FormTest& test : forms) tests.push_back(Json::parse(isoflop::form_test_to_json(test)));
  return {{"table", table}, {"fits", fits}, {"not_fitted", not_fitted}, {"comparison", comparison}, {"forms", tests}};
}

void print_fits(const std::vector<FittedLaw>& laws, const std::vector<isoflop::FormTest>& forms) {
  const std::string sentences = print_power_laws(laws);
  bool first = sentences.empty();
  for (const FittedLaw& law : laws) {
    if (law.view) continue;
    if (!first) std::cout << "\n";
    first = false;
    if (law.result.fit)
      print_fit(*law.result.fit);
    else
      std::cout << law.law << ": no law\n";
  }
  print_comparison(laws);
  for (const isoflop::FormTest& test : forms) std::cout << "\n" << test.text << "\n";
  print_warnings(laws, sentences);
}

}  // namespace cli
