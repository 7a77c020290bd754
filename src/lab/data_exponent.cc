#include "lab/data_exponent.h"

#include <algorithm>
#include <cmath>

#include "base/math.h"
#include "base/random.h"
#include "base/search.h"
#include "isoflop/text.h"
#include "corpus/correlation.h"

namespace isoflop::lab {
namespace {

constexpr std::int64_t kLags[] = {1, 2, 3, 4, 5, 7, 10, 14, 20, 29, 42, 61, 90, 135, 200};
constexpr double kAboveNoise = 2;
constexpr std::size_t kMostSymbols = 4'000'000;

// least squares of y = a + b x: b, the sum of squares left, and that of x about its mean
struct Line {
  double slope = 0, residual = 0, spread = 0;
};
Line line_through(const std::vector<double>& x, const std::vector<double>& y) {
  const double n = static_cast<double>(x.size());
  double mean_x = 0, mean_y = 0, xy = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) mean_x += x[i] / n, mean_y += y[i] / n;
  Line line;
  for (std::size_t i = 0; i < x.size(); ++i) {
    line.spread += (x[i] - mean_x) * (x[i] - mean_x);
    xy += (x[i] - mean_x) * (y[i] - mean_y);
    yy += (y[i] - mean_y) * (y[i] - mean_y);
  }
  line.slope = xy / line.spread;
  line.residual = std::max(0.0, yy - line.slope * xy);
  return line;
}

Estimate with_interval(double value, double error, double degrees, double level) {
  Estimate estimate{value, {}, {"scatter about the line"}, {}};
  if (degrees < 1) return estimate;
  const double reach = student_t_quantile(0.5 + level / 2, degrees) * error;
  estimate.interval = Interval{value - reach, value + reach, level};
  return estimate;
}

// how the differences of n^-gamma go, in logarithms
std::vector<double> shape(double gamma, std::size_t count) {
  std::vector<double> logs;
  for (std::size_t i = 1; i <= count; ++i)
    logs.push_back(log_(pow_(static_cast<double>(i), -gamma) - pow_(static_cast<double>(i + 1), -gamma)));
  return logs;
}

// squares of y - shape(gamma), their mean taken out
double misfit(const std::vector<double>& y, double gamma) {
  const std::vector<double> model = shape(gamma, y.size());
  double mean = 0, squares = 0;
  for (std::size_t i = 0; i < y.size(); ++i) mean += (y[i] - model[i]) / static_cast<double>(y.size());
  for (std::size_t i = 0; i < y.size(); ++i) squares += (y[i] - model[i] - mean) * (y[i] - model[i] - mean);
  return squares;
}

// the texts' beginning, and the same symbols in seeded random order
std::vector<std::vector<std::uint32_t>> beginning(std::span<const std::vector<std::uint32_t>> texts) {
  std::vector<std::vector<std::uint32_t>> some;
  std::size_t left = kMostSymbols;
  for (const auto& text : texts) {
    some.emplace_back(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(std::min(left, text.size())));
    left -= some.back().size();
    if (left == 0) break;
  }
  return some;
}
std::vector<std::vector<std::uint32_t>> shuffled(const std::vector<std::vector<std::uint32_t>>& texts) {
  std::vector<std::uint32_t> all;
  for (const auto& text : texts) all.insert(all.end(), text.begin(), text.end());
  const Philox random{.seed = 0, .stream = Stream::simulate};
  for (std::size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[random.below(i, i)]);
  return {std::move(all)};
}

}  // namespace

