// Tables of proxy runs: how shares and losses are found, paired, and refused with their line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing.h"
#include "isoflop/mixture.h"

namespace isoflop {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

CsvTable csv(const std::string& text, const std::string& name = "w.csv") { return parse_csv(text, name); }

std::string problem_of(const std::string& weights, const std::string& losses = "") {
  const Error error = error_of([&] {
    if (losses.empty()) (void)mixture_table(csv(weights));
    else (void)mixture_table(csv(weights), csv(losses, "l.csv"));
  });
  EXPECT_EQ(error.fault(), Fault::bad_data);
  return error.what();
}

TEST(MixtureTable, OneTableNamesSharesAndLossesByTheirPrefix) {
  const MixtureTable table = mixture_table(csv(
      "run,share.web,share.code,loss.web,loss,learning_rate,loss_se_eval\na,0.75,0.25,3.5,3.6,1e-3,.1\nb,0,1,4,3.9,1e-3,.1\n"));
  EXPECT_THAT(table.domains, ElementsAre("web", "code"));
  EXPECT_THAT(table.targets, ElementsAre("web", "loss"));
  EXPECT_EQ(table.shares(0), (Mixture{{"code", 0.25}, {"web", 0.75}}));
  EXPECT_EQ(table.runs.labels[1], "b");
  EXPECT_EQ(*table.runs.columns.at("learning_rate")[0], 1e-3);
}

TEST(MixtureTable, TwoTablesMeetByTheirIndexAndNamesAreWhatTellsHeadersApart) {
  const MixtureTable table =
      mixture_table(csv("index,train_the_pile_arxiv,train_the_pile_pile_cc\n1,0.3,0.7\n2,1,0\n"),
                    csv("index,metric/the_pile_arxiv_val_loss,metric/the_pile_pile_cc_val_loss\n2,3,5\n1,4,4.5\n", "l.csv"));
  EXPECT_THAT(table.domains, ElementsAre("arxiv", "pile_cc"));
  EXPECT_THAT(table.targets, ElementsAre("arxiv", "pile_cc"));
  EXPECT_EQ(*table.runs.columns.at("loss.pile_cc")[0], 4.5);
  EXPECT_EQ(*table.runs.columns.at("loss.arxiv")[1], 3);
}

TEST(MixtureTable, ALossIsAColumnOfNumbersThoughItsFirstCellIsMissing) {
  const MixtureTable table =
      mixture_table(csv("a,b\n0.5,0.5\n0.2,0.8\n"), csv("code_loss,web_loss,note\n,3,x\n4,5,y\n", "l.csv"));
  EXPECT_THAT(table.targets, ElementsAre("code", "web"));
  EXPECT_FALSE(table.runs.columns.at("loss.code")[0]);
  EXPECT_EQ(*table.runs.columns.at("loss.code")[1], 4);
}

TEST(MixtureTable, RowsOfADesignAreCalledByItsIndex) {
  EXPECT_THAT(mixture_table(csv("index,share.a,share.b\n7,0.5,0.5\n9,0,1\n")).runs.labels, ElementsAre("7", "9"));
  EXPECT_THAT(mixture_table(csv("index,run,share.a,share.b\n7,x,0.5,0.5\n")).runs.labels, ElementsAre("x"));
}

TEST(MixtureTable, WithoutAnIndexRowsMeetInOrder) {
  const MixtureTable table = mixture_table(csv("a,b\n0.5,0.5\n0.2,0.8\n"), csv("val\n3\n4\n", "l.csv"));
  EXPECT_THAT(table.targets, ElementsAre("val"));
  EXPECT_EQ(*table.runs.columns.at("loss.val")[1], 4);
  EXPECT_THAT(problem_of("a,b\n0.5,0.5\n0.2,0.8\n", "val\n3\n"), HasSubstr("1 rows, expected 2"));
}

TEST(MixtureTable, RoundedSharesAreScaledToOne) {
  const MixtureTable table = mixture_table(csv("share.a,share.b\n0.333,0.664\n"));
  const Mixture shares = table.shares(0);
  EXPECT_NEAR(shares.at("a") + shares.at("b"), 1, 1e-15);
  EXPECT_TRUE(table.targets.empty());
}

TEST(MixtureTable, RowsOfOneFamilyAreTold) {
  const MixtureTable table =
      mixture_table(csv("group,proportion_domain_1,proportion_domain_2,loss_domain_1\n70M,0.5,0.5,3\n410M,0.5,0.5,2.5\n"));
  EXPECT_THAT(table.domains, ElementsAre("domain_1", "domain_2"));
  EXPECT_THAT(table.targets, ElementsAre("domain_1"));
  EXPECT_THAT(table.families, ElementsAre("70M", "410M"));
  EXPECT_TRUE(mixture_table(csv("group,share.a,share.b,loss\nx,0.5,0.5,3\nx,0,1,2.5\n")).families.empty());
}

TEST(MixtureTable, RunsThatAreNotDoneAreLeftOut) {
  const MixtureTable table = mixture_table(csv("run,share.a,share.b,loss,status\nx,0.5,0.5,3,done\ny,0,1,,diverged\n"));
  EXPECT_EQ(table.rows(), 1);
  ASSERT_FALSE(table.runs.warnings.empty());
  EXPECT_EQ(table.runs.warnings[0].code, "not_done");
}

TEST(MixtureTable, WhatIsWrongIsNamedByLineAndColumn) {
  EXPECT_THAT(problem_of("share.a,share.b,loss\n0.5,0.5,3\n0.5,0.6,3\n"), HasSubstr("w.csv:3: the shares sum to 1.1"));
  EXPECT_THAT(problem_of("share.a,share.b,loss\n50,50,3\n"), HasSubstr("w.csv:2: column `share.a` is 50"));
  EXPECT_THAT(problem_of("share.a,share.b,loss\n-0.1,1.1,3\n"), HasSubstr("-0.1"));
  EXPECT_THAT(problem_of("share.a,share.b,loss\nx,1,3\n"), HasSubstr("`x` is not a number"));
  EXPECT_THAT(problem_of("share.a,share.b,loss\n0,1,-3\n"), HasSubstr("w.csv:2: column `loss` is -3"));
  EXPECT_THAT(problem_of("share.a,loss\n1,3\n"), HasSubstr("expected 2 or more"));
  EXPECT_THAT(problem_of("index,a,b\n1,0.5,0.5\n", "index,val\n2,3\n"), HasSubstr("w.csv:2: l.csv has no row `1`"));
  EXPECT_THAT(problem_of("index,a,b\n1,0.5,0.5\n1,0.5,0.5\n", "index,val\n1,3\n2,3\n"),
              HasSubstr("w.csv:3: column `index` has `1` twice"));
  EXPECT_THAT(problem_of("index,a,b\n1,0.5,0.5\n", "index,val\n1,3\n2,3\n"), HasSubstr("2 rows, 1 in w.csv"));
  EXPECT_THAT(problem_of("index,a,b\n1,0.5,0.5\n", "index,val\n1,nan\n"), HasSubstr("l.csv:2"));
  EXPECT_THAT(problem_of("share.a,share.b,loss,loss_unit\n0,1,3,bits\n"), HasSubstr("bits"));
}

TEST(MixtureTable, SomeRowsAreDrawnByTheSeedAndKeepTheirOrder) {
  std::string text = "run,share.a,share.b,loss\n";
  for (int i = 0; i < 50; ++i) text += "r" + std::to_string(i) + ",0.5,0.5," + std::to_string(i + 1) + "\n";
  const MixtureTable table = mixture_table(csv(text)), some = some_rows(table, 20, 1), again = some_rows(table, 20, 1),
                     other = some_rows(table, 20, 2);
  EXPECT_EQ(some.rows(), 20);
  EXPECT_EQ(some.runs.labels, again.runs.labels);
  EXPECT_NE(some.runs.labels, other.runs.labels);
  const auto& loss = some.runs.columns.at("loss");
  for (std::size_t i = 1; i < loss.size(); ++i) EXPECT_LT(*loss[i - 1], *loss[i]);
}

TEST(Predict, ATableIsJudgedRowByRowAndAStrangerIsNamed) {
  std::string text = "share.a,share.b,loss\n";
  for (int i = 0; i <= 20; ++i)
    text += std::to_string(i * 0.05) + "," + std::to_string(1 - i * 0.05) + "," + std::to_string(3 + 0.01 * i) + "\n";
  const MixtureTable table = mixture_table(csv(text));
  const MixtureModel model = fit_mixture(table, {.law = "linear", .ridge = 0.0, .bootstrap = 60});
  const auto predictions = predict_mixtures(model, table);
  ASSERT_EQ(predictions.size(), 1U);
  EXPECT_GT(*predictions[0].agreement->spearman, 0.999);
  EXPECT_LT(predictions[0].agreement->rmse, 1e-4);
  MixtureTable named = table;
  named.runs.labels[0] = "a, b";
  EXPECT_THAT(mixture_predictions_to_csv(predictions, named), HasSubstr("row,target,predicted,low,high\n\"a, b\",loss,"));
  const Error error = error_of([&] { (void)predict_mixtures(model, mixture_table(csv("share.a,share.bb\n0.5,0.5\n"))); });
  EXPECT_THAT(error.what(), HasSubstr("w.csv:2"));
  EXPECT_THAT(error.what(), HasSubstr("bb"));
}

}  // namespace
}  // namespace isoflop
