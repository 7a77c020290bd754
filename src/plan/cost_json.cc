// What the machine side of a plan says, as JSON (docs/formats/machine.md).
#include "base/json.h"
#include "isoflop/cost.h"

namespace isoflop {
namespace {

Json json_of(const Range& range) {
  return {{"low", range.low}, {"value", range.value}, {"high", range.high}};
}

Json json_of(const std::optional<Range>& range) {
  return range ? json_of(*range) : Json(nullptr);
}

Json json_of(const TrainingCost& cost) {
  Json warnings = Json::array();
  for (const Warning& warning : cost.warnings) warnings.push_back({{"code", warning.code}, {"text", warning.text}});
  return {{"flops", cost.flops},
          {"accelerator", cost.accelerator},
          {"devices", cost.devices},
          {"mfu", json_of(cost.mfu)},
          {"days", json_of(cost.days)},
          {"device_hours", json_of(cost.device_hours)},
          {"usd", json_of(cost.usd)},
          {"kwh", json_of(cost.kwh)},
          {"co2_kg", json_of(cost.co2_kg)},
          {"energy_basis", cost.energy_basis.empty() ? Json(nullptr) : Json(cost.energy_basis)},
          {"carbon_basis", cost.carbon_basis.empty() ? Json(nullptr) : Json(cost.carbon_basis)},
          {"warnings", warnings}};
}

}  // namespace

std::string cost_to_json(const TrainingCost& cost) {
  return json_of(cost).dump();
}

std::string fit_to_devices_to_json(const FitAnswer& a) {
  const Json layout{{"tensor", a.layout.tensor},   {"pipeline", a.layout.pipeline},
                    {"data", a.layout.data},       {"virtual_stages", a.layout.virtual_stages},
                    {"zero", a.layout.zero},       {"micro_batches", a.layout.micro_batches},
                    {"sequence_parallel", a.layout.sequence_parallel}};
  const Json bytes{{"weights", a.use.weights},         {"gradients", a.use.gradients}, {"optimizer", a.use.optimizer},
                   {"activations", a.use.activations}, {"logits", a.use.logits},       {"total", a.use.total()}};
  const Json json{{"fits", a.fits},
                  {"bytes_per_device", bytes},
                  {"capacity_bytes", a.capacity},
                  {"layout", layout},
                  {"recomputation", to_string(a.recomputation)},
                  {"bubble", a.bubble},
                  {"data_parallel_limit", a.data_parallel_limit > 0 ? Json(a.data_parallel_limit) : Json(nullptr)},
                  {"kv_cache_bytes_per_token", a.kv_bytes_per_token},
                  {"advice", a.advice}};
  return json.dump();
}

std::string shape_to_json(const ShapeChoice& c) {
  const Shape& s = c.shape;
  const Json json{{"style", to_string(s.mlp == Mlp::swiglu ? Style::llama : Style::gpt2)},
                  {"n_layer", s.n_layer},
                  {"n_head", s.n_head},
                  {"n_kv_head", s.n_kv_head == 0 ? s.n_head : s.n_kv_head},
                  {"n_embd", s.n_embd},
                  {"n_inner", inner_size(s)},
                  {"vocab_size", s.vocab_size},
                  {"block_size", s.block_size},
                  {"tied_head", s.tied_head},
                  {"bias", s.bias},
                  {"params", c.counts.params},
                  {"params_non_embedding", c.counts.params_non_embedding},
                  {"params_matmul", c.counts.params_matmul},
                  {"flops_per_token", c.flops.exact},
                  {"target", c.target},
                  {"off", c.off},
                  {"aspect", c.aspect},
                  {"loss_rise", json_or_null(c.loss_rise)}};
  return json.dump();
}

std::string hyperparameters_to_json(const std::vector<Hyperparameter>& all) {
  Json list = Json::array();
  for (const Hyperparameter& h : all)
    list.push_back(
        {{"law", h.law},
         {"quantity", h.quantity},
         {"value", json_or_null(h.value)},
         {"interval",
          h.interval ? Json{{"low", h.interval->low}, {"high", h.interval->high}, {"level", h.interval->level}} : Json(nullptr)},
         {"formula", h.formula},
         {"conditions", h.conditions},
         {"range", h.range},
         {"in_range", json_or_null(h.in_range)},
         {"source", h.source},
         {"note", h.note}});
  return list.dump();
}

std::string frontier_to_json(const std::vector<FrontierPoint>& points) {
  Json list = Json::array();
  for (const FrontierPoint& p : points)
    list.push_back({{"devices", p.devices},
                    {"batch_tokens", p.batch_tokens},
                    {"token_overhead", p.token_overhead},
                    {"tokens", p.tokens},
                    {"steps", p.steps},
                    {"days", json_of(p.cost.days)},
                    {"usd", json_of(p.cost.usd)},
                    {"dominated", p.dominated}});
  return list.dump();
}

}  // namespace isoflop
