#include "base/math.h"
#include "train/train.h"

namespace isoflop {

double learning_rate_at(const RunSpec& spec, std::int64_t step) {
  const ScheduleSpec& schedule = spec.schedule;
  const double high = spec.optimizer.learning_rate, low = schedule.min_lr;
  const auto warmup = static_cast<double>(schedule.warmup_iters), end = static_cast<double>(spec.max_iters);
  const auto s = static_cast<double>(step);

  if (step < schedule.warmup_iters) return high * ((schedule.warmup_from_zero ? s : s + 1) / warmup);
  switch (schedule.kind) {
    case ScheduleKind::constant: return high;
    case ScheduleKind::linear: return low + (high - low) * ((end - s) / (end - warmup));
    case ScheduleKind::cosine: {
      constexpr double kPi = 3.14159265358979323846;
      return low + (high - low) * (0.5 * (1 + cos_(kPi * (s - warmup) / (end - warmup))));
    }
    case ScheduleKind::wsd: {
      const double decay = schedule.decay_fraction * end;
      if (!(s > end - decay)) return high;
      return low + (high - low) * ((end - s) / decay);
    }
  }
  return high;
}

}  // namespace isoflop
