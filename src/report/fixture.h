// Studies that are not measured, for the tests of this room: the source experiment's published points, and a fresh study with two
// seeds.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "base/random.h"
#include "isoflop/report.h"

namespace isoflop::report {

struct MadeRun {
  std::string name;
  double params, non_embedding, matmul, loss;
};

inline RunReport made_run(const MadeRun& made, std::uint64_t seed, std::int64_t steps, std::int64_t step_tokens,
                          std::int64_t unique) {
  RunReport run;
  RunRecord& r = run.record;
  r.name = made.name;
  r.id = "0123456789abcdef";
  r.status = RunStatus::done;
  r.params = {static_cast<std::int64_t>(made.params), static_cast<std::int64_t>(made.non_embedding),
              static_cast<std::int64_t>(made.matmul)};
  r.steps = steps;
  r.tokens = steps * step_tokens;
  r.unique_tokens = unique;
  r.loss = made.loss;
  r.loss_se_eval = 0.0123;
  r.train_loss = made.loss - 0.1;
  r.bits_per_byte = made.loss * 0.484;
  r.regime = r.tokens > unique ? Regime::repeated : Regime::fresh;
  const Philox noise{.seed = seed, .stream = Stream::simulate};
  for (std::int64_t s = 0; s < steps; ++s) {
    const double progress = static_cast<double>(s + 1) / static_cast<double>(steps);
    const double loss = made.loss - 0.1 + (8.2 - made.loss) * std::exp(-9 * std::pow(progress, 0.45)) +
                        0.03 * noise.normal(static_cast<std::uint64_t>(s));
    run.steps.push_back({s, (s + 1) * step_tokens, loss, 1.0, 3e-4});
    if ((s + 1) % (steps / 4) == 0)
      run.evals.push_back({.step = s + 1,
                           .tokens = (s + 1) * step_tokens,
                           .loss = loss + 0.1,
                           .loss_se = {},
                           .loss_full_context = {},
                           .documents = {}});
  }
  run.timing = RunTiming{made.params / 41000.0, 2.6e11 / made.params, 2, std::int64_t{900} << 20};
  run.learning_rate = 3e-4;
  run.seed = seed;
  return run;
}

inline Observations table_of(const StudyReport& study) {
  Observations table;
  table.n_convention = "params";
  table.loss_kind = "final";
  for (const RunReport& r : study.runs) {
    table.labels.push_back(r.record.name);
    table.columns["params"].push_back(static_cast<double>(r.record.params.params));
    table.columns["params_non_embedding"].push_back(static_cast<double>(r.record.params.params_non_embedding));
    table.columns["params_matmul"].push_back(static_cast<double>(r.record.params.params_matmul));
    table.columns["tokens"].push_back(static_cast<double>(r.record.tokens));
    table.columns["unique_tokens"].push_back(static_cast<double>(r.record.unique_tokens));
    table.columns["loss"].push_back(r.record.loss);
  }
  return table;
}

inline void fit_all(StudyReport& study, bool allow_repeated) {
  const Observations table = table_of(study);
  for (const char* column : {"params", "params_non_embedding", "params_matmul"}) {
    const PowerFitOptions options{.n_column = column, .allow_repeated = allow_repeated};
    study.laws.push_back(law_view(table, options, fit_power_law(table, options)));
  }
}

inline StudyReport source_study() {
  StudyReport study;
  study.title = "gpt2mini";
  study.subtitle = "Five GPT-2 models on 881 k characters of Japanese literature";
  study.regime = Regime::repeated;
  study.regime_text =
      "Every run saw the same text 18.6 times over, with one learning rate for all sizes and a vocabulary taken from the whole "
      "text. "
      "What falls with N here is as much memorisation and the optimizer as it is N.";
  study.labels = {"reproduces the source experiment", "one learning rate for all sizes", "18.6 epochs"};
  const std::vector<MadeRun> runs{{"tiny", 343936, 100096, 325760, 3.92},
                                  {"small", 1281024, 793344, 1241344, 3.44},
                                  {"medium", 3401088, 2669568, 3336576, 3.07},
                                  {"base", 5714432, 4739072, 5628416, 2.86},
                                  {"large", 15659520, 14196480, 15520512, 2.37}};
  for (const MadeRun& r : runs) study.runs.push_back(made_run(r, 42, 2000, 8192, 880000));
  study.corpus = {{"text", "gpt2mini_aozora.txt"},
                  {"characters", "881,283"},
                  {"bytes", "2,623,547"},
                  {"SHA-256", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
                  {"held out", "10 % in blocks"}};
  study.setup = {{"optimizer", "AdamW, \xCE\xB2 0.9 / 0.999, decay 0.1 on every parameter"},
                 {"schedule", "cosine to 0, warm-up 100 steps"},
                 {"batch", "32 \xC3\x97 256 tokens"},
                 {"precision", "float32"}};
  study.machine = {{"processor", "2 cores, AVX-512"}, {"threads", "2"}};
  study.baselines = {{"unigram entropy", 6.12, "the text's own character frequencies"},
                     {"xz -9", 3.31, "compressed size of the held-out text, as nats per token"}};
  fit_all(study, true);
  study.made_by = "isoflop 0.1.0";
  return study;
}

inline StudyReport fresh_study() {
  StudyReport study;
  study.title = "first-law";
  study.subtitle = "Six sizes, two seeds each, on the State of the Union addresses";
  study.regime_text =
      "No run saw any text twice: 4.1 M training tokens of 9.7 M unique ones. The learning rate follows a rule between two "
      "bracketed sweeps.";
  study.labels = {"learning rate per size"};
  const Philox noise{.seed = 5, .stream = Stream::simulate};
  double n = 61000, order = 1;
  for (int size = 0; size < 6; ++size, n *= 2.05)
    for (int seed = 0; seed < 2; ++seed, ++order) {
      const double loss = 7.4 * std::pow(n, -0.108) * std::exp(0.006 * noise.normal(static_cast<std::uint64_t>(order)));
      study.runs.push_back(
          made_run({"d" + std::to_string(32 + 16 * size) + "-s" + std::to_string(seed), n, n * 0.8, n * 0.93, loss},
                   static_cast<std::uint64_t>(seed), 500, 8192, 9700000));
    }
  study.corpus = {{"text", "sotu"}, {"documents", "233"}, {"characters", "10,762,114"}};
  study.setup = {{"optimizer", "AdamW"}};
  study.baselines = {{"xz -9", 1.92, "compressed size of the held-out text"}};
  fit_all(study, false);
  study.made_by = "isoflop 0.1.0";
  return study;
}

}  // namespace isoflop::report
