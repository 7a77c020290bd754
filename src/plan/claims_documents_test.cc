// Documents of our own (tests/claims), with errors planted in some lines: those are flagged, the others are not.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <ostream>
#include <set>
#include <sstream>

#include "isoflop/claims.h"

namespace isoflop {
namespace {

bool is_wrong(const Claim& claim) {
  return claim.verdict != ClaimVerdict::agrees && claim.verdict != ClaimVerdict::cannot_check;
}

std::vector<Claim> claims_of(const char* name) {
  std::ifstream file(std::string(ISOFLOP_SOURCE_DIR) + "/tests/claims/" + name, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return check_claims(text.str(), name);
}

struct Document {
  const char* name;
  std::set<std::int64_t> wrong;
};
std::ostream& operator<<(std::ostream& out, const Document& document) {
  return out << document.name;
}

class EveryDocument : public testing::TestWithParam<Document> {};

TEST_P(EveryDocument, IsFlaggedWhereAnErrorWasPlantedAndNowhereElse) {
  std::set<std::int64_t> flagged;
  std::string said;
  for (const Claim& claim : claims_of(GetParam().name)) {
    if (!is_wrong(claim)) continue;
    flagged.insert(claim.line);
    said += std::to_string(claim.line) + " " + claim.kind + ": " + claim.explanation + "\n";
  }
  EXPECT_EQ(flagged, GetParam().wrong) << said;
}

INSTANTIATE_TEST_SUITE_P(
    Claims, EveryDocument,
    testing::Values(Document{"costs_en.md", {7, 13, 19, 21, 27, 30, 32, 38, 39, 42, 51}}, Document{"models_en.md", {12}},
                    Document{"budgets_en.md", {5, 9, 13, 17, 21, 24, 30}},
                    Document{"runs_en.md", {5, 17, 21, 25, 29, 34, 40, 44, 48, 50, 54, 58}},
                    Document{"costs_ja.md", {7, 9, 15, 31, 37, 40, 44}}, Document{"models_ja.md", {13, 17, 21, 26, 37}},
                    Document{"facts_en.md", {11, 17}}, Document{"budget_en.md", {9, 20, 22, 24, 30, 32}},
                    Document{"meeting_ja.txt", {7, 20, 27}}, Document{"runs.csv", {4, 5}}, Document{"quarter.toml", {11}},
                    Document{"lecture_en.md", {9, 25, 32, 34, 36, 38, 42, 52}}, Document{"exercises_ja.md", {14, 24, 32, 40, 48}},
                    Document{"primer_en.md", {3, 7, 14, 15, 25, 29, 35}}, Document{"questions_ja.md", {13, 17, 25, 33, 37, 45}},
                    Document{"compute_ja.md", {11, 21, 29, 35, 42, 48, 61, 64}}));

struct Planted {
  const char* name;
  std::map<std::int64_t, double> right;  ///< the line, and the value it should have, in plain units
};
std::ostream& operator<<(std::ostream& out, const Planted& document) {
  return out << document.name;
}

class EveryPlantedError : public testing::TestWithParam<Planted> {};

TEST_P(EveryPlantedError, IsFlaggedWithTheRightValueAndNothingElseIs) {
  constexpr double kNear = .05;
  std::set<std::int64_t> flagged, wrong, valued;
  std::string said;
  for (const auto& [line, right] : GetParam().right) wrong.insert(line);
  for (const Claim& claim : claims_of(GetParam().name)) {
    if (!is_wrong(claim)) continue;
    flagged.insert(claim.line);
    said += std::to_string(claim.line) + " " + claim.kind + ": " + claim.explanation + "\n";
    const auto planted = GetParam().right.find(claim.line);
    if (planted != GetParam().right.end() && claim.computed && std::abs(*claim.computed / planted->second - 1) <= kNear)
      valued.insert(claim.line);
  }
  EXPECT_EQ(flagged, wrong) << said;
  EXPECT_EQ(valued, wrong) << said;
}

constexpr double kDay = 86400, kMWh = 1e6, kTonne = 1e3, kGB = 1e9;

INSTANTIATE_TEST_SUITE_P(
    Claims, EveryPlantedError,
    testing::Values(
        Planted{"appendix_kousei_ja.md", {}}, Planted{"appendix_models_en.md", {{10, 1.4746e9}, {22, 7.2e19}, {27, 2.851}}},
        Planted{"config_ja.yaml", {{24, 76.9}, {30, 53450}}}, Planted{"hyou_ja.md", {{8, 20}, {9, 5.39e21}, {21, .25}}},
        Planted{"koen_ja.txt", {{10, .5916}, {16, 1.001e24}}}, Planted{"memo_tokenizer_en.txt", {{6, .900}, {15, 73.5 * 3600}}},
        Planted{"mokuhyo_ja.md", {{9, 1.045e6}, {17, 17.8 * 3600}}}, Planted{"postmortem_en.md", {{20, 6.82}, {26, 1.08e23}}},
        Planted{"table_budget_en.md", {{10, 5.88e22}, {12, 20}}}, Planted{"thread_en.md", {}},
        Planted{"blog_budget_ja.md", {{11, 40.7 * kDay}, {15, 1.2e24}}}, Planted{"blog_first_model_en.md", {}},
        Planted{"blog_jp_llm_ja.md", {}}, Planted{"blog_seven_billion_en.md", {{11, 65368}, {17, 2.70 * kDay}, {21, 3.35 * kGB}}},
        Planted{"energy_report_en.md", {{9, 7.37 * kMWh}, {15, 198.7 * kTonne}}}, Planted{"experiment_en.toml", {}},
        Planted{"faq_perplexity_en.md", {{7, 2.708}, {15, 0.9939}}},
        Planted{"ichiran_ja.csv", {{4, 1.08e21}, {6, 20}, {7, 384000}}}, Planted{"jikken_memo_ja.md", {}},
        Planted{"lecture_loss_ja.md", {{9, 2.14}, {19, 1.038}, {25, 10.37}, {33, .6457}}},
        Planted{"memo_denryoku_ja.txt", {{15, 77.4 * kMWh}, {16, 34.83 * kTonne}}},
        Planted{"memory_guide_en.md", {{14, 208 * kGB}, {19, 17.5 * kGB}, {23, 12.58e9}}}, Planted{"news_kokusan_ja.md", {}},
        Planted{"news_startup_en.md", {}}, Planted{"notes_throughput_en.txt", {{12, 41.25}, {18, 6e11}}},
        Planted{"qa_memory_ja.md", {{17, 128 * kGB}, {25, 819200}}}, Planted{"readme_trainer_en.md", {}},
        Planted{"readme_tsukaikata_ja.md", {{10, 48 * kGB}, {24, 189.4 * kDay}}},
        Planted{"runs_grid_en.csv", {{5, 1.2e20}, {6, 20}, {8, 131607}, {9, 38912}}},
        Planted{"shiryo_kaigi_ja.md", {{17, 5.31 * kDay}, {33, 3.01e7}}},
        Planted{"slides_keisan_ja.md", {{10, 1.387e23}, {14, 1e11}, {22, 35.49}, {26, 2}}},
        Planted{"slides_scaling_en.md", {{9, 10}, {13, 28.84}, {19, 9139}}},
        Planted{"blog_forty_hours_en.md", {{20, 3103}, {30, 11.13}, {40, 1.35 * kGB}}},
        Planted{"appendix_details_en.md", {{13, 679.5e6}, {22, 12.58e9}, {34, 9.51e20}}},
        Planted{"readme_model_en.md", {{43, 110.4 * kGB}, {55, 18.1 * kTonne}}},
        Planted{"slides_reading_en.md", {{18, 29.5}, {40, 28.6}, {60, 1.0025e26}}},
        Planted{"labnotes_en.md", {{10, 20833}, {23, 2.8}, {36, 202e3}}},
        Planted{"runs_ladder_en.csv", {{5, 6.144e18}, {7, 40}, {10, 15.55}}},
        Planted{"costs_jobs_en.csv", {{4, 49766}, {7, 8.602 * kMWh}}}, Planted{"blog_memory_en.md", {}},
        Planted{"fit_report_en.md", {{9, 87.5}, {23, 3.44}, {33, .45}}}, Planted{"ladder_en.csv", {{5, 39.0}}},
        Planted{"blog_ichikara_ja.md", {{22, 903}, {33, 13.7}, {38, .65 * kGB}}},
        Planted{"furoku_shosai_ja.md", {{25, 5.47e19}, {33, 92316}, {41, 50}}}, Planted{"readme_model_ja.md", {}},
        Planted{"slides_rinko_ja.md", {{25, 9139}, {35, 8.4e23}, {57, 2}}},
        Planted{"jikken_note_ja.md", {{8, 26042}, {42, 4.23}}}, Planted{"runs_ichiran_ja.csv", {{4, 2.02e19}, {6, 150}, {9, 40}}},
        Planted{"hiyou_ja.csv", {{5, 1.613e6}, {7, 9216}}}, Planted{"lecture_shigen_ja.md", {{27, 188 * 3600}, {42, 2.89}}},
        Planted{"faq_yosan_ja.md", {{17, 283 * kDay}, {29, 6.7}}}, Planted{"ladder_ja.csv", {}},
        Planted{"newsletter_en.md", {{24, .725}}}, Planted{"grid_report_en.md", {{10, 17.46}, {11, 2.7e20}}},
        Planted{"runbook_en.txt", {{6, 17 * kGB}}}, Planted{"hokoku_ja.md", {{11, 1.202e6}, {23, 1.47 * kTonne}}},
        Planted{"enshu_ja.md", {{14, 80}, {28, .705}}}, Planted{"keikaku_ja.csv", {{5, 3840}, {8, 20}, {9, 26.97e6}}},
        Planted{"paper_setup_en.md", {{7, 499200}, {15, 3.72}}},
        Planted{"thread_cluster_en.txt", {{9, 198.5e3}, {18, 87.7 * kMWh}, {22, 20.2 * kDay}}},
        Planted{"plan_quarter_en.yaml", {{21, 1620}, {25, 20}}}, Planted{"news_koukai_ja.md", {{6, 22.73e6}, {11, 10 * kGB}}},
        Planted{"qa_shanai_ja.md", {{10, 6.27 * kDay}, {14, 80 * kGB}}}, Planted{"hyou_jisseki_ja.md", {{8, 768}}},
        Planted{"paragraphs_en.md",
                {{9, 1.2e20},
                 {39, 2.15e04},
                 {51, 6438},
                 {63, 5.875e07},
                 {88, 1.08e21},
                 {116, 5.243e05},
                 {128, 3e11},
                 {140, 1.996e06},
                 {152, 5e10},
                 {205, 5.28e04},
                 {217, 140},
                 {229, 5.676e05}}},
        Planted{"paragraphs_ja.md",
                {{9, 1.2e20},
                 {21, 4.2e22},
                 {33, 1.56e06},
                 {45, 2.1e11},
                 {63, 9.4e10},
                 {75, 8.448e04},
                 {87, 2.712},
                 {99, 5.88e21},
                 {115, 1.208e09},
                 {127, 6.289e06},
                 {139, 1.966e07},
                 {151, 1.4e10}}},
        Planted{"model_card_en.md", {{7, 45.51}, {13, 1.69e04}}}, Planted{"faq_scaling_en.md", {{3, 1.498e21}, {11, 1.543e06}}},
        Planted{"weekly_notes_en.md", {{4, 1.248e06}, {8, 7.768}}}, Planted{"appendix_runs_en.md", {{8, 376}, {16, 0.8321}}},
        Planted{"kaihatsu_memo_ja.md", {{3, 8.16e21}, {21, 3.4e09}}}, Planted{"kenkyukai_ja.md", {{4, 1.419e20}, {8, 4.116e04}}},
        Planted{"faq_kaitou_ja.md", {{4, 1.98e21}, {10, 2.2e09}}}, Planted{"hyou_honban_ja.md", {{4, 1.728e20}, {9, 10.91}}}));

}  // namespace
}  // namespace isoflop
