// The whole job: text -> tokens -> runs -> law -> report. Every step does only what is missing.
#include <algorithm>
#include <cmath>

#include "base/file.h"
#include "base/hash.h"
#include "isoflop/text.h"
#include "isoflop/lab.h"
#include "lab/arithmetic.h"
#include "lab/baselines.h"
#include "lab/design.h"
#include "lab/estimate.h"
#include "lab/execute.h"
#include "lab/mixture_study.h"
#include "lab/prepare.h"
#include "lab/study_report.h"

namespace isoflop {
namespace {

namespace fs = std::filesystem;
using lab::Prepared;

LabOptions resolved_options(LabOptions options) {
  if (options.threads <= 0) options.threads = machine_facts().cores;
  if (options.cache.empty()) options.cache = options.out / "cache";
  return options;
}

// once for the whole study, so that all its runs are comparable
void decide_arithmetic(Study& study, LabOptions& options) {
  const lab::Arithmetic arithmetic = lab::choose_arithmetic(options.isa, study.dtype);
  options.isa = arithmetic.isa;
  study.dtype = study.train.dtype = arithmetic.dtype;
}

lab::Means means_of(const LabOptions& options) {
  return {*options.isa, options.recompute};
}

void say(const LabOptions& options, const std::string& line) {
  if (options.log) options.log(line);
}

// the sizes by N, as indices into study.models
std::vector<std::size_t> by_params(const Study& study, std::int64_t vocab_size) {
  std::vector<std::size_t> order(study.models.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto params = [&](std::size_t i) {
    Shape shape = study.models[i].shape;
    shape.vocab_size = vocab_size;
    return param_counts(shape).params;
  };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return params(a) < params(b); });
  return order;
}

std::vector<double> one_rate(const Study& study) {
  const double rate = study.learning_rate_sweep ? study.learning_rate_sweep->start : study.train.optimizer.learning_rate;
  return std::vector<double>(study.models.size(), rate);
}

// the family, and for a sweep three short runs at each end, which is the least a bracket takes
std::vector<PlannedRun> planned_runs(const Study& study, const Prepared& prepared) {
  if (study.mixture) return lab::plan_proxies(study, prepared);
  std::vector<PlannedRun> runs;
  if (study.learning_rate_sweep) {
    const LearningRateSweep& sweep = *study.learning_rate_sweep;
    const auto order = by_params(study, prepared.tokenizer->vocab_size());
    for (const std::size_t end : {order.front(), order.back()}) {
      for (const double rate : {sweep.start / sweep.factor, sweep.start, sweep.start * sweep.factor}) {
        runs.push_back(lab::plan_run(study, prepared, study.models[end], study.seeds.front(), rate, sweep.length, "learning-rate"));
      }
    }
  }
  for (PlannedRun& run : lab::plan_family(study, prepared, one_rate(study))) runs.push_back(std::move(run));
  return runs;
}

double total_seconds(std::vector<PlannedRun>& runs, const Prepared& prepared, lab::Calibration& calibration) {
  double total = 0;
  for (PlannedRun& run : runs) {
    run.seconds = calibration.seconds(run.spec, prepared.tokens.held_out->size());
    total += run.seconds;
  }
  return total;
}

constexpr const char* kRequested = "# requested: ";

// what was asked for, as it stands in study.resolved.toml
std::string request_line(const Study& asked) {
  std::string text = to_toml(asked);
  if (asked.total_minutes) text += "minutes " + format_number(*asked.total_minutes);
  if (asked.total_flops) text += "flops " + format_number(*asked.total_flops);
  return kRequested + content_id(text) + "\n";
}

// the least and the most a sweep takes: three rates at both ends, or as many as it may try
double sweep_at_its_widest(const Study& study) {
  return study.learning_rate_sweep ? static_cast<double>(study.learning_rate_sweep->widest) / 3 : 1;
}

double total_flops(const std::vector<PlannedRun>& runs, double sweep_factor) {
  double total = 0;
  for (const PlannedRun& run : runs) total += run.flops_exact * (run.group == "learning-rate" ? sweep_factor : 1);
  return total;
}

// a ceiling on what all runs take together
struct Budget {
  Fault fault = Fault::usage;
  std::string by;           // as it was given
  double most = 0;          // FLOPs or seconds
  bool flops = false;
  bool only_lowers = false; // leaves the study's own steps where they are within it
};

std::optional<Budget> budget_of(const Study& study) {
  if (study.total_flops) return Budget{Fault::usage, "--flops " + format_number(*study.total_flops), *study.total_flops, true, false};
  if (study.total_minutes) return Budget{Fault::usage, "--minutes " + format_number(*study.total_minutes), *study.total_minutes * 60, false, false};
  if (!study.budget_minutes) return std::nullopt;
  return Budget{Fault::bad_study, "budget_minutes = " + format_number(*study.budget_minutes), *study.budget_minutes * 60, false, true};
}

// what the study takes with these steps, in the budget's unit: FLOPs are counted with a sweep at its widest and so are never
// more; seconds are the estimate that a dry run prints
double cost_of(const Study& study, const Budget& budget, const Prepared& prepared, lab::Calibration& calibration) {
  std::vector<PlannedRun> runs = planned_runs(study, prepared);
  return budget.flops ? total_flops(runs, sweep_at_its_widest(study)) : total_seconds(runs, prepared, calibration);
}

Study with_steps(Study study, std::int64_t steps) {
  study.train.max_iters = steps;
  const double shortest = study.learning_rate_sweep ? std::min(1.0, study.learning_rate_sweep->length) * static_cast<double>(steps) : static_cast<double>(steps);
  if (!study.warmup_scaled) study.train.schedule.warmup_iters = std::min(study.train.schedule.warmup_iters, static_cast<std::int64_t>(shortest / 2));
  return study;
}

std::string amount(double value, bool flops) { return flops ? format_significant(value, 3) + " FLOPs" : format_seconds(value); }

// rounded up to two digits, so that what a hint names is enough
double rounded_up(double value) {
  const double unit = std::pow(10.0, std::floor(std::log10(value)) - 1);
  return parse_double(format_significant(std::ceil(value / unit) * unit, 2)).value_or(value);
}

[[noreturn]] void refuse_budget(const Study& study, const Budget& budget, std::int64_t least_steps, double least, std::size_t runs) {
  const double enough = rounded_up(budget.flops ? least : 1.1 * least / 60);
  const std::string name = budget.by.substr(0, budget.by.find(' '));
  throw Error(budget.fault, budget.fault == Fault::bad_study && !study.source.empty() ? study.source : budget.by,
              (budget.fault == Fault::bad_study ? budget.by + " " : "") + "is less than the least this study takes: " + amount(least, budget.flops) + " for " +
                  std::to_string(runs) + (runs == 1 ? " run of " : " runs of ") + std::to_string(least_steps) + " steps" +
                  (study.learning_rate_sweep ? ", the learning-rate sweep included" : ""),
              "give " + name + " " + format_number(enough) + " or more, or a study of fewer or smaller models");
}

constexpr std::int64_t kLeastSteps = 20;  // fewer measure the first moments of training, not a model

// sets the steps that the budget leaves; a study that was begun with the same request keeps its steps, whatever the clock says now
void keep_to_budget(Study& study, const Study& asked, const Prepared& prepared, const LabOptions& options, lab::Calibration& calibration) {
  const std::optional<Budget> budget = budget_of(study);
  if (!budget) return;
  const fs::path resolved = options.out / "study.resolved.toml";
  std::error_code ignored;
  if (fs::exists(resolved, ignored)) {
    const std::string text = read_file(resolved);
    if (text.find(request_line(asked)) != std::string::npos) {
      const Study begun = study_from_toml(text, resolved.string());
      study = with_steps(study, begun.train.max_iters);
      study.steps_set = begun.steps_set;
      return;
    }
  }
  const auto cost = [&](std::int64_t steps) { return cost_of(with_steps(study, steps), *budget, prepared, calibration); };
  const std::int64_t before = study.train.max_iters;
  if (budget->only_lowers && cost_of(study, *budget, prepared, calibration) <= budget->most) return;
  if (study.target_flops || study.target_param_data_ratio) {
    throw Error(budget->fault, budget->by, "is for the whole study, which has a horizon per model that it would contradict",
                "give max_iters instead, or leave the budget out");
  }
  const std::int64_t least = std::min(kLeastSteps, before);
  if (const double floor = cost(least); !(floor <= budget->most)) refuse_budget(study, *budget, least, floor, planned_runs(study, prepared).size());

  // cost rises with the steps: double until it is too much, then halve the gap; a run's tokens stay below 2^53
  std::int64_t within = least, beyond = 0;
  std::int64_t most_tokens = 1;
  for (const StudyModel& model : study.models) most_tokens = std::max(most_tokens, study.train.sequences_per_update() * model.shape.block_size);
  const std::int64_t most_steps = (std::int64_t{1} << 53) / most_tokens - 1;
  for (beyond = 2 * within; beyond <= most_steps && cost(beyond) <= budget->most; beyond *= 2) within = beyond;
  if (beyond > most_steps) throw Error(budget->fault, budget->by, "is more than this study can use: a run has fewer than 2^53 training tokens");
  while (beyond - within > 1) {
    const std::int64_t middle = within + (beyond - within) / 2;
    (cost(middle) <= budget->most ? within : beyond) = middle;
  }
  if (budget->only_lowers) within = std::min(within, before);
  const std::int64_t steps = within >= 100 ? within / 10 * 10 : within;
  if (steps == before) return;
  study = with_steps(study, steps);
  study.steps_set = StepsSet{budget->by, before};
  say(options, lab::steps_text(study));
}

// a folder holds one study: its page and laws would be those of the last that was run
void refuse_another_study(const Study& study, const fs::path& folder) {
  const fs::path file = folder / "study.resolved.toml";
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return;
  std::string name;
  bool mixture = false;
  try {
    const Study held = study_from_toml(read_file(file), file.string());
    name = held.name;
    mixture = held.mixture.has_value();
  } catch (const Error&) {  // not whole: it is written again
    return;
  }
  if (name == study.name && mixture == study.mixture.has_value()) return;
  throw Error(Fault::usage, "--out", folder.string() + " holds the study `" + name + "`" + (mixture ? ", of mixtures" : ""), "name another folder, or give this study that name");
}

void write_study_files(const Study& study, const Study& asked, const Prepared& prepared, const LabOptions& options) {
  make_folder(options.out);
  write_output(options.out / "study.toml", asked.text.empty() ? to_toml(asked) : asked.text);
  write_output(options.out / "study.resolved.toml", request_line(asked) + to_toml(study));
  write_output(options.out / lab::kCorpusManifest, lab::manifests_to_json(prepared.texts));
  write_output(options.out / "tokenizer.json", prepared.tokenizer->to_json());
}

// before the first step: how much there is to do
void say_cost(const Study& study, const Prepared& prepared, const RunStore& store, const LabOptions& options, lab::Calibration& calibration) {
  std::vector<PlannedRun> runs = planned_runs(study, prepared);
  std::erase_if(runs, [&](const PlannedRun& run) {
    const auto stored = store.find(run.id);
    return stored && stored->record.status != RunStatus::running;
  });
  // after a sweep the family's rates, and so its ids, are others: a report says that all was done once
  if (runs.empty() || (study.learning_rate_sweep && fs::exists(options.out / "laws.json"))) return;
  const double seconds = total_seconds(runs, prepared, calibration);
  std::int64_t bytes = 0;
  for (const PlannedRun& run : runs) bytes = std::max(bytes, lab::run_bytes(prepared, run.spec, means_of(options), options.threads));
  say(options, std::to_string(runs.size()) + (runs.size() == 1 ? " run" : " runs") + " to train: about " + format_seconds(seconds) + " in " + to_string(*study.dtype) + " with " + to_string(*options.isa) + " kernels on " +
                   std::to_string(options.threads) + (options.threads == 1 ? " core, " : " cores, ") + format_bytes(static_cast<double>(bytes)) + " of memory");
}

struct Session {
  const Study& study;
  const Prepared& prepared;
  lab::Workplace place;
  StudyResult& result;
  bool stopped = false;

