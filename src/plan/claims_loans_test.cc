// What other lines may convict of, and the slips that explain an error.
#include <gmock/gmock.h>

#include <ostream>

#include "isoflop/claims.h"
#include "plan/claims_slips.h"

namespace isoflop {
namespace {

using plan::Kind;
using plan::Mistake;
using plan::Quantity;
using plan::slip_of;
using testing::HasSubstr;

std::vector<Claim> wrong(const std::string& text) {
  auto found = check_claims(text, "text.md");
  std::erase_if(found,
                [](const Claim& c) { return c.verdict == ClaimVerdict::agrees || c.verdict == ClaimVerdict::cannot_check; });
  return found;
}

Quantity of(Kind kind, double value) {
  Quantity q;
  q.kind = kind;
  q.value = q.raw = value;
  q.written = "so many";
  return q;
}

TEST(Slips, AreTheWaysInWhichPeopleErr) {
  const auto said = [](const Mistake& m) { return slip_of(m).value_or("nothing"); };
  EXPECT_THAT(said({.claimed = 2480, .computed = 24796}), HasSubstr("decimal point"));
  EXPECT_THAT(said({.claimed = 24, .computed = 24 * 64, .inputs = {of(Kind::devices, 64)}}), HasSubstr("so many were counted"));
  EXPECT_THAT(said({.claimed = 200, .computed = 250, .inputs = {of(Kind::overhead, 1.25)}}), HasSubstr("too rarely"));
  EXPECT_THAT(said({.claimed = 56.4, .computed = 43.6, .kind = Kind::percent}), HasSubstr("what remains"));
  EXPECT_THAT(said({.claimed = 8, .computed = 12.5, .kind = Kind::percent}), HasSubstr("upside down"));
  EXPECT_THAT(said({.claimed = 1e20, .computed = 6e20}), HasSubstr("6 of 6 N D"));
  EXPECT_THAT(said({.claimed = 36168, .computed = 63168, .raw = 36168}), HasSubstr("swapped"));
  EXPECT_THAT(said({.claimed = 1920, .computed = 1620, .raw = 1920}), HasSubstr("mistyped"));
  EXPECT_FALSE(slip_of({.claimed = 137, .computed = 100, .raw = 137}));
}

TEST(Slips, AreNamedWhereTheyExplainAnError) {
  const auto found = wrong("We ran 64 GPUs for 50 hours, or 50 GPU-hours.");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0].explanation, HasSubstr("as if 64 GPUs were counted too rarely"));
}

TEST(Loans, ConvictNoPartsAndNothingThatIsOfEach) {
  const std::string run = "## The run\n\n- successful run: 420 GPU-hours on 16 GPUs\n- price: $1.60 per GPU-hour, $672\n\n";
  for (const char* text : {"There were three crashes before, each after 2.5 hours on all 16 GPUs.",
                           "About 151 GPU-hours of that went into restarts.", "The remaining 1,370 GPU-hours were not used."})
    EXPECT_TRUE(wrong(run + text).empty()) << text << claims_to_json(wrong(run + text));
}

TEST(Loans, ConvictNothingWhereWhatFollowsIsSaidAlready) {
  const std::string batch = "- batch of 4,194,304 tokens, 1.8T tokens in all, hence about 429,000 steps\n";
  EXPECT_TRUE(wrong(batch + "- a checkpoint after 5,000 steps takes a minute\n").empty());
  EXPECT_TRUE(wrong("The 120,000 GPU-hours at $3.90 ($468,000) cost $264,000 at the price of the other offer.").empty());
}

TEST(Loans, ConvictNothingThatAnotherValueOfTheSectionWouldMakeRight) {
  EXPECT_TRUE(wrong("## Data (1.2T tokens)\n\nThe model has 14.5B parameters.\n\nHalf of it is 270B tokens, seen twice.\nThat is "
                    "83 tokens per parameter.")
                  .empty());
}

TEST(Loans, OfTheLineBeforeConvictByASlipWhateverElseTheSectionHas) {
  const auto found = wrong(
      "| C | N |\n|---|---|\n| $10^{24}$ | 100B |\n\n1B models on 20B tokens:\n  FLOPs: 1.2e20\n\n10B models on 200B tokens:\n"
      "  FLOPs: 1.2e23\n");
  ASSERT_EQ(found.size(), 1U) << claims_to_json(found);
  EXPECT_EQ(found[0].line, 9);
}

TEST(Numbers, AreReadAsWhatTheyCount) {
  for (const char* text :
       {"- at 42 %: 64,200 GPU-hours on 512 GPUs, 125 hours or 5.2 days",
        "The model has 26.4B parameters. In int8 they take 26.4 GB, in 4 bit 13.2 GB.",
        "With the eight cards of a node it takes 33.4 hours, so it is 267 GPU-hours.",
        "平均で毎秒3,700トークン。100万トークンあたり約75円（30日）。",
        "平均で毎秒3,700トークン。\n1枚で毎秒約1,200トークン出るため、ピークに8枚必要。",
        "- 16 nodes of 8 H100, 128 GPUs\n- 2.17e22 FLOPs\n- 435 TFLOP/s per GPU, MFU 44 %\n- duration: 108 hours",
        "10億は300億トークン。A100 8基で順に約5.2時間、約57時間。", "$\\ln 25 / \\ln 500 \\approx 0.518$",
        "1ドル150円で3,586.5万円。\n・年度合計は約7,054万円",
        "KV は 2 バイト/トークン。約 0.82 MB/トークン、2,048 トークンで約 1.68 GB。"})
    EXPECT_TRUE(wrong(text).empty()) << claims_to_json(wrong(text));
}

TEST(Loans, OfOtherParagraphsConvictWhereASlipExplainsTheError) {
  const std::string run = "The run has 26B training tokens.\n\nOne batch holds 1,048,576 tokens.\n\n",
                    other = "We evaluate on Mondays.\n\n";
  EXPECT_TRUE(wrong(run + "Another has 30B tokens.\n\n" + other + "The run took 21,000 steps.\n").empty());
  const auto found = wrong(run + other + "The run took 2,480 steps.\n");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0].explanation, HasSubstr("decimal point"));
}

}  // namespace
}  // namespace isoflop
