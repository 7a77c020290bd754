#include "report/layout.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/math.h"
#include "report/text.h"

namespace isoflop::report {
namespace {

constexpr double kSize = 12;          // of all figure text
constexpr double kLine = 15;          // between lines of text
constexpr std::size_t kLongest = 22;  // code points of a name in the plot; the table has it whole

struct Range {
  double low = 0, high = 0;
  bool any = false;
  void take(double value) {
    low = any ? std::min(low, value) : value;
    high = any ? std::max(high, value) : value;
    any = true;
  }
};

bool usable(double value, AxisScale scale) {
  return std::isfinite(value) && (scale == AxisScale::linear || value > 0);
}

/// The axis' range: as asked, else the data's with a margin. Bands widen it by half the data's span at most: one with few
/// degrees of freedom would press the points flat.
void set_range(const FigureAxis& axis, const Range& data, const Range& bands, double margin, Ruler& ruler) {
  ruler.scale = axis.scale;
  const bool log = axis.scale == AxisScale::log;
  double low = log ? 1 : 0, high = log ? 10 : 1;
  if (data.any) {
    low = log ? log_(data.low) : data.low;
    high = log ? log_(data.high) : data.high;
    double span = high - low;
    if (span <= 0) span = log ? 0.7 : std::max(std::fabs(high), 1.0) * 0.5;
    double below = margin * span, above = margin * span;
    if (bands.any) {
      below = std::max(below, std::min(0.5 * span, low - (log ? log_(bands.low) : bands.low)));
      above = std::max(above, std::min(0.5 * span, (log ? log_(bands.high) : bands.high) - high));
    }
    low -= below;
    high += above;
    if (log) {
      low = exp_(low);
      high = exp_(high);
    }
  }
  ruler.low = axis.low && usable(*axis.low, axis.scale) ? *axis.low : low;
  ruler.high = axis.high && usable(*axis.high, axis.scale) ? *axis.high : high;
  if (!(ruler.high > ruler.low)) ruler.high = log ? ruler.low * 10 : ruler.low + 1;
}

void set_ranges(const Figure& figure, Layout& layout) {
  Range x, y, band;
  for (const FigureSeries& s : figure.series)
    for (const FigurePoint& p : s.points) {
      if (s.mark != Mark::horizontal_rule && usable(p.x, figure.x.scale)) x.take(p.x);
      if (s.mark != Mark::band && usable(p.y, figure.y.scale)) y.take(p.y);
      for (const auto& end : {p.low, p.high})
        if (end && usable(*end, figure.y.scale)) (s.mark == Mark::band ? band : y).take(*end);
      if (s.mark == Mark::horizontal_rule) break;
    }
  const bool has_points =
      std::any_of(figure.series.begin(), figure.series.end(), [](const FigureSeries& s) { return s.mark == Mark::points; });
  set_range(figure.x, x, {}, has_points ? 0.04 : 0, layout.x);
  set_range(figure.y, y, band, 0.08, layout.y);
}

Box box_of(double x, double y, Anchor anchor, double width) {
  const double x0 = anchor == Anchor::start ? x : anchor == Anchor::end ? x - width : x - width / 2;
  return {x0, y - 10, x0 + width, y + 3};
}

PlacedText text_at(std::string text, double x, double y, Anchor anchor, bool soft, bool halo) {
  PlacedText placed{
      .text = std::move(text), .x = x, .y = y, .anchor = anchor, .size = kSize, .soft = soft, .halo = halo, .box = {}};
  placed.box = box_of(x, y, anchor, text_width(placed.text, kSize));
  return placed;
}

/// Puts labels where they cover least; what is once placed is in everybody else's way.
class Placer {
 public:
  Placer(const Figure& figure, const Layout& layout) : plot_(layout.plot) {
    for (const FigureSeries& s : figure.series)
      for (std::size_t i = 0; i < s.points.size(); ++i) add_obstacle(s, i, layout);
  }
  [[nodiscard]] double cost(const Box& box) const {
    double sum = 0;
    for (const Box& b : marks_) sum += overlap(box, b);
    for (const Box& b : points_) sum += 4 * overlap(box, b);
    for (const Box& b : labels_) sum += 50 * overlap(box, b);
    const double outside = std::max({0.0, plot_.x0 - box.x0, box.x1 - plot_.x1, plot_.y0 - box.y0, box.y1 - plot_.y1});
    return sum + 1000 * outside;
  }
  [[nodiscard]] bool covers_label(const Box& box) const {
    return std::any_of(labels_.begin(), labels_.end(), [&](const Box& b) { return overlap(box, b) > 0; });
  }
  /// More than a corner of its mark.
  [[nodiscard]] bool covers_point(const Box& box) const {
    constexpr double kCorner = 12;  // square pixels
    return std::any_of(points_.begin(), points_.end(), [&](const Box& b) { return overlap(box, b) > kCorner; });
  }
  void take(const Box& box) { labels_.push_back({box.x0 - 2, box.y0 - 1, box.x1 + 2, box.y1 + 1}); }

