// Tables of runs on the command line: which file or study, which rows, whose names.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "isoflop/laws.h"

namespace cli {

struct TableFlags {
  std::string where, map, group;
};
void add_table_flags(CLI::App& command, TableFlags& flags);

/// A=B pairs of a flag, in their order. Throws Error{usage}.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> parse_pairs(const std::string& flag, const std::string& text,
                                                                         const std::string& form);
/// The parts of a list joined by commas.
[[nodiscard]] std::vector<std::string> split(const std::string& text);

/// Our word -> the table's column.
[[nodiscard]] std::map<std::string, std::string> renames(const TableFlags& flags);
/// The file's text. Throws Error{missing_input}, Error{io}.
[[nodiscard]] std::string read_table(const std::string& path);
/// A CSV table or a study's folder.
[[nodiscard]] isoflop::Observations read_observations(const std::string& path, const TableFlags& flags);

}  // namespace cli
