// Documents of our own (tests/claims), with errors planted in some lines: those are flagged, the others are not.
#include <gtest/gtest.h>

#include <fstream>
#include <ostream>
#include <set>
#include <sstream>

#include "isoflop/claims.h"

namespace isoflop {
namespace {

struct Document {
  const char* name;
  std::set<std::int64_t> wrong;
};
std::ostream& operator<<(std::ostream& out, const Document& document) {
  return out << document.name;
}

class EveryDocument : public testing::TestWithParam<Document> {};

TEST_P(EveryDocument, IsFlaggedWhereAnErrorWasPlantedAndNowhereElse) {
  std::ifstream file(std::string(ISOFLOP_SOURCE_DIR) + "/tests/claims/" + GetParam().name, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  std::set<std::int64_t> flagged;
  std::string said;
  for (const Claim& claim : check_claims(text.str(), GetParam().name)) {
    if (claim.verdict == ClaimVerdict::agrees || claim.verdict == ClaimVerdict::cannot_check) continue;
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

}  // namespace
}  // namespace isoflop
