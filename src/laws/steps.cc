#include "laws/steps.h"

#include <algorithm>
#include <cmath>

#include "base/math.h"
#include "laws/rows.h"
#include "laws/words.h"

namespace isoflop::laws {
namespace {

std::string named(const std::string& run) {
  return run.empty() ? "the run" : "run " + run;
}

bool is_step(double value) {
  return value >= 0 && value <= 1e15 && std::floor(value) == value;
}

/// A schedule as the rows of the table have it.
std::map<std::string, Schedule> schedules_of(const Observations& table) {
  if (!table.schedules.empty()) return table.schedules;
  const Column &steps = need_column(table, "step"), &rates = need_column(table, "learning_rate");
  std::map<std::string, Schedule> schedules;
  for (std::size_t row = 0; row < table.labels.size(); ++row) {
    if (!steps[row] || !rates[row]) continue;
    Schedule& schedule = schedules[run_of(table, row)];
    schedule.steps.push_back(*steps[row]);
    schedule.learning_rates.push_back(*rates[row]);
  }
  return schedules;
}

}  // namespace

const std::string& run_of(const Observations& table, std::size_t row) {
  static const std::string kOne;
  if (!table.groups.empty()) return table.groups[row];
  return table.schedules.size() == 1 && table.schedules.begin()->first.empty() ? kOne : table.labels[row];
}

void sort_schedule(Schedule& schedule, const std::string& subject, const std::string& run) {
  std::vector<std::pair<double, double>> points;
  for (std::size_t i = 0; i < schedule.steps.size(); ++i) {
    const double step = schedule.steps[i], rate = schedule.learning_rates[i];
    if (!is_step(step))
      throw Error(Fault::bad_data, subject,
                  named(run) + ": column `step` is " + format_number(step) + ", expected a whole number from 0");
    if (!(rate >= 0) || !std::isfinite(rate))
      throw Error(Fault::bad_data, subject,
                  named(run) + ": column `learning_rate` is " + format_number(rate) + " at step " + format_number(step) +
                      ", expected a number from 0");
    points.emplace_back(step, rate);
  }
  std::stable_sort(points.begin(), points.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  schedule = {};
  for (const auto& [step, rate] : points) {
    if (!schedule.steps.empty() && schedule.steps.back() == step) {
      if (schedule.learning_rates.back() == rate) continue;
      throw Error(Fault::bad_data, subject,
                  named(run) + " has two learning rates at step " + format_number(step) + ", " +
                      format_number(schedule.learning_rates.back()) + " and " + format_number(rate),
                  "say which rows are one run: --group COLUMN");
    }
    schedule.steps.push_back(step);
    schedule.learning_rates.push_back(rate);
  }
}

StepRuns runs_of_steps(const Observations& table, const std::vector<std::size_t>& rows) {
  const Column& steps = need_column(table, "step");
  (void)need_column(table, "learning_rate");
  std::map<std::string, Schedule> schedules = schedules_of(table);
  std::map<std::string, std::vector<std::size_t>> of_run;
  std::vector<std::string> order;
  std::size_t unknown = 0;
  for (const std::size_t row : rows) {
    const std::string& run = run_of(table, row);
    if (steps[row] && !is_step(*steps[row]))
      throw Error(Fault::bad_data, place_of(table, row),
                  "column `step` is " + format_number(*steps[row]) + ", expected a whole number from 0");
    if (!steps[row] || !schedules.contains(run)) {
      ++unknown;
      continue;
    }
    if (of_run[run].empty()) order.push_back(run);
    of_run[run].push_back(row);
  }

  StepRuns result;
  std::size_t warming = 0, late = 0;
  for (const std::string& name : order) {
    Schedule& schedule = schedules.at(name);
    sort_schedule(schedule, table.subject.empty() ? "table" : table.subject, name);
    StepRun run{name, {}, LearningRates(schedule)};
    for (const std::size_t row : of_run.at(name)) {
      if (*steps[row] < run.rates.peak() || !(run.rates.area(*steps[row]) > 0))
        ++warming;
      else
        run.rows.push_back(row);
    }
    std::stable_sort(run.rows.begin(), run.rows.end(), [&](std::size_t a, std::size_t b) { return *steps[a] < *steps[b]; });
    late += run.rates.first() > 0.01 * run.rates.last() && run.rates.first() > 1 ? 1 : 0;
    if (!run.rows.empty()) result.runs.push_back(std::move(run));
  }
  if (unknown > 0)
    result.warnings.push_back({"missing_values", plural(unknown, "row") + " without step or learning rate left out"});
  if (warming > 0)
    result.warnings.push_back(
        {"warm_up",
         plural(warming, "row") + " before the run's highest learning rate left out: the law begins where the rate falls"});
  if (late > 0)
    result.warnings.push_back(
        {"late_start",
         plural(late, "run") + " whose first step known is later than a hundredth of the last: the rates before it are guessed"});
  return result;
}

void append_history(const History& history, Rows& rows) {
  std::size_t column = 0;
  const auto put = [&](double value) { rows.inputs[column++].push_back(value); };
  put(log_(history.area));
  for (const Knot& knot : history.knots) {
    put(knot.drop);
    put(knot.steps);
    put(log_(knot.area));
    put(log_(knot.rate));
  }
}

std::vector<std::vector<std::size_t>> windows_of(const StepRun& run, const std::vector<double>& steps) {
  std::vector<std::vector<std::size_t>> windows;
  const bool whole = run.rows.size() <= kWholeRun;
  const double widest = run.rows.empty() ? 0 : (steps[run.rows.back()] - steps[run.rows.front()]) / 200;
  for (const std::size_t row : run.rows) {
    const double step = steps[row];
    if (windows.empty() || whole || step - steps[windows.back().front()] >= std::min(widest, step / 20)) windows.emplace_back();
    windows.back().push_back(row);
  }
  return windows;
}

}  // namespace isoflop::laws
