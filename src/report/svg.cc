// A placed figure -> SVG 1.1. Order: grid, bands, lines, points, text; colours come from classes, never from the data.
#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "isoflop/report.h"
#include "report/layout.h"
#include "report/palette.h"
#include "report/text.h"

namespace isoflop {
namespace {

using report::coordinate;
using report::escape;
using report::Layout;

std::string line_element(const std::string& cls, double x0, double y0, double x1, double y1) {
  return "<line class=\"" + cls + "\" x1=\"" + coordinate(x0) + "\" y1=\"" + coordinate(y0) + "\" x2=\"" + coordinate(x1) +
         "\" y2=\"" + coordinate(y1) + "\"/>";
}

/// Where the exponent that begins at `from` ends: at its closing bracket, else before a space, comma or closing bracket.
std::size_t end_of_exponent(const std::string& text, std::size_t from) {
  int depth = 0;
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text[i] == '(') ++depth;
    if (text[i] == ')' && --depth <= 0) return depth < 0 ? i : i + 1;
    if (depth == 0 && (text[i] == ' ' || text[i] == ',' || text[i] == ']')) return i;
  }
  return text.size();
}

/// Escaped; with `power`, what follows a ^ stands raised.
std::string inner_text(const std::string& text, bool power) {
  if (!power) return escape(text);
  std::string out;
  bool raised = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t hat = std::min(text.find('^', at), text.size());
    const std::string plain = escape(text.substr(at, hat - at));
    out += raised && !plain.empty() ? "<tspan dy=\"5\">" + plain + "</tspan>" : plain;
    if (hat == text.size()) break;
    const std::size_t end = end_of_exponent(text, hat + 1);
    out += "<tspan dy=\"-5\" font-size=\"9.5\">" + escape(text.substr(hat + 1, end - hat - 1)) + "</tspan>";
    raised = true;
    at = end;
  }
  return out;
}

std::string text_element(const std::string& text, double x, double y, const char* anchor, const std::string& cls,
                         bool power = false) {
  return "<text" + (cls.empty() ? "" : " class=\"" + cls + "\"") + " x=\"" + coordinate(x) + "\" y=\"" + coordinate(y) + "\"" +
         (std::string(anchor) == "start" ? "" : std::string(" text-anchor=\"") + anchor + "\"") + ">" + inner_text(text, power) +
         "</text>";
}

const char* anchor_name(report::Anchor anchor) {
  return anchor == report::Anchor::start ? "start" : anchor == report::Anchor::end ? "end" : "middle";
}

std::string stroke_class(Tone tone, double order) {
  if (tone == Tone::accent) return "accent";
  if (tone == Tone::muted) return "muted";
  return "ord " + report::ordered_class(order);
}

std::string dot_class(const FigureSeries& s) {
  if (s.hollow) return "open";
  if (s.tone == Tone::muted) return "mdot";
  return s.tone == Tone::accent ? "dot" : report::ordered_class(s.order) + "f";
}

class Writer {
 public:
  Writer(const Figure& figure, const SvgOptions& options)
      : figure_(figure), options_(options), layout_(report::lay_out(figure, options.width, options.height)) {
    // two drawings of one figure in one page: their ids must differ
    id_ = figure.id + (options.standalone ? "" : "-" + coordinate(std::floor(options.width)));
  }

  std::string write() {
    open();
    axes();
    out_ += "<g clip-path=\"url(#" + id_ + "-plot)\">";
    for (const FigureSeries& s : figure_.series)
      if (s.mark == Mark::band) band(s);
    for (const FigureSeries& s : figure_.series) {
      if (s.mark == Mark::horizontal_rule) rule(s);
      if (s.mark == Mark::line) curve(s);
    }
    out_ += "</g>";
    for (const FigureSeries& s : figure_.series)
      if (s.mark == Mark::points) points(s);
    for (const report::Leader& l : layout_.leaders) {
      std::string element = line_element(stroke_class(l.tone, l.order), l.x0, l.y0, l.x1, l.y1);
      out_ += element.insert(5, " stroke-width=\"1\" stroke-opacity=\".6\"");
    }
    labels();
    return out_ + "</svg>\n";
  }

 private:
  void open() {
    // inside a page the namespace is known, and a page without a single address is easy to check
    out_ += std::string("<svg") + (options_.standalone ? " xmlns=\"http://www.w3.org/2000/svg\"" : "") +
            " class=\"fig\" viewBox=\"0 0 " + coordinate(options_.width) + " " + coordinate(options_.height) + "\"";
    if (options_.standalone)
      out_ += " width=\"" + coordinate(options_.width) + "\" height=\"" + coordinate(options_.height) + "\"";
    out_ += " role=\"img\" aria-labelledby=\"" + id_ + "-title " + id_ + "-desc\">";
    out_ += "<title id=\"" + id_ + "-title\">" + escape(figure_.title) + "</title><desc id=\"" + id_ + "-desc\">" +
            escape(figure_.description) + "</desc>";
    const report::Box& p = layout_.plot;
    const std::string area = "x=\"" + coordinate(p.x0) + "\" y=\"" + coordinate(p.y0) + "\" width=\"" + coordinate(p.x1 - p.x0) +
                             "\" height=\"" + coordinate(p.y1 - p.y0) + "\"";
    if (options_.standalone)
      out_ += "<style>" + report::figure_css() + "</style><rect class=\"paper\" width=\"100%\" height=\"100%\"/>";
    out_ += "<clipPath id=\"" + id_ + "-plot\"><rect " + area + "/></clipPath>";
  }

