// Claims found in texts, and what becomes of them.
#include "isoflop/claims.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <ctime>

#include "base/json.h"
#include "base/testing.h"
#include "plan/claims_arithmetic.h"
#include "plan/claims_text.h"
#include "plan/testing.h"

namespace isoflop {
namespace {

using plan::Kind;
using plan::near;
using testing::HasSubstr;

/// The one claim of a kind; a test failure if there is none.
Claim only(const std::string& text, const std::string& kind, const std::string& file = "text.md") {
  const auto claims = check_claims(text, file);
  for (const Claim& claim : claims)
    if (claim.kind == kind) return claim;
  ADD_FAILURE() << "no claim of kind " << kind << " in: " << text << "\n" << claims_to_json(claims);
  return {};
}

std::vector<Claim> wrong(const std::string& text, const std::string& file = "text.md") {
  std::vector<Claim> found = check_claims(text, file);
  std::erase_if(found,
                [](const Claim& c) { return c.verdict == ClaimVerdict::agrees || c.verdict == ClaimVerdict::cannot_check; });
  return found;
}

struct Written {
  const char* text;
  Kind kind;
  double value;
};

TEST(Quantities, AreReadInBothLanguagesAndInLatex) {
  for (const Written& w : {Written{"175B parameters", Kind::params, 175e9},
                           Written{"10億パラメータ", Kind::params, 1e9},
                           Written{"1,750億パラメータ", Kind::params, 175e9},
                           Written{"1.4 trillion tokens", Kind::tokens, 1.4e12},
                           Written{"3,000億トークン", Kind::tokens, 3e11},
                           Written{"1兆5000億トークン", Kind::tokens, 1.5e12},
                           Written{"$3.15 \\times 10^{23}$ FLOPs", Kind::flops, 3.15e23},
                           Written{"2.5×10²³ FLOPs", Kind::flops, 2.5e23},
                           Written{"3640 PF-days", Kind::flops, 3640 * 8.64e19},
                           Written{"315ゼタFLOPs", Kind::flops, 3.15e23},
                           Written{"312 TFLOPS", Kind::rate, 312e12},
                           Written{"20トークン/パラメータ", Kind::ratio, 20},
                           Written{"28.6 tokens per parameter", Kind::ratio, 28.6},
                           Written{"約3週間", Kind::seconds, 21 * 86400},
                           Written{"34 days", Kind::seconds, 34 * 86400},
                           Written{"1,022,362 GPU-hours", Kind::device_seconds, 1022362.0 * 3600},
                           Written{"440 GPU-日", Kind::device_seconds, 440 * 86400.0},
                           Written{"256 × A100", Kind::devices, 256},
                           Written{"1024 A100 GPUs", Kind::devices, 1024},
                           Written{"$200K", Kind::usd, 200e3},
                           Written{"45TB", Kind::bytes, 45e12},
                           Written{"5倍", Kind::factor, 5}}) {
    const auto all = plan::quantities(plan::normalised(w.text));
    ASSERT_FALSE(all.empty()) << w.text;
    EXPECT_EQ(static_cast<int>(all[0].kind), static_cast<int>(w.kind)) << w.text;
    EXPECT_TRUE(near(all[0].value, w.value, 1e-12)) << w.text << " " << all[0].value;
  }
}

TEST(Quantities, AreNotMadeOfDatesAndNames) {
  for (const char* text : {"2020年、OpenAIは", "GPT-3 and GPT-2", "the A100 and the H100", "Kaplan et al. (2020)"})
    for (const plan::Quantity& q : plan::quantities(plan::normalised(text)))
      EXPECT_EQ(static_cast<int>(q.kind), static_cast<int>(Kind::none)) << text;
}

TEST(Arithmetic, OfALineIsRecomputed) {
  EXPECT_EQ(only("6 × 175 × 10^9 × 300 × 10^9 = 3.15 × 10^{23}", "arithmetic").verdict, ClaimVerdict::agrees);
  EXPECT_EQ(
      only("$$C = 6 \\times 30 \\times 10^9 \\times 500 \\times 10^9 = 9 \\times 10^{22} \\text{ FLOPs}$$", "flops").verdict,
      ClaimVerdict::agrees);
  const Claim tenfold = only("FLOPs: 6 × 1B × 20B = 1.2×10²¹", "arithmetic");
  EXPECT_EQ(tenfold.verdict, ClaimVerdict::power_of_ten);
  EXPECT_TRUE(near(*tenfold.computed, 1.2e20));
  EXPECT_EQ(only("1.2×10²¹ / (312×10¹²) ≈ 44日", "duration").verdict, ClaimVerdict::agrees);
  EXPECT_EQ(
      only("$$\\frac{3.15 \\times 10^{23}}{125 \\times 10^{12}} \\approx 2.5 \\times 10^9 \\text{ 秒} \\approx 80\\text{年}$$",
           "duration")
          .verdict,
      ClaimVerdict::agrees);
  EXPECT_EQ(only("256 × 21 × 24 = 129,024 GPU-hours", "duration").verdict, ClaimVerdict::agrees);
  const Claim off = only("512 × 1024 = 540,000 tokens", "arithmetic");
  EXPECT_EQ(off.verdict, ClaimVerdict::off);
  EXPECT_TRUE(near(*off.computed, 524288));
  EXPECT_EQ(only("sqrt(10^24 / 120) ≈ 91B", "arithmetic").verdict, ClaimVerdict::agrees);
  EXPECT_EQ(only("10^{-0.076} ≈ 0.839", "arithmetic").verdict, ClaimVerdict::agrees);
}

TEST(Arithmetic, GoesOnOverLines) {
  const auto claims = check_claims(
      "$$t = \\frac{1.2 \\times 10^{24}}{1000 \\times 312 \\times 10^{12}} = 3.85 \\times 10^{6} \\text{秒}$$\n\n$$\\approx 54.5 "
      "\\text{日}$$\n",
      "a.md");
  ASSERT_EQ(claims.size(), 2U);
  EXPECT_EQ(claims[0].verdict, ClaimVerdict::agrees);
  EXPECT_EQ(claims[1].line, 3);
  EXPECT_EQ(claims[1].verdict, ClaimVerdict::off);
  EXPECT_TRUE(near(*claims[1].computed / 86400, 44.56, 1e-3));
}

TEST(Compute, OfParametersTimesTokensTakesSix) {
  const Claim claim = only("元の訓練: 7B × 1T = 7×10²¹ FLOPs", "flops");
  EXPECT_EQ(claim.verdict, ClaimVerdict::off);
  EXPECT_TRUE(near(*claim.computed, 4.2e22));
}

TEST(Compute, FollowsFromParametersAndTokens) {
  EXPECT_EQ(only("A 7B model trained on 2T tokens needs 8.4e22 FLOPs.", "flops").verdict, ClaimVerdict::agrees);
  EXPECT_EQ(only("A 7B model trained on 2T tokens needs 8.4e21 FLOPs.", "flops").verdict, ClaimVerdict::power_of_ten);
  EXPECT_EQ(only("A 7B model trained on 2T tokens needs 2.8e22 FLOPs.", "flops").verdict, ClaimVerdict::inconsistent);
  EXPECT_EQ(only("70億パラメータのモデルを2兆トークンで訓練するには約8.4×10²²FLOPsが必要。", "flops").verdict,
            ClaimVerdict::agrees);
  EXPECT_EQ(only("70億パラメータのモデルを2兆トークンで訓練するには約8.4×10²³FLOPsが必要。", "flops").verdict,
            ClaimVerdict::power_of_ten);
}

TEST(Ratio, OfTokensToParameters) {
  EXPECT_EQ(only("- **GPT-3 (175B)**：300B トークン → **1.7トークン/パラメータ**", "tokens_per_parameter").verdict,
            ClaimVerdict::agrees);
  EXPECT_EQ(only("Llama 2 70B saw 2T tokens, or 38.6 tokens per parameter.", "tokens_per_parameter").verdict,
            ClaimVerdict::inconsistent);
  EXPECT_TRUE(near(*only("Llama-3実績: 1,875トークン/パラメータ", "tokens_per_parameter").computed, 15e12 / 8030261248.0));
  EXPECT_EQ(only("192 tokens per parameter are best", "tokens_per_parameter").verdict, ClaimVerdict::cannot_check);
}

TEST(Table, OfBudgetsIsHeldAgainstSixND) {
  const std::string table =
      "| FLOPs | model size | tokens |\n|---|---|---|\n| 10^18 | 100M | 2B tokens |\n| 10^21 | 1B | 20B tokens |\n";
  const auto found = wrong(table);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].line, 4);
  EXPECT_TRUE(near(*found[0].computed, 1.2e20));
}

