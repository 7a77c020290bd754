// What follows from what, and from where it may be taken.
#include <gmock/gmock.h>

#include <ostream>

#include "isoflop/claims.h"
#include "plan/claims_text.h"
#include "plan/testing.h"

namespace isoflop {
namespace {

using plan::near;
using testing::HasSubstr;
using testing::Not;

std::vector<Claim> claims(const std::string& text) {
  return check_claims(text, "text.md");
}

std::vector<Claim> wrong(const std::string& text) {
  auto found = claims(text);
  std::erase_if(found,
                [](const Claim& c) { return c.verdict == ClaimVerdict::agrees || c.verdict == ClaimVerdict::cannot_check; });
  return found;
}

struct Said {
  const char *right, *wrong;
  double value;  ///< what the wrong one should say, in plain units
};
std::ostream& operator<<(std::ostream& out, const Said& said) {
  return out << said.wrong;
}

class EveryRelation : public testing::TestWithParam<Said> {};

TEST_P(EveryRelation, IsHeldWhereItHoldsAndFlaggedWhereItDoesNot) {
  const auto agreed = claims(GetParam().right), flagged = wrong(GetParam().wrong);
  EXPECT_FALSE(agreed.empty()) << "nothing is read in: " << GetParam().right;
  EXPECT_TRUE(wrong(GetParam().right).empty()) << claims_to_json(agreed);
  ASSERT_FALSE(flagged.empty()) << claims_to_json(claims(GetParam().wrong));
  EXPECT_TRUE(flagged[0].computed && near(*flagged[0].computed, GetParam().value, .01)) << claims_to_json(flagged);
}

INSTANTIATE_TEST_SUITE_P(
    Claims, EveryRelation,
    testing::Values(
        Said{"A perplexity of 20 is a loss of 3.0 nats.", "A perplexity of 20 is a loss of 3.4 nats.", 2.9957},
        Said{"損失2.5のパープレキシティは約12.2です。", "損失2.5のパープレキシティは約15.2です。", 12.182},
        Said{"With 4.0 bytes per token a loss of 2.77 nats per token is 1.00 bits per byte.",
             "With 4.0 bytes per token a loss of 2.77 nats per token is 1.20 bits per byte.", .99906},
        Said{"A loss of 2.0 nats per token is 2.89 bits per token.", "A loss of 2.0 nats per token is 1.39 bits per token.",
             2.8854},
        Said{"At 200,000 tokens/s 72B tokens take 100 hours.", "At 200,000 tokens/s 72B tokens take 130 hours.", 360000},
        Said{"毎秒20万トークンで720億トークンを学習すると100時間かかる。",
             "毎秒20万トークンで720億トークンを学習すると130時間かかる。", 360000},
        Said{"Each step has a batch of 2M tokens; 50,000 steps make 100B tokens.",
             "With a batch of 2M tokens, 50,000 steps make 150B tokens.", 1e11},
        Said{"A 7B model at 3,000 tokens/s per GPU on A100s runs at an MFU of 40.4%.",
             "A 7B model at 3,000 tokens/s per GPU on A100s runs at an MFU of 58%.", 40.38},
        Said{"128 H100s at 700 W for 10 days use 21.5 MWh.", "128 H100s at 700 W for 10 days use 35 MWh.", 21.504e6},
        Said{"50 MWh at 0.4 kg CO2 per kWh emit 20 tCO2.", "50 MWh at 0.4 kg CO2 per kWh emit 200 tCO2.", 2e4},
        Said{"100 MWhの電力は、1kWhあたり20円として200万円になる。", "100 MWhの電力は、1kWhあたり20円として300万円になる。", 2e6},
        Said{"A 3B model needs 48 GB at 16 bytes per parameter.", "A 3B model needs 30 GB at 16 bytes per parameter.", 48e9},
        Said{"130億パラメータのモデルはint8で13GBです。", "130億パラメータのモデルはint8で26GBです。", 13e9},
        Said{"24 layers with d_model 2048 and a vocabulary of 32,000 make 1.27B parameters.",
             "24 layers with d_model 2048 and a vocabulary of 32,000 make 2.27B parameters.", 1.2735e9},
        Said{"Chinchilla: 100x compute means 10x parameters and 10x tokens.",
             "Chinchilla: 100x compute means 10x parameters and 30x tokens.", 10},
        Said{"Training time fell from 90 days to 30 days, a third.", "Training time fell from 90 days to 30 days, a quarter.",
             1.0 / 3},
        Said{"費用は300万円から100万円へ、3分の1になった。", "費用は300万円から100万円へ、4分の1になった。", 1.0 / 3},
        Said{"Parameters grew from 10B to 14B, by 40%.", "Parameters grew from 10B parameters to 14B parameters, by 60%.", 40},
        Said{"25万GPU時間は256枚で約40.7日です。", "25万GPU時間は256枚で約60日です。", 40.69 * 86400},
        Said{"70億パラメータを３兆２，０００億トークンで学習する計算量は1.34×10の23乗FLOPsです。",
             "70億パラメータを３兆２，０００億トークンで学習する計算量は1.34×10の22乗FLOPsです。", 1.344e23}));

TEST(Sentences, ThatAreCompleteAreJudgedByThemselves) {
  const std::string other = "The 70B model saw 1.4T tokens on 1,024 H100s.\n\n";
  EXPECT_TRUE(wrong(other + "A 1B model trained on 20B tokens needs 1.2e20 FLOPs.").empty());
  EXPECT_TRUE(wrong(other + "At 3,000 GPU-hours and $2 per GPU-hour we paid $6,000.").empty());
}

TEST(Inputs, OfOtherLinesAreNamedWithTheirLine) {
  const auto found = wrong("The model has 7B parameters.\nIt saw 2T tokens.\nThat took 9.9e22 FLOPs.\n");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0].explanation, HasSubstr("7B parameters (line 1)"));
  EXPECT_THAT(found[0].explanation, HasSubstr("2T tokens (line 2)"));
}

