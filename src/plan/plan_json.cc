// A plan as JSON (docs/formats/plan.md).
#include "base/json.h"
#include "isoflop/plan.h"

namespace isoflop {
namespace {

Json of(const Interval& interval) {
  return {{"low", interval.low}, {"high", interval.high}, {"level", interval.level}};
}

Json of(const std::map<std::string, Interval>& intervals) {
  Json object = Json::object();
  for (const auto& [name, interval] : intervals) object[name] = of(interval);
  return object;
}

Json of(const ModelPlan& model) {
  return {{"params", model.params},
          {"tokens", model.tokens},
          {"flops", model.flops},
          {"loss", json_or_null(model.loss)},
          {"tokens_per_param", model.tokens_per_param()}};
}

Json of(const std::optional<std::pair<double, double>>& range) {
  return range ? Json{range->first, range->second} : Json(nullptr);
}

Json of(const PlanningLaw& law) {
  Json object;
  object["name"] = law.name;
  object["law"] = law.law;
  object["constants"] = law.constants;
  object["n_convention"] = law.n_convention;
  object["flops_convention"] = law.flops_convention;
  object["flops_per_param_token"] = law.flops_per;
  object["loss_kind"] = law.loss_kind;
  object["source"] = law.source;
  object["range"] = law.range;
  object["fitted_flops"] = of(law.fitted_flops);
  object["draws"] = law.draw_constants.size();
  object["residual_sd"] = json_or_null(law.residual_sd);
  return object;
}

Json of(const RegretOptimum& regret) {
  Json object = of(regret.model);
  object["mean_waste"] = regret.mean_waste;
  object["optimum_mean_waste"] = regret.optimum_mean_waste;
  object["waste_95"] = regret.waste_95;
  object["draws"] = regret.draws;
  object["laws"] = regret.laws;
  return object;
}

Json of(const std::vector<EqualLoss>& rows) {
  Json list = Json::array();
  for (const EqualLoss& r : rows)
    list.push_back({{"factor", r.factor},
                    {"params", r.params},
                    {"tokens", r.tokens},
                    {"flops", r.flops},
                    {"tokens_per_param", r.tokens / r.params},
                    {"tokens_factor", r.tokens_factor},
                    {"flops_factor", r.flops_factor}});
  return list;
}

Json of(const CrossLaw& laws) {
  Json rows = Json::array();
  for (std::size_t i = 0; i < laws.plans.size(); ++i) {
    Json wasted = Json::object();
    for (std::size_t j = 0; j < laws.judges.size(); ++j) wasted[laws.judges[j]] = laws.wasted[i][j];
    Json row{{"law", laws.plans[i]}};
    row.update(of(laws.models[i]));
    row["wasted"] = std::move(wasted);
    row["worst"] = laws.worst[i];
    rows.push_back(std::move(row));
  }
  return {{"judges", laws.judges}, {"plans", rows}};
}

Json interval_or_null(const std::optional<Interval>& interval) {
  return interval ? of(*interval) : Json(nullptr);
}

Json of(const InferenceAware& plan) {
  Json object = of(plan.model);
  object["loss"] = plan.loss;
  object["tokens_factor"] = plan.model.tokens / plan.reference.tokens;
  object["demand"] = plan.demand;
  object["reference"] = of(plan.reference);
  object["total"] = plan.flops_total;
  object["reference_total"] = plan.reference_total;
  object["flops_saved"] = plan.saved;
  object["saving"] = plan.saving;
  object["intervals"] = {{"params", interval_or_null(plan.params_interval)},
                         {"tokens", interval_or_null(plan.tokens_interval)},
                         {"saving", interval_or_null(plan.saving_interval)}};
  return object;
}

Json of(const DataLimit& limit) {
  Json object = of(limit.model);
  object["law"] = limit.law;
  object["unique_tokens"] = limit.unique_tokens;
  object["epochs"] = limit.epochs;
  object["effective_tokens"] = limit.effective_tokens;
  object["loss_fresh"] = limit.loss_fresh;
  object["wasted"] = limit.wasted;
  object["intervals"] = of(limit.intervals);
  return object;
}

Json of(const NextMoney& money) {
  return {
      {"loss_per_unit",
       {{"data", json_or_null(money.data)}, {"compute", json_or_null(money.compute)}, {"params", json_or_null(money.params)}}},
      {"best", money.best},
      {"cost",
       {{"data", money.cost_data},
        {"training", money.cost_training},
        {"serving", money.cost_serving},
        {"fixed", money.cost_fixed},
        {"total", money.cost_total}}}};
}

Json of(const Ladder& ladder) {
  Json rungs = Json::array();
  for (const Rung& r : ladder.rungs) {
    Json models = Json::array();
    for (const ModelPlan& model : r.models) models.push_back(of(model));
    rungs.push_back({{"flops", r.flops},
                     {"cost", r.cost},
                     {"saved", r.saved},
                     {"factor", r.factor},
                     {"waste", r.waste},
                     {"models", std::move(models)}});
  }
  return {{"rungs", std::move(rungs)},
          {"cost", ladder.cost},
          {"share", ladder.share},
          {"factor_before", ladder.factor_before},
          {"waste_before", ladder.waste_before},
          {"stop", ladder.stop}};
}

}  // namespace

std::string plan_to_json(const Plan& plan) {
  Json object;
  object["law"] = of(plan.law);
  object["asked"] = plan.asked;
  object["flops"] = plan.flops;
  object["optimum"] = of(plan.optimum);
  object["model"] = of(plan.model);
  object["text_limited"] = plan.text_limited;
  object["wasted"] = plan.law.surface ? Json(plan.wasted) : Json(nullptr);
  object["intervals"] = of(plan.intervals);
  object["extrapolation"] = json_or_null(plan.extrapolation);
  object["regret"] = plan.regret ? of(*plan.regret) : Json(nullptr);
  object["regret_laws"] = plan.regret_laws ? of(*plan.regret_laws) : Json(nullptr);
  object["deviation"] = Json::array();
  for (const Deviation& d : plan.deviation)
    object["deviation"].push_back({{"factor", d.factor},
                                   {"params", d.params},
                                   {"tokens", d.tokens},
                                   {"loss", d.loss},
                                   {"delta_loss", d.delta_loss},
                                   {"wasted", d.wasted}});
  object["overtraining"] = plan.overtraining
                               ? Json{{"least_factor", plan.overtraining->least_factor}, {"rows", of(plan.overtraining->rows)}}
                               : Json(nullptr);
  object["iso_loss"] = of(plan.iso_loss);
  object["cross_law"] = plan.laws ? of(*plan.laws) : Json(nullptr);
  object["budgets"] = Json::array();
  for (std::size_t i = 0; i < plan.budgets.size(); ++i) {
    Json row = of(plan.budgets[i]);
    row["intervals"] = of(plan.budget_intervals[i]);
    object["budgets"].push_back(std::move(row));
  }
  object["released"] = Json::array();
  for (const ReleasedModel& r : plan.released) {
    Json row{{"name", r.name}};
    row.update(of(r.model));
    row["wasted"] = r.wasted;
    row["implied_inference_tokens"] = r.implied_demand;
    object["released"].push_back(std::move(row));
  }
  object["inference_aware"] = plan.inference ? of(*plan.inference) : Json(nullptr);
  object["inference_aware_limited"] = plan.inference_limited ? of(*plan.inference_limited) : Json(nullptr);
  object["implied_inference_tokens"] = json_or_null(plan.implied_demand);
  object["data_limit"] = Json::array();
  for (const DataLimit& limit : plan.data_limits) object["data_limit"].push_back(of(limit));
  object["money"] = plan.money ? of(*plan.money) : Json(nullptr);
  object["efficient_exponent"] =
      plan.efficient ? Json{{"low", plan.efficient->low}, {"high", plan.efficient->high}} : Json(nullptr);
  object["bytes_per_param"] = json_or_null(plan.bytes_per_param);
  object["ladder"] = plan.ladder ? of(*plan.ladder) : Json(nullptr);
  object["continual"] = nullptr;
  if (const auto& c = plan.continual)
    object["continual"] = {{"added_tokens", c->added_tokens}, {"replay", c->replay}, {"flops", c->flops}, {"share", c->share}};
  object["precision"] = nullptr;
  if (const auto& p = plan.precision)
    object["precision"] = {{"weight_bits", p->weight_bits},
                           {"activation_bits", p->activation_bits},
                           {"cache_bits", p->cache_bits},
                           {"effective_params", p->effective_params},
                           {"loss", p->loss},
                           {"quantisation_loss", p->quantisation_loss},
                           {"best_bits", json_or_null(p->best_bits)}};
  object["explanations"] = Json::array();
  for (const Explanation& e : plan.explanations)
    object["explanations"].push_back({{"what", e.what}, {"formula", e.formula}, {"numbers", e.numbers}});
  object["warnings"] = Json::array();
  for (const Warning& w : plan.warnings) object["warnings"].push_back({{"code", w.code}, {"text", w.text}});
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace isoflop
