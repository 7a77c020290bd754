// isoflop bench from the outside.
#include <gmock/gmock.h>

#include <filesystem>
#include <set>

#include "program.h"

namespace isoflop::test {
namespace {

using ::testing::HasSubstr;

TEST(Bench, SaysHowFastAModelTrainsAndWhereTheTimeGoes) {
  (void)fresh("bench");
  const Outcome outcome = program("bench --models tiny --seconds 0.1 --threads 1 --json --quiet");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  const auto json = outcome.json();
  EXPECT_GT(json["peak"]["fp32_gflops"], 0);
  EXPECT_GT(json["peak"]["read_gbs"], 0);
  ASSERT_EQ(json["models"].size(), 1);
  const auto& model = json["models"][0];
  EXPECT_EQ(model["name"], "tiny");
  EXPECT_EQ(model["params"], 343936);
  EXPECT_EQ(model["threads"], 1);
  EXPECT_GE(model["steps"], 3);
  const double tokens = model["batch_size"].get<double>() * model["block_size"].get<double>();
  EXPECT_NEAR(model["tokens_per_second"].get<double>(), tokens / model["step_seconds"].get<double>(), 1e-6 * tokens);
  EXPECT_NEAR(model["share_of_peak"].get<double>(), model["gflops"].get<double>() / model["peak_gflops"].get<double>(), 1e-9);
  EXPECT_LT(model["share_executed"], model["share_of_peak"]);  // half of attention is masked and not computed
  EXPECT_LT(model["share_of_peak"], 1.5);
  EXPECT_TRUE(model["part_seconds"].contains("attention"));
}

TEST(Bench, ComputesInTheFormatThatIsAskedFor) {
  (void)fresh("bench");
  const Outcome outcome = program("bench --models tiny --seconds 0.05 --threads 1 --dtype float32 --json --quiet");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto model = outcome.json()["models"][0];
  EXPECT_EQ(model["dtype"], "float32");
  EXPECT_NE(model["isa"], "avx512bf16");
}

TEST(Bench, TrainsWithDropoutWhenAskedTo) {
  (void)fresh("bench");
  const Outcome outcome = program("bench --models tiny --seconds 0.05 --threads 1 --dropout 0.1 --json --quiet");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.json()["models"][0]["dropout"], 0.1);
}

TEST(Bench, TakesLessMemoryWhenItComputesActivationsAgain) {
  (void)fresh("bench");
  const std::string flags = "bench --models small --seconds 0.05 --threads 1 --dtype float32 --json --quiet";
  const auto kept = program(flags).json()["models"][0], again = program(flags + " --recompute").json()["models"][0];
  EXPECT_LT(again["engine_bytes"], kept["engine_bytes"]);
}

TEST(Bench, TimesEachKernelAlone) {
  (void)fresh("bench");
  const Outcome outcome = program("bench kernels --seconds 0.05 --json --quiet");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto kernels = outcome.json()["kernels"];
  EXPECT_GE(kernels.size(), 30);
  for (const auto& kernel : kernels) EXPECT_GT(kernel["seconds"], 0) << kernel;
}

TEST(Bench, PricesEveryChoice) {
  (void)fresh("bench");
  const Outcome outcome = program("bench prices --models tiny --rounds 1 --seconds 0.05 --threads 1 --json --quiet");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto list = outcome.json()["prices"];
  ASSERT_EQ(list.size(), 1U);
  std::set<std::string> choices;
  for (const auto& price : list[0]["prices"]) {
    choices.insert(price["choice"].get<std::string>());
    EXPECT_GT(price["time"].get<double>(), 0.2);
    EXPECT_LT(price["time"].get<double>(), 5);
    if (price["choice"] == "activations computed again") {
      EXPECT_LE(price["memory"].get<double>(), 1);  // tiny: the arena is whole huge pages
    }
  }
  EXPECT_GE(choices.size(), 4U);
  EXPECT_GT(list[0]["checkpoint_bytes"].get<double>(), 3 * 4 * 343936);
  EXPECT_FALSE(std::filesystem::exists("checkpoints")) << "what was written is removed";
}

TEST(Bench, NamesTheModelsItKnows) {
  (void)fresh("bench");
  const Outcome outcome = program("bench --models tini");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("did you mean tiny?"));
  EXPECT_THAT(program("bench --isa avx9").err, HasSubstr("this machine has ref"));
}

}  // namespace
}  // namespace isoflop::test
