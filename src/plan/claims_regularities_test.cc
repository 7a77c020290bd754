// Rules learnt from a table's rows; tables without marks, on their side, and their totals.
#include "plan/claims_regularities.h"

#include <gtest/gtest.h>

#include "isoflop/claims.h"
#include "plan/claims_grids.h"

namespace isoflop::plan {
namespace {

std::vector<Claim> wrong(const std::string& text, const std::string& file = "t.md") {
  std::vector<Claim> all = check_claims(text, file), found;
  for (Claim& c : all)
    if (c.verdict != ClaimVerdict::agrees && c.verdict != ClaimVerdict::cannot_check) found.push_back(std::move(c));
  return found;
}

constexpr const char* kMonths =
    "月   A100（時間） H100（時間） 請求額（ドル） レート  円換算額\n"
    "------------------------------------------------------------------\n"
    "4月   12,400       0   16,740   154   2,577,960\n"
    "5月   10,800     4,200   26,130   156   2,274,480\n"
    "6月    8,000     9,600   37,200   158   5,877,600\n"
    "7月    6,200    15,200   50,170   160   8,027,200\n"
    "8月    5,000    18,400   57,350   147   8,430,450\n"
    "9月    5,000    12,000   39,750   143   5,684,250\n";

TEST(ClaimsRegularities, AProductOfColumnsThatOneRowBreaks) {
  const auto found = wrong(kMonths, "t.txt");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].line, 4);
  EXPECT_NEAR(*found[0].computed, 26130. * 156, 1);
}

TEST(ClaimsRegularities, ASumOfColumns) {
  const auto found = wrong(
      "費目      令和7  令和8  令和9   計\n"
      "---------------------------------------------\n"
      "計算機利用料   26  361  2,600  2,987\n"
      "記憶領域     15   15   15   45\n"
      "人件費      750  750  750  1,500\n"
      "謝金（方言話者） 180  180   90  450\n"
      "旅費      120  150  180  450\n"
      "その他     105  100  100  305\n",
      "t.txt");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].line, 5);
}

TEST(ClaimsRegularities, AnExponentialAndAPowerOfAnotherColumn) {
  const auto found = wrong(
      "| run | val | ppl |\n|---|---|---|\n| a | 3.429 | 30.85 |\n| b | 3.246 | 25.69 |\n| c | 2.554 | 5.87 |\n"
      "| d | 3.043 | 20.97 |\n| e | 2.910 | 18.36 |\n");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].line, 5);
  const auto law = wrong(
      "| C | width | x |\n|---|---|---|\n| 1e18 | 13.34 | 1 |\n| 1e19 | 29.68 | 4 |\n| 1e20 | 66.02 | 1 |\n| 1e21 | 196.9 | 5 |\n"
      "| 1e22 | 326.7 | 9 |\n| 1e23 | 726.8 | 2 |\n| 1e24 | 1617 | 6 |\n");
  ASSERT_EQ(law.size(), 1u);
  EXPECT_EQ(law[0].line, 6);
}

// Each row is right in its own way: another accelerator, a note, sizes that somebody chose.
TEST(ClaimsRegularities, RowsThatDifferForAReason) {
  EXPECT_TRUE(wrong("| run | rate | share | GPU |\n|---|---|---|---|\n| a | 123.3 | 39.5 | A100 |\n| b | 111.9 | 35.9 | A100 |\n"
                    "| c | 118.0 | 37.8 | A100 |\n| d | 129.4 | 41.5 | A100 |\n| e | 352.3 | 35.6 | H100 |\n")
                  .empty());
  EXPECT_TRUE(wrong("| params | tokens |\n|---|---|\n| 1B | 20B |\n| 3B | 60B |\n| 7B | 140B |\n| 13B | 260B |\n| 30B | 1.5T |\n")
                  .empty());
  EXPECT_TRUE(wrong("| run | dollars | yen | note |\n|---|---|---|---|\n| a | 123.3 | 18495 | |\n| b | 111.9 | 16785 | |\n"
                    "| c | 118.0 | 17700 | |\n| d | 129.4 | 19410 | |\n| e | 140.2 | 22432 | at 160 |\n")
                  .empty());
}

// Measured columns that happen to rise together say nothing of each other.
TEST(ClaimsRegularities, NoRuleByChance) {
  EXPECT_TRUE(wrong("| run | loss | score | hours |\n|---|---|---|---|\n| a | 3.42 | 31.5 | 4.1 |\n| b | 3.11 | 38.2 | 9.7 |\n"
                    "| c | 2.85 | 47.9 | 22.0 |\n| d | 2.61 | 55.1 | 51.3 |\n| e | 2.44 | 58.0 | 98.9 |\n")
                  .empty());
}

TEST(ClaimsRegularities, AColumnThatWasNotUnderstoodAccusesNobody) {
  const auto all = check_claims(
      "| run | params [oku] | tokens [oku] | FLOPs |\n|---|---|---|---|\n| a | 1.6 | 16 | 1.536e18 |\n| b | 3.2 | 32 | 6.144e18 "
      "|\n"
      "| c | 6.4 | 16 | 6.144e18 |\n| d | 6.4 | 64 | 2.458e20 |\n",
      "t.md");
  int unknown = 0, off = 0;
  for (const Claim& c : all) {
    unknown += c.verdict == ClaimVerdict::cannot_check;
    off += c.verdict == ClaimVerdict::power_of_ten && c.line == 6;
  }
  EXPECT_EQ(unknown, 3);
  EXPECT_EQ(off, 1);  // a power of ten more than the others
}

