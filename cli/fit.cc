// isoflop fit: a table of runs -> a law with its interval, or the reason why there is none.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>

#include "cli/command.h"
#include "isoflop/lab.h"
#include "isoflop/laws.h"
#include "isoflop/report.h"

namespace cli {
namespace {

struct FitFlags {
  std::string table;
  std::string laws = "power_n";
  std::string n, where, map;
  double level = 0.95;
  bool allow_repeated = false, list_laws = false;
};

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');)
    if (!part.empty()) parts.push_back(part);
  return parts;
}

std::string read_table(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path))
    throw isoflop::Error(isoflop::Fault::missing_input, path.string(), "no such file", "a CSV table or a study's folder");
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || file.bad()) throw isoflop::Error(isoflop::Fault::io, path.string(), "cannot be read");
  return text.str();
}

// CLI::Range lets NaN pass: it asks whether a value is outside
CLI::Validator level_range() {
  return {[](std::string& text) {
            double level = 0;
            const bool ok = CLI::detail::lexical_cast(text, level) && level >= 0.5 && level <= 0.9999;
            return ok ? std::string() : "`" + text + "` is not a number from 0.5 to 0.9999";
          },
          "0.5 to 0.9999"};
}

std::map<std::string, std::string> parse_map(const std::string& text) {
  std::map<std::string, std::string> rename;
  for (const std::string& part : split(text)) {
    const auto at = part.find('=');
    if (at == std::string::npos || at == 0 || at + 1 == part.size())
      throw isoflop::Error(isoflop::Fault::usage, "--map", "cannot read `" + part + "`",
                           "the form is OURS=COLUMN, e.g. --map params=N,loss=val");
    rename[part.substr(0, at)] = part.substr(at + 1);
  }
  return rename;
}

void check_laws(const std::string& text) {
  std::string known;
  for (const auto& law : isoflop::known_laws()) known += (known.empty() ? "" : ", ") + law.name;
  for (const std::string& name : split(text)) {
    bool found = false;
    for (const auto& law : isoflop::known_laws()) found |= law.name == name;
    if (!found) throw isoflop::Error(isoflop::Fault::usage, "--law", "no law `" + name + "`", "known: " + known);
  }
}

void list_laws(const Globals& globals) {
  Json list = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& law : isoflop::known_laws()) {
    list.push_back({{"name", law.name}, {"formula", law.formula}, {"source", law.source}});
    rows.push_back({law.name, law.formula, law.source});
  }
  if (globals.json)
    print_json({{"laws", list}});
  else
    print_table({"law", "formula", "source"}, rows);
}

std::string number(double value, int digits) {
  std::ostringstream text;
  text.precision(digits);
  text << value;
  return text.str();
}

bool has_values(const isoflop::Observations& table, const std::string& name) {
  const auto column = table.columns.find(name);
  if (column == table.columns.end()) return false;
  return std::any_of(column->second.begin(), column->second.end(), [](const auto& value) { return value.has_value(); });
}

/// Why a fit has no law: the last warning is the one that ended it.
std::string reason_of(const isoflop::LawView& view) {
  return view.result.warnings.empty() ? "" : view.result.warnings.back().code;
}

