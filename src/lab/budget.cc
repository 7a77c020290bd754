#include "lab/budget.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "base/file.h"
#include "base/hash.h"
#include "isoflop/text.h"
#include "lab/design.h"
#include "lab/mixture_study.h"
#include "lab/study_report.h"

namespace isoflop::lab {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRequested = "# requested: ";

// a ceiling on what all runs take together
struct Budget {
  Fault fault = Fault::usage;
  std::string by;           // as it was given
  double most = 0;          // FLOPs or seconds
  bool flops = false;
  bool only_lowers = false; // leaves the study's own steps where they are within it
};

std::optional<Budget> budget_of(const Study& study) {
  if (study.total_flops)
    return Budget{Fault::usage, "--flops " + format_number(*study.total_flops), *study.total_flops, true, false};
  if (study.total_minutes)
    return Budget{Fault::usage, "--minutes " + format_number(*study.total_minutes), *study.total_minutes * 60, false, false};
  if (!study.budget_minutes) return std::nullopt;
  return Budget{Fault::bad_study, "budget_minutes = " + format_number(*study.budget_minutes), *study.budget_minutes * 60, false,
                true};
}

// of mixtures: the runs that try the weights, at most these and every seed, over the proxies; all are of one size
double tried_share(const Study& study, const std::vector<PlannedRun>& proxies) {
  constexpr double kTried = 5;  // recommended, natural, uniform, best proxy, the best single source
  return study.mixture ? kTried * static_cast<double>(study.seeds.size()) / static_cast<double>(proxies.size()) : 0;
}

// what the study takes with these steps, in the budget's unit: FLOPs are counted with a sweep at its widest, and of mixtures with
// every run that tries weights, and so are never more; seconds are the estimate that a dry run prints, and for those runs their
// like
double cost_of(const Study& study, const Budget& budget, const Prepared& prepared, Calibration& calibration) {
  std::vector<PlannedRun> runs = planned_runs(study, prepared);
  return budget.flops ? most_flops(study, runs) : total_seconds(runs, prepared, calibration) * (1 + tried_share(study, runs));
}

Study with_steps(Study study, std::int64_t steps) {
  study.train.max_iters = steps;
  const double shortest = study.learning_rate_sweep
                              ? std::min(1.0, study.learning_rate_sweep->length) * static_cast<double>(steps)
                              : static_cast<double>(steps);
  if (!study.warmup_scaled)
    study.train.schedule.warmup_iters = std::min(study.train.schedule.warmup_iters, static_cast<std::int64_t>(shortest / 2));
  return study;
}

std::string amount(double value, bool flops) { return flops ? format_significant(value, 3) + " FLOPs" : format_seconds(value); }

// to two digits, up or down, so that what a hint names is enough and not too much
double rounded(double value, double (*whole)(double)) {
  const double unit = std::pow(10.0, std::floor(std::log10(value)) - 1);
  return parse_double(format_significant(whole(value / unit) * unit, 2)).value_or(value);
}

std::string name_of(const Budget& budget) { return budget.by.substr(0, budget.by.find(' ')); }

[[noreturn]] void refuse_budget(const Study& study, const Budget& budget, std::int64_t least_steps, double least,
                                std::size_t runs) {
  const double enough = rounded(budget.flops ? least : 1.1 * least / 60, std::ceil);
  throw Error(budget.fault, budget.fault == Fault::bad_study && !study.source.empty() ? study.source : budget.by,
              (budget.fault == Fault::bad_study ? budget.by + " " : "") +
                  "is less than the least this study takes: " + amount(least, budget.flops) + " for " + std::to_string(runs) +
                  (runs == 1 ? " run of " : " runs of ") + std::to_string(least_steps) + " steps" +
                  (study.learning_rate_sweep ? ", the learning-rate sweep included" : ""),
              "give " + name_of(budget) + " " + format_number(enough) + " or more, or a study of fewer or smaller models");
}

// the steps that the text holds leave some of the budget
[[noreturn]] void refuse_beyond_text(const Study& study, const Budget& budget, std::int64_t most_steps, double most) {
  throw Error(budget.fault, budget.by,
              "holds more than " + format_count(static_cast<double>(most_steps)) +
                  " steps a run, and for more the sources have too little text",
              "give " + name_of(budget) + " " + format_number(rounded(budget.flops ? most : 0.9 * most / 60, std::floor)) +
                  " or less, give the sources more text, or raise max_epochs (" + format_number(study.mixture->max_epochs) +
                  ") under [mixture]");
}

constexpr std::int64_t kLeastSteps = 20;  // fewer measure the first moments of training, not a model

}  // namespace

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

