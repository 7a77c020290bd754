// isoflop doctor: the environment; of a table or a study, the mistakes that are known to spoil scaling studies.
#include <cstdio>
#include <filesystem>

#include "cli/arguments.h"
#include "cli/study_output.h"
#include "isoflop/lab.h"
#include "isoflop/laws.h"

namespace cli {
namespace {

void examine_environment(const std::string& out, const Globals& globals) {
  const auto findings = isoflop::doctor_environment(out, default_cache());
  Json list = Json::array();
  bool all = true;
  for (const auto& finding : findings) {
    all = all && finding.ok;
    list.push_back({{"check", finding.check}, {"ok", finding.ok}, {"text", finding.text}});
    if (!globals.json) std::printf("%-4s  %-14s %s\n", finding.ok ? "ok" : "bad", finding.check.c_str(), finding.text.c_str());
  }
  if (globals.json) print_json({{"ok", all}, {"findings", list}});
  if (!all)
    throw isoflop::Error(isoflop::Fault::failure, "doctor", "found what would spoil or slow a study",
                         "each line marked bad says how to mend it");
}

// what is wrong with a table is a finding, not a failure: exit 0
void examine_table(const std::string& path, const TableFlags& flags, const Globals& globals) {
  const auto findings = std::filesystem::is_directory(path) ? isoflop::examine_folder(path, table_options(flags))
                                                            : isoflop::examine_table(read_observations(path, flags));
  Json list = Json::array();
  for (const auto& finding : findings) {
    list.push_back({{"rule", finding.rule},
                    {"verdict", to_string(finding.verdict)},
                    {"text", finding.text},
                    {"source", finding.source},
                    {"remedy", finding.remedy}});
    if (globals.json) continue;
    std::printf("%-8s  %s: %s\n", to_string(finding.verdict).c_str(), finding.rule.c_str(), finding.text.c_str());
    if (finding.remedy.empty()) continue;
    std::printf("          why: %s\n          remedy: %s\n", finding.source.c_str(), finding.remedy.c_str());
  }
  if (globals.json) print_json({{"table", path}, {"findings", list}});
}

}  // namespace

void add_doctor(CLI::App& program, Globals& globals) {
  const auto out = std::make_shared<std::string>("isoflop-runs");
  const auto table = std::make_shared<std::string>();
  const auto flags = std::make_shared<TableFlags>();
  CLI::App* app =
      add_command(program, globals, "doctor",
                  "Checks the environment (kernels, cores, memory, folders), or a table of runs for what spoils scaling studies.",
                  "isoflop doctor runs.csv");
  app->add_option("table", *table, "a CSV table or a study's folder; without one the environment is checked");
  add_table_flags(*app, *flags);
  app->add_option("--out", *out, "the folder studies would be written to")->capture_default_str();
  app->callback([out, table, flags, &globals] {
    if (table->empty())
      examine_environment(*out, globals);
    else
      examine_table(*table, *flags, globals);
  });
}

}  // namespace cli