  void axes() {
    const report::Box& p = layout_.plot;
    // a label that would touch the one before it is left out
    double free_from = -1e9;
    for (const Tick& tick : layout_.x.ticks) {
      const double x = layout_.x(tick.value), half = report::text_width(tick.label, 12) / 2;
      if (!tick.label.empty()) out_ += line_element("grid", x, p.y0, x, p.y1);
      out_ += line_element("frame", x, p.y1, x, p.y1 + (tick.label.empty() ? 3 : 5));
      const double at = std::min(x, layout_.width - half - 1);
      if (tick.label.empty() || at - half < free_from) continue;
      out_ += text_element(tick.label, at, p.y1 + 18, "middle", "soft");
      free_from = at + half + 6;
    }
    for (const Tick& tick : layout_.y.ticks) {
      const double y = layout_.y(tick.value);
      if (tick.label.empty()) {
        out_ += line_element("frame", p.x0 - 3, y, p.x0, y);
        continue;
      }
      out_ += line_element("grid", p.x0, y, p.x1, y);
      out_ += text_element(tick.label, p.x0 - 7, y + 4, "end", "soft");
    }
    out_ += line_element("frame", p.x0, p.y1, p.x1, p.y1);
    out_ += text_element(figure_.y.label, 1, 14, "start", "");
    out_ += text_element(figure_.x.label, p.x1, p.y1 + 38, "end", "");
  }

  [[nodiscard]] bool drawable(const FigurePoint& p) const { return layout_.x.holds(p.x) && layout_.y.holds(p.y); }
  [[nodiscard]] std::string place(double x, double y) const { return coordinate(layout_.x(x)) + " " + coordinate(layout_.y(y)); }

  void band(const FigureSeries& s) {
    std::string upper, lower;
    for (const FigurePoint& p : s.points) {
      if (!layout_.x.holds(p.x) || !p.low || !p.high || !layout_.y.holds(*p.low) || !layout_.y.holds(*p.high)) continue;
      upper += (upper.empty() ? "M" : "L") + place(p.x, *p.high);
      lower = "L" + place(p.x, *p.low) + lower;
    }
    if (!upper.empty())
      out_ += "<path class=\"band\" fill-opacity=\"" + std::string(s.faint ? ".07" : ".16") + "\" d=\"" + upper + lower + "Z\"/>";
  }

  void rule(const FigureSeries& s) {
    if (s.points.empty() || !layout_.y.holds(s.points[0].y)) return;
    const double y = layout_.y(s.points[0].y);
    std::string element = line_element(stroke_class(s.tone, s.order), layout_.plot.x0, y, layout_.plot.x1, y);
    out_ += element.insert(5, std::string(" stroke-width=\"1\"") + (s.dashed ? " stroke-dasharray=\"5 4\"" : ""));
  }

  void curve(const FigureSeries& s) {
    std::string path;
    bool pen_down = false;
    for (const FigurePoint& p : s.points) {
      if (drawable(p)) path += (pen_down ? "L" : "M") + place(p.x, p.y);
      pen_down = drawable(p);  // what is not a number leaves a gap
    }
    if (path.empty()) return;
    out_ += "<path class=\"" + stroke_class(s.tone, s.order) + "\" stroke-width=\"" + (s.faint ? "1.1" : "1.8") +
            "\" stroke-linejoin=\"round\" stroke-linecap=\"round\"" + (s.faint ? " stroke-opacity=\".7\"" : "") +
            (s.dashed ? " stroke-dasharray=\"5 4\"" : "") + " d=\"" + path + "\"/>";
  }

  void points(const FigureSeries& s) {
    for (const FigurePoint& p : s.points) {
      if (!drawable(p)) continue;
      const double x = layout_.x(p.x), y = layout_.y(p.y);
      if (p.low && p.high && layout_.y.holds(*p.low) && layout_.y.holds(*p.high)) {
        std::string element = line_element(stroke_class(s.tone, s.order), x, layout_.y(*p.low), x, layout_.y(*p.high));
        out_ += element.insert(5, " stroke-width=\"1.4\"");
      }
      out_ += "<circle class=\"" + dot_class(s) + "\" stroke-width=\"1.4\" cx=\"" + coordinate(x) + "\" cy=\"" + coordinate(y) +
              "\" r=\"" + (s.faint ? "3" : "4.6") + "\">" +
              (s.name.empty() && p.label.empty() ? "" : "<title>" + escape(p.label.empty() ? s.name : p.label) + "</title>") +
              "</circle>";
    }
  }

  void labels() {
    for (const report::PlacedText& t : layout_.labels) {
      const std::string cls = std::string(t.soft ? "soft" : "") + (t.halo ? (t.soft ? " halo" : "halo") : "");
      out_ += text_element(t.text, t.x, t.y, anchor_name(t.anchor), cls, t.power);
    }
  }

  const Figure& figure_;
  const SvgOptions& options_;
  Layout layout_;
  std::string id_, out_;
};

}  // namespace

std::string figure_svg(const Figure& figure, const SvgOptions& options) {
  if (figure.id.empty() || figure.id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") != std::string::npos)
    throw Error(Fault::failure, "figure `" + figure.id + "`", "an id is made of a-z, 0-9, _ and -");
  if (!(options.width >= 200 && options.height >= 140))
    throw Error(Fault::failure, "figure `" + figure.id + "`", "smaller than 200 x 140");
  return Writer(figure, options).write();
}

}  // namespace isoflop
