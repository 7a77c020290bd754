// Values -> one figure description -> SVG files and one offline page (docs/formats/report.md). Draws, never fits; same values,
// same bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "isoflop/base.h"
#include "isoflop/laws.h"
#include "isoflop/record.h"

namespace isoflop {

struct Plan;
struct MachinePlan;
struct MixtureModel;
struct MixtureOptimum;
struct MixtureTable;

// ---- one figure, as values --------------------------------------------------------------------------------------------

enum class AxisScale { linear, log };

struct FigureAxis {
  std::string label;  ///< with its unit, e.g. "loss, nats per token"
  AxisScale scale = AxisScale::linear;
  std::optional<double> low, high;  ///< left open: from the data, with a margin
  bool counts = false;              ///< parameters, tokens, dollars: marked "10B"
};

/// A place in the units of the axes; `low`/`high` are read by bands and, on points, drawn as an error bar.
struct FigurePoint {
  double x = 0, y = 0;
  std::optional<double> low, high;
  std::string label;  ///< shown beside the point (marks `points`), placed so that labels do not collide
};

enum class Mark {
  points,
  line,
  band,             ///< between `low` and `high`
  horizontal_rule,  ///< at the first point's y, across the plot, named by the series
};

/// What colours a series: an ordered scale (sizes, small to large), the accent, or muted ink.
enum class Tone { accent, muted, ordered };

struct FigureSeries {
  Mark mark = Mark::line;
  std::string name;  ///< lines with `label_end`, rules: written beside; empty: unnamed
  Tone tone = Tone::accent;
  double order = 0;  ///< tone `ordered`: 0 (first) to 1 (last) of the colour scale
  bool dashed = false;
  bool faint = false;      ///< thinner and lighter: behind the others
  bool hollow = false;     ///< points: shown, but not part of the fit
  bool label_end = false;  ///< lines: the name at the right end
  std::vector<FigurePoint> points;
};

struct Figure {
  std::string id;           ///< file name without ending, and the prefix of ids in the page: [a-z0-9_-]
  std::string title;        ///< read aloud, and the caption's first words
  std::string description;  ///< read aloud: what the figure shows, in words with numbers
  FigureAxis x, y;
  std::vector<FigureSeries> series;
  std::vector<std::string> notes;  ///< lines in the plot's emptiest corner, e.g. the equation
};

struct SvgOptions {
  double width = 760, height = 440;  ///< CSS pixels; text keeps its size whatever they are
  bool standalone = true;            ///< a file of its own (colours inside) or part of the page (colours from it)
};

/// The figure as SVG 1.1, text as text, with <title> and <desc>, in light and dark by prefers-color-scheme.
///
/// Needs    finite values; on log axes positive ones. Others are left out (a loss that is not a number is not a place).
/// Result   UTF-8; the same values give the same bytes.
/// Checked  svg_test.cc: every point lies in the plot area, labels do not overlap, names are escaped.
[[nodiscard]] std::string figure_svg(const Figure& figure, const SvgOptions& options = {});

/// Where the axis is marked: values and their labels ("300 k", "1 M", "3.5"; `counts`: "300k", "10B"), ascending, within [low,
/// high].
struct Tick {
  double value = 0;
  std::string label;  ///< empty: a minor mark
};
[[nodiscard]] std::vector<Tick> axis_ticks(double low, double high, AxisScale scale, int about, bool counts = false);

// ---- a part of a page, as values --------------------------------------------------------------------------------------

/// A number that stands out: "N*", "95.86B", "67.1B to 152B (95 %)".
struct Tile {
  std::string what, value, more;
};

struct CaptionedFigure {
  Figure figure;
  std::string caption;  ///< beneath it, after the figure's title
};

/// A table of words and numbers as given; the first column is text, the others stand to the right.
struct PageTable {
  std::string title;  ///< may be empty
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows;  ///< as long as the head
  std::string note;   ///< beneath it; may be empty
};

/// Words, pictures and tables under one heading. What is empty is left out.
struct PageSection {
  std::string title;
  std::string lead;  ///< one or two sentences, large
  std::vector<Tile> tiles;
  std::vector<Warning> warnings;
  std::vector<CaptionedFigure> figures;  ///< the first one wide, the others in pairs
  std::vector<PageTable> tables;
};

/// A page of sections; a study's page is report_html().
struct Page {
  std::string kicker, title, subtitle;
  std::vector<PageSection> sections;
  std::string made_by;
};

/// One self-contained HTML page, as report_html() makes it.
///
/// Checked  section_test.cc: hostile words stay text; the markup is well formed; nothing points outside the page.
[[nodiscard]] std::string page_html(const Page& page);

/// A section as JSON and back: what a study's plan.json keeps (docs/formats/plan.md).
///
/// Throws   Error{bad_data} naming `subject` and the key.
/// Checked  section_test.cc: there and back draws the same page.
[[nodiscard]] std::string section_to_json(const PageSection& section);
[[nodiscard]] PageSection section_from_json(const std::string& text, const std::string& subject);

// ---- a study, as values -----------------------------------------------------------------------------------------------

struct Fact {
  std::string key, value;  ///< shown as given
};

/// A horizontal line to compare with, e.g. unigram entropy or `xz -9`, in nats per token of this study's tokens.
struct Baseline {
  std::string name;
  double loss = 0;
  std::string what;  ///< a few words for the footnote: how it was got
};

struct RunReport {
  RunRecord record;
  std::optional<RunTiming> timing;
  std::vector<StepRecord> steps;  ///< as many as there are: the page thins them
  std::vector<EvalRecord> evals;
  std::optional<double> learning_rate;
  std::optional<std::uint64_t> seed;
  bool pre_asymptotic = false;     ///< no better than a 5-gram
};

struct LawPoint {
  std::string name;
  double params = 0, loss = 0;
  std::optional<double> residual;  ///< ln L - ln L_hat; none: not fitted
  bool pre_asymptotic = false;     ///< no better than a 5-gram
};

/// One law (or the reason why there is none) with what is drawn of it.
struct LawView {
  std::string n_convention;  ///< params | params_non_embedding | params_matmul | unstated
  std::string loss_kind;     ///< final | best | train | unstated
  FitResult result;
  std::vector<LawPoint> points;
  std::vector<BandPoint> band;  ///< ascending in params; empty without a fit
};

/// The view of one fit of a table: its points, residuals and a band over the range of N and a little beyond.
[[nodiscard]] LawView law_view(const Observations& table, const PowerFitOptions& options, const FitResult& result);

/// Everything the page says. What is empty is left out of the page.
struct StudyReport {
  std::string title;     ///< the study's name
  std::string subtitle;  ///< one line: what was measured, on what
  Regime regime = Regime::fresh;
  std::string regime_text;          ///< a sentence or two: what the regime means for the law
  std::vector<std::string> labels;  ///< short marks under the title, e.g. "reproduces the source experiment"
  std::vector<Fact> corpus, setup, machine;
  std::vector<RunReport> runs;  ///< in the order of the table
  std::vector<LawView> laws;    ///< the first one is the headline
  std::string headline;         ///< in its place where there is none; empty: the losses there are
  std::vector<Baseline> baselines;
  std::vector<Warning> warnings;  ///< of the study; the laws bring their own
  std::vector<PageSection> sections;  ///< further ones, after the runs: a plan
  std::string made_by;            ///< e.g. "isoflop 0.1.0"
};

/// One self-contained HTML page: no script, no network, a content security policy that forbids both, everything escaped.
///
/// Result   UTF-8; the same values give the same bytes.
/// Checked  page_test.cc: hostile names stay text, every run's name and loss is there, nothing points outside the page.
[[nodiscard]] std::string report_html(const StudyReport& study);

/// The page's figures: loss_by_params, residuals, learning_curves, and one per further law.
[[nodiscard]] std::vector<Figure> report_figures(const StudyReport& study);

/// Each figure as a file of its own in `folder`, which is made: ID.svg. Throws Error{io}.
void write_figures(const std::string& folder, const std::vector<Figure>& figures);

/// Pictures of one fit of `table`: the law over its points (or the frontier L*(C), or isoFLOP curves and N*(C)), residuals,
/// observed against predicted with the hold-out marked, resamples of two constants, profiles. What the fit does not have is not
/// drawn.
///
/// Needs    `fit` to be of `table`, with `n_column` as N.
/// Checked  law_figures_test.cc.
[[nodiscard]] std::vector<Figure> law_figures(const Observations& table, const Fit& fit, const std::string& n_column = "params");

/// The same with constants, derived numbers, hold-out and warnings. The ids of its figures begin with the law's name.
///
/// Checked  section_test.cc.
[[nodiscard]] PageSection law_section(const Observations& table, const Fit& fit, const std::string& n_column = "params");

/// The power law of N in every meaning of N that was fitted, the first as the headline.
[[nodiscard]] PageSection power_section(const std::vector<LawView>& laws, const std::vector<Baseline>& baselines = {});

/// Pictures of a plan: the frontier L*(C) with its band and the plan on it, N*(C) beside other laws and released models, compute
/// in vain over N (the law's, the mean and the worst of its draws), models of the same loss, days against money. What the plan
/// lacks is not drawn.
///
/// Needs    `machines` to be of `plan`.
/// Checked  plan_figures_test.cc: points lie on their laws; the regret curve's least is the regret optimum.
[[nodiscard]] std::vector<CaptionedFigure> plan_figures(const Plan& plan, const MachinePlan& machines);

/// A plan's tables: what its text allows, what is served, other laws, released models, pilots, rates and batches. What the plan
/// lacks is not there.
///
/// Needs    `machines` to be of `plan`.
[[nodiscard]] std::vector<PageTable> plan_tables(const Plan& plan, const MachinePlan& machines);

/// A plan in words, numbers, pictures and tables.
///
/// Needs    `machines` to be of `plan`.
/// Checked  section_test.cc.
[[nodiscard]] PageSection plan_section(const Plan& plan, const MachinePlan& machines);

/// A mixture law and the weights it recommends: weights with their intervals, what they gain over others, how the law meets the
/// proxies it was fitted to, and the loss of each against each source's share.
///
/// Needs    `model` to be of `proxies`, and `optimum` of `model`.
/// Checked  mixture_section_test.cc.
[[nodiscard]] PageSection mixture_section(const MixtureModel& model, const MixtureOptimum& optimum, const MixtureTable& proxies);

/// The law in plain words, as the page's headline and the terminal's last lines: one or two sentences, no markup.
[[nodiscard]] std::string law_in_words(const LawView& law);

}  // namespace isoflop
