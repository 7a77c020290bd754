// isoflop fit: a table of runs -> laws with their intervals, or the reason why there is none.
#include <algorithm>
#include <iostream>
#include <map>
#include <memory>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/fit_output.h"
#include "cli/fit_simulate.h"
#include "isoflop/lab.h"
#include "isoflop/laws.h"
#include "isoflop/report.h"

namespace cli {
namespace {

struct FitFlags {
  TableFlags rows;
  std::string table, laws = "power_n", n, holdout, fix, starts = "auto", draws, figures, report, at, predict;
  BudgetFlags budgets;
  std::vector<std::string> models;
  bool list_laws = false, forms = false;
  std::int64_t threads = 0, folds = 0;
  isoflop::FitOptions options;
  SimulateFlags simulate;
};

void list_laws(const Globals& globals) {
  Json list = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& law : isoflop::known_laws()) {
    list.push_back({{"name", law.name}, {"formula", law.formula}, {"source", law.source}});
    rows.push_back({law.name, law.formula, law.source});
  }
  Json published = Json::array();
  std::vector<std::vector<std::string>> published_rows;
  for (const auto& law : isoflop::published_laws()) {
    published.push_back({{"name", "published:" + law.name},
                         {"law", law.law},
                         {"constants", law.constants},
                         {"n_convention", law.n_convention},
                         {"flops_convention", law.flops_convention},
                         {"range", law.range},
                         {"source", law.source},
                         {"note", law.note}});
    published_rows.push_back({"published:" + law.name, law.law, law.source});
  }
  if (globals.json) return print_json({{"laws", list}, {"published", published}});
  print_table({"law", "formula", "source"}, rows);
  std::cout << "\n";
  print_table({"constants", "of law", "source"}, published_rows);
}

bool has_values(const isoflop::Observations& table, const std::string& name) {
  const auto column = table.columns.find(name);
  if (column == table.columns.end()) return false;
  return std::any_of(column->second.begin(), column->second.end(), [](const auto& value) { return value.has_value(); });
}

/// Every meaning of N the table has, where none is asked for.
std::vector<isoflop::LawView> power_laws(const isoflop::Observations& table, const FitFlags& flags) {
  std::vector<std::string> columns{flags.n};
  if (flags.n.empty()) {
    columns.clear();
    for (const char* name : {"params", "params_non_embedding", "params_matmul"})
      if (has_values(table, name)) columns.emplace_back(name);
    if (columns.empty()) columns.emplace_back("params");  // the fit then names the missing column
  }
  std::vector<isoflop::LawView> views;
  for (const std::string& column : columns) {
    const isoflop::PowerFitOptions options{
        .n_column = column, .level = flags.options.level, .allow_repeated = flags.options.allow_repeated};
    views.push_back(isoflop::law_view(table, options, isoflop::fit_power_law(table, options)));
  }
  return views;
}

isoflop::FitOptions options_of(const FitFlags& flags) {
  isoflop::FitOptions options = flags.options;
  if (!flags.n.empty()) options.n_column = flags.n;
  for (const auto& [name, value] : parse_pairs("--fix", flags.fix, "CONSTANT=NUMBER, e.g. --fix alpha=0.34"))
    options.fixed[name] = number_of("--fix", value, false);
  for (const std::string& flops : split(flags.at)) options.at_flops.push_back(number_of("--at", flops, true));
  for (const std::string& model : flags.models) {
    const auto at = model.find(':');
    if (at == std::string::npos)
      throw isoflop::Error(isoflop::Fault::usage, "--model", "cannot read `" + model + "`",
                           "the form is PARAMS:TOKENS, e.g. 7e9:1.4e11");
    options.at_models.emplace_back(number_of("--model", model.substr(0, at), true),
                                   number_of("--model", model.substr(at + 1), true));
  }
  put_budgets(flags.budgets, options);
  options.all_starts = flags.starts != "auto";
  options.threads = threads_of(flags.threads);
  options.stop = stop_requested();
  return options;
}

/// The whole table, and its two parts where a hold-out is asked for.
struct Tables {
  isoflop::Observations whole;
  std::optional<std::pair<isoflop::Observations, isoflop::Observations>> parts;  // cheap, dear
};

/// What the runs of a study have to beat; of a table that is none nothing.
std::vector<isoflop::Baseline> baselines_of(const std::string& path) {
  return std::filesystem::is_directory(path) ? isoflop::baselines_of_folder(path) : std::vector<isoflop::Baseline>();
}

Tables tables_of(const FitFlags& flags, bool of_steps, const std::vector<isoflop::Baseline>& baselines) {
  const isoflop::CsvTable table = read_runs(flags.table, of_steps);
  const isoflop::TableOptions options = table_options(flags.rows);
  Tables tables{isoflop::observations_from_table(table, options), {}};
  if (!flags.holdout.empty()) tables.parts = isoflop::split_observations(table, flags.holdout, options);
  if (of_steps || baselines.empty()) return tables;
  tables.whole = isoflop::heed_baselines(tables.whole, baselines);
  if (tables.parts) {
    tables.parts->first = isoflop::heed_baselines(tables.parts->first, baselines);
    tables.parts->second = isoflop::heed_baselines(tables.parts->second, baselines);
  }
  return tables;
}

/// The table a law was fitted to.
const isoflop::Observations& table_of(const FittedLaw& law, const std::map<bool, Tables>& tables) {
  return tables.at(isoflop::law_info(law.law).of_steps).whole;
}

/// Pictures of every fit, an SVG file each.
void save_figures(const std::string& folder, const std::vector<FittedLaw>& laws, const std::map<bool, Tables>& tables,
                  const std::string& n, const std::vector<isoflop::Baseline>& baselines) {
  std::vector<isoflop::Figure> figures;
  isoflop::StudyReport power;
  power.baselines = baselines;
  for (const FittedLaw& law : laws) {
    if (law.view)
      power.laws.push_back(*law.view);
    else if (law.result.fit)
      for (isoflop::Figure& figure : isoflop::law_figures(table_of(law, tables), *law.result.fit, n))
        figures.push_back(std::move(figure));
  }
  for (isoflop::Figure& figure : isoflop::report_figures(power)) figures.push_back(std::move(figure));
  isoflop::write_figures(folder, figures);
}

/// A page of every fit; what has none says why.
void write_page(const std::string& path, const std::string& table, const std::vector<FittedLaw>& laws,
                const std::map<bool, Tables>& tables, const std::string& n, const std::vector<isoflop::Baseline>& baselines) {
  const std::string name = std::filesystem::path(table).filename().string();
  isoflop::Page page{
      .kicker = "Fitted laws", .title = name.empty() ? table : name, .subtitle = "", .sections = {}, .made_by = made_by()};
  std::vector<isoflop::LawView> power;
  for (const FittedLaw& law : laws)
    if (law.view) power.push_back(*law.view);
  if (!power.empty()) page.sections.push_back(isoflop::power_section(power, baselines));
  for (const FittedLaw& law : laws) {
    if (law.view) continue;
    if (law.result.fit) {
      page.sections.push_back(isoflop::law_section(table_of(law, tables), *law.result.fit, n));
    } else {
      page.sections.push_back(
          {.title = law.law, .lead = "No law.", .tiles = {}, .warnings = law.result.warnings, .figures = {}, .tables = {}});
    }
  }
  isoflop::write_output(path, isoflop::page_html(page));
}

/// What the first law that was fitted says of every row, also of rows without a loss: runs, or schedules, that were not trained.
void write_predictions(const std::string& path, const std::vector<FittedLaw>& laws, const std::map<bool, Tables>& tables,
                       const std::string& n) {
  const auto with = std::find_if(laws.begin(), laws.end(),
                                 [](const FittedLaw& law) { return law.result.fit && law.result.fit->optima.empty(); });
  if (with == laws.end()) throw isoflop::Error(isoflop::Fault::usage, "--predict", "no law here has a formula that was fitted");
  const isoflop::LawInfo& law = isoflop::law_info(with->law);
  const isoflop::Observations& table = tables.at(law.of_steps).whole;
  const auto predicted = isoflop::predict_law(table, law.name, with->result.fit->constants, n);
  const auto steps = table.columns.find("step");
  const bool of_steps = steps != table.columns.end();
  const auto cell = [](const std::optional<double>& value) { return value ? isoflop::format_number(*value) : ""; };
  std::string text = of_steps ? "row,step,predicted\n" : "row,predicted\n";
  for (std::size_t row = 0; row < predicted.size(); ++row)
    text += of_steps ? isoflop::csv_row({table.labels[row], cell(steps->second[row]), cell(predicted[row])})
                     : isoflop::csv_row({table.labels[row], cell(predicted[row])});
  isoflop::write_output(path, text);
}

void write_draws(const std::string& path, const isoflop::Fit& fit) {
  std::string text = isoflop::csv_row(fit.draw_names);
  for (const auto& draw : fit.draws) {
    std::vector<std::string> cells;
    for (const double value : draw) cells.push_back(isoflop::format_number(value));
    text += isoflop::csv_row(cells);
  }
  isoflop::write_output(path, text);
}

/// The quantities whose plain, floored and broken powers are told apart: of the laws fitted, all, or those with two forms or
/// more.
std::vector<isoflop::FormTest> tell_forms(const std::vector<std::string>& names, const isoflop::Observations& table, bool all,
                                          const isoflop::FitOptions& options) {
  std::map<std::string, int> asked;
  for (const std::string& name : names)
    if (const std::string column = isoflop::law_info(name).form_of; !column.empty()) ++asked[column];
  std::vector<isoflop::FormTest> tests;
  for (const auto& [column, forms] : asked)
    if (all || forms > 1) tests.push_back(isoflop::tell_forms(table, column, options));
  return tests;
}

void run_fit(const FitFlags& flags, const Globals& globals) {
  if (flags.list_laws) return list_laws(globals);
  if (!flags.simulate.law.empty()) {
    std::optional<isoflop::Observations> design;
    if (!flags.table.empty()) design = tables_of(flags, false, baselines_of(flags.table)).whole;
    return run_simulation(flags.simulate, design, options_of(flags), globals);
  }
  if (flags.table.empty())
    throw isoflop::Error(isoflop::Fault::usage, "fit", "no table given", "isoflop fit runs.csv --law power_n");
  const isoflop::FitOptions options = options_of(flags);
  refuse_to_overwrite("--draws", flags.draws, {flags.table, flags.predict, flags.report});
  refuse_to_overwrite("--predict", flags.predict, {flags.table, flags.report});
  refuse_to_overwrite("--report", flags.report, {flags.table});
  for (const auto& [flag, output] : {std::pair{"--draws", flags.draws}, {"--predict", flags.predict}, {"--report", flags.report}})
    refuse_forecast(flag, output);
  if (!flags.draws.empty() && options.bootstrap < isoflop::kLeastDraws)
    throw isoflop::Error(isoflop::Fault::usage, "--draws",
                         std::to_string(options.bootstrap) + " resamples are fewer than the " +
                             std::to_string(isoflop::kLeastDraws) + " that intervals need",
                         "--bootstrap 1000");
  const std::vector<std::string> names = split(flags.laws);
  if (names.empty()) throw isoflop::Error(isoflop::Fault::usage, "--law", "names no law", "isoflop fit --list-laws");
  for (const std::string& name : names)
    if (flags.folds > 0 && (name == "power_n" || isoflop::law_info(name).inputs.empty()))
      throw isoflop::Error(isoflop::Fault::usage, "--folds", "the law " + name + " is not cross-validated",
                           "take one of a formula fitted to rows: --law power_n_floor, chinchilla, ...");
  // a folder has two tables: of its runs, and of their steps
  std::map<bool, Tables> tables_by_kind;
  for (const std::string& name : names) tables_by_kind[isoflop::law_info(name).of_steps];
  const std::vector<isoflop::Baseline> baselines = baselines_of(flags.table);
  for (auto& [of_steps, tables] : tables_by_kind) tables = tables_of(flags, of_steps, baselines);

  std::vector<FittedLaw> laws;
  for (const std::string& name : names) {
    const Tables& tables = tables_by_kind.at(isoflop::law_info(name).of_steps);
    if (name == "power_n") {
      for (const auto& view : power_laws(tables.whole, flags)) laws.push_back({name, view, view.result});
      continue;
    }
    FittedLaw law{name, {}, isoflop::fit_law(tables.whole, name, options)};
    if (law.result.fit && tables.parts && law.result.fit->starts > 0 && law.result.fit->gradient_norm) {
      law.result.fit->holdout = isoflop::hold_out(tables.parts->first, tables.parts->second, *law.result.fit, options);
      if (law.result.fit->holdout) law.result.fit->holdout->where = flags.holdout;
    }
    if (law.result.fit && flags.folds > 0) {
      isoflop::Fit& fit = *law.result.fit;
      fit.cross_validated = isoflop::cross_validate(tables.whole, name, flags.folds, options);
      if (!fit.cross_validated) {
        fit.warnings.push_back({"not_cross_validated",
                                "with a part left out of " + std::to_string(flags.folds) + ", the other rows carry no " + name});
        law.result.warnings.push_back(fit.warnings.back());
      }
    }
    laws.push_back(std::move(law));
  }
  if (!flags.draws.empty()) {
    const auto drawn = [](const FittedLaw& law) { return law.result.fit && !law.result.fit->draws.empty(); };
    const auto with = std::find_if(laws.begin(), laws.end(), drawn);
    if (std::count_if(laws.begin(), laws.end(), drawn) > 1)
      throw isoflop::Error(isoflop::Fault::usage, "--draws",
                           "several of these laws are resampled, and a file holds the draws of one", "fit one law at a time");
    if (with == laws.end())
      throw isoflop::Error(isoflop::Fault::usage, "--draws", "no law here is resampled",
                           "fit e.g. --law chinchilla with --bootstrap 1000");
    write_draws(flags.draws, *with->result.fit);
  }
  if (!flags.figures.empty()) {
    save_figures(flags.figures, laws, tables_by_kind, options.n_column, baselines);
    note(globals, "figures: " + flags.figures);
  }
  if (!flags.report.empty()) {
    write_page(flags.report, flags.table, laws, tables_by_kind, options.n_column, baselines);
    note(globals, "report: " + flags.report);
  }
  if (!flags.predict.empty()) write_predictions(flags.predict, laws, tables_by_kind, options.n_column);
  std::vector<isoflop::FormTest> forms;
  if (tables_by_kind.contains(false)) forms = tell_forms(names, tables_by_kind.at(false).whole, flags.forms, options);
  if (globals.json)
    print_json(fits_json(flags.table, laws, forms));
  else
    print_fits(laws, forms);
}

}  // namespace

