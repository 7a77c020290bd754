// The program: parses, calls the public face, maps faults to exit codes.
#include <cstdio>
#include <new>

#include "cli/command.h"
#include "cli/signals.h"

namespace {

using cli::Json;

void print_error(const std::string& what, const std::string& hint) {
  std::fprintf(stderr, "isoflop: %s\n", what.c_str());
  if (!hint.empty()) std::fprintf(stderr, "  hint: %s\n", hint.c_str());
}

int usage_error(const CLI::App& program, const CLI::ParseError& error) {
  const CLI::App* app = &program;
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  std::string command = app == &program ? "isoflop" : app->get_name();
  for (const CLI::App* parent = app->get_parent(); parent != nullptr; parent = parent->get_parent())
    command = parent->get_name() + " " + command;
  if (app == &program) command = "isoflop";
  print_error(cli::usage_problem(*app, error),
              "`" + command + " --help` shows the " + (app->get_subcommands({}).empty() ? "flags" : "commands"));
  return static_cast<int>(isoflop::Fault::usage);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App program{
      "Measures how a language model's loss falls with parameters, data and compute; fits the laws; plans the training.",
      "isoflop"};
  cli::Globals globals;
  cli::style(program, "isoflop run --preset quick --data text.txt");
  program.set_version_flag("--version", "isoflop " ISOFLOP_VERSION);
  program.require_subcommand(1);
  cli::add_run(program, globals);
  cli::add_data(program, globals);
  cli::add_tok(program, globals);
  cli::add_train(program, globals);
  cli::add_runs(program, globals);
  cli::add_fit(program, globals);
  cli::add_compare(program, globals);
  cli::add_mix(program, globals);
  cli::add_check(program, globals);
  cli::add_plan(program, globals);
  cli::add_score(program, globals);
  cli::add_report(program, globals);
  cli::add_sample(program, globals);
  cli::add_bench(program, globals);
  cli::add_doctor(program, globals);

  cli::accept_exponents(program);

  try {
    cli::catch_signals();
    program.parse(argc, argv);
    if (std::fflush(stdout) != 0) throw isoflop::Error(isoflop::Fault::io, "standard output", "cannot be written");
    return 0;
  } catch (const CLI::CallForHelp&) {
    std::fputs(program.help().c_str(), stdout);  // of the command that was given, by its whole name
    return 0;
  } catch (const CLI::CallForVersion&) {
    std::puts("isoflop " ISOFLOP_VERSION);
    return 0;
  } catch (const CLI::ParseError& error) {
    return usage_error(program, error);
  } catch (const isoflop::Error& error) {
    cli::end_progress_line();
    print_error(error.what(), error.hint());
    return cli::exit_code(error.fault());
  } catch (const std::bad_alloc&) {
    cli::end_progress_line();
    print_error("not enough memory", "`isoflop doctor` shows what is available");
    return static_cast<int>(isoflop::Fault::failure);
  } catch (const std::exception& error) {
    cli::end_progress_line();
    print_error(error.what(), "");
    return static_cast<int>(isoflop::Fault::failure);
  }
}
