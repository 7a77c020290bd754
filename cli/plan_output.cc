#include "cli/plan_output.h"

#include <array>
#include <cmath>
#include <iostream>
#include <sstream>

namespace cli {
namespace {

using isoflop::Interval;
using isoflop::Plan;

std::string percent(double share) {
  return digits(100 * share, 3) + " %";
}

std::optional<Interval> find(const std::map<std::string, Interval>& intervals, const std::string& name) {
  const auto it = intervals.find(name);
  return it == intervals.end() ? std::nullopt : std::optional(it->second);
}

bool grave(const isoflop::Warning& warning) {
  return warning.code == "extrapolation_far";
}

void heading(const std::string& text) {
  std::cout << "\n" << text << "\n";
}

void print_optimum(const Plan& plan) {
  const auto row = [&](const std::string& name, const std::string& value, const std::string& interval) {
    return std::vector<std::string>{name, value, interval.empty() ? "-" : interval};
  };
  std::vector<std::vector<std::string>> rows;
  const auto& i = plan.intervals;
  rows.push_back(row("parameters N*", counted(plan.optimum.params), span(find(i, "params"), true)));
  rows.push_back(row("tokens D*", counted(plan.optimum.tokens), span(find(i, "tokens"), true)));
  rows.push_back(row("tokens per parameter", digits(plan.optimum.tokens_per_param()), span(find(i, "tokens_per_param"), false)));
  if (plan.bytes_per_param) rows.push_back(row("bytes per parameter", digits(*plan.bytes_per_param), ""));
  rows.push_back(row("compute C", digits(plan.flops) + " FLOPs", span(find(i, "flops"), false)));
  if (plan.optimum.loss) rows.push_back(row("loss", digits(*plan.optimum.loss, 5), span(find(i, "loss"), false)));
  if (!plan.off_optimum && find(i, "prediction")) rows.push_back(row("loss of one run", digits(*plan.model.loss, 5), span(find(i, "prediction"), false)));
  std::vector<std::string> header{"optimum of " + plan.law.name + (plan.text_limited ? ", text without end" : ""), ""};
  if (i.empty())
    for (auto& r : rows) r.pop_back();
  else
    header.push_back(digits(100 * i.begin()->second.level, 3) + " % interval");
  print_table(header, rows);
  if (plan.regret && plan.law.draws.size() > 1)
    std::cout << "least regret over " << plan.regret->draws << " draws: N = " << counted(plan.regret->model.params) << ", wastes "
              << percent(plan.regret->mean_waste) << " of the compute on average, 95 % of draws at most " << percent(plan.regret->waste_95) << "\n";
}

void print_model(const Plan& plan) {
  if (!plan.off_optimum) return;
  heading(plan.text_limited ? "The plan: the best of this compute with the text there is" : "The model asked for");
  std::cout << counted(plan.model.params) << " parameters on " << counted(plan.model.tokens) << " tokens, "
            << digits(plan.model.tokens_per_param()) << " tokens per parameter, " << digits(plan.model.flops) << " FLOPs";
  if (plan.model.loss) {
    std::cout << "\nloss " << digits(*plan.model.loss, 5);
    if (const auto interval = find(plan.intervals, "loss_of_model")) std::cout << " (" << span(interval, false) << ")";
    if (const auto interval = find(plan.intervals, "prediction")) std::cout << ", one run " << span(interval, false);
    std::cout << "; " << percent(plan.wasted) << " of its compute is in vain beside the optimum of the same compute";
  }
  std::cout << "\n";
  if (plan.implied_demand) {
    if (*plan.implied_demand >= 0)
      std::cout << "it is the cheapest model of its loss if " << counted(*plan.implied_demand) << " tokens are served\n";
    else
      std::cout << "no inference demand explains it: it is larger than its loss needs\n";
  }
}

void print_deviation(const Plan& plan) {
  if (plan.deviation.empty()) return;
  const std::string text = plan.text_limited ? " (text without end)" : "";
  heading("Off the optimum, same compute" + text);
  std::vector<std::vector<std::string>> rows;
  for (const auto& d : plan.deviation)
    rows.push_back({digits(d.factor, 3), counted(d.params), counted(d.tokens), digits(d.loss, 5), digits(d.delta_loss, 3), percent(d.wasted)});
  print_table({"N / N*", "N", "D", "loss", "more", "compute in vain"}, rows);
  heading("Smaller models of the same loss" + text);
  rows.clear();
  for (const auto& r : plan.overtraining->rows)
    rows.push_back({digits(r.factor, 3), counted(r.params), counted(r.tokens), digits(r.tokens_factor, 4), digits(r.flops_factor, 4)});
  print_table({"N / N*", "N", "D", "D / D*", "C / C*"}, rows);
  std::cout << "below " << digits(plan.overtraining->least_factor, 3) << " N* no amount of data reaches it\n";
}

void print_laws(const Plan& plan) {
  if (!plan.laws) return;
  heading("What other laws would train, and what each plan wastes if another law is right");
  std::vector<std::string> header{"plan of", "N", "D"};
  for (std::size_t j = 0; j < plan.laws->judges.size(); ++j) header.push_back("law " + std::to_string(j + 1));
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 0; i < plan.laws->plans.size(); ++i) {
    std::vector<std::string> row{plan.laws->plans[i], counted(plan.laws->models[i].params), counted(plan.laws->models[i].tokens)};
    for (const double wasted : plan.laws->wasted[i]) row.push_back(percent(wasted));
    rows.push_back(std::move(row));
  }
  print_table(header, rows);
  std::string legend;
  for (std::size_t j = 0; j < plan.laws->judges.size(); ++j)
    legend += (j ? ", " : "") + std::to_string(j + 1) + ": " + plan.laws->judges[j];
  std::cout << legend << "\n";
  if (plan.regret_laws)
    std::cout << "least regret over these laws: N = " << counted(plan.regret_laws->model.params) << ", wastes "
              << percent(plan.regret_laws->mean_waste) << " on average\n";
}

void print_released(const Plan& plan) {
  if (plan.released.empty()) return;
  heading("Released models of like compute, as this law sees them");
  std::vector<std::vector<std::string>> rows;
  for (const auto& r : plan.released)
    rows.push_back({r.name, counted(r.model.params), counted(r.model.tokens), digits(r.model.tokens_per_param(), 3), digits(r.model.flops, 3),
                    digits(*r.model.loss, 4), percent(r.wasted), r.implied_demand < 0 ? "none" : counted(r.implied_demand)});
  print_table({"", "N", "D", "D / N", "C", "loss", "compute in vain", "explained by serving"}, rows);
}

void print_inference(const std::optional<isoflop::InferenceAware>& inference, const std::string& title) {
  if (!inference) return;
  heading(title);
  std::cout << counted(inference->model.params) << " parameters on " << counted(inference->model.tokens) << " tokens ("
            << digits(inference->model.tokens / inference->reference.tokens) << " times the data), instead of " << counted(inference->reference.params)
            << " on " << counted(inference->reference.tokens) << ", for the same loss " << digits(inference->loss, 5) << "\nsaves "
            << percent(inference->saving) << ", " << digits(inference->saved) << " of " << digits(inference->reference_total);
  if (inference->saving_interval)
    std::cout << " (" << digits(100 * inference->saving_interval->low, 3) << " to " << digits(100 * inference->saving_interval->high, 3) << " %)";
  std::cout << "\n";
}

void print_limits(const Plan& plan) {
  for (const auto& limit : plan.data_limits) {
    heading("With " + counted(limit.unique_tokens) + " unique tokens (" + limit.law + ")");
    std::cout << counted(limit.model.params) << " parameters on " << counted(limit.model.tokens) << " tokens, " << digits(limit.epochs, 3)
              << " epochs; loss " << digits(*limit.model.loss, 5) << " instead of " << digits(limit.loss_fresh, 5) << " with text without end ("
              << percent(limit.wasted) << " of the compute in vain)\n";
  }
}

void print_money(const Plan& plan, const std::string& currency) {
  if (!plan.money) return;
  const auto& money = *plan.money;
  heading("The next million " + currency + ", in loss");
  const auto cell = [](const std::optional<double>& value) { return value ? digits(1e6 * *value, 3) : std::string("-"); };
  print_table({"data", "compute", "parameters served"}, {{cell(money.data), cell(money.compute), cell(money.params)}});
  std::cout << "best spent on " << money.best << "; the model costs " << digits(money.cost_total) << " over its life (data " << digits(money.cost_data)
            << ", training " << digits(money.cost_training) << ", serving " << digits(money.cost_serving) << ", fixed " << digits(money.cost_fixed) << ")\n";
}

void print_further(const Plan& plan) {
  if (const auto& c = plan.continual)
    std::cout << "\ntraining on with " << counted(c->added_tokens) << " tokens and " << percent(c->replay) << " of old text: " << digits(c->flops) << " FLOPs, "
              << percent(c->share) << " of the model's own\n";
  if (const auto& p = plan.precision) {
    std::cout << "\nin " << digits(p->weight_bits) << "/" << digits(p->activation_bits) << "/" << digits(p->cache_bits)
              << " bits (weights/activations/cache): as good as " << counted(p->effective_params) << " parameters, loss " << digits(p->loss, 5);
    if (p->quantisation_loss > 0) std::cout << "; quantised after training " << digits(p->quantisation_loss, 3) << " more";
    if (p->best_bits) std::cout << "; best trained in " << digits(*p->best_bits, 3) << " bits";
    std::cout << "\n";
  }
}

void print_ladder(const Plan& plan, const Json& json) {
  if (!plan.ladder) return;
  const auto& ladder = *plan.ladder;
  heading("Pilots before it");
  std::vector<std::vector<std::string>> rows;
  for (const auto& rung : ladder.rungs)
    rows.push_back({digits(rung.flops, 3), std::to_string(rung.models.size()),
                    counted(rung.models.front().params) + " to " + counted(rung.models.back().params), digits(rung.cost, 3), digits(rung.saved, 3),
                    digits(rung.factor, 3), percent(rung.waste)});
  print_table({"C of each", "models", "N", "cost", "saves", "N* within a factor", "waste expected"}, rows);
  std::cout << "together " << percent(ladder.share) << " of the target; without pilots N* is known within a factor of " << digits(ladder.factor_before, 3)
            << " and " << percent(ladder.waste_before) << " is wasted. No further rung: " << ladder.stop << "\n";
  if (json.contains("ladder") && json["ladder"].is_object() && json["ladder"].contains("studies"))
    for (const auto& study : json["ladder"]["studies"]) std::cout << study.get<std::string>() << "\n";
}

}  // namespace

