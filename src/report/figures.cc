#include "report/figures.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/check.h"
#include "base/file.h"
#include "base/math.h"
#include "isoflop/text.h"
#include "report/text.h"

namespace isoflop {
namespace report {
namespace {

bool positive(double value) {
  return std::isfinite(value) && value > 0;
}

/// One name for replicates of one size: what their names share, up to a separator.
std::string shared_name(const std::vector<const LawPoint*>& points) {
  if (points.size() == 1) return points[0]->name;
  std::string shared = points[0]->name;
  bool whole = true;
  for (const LawPoint* p : points) {
    std::size_t same = 0;
    while (same < shared.size() && same < p->name.size() && shared[same] == p->name[same]) ++same;
    whole = whole && same == shared.size() && same == p->name.size();
    shared.resize(same);
  }
  if (whole) return shared;
  const auto separator = shared.find_last_of("-_ ./#:");
  if (separator != std::string::npos && separator > 0) shared.resize(separator);
  return shared.empty() || separator == std::string::npos ? points[0]->name : shared;
}

// runs no better than a 5-gram stand back
FigureSeries point_series(const LawView& law, bool fitted, bool pre_asymptotic) {
  FigureSeries series{.mark = Mark::points, .name = fitted ? "fitted" : "not fitted", .points = {}};
  series.hollow = !fitted;
  if (pre_asymptotic) {
    series.name += ", pre-asymptotic";
    series.tone = Tone::muted;
  }
  std::map<double, std::vector<const LawPoint*>> by_size;
  for (const LawPoint& p : law.points)
    if (p.residual.has_value() == fitted && p.pre_asymptotic == pre_asymptotic) by_size[p.params].push_back(&p);
  for (const auto& [params, points] : by_size) {
    const std::string name = shared_name(points);
    for (std::size_t i = 0; i < points.size(); ++i)
      series.points.push_back({.x = params, .y = points[i]->loss, .low = {}, .high = {}, .label = i == 0 ? name : ""});
  }
  return series;
}

void add_law_line(const LawView& law, Figure& figure) {
  if (law.band.empty()) return;
  FigureSeries line{.mark = Mark::line, .name = "law", .points = {}},
      confidence{.mark = Mark::band, .name = "confidence", .points = {}};
  FigureSeries prediction = confidence;
  prediction.faint = true;
  for (const BandPoint& b : law.band) {
    line.points.push_back({.x = b.params, .y = b.loss, .low = {}, .high = {}, .label = {}});
    if (b.confidence)
      confidence.points.push_back(
          {.x = b.params, .y = b.loss, .low = b.confidence->low, .high = b.confidence->high, .label = {}});
    if (b.prediction)
      prediction.points.push_back(
          {.x = b.params, .y = b.loss, .low = b.prediction->low, .high = b.prediction->high, .label = {}});
  }
  if (!prediction.points.empty()) figure.series.push_back(std::move(prediction));
  if (!confidence.points.empty()) figure.series.push_back(std::move(confidence));
  figure.series.push_back(std::move(line));
}

/// A baseline far from the runs would press them flat: it is then said in a note, with its side.
void add_baselines(const LawView& law, const std::vector<Baseline>& baselines, Figure& figure) {
  double low = 0, high = 0;
  for (const LawPoint& p : law.points) {
    low = low == 0 ? p.loss : std::min(low, p.loss);
    high = std::max(high, p.loss);
  }
  for (const Baseline& b : baselines) {
    if (!positive(b.loss)) continue;
    const std::string name = b.name + " " + fixed(b.loss, 2);
    if (high > 0 && (b.loss > 1.35 * high || b.loss < low / 1.35)) {
      figure.notes.push_back(name + (b.loss > high ? " \xE2\x86\x91" : " \xE2\x86\x93"));
      continue;
    }
    FigureSeries rule{.mark = Mark::horizontal_rule, .name = name, .tone = Tone::muted, .dashed = true, .points = {}};
    rule.points.push_back({.x = 0, .y = b.loss, .low = {}, .high = {}, .label = {}});
    figure.series.push_back(std::move(rule));
  }
}

}  // namespace

std::string n_words(const std::string& convention) {
  if (convention == "params") return "all parameters";
  if (convention == "params_non_embedding") return "parameters without embeddings";
  if (convention == "params_matmul") return "parameters in matrix products, head included";
  return "parameters (what is counted is not stated)";
}

std::string n_short(const std::string& convention) {
  if (convention == "params") return "all";
  if (convention == "params_non_embedding") return "without embeddings";
  if (convention == "params_matmul") return "in matrix products";
  return "not stated";
}

std::string loss_words(const std::string& kind) {
  if (kind == "train") return "training loss";
  if (kind == "best") return "best held-out loss";
  if (kind == "final") return "held-out loss";
  return "loss";
}

std::string percent(double level) {
  return format_significant(100 * level, 4) + kNoBreak + "%";
}

std::string equation(const Fit& fit) {
  return "L = " + significant(fit.constants.at("a"), 4) + " \xC2\xB7 N^" + fixed(-fit.constants.at("b"), 5);
}

Figure loss_figure(const LawView& law, const std::vector<Baseline>& baselines, const std::string& id) {
  Figure figure;
  figure.id = id;
  figure.title = "Loss against parameters";
  figure.x = {.label = "N, " + n_words(law.n_convention), .scale = AxisScale::log, .low = {}, .high = {}, .counts = true};
  figure.y = {.label = loss_words(law.loss_kind) + ", nats per token", .scale = AxisScale::log, .low = {}, .high = {}};
  figure.description = law_in_words(law);
  for (const LawPoint& p : law.points)
    figure.description += " " + p.name + ": N " + format_count(p.params) + ", loss " + fixed(p.loss, 3) + ".";

  if (law.result.fit) {
    const Fit& fit = *law.result.fit;
    figure.notes.push_back(equation(fit));
    const auto interval = fit.derived.at("exponent").interval;
    if (interval)
      figure.notes.push_back(percent(interval->level) + ": " + fixed(-interval->high, 4) + " to " + fixed(-interval->low, 4));
    else
      figure.notes.push_back("no interval: two sizes");
  } else {
    figure.notes.push_back("no law fitted");
  }
  add_law_line(law, figure);
  add_baselines(law, baselines, figure);
  for (const bool fitted : {false, true}) {
    for (const bool pre_asymptotic : {true, false}) {
      FigureSeries series = point_series(law, fitted, pre_asymptotic);
      if (!series.points.empty()) figure.series.push_back(std::move(series));
    }
  }
  return figure;
}

Figure residual_figure(const LawView& law) {
  Figure figure;
  figure.id = "residuals";
  figure.title = "Residuals of the law";
  figure.x = {.label = "N, " + n_words(law.n_convention), .scale = AxisScale::log, .low = {}, .high = {}, .counts = true};
  figure.y = {.label = "measured over fitted loss, %", .scale = AxisScale::linear, .low = {}, .high = {}};
  FigureSeries zero{.mark = Mark::horizontal_rule, .name = "", .tone = Tone::muted, .points = {}};
  zero.points.push_back({.x = 0, .y = 0, .low = {}, .high = {}, .label = {}});
  figure.series.push_back(std::move(zero));

  FigureSeries series{.mark = Mark::points, .name = "residual", .points = {}};
  double most = 0;
  for (const LawPoint& p : law.points) {
    if (!p.residual) continue;
    const double share = 100 * (exp_(*p.residual) - 1);
    most = std::max(most, std::fabs(share));
    series.points.push_back(
        {.x = p.params, .y = share, .low = std::min(0.0, share), .high = std::max(0.0, share), .label = p.name});
    figure.description += p.name + ": " + fixed(share, 2) + " %. ";
  }
  if (most == 0) most = 1;
  figure.y.low = -1.2 * most;
  figure.y.high = 1.2 * most;
  figure.series.push_back(std::move(series));
  return figure;
}

std::vector<FigurePoint> thin_curve(const std::vector<StepRecord>& steps, int bins) {
  std::vector<FigurePoint> points;
  if (steps.empty()) return points;
  const double first = static_cast<double>(std::max<std::int64_t>(1, steps.front().tokens)),
               last = static_cast<double>(steps.back().tokens);
  const double width = std::max(1e-12, log_(std::max(1.0, last / first)) / bins);
  double loss = 0, tokens = 0, count = 0;
  int bin = 0;
  const auto close = [&] {
    if (count > 0) points.push_back({.x = tokens / count, .y = loss / count, .low = {}, .high = {}, .label = {}});
    loss = tokens = count = 0;
  };
  for (const StepRecord& s : steps) {
    if (s.tokens <= 0) continue;
    const int at = std::min(bins - 1, static_cast<int>(log_(static_cast<double>(s.tokens) / first) / width));
    if (at != bin) close();
    bin = at;
    loss += s.loss;
    tokens += static_cast<double>(s.tokens);
    count += 1;
  }
  close();
  return points;
}

bool has_curves(const StudyReport& study) {
  return std::any_of(study.runs.begin(), study.runs.end(),
                     [](const RunReport& r) { return !r.steps.empty() || r.evals.size() > 1; });
}

Figure curves_figure(const StudyReport& study) {
  Figure figure;
  figure.id = "learning_curves";
  figure.title = "Learning curves";
  figure.description = "Loss against training tokens, one line a run.";
  figure.x = {.label = "training tokens", .scale = AxisScale::log, .low = {}, .high = {}, .counts = true};
  figure.y = {.label = "loss, nats per token", .scale = AxisScale::log, .low = {}, .high = {}};

  std::map<std::int64_t, std::size_t> rank;  // colours follow size, not the order of rows
  for (const RunReport& r : study.runs) rank[r.record.params.params] = 0;
  std::size_t next = 0;
  for (auto& [params, place] : rank) place = next++;

  std::map<std::int64_t, bool> named;
  for (const RunReport& r : study.runs) {
    const double order =
        rank.size() < 2 ? 1.0 : static_cast<double>(rank[r.record.params.params]) / static_cast<double>(rank.size() - 1);
    std::vector<const LawPoint*> replicates;
    std::vector<LawPoint> names;
    for (const RunReport& other : study.runs)
      if (other.record.params.params == r.record.params.params) names.push_back({other.record.name, 0, 0, {}, false});
    for (const LawPoint& p : names) replicates.push_back(&p);

    FigureSeries line{.mark = Mark::line,
                      .name = shared_name(replicates),
                      .tone = Tone::ordered,
                      .order = order,
                      .points = thin_curve(r.steps, 150)};
    line.faint = named[r.record.params.params];  // further seeds of one size step back
    line.label_end = !line.faint;
    FigureSeries evals{.mark = Mark::points,
                       .name = r.record.name + ", held-out",
                       .tone = Tone::ordered,
                       .order = order,
                       .faint = true,
                       .points = {}};
    for (const EvalRecord& e : r.evals)
      if (e.tokens > 0)
        evals.points.push_back({.x = static_cast<double>(e.tokens), .y = e.loss, .low = {}, .high = {}, .label = {}});
    if (line.points.size() == 1) {  // a line through one place would be its leader alone
      line.mark = Mark::points;
      line.points.front().label = line.label_end ? line.name : "";
    }
    if (!line.points.empty()) {
      named[r.record.params.params] = true;
      figure.series.push_back(std::move(line));
    }
    if (!evals.points.empty()) figure.series.push_back(std::move(evals));
  }
  return figure;
}

}  // namespace report

LawView law_view(const Observations& table, const PowerFitOptions& options, const FitResult& result) {
  LawView view;
  view.n_convention = n_convention_of(table, options);
  view.loss_kind = loss_kind_of(table, options);
  view.result = result;
  const auto n = table.columns.find(options.n_column), loss = table.columns.find(options.loss_column);
  if (n == table.columns.end() || loss == table.columns.end()) return view;

  double low = 0, high = 0;
  std::size_t next = 0;  // the fitted rows are a subsequence of the table's
  for (std::size_t row = 0; row < table.labels.size(); ++row) {
    if (!n->second[row] || !loss->second[row]) continue;
    LawPoint point{table.labels[row], *n->second[row], *loss->second[row], {}, false};
    if (result.fit && next < result.fit->fitted.size() && result.fit->fitted[next] == row)
      point.residual = result.fit->residuals[next++];
    if (point.residual) {
      low = low == 0 ? point.params : std::min(low, point.params);
      high = std::max(high, point.params);
    }
    view.points.push_back(std::move(point));
  }
  if (!result.fit) return view;

  // the range of the fitted sizes and a tenth of it beyond either end, as far as numbers reach
  constexpr int kSteps = 64;
  const double beyond = 0.1 * (log_(high) - log_(low)), from = log_(low) - beyond, to = log_(high) + beyond;
  std::vector<double> grid;
  for (int i = 0; i <= kSteps; ++i) {
    const double n_here = exp_(from + (to - from) * i / kSteps);
    if (n_here > 0 && std::isfinite(n_here)) grid.push_back(n_here);
  }
  view.band = power_law_band(*result.fit, table, options, grid);
  return view;
}

std::string law_in_words(const LawView& law) {
  const auto warning = [&](const std::string& code) -> const Warning* {
    for (const Warning& w : law.result.warnings)
      if (w.code == code) return &w;
    return nullptr;
  };
  if (!law.result.fit) {
    const Warning* reason = warning("not_monotone");
    if (!reason) reason = warning("repeated_data");
    if (!reason && !law.result.warnings.empty()) reason = &law.result.warnings.back();
    std::string text = "No law of N" + (reason ? ": " + reason->text : std::string());
    if (reason && reason->code == "few_rows")  // where the rows went
      for (const Warning& w : law.result.warnings)
        if (&w != reason) text += "; " + w.text;
    return text + ".";
  }
  const Fit& fit = *law.result.fit;
  const Estimate &b = fit.derived.at("exponent"), &ratio = fit.derived.at("loss_ratio_per_decade");
  std::string text = fit.degrees_of_freedom == 1 ? "A picture, not a law: " : "";
  std::string subject = report::loss_words(law.loss_kind);
  if (warning("repeated_data")) subject += " on repeated data";

  // a fall is said only where the interval shows one
  const bool shown = b.interval && b.interval->low > 0;
  if (shown)
    text += subject + " falls as N to the power ";
  else if (b.interval)
    text += "that " + subject + " falls with N is not shown: as N to the power ";
  else
    text += "two sizes leave no interval, so no law is shown: between them " + subject + " goes as N to the power ";
  if (text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  text += report::fixed(-b.value, 4);
  if (b.interval)
    text += " (" + report::percent(b.interval->level) + " interval " + report::fixed(-b.interval->high, 4) + " to " +
            report::fixed(-b.interval->low, 4) + ")";
  text += shown || !b.interval ? ": " : ", ";
  text += "ten times the parameters multiply it by ";
  text += report::fixed(ratio.value, 3);
  if (ratio.interval)
    text += " (" + report::fixed(ratio.interval->low, 3) + " to " + report::fixed(ratio.interval->high, 3) + ")";
  return text + ".";
}

std::vector<Figure> report_figures(const StudyReport& study) {
  std::vector<Figure> figures;
  for (std::size_t i = 0; i < study.laws.size(); ++i) {
    const LawView& law = study.laws[i];
    figures.push_back(
        report::loss_figure(law, study.baselines, i == 0 ? "loss_by_params" : "loss_by_params_" + std::to_string(i + 1)));
    if (i == 0 && law.result.fit) figures.push_back(report::residual_figure(law));
  }
  if (report::has_curves(study)) figures.push_back(report::curves_figure(study));
  return figures;
}

void write_figures(const std::string& folder, const std::vector<Figure>& figures) {
  make_folder(folder);
  for (const Figure& figure : figures) write_output(std::filesystem::path(folder) / (figure.id + ".svg"), figure_svg(figure));
}

}  // namespace isoflop
