// The minimum of a mixture law's objective: as minimise.cc, for as many constants as there are sources.
#include <algorithm>
#include <cmath>

#include "laws/damped_step.h"
#include "laws/mixture.h"

namespace isoflop::laws {
namespace {

/// What is summed over rows: the objective, its gradient and the curvature of reweighted least squares, a full square of which
/// the lower triangle is filled.
class Equations {
 public:
  Equations(const MixtureForm& form, const MixtureRows& rows, const Objective& objective, double ridge)
      : form_(form),
        rows_(rows),
        objective_(objective),
        ridge_(ridge),
        size_(form.size()),
        gradient(size_),
        curvature(size_ * size_),
        inputs_(form.inputs()),
        slopes_(size_),
        sums_(size_),
        squares_(size_ * (size_ + 1) / 2) {}

  /// The objective at theta; gradient and curvature if asked.
  double at(const std::vector<double>& theta, bool derivatives) {
    Pack total = pack_of(0);
    if (derivatives) {
      std::fill(sums_.begin(), sums_.end(), pack_of(0));
      std::fill(squares_.begin(), squares_.end(), pack_of(0));
    }
    for (std::int64_t row = 0; row < rows_.padded(); row += kPack) {
      for (std::size_t i = 0; i < inputs_.size(); ++i) inputs_[i] = load(rows_.inputs[i].data() + row);
      Pack value;
      form_.evaluate(theta, inputs_.data(), value, derivatives ? slopes_.data() : nullptr);
      const Robust rho = robust(objective_, load(rows_.loss.data() + row) - value);
      const Pack w = load(rows_.weight.data() + row);
      total += w * rho.value;
      if (!derivatives) continue;
      const Pack first = -w * rho.first, outer = w * rho.weight;
      for (std::size_t i = 0, k = 0; i < size_; ++i) {
        sums_[i] += first * slopes_[i];
        const Pack scaled = outer * slopes_[i];
        for (std::size_t j = 0; j <= i; ++j, ++k) squares_[k] += scaled * slopes_[j];
      }
    }
    if (derivatives)
      for (std::size_t i = 0, k = 0; i < size_; ++i) {
        gradient[i] = sum(sums_[i]);
        for (std::size_t j = 0; j <= i; ++j, ++k) curvature[i * size_ + j] = sum(squares_[k]);
      }
    return sum(total) + add_ridge(theta, derivatives);
  }

 private:
  /// ridge / 2 times the squares about each block's mean.
  double add_ridge(const std::vector<double>& theta, bool derivatives) {
    double value = 0;
    for (const auto& [first, last] : form_.blocks()) {
      const auto n = static_cast<double>(last - first);
      double mean = 0;
      for (std::size_t i = first; i < last; ++i) mean += theta[i] / n;
      for (std::size_t i = first; i < last; ++i) {
        value += 0.5 * ridge_ * (theta[i] - mean) * (theta[i] - mean);
        if (!derivatives) continue;
        gradient[i] += ridge_ * (theta[i] - mean);
        for (std::size_t j = first; j <= i; ++j) curvature[i * size_ + j] += ridge_ * ((i == j ? 1 : 0) - 1 / n);
      }
    }
    return value;
  }

  const MixtureForm& form_;
  const MixtureRows& rows_;
  const Objective& objective_;
  double ridge_;
  std::size_t size_;

 public:
  std::vector<double> gradient, curvature;

