// What else a claim may mean, and where nothing else is meant.
#include "plan/claims_readings.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <string>

#include "isoflop/claims.h"
#include "plan/testing.h"

namespace isoflop {
namespace {

using plan::Doubt;
using plan::Kind;
using plan::near;
using plan::other_reading;
using plan::Quantity;
using testing::HasSubstr;
using testing::Not;

std::vector<Claim> wrong(const std::string& text) {
  auto found = check_claims(text, "text.md");
  std::erase_if(found,
                [](const Claim& c) { return c.verdict == ClaimVerdict::agrees || c.verdict == ClaimVerdict::cannot_check; });
  return found;
}

class EveryOtherReading : public testing::TestWithParam<const char*> {};

TEST_P(EveryOtherReading, IsLetPass) {
  EXPECT_TRUE(wrong(GetParam()).empty()) << claims_to_json(wrong(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(
    Claims, EveryOtherReading,
    testing::Values(
        "We had 8 nodes with 8 H100 each for 11 days, 16,896 GPU-hours.",
        "8ノード×8基のH100を11日間使い、GPU時間は16,896時間だった。",
        "Three models of 1B parameters saw 20B tokens each. The three together took 3.6e20 FLOPs.",
        "16,896 GPU-hours at $2.40 per GPU-hour are $40,550. After a discount of 15 % we paid $34,468.",
        "16,896GPU時間、単価400円で676万円である。2割引を適用すると541万円となる。",
        "The 13B weights in bf16 take 26 GB. Over 8 GPUs that is 3.25 GB per GPU, at 16 bytes per parameter 208 GB in all.",
        "128 A100s ran for 7 days (21,504 GPU-hours), then 96 of them for 7 days (16,128 GPU-hours). Together 37,632 GPU-hours.",
        "With recomputation a token costs 8N. For 20B parameters and 400B tokens 6.4e22 FLOPs were performed.",
        "A forward pass of the 8B model over 1.5B tokens takes 2.4e19 FLOPs.",
        "We went 4 epochs over 40B tokens with 2.0B parameters, 80 tokens per parameter.",
        "夜間のみ1日12時間使い、GPU 16枚で40日かかった。7,680GPU時間である。",
        "We chose 7B and trained on 476B tokens, 68 tokens per parameter, not the 1.29e10 parameters of the rule."));

TEST(OtherReadings, AreNoExcuseForAnErrorOfTenPercentAFactorOfTwoOrTen) {
  for (const char* text : {"We had 8 nodes with 8 H100 each for 11 days, 18,900 GPU-hours.",
                           "Three models of 1B parameters saw 20B tokens each. One took 2.4e20 FLOPs.",
                           "16,896 GPU-hours at $2.40 per GPU-hour are $405,500. After a discount of 15 % we paid $344,680.",
                           "The 13B weights in bf16 take 52 GB. Over 8 GPUs that is 6.5 GB per GPU."})
    EXPECT_FALSE(wrong(text).empty()) << text;
}

TEST(OtherReadings, ReachNoFurtherThanWhatContradictsThemByASlip) {
  const std::string run =
      "最適点は N=500億、D=1兆である。\nこれを H100 1,024 基（989 TFLOP/s、MFU 40 %）で学習すれば約206 時間かかる。\n";
  EXPECT_TRUE(wrong(run + "GPU時間では約21.1 万GPU時間である。").empty());
  EXPECT_EQ(wrong(run + "GPU時間では約2.11 万GPU時間である。").size(), 1U);
}

TEST(OtherReadings, HaveToComeTheNearerTheMoreThereAre) {
  Doubt doubt;
  doubt.claim.kind = Kind::usd;
  doubt.claim.value = doubt.claim.raw = 1020;
  doubt.claim.begin = 1000;
  doubt.tolerance = .05;
  doubt.sentence = doubt.text = "together";
  const auto say = [&](double value, std::size_t at) {
    Quantity& q = doubt.numbers.emplace_back();
    q.kind = Kind::usd;
    q.value = q.raw = value;
    q.begin = at;
  };
  say(400, 1);
  say(600, 2);
  EXPECT_TRUE(other_reading(doubt)) << "2 % off the one sum there is";
  for (const double count : {3, 5, 7, 11, 13, 17, 19, 23, 29, 31}) {
    Quantity& q = doubt.numbers.emplace_back();
    q.kind = Kind::none;
    q.value = q.raw = count;
    q.exact = true;
  }
  EXPECT_FALSE(other_reading(doubt)) << "among so many, 2 % may be chance";
}

TEST(Loans, OfAnotherParagraphConvictNobodyWhereTheOwnMayHaveTheInput) {
  const std::string ready = "The 8B model is ready.\n\n", costs = "on 60B tokens took 5.4e20 FLOPs.";
  EXPECT_FALSE(wrong(ready + "Training it " + costs).empty());
  EXPECT_TRUE(wrong(ready + "The smallest one, 1.5B, " + costs).empty());
}

TEST(Explanations, NameTheInputsThatWereUsedAndNoOthers) {
  const auto found = wrong(
      "Power costs $0.08 per kWh. We used 500 MWh.\n\nGPU time: 2,000 GPUs for 90 days is 4.32 million GPU-hours; at $2 each, "
      "$86.4 "
      "million.");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0].explanation, Not(HasSubstr("0.08")));
}

TEST(Shares, ThatDoNotAddUpAreSaidToAddUpToSoMuch) {
  for (const char* text :
       {"The data mixture is 60 % web, 30 % books and 20 % code.", "データの内訳はウェブ60%、書籍30%、コード20%である。"}) {
    const auto found = wrong(text);
    ASSERT_EQ(found.size(), 1U) << text;
    EXPECT_THAT(found[0].explanation, HasSubstr("add up to 110 %"));
  }
}

TEST(Arithmetic, BelowZeroAndBeyondAllNumbersIsJudged) {
  for (const char* text : {"5 - 7 = 2", "5 \u2212 7 = 2", "１＋１＝３", "exp(1000) = 5"})
    EXPECT_EQ(wrong(text).size(), 1U) << text;
  for (const char* text : {"5 - 7 = -2", "１＋１＝２", "7 - 5 = 2"}) EXPECT_TRUE(wrong(text).empty()) << text;
}

TEST(Ratios, AreReadWhereJapaneseCallsThemSo) {
  const std::string run = "10億パラメータを200億トークンで学習した。トークン/パラメータ比は";
  EXPECT_TRUE(wrong(run + "20である。").empty());
  const auto found = wrong(run + "30である。");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(near(*found[0].computed, 20));
}

TEST(Totals, AndPartsOfThemAreFollowed) {
  EXPECT_EQ(wrong("Three runs took 1,000, 2,000 and 3,000 GPU-hours, 7,500 GPU-hours in total.").size(), 1U);
  EXPECT_TRUE(wrong("Three runs took 1,000, 2,000 and 3,000 GPU-hours, 6,000 GPU-hours in total.").empty());
  EXPECT_EQ(wrong("全1,000億トークンのうち日本語は35%の450億トークンである。").size(), 1U);
  EXPECT_EQ(wrong("16 nodes of 4 A100, 96 GPUs in all.").size(), 1U);
  EXPECT_EQ(wrong("Batches of 1,024 sequences of 4,096 tokens hold 8.4M tokens.").size(), 1U);
  EXPECT_EQ(wrong("Ten H100s at 989 TFLOP/s and 40 % MFU deliver 7.9 PFLOP/s.").size(), 1U);
  EXPECT_EQ(wrong("| item | quantity | unit price | total |\n|---|---|---|---|\n| time | 18,000 | $2.30 | $51,400 |").size(), 1U);
}

}  // namespace
}  // namespace isoflop
