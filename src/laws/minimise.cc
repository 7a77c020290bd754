#include "laws/minimise.h"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "base/check.h"
#include "base/random.h"
#include "base/team.h"
#include "laws/damped_step.h"

namespace isoflop::laws {
namespace {

constexpr std::size_t kMinima = 8;  // of a search among some rows, those that are followed among all

/// The free parameters' part of a step's equations.
class System {
 public:
  explicit System(const Law& law, const Free& free) {
    for (int i = 0; i < law.size(); ++i)
      if (free[i]) index_[size_++] = i;
  }
  [[nodiscard]] int size() const { return size_; }

  [[nodiscard]] double gradient_norm(const Sums& sums) const {
    double squares = 0;
    for (int i = 0; i < size_; ++i) squares += sums.gradient[index_[i]] * sums.gradient[index_[i]];
    return std::sqrt(squares);
  }

  /// damped_step() over the free parameters; the others stay.
  bool step(const Sums& sums, double lambda, Theta& step, double& promise) const {
    std::array<double, kMaxTriangle> l{};
    std::array<double, kMaxConstants> y{}, free{};
    const bool solved = damped_step(
        size_, [&](int i, int j) { return curvature(sums, i, j); }, [&](int i) { return sums.gradient[index_[i]]; },
        [&](int i) { return scale_[i]; }, lambda, l.data(), y.data(), free.data(), promise);
    step = {};
    for (int i = 0; i < size_; ++i) step[index_[i]] = free[i];
    return solved;
  }

  /// Damping is relative to each parameter's curvature. One that the rows do not see from here (ln E where another term is the
  /// loss) has next to none and would run off; it is held by a share of the largest.
  void set_scale(const Sums& sums) {
    constexpr double kLeastShare = 1e-16;
    double most = 0;
    for (int i = 0; i < size_; ++i) most = std::max(most, std::fabs(curvature(sums, i, i)));
    for (int i = 0; i < size_; ++i) scale_[i] = std::max({scale_[i] * 0.1, std::fabs(curvature(sums, i, i)), kLeastShare * most});
  }

 private:
  static int first(int row) { return row * (row + 1) / 2; }
  [[nodiscard]] double curvature(const Sums& sums, int i, int j) const { return sums.curvature[first(index_[i]) + index_[j]]; }

  std::array<int, kMaxConstants> index_{};
  std::array<double, kMaxConstants> scale_{};
  int size_ = 0;
};

Theta moved(const Theta& theta, const Theta& step) {
  Theta to = theta;
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += step[i];
  return to;
}

/// One descent with curvature of one order, going on from `at`.
class Descent {
 public:
  Descent(const Law& law, const Rows& rows, const Objective& objective, const Free& free, const MinimiseOptions& options)
      : law_(law), rows_(rows), objective_(objective), options_(options), system_(law, free) {}

  /// Until a step gains less than `enough` of the objective, promised or real.
  Minimum::Stop run(int order, double enough, Minimum& at) {
    constexpr double kRise = 8;
    Sums sums;
    law_.accumulate[order](at.theta, rows_, objective_, sums);
    double lambda = order == 1 ? 1e-2 : 1e-6, rise = kRise;
    while (at.iterations < options_.iterations) {
      ++at.iterations;
      system_.set_scale(sums);
      Theta step{};
      double promise = 0;
      while (!system_.step(sums, lambda, step, promise)) {
        lambda = std::max(lambda * 10, 1e-6);
        if (lambda > 1e12) return finish(sums, at, Minimum::Stop::stalled);
      }
      if (promise <= options_.tolerance * std::fabs(at.value) && lambda <= 1e-3)
        return finish(sums, at, Minimum::Stop::converged);
      const Theta to = moved(at.theta, step);
      Sums next;
      law_.accumulate[order](to, rows_, objective_, next);
      if (!(next.value < at.value)) {
        // a promise below what the sum's rounding can show is kept
        if (promise <= 1e-12 * std::fabs(at.value)) return finish(sums, at, Minimum::Stop::converged);
        lambda = std::max(lambda * rise, 1e-8);
        rise *= 2;
        if (lambda > 1e12) return finish(sums, at, Minimum::Stop::stalled);
        continue;
      }
      const double gain = at.value - next.value;
      at.theta = to;
      at.value = next.value;
      sums = next;
      // what was refused a moment ago would be refused again
      lambda *= gain > 0.5 * promise && rise == kRise ? 0.1 : 0.5;
      lambda = std::max(lambda, 1e-14);
      rise = kRise;
      // a step that damping made short gains little and says nothing
      if (order == 1 && gain < enough * at.value && lambda <= 1e-2) return finish(sums, at, Minimum::Stop::converged);
    }
    return finish(sums, at, Minimum::Stop::iteration_limit);
  }