  // nothing when a stop was requested
  std::optional<StoredRun> run(PlannedRun planned, std::vector<StudyRun>& into) {
    bool trained = false;
    std::optional<StoredRun> stored = lab::execute(planned, place, trained);
    if (trained) ++result.trained;
    if (!stored) {
      stopped = true;
      return stored;
    }
    planned.done = true;
    into.push_back({*stored, std::move(planned)});
    return stored;
  }

  // the best rate at one size; nothing when stopped
  std::optional<double> sweep_at(const StudyModel& model) {
    const LearningRateSweep& sweep = *study.learning_rate_sweep;
    std::vector<lab::SweepPoint> points;
    while (true) {
      const lab::SweepChoice choice = lab::sweep_step(sweep, points);
      if (!choice.next) {
        if (!choice.bracketed) {
          result.warnings.push_back({"learning_rate_not_bracketed", "the best learning rate of " + model.name + ", " + format_number(choice.best) + ", is at the edge of the " +
                                                                        std::to_string(points.size()) + " rates tried"});
        }
        return choice.best;
      }
      const auto stored = run(lab::plan_run(study, prepared, model, study.seeds.front(), *choice.next, sweep.length, "learning-rate"), result.sweep);
      if (!stored) return std::nullopt;
      points.push_back({*choice.next, stored->record.loss});
    }
  }

