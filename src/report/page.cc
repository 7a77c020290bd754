// The page: values -> HTML. Every value that came from outside goes through escape().
#include <algorithm>
#include <cmath>
#include <set>

#include "base/math.h"
#include "isoflop/text.h"
#include "isoflop/report.h"
#include "report/figures.h"
#include "report/html.h"
#include "report/palette.h"
#include "report/text.h"

namespace isoflop {
namespace {

using report::escape;
using report::figure_html;
using report::fixed;
using report::name_of;
using report::significant;
using report::tag;
using report::tile;

constexpr const char* kEnDash = "\xE2\x80\x93";

std::string equation_html(const Fit& fit) {
  return "<i class=\"v\">L</i> = " + significant(fit.constants.at("a"), 4) + " \xC2\xB7 <i class=\"v\">N</i><sup>" +
         fixed(-fit.constants.at("b"), 5) + "</sup>";
}

std::string range_text(double low, double high, int decimals) {
  return fixed(low, decimals) + " to " + fixed(high, decimals);
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) text += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
  return text;
}

// ---- header and headline

std::string top(const StudyReport& study) {
  std::string marks;
  static constexpr const char* kRegimes[] = {"fresh data", "repeated data", "more parameters than tokens"};
  const auto regime = static_cast<std::size_t>(study.regime);
  marks += tag("li", "regime-" + to_string(study.regime), kRegimes[std::min<std::size_t>(regime, 2)]);
  for (const std::string& label : study.labels) marks += tag("li", "", escape(label));
  return "<header class=\"top\">" + tag("p", "kicker", "Scaling study") + tag("h1", "", name_of(study.title)) +
         (study.subtitle.empty() ? "" : tag("p", "subtitle", escape(study.subtitle))) + tag("ul", "marks", marks) + "</header>";
}

std::string tiles(const LawView& law) {
  const Fit& fit = *law.result.fit;
  const Estimate &b = fit.derived.at("exponent"), &ratio = fit.derived.at("loss_ratio_per_decade");
  std::string out = tile("The law", tag("span", "eq", equation_html(fit)),
                         "<i class=\"v\">N</i>: " + escape(report::n_words(law.n_convention)));
  out +=
      tile("Exponent", fixed(-b.value, 4),
           b.interval ? report::percent(b.interval->level) + " interval " + range_text(-b.interval->high, -b.interval->low, 4) +
                            ", from " + escape(joined(b.contains)) + " only"
                      : "no degree of freedom, no interval");
  out += tile("Loss at ten times N", "\xC3\x97 " + fixed(ratio.value, 3),
              ratio.interval ? range_text(ratio.interval->low, ratio.interval->high, 3) : "");
  std::set<double> sizes;
  for (const LawPoint& p : law.points)
    if (p.residual) sizes.insert(p.params);
  const auto seeds = fit.derived.find("loss_sd_seed");
  out +=
      tile("Fitted to", std::to_string(sizes.size()) + " sizes, " + std::to_string(fit.rows) + " runs",
           std::to_string(fit.degrees_of_freedom) + (fit.degrees_of_freedom == 1 ? " degree" : " degrees") + " of freedom" +
               (seeds == fit.derived.end() ? "" : "; seeds differ by " + significant(seeds->second.value, 2) + " nats (s.d.)"));
  return tag("dl", "tiles", out);
}

std::string care(const StudyReport& study) {
  // what the headline gives as its reason is not said again
  std::vector<Warning> all;
  if (!study.laws.empty()) all = study.laws[0].result.warnings;
  all.insert(all.end(), study.warnings.begin(), study.warnings.end());
  return report::care_html(all, study.laws.empty() ? "" : law_in_words(study.laws[0]));
}

/// What stands in a law's place where none was asked for: the losses there are.
std::string without_law(const StudyReport& study) {
  if (study.runs.empty()) return "No run is finished yet.";
  std::size_t diverged = 0;
  double low = 0, high = 0;
  for (const RunReport& run : study.runs) {
    diverged += run.record.status == RunStatus::diverged ? 1 : 0;
    if (!run.record.loss) continue;
    low = low == 0 ? *run.record.loss : std::min(low, *run.record.loss);
    high = std::max(high, *run.record.loss);
  }
  const std::size_t count = study.runs.size();
  std::string text = count == 1 ? (diverged == 1 ? "The run diverged" : "One run") : std::to_string(count) + " runs";
  if (count > 1 && diverged > 0) text += ", " + (diverged == count ? std::string("all") : std::to_string(diverged)) + " diverged";
  if (high > 0) text += ": held-out loss " + fixed(low, 4) + (low < high ? " to " + fixed(high, 4) : "") + " nats per token";
  return text + ". A law needs runs of several sizes.";
}

std::string headline(const StudyReport& study) {
  const LawView* law = study.laws.empty() ? nullptr : &study.laws[0];
  const std::string words = law ? law_in_words(*law) : study.headline.empty() ? without_law(study) : study.headline;
  std::string out = tag("p", "lead", escape(words));
  if (law && law->result.fit) out += tiles(*law);
  return tag("section", "law", out + care(study));
}

// ---- figures

std::string law_figure_html(const StudyReport& study) {
  const LawView& law = study.laws[0];
  std::string caption = tag("b", "", "Loss against parameters.") + " Both axes logarithmic: a power law is a straight line.";
  if (law.result.fit && law.result.fit->degrees_of_freedom > 0)
    caption += " Dark band: the line's " + report::percent(law.result.fit->derived.at("exponent").interval->level) +
               " confidence; light band: where one further run would fall.";
  if (std::any_of(law.points.begin(), law.points.end(), [](const LawPoint& p) { return !p.residual; }))
    caption += " Hollow points are not fitted.";
  if (std::any_of(law.points.begin(), law.points.end(), [](const LawPoint& p) { return p.pre_asymptotic; }))
    caption += " Grey points are pre-asymptotic: no better than a 5-gram.";
  for (const Baseline& b : study.baselines)
    caption += " " + tag("b", "", escape(b.name)) + " " + fixed(b.loss, 3) + (b.what.empty() ? "." : ": " + escape(b.what) + ".");
  return figure_html(report::loss_figure(law, study.baselines, "loss_by_params"), 880, 470, 370, caption);
}

std::string conventions_table(const StudyReport& study) {
  std::string rows;
  for (std::size_t i = 0; i < study.laws.size(); ++i) {
    const LawView& law = study.laws[i];
    std::string row = tag(
        "th", "text", escape(report::n_short(law.n_convention)) + tag("small", "", escape(report::loss_words(law.loss_kind))));
    if (law.result.fit) {
      const Fit& fit = *law.result.fit;
      const auto interval = fit.derived.at("exponent").interval;
      row += tag("td", "strong", fixed(-fit.constants.at("b"), 5)) +
             tag("td", "", interval ? range_text(-interval->high, -interval->low, 4) : kEnDash) +
             tag("td", "", fit.r_squared ? fixed(*fit.r_squared, 4) : kEnDash);
    } else {
      row += "<td colspan=\"3\" class=\"text\">not fitted</td>";
    }
    rows += tag("tr", "", row);
  }
  return "<div class=\"scroll\" tabindex=\"0\"><table class=\"tight\"><thead><tr><th class=\"text\"><i class=\"v\">N</i> "
         "counts</th><th>exponent</th><th>interval</th><th><i class=\"v\">R</i>\xC2\xB2</th></tr></thead>" +
         tag("tbody", "", rows) + "</table></div>";
}

std::string laws_section(const StudyReport& study) {
  if (study.laws.empty()) return "";
  std::string out = tag("section", "", tag("h2", "", "Loss against parameters") + law_figure_html(study));
  const bool residuals = study.laws[0].result.fit.has_value();
  const bool several = study.laws.size() > 1 && std::any_of(study.laws.begin(), study.laws.end(),
                                                            [](const LawView& l) { return l.result.fit.has_value(); });
  if (residuals || several) {
    std::string pair;
    if (residuals)
      pair += "<div><h2>Residuals</h2>" +
              figure_html(report::residual_figure(study.laws[0]), 460, 300, 290,
                          "How far each run lies from the line. A bow in these points would say that the law has another form.") +
              "</div>";
    if (several)
      pair += "<div><h2>The same runs, counted otherwise</h2>" + conventions_table(study) +
              tag("figcaption", "",
                  "What <i class=\"v\">N</i> counts changes the exponent with nothing else changed. A law is only good with its "
                  "own count.") +
              "</div>";
    out += tag("section", residuals && several ? "pair" : "", pair);
  }
  std::string further;
  for (std::size_t i = 1; i < study.laws.size() && several; ++i)
    further += figure_html(report::loss_figure(study.laws[i], {}, "loss_by_params_" + std::to_string(i + 1)), 460, 320, 300,
                           escape(law_in_words(study.laws[i])));
  if (!further.empty()) out += tag("section", "pair", further);
  return out;
}

std::string curves_section(const StudyReport& study) {
  if (!report::has_curves(study)) return "";
  std::set<std::int64_t> sizes;
  for (const RunReport& r : study.runs) sizes.insert(r.record.params.params);
  const bool evals = std::any_of(study.runs.begin(), study.runs.end(), [](const RunReport& r) { return !r.evals.empty(); });
  return tag("section", "",
             tag("h2", "", "Learning curves") +
                 figure_html(report::curves_figure(study), 880, 460, 380,
                             tag("b", "", "Loss against training tokens.") +
                                 " Lines: training loss, averaged over equal steps of the logarithm" +
                                 (evals ? "; dots: held-out loss." : ".") +
                                 (sizes.size() < study.runs.size() ? " Thin lines: further seeds of a size." : "")));
}

// ---- the run table

std::string optional_fixed(const std::optional<double>& value, int decimals) {
  return value ? fixed(*value, decimals) : kEnDash;
}

/// Three digits, without the zeros at the end.
std::string short_number(double value) {
  std::string text = significant(value, 3);
  if (text.find('e') != std::string::npos || text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string no_break(std::string text) {
  for (std::size_t at = 0; (at = text.find(' ', at)) != std::string::npos;) text.replace(at, 1, report::kNoBreak);
  return text;
}

std::string run_row(const RunReport& run, double order) {
  const RunRecord& r = run.record;
  std::string row = "<th scope=\"row\" title=\"" + escape(r.name) +
                    "\"><svg class=\"fig key\" viewBox=\"0 0 10 10\" aria-hidden=\"true\"><circle class=\"" +
                    report::ordered_class(order) + "f\" cx=\"5\" cy=\"5\" r=\"5\"/></svg>" + name_of(r.name) +
                    (run.pre_asymptotic ? tag("small", "", "pre-asymptotic") : "") + "</th>";
  const auto cell = [&](const std::string& text, const std::string& cls = "") { row += tag("td", cls, text); };
  if (r.status == RunStatus::done)
    cell(optional_fixed(r.loss, 4), "strong");
  else
    cell(escape(to_string(r.status)), "bad");
  cell(r.loss_se_eval ? "\xC2\xB1 " + fixed(*r.loss_se_eval, 4) : kEnDash);
  cell(r.loss ? significant(exp_(*r.loss), 4) : kEnDash);
  cell(optional_fixed(r.bits_per_byte, 4));
  cell(optional_fixed(r.train_loss, 4));
  cell(format_count(static_cast<double>(r.params.params)));
  cell(format_count(static_cast<double>(r.params.params_non_embedding)));
  cell(format_count(static_cast<double>(r.params.params_matmul)));
  cell(report::short_count(static_cast<double>(r.tokens)));
  cell(r.unique_tokens > 0 ? significant(static_cast<double>(r.tokens) / static_cast<double>(r.unique_tokens), 3) : kEnDash);
  cell(run.learning_rate ? short_number(*run.learning_rate) : kEnDash);
  cell(run.seed ? std::to_string(*run.seed) : kEnDash);
  cell(run.timing ? no_break(format_seconds(run.timing->seconds)) : kEnDash);
  cell(run.timing ? report::short_count(run.timing->tokens_per_second) : kEnDash);
  return tag("tr", "", row);
}

std::string runs_section(const StudyReport& study) {
  if (study.runs.empty()) return "";
  std::set<std::int64_t> sizes;
  for (const RunReport& r : study.runs) sizes.insert(r.record.params.params);
  std::string rows;
  for (const RunReport& r : study.runs) {
    const auto rank = static_cast<double>(std::distance(sizes.begin(), sizes.find(r.record.params.params)));
    rows += run_row(r, sizes.size() < 2 ? 1.0 : rank / static_cast<double>(sizes.size() - 1));
  }
  static constexpr const char* kHead =
      "<thead><tr class=\"groups\"><th></th><th colspan=\"4\"><span>Held-out</span></th><th><span>Training</span></th><th "
      "colspan=\"3\"><span>Parameters</span></th>"
      "<th colspan=\"4\"><span>Set-up</span></th><th colspan=\"2\"><span>Machine</span></th></tr>"
      "<tr><th scope=\"col\">run</th><th scope=\"col\">loss</th><th scope=\"col\">s.e.</th><th scope=\"col\">perplexity</th><th "
      "scope=\"col\">bits per byte</th>"
      "<th scope=\"col\">loss</th><th scope=\"col\">all</th><th scope=\"col\">no embeddings</th><th scope=\"col\">in "
      "matmuls</th><th scope=\"col\">tokens</th>"
      "<th scope=\"col\">epochs</th><th scope=\"col\">learning rate</th><th scope=\"col\">seed</th><th "
      "scope=\"col\">time</th><th scope=\"col\">tokens/s, median step</th></tr></thead>";
  return tag("section", "",
             tag("h2", "", "Runs") +
                 "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Run table\"><table class=\"runs\">" +
                 kHead + tag("tbody", "", rows) + "</table></div>");
}

// ---- facts and notes

std::string fact_list(const std::string& title, const std::vector<Fact>& facts) {
  if (facts.empty()) return "";
  std::string rows;
  for (const Fact& f : facts) rows += "<div>" + tag("dt", "", escape(f.key)) + tag("dd", "", escape(f.value)) + "</div>";
  return "<div>" + tag("h3", "", title) + tag("dl", "", rows) + "</div>";
}

std::string facts_section(const StudyReport& study) {
  const std::string lists =
      fact_list("Corpus", study.corpus) + fact_list("Training", study.setup) + fact_list("Machine", study.machine);
  if (lists.empty() && study.regime_text.empty()) return "";
  return tag("section", "",
             tag("h2", "", "Text, regime and set-up") +
                 (study.regime_text.empty() ? "" : tag("p", "regime", escape(study.regime_text))) +
                 (lists.empty() ? "" : tag("div", "facts", lists)));
}

std::string notes_section() {
  return tag("section", "",
             tag("h2", "", "How to read the numbers") +
                 tag("div", "notes",
                     "<p><b>Loss</b> is in nats per token, the mean over the scored text; perplexity is its exponential. Bits "
                     "per byte do not depend on the tokenizer; nats per token do.</p>"
                     "<p><b>Parameters</b> are counted three ways: all of them, a tied head once; without token and position "
                     "embeddings; and those multiplied for every token, the head included.</p>"
                     "<p><b>Standard error</b> of a held-out loss is that of sampling the held-out text. All runs share it, so "
                     "it moves the level of the law more than its slope, and it is not in the law\xE2\x80\x99s interval.</p>"
                     "<p><b>The interval</b> is Student\xE2\x80\x99s t on the scatter of sizes about the line. It holds what "
                     "seeds and the form of the law contribute, and nothing of how well each size was tuned. Replicates of a "
                     "size are averaged first: they are not further sizes.</p>"
                     "<p><b>Time</b> is the whole run with its evaluations; <b>tokens/s</b> is that of the median step without "
                     "them, so it is not tokens over time.</p>"
                     "<p><b>Epochs</b> are training tokens over unique tokens. A law of <i class=\"v\">N</i> alone needs fresh "
                     "text: at most one epoch.</p>"));
}

}  // namespace

std::string report_html(const StudyReport& study) {
  std::string sections =
      headline(study) + "\n" + laws_section(study) + "\n" + curves_section(study) + "\n" + runs_section(study) + "\n";
  for (const PageSection& section : study.sections) sections += report::section_html(section, false) + "\n";
  return report::document_html(study.title, top(study), sections + facts_section(study) + "\n" + notes_section(), study.made_by);
}

}  // namespace isoflop