// what is true of the table is said once, not once for every meaning of N
void print_text(const std::vector<isoflop::LawView>& views) {
  std::vector<std::vector<std::string>> rows;
  std::string sentences;
  std::vector<std::string> reasons, said;
  for (const auto& view : views) {
    const bool new_reason = std::find(reasons.begin(), reasons.end(), reason_of(view)) == reasons.end();
    if (view.result.fit || new_reason) sentences += isoflop::law_in_words(view) + "\n";
    if (!view.result.fit) {
      reasons.push_back(reason_of(view));
      continue;
    }
    const isoflop::Fit& fit = *view.result.fit;
    const auto interval = fit.derived.at("exponent").interval;
    rows.push_back({view.n_convention, number(fit.constants.at("a"), 7), number(fit.constants.at("b"), 6),
                    interval ? number(interval->low, 5) + " to " + number(interval->high, 5) : "none",
                    fit.r_squared ? number(*fit.r_squared, 4) : "", std::to_string(fit.degrees_of_freedom),
                    std::to_string(fit.rows)});
  }
  std::cout << sentences;
  if (!rows.empty()) {
    std::cout << "\n";
    print_table({"N counts", "a", "b", "interval of b", "R2", "df", "rows"}, rows);
  }
  for (const auto& view : views)
    for (const auto& warning : view.result.warnings) {
      const bool ended = !view.result.fit && warning.code == reason_of(view);
      if (ended || sentences.find(warning.text) != std::string::npos) continue;
      const std::string line = warning.code + ": " + warning.text;
      if (std::find(said.begin(), said.end(), line) != said.end()) continue;
      std::cout << (said.empty() ? "\n" : "") << line << "\n";
      said.push_back(line);
    }
}

void run_fit(const FitFlags& flags, const Globals& globals) {
  if (flags.list_laws) return list_laws(globals);
  if (flags.table.empty())
    throw isoflop::Error(isoflop::Fault::usage, "fit", "no table given", "isoflop fit runs.csv --law power_n");
  check_laws(flags.laws);
  const auto rename = parse_map(flags.map);
  const isoflop::Observations table = std::filesystem::is_directory(flags.table)
                                          ? isoflop::observations_of_folder(flags.table, flags.where, rename)
                                          : isoflop::observations_from_csv(read_table(flags.table), flags.table, flags.where, rename);

  std::vector<std::string> columns{flags.n};
  if (flags.n.empty()) {
    columns.clear();
    for (const char* name : {"params", "params_non_embedding", "params_matmul"})
      if (has_values(table, name)) columns.emplace_back(name);
    if (columns.empty()) columns.emplace_back("params");  // the fit then names the missing column
  }
  std::vector<isoflop::LawView> views;
  for (const std::string& column : columns) {
    const isoflop::PowerFitOptions options{.n_column = column, .level = flags.level, .allow_repeated = flags.allow_repeated};
    views.push_back(isoflop::law_view(table, options, isoflop::fit_power_law(table, options)));
  }

  if (!globals.json) return print_text(views);
  Json fits = Json::array(), not_fitted = Json::array();
  for (const auto& view : views) {
    if (view.result.fit) {
      fits.push_back(Json::parse(isoflop::fit_to_json(*view.result.fit)));
    } else {
      Json warnings = Json::parse(isoflop::fit_result_to_json(view.result))["warnings"];
      not_fitted.push_back({{"law", "power_n"}, {"n_convention", view.n_convention}, {"warnings", std::move(warnings)}});
    }
  }
  print_json({{"table", flags.table}, {"fits", fits}, {"not_fitted", not_fitted}});
}

}  // namespace

void add_fit(CLI::App& program, Globals& globals) {
  auto flags = std::make_shared<FitFlags>();
  CLI::App* command = add_command(program, globals, "fit", "Fits a law to a table of runs, with its interval",
                                  "isoflop fit runs.csv --law power_n");
  command->add_option("table", flags->table, "a CSV table, or a study's folder (all runs in it but a sweep's)");
  command->add_option("--law", flags->laws, "the law's name (--list-laws)")->capture_default_str();
  command->add_option("--n", flags->n,
                      "what N counts: params, params_non_embedding, params_matmul (default: each the table has)");
  command->add_option("--map", flags->map, "name the table's columns: OURS=COLUMN,... e.g. params=N,loss=val");
  command->add_option("--where", flags->where, "rows to fit: column (= != < <= > >=) literal, joined by `and`; several words are quoted");
  command->add_option("--level", flags->level, "confidence level")->capture_default_str()->check(level_range());
  command->add_flag("--allow-repeated", flags->allow_repeated, "fit runs that saw their text more than once, labelled so");
  command->add_flag("--list-laws", flags->list_laws, "the laws this build knows");
  command->callback([flags, &globals] { run_fit(*flags, globals); });
}

}  // namespace cli
