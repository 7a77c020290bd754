#include <cstdio>

#include "cli/study_output.h"

namespace cli {

void add_doctor(CLI::App& program, Globals& globals) {
  const auto out = std::make_shared<std::string>("isoflop-runs");
  CLI::App* app = add_command(program, globals, "doctor", "Checks the environment: kernels, cores, memory, folders.", "isoflop doctor");
  app->add_option("--out", *out, "the folder studies would be written to")->capture_default_str();
  app->callback([out, &globals] {
    const auto findings = isoflop::doctor_environment(*out, default_cache());
    Json list = Json::array();
    bool all = true;
    for (const auto& finding : findings) {
      all = all && finding.ok;
      list.push_back({{"check", finding.check}, {"ok", finding.ok}, {"text", finding.text}});
      if (!globals.json) std::printf("%-4s  %-14s %s\n", finding.ok ? "ok" : "bad", finding.check.c_str(), finding.text.c_str());
    }
    if (globals.json) print_json({{"ok", all}, {"findings", list}});
    if (!all) throw isoflop::Error(isoflop::Fault::failure, "doctor", "found what would spoil or slow a study", "each line marked bad says how to mend it");
  });
}

}  // namespace cli
