// What stored runs lose on text of the user's choice.
#include "isoflop/lab.h"
#include "isoflop/text.h"
#include "lab/stored_model.h"
#include "lab/study_report.h"
#include "train/train.h"

namespace isoflop {
namespace {

std::shared_ptr<const TokenSplit> tokens_of(const Corpus& corpus, const Tokenizer& tokenizer, const std::stop_token& stop) {
  std::vector<std::int32_t> tokens;
  std::vector<TokenUnit> units;
  corpus.for_each_unit(
      [&](const Unit& unit) {
        const auto first = static_cast<std::int64_t>(tokens.size());
        tokenizer.encode(unit.text, tokens);
        if (unit.ends_document && tokenizer.end_of_text()) tokens.push_back(*tokenizer.end_of_text());
        units.push_back({first, static_cast<std::int64_t>(tokens.size()) - first, static_cast<std::int64_t>(unit.text.size())});
      },
      stop);
  return token_split_in_memory(std::move(tokens), std::move(units));
}

}  // namespace

std::vector<StoredRun> score_runs(const std::filesystem::path& folder, const Corpus& corpus, const ScoreOptions& options,
                                  const std::function<void(const std::string&)>& log) {
  const RunStore store = RunStore::open_existing(folder);
  std::vector<StoredRun> runs;
  for (const std::string& name : options.runs) runs.push_back(lab::stored_run(store, name));
  if (options.runs.empty())
    for (StoredRun& run : store.list())
      if (run.record.status == RunStatus::done && run.record.group != "learning-rate" && !run.imported)
        runs.push_back(std::move(run));
  for (const StoredRun& run : runs)
    if (run.imported || run.record.status != RunStatus::done)
      throw Error(Fault::usage, "run " + run.id,
                  run.imported ? "came from a table: it has no weights" : "is not finished: it is " + to_string(run.record.status),
                  "`isoflop runs ls` shows which are done");
  if (runs.empty())
    throw Error(Fault::missing_input, folder.string(), "holds no finished run", "`isoflop runs ls` shows what is there");

  const auto tokenizer = lab::study_tokenizer(folder);
  const auto split = tokens_of(corpus, *tokenizer, options.stop);
  if (split->size() < 2)
    throw Error(Fault::bad_data, "the text", "has " + std::to_string(split->size()) + " tokens, nothing to score", "give more text");
  Team team(options.threads);
  for (StoredRun& run : runs) {
    if (options.stop.stop_requested()) throw Error(Fault::stopped, "score", "stopped before run " + run.id);
    const RunSpec spec = store.spec(run.id);
    const auto engine = lab::stored_engine(run, spec, *tokenizer,
                                           lab::engine_options(spec, {options.isa.value_or(best_isa()), false}), team, log);
    const EvalRecord scored = evaluate(*engine, *split, *tokenizer, {}, run.record.steps, run.record.tokens);
    run.record.loss = scored.loss;
    run.record.loss_se_eval = scored.loss_se;
    run.record.loss_full_context = scored.loss_full_context;
    run.record.bits_per_byte = scored.bits_per_byte;
    run.record.loss_best.reset();
    if (log) log("run " + run.record.name + ": " + format_significant(scored.loss, 5) + " nats per token");
  }
  return runs;
}

}  // namespace isoflop
