// Bytes on a device: the papers' and the tools' own numbers.
#include <gmock/gmock.h>

#include "base/json.h"
#include "base/testing.h"
#include "isoflop/text.h"
#include "isoflop/cost.h"
#include "plan/testing.h"

namespace isoflop {
namespace {

using plan::gpt2_shape;
using plan::llama_shape;
using plan::near;
using testing::HasSubstr;

const Shape kGpt3 = gpt2_shape(96, 96, 12288, 51200, 2048);
const Shape kLlama7b = llama_shape(32, 32, 32, 4096, 11008, 32000);

TEST(Activations, OfGpt3AreKorthikantisFiveFigures) {
  const MemoryOptions all{.recomputation = Recomputation::none, .flash_attention = false};
  const MemoryOptions selective{.recomputation = Recomputation::selective, .flash_attention = false};
  const MemoryOptions full{.recomputation = Recomputation::full};
  EXPECT_EQ(activation_bytes_per_layer(kGpt3, all), 2'868'903'936.0);
  EXPECT_EQ(activation_bytes_per_layer(kGpt3, all, {.tensor = 8, .sequence_parallel = false}), 578'813'952.0);
  EXPECT_EQ(activation_bytes_per_layer(kGpt3, all, {.tensor = 8}), 358'612'992.0);
  EXPECT_EQ(activation_bytes_per_layer(kGpt3, selective, {.tensor = 8}), 106'954'752.0);
  EXPECT_EQ(activation_bytes_per_layer(kGpt3, full), 50'331'648.0);
  // what each saves of all, and what it costs
  const double whole = activation_bytes_per_layer(kGpt3, all);
  EXPECT_TRUE(near(1 - activation_bytes_per_layer(kGpt3, full) / whole, .982, 5e-4));
  EXPECT_TRUE(near(1 - activation_bytes_per_layer(kGpt3, selective) / whole, .702, 5e-4));
  EXPECT_TRUE(near(recomputation_factor(kGpt3, Recomputation::selective), 1.027, 5e-4));
  EXPECT_TRUE(near(recomputation_factor(kGpt3, Recomputation::full), 4.0 / 3, 1e-12));
}

TEST(Activations, WithFlashAttentionKeepNoScores) {
  const MemoryOptions flash{.recomputation = Recomputation::none}, selective{.recomputation = Recomputation::selective};
  EXPECT_EQ(activation_bytes_per_layer(kGpt3, flash), activation_bytes_per_layer(kGpt3, selective));
}

TEST(Activations, OfGroupedQueriesAndSwigluCountWhatIsKept) {
  const double sbh = 4096.0 * 8192;
  Shape s = llama_shape(80, 64, 8, 8192, 28672, 128256);
  EXPECT_TRUE(near(activation_bytes_per_layer(s, {}), sbh * (14 + 4.0 / 8 + 6 * 3.5), 1e-12));
  s.n_kv_head = 64;
  EXPECT_TRUE(near(activation_bytes_per_layer(s, {}), sbh * (18 + 6 * 3.5), 1e-12));
}

TEST(State, Of7500MillionParametersOver64DevicesIsZeros) {
  const MemoryOptions bf16_gradients{.gradient_bytes = 2};
  const double gb[] = {120, 31.41, 16.64, 1.875};
  for (int stage = 0; stage < 4; ++stage)
    EXPECT_TRUE(near(state_bytes(7.5e9, stage, 64, bf16_gradients).total() / 1e9, gb[stage], 2e-4)) << stage;
}

TEST(State, OfLlama7bWithADistributedOptimizer) {
  const double params = static_cast<double>(param_counts(kLlama7b).params);
  EXPECT_EQ(state_bytes(params, 0, 1).total(), 121'291'481'088.0);
  EXPECT_EQ(state_bytes(params, 1, 8).total(), 50'538'117'120.0);
  EXPECT_EQ(state_bytes(params, 1, 64).total(), 41'693'946'624.0);
}

TEST(Memory, OfLlama7bIsMegatronsReportWhereItCountsTwoMatrices) {
  Shape two = kLlama7b;  // the report takes 4 f / h for any MLP; SwiGLU keeps a third
  two.mlp = Mlp::gelu;
  const MemoryUse use = memory_per_device(two);
  EXPECT_EQ(use.activations + use.logits, 16'043'245'568.0);
  const MemoryUse kept = memory_per_device(kLlama7b);
  EXPECT_EQ(kept.activations - use.activations, 32 * 4096.0 * 2 * 11008);
  EXPECT_EQ(kept.weights, 2 * 6'738'415'616.0);
}

TEST(Memory, OfACacheAndACheckpoint) {
  EXPECT_EQ(kv_cache_bytes_per_token(llama_shape(80, 64, 8, 8192, 28672, 128256)), 327'680.0);
  EXPECT_EQ(kv_cache_bytes_per_token(llama_shape(80, 64, 64, 8192, 22016, 32000)), 2'621'440.0);
  Shape nanogpt = gpt2_shape(12, 12, 768);
  nanogpt.bias = false;
  const double bytes = checkpoint_bytes(static_cast<double>(param_counts(nanogpt).params));
  EXPECT_TRUE(near(bytes, 1.492e9, 5e-5));
  EXPECT_TRUE(near(1'542'470'366 / bytes, 1.034, 5e-4));  // measured: a little more than the arrays
}

TEST(Memory, RefusesLayoutsThatDoNotDivide) {
  EXPECT_THAT(error_of([] { (void)memory_per_device(kGpt3, {}, {.tensor = 5}); }).what(),
              HasSubstr("5 does not divide n_head 96"));
  EXPECT_THAT(error_of([] { (void)memory_per_device(kGpt3, {}, {.pipeline = 7}); }).what(),
              HasSubstr("7 does not divide n_layer 96"));
  EXPECT_THAT(error_of([] { (void)memory_per_device(kGpt3, {}, {.zero = 4}); }).what(), HasSubstr("ZeRO stage"));
  EXPECT_THAT(error_of([] { (void)memory_per_device(kGpt3, {.micro_batch = 0}); }).what(), HasSubstr("micro-batch"));
}

TEST(Pipeline, WaitsAsItsPapersSay) {
  EXPECT_TRUE(near(pipeline_bubble(8, 64), .1094, 5e-4));
  EXPECT_TRUE(near(pipeline_bubble(8, 64, 2), .0547, 5e-4));
  EXPECT_TRUE(near(pipeline_bubble(16, 32), .469, 1e-3));
  EXPECT_EQ(pipeline_bubble(1, 1), 0);
  EXPECT_EQ(data_parallel_traffic(1e9, 2), 4e9);
  EXPECT_EQ(data_parallel_traffic(1e9, 3), 6e9);
}

FitQuestion question(const Shape& shape, const std::string& accelerator, std::int64_t devices) {
  FitQuestion q;
  q.shape = shape;
  q.accelerator = find_accelerator(accelerator);
  q.devices = devices;
  return q;
}

TEST(FitToDevices, TakesTheLeastShardingThatFits) {
  const FitAnswer small = fit_to_devices(question(gpt2_shape(12, 12, 768), "a100", 8));
  EXPECT_TRUE(small.fits);
  EXPECT_EQ(small.layout.tensor * small.layout.pipeline, 1);
  EXPECT_EQ(small.layout.data, 8);
  EXPECT_TRUE(small.advice.empty());

  const FitAnswer large = fit_to_devices(question(kGpt3, "a100", 1024));
  EXPECT_TRUE(large.fits);
  EXPECT_GT(large.layout.tensor, 1);
  EXPECT_EQ(large.layout.tensor * large.layout.pipeline * large.layout.data, 1024);
  EXPECT_LE(large.use.total(), .9 * large.capacity);
}

TEST(FitToDevices, SaysWhatToChangeWhereNothingFits) {
  const FitAnswer answer = fit_to_devices(question(kGpt3, "a100", 8));
  EXPECT_FALSE(answer.fits);
  ASSERT_GE(answer.advice.size(), 2U);
  EXPECT_THAT(answer.advice[0], HasSubstr("does not fit"));
  // the number that is named holds it, and half of it does not
  const auto named = answer.advice[1].find(" such devices hold the run");
  ASSERT_NE(named, std::string::npos) << answer.advice[1];
  const std::size_t begin = answer.advice[1].rfind(' ', named - 1) + 1;
  const auto devices = parse_int(answer.advice[1].substr(begin, named - begin));
  ASSERT_TRUE(devices);
  EXPECT_TRUE(fit_to_devices(question(kGpt3, "a100", *devices)).fits);
  EXPECT_FALSE(fit_to_devices(question(kGpt3, "a100", *devices / 2)).fits);
}

TEST(FitToDevices, NamesReplicasThatTheCriticalBatchCannotFeed) {
  FitQuestion q = question(gpt2_shape(12, 12, 768), "h100", 4096);
  q.critical_batch = 1e6;
  const FitAnswer answer = fit_to_devices(q);
  EXPECT_EQ(answer.data_parallel_limit, 976);
  EXPECT_THAT(answer.advice, testing::Contains(HasSubstr("critical one")));
  EXPECT_TRUE(parse_json(fit_to_devices_to_json(answer), "memory")["fits"].get<bool>());
}

}  // namespace
}  // namespace isoflop
