// Schedules and whole loss curves for tests, summed step by step as the papers write them.
#pragma once

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "isoflop/laws.h"

namespace isoflop {

/// The rate of step 0.. of a run of `steps` steps: linear warm-up over `warmup`, then the shape of u in (0, 1].
inline Schedule schedule_of(int steps, int warmup, double peak, const std::function<double(double)>& shape) {
  Schedule schedule;
  for (int s = 0; s < steps; ++s) {
    schedule.steps.push_back(s);
    schedule.learning_rates.push_back(peak * (s < warmup ? (s + 1.0) / warmup : shape((s + 1.0 - warmup) / (steps - warmup))));
  }
  return schedule;
}

inline double constant_rate(double) {
  return 1;
}
inline double cosine_rate(double u) {
  return 0.1 + 0.45 * (1 + std::cos(3.14159265358979 * u));
}
inline double wsd_rate(double u) {
  return u < 0.8 ? 1 : 1 - 0.9 * (u - 0.8) / 0.2;
}
inline double linear_rate(double u) {
  return 1 - u;
}
inline double steps_rate(double u) {
  return u < 0.8 ? 1 : u < 0.9 ? 0.316 : 0.1;
}

/// Sum over the falls after the highest rate of fall_k f(steps since, area since, rate), at step `s`.
inline double sum_of_falls(const Schedule& schedule, int s, const std::function<double(double, double, double)>& f) {
  std::size_t peak = 0;
  for (std::size_t i = 1; i < schedule.learning_rates.size(); ++i)
    if (schedule.learning_rates[i] > schedule.learning_rates[peak]) peak = i;
  double area = 0, sum = 0;
  for (int k = s; k > static_cast<int>(peak); --k) {
    const auto at = static_cast<std::size_t>(k);
    area += schedule.learning_rates[at];
    const double fall = schedule.learning_rates[at - 1] - schedule.learning_rates[at];
    if (fall != 0) sum += fall * f(s - k + 1, area, schedule.learning_rates[at]);
  }
  return sum;
}

inline double area_of(const Schedule& schedule, int s) {
  double area = 0;
  for (int k = 0; k <= s; ++k) area += schedule.learning_rates[static_cast<std::size_t>(k)];
  return area;
}

using CurveLaw = std::function<double(const Schedule&, int)>;

/// Tissue et al.'s with E = 2.6, A = 0.45, alpha = 0.5, C = 0.4, lambda = 0.995.
inline double annealed_loss(const Schedule& schedule, int s) {
  constexpr double kLambda = 0.995;
  return 2.6 + 0.45 * std::pow(area_of(schedule, s), -0.5) -
         0.4 * sum_of_falls(schedule, s, [](double n, double, double) { return (1 - std::pow(kLambda, n)) / (1 - kLambda); });
}

/// Luo et al.'s with E = 2.6, A = 0.6, alpha = 0.45, B = 400, C = 2, beta = 0.6, gamma = 0.65.
inline double multi_power_loss(const Schedule& schedule, int s) {
  return 2.6 + 0.6 * std::pow(area_of(schedule, s), -0.45) -
         400 * sum_of_falls(schedule, s, [](double, double area, double rate) {
           return area > 0 ? 1 - std::pow(2 * std::pow(rate, -0.65) * area + 1, -0.6) : 0;  // a last rate of 0
         });
}

/// One run's steps from the end of the warm-up on, `every` of them, added to a table.
inline void add_curve(Observations& table, const std::string& name, const Schedule& schedule, int every, const CurveLaw& loss) {
  for (int s = 0; s < static_cast<int>(schedule.steps.size()); ++s) {
    const bool kept = s % every == every - 1;
    table.labels.push_back(name);
    table.columns["step"].emplace_back(s);
    table.columns["learning_rate"].emplace_back(schedule.learning_rates[static_cast<std::size_t>(s)]);
    table.columns["loss"].emplace_back(kept ? std::optional<double>(loss(schedule, s)) : std::nullopt);
  }
}

}  // namespace isoflop