  /// The cheapest candidate, the first of equals. Nothing if it would cover another label or leave the plot.
  std::optional<PlacedText> best(const std::vector<PlacedText>& candidates) {
    const PlacedText* chosen = nullptr;
    double least = 0;
    for (const PlacedText& c : candidates) {
      const double price = cost(c.box);
      if (chosen && !(price < least - 1e-9)) continue;
      chosen = &c;
      least = price;
    }
    if (!chosen || covers_label(chosen->box) || least >= 1000) return std::nullopt;
    take(chosen->box);
    return *chosen;
  }

 private:
  void add_obstacle(const FigureSeries& s, std::size_t i, const Layout& layout) {
    const FigurePoint& p = s.points[i];
    if (s.mark == Mark::band || !layout.x.holds(p.x) || !layout.y.holds(p.y)) return;
    const double x = layout.x(p.x), y = layout.y(p.y);
    if (s.mark == Mark::points) points_.push_back({x - 6, y - 6, x + 6, y + 6});
    if (s.mark == Mark::points && p.low && p.high && layout.y.holds(*p.low) && layout.y.holds(*p.high))
      marks_.push_back({x - 2, layout.y(*p.high), x + 2, layout.y(*p.low)});
    if (s.mark == Mark::horizontal_rule && i == 0) marks_.push_back({plot_.x0, y - 1, plot_.x1, y + 1});
    if (s.mark != Mark::line || i == 0) return;
    // a line is in the way along its whole length
    const FigurePoint& q = s.points[i - 1];
    if (!layout.x.holds(q.x) || !layout.y.holds(q.y)) return;
    const double x0 = layout.x(q.x), y0 = layout.y(q.y);
    const int pieces = std::max(1, static_cast<int>(std::max(std::fabs(x - x0), std::fabs(y - y0)) / 4));
    for (int k = 1; k <= pieces; ++k) {
      const double t = static_cast<double>(k) / pieces, cx = x0 + t * (x - x0), cy = y0 + t * (y - y0);
      marks_.push_back({cx - 2, cy - 2, cx + 2, cy + 2});
    }
  }

