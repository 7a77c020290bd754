// Pictures of one fitted law: the law over its points, residuals, observed against predicted, optima, resamples, profiles.
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "base/math.h"
#include "isoflop/text.h"
#include "isoflop/report.h"
#include "laws/rows.h"
#include "report/draw.h"
#include "report/figures.h"
#include "report/law_points.h"
#include "report/text.h"

namespace isoflop {
namespace {

using report::add_line;
using report::add_rows;
using report::at;
using report::axis;
using report::axis_words;
using report::cell;
using report::column_axis;
using report::constants_of_draws;
using report::log_spaced;
using report::middle;
using report::predictions;
using report::range_of;
using report::Constants;

constexpr int kGrid = 48;  // places along a line
constexpr std::size_t kCloudDraws = 500;

class Drawer {
 public:
  Drawer(const Observations& table, const Fit& fit, const std::string& n_column) : table_(table), fit_(fit), n_column_(n_column) {
    for (const LawInfo& law : known_laws())
      if (law.name == fit.law) info_ = law;
  }

  std::vector<Figure> draw() {
    if (!fit_.optima.empty()) {
      isoflop_curves();
      allocation();
    } else if (info_.inputs.size() == 1) {
      curve();
    } else if (of_surface()) {
      frontier();
    }
    if (!info_.inputs.empty()) {
      residuals();
      observed();
    }
    cloud();
    profiles();
    return std::move(figures_);
  }

 private:
  [[nodiscard]] bool of_surface() const {
    return info_.inputs.size() == 2 && info_.inputs[0] == "params" && info_.inputs[1] == "tokens";
  }
  [[nodiscard]] std::string column_name(const std::string& input) const {
    if (input == "params") return n_column_;
    if (input == "flops")
      for (const char* name : {"flops", "flops_exact", "flops_6nd", "flops_full_attention"})
        if (laws::find_column(table_, name)) return name;
    return input;
  }
  [[nodiscard]] std::optional<double> input(std::size_t row, const std::string& name) const {
    return cell(table_, column_name(name), row);
  }
  [[nodiscard]] std::optional<double> flops(std::size_t row) const {
    const auto n = cell(table_, n_column_, row), d = cell(table_, "tokens", row);
    return n && d ? std::optional(6 * *n * *d) : std::nullopt;
  }
  [[nodiscard]] std::string response() const { return info_.response.empty() ? "loss" : info_.response; }