 private:
  Minimum::Stop finish(const Sums& sums, Minimum& at, Minimum::Stop stop) const {
    at.gradient_norm = system_.gradient_norm(sums);
    at.stop = stop;
    return stop;
  }

  const Law& law_;
  const Rows& rows_;
  const Objective& objective_;
  const MinimiseOptions& options_;
  System system_;
};

double value_at(const Law& law, const Rows& rows, const Objective& objective, const Theta& theta) {
  Sums sums;
  law.accumulate[0](theta, rows, objective, sums);
  return sums.value;
}

constexpr double kFarDelta = 1e-2;  // of |r|, far from the end

/// |r| by Huber's function with a corner as sharp as `delta`; other objectives are smooth as they are.
Objective smooth_of(Objective objective, double delta) {
  if (objective.kind != Objective::Kind::lad) return objective;
  objective.kind = Objective::Kind::huber;
  objective.delta = delta;
  return objective;
}

void descend(const Law& law, const Rows& rows, const Objective& objective, const Free& free, const MinimiseOptions& options,
             Minimum& at) {
  Descent descent(law, rows, objective, free, options);
  if (!options.near) descent.run(1, 1e-3, at);
  if (descent.run(2, 0, at) != Minimum::Stop::stalled) return;
  // the Hessian's model failed: some more of the safe kind, then once more
  descent.run(1, 1e-9, at);
  descent.run(2, 0, at);
}

}  // namespace

std::string to_string(Minimum::Stop stop) {
  switch (stop) {
    case Minimum::Stop::converged: return "converged";
    case Minimum::Stop::stalled: return "stalled";
    case Minimum::Stop::iteration_limit: return "iteration limit";
    case Minimum::Stop::no_start: break;
  }
  return "no finite start";
}

Minimum minimise(const Law& law, const Rows& rows, const Objective& objective, const Theta& start, const Free& free,
                 const MinimiseOptions& options) {
  Minimum at{.theta = start, .value = value_at(law, rows, objective, start)};
  if (!std::isfinite(at.value)) return at;
  if (objective.kind != Objective::Kind::lad) {
    descend(law, rows, objective, free, options, at);
    return at;
  }
  // an ever sharper corner, divided by delta
  for (double delta = options.near ? 1e-4 : kFarDelta; delta >= 0.9e-9; delta *= 0.2) {
    const Objective smooth = smooth_of(objective, delta);
    at.value = value_at(law, rows, smooth, at.theta);
    at.iterations = 0;
    descend(law, rows, smooth, free, options, at);
    at.gradient_norm /= delta;
  }
  at.value = value_at(law, rows, objective, at.theta);
  return at;
}

namespace {

struct End {
  Minimum minimum;
  std::int64_t starts = 1;
};

/// Ends by their objective, those that agree to 1e-6 of it together; of equals the earliest start comes first.
Search gathered(std::vector<End> ends) {
  std::stable_sort(ends.begin(), ends.end(), [](const End& a, const End& b) {
    const bool first = a.minimum.stop != Minimum::Stop::no_start, second = b.minimum.stop != Minimum::Stop::no_start;
    return first && second ? a.minimum.value < b.minimum.value : first && !second;
  });
  Search result;
  for (const End& end : ends) {
    result.starts += end.starts;
    const Minimum& minimum = end.minimum;
    if (minimum.stop == Minimum::Stop::no_start) continue;
    if (result.agreeing == 0) result.best = minimum;
    if (minimum.value <= result.best.value * (1 + 1e-6)) {
      result.agreeing += end.starts;
    } else if (!result.others.empty() && minimum.value <= result.others.back().minimum.value * (1 + 1e-6)) {
      result.others.back().starts += end.starts;
    } else if (minimum.stop == Minimum::Stop::converged) {
      result.others.push_back({minimum, end.starts});
    }
  }
  return result;
}

/// So many of the rows, drawn at random, the same ones every time.
Rows some_of(const Rows& rows, std::int64_t count) {
  const Permutation shuffled(static_cast<std::uint64_t>(rows.count), 0, 0);
  std::vector<std::int64_t> indices;
  for (std::int64_t i = 0; i < count; ++i) indices.push_back(static_cast<std::int64_t>(shuffled(static_cast<std::uint64_t>(i))));
  return picked(rows, indices);
}

/// Far from its end a start need not see every row. Many are first led as near as a few rows lead; the descent on all rows
/// begins there.
class Approach {
 public:
  Approach(const Law& law, const Rows& rows, const Objective& objective, const Free& free, std::size_t starts)
      : law_(law), rows_(rows), objective_(smooth_of(objective, kFarDelta)), free_(free) {
    constexpr std::int64_t kRowsAConstant = 16;
    constexpr std::size_t kManyStarts = 100;  // fewer are soon at their ends
    const std::int64_t few = kRowsAConstant * std::count(free.begin(), free.begin() + law.size(), true);
    if (starts >= kManyStarts && rows.count >= 2 * few) few_ = some_of(rows, few);
  }