TEST(Table, OfCsvJsonAndTomlIsReadByItsNames) {
  const std::string csv = "name,params,tokens,flops\na,7e9,1e12,4.2e22\nb,7e9,1e12,4.2e21\n";
  ASSERT_EQ(wrong(csv, "t.csv").size(), 1U);
  EXPECT_EQ(wrong(csv, "t.csv")[0].line, 3);
  const std::string json =
      "[\n  {\"params\": 7e9, \"tokens\": 1e12, \"flops\": 4.2e22},\n  {\"params\": 7e9, \"tokens\": 1e12, \"flops\": "
      "9.9e22}\n]\n";
  ASSERT_EQ(wrong(json, "t.json").size(), 1U);
  EXPECT_EQ(wrong(json, "t.json")[0].line, 3);
  const std::string toml =
      "[good]\nparams = 7e9\ntokens = 1e12\nflops = 4.2e22\n\n[bad]\nparams = 7e9\ntokens = 2e12\nflops = 4.2e22\n";
  ASSERT_EQ(wrong(toml, "t.toml").size(), 1U);
  EXPECT_EQ(wrong(toml, "t.toml")[0].line, 9);
}

TEST(Time, FollowsFromDevicesAndUtilisation) {
  const std::string model = "A 7B model on 1T tokens. ";
  EXPECT_EQ(only(model + "On 256 A100 GPUs it takes 21 days.", "duration").verdict, ClaimVerdict::agrees);         // MFU 29 %
  EXPECT_EQ(only(model + "On 256 A100 GPUs it takes 210 days.", "duration").verdict, ClaimVerdict::inconsistent);  // 3 %
  EXPECT_EQ(only(model + "On 256 A100 GPUs it takes 2 days.", "duration").verdict, ClaimVerdict::inconsistent);    // 300 %
  EXPECT_EQ(only(model + "On 256 A100 GPUs at 40% MFU it takes 15 days.", "duration").verdict, ClaimVerdict::agrees);
  EXPECT_EQ(only(model + "On 256 A100 GPUs at 40% MFU it takes 30 days.", "duration").verdict, ClaimVerdict::inconsistent);
  EXPECT_EQ(only("We used 2048 A100 GPUs for 21 days, that is 1,032,192 GPU-hours.", "device_time").verdict,
            ClaimVerdict::agrees);
  EXPECT_EQ(only("We used 2048 A100 GPUs for 21 days, that is 103,219 GPU-hours.", "device_time").verdict,
            ClaimVerdict::power_of_ten);
}

