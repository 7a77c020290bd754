// Pictures of a plan: what a budget reaches, what it trains, what being off costs, and days against money.
#include <algorithm>
#include <cmath>
#include <functional>

#include "isoflop/claims.h"
#include "isoflop/plan.h"
#include "isoflop/report.h"
#include "isoflop/text.h"
#include "report/draw.h"
#include "report/text.h"

namespace isoflop {
namespace {

using report::at;
using report::axis;
using report::column_axis;
using report::log_spaced;

constexpr int kPlaces = 32;  // along a line whose every place asks all draws

class Drawer {
 public:
  Drawer(const Plan& plan, const MachinePlan& machines) : plan_(plan), law_(plan.law), machines_(machines) {
    law_.text.reset();  // curves are of text without end; the plan lies where its text puts it
    low_ = plan.flops / 300, high_ = plan.flops * 10;
    if (law_.fitted_flops && law_.fitted_flops->second < plan.flops)
      low_ = std::max(std::min(low_, law_.fitted_flops->second / 30), plan.flops * 1e-9);
    for (const double flops : log_spaced(low_, high_, kPlaces)) {
      optima_.push_back(optimal_model(law_, flops));
      intervals_.push_back(plan_intervals(law_, flops, optima_.back()));
    }
  }

  std::vector<CaptionedFigure> draw() {
    if (plan_.optimum.loss) frontier();
    sizes();
    if (law_.surface && !plan_.text_limited) regret();
    if (!plan_.iso_loss.empty() && !plan_.text_limited) same_loss();
    days_and_money();
    return std::move(figures_);
  }

 private:
  Figure& start(const std::string& id, const std::string& title, const std::string& caption) {
    figures_.push_back({{}, caption});
    Figure& figure = figures_.back().figure;
    figure.id = id;
    figure.title = title;
    return figure;
  }

  /// The law's line over the budgets: whole where it was fitted, dashed beyond; and its band.
  void add_law(Figure& figure, const std::string& name, const std::function<double(const ModelPlan&)>& value,
               const char* interval) const {
    FigureSeries band{.mark = Mark::band, .name = "interval", .points = {}};
    FigureSeries within{.mark = Mark::line, .name = name, .points = {}}, beyond = within;
    beyond.dashed = true;
    for (std::size_t i = 0; i < optima_.size(); ++i) {
      const double c = optima_[i].flops, y = value(optima_[i]);
      const bool fitted = !law_.fitted_flops || c <= law_.fitted_flops->second;
      (fitted ? within : beyond).points.push_back(at(c, y));
      if (fitted && i + 1 < optima_.size() && law_.fitted_flops && optima_[i + 1].flops > law_.fitted_flops->second)
        beyond.points.push_back(at(c, y));
      if (const auto it = intervals_[i].find(interval);
          it != intervals_[i].end() && std::isfinite(it->second.low) && std::isfinite(it->second.high)) {
        band.points.push_back(at(c, y));
        band.points.back().low = it->second.low;
        band.points.back().high = it->second.high;
      }
    }
    if (!band.points.empty()) figure.series.push_back(std::move(band));
    for (FigureSeries* line : {&within, &beyond})
      if (line->points.size() > 1) figure.series.push_back(std::move(*line));
  }

  /// Where the line is whole and where it is dashed, and what the band is.
  [[nodiscard]] std::string line_words() const {
    std::string words;
    if (!intervals_.front().empty()) words = " Band: " + report::short_count(100 * law_.level) + " % of the law's resamples.";
    if (law_.fitted_flops && law_.fitted_flops->second < high_)
      words += " Dashed: beyond the " + format_significant(law_.fitted_flops->second, 3) + " FLOPs the law was fitted to.";
    return words;
  }

  void add_plan(Figure& figure, double x, double y, const std::optional<Interval>& interval = {}) const {
    FigureSeries point{.mark = Mark::points, .name = "plan", .points = {at(x, y, "the plan")}};
    if (interval && std::isfinite(interval->low) && std::isfinite(interval->high)) {
      point.points.back().low = interval->low;
      point.points.back().high = interval->high;
    }
    figure.series.push_back(std::move(point));
  }

  /// Released models of the figure's budgets, at N and C as they were trained.
  void add_released(Figure& figure, bool loss) const {
    FigureSeries points{.mark = Mark::points, .name = "released", .tone = Tone::muted, .hollow = true, .points = {}};
    for (const PublishedModel& published : published_models()) {
      if (!published.tokens) continue;
      const double n = published.active_params.value_or(published.params), c = law_.flops_per * n * *published.tokens;
      if (c < low_ || c > high_) continue;
      points.points.push_back(at(c, loss ? law_.surface->loss(n, *published.tokens) : n, published.name));
    }
    if (!points.points.empty()) figure.series.push_back(std::move(points));
  }

