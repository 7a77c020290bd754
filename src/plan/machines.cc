// A plan on machines: a shape that can be built, its cost, memory, rates and batches.
#include <algorithm>

#include "base/check.h"
#include "base/json.h"
#include "base/math.h"
#include "isoflop/plan.h"
#include "plan/surface.h"
#include "isoflop/text.h"

namespace isoflop {
namespace {

/// The first answer to a question that has a value.
std::optional<double> first_of(const std::vector<Hyperparameter>& all, const std::string& quantity) {
  for (const Hyperparameter& h : all)
    if (h.quantity == quantity && h.value) return h.value;
  return std::nullopt;
}

/// N of shapes as the law counts it.
std::string counted_as(const PlanningLaw& law) {
  const std::string& own = law.n_convention;
  return own == "params_non_embedding" || own == "params_matmul" || own == kFlopsPerToken ? own : "params";
}

/// The shapes near the plan's size; the law says what rounding costs.
std::vector<ShapeChoice> shapes_of(const Plan& plan, const ShapeOptions& asked, std::vector<Warning>& warnings) {
  ShapeOptions options = asked;
  options.n_convention = counted_as(plan.law);
  if (plan.law.surface)
    options.loss_at = [&plan](double params) {
      const double tokens = plan.model.flops / (plan.law.flops_per * params);
      return plan::loss_of(plan.law, *plan.law.surface, params, tokens);
    };
  std::vector<ShapeChoice> shapes = feasible_shapes(plan.model.params, options);
  if (shapes.empty())
    warnings.push_back({"no_shape", "no shape is within a tenth of " + format_billions(plan.model.params) +
                                        " parameters: the least of this vocabulary has " +
                                        format_billions(least_shape_params(plan.model.params, options)) +
                                        "; a smaller --vocab-size has smaller ones"});
  return shapes;
}

CostOptions cost_options(const Plan& plan, const MachineRequest& request) {
  CostOptions options;
  options.accelerator = request.accelerator ? *request.accelerator : find_accelerator("h100");
  options.mfu = request.mfu;
  options.usd_per_hour = request.usd_per_hour;
  options.devices = std::max<std::int64_t>(1, request.devices);
  if (request.devices > 0) return options;
  constexpr double kMonth = 30;
  options.devices = 8;
  while (training_cost(plan.model.flops, options).days.value > kMonth && options.devices < (std::int64_t{1} << 40))
    options.devices *= 2;
  return options;
}

}  // namespace

std::optional<CountedOptimum> counted_optimum(const PlanningLaw& law, double flops, const std::string& convention,
                                              const ShapeOptions& options) {
  ISOFLOP_CHECK(law.surface && flops > 0);
  if (convention != "flops_exact" && convention != "flops_full_attention")
    throw Error(Fault::usage, "--count", "no convention `" + convention + "`", "known: flops_exact, flops_full_attention");
  ShapeOptions near = options;
  near.n_convention = counted_as(law);
  near.loss_at = {};
  std::optional<CountedOptimum> best;
  const auto look = [&](double params) {
    for (const ShapeChoice& shape : feasible_shapes(params, near)) {
      CountedOptimum at{.convention = convention, .shape = shape, .model = {}};
      at.model.params = params * (1 + shape.off);
      at.model.tokens = flops / (convention == "flops_exact" ? shape.flops.exact : shape.flops.full_attention);
      at.model.flops = flops;
      at.model.loss = plan::loss_of(law, *law.surface, at.model.params, at.model.tokens);
      if (!best || *at.model.loss < *best->model.loss) best = std::move(at);
    }
  };
  // embeddings move the optimum of small models by much: a wide look first, then a close one
  const double centre = optimal_model(law, flops).params;
  for (int i = -24; i <= 24; ++i) look(centre * exp_(0.15 * i));
  if (!best) return best;
  const double middle = best->model.params;
  for (int i = -10; i <= 10; ++i) look(middle * exp_(0.015 * i));
  return best;
}

MachinePlan plan_machines(const Plan& plan, const MachineRequest& request) {
  if (!request.count.empty() && !plan.law.surface)
    throw Error(Fault::usage, "--count",
                "the law " + plan.law.name + " knows no loss: which shape is best of a count is not known",
                "plan with a law of params and tokens, e.g. --law published:epoch2024");
  MachinePlan machines;
  const CostOptions cost = cost_options(plan, request);
  machines.cost = training_cost(plan.model.flops, cost);
  machines.shapes = shapes_of(plan, request.shape, machines.warnings);
  const std::string& own = plan.law.flops_convention;
  const std::string count = !request.count.empty()                                  ? request.count
                            : own == "flops_exact" || own == "flops_full_attention" ? own
                                                                                    : "";
  if (!count.empty() && plan.law.surface) machines.counted = counted_optimum(plan.law, plan.flops, count, request.shape);

  HyperparameterQuestion question;
  question.params = plan.model.params;
  question.tokens = plan.model.tokens;
  question.flops = plan.model.flops;
  question.loss = plan.model.loss;
  if (!machines.shapes.empty())
    question.params_non_embedding = static_cast<double>(machines.shapes.front().counts.params_non_embedding);
  machines.hyperparameters = hyperparameters(question);
  const auto batch = first_of(machines.hyperparameters, "batch_tokens"),
             critical = first_of(machines.hyperparameters, "critical_batch_tokens");

  if (machines.shapes.empty()) return machines;
  const Shape& shape = machines.shapes.front().shape;
  if (batch && *batch <= plan.model.tokens) machines.schedule = schedule_of(plan.model.tokens, *batch, shape.block_size);
  FitQuestion fit;
  fit.shape = shape;
  fit.accelerator = cost.accelerator;
  fit.devices = cost.devices;
  fit.batch_tokens = machines.schedule ? machines.schedule->batch_tokens : 0;
  fit.critical_batch = critical;
  machines.memory = fit_to_devices(fit);
  if (batch && critical) {
    FrontierOptions frontier;
    frontier.cost = cost;
    frontier.batch_tokens = *batch;
    frontier.critical_batch = *critical;
    frontier.tokens_per_device = static_cast<double>(shape.block_size);
    frontier.devices_per_replica = std::max<std::int64_t>(1, machines.memory->layout.tensor * machines.memory->layout.pipeline);
    machines.frontier = days_money_frontier(plan.model.flops, plan.model.tokens, frontier);
    // the plan's own number of devices is among them
    for (const FrontierPoint& p : machines.frontier) frontier.devices.push_back(p.devices);
    const auto place = std::lower_bound(frontier.devices.begin(), frontier.devices.end(), cost.devices);
    if (place == frontier.devices.end() || *place != cost.devices) {
      frontier.devices.insert(place, cost.devices);
      machines.frontier = days_money_frontier(plan.model.flops, plan.model.tokens, frontier);
    }
  }
  return machines;
}

std::string machines_to_json(const MachinePlan& machines) {
  Json object;
  object["shape"] = machines.shapes.empty() ? Json(nullptr) : Json::parse(shape_to_json(machines.shapes.front()));
  object["shapes"] = Json::array();
  for (const ShapeChoice& choice : machines.shapes) object["shapes"].push_back(Json::parse(shape_to_json(choice)));
  object["counted"] = nullptr;
  if (const auto& c = machines.counted)
    object["counted"] = {{"flops_convention", c->convention},
                         {"params", c->model.params},
                         {"tokens", c->model.tokens},
                         {"loss", json_or_null(c->model.loss)},
                         {"tokens_per_param", c->model.tokens_per_param()},
                         {"shape", Json::parse(shape_to_json(c->shape))}};
  object["cost"] = Json::parse(cost_to_json(machines.cost));
  object["memory"] = machines.memory ? Json::parse(fit_to_devices_to_json(*machines.memory)) : Json(nullptr);
  object["hyperparameters"] = Json::parse(hyperparameters_to_json(machines.hyperparameters));
  object["schedule"] = nullptr;
  if (const auto& s = machines.schedule)
    object["schedule"] = {{"batch_tokens", s->batch_tokens}, {"steps", s->steps}, {"warmup_steps", s->warmup_steps}};
  object["frontier"] = Json::parse(frontier_to_json(machines.frontier));
  object["warnings"] = Json::array();
  for (const Warning& w : machines.warnings) object["warnings"].push_back({{"code", w.code}, {"text", w.text}});
  return object.dump();
}

}  // namespace isoflop
