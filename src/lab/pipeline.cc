// The whole job: text -> tokens -> runs -> law -> report. Every step does only what is missing.
#include <algorithm>

#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "isoflop/lab.h"
#include "lab/arithmetic.h"
#include "lab/baselines.h"
#include "lab/design.h"
#include "lab/estimate.h"
#include "lab/execute.h"
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
  return kRequested + sha256_hex(text).substr(0, 16) + "\n";
}

// the factor on the steps that a budget asks for; 1: none
double budget_factor(const Study& study, const Prepared& prepared, lab::Calibration& calibration) {
  std::vector<PlannedRun> runs = planned_runs(study, prepared);
  if (study.total_flops) {
    double flops = 0;
    for (const PlannedRun& run : runs) flops += run.flops_exact;
    return *study.total_flops / flops;
  }
  if (!study.total_minutes && !study.budget_minutes) return 1;
  const double seconds = total_seconds(runs, prepared, calibration);
  if (study.total_minutes) return *study.total_minutes * 60 / seconds;
  return std::min(1.0, *study.budget_minutes * 60 / seconds);
}

// sets the steps that the budget leaves; a study that was begun with the same request keeps its steps, whatever the clock says now
void keep_to_budget(Study& study, const Study& asked, const Prepared& prepared, const LabOptions& options, lab::Calibration& calibration) {
  if (!study.budget_minutes && !study.total_minutes && !study.total_flops) return;
  const fs::path resolved = options.out / "study.resolved.toml";
  std::error_code ignored;
  if (fs::exists(resolved, ignored)) {
    const std::string text = read_file(resolved);
    if (text.find(request_line(asked)) != std::string::npos) {
      study.train.max_iters = study_from_toml(text, resolved.string()).train.max_iters;
      return;
    }
  }
  const double factor = budget_factor(study, prepared, calibration);
  if (factor == 1) return;
  if (study.target_flops || study.target_param_data_ratio) {
    throw Error(Fault::bad_study, "study `" + study.name + "`", "has a horizon per model, which a budget for the whole study would contradict",
                "give max_iters instead, or leave the budget out");
  }
  const std::int64_t before = study.train.max_iters;
  const auto steps = static_cast<std::int64_t>(static_cast<double>(before) * factor);
  study.train.max_iters = std::max<std::int64_t>(20, steps >= 100 ? steps / 10 * 10 : steps);
  if (!study.warmup_scaled) study.train.schedule.warmup_iters = std::min(study.train.schedule.warmup_iters, study.train.max_iters / 2);
  say(options, "to keep to the budget, each run takes " + format_number(study.train.max_iters) + " steps instead of " + format_number(before));
}

void write_study_files(const Study& study, const Study& asked, const Prepared& prepared, const LabOptions& options) {
  make_folder(options.out);
  write_file_atomic(options.out / "study.toml", asked.text.empty() ? to_toml(asked) : asked.text);
  write_file_atomic(options.out / "study.resolved.toml", request_line(asked) + to_toml(study));
  write_file_atomic(options.out / "corpus.manifest.json", to_json(prepared.manifest));
  write_file_atomic(options.out / "tokenizer.json", prepared.tokenizer->to_json());
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

void fit_and_report(const Study& study, const Prepared& prepared, const RunStore& store, StudyResult& result) {
  std::vector<StoredRun> family, sweep;
  for (const StudyRun& run : result.runs) family.push_back(run.stored);
  for (const StudyRun& run : result.sweep) sweep.push_back(run.stored);
  const std::vector<Baseline> lines = lab::baselines(prepared);
  lab::ReportInput input{study, prepared.manifest, prepared.title, prepared.tokenizer->kind(), prepared.tokenizer->vocab_size(), family, sweep, lines};
  StudyReport report = lab::study_report(input, store);
  report.warnings.insert(report.warnings.begin(), result.warnings.begin(), result.warnings.end());

  result.regime_text = report.regime_text;
  for (const LawView& law : report.laws) {
    if (law.result.fit) result.fits.push_back(*law.result.fit);
  }
  if (!report.laws.empty()) {
    result.law_in_words = law_in_words(report.laws.front());
    const auto& own = report.laws.front().result.warnings;
    result.warnings.insert(result.warnings.end(), own.begin(), own.end());
  }
  write_file_atomic(result.folder / "runs.csv", run_table_csv(family));
  lab::write_laws(result.folder, study, report.laws, family, sweep, lines, prepared.title, result.warnings);
  result.report = lab::write_report(report, result.folder);
}

}  // namespace

StudyPlan plan_study(Study study, const LabOptions& given) {
  LabOptions options = resolved_options(given);
  const Study asked = study;
  decide_arithmetic(study, options);
  const Prepared prepared = lab::prepare(study, options);
  Team team(options.threads);
  lab::Calibration calibration(means_of(options), team);

  StudyPlan plan;
    for (PlannedRun& run : planned_runs(study, prepared)) {
    run.peak_bytes = lab::run_bytes(prepared, run.spec, means_of(options), options.threads);
    lab::refuse_if_too_large("run " + run.name, run.peak_bytes);
  }
  keep_to_budget(study, asked, prepared, options, calibration);
  if (study.train.max_iters != asked.train.max_iters) plan.notes.push_back("steps cut from " + format_number(asked.train.max_iters) + " to " + format_number(study.train.max_iters) + " to stay within budget_minutes");
  plan.runs = planned_runs(study, prepared);
  (void)total_seconds(plan.runs, prepared, calibration);

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
  plan.memory_available = machine_facts().memory_available;
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

  Team team(options.threads);
  lab::Calibration calibration(means_of(options), team);
  keep_to_budget(study, asked, prepared, options, calibration);
  for (const PlannedRun& run : planned_runs(study, prepared)) lab::refuse_if_too_large("run " + run.name, lab::run_bytes(prepared, run.spec, means_of(options), options.threads));
  write_study_files(study, asked, prepared, options);

  RunStore store = RunStore::open(options.out);
  say_cost(study, prepared, store, options, calibration);
  Session session{study, prepared, {prepared, store, options, means_of(options), team}, result};
  const std::vector<double> rates = session.rates();
  if (session.stopped) return result;
  for (PlannedRun& run : lab::plan_family(study, prepared, rates)) {
    if (!session.run(std::move(run), result.runs)) return result;
  }
  std::stable_sort(result.runs.begin(), result.runs.end(),
                   [](const StudyRun& a, const StudyRun& b) { return a.planned.params.params < b.planned.params.params; });
  fit_and_report(study, prepared, store, result);
  return result;
}

}  // namespace isoflop
