// Tables and logs of other programs are read as they are; which rows, and in which unit, is said once.
#include "laws/formats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/testing.h"

namespace isoflop {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(KnownTables, OfNanochatAreReadWithoutAMap) {
  const Observations table = observations_from_csv(
      "flops_budget,depth,model_dim,num_params,num_scaling_params,num_iterations,tokens_trained,param_data_ratio,val_bpb,core_"
      "score,train_time_sec\n"
      "1e18,10,640,2.0e8,1.1e8,2000,1.0e9,9.5,0.8972,0.15,610\n"
      "1e18,12,768,2.8e8,1.5e8,1500,0.8e9,5.3,,0.0,700\n",
      "results.csv");
  EXPECT_EQ(table.columns.at("params")[0], 2.0e8);
  EXPECT_EQ(table.columns.at("params_matmul")[0], 1.1e8);
  EXPECT_EQ(table.columns.at("tokens")[0], 1.0e9);
  EXPECT_EQ(table.columns.at("flops")[0], 1e18);
  EXPECT_EQ(table.columns.at("loss")[0], 0.8972);
  EXPECT_EQ(table.columns.at("loss")[1], std::nullopt) << "a crashed run has no score";
  EXPECT_EQ(table.loss_unit, "bits_per_byte");
  EXPECT_EQ(table.n_convention, "params");

  const Observations later = observations_from_csv(
      "flops_budget,depth,model_dim,params_wte,params_value_embeds,params_lm_head,params_transformer,params_scalars,params_total,"
      "num_iterations,tokens_trained,"
      "val_bpb,core_score,train_time_sec\n1e18,10,640,1,1,1,1,1,2.0e8,2000,1.0e9,0.8972,0.15,610\n",
      "results.csv");
  EXPECT_EQ(later.columns.at("params")[0], 2.0e8);
}

TEST(KnownTables, GiveWayToWhatTheCallerSays) {
  const Observations table = observations_from_csv(
      "flops_budget,depth,num_params,num_scaling_params,tokens_trained,val_bpb,nats\n1e18,10,2e8,1e8,1e9,0.9,2.9\n",
      "results.csv", {.rename = {{"params", "num_scaling_params"}, {"loss", "nats"}}});
  EXPECT_EQ(table.columns.at("params")[0], 1e8);
  EXPECT_EQ(table.columns.at("loss")[0], 2.9);
  EXPECT_EQ(table.loss_unit, "unstated");
}

TEST(KnownTables, OfEpochHaveTheTokensOfSixND) {
  const Observations table = observations_from_csv("Model Size,Training FLOP,loss\n1e9,1.2e20,2.7\n2e9,2.4e20,2.5\n", "svg.csv");
  EXPECT_EQ(table.columns.at("tokens")[0], 2e10);
  ASSERT_FALSE(table.warnings.empty());
  EXPECT_EQ(table.warnings.back().code, "tokens_computed");
}

TEST(KnownTables, OfStepLawCountParametersWithoutEmbeddings) {
  const Observations table =
      observations_from_csv("params,tokens,lr,min_lr,batch_seqs,loss,smooth_loss\n2e8,4e9,1e-3,1e-5,32,2.6,2.65\n", "dense.csv");
  EXPECT_EQ(table.columns.at("learning_rate")[0], 1e-3);
  EXPECT_EQ(table.n_convention, "params_non_embedding");
}

TEST(Logs, OfLlmCAreOneRowAStep) {
  const CsvTable log = read_runs(
      "s:0 tel:10.9872\ns:0 eval:0.2459\ns:1 trl:10.9901 lr:0.000001 norm:15.21\ns:2 trl:10.9012 lr:0.000002 norm:14.87\ns:2 "
      "tel:10.8\ns:3 trl:10.7 lr:0.0000",
      "main.log");
  EXPECT_THAT(log.header, ElementsAre("step", "learning_rate", "loss", "grad_norm", "loss_eval", "score", "loss_unit"));
  ASSERT_EQ(log.rows.size(), 4U);
  EXPECT_THAT(log.rows[0], ElementsAre("0", "", "", "", "10.9872", "0.2459", "nats"));
  EXPECT_THAT(log.rows[2], ElementsAre("2", "0.000002", "10.9012", "14.87", "10.8", "", "nats"));
  EXPECT_THAT(log.lines, ElementsAre(1, 3, 4, 6));
  const Observations table = observations_from_table(log);
  EXPECT_EQ(table.columns.at("learning_rate")[1], 1e-6);
  ASSERT_EQ(table.schedules.size(), 1U) << "one run without a name";
  EXPECT_EQ(table.schedules.begin()->first, "");
  EXPECT_EQ(observations_from_table(log, {.rename = {{"loss", "loss_eval"}}}).columns.at("loss")[2], 10.8);
}

TEST(Logs, OfARunThatWasResumedCountItsLastLines) {
  const CsvTable log = read_runs("s:1 trl:9 lr:0.1 norm:1\ns:2 trl:8 lr:0.2 norm:1\ns:2 trl:7 lr:0.3 norm:1\n", "main.log");
  ASSERT_EQ(log.rows.size(), 2U);
  EXPECT_EQ(log.rows[1][2], "7");
}

TEST(Logs, NameTheLineThatIsNone) {
  const Error e = error_of([] { (void)read_runs("s:1 trl:9 lr:0.1 norm:1\nhello\ns:2 trl:8\n", "main.log"); });
  EXPECT_EQ(e.subject(), "main.log:2");
  EXPECT_EQ(error_of([] { (void)read_runs("s:1 trl:9\ns:2 trl:x\n", "main.log"); }).subject(), "main.log:2");
}

// the file of the experiment that this project began with
TEST(ExperimentResults, AreATableOfItsRuns) {
  const Observations table = observations_from_csv(R"({
  "experiment": "scaling_law", "data_size": 881023, "steps": 500,
  "results": [
    {"name": "tiny", "n_layer": 2, "n_params": 343936, "train_loss": 4.865325927734375, "val_loss": 4.892019100189209,
     "steps": 500, "batch_size": 32, "block_size": 256},
    {"name": "small", "n_layer": 4, "n_params": 1281024, "train_loss": 4.17172908782959, "val_loss": 4.173964557647705,
     "steps": 500, "batch_size": 32, "block_size": 256}]})",
                                                   "scaling_results.json");
  EXPECT_THAT(table.labels, ElementsAre("tiny", "small"));
  EXPECT_THAT(table.lines, ElementsAre(4, 6));
  EXPECT_EQ(table.columns.at("params")[0], 343936.0);
  EXPECT_EQ(table.columns.at("tokens")[1], 500.0 * 32 * 256);
  EXPECT_EQ(table.columns.at("loss")[0], 4.892019100189209);
  EXPECT_EQ(table.loss_unit, "nats");
  EXPECT_EQ(table.n_convention, "params");
  EXPECT_TRUE(fit_power_law(table).fit);
}