std::optional<Estimate> entropy_decay(const std::vector<double>& losses, double level) {
  std::vector<double> logs;  // of the differences
  for (std::size_t i = 1; i < losses.size(); ++i) {
    if (!(losses[i - 1] > losses[i])) return std::nullopt;
    logs.push_back(log_(losses[i - 1] - losses[i]));
  }
  if (logs.size() < 2) return std::nullopt;
  constexpr double kLeast = 0.001, kMost = 8;
  const double gamma = least_of([&](double g) { return misfit(logs, g); }, kLeast, kMost, 400);
  if (gamma < 1.01 * kLeast || gamma > 0.99 * kMost) return std::nullopt;
  // how the model turns with gamma decides how well gamma is known
  const double step = 1e-4;
  const std::vector<double> above = shape(gamma + step, logs.size()), below = shape(gamma - step, logs.size());
  double mean = 0, spread = 0;
  for (std::size_t i = 0; i < logs.size(); ++i) mean += (above[i] - below[i]) / (2 * step) / static_cast<double>(logs.size());
  for (std::size_t i = 0; i < logs.size(); ++i) {
    const double turn = (above[i] - below[i]) / (2 * step) - mean;
    spread += turn * turn;
  }
  const double degrees = static_cast<double>(logs.size()) - 2;
  return with_interval(gamma, degrees < 1 ? 0 : std::sqrt(misfit(logs, gamma) / degrees / spread), degrees, level);
}

std::optional<Estimate> correlation_decay(const std::vector<std::pair<double, double>>& strengths, double level) {
  std::vector<double> x, y;
  for (const auto& [lag, strength] : strengths) {
    x.push_back(log_(lag));
    y.push_back(log_(strength));
  }
  if (x.size() < 3) return std::nullopt;
  const Line line = line_through(x, y);
  if (!(line.slope < 0)) return std::nullopt;
  const double degrees = static_cast<double>(x.size()) - 2;
  return with_interval(-line.slope, std::sqrt(line.residual / degrees / line.spread), degrees, level);
}

Estimate predicted_exponent(const Estimate& gamma, const Estimate& beta) {
  Estimate predicted{gamma.value / (2 * beta.value), {}, {"scatter about the lines"}, {}};
  if (!beta.interval) return predicted;
  // a gamma without an interval is taken as exact
  const double g = gamma.interval ? (gamma.interval->high - gamma.value) / gamma.value : 0;
  const double b = (beta.interval->high - beta.value) / beta.value;
  const double reach = predicted.value * std::sqrt(g * g + b * b);
  predicted.interval = Interval{predicted.value - reach, predicted.value + reach, beta.interval->level};
  return predicted;
}

DataExponent data_exponent(std::span<const std::vector<std::uint32_t>> texts, std::int64_t vocabulary,
                           const std::vector<double>& losses, std::optional<double> gamma, double level) {
  DataExponent exponent;
  const auto some = beginning(texts);
  exponent.noise = corpus::correlation_strength(shuffled(some), vocabulary, 1);
  std::vector<std::pair<double, double>> loud;
  for (const std::int64_t lag : kLags) {
    const double strength = corpus::correlation_strength(some, vocabulary, lag);
    exponent.strengths.emplace_back(static_cast<double>(lag), strength);
    if (strength > kAboveNoise * exponent.noise && loud.size() + 1 == exponent.strengths.size())
      loud.push_back(exponent.strengths.back());
  }
  exponent.gamma = gamma ? std::optional(Estimate{*gamma, {}, {}, {}}) : entropy_decay(losses, level);
  exponent.correlation = correlation_decay(loud, level);
  if (!exponent.gamma) {
    exponent.reason =
        losses.size() < 3
            ? "n-grams are sampled well after " + std::to_string(losses.size()) +
                  " symbols at most, and three are needed; give a model's with --gamma (WikiText 0.265, TinyStories 0.325)"
            : "the entropies do not fall as a power of the context, at least not yet after so few symbols";
  } else if (!exponent.correlation) {
    exponent.reason = loud.size() < 3 ? "correlations rise above those of shuffled text at " + std::to_string(loud.size()) +
                                            " lags, and three are needed"
                                      : "correlations do not fall with distance";
  } else {
    exponent.predicted = predicted_exponent(*exponent.gamma, *exponent.correlation);
    if (!gamma && !exponent.gamma->interval) exponent.predicted->interval.reset();
  }
  return exponent;
}

}  // namespace isoflop::lab
