// Forecasts: sealed before the run, judged when it is done.
#include <cmath>

#include "base/hash.h"
#include "base/json.h"
#include "base/sealed_json.h"
#include "isoflop/text.h"
#include "isoflop/plan.h"
#include "plan/run_interval.h"
#include "plan/surface.h"

namespace isoflop {
namespace {

constexpr int kForecastSchema = 1;

Json json_of(const PlanningLaw& law) {
  Json draws = Json::array(), names = Json::array();
  for (const auto& [name, value] : law.constants) names.push_back(name);
  for (const auto& draw : law.draw_constants) {
    Json row = Json::array();
    for (const auto& [name, value] : draw) row.push_back(value);
    draws.push_back(std::move(row));
  }
  Json object;
  object["name"] = law.name;
  object["law"] = law.law;
  object["constants"] = law.constants;
  object["held"] = law.held;
  object["flops_per"] = law.flops_per;
  object["n_convention"] = law.n_convention;
  object["flops_convention"] = law.flops_convention;
  object["loss_kind"] = law.loss_kind;
  object["text"] = nullptr;
  if (law.text)
    object["text"] = {{"unique_tokens", law.text->unique_tokens},
                      {"law", law.text->repetition.law},
                      {"constants", law.text->repetition.constants}};
  object["widening"] = law.widening;
  object["level"] = law.level;
  object["draw_names"] = std::move(names);
  object["draws"] = std::move(draws);
  object["draws_sha256"] = sha256_hex(object["draws"].dump());
  return object;
}

PlanningLaw law_of(const Json& object, const std::string& subject) {
  const Json fit{{"law", json_get<std::string>(object, "law", subject)}, {"constants", object.at("constants")}};
  const auto held = json_get<std::map<std::string, double>>(object, "held", subject);
  PlanningLaw law = planning_law_from_json(fit.dump(), subject, {}, held);
  law.name = json_get<std::string>(object, "name", subject);
  law.source.clear();
  law.held = held;
  law.flops_per = json_get<double>(object, "flops_per", subject);
  law.n_convention = json_get<std::string>(object, "n_convention", subject);
  law.flops_convention = json_get<std::string>(object, "flops_convention", subject);
  law.loss_kind = json_get<std::string>(object, "loss_kind", subject);
  if (const auto text = json_find<Json>(object, "text", subject))
    law.text = TextLimit{
        json_get<double>(*text, "unique_tokens", subject),
        {json_get<std::string>(*text, "law", subject), json_get<std::map<std::string, double>>(*text, "constants", subject)}};
  law.widening = json_get<double>(object, "widening", subject);
  law.level = json_get<double>(object, "level", subject);
  CsvTable table;
  table.subject = subject;
  table.header = json_get<std::vector<std::string>>(object, "draw_names", subject);
  for (const auto& row : json_get<std::vector<std::vector<double>>>(object, "draws", subject)) {
    table.rows.emplace_back();
    for (const double value : row) table.rows.back().push_back(format_number(value));
    table.lines.push_back(1);
  }
  if (!table.rows.empty()) add_draws(law, table);
  return law;
}

}  // namespace

std::string forecast_to_json(const Forecast& forecast) {
  Json object;
  object["schema_version"] = kForecastSchema;
  object["kind"] = "forecast";
  object["params"] = forecast.model.params;
  object["tokens"] = forecast.model.tokens;
  object["flops"] = forecast.model.flops;
  object["loss"] = json_or_null(forecast.model.loss);
  object["interval"] =
      forecast.interval
          ? Json{{"low", forecast.interval->low}, {"high", forecast.interval->high}, {"level", forecast.interval->level}}
          : Json(nullptr);
  object["residual_sd"] = forecast.residual_sd;
  object["law"] = json_of(forecast.law);
  return seal_json(object.dump());
}

bool is_forecast(const std::string& text) { return text.find("\"kind\":\"forecast\"") != std::string::npos; }

Forecast forecast_from_json(const std::string& text, const std::string& subject) {
  constexpr const char* kHint = "a forecast is judged as it was sealed: isoflop plan --seal FILE writes one";
  // another file is said to be another file; only what calls itself a forecast can be torn or changed
  if (!is_forecast(text)) throw Error(Fault::bad_data, subject, "is not a forecast", kHint);
  const Json object = parse_json(unseal_json(text, subject, kHint), subject);
  if (json_find<std::string>(object, "kind", subject).value_or("") != "forecast")
    throw Error(Fault::bad_data, subject, "is not a forecast", kHint);
  Forecast forecast;
  forecast.law = law_of(json_get<Json>(object, "law", subject), subject);
  forecast.model = {json_get<double>(object, "params", subject), json_get<double>(object, "tokens", subject),
                    json_get<double>(object, "flops", subject), json_find<double>(object, "loss", subject)};
  if (const auto interval = json_find<Json>(object, "interval", subject))
    forecast.interval = Interval{json_get<double>(*interval, "low", subject), json_get<double>(*interval, "high", subject),
                                 json_get<double>(*interval, "level", subject)};
  forecast.residual_sd = json_get<double>(object, "residual_sd", subject);
  return forecast;
}

std::string forecast_hash(const std::string& text) {
  return sha256_hex(text);
}

Score score_forecast(const Forecast& forecast, double params, double tokens, double loss) {
  if (!forecast.law.surface) throw Error(Fault::bad_data, forecast.law.name, "forecasts no loss");
  const AdditiveLaw& surface = *forecast.law.surface;
  Score score{.params = params, .tokens = tokens, .loss = loss, .interval = {}, .inside = {}, .quantile = {}};
  score.predicted = plan::loss_of(forecast.law, surface, params, tokens);
  score.error = loss - score.predicted;
  const auto off = [](double a, double b) { return std::fabs(a / b - 1) > 0.01; };
  score.other_model = off(params, forecast.model.params) || off(tokens, forecast.model.tokens);
  const plan::RunLoss run(forecast.law, params, tokens, forecast.residual_sd);
  score.interval = score.other_model ? run.interval(forecast.law.level) : forecast.interval;
  if (score.interval) score.inside = score.interval->low <= loss && loss <= score.interval->high;
  if (forecast.residual_sd > 0 || forecast.law.draws.size() >= kLeastDraws) score.quantile = run.share_below(loss);
  return score;
}

}  // namespace isoflop