TEST(Cost, FollowsFromHoursAndPrice) {
  EXPECT_EQ(only("We paid $2.00 per GPU-hour for 100,000 GPU-hours: $200K.", "cost").verdict, ClaimVerdict::agrees);
  EXPECT_EQ(only("We paid $2.00 per GPU-hour for 100,000 GPU-hours: $2M.", "cost").verdict, ClaimVerdict::power_of_ten);
  EXPECT_EQ(only("- GPU: 256 × A100\n- 期間: 約3週間\n- コスト: 約$200K", "cost").verdict, ClaimVerdict::agrees);
  EXPECT_EQ(only("- GPU: 256 × A100\n- 期間: 約3週間\n- コスト: 約$20M", "cost").verdict, ClaimVerdict::inconsistent);
}

TEST(Cost, IsCheckedInYenToo) {
  EXPECT_EQ(only("1 GPU時間あたり400円として、10万GPU時間なら4,000万円かかる。", "cost").verdict, ClaimVerdict::agrees);
  EXPECT_EQ(only("1 GPU時間あたり400円として、10万GPU時間なら4億円かかる。", "cost").verdict, ClaimVerdict::power_of_ten);
}

TEST(Steps, FollowFromTokensAndBatch) {
  EXPECT_EQ(only("With a batch of 4M tokens, 1T tokens take 250,000 steps.", "steps").verdict, ClaimVerdict::agrees);
  EXPECT_EQ(only("With a batch of 4M tokens, 1T tokens take 25,000 steps.", "steps").verdict, ClaimVerdict::power_of_ten);
}

