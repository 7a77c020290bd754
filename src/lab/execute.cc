#include "lab/execute.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "isoflop/text.h"
#include "lab/estimate.h"
#include "lab/process.h"
#include "train/train.h"

namespace isoflop::lab {
namespace {

/// Bytes of text behind a token, by the shares of a mixture.
double bytes_per_token(const RunSpec& spec, const Prepared& prepared) {
  if (prepared.parts.empty()) return prepared.train_bytes_per_token;
  double bytes = 0, weights = 0;
  for (std::size_t i = 0; i < spec.data.size(); ++i) {
    const TokenSet& part = prepared.parts[i];
    if (!(spec.data[i].weight > 0)) continue;
    bytes += spec.data[i].weight * static_cast<double>(part.train_bytes) /
             static_cast<double>(std::max<std::int64_t>(1, part.train->size()));
    weights += spec.data[i].weight;
  }
  return bytes / weights;
}

std::unique_ptr<BatchSource> batches_of(const RunSpec& spec, const Prepared& prepared, const BatchOptions& options) {
  if (prepared.parts.empty()) return make_batches(prepared.tokens.train, options);
  std::vector<MixedSource> sources;
  for (std::size_t i = 0; i < spec.data.size(); ++i) sources.push_back({prepared.parts[i].train, spec.data[i].weight});
  return make_mixed_batches(sources, options);
}

RunRecord record_of(const PlannedRun& run, const TrainResult& result, const Workplace& place, const BatchSource& batches) {
  RunRecord record;
  record.id = run.id;
  record.name = run.name;
  record.group = run.group;
  record.status = result.status;
  record.reason = result.reason;
  record.params = run.params;
  record.flops = flops_per_token(run.spec.shape);
  record.steps = result.steps;
  record.tokens = result.steps * run.spec.tokens_per_update();
  record.unique_tokens = run.unique_tokens;
  record.distinct_tokens_seen = batches.distinct_tokens(result.steps);
  record.train_bytes = std::llround(static_cast<double>(record.tokens) * bytes_per_token(run.spec, place.prepared));
  record.train_loss = result.train_loss;
  record.loss_best = result.loss_best;
  if (result.status == RunStatus::done && result.last_eval) {
    record.loss = result.last_eval->loss;
    record.loss_se_eval = result.last_eval->loss_se;
    record.loss_full_context = result.last_eval->loss_full_context;
    record.bits_per_byte = result.last_eval->bits_per_byte;
  }
  record.regime = regime_of(record.params.params, record.tokens, record.unique_tokens);
  record.isa = to_string(place.means.isa);
  record.isa_changed = result.isa_changed;
  return record;
}

}  // namespace

std::optional<StoredRun> execute(const PlannedRun& run, const Workplace& place, bool& trained) {
  trained = false;
  if (place.store.restore_spec(run.spec) && place.options.log) {
    place.options.log("run " + run.name + ": its spec.json was missing or damaged and is written again");
  }
  if (auto stored = place.store.find(run.id); stored && stored->record.status != RunStatus::running) return stored;
  if (place.options.stop.stop_requested()) return std::nullopt;
  refuse_if_too_large("run " + run.name, run_bytes(place.prepared, run.spec, place.means, place.team.size()));

  const std::unique_ptr<RunWriter> writer = place.store.write(run.spec, run.name, run.group);
  reset_peak_resident();
  const std::unique_ptr<Engine> engine = make_cpu_engine(run.spec.shape, engine_options(run.spec, place.means), place.team);
  BatchOptions batch_options;
  batch_options.seed = run.spec.seed;
  batch_options.sequences = run.spec.sequences_per_update();
  batch_options.block_size = run.spec.shape.block_size;
  batch_options.random_windows = run.spec.order == BatchOrder::random_windows;
  if (run.spec.order == BatchOrder::easy_first) batch_options.order = WindowOrder::easy_first;
  if (run.spec.order == BatchOrder::hard_first) batch_options.order = WindowOrder::hard_first;
  batch_options.updates = run.spec.max_iters;
  batch_options.token_noise = run.spec.token_noise;
  batch_options.vocab_size = run.spec.shape.vocab_size;
  const std::unique_ptr<BatchSource> batches = batches_of(run.spec, place.prepared, batch_options);

  TrainOptions train_options;
  train_options.checkpoint_root = writer->checkpoint_root();
  train_options.checkpoint_interval = place.options.checkpoint_interval;
  train_options.allow_isa_change = place.options.allow_isa_change;
  train_options.isa = to_string(place.means.isa);

  std::vector<double> step_seconds;
  std::string held_out;
  const std::string stage = "train " + run.name;
  TrainHooks hooks;
  hooks.on_resume = [&](std::int64_t step) {
    writer->rewind(step);
    if (place.options.log && step > 0) place.options.log("run " + run.name + ": goes on from step " + std::to_string(step));
  };
  hooks.on_step = [&](const StepRecord& step, const StepTiming& timing) {
    writer->step(step);
    writer->timing(step.step, timing.seconds);
    step_seconds.push_back(timing.seconds);
    if (place.options.progress) {
      const std::string detail =
          "loss " + format_significant(step.loss, 4) + held_out + "  " + format_si(timing.tokens_per_second) + " tokens/s";
      place.options.progress(
          Progress{stage, static_cast<double>(step.step + 1), static_cast<double>(run.spec.max_iters), "steps", detail});
    }
  };
  hooks.on_eval = [&](const EvalRecord& eval) {
    writer->eval(eval);
    held_out = "  held-out " + format_significant(eval.loss, 4);
  };
  hooks.before_checkpoint = [&] { writer->flush(); };
  hooks.on_log = [&](const std::string& line) {
    writer->log(line);
    if (place.options.log) place.options.log("run " + run.name + ": " + line);
  };

  trained = true;
  const TrainResult result = train(run.spec, *engine, *batches, place.prepared.tokens.held_out.get(), *place.prepared.tokenizer,
                                   train_options, hooks, place.options.stop);
  if (result.status == RunStatus::stopped) {
    writer->flush();
    return std::nullopt;
  }

  RunTiming timing;
  timing.seconds = result.seconds;
  const double typical = median(step_seconds);
  timing.tokens_per_second = typical > 0 ? static_cast<double>(run.spec.tokens_per_update()) / typical : 0;
  timing.threads = place.team.size();
  timing.peak_bytes = peak_resident_bytes();
  writer->finish(record_of(run, result, place, *batches), timing);
  return place.store.find(run.id);
}

}  // namespace isoflop::lab
