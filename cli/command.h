// What the commands share: global flags, output, and one function per command that adds it to the program.
// A command parses, calls the public face, prints; no logic worth a test. It throws isoflop::Error; main maps it to an exit code.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>
#include <vector>

#include "isoflop/base.h"
#include "isoflop/text.h"

namespace cli {

using Json = nlohmann::ordered_json;

/// Flags every command takes; filled before a command's callback runs.
struct Globals {
  bool json = false;   ///< result on stdout as one JSON object
  bool quiet = false;  ///< no progress, no log
};

/// Adds a command: help text whose first part is an example, the global flags, and the callback that does the work.
/// `example` is shown first in --help, e.g. "isoflop fit runs.csv --law power_n".
CLI::App* add_command(CLI::App& parent, Globals& globals, const std::string& name, const std::string& what,
                      const std::string& example);

/// Checks of a flag's value; what fails them is a usage error ("--minutes: is nan, expected a finite number above 0").
CLI::Validator above_zero();
CLI::Validator from_zero();
CLI::Validator from_zero_below_one();
inline constexpr std::int64_t kMostWhole = std::int64_t{1} << 53;  ///< nothing counted here is more
CLI::Validator whole_number(std::int64_t least, std::int64_t most = kMostWhole);

/// Bytes, "512MB" too; as a transform.
CLI::Validator bytes_with_unit();
/// Every whole number of the program's flags may be written with an exponent: 1e9.
void accept_exponents(CLI::App& app);

/// One JSON object on stdout, `schema_version` first.
void print_json(const Json& object);

/// A table for people: header, rows, columns aligned; numbers right. To stdout.
void print_table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows);

/// As many threads as asked for, or as the machine has.
std::int64_t threads_of(std::int64_t asked);

/// Progress on stderr: one line redrawn on a terminal, a line every 10 s otherwise; nothing with --quiet or --json on a pipe.
isoflop::ProgressFn progress_to_stderr(const Globals& globals);

/// One line on stderr, unless --quiet.
void note(const Globals& globals, const std::string& line);

/// "isoflop 0.1.0", in the foot of a page.
std::string made_by();

/// Requested by the first SIGINT, SIGTERM or SIGUSR1; a second SIGINT ends the program at once.
std::stop_token stop_requested();
/// Throws Error{interrupted} after Ctrl-C or Error{stopped} after another signal, saying that `what` is saved; else does nothing.
void throw_if_stopped(const std::string& what);

void add_run(CLI::App& program, Globals& globals);
void add_train(CLI::App& program, Globals& globals);
void add_data(CLI::App& program, Globals& globals);
void add_tok(CLI::App& program, Globals& globals);
void add_runs(CLI::App& program, Globals& globals);
void add_fit(CLI::App& program, Globals& globals);
void add_compare(CLI::App& program, Globals& globals);
void add_mix(CLI::App& program, Globals& globals);
void add_check(CLI::App& program, Globals& globals);
void add_plan(CLI::App& program, Globals& globals);
void add_score(CLI::App& program, Globals& globals);
void add_report(CLI::App& program, Globals& globals);
void add_sample(CLI::App& program, Globals& globals);
void add_doctor(CLI::App& program, Globals& globals);
void add_bench(CLI::App& program, Globals& globals);

}  // namespace cli
