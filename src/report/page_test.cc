#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>

#include "isoflop/report.h"
#include "report/fixture.h"
#include "report/markup_check.h"
#include "report/text.h"

namespace isoflop {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

TEST(Page, IsWellFormedAndTheSameBytesTwice) {
  for (const StudyReport& study : {report::source_study(), report::fresh_study(), StudyReport{}}) {
    const std::string page = report_html(study);
    EXPECT_EQ(report::markup_problem(page, true), "");
    EXPECT_EQ(page, report_html(study));
  }
}

TEST(Page, HasEveryRunsNameAndLoss) {
  const StudyReport study = report::fresh_study();
  const std::string page = report_html(study);
  for (const RunReport& r : study.runs) {
    EXPECT_THAT(page, HasSubstr("<bdi>" + r.record.name + "</bdi>"));
    EXPECT_THAT(page, HasSubstr(report::fixed(*r.record.loss, 4)));
  }
  EXPECT_THAT(page, HasSubstr("61,000"));
}

TEST(Page, SaysTheLawWithItsIntervalAndItsWarnings) {
  const std::string page = report_html(report::source_study());
  EXPECT_THAT(page, HasSubstr("<i class=\"v\">L</i> = 20.78 \xC2\xB7 <i class=\"v\">N</i><sup>\xE2\x88\x92"
                              "0.12886</sup>"));
  EXPECT_THAT(page, HasSubstr("\xE2\x88\x92"
                              "0.1649 to \xE2\x88\x92"
                              "0.0928"));
  EXPECT_THAT(page, HasSubstr("18.62 times over"));
  EXPECT_THAT(page, HasSubstr("repeated data"));
}

TEST(Page, MarksRunsThatAreNoBetterThanAFiveGram) {
  StudyReport study = report::source_study();
  EXPECT_THAT(report_html(study), Not(HasSubstr("pre-asymptotic")));
  study.runs[0].pre_asymptotic = true;
  study.laws[0].points[0].pre_asymptotic = true;
  const std::string page = report_html(study);
  EXPECT_EQ(report::markup_problem(page, true), "");
  EXPECT_THAT(page, HasSubstr("<small>pre-asymptotic</small>"));
  EXPECT_THAT(page, HasSubstr("Grey points are pre-asymptotic: no better than a 5-gram."));
  const Figure figure = report_figures(study)[0];
  const auto grey = std::find_if(figure.series.begin(), figure.series.end(),
                                 [](const FigureSeries& s) { return s.name == "fitted, pre-asymptotic"; });
  ASSERT_NE(grey, figure.series.end());
  EXPECT_EQ(grey->points.size(), 1U);
  EXPECT_EQ(grey->tone, Tone::muted);
}

TEST(Page, LoadsNothingAndRunsNothing) {
  const std::string page = lower(report_html(report::source_study()));
  EXPECT_THAT(page, HasSubstr("content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:;"));
  for (const char* forbidden : {"http:", "https:", "//", "<script", "<link", "<iframe", "<img", "src=", "href=", "@import",
                                "@font-face", "javascript:", "onload", "onerror"})
    EXPECT_THAT(page, Not(HasSubstr(forbidden)));
  // the only url() are the plots' own clip paths
  for (std::size_t at = 0; (at = page.find("url(", at)) != std::string::npos; ++at) EXPECT_EQ(page.substr(at, 5), "url(#");
}

TEST(Page, KeepsHostileNamesText) {
  const std::string hostile = "\"'></td></script><script>alert(1)</script><img src=x onerror=alert(1)>\xff\xE2\x80\xAE";
  StudyReport study = report::source_study();
  study.title = study.subtitle = study.regime_text = study.made_by = hostile;
  study.labels = {hostile};
  study.corpus = {{hostile, hostile}};
  study.warnings = {{hostile, hostile}};
  study.baselines = {{hostile, 3.0, hostile}};
  for (RunReport& r : study.runs) r.record.name = r.record.id = hostile;
  for (LawView& law : study.laws) {
    for (LawPoint& p : law.points) p.name = hostile;
    law.n_convention = law.loss_kind = hostile;
    law.result.warnings.push_back({hostile, hostile});
  }
  const std::string page = report_html(study);
  EXPECT_EQ(report::markup_problem(page, true), "");
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_THAT(page, Not(HasSubstr("\xE2\x80\xAE")));
  EXPECT_THAT(page, HasSubstr("&lt;img src=x onerror=alert(1)&gt;"));
  for (const Figure& figure : report_figures(study)) {
    EXPECT_EQ(report::markup_problem(figure_svg(figure), false), "") << figure.id;
    EXPECT_THAT(figure.id, testing::MatchesRegex("[a-z0-9_]+"));
  }
}

TEST(Page, ShowsWhatIsMissingAsADashAndADivergedRunAsDiverged) {
  StudyReport study = report::source_study();
  RunRecord& r = study.runs[1].record;
  r.status = RunStatus::diverged;
  r.loss = r.loss_se_eval = r.train_loss = r.bits_per_byte = std::nullopt;
  study.runs[1].timing = std::nullopt;
  const std::string page = report_html(study);
  EXPECT_THAT(page, HasSubstr("<bdi>small</bdi></th><td "
                              "class=\"bad\">diverged</td><td>\xE2\x80\x93</td><td>\xE2\x80\x93</td><td>\xE2\x80\x93</"
                              "td><td>\xE2\x80\x93</td><td>1,281,024</td>"));
}

TEST(Page, GivesTheReasonWhereThereIsNoLaw) {
  StudyReport study = report::source_study();
  study.laws.clear();
  report::fit_all(study, false);
  ASSERT_FALSE(study.laws[0].result.fit);
  const std::string page = report_html(study);
  EXPECT_THAT(page, HasSubstr("No law of N: 5 runs saw the text up to 18.62 times over"));
  EXPECT_THAT(page, HasSubstr("class=\"open\""));
  EXPECT_THAT(page, Not(HasSubstr("class=\"tiles\"")));
}

TEST(Page, SaysWhatThereIsWhereNoLawWasAskedFor) {
  StudyReport study = report::source_study();
  study.laws.clear();
  study.runs.resize(1);
  EXPECT_THAT(report_html(study), HasSubstr("One run: held-out loss 3.9200 nats per token. A law needs runs of several sizes."));
  study.runs[0].record.status = RunStatus::diverged;
  study.runs[0].record.loss.reset();
  EXPECT_THAT(report_html(study), HasSubstr("The run diverged. A law needs"));
  EXPECT_THAT(report_html(StudyReport{}), HasSubstr("No run is finished yet."));
}

TEST(Page, TheRunTableKeepsToThePagesColumn) { EXPECT_THAT(report_html(report::source_study()), Not(HasSubstr("100vw"))); }

TEST(Page, SaysThatTokensPerSecondAreOfTheMedianStep) {
  EXPECT_THAT(report_html(report::source_study()),
              testing::AllOf(HasSubstr("tokens/s, median step"), HasSubstr("not tokens over time")));
}

TEST(Figures, ARunOfOneStepIsAPointAndNotALine) {
  StudyReport study = report::source_study();
  study.runs.resize(1);
  study.runs[0].steps.resize(1);
  study.runs[0].evals.clear();
  const std::vector<Figure> figures = report_figures(study);
  const Figure& curves = figures.back();
  ASSERT_EQ(curves.id, "learning_curves");
  ASSERT_EQ(curves.series.size(), 1U);
  EXPECT_EQ(curves.series[0].mark, Mark::points);
  EXPECT_EQ(curves.series[0].points[0].label, "tiny");
}

TEST(LawInWords, IsAPictureWithThreeSizes) {
  StudyReport study = report::source_study();
  study.runs.resize(3);
  study.laws.clear();
  report::fit_all(study, true);
  EXPECT_THAT(law_in_words(study.laws[0]),
              testing::StartsWith("A picture, not a law: held-out loss on repeated data falls as N to the power"));
}

TEST(LawInWords, GivesTheIntervalAndTheRatioOfADecade) {
  EXPECT_EQ(law_in_words(report::fresh_study().laws[0]).substr(0, 54),
            "Held-out loss falls as N to the power \xE2\x88\x92"
            "0.1064 (95\xC2\xA0%");
}

LawView view_of(const std::vector<double>& n, const std::vector<double>& loss) {
  Observations table;
  for (std::size_t i = 0; i < n.size(); ++i) table.labels.push_back("run " + std::to_string(i));
  table.columns["params"].assign(n.begin(), n.end());
  table.columns["loss"].assign(loss.begin(), loss.end());
  return law_view(table, {}, fit_power_law(table));
}

TEST(LawInWords, SaysThatLossFallsOnlyWhereTheIntervalShowsIt) {
  const std::string open = law_in_words(view_of({1e4, 1e5, 1e6, 1e7}, {3, 2.95, 2.6, 2.59}));
  EXPECT_THAT(open, testing::StartsWith("That loss falls with N is not shown: as N to the power "));
  const std::string two = law_in_words(view_of({1e4, 1e6}, {3, 2.7}));
  EXPECT_THAT(two, testing::StartsWith("Two sizes leave no interval, so no law is shown: "));
  EXPECT_THAT(two, Not(HasSubstr("falls")));
}

TEST(LawInWords, SaysWhereTheRowsWentWhenNoneIsLeft) {
  Observations table;
  table.columns["params"] = table.columns["loss"] = {};
  table.warnings = {{"not_done", "3 runs with status diverged left out: a, b, c"}};
  EXPECT_EQ(law_in_words(law_view(table, {}, fit_power_law(table))),
            "No law of N: no size left to fit, expected 2 for a line, 3 or more for a law with an interval; 3 runs with status "
            "diverged left out: a, b, c.");
}

// sizes and losses at either end of what a number holds once ended the program here
TEST(LawView, HasABandAtTheEndsOfTheNumbers) {
  for (const auto& [n, loss] : std::vector<std::pair<std::vector<double>, std::vector<double>>>{
           {{1e4, 1e5, 1e6}, {3e-320, 2e-320, 1e-320}}, {{1e-300, 1e5, 1e6}, {3, 2.5, 2.1}}, {{5e-324, 1e308}, {3, 2.5}},
           {{1e4, 1e5, 1e6}, {3e300, 2.5, 2.1}}}) {
    const LawView view = view_of(n, loss);
    for (const BandPoint& p : view.band) EXPECT_TRUE(p.params > 0 && std::isfinite(p.params));
    if (view.result.fit) {
      EXPECT_GT(view.band.size(), 2u);
      for (const LawPoint& p : view.points) EXPECT_TRUE(p.residual);
    }
  }
}

TEST(LawView, MarksTheRowsThatWereFittedAndReachesBeyondThem) {
  StudyReport study = report::source_study();
  Observations table = report::table_of(study);
  table.columns["unique_tokens"] = {1e9, 1e9, 1e9, 1e9, 1e6};  // large is not fresh
  table.columns["params"][4] = 15659520.0;
  const FitResult result = fit_power_law(table);
  const LawView view = law_view(table, {}, result);
  ASSERT_EQ(view.points.size(), 5u);
  EXPECT_TRUE(view.points[3].residual);
  EXPECT_FALSE(view.points[4].residual);
  EXPECT_LT(view.band.front().params, 343936);
  EXPECT_GT(view.band.back().params, 5714432);
  EXPECT_LT(view.band.back().params, 10e6);
}

TEST(Figures, OfAStudyAreItsLawsAndItsCurves) {
  std::vector<std::string> names;
  for (const Figure& figure : report_figures(report::source_study())) names.push_back(figure.id);
  EXPECT_THAT(names,
              testing::ElementsAre("loss_by_params", "residuals", "loss_by_params_2", "loss_by_params_3", "learning_curves"));
}

}  // namespace
}  // namespace isoflop