TEST(Inputs, AreNotTakenFromOtherParagraphsThatHaveSeveral) {
  EXPECT_TRUE(wrong("Run A used 100 GPUs.\n\nRun B used 200 GPUs.\n\nThe last one took 5 days, or 99,000 GPU-hours.\n").empty());
}

TEST(Devices, ThatTheTextDoesNotNameAreNotAssumed) {
  EXPECT_TRUE(wrong("A 7B model on 1T tokens takes 2 days on our 64 GPUs.").empty());
}

TEST(Utilisation, AboveWhatAnyoneReachesIsInconsistent) {
  const std::string model = "A 7B model on 1T tokens. ";
  // 6 x 7e9 x 1e12 / (256 x 312e12) = 6.09 days at the peak
  const auto found = wrong(model + "On 256 A100 GPUs it takes 6.2 days.");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].verdict, ClaimVerdict::inconsistent);
  EXPECT_THAT(found[0].explanation, HasSubstr("an MFU of 0.9816"));
  EXPECT_TRUE(wrong(model + "On 256 A100 GPUs it takes 12 days.").empty());
}

TEST(Tolerance, IsThatOfTheDigitsWhereTheInputsAreExact) {
  EXPECT_EQ(wrong("A 7B model trained on 2T tokens needs 9.1e22 FLOPs.").size(), 1U);   // 8.4e22
  EXPECT_EQ(wrong("We ran 512 GPUs for 200 hours, or 112,000 GPU-hours.").size(), 1U);  // 102,400
  EXPECT_TRUE(wrong("We ran 512 GPUs for 200 hours, or about 100,000 GPU-hours.").empty());
  EXPECT_EQ(wrong("100,000 GPU-hours at $2 per GPU-hour are $216K.").size(), 1U);
}

TEST(Explanations, AreInTheUnitsOfTheText) {
  const auto days = wrong("1.2×10²¹ / (312×10¹²) ≈ 4.4日");
  ASSERT_EQ(days.size(), 1U);
  EXPECT_THAT(days[0].explanation, HasSubstr("44.52日"));
  const auto hours = wrong("At 200,000 tokens/s 72B tokens take 130 hours.");
  ASSERT_EQ(hours.size(), 1U);
  EXPECT_THAT(hours[0].explanation, HasSubstr("100 hours"));
  EXPECT_THAT(hours[0].explanation, Not(HasSubstr("360000")));
}

TEST(Inputs, ThatAreWrongThemselvesConvictNobody) {
  // 16 x 50 h are 800 GPU-hours: the cost follows from those, not from the 1,200
  const std::string run = "We used 16 GPUs for 50 hours, or 1,200 GPU-hours.\n";
  const auto found = wrong(run + "At $2 per GPU-hour the bill was $1,600.\n");
  ASSERT_EQ(found.size(), 1U) << claims_to_json(found);
  EXPECT_EQ(found[0].line, 1);
  const auto both = wrong(run + "At $2 per GPU-hour the bill was $5,600.\n");
  ASSERT_EQ(both.size(), 2U) << claims_to_json(both);
  EXPECT_TRUE(near(*both[1].computed, 1600));
}

TEST(Inputs, OfTheDocumentsOwnModelHoldAfterItsHeadings) {
  const std::string title = "# Training our 2.7B model\n\nIt has 2.7B parameters.\n\n";
  const std::string compared = title + "## Compute\n\nGPT-3 has 175B parameters and saw 300B tokens.\n\n";
  EXPECT_TRUE(wrong(compared + "Each GPU made 23,200 tokens/s. Of 989 TFLOP/s this is an MFU of 38 %.\n").empty());
  EXPECT_EQ(wrong(compared + "Each GPU made 23,200 tokens/s. Of 989 TFLOP/s this is an MFU of 58 %.\n").size(), 1U);
  const std::string table = title + "## Serving\n\n| precision | weights |\n|---|---|\n| bf16 | 5.4 GB |\n";
  EXPECT_TRUE(wrong(table + "| int4 | 1.35 GB |\n").empty());
  EXPECT_EQ(wrong(table + "| int4 | 2.3 GB |\n").size(), 1U);
}

