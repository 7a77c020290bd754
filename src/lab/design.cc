#include "lab/design.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/math.h"
#include "isoflop/text.h"

namespace isoflop::lab {
namespace {

double three_digits(double value) { return parse_double(format_significant(value, 3)).value_or(value); }

constexpr double kMostTokens = 9007199254740992.0;  // 2^53: counts of tokens stay exact in a double

[[noreturn]] void refuse(const char* key, double value, const std::string& expected) {
  throw Error(Fault::bad_study, key, "is " + format_number(value) + ", expected " + expected);
}

// the steps of a whole run; anything that is not a number of steps is refused here, before it is rounded
std::int64_t horizon(const Study& study, const Shape& shape, const RunSpec& run) {
  if (run.batch_size < 1 || run.gradient_accumulation_steps < 1) return run.max_iters;  // resolve() says so
  const double per_update = static_cast<double>(run.batch_size) * static_cast<double>(run.gradient_accumulation_steps) *
                            static_cast<double>(shape.block_size);
  const char* key = "max_iters";
  double value = static_cast<double>(run.max_iters), steps = value;
  if (study.target_flops) {
    key = "target_flops";
    value = *study.target_flops;
    steps = value / (flops_per_token(shape).exact * per_update);
  }
  if (study.target_param_data_ratio) {
    key = "target_param_data_ratio";
    value = *study.target_param_data_ratio;
    steps = value * static_cast<double>(param_counts(shape).params) / per_update;
  }
  if (!(std::isfinite(value) && value > 0)) refuse(key, value, "a finite number above 0");
  if (!(steps * per_update < kMostTokens)) refuse(key, value, "fewer than 2^53 training tokens in a run");
  if (!(steps >= 0.5)) refuse(key, value, format_significant(value / steps, 3) + " or more, which is one step");
  return std::llround(steps);
}

RunSpec resolved_spec(const Study& study, const Shape& shape, const std::string& tokens, const std::string& tokenizer,
                      std::uint64_t seed, double learning_rate, double length) {
  validate(shape);
  RunSpec spec = study.train;
  spec.shape = shape;
  spec.data = {DataSpec{tokens, 1, std::nullopt, std::nullopt}};
  spec.tokenizer = tokenizer;
  spec.seed = seed;
  spec.max_iters = std::max<std::int64_t>(1, std::llround(static_cast<double>(horizon(study, spec.shape, spec)) * length));
  spec.optimizer.learning_rate = learning_rate;
  if (study.min_lr_fraction) spec.schedule.min_lr = learning_rate * *study.min_lr_fraction;
  if (study.init_std_scaled) spec.init_std = three_digits(0.5 / std::sqrt(static_cast<double>(spec.shape.n_embd)));
  if (study.warmup_scaled) spec.schedule.warmup_iters = spec.max_iters / 20;
  if (study.beta2_scaled) {
    spec.optimizer.beta2 = std::clamp(three_digits(1 - 20.0 / static_cast<double>(spec.max_iters)), 0.8, 0.999);
  }
  return resolve(spec);
}

}  // namespace

RunSpec run_spec(const Study& study, const Shape& shape, const std::string& tokens, const std::string& tokenizer,
                 std::uint64_t seed, double learning_rate, double length) {
  try {
    return resolved_spec(study, shape, tokens, tokenizer, seed, learning_rate, length);
  } catch (const Error& error) {
    if (error.fault() != Fault::bad_study) throw;
    if (study.source.empty()) throw Error(Fault::usage, "--" + error.subject(), error.problem(), error.hint());
    throw Error(Fault::bad_study, study.source, "`" + error.subject() + "`: " + error.problem(), error.hint());
  }
}

void check_runs(const Study& study) {
  for (const StudyModel& model : study.models) {
    Shape shape = model.shape;
    // known once the text is read; until then one that overrates the steps of a horizon, so that nothing possible is refused
    shape.vocab_size = study.target_param_data_ratio ? 65536 : 1;
    if (study.learning_rate_sweep) {
      const LearningRateSweep& sweep = *study.learning_rate_sweep;
      (void)resolved_spec(study, shape, "tokens", "tokenizer", study.seeds.front(), sweep.start, sweep.length);
      (void)resolved_spec(study, shape, "tokens", "tokenizer", study.seeds.front(), sweep.start, 1);
    } else {
      (void)resolved_spec(study, shape, "tokens", "tokenizer", study.seeds.front(), study.train.optimizer.learning_rate, 1);
    }
  }
}

PlannedRun plan_run(const Study& study, const Prepared& prepared, const StudyModel& model, std::uint64_t seed,
                    double learning_rate, double length, const std::string& group) {
  Shape shape = model.shape;
  shape.vocab_size = prepared.tokenizer->vocab_size();
  const RunSpec spec = run_spec(study, shape, prepared.tokens.id, prepared.tokenizer->id(), seed, learning_rate, length);

  PlannedRun planned;
  planned.name = model.name;
  planned.group = group;
  planned.spec = spec;
  planned.id = run_id(spec);
  planned.params = param_counts(spec.shape);
  planned.tokens = spec.max_iters * spec.tokens_per_update();
  planned.flops_exact = flops_per_token(spec.shape).exact * static_cast<double>(planned.tokens);
  planned.unique_tokens = prepared.tokens.train->size();
  planned.epochs = static_cast<double>(planned.tokens) / static_cast<double>(planned.unique_tokens);
  planned.regime = regime_of(planned.params.params, planned.tokens, planned.unique_tokens);
  return planned;
}

std::vector<PlannedRun> plan_family(const Study& study, const Prepared& prepared, const std::vector<double>& rates) {
  ISOFLOP_CHECK(rates.size() == study.models.size());
  std::vector<PlannedRun> runs;
  for (std::size_t m = 0; m < study.models.size(); ++m) {
    for (const std::uint64_t seed : study.seeds) {
      PlannedRun run = plan_run(study, prepared, study.models[m], seed, rates[m], 1, "family");
      if (study.seeds.size() > 1) run.name += "-s" + std::to_string(seed);
      runs.push_back(std::move(run));
    }
  }
  return runs;
}

SweepChoice sweep_step(const LearningRateSweep& sweep, std::vector<SweepPoint> points) {
  SweepChoice choice;
  choice.best = sweep.start;
  if (points.empty()) {
    choice.next = sweep.start;
    return choice;
  }
  std::sort(points.begin(), points.end(), [](const SweepPoint& a, const SweepPoint& b) { return a.rate < b.rate; });
  const auto loss = [&](std::size_t i) { return points[i].loss.value_or(HUGE_VAL); };
  std::size_t best = 0;
  for (std::size_t i = 1; i < points.size(); ++i) {
    if (loss(i) < loss(best)) best = i;
  }
  choice.best = points[best].rate;

  // extend past the edge that holds the best rate; the lower side first, where a diverged start also leads
  const bool may_extend = static_cast<std::int64_t>(points.size()) < sweep.widest;
  if (best == 0) {
    if (may_extend) choice.next = three_digits(points.front().rate / sweep.factor);
    return choice;
  }
  if (best + 1 == points.size()) {
    if (may_extend) choice.next = three_digits(points.back().rate * sweep.factor);
    return choice;
  }

  choice.bracketed = true;
  if (std::isfinite(loss(best - 1)) && std::isfinite(loss(best + 1))) {
    // vertex of the parabola through three points, kept between the neighbours
    const double x0 = log_(points[best - 1].rate), x1 = log_(points[best].rate), x2 = log_(points[best + 1].rate);
    const double s01 = (loss(best) - loss(best - 1)) / (x1 - x0), s12 = (loss(best + 1) - loss(best)) / (x2 - x1);
    const double curvature = (s12 - s01) / (x2 - x0);
    if (curvature > 0) choice.best = three_digits(exp_(std::clamp((x0 + x1) / 2 - s01 / (2 * curvature), x0, x2)));
  }
  return choice;
}

double rate_between(double params, double small_params, double small_rate, double large_params, double large_rate) {
  if (!(large_params > small_params)) return three_digits(small_rate);
  const double t = (log_(params) - log_(small_params)) / (log_(large_params) - log_(small_params));
  return three_digits(exp_(log_(small_rate) + t * (log_(large_rate) - log_(small_rate))));
}

}  // namespace isoflop::lab