  // one rate per model; empty when stopped
  std::vector<double> rates() {
    if (!study.learning_rate_sweep) return one_rate(study);
    const auto order = by_params(study, prepared.tokenizer->vocab_size());
    const StudyModel& small = study.models[order.front()];
    const StudyModel& large = study.models[order.back()];
    const auto small_rate = sweep_at(small);
    const auto large_rate = small_rate ? (order.size() > 1 ? sweep_at(large) : small_rate) : std::nullopt;
    if (!large_rate) return {};

    std::vector<double> rates;
    const auto params = [&](const StudyModel& model) {
      Shape shape = model.shape;
      shape.vocab_size = prepared.tokenizer->vocab_size();
      return static_cast<double>(param_counts(shape).params);
    };
    for (const StudyModel& model : study.models) {
      rates.push_back(lab::rate_between(params(model), params(small), *small_rate, params(large), *large_rate));
    }
    say(place.options, "learning rate " + format_number(*small_rate) + " at " + small.name + ", " + format_number(*large_rate) + " at " + large.name);
    return rates;
  }
};

struct Finished {
  std::vector<StoredRun> family, sweep;
};

Finished finished_of(const StudyResult& result) {
  Finished finished;
  for (const StudyRun& run : result.runs) finished.family.push_back(run.stored);
  for (const StudyRun& run : result.sweep) finished.sweep.push_back(run.stored);
  return finished;
}

void fit_and_report(const Study& study, const Prepared& prepared, const LabOptions& options, const RunStore& store, StudyResult& result) {
  const Finished runs = finished_of(result);
  const std::vector<Baseline> lines =
      study.mixture ? std::vector<Baseline>() : lab::baselines(prepared, options.cache, options.stop, options.progress);
  const lab::ReportInput input{study, prepared.texts, prepared.title, prepared.tokenizer->kind(), prepared.tokenizer->vocab_size(), runs.family, runs.sweep, lines};
  StudyReport report = lab::study_report(input, store);
  report.warnings.insert(report.warnings.begin(), result.warnings.begin(), result.warnings.end());

  result.regime_text = report.regime_text;
  result.warnings = report.warnings;
  for (const LawView& law : report.laws) {
    if (law.result.fit) result.fits.push_back(*law.result.fit);
  }
  write_output(result.folder / "runs.csv", run_table_csv(runs.family));
  lab::write_laws(result.folder, study, report.laws, runs.family, runs.sweep, lines, prepared.title, result.warnings);
  if (!report.laws.empty()) {
    result.law_in_words = law_in_words(report.laws.front());
    lab::add_unsaid(result.warnings, report.laws.front().result.warnings);
  }
  result.report = lab::write_report(report, result.folder);
}

}  // namespace