std::vector<PlannedRun> planned_runs(const Study& study, const Prepared& prepared) {
  if (study.mixture) return plan_proxies(study, prepared);
  std::vector<PlannedRun> runs;
  if (study.learning_rate_sweep) {
    const LearningRateSweep& sweep = *study.learning_rate_sweep;
    const auto order = by_params(study, prepared.tokenizer->vocab_size());
    for (const std::size_t end : {order.front(), order.back()}) {
      for (const double rate : {sweep.start / sweep.factor, sweep.start, sweep.start * sweep.factor}) {
        runs.push_back(plan_run(study, prepared, study.models[end], study.seeds.front(), rate, sweep.length, "learning-rate"));
      }
    }
  }
  for (PlannedRun& run : plan_family(study, prepared, one_rate(study))) runs.push_back(std::move(run));
  return runs;
}

double total_seconds(std::vector<PlannedRun>& runs, const Prepared& prepared, Calibration& calibration) {
  double total = 0;
  for (PlannedRun& run : runs) {
    run.seconds = calibration.seconds(run.spec, prepared.tokens.held_out->size());
    total += run.seconds;
  }
  return total;
}

std::string request_line(const Study& asked) {
  std::string text = to_toml(asked);
  if (asked.total_minutes) text += "minutes " + format_number(*asked.total_minutes);
  if (asked.total_flops) text += "flops " + format_number(*asked.total_flops);
  return kRequested + content_id(text) + "\n";
}

double total_flops(const std::vector<PlannedRun>& runs) {
  double total = 0;
  for (const PlannedRun& run : runs) total += run.flops_exact;
  return total;
}

double most_flops(const Study& study, const std::vector<PlannedRun>& runs) {
  double total = total_flops(runs);
  if (study.mixture) return total * (1 + tried_share(study, runs));
  // three rates are planned
  const double widest = study.learning_rate_sweep ? static_cast<double>(study.learning_rate_sweep->widest) / 3 : 1;
  for (const PlannedRun& run : runs)
    if (run.group == "learning-rate") total += run.flops_exact * (widest - 1);
  return total;
}

void keep_to_budget(Study& study, const Study& asked, const Prepared& prepared, const LabOptions& options,
                    Calibration& calibration) {
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
  const auto has_text = [&](std::int64_t steps) { return holds_text_for_mixtures(with_steps(study, steps), prepared); };
  const auto cost = [&](std::int64_t steps) {
    return has_text(steps) ? cost_of(with_steps(study, steps), *budget, prepared, calibration)
                           : std::numeric_limits<double>::infinity();
  };
  const std::int64_t before = study.train.max_iters;
  if (budget->only_lowers && cost_of(study, *budget, prepared, calibration) <= budget->most) return;
  if (study.target_flops || study.target_param_data_ratio) {
    throw Error(budget->fault, budget->by, "is for the whole study, which has a horizon per model that it would contradict",
                "give max_iters instead, or leave the budget out");
  }
  const std::int64_t least = std::min(kLeastSteps, before);
  if (!has_text(least)) refuse_too_little_text(with_steps(study, least), prepared);
  if (const double floor = cost(least); !(floor <= budget->most))
    refuse_budget(study, *budget, least, floor, planned_runs(study, prepared).size());

  // cost rises with the steps: double until it is too much, then halve the gap; a run's tokens stay below 2^53
  std::int64_t within = least, beyond = 0;
  std::int64_t most_tokens = 1;
  for (const StudyModel& model : study.models)
    most_tokens = std::max(most_tokens, study.train.sequences_per_update() * model.shape.block_size);
  const std::int64_t most_steps = (std::int64_t{1} << 53) / most_tokens - 1;
  for (beyond = 2 * within; beyond <= most_steps && cost(beyond) <= budget->most; beyond *= 2) within = beyond;
  if (beyond > most_steps)
    throw Error(budget->fault, budget->by, "is more than this study can use: a run has fewer than 2^53 training tokens");
  while (beyond - within > 1) {
    const std::int64_t middle = within + (beyond - within) / 2;
    (cost(middle) <= budget->most ? within : beyond) = middle;
  }
  if (budget->only_lowers) within = std::min(within, before);
  else if (!has_text(within + 1)) refuse_beyond_text(study, *budget, within, cost(within));
  const std::int64_t steps = within >= 100 ? within / 10 * 10 : within;
  if (steps == before) return;
  study = with_steps(study, steps);
  study.steps_set = StepsSet{budget->by, before};
  if (options.log) options.log(steps_text(study));
}

}  // namespace isoflop::lab
