#include "cli/arguments.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "isoflop/lab.h"
#include "isoflop/plan.h"
#include "isoflop/studyfiles.h"

namespace cli {

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');)
    if (!part.empty()) parts.push_back(part);
  return parts;
}

std::string read_table(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path))
    throw isoflop::Error(isoflop::Fault::missing_input, path.string(), "no such file", "check its name");
  if (std::filesystem::is_directory(path))
    throw isoflop::Error(isoflop::Fault::bad_data, path.string(), "is a folder, expected a file", "name its files");
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || file.bad()) throw isoflop::Error(isoflop::Fault::io, path.string(), "cannot be read");
  return text.str();
}

void refuse_to_overwrite(const std::string& flag, const std::string& output, const std::vector<std::string>& others) {
  namespace fs = std::filesystem;
  if (output.empty()) return;
  std::error_code error;
  const fs::path place = fs::weakly_canonical(output, error);
  if (error || fs::is_character_file(place, error) || fs::is_fifo(place, error)) return;
  if (isoflop::belongs_to_study(place))
    throw isoflop::Error(isoflop::Fault::usage, flag, output + " is a study's own file, which would be lost",
                         "name another file");
  for (const std::string& other : others) {
    if (other.empty()) continue;
    if (fs::equivalent(output, other, error) || fs::weakly_canonical(other, error) == place)
      throw isoflop::Error(isoflop::Fault::usage, flag, output + " is also " + other + ", which would be lost",
                           "name another file");
  }
}

void check_needs(const CLI::App& command, const std::vector<Need>& needs) {
  const auto given = [&command](const std::string& flag) { return command.get_option(flag)->count() > 0; };
  for (const Need& need : needs) {
    if (!given(need.flag) || std::any_of(need.any_of.begin(), need.any_of.end(), given)) continue;
    std::string flags;
    for (const std::string& flag : need.any_of) flags += (flags.empty() ? "" : " or ") + flag;
    throw isoflop::Error(isoflop::Fault::usage, need.flag, "says nothing without " + flags,
                         "give that too, or leave it out");
  }
}

void refuse_forecast(const std::string& flag, const std::string& output) {
  if (!output.empty() && std::filesystem::is_regular_file(output) && isoflop::is_forecast(read_table(output)))
    throw isoflop::Error(isoflop::Fault::usage, flag, output + " is a sealed forecast, which would be lost", "name another file");
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

std::vector<std::pair<std::string, std::string>> parse_pairs(const std::string& flag, const std::string& text,
                                                             const std::string& form) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string& part : split(text)) {
    const auto at = part.find('=');
    if (at == std::string::npos || at == 0 || at + 1 == part.size())
      throw isoflop::Error(isoflop::Fault::usage, flag, "cannot read `" + part + "`", "the form is " + form);
    const std::string name = part.substr(0, at);
    if (std::any_of(pairs.begin(), pairs.end(), [&](const auto& pair) { return pair.first == name; }))
      throw isoflop::Error(isoflop::Fault::usage, flag, "`" + name + "` is given twice", "once each: " + form);
    pairs.emplace_back(name, part.substr(at + 1));
  }
  return pairs;
}

double number_of(const std::string& flag, const std::string& text, bool positive) {
  double value = 0;
  if (!CLI::detail::lexical_cast(text, value) || !std::isfinite(value) || (positive && !(value > 0)))
    throw isoflop::Error(isoflop::Fault::usage, flag, "`" + text + "` is not a " + (positive ? "positive " : "") + "number");
  return value;
}

void add_table_flags(CLI::App& command, TableFlags& flags) {
  command.add_option("--map", flags.map, "name the table's columns: OURS=COLUMN,... e.g. params=N,loss=val");
  command.add_option("--where", flags.where,
                     "rows to read: column (= != < <= > >=) literal, joined by `and`; several words are quoted");
  command.add_option("--group", flags.group,
                     "the column whose rows go together (a run's checkpoints): they are resampled as one");
  command.add_option("--drop", flags.drop,
                     "rows to leave out: names (column name, run, label or model), or `line 17`, joined by commas");
  command
      .add_option("--loss-unit", flags.loss_unit,
                  "of the losses: nats or bits (a token), bpb (bits per byte, which stay); default: as the table says")
      ->check(CLI::IsMember({"nats", "bits", "bpb"}));
}

isoflop::TableOptions table_options(const TableFlags& flags) {
  isoflop::TableOptions options{.rename = {}, .where = flags.where, .drop = split(flags.drop), .loss_unit = flags.loss_unit};
  for (const auto& [ours, theirs] : parse_pairs("--map", flags.map, "OURS=COLUMN, e.g. --map params=N,loss=val"))
    options.rename[ours] = theirs;
  if (!flags.group.empty()) options.rename["group"] = flags.group;
  return options;
}

isoflop::CsvTable read_runs(const std::string& path, bool of_steps) {
  if (!std::filesystem::is_directory(path)) return isoflop::read_runs(read_table(path), path);
  return of_steps ? isoflop::step_table_of_folder(path) : isoflop::run_table_of_folder(path);
}

isoflop::Observations read_observations(const std::string& path, const TableFlags& flags) {
  const isoflop::Observations table = isoflop::observations_from_table(read_runs(path, false), table_options(flags));
  return std::filesystem::is_directory(path) ? isoflop::heed_baselines(table, isoflop::baselines_of_folder(path)) : table;
}

void add_budget_flags(CLI::App& command, BudgetFlags& flags) {
  command.add_option("--budgets", flags.budgets, "isoflop: the FLOP budgets, joined by commas; auto: where rows gather")
      ->capture_default_str();
  command.add_option("--minimum", flags.minimum, "isoflop: how a curve's minimum is found: parabola, akima")
      ->capture_default_str()
      ->check(CLI::IsMember({"parabola", "akima"}));
}

void put_budgets(const BudgetFlags& flags, isoflop::FitOptions& options) {
  if (flags.budgets != "auto")
    for (const std::string& flops : split(flags.budgets)) options.budgets.push_back(number_of("--budgets", flops, true));
  options.minimum = flags.minimum == "akima" ? isoflop::CurveMinimumBy::akima : isoflop::CurveMinimumBy::parabola;
}

}  // namespace cli
