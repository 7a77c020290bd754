// How far laws carry on real tables: the cheap rows are fitted, the dear ones predicted (experiments/extrapolation.py has all
// cuts).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/reference.h"
#include "isoflop/laws.h"
#include "isoflop/text.h"

namespace isoflop {
namespace {

Holdout held_out(const std::string& file, const std::string& law, const std::string& where, double most, double low_loss = 0) {
  const std::string text = reference_text(file), both = where.empty() ? "" : where + " and ";
  const auto part = [&](const std::string& condition) { return observations_from_csv(text, file, {.where = condition}); };
  const FitOptions options{.low_loss = low_loss, .bootstrap = 400, .threads = 2};
  const Fit whole = *fit_law(part(where), law, {.low_loss = low_loss, .bootstrap = 0, .threads = 2}).fit;
  const std::string cut = format_number(most);
  return *hold_out(part(both + "flops <= " + cut), part(both + "flops > " + cut), whole, options);
}

double best_baseline(const Holdout& h) {
  double least = INFINITY;
  for (const auto& [name, error] : h.baselines) least = std::min(least, error);
  return least;
}

TEST(ForecastReference, EpochsRunsBelow1e20PredictTheOthers) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  const Holdout h = held_out("runs/epoch_chinchilla.csv", "chinchilla", "epoch_dropped=0", 1e20);
  EXPECT_EQ(h.rows_fitted, 136);
  EXPECT_EQ(h.rows_predicted, 104);
  EXPECT_NEAR(h.rmse_ln_loss, .01144, 1e-4);
  EXPECT_NEAR(h.bias_ln_loss, -.0023, 1e-4);
  EXPECT_NEAR(h.moved.at("a").first, .602, 5e-4);  // the loss extrapolates while the exponent still moves
  EXPECT_LT(h.error_loss, 0.015);
  EXPECT_LT(h.rmse_ln_loss, best_baseline(h));
  EXPECT_GE(*h.covered, 0.85);
}

TEST(ForecastReference, TheLossOfTunedRunsAtTheirOptimaCarriesTenTimesFurther) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  double covered = 0;
  for (const char* where : {"hparams=tuned and file=summary_df", "hparams=tuned and file=summary_df_att",
                            "hparams=tuned and file=summary_df_owt2", "hparams=tuned and file=summary_df_kaplan_tuned_hparams"}) {
    const Holdout h = held_out("runs/porian2024_optimal.csv", "power_c_floor", where, 2.56e18);
    EXPECT_GE(h.rows_predicted, 3) << where;
    EXPECT_LT(h.error_loss, 0.015) << where;
    covered += *h.covered / 4;
  }
  EXPECT_GE(covered, 0.75);
}

// grids of every size at every budget, to runs that ended after hundredths of a token a parameter
TEST(ForecastReference, TunedGridsCarryTenTimesFurtherByTheLawOfTheEarlyPhase) {
  ISOFLOP_NEEDS_REFERENCE_DATA();
  for (const char* where :
       {"hparams=tuned and file=summary_df", "hparams=tuned and file=summary_df_att", "hparams=tuned and file=summary_df_owt2"}) {
    const Holdout h = held_out("runs/porian2024_isoflop.csv", "early_phase", where, 2.56e18, 16);
    EXPECT_GE(h.rows_predicted, 25) << where;
    EXPECT_LT(h.error_loss, 0.015) << where;
    EXPECT_LT(2 * h.rmse_ln_loss, best_baseline(h)) << where;
    EXPECT_GE(*h.covered, 0.8) << where;
    EXPECT_GT(held_out("runs/porian2024_isoflop.csv", "chinchilla", where, 2.56e18).error_loss, 0.05) << where;
  }
}

}  // namespace
}  // namespace isoflop