std::string digits(double value, int count) {
  std::ostringstream text;
  text.precision(count);
  text << value;
  return text.str();
}

std::string counted(double value) {
  static constexpr std::array<const char*, 5> kUnits{"", "k", "M", "B", "T"};
  std::size_t unit = 0;
  while (std::fabs(value) >= 999.95 && unit + 1 < kUnits.size()) value /= 1000, ++unit;
  return digits(value) + kUnits[unit];
}

std::string span(const std::optional<Interval>& interval, bool counts) {
  if (!interval) return "";
  const auto end = [counts](double value) { return !std::isfinite(value) ? std::string("no bound") : counts ? counted(value) : digits(value); };
  return end(interval->low) + " to " + end(interval->high);
}

void print_plan(const Plan& plan, const Json& json, bool explain, const std::string& currency) {
  for (const auto& warning : plan.warnings)
    if (grave(warning)) std::cout << "warning: " << warning.text << "\n\n";
  print_optimum(plan);
  print_model(plan);
  print_deviation(plan);
  print_inference(plan.inference, "Served: least training and inference together");
  print_limits(plan);
  print_inference(plan.inference_limited, "Served, with that text");
  if (!plan.budgets.empty()) {
    heading("Further budgets");
    std::vector<std::vector<std::string>> rows;
    for (std::size_t i = 0; i < plan.budgets.size(); ++i) {
      const auto& b = plan.budgets[i];
      rows.push_back({digits(b.flops), counted(b.params), span(find(plan.budget_intervals[i], "params"), true), counted(b.tokens), b.loss ? digits(*b.loss, 5) : "-",
                      span(find(plan.budget_intervals[i], "loss"), false)});
    }
    print_table({"C", "N*", "", "D*", "loss", ""}, rows);
  }
  print_laws(plan);
  print_released(plan);
  print_money(plan, currency);
  print_further(plan);
  print_ladder(plan, json);
  if (explain) {
    heading("How these numbers come about");
    for (const auto& e : plan.explanations) std::cout << e.what << ": " << e.formula << "\n  " << e.numbers << "\n";
  }
  if (json.contains("sealed")) std::cout << "\nsealed in " << json["sealed"]["file"].get<std::string>() << ", sha256 " << json["sealed"]["sha256"].get<std::string>() << "\n";
}

void print_warnings(const std::vector<isoflop::Warning>& warnings) {
  bool first = true;
  for (const auto& warning : warnings) {
    if (grave(warning)) continue;
    std::cout << (first ? "\n" : "") << warning.code << ": " << warning.text << "\n";
    first = false;
  }
}

}  // namespace cli
