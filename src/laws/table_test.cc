#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing.h"
#include "isoflop/laws.h"

namespace isoflop {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Csv, ReadsQuotesLineEndsAndAByteOrderMark) {
  const CsvTable table = parse_csv("\xEF\xBB\xBFname,loss\r\n\"a,\"\"b\"\"\r\nc\",3.5\r\nd,\n", "t.csv");
  EXPECT_THAT(table.header, ElementsAre("name", "loss"));
  ASSERT_EQ(table.rows.size(), 2u);
  EXPECT_EQ(table.rows[0][0], "a,\"b\"\r\nc");
  EXPECT_THAT(table.rows[1], ElementsAre("d", ""));
  EXPECT_THAT(table.lines, ElementsAre(2, 4));
}

TEST(Csv, NamesLineAndColumnOfWhatIsWrong) {
  EXPECT_EQ(error_of([] { (void)parse_csv("a,b\n1,2\n3\n", "t.csv"); }).subject(), "t.csv:3");
  EXPECT_THAT(error_of([] { (void)parse_csv("a,b\n1,2\n3\n", "t.csv"); }).problem(), HasSubstr("1 cells, expected 2"));
  EXPECT_THAT(error_of([] { (void)parse_csv("a,b\n1,x\"y\n", "t.csv"); }).problem(),
              HasSubstr("column 2: a quote in the middle"));
  EXPECT_EQ(error_of([] { (void)parse_csv("a,b\n1,\"x\n\n", "t.csv"); }).subject(), "t.csv:2");
  EXPECT_THAT(error_of([] { (void)parse_csv("a,b\n1,\"x\"y\n", "t.csv"); }).problem(), HasSubstr("after the closing quote"));
  EXPECT_THAT(error_of([] { (void)parse_csv("a,a\n1,2\n", "t.csv"); }).problem(), HasSubstr("two columns"));
  EXPECT_THAT(error_of([] { (void)parse_csv("", "t.csv"); }).problem(), HasSubstr("empty"));
  EXPECT_THAT(error_of([] { (void)parse_csv("a,b\n", "t.csv"); }).problem(), HasSubstr("no rows"));
  EXPECT_THAT(error_of([] { (void)parse_csv(std::string("a,b\n1,\0", 7), "t.csv"); }).problem(), HasSubstr("zero byte"));
}

TEST(Csv, RefusesTextWhereANumberBelongs) {
  const Error e = error_of([] { (void)observations_from_csv("run,params,loss\na,1,2\nb,2,abc\n", "t.csv"); });
  EXPECT_EQ(e.fault(), Fault::bad_data);
  EXPECT_EQ(e.subject(), "t.csv:3");
  EXPECT_THAT(e.problem(), HasSubstr("column `loss`: `abc` is not a number"));
}

TEST(Csv, KeepsAnEmptyCellEmpty) {
  const Observations table = observations_from_csv("run,params,loss\na,1,\nb,2,3\n", "t.csv");
  EXPECT_THAT(table.labels, ElementsAre("a", "b"));
  EXPECT_EQ(table.columns.at("loss")[0], std::nullopt);
  EXPECT_EQ(table.columns.at("loss")[1], 3.0);
}

TEST(Csv, TakesTheLettersOfThePapersAndDoesNotInventAConvention) {
  const Observations letters = observations_from_csv("C,N,D,loss\n1e18,1e6,2e7,3.1\n", "t.csv");
  EXPECT_EQ(letters.columns.at("params")[0], 1e6);
  EXPECT_EQ(letters.columns.at("tokens")[0], 2e7);
  EXPECT_EQ(letters.n_convention, "unstated");
  EXPECT_EQ(letters.loss_kind, "unstated");
  const Observations ours = observations_from_csv("params,loss,loss_kind,flops_exact\n1,2,final,3\n", "t.csv");
  EXPECT_EQ(ours.n_convention, "params");
  EXPECT_EQ(ours.loss_kind, "final");
  EXPECT_EQ(ours.flops_convention, "flops_exact");
}

TEST(Csv, RenamesColumnsAndNamesTheNearestOfAMissingOne) {
  const Observations table =
      observations_from_table(parse_csv("size,val\n10,2\n", "t.csv"), {.rename = {{"params", "size"}, {"loss", "val"}}});
  EXPECT_EQ(table.columns.at("params")[0], 10.0);
  EXPECT_EQ(table.n_convention, "params");
  EXPECT_THAT(error_of([] {
                (void)observations_from_table(parse_csv("size,val\n10,2\n", "t.csv"), {.rename = {{"loss", "vall"}}});
              }).hint(),
              HasSubstr("`val`"));
}

TEST(Csv, RefusesToMixLossKinds) {
  EXPECT_THAT(error_of([] { (void)observations_from_csv("params,loss,loss_kind\n1,2,final\n2,1,train\n", "t.csv"); }).problem(),
              HasSubstr("mixes final and train"));
}

TEST(Where, KeepsTheRowsThatHold) {
  const CsvTable table = parse_csv("run,params,status\na,100,done\nb,2e3,done\nc,,diverged\nand,5,done\n", "t.csv");
  const auto names = [&](const std::string& expression) {
    std::vector<std::string> kept;
    for (const auto& row : rows_where(table, expression).rows) kept.push_back(row[0]);
    return kept;
  };
  EXPECT_THAT(names("status=done"), ElementsAre("a", "b", "and"));
  EXPECT_THAT(names("params >= 100 and status = done"), ElementsAre("a", "b"));
  EXPECT_THAT(names("params<1000"), ElementsAre("a", "and"));  // a missing cell holds nothing
  EXPECT_THAT(names("run != 'a'"), ElementsAre("b", "c", "and"));
  EXPECT_THAT(names("run = 'and'"), ElementsAre("and"));
  EXPECT_THAT(names("params=2000"), ElementsAre("b"));
}

