// Accelerators, time, money and energy: the published and the worked numbers.
#include "isoflop/cost.h"

#include <gmock/gmock.h>

#include "base/json.h"
#include "base/testing.h"
#include "plan/testing.h"

namespace isoflop {
namespace {

using plan::gpt2_shape;
using plan::near;
using testing::HasSubstr;

CostOptions on(const std::string& devices, double mfu) {
  CostOptions options;
  std::tie(options.accelerator, options.devices) = parse_devices(devices);
  options.mfu = {mfu, mfu, mfu};
  return options;
}

TEST(Amounts, AreWrittenWithoutAnExponent) {
  EXPECT_EQ(format_amount(29717.6, 4), "29,720");
  EXPECT_EQ(format_amount(1034323, 4), "1,034,000");
  EXPECT_EQ(format_amount(21.04, 3), "21");
  EXPECT_EQ(format_amount(5762, 3), "5,760");
}

TEST(Accelerators, AreAllThereWithDensePeaksAndSources) {
  const std::map<std::string, std::pair<double, double>> known{
      // TF/s, GB
      {"v100", {125, 32}},      {"a100-40", {312, 40}}, {"a100-80", {312, 80}}, {"h100-sxm", {989.4, 80}},
      {"h100-pcie", {756, 80}}, {"h200", {989.5, 141}}, {"b200", {2250, 192}},  {"mi300x", {1307.4, 192}},
      {"rtx4090", {165.2, 24}}, {"tpu-v3", {123, 32}},  {"tpu-v4", {275, 32}},  {"tpu-v5e", {197, 16}},
      {"tpu-v5p", {459, 95}},   {"tpu-v6e", {918, 32}}, {"tpu-v7", {2307, 192}}};
  for (const auto& [name, facts] : known) {
    const Accelerator& a = find_accelerator(name);
    EXPECT_DOUBLE_EQ(a.peak_flops, 1e12 * facts.first) << name;
    EXPECT_DOUBLE_EQ(a.memory_bytes, 1e9 * facts.second) << name;
  }
  for (const Accelerator& a : accelerators()) {
    EXPECT_FALSE(a.source.empty() || a.date.empty() || a.title.empty()) << a.name;
    EXPECT_LT(a.peak_flops, 2.5e15) << a.name;  // the sparse figures of the largest are twice that
  }
}

TEST(Accelerators, AreFoundByAnyOfTheirWordsAndNamedWhereUnknown) {
  EXPECT_EQ(find_accelerator("H100").name, "h100-sxm");
  EXPECT_EQ(find_accelerator("h100_SXM").name, "h100-sxm");
  EXPECT_EQ(find_accelerator("TPU v4").name, "tpu-v4");
  EXPECT_EQ(parse_devices("H100:512").second, 512);
  EXPECT_EQ(parse_devices("A100").second, 1);
  const Error unknown = error_of([] { (void)find_accelerator("H1000"); });
  EXPECT_EQ(unknown.fault(), Fault::usage);
  EXPECT_THAT(unknown.hint(), HasSubstr("`h100`"));
  EXPECT_THAT(unknown.hint(), HasSubstr("mi300x"));
  for (const char* bad : {"H100:0", "H100:-3", "H100:", "H100:many", "H100:1.5"})
    EXPECT_EQ(error_of([&] { (void)parse_devices(bad); }).fault(), Fault::usage) << bad;
}

TEST(Accelerators, OfTheUsersFileComeFirst) {
  const auto own = accelerators_from_toml(
      "[mine]\ntitle = \"Mine\"\npeak_tflops = 10\nmemory_gb = 4\nusd_per_hour = 0.5\n[h100-sxm]\n"
      "title = \"Ours\"\npeak_tflops = 900\nmemory_gb = 94\n",
      "own.toml");
  ASSERT_EQ(own.size(), 2U);
  EXPECT_DOUBLE_EQ(find_accelerator("mine", own).usd_per_hour->typical, 0.5);
  EXPECT_EQ(find_accelerator("h100-sxm", own).title, "Ours");
  const auto problem = [](const std::string& text) {
    const Error error = error_of([&] { (void)accelerators_from_toml(text, "own.toml"); });
    EXPECT_EQ(error.fault(), Fault::bad_data);
    return std::string(error.what()) + " " + error.hint();
  };
  EXPECT_THAT(problem("[x]\ntitle = \"x\"\nmemory_gb = 1\n"), HasSubstr("own.toml:1: [x]: key `peak_tflops` is missing"));
  EXPECT_THAT(problem("[x]\ntitle = \"x\"\npeak_tflop = 1\nmemory_gb = 1\n"), HasSubstr("did you mean `peak_tflops`?"));
  EXPECT_THAT(problem("[x]\ntitle = \"x\"\npeak_tflops = -1\nmemory_gb = 1\n"), HasSubstr("own.toml:3"));
  EXPECT_THAT(problem("x = 1\n"), HasSubstr("`x` is not a table"));
  EXPECT_THAT(problem("[x"), HasSubstr("own.toml:1"));
}

TEST(Accelerators, OfThisMachineAreAsBenchMeasuredIt) {
  const Accelerator a = accelerator_from_bench(
      R"({"machine": {"cpu": "A CPU", "memory_bytes": 8e9}, "peak": {"fp32_gflops": 100, "bf16_gflops": 400, "read_gbs": 20}})",
      "bench.json");
  EXPECT_DOUBLE_EQ(a.peak_flops, 4e11);
  EXPECT_EQ(a.dtype, "bf16");
  EXPECT_THAT(error_of([] { (void)accelerator_from_bench("{}", "bench.json"); }).what(), HasSubstr("bench.json"));
}

TEST(TrainingCost, OfTenToThe22OnSixtyFourH100) {
  CostOptions options = on("H100:64", .40);
  options.usd_per_hour = Range{2.5, 2.5, 2.5};
  const TrainingCost cost = training_cost(1e22, options);
  EXPECT_TRUE(near(cost.days.value, 4.5696));
  EXPECT_TRUE(near(cost.device_hours.value, 7018.8));
  EXPECT_TRUE(near(cost.usd->value, 17547));
  EXPECT_TRUE(near(cost.kwh->value, 5404.5));  // 5.40 MWh
  EXPECT_THAT(cost.energy_basis, HasSubstr("stated, not measured"));
  EXPECT_THAT(cost.carbon_basis, HasSubstr("location-based"));
}

TEST(TrainingCost, IsTheInverseOfWhatTimeAndMoneyBuy) {
  const CostOptions options = on("A100:256", .40);
  EXPECT_TRUE(near(training_cost(flops_in_days(21, options).value, options).days.value, 21, 1e-12));
  EXPECT_TRUE(near(training_cost(flops_for_usd(2e5, options).value, options).usd->value, 2e5, 1e-12));
  EXPECT_TRUE(near(training_cost(4.2e22, options).days.value, 15.22, 5e-4));  // 7B on 1T tokens
  EXPECT_TRUE(near(training_cost(1.2e20, on("A100", .40)).days.value, 11.13, 5e-4));
  EXPECT_TRUE(near(training_cost(1.2e20, on("A100", 1)).days.value, 4.452, 5e-4));
  EXPECT_TRUE(near(training_cost(1.2e24, on("A100:1000", 1)).days.value, 44.52, 5e-4));  // the textbook's exercise 4
  EXPECT_TRUE(near(training_cost(1.2e24, on("A100:1000", .4)).days.value, 111.3, 5e-4));
  EXPECT_TRUE(near(training_cost(3.15e23, on("V100", 1)).days.value / 365.25, 79.85, 5e-4));
}

TEST(TrainingCost, HasTheBandOfUtilisationUnlessItIsKnown) {
  CostOptions options;
  options.accelerator = find_accelerator("h100");
  const TrainingCost cost = training_cost(1e22, options);
  EXPECT_DOUBLE_EQ(cost.mfu.value, .375);
  EXPECT_TRUE(near(cost.days.high / cost.days.low, .50 / .30, 1e-12));
  EXPECT_TRUE(near(cost.usd->high, cost.device_hours.high * 12.29, 1e-12));
  options.accelerator = find_accelerator("tpu-v7");
  EXPECT_FALSE(training_cost(1e22, options).usd);
  EXPECT_EQ(training_cost(1e22, options).warnings.at(0).code, "no_price");
  EXPECT_EQ(error_of([&] { (void)flops_for_usd(1e6, options); }).fault(), Fault::usage);
}

TEST(TrainingCost, OfLlamaIsItsPapersEnergyAndCarbon) {
  struct Llama {
    double hours, mwh, tonnes;
  };
  for (const Llama& known :
       {Llama{82432, 36.27, 13.96}, Llama{135168, 59.47, 22.90}, Llama{530432, 233.39, 89.86}, Llama{1022362, 449.84, 173.19}}) {
    const CostOptions options = on("A100-80", .40);
    const TrainingCost cost = training_cost(known.hours * 3600 * options.accelerator.peak_flops * .40, options);
    EXPECT_TRUE(near(cost.kwh->value / 1000, known.mwh, 2e-4)) << known.hours;
    EXPECT_TRUE(near(cost.co2_kg->value / 1000, known.tonnes, 5e-4)) << known.hours;
  }
}

TEST(TrainingCost, RefusesNumbersThatCannotBeMeant) {
  CostOptions options = on("H100:8", .4);
  for (const double bad : {0.0, -1.0, std::nan("")})
    EXPECT_EQ(error_of([&] { (void)training_cost(bad, options); }).fault(), Fault::usage);
  options.mfu = {40, 40, 40};
  EXPECT_THAT(error_of([&] { (void)training_cost(1e20, options); }).hint(), HasSubstr("0.4"));
}

TEST(Utilisation, OfPublishedRuns) {
  const auto mfu = [](double params, double tokens, double hours, double peak) {
    return model_flops_utilisation(6 * params * tokens, hours, peak);
  };
  EXPECT_TRUE(near(mfu(6'738'415'616, 1e12, 82432, 312e12), .4367, 1e-2));
  EXPECT_TRUE(near(mfu(6.7e9, 1e12, 82432, 312e12), .4342, 1.5e-4));
  EXPECT_TRUE(near(mfu(13e9, 1e12, 135168, 312e12), .5138, 1.5e-4));
  EXPECT_TRUE(near(mfu(32.5e9, 1.4e12, 530432, 312e12), .4582, 1.5e-4));
  EXPECT_TRUE(near(mfu(65.2e9, 1.4e12, 1022362, 312e12), .4769, 1.5e-4));
  EXPECT_TRUE(near(mfu(405e9, 15.6e12, 30.84e6, 989e12), .3452, 1.5e-4));
  EXPECT_TRUE(near(mfu(6.74e9, 2e12, 184320, 312e12), .3907, 1.5e-4));
  EXPECT_TRUE(near(mfu(69e9, 2e12, 1720320, 312e12), .4285, 1.5e-4));
  EXPECT_TRUE(near(mfu(37e9, 14.8e12, 2.664e6, 989e12), .3464, 1.5e-4));  // of a mixture of experts: the active parameters
  EXPECT_TRUE(near(mfu(176.2e9, 366e9, 1.082e6, 312e12), .3184, 1.5e-4));
  EXPECT_TRUE(near(mfu(8.03e9, 15e12, 1.46e6, 989e12), .139, 1e-3));  // these hours cover more than the run
  // PaLM, appendix B: tokens/s (6 N + 12 L H Q T) / peak, with and without attention
  const double tokens_per_second = 238.3e3, peak = 6144 * 275e12;
  EXPECT_TRUE(near(tokens_per_second * (6 * 540.35e9 + 12.0 * 118 * 48 * 256 * 2048) / peak, .46229, 5e-5));
  EXPECT_TRUE(near(tokens_per_second * 6 * 540.35e9 / peak, .45726, 5e-5));
}

TEST(Time, WithFullRecomputationIsMegatrons) {
  EXPECT_TRUE(near(seconds_with_recomputation(175e9, 300e9, 1024, 140e12) / 86400, 33.91, 1.5e-4));
  EXPECT_TRUE(near(seconds_with_recomputation(1e12, 450e9, 3072, 163e12) / 86400, 83.21, 1.5e-4));
}

TEST(Ownership, OfAnHourIsEpochs) {
  const Ownership h100 = ownership_per_hour({.usd_to_buy = 41197.5, .watts = 700, .server_factor = 1.821});
  EXPECT_TRUE(near(h100.hardware, 1.5150));
  EXPECT_TRUE(near(h100.interconnect, .3554, 1.5e-4));
  EXPECT_TRUE(near(h100.energy, .0848, 1e-3));
  EXPECT_TRUE(near(h100.total(), 1.9552));
  const Ownership a100 = ownership_per_hour({.usd_to_buy = 15000 * 1.66, .watts = 400, .server_factor = 2.031});
  EXPECT_TRUE(near(a100.hardware, .9157, 1.5e-4));
  EXPECT_TRUE(near(a100.total(), 1.1845));
}

TEST(FlopsConventions, OfGpt2AreThePublishedNumbersToTheLastDigit) {
  const std::map<std::string, std::pair<double, double>> known{
      {"6n", {746'638'848, 9'345'667'200}},           {"kaplan", {566'231'040, 9'319'219'200}},
      {"palm", {855'166'464, 10'279'555'200}},        {"llm.c", {803'261'952, 9'817'526'400}},
      {"matmul_full", {854'438'400, 10'273'545'600}}, {"matmul_causal", {797'870'592, 9'802'147'200}},
      {"deepseek", {622'854'144, 9'791'078'400}}};
  const auto small = flops_conventions(gpt2_shape(12, 12, 768)), xl = flops_conventions(gpt2_shape(48, 25, 1600));
  // nanoGPT's own check: a sequence with full attention, 100 of them in .755 s on an A100
  EXPECT_EQ(small[4].flops_per_token * 1024, 874'944'921'600.0);
  EXPECT_TRUE(near(100 * small[4].flops_per_token * 1024 / .755 / 312e12, .3714, 2e-4));
  // Megatron's 12 L h^2 (1 + 13 / 12h + (V + s) / 12 L h) leaves the last norm out
  EXPECT_TRUE(near(static_cast<double>(param_counts(gpt2_shape(96, 96, 12288, 51200, 2048)).params), 1.746158e11, 1e-6));
  ASSERT_EQ(small.size(), known.size());
  for (std::size_t i = 0; i < small.size(); ++i) {
    EXPECT_EQ(small[i].flops_per_token, known.at(small[i].name).first) << small[i].name;
    EXPECT_EQ(xl[i].flops_per_token, known.at(xl[i].name).second) << xl[i].name;
  }
}

TEST(FlopsConventions, OfHoffmannsAppendixGiveTableA4WithoutTheEmbedding) {
  struct Row {
    std::int64_t layers, heads, d;
    double flops;
  };
  for (const Row& row : {Row{10, 10, 640, 9.29877e11}, Row{20, 16, 1024, 4.135248e12}, Row{24, 10, 1280, 7.353454e12},
                         Row{26, 14, 1792, 1.467032e13}, Row{28, 16, 2048, 2.022044e13}, Row{40, 28, 3584, 8.302105e13}})
    EXPECT_TRUE(near(hoffmann_flops_per_sequence(gpt2_shape(row.layers, row.heads, row.d, 32000, 2048), false), row.flops, 1e-6))
        << row.d;
  const Shape small = gpt2_shape(10, 10, 640, 32000, 2048);
  EXPECT_GT(hoffmann_flops_per_sequence(small, true), 1.2 * hoffmann_flops_per_sequence(small, false));
}

TEST(CostJson, KeepsWhatIsMissingMissing) {
  CostOptions options;
  options.accelerator = find_accelerator("tpu-v5e");
  const Json json = parse_json(cost_to_json(training_cost(1e20, options)), "cost");
  EXPECT_TRUE(json["kwh"].is_null());
  EXPECT_GT(json["usd"]["value"].get<double>(), 0);
  EXPECT_EQ(json["warnings"][0]["code"], "no_power");
}

}  // namespace
}  // namespace isoflop
