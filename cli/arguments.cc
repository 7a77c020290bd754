#include "cli/arguments.h"

#include <cmath>
#include <fstream>
#include <sstream>

#include "isoflop/lab.h"

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

std::vector<std::pair<std::string, std::string>> parse_pairs(const std::string& flag, const std::string& text,
                                                             const std::string& form) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string& part : split(text)) {
    const auto at = part.find('=');
    if (at == std::string::npos || at == 0 || at + 1 == part.size())
      throw isoflop::Error(isoflop::Fault::usage, flag, "cannot read `" + part + "`", "the form is " + form);
    pairs.emplace_back(part.substr(0, at), part.substr(at + 1));
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
  command.add_option("--where", flags.where, "rows to read: column (= != < <= > >=) literal, joined by `and`; several words are quoted");
  command.add_option("--group", flags.group, "the column whose rows go together (a run's checkpoints): they are resampled as one");
}

std::map<std::string, std::string> renames(const TableFlags& flags) {
  std::map<std::string, std::string> rename;
  for (const auto& [ours, theirs] : parse_pairs("--map", flags.map, "OURS=COLUMN, e.g. --map params=N,loss=val")) rename[ours] = theirs;
  if (!flags.group.empty()) rename["group"] = flags.group;
  return rename;
}

isoflop::Observations read_observations(const std::string& path, const TableFlags& flags) {
  if (std::filesystem::is_directory(path)) return isoflop::observations_of_folder(path, flags.where, renames(flags));
  return isoflop::observations_from_csv(read_table(path), path, flags.where, renames(flags));
}

}  // namespace cli