TEST(ExperimentResults, NameTheKeyThatIsMissing) {
  const auto problem = [](const std::string& text) {
    const Error e = error_of([&] { (void)read_runs(text, "r.json"); });
    EXPECT_EQ(e.fault(), Fault::bad_data);
    return e.subject() + ": " + e.problem();
  };
  EXPECT_THAT(problem("{\"runs\": []}"), HasSubstr("without a list `results`"));
  EXPECT_THAT(problem("{\"results\": []}"), HasSubstr("empty"));
  EXPECT_THAT(problem("{\"results\": [{\"name\": \"a\"}]}"), HasSubstr("r.json: results[0]: key `n_params` is missing"));
  EXPECT_THAT(problem("{\"results\": [7]}"), HasSubstr("results[0]"));
  EXPECT_THAT(problem("{"), HasSubstr("r.json"));
}

TEST(LossUnits, BitsBecomeNatsAndBitsPerByteStay) {
  const std::string csv = "params,loss,train_loss\n1e6,2,3\n";
  const Observations bits = observations_from_csv(csv, "t.csv", {.loss_unit = "bits"});
  EXPECT_DOUBLE_EQ(*bits.columns.at("loss")[0], 2 * std::log(2));
  EXPECT_DOUBLE_EQ(*bits.columns.at("train_loss")[0], 3 * std::log(2));
  EXPECT_EQ(bits.loss_unit, "nats");
  const Observations bpb = observations_from_csv(csv, "t.csv", {.loss_unit = "bpb"});
  EXPECT_EQ(bpb.columns.at("loss")[0], 2.0);
  EXPECT_EQ(bpb.loss_unit, "bits_per_byte");
  EXPECT_EQ(observations_from_csv(csv, "t.csv").loss_unit, "unstated");
}

TEST(LossUnits, AreRefusedWhenUnknownMixedOrContradicted) {
  EXPECT_THAT(error_of([] { (void)observations_from_csv("params,loss,loss_unit\n1,2,nats\n2,3,bits\n", "t.csv"); }).problem(),
              HasSubstr("mixes bits and nats"));
  EXPECT_THAT(error_of([] { (void)observations_from_csv("params,loss,loss_unit\n1,2,furlongs\n", "t.csv"); }).problem(),
              HasSubstr("`furlongs`"));
  EXPECT_EQ(error_of([] { (void)observations_from_csv("params,loss\n1,2\n", "t.csv", {.loss_unit = "bans"}); }).fault(),
            Fault::usage);
  EXPECT_THAT(
      error_of([] { (void)observations_from_csv("params,loss,loss_unit\n1,2,nats\n", "t.csv", {.loss_unit = "bpb"}); }).problem(),
      HasSubstr("losses are in nats"));
}

TEST(Drop, LeavesOutRowsByNameOrLine) {
  const std::string csv = "run,params,loss\na,1,4\nb,2,3\nc,3,2\n";
  EXPECT_THAT(observations_from_csv(csv, "t.csv", {.drop = {"b"}}).labels, ElementsAre("a", "c"));
  EXPECT_THAT(observations_from_csv(csv, "t.csv", {.drop = {"line 2", "c"}}).labels, ElementsAre("b"));
  EXPECT_THAT(observations_from_csv("params,loss\n1,4\n2,3\n", "t.csv", {.drop = {"line 3"}}).labels, ElementsAre("line 2"));
  const Error unknown = error_of([&] { (void)observations_from_csv(csv, "t.csv", {.drop = {"bb"}}); });
  EXPECT_EQ(unknown.fault(), Fault::usage);
  EXPECT_THAT(unknown.problem(), HasSubstr("no row `bb`"));
  EXPECT_THAT(error_of([&] {
                (void)observations_from_csv(csv, "t.csv", {.drop = {"a", "b", "c"}});
              }).problem(),
              HasSubstr("every row"));
}

}  // namespace
}  // namespace isoflop
