// The whole job: text -> tokens -> runs -> law -> report. Every step does only what is missing.
#include <algorithm>

#include "base/file.h"
#include "isoflop/text.h"
#include "isoflop/lab.h"
#include "lab/another_study.h"
#include "lab/arithmetic.h"
#include "lab/baselines.h"
#include "lab/budget.h"
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

// what was made for a study that is then refused goes again, unless something was put there
class MadeFolder {
 public:
  explicit MadeFolder(const fs::path& folder) {
    std::error_code ignored;
    fs::path at = fs::absolute(folder).lexically_normal();
    if (!at.has_filename()) at = at.parent_path();  // it was written with a slash at its end
    for (; !fs::exists(at, ignored) && at.has_relative_path(); at = at.parent_path()) made_.push_back(at);
    make_folder(folder);
  }
  ~MadeFolder() {
    std::error_code ignored;
    for (const fs::path& folder : made_)
      if (!fs::is_empty(folder, ignored) || !fs::remove(folder, ignored)) return;
  }
  MadeFolder(const MadeFolder&) = delete;
  MadeFolder& operator=(const MadeFolder&) = delete;

 private:
  std::vector<fs::path> made_;  // the innermost first
};

void write_study_files(const Study& study, const Study& asked, const Prepared& prepared, const LabOptions& options) {
  make_folder(options.out);
  write_output(options.out / "study.toml", asked.text.empty() ? to_toml(asked) : asked.text);
  write_output(options.out / "study.resolved.toml", lab::request_line(asked) + to_toml(study));
  write_output(options.out / lab::kCorpusManifest, lab::manifests_to_json(prepared.texts));
  write_output(options.out / "tokenizer.json", prepared.tokenizer->to_json());
}

// before the first step: how much there is to do
void say_cost(const Study& study, const Prepared& prepared, const RunStore& store, const LabOptions& options,
              lab::Calibration& calibration) {
  std::vector<PlannedRun> runs = lab::planned_runs(study, prepared);
  std::erase_if(runs, [&](const PlannedRun& run) {
    const auto stored = store.find(run.id);
    return stored && stored->record.status != RunStatus::running;
  });
  // after a sweep the family's rates, and so its ids, are others: a report says that all was done once
  if (runs.empty() || (study.learning_rate_sweep && fs::exists(options.out / "laws.json"))) return;
  const double seconds = lab::total_seconds(runs, prepared, calibration);
  std::int64_t bytes = 0;
  for (const PlannedRun& run : runs)
    bytes = std::max(bytes, lab::run_bytes(prepared, run.spec, means_of(options), options.threads));
  say(options, std::to_string(runs.size()) + (runs.size() == 1 ? " run" : " runs") + " to train: about " +
                   format_seconds(seconds) + " in " + to_string(*study.dtype) + " with " + to_string(*options.isa) +
                   " kernels on " + std::to_string(options.threads) + (options.threads == 1 ? " core, " : " cores, ") +
                   format_bytes(static_cast<double>(bytes)) + " of memory");
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
          result.warnings.push_back({"learning_rate_not_bracketed", "the best learning rate of " + model.name + ", " +
                                                                        format_number(choice.best) + ", is at the edge of the " +
                                                                        std::to_string(points.size()) + " rates tried"});
        }
        return choice.best;
      }
      const auto stored = run(
          lab::plan_run(study, prepared, model, study.seeds.front(), *choice.next, sweep.length, "learning-rate"), result.sweep);
      if (!stored) return std::nullopt;
      points.push_back({*choice.next, stored->record.loss});
    }
  }

  // one rate per model; empty when stopped
  std::vector<double> rates() {
    if (!study.learning_rate_sweep) return lab::one_rate(study);
    const auto order = lab::by_params(study, prepared.tokenizer->vocab_size());
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
    say(place.options, "learning rate " + format_number(*small_rate) + " at " + small.name + ", " + format_number(*large_rate) +
                           " at " + large.name);
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

void fit_and_report(const Study& study, const Prepared& prepared, const LabOptions& options, const RunStore& store,
                    StudyResult& result) {
  const Finished runs = finished_of(result);
  const std::vector<Baseline> lines =
      study.mixture ? std::vector<Baseline>() : lab::baselines(prepared, options.cache, options.stop, options.progress);
  const lab::ReportInput input{
      study,       prepared.texts, prepared.title, prepared.tokenizer->kind(), prepared.tokenizer->vocab_size(),
      runs.family, runs.sweep,     lines};
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
  lab::refuse_another_study(study, prepared, options.out);
  Team team(options.threads);
  lab::Calibration calibration(means_of(options), team, options.stop);

  StudyPlan plan;
  for (PlannedRun& run : lab::planned_runs(study, prepared)) {
    run.peak_bytes = lab::run_bytes(prepared, run.spec, means_of(options), options.threads);
    lab::refuse_if_too_large("run " + run.name, run.peak_bytes);
  }
  lab::keep_to_budget(study, asked, prepared, options, calibration);
  if (study.steps_set) plan.notes.push_back(lab::steps_text(study));
  plan.runs = lab::planned_runs(study, prepared);
  (void)lab::total_seconds(plan.runs, prepared, calibration);
  plan.flops_exact = lab::total_flops(plan.runs);
  plan.flops_exact_most = lab::most_flops(study, plan.runs);

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
  if (study.learning_rate_sweep)
    plan.notes.emplace_back("the family's learning rates come from the sweep; its ids are known after it");
  return plan;
}

StudyResult run_study(Study study, const LabOptions& given) {
  LabOptions options = resolved_options(given);
  const Study asked = study;
  decide_arithmetic(study, options);
  StudyResult result;
  result.folder = options.out;
  const MadeFolder made(options.out);
  const Prepared prepared = lab::prepare(study, options);
  if (options.stop.stop_requested()) return result;
  lab::refuse_another_study(study, prepared, options.out);

  Team team(options.threads);
  lab::Calibration calibration(means_of(options), team, options.stop);
  lab::keep_to_budget(study, asked, prepared, options, calibration);
  for (const PlannedRun& run : lab::planned_runs(study, prepared))
    lab::refuse_if_too_large("run " + run.name, lab::run_bytes(prepared, run.spec, means_of(options), options.threads));
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
