// What a further run will show: the law's constants as resampled, the scatter of rows, and how far a law drifts beyond its rows.
#pragma once

#include <vector>

#include "laws/problem.h"
#include "laws/resample.h"

namespace isoflop::laws {

/// A row's place on the axis along which laws are extrapolated: ln C of a law in N and D, else the first input as the law reads
/// it.
[[nodiscard]] double scale_of(const Law& law, const Rows& rows, std::int64_t row);
[[nodiscard]] std::vector<double> scales_of(const Problem& problem);

[[nodiscard]] double ln_response(const Problem& problem, std::int64_t row);
[[nodiscard]] std::vector<double> ln_predictions(const Law& law, const Rows& rows, const Theta& theta);

/// The search of a fit, over the law's starts or evenly chosen ones of them.
[[nodiscard]] Search searched(const Problem& problem, const FitOptions& options, std::size_t most_starts = ~std::size_t{0});

/// A fitted law as a forecaster of further runs.
struct Forecaster {
  const Law* law = nullptr;
  Theta best{};
  std::vector<Theta> thetas;      ///< refits
  double widen = 1;               ///< of the refits' distance from the best
  std::vector<double> residuals;  ///< of ln y, scaled up for the constants fitted; each as often as its row weighs
  double edge = 0;                ///< the largest scale fitted
  double drift = 0;               ///< sd of ln y for a factor of e beyond the edge
  bool heavy = false;             ///< the drift is Student's t, as one learnt from few forecasts is; else normal
  std::uint64_t seed = 0;

  /// The interval of ln y of one further run at each row.
  [[nodiscard]] std::vector<Interval> at(const Rows& rows, double level) const;
};

/// Drift still 0; widened by Student's t for the degrees of freedom left.
///
/// Needs    thetas, more rows than free constants.
[[nodiscard]] Forecaster forecaster_of(const Problem& problem, const Theta& best, std::vector<Theta> thetas, std::uint64_t seed);

/// The drift with which nine in ten forecasts made inside the table hold: the law is fitted to the cheapest 40, 50, ... 90 in
/// a hundred rows and predicts the others, with 90 % intervals. 0 where the constants and the scatter do so alone, or where
/// the rows are too few to leave any out (`forecasts` is 0 then).
///
/// Where the rows are fewer than four times the constants their residuals are resampled, not they.
struct Drift {
  double per_e = 0;
  std::int64_t forecasts = 0;
};
[[nodiscard]] Problem resampled_problem(const Problem& problem);
[[nodiscard]] Drift drift_of(const Problem& problem, const FitOptions& options);

}  // namespace isoflop::laws
