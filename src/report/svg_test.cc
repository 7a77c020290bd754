#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "isoflop/report.h"
#include "report/figures.h"
#include "report/fixture.h"
#include "report/layout.h"
#include "report/markup_check.h"
#include "report/text.h"

namespace isoflop {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> labels(const std::vector<Tick>& ticks) {
  std::vector<std::string> names;
  for (const Tick& t : ticks)
    if (!t.label.empty()) names.push_back(t.label);
  return names;
}

std::string nb(std::string text) {
  const auto at = text.find(' ');
  return at == std::string::npos ? text : text.replace(at, 1, report::kNoBreak);
}

TEST(Ticks, StandAtOneTwoFiveWhereTheyFit) {
  EXPECT_THAT(labels(axis_ticks(3e5, 2e7, AxisScale::log, 8)),
              ElementsAre(nb("500 k"), nb("1 M"), nb("2 M"), nb("5 M"), nb("10 M"), nb("20 M")));
}

TEST(Ticks, StandAtDecadesOverAWideRange) {
  EXPECT_THAT(labels(axis_ticks(1e3, 1e9, AxisScale::log, 7)),
              ElementsAre(nb("1 k"), nb("10 k"), nb("100 k"), nb("1 M"), nb("10 M"), nb("100 M"), nb("1 G")));
  EXPECT_THAT(labels(axis_ticks(1e3, 1e9, AxisScale::log, 4)), ElementsAre(nb("1 k"), nb("100 k"), nb("10 M"), nb("1 G")));
  EXPECT_THAT(labels(axis_ticks(1e3, 1e9, AxisScale::log, 4, true)), ElementsAre("1k", "100k", "10M", "1B"));
}

TEST(Ticks, AreEvenNumbersWithinADecadeOfLoss) {
  EXPECT_THAT(labels(axis_ticks(2.3, 4.1, AxisScale::log, 5)), ElementsAre("2.5", "3.0", "3.5", "4.0"));
}

TEST(Ticks, ShowAMinusAndNoMinusZero) {
  EXPECT_THAT(labels(axis_ticks(-1, 1, AxisScale::linear, 5)), ElementsAre("\xE2\x88\x92"
                                                                           "1.0",
                                                                           "\xE2\x88\x92"
                                                                           "0.5",
                                                                           "0", "0.5", "1.0"));
  EXPECT_THAT(labels(axis_ticks(0, 1, AxisScale::linear, 5)), ElementsAre("0", "0.5", "1.0"));
  EXPECT_THAT(labels(axis_ticks(-0.1, 0.9, AxisScale::linear, 5)), ElementsAre("0", "0.2", "0.4", "0.6", "0.8"));
}

TEST(Ticks, LieWithinTheAxisAscendingWhateverTheRange) {
  for (const double low : {1e-7, 0.013, 0.99, 1.0, 17.0, 3.3e5, 9.99e8})
    for (const double ratio : {1.0001, 1.02, 1.7, 9.0, 13.0, 1e3, 1e9})
      for (const AxisScale scale : {AxisScale::linear, AxisScale::log})
        for (const int about : {3, 5, 10}) {
          const auto ticks = axis_ticks(low, low * ratio, scale, about);
          for (std::size_t i = 0; i < ticks.size(); ++i) {
            EXPECT_GE(ticks[i].value, low);
            EXPECT_LE(ticks[i].value, low * ratio);
            if (i > 0) {
              EXPECT_GT(ticks[i].value, ticks[i - 1].value) << low << " " << ratio;
            }
          }
          EXPECT_LE(labels(ticks).size(), static_cast<std::size_t>(about)) << low << " " << ratio << " " << about;
          if (ratio >= 1.7 && about >= 5) {
            EXPECT_GE(labels(ticks).size(), 2u) << low << " " << ratio << " " << about;
          }
        }
}

TEST(Escape, LeavesNoMarkupNoControlAndNoBrokenByte) {
  EXPECT_EQ(report::escape("</script><img onerror=\"x\" a='b'>&"),
            "&lt;/script&gt;&lt;img onerror=&quot;x&quot; a=&#39;b&#39;&gt;&amp;");
  EXPECT_EQ(report::escape(std::string("a\0b\x1b[31m\x7f", 9)), "ab[31m");
  EXPECT_EQ(report::escape("x\xff\xc3(y\xe2\x82"), "x\xEF\xBF\xBD\xEF\xBF\xBD(y\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(report::escape("\xed\xa0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // a surrogate is no character
  EXPECT_EQ(report::escape("a\xE2\x80\xAE"
                           "b"),
            "ab");  // right-to-left override
  EXPECT_EQ(report::escape("\xE6\x96\x87\xE5\xAD\xA6 \xF0\x9F\x98\x80"), "\xE6\x96\x87\xE5\xAD\xA6 \xF0\x9F\x98\x80");
}

TEST(Text, IsShortenedByCodePoints) {
  EXPECT_EQ(report::shorten("abcdef", 6), "abcdef");
  EXPECT_EQ(report::shorten("abcdefg", 6), "abcde\xE2\x80\xA6");
  EXPECT_EQ(report::shorten("\xE6\x96\x87\xE6\x96\x87\xE6\x96\x87", 2), "\xE6\x96\x87\xE2\x80\xA6");
}

TEST(Text, KeepsTheDigitsAskedFor) {
  EXPECT_EQ(report::significant(20.777, 4), "20.78");
  EXPECT_EQ(report::significant(9.9999, 4), "10.00");
  EXPECT_EQ(report::significant(0.0003, 3), "0.000300");
  EXPECT_EQ(report::significant(-0.128861, 4),
            "\xE2\x88\x92"
            "0.1289");
  EXPECT_EQ(report::fixed(-0.0001, 2), "0.00");
  EXPECT_EQ(report::coordinate(12.5), "12.5");
  EXPECT_EQ(report::coordinate(-0.001), "0");
  EXPECT_EQ(report::coordinate(100), "100");
}

class EveryFigure : public testing::TestWithParam<std::pair<double, double>> {
 protected:
  static std::vector<Figure> figures() {
    std::vector<Figure> all;
    for (const StudyReport& study : {report::source_study(), report::fresh_study()})
      for (Figure& f : report_figures(study)) all.push_back(std::move(f));
    return all;
  }
};

TEST_P(EveryFigure, KeepsItsPointsInThePlotAndItsTextInTheFigure) {
  for (const Figure& figure : figures()) {
    const report::Layout layout = report::lay_out(figure, GetParam().first, GetParam().second);
    for (const FigureSeries& s : figure.series) {
      if (s.mark != Mark::points) continue;
      for (const FigurePoint& p : s.points) {
        EXPECT_GE(layout.x(p.x), layout.plot.x0);
        EXPECT_LE(layout.x(p.x), layout.plot.x1);
        EXPECT_GE(layout.y(p.y), layout.plot.y0);
        EXPECT_LE(layout.y(p.y), layout.plot.y1);
      }
    }
    for (const report::PlacedText& t : layout.labels) {
      EXPECT_GE(t.box.x0, 0) << t.text;
      EXPECT_LE(t.box.x1, layout.width + 1) << t.text;
      EXPECT_GE(t.box.y0, 0) << t.text;
      EXPECT_LE(t.box.y1, layout.height) << t.text;
    }
  }
}

TEST_P(EveryFigure, HasNoLabelOverAnother) {
  for (const Figure& figure : figures()) {
    const report::Layout layout = report::lay_out(figure, GetParam().first, GetParam().second);
    EXPECT_FALSE(layout.labels.empty());
    for (std::size_t i = 0; i < layout.labels.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        EXPECT_EQ(report::overlap(layout.labels[i].box, layout.labels[j].box), 0)
            << figure.id << ": " << layout.labels[i].text << " / " << layout.labels[j].text;
  }
}

TEST_P(EveryFigure, IsWellFormedAndTheSameBytesTwice) {
  for (const Figure& figure : figures())
    for (const bool standalone : {true, false}) {
      const SvgOptions options{.width = GetParam().first, .height = GetParam().second, .standalone = standalone};
      const std::string svg = figure_svg(figure, options);
      EXPECT_EQ(report::markup_problem(svg, false), "") << figure.id;
      EXPECT_EQ(svg, figure_svg(figure, options));
      EXPECT_THAT(svg, Not(HasSubstr("nan")));
      EXPECT_THAT(svg, Not(HasSubstr("inf\"")));
    }
}

INSTANTIATE_TEST_SUITE_P(Sizes, EveryFigure,
                         testing::Values(std::pair{880.0, 470.0}, std::pair{356.0, 370.0}, std::pair{460.0, 300.0}));

TEST(Figure, TellsItsNumbersToThoseWhoDoNotSee) {
  const Figure figure = report_figures(report::source_study())[0];
  const std::string svg = figure_svg(figure);
  EXPECT_THAT(svg, HasSubstr("<title id=\"loss_by_params-title\">"));
  EXPECT_THAT(svg, HasSubstr("medium: N 3,401,088, loss 3.070."));
}

TEST(Figure, ShowsAHostileNameAsText) {
  StudyReport study = report::source_study();
  study.laws[0].points[0].name = "</text><script>alert(1)</script>";
  const std::string svg = figure_svg(report_figures(study)[0]);
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
  EXPECT_EQ(report::markup_problem(svg, false), "");
}

TEST(Figure, LeavesAGapWhereALossIsNotANumber) {
  Figure figure{.id = "gap",
                .title = "t",
                .description = "d",
                .x = {.label = "x", .low = {}, .high = {}},
                .y = {.label = "y", .scale = AxisScale::log, .low = {}, .high = {}},
                .series = {},
                .notes = {}};
  FigureSeries line{.mark = Mark::line, .name = "a", .points = {}};
  for (int i = 0; i < 6; ++i)
    line.points.push_back({.x = static_cast<double>(i),
                           .y = i == 3   ? std::numeric_limits<double>::quiet_NaN()
                                : i == 5 ? -1
                                         : 2.0 + i,
                           .low = {},
                           .high = {},
                           .label = {}});
  figure.series.push_back(line);
  const std::string svg = figure_svg(figure);
  EXPECT_EQ(report::markup_problem(svg, false), "");
  const auto path = svg.substr(svg.find(" d=\"M"));
  EXPECT_EQ(std::count(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(path.find('"', 4)), 'M'), 2);
}

TEST(Figure, IsDrawnFromOnePointAndFromNone) {
  Figure figure{.id = "one",
                .title = "t",
                .description = "d",
                .x = {.label = "x", .scale = AxisScale::log, .low = {}, .high = {}},
                .y = {.label = "y", .scale = AxisScale::log, .low = {}, .high = {}},
                .series = {},
                .notes = {}};
  EXPECT_EQ(report::markup_problem(figure_svg(figure), false), "");
  FigureSeries points{.mark = Mark::points, .name = "a", .points = {}};
  points.points.push_back({.x = 1e6, .y = 3, .low = {}, .high = {}, .label = "only"});
  figure.series.push_back(points);
  EXPECT_THAT(figure_svg(figure), HasSubstr(">only</text>"));
}

TEST(Figure, LeavesOutNamesThatWouldCoverOthersAndKeepsThePoints) {
  StudyReport study = report::source_study();
  LawView& law = study.laws[0];
  for (int i = 0; i < 40; ++i)
    law.points.push_back({"a long name " + std::to_string(i), 2e6 * (1 + 0.01 * i), 3.4 - 0.002 * i, {}});
  const Figure figure = report_figures(study)[0];
  const report::Layout layout = report::lay_out(figure, 356, 370);
  std::size_t named = 0;
  for (std::size_t i = 0; i < layout.labels.size(); ++i) {
    named += layout.labels[i].text.starts_with("a long name");
    for (std::size_t j = 0; j < i; ++j) EXPECT_EQ(report::overlap(layout.labels[i].box, layout.labels[j].box), 0);
  }
  EXPECT_GT(named, 0u);
  EXPECT_LT(named, 40u);
  const std::string svg = figure_svg(figure, {.width = 356, .height = 370});
  EXPECT_THAT(svg, HasSubstr("<title>a long name 39</title>"));  // the point keeps its name for the pointer and the reader
}

TEST(Figure, RefusesAnIdThatIsNoFileName) {
  Figure figure{.id = "../x", .title = "t", .description = "d", .x = {}, .y = {}, .series = {}, .notes = {}};
  EXPECT_THROW((void)figure_svg(figure), Error);
}

TEST(Figure, SaysABaselineThatIsFarAwayInsteadOfDrawingIt) {
  const Figure figure = report_figures(report::source_study())[0];
  EXPECT_THAT(figure.notes, testing::Contains("unigram entropy 6.12 \xE2\x86\x91"));
  int rules = 0;
  for (const FigureSeries& s : figure.series) rules += s.mark == Mark::horizontal_rule;
  EXPECT_EQ(rules, 1);
}

TEST(Figure, BandHoldsTheLine) {
  const Figure figure = report_figures(report::source_study())[0];
  int bands = 0;
  for (const FigureSeries& s : figure.series) {
    if (s.mark != Mark::band) continue;
    ++bands;
    for (const FigurePoint& p : s.points) {
      EXPECT_LT(*p.low, p.y);
      EXPECT_GT(*p.high, p.y);
    }
  }
  EXPECT_EQ(bands, 2);
}

TEST(Figure, NamesReplicatesOfASizeOnce) {
  const Figure figure = report_figures(report::fresh_study())[0];
  std::vector<std::string> names;
  for (const FigurePoint& p : figure.series.back().points)
    if (!p.label.empty()) names.push_back(p.label);
  EXPECT_THAT(names, ElementsAre("d32", "d48", "d64", "d80", "d96", "d112"));
}

TEST(Curve, IsThinnedByMeansAndKeepsItsEnds) {
  std::vector<StepRecord> steps;
  for (std::int64_t s = 0; s < 5000; ++s) steps.push_back({s, (s + 1) * 8192, 3.0, 1, 1});
  const auto points = report::thin_curve(steps, 150);
  EXPECT_LE(points.size(), 150u);
  EXPECT_GT(points.size(), 60u);
  EXPECT_EQ(points.front().x, 8192);
  EXPECT_GT(points.back().x, 0.9 * 5000 * 8192);
  for (const FigurePoint& p : points) EXPECT_DOUBLE_EQ(p.y, 3.0);
  EXPECT_TRUE(report::thin_curve({}, 150).empty());
}

}  // namespace
}  // namespace isoflop
