// Pictures of fits: what is drawn, and that each is well formed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/math.h"
#include "base/random.h"
#include "isoflop/report.h"
#include "report/markup_check.h"

namespace isoflop {
namespace {

Observations isoflop_table() {
  Observations table;
  const Philox random{1, Stream::simulate};
  std::uint64_t at = 0;
  for (int budget = 0; budget < 5; ++budget)
    for (int size = -4; size <= 4; ++size, ++at) {
      const double c = 1e18 * pow_(10, 0.5 * budget), n = std::sqrt(c / 120) * exp_(0.4 * size), d = c / 6 / n;
      table.labels.push_back("run " + std::to_string(at));
      table.columns["params"].push_back(n);
      table.columns["tokens"].push_back(d);
      table.columns["flops"].push_back(c);
      table.columns["loss"].push_back((1.8 + 480 * pow_(n, -0.35) + 2100 * pow_(d, -0.37)) * exp_(0.003 * random.normal(at, 0)));
    }
  return table;
}

std::set<std::string> names(const std::vector<Figure>& figures) {
  std::set<std::string> ids;
  for (const Figure& figure : figures) {
    ids.insert(figure.id);
    EXPECT_EQ(report::markup_problem(figure_svg(figure), false), "") << figure.id;
    EXPECT_FALSE(figure.series.empty()) << figure.id;
  }
  EXPECT_EQ(ids.size(), figures.size()) << "two figures of one name";
  return ids;
}

const Figure& named(const std::vector<Figure>& figures, const std::string& id) {
  return *std::find_if(figures.begin(), figures.end(), [&](const Figure& f) { return f.id == id; });
}

TEST(LawFigures, OfASurfaceShowItsFrontierResidualsAndResamples) {
  const Observations table = isoflop_table();
  const Fit fit = *fit_law(table, "chinchilla", {.bootstrap = 80, .profile = true, .threads = 2}).fit;
  const auto figures = law_figures(table, fit);
  const auto ids = names(figures);
  for (const char* id : {"chinchilla", "chinchilla_residuals", "chinchilla_observed", "chinchilla_draws", "chinchilla_profile_1"})
    EXPECT_TRUE(ids.contains(id)) << id;
  // the frontier lies below every run but for noise
  const Figure& law = named(figures, "chinchilla");
  const auto line =
      std::find_if(law.series.begin(), law.series.end(), [](const FigureSeries& s) { return s.mark == Mark::line; });
  for (const FigurePoint& p : line->points)
    EXPECT_LT(p.y, 1.8 + 480 * pow_(std::sqrt(p.x / 120), -0.35) + 2100 * pow_(std::sqrt(p.x * 120) / 6, -0.37) + 0.02);
  const auto band =
      std::find_if(law.series.begin(), law.series.end(), [](const FigureSeries& s) { return s.mark == Mark::band; });
  ASSERT_NE(band, law.series.end());
  for (const FigurePoint& p : band->points) EXPECT_TRUE(*p.low <= p.y && p.y <= *p.high);
}

TEST(LawFigures, MarkWhatWasHeldOut) {
  const Observations table = isoflop_table();
  Fit fit = *fit_law(table, "chinchilla", {.bootstrap = 80, .threads = 2}).fit;
  fit.holdout.emplace();
  fit.holdout->where = "flops<1e20";
  fit.holdout->rows.push_back({"run 44", 2.4, 2.39, Interval{2.3, 2.5, 0.9}});
  const Figure observed = named(law_figures(table, fit), "chinchilla_observed");
  const auto hollow =
      std::find_if(observed.series.begin(), observed.series.end(), [](const FigureSeries& s) { return s.hollow; });
  ASSERT_NE(hollow, observed.series.end());
  EXPECT_EQ(hollow->points.size(), 1U);
  EXPECT_EQ(hollow->points[0].y, 2.4);
}

TEST(LawFigures, OfIsoflopCurvesShowEachBudgetAndItsMinimum) {
  const Observations table = isoflop_table();
  const Fit fit = *fit_isoflop(table).fit;
  const auto figures = law_figures(table, fit);
  const auto ids = names(figures);
  ASSERT_TRUE(ids.contains("isoflop_curves") && ids.contains("isoflop"));
  const Figure& curves = named(figures, "isoflop_curves");
  EXPECT_EQ(std::count_if(curves.series.begin(), curves.series.end(), [](const FigureSeries& s) { return s.mark == Mark::line; }),
            5);
  EXPECT_EQ(curves.series.back().points.size(), 5U);
}

TEST(LawFigures, OfOneVariableShowTheLawOverItsPoints) {
  const Observations table = isoflop_table();
  const auto ids = names(law_figures(table, *fit_law(table, "power_c", {.bootstrap = 80}).fit));
  EXPECT_TRUE(ids.contains("power_c"));
  EXPECT_TRUE(ids.contains("power_c_residuals"));
}

TEST(LawFigures, ReadFlopsAsPowersOfTenAndRaiseEveryExponent) {
  for (const Tick& tick : axis_ticks(1e18, 1e24, AxisScale::log, 6))
    EXPECT_TRUE(tick.label.empty() || tick.label.find('e') != std::string::npos) << tick.label;
  const Observations table = isoflop_table();
  const std::string svg =
      figure_svg(named(law_figures(table, *fit_law(table, "chinchilla", {.bootstrap = 0}).fit), "chinchilla"));
  EXPECT_NE(svg.find("N<tspan dy=\"-5\" font-size=\"9.5\">-alpha</tspan><tspan dy=\"5\"> + B D</tspan>"), std::string::npos);
}

}  // namespace
}  // namespace isoflop