StudyPlan plan_study(Study study, const LabOptions& given) {
  LabOptions options = resolved_options(given);
  const Study asked = study;
  decide_arithmetic(study, options);
  const Prepared prepared = lab::prepare(study, options);
  Team team(options.threads);
  lab::Calibration calibration(means_of(options), team, options.stop);

  StudyPlan plan;
  for (PlannedRun& run : planned_runs(study, prepared)) {
    run.peak_bytes = lab::run_bytes(prepared, run.spec, means_of(options), options.threads);
    lab::refuse_if_too_large("run " + run.name, run.peak_bytes);
  }
  keep_to_budget(study, asked, prepared, options, calibration);
  if (study.steps_set) plan.notes.push_back(lab::steps_text(study));
  plan.runs = planned_runs(study, prepared);
  (void)total_seconds(plan.runs, prepared, calibration);
  plan.flops_exact = total_flops(plan.runs, 1);
  plan.flops_exact_most = total_flops(plan.runs, sweep_at_its_widest(study));

  std::optional<RunStore> store;
  std::error_code ignored;
  if (fs::exists(options.out / "runs", ignored)) store = RunStore::open_existing(options.out);
  for (PlannedRun& run : plan.runs) {
    run.peak_bytes = lab::run_bytes(prepared, run.spec, means_of(options), options.threads);
    const auto stored = store ? store->find(run.id) : std::nullopt;
    run.done = stored && stored->record.status != RunStatus::running;
    if (!run.done) plan.seconds += run.seconds;
    plan.peak_bytes = std::max(plan.peak_bytes, run.peak_bytes);
  }
  if (!study.mixture) plan.peak_bytes = std::max(plan.peak_bytes, prepared.resident_bytes + lab::baselines_bytes(prepared));
  plan.memory_available = machine_facts().memory_available;
  if (study.mixture) plan.notes.emplace_back("then the weights recommended, and those they are compared with, at every seed");
  if (study.learning_rate_sweep) plan.notes.emplace_back("the family's learning rates come from the sweep; its ids are known after it");
  return plan;
}