 private:
  std::vector<Pack> inputs_, slopes_, sums_, squares_;
};

/// damped_step() over the free parameters; the others stay.
bool solve(const Equations& equations, const std::vector<double>& scale, double lambda, const std::vector<std::size_t>& free,
           std::vector<double>& step, double& promise) {
  const std::size_t n = free.size(), width = scale.size();
  std::vector<double> l(n * (n + 1) / 2), y(n), moved(n);
  const bool solved = damped_step(
      static_cast<int>(n), [&](int i, int j) { return equations.curvature[free[i] * width + free[j]]; },
      [&](int i) { return equations.gradient[free[i]]; }, [&](int i) { return scale[free[i]]; }, lambda, l.data(), y.data(),
      moved.data(), promise);
  std::fill(step.begin(), step.end(), 0.0);
  for (std::size_t i = 0; i < n; ++i) step[free[i]] = moved[i];
  return solved;
}

}  // namespace

MixtureMinimum minimise(const MixtureForm& form, const MixtureRows& rows, const Objective& objective, double ridge,
                        std::vector<double> start, std::int64_t iterations) {
  constexpr double kTolerance = 1e-10;
  const double nothing = 1e-22 * static_cast<double>(rows.count);  // nats squared: rows that are the law itself
  Equations equations(form, rows, objective, ridge);
  MixtureMinimum at{.theta = std::move(start), .value = 0, .gradient_norm = 0, .stop = Minimum::Stop::no_start};
  at.value = equations.at(at.theta, true);
  if (!std::isfinite(at.value)) return at;
  at.stop = Minimum::Stop::iteration_limit;
  std::vector<double> scale(form.size()), step(form.size());
  std::vector<std::size_t> free;
  double lambda = 1e-4;
  for (std::int64_t iteration = 0; iteration < iterations; ++iteration) {
    double greatest = 0;
    for (std::size_t i = 0; i < scale.size(); ++i) greatest = std::max(greatest, equations.curvature[i * scale.size() + i]);
    for (std::size_t i = 0; i < scale.size(); ++i)
      scale[i] = std::max(equations.curvature[i * scale.size() + i], 1e-9 * greatest);
    // a floor at 0 that would go below stays there
    free.clear();
    for (std::size_t i = 0; i < scale.size(); ++i)
      if (i > 0 || !form.has_floor() || at.theta[0] > 0 || equations.gradient[0] < 0) free.push_back(i);
    double promise = 0;
    if (!solve(equations, scale, lambda, free, step, promise)) {
      lambda = std::max(lambda * 10, 1e-9);
      if (lambda <= 1e12) continue;
      at.stop = Minimum::Stop::stalled;
      break;
    }
    if ((promise <= kTolerance * std::fabs(at.value) && lambda <= 1e-3) || at.value <= nothing) {
      at.stop = Minimum::Stop::converged;
      break;
    }
    std::vector<double> to = at.theta;
    for (std::size_t i = 0; i < to.size(); ++i) to[i] += step[i];
    if (form.has_floor()) to[0] = std::max(to[0], 0.0);
    const double value = equations.at(to, false);
    if (!(value < at.value)) {
      if (promise <= 1e-12 * std::fabs(at.value)) {
        at.stop = Minimum::Stop::converged;
        break;
      }
      lambda = std::max(lambda * 8, 1e-9);
      if (lambda <= 1e12) continue;
      at.stop = Minimum::Stop::stalled;
      break;
    }
    lambda = std::max(lambda * (at.value - value > 0.5 * promise ? 0.1 : 0.5), 1e-14);
    at.theta = std::move(to);
    at.value = equations.at(at.theta, true);
  }
  for (std::size_t i = 0; i < scale.size(); ++i)
    if (i > 0 || !form.has_floor() || at.theta[0] > 0) at.gradient_norm += equations.gradient[i] * equations.gradient[i];
  at.gradient_norm = std::sqrt(at.gradient_norm);
  return at;
}

MixtureSearch search(const MixtureForm& form, const MixtureRows& rows, const Objective& objective, double ridge) {
  MixtureSearch found;
  std::vector<double> values;
  for (auto& start : form.starts(rows)) {
    const MixtureMinimum end = minimise(form, rows, objective, ridge, std::move(start));
    ++found.starts;
    if (end.stop == Minimum::Stop::no_start) continue;
    values.push_back(end.value);
    if (values.size() == 1 || end.value < found.best.value) found.best = end;
  }
  for (const double value : values)
    if (value <= found.best.value * (1 + 1e-6)) ++found.agreeing;
  return found;
}

}  // namespace isoflop::laws
