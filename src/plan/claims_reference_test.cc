// Five audited documents: what the audit marks wrong and is arithmetic is flagged with the right value, what it marks right is
// not.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <set>

#include "base/reference.h"
#include "isoflop/claims.h"
#include "plan/testing.h"

namespace isoflop {
namespace {

struct Audited {
  const char* document;
  std::int64_t line;
  double right;  ///< 0: a formula or a form
};

const Audited kWrong[] = {{"000", 74, .8395},   {"000", 259, 6},        {"000", 509, 1.2e20}, {"000", 510, 1.08e21},
                          {"000", 511, 1.2e22}, {"000", 512, 1.08e23},  {"000", 513, 1.2e24}, {"000", 521, 1.2e20},
                          {"000", 523, 44},     {"000", 526, 1.2e22},   {"000", 527, 445.2},  {"000", 537, 7.143},
                          {"000", 544, 14.29},  {"000", 571, 4.2e22},   {"000", 573, 4.2e21}, {"001", 44, 18.4},
                          {"001", 123, 0},      {"001", 134, 2.527e24}, {"004", 18, .34},     {"004", 73, .34},
                          {"004", 79, 2.643e6}, {"004", 113, .79}};

const std::pair<const char*, std::int64_t> kRight[] = {
    {"000", 31},  {"000", 163}, {"000", 174}, {"000", 182}, {"000", 269}, {"000", 270}, {"000", 271}, {"000", 272}, {"000", 279},
    {"000", 280}, {"000", 346}, {"000", 379}, {"000", 411}, {"000", 441}, {"000", 464}, {"000", 508}, {"000", 536}, {"000", 538},
    {"000", 539}, {"000", 540}, {"000", 543}, {"000", 546}, {"000", 547}, {"000", 554}, {"000", 555}, {"000", 574}, {"000", 632},
    {"000", 683}, {"000", 688}, {"000", 692}, {"000", 693}, {"000", 697}, {"000", 699}, {"000", 701}, {"001", 23},  {"001", 27},
    {"001", 30},  {"001", 46},  {"001", 106}, {"001", 107}, {"001", 108}, {"001", 115}, {"001", 133}, {"001", 135}, {"001", 138},
    {"001", 140}, {"002", 92},  {"003", 41},  {"003", 65},  {"003", 103}, {"004", 30},  {"004", 31},  {"004", 32},  {"004", 33},
    {"004", 34},  {"004", 70},  {"004", 80}};

TEST(ClaimsOfTheAuditedDocuments, AreJudgedAsTheAuditDoes) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  const auto folder = reference_folder().parent_path() / "sources";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no documents in " << folder;
  std::set<std::pair<std::string, std::int64_t>> flagged, neither{{"000", 528}, {"000", 522}};
  std::vector<Claim> all;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string().substr(0, 3);
    for (Claim& claim : check_claims(reference_text("../sources/" + entry.path().filename().string()), name)) {
      if (claim.verdict != ClaimVerdict::agrees && claim.verdict != ClaimVerdict::cannot_check) flagged.emplace(name, claim.line);
      all.push_back(std::move(claim));
    }
  }
  int found = 0, valued = 0, false_alarms = 0;
  std::set<std::pair<std::string, std::int64_t>> wrong;
  for (const Audited& row : kWrong) {
    wrong.emplace(row.document, row.line);
    if (!flagged.contains({row.document, row.line})) {
      std::cout << "not flagged: " << row.document << ":" << row.line << "\n";
      continue;
    }
    ++found;
    const bool right = row.right == 0 || std::any_of(all.begin(), all.end(), [&](const Claim& c) {
                         return c.file == row.document && c.line == row.line && c.computed &&
                                (plan::near(*c.computed, row.right, .02) || plan::near(*c.computed / 3600 / 24, row.right, .02));
                       });
    valued += right ? 1 : 0;
    if (!right) std::cout << "another value: " << row.document << ":" << row.line << "\n";
  }
  for (const auto& [document, line] : flagged)
    if (!wrong.contains({document, line}) && !neither.contains({document, line})) {
      ++false_alarms;
      std::cout << "flagged, not wrong: " << document << ":" << line << "\n";
    }
  int alarms_on_right = 0;
  for (const auto& [document, line] : kRight) alarms_on_right += flagged.contains({document, line}) ? 1 : 0;
  const double recall = static_cast<double>(found) / static_cast<double>(std::size(kWrong));
  const double precision = static_cast<double>(found) / static_cast<double>(found + false_alarms);
  std::cout << "recall " << recall << " precision " << precision << "\n";
  EXPECT_GE(recall, .9);
  EXPECT_GE(precision, .9);
  EXPECT_EQ(alarms_on_right, 0);
  EXPECT_GE(valued, found - 1);
}

TEST(ClaimsOfTheAuditedDocuments, AreAllRightOnceTheTextbookIsMended) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  const auto folder = reference_folder().parent_path() / "sources";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no documents in " << folder;
  const std::map<std::int64_t, std::string> mended{{74, "パラメータ数を10倍にすると、損失が約10^(-0.076) ≈ 0.84倍に減少"},
                                                   {259, R"($$N \approx \frac{C}{6D}$$)"},
                                                   {509, "| $10^{21}$ | 2.9B | 58B tokens | - |"},
                                                   {510, "| $10^{22}$ | 9.1B | 183B tokens | - |"},
                                                   {511, "| $10^{23}$ | 29B | 577B tokens | - |"},
                                                   {512, "| $10^{24}$ | 91B | 1.83T tokens | - |"},
                                                   {513, "| $10^{25}$ | 289B | 5.8T tokens | - |"},
                                                   {521, "  FLOPs: 6 × 1B × 20B = 1.2×10²⁰"},
                                                   {522, "  時間: 1.2×10²⁰ / (312×10¹²) ≈ 4.5日（1GPU）"},
                                                   {523, "  → 4.5 GPU-日"},
                                                   {526, "  FLOPs: 1.2×10²²"},
                                                   {527, "  → 445 GPU-日"},
                                                   {528, "  → 約45台 × 10日"},
                                                   {537, "- データ: 1T tokens（推奨の7倍）"},
                                                   {544, "- データ: 2T tokens（推奨の14倍）"},
                                                   {571, "元の訓練: 6 × 7B × 1T = 4.2×10²² FLOPs"},
                                                   {573, "追加訓練: 6 × 7B × 100B = 4.2×10²¹ FLOPs"}};
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (!entry.path().filename().string().starts_with("000")) continue;
    std::istringstream lines(reference_text("../sources/" + entry.path().filename().string()));
    std::string text, line;
    for (std::int64_t number = 1; std::getline(lines, line); ++number)
      text += (mended.contains(number) ? mended.at(number) : line) + "\n";
    const auto claims = check_claims(text, "000.md");
    EXPECT_GE(claims.size(), 70U);
    for (const Claim& claim : claims)
      EXPECT_EQ(to_string(claim.verdict), "agrees") << claim.line << ": " << claim.text << "\n" << claim.explanation;
  }
}

}  // namespace
}  // namespace isoflop
