#include "cli/study_output.h"

namespace cli {

void add_run(CLI::App& program, Globals& globals) {
  struct Flags {
    StudyFlags study;
    std::string file, preset;
    std::optional<double> minutes, flops;
  };
  const auto flags = std::make_shared<Flags>();
  CLI::App* app = add_command(program, globals, "run",
                              "The whole job: text, tokens, runs, law, report. Running it again does only what is missing.",
                              "isoflop run --preset quick --data text.txt");
  CLI::Option* file = app->add_option("study", flags->file, "a study file (docs/formats/study.md)");
  app->add_option("--preset", flags->preset, "a study of the house: first-law (default), quick, gpt2mini")->excludes(file);
  CLI::Option* minutes =
      app->add_option("--minutes", flags->minutes, "as many steps as about this time holds here, the sweep included")
          ->check(above_zero());
  app->add_option("--flops", flags->flops, "as many steps as these FLOPs hold, the sweep included")
      ->check(above_zero())
      ->excludes(minutes);
  add_study_flags(*app, flags->study);
  app->callback([flags, &globals] {
    isoflop::Study study = !flags->file.empty() ? isoflop::load_study(flags->file)
                                                : isoflop::preset_study(flags->preset.empty() ? "first-law" : flags->preset);
    study.total_minutes = flags->minutes;
    study.total_flops = flags->flops;
    const isoflop::LabOptions options = apply(flags->study, globals, study);
    do_study(study, options, flags->study, globals);
  });
}

}  // namespace cli
