// A comparison of recipes as JSON (docs/formats/laws.md).
#include "laws/json_parts.h"

namespace isoflop {

std::string comparison_to_json(const Comparison& c) {
  using namespace laws;
  Json points = Json::array();
  for (const Multiplier& m : c.points)
    points.push_back(
        {{"at", m.at}, {"loss_a", m.loss_a}, {"loss_b", m.loss_b}, {"multiplier", m.value}, {"interval", json_of(m.interval)}});
  Json object{{"law", c.law}, {"axis", c.axis}, {"paired", c.paired}};
  object["common_range"] = {c.common_low, c.common_high};
  object["points"] = std::move(points);
  object["crossing"] = c.crossing ? Json{{"at", c.crossing->value}, {"interval", json_of(c.crossing->interval)}} : Json(nullptr);
  object["next_run"] = nullptr;
  if (c.next)
    object["next_run"] = {{"recipe", c.next->recipe},
                          {"at", c.next->at},
                          {"params", json_or_null(c.next->params)},
                          {"tokens", json_or_null(c.next->tokens)}};
  object["fits"] = {Json::parse(fit_result_to_json(c.a)), Json::parse(fit_result_to_json(c.b))};
  object["warnings"] = json_of(c.warnings);
  return dump(object);
}

}  // namespace isoflop
