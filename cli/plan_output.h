// A plan for people.
#pragma once

#include "cli/command.h"
#include "isoflop/plan.h"
#include "isoflop/report.h"

namespace cli {

/// What the terminal says; `json` holds what the program added to the plan (sealed, studies).
void print_plan(const isoflop::Plan& plan, const std::vector<isoflop::PageTable>& tables, const Json& json, bool explain,
                const std::string& currency);

/// A study of each rung; returns their files. Throws usage where the folder holds other ones: an edited rung, or one of another
/// ladder.
std::vector<std::string> write_ladder(const std::string& folder, const isoflop::Ladder& ladder);

/// The warnings that do not stand on the page's first line.
void print_warnings(const std::vector<isoflop::Warning>& warnings);

/// "67.1B to 152B", or nothing.
std::string span(const std::optional<isoflop::Interval>& interval, bool counts);

}  // namespace cli
