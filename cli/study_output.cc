#include "cli/study_output.h"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace cli {
namespace {

using isoflop::PlannedRun;
using isoflop::StudyPlan;
using isoflop::StudyResult;
using isoflop::StudyRun;

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

std::string text(const char* format, double value) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, format, value);
  return buffer;
}
std::string text(const char* format, const std::optional<double>& value) { return value ? text(format, *value) : "-"; }

std::string duration(double seconds) {
  if (seconds < 60) return text("%.1f s", seconds);
  if (seconds < 3600) return text("%.0f min ", std::floor(seconds / 60)) + text("%.0f s", std::fmod(seconds, 60));
  return text("%.0f h ", std::floor(seconds / 3600)) + text("%.0f min", std::fmod(seconds, 3600) / 60);
}

Json planned_json(const PlannedRun& run) {
  return {{"name", run.name},
          {"id", run.id},
          {"group", run.group},
          {"seed", run.spec.seed},
          {"params", run.params.params},
          {"params_non_embedding", run.params.params_non_embedding},
          {"params_matmul", run.params.params_matmul},
          {"learning_rate", run.spec.optimizer.learning_rate},
          {"max_iters", run.spec.max_iters},
          {"tokens", run.tokens},
          {"unique_tokens", run.unique_tokens},
          {"epochs", run.epochs},
          {"regime", isoflop::to_string(run.regime)},
          {"flops_exact", run.flops_exact},
          {"peak_bytes", run.peak_bytes},
          {"done", run.done},
          {"timing", {{"seconds", run.seconds}}}};
}

Json run_json(const StudyRun& run) {
  const isoflop::RunRecord& r = run.stored.record;
  const auto tokens = static_cast<double>(r.tokens);
  Json json{{"name", r.name},
            {"id", r.id},
            {"group", r.group},
            {"seed", run.planned.spec.seed},
            {"status", isoflop::to_string(r.status)},
            {"params", r.params.params},
            {"params_non_embedding", r.params.params_non_embedding},
            {"params_matmul", r.params.params_matmul},
            {"tokens", r.tokens},
            {"unique_tokens", r.unique_tokens},
            {"distinct_tokens_seen", or_null(r.distinct_tokens_seen)},
            {"train_bytes", or_null(r.train_bytes)},
            {"regime", isoflop::to_string(r.regime)},
            {"flops_exact", r.flops.exact * tokens},
            {"flops_6nd", r.flops.six_n * tokens},
            {"flops_full_attention", r.flops.full_attention * tokens},
            {"learning_rate", run.planned.spec.optimizer.learning_rate},
            {"batch_tokens", run.planned.spec.tokens_per_update()},
            {"loss", or_null(r.loss)},
            {"loss_kind", "final"},
            {"loss_se_eval", or_null(r.loss_se_eval)},
            {"loss_best", or_null(r.loss_best)},
            {"loss_full_context", or_null(r.loss_full_context)},
            {"train_loss", or_null(r.train_loss)},
            {"bits_per_byte", or_null(r.bits_per_byte)}};
  if (!r.reason.empty()) json["reason"] = r.reason;
  if (const auto& t = run.stored.timing) {
    json["timing"] = {{"seconds", t->seconds},
                      {"tokens_per_second", t->tokens_per_second},
                      {"threads", t->threads},
                      {"peak_bytes", t->peak_bytes}};
  }
  return json;
}

Json warnings_json(const std::vector<isoflop::Warning>& warnings) {
  Json json = Json::array();
  for (const auto& warning : warnings) json.push_back({{"code", warning.code}, {"text", warning.text}});
  return json;
}

void print_plan(const StudyPlan& plan, const isoflop::LabOptions& options, const Globals& globals) {
  if (globals.json) {
    Json runs = Json::array();
    for (const PlannedRun& run : plan.runs) runs.push_back(planned_json(run));
    print_json({{"folder", options.out.string()},
                {"runs", runs},
                {"flops_exact", plan.flops_exact},
                {"flops_exact_most", plan.flops_exact_most},
                {"peak_bytes", plan.peak_bytes},
                {"notes", plan.notes},
                {"timing", {{"seconds", plan.seconds}, {"memory_available", plan.memory_available}}}});
    return;
  }
  std::vector<std::vector<std::string>> rows;
  for (const PlannedRun& run : plan.runs) {
    rows.push_back({run.name, run.group, isoflop::format_count(static_cast<double>(run.params.params)),
                    isoflop::format_count(static_cast<double>(run.params.params_non_embedding)),
                    isoflop::format_count(static_cast<double>(run.params.params_matmul)),
                    isoflop::format_count(static_cast<double>(run.tokens)), text("%.2f", run.epochs),
                    isoflop::to_string(run.regime), text("%.3g", run.flops_exact),
                    text("%.0f MiB", static_cast<double>(run.peak_bytes) / (1 << 20)),
                    run.done ? "done" : duration(run.seconds)});
  }
  print_table({"run", "group", "params", "non-embedding", "matmul", "tokens", "epochs", "regime", "FLOPs", "memory", "time"},
              rows);
  for (const std::string& line : plan.notes) std::printf("%s\n", line.c_str());
  const std::string most = plan.flops_exact_most > plan.flops_exact ? text(" (at most %.3g)", plan.flops_exact_most) : "";
  std::printf("in all: %.3g FLOPs%s, %s of training, at most %.0f MiB of memory, into %s\n", plan.flops_exact, most.c_str(),
              duration(plan.seconds).c_str(), static_cast<double>(plan.peak_bytes) / (1 << 20), options.out.c_str());
}

