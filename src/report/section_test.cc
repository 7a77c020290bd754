// Sections of a page: what they say, that they are safe, and that they come back from JSON.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/math.h"
#include "base/testing.h"
#include "isoflop/plan.h"
#include "isoflop/report.h"
#include "report/markup_check.h"

namespace isoflop {
namespace {

using testing::HasSubstr;
using testing::Not;

PageSection a_plan() {
  PlanRequest request;
  request.law = planning_law("published:epoch2024");
  request.flops = 1e24;
  request.unique_tokens = 5e11;
  request.others = {planning_law("tokens_per_param:20")};
  const Plan plan = make_plan(request);
  return plan_section(plan, plan_machines(plan));
}

Observations a_table() {
  Observations table;
  for (int i = 0; i < 12; ++i) {
    const double n = 1e7 * pow_(2, i % 4), d = 1e9 * pow_(3, i / 4);
    table.labels.push_back("run " + std::to_string(i));
    table.columns["params"].push_back(n);
    table.columns["tokens"].push_back(d);
    table.columns["loss"].push_back((1.8 + 480 * pow_(n, -0.35) + 2100 * pow_(d, -0.37)) * (i % 2 == 0 ? 1.002 : 0.998));
  }
  return table;
}

Page page_of(std::vector<PageSection> sections) {
  return {.kicker = "Training plan", .title = "title", .subtitle = "", .sections = std::move(sections), .made_by = "isoflop"};
}

TEST(Section, OfAPlanSaysItsNumbersAndShowsItsPictures) {
  const PageSection section = a_plan();
  EXPECT_THAT(section.lead, HasSubstr("1e+24 FLOPs train"));
  EXPECT_EQ(section.tiles.front().what, "Optimal parameters N*");
  const std::string page = page_html(page_of({section}));
  EXPECT_EQ(report::markup_problem(page, true), "");
  for (const char* said : {"With the text there is", "What other laws would train", "Shape, machine and schedule",
                           "The loss a budget reaches", "95 % interval", "resamples of their rows"})
    EXPECT_THAT(page, HasSubstr(said));
}

TEST(Section, OfAFitHasEveryConstantWithItsInterval) {
  const Observations table = a_table();
  const Fit fit = *fit_law(table, "chinchilla", {.bootstrap = 60}).fit;
  const PageSection section = law_section(table, fit);
  const std::string page = page_html(page_of({section}));
  EXPECT_EQ(report::markup_problem(page, true), "");
  for (const auto& [name, value] : fit.constants) EXPECT_THAT(page, HasSubstr("<bdi>" + name + "</bdi>"));
  EXPECT_THAT(page, HasSubstr("row bootstrap"));
  EXPECT_GE(section.figures.size(), 3U);
}

TEST(Section, ComesBackFromJsonAsItWas) {
  for (const PageSection& section : {a_plan(), PageSection{}}) {
    const std::string text = section_to_json(section);
    const PageSection back = section_from_json(text, "plan.json");
    EXPECT_EQ(section_to_json(back), text);
    EXPECT_EQ(page_html(page_of({back})), page_html(page_of({section})));
  }
}

TEST(Section, OfAnotherFormIsRefusedByItsKey) {
  EXPECT_THAT(error_of([] { (void)section_from_json("{}", "plan.json"); }).problem(), HasSubstr("`title`"));
  std::string text = section_to_json(a_plan());
  // the id of a figure becomes a file's name and an id of the page
  text.replace(text.find("plan_frontier"), 13, "../../../evil");
  EXPECT_THAT(error_of([&] { (void)section_from_json(text, "plan.json"); }).problem(), HasSubstr("no id of a figure"));
}

TEST(Section, KeepsHostileWordsText) {
  const std::string hostile = "\"'></td></script><script>alert(1)</script><img src=x onerror=alert(1)>\xff\xE2\x80\xAE";
  PageSection section = a_plan();
  section.title = section.lead = hostile;
  section.tiles = {{hostile, hostile, hostile}};
  section.warnings = {{hostile, hostile}};
  section.tables = {{hostile, {hostile, hostile}, {{hostile, hostile}}, hostile}};
  for (CaptionedFigure& f : section.figures) f.caption = f.figure.title = f.figure.description = f.figure.x.label = hostile;
  const std::string page = page_html({hostile, hostile, hostile, {section, section}, hostile});
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_THAT(page, Not(HasSubstr("\xE2\x80\xAE")));
}

TEST(Section, SetsAColumnOfSentencesInLinesAndNumbersInOne) {
  PageSection section;
  section.tables = {{"Rates",
                     {"law", "value", "conditions"},
                     {{"a", "1e-3", "AdamW, cosine to 1e-5, with the batch of the same law"}, {"b", "2e-3", "none"}},
                     ""}};
  const std::string page = page_html({"title", "", "", {section}, ""});
  EXPECT_THAT(page, HasSubstr("<th scope=\"col\" class=\"words\">conditions</th>"));
  EXPECT_THAT(page, HasSubstr("<td>1e-3</td><td class=\"words\">AdamW"));
  EXPECT_THAT(page, HasSubstr("<td class=\"words\">none</td>")) << "a column is set in one way";
}

TEST(Figures, GoToAFileEach) {
  const std::filesystem::path folder = fresh_folder() / "pictures";
  std::vector<Figure> figures;
  for (const CaptionedFigure& f : a_plan().figures) figures.push_back(f.figure);
  write_figures(folder.string(), figures);
  for (const Figure& figure : figures) EXPECT_TRUE(std::filesystem::exists(folder / (figure.id + ".svg"))) << figure.id;
}

}  // namespace
}  // namespace isoflop
