// A fit as JSON: one object, the same in every command (docs/formats/laws.md).
#include <algorithm>

#include "base/hash.h"
#include "isoflop/text.h"
#include "laws/draws.h"
#include "laws/json_parts.h"

namespace isoflop {
namespace {

using namespace laws;

Json of(const LocalMinimum& minimum) {
  return {{"constants", minimum.constants}, {"objective", minimum.objective}, {"starts", minimum.starts}};
}

Json of(const Holdout& h) {
  Json moved = Json::object();
  for (const auto& [name, values] : h.moved) moved[name] = {{"cheap", values.first}, {"all", values.second}};
  Json object;
  object["where"] = h.where;
  object["rows_fitted"] = h.rows_fitted;
  object["rows_predicted"] = h.rows_predicted;
  object["scale_ratio"] = h.scale_ratio;
  object["rmse_ln_loss"] = h.rmse_ln_loss;
  object["bias_ln_loss"] = h.bias_ln_loss;
  object["error_loss"] = h.error_loss;
  object["rmse_ln_reducible"] = json_or_null(h.rmse_ln_reducible);
  object["interval_level"] = h.interval_level;
  object["covered"] = json_or_null(h.covered);
  object["discrepancy"] = h.discrepancy;
  object["exponents"] = moved;
  Json rows = Json::array();
  for (const HeldOutRow& r : h.rows)
    rows.push_back({{"row", r.row}, {"loss", r.loss}, {"predicted", r.predicted}, {"interval", json_of(r.interval)}});
  object["rows"] = std::move(rows);
  object["baselines"] = h.baselines;
  return object;
}

Json of(const std::vector<BudgetOptimum>& optima) {
  Json list = Json::array();
  for (const BudgetOptimum& o : optima)
    list.push_back({{"flops", o.flops},
                    {"points", o.points},
                    {"params", json_or_null(o.params)},
                    {"tokens", json_or_null(o.tokens)},
                    {"loss", json_or_null(o.loss)},
                    {"ln_params_se", json_or_null(o.ln_params_se)},
                    {"used", o.used},
                    {"reason", o.reason}});
  return list;
}

Json of(const std::vector<Leverage>& leverage) {
  Json list = Json::array();
  for (const Leverage& l : leverage)
    list.push_back({{"row", l.row}, {"number", l.number}, {"without", l.without}, {"standard_errors", l.standard_errors}});
  return list;
}

Json of(const Fit& fit) {
  Json intervals = Json::object(), derived = Json::object();
  for (const auto& [name, interval] : fit.intervals) intervals[name] = json_of(interval);
  for (const auto& [name, estimate] : fit.derived) derived[name] = json_of(estimate);
  Json object;
  object["law"] = fit.law;
  object["formula"] = fit.formula;
  object["n_convention"] = fit.n_convention;
  object["flops_convention"] = fit.flops_convention;
  object["loss_kind"] = fit.loss_kind;
  object["loss_unit"] = fit.loss_unit;
  object["constants"] = fit.constants;
  object["intervals"] = intervals;
  object["not_identified"] = fit.not_identified;
  object["derived"] = derived;
  object["objective"] = fit.objective;
  object["objective_definition"] = fit.objective_definition;
  object["stop"] = fit.stop;
  object["starts"] = fit.starts;
  object["starts_agreeing"] = fit.starts_agreeing;
  object["rows"] = fit.rows;
  object["degrees_of_freedom"] = fit.degrees_of_freedom;
  object["r_squared"] = json_or_null(fit.r_squared);
  object["aicc"] = json_or_null(fit.aicc);
  object["bic"] = json_or_null(fit.bic);
  object["row_labels"] = fit.row_labels;
  object["residuals"] = fit.residuals;
  object["standard_errors"] = fit.standard_errors;
  object["interval_method"] = fit.interval_method;
  object["discrepancy"] = json_or_null(fit.discrepancy);
  object["interval_widening"] = fit.interval_widening;
  object["fitted_range"] = Json::object();
  for (const auto& [name, range] : fit.fitted_range) object["fitted_range"][name] = {range.first, range.second};
  object["gradient_norm"] = json_or_null(fit.gradient_norm);
  object["next_best"] = fit.next_best ? of(*fit.next_best) : Json(nullptr);
  object["covariance"] = fit.covariance;
  if (const std::string hash = hash_of_draws(fit); !hash.empty()) object["draws_sha256"] = hash;
  object["jackknife_errors"] = fit.jackknife_errors;
  object["leverage"] = of(fit.leverage);
  if (fit.cross_validated) object["cross_validated"] = json_of(*fit.cross_validated);
  Json profiles = Json::object();
  for (const auto& [name, profile] : fit.profiles)
    profiles[name] = {{"interval", json_of(profile.interval)}, {"curve", profile.curve}};
  object["profiles"] = std::move(profiles);
  object["holdout"] = fit.holdout ? of(*fit.holdout) : Json(nullptr);
  object["optima"] = of(fit.optima);
  object["warnings"] = json_of(fit.warnings);
  return object;
}

}  // namespace

std::string laws::hash_of_draws(const std::vector<std::map<std::string, double>>& draws) {
  std::string text;
  for (const auto& draw : draws) {
    std::vector<std::string> cells;
    for (const auto& [name, value] : draw) {
      cells.push_back(name);
      cells.push_back(format_number(value));
    }
    text += csv_row(cells);
  }
  return sha256_hex(text);
}

std::string laws::hash_of_draws(const Fit& fit) {
  if (fit.draws.empty()) return "";
  std::vector<std::map<std::string, double>> draws(fit.draws.size());
  for (const auto& [name, value] : fit.constants) {
    const auto column = std::find(fit.draw_names.begin(), fit.draw_names.end(), name);
    if (column == fit.draw_names.end()) return "";  // a law no plan takes draws of
    for (std::size_t i = 0; i < draws.size(); ++i)
      draws[i][name] = fit.draws[i][static_cast<std::size_t>(column - fit.draw_names.begin())];
  }
  return hash_of_draws(draws);
}

std::string fit_to_json(const Fit& fit) {
  return dump(of(fit));
}

std::string form_test_to_json(const FormTest& test) {
  Json forms = Json::array(), steps = Json::array();
  for (const FormTest::Form& form : test.forms)
    forms.push_back({{"law", form.law},
                     {"constants", form.constants},
                     {"residual_sd", form.residual_sd},
                     {"aicc", json_or_null(form.aicc)},
                     {"bic", json_or_null(form.bic)}});
  for (const FormTest::Step& step : test.steps)
    steps.push_back(
        {{"f", step.statistic}, {"p", step.p}, {"power", json_or_null(step.power)}, {"reach", json_or_null(step.reach)}});
  Json object;
  object["column"] = test.column;
  object["rows"] = test.rows;
  object["told"] = test.forms.empty() ? Json(nullptr) : Json(test.forms[static_cast<std::size_t>(test.told)].law);
  object["forms"] = forms;
  object["steps"] = steps;
  object["text"] = test.text;
  return dump(object);
}

std::string fit_result_to_json(const FitResult& result) {
  return dump(Json{{"fit", result.fit ? of(*result.fit) : Json(nullptr)}, {"warnings", json_of(result.warnings)}});
}

}  // namespace isoflop