TEST(ClaimsGrids, ATotalAndTheRowThatSlipped) {
  const std::string head = "| source | tokens |\n|---|---|\n| web | 744B |\n";
  EXPECT_TRUE(wrong(head + "| code | 216B |\n| papers | 108B |\n| total | 1,068B |\n").empty());
  const auto slipped = wrong(head + "| code | 261B |\n| papers | 108B |\n| total | 1,068B |\n");
  ASSERT_EQ(slipped.size(), 1u);
  EXPECT_EQ(slipped[0].line, 4);
  const auto sum = wrong(head + "| code | 216B |\n| papers | 108B |\n| total | 1,260B |\n");
  ASSERT_EQ(sum.size(), 1u);
  EXPECT_EQ(sum[0].line, 6);
  // what a line sums up without saying so, and what is counted in another row too
  EXPECT_TRUE(
      wrong("| item | EUR |\n|---|---|\n| a | 100 |\n| b | 250 |\n| direct costs | 350 |\n| overhead | 70 |\n| total | 420 |\n")
          .empty());
  EXPECT_TRUE(wrong("| part | parameters |\n|---|---|\n| attention, per layer | 100,000 |\n| 12 layers | 1,200,000 |\n"
                    "| embedding | 300,000 |\n| total | 1,500,000 |\n")
                  .empty());
}

TEST(ClaimsGrids, ATableOnItsSide) {
  const auto found = wrong(
      "| | small | medium | large |\n|---|---|---|---|\n| parameters | 1B | 3B | 7B |\n| tokens | 20B | 60B | 140B |\n"
      "| FLOPs | 1.2e20 | 1.08e21 | 5.88e22 |\n");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].line, 5);
  EXPECT_NEAR(*found[0].computed, 5.88e21, 1e15);
}

TEST(ClaimsGrids, ColumnsThatSpacesKeepApart) {
  const auto found =
      aligned_table({"name   N     D", "----------", "a    1.5  30", "b b  3.0  60", "c    6.0  120", "", "text"}, 0);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->last, 4u);
  ASSERT_EQ(found->table.rows.size(), 3u);
  EXPECT_EQ(found->table.header, (std::vector<std::string>{"name", "N", "D"}));
  EXPECT_EQ(found->table.rows[1].cells, (std::vector<std::string>{"b b", "3.0", "60"}));
  EXPECT_EQ(found->table.rows[1].line, 4);
  EXPECT_FALSE(aligned_table(
      {"In 2021 we had 8 GPUs and 3 nodes.", "In 2022 we had 16 GPUs and 6 nodes.", "In 2023 it was 32 GPUs in 8."}, 0));
}

TEST(ClaimsGrids, KeysOfAConfigurationAsATable) {
  const auto inline_rows = wrong(
      "[data]\nweb = { raw = 900, kept = 720, share = 0.300 }\ncode = { raw = 500, kept = 480, share = 0.200 }\n"
      "papers = { raw = 260, kept = 240, share = 0.100 }\nwiki = { raw = 900, kept = 840, share = 0.350 }\n"
      "dialogue = { raw = 200, kept = 120, share = 0.090 }\n",
      "d.toml");
  ASSERT_EQ(inline_rows.size(), 1u);
  EXPECT_EQ(inline_rows[0].line, 6);
  const auto remarks =
      wrong("ja_web = 0.45   # 2,700億\nen_web = 0.35   # 3,100億\ncode = 0.15   # 900億\nmath = 0.05   # 300億\n", "m.toml");
  ASSERT_EQ(remarks.size(), 1u);
  EXPECT_EQ(remarks[0].line, 2);
}

TEST(ClaimsMoney, EurosAreJudgedLikeDollarsWhereNothingElseIsPaid) {
  const auto found = wrong("We rent 138,240 GPU-hours at €2.48 per GPU-hour, which costs €242,835.\n");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_NEAR(*found[0].computed, 342835, 1);
  EXPECT_TRUE(wrong("We rent 138,240 GPU-hours at €2.48 per GPU-hour, which costs $400,000.\n").empty());
  EXPECT_EQ(wrong("138,240 GPU-hours at 2.48 EUR per GPU-hour cost 242,835 EUR.\n").size(), 1u);
}

TEST(ClaimsBeside, TimeInOtherUnits) {
  EXPECT_EQ(wrong("21,910 / 64 = 342 hours, that is 34 days.\n").size(), 1u);
  EXPECT_TRUE(wrong("21,910 / 64 = 342 hours, that is 14.3 days.\n").empty());
  EXPECT_EQ(wrong("8.4e22 / 1.404e14 = 5.98e8 s, which is 74,800 GPU-hours.\n").size(), 1u);
  EXPECT_TRUE(wrong("8.4e22 / 1.404e14 = 5.98e8 s, which is 166,000 GPU-hours.\n").empty());
  EXPECT_EQ(wrong("25.3 days × 64 GPUs = 1,619 GPU-hours\n").size(), 1u);
  EXPECT_TRUE(wrong("25.3 days × 24 × 64 GPUs = 38,861 GPU-hours\n").empty());
}

}  // namespace
}  // namespace isoflop::plan
