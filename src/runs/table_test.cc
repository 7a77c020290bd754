#include "runs/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "base/csv.h"
#include "base/file.h"
#include "base/json.h"
#include "base/testing.h"

namespace isoflop {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

class Table : public testing::Test {
 protected:
  void SetUp() override { folder_ = fresh_folder(); }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path csv(const std::string& text) {
    fs::path path = folder_ / "table.csv";
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  std::string refusal(const std::string& text) {
    try {
      (void)RunStore::open(folder_ / "study").import_table(csv(text));
    } catch (const Error& error) {
      EXPECT_EQ(error.fault(), Fault::bad_data);
      EXPECT_THAT(RunStore::open(folder_ / "study").list(), IsEmpty());
      return std::string(error.what()) + " | " + error.hint();
    }
    ADD_FAILURE() << "nothing was thrown for " << text;
    return {};
  }

  fs::path folder_;
};

std::vector<StoredRun> some_runs() {
  std::vector<StoredRun> runs(4);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    StoredRun& run = runs[i];
    run.id = "000000000000000" + std::to_string(i);
    RunRecord& r = run.record;
    r.id = run.id;
    r.name = i == 1 ? "a \"name\", with\neverything" : "tiny";
    r.group = "g";
    r.status = i == 2 ? RunStatus::diverged : RunStatus::done;
    const auto k = static_cast<std::int64_t>(i) + 1;
    r.params = {343936 * k, 100096 * k, 200000 * k};
    r.flops = {1.1e6, 2.0636e6, 1.3e6 / 3};
    r.tokens = 4096000;
    r.unique_tokens = 300000;
    r.regime = Regime::memorising;
    if (i != 2) r.loss = 4.0 + 1.0 / static_cast<double>(3 * k);
    if (i == 0) r.distinct_tokens_seen = 1234567;
    r.isa = "avx2";
    run.seed = i == 0 ? 18446744073709551615u : i;
    run.learning_rate = 3e-4;
    run.batch_tokens = 8192;
    if (i != 3) run.timing = RunTiming{.seconds = 12.5, .tokens_per_second = 81234.56789, .threads = 2, .peak_bytes = 100};
  }
  return runs;
}

TEST_F(Table, HasTheColumnsOfItsPageInTheirOrder) {
  const std::string table = run_table_csv({});
  EXPECT_EQ(table,
            "run,group,seed,params,params_non_embedding,params_matmul,tokens,unique_tokens,distinct_tokens_seen,train_bytes,"
            "flops_exact,flops_6nd,"
            "flops_full_attention,loss,loss_kind,loss_best,train_loss,loss_se_eval,bits_per_byte,learning_rate,batch_tokens,"
            "status,name,regime,isa,"
            "loss_full_context,flops,seconds,tokens_per_second,threads\n");
  EXPECT_THAT(read_file(fs::path(ISOFLOP_SOURCE_DIR) / "docs/formats/runs-table.md"),
              HasSubstr(table.substr(0, table.size() - 1)));
}

TEST_F(Table, LeavesMissingCellsEmptyAndQuotesWhatNeedsIt) {
  const std::string table = run_table_csv(some_runs());
  const auto rows = read_csv(table, "table");
  ASSERT_EQ(rows.size(), 5u);
  EXPECT_THAT(table, HasSubstr("\"a \"\"name\"\", with\neverything\""));
  EXPECT_EQ(rows[2].cells[22], "a \"name\", with\neverything");
  EXPECT_EQ(rows[1].cells[2], "18446744073709551615");
  EXPECT_EQ(rows[3].cells[13], "");
  EXPECT_EQ(rows[3].cells[14], "");
  EXPECT_EQ(rows[4].cells[27], "");
  EXPECT_EQ(rows[1].cells[10], "4.5056e+12");
}

TEST_F(Table, LeavesOutRunsThatAreNotFinished) {
  auto runs = some_runs();
  runs[0].record.status = RunStatus::running;
  runs[1].record.status = RunStatus::stopped;
  EXPECT_EQ(read_csv(run_table_csv(runs), "table").size(), 3u);
}

TEST_F(Table, ExportImportExportGivesTheSameTable) {
  const std::string table = run_table_csv(some_runs());
  RunStore store = RunStore::open(folder_ / "study");
  EXPECT_EQ(store.import_table(csv(table)), 4);
  EXPECT_EQ(run_table_csv(store.list()), table);
  // once more, from the index, through another store, and again into the same one
  RunStore other = RunStore::open(folder_ / "other");
  EXPECT_EQ(other.import_table(csv(run_table_csv(store.list()))), 4);
  EXPECT_EQ(run_table_csv(other.list()), table);
  EXPECT_EQ(store.import_table(csv(table)), 0);
  EXPECT_EQ(run_table_csv(store.list()), table);
  EXPECT_THAT(store.verify(), IsEmpty());
}

TEST_F(Table, ATableOfAPaperComesInWithItsConventionUnstated) {
  RunStore store = RunStore::open(folder_ / "study");
  // two rows that say the same are two rows
  EXPECT_EQ(store.import_table(csv("\xEF\xBB\xBF"
                                   "C,N,D,loss\r\n1e18,4.4e7,3.79e9,3.25\r\n1e18,4.4e7,3.79e9,3.25\r\n6e18,1e8,1e10,3.0\r\n")),
            3);
  const auto runs = store.list();
  ASSERT_EQ(runs.size(), 3u);
  EXPECT_EQ(runs[0].record.params.params, 44'000'000);
  EXPECT_EQ(runs[0].record.tokens, 3'790'000'000);
  EXPECT_EQ(runs[0].record.loss, 3.25);
  EXPECT_EQ(runs[0].imported->source, "table.csv");
  const Json json = parse_json(to_json(runs[2]), "run");
  EXPECT_EQ(json["flops"], 6e18);
  EXPECT_TRUE(json["flops_exact"].is_null());
  EXPECT_TRUE(json["params_non_embedding"].is_null());
  EXPECT_TRUE(json["regime"].is_null());
  EXPECT_TRUE(json["loss_kind"].is_null());
  EXPECT_EQ(json["source"], "table.csv");
}

TEST_F(Table, NamesTheRowAndTheColumnAtFaultAndImportsNothing) {
  EXPECT_THAT(refusal("C,N,D,loss\n1,2,3,4\n1,2,3,x\n"), testing::AllOf(HasSubstr("table.csv row 2"), HasSubstr("`loss`")));
  EXPECT_THAT(refusal("params,tokens,loss\n1,2,nan\n"), HasSubstr("`loss`"));
  EXPECT_THAT(refusal("params,tokens,loss\n1,2,-3\n"), HasSubstr("`loss`"));
  EXPECT_THAT(refusal("params,tokens,loss\n1.5,2,3\n"), testing::AllOf(HasSubstr("`params`"), HasSubstr("whole number")));
  EXPECT_THAT(refusal("params,tokens,loss\n1,2\n"), HasSubstr("2 cells"));
  EXPECT_THAT(refusal("params,token,loss\n1,2,3\n"), testing::AllOf(HasSubstr("`token`"), HasSubstr("did you mean `tokens`")));
  EXPECT_THAT(refusal("params,N,loss\n1,2,3\n"), HasSubstr("twice"));
  EXPECT_THAT(refusal("params,tokens,loss\n1,2,\n"), HasSubstr("no loss"));
  EXPECT_THAT(refusal("tokens,loss\n1,2\n"), HasSubstr("parameters"));
  EXPECT_THAT(refusal("params,loss,seed\n1,2,-1\n"), HasSubstr("`seed`"));
  EXPECT_THAT(refusal("params,loss,status\n1,2,running\n"), HasSubstr("`status`"));
  EXPECT_THAT(refusal("params,tokens,loss\n"), HasSubstr("no rows"));
  EXPECT_THAT(refusal(""), HasSubstr("no rows"));
  EXPECT_THAT(refusal("params,unique_tokens,loss\n1,-5,2\n"), HasSubstr("`unique_tokens` is -5"));
  EXPECT_THAT(refusal("params;loss\n1;2\n"), HasSubstr("separated by `;`"));
  EXPECT_THAT(refusal("params,loss\n1,\"2\n"), HasSubstr("never closed"));
}

TEST_F(Table, AsJsonSeparatesWhatTheClockSays) {
  const Json json = parse_json(to_json(some_runs()[0]), "run");
  EXPECT_EQ(json["timing"]["threads"], 2);
  EXPECT_FALSE(json.contains("threads"));
  EXPECT_EQ(json["seed"], 18446744073709551615u);
  EXPECT_EQ(json["loss_kind"], "final");
  EXPECT_TRUE(json["loss_best"].is_null());
  const Json without = parse_json(to_json(some_runs()[3]), "run");
  EXPECT_TRUE(without["timing"]["seconds"].is_null());
}

}  // namespace
}  // namespace isoflop
