// isoflop compare: two tables of runs -> how much compute the second recipe saves over the first.
#include <cmath>
#include <iostream>
#include <memory>

#include "cli/arguments.h"
#include "cli/command.h"
#include "isoflop/laws.h"

namespace cli {
namespace {

struct CompareFlags {
  std::string a, b, at, n;
  TableFlags rows;  // of both tables
  BudgetFlags budgets;
  std::optional<double> granularity;
  std::int64_t threads = 0;
  isoflop::CompareOptions options;
};

std::string number(double value, int digits = 4) {
  if (std::isinf(value)) return value > 0 ? "no bound" : "none";
  return isoflop::format_significant(value, digits);
}

std::string range(const std::optional<isoflop::Interval>& interval) {
  return interval ? number(interval->low) + " to " + number(interval->high) : "none";
}

void print_comparison(const CompareFlags& flags, const isoflop::Comparison& c) {
  const std::string x = c.axis == "flops" ? "C" : c.axis == "params" ? "N" : "D";
  std::cout << "A = " << flags.a << ", B = " << flags.b << "; law " << c.law
            << (c.paired ? ", runs of one name drawn together" : "") << "\n";
  for (const auto& [name, result] : {std::pair{"A", &c.a}, {"B", &c.b}})
    if (!result->fit) std::cout << name << ": no law\n";
  std::vector<std::vector<std::string>> rows;
  for (const auto& m : c.points)
    rows.push_back({number(m.at), number(m.loss_a, 5), number(m.loss_b, 5), number(m.value), range(m.interval)});
  if (!rows.empty()) {
    std::cout << "The " << c.axis << " A needs for the loss of B, over those of B; above 1 recipe B saves.\n\n";
    print_table({x, "loss of A", "loss of B", "multiplier", "interval"}, rows);
    std::cout << "\n";
    if (c.crossing)
      std::cout << "They cross at " << x << " = " << number(c.crossing->value) << " (" << range(c.crossing->interval) << ").\n";
    else
      std::cout << "They do not cross within a hundred times of what both tables cover.\n";
  }
  if (c.next) {
    std::cout << "A run of " << c.next->recipe << " at " << x << " = " << number(c.next->at) << " would decide most";
    if (c.next->params) std::cout << ": " << number(*c.next->params) << " parameters, " << number(*c.next->tokens) << " tokens";
    std::cout << ".\n";
  }
  for (const auto& w : c.warnings) std::cout << w.code << ": " << w.text << "\n";
  for (const auto& [name, result] : {std::pair{"A", &c.a}, {"B", &c.b}})
    for (const auto& w : result->warnings) std::cout << name << ": " << w.code << ": " << w.text << "\n";
}

void run_compare(CompareFlags flags, const Globals& globals) {
  isoflop::CompareOptions& options = flags.options;
  for (const std::string& at : split(flags.at)) options.at.push_back(number_of("--at", at, true));
  if (options.points == 0 && options.at.empty())
    throw isoflop::Error(isoflop::Fault::usage, "--points", "0 budgets, and none with --at: nothing to compare at", "--points 9");
  if (!flags.n.empty()) options.fit.n_column = flags.n;
  if (flags.granularity) options.held["granularity"] = *flags.granularity;
  put_budgets(flags.budgets, options.fit);
  options.fit.threads = threads_of(flags.threads);
  options.fit.stop = stop_requested();
  const isoflop::Observations a = read_observations(flags.a, flags.rows), b = read_observations(flags.b, flags.rows);
  const isoflop::Comparison comparison = isoflop::compare_recipes(a, b, options);
  if (!globals.json) return print_comparison(flags, comparison);
  Json object{{"a", flags.a}, {"b", flags.b}};
  object.update(Json::parse(isoflop::comparison_to_json(comparison)));
  print_json(object);
}

}  // namespace

void add_compare(CLI::App& program, Globals& globals) {
  auto flags = std::make_shared<CompareFlags>();
  isoflop::CompareOptions& options = flags->options;
  CLI::App* command =
      add_command(program, globals, "compare", "The compute multiplier of recipe B over recipe A, with its interval",
                  "isoflop compare a.csv b.csv --at 1e21");
  command->add_option("A", flags->a, "a CSV table, or a study's folder")->required();
  command->add_option("B", flags->b, "a CSV table, or a study's folder")->required();
  command->add_option(
      "--law", options.law,
      "a law of params and tokens, of one of params, tokens, flops, or of optima: isoflop, optima, envelope (default: chinchilla "
      "where both tables have params and tokens, else power_c)");
  command->add_option("--at", flags->at, "further FLOP budgets, joined by commas");
  command->add_option("--points", options.points, "budgets over the range both tables cover")
      ->capture_default_str()
      ->check(whole_number(0, 1000));
  command->add_flag("--all-rows", options.all_rows, "laws of one quantity see every row, not only the lower envelope of loss");
  command->add_option("--n", flags->n, "what N counts: params, params_non_embedding, params_matmul (default: params)");
  add_budget_flags(*command, flags->budgets);
  command->add_option("--granularity", flags->granularity, "of experts, for laws that read it")->check(above_zero());
  add_table_flags(*command, flags->rows);
  command->add_option("--loss", options.fit.objective, "huber, lad, lsq, asymmetric")
      ->capture_default_str()
      ->check(CLI::IsMember({"huber", "lad", "lsq", "asymmetric"}));
  command->add_option("--delta", options.fit.delta, "where Huber's function turns from square to line")
      ->capture_default_str()
      ->check(above_zero());
  command->add_option("--bootstrap", options.fit.bootstrap, "joint draws; 0: no intervals")
      ->capture_default_str()
      ->check(whole_number(0, 1000000));
  command->add_option("--seed", options.fit.seed, "of the resamples")->capture_default_str()->check(whole_number(0));
  command->add_option("--level", options.fit.level, "confidence level")->capture_default_str()->check(level_range());
  command->add_option("--threads", flags->threads, "cores (default: all); the numbers do not depend on it")
      ->check(whole_number(1, 4096));
  command->add_flag("--allow-repeated", options.fit.allow_repeated, "fit runs that saw their text more than once, labelled so");
  command->callback([flags, &globals] { run_compare(*flags, globals); });
}

}  // namespace cli