  void frontier() {
    const std::string released = "Hollow: released models, with the loss this law gives them on its own text.";
    Figure& figure = start("plan_frontier", "The loss a budget reaches", (law_.surface ? released : "") + line_words());
    figure.description = "Least loss against compute by " + law_.name + ", " + format_significant(*plan_.optimum.loss, 5) + " at " +
                         format_significant(plan_.flops, 3) + " FLOPs" +
                         (plan_.model.loss ? "; the plan reaches " + format_significant(*plan_.model.loss, 5) + "." : ".");
    figure.x = column_axis("flops");
    figure.y = column_axis("loss");
    add_law(figure, "L*(C)", [](const ModelPlan& m) { return *m.loss; }, "loss");
    if (law_.surface) add_released(figure, true);
    const auto interval = plan_.intervals.find("prediction");
    if (plan_.model.loss)
      add_plan(figure, plan_.flops, *plan_.model.loss,
               interval == plan_.intervals.end() ? std::nullopt : std::optional(interval->second));
  }

  void sizes() {
    Figure& figure =
        start("plan_sizes", "The size a budget trains",
              "Thin: other laws. Hollow: released models (of mixtures the parameters a token meets)." + line_words());
    figure.description = "Optimal parameters against compute by " + law_.name + "; " + format_billions(plan_.optimum.params) +
                         " at the plan's budget.";
    figure.x = column_axis("flops");
    figure.y = column_axis("params");
    for (std::size_t i = 0; i < plan_.others.size(); ++i) {
      const PlanningLaw& other = plan_.others[i];
      const double order = plan_.others.size() > 1 ? static_cast<double>(i) / static_cast<double>(plan_.others.size() - 1) : 1;
      FigureSeries line{.mark = Mark::line,
                        .name = short_name(other.name),
                        .tone = Tone::ordered,
                        .order = order,
                        .faint = true,
                        .label_end = true,
                        .points = {}};
      for (const double flops : log_spaced(low_, high_, 8)) line.points.push_back(at(flops, optimal_model(other, flops).params));
      figure.series.push_back(std::move(line));
    }
    add_law(figure, "N*(C)", [](const ModelPlan& m) { return m.params; }, "params");
    add_released(figure, false);
    const auto interval = plan_.intervals.find("params");
    add_plan(figure, plan_.flops, plan_.model.params,
             plan_.off_optimum || interval == plan_.intervals.end() ? std::nullopt : std::optional(interval->second));
  }

  /// Share of the compute in vain over the size, all at the plan's budget.
  void regret() {
    Figure& figure = start("plan_regret", "What a size off the optimum costs", "");
    figure.x = column_axis("params");
    figure.x.label += ", at " + format_significant(plan_.flops, 3) + " FLOPs";
    figure.y = axis("compute in vain, %", AxisScale::linear);
    const auto wasted = [&](const AdditiveLaw& law, double params) {
      return 100 * wasted_compute(law, params, plan_.flops / (law_.flops_per * params), law_.flops_per);
    };
    const double spread = 5,
                 reach = std::max(plan_.model.params / plan_.optimum.params, plan_.optimum.params / plan_.model.params);
    const double beyond = std::max(spread, 1.5 * reach);
    FigureSeries own{.mark = Mark::line, .name = "if the law is right", .label_end = true, .points = {}};
    FigureSeries mean{.mark = Mark::line, .name = "mean of the resamples", .dashed = true, .label_end = true, .points = {}};
    FigureSeries band{.mark = Mark::band, .name = "resamples", .points = {}};
    const std::size_t count = std::min(report::kBandDraws, law_.draws.size());
    for (const double n : log_spaced(plan_.optimum.params / beyond, plan_.optimum.params * beyond, kPlaces)) {
      own.points.push_back(at(n, wasted(*law_.surface, n)));
      if (count < kLeastDraws) continue;
      std::vector<double> values;
      double sum = 0;
      for (std::size_t k = 0; k < count; ++k)
        values.push_back(wasted(law_.draws[k * law_.draws.size() / count], n)), sum += values.back();
      mean.points.push_back(at(n, sum / static_cast<double>(count)));
      const auto ends = report::middle(std::move(values), law_.level);
      band.points.push_back(mean.points.back());
      band.points.back().low = ends->first;
      band.points.back().high = ends->second;
    }
    figure.y.low = 0;
    std::string caption = "All models train on the same compute.";
    if (!band.points.empty()) {
      caption +=
          " Band: " + report::short_count(100 * law_.level) + " % of the law's resamples, in which the optimum lies elsewhere.";
      figure.series = {std::move(band), std::move(mean)};
    }
    figure.series.push_back(std::move(own));
    add_plan(figure, plan_.model.params, 100 * plan_.wasted);
    if (plan_.regret && count >= kLeastDraws) {
      figure.series.push_back({.mark = Mark::points,
                               .name = "least regret",
                               .tone = Tone::muted,
                               .points = {at(plan_.regret->model.params, 100 * plan_.regret->mean_waste, "least regret")}});
      caption += " Least regret: the size that wastes least on average.";
    }
    figure.description = "Compute in vain against parameters: none at " + format_billions(plan_.optimum.params) + ", " +
                         format_percent(plan_.wasted) + " at the plan's size.";
    figures_.back().caption = caption;
  }

