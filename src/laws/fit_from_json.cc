// A fit read back from its JSON: what is done with a law after it was fitted (docs/formats/laws.md).
#include <cmath>
#include <limits>

#include "base/json.h"
#include "isoflop/laws.h"
#include "laws/draws.h"
#include "laws/words.h"

namespace isoflop {
namespace {

/// The fit that is asked for, of a file of several.
Json chosen(Json object, const std::string& subject, const std::string& name) {
  if (!object.is_object() || !object.contains("fits")) return object;
  const Json& fits = object["fits"];
  if (!fits.is_array() || fits.empty())
    throw Error(Fault::bad_data, subject, "`fits` has no fit", "write one with isoflop fit TABLE --law chinchilla --json");
  if (name.empty()) return Json(fits[0]);
  std::vector<std::string> there;
  for (const Json& fit : fits) {
    there.push_back(json_get<std::string>(fit, "law", subject));
    if (there.back() == name) return Json(fit);
  }
  throw Error(Fault::bad_data, subject, "has no fit of the law `" + name + "`", "it has " + listed(there));
}

/// An open end of an interval is null.
double end_of(const Json& interval, const char* key, double open, const std::string& subject) {
  return json_find<double>(interval, key, subject).value_or(open);
}

std::string word(const Json& object, const char* key, const std::string& subject) {
  return json_find<std::string>(object, key, subject).value_or("");
}

}  // namespace

Fit fit_from_json(const std::string& text, const std::string& subject, const std::string& name) {
  const Json object = chosen(parse_json(text, subject), subject, name);
  Fit fit;
  fit.law = json_get<std::string>(object, "law", subject);
  fit.constants = json_get<std::map<std::string, double>>(object, "constants", subject);
  fit.formula = word(object, "formula", subject);
  fit.n_convention = word(object, "n_convention", subject);
  fit.flops_convention = word(object, "flops_convention", subject);
  fit.loss_kind = word(object, "loss_kind", subject);
  fit.stop = word(object, "stop", subject);
  fit.interval_method = word(object, "interval_method", subject);
  fit.rows = json_find<std::int64_t>(object, "rows", subject).value_or(0);
  fit.interval_widening = json_find<double>(object, "interval_widening", subject).value_or(1);
  constexpr double kInf = std::numeric_limits<double>::infinity();
  if (object.contains("intervals"))
    for (const auto& [constant, interval] : object["intervals"].items())
      fit.intervals[constant] = {end_of(interval, "low", -kInf, subject), end_of(interval, "high", kInf, subject),
                                 end_of(interval, "level", 0.95, subject)};
  if (object.contains("derived"))
    for (const auto& [number, estimate] : object["derived"].items())
      if (const auto value = json_find<double>(estimate, "value", subject)) fit.derived[number] = {*value, {}, {}};
  if (object.contains("fitted_range"))
    fit.fitted_range = json_get<std::map<std::string, std::pair<double, double>>>(object, "fitted_range", subject);
  if (object.contains("warnings"))
    for (const Json& warning : object["warnings"])
      fit.warnings.push_back({json_get<std::string>(warning, "code", subject), json_get<std::string>(warning, "text", subject)});
  return fit;
}

std::string laws::hash_of_draws(const std::string& json, const std::string& subject, const std::string& name) {
  return word(chosen(parse_json(json, subject), subject, name), "draws_sha256", subject);
}

std::pair<std::string, std::map<std::string, double>> law_from_json(const std::string& text, const std::string& subject) {
  const Fit fit = fit_from_json(text, subject);
  return {fit.law, fit.constants};
}

}  // namespace isoflop
