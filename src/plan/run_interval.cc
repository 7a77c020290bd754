#include "plan/run_interval.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/math.h"
#include "base/search.h"
#include "plan/surface.h"

namespace isoflop::plan {
namespace {

/// Share of a standard normal distribution below z.
double normal_share(double z) {
  return 0.5 * (1 + erf_(z / std::sqrt(2.0)));
}

}  // namespace

RunLoss::RunLoss(const PlanningLaw& law, double params, double tokens, double residual_sd) : residual_sd_(residual_sd) {
  ISOFLOP_CHECK(law.surface && residual_sd >= 0);
  const double value = log_(loss_of(law, *law.surface, params, tokens));
  if (law.draws.size() < kLeastDraws) {
    ln_losses_ = {value};
    return;
  }
  for (const AdditiveLaw& draw : law.draws)
    ln_losses_.push_back(value + law.widening * (log_(loss_of(law, draw, params, tokens)) - value));
  std::sort(ln_losses_.begin(), ln_losses_.end());
}

double RunLoss::share_below(double loss) const {
  const double at = log_(loss);
  double sum = 0;
  for (const double middle : ln_losses_)
    sum += residual_sd_ > 0 ? normal_share((at - middle) / residual_sd_) : at > middle ? 1 : 0;
  return sum / static_cast<double>(ln_losses_.size());
}

std::optional<Interval> RunLoss::interval(double level) const {
  if (!(residual_sd_ > 0)) return std::nullopt;
  const double reach = 10 * residual_sd_, low = ln_losses_.front() - reach, high = ln_losses_.back() + reach;
  const auto end = [&](double share) {
    return exp_(zero_between([&](double ln_loss) { return share_below(exp_(ln_loss)) - share; }, low, high, 1e-9));
  };
  return Interval{end(0.5 - 0.5 * level), end(0.5 + 0.5 * level), level};
}

}  // namespace isoflop::plan
