// The two decisions that belong to no other room: which parameters count as N (all three columns are given), and which loss of a
// run is the loss.
#include <algorithm>
#include <map>

#include "isoflop/text.h"
#include "isoflop/lab.h"
#include "lab/mixture_result.h"

namespace isoflop {

namespace fs = std::filesystem;

namespace {

/// Runs that no law is fitted to, by their status.
class Unfinished {
 public:
  void add(const StoredRun& run) {
    auto& [count, names] = by_status_[run.record.status];
    names += (count++ == 0 ? "" : ", ") + (run.record.name.empty() ? run.id : run.record.name);
  }
  void tell(std::vector<Warning>& warnings) const {
    for (const auto& [status, which] : by_status_)
      warnings.push_back({"not_done", std::to_string(which.first) + (which.first == 1 ? " run" : " runs") + " with status " +
                                                to_string(status) + " left out: " + which.second});
  }

 private:
  std::map<RunStatus, std::pair<std::int64_t, std::string>> by_status_;
};

}  // namespace

Observations observations_of(const std::vector<StoredRun>& runs, const std::string& loss_kind) {
  Observations table;
  table.loss_kind = loss_kind;
  table.loss_unit = "nats";
  table.n_convention = "params";
  table.flops_convention = "flops_exact";
  for (const char* column : {"params", "params_non_embedding", "params_matmul", "tokens", "unique_tokens", "flops_exact",
                             "flops_6nd", "flops_full_attention", "loss", "loss_se_eval"}) {
    table.columns[column] = {};  // there also when no run is finished
  }
  const auto put = [&table](const char* column, std::optional<double> value) { table.columns[column].push_back(value); };

  Unfinished unfinished;
  for (const StoredRun& run : runs) {
    const RunRecord& r = run.record;
    if (r.status != RunStatus::done) {
      unfinished.add(run);
      continue;
    }
    const std::optional<double> loss = loss_kind == "train" ? r.train_loss : loss_kind == "best" ? r.loss_best : r.loss;
    const auto tokens = static_cast<double>(r.tokens);
    table.labels.push_back(r.name);
    put("params", static_cast<double>(r.params.params));
    put("params_non_embedding", static_cast<double>(r.params.params_non_embedding));
    put("params_matmul", static_cast<double>(r.params.params_matmul));
    put("tokens", tokens);
    put("unique_tokens", static_cast<double>(r.unique_tokens));
    put("flops_exact", r.flops.exact * tokens);
    put("flops_6nd", r.flops.six_n * tokens);
    put("flops_full_attention", r.flops.full_attention * tokens);
    put("loss", loss);
    put("loss_se_eval", loss_kind == "final" ? r.loss_se_eval : std::nullopt);
  }
  unfinished.tell(table.warnings);
  return table;
}

namespace {

/// The store of a study's folder, or the reason why there is nothing to fit in it.
std::pair<RunStore, std::vector<StoredRun>> finished_runs(const fs::path& folder, std::vector<Warning>& warnings,
                                                          bool diverged_too) {
  const std::string subject = folder.string();
  if (!fs::is_directory(folder / "runs") && fs::exists(folder / "runs.csv"))
    throw Error(Fault::missing_input, subject, "is not a study: it has no folder `runs`",
                "give the table itself: " + (folder / "runs.csv").string());
  if (std::error_code ignored; fs::exists(folder / lab::kMixtureLaw, ignored)) {
    throw Error(Fault::usage, subject, "is a study of mixtures: its runs differ in their text, not in N",
                "isoflop mix fit " + (folder / "proxies.csv").string());
  }
  RunStore store = RunStore::open_existing(folder);
  std::vector<StoredRun> runs = store.list();
  Unfinished unfinished;
  const auto left_out = [&](const StoredRun& run) {
    return run.record.status != RunStatus::done && !(diverged_too && run.record.status == RunStatus::diverged);
  };
  for (const StoredRun& run : runs)
    if (left_out(run)) unfinished.add(run);
  std::erase_if(runs, left_out);
  if (runs.empty())
    throw Error(Fault::missing_input, subject, "holds no finished run", "`isoflop runs ls " + subject + "` lists what is there");
  unfinished.tell(warnings);
  return {std::move(store), std::move(runs)};
}

std::string text_of(std::optional<double> value) {
  return value ? format_number(*value) : std::string();
}

}  // namespace

CsvTable run_table_of_folder(const fs::path& folder) {
  std::vector<Warning> warnings;
  const std::vector<StoredRun> runs = finished_runs(folder, warnings, true).second;  // a diverged run has a row, that says so
  CsvTable table = parse_csv(run_table_csv(runs), folder.string());
  table.lines.clear();  // of a text nobody sees: rows are named by their run
  table.warnings = std::move(warnings);
  return table;
}

CsvTable step_table_of_folder(const fs::path& folder) {
  CsvTable table{.subject = folder.string(),
                 .header = {"run", "group", "step", "tokens", "learning_rate", "loss", "loss_eval", "grad_norm", "params",
                            "loss_kind", "loss_unit"},
                 .rows = {},
                 .lines = {},
                 .warnings = {}};
  const auto [store, runs] = finished_runs(folder, table.warnings, false);
  std::map<std::string, int> times;
  for (const StoredRun& run : runs) ++times[run.record.name];
  for (const StoredRun& run : runs) {
    if (run.imported) continue;  // it has no steps
    const std::string& name = run.record.name;
    std::map<std::int64_t, double> evaluated;  // by the step before the evaluation
    for (const EvalRecord& eval : store.evals(run.id)) evaluated[eval.step - 1] = eval.loss;
    for (const StepRecord& step : store.steps(run.id)) {
      const auto eval = evaluated.find(step.step);
      table.rows.push_back({times[name] > 1 ? name + " " + run.id : name, run.record.group, std::to_string(step.step),
                            std::to_string(step.tokens), format_number(step.learning_rate), format_number(step.loss),
                            text_of(eval == evaluated.end() ? std::nullopt : std::optional(eval->second)),
                            format_number(step.grad_norm), std::to_string(run.record.params.params), "train", "nats"});
    }
  }
  if (table.rows.empty()) throw Error(Fault::missing_input, table.subject, "holds no run with steps", "imported rows have none");
  return table;
}

std::vector<TableFinding> examine_folder(const fs::path& folder, const TableOptions& options) {
  std::vector<TableFinding> findings = examine_table(observations_of_folder(folder, options));
  const std::vector<StoredRun> runs = RunStore::open_existing(folder).list();
  const bool steps = std::any_of(runs.begin(), runs.end(),
                                 [](const StoredRun& run) { return run.record.status == RunStatus::done && !run.imported; });
  if (!steps) return findings;
  const TableFinding curves = examine_collapse(observations_from_table(step_table_of_folder(folder)));
  for (TableFinding& finding : findings)
    if (finding.rule == curves.rule) finding = curves;
  return findings;
}

}  // namespace isoflop