  Box plot_;
  std::vector<Box> marks_, points_, labels_;
};

void place_notes(const Figure& figure, Placer& placer, Layout& layout) {
  if (figure.notes.empty()) return;
  double width = 0;
  for (const std::string& note : figure.notes) width = std::max(width, text_width(note, kSize));
  const double height = kLine * static_cast<double>(figure.notes.size());
  const Box& plot = layout.plot;
  struct Corner {
    Anchor anchor;
    Box box;
  };
  const std::array<Corner, 4> corners{{{Anchor::end, {plot.x1 - 10 - width, plot.y0 + 8, plot.x1 - 10, plot.y0 + 8 + height}},
                                       {Anchor::start, {plot.x0 + 10, plot.y1 - 10 - height, plot.x0 + 10 + width, plot.y1 - 10}},
                                       {Anchor::start, {plot.x0 + 10, plot.y0 + 8, plot.x0 + 10 + width, plot.y0 + 8 + height}},
                                       {Anchor::end, {plot.x1 - 10 - width, plot.y1 - 10 - height, plot.x1 - 10, plot.y1 - 10}}}};
  const Corner* chosen = &corners[0];
  for (const Corner& c : corners)
    if (placer.cost(c.box) < placer.cost(chosen->box) - 1e-9) chosen = &c;
  placer.take(chosen->box);
  for (std::size_t i = 0; i < figure.notes.size(); ++i) {
    layout.labels.push_back(text_at(figure.notes[i], chosen->anchor == Anchor::end ? chosen->box.x1 : chosen->box.x0,
                                    chosen->box.y0 + 11 + kLine * static_cast<double>(i), chosen->anchor, i > 0, true));
    layout.labels.back().power = true;
  }
}

void place_rules(const Figure& figure, Placer& placer, Layout& layout) {
  for (const FigureSeries& s : figure.series) {
    if (s.mark != Mark::horizontal_rule || s.name.empty() || s.points.empty() || !layout.y.holds(s.points[0].y)) continue;
    const double y = layout.y(s.points[0].y), left = layout.plot.x0 + 8, right = layout.plot.x1 - 8;
    std::vector<PlacedText> candidates;
    for (const double dy : {-5.0, 14.0}) {
      candidates.push_back(text_at(s.name, left, y + dy, Anchor::start, true, true));
      candidates.push_back(text_at(s.name, right, y + dy, Anchor::end, true, true));
      candidates.push_back(text_at(s.name, (left + right) / 2, y + dy, Anchor::middle, true, true));
    }
    if (auto placed = placer.best(candidates)) layout.labels.push_back(*placed);
  }
}

/// Names of the points of one kind; one for which there is no room beside other points is left out.
void place_point_names(const Figure& figure, bool hollow, Placer& placer, Layout& layout) {
  for (const FigureSeries& s : figure.series) {
    if (s.mark != Mark::points || s.hollow != hollow) continue;
    for (const FigurePoint& p : s.points) {
      if (p.label.empty() || !layout.x.holds(p.x) || !layout.y.holds(p.y)) continue;
      const double x = layout.x(p.x), y = layout.y(p.y);
      const std::string name = shorten(p.label, kLongest);
      std::vector<PlacedText> candidates{
          text_at(name, x + 8, y - 7, Anchor::start, false, true),  text_at(name, x, y - 10, Anchor::middle, false, true),
          text_at(name, x + 10, y + 4, Anchor::start, false, true), text_at(name, x - 8, y + 15, Anchor::end, false, true),
          text_at(name, x, y + 19, Anchor::middle, false, true),    text_at(name, x - 10, y + 4, Anchor::end, false, true),
          text_at(name, x + 8, y + 15, Anchor::start, false, true), text_at(name, x - 8, y - 7, Anchor::end, false, true)};
      std::erase_if(candidates, [&](const PlacedText& c) { return placer.covers_point(c.box); });
      if (auto placed = placer.best(candidates)) layout.labels.push_back(*placed);
    }
  }
}

/// Names at the right ends of lines, pushed apart downwards, then back up where they would leave the plot.
void place_line_ends(const Figure& figure, Layout& layout) {
  struct End {
    const FigureSeries* series;
    double x, y, at;
  };
  std::vector<End> ends;
  for (const FigureSeries& s : figure.series) {
    if (s.mark != Mark::line || !s.label_end || s.name.empty() || s.points.empty()) continue;
    const FigurePoint& p = s.points.back();
    if (layout.x.holds(p.x) && layout.y.holds(p.y)) ends.push_back({&s, layout.x(p.x), layout.y(p.y), layout.y(p.y)});
  }
  std::stable_sort(ends.begin(), ends.end(), [](const End& a, const End& b) { return a.y < b.y; });
  for (std::size_t i = 1; i < ends.size(); ++i) ends[i].at = std::max(ends[i].at, ends[i - 1].at + 14);
  double floor = layout.plot.y1 - 2;
  for (std::size_t i = ends.size(); i-- > 0; floor = ends[i].at - 14) ends[i].at = std::min(ends[i].at, floor);
  for (const End& end : ends) {
    const double x = layout.plot.x1 + 16;
    layout.labels.push_back(text_at(shorten(end.series->name, kLongest), x, end.at + 4, Anchor::start, false, false));
    layout.leaders.push_back({end.x + 2, end.y, x - 3, end.at, end.series->order, end.series->tone});
  }
}

double widest_end(const Figure& figure) {
  double width = 0;
  for (const FigureSeries& s : figure.series)
    if (s.mark == Mark::line && s.label_end && !s.name.empty())
      width = std::max(width, text_width(shorten(s.name, kLongest), kSize));
  return width;
}

}  // namespace

double overlap(const Box& a, const Box& b) {
  const double w = std::min(a.x1, b.x1) - std::max(a.x0, b.x0), h = std::min(a.y1, b.y1) - std::max(a.y0, b.y0);
  return w > 0 && h > 0 ? w * h : 0;
}

bool Ruler::holds(double value) const {
  return usable(value, scale);
}

double Ruler::operator()(double value) const {
  const double t = scale == AxisScale::log ? log_(value / low) / log_(high / low) : (value - low) / (high - low);
  return from + std::clamp(t, -20.0, 20.0) * (to - from);  // far outside stays outside, and a number a viewer can hold
}

Layout lay_out(const Figure& figure, double width, double height) {
  Layout layout;
  layout.width = width;
  layout.height = height;
  set_ranges(figure, layout);
  layout.y.ticks =
      axis_ticks(layout.y.low, layout.y.high, layout.y.scale, std::max(3, static_cast<int>(height / 55)), figure.y.counts);

  double tick_width = 0;
  for (const Tick& tick : layout.y.ticks) tick_width = std::max(tick_width, text_width(tick.label, kSize));
  const double ends = widest_end(figure);
  layout.plot = {std::ceil(tick_width + 12), 32, width - (ends > 0 ? std::ceil(ends + 20) : 14), height - 46};
  layout.x.from = layout.plot.x0;
  layout.x.to = layout.plot.x1;
  layout.y.from = layout.plot.y1;
  layout.y.to = layout.plot.y0;
  layout.x.ticks = axis_ticks(layout.x.low, layout.x.high, layout.x.scale,
                              std::max(3, static_cast<int>((layout.plot.x1 - layout.plot.x0) / 60)), figure.x.counts);

  Placer placer(figure, layout);
  place_notes(figure, placer, layout);
  for (const bool hollow : {false, true}) place_point_names(figure, hollow, placer, layout);  // what is shown beside comes after
  place_rules(figure, placer, layout);
  place_line_ends(figure, layout);
  return layout;
}

}  // namespace isoflop::report
