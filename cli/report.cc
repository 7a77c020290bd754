#include <cstdio>

#include "cli/command.h"
#include "isoflop/lab.h"

namespace cli {

void add_report(CLI::App& program, Globals& globals) {
  const auto study = std::make_shared<std::string>();
  CLI::App* app = add_command(program, globals, "report", "Draws a study's page and figures again from what is stored.",
                              "isoflop report isoflop-runs/first-law");
  app->add_option("study", *study, "the study's folder")->required();
  app->callback([study, &globals] {
    const auto page = isoflop::report_study(*study);
    if (globals.json) {
      print_json({{"report", page.string()}, {"figures", (page.parent_path() / "figures").string()}});
    } else {
      std::printf("report: %s\n", page.c_str());
    }
  });
}

}  // namespace cli