TEST(Inputs, AreTakenFromTheRowThatTheSentenceNames) {
  const std::string runs =
      "| run | params | tokens |\n|---|---|---|\n| base-20 | 100M | 2B |\n| base-80 | 100M | 8B |\n\n"
      "The batch has 250,000 tokens. ";
  EXPECT_TRUE(wrong(runs + "We ran base-20 for 8,000 steps, base-80 for 32,000 steps.").empty());
  const auto found = wrong(runs + "We ran base-20 for 8,000 steps, base-80 for 52,000 steps.");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(near(*found[0].computed, 32000));
}

TEST(Inputs, OfOneRunAreNotHeldAgainstTheTotalOfSeveral) {
  const std::string run = "One run of 250M parameters on 5B tokens takes 7.5e18 FLOPs.";
  for (const char* total :
       {" All ten runs took 7.5e19 FLOPs.", " The 10 runs took 7.5e19 FLOPs.", "全部で10回なので7.5e19 FLOPs。"})
    EXPECT_TRUE(wrong(run + total).empty()) << total;
}

TEST(Inputs, ThatFitAreTakenAmongSeveralOfTheParagraph) {
  const std::string slide = "- 64 H100s at an MFU of 40 %\n- 1 GPU alone would reach 396 TFLOP/s\n- it takes 4.6 days\n";
  EXPECT_TRUE(wrong(slide + "- about 7,000 GPU-hours\n").empty());
}

TEST(Cost, IsNoBudgetAndNoRateOfExchange) {
  const std::string run = "The run took 10,000 GPU-hours at $2 per GPU-hour. ", ja = "1 GPU時間300円で1万GPU時間使った。";
  for (const std::string& text : {run + "Our budget was $50,000.", run + "A sandwich is $12.", ja + "1ドルは150円で換算した。",
                                  ja + "予算は500万円あった。"})
    EXPECT_TRUE(wrong(text).empty()) << text;
  EXPECT_EQ(wrong(run + "The bill was $50,000.").size(), 1U);
  EXPECT_EQ(wrong(ja + "費用は500万円だった。").size(), 1U);
}

TEST(Weights, AreNotWhatAMachineHolds) {
  for (const char* text : {"A 70B model in bf16 is 140 GB: two H100 of 80 GB, 70 GB each.",
                           "A 405B model in bf16 is 810 GB, more than the 640 GB of a node.",
                           "70Bはbf16で140 GB、H100 80GBが2枚あれば載る（1枚あたり70 GB）。"})
    EXPECT_TRUE(wrong(text).empty()) << text;
  EXPECT_EQ(wrong("Count 16 bytes per parameter: 6.9B parameters need 82.8 GB before activations.").size(), 1U);
  EXPECT_TRUE(wrong("A 7B model in bf16 needs another 30 GB of activations.").empty());
}

TEST(Powers, AreNotHeldAgainstWhatWasMeasured) {
  const std::string drop = "With 7.4x the parameters the loss fell by 17 %.";
  EXPECT_TRUE(wrong(drop).empty());
  EXPECT_EQ(wrong("# The scaling law of Kaplan et al.\n\n" + drop).size(), 1U);
}

TEST(Exponents, OfTheComputeFollowFromAlphaAndBeta) {
  const std::string fit = "With $\\alpha = 0.34$ and $\\beta = 0.28$ the optimal size goes as ";
  EXPECT_TRUE(wrong(fit + "$C^{\\beta/(\\alpha+\\beta)} = C^{0.45}$.").empty());
  const auto found = wrong(fit + "$C^{\\beta/(\\alpha+\\beta)} = C^{0.55}$.");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(near(*found[0].computed, .28 / .62));
}

TEST(Rows, AreJudgedByAllThatTheirCellsSay) {
  const std::string header =
      "| job | GPUs | type | hours | GPU-hours | FLOPs | MFU (%) | cost (yen) | price (yen/h) |\n"
      "|---|---|---|---|---|---|---|---|---|\n";
  EXPECT_TRUE(wrong(header + "| a | 8 | A100 | 10 | 80 | 3.59e19 | 40 | 16000 | 200 |\n").empty());
  EXPECT_FALSE(wrong(header + "| a | 8 | A100 | 10 | 80 | 3.59e19 | 52 | 16000 | 200 |\n").empty());  // MFU 40 %
  EXPECT_FALSE(wrong(header + "| a | 8 | A100 | 10 | 80 | 3.59e19 | 40 | 19000 | 200 |\n").empty());  // 16,000 yen
}

TEST(Columns, AreReadInTheUnitsOfTheirHeaders) {
  const std::string header = "| Params (B) | Tokens (B) | FLOPs | GPUs | Hours | GPU-hours |\n|---|---|---|---|---|---|\n";
  EXPECT_TRUE(wrong(header + "| 7 | 140 | 5.88e21 | 64 | 60 | 3840 |\n").empty());
  EXPECT_EQ(wrong(header + "| 7 | 140 | 5.88e22 | 64 | 60 | 3840 |\n").size(), 1U);
  EXPECT_EQ(wrong(header + "| 7 | 140 | 5.88e21 | 64 | 60 | 1840 |\n").size(), 1U);
}

}  // namespace
}  // namespace isoflop
