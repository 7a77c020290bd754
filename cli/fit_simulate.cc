#include "cli/fit_simulate.h"

#include <iostream>

#include "cli/arguments.h"

namespace cli {
namespace {

std::string people(double value) { return isoflop::format_significant(value, 4); }

void print_simulation(const isoflop::Simulation& s) {
  std::cout << s.law << ": " << s.fitted << " tables of " << s.rows << " rows, truth `" << s.truth << "`, noise "
            << people(s.noise) << " in ln L; " << people(100 * s.level) << " % intervals by " << s.interval_method << "\n";
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, c] : s.coverage)
    rows.push_back({name, people(c.truth), people(100 * c.covered), people(100 * c.covered_se), people(100 * c.below),
                    people(100 * c.above), people(c.median_width), people(c.bias)});
  print_table({"", "truth", "covered %", "s.e.", "below %", "above %", "median width", "bias"}, rows);
}

}  // namespace

void add_simulate_flags(CLI::App& command, SimulateFlags& flags) {
  command.add_option("--simulate", flags.law,
                     "fit tables made by the law of this JSON (fit --json) and count how often intervals hold it; the table "
                     "given is the design");
  command.add_option("--noise", flags.options.noise, "with --simulate: sd of ln L")->capture_default_str()->check(above_zero());
  command.add_option("--tables", flags.options.tables, "with --simulate: how many")
      ->capture_default_str()
      ->check(whole_number(1, 10000000));
  command.add_option("--rows", flags.rows, "with --simulate: rows of each table (default: the table's, or an isoFLOP grid of 60)")
      ->check(whole_number(3, 1000000));
  command.add_option("--truth", flags.options.truth, "with --simulate: law, heavy, checkpoints, untuned, broken")
      ->capture_default_str()
      ->check(CLI::IsMember({"law", "heavy", "checkpoints", "untuned", "broken"}));
}

void run_simulation(const SimulateFlags& flags, const std::optional<isoflop::Observations>& design,
                    const isoflop::FitOptions& fit, const Globals& globals) {
  const auto [law, constants] = isoflop::law_from_json(read_table(flags.law), flags.law);
  isoflop::SimulateOptions options = flags.options;
  options.fit = fit;
  options.fit.progress = progress_to_stderr(globals);
  const isoflop::Observations table = !design          ? isoflop::isoflop_design(flags.rows > 0 ? flags.rows : 60)
                                      : flags.rows > 0 ? isoflop::thinned(*design, flags.rows)
                                                       : *design;
  const isoflop::Simulation simulation = isoflop::simulate_law(law, constants, table, options);
  if (globals.json)
    print_json(Json::parse(isoflop::simulation_to_json(simulation)));
  else
    print_simulation(simulation);
}

}  // namespace cli
