#include <cstdio>

#include "cli/command.h"
#include "isoflop/lab.h"

namespace cli {

void add_sample(CLI::App& program, Globals& globals) {
  struct Flags {
    std::string study, run, isa;
    isoflop::SampleOptions options;
  };
  const auto flags = std::make_shared<Flags>();
  CLI::App* app = add_command(program, globals, "sample", "Text from a trained model.",
                              "isoflop sample isoflop-runs/quick --run tiny --tokens 200");
  app->add_option("study", flags->study, "the study's folder")->required();
  app->add_option("--run", flags->run, "a run's name or id (default: the study's largest)");
  app->add_option("--prompt", flags->options.prompt, "text to go on from");
  app->add_option("--tokens", flags->options.tokens, "tokens to make")->capture_default_str()->check(whole_number(1, 1 << 24));
  app->add_option("--temperature", flags->options.temperature, "0: the likeliest token always")
      ->capture_default_str()
      ->check(from_zero());
  app->add_option("--top-k,--top_k", flags->options.top_k, "draw from the k likeliest; 0: from all")
      ->capture_default_str()
      ->check(whole_number(0));
  app->add_option("--seed", flags->options.seed, "of the draws")->capture_default_str()->check(whole_number(0));
  app->add_option("--isa", flags->isa, "kernel set");
  app->callback([flags, &globals] {
    if (!flags->isa.empty()) flags->options.isa = isoflop::isa_from(flags->isa);
    flags->options.stop = stop_requested();
    std::string run = flags->run;
    if (run.empty()) {
      for (const auto& stored : isoflop::RunStore::open_existing(flags->study).list()) {
        if (stored.record.status == isoflop::RunStatus::done && stored.record.group != "learning-rate") run = stored.id;
      }
      if (run.empty())
        throw isoflop::Error(isoflop::Fault::missing_input, flags->study, "holds no finished run",
                             "`isoflop runs ls` shows what is there");
    }
    const std::string text =
        isoflop::sample_run(flags->study, run, flags->options, [&globals](const std::string& line) { note(globals, line); });
    if (globals.json) {
      print_json({{"run", run}, {"prompt", flags->options.prompt}, {"text", text}});
    } else {
      std::printf("%s\n", text.c_str());
    }
  });
}

}  // namespace cli