  void same_loss() {
    Figure& figure = start("plan_same_loss", "Models of the same loss",
                           "A smaller model needs more data and more compute for the same loss, and is cheaper to serve.");
    figure.description = "Compute against parameters at a loss of " + format_significant(*plan_.model.loss, 5) + ".";
    figure.x = column_axis("params");
    figure.x.label += ", all of loss " + format_significant(*plan_.model.loss, 4);
    figure.y = axis("FLOPs", AxisScale::log);
    FigureSeries training{.mark = Mark::line, .name = "training", .label_end = true, .points = {}},
        total{.mark = Mark::line, .name = "with inference", .tone = Tone::muted, .label_end = true, .points = {}};
    const bool served = plan_.inference && !plan_.serving->in_money();
    constexpr std::int64_t kSmooth = 65;  // the curve is steep near its least model
    for (const EqualLoss& e : iso_loss_curve(law_, *plan_.model.loss, kSmooth)) {
      training.points.push_back(at(e.params, e.flops));
      if (served) total.points.push_back(at(e.params, e.flops + 2 * e.params * plan_.inference->demand));
    }
    figure.series.push_back(std::move(training));
    if (served) figure.series.push_back(std::move(total));
    add_plan(figure, plan_.model.params, plan_.model.flops);
    if (served)
      figure.series.push_back({.mark = Mark::points,
                               .name = "served",
                               .tone = Tone::muted,
                               .points = {at(plan_.inference->model.params, plan_.inference->flops_total, "least in all")}});
  }

  void days_and_money() {
    FigureSeries line{.mark = Mark::line, .name = "", .tone = Tone::muted, .points = {}},
        points{.mark = Mark::points, .name = "devices", .tone = Tone::muted, .points = {}};
    const TrainingCost& own = machines_.cost;
    for (const FrontierPoint& p : machines_.frontier) {
      if (p.dominated || !p.cost.usd) continue;
      line.points.push_back(at(p.cost.days.value, p.cost.usd->value));
      if (p.devices != own.devices) points.points.push_back(at(p.cost.days.value, p.cost.usd->value, std::to_string(p.devices)));
    }
    if (line.points.size() < 2 || !own.usd) return;
    Figure& figure =
        start("plan_days_money", "Days against money",
              "Numbers: devices (" + own.accelerator +
                  "). More of them are faster until their batch passes the critical one; then tokens are spent for time.");
    figure.description = "Cost in US dollars against days for each number of devices; the plan's " + std::to_string(own.devices) +
                         " take " + format_significant(own.days.value, 3) + " days.";
    figure.x = axis("days", AxisScale::log);
    figure.y = axis("US dollars", AxisScale::log);
    figure.x.counts = figure.y.counts = true;
    figure.series = {std::move(line), std::move(points)};
    figure.series.push_back({.mark = Mark::points,
                             .name = "plan",
                             .points = {at(own.days.value, own.usd->value, "the plan: " + std::to_string(own.devices))}});
  }

  static std::string short_name(const std::string& name) { return name.starts_with("published:") ? name.substr(10) : name; }

  const Plan& plan_;
  PlanningLaw law_;
  const MachinePlan& machines_;
  double low_ = 0, high_ = 0;
  std::vector<ModelPlan> optima_;
  std::vector<std::map<std::string, Interval>> intervals_;
  std::vector<CaptionedFigure> figures_;
};

}  // namespace

std::vector<CaptionedFigure> plan_figures(const Plan& plan, const MachinePlan& machines) {
  return Drawer(plan, machines).draw();
}

}  // namespace isoflop
