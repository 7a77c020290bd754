#include "laws/resample.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "base/random.h"
#include "base/team.h"

namespace isoflop::laws {
namespace {

/// One resample's rows: weights or responses of `problem.rows` changed.
class Resampler {
 public:
  Resampler(const Problem& problem, const Theta& best, Resample how, std::uint64_t seed)
      : problem_(problem), how_(how), random_{seed, Stream::bootstrap}, predictions_(problem.rows.response.size()) {
    problem.law->predict(best, problem.rows, problem.objective.log_residual, predictions_.data(), nullptr);
  }

  void draw(std::int64_t index, Rows& rows) const {
    const auto at = static_cast<std::uint64_t>(index);
    const std::int64_t n = problem_.rows.count;
    if (how_ == Resample::residuals) {
      for (std::int64_t i = 0; i < n; ++i) {
        const auto from = static_cast<std::size_t>(random_.below(static_cast<std::uint64_t>(n), at, static_cast<std::uint32_t>(i)));
        rows.response[i] = predictions_[i] + (problem_.rows.response[from] - predictions_[from]);
      }
      return;
    }
    const std::int64_t units = how_ == Resample::groups ? problem_.groups : n;
    std::vector<double> times(static_cast<std::size_t>(units));
    for (std::int64_t i = 0; i < units; ++i)
      times[random_.below(static_cast<std::uint64_t>(units), at, static_cast<std::uint32_t>(i))] += 1;
    for (std::int64_t i = 0; i < n; ++i)
      rows.weight[i] = problem_.rows.weight[i] * times[how_ == Resample::groups ? problem_.group[i] : i];
  }

 private:
  const Problem& problem_;
  Resample how_;
  Philox random_;
  std::vector<double> predictions_;
};

}  // namespace

std::vector<Theta> refits(const Problem& problem, const Search& found, Resample how, std::int64_t draws, std::uint64_t seed,
                          std::int64_t threads, const std::stop_token& stop) {
  // a minimum far above the best is not what a resample prefers
  std::vector<Theta> starts{found.best.theta};
  for (const Search::Other& other : found.others)
    if (other.minimum.value < 1.1 * found.best.value && starts.size() < 4) starts.push_back(other.minimum.theta);

  const Resampler resampler(problem, found.best.theta, how, seed);
  std::vector<Minimum> ends(static_cast<std::size_t>(draws));
  std::atomic<std::int64_t> next{0};
  Team team(std::max<std::int64_t>(1, std::min(threads, draws)));
  team.run([&](std::int64_t) {
    Rows rows = problem.rows;
    for (std::int64_t i = next++; i < draws && !stop.stop_requested(); i = next++) {
      resampler.draw(i, rows);
      for (const Theta& start : starts) {
        const Minimum end = minimise(*problem.law, rows, problem.objective, start, problem.free, {.tolerance = 1e-9, .near = true});
        if (ends[i].stop == Minimum::Stop::no_start || end.value < ends[i].value) ends[i] = end;
      }
    }
  });
  std::vector<Theta> thetas;
  for (const Minimum& end : ends)
    if (end.stop != Minimum::Stop::no_start) thetas.push_back(end.theta);
  return thetas;
}

Interval percentile_interval(std::vector<double> draws, double value, double level, double widen) {
  ISOFLOP_CHECK(!draws.empty());
  constexpr double kInf = std::numeric_limits<double>::infinity();
  for (double& draw : draws)
    if (!(std::fabs(draw) <= 1e12 * std::fabs(value))) draw = draw < 0 ? -kInf : kInf;
  std::sort(draws.begin(), draws.end());
  const auto at = [&](double share) {
    const double place = share * static_cast<double>(draws.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const double part = place - static_cast<double>(below);
    return part > 0 && below + 1 < draws.size() && std::isfinite(draws[below]) ? draws[below] + part * (draws[below + 1] - draws[below]) : draws[below];
  };
  const double tail = 0.5 * (1 - level);
  return {value + widen * (at(tail) - value), value + widen * (at(1 - tail) - value), level};
}

}  // namespace isoflop::laws
