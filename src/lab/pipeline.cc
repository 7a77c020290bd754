// The whole job: text -> tokens -> runs -> law -> report. Every step does only what is missing.
#include <algorithm>

#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "isoflop/lab.h"
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
  if (!options.isa) options.isa = best_isa();
  if (options.cache.empty()) options.cache = options.out / "cache";
  return options;
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

// fewer steps where the machine would take longer than the study's budget; a study that was begun keeps its steps
void keep_to_budget(Study& study, const Prepared& prepared, const LabOptions& options, lab::Calibration& calibration) {
  if (!study.budget_minutes) return;
  const std::string requested = kRequested + sha256_hex(to_toml(study)).substr(0, 16);
  const fs::path resolved = options.out / "study.resolved.toml";
  std::error_code ignored;
  if (fs::exists(resolved, ignored)) {
    const std::string text = read_file(resolved);
    if (text.find(requested) != std::string::npos) {
      study.train.max_iters = study_from_toml(text, resolved.string()).train.max_iters;
      return;
    }
  }
  std::vector<PlannedRun> runs = planned_runs(study, prepared);
  const double seconds = total_seconds(runs, prepared, calibration);
  const double budget = *study.budget_minutes * 60;
  if (seconds > budget) {
    const auto steps = static_cast<std::int64_t>(static_cast<double>(study.train.max_iters) * budget / seconds);
    study.train.max_iters = std::max<std::int64_t>(40, steps / 10 * 10);
    say(options, "this machine would take " + format_seconds(seconds) + " with these steps: each run takes " + format_number(study.train.max_iters) + " instead");
  }
}

void write_study_files(const Study& study, const Study& asked, const Prepared& prepared, const LabOptions& options) {
  make_folder(options.out);
  write_file_atomic(options.out / "study.toml", asked.text.empty() ? to_toml(asked) : asked.text);
  write_file_atomic(options.out / "study.resolved.toml", kRequested + sha256_hex(to_toml(asked)).substr(0, 16) + "\n" + to_toml(study));
  write_file_atomic(options.out / "corpus.manifest.json", to_json(prepared.manifest));
  write_file_atomic(options.out / "tokenizer.json", prepared.tokenizer->to_json());
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
    const auto& own = report.laws.front().result.warnings;
    result.warnings.insert(result.warnings.end(), own.begin(), own.end());
  }
  write_file_atomic(result.folder / "runs.csv", run_table_csv(family));
  lab::write_laws(result.folder, study, report.laws, family, sweep, lines, prepared.title, result.warnings);
  result.report = lab::write_report(report, result.folder);
}

}  // namespace

StudyPlan plan_study(Study study, const LabOptions& given) {
  const LabOptions options = resolved_options(given);
  const Prepared prepared = lab::prepare(study, options);
  Team team(options.threads);
  lab::Calibration calibration(*options.isa, team);

  StudyPlan plan;
  const std::int64_t asked = study.train.max_iters;
  for (PlannedRun& run : planned_runs(study, prepared)) {
    run.peak_bytes = lab::run_bytes(run.spec, *options.isa, options.threads);
    lab::refuse_if_too_large("run " + run.name, run.peak_bytes);
  }
  keep_to_budget(study, prepared, options, calibration);
  if (study.train.max_iters != asked) plan.notes.push_back("steps cut from " + format_number(asked) + " to " + format_number(study.train.max_iters) + " to stay within budget_minutes");
  plan.runs = planned_runs(study, prepared);
  (void)total_seconds(plan.runs, prepared, calibration);

  std::optional<RunStore> store;
  std::error_code ignored;
  if (fs::exists(options.out / "runs", ignored)) store = RunStore::open_existing(options.out);
  for (PlannedRun& run : plan.runs) {
    run.peak_bytes = lab::run_bytes(run.spec, *options.isa, options.threads);
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
  const LabOptions options = resolved_options(given);
  StudyResult result;
  result.folder = options.out;
  make_folder(options.out);
  const Study asked = study;
  const Prepared prepared = lab::prepare(study, options);
  if (options.stop.stop_requested()) return result;

  Team team(options.threads);
  lab::Calibration calibration(*options.isa, team);
  keep_to_budget(study, prepared, options, calibration);
  for (const PlannedRun& run : planned_runs(study, prepared)) lab::refuse_if_too_large("run " + run.name, lab::run_bytes(run.spec, *options.isa, options.threads));
  write_study_files(study, asked, prepared, options);

  RunStore store = RunStore::open(options.out);
  Session session{study, prepared, {prepared, store, options, *options.isa, team}, result};
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