StudyResult run_study(Study study, const LabOptions& given) {
  LabOptions options = resolved_options(given);
  const Study asked = study;
  decide_arithmetic(study, options);
  StudyResult result;
  result.folder = options.out;
  make_folder(options.out);
  const Prepared prepared = lab::prepare(study, options);
  if (options.stop.stop_requested()) return result;
  refuse_another_study(study, options.out);

  Team team(options.threads);
  lab::Calibration calibration(means_of(options), team, options.stop);
  keep_to_budget(study, asked, prepared, options, calibration);
  for (const PlannedRun& run : planned_runs(study, prepared)) lab::refuse_if_too_large("run " + run.name, lab::run_bytes(prepared, run.spec, means_of(options), options.threads));
  write_study_files(study, asked, prepared, options);

  RunStore store = RunStore::open(options.out);
  say_cost(study, prepared, store, options, calibration);
  Session session{study, prepared, {prepared, store, options, means_of(options), team}, result};
  if (study.mixture) {
    result.mixture = lab::run_mixture_study(study, session.place, result);
    if (result.mixture) fit_and_report(study, prepared, options, store, result);
    return result;
  }
  const std::vector<double> rates = session.rates();
  if (session.stopped) return result;
  for (PlannedRun& run : lab::plan_family(study, prepared, rates)) {
    if (!session.run(std::move(run), result.runs)) return result;
  }
  std::stable_sort(result.runs.begin(), result.runs.end(),
                   [](const StudyRun& a, const StudyRun& b) { return a.planned.params.params < b.planned.params.params; });
  fit_and_report(study, prepared, options, store, result);
  return result;
}

}  // namespace isoflop
