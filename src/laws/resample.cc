#include "laws/resample.h"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "base/math.h"
#include "base/quantile.h"
#include "base/random.h"
#include "base/team.h"

namespace isoflop::laws {
namespace {

constexpr std::int64_t kIterations = 60;  // a refit that wanders is cut short

/// Of every row, as the objective measures residuals.
std::vector<double> predictions_of(const Problem& problem, const Theta& theta) {
  std::vector<double> predictions(problem.rows.response.size());
  problem.law->predict(theta, problem.rows, problem.objective.log_residual, predictions.data(), nullptr);
  return predictions;
}

/// Makes one resample after the other.
class Resampler {
 public:
  Resampler(const Problem& problem, const Theta& best, Resample how, std::uint64_t seed)
      : problem_(problem), how_(how), random_{seed, Stream::bootstrap}, predictions_(predictions_of(problem, best)) {
    units_ = how == Resample::groups ? problem.groups : problem.rows.count;
    drawn_ = units_ > kManyRows ? kSomeRows : units_;
    if (drawn_ == units_) return;
    of_unit_.resize(static_cast<std::size_t>(units_));
    for (std::int64_t i = 0; i < problem.rows.count; ++i) of_unit_[how == Resample::groups ? problem.group[i] : i].push_back(i);
  }

  /// How much less an estimate from all units varies than one from those drawn: the m out of n bootstrap (Bickel, Goetze and van
  /// Zwet 1997).
  [[nodiscard]] double shrink() const { return std::sqrt(static_cast<double>(drawn_) / static_cast<double>(units_)); }

  /// `rows` are those of the problem, or of the resample before.
  void draw(std::int64_t index, Rows& rows) const {
    const auto at = static_cast<std::uint64_t>(index);
    const auto one = [&](std::int64_t i) {
      return static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(units_), at, static_cast<std::uint32_t>(i)));
    };
    if (drawn_ < units_) {
      std::vector<std::int64_t> indices;
      for (std::int64_t i = 0; i < drawn_; ++i) {
        const auto& unit = of_unit_[one(i)];
        indices.insert(indices.end(), unit.begin(), unit.end());
      }
      rows = picked(problem_.rows, indices);
      if (how_ != Resample::residuals) return;
      for (std::int64_t i = 0; i < drawn_; ++i) {  // residuals of these rows at places drawn anew
        const std::int64_t from = indices[i], to = one(drawn_ + i);
        for (std::size_t c = 0; c < rows.inputs.size(); ++c) rows.inputs[c][i] = problem_.rows.inputs[c][to];
        rows.response[i] = predictions_[to] + (problem_.rows.response[from] - predictions_[from]);
      }
      return;
    }
    if (how_ == Resample::residuals) {
      for (std::int64_t i = 0; i < units_; ++i) {
        const std::int64_t from = one(i);
        rows.response[i] = predictions_[i] + (problem_.rows.response[from] - predictions_[from]);
      }
      return;
    }
    std::vector<double> times(static_cast<std::size_t>(units_));
    for (std::int64_t i = 0; i < units_; ++i) times[one(i)] += 1;
    for (std::int64_t i = 0; i < problem_.rows.count; ++i)
      rows.weight[i] = problem_.rows.weight[i] * times[how_ == Resample::groups ? problem_.group[i] : i];
  }

 private:
  const Problem& problem_;
  Resample how_;
  Philox random_;
  std::vector<double> predictions_;
  std::int64_t units_ = 0, drawn_ = 0;
  std::vector<std::vector<std::int64_t>> of_unit_;  // rows of each, where not all are drawn
};

}  // namespace

std::string name_of(Resample how) {
  return how == Resample::rows ? "row bootstrap" : how == Resample::groups ? "group bootstrap" : "residual bootstrap";
}

