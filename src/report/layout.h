// A figure placed: axes with their ranges, the plot area, and where every label goes. The writer only writes it down.
#pragma once

#include <string>
#include <vector>

#include "isoflop/report.h"

namespace isoflop::report {

struct Box {
  double x0 = 0, y0 = 0, x1 = 0, y1 = 0;
};
[[nodiscard]] double overlap(const Box& a, const Box& b);  ///< shared area

/// One axis: data -> pixels, rising with the value (y: towards smaller pixel numbers).
struct Ruler {
  AxisScale scale = AxisScale::linear;
  double low = 0, high = 1;  // data
  double from = 0, to = 1;   // pixels
  std::vector<Tick> ticks;
  [[nodiscard]] double operator()(double value) const;
  [[nodiscard]] bool holds(double value) const;  ///< finite, positive on a log axis
};

enum class Anchor { start, middle, end };

struct PlacedText {
  std::string text;
  double x = 0, y = 0;  ///< baseline
  Anchor anchor = Anchor::start;
  double size = 12;
  bool soft = false, halo = false;
  bool power = false;  ///< what follows ^ is raised
  Box box;
};

/// A thin line from the end of a curve to its name.
struct Leader {
  double x0 = 0, y0 = 0, x1 = 0, y1 = 0;
  double order = 0;
  Tone tone = Tone::muted;
};

struct Layout {
  double width = 0, height = 0;
  Box plot;
  Ruler x, y;
  std::vector<PlacedText> labels;  ///< points, rules, line ends, notes
  std::vector<Leader> leaders;
};

[[nodiscard]] Layout lay_out(const Figure& figure, double width, double height);

}  // namespace isoflop::report
