// How numbers, units, labels and headers are read.
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>

#include "isoflop/claims.h"
#include "plan/claims_text.h"
#include "plan/claims_vocabulary.h"
#include "plan/testing.h"

namespace isoflop {
namespace {

using plan::Kind;
using plan::near;

struct Read {
  const char* text;
  Kind kind;
  double value;
};
std::ostream& operator<<(std::ostream& out, const Read& read) {
  return out << read.text;
}

class EveryNumber : public testing::TestWithParam<Read> {};

TEST_P(EveryNumber, CountsWhatItsUnitAndItsWordsSay) {
  const auto all = plan::quantities(plan::normalised(GetParam().text));
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(static_cast<int>(all.back().kind), static_cast<int>(GetParam().kind));
  EXPECT_TRUE(near(all.back().value, GetParam().value, 1e-12)) << all.back().value;
}

INSTANTIATE_TEST_SUITE_P(
    Claims, EveryNumber,
    testing::Values(
        // a magnitude of one letter is a capital, and behind a space one of the field's
        Read{"The model has 7 B parameters", Kind::params, 7e9}, Read{"it emits 49.7 t of CO2", Kind::carbon, 49700},
        Read{"a cable of 3 m", Kind::none, 3}, Read{"３億パラメータ", Kind::params, 3e8},
        // a sign before a word is "times"
        Read{"100× the data", Kind::factor, 100}, Read{"100x the data", Kind::factor, 100},
        // the memory of a device belongs to its name
        Read{"A100 80GBを16枚", Kind::devices, 16}, Read{"16 × A100 40GB", Kind::devices, 16},
        Read{"on H100 PCIe at 350 W", Kind::watts, 350}, Read{"run a 100 W lamp", Kind::watts, 100},
        // what a run takes is not what one sequence or its warm-up takes
        Read{"512 sequences of 2,048 tokens", Kind::other, 2048}, Read{"256系列 × 4,096トークン", Kind::other, 4096},
        Read{"warmed up over the first 2,000 steps", Kind::other, 2000}, Read{"ウォームアップ2,000ステップ", Kind::other, 2000},
        Read{"the run has 40,000 steps", Kind::steps, 40000}, Read{"ステップ数は38,147", Kind::steps, 38147},
        // a difference of losses, a precision, a loss in bits
        Read{"int8 cost us 0.02 nats", Kind::other, .02}, Read{"quantised to 4 bits", Kind::none, 4},
        Read{"the loss (bits) is 3.0", Kind::bits_per_token, 3},
        // the second of two is what the first is
        Read{"the step time went from 0.6 s to 0.9 s", Kind::step_seconds, .9}, Read{"1 kWhあたり31円", Kind::yen_per_kwh, 31},
        Read{"パラメータ1個につき16バイト", Kind::bytes_per_param, 16}, Read{"30億なら6 GB", Kind::bytes, 6e9}));

TEST(Models, MayBeNamedByTheirSizeAlone) {
  for (const char* text : {"yes, 7B and 1T tokens", "a 7B on 1T", "7B with 140B tokens", "7Bを1兆トークン"}) {
    const auto all = plan::quantities(plan::normalised(text));
    ASSERT_EQ(all.size(), 2U) << text;
    EXPECT_EQ(static_cast<int>(all[0].kind), static_cast<int>(Kind::params)) << text;
    EXPECT_EQ(static_cast<int>(all[1].kind), static_cast<int>(Kind::tokens)) << text;
  }
}

struct Header {
  const char* text;
  Kind kind;
  double factor;
};
std::ostream& operator<<(std::ostream& out, const Header& header) {
  return out << header.text;
}

class EveryHeader : public testing::TestWithParam<Header> {};

TEST_P(EveryHeader, SaysWhatItsColumnCountsAndInWhichUnit) {
  const plan::Column column = plan::column_of(GetParam().text);
  EXPECT_EQ(static_cast<int>(column.kind), static_cast<int>(GetParam().kind));
  EXPECT_TRUE(near(column.factor, GetParam().factor, 1e-12)) << column.factor;
}

INSTANTIATE_TEST_SUITE_P(Claims, EveryHeader,
                         testing::Values(
                             // underlines, hyphens, LaTeX and other words do not matter
                             Header{"energy_kwh", Kind::watt_hours, 1e3}, Header{"total_params", Kind::params, 1},
                             Header{"$n_{layer}$", Kind::layers, 1}, Header{"$d_{model}$", Kind::width, 1},
                             Header{"gpu-hours", Kind::device_seconds, 3600},
                             // any accelerator of the catalogue, and hours of it
                             Header{"A100s", Kind::devices, 1}, Header{"H100の枚数", Kind::devices, 1},
                             Header{"H200 hours", Kind::device_seconds, 3600},
                             // the longest word decides
                             Header{"学習時間（時間）", Kind::seconds, 3600}, Header{"usd_per_gpu_hour", Kind::usd_per_hour, 1},
                             Header{"単価（円/GPU時間）", Kind::yen_per_hour, 1},
                             Header{"bytes per parameter", Kind::bytes_per_param, 1}, Header{"batch size", Kind::other, 1},
                             Header{"warmup_steps", Kind::other, 1}, Header{"比率 D/N", Kind::ratio, 1},
                             Header{"loss (bits)", Kind::bits_per_token, 1}, Header{"loss_bits", Kind::bits_per_token, 1},
                             Header{"損失（ビット）", Kind::bits_per_token, 1}, Header{"val_loss", Kind::loss, 1},
                             // every magnitude that prose knows
                             Header{"トークン数（十億）", Kind::tokens, 1e9}, Header{"トークン数（千億）", Kind::tokens, 1e11},
                             Header{"パラメータ数（百万）", Kind::params, 1e6}, Header{"費用（千万円）", Kind::yen, 1e7},
                             Header{"費用(万円)", Kind::yen, 1e4}, Header{"Params (M)", Kind::params, 1e6},
                             Header{"tokens_b", Kind::tokens, 1e9}, Header{"計算量（10^18 FLOPs）", Kind::flops, 1e18},
                             Header{"cost ($K)", Kind::usd, 1e3}));

TEST(Accelerators, AreThoseOfTheCatalogueHoweverTheyAreSpaced) {
  for (const char* text : {"on TPUv4 pods", "on TPU v4 pods", "on tpu-v4 pods"}) {
    const auto named = plan::first_accelerator(text);
    ASSERT_TRUE(named) << text;
    EXPECT_EQ(named->accelerator->name, "tpu-v4") << text;
  }
  EXPECT_EQ(plan::first_accelerator("64 H100 PCIe cards")->accelerator->name, "h100-pcie");
  for (const char* text : {"room A1000", "row a 100", "section 4.2", "GPU"}) EXPECT_FALSE(plan::first_accelerator(text)) << text;
}

TEST(Pairs, GoOnAsTheFirstOfThemBegan) {
  const std::string first = "損失2.2ならパープレキシティは9.0、";
  for (const auto& [text, wrong] : {std::pair{"2.1なら8.2です。損失1.9なら6.7です。", false}, std::pair{"2.1なら9.9です。", true},
                                    std::pair{"2.1なら8.2です。損失1.9なら7.4です。", true}}) {
    const auto claims = check_claims(first + text, "text.md");
    EXPECT_EQ(wrong, std::any_of(claims.begin(), claims.end(),
                                 [](const Claim& c) {
                                   return c.verdict == ClaimVerdict::inconsistent || c.verdict == ClaimVerdict::off;
                                 }))
        << claims_to_json(claims);
  }
}

}  // namespace
}  // namespace isoflop