TEST(Where, SaysWhatItCannotRead) {
  const CsvTable table = parse_csv("run,params\na,100\n", "t.csv");
  EXPECT_THAT(error_of([&] { (void)rows_where(table, "params"); }).problem(), HasSubstr("no comparison"));
  EXPECT_THAT(error_of([&] { (void)rows_where(table, "parms > 1"); }).hint(), HasSubstr("params"));
  EXPECT_EQ(error_of([&] { (void)rows_where(table, "params == 1"); }).fault(), Fault::usage);
  EXPECT_EQ(error_of([&] { (void)rows_where(table, "params ! 1"); }).fault(), Fault::usage);
}

TEST(Where, TakesTextOfSeveralWordsInQuotes) {
  const CsvTable table = parse_csv("run,val loss\nmy run,1\nand,2\n", "t.csv");
  EXPECT_EQ(rows_where(table, "run = 'my run' and val loss < 2").rows.size(), 1u);
  EXPECT_EQ(rows_where(table, "run != \"my run\"").rows.size(), 1u);
}

// what was left over went into the literal, which then compared as text: other rows were fitted than were asked for
TEST(Where, LeavesNothingUnread) {
  const CsvTable table = parse_csv("run,params,loss\na,100,2\nb,1e5,x\n", "t.csv");
  const auto problem = [&](const std::string& expression) {
    const Error e = error_of([&] { (void)rows_where(table, expression); });
    EXPECT_EQ(e.fault(), Fault::usage) << expression;
    return e.problem();
  };
  EXPECT_THAT(problem("params<1e5 or loss>2"), HasSubstr("`or` is not known"));
  EXPECT_THAT(problem("params<1e6 and"), HasSubstr("ends with `and`"));
  EXPECT_THAT(problem("params<1e6 loss<3"), HasSubstr("cannot read `loss<3`"));
  EXPECT_THAT(problem("params<banana"), HasSubstr("`banana` is not a number"));
  EXPECT_THAT(problem("params>=nan"), HasSubstr("`nan` is not a number"));
  EXPECT_THAT(problem("params<"), HasSubstr("no value"));
  EXPECT_THAT(problem("<3"), HasSubstr("no column"));
  EXPECT_THAT(problem("run='a"), HasSubstr("never closed"));
  EXPECT_THAT(problem(" "), HasSubstr("empty"));
}

TEST(Where, NamesTheCellThatCannotBeCompared) {
  const CsvTable table = parse_csv("run,loss\na,2\nb,n/a\n", "t.csv");
  const Error e = error_of([&] { (void)rows_where(table, "loss<3"); });
  EXPECT_EQ(e.fault(), Fault::bad_data);
  EXPECT_THAT(e.subject(), HasSubstr("t.csv:3"));
  EXPECT_EQ(rows_where(table, "run=a and loss<3").rows.size(), 1u);
}

TEST(Rows, AreOfRunsThatAreDone) {
  const Observations table =
      observations_from_csv("run,params,loss,status\na,1,4,done\nb,2,3,diverged\nc,3,oops,running\nd,4,2,\n", "t.csv");
  EXPECT_THAT(table.labels, ElementsAre("a", "d"));
  EXPECT_THAT(table.lines, ElementsAre(2, 5));
  ASSERT_EQ(table.warnings.size(), 2u);
  EXPECT_EQ(table.warnings[0].code, "not_done");
  EXPECT_THAT(table.warnings[0].text, HasSubstr("1 run with status diverged left out: b"));
}

TEST(Rows, AreRefusedWithAStatusNobodyKnows) {
  const Error e = error_of([] { (void)observations_from_csv("params,loss,status\n1,4,done\n2,3,banana\n", "t.csv"); });
  EXPECT_EQ(e.subject(), "t.csv:3");
  EXPECT_THAT(e.problem(), HasSubstr("`banana`"));
}

TEST(Rows, AreNotThoseOfALearningRateSweep) {
  const Observations table =
      observations_from_csv("run,group,params,loss\na,family,1,4\nb,learning-rate,1,5\nc,,2,3\n", "t.csv");
  EXPECT_THAT(table.labels, ElementsAre("a", "c"));
  ASSERT_EQ(table.warnings.size(), 1u);
  EXPECT_EQ(table.warnings[0].code, "sweep_runs");
}

TEST(Rows, CanBeChosenAndRenamedAsTheyAreRead) {
  const Observations table =
      observations_from_csv("run,size,loss\na,1,4\nb,2,3\n", "t.csv", {.rename = {{"params", "size"}}, .where = "size>1"});
  EXPECT_THAT(table.labels, ElementsAre("b"));
  EXPECT_EQ(table.columns.at("params")[0], 2.0);
  EXPECT_THAT(error_of([] { (void)observations_from_csv("params,loss\n1,4\n", "t.csv", {.where = "params>1"}); }).problem(),
              HasSubstr("no row holds"));
}

}  // namespace
}  // namespace isoflop