void print_mixture(const isoflop::MixtureResult& mixture) {
  std::printf("%s\n\n", mixture.optimum.text.c_str());
  std::vector<std::vector<std::string>> rows;
  for (const auto& m : mixture.measured) {
    std::string weights;
    for (const auto& [source, weight] : m.weights)
      if (weight > 0) weights += (weights.empty() ? "" : ", ") + source + text(" %.3g %%", 100 * weight);
    rows.push_back({m.name, text("%.4f", m.mean), std::to_string(m.losses.size()), m.verdict, weights});
  }
  print_table({"measured", "target loss", "seeds", "the recommended are", "weights"}, rows);
  std::printf("%s\n", mixture.confirmed
                          ? "the recommended weights are better than all of the others by more than the seed's spread"
                          : "the runs do not show that the recommended weights are better than all of the others");
}

void print_result(const StudyResult& result, double seconds, const Globals& globals) {
  if (globals.json) {
    Json runs = Json::array(), sweep = Json::array(), fits = Json::array();
    for (const StudyRun& run : result.runs) runs.push_back(run_json(run));
    for (const StudyRun& run : result.sweep) sweep.push_back(run_json(run));
    for (const isoflop::Fit& fit : result.fits) fits.push_back(Json::parse(isoflop::fit_to_json(fit)));
    print_json({{"folder", result.folder.string()},
                {"regime", result.regime_text},
                {"runs", runs},
                {"sweep", sweep},
                {"fits", fits},
                {"warnings", warnings_json(result.warnings)},
                {"trained", result.trained},
                {"mixture", result.mixture ? Json::parse(isoflop::mixture_result_to_json(*result.mixture)) : Json(nullptr)},
                {"law", result.law_in_words},
                {"report", result.report.empty() ? Json(nullptr) : Json(result.report.string())},
                {"timing", {{"seconds", seconds}}}});
    return;
  }
  std::vector<std::vector<std::string>> rows;
  for (const StudyRun& run : result.runs) {
    const isoflop::RunRecord& r = run.stored.record;
    const auto& timing = run.stored.timing;
    rows.push_back({r.name, isoflop::format_count(static_cast<double>(r.params.params)),
                    isoflop::format_count(static_cast<double>(r.tokens)), text("%.3g", run.planned.spec.optimizer.learning_rate),
                    text("%.4f", r.train_loss), text("%.4f", r.loss), r.loss_se_eval ? text("%.4f", *r.loss_se_eval) : "-",
                    text("%.4f", r.bits_per_byte), timing ? isoflop::format_count(timing->tokens_per_second) : "-",
                    timing ? duration(timing->seconds) : "-",
                    r.status == isoflop::RunStatus::done ? "" : isoflop::to_string(r.status)});
  }
  print_table({"run", "params", "tokens", "rate", "train loss", "held-out", "± se", "bits/byte", "tokens/s", "time", ""}, rows);
  if (result.mixture) {
    print_mixture(*result.mixture);
  } else {
    std::printf("\n%s\n", result.regime_text.c_str());
  }
  if (!result.law_in_words.empty()) std::printf("%s\n", result.law_in_words.c_str());
  for (const isoflop::Warning& warning : result.warnings)
    if (result.law_in_words.find(warning.text) == std::string::npos) std::printf("  note: %s\n", warning.text.c_str());
  if (!result.report.empty()) std::printf("report: %s\n", result.report.c_str());
}

}  // namespace

std::string default_cache() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
  };
  if (std::string cache = variable("ISOFLOP_CACHE"); !cache.empty()) return cache;
  if (std::string cache = variable("XDG_CACHE_HOME"); !cache.empty()) return cache + "/isoflop";
  if (std::string home = variable("HOME"); !home.empty()) return home + "/.cache/isoflop";
  return "isoflop-cache";
}