std::vector<Theta> refits(const Problem& problem, const Search& found, std::int64_t draws, std::uint64_t seed,
                          std::int64_t threads, const std::stop_token& stop) {
  // a minimum far above the best is not what a resample prefers
  std::vector<Theta> starts{found.best.theta};
  for (const Search::Other& other : found.others)
    if (other.minimum.value < 1.1 * found.best.value && starts.size() < 4) starts.push_back(other.minimum.theta);

  const Resampler resampler(problem, found.best.theta, problem.resample, seed);
  std::vector<Minimum> ends(static_cast<std::size_t>(draws));
  std::atomic<std::int64_t> next{0};
  Team team(std::max<std::int64_t>(1, std::min(threads, draws)));
  team.run([&](std::int64_t) {
    Rows rows = problem.rows;
    for (std::int64_t i = next++; i < draws && !stop.stop_requested(); i = next++) {
      resampler.draw(i, rows);
      for (const Theta& start : starts) {
        const Minimum end = minimise(*problem.law, rows, problem.objective, start, problem.free,
                                     {.iterations = kIterations, .tolerance = 1e-9, .near = true});
        if (ends[i].stop == Minimum::Stop::no_start || end.value < ends[i].value) ends[i] = end;
      }
    }
  });
  std::vector<Theta> thetas;
  for (const Minimum& end : ends) {
    if (end.stop == Minimum::Stop::no_start) continue;
    thetas.push_back(found.best.theta);
    for (std::size_t j = 0; j < thetas.back().size(); ++j)
      thetas.back()[j] += resampler.shrink() * (end.theta[j] - found.best.theta[j]);
  }
  return thetas;
}

namespace {

/// Noise like the table's: residuals of other rows, smoothed; of groups, their own residuals under a common sign.
class Noise {
 public:
  Noise(const Problem& problem, const Theta& best, Resample how, std::uint64_t seed)
      : problem_(problem), how_(how), random_{seed, Stream::bootstrap}, predictions_(predictions_of(problem, best)) {
    for (std::int64_t i = 0; i < problem.rows.count; ++i) residuals_.push_back(problem.rows.response[i] - predictions_[i]);
    pool_ = residuals_;
    std::stable_sort(pool_.begin(), pool_.end(), [](double a, double b) { return std::fabs(a) > std::fabs(b); });
    // a fit runs through as many rows as it has constants: those say nothing of noise
    if (pool_.size() > 2 * static_cast<std::size_t>(problem.free_count()))
      pool_.resize(pool_.size() - static_cast<std::size_t>(problem.free_count()));
    // Silverman's width about the middle half
    std::vector<double> sorted = pool_;
    std::sort(sorted.begin(), sorted.end());
    width_ = 0.9 * (sorted[sorted.size() * 3 / 4] - sorted[sorted.size() / 4]) / 1.349 *
             exp_(-0.2 * log_(static_cast<double>(sorted.size())));
  }

  void draw(std::int64_t index, Rows& rows) const {
    const auto at = kFirst + static_cast<std::uint64_t>(index);
    for (std::int64_t i = 0; i < problem_.rows.count; ++i) {
      const auto sub = static_cast<std::uint32_t>(3 * i);
      double noise = width_ * random_.normal(at, sub + 1);
      if (how_ == Resample::groups)
        noise =
            (noise + residuals_[i]) * (random_.below(2, at, static_cast<std::uint32_t>(3 * problem_.group[i]) + 2) == 0 ? 1 : -1);
      else
        noise += pool_[random_.below(pool_.size(), at, sub)];
      rows.response[i] = predictions_[i] + noise;
    }
  }

  static constexpr std::uint64_t kFirst = std::uint64_t{1} << 40;  // counters beyond those of the resamples

 private:
  const Problem& problem_;
  Resample how_;
  Philox random_;
  std::vector<double> predictions_, residuals_, pool_;
  double width_ = 0;
};

/// What 68 in 100 do not exceed: a standard deviation that a few fits run away from does not move.
double spread_of(std::vector<double>& sizes) {
  const auto at = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() * 6827 / 10000);
  std::nth_element(sizes.begin(), at, sizes.end());
  return *at;
}

}  // namespace

