#include "laws/schedule.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/math.h"

namespace isoflop::laws {

LearningRates::LearningRates(const Schedule& schedule) : steps_(schedule.steps), rates_(schedule.learning_rates) {
  ISOFLOP_CHECK(!steps_.empty() && steps_.size() == rates_.size());
  peak_ = static_cast<std::size_t>(std::max_element(rates_.begin(), rates_.end()) - rates_.begin());
  const bool rises = rates_.front() < rates_[peak_];
  areas_.push_back(rates_.front() + steps_.front() * rates_.front() * (rises ? 0.5 : 1));
  for (std::size_t i = 1; i < steps_.size(); ++i) {
    const double m = steps_[i] - steps_[i - 1];
    areas_.push_back(areas_.back() + m * rates_[i - 1] + 0.5 * (rates_[i] - rates_[i - 1]) * (m + 1));
  }
  moments_.resize(steps_.size());
  for (std::size_t i = peak_ + 1; i < steps_.size(); ++i) moments_[i] = moments(steps_[i]);
}

// the segment (i - 1, i] that holds the step; one past the end beyond the last
std::size_t LearningRates::segment(double step) const {
  return static_cast<std::size_t>(std::lower_bound(steps_.begin(), steps_.end(), step) - steps_.begin());
}

double LearningRates::area(double step) const {
  const std::size_t i = segment(step);
  if (i == 0) return areas_.front() * std::max(0.0, step + 1) / (steps_.front() + 1);
  if (i == steps_.size()) return areas_.back() + (step - steps_.back()) * rates_.back();
  const double m = step - steps_[i - 1], slope = (rates_[i] - rates_[i - 1]) / (steps_[i] - steps_[i - 1]);
  return areas_[i - 1] + m * rates_[i - 1] + 0.5 * slope * m * (m + 1);
}

double LearningRates::rate(double step) const {
  const std::size_t i = segment(step);
  if (i == 0) return rates_.front();
  if (i == steps_.size()) return rates_.back();
  return rates_[i - 1] + (rates_[i] - rates_[i - 1]) * (step - steps_[i - 1]) / (steps_[i] - steps_[i - 1]);
}

LearningRates::Moments LearningRates::moments(double step) const {
  if (step <= peak()) return {};
  const std::size_t i = segment(step);
  if (i == steps_.size()) return moments_.back();
  // the fall of a segment is spread evenly over its steps
  Moments m = moments_[i - 1];
  const double count = step - steps_[i - 1], from = steps_[i - 1] - peak();
  const double fall = std::fabs(rates_[i] - rates_[i - 1]) / (steps_[i] - steps_[i - 1]);
  m.falls += fall * count;
  m.first += fall * count * (from + 0.5 * (count + 1));
  m.second += fall * count * (from * from + from * (count + 1) + (count + 1) * (2 * count + 1) / 6);
  return m;
}

History LearningRates::before(double step) const {
  History history{.area = area(step), .knots = {}};
  const double distance = step - peak();
  const double least_rate = 1e-6 * rates_[peak_];  // a rate of 0 has no logarithm
  double near = 0;
  Moments upper = moments(step);
  constexpr std::size_t kBins = kKnots / 2;
  for (std::size_t bin = 0; bin < kBins && near < distance; ++bin) {
    const double edge = std::round(exp_(log_(distance) * static_cast<double>(bin + 1) / kBins)),
                 far = std::min(distance, std::max(near + 1, edge));
    const Moments lower = moments(step - far);
    const double falls = upper.falls - lower.falls;
    if (falls > 0) {
      const double mean = (upper.first - lower.first) / falls;
      const double variance = far - near < 1.5 ? 0 : (upper.second - lower.second) / falls - mean * mean;
      for (std::size_t side = 0; side < 2; ++side) {
        const double k = mean + (side == 0 ? -1 : 1) * std::sqrt(std::max(0.0, variance));
        const double at = peak() + std::clamp(k, distance - far + 1, distance - near);
        Knot& knot = history.knots[2 * bin + side];
        knot.drop = 0.5 * (rate(step - far) - rate(step - near));
        knot.steps = step - at + 1;
        knot.rate = std::max(rate(at), least_rate);
        knot.area = std::max(history.area - area(at - 1), least_rate * knot.steps);
      }
    }
    upper = lower;
    near = far;
  }
  return history;
}

}  // namespace isoflop::laws
