// The two decisions that belong to no other room: which parameters count as N (all three columns are given), and which loss of a
// run is the loss.
#include <map>

#include "isoflop/lab.h"

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
  void tell(Observations& table) const {
    for (const auto& [status, which] : by_status_)
      table.warnings.push_back({"not_done", std::to_string(which.first) + (which.first == 1 ? " run" : " runs") + " with status " +
                                                to_string(status) + " left out: " + which.second});
  }

 private:
  std::map<RunStatus, std::pair<std::int64_t, std::string>> by_status_;
};

}  // namespace

Observations observations_of(const std::vector<StoredRun>& runs, const std::string& loss_kind) {
  Observations table;
  table.loss_kind = loss_kind;
  table.n_convention = "params";
  table.flops_convention = "flops_exact";
  for (const char* column : {"params", "params_non_embedding", "params_matmul", "tokens", "unique_tokens", "flops_exact", "flops_6nd",
                             "flops_full_attention", "loss", "loss_se_eval"}) {
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
  unfinished.tell(table);
  return table;
}

Observations observations_of_folder(const fs::path& folder, const std::string& where, const std::map<std::string, std::string>& rename) {
  const std::string subject = folder.string();
  if (!fs::is_directory(folder / "runs") && fs::exists(folder / "runs.csv"))
    throw Error(Fault::missing_input, subject, "is not a study: it has no folder `runs`", "give the table itself: " + (folder / "runs.csv").string());
  const std::vector<StoredRun> runs = RunStore::open_existing(folder).list();
  Unfinished unfinished;
  bool any = false;
  for (const StoredRun& run : runs) {
    const bool in_table = run.record.status == RunStatus::done || run.record.status == RunStatus::diverged;
    any = any || in_table;
    if (!in_table) unfinished.add(run);
  }
  if (!any) throw Error(Fault::missing_input, subject, "holds no finished run", "`isoflop runs ls " + subject + "` lists what is there");

  Observations table = observations_from_csv(run_table_csv(runs), subject, where, rename);
  table.lines.clear();  // of a text nobody sees: rows are named by their run
  unfinished.tell(table);
  return table;
}

}  // namespace isoflop
