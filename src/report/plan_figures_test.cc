// Pictures of a plan: where their points lie.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "isoflop/plan.h"
#include "isoflop/report.h"
#include "plan/fixture.h"
#include "report/layout.h"
#include "report/markup_check.h"

namespace isoflop {
namespace {

struct Drawn {
  Plan plan;
  MachinePlan machines;
  std::vector<CaptionedFigure> figures;

  [[nodiscard]] const Figure& named(const std::string& id) const {
    return std::find_if(figures.begin(), figures.end(), [&](const CaptionedFigure& f) { return f.figure.id == id; })->figure;
  }
  [[nodiscard]] std::set<std::string> ids() const {
    std::set<std::string> all;
    for (const CaptionedFigure& f : figures) all.insert(f.figure.id);
    return all;
  }
};

Drawn drawn(PlanRequest request) {
  Drawn d{.plan = make_plan(request), .machines = {}, .figures = {}};
  d.machines = plan_machines(d.plan);
  d.figures = plan_figures(d.plan, d.machines);
  return d;
}

PlanRequest with_draws() {
  PlanRequest request;
  request.law = planning_law("published:epoch2024");
  request.law.fitted_flops = {1e18, 1.3e22};
  plan::give_draws(request.law, 200);
  request.flops = 1e24;
  request.others = {planning_law("tokens_per_param:20"), planning_law("published:kaplan2020_optimal_params")};
  request.serving.emplace();
  request.serving->tokens = 2e12;
  return request;
}

const FigureSeries& series(const Figure& figure, const std::string& name) {
  return *std::find_if(figure.series.begin(), figure.series.end(), [&](const FigureSeries& s) { return s.name == name; });
}

TEST(PlanFigures, AreWellFormedAndSaidInWords) {
  const Drawn d = drawn(with_draws());
  EXPECT_THAT(d.ids(), testing::ElementsAre("plan_days_money", "plan_frontier", "plan_regret", "plan_same_loss", "plan_sizes"));
  for (const CaptionedFigure& f : d.figures) {
    EXPECT_EQ(report::markup_problem(figure_svg(f.figure), false), "") << f.figure.id;
    EXPECT_FALSE(f.figure.description.empty()) << f.figure.id;
    EXPECT_FALSE(f.caption.empty()) << f.figure.id;
  }
}

TEST(PlanFigures, TheFrontierIsTheLawsAndDashedBeyondItsRows) {
  const Drawn d = drawn(with_draws());
  const Figure& figure = d.named("plan_frontier");
  for (const FigureSeries& s : figure.series) {
    if (s.mark != Mark::line) continue;
    for (const FigurePoint& p : s.points) EXPECT_DOUBLE_EQ(p.y, *optimal_model(d.plan.law, p.x).loss);
    if (s.dashed) {
      // it begins at the last place within, so that no gap shows
      EXPECT_LE(s.points.front().x, 1.3e22);
      EXPECT_GT(s.points[1].x, 1.3e22);
    } else {
      EXPECT_LE(s.points.back().x, 1.3e22);
    }
  }
  const FigurePoint& plan = series(figure, "plan").points.front();
  EXPECT_DOUBLE_EQ(plan.x, 1e24);
  EXPECT_DOUBLE_EQ(plan.y, *d.plan.model.loss);
  // what was trained lies on or above what its compute could reach
  for (const FigurePoint& p : series(figure, "released").points)
    EXPECT_GE(p.y, *optimal_model(d.plan.law, p.x).loss * (1 - 1e-12)) << p.label;
}

TEST(PlanFigures, ABandHoldsItsLineAndIsTheIntervalOfThePlan) {
  const Drawn d = drawn(with_draws());
  const Figure& figure = d.named("plan_sizes");
  const auto band =
      std::find_if(figure.series.begin(), figure.series.end(), [](const FigureSeries& s) { return s.mark == Mark::band; });
  ASSERT_NE(band, figure.series.end());
  for (const FigurePoint& p : band->points) {
    EXPECT_LE(*p.low, p.y);
    EXPECT_GE(*p.high, p.y);
    EXPECT_EQ(*p.low, plan_intervals(d.plan.law, p.x, optimal_model(d.plan.law, p.x)).at("params").low);
  }
  EXPECT_EQ(*series(figure, "plan").points.front().low, d.plan.intervals.at("params").low);
}

TEST(PlanFigures, TheRegretCurveIsLeastAtTheOptimumAndItsMeanAtTheLeastRegret) {
  const Drawn d = drawn(with_draws());
  const Figure& figure = d.named("plan_regret");
  const auto least = [](const FigureSeries& s) {
    return *std::min_element(s.points.begin(), s.points.end(),
                             [](const FigurePoint& a, const FigurePoint& b) { return a.y < b.y; });
  };
  const double step = 1.12;  // between places of the curve
  const FigurePoint own = least(series(figure, "if the law is right")), mean = least(series(figure, "mean of the resamples"));
  EXPECT_LT(std::max(own.x / d.plan.optimum.params, d.plan.optimum.params / own.x), step);
  EXPECT_LT(std::max(mean.x / d.plan.regret->model.params, d.plan.regret->model.params / mean.x), step);
  EXPECT_GE(mean.y, 100 * d.plan.regret->mean_waste * (1 - 1e-9));
}

TEST(PlanFigures, TheCheapestServedModelIsTheLeastOfTrainingAndInferenceTogether) {
  const Drawn d = drawn(with_draws());
  const Figure& figure = d.named("plan_same_loss");
  const FigurePoint& served = series(figure, "served").points.front();
  for (const FigurePoint& p : series(figure, "with inference").points) EXPECT_GE(p.y, served.y * (1 - 1e-9));
}

TEST(PlanFigures, ThePlansDevicesAreAmongTheDaysAndMoney) {
  PlanRequest request = with_draws();
  request.flops = 1e22;
  Drawn d{.plan = make_plan(request), .machines = {}, .figures = {}};
  MachineRequest few;
  few.devices = 16;
  d.machines = plan_machines(d.plan, few);
  d.figures = plan_figures(d.plan, d.machines);
  const FigurePoint& own = series(d.named("plan_days_money"), "plan").points.front();
  EXPECT_EQ(own.x, d.machines.cost.days.value);
  EXPECT_EQ(own.y, d.machines.cost.usd->value);
  EXPECT_EQ(own.label, "the plan: 16");
  for (const FigurePoint& p : series(d.named("plan_days_money"), "devices").points) EXPECT_NE(p.label, "16");
}

TEST(PlanFigures, ThePlanIsNamedAndNoNameHidesAPoint) {
  const Drawn d = drawn(with_draws());
  for (const char* id : {"plan_frontier", "plan_sizes"}) {
    const Figure& figure = d.named(id);
    const report::Layout layout = report::lay_out(figure, 760, 440);
    const auto named = [&](const std::string& name) {
      return std::any_of(layout.labels.begin(), layout.labels.end(),
                         [&](const report::PlacedText& label) { return label.text == name; });
    };
    EXPECT_TRUE(named("the plan")) << id;
    EXPECT_TRUE(named("GPT-3 2.7B")) << id;
    for (const FigureSeries& s : figure.series)
      for (const FigurePoint& p : s.points) {
        if (s.mark != Mark::points) continue;
        const double x = layout.x(p.x), y = layout.y(p.y);
        for (const report::PlacedText& label : layout.labels)
          EXPECT_LE(report::overlap(label.box, {x - 6, y - 6, x + 6, y + 6}), 12)
              << id << ": " << label.text << " over " << p.label;
      }
  }
}

TEST(PlanFigures, AxesOfCountsSaySo) {
  const Drawn d = drawn(with_draws());
  EXPECT_TRUE(d.named("plan_sizes").y.counts);
  EXPECT_TRUE(d.named("plan_days_money").y.counts);
  EXPECT_FALSE(d.named("plan_sizes").x.counts) << "FLOPs";
  EXPECT_TRUE(section_from_json(
                  section_to_json({.title = "", .lead = "", .tiles = {}, .warnings = {}, .figures = d.figures, .tables = {}}),
                  "plan.json")
                  .figures[1]
                  .figure.y.counts);
}

TEST(PlanFigures, ALawWithoutDrawsHasNoBandAndOneWithoutLossOnlySizes) {
  PlanRequest request = with_draws();
  request.law = planning_law("published:epoch2024");
  for (const CaptionedFigure& f : drawn(request).figures)
    for (const FigureSeries& s : f.figure.series) EXPECT_NE(s.mark, Mark::band) << f.figure.id;
  request = {};
  request.law = planning_law("tokens_per_param:20");
  request.flops = 1e24;
  const auto ids = drawn(request).ids();
  EXPECT_TRUE(ids.contains("plan_sizes"));
  EXPECT_FALSE(ids.contains("plan_frontier"));
  EXPECT_FALSE(ids.contains("plan_regret"));
}

}  // namespace
}  // namespace isoflop
