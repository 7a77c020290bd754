// Rows left out by parts: which go together, what is judged, and what cannot be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/math.h"
#include "base/random.h"
#include "base/testing.h"
#include "isoflop/laws.h"
#include "laws/agreement.h"

namespace isoflop {
namespace {

using testing::HasSubstr;

/// L = 4 C^-.05 with 1 % of noise that the rows of a run share; `checkpoints` rows a run, of one name.
Observations runs(std::int64_t count, std::int64_t checkpoints) {
  Observations table;
  const Philox random{3, Stream::simulate};
  for (std::int64_t run = 0; run < count; ++run)
    for (std::int64_t i = 0; i < checkpoints; ++i) {
      const double c = 1e15 * pow_(10, 0.4 * static_cast<double>(run)) * (1 + 0.01 * static_cast<double>(i));
      table.labels.push_back(std::to_string(run) + "." + std::to_string(i));
      table.groups.push_back("run " + std::to_string(run));
      table.columns["flops"].emplace_back(c);
      table.columns["loss"].emplace_back(4 * pow_(c, -0.05) * exp_(0.01 * random.normal(static_cast<std::uint64_t>(run))));
    }
  return table;
}

TEST(Folds, AreAsEvenAsTheyCanBeAndDrawnByTheSeed) {
  const std::vector<std::int64_t> folds = laws::folds_of(23, 5, 7);
  for (std::int64_t fold = 0; fold < 5; ++fold) {
    const auto size = std::count(folds.begin(), folds.end(), fold);
    EXPECT_GE(size, 4);
    EXPECT_LE(size, 5);
  }
  EXPECT_EQ(folds, laws::folds_of(23, 5, 7));
  EXPECT_NE(folds, laws::folds_of(23, 5, 8));
}

// the noise is the runs': rows left out beside others of their run would be predicted better than a further run is
TEST(CrossValidate, RowsOfAGroupAreLeftOutTogether) {
  Observations table = runs(12, 6);
  const Agreement grouped = *cross_validate(table, "broken_c", 6, {});
  table.groups.clear();
  const Agreement apart = *cross_validate(table, "broken_c", 6, {});
  EXPECT_EQ(grouped.rows, 72);
  EXPECT_GT(grouped.rmse, 1.02 * apart.rmse);
}

TEST(CrossValidate, IsTheSameForAnyNumberOfThreads) {
  const Observations table = runs(12, 2);
  const Agreement one = *cross_validate(table, "power_c_floor", 4, {.threads = 1}),
                  three = *cross_validate(table, "power_c_floor", 4, {.threads = 3});
  EXPECT_EQ(one.rmse, three.rmse);
  EXPECT_EQ(one.mean_absolute_error, three.mean_absolute_error);
  EXPECT_EQ(*one.spearman, *three.spearman);
}

TEST(CrossValidate, SaysWhichLawsHaveNoFormulaToPredictBy) {
  const Observations table = runs(8, 1);
  EXPECT_EQ(error_of([&] { (void)cross_validate(table, "power_c", 1, {}); }).subject(), "--folds");
  for (const char* law : {"isoflop", "optima", "envelope", "power_n"}) {
    const Error error = error_of([&] { (void)cross_validate(table, law, 4, {}); });
    EXPECT_EQ(error.fault(), Fault::usage);
    EXPECT_EQ(error.subject(), "--folds") << law;
    EXPECT_THAT(error.what(), HasSubstr(law));
  }
}

TEST(CrossValidate, IsNotMadeOfRowsTooFewForThePartsOfTheLaw) {
  EXPECT_FALSE(cross_validate(runs(4, 1), "power_c_floor", 4, {}).has_value());
}

}  // namespace
}  // namespace isoflop
