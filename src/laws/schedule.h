// What the learning rate of a run did up to a step, as the laws of whole loss curves read it: at one size, whatever the number of
// steps.
#pragma once

#include <array>
#include <vector>

#include "isoflop/laws.h"

namespace isoflop::laws {

/// Falls of the rate, gathered: `drop` of it, as far back as `steps` and `area` say.
struct Knot {
  double drop = 0;   ///< signed; 0: no knot
  double steps = 1;  ///< from the fall to the step, both counted
  double area = 1;   ///< sum of the rates of these steps
  double rate = 1;   ///< what it fell to
};

inline constexpr int kKnots = 32;

struct History {
  double area = 0;  ///< S1, the sum of the rates of all steps up to this one
  std::array<Knot, kKnots> knots{};
};

/// The rates of a run's steps. Between the steps that are known the rate is a line; before the first it rises to it from 0 if the
/// rate rises later, and is constant else; after the last it stays.
///
/// Needs    a schedule of one step or more, ascending, whole numbers from 0.
class LearningRates {
 public:
  explicit LearningRates(const Schedule& schedule);

  /// The first step of the highest rate. What rises before it is warm-up: it counts to the area and is no (negative) fall.
  [[nodiscard]] double peak() const { return steps_[peak_]; }
  [[nodiscard]] double first() const { return steps_.front(); }
  [[nodiscard]] double last() const { return steps_.back(); }
  /// Sum of the rates of steps 0..step, which may lie between two steps.
  [[nodiscard]] double area(double step) const;
  [[nodiscard]] double rate(double step) const;

  /// Falls between the peak and `step` in 16 bins of geometric distance, each as two knots with the bin's sum, mean and variance
  /// of the position (Gauss' two points): a smooth function of the distance is summed to about 1e-4 of itself (schedule_test.cc).
  [[nodiscard]] History before(double step) const;

 private:
  /// Sums over steps (peak, step] of |fall|, |fall| k and |fall| k^2, k counted from the peak.
  struct Moments {
    double falls = 0, first = 0, second = 0;
  };
  [[nodiscard]] std::size_t segment(double step) const;
  [[nodiscard]] Moments moments(double step) const;

  std::vector<double> steps_, rates_, areas_;
  std::vector<Moments> moments_;  // up to each known step
  std::size_t peak_ = 0;
};

}  // namespace isoflop::laws
