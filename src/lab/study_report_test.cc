// What a study's page says in words is true of its runs.
#include "lab/baselines.h"
#include "lab/study_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace isoflop::lab {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

StoredRun made(const std::string& name, std::int64_t params, std::int64_t tokens, double loss) {
  StoredRun run;
  run.record.name = name;
  run.record.status = RunStatus::done;
  run.record.params = {params, params, params};
  run.record.tokens = tokens;
  run.record.unique_tokens = 1000;
  run.record.loss = loss;
  return run;
}

Study two_sizes() {
  Study study;
  study.models.resize(2);
  return study;
}

std::string text_of(const std::vector<StoredRun>& family) { return regime_text(family, laws_of(two_sizes(), family, {})); }

TEST(RegimeText, SaysThatAPlainLawAppliesOnlyBesideOneThatWasFitted) {
  const std::vector<StoredRun> fresh = {made("a", 10, 900, 3), made("b", 100, 900, 2)};
  EXPECT_THAT(text_of(fresh),
              testing::AllOf(StartsWith("Fresh: no run sees a token twice (0.9 epochs"), HasSubstr("so a plain law applies")));
  EXPECT_THAT(regime_text(fresh, {}), Not(HasSubstr("law"))) << "one size";
  EXPECT_THAT(text_of({made("a", 10, 900, 2), made("b", 100, 900, 3)}), Not(HasSubstr("law applies"))) << "loss rises: no fit";
  std::vector<StoredRun> diverged = {fresh[0]};
  diverged[0].record.status = RunStatus::diverged;
  diverged[0].record.loss.reset();
  EXPECT_THAT(text_of(diverged), Not(HasSubstr("law")));
}

TEST(RegimeText, MoreParametersThanTokensIsNotCalledRepetition) {
  const std::string text = text_of({made("a", 10, 30, 3), made("b", 2000, 30, 2)});
  EXPECT_THAT(text, testing::AllOf(StartsWith("Fresh: "), HasSubstr("0.03 epochs"),
                                   HasSubstr("1 of 2 runs has more parameters than the training split has tokens")));
  EXPECT_THAT(text, testing::AllOf(Not(HasSubstr("Memorising")), Not(HasSubstr("repetition")), Not(HasSubstr("law applies"))));
}

TEST(RegimeText, RepeatedTextIsSaidWithHowOften) {
  const std::string text = text_of({made("a", 10, 900, 3), made("b", 2000, 18600, 2)});
  EXPECT_THAT(text,
              testing::AllOf(StartsWith("Repeated: 1 of 2 runs passes over the training split more than once, up to 18.6 times"),
                             HasSubstr("does not describe repeated text"), HasSubstr("more parameters")));
}

TEST(Laws, LeaveOutRunsThatAreNoBetterThanTheUnigramBaselineAndShowThem) {
  const std::vector<StoredRun> family = {made("a", 10, 900, 4), made("b", 100, 900, 3), made("c", 1000, 900, 2),
                                         made("stuck", 500, 900, 5.1)};
  const auto laws = laws_of(two_sizes(), family, {{"unigram", 5.0, ""}});
  ASSERT_TRUE(laws[0].result.fit);
  EXPECT_EQ(laws[0].result.fit->rows, 3);
  ASSERT_EQ(laws[0].points.size(), 4U);
  EXPECT_EQ(laws[0].points[3].name, "stuck");
  EXPECT_FALSE(laws[0].points[3].residual);
  const auto warnings = below_par(family, {{"unigram", 5.0, ""}});
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_THAT(warnings[0].text, testing::AllOf(HasSubstr("run stuck is"), HasSubstr("unigram baseline of 5")));
  EXPECT_TRUE(below_par(std::vector<StoredRun>{family[0]}, {{"unigram", 5.0, ""}}).empty());
}

TEST(Laws, MarkRunsThatAreNoBetterThanAFiveGramAndFitThem) {
  const std::vector<StoredRun> family = {made("a", 10, 900, 4), made("b", 100, 900, 3), made("c", 1000, 900, 2)};
  const std::vector<Baseline> lines = {{"unigram", 5.0, ""}, {"5-gram", 3.5, ""}};
  const auto laws = laws_of(two_sizes(), family, lines);
  ASSERT_TRUE(laws[0].result.fit);
  EXPECT_EQ(laws[0].result.fit->rows, 3);
  EXPECT_TRUE(laws[0].points[0].pre_asymptotic);
  EXPECT_FALSE(laws[0].points[1].pre_asymptotic);
  const auto warnings = below_par(family, lines);
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_EQ(warnings[0].code, "pre_asymptotic");
  EXPECT_THAT(warnings[0].text, testing::AllOf(StartsWith("run a is no better"), HasSubstr("5-gram, 3.5 nats")));
}

TEST(Baselines, OfAStudyRuleOverATableOfItsRunsToo) {
  const Observations table =
      observations_of({made("a", 10, 900, 4), made("b", 100, 900, 3), made("stuck", 500, 900, 5.1)}, "final");
  const Observations kept = heed_baselines(table, {{"unigram", 5.0, ""}, {"5-gram", 3.5, ""}});
  EXPECT_EQ(kept.labels, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(kept.columns.at("params").size(), 2U);
  ASSERT_EQ(kept.warnings.size(), 2U);
  EXPECT_THAT(kept.warnings[0].text, HasSubstr("run stuck is"));
  EXPECT_THAT(kept.warnings[1].text, HasSubstr("run a is"));
  EXPECT_EQ(heed_baselines(table, {}).rows(), 3);
}

}  // namespace
}  // namespace isoflop::lab
