// What several commands read from their arguments: lists, pairs, numbers, tables.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "isoflop/laws.h"

namespace cli {

/// The parts of a text between commas, empty ones left out.
std::vector<std::string> split(const std::string& text);

/// The text of a file; throws missing_input or io.
std::string read_table(const std::filesystem::path& path);

/// Throws usage if a file to write is a study's own, or one of those that are read (or written by another flag), by whatever
/// name. Empty paths are none.
void refuse_to_overwrite(const std::string& flag, const std::string& output, const std::vector<std::string>& others);

/// A flag that says nothing unless one of others is given.
struct Need {
  std::string flag;
  std::vector<std::string> any_of;
};
/// Throws usage naming the first flag that is given without them.
void check_needs(const CLI::App& command, const std::vector<Need>& needs);

/// Throws usage if a file to write is a sealed forecast: it would be lost. An empty path is none.
void refuse_forecast(const std::string& flag, const std::string& output);

/// A confidence level.
CLI::Validator level_range();

/// A=B pairs of a flag, in their order. Throws usage where a part is none, or one A is given twice.
std::vector<std::pair<std::string, std::string>> parse_pairs(const std::string& flag, const std::string& text,
                                                             const std::string& form);

double number_of(const std::string& flag, const std::string& text, bool positive);

/// Which rows of a table of runs, under which names.
struct TableFlags {
  std::string where, map, group, drop, loss_unit;
};
void add_table_flags(CLI::App& command, TableFlags& flags);
isoflop::TableOptions table_options(const TableFlags& flags);
/// A table of runs or a log of steps; of a study's folder its runs, or their steps.
isoflop::CsvTable read_runs(const std::string& path, bool of_steps);
/// A CSV table or a study's folder.
isoflop::Observations read_observations(const std::string& path, const TableFlags& flags);

/// How isoFLOP curves are read.
struct BudgetFlags {
  std::string budgets = "auto", minimum = "parabola";
};
void add_budget_flags(CLI::App& command, BudgetFlags& flags);
void put_budgets(const BudgetFlags& flags, isoflop::FitOptions& options);

}  // namespace cli
