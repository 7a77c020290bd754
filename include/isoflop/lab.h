// The glue: studies, designs, resume, records -> observations, and the pipelines behind each command. Only lab sees several
// rooms.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "isoflop/corpus.h"
#include "isoflop/laws.h"
#include "isoflop/machine.h"
#include "isoflop/mixture.h"
#include "isoflop/record.h"
#include "isoflop/report.h"
#include "isoflop/runs.h"
#include "isoflop/tokens.h"

namespace isoflop {

/// One size of a family. `shape.vocab_size` is filled from the tokenizer.
struct StudyModel {
  std::string name;
  Shape shape;
};

/// A learning rate per size: rates are tried at the smallest and the largest size, `factor` apart from `start`, until the best
/// lies between two worse ones; sizes between get the rate log-linear in N.
struct LearningRateSweep {
  double start = 4e-3;
  double factor = 2;
  double length = 0.25;      ///< of max_iters
  std::int64_t widest = 7;   ///< rates tried at most
};

/// The steps of a study that a budget changed.
struct StepsSet {
  std::string by;            ///< what asked for it: "--flops 1e12", "budget_minutes = 12"
  std::int64_t asked = 0;    ///< max_iters before
};

/// A text by name.
struct MixtureSource {
  std::string name;
  std::vector<std::string> inputs;   ///< as of CorpusOptions, or a sample corpus
};

/// Mixtures of sources: proxies of one model on designed mixtures, their law, the weights it recommends, and runs that try them.
struct MixtureStudy {
  std::vector<MixtureSource> sources;
  std::optional<MixtureSource> target_text;      ///< scored, never trained on
  std::vector<std::string> target;               ///< whose losses count, equally; empty: target_text's, else every source's
  std::string law = "additive";                   ///< a single target's optimum by the others is one source alone
  std::int64_t proxies = 32;
  double max_epochs = 4;                         ///< of any source in any run
  std::int64_t learning_rates = 2;               ///< 2: every mixture at learning_rate and at small_rate times it
  double small_rate = 0.2;
  std::uint64_t seed = 0;                        ///< of the design and the resamples
};

/// What a study asks for (docs/formats/study.md). Values after `load_study` or `preset_study`.
struct Study {
  std::string name = "study";
  std::string title;
  std::string reproduces;            ///< what the study reproduces, artefacts and all; empty: a measurement of its own
  CorpusOptions corpus;
  std::string recipe;                ///< a sample corpus, where no input is given
  std::string tokenizer_file;        ///< one that is there (as read_tokenizer reads), instead of the four below; empty: made of
                                     ///< the text
  TokenizerKind tokenizer = TokenizerKind::char_;
  VocabularyFrom vocabulary = VocabularyFrom::training_split;
  std::int64_t vocab_size = TokenizerOptions().vocab_size;           ///< bpe: what is asked for; the tokenizer has what the text
                                                                     ///< gives
  SplitPattern split_pattern = TokenizerOptions().pattern;           ///< bpe
  std::vector<StudyModel> models;
  RunSpec train;                     ///< what all runs share; shape, data and dtype are filled per run
  std::optional<Dtype> dtype;        ///< none: bfloat16 where the machine has the unit, else float32; or what the kernel set that
                                     ///< is asked for computes in
  bool beta2_scaled = false;         ///< beta2 = 1 - 20 / max_iters, at most 0.999
  bool warmup_scaled = false;        ///< warmup_iters = max_iters / 20
  bool init_std_scaled = false;      ///< init_std = 0.5 / sqrt(n_embd): GPT-2's 0.02 is that at its own widths
  std::optional<double> min_lr_fraction;            ///< min_lr as a fraction of the learning rate
  std::optional<double> target_flops;               ///< horizon of each run instead of max_iters (flops_exact)
  std::optional<double> target_param_data_ratio;    ///< or tokens per parameter
  std::optional<double> budget_minutes;             ///< fewer steps where the estimate for the whole study is above this
  std::optional<double> total_minutes;              ///< of one call: as many steps as this time holds here, by the estimate
  std::optional<double> total_flops;                ///< of one call: as many steps as these FLOPs (exact) hold
  std::optional<StepsSet> steps_set;                ///< filled where a budget set max_iters
  std::vector<std::uint64_t> seeds = {0};
  std::optional<LearningRateSweep> learning_rate_sweep;
  std::vector<std::string> fit_losses = {"final"};  ///< final | best | train
  bool allow_repeated = false;
  std::optional<MixtureStudy> mixture;  ///< a study of mixtures instead of sizes: one model
  std::string text;                  ///< the file as given
  std::string source;                ///< what it was read from, for messages; empty: put together from flags
};

[[nodiscard]] std::vector<std::string> preset_names();
[[nodiscard]] Study preset_study(const std::string& name);  ///< throws usage with the known names
/// Reads a study. Throws bad_study naming file, line, column and, for an unknown key, the nearest known one.
[[nodiscard]] Study load_study(const std::filesystem::path& path);
[[nodiscard]] Study study_from_toml(const std::string& text, const std::string& subject);
/// The resolved study as TOML: reading it back gives the same study.
[[nodiscard]] std::string to_toml(const Study& study);

struct LabOptions {
  std::filesystem::path out;         ///< the study's folder
  std::filesystem::path cache;       ///< tokens and sample corpora; shared between studies
  std::int64_t threads = 0;          ///< 0: all usable cores
  std::optional<Isa> isa;            ///< none: the best for the study's dtype
  bool allow_isa_change = false;
  bool recompute = false;            ///< run each block's forward again in backward instead of keeping its activations: less
                                     ///< memory, the same bytes
  std::int64_t checkpoint_interval = 200;  ///< steps
  std::stop_token stop;
  ProgressFn progress;
  std::function<void(const std::string&)> log;  ///< one line each
};

/// One run of a design and what it will take.
struct PlannedRun {
  std::string name, group;           ///< group "family" or "learning-rate"
  RunSpec spec;
  std::string id;
  ParamCounts params;
  double flops_exact = 0;
  std::int64_t tokens = 0;
  std::int64_t unique_tokens = 0;
  double epochs = 0;
  Regime regime = Regime::fresh;
  std::int64_t peak_bytes = 0;       ///< of the process while it trains
  double seconds = 0;                ///< from a short calibration on this machine
  bool done = false;                 ///< in the store already
};

struct StudyPlan {
  std::vector<PlannedRun> runs;      ///< with a sweep: the sweep's first rates and the family at the sweep's start rate
  double seconds = 0;                ///< of what is not done yet
  double flops_exact = 0;            ///< of all runs listed
  double flops_exact_most = 0;       ///< the same with a sweep at its widest, and of mixtures with the runs that try weights:
                                     ///< what a budget in FLOPs is held against
  std::int64_t peak_bytes = 0;
  std::int64_t memory_available = 0;
  std::vector<std::string> notes;
};

/// What `isoflop run --dry-run` says; trains nothing but a few calibration steps and writes nothing but the token cache.
/// Throws  as run_study: usage, too, for a budget that is less than the least the study takes.
[[nodiscard]] StudyPlan plan_study(Study study, const LabOptions& options);

struct StudyRun {
  StoredRun stored;
  PlannedRun planned;
};

/// Runs of one mixture with every seed.
struct MeasuredMixture {
  std::string name;                  ///< recommended, natural, uniform, best proxy, only X
  Mixture weights;                   ///< to a thousandth, or in a short run eight of its windows
  std::vector<double> losses;        ///< on the target, by seed
  std::optional<double> mean;
  std::string verdict;               ///< of the recommended weights over these: better, worse, undecided; empty for themselves
};

struct MixtureResult {
  MixtureModel model;
  MixtureOptimum optimum;
  std::vector<MeasuredMixture> measured;  ///< the recommended weights first
  std::optional<double> seed_sd;          ///< nats, pooled; none with one seed
  bool confirmed = false;                 ///< better than all others by more than the seed's sd, as measured
};

/// One JSON object: law, optimum, measured, seed_sd, confirmed (docs/formats/mixture.md).
[[nodiscard]] std::string mixture_result_to_json(const MixtureResult& result);

struct StudyResult {
  std::filesystem::path folder;
  std::vector<StudyRun> runs;        ///< the family, by N then seed
  std::vector<StudyRun> sweep;
  std::vector<Fit> fits;
  std::vector<Warning> warnings;     ///< why there is no law, or what to mind
  std::string regime_text;
  std::string law_in_words;          ///< the study's own law with its interval, or why there is none
  std::int64_t trained = 0;          ///< runs trained by this call
  std::filesystem::path report;      ///< empty when no report was made
  std::optional<MixtureResult> mixture;  ///< of a study of mixtures; its proxies are `runs`, what tried the weights is `sweep`
};

/// The whole job: text -> tokens -> runs -> law -> report. Does only what is missing.
/// A stop while training leaves a checkpoint and returns what there is, with an empty `report`: look at the stop token.
/// Throws  stopped, when the stop came while the text was read; usage (bad_study for budget_minutes) before anything is trained
///         when the budget is less than the least the study takes; bad_data, missing_input, bad_study, io, failure as the rooms
///         do.
[[nodiscard]] StudyResult run_study(Study study, const LabOptions& options);

/// Draws the report and figures of a study folder again from what is stored. Returns the page's path.
[[nodiscard]] std::filesystem::path report_study(const std::filesystem::path& folder);

/// Keeps a plan in a study's folder (plan.json, sealed) and draws its report again, with the plan as a section. Returns the
/// page's path. Throws missing_input for a folder that is no finished study, io.
[[nodiscard]] std::filesystem::path keep_plan(const std::filesystem::path& folder, const std::string& plan_json,
                                              const PageSection& section);

/// Observations of a set of finished runs, in the columns of design 4. Others are left out with a warning.
[[nodiscard]] Observations observations_of(const std::vector<StoredRun>& runs, const std::string& loss_kind);

/// What the store of a study's folder holds now, imported rows too, as its run table. Runs that are neither done nor diverged are
/// left out with a warning; the folder's runs.csv is not read.
///
/// Throws   missing_input if there is no store or no finished run in it.
/// Checked  observations_test.cc: imported runs are there, the sweep's and unfinished ones are not.
[[nodiscard]] CsvTable run_table_of_folder(const std::filesystem::path& folder);

/// The steps of a study's runs that are done, a row an update: columns run, group, step (0-based), tokens, learning_rate, loss
/// (of the training batch), loss_eval (held-out, after this update, where there was an evaluation), grad_norm, params.
///
/// Throws   as run_table_of_folder; bad_data as RunStore::steps.
/// Checked  observations_test.cc.
[[nodiscard]] CsvTable step_table_of_folder(const std::filesystem::path& folder);

/// `examine_table` of a study's runs, with what the curves of their steps say where there are steps.
[[nodiscard]] std::vector<TableFinding> examine_folder(const std::filesystem::path& folder, const TableOptions& options = {});

/// The lines that a study was held against (its laws.json); none where there is no such file.
[[nodiscard]] std::vector<Baseline> baselines_of_folder(const std::filesystem::path& folder);

/// A table of runs without those no better than the unigram baseline, and a warning that names them; runs no better than the
/// 5-gram stay, with a warning (`pre_asymptotic`). As it is, where its losses are not held-out nats per token, or there is no
/// baseline.
///
/// Checked  study_report_test.cc.
[[nodiscard]] Observations heed_baselines(const Observations& table, const std::vector<Baseline>& baselines);

/// `observations_from_table` of `run_table_of_folder`.
[[nodiscard]] inline Observations observations_of_folder(const std::filesystem::path& folder, const TableOptions& options = {}) {
  return observations_from_table(run_table_of_folder(folder), options);
}

struct SampleOptions {
  std::string prompt;
  std::int64_t tokens = 200;
  double temperature = 0.8;          ///< 0: the likeliest token always
  std::int64_t top_k = 0;            ///< 0: all
  std::uint64_t seed = 0;
  std::optional<Isa> isa;            ///< computes in float32, whatever the run was trained in
  std::int64_t threads = 1;
  std::stop_token stop;
};
/// Text from the newest whole checkpoint of a run. Throws missing_input if there is none, stopped.
[[nodiscard]] std::string sample_run(const std::filesystem::path& study, const std::string& run, const SampleOptions& options,
                                     const std::function<void(const std::string&)>& log = {});

struct ScoreOptions {
  std::vector<std::string> runs = {};  ///< ids or names; empty: every finished run but a learning-rate sweep's
  std::optional<Isa> isa = {};
  std::int64_t threads = 1;
  std::stop_token stop = {};
};
/// What a study's runs lose on another text, so that runs of different texts can be held against each other.
///
/// Needs    a corpus opened with SplitKind::none.
/// Result   the runs; their records' loss (nats per token of the study's tokenizer), its standard error over documents, the loss
///          in full context and bits per byte are of `corpus`, and there is no best loss. Nothing is stored.
/// Throws   missing_input (no such run, no checkpoint), bad_data (a tokenizer that is not the runs'), stopped.
/// Checked  score_text_test.cc: on a run's own held-out text, the loss that it stored.
[[nodiscard]] std::vector<StoredRun> score_runs(const std::filesystem::path& study, const Corpus& corpus,
                                                const ScoreOptions& options,
                                                const std::function<void(const std::string&)>& log = {});

/// One finding of `isoflop doctor`.
struct DoctorFinding {
  std::string check;
  bool ok = true;
  std::string text;
};
/// The environment: instruction sets, cores, memory, disk, huge pages, package manager, writable folders.
[[nodiscard]] std::vector<DoctorFinding> doctor_environment(const std::filesystem::path& out, const std::filesystem::path& cache);

struct ModelBenchOptions {
  std::optional<Isa> isa;
  std::optional<Dtype> dtype;       ///< neither isa nor dtype: the fastest this machine has
  Activation activation = Activation::gelu;
  double dropout = 0;
  std::int64_t threads = 0;         ///< 0: all usable cores
  std::int64_t grad_lanes = 0;      ///< 0: as a run has them, 8 at most
  bool recompute = false;           ///< activations are computed again in backward
  double seconds = 3;               ///< of training steps, three at the least
  std::stop_token stop;
};

struct PartTime {
  std::string part;
  double seconds = 0;  ///< per step, mean over threads
};

/// A model trained for a few steps on random tokens: batch, forward, backward, clip, AdamW.
///
/// Units  FLOPs per token: 6 (params - position embedding) + 12 n_layer n_embd block_size (`gflops`, attention credited in full),
///        and the matrix products really done, the causal half of attention (`gflops_executed`).
struct ModelBench {
  std::string name;
  Shape shape;
  std::int64_t params = 0;
  std::int64_t batch_size = 0;
  Dtype dtype = Dtype::float32;
  Isa isa = Isa::ref;
  std::int64_t threads = 1;
  std::int64_t grad_lanes = 1;
  std::int64_t steps = 0;
  double step_seconds = 0;  ///< median
  double tokens_per_second = 0;
  double gflops = 0;
  double gflops_executed = 0;
  double peak_gflops = 0;  ///< median of bursts before and after, of the unit that `isa` computes with
  std::int64_t engine_bytes = 0;
  std::vector<PartTime> parts;  ///< "waiting" is what threads waited for each other