void add_fit(CLI::App& program, Globals& globals) {
  auto flags = std::make_shared<FitFlags>();
  isoflop::FitOptions& options = flags->options;
  CLI::App* command = add_command(program, globals, "fit", "Fits laws to a table of runs, with intervals and warnings",
                                  "isoflop fit runs.csv --law chinchilla --at 1e24");
  command->add_option(
      "table", flags->table,
      "a table (CSV, an llm.c log, a scaling_results.json), or a study's folder: its runs, for laws of whole curves their steps");
  command
      ->add_option("--law", flags->laws,
                   "laws by name, joined by commas; published:NAME evaluates published constants (--list-laws)")
      ->capture_default_str();
  command->add_option(
      "--n", flags->n,
      "what N counts: params, params_non_embedding, params_matmul (default: params; for power_n each the table has)");
  add_table_flags(*command, flags->rows);
  command->add_option("--holdout", flags->holdout,
                      "fit the rows for which this holds (as --where) and predict the others, e.g. flops<1e20");
  command->add_option("--folds", flags->folds, "predict each of this many parts of the rows by a fit to the others; 0: none")
      ->capture_default_str()
      ->check(whole_number(0, 100000));
  command->add_option("--loss", options.objective, "huber, lad (least absolute deviations), lsq (least squares), asymmetric")
      ->capture_default_str()
      ->check(CLI::IsMember({"huber", "lad", "lsq", "asymmetric"}));
  command->add_option("--delta", options.delta, "where Huber's function turns from square to line")
      ->capture_default_str()
      ->check(above_zero());
  command->add_option("--residual", options.residual, "log: of ln L | linear: of L | auto: as the law is written")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "log", "linear"}));
  command->add_option("--low-loss", options.low_loss,
                      "to forecast dearer runs: rows count (least loss / their own)^P, e.g. 16; 0: all the same")
      ->capture_default_str();
  command->add_option("--fix", flags->fix, "constants to hold: CONSTANT=NUMBER,...");
  command->add_option("--starts", flags->starts, "auto, or hoffmann: every start of the law's paper")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "hoffmann", "all"}));
  command->add_option("--bootstrap", options.bootstrap, "resamples the intervals are made of; 0: none")
      ->capture_default_str()
      ->check(whole_number(0, 1000000));
  command->add_option("--resample", options.resample, "auto (groups where named, else rows), rows, groups, residuals")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "rows", "groups", "residuals"}));
  command->add_option("--seed", options.seed, "of the resamples")->capture_default_str()->check(whole_number(0));
  command->add_option("--level", options.level, "confidence level")->capture_default_str()->check(level_range());
  command->add_option("--at", flags->at, "FLOP budgets to derive the optimum at, joined by commas");
  command->add_option("--model", flags->models, "PARAMS:TOKENS whose loss to derive; may be given again");
  add_budget_flags(*command, flags->budgets);
  command->add_option("--draws", flags->draws, "write the resampled constants and derived numbers to this CSV");
  command->add_option("--figures", flags->figures,
                      "a folder to write pictures to (SVG): the law, residuals, observed against predicted, resamples, ...");
  command->add_option("--report", flags->report,
                      "write a page to this file (HTML, offline): every law with its numbers, intervals, warnings and pictures");
  command->add_flag("--profile", options.profile,
                    "profile every free constant: an interval from the objective's rise beside the resampled one");
  command->add_option("--predict", flags->predict,
                      "write what the first law says of every row to this CSV, of rows without a loss too");
  command->add_option("--threads", flags->threads, "cores (default: all); the numbers do not depend on it")
      ->check(whole_number(1, 4096));
  command->add_flag("--allow-repeated", options.allow_repeated, "fit runs that saw their text more than once, labelled so");
  command->add_flag("--forms", flags->forms,
                    "test whether the rows tell a plain, a floored and a broken power apart (always where two forms of one "
                    "quantity are fitted)");
  add_simulate_flags(*command, flags->simulate);
  command->get_option("--simulate")->excludes("--law");  // its law is the file's
  command->add_flag("--list-laws", flags->list_laws, "the laws this build knows");
  command->callback([flags, &globals] { run_fit(*flags, globals); });
}

}  // namespace cli
