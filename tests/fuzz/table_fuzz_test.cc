// The readers of tables, logs and conditions on texts that nobody meant: they read them or say what is wrong, where.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fuzz.h"
#include "long_lines.h"

namespace isoflop::fuzz {
namespace {

using testing::StartsWith;

constexpr std::uint64_t kTexts = 30'000;

const std::vector<std::string> kTables{
    "run,params,tokens,loss,status\na,1e6,2e7,4.5,done\nb,2e6,4e7,4.1,\n\"c,\"\"x\"\"\",3e6,,3.9,done\n",
    "C,N,D,loss\r\n1e18,1e6,2e7,3.1\r\n\r\n2e18,2e6,2e7,3\r\n",
    "\xEF\xBB\xBFrun,step,learning_rate,loss\na,0,0,9\na,1,1e-3,8\na,2,5e-4,7.5\nb,0,1e-3,9\n",
    "flops_budget,depth,model_dim,num_params,num_scaling_params,num_iterations,tokens_trained,param_data_ratio,val_bpb,core_"
    "score,train_time_sec\n"
    "1e18,10,640,2e8,1e8,1000,5e8,5,0.9,0.1,100\n",
};
const std::string kTableAlphabet = std::string(",\"\n\r;\t .-+eE0123456789nainfx'=<>#") + std::string(1, '\0') + "\xff\xc3";

std::string written(const std::string& cell) {
  std::string text = "\"";
  for (const char c : cell) text += c == '"' ? std::string("\"\"") : std::string(1, c);
  return text + "\"";
}

std::string written(const std::vector<std::string>& cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) line += (i ? "," : "") + written(cells[i]);
  return line + "\n";
}

/// Any end but an Error of these faults is a failure: the exception leaves the test.
template <class Call>
bool reads(const Call& call) {
  return problem_of(call).empty();
}

TEST(FuzzedTables, AreReadAsTheyWouldBeWrittenOrRefusedWithTheirLine) {
  Mutator mutator(kTables, kTableAlphabet, 1);
  std::uint64_t read = 0;
  for (std::uint64_t i = 0; i < kTexts; ++i) {
    const std::string text = mutator.text(i);
    SCOPED_TRACE(testing::PrintToString(text));
    CsvTable table;
    const std::string problem = problem_of([&] { table = parse_csv(text, "t.csv"); });
    if (!problem.empty()) {
      EXPECT_THAT(problem, StartsWith("t.csv"));
      continue;
    }
    ++read;
    std::string again = written(table.header);
    for (const auto& row : table.rows) {
      ASSERT_EQ(row.size(), table.header.size());
      again += written(row);
    }
    const CsvTable same = parse_csv(again, "t.csv");
    ASSERT_EQ(same.header, table.header);
    ASSERT_EQ(same.rows, table.rows);
    ASSERT_TRUE(std::is_sorted(table.lines.begin(), table.lines.end()));
  }
  EXPECT_GT(read, kTexts / 20) << "mutations leave some tables whole";
}

TEST(FuzzedTables, BecomeObservationsOfOneLengthAndFitOrSayWhy) {
  Mutator mutator(kTables, kTableAlphabet, 2);
  std::uint64_t read = 0;
  for (std::uint64_t i = 0; i < kTexts; ++i) {
    const std::string text = mutator.text(i);
    SCOPED_TRACE(testing::PrintToString(text));
    Observations table;
    if (!reads([&] { table = observations_from_csv(text, "t.csv"); })) continue;
    ++read;
    for (const auto& [name, column] : table.columns) ASSERT_EQ(column.size(), table.labels.size()) << name;
    (void)reads([&] { (void)fit_power_law(table); });
    if (i % 10 == 0) (void)reads([&] { (void)fit_law(table, "tissue", {.bootstrap = 0}); });
    if (i % 50 == 0) (void)reads([&] { (void)examine_table(table); });
  }
  EXPECT_GT(read, kTexts / 40);
}

TEST(FuzzedLogs, AreReadOrRefusedWithTheirLine) {
  Mutator mutator(
      {"s:0 tel:10.9872\ns:0 trl:11.0123 lr:0.000006 norm:15.21\ns:1 trl:10.9 lr:0.000012 norm:14.02\ns:1 eval:0.25\n",
       R"({"experiment": "scaling_law", "results": [{"name": "tiny", "n_params": 343936, "train_loss": 4.8, "val_loss": 4.9,
 "steps": 500, "batch_size": 32, "block_size": 256}]})"},
      "s:0123456789. trlevanom\n\r{}[]\",-e", 3);
  std::uint64_t read = 0;
  for (std::uint64_t i = 0; i < kTexts; ++i) {
    const std::string text = mutator.text(i);
    SCOPED_TRACE(testing::PrintToString(text));
    const std::string problem = problem_of([&] { (void)observations_from_csv(text, "main.log"); });
    if (problem.empty())
      ++read;
    else
      EXPECT_THAT(problem, StartsWith("main.log"));
  }
  EXPECT_GT(read, kTexts / 20);
}

TEST(FuzzedConditions, DivideTheRowsOrAreRefused) {
  const CsvTable table =
      parse_csv("run,params,val loss,status\na,100,2,done\nb,2e3,3,done\nmy run,,x,diverged\nand,5,1,done\n", "t.csv");
  Mutator mutator({"params<1e5 and run = 'my run'", "val loss >= 2 and status=done", "run != \"and\"", "params = 2000"},
                  "<>=!'\" andor0123456789.e-xparmsun\t\n", 4);
  std::uint64_t read = 0;
  for (std::uint64_t i = 0; i < kTexts; ++i) {
    const std::string text = mutator.text(i);
    SCOPED_TRACE(testing::PrintToString(text));
    if (!reads([&] {
          const auto [kept, others] = split_where(table, text);
          EXPECT_EQ(kept.rows.size() + others.rows.size(), table.rows.size());
          EXPECT_EQ(kept.lines.size(), kept.rows.size());
        }))
      continue;
    ++read;
  }
  EXPECT_GT(read, kTexts / 40);
}

// a quadratic reader would take hours over these
TEST(LongLines, OfAMillionCharactersAreReadOrRefused) {
  read_long_lines(1'000'000);
}

TEST(LongLines, OfTwoHundredThousandColumnsAreReadOrRefused) {
  std::string header = "run,params,loss", row = "a,1,2";
  for (int i = 0; i < 200'000; ++i) header += ",c" + std::to_string(i), row += ",";
  EXPECT_TRUE(reads([&] { (void)observations_from_csv(header + "\n" + row + "\n", "t.csv"); }));
  EXPECT_FALSE(reads([&] { (void)observations_from_csv(header + ",run\n" + row + ",\n", "t.csv"); }))
      << "two columns of one name";
  EXPECT_FALSE(reads([&] { (void)observations_from_csv(header + "\n" + row + "\n", "t.csv", {.where = "parms < 1"}); }));
}

}  // namespace
}  // namespace isoflop::fuzz
