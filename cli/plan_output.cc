#include "cli/plan_output.h"

#include <cmath>
#include <filesystem>
#include <iostream>
#include <map>

#include "cli/arguments.h"

namespace cli {
namespace {

using isoflop::format_billions;
using isoflop::format_amount;
using isoflop::format_percent;
using isoflop::Interval;
using isoflop::Plan;

std::string digits(double value, int count = 4) { return isoflop::format_significant(value, count); }

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
  rows.push_back(row("parameters N*", format_billions(plan.optimum.params), span(find(i, "params"), true)));
  rows.push_back(row("tokens D*", format_billions(plan.optimum.tokens), span(find(i, "tokens"), true)));
  rows.push_back(row("tokens per parameter", digits(plan.optimum.tokens_per_param()), span(find(i, "tokens_per_param"), false)));
  if (plan.bytes_per_param) rows.push_back(row("bytes per parameter", digits(*plan.bytes_per_param), ""));
  rows.push_back(row("compute C", digits(plan.flops) + " FLOPs", span(find(i, "flops"), false)));
  if (plan.optimum.loss) rows.push_back(row("loss", digits(*plan.optimum.loss, 5), span(find(i, "loss"), false)));
  if (!plan.off_optimum && find(i, "prediction"))
    rows.push_back(row("loss of one run", digits(*plan.model.loss, 5), span(find(i, "prediction"), false)));
  std::vector<std::string> header{"optimum of " + plan.law.name + (plan.text_limited ? ", text without end" : ""), ""};
  if (i.empty())
    for (auto& r : rows) r.pop_back();
  else
    header.push_back(digits(100 * i.begin()->second.level, 3) + " % interval");
  print_table(header, rows);
  if (plan.regret && plan.law.draws.size() > 1)
    std::cout << "least regret over " << plan.regret->draws << " draws: N = " << format_billions(plan.regret->model.params)
              << ", wastes " << format_percent(plan.regret->mean_waste) << " of the compute on average, 95 % of draws at most "
              << format_percent(plan.regret->waste_95) << "\n";
}

void print_model(const Plan& plan) {
  if (!plan.off_optimum) return;
  heading(plan.text_limited ? "The plan: the best of this compute with the text there is" : "The model asked for");
  std::cout << format_billions(plan.model.params) << " parameters on " << format_billions(plan.model.tokens) << " tokens, "
            << digits(plan.model.tokens_per_param()) << " tokens per parameter, " << digits(plan.model.flops) << " FLOPs";
  if (plan.model.loss) {
    std::cout << "\nloss " << digits(*plan.model.loss, 5);
    if (const auto interval = find(plan.intervals, "loss_of_model")) std::cout << " (" << span(interval, false) << ")";
    if (const auto interval = find(plan.intervals, "prediction")) std::cout << ", one run " << span(interval, false);
    std::cout << "; " << format_percent(plan.wasted) << " of its compute is in vain beside the optimum of the same compute";
  }
  std::cout << "\n";
  if (plan.implied_demand) {
    if (*plan.implied_demand >= 0)
      std::cout << "it is the cheapest model of its loss if " << format_billions(*plan.implied_demand) << " tokens are served\n";
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
    rows.push_back({digits(d.factor, 3), format_billions(d.params), format_billions(d.tokens), digits(d.loss, 5),
                    digits(d.delta_loss, 3), format_percent(d.wasted)});
  print_table({"N / N*", "N", "D", "loss", "more", "compute in vain"}, rows);
  heading("Smaller models of the same loss" + text);
  rows.clear();
  for (const auto& r : plan.overtraining->rows)
    rows.push_back({digits(r.factor, 3), format_billions(r.params), format_billions(r.tokens), digits(r.tokens_factor, 4),
                    digits(r.flops_factor, 4)});
  print_table({"N / N*", "N", "D", "D / D*", "C / C*"}, rows);
  std::cout << "below " << digits(plan.overtraining->least_factor, 3) << " N* no amount of data reaches it\n";
}

void print_money(const Plan& plan, const std::string& currency) {
  if (!plan.money) return;
  const auto& money = *plan.money;
  heading("The next million " + currency + ", in loss");
  const auto cell = [](const std::optional<double>& value) { return value ? digits(1e6 * *value, 3) : std::string("-"); };
  print_table({"data", "compute", "parameters served"}, {{cell(money.data), cell(money.compute), cell(money.params)}});
  std::cout << "best spent on " << money.best << "; the model costs " << format_amount(money.cost_total, 4)
            << " over its life (data " << format_amount(money.cost_data, 4) << ", training "
            << format_amount(money.cost_training, 4) << ", serving " << format_amount(money.cost_serving, 4) << ", fixed "
            << format_amount(money.cost_fixed, 4) << ")\n";
}

void print_further(const Plan& plan) {
  if (const auto& c = plan.continual)
    std::cout << "\ntraining on with " << format_billions(c->added_tokens) << " tokens and " << format_percent(c->replay)
              << " of old text: " << digits(c->flops) << " FLOPs, " << format_percent(c->share) << " of the model's own\n";
  if (const auto& p = plan.precision) {
    std::cout << "\nin " << digits(p->weight_bits) << "/" << digits(p->activation_bits) << "/" << digits(p->cache_bits)
              << " bits (weights/activations/cache): as good as " << format_billions(p->effective_params) << " parameters, loss "
              << digits(p->loss, 5);
    if (p->quantisation_loss > 0) std::cout << "; quantised after training " << digits(p->quantisation_loss, 3) << " more";
    if (p->best_bits) std::cout << "; best trained in " << digits(*p->best_bits, 3) << " bits";
    std::cout << "\n";
  }
}

}  // namespace

std::string span(const std::optional<Interval>& interval, bool counts) {
  if (!interval) return "";
  const auto end = [counts](double value) {
    return !std::isfinite(value) ? std::string("no bound") : counts ? format_billions(value) : digits(value);
  };
  return end(interval->low) + " to " + end(interval->high);
}

void print_plan(const Plan& plan, const std::vector<isoflop::PageTable>& tables, const Json& json, bool explain,
                const std::string& currency) {
  for (const auto& warning : plan.warnings)
    if (grave(warning)) std::cout << "warning: " << warning.text << "\n\n";
  print_optimum(plan);
  print_model(plan);
  print_deviation(plan);
  if (!plan.budgets.empty()) {
    heading("Further budgets");
    std::vector<std::vector<std::string>> rows;
    for (std::size_t i = 0; i < plan.budgets.size(); ++i) {
      const auto& b = plan.budgets[i];
      rows.push_back({digits(b.flops), format_billions(b.params), span(find(plan.budget_intervals[i], "params"), true),
                      format_billions(b.tokens), b.loss ? digits(*b.loss, 5) : "-",
                      span(find(plan.budget_intervals[i], "loss"), false)});
    }
    print_table({"C", "N*", "", "D*", "loss", ""}, rows);
    if (json.contains("budget") && json["budget"].is_object() && json["budget"]["low"] != json["budget"]["high"])
      std::cout << digits(json["budget"]["low"].get<double>()) << " and " << digits(json["budget"]["high"].get<double>())
                << " are what the devices do at the least and the most of their utilisation"
                   " (--mfu gives one; what an hour costs is held)\n";
  }
  for (const isoflop::PageTable& table : tables) {
    heading(table.title);
    print_table(table.head, table.rows);
    if (!table.note.empty()) std::cout << table.note << "\n";
  }
  if (json.contains("ladder") && json["ladder"].is_object() && json["ladder"].contains("studies"))
    for (const auto& study : json["ladder"]["studies"]) std::cout << study.get<std::string>() << "\n";
  print_money(plan, currency);
  print_further(plan);
  if (explain) {
    heading("How these numbers come about");
    for (const auto& e : plan.explanations) std::cout << e.what << ": " << e.formula << "\n  " << e.numbers << "\n";
  }
  if (json.contains("sealed"))
    std::cout << "\nsealed in " << json["sealed"]["file"].get<std::string>() << ", sha256 "
              << json["sealed"]["sha256"].get<std::string>() << "\n";
}

std::vector<std::string> write_ladder(const std::string& folder, const isoflop::Ladder& ladder) {
  namespace fs = std::filesystem;
  std::vector<std::string> files;
  std::map<std::string, std::string> texts;  // by file
  for (std::size_t i = 0; i < ladder.rungs.size(); ++i) {
    const std::string name = "rung-" + std::to_string(i + 1);
    files.push_back((fs::path(folder) / (name + ".toml")).string());
    texts[files.back()] = isoflop::rung_study(ladder.rungs[i], name);
  }
  std::error_code problem;
  fs::create_directories(folder, problem);
  if (problem) throw isoflop::Error(isoflop::Fault::io, folder, "cannot be made: " + problem.message());
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("rung-") || !name.ends_with(".toml")) continue;
    const auto text = texts.find((fs::path(folder) / name).string());
    if (text == texts.end() || text->second != read_table(entry.path()))
      throw isoflop::Error(isoflop::Fault::usage, "--ladder-out",
                           entry.path().string() + (text == texts.end() ? " is no rung of this ladder" : " is another rung"),
                           "name another folder, or remove the rungs there");
  }
  for (const auto& [file, text] : texts) isoflop::write_output(file, text);
  return files;
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