void add_study_flags(CLI::App& app, StudyFlags& flags) {
  app.add_option("--data", flags.data,
                 "text: files, folders (their *.txt, *.md, *.jsonl, *.ndjson), globs (** too), each also .gz or .zst; else the "
                 "name of a sample corpus");
  app.add_option("--text-key,--text_key", flags.text_key, "JSONL: the key that holds the text");
  app.add_option("--source-key,--source_key", flags.source_key, "JSONL: the key of a document's source");
  app.add_option("--utf8", flags.utf8, "invalid UTF-8: error, replace or skip");
  app.add_option("--split", flags.split, "what is held out: automatic, block, document or source");
  app.add_option("--block-characters,--block_characters", flags.block_characters, "length of a held-out block")
      ->check(whole_number(1));
  app.add_option("--out", flags.out, "the study's folder (default: isoflop-runs/<study>)");
  app.add_option("--cache", flags.cache,
                 "where tokens and sample corpora are kept (default: $ISOFLOP_CACHE, else $XDG_CACHE_HOME/isoflop, else "
                 "~/.cache/isoflop, else isoflop-cache here)");
  app.add_option("--threads", flags.threads, "cores to use (default: all); the result's bytes do not depend on it")
      ->check(whole_number(1, 4096));
  app.add_option("--isa", flags.isa, "kernel set: ref, avx2, avx512 or avx512bf16 (default: the best this machine has)");
  app.add_option("--dtype", flags.dtype, "bfloat16 (default where the machine has AVX512-BF16: twice as fast), or float32");
  app.add_flag("--allow-isa-change", flags.allow_isa_change,
               "go on from a checkpoint of another kernel set; the page, `runs ls --json` and record.json say so");
  app.add_flag("--recompute", flags.recompute, "compute activations again in backward: less memory, more time, the same bytes");
  app.add_option("--checkpoint-interval,--checkpoint_interval", flags.checkpoint_interval, "steps between checkpoints")
      ->check(whole_number(1, 1 << 30));
  app.add_flag("--dry-run", flags.dry_run, "say what it would do and cost; train nothing");
}

isoflop::LabOptions apply(const StudyFlags& flags, const Globals& globals, isoflop::Study& study) {
  if (!flags.data.empty()) {
    study.corpus.inputs = flags.data;
    study.recipe.clear();
  }
  if (!flags.text_key.empty()) study.corpus.text_key = flags.text_key;
  if (!flags.utf8.empty()) study.corpus.utf8 = isoflop::utf8_policy_from(flags.utf8);
  if (!flags.source_key.empty()) study.corpus.source_key = flags.source_key;
  if (flags.block_characters) study.corpus.block_characters = *flags.block_characters;
  if (!flags.split.empty()) study.corpus.split = isoflop::split_kind_from(flags.split);
  if (study.corpus.split == isoflop::SplitKind::none) {
    throw isoflop::Error(isoflop::Fault::usage, "--split none", "holds nothing out, and runs are scored on held-out text",
                         "choose block, document or source");
  }

  if (!flags.dtype.empty()) {
    try {
      study.dtype = isoflop::parse_enum<isoflop::Dtype>(flags.dtype, "dtype");
    } catch (const isoflop::Error& error) {
      throw isoflop::Error(isoflop::Fault::usage, "--dtype", error.problem(), error.hint());
    }
  }

  isoflop::LabOptions options;
  options.out = flags.out.empty() ? "isoflop-runs/" + study.name : flags.out;
  options.cache = flags.cache.empty() ? default_cache() : flags.cache;
  options.threads = flags.threads;
  if (!flags.isa.empty()) options.isa = isoflop::isa_from(flags.isa);
  options.allow_isa_change = flags.allow_isa_change;
  options.recompute = flags.recompute;
  options.checkpoint_interval = flags.checkpoint_interval;
  options.stop = stop_requested();
  options.progress = progress_to_stderr(globals);
  options.log = [globals](const std::string& line) { note(globals, line); };
  return options;
}

void do_study(const isoflop::Study& study, const isoflop::LabOptions& options, const StudyFlags& flags, const Globals& globals) {
  const char* how = "--cache or ISOFLOP_CACHE";
  if (flags.dry_run) {
    print_plan(in_cache(options.cache.string(), how, [&] { return isoflop::plan_study(study, options); }), options, globals);
    return;
  }
  const auto start = std::chrono::steady_clock::now();
  const StudyResult result = in_cache(options.cache.string(), how, [&] { return isoflop::run_study(study, options); });
  throw_if_stopped("what was trained, in " + options.out.string() + ",");
  print_result(result, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), globals);
  for (const StudyRun& run : result.runs) {
    if (run.stored.record.status == isoflop::RunStatus::diverged) {
      throw isoflop::Error(isoflop::Fault::diverged, "run " + run.stored.record.name, run.stored.record.reason,
                           "try a lower learning_rate or a longer warm-up");
    }
  }
}

}  // namespace cli
