// A plan as a section: the sentence, the numbers that stand out, pictures, and tables for what is looked up.
#include <cmath>

#include "isoflop/text.h"
#include "isoflop/plan.h"
#include "isoflop/report.h"

namespace isoflop {
namespace {

std::string digits(double value, int count = 4) { return format_significant(value, count); }

std::string end_text(double value, bool counts) {
  if (!std::isfinite(value)) return "no bound";
  return counts ? format_billions(value) : digits(value);
}

/// "67.1B to 152B", or nothing.
std::string span(const std::map<std::string, Interval>& intervals, const std::string& name, bool counts) {
  const auto it = intervals.find(name);
  return it == intervals.end() ? "" : end_text(it->second.low, counts) + " to " + end_text(it->second.high, counts);
}

/// The same with its level in front.
std::string level_span(const Plan& plan, const std::string& name, bool counts) {
  const std::string text = span(plan.intervals, name, counts);
  return text.empty() ? "" : digits(100 * plan.intervals.at(name).level, 3) + " %: " + text;
}

std::string range_text(const Range& range, int count = 3) {
  const auto number = [count](double value) { return format_amount(value, count); };
  return range.low == range.high ? number(range.value)
                                 : number(range.value) + " (" + number(range.low) + " to " + number(range.high) + ")";
}

std::string lead(const Plan& plan) {
  const ModelPlan& m = plan.model;
  std::string text = digits(plan.flops) + " FLOPs train " + format_billions(m.params) + " parameters on " +
                     format_billions(m.tokens) + " tokens";
  if (m.loss) {
    text += " to a loss of " + digits(*m.loss, 4);
    if (const std::string run = span(plan.intervals, "prediction", false); !run.empty()) text += " (one run: " + run + ")";
  }
  text += ", by " + plan.law.name + ".";
  if (plan.text_limited)
    text += " That is " + digits(plan.data_limits.front().epochs, 3) + " epochs of " +
            format_billions(plan.data_limits.front().unique_tokens) + " unique tokens; with text without end the optimum is " +
            format_billions(plan.optimum.params) + " on " + format_billions(plan.optimum.tokens) + ", to " +
            digits(*plan.optimum.loss) + ".";
  else if (plan.off_optimum && plan.law.surface)
    text += " The optimum of that compute is " + format_billions(plan.optimum.params) + " on " +
            format_billions(plan.optimum.tokens) + "; " + format_percent(plan.wasted) + " of it is in vain.";
  return text;
}

std::vector<Tile> tiles(const Plan& plan, const MachinePlan& machines) {
  std::vector<Tile> out{
      {"Optimal parameters N*", format_billions(plan.optimum.params), level_span(plan, "params", true)},
      {"Optimal tokens D*", format_billions(plan.optimum.tokens), level_span(plan, "tokens", true)},
      {"Tokens per parameter", digits(plan.optimum.tokens_per_param()), level_span(plan, "tokens_per_param", false)}};
  if (plan.optimum.loss) out.push_back({"Least loss L*", digits(*plan.optimum.loss), level_span(plan, "loss", false)});
  const TrainingCost& cost = machines.cost;
  out.push_back({"Days", digits(cost.days.value, 3),
                 digits(cost.days.low, 3) + " to " + digits(cost.days.high, 3) + " on " + std::to_string(cost.devices) + " " +
                     cost.accelerator});
  if (cost.usd)
    out.push_back({"US dollars", format_amount(cost.usd->value, 4),
                   format_amount(cost.usd->low, 4) + " to " + format_amount(cost.usd->high, 4)});
  return out;
}

PageTable limits_table(const Plan& plan) {
  PageTable table{"With the text there is",
                  {"repetition law", "unique tokens", "N", "D", "epochs", "loss", "with text without end", "compute in vain"},
                  {},
                  ""};
  for (const DataLimit& l : plan.data_limits)
    table.rows.push_back({l.law, format_billions(l.unique_tokens), format_billions(l.model.params),
                          format_billions(l.model.tokens), digits(l.epochs, 3), digits(*l.model.loss, 5), digits(l.loss_fresh, 5),
                          format_percent(l.wasted)});
  return table;
}

PageTable served_table(const Plan& plan) {
  PageTable table{"Least training and inference together",
                  {"", "N", "D", "times the data", "instead of N", "D", "saves", "interval"},
                  {},
                  ""};
  const auto add = [&](const char* name, const std::optional<InferenceAware>& served) {
    if (!served) return;
    const auto& interval = served->saving_interval;
    table.rows.push_back({name, format_billions(served->model.params), format_billions(served->model.tokens),
                          digits(served->model.tokens / served->reference.tokens), format_billions(served->reference.params),
                          format_billions(served->reference.tokens), format_percent(served->saving),
                          interval ? format_percent(interval->low) + " to " + format_percent(interval->high) : ""});
  };
  add("text without end", plan.inference);
  add("with the text there is", plan.inference_limited);
  if (plan.inference)
    table.note = "Models of one loss, " + digits(plan.inference->loss, 5) + ": the smaller is cheaper to serve.";
  return table;
}

/// A column a judge, numbered: their names are long.
PageTable laws_table(const Plan& plan) {
  PageTable table;
  if (!plan.laws) return table;
  table.title = "What other laws would train";
  table.head = {"plan of", "N", "D"};
  table.note = "Share of the compute that each plan wastes if the law of the column is right.";
  for (std::size_t j = 0; j < plan.laws->judges.size(); ++j) {
    table.head.push_back("in vain by " + std::to_string(j + 1));
    table.note += " " + std::to_string(j + 1) + ": " + plan.laws->judges[j] + (j + 1 < plan.laws->judges.size() ? ";" : ".");
  }
  for (std::size_t i = 0; i < plan.laws->plans.size(); ++i) {
    std::vector<std::string> row{plan.laws->plans[i], format_billions(plan.laws->models[i].params),
                                 format_billions(plan.laws->models[i].tokens)};
    for (const double wasted : plan.laws->wasted[i]) row.push_back(format_percent(wasted));
    table.rows.push_back(std::move(row));
  }
  if (plan.regret_laws)
    table.note += " Least regret over these laws: N = " + format_billions(plan.regret_laws->model.params) + ", wastes " +
                  format_percent(plan.regret_laws->mean_waste) + " on average.";
  return table;
}

PageTable released_table(const Plan& plan) {
  PageTable table{"Released models of like compute, as this law sees them",
                  {"", "N", "D", "tokens per parameter", "C", "loss", "compute in vain", "explained by serving"},
                  {},
                  ""};
  for (const ReleasedModel& r : plan.released)
    table.rows.push_back({r.name, format_billions(r.model.params), format_billions(r.model.tokens),
                          format_amount(r.model.tokens_per_param(), 3), digits(r.model.flops, 3), digits(*r.model.loss),
                          format_percent(r.wasted),
                          r.implied_demand < 0 ? "none" : format_billions(r.implied_demand) + " tokens"});
  return table;
}

PageTable machine_table(const MachinePlan& machines) {
  PageTable table{"Shape, machine and schedule", {"", "value"}, {}, ""};
  const auto row = [&](const std::string& name, const std::string& value) { table.rows.push_back({name, value}); };
  if (!machines.shapes.empty()) {
    const ShapeChoice& choice = machines.shapes.front();
    const Shape& s = choice.shape;
    row("Shape", "n_layer " + std::to_string(s.n_layer) + ", n_head " + std::to_string(s.n_head) + ", n_embd " +
                     std::to_string(s.n_embd) + ", n_inner " + std::to_string(inner_size(s)) + ", vocabulary " +
                     format_count(static_cast<double>(s.vocab_size)));
    row("Its parameters", format_count(static_cast<double>(choice.counts.params)));
  }
  const TrainingCost& cost = machines.cost;
  row("Model FLOPs utilisation", range_text(cost.mfu));
  row("Device-hours", range_text(cost.device_hours, 4));
  if (cost.kwh) row("Energy", range_text(*cost.kwh) + " kWh");
  if (cost.co2_kg) row("CO2", range_text(*cost.co2_kg) + " kg");
  if (machines.memory) {
    const FitAnswer& m = *machines.memory;
    row("Memory per device",
        format_gigabytes(m.use.total()) + " of " + format_gigabytes(m.capacity) + (m.fits ? "" : ": does not fit"));
    row("Layout", "tensor " + std::to_string(m.layout.tensor) + ", pipeline " + std::to_string(m.layout.pipeline) + ", data " +
                      std::to_string(m.layout.data) + ", ZeRO-" + std::to_string(m.layout.zero) + ", recomputation " +
                      to_string(m.recomputation));
  }
  return table;
}

PageTable rates_table(const MachinePlan& machines) {
  PageTable table{
      "Learning rates and batches by law", {"quantity", "value", "95 % interval", "law", "fitted range", "conditions"}, {}, ""};
  for (const Hyperparameter& h : machines.hyperparameters)
    table.rows.push_back({h.quantity, h.value ? digits(*h.value) : "none",
                          h.interval ? digits(h.interval->low) + " to " + digits(h.interval->high) : "-", h.law,
                          h.in_range ? (*h.in_range ? "inside" : "outside") : "not known", h.conditions});
  if (const auto& s = machines.schedule)
    table.note =
        "The intervals are what the authors' resamples of their rows leave open; another choice of rows moves a law further. "
        "Batch " +
        format_billions(s->batch_tokens) + " tokens, " + format_count(s->steps) + " steps, " + format_count(s->warmup_steps) +
        " of warm-up.";
  return table;
}

PageTable ladder_table(const Plan& plan) {
  PageTable table;
  if (!plan.ladder) return table;
  table.title = "Pilots before it";
  table.head = {"C of each", "models", "N", "cost", "saves", "N* within a factor", "waste expected"};
  for (const Rung& r : plan.ladder->rungs)
    table.rows.push_back({digits(r.flops, 3), std::to_string(r.models.size()),
                          format_billions(r.models.front().params) + " to " + format_billions(r.models.back().params),
                          digits(r.cost, 3), digits(r.saved, 3), digits(r.factor, 3), format_percent(r.waste)});
  table.note = "Together " + format_percent(plan.ladder->share) +
               " of the target; without pilots N* is known within a factor of " + digits(plan.ladder->factor_before, 3) +
               " and " + format_percent(plan.ladder->waste_before) + " is wasted. No further rung: " + plan.ladder->stop + ".";
  return table;
}

}  // namespace

std::vector<PageTable> plan_tables(const Plan& plan, const MachinePlan& machines) {
  std::vector<PageTable> tables{limits_table(plan),   served_table(plan), laws_table(plan),
                                released_table(plan), ladder_table(plan), rates_table(machines)};
  std::erase_if(tables, [](const PageTable& table) { return table.rows.empty(); });
  return tables;
}

PageSection plan_section(const Plan& plan, const MachinePlan& machines) {
  PageSection section;
  section.title = "A plan";
  section.lead = lead(plan);
  section.tiles = tiles(plan, machines);
  section.warnings = plan.warnings;
  section.warnings.insert(section.warnings.end(), machines.warnings.begin(), machines.warnings.end());
  section.warnings.insert(section.warnings.end(), machines.cost.warnings.begin(), machines.cost.warnings.end());
  section.figures = plan_figures(plan, machines);
  section.tables = plan_tables(plan, machines);
  section.tables.push_back(machine_table(machines));
  return section;
}

}  // namespace isoflop
