// What points of optima make: lines in logarithms, L*(C), and the numbers of these.
#pragma once

#include "laws/allocation.h"
#include "laws/line.h"

namespace isoflop::laws {

/// What points make: the lines, and with losses L*(C) as a plain power and with a floor, which is 0 where they do not tell
/// one.
struct AllocationLaws {
  Line n;
  std::optional<Line> d, ratio;  // ln D*, and ln D*/N*: a difference, whose error is not that of its parts
  std::optional<LossFrontier> plain, floored;

  [[nodiscard]] const LossFrontier& frontier() const { return floored ? *floored : *plain; }
};

/// A number of the law: a slope of a line, a line's value at an x, or what L*(C) says.
struct AllocationNumber {
  std::string name;
  enum class Of { n, d, ratio, plain, floored, frontier } of = Of::n;
  enum class What { value, slope, floor } what = What::value;
  double x = 0;
  bool constant = false;

  [[nodiscard]] bool of_loss() const { return of == Of::plain || of == Of::floored || of == Of::frontier; }
  [[nodiscard]] const Line& line(const AllocationLaws& laws) const {
    return of == Of::n ? laws.n : of == Of::d ? *laws.d : *laws.ratio;
  }
  [[nodiscard]] double value(const AllocationLaws& laws) const;
  /// Of a line's number: of Student's t.
  [[nodiscard]] double standard_error(const AllocationLaws& laws) const;
  [[nodiscard]] Interval student(const AllocationLaws& laws, double level) const;
  /// Whether a line's number is one that a double holds.
  [[nodiscard]] bool possible(const AllocationLaws& laws) const;
};

/// The lines alone.
[[nodiscard]] AllocationLaws lines_of(const std::vector<AllocationPoint>& points, bool weighted, bool tokens);

/// L*(C) through the losses of points; with `floor` also with one. None where the losses are all at one C.
void put_frontier(const std::vector<AllocationPoint>& points, bool floor, AllocationLaws& laws);

/// Constants, and what is asked for at budgets.
[[nodiscard]] std::vector<AllocationNumber> numbers_of(const AllocationLaws& laws, const std::vector<double>& at);

}  // namespace isoflop::laws