TEST(Weights, TakeTheirPrecisionsBytes) {
  EXPECT_EQ(only("A 70B model takes 140 GB in bf16.", "weights").verdict, ClaimVerdict::agrees);
  EXPECT_EQ(only("A 70B model takes 70 GB in bf16.", "weights").verdict, ClaimVerdict::inconsistent);
  EXPECT_TRUE(check_claims("A 7B model in fp16 runs on one 24 GB GPU.", "a.md").empty());
}

TEST(Claims, AreReadFromAnyText) {
  // pieces of numbers, units and marks in any order: nothing may fail
  const std::vector<std::string> pieces{
      "175B",     "3.15",  "×",      "10^{23}", "²¹",   "$",     "\\frac{", "}",    "{",   "(",    ")",   "=",
      "≈",        "→",     "FLOPs",  "/s",      "/秒",  "GPU",   "-時間",   "日",   "年",  "億",   "兆",  "パラメータ",
      "トークン", "/",     "推奨の", "5倍",     "以上", "|",     "\n",      "\n\n", "- ",  "**",   "#",   "損失",
      "loss",     "N",     "D",      "C",       "^",    "0.076", "%",       "$2",   "per", "H100", "256", "A100",
      "GPT-3",    "LLaMA", "alpha",  "sqrt",    " ",    ".",     "。",      "1e"};
  std::uint64_t state = 1;
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (int i = 0; i < 40; ++i) {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      text += pieces[(state >> 33) % pieces.size()];
    }
    for (const char* file : {"a.md", "a.json"}) EXPECT_NO_THROW((void)claims_to_json(check_claims(text, file))) << text;
  }
}

TEST(Claims, AreReadFromLinesWithoutEnd) {
  std::string line = "[";
  for (int i = 0; i < 20000; ++i) line += R"({"params": 7e9, "tokens": 1e12, "flops": 4.2e22},)";
  line += R"({"params": 7e9, "tokens": 1e12, "flops": 4.2e21}])";
  EXPECT_EQ(wrong(line, "long.json").size(), 1U);
  std::string prose;
  for (int i = 0; i < 30000; ++i) prose += "175B 3e23 $x$ 10^{3} = ~ ";
  (void)check_claims(prose, "long.md");
}

