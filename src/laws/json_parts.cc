#include "laws/json_parts.h"

namespace isoflop::laws {

Json json_of(const Interval& interval) {
  return {{"low", interval.low}, {"high", interval.high}, {"level", interval.level}};
}

Json json_of(const std::optional<Interval>& interval) {
  return interval ? json_of(*interval) : Json(nullptr);
}

Json json_of(const std::vector<Warning>& warnings) {
  Json list = Json::array();
  for (const Warning& w : warnings) list.push_back({{"code", w.code}, {"text", w.text}});
  return list;
}

Json json_of(const Agreement& a) {
  return {{"rows", a.rows},
          {"r_squared", json_or_null(a.r_squared)},
          {"spearman", json_or_null(a.spearman)},
          {"mean_absolute_error", a.mean_absolute_error},
          {"rmse", a.rmse}};
}

Json json_of(const std::optional<Agreement>& agreement) {
  return agreement ? json_of(*agreement) : Json(nullptr);
}

Json json_of(const Estimate& estimate) {
  Json object{{"value", estimate.value}, {"interval", json_of(estimate.interval)}, {"contains", estimate.contains}};
  if (estimate.prediction) object["prediction"] = json_of(*estimate.prediction);
  return object;
}

std::string dump(const Json& object) {
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace isoflop::laws