  Figure& start(const std::string& suffix, const std::string& title) {
    figures_.emplace_back();
    Figure& figure = figures_.back();
    std::string id = fit_.law + suffix;
    std::transform(id.begin(), id.end(), id.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    figure.id = id;
    figure.title = title;
    figure.description = fit_.formula;
    return figure;
  }

  /// Where a row stands between the least and the most of `x`, in logarithms and steps of a tenth.
  [[nodiscard]] std::function<double(std::size_t)> order_by(const std::function<std::optional<double>(std::size_t)>& x) const {
    const auto range = range_of(fit_, x);
    if (!range || !(range->second > range->first)) return {};
    return [x, low = log_(range->first), high = log_(range->second)](std::size_t row) {
      const auto value = x(row);
      if (!value || !(*value > 0)) return 0.0;
      return std::clamp(std::round(10 * (log_(*value) - low) / (high - low)) / 10, 0.0, 1.0);
    };
  }

  void curve() {
    const std::string name = info_.inputs[0];
    const auto x = [this, name](std::size_t row) { return input(row, name); };
    const auto range = range_of(fit_, x);
    if (!range) return;
    Figure& figure = start("", "The law over its points");
    figure.x = column_axis(name);
    figure.y = column_axis(response());
    figure.notes.push_back(fit_.formula);
    Observations grid;
    const double beyond = exp_(0.1 * log_(range->second / range->first));
    const std::vector<double> xs = log_spaced(range->first / beyond, range->second * beyond, kGrid);
    for (const double value : xs) {
      grid.labels.emplace_back();
      grid.columns[name].push_back(value);
    }
    std::vector<std::vector<double>> draws;
    for (const Constants& constants : constants_of_draws(fit_)) draws.push_back(predictions(grid, fit_, constants));
    add_line(xs, predictions(grid, fit_, fit_.constants), draws, fit_, "law", figure);
    add_rows(table_, fit_, x, response(), {}, figure);
  }

  /// L*(C) below the runs' losses: the least over a grid of N at each C = 6 N D.
  void frontier() {
    const auto x = [this](std::size_t row) { return flops(row); };
    const auto range = range_of(fit_, x);
    if (!range) return;
    Figure& figure = start("", "Loss over compute, and the frontier L*(C) of the law");
    figure.x = axis("C = 6 N D, FLOPs", AxisScale::log);
    figure.y = column_axis(response());
    figure.notes.push_back(fit_.formula);
    const std::vector<double> budgets = log_spaced(range->first, 10 * range->second, kGrid);
    constexpr int kSizes = 120;
    Observations grid;
    for (const double c : budgets)
      for (const double ratio : log_spaced(1e-3, 1e3, kSizes)) {
        const double n = ratio * std::sqrt(c / 120);
        grid.labels.emplace_back();
        grid.columns["params"].push_back(n);
        grid.columns["tokens"].push_back(c / 6 / n);
      }
    const auto least = [&](const Constants& constants) {
      const std::vector<double> all = predictions(grid, fit_, constants);
      std::vector<double> best;
      for (std::size_t i = 0; i < all.size(); i += kSizes + 1) {
        double lowest = all[i];
        for (std::size_t k = i; k <= i + kSizes; ++k) lowest = !(lowest <= all[k]) ? all[k] : lowest;
        best.push_back(lowest);
      }
      return best;
    };
    std::vector<std::vector<double>> draws;
    for (const Constants& constants : constants_of_draws(fit_)) draws.push_back(least(constants));
    add_line(budgets, least(fit_.constants), draws, fit_, "L*(C)", figure);
    add_rows(table_, fit_, x, response(), order_by([this](std::size_t row) { return cell(table_, n_column_, row); }), figure);
  }

  void isoflop_curves() {
    Figure figure;
    const auto range_low = fit_.optima.front().flops, range_high = fit_.optima.back().flops;
    const auto order = [&](double c) {
      return range_high > range_low ? log_(c / range_low) / log_(range_high / range_low) : 1.0;
    };
    FigureSeries minima{.mark = Mark::points, .name = "least loss", .points = {}};
    std::vector<FigureSeries> curves;
    for (const BudgetOptimum& o : fit_.optima) {
      if (o.curve.empty()) continue;
      FigureSeries line{.mark = Mark::line,
                        .name = report::significant(o.flops, 3),
                        .tone = Tone::ordered,
                        .order = order(o.flops),
                        .label_end = true,
                        .points = {}};
      for (const auto& [n, loss] : o.curve) line.points.push_back(at(n, loss));
      curves.push_back(std::move(line));
      if (o.params && o.loss) minima.points.push_back(at(*o.params, *o.loss));
    }
    if (curves.empty()) return;
    const std::string flops_name = column_name("flops");
    figure = start("_curves", "Loss over size at each budget of FLOPs");
    figures_.pop_back();
    figure.x = column_axis("params");
    figure.y = column_axis("loss");
    figure.series = std::move(curves);
    add_rows(
        table_, fit_, [this](std::size_t row) { return cell(table_, n_column_, row); }, "loss",
        order_by([this, flops_name](std::size_t row) {
          return laws::find_column(table_, flops_name) ? cell(table_, flops_name, row) : flops(row);
        }),
        figure);
    figure.series.push_back(std::move(minima));
    figures_.push_back(std::move(figure));
  }

  /// N*(C), with the points it was fitted to.
  void allocation() {
    if (!fit_.constants.contains("k_n") || !fit_.constants.contains("a")) return;
    Figure& figure = start("", "Optimal size over compute");
    figure.x = column_axis("flops");
    figure.y = column_axis("params");
    figure.y.label = "N*, parameters";
    figure.notes.push_back("N* = " + report::significant(fit_.constants.at("k_n"), 4) + " C^" +
                           report::fixed(fit_.constants.at("a"), 4));
    const std::vector<double> budgets = log_spaced(fit_.optima.front().flops, fit_.optima.back().flops, kGrid);
    const auto line = [&](const Constants& constants) {
      std::vector<double> sizes;
      for (const double c : budgets) sizes.push_back(constants.at("k_n") * pow_(c, constants.at("a")));
      return sizes;
    };
    std::vector<std::vector<double>> draws;
    for (const Constants& constants : constants_of_draws(fit_)) draws.push_back(line(constants));
    add_line(budgets, line(fit_.constants), draws, fit_, "N*(C)", figure);
    for (const bool used : {false, true}) {
      FigureSeries points{.mark = Mark::points, .name = used ? "fitted" : "not fitted", .points = {}};
      points.hollow = !used;
      for (const BudgetOptimum& o : fit_.optima) {
        if (o.used != used || !o.params) continue;
        points.points.push_back(at(o.flops, *o.params));
        if (o.ln_params_se) {
          points.points.back().low = *o.params * exp_(-*o.ln_params_se);
          points.points.back().high = *o.params * exp_(*o.ln_params_se);
        }
      }
      if (!points.points.empty()) figure.series.push_back(std::move(points));
    }
  }

  /// Measured over fitted, in %, over C where the table has it, else over the law's first input.
  void residuals() {
    const std::vector<std::optional<double>> predicted = predict_law(table_, fit_.law, fit_.constants, n_column_);
    const std::string first = info_.inputs[0];
    const auto x = [&](std::size_t row) { return of_surface() ? flops(row) : input(row, first); };
    Figure& figure = start("_residuals", "Residuals of the law");
    figure.x = of_surface() ? axis("C = 6 N D, FLOPs", AxisScale::log) : column_axis(first);
    figure.y = axis("measured over fitted, %", AxisScale::linear);
    FigureSeries zero{.mark = Mark::horizontal_rule, .name = "", .tone = Tone::muted, .points = {at(0, 0)}};
    FigureSeries points{.mark = Mark::points, .name = "residual", .faint = fit_.fitted.size() > 40, .points = {}};
    for (const std::size_t row : fit_.fitted) {
      const auto y = cell(table_, response(), row);
      if (x(row) && y && predicted[row]) points.points.push_back(at(*x(row), 100 * (*y / *predicted[row] - 1)));
    }
    figure.series = {std::move(zero), std::move(points)};
  }

  void observed() {
    const std::vector<std::optional<double>> predicted = predict_law(table_, fit_.law, fit_.constants, n_column_);
    Figure& figure = start("_observed", "Observed against predicted");
    figure.x = axis("predicted " + axis_words(response()), AxisScale::log);
    figure.y = axis("observed " + axis_words(response()), AxisScale::log);
    FigureSeries same{.mark = Mark::line, .name = "", .tone = Tone::muted, .points = {}};
    FigureSeries fitted{.mark = Mark::points, .name = "fitted", .faint = fit_.fitted.size() > 40, .points = {}};
    FigureSeries held_out{.mark = Mark::points, .name = "held out", .hollow = true, .points = {}};
    std::vector<std::string> held;
    if (fit_.holdout) {
      for (const HeldOutRow& r : fit_.holdout->rows) {
        held.push_back(r.row);
        held_out.points.push_back(at(r.predicted, r.loss));
        if (r.interval) {  // where the row was expected, about the line
          held_out.points.back().low = r.loss * r.interval->low / r.predicted;
          held_out.points.back().high = r.loss * r.interval->high / r.predicted;
        }
      }
      std::sort(held.begin(), held.end());
      figure.notes.push_back("hollow: predicted from the rows " + fit_.holdout->where);
    }
    double low = 0, high = 0;
    const auto span = [&](const FigurePoint& p) {
      low = low == 0 ? std::min(p.x, p.y) : std::min({low, p.x, p.y});
      high = std::max({high, p.x, p.y});
    };
    for (const std::size_t row : fit_.fitted) {
      const auto y = cell(table_, response(), row);
      if (!y || !predicted[row] || !(*y > 0) || !(*predicted[row] > 0)) continue;
      if (!std::binary_search(held.begin(), held.end(), table_.labels[row])) fitted.points.push_back(at(*predicted[row], *y));
    }
    for (const FigureSeries* s : {&fitted, &held_out})
      for (const FigurePoint& p : s->points) span(p);
    if (!(low > 0)) {
      figures_.pop_back();
      return;
    }
    same.points = {at(low, low), at(high, high)};
    figure.series = {std::move(same), std::move(fitted), std::move(held_out)};
  }

  /// Two constants of every resample: how they go together.
  void cloud() {
    std::vector<std::string> names;
    for (const std::string& name : fit_.draw_names)
      if (fit_.constants.contains(name) && fit_.standard_errors.contains(name)) names.push_back(name);
    if (names.size() < 2) return;
    std::stable_sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
      const auto is_exponent = [](const std::string& n) { return n.starts_with("alpha") || n.starts_with("beta"); };
      return is_exponent(a) && !is_exponent(b);
    });
    const auto index = [&](const std::string& name) {
      return static_cast<std::size_t>(std::find(fit_.draw_names.begin(), fit_.draw_names.end(), name) - fit_.draw_names.begin());
    };
    const std::size_t i = index(names[0]), j = index(names[1]);
    std::vector<double> xs, ys;
    for (const auto& draw : fit_.draws) xs.push_back(draw[i]), ys.push_back(draw[j]);
    const auto x_range = middle(xs, 0.98), y_range = middle(ys, 0.98);  // a few run away and would press the others flat
    if (!x_range || !y_range || !(x_range->first < x_range->second) || !(y_range->first < y_range->second)) return;
    Figure& figure = start("_draws", "Resamples: " + names[1] + " against " + names[0]);
    figure.x = axis(names[0], AxisScale::linear);
    figure.y = axis(names[1], AxisScale::linear);
    FigureSeries points{.mark = Mark::points, .name = "resample", .tone = Tone::muted, .faint = true, .points = {}};
    for (std::size_t k = 0; k < xs.size() && points.points.size() < kCloudDraws; ++k)
      if (xs[k] >= x_range->first && xs[k] <= x_range->second && ys[k] >= y_range->first && ys[k] <= y_range->second)
        points.points.push_back(at(xs[k], ys[k]));
    FigureSeries best{
        .mark = Mark::points, .name = "the fit", .points = {at(fit_.constants.at(names[0]), fit_.constants.at(names[1]))}};
    figure.series = {std::move(points), std::move(best)};
  }

  void profiles() {
    int number = 0;
    for (const auto& [name, profile] : fit_.profiles) {
      Figure& figure = start("_profile_" + std::to_string(++number), "Profile of " + name);
      figure.x = axis(name, AxisScale::linear);
      figure.y = axis("rise of the objective over what the level allows", AxisScale::linear);
      figure.y.low = 0;
      figure.y.high = 2;
      FigureSeries rule{.mark = Mark::horizontal_rule,
                        .name = report::percent(profile.interval.level),
                        .tone = Tone::muted,
                        .dashed = true,
                        .points = {at(0, 1)}};
      FigureSeries line{.mark = Mark::line, .name = name, .points = {}};
      for (const auto& [value, rise] : profile.curve)
        if (std::isfinite(rise) && rise <= 2) line.points.push_back(at(value, rise));
      figure.series = {std::move(rule), std::move(line)};
    }
  }

  const Observations& table_;
  const Fit& fit_;
  std::string n_column_;
  LawInfo info_;
  std::vector<Figure> figures_;
};

}  // namespace

std::vector<Figure> law_figures(const Observations& table, const Fit& fit, const std::string& n_column) {
  return Drawer(table, fit, n_column).draw();
}

}  // namespace isoflop