TEST(Claims, TakeTimeInProportionToTheText) {
  const auto seconds = [](int lines) {
    std::string text;
    for (int i = 0; i < lines; ++i)
      text += "Run " + std::to_string(i) + " of our 7B model saw 140B tokens at 200,000 tokens/s and GPT-3 did not.\n";
    double least = 1e9;
    for (int repeat = 0; repeat < 3; ++repeat) {
      const std::clock_t begin = std::clock();  // of this process: other work on the machine does not count
      (void)check_claims(text, "long.md");
      least = std::min(least, static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
    }
    return least;
  };
  // 400 KB take 10 times what 40 KB do; where every line read all before it, 100 times
  EXPECT_LT(seconds(5000), 30 * seconds(500));
}

TEST(Powers, OfLossFollowFromTheExponent) {
  const Claim halved = only("パラメータ数を10倍にすると、損失が約0.95^(1/0.076) ≈ 0.5倍に減少", "power_law");
  EXPECT_TRUE(near(*halved.computed, .8395));
  EXPECT_NE(halved.verdict, ClaimVerdict::agrees);
  EXPECT_EQ(only("データ量を10倍にすると、損失が約10^(-0.095) ≈ 0.8倍に", "power_law").verdict, ClaimVerdict::agrees);
  EXPECT_EQ(only("$N^{0.74} / D$ によって、サイズを 8 倍増やすたびに、データは約 5 倍増加すれば", "power_law").verdict,
            ClaimVerdict::agrees);
  EXPECT_EQ(only("$N^{0.74} / D$ によって、サイズを 8 倍増やすたびに、データは約 3 倍増加すれば", "power_law").verdict,
            ClaimVerdict::inconsistent);
  EXPECT_EQ(only("With 10x more parameters the loss falls by 16%.", "power_law").verdict, ClaimVerdict::agrees);
  EXPECT_EQ(only("With 10x more parameters the loss falls by 50%.", "power_law").verdict, ClaimVerdict::inconsistent);
}

TEST(Formulas, AreHeldAgainstTheIdentity) {
  EXPECT_EQ(only("$$C = 6ND$$", "formula").verdict, ClaimVerdict::agrees);
  EXPECT_EQ(only("$N = \\sqrt{C/120}$", "formula").verdict, ClaimVerdict::agrees);
  const Claim wrong_form = only("$$N \\approx \\frac{C}{20D}$$", "formula");
  EXPECT_EQ(wrong_form.verdict, ClaimVerdict::off);
  EXPECT_TRUE(near(*wrong_form.computed, 6, 1e-9));
  EXPECT_THAT(wrong_form.explanation, HasSubstr("N = C / (6 D)"));
  EXPECT_TRUE(check_claims("$$C_{\\text{forward}} \\approx 2NL$$", "a.md").empty());
}

TEST(Shares, AddUp) {
  EXPECT_EQ(only("- A: 67%\n- B: 15%\n- C: 10%\n- D: 8%\n", "shares").verdict, ClaimVerdict::agrees);
  EXPECT_EQ(only("- A: 67%\n- B: 15%\n- C: 10%\n- D: 18%\n", "shares").verdict, ClaimVerdict::inconsistent);
  EXPECT_EQ(only("| ソース | 割合 |\n|---|---|\n| A | 60% |\n| B | 26% |\n| C | 14% |\n", "shares").verdict,
            ClaimVerdict::agrees);
}

TEST(Facts, OfKnownModelsAreCompared) {
  EXPECT_EQ(only("GPT-3 (175B) was trained on 300B tokens.", "model_tokens").verdict, ClaimVerdict::agrees);
  EXPECT_EQ(only("Chinchilla (70B) was trained on 4.1T tokens.", "model_tokens").verdict, ClaimVerdict::off);
  EXPECT_EQ(only("- **Google PaLM (540B)**：780B トークン、2.5×10²³ FLOPs", "flops").verdict, ClaimVerdict::power_of_ten);
  EXPECT_EQ(only("べき乗指数 α（Chinchilla 論文では約 0.076）", "exponent").verdict, ClaimVerdict::off);
  EXPECT_EQ(only("The H100 has a peak of 1979 TFLOPS.", "peak").verdict, ClaimVerdict::off);
  EXPECT_EQ(only("The H100 has a peak of 989 TFLOPS.", "peak").verdict, ClaimVerdict::agrees);
  for (const PublishedModel& m : published_models())
    EXPECT_FALSE(m.source.empty() || m.families.empty() || !(m.params > 0)) << m.name;
}

TEST(Texts, OfJapaneseTakeThreeBytesACharacter) {
  EXPECT_NE(only("データ: 青空文庫（881K 文字、約 1MB）", "bytes").verdict, ClaimVerdict::agrees);
  EXPECT_EQ(only("データ: 青空文庫（881K 文字、約 2.6MB）", "bytes").verdict, ClaimVerdict::agrees);
}

TEST(Claims, SayWhereTheyStandAndNothingOfPlainProse) {
  EXPECT_TRUE(check_claims("The weather is fine in 2024, with 3 of us and 5 dogs.\n\nA second paragraph.", "a.md").empty());
  EXPECT_TRUE(check_claims("", "a.md").empty());
  const Json json = parse_json(claims_to_json(check_claims("\n\n6 × 7B × 1T = 4.2e21\n", "notes.txt")), "claims");
  ASSERT_EQ(json.size(), 1U);
  EXPECT_EQ(json[0]["file"], "notes.txt");
  EXPECT_EQ(json[0]["line"], 3);
  EXPECT_EQ(json[0]["verdict"], "power_of_ten");
  EXPECT_EQ(json[0]["text"], "6 × 7B × 1T = 4.2e21");
}

TEST(Claims, RefuseWhatIsNoText) {
  EXPECT_THAT(error_of([] { (void)check_claims("a\n\xFF\xFE", "a.md"); }).what(), HasSubstr("a.md:2: is not UTF-8"));
  EXPECT_THAT(error_of([] { (void)check_claims(std::string("a\0b", 3), "a.md"); }).what(), HasSubstr("zero byte"));
}

}  // namespace
}  // namespace isoflop