double spread_ratio(const Problem& problem, const Theta& best, std::uint64_t seed, std::int64_t threads,
                    const std::stop_token& stop) {
  // it tends to 1 with rows
  if ((problem.resample == Resample::groups ? problem.groups : problem.rows.count) > kManyRows) return 1;
  constexpr std::int64_t kTables = 400;
  const Noise noise(problem, best, problem.resample, seed);
  const Resampler resampler(problem, best, problem.resample == Resample::residuals ? Resample::rows : problem.resample,
                            seed ^ 0x9e3779b97f4a7c15U);
  struct Trial {
    Theta table{}, first{}, second{};
    bool good = false;
  };
  std::vector<Trial> trials(kTables);
  std::atomic<std::int64_t> next{0};
  Team team(std::max<std::int64_t>(1, std::min(threads, kTables)));
  team.run([&](std::int64_t) {
    Rows rows = problem.rows;
    const MinimiseOptions near{.iterations = kIterations, .tolerance = 1e-9, .near = true};
    for (std::int64_t i = next++; i < kTables && !stop.stop_requested(); i = next++) {
      noise.draw(i, rows);
      rows.weight = problem.rows.weight;
      const Minimum table = minimise(*problem.law, rows, problem.objective, best, problem.free, near);
      resampler.draw(2 * i, rows);
      const Minimum first = minimise(*problem.law, rows, problem.objective, table.theta, problem.free, near);
      resampler.draw(2 * i + 1, rows);
      const Minimum second = minimise(*problem.law, rows, problem.objective, table.theta, problem.free, near);
      const auto good = [](const Minimum& m) { return m.stop != Minimum::Stop::no_start; };
      trials[i] = {table.theta, first.theta, second.theta, good(table) && good(first) && good(second)};
    }
  });
  double sum = 0;
  int parameters = 0;
  for (int j = 0; j < problem.law->size(); ++j) {
    if (!problem.free[j]) continue;
    std::vector<double> fresh, again;
    for (const Trial& trial : trials) {
      if (!trial.good) continue;
      fresh.push_back(std::fabs(trial.table[j] - best[j]));
      again.push_back(std::fabs(trial.first[j] - trial.table[j]));
      again.push_back(std::fabs(trial.second[j] - trial.table[j]));
    }
    if (fresh.size() < kLeastDraws) return 1;
    const double ratio = spread_of(fresh) / spread_of(again);
    if (!(ratio > 0) || !std::isfinite(ratio)) continue;
    sum += log_(ratio);
    ++parameters;
  }
  // further apart, the spreads are of constants that no table of this kind pins down: their ends are profile.h's matter
  return parameters > 0 ? std::clamp(exp_(sum / parameters), 0.75, 1.25) : 1;
}

double simulated_rise(const Problem& problem, const Theta& truth, int i, std::span<const Theta> starts, double level,
                      std::uint64_t seed, std::int64_t threads) {
  constexpr std::int64_t kTables = 200;
  const Noise noise(problem, truth, problem.resample, seed);
  Free others = problem.free;
  others[i] = false;
  std::vector<double> rises(kTables);
  std::atomic<std::int64_t> next{0};
  Team team(std::max<std::int64_t>(1, std::min(threads, kTables)));
  team.run([&](std::int64_t) {
    Rows rows = problem.rows;
    const MinimiseOptions near{.iterations = kIterations, .tolerance = 1e-9, .near = true};
    for (std::int64_t k = next++; k < kTables; k = next++) {
      noise.draw(k, rows);
      const Minimum held = minimise(*problem.law, rows, problem.objective, truth, others, near);
      double least = held.value;
      const auto fit_from = [&](const Theta& start) {
        const Minimum end = minimise(*problem.law, rows, problem.objective, start, problem.free, near);
        if (end.stop != Minimum::Stop::no_start) least = std::min(least, end.value);
      };
      fit_from(held.theta);
      for (const Theta& start : starts) fit_from(start);
      rises[k] = held.stop == Minimum::Stop::no_start || !(least > 0) ? 0 : held.value / least - 1;
    }
  });
  std::sort(rises.begin(), rises.end());
  return quantile_of(rises, level);
}

Interval percentile_interval(std::vector<double> draws, double value, double level, double widen) {
  const auto [low, high] = middle_of(std::move(draws), level);
  return {value + widen * (low - value), value + widen * (high - value), level};
}

}  // namespace isoflop::laws
