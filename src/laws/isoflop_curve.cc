#include "laws/isoflop_curve.h"

#include <algorithm>
#include <cmath>

#include "base/math.h"
#include "base/random.h"
#include "isoflop/text.h"

namespace isoflop::laws {

using Trouble = CurveMinimum::Trouble;

bool of_log(const IsoflopOptions& options) {
  return options.log_loss || options.minimum == CurveMinimumBy::akima;
}

bool is_trouble(Trouble trouble, const IsoflopOptions& options) {
  return trouble != Trouble::none && !(options.keep_edges && trouble == Trouble::at_edge);
}

Least least_of(std::span<const double> x, std::span<const double> y, std::span<const double> d,
               std::span<const std::size_t> by_tokens, const IsoflopOptions& options) {
  const bool akima = options.minimum == CurveMinimumBy::akima;
  Least least;
  least.n = akima ? akima_minimum(x, y) : parabola_minimum(x, y, options.window_decades * log_(10));
  least.trouble = least.n.trouble;
  if (d.empty() || is_trouble(least.trouble, options)) return least;
  std::vector<double> xs, ys;
  for (const std::size_t i : by_tokens) {
    if (i < least.n.first || i >= least.n.last) continue;
    xs.push_back(d[i]);
    ys.push_back(y[i]);
  }
  const CurveMinimum other = akima ? akima_minimum(xs, ys) : parabola_through(xs, ys, 0, xs.size());
  least.d = other.x;
  if (least.trouble == Trouble::none || other.trouble != Trouble::at_edge) least.trouble = other.trouble;
  return least;
}

std::optional<double> scatter_of(const std::vector<IsoflopCurve>& curves, const ComputeRows& rows,
                                 const IsoflopOptions& options) {
  double squares = 0;
  std::int64_t degrees = 0;
  for (const IsoflopCurve& curve : curves) {
    const CurveMinimum& local = curve.local;
    if (!curve.optimum.used || local.trouble == Trouble::few_points || local.last - local.first < 4) continue;
    for (std::size_t i = local.first; i < local.last; ++i) {
      const double r = (curve.y[i] - local.at(curve.x[i])) / (of_log(options) ? 1 : rows.loss[curve.members[i]]);
      squares += r * r;
    }
    degrees += static_cast<std::int64_t>(local.last - local.first) - 3;
  }
  if (degrees < 1) return std::nullopt;
  return std::sqrt(squares / static_cast<double>(degrees));
}

namespace {

/// One curve with noise of the seed on every loss.
Least noisy(const IsoflopCurve& curve, const ComputeRows& rows, const IsoflopOptions& options, double scatter, std::uint64_t k) {
  const Philox dice{.seed = options.law.seed, .stream = Stream::bootstrap};
  std::vector<double> y = curve.y;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double loss = rows.loss[curve.members[i]], relative = options.loss_sd ? *options.loss_sd / loss : scatter;
    y[i] += dice.normal(k * rows.rows.size() + curve.members[i]) * relative * (of_log(options) ? 1 : loss);
  }
  return least_of(curve.x, y, curve.d, curve.by_tokens, options);
}

/// One curve with as many of its rows, drawn with replacement.
Least redrawn(const IsoflopCurve& curve, const ComputeRows& rows, const IsoflopOptions& options, std::uint64_t k) {
  const Philox dice{.seed = options.law.seed, .stream = Stream::bootstrap};
  std::vector<std::size_t> chosen;
  for (const std::size_t member : curve.members)
    chosen.push_back(dice.below(curve.members.size(), k * rows.rows.size() + member));
  std::sort(chosen.begin(), chosen.end());
  std::vector<double> x, y, d;
  std::vector<std::size_t> by_tokens;
  for (const std::size_t i : chosen) {
    x.push_back(curve.x[i]);
    y.push_back(curve.y[i]);
    if (!curve.d.empty()) d.push_back(curve.d[i]);
  }
  for (std::size_t i = 0; i < d.size(); ++i) by_tokens.push_back(i);
  std::stable_sort(by_tokens.begin(), by_tokens.end(), [&](std::size_t i, std::size_t j) { return d[i] < d[j]; });
  return least_of(x, y, d, by_tokens, options);
}

}  // namespace

std::vector<IsoflopDraw> draws_of(const std::vector<IsoflopCurve>& curves, const ComputeRows& rows, const IsoflopOptions& options,
                                  std::optional<double> scatter) {
  std::vector<IsoflopDraw> draws;
  const bool by_rows = options.law.interval == AllocationInterval::rows;
  if (!by_rows && !scatter && !options.loss_sd) return draws;
  for (std::int64_t k = 0; k < options.law.draws; ++k) {
    IsoflopDraw draw(curves.size());
    for (std::size_t c = 0; c < curves.size(); ++c) {
      if (!curves[c].optimum.used) continue;
      const auto index = static_cast<std::uint64_t>(k);
      const Least least =
          by_rows ? redrawn(curves[c], rows, options, index) : noisy(curves[c], rows, options, scatter.value_or(0), index);
      if (!is_trouble(least.trouble, options)) draw[c] = {least.n.x, least.d, of_log(options) ? exp_(least.n.y) : least.n.y};
    }
    draws.push_back(std::move(draw));
  }
  return draws;
}

namespace {

/// How often a draw has the curve's optimum, and the standard deviation of a number of it.
struct Spread {
  double count = 0, sd = 0;
};
template <class F>
Spread spread_of(const std::vector<IsoflopDraw>& draws, std::size_t c, const F& number) {
  double mean = 0, square = 0, count = 0;
  for (const IsoflopDraw& draw : draws) {
    if (!draw[c]) continue;
    count += 1;
    const double value = number(*draw[c]), step = value - mean;
    mean += step / count;
    square += step * (value - mean);
  }
  return {count, count < 2 ? 0 : std::sqrt(square / (count - 1))};
}

}  // namespace

void judge_by_draws(const std::vector<IsoflopDraw>& draws, std::size_t c, const IsoflopOptions& options, IsoflopCurve& curve) {
  const Spread spread = spread_of(draws, c, [](const DrawnOptimum& o) { return o.n; });
  const double count = spread.count, all = static_cast<double>(draws.size());
  if (count * 2 < all) {
    curve.optimum.used = false;
    curve.optimum.reason =
        "the minimum leaves the curve in " + format_significant(100 * (1 - count / all), 3) + " % of the draws";
    return;
  }
  if (count < 2) return;
  double se = spread.sd * (all / count);
  if (options.minimum == CurveMinimumBy::akima) {  // which cannot tell places apart that are much nearer than its points (Porian)
    std::vector<double> sizes = curve.x;
    sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
    se = std::max(se, (sizes.back() - sizes.front()) / static_cast<double>(sizes.size() - 1) / 3);
  }
  curve.optimum.ln_params_se = se;
  curve.ln_loss_se = spread_of(draws, c, [](const DrawnOptimum& o) { return log_(o.loss); }).sd;
}

}  // namespace isoflop::laws