  [[nodiscard]] double share_of_peak() const { return gflops / peak_gflops; }
  [[nodiscard]] double share_executed() const { return gflops_executed / peak_gflops; }
};

/// tiny, small, medium, base and large (the source experiment's five, batch 32, context 256, vocabulary 3,554), and gpt2-124m
/// (batch 4, context 1,024, vocabulary 50,257).
[[nodiscard]] std::vector<std::string> bench_model_names();
[[nodiscard]] Shape bench_model_shape(const std::string& name);  ///< throws usage with the names there are

/// Throws  usage for an unknown name or what the machine lacks, failure when memory cannot be had, stopped.
[[nodiscard]] ModelBench bench_model(const std::string& name, const ModelBenchOptions& options = {});

/// What a choice costs: a step with it over a step without it.
struct Price {
  std::string choice;
  double time = 1, time_low = 1, time_high = 1;  ///< median of the rounds' ratios, and their range
  double memory = 1;                             ///< engine bytes with it over those without
};

struct PriceList {
  ModelBench base;                  ///< measured before the rounds
  std::vector<Price> prices;        ///< exact GELU against tanh, the lanes against one for each thread, recomputation, dropout,
                                    ///< float32
  double checkpoint_seconds = 0;    ///< median, to write one and be sure that it is on the disk: what exact resume costs
  std::int64_t checkpoint_bytes = 0;
};

/// Both steps of a ratio are measured one after the other, who goes first changing with the round.
///
/// Needs   a folder to write checkpoints to; they are removed.
/// Throws  as bench_model; io.
[[nodiscard]] PriceList bench_prices(const std::string& name, const ModelBenchOptions& options, std::int64_t rounds,
                                     const std::filesystem::path& folder);

}  // namespace isoflop
