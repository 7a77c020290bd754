// isoflop check: claims of texts, as a user meets them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.h"

namespace isoflop::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const std::string kExample = (fs::path(ISOFLOP_SOURCE_DIR) / "examples/claims.md").string();

TEST(Check, TheExamplesTwoErrorsAreFoundAndItsOtherClaimsAgree) {
  (void)fresh("check");
  const Outcome outcome = program("check " + kExample + " --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  std::vector<int> wrong;
  const nlohmann::json result = outcome.json();
  for (const auto& claim : result["claims"])
    if (claim["verdict"] != "agrees") wrong.push_back(claim["line"]);
  EXPECT_THAT(wrong, testing::ElementsAre(5, 7));
  EXPECT_EQ(result["summary"]["power_of_ten"], 2);
}

TEST(Check, SaysFileLineAndWhatFollows) {
  (void)fresh("check_words");
  const Outcome outcome = program("check " + kExample);
  EXPECT_THAT(outcome.out, HasSubstr("claims.md:5: A model of 1B"));
  EXPECT_THAT(outcome.out, HasSubstr("1.2e+20 FLOPs would follow"));
  EXPECT_THAT(outcome.out, testing::Not(HasSubstr("claims.md:3")));
  EXPECT_THAT(program("check --all " + kExample).out, HasSubstr("claims.md:3"));
}

TEST(Check, NamesFilesThatAreMissingOrNoText) {
  const fs::path folder = fresh("check_bad");
  EXPECT_EQ(program("check " + (folder / "none.md").string()).code, 66);
  write(folder / "bytes.md", "a\n\xFF\xFE");
  const Outcome outcome = program("check " + (folder / "bytes.md").string());
  EXPECT_EQ(outcome.code, 65);
  EXPECT_THAT(outcome.err, HasSubstr("bytes.md:2: is not UTF-8"));
  EXPECT_EQ(program("check").code, 2);
}

}  // namespace
}  // namespace isoflop::test