  [[nodiscard]] Theta operator()(const Theta& start) const {
    if (few_.count == 0) return start;
    const MinimiseOptions options{};
    Minimum at{.theta = start, .value = value_at(law_, few_, objective_, start)};
    if (!std::isfinite(at.value)) return start;
    Descent(law_, few_, objective_, free_, options).run(1, 1e-2, at);
    return value_at(law_, rows_, objective_, at.theta) < value_at(law_, rows_, objective_, start) ? at.theta : start;
  }

 private:
  const Law& law_;
  const Rows& rows_;
  const Objective objective_;
  const Free& free_;
  Rows few_;
};

/// Every start to its end, as near as it takes to tell ends apart.
std::vector<End> ends_of(const Law& law, const Rows& rows, const Objective& objective, std::span<const Theta> starts,
                         const Free& free, std::int64_t threads, const std::stop_token& stop) {
  const Approach approach(law, rows, objective, free, starts.size());
  std::vector<End> ends(starts.size());
  std::atomic<std::size_t> next{0};
  Team team(std::max<std::int64_t>(1, std::min<std::int64_t>(threads, static_cast<std::int64_t>(starts.size()))));
  team.run([&](std::int64_t) {
    for (std::size_t i = next++; i < starts.size() && !stop.stop_requested(); i = next++)
      ends[i].minimum = minimise(law, rows, objective, approach(starts[i]), free, {.tolerance = 1e-9});
  });
  return ends;
}

/// The best and the first few others to the last digits.
Search polished(Search search, const Law& law, const Rows& rows, const Objective& objective, const Free& free) {
  if (search.agreeing == 0) return search;
  const auto polish = [&](Minimum& minimum) {
    const Minimum end = minimise(law, rows, objective, minimum.theta, free, {.near = true});
    if (end.value <= minimum.value) minimum = end;
  };
  polish(search.best);
  for (std::size_t i = 0; i < std::min(kMinima, search.others.size()); ++i) polish(search.others[i].minimum);
  return search;
}

}  // namespace

Search search(const Law& law, const Rows& rows, const Objective& objective, std::span<const Theta> starts, const Free& free,
              std::int64_t threads, std::stop_token stop) {
  if (rows.count <= kManyRows)
    return polished(gathered(ends_of(law, rows, objective, starts, free, threads, stop)), law, rows, objective, free);

  const Search some = gathered(ends_of(law, some_of(rows, kSomeRows), objective, starts, free, threads, stop));
  if (some.agreeing == 0) return some;
  std::vector<Theta> minima{some.best.theta};
  for (const Search::Other& other : some.others)
    if (minima.size() < kMinima) minima.push_back(other.minimum.theta);
  std::vector<End> ends = ends_of(law, rows, objective, minima, free, threads, stop);
  ends[0].starts = some.agreeing;
  for (std::size_t i = 1; i < ends.size(); ++i) ends[i].starts = some.others[i - 1].starts;
  Search result = polished(gathered(std::move(ends)), law, rows, objective, free);
  result.starts = some.starts;
  return result;
}

std::vector<Theta> grid_of_starts(const Law& law, const Rows& rows, const Theta& theta, const Free& free, bool paper) {
  std::vector<Theta> starts{theta};
  for (int i = 0; i < law.size(); ++i) {
    if (!free[i]) continue;
    const Constant& constant = law.constants[i];
    std::vector<double> values = paper && !constant.paper_starts.empty() ? constant.paper_starts : constant.starts;
    if (constant.within >= 0) {
      const auto& x = rows.inputs[constant.within];
      const auto [low, high] = std::minmax_element(x.begin(), x.end());
      for (double& value : values) value = *low + value * (*high - *low);
    }
    std::vector<Theta> more;
    for (const Theta& start : starts)
      for (const double value : values) {
        more.push_back(start);
        more.back()[i] = value;
      }
    starts = std::move(more);
  }
  return starts;
}

}  // namespace isoflop::laws
