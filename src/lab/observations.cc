// The two decisions that belong to no other room: which parameters count as N (all three columns are given), and which loss of a
// run is the loss.
#include <cmath>

#include "isoflop/lab.h"

namespace isoflop {

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

  for (const StoredRun& run : runs) {
    const RunRecord& r = run.record;
    const std::optional<double> loss = loss_kind == "train" ? r.train_loss : loss_kind == "best" ? r.loss_best : r.loss;
    if (r.status != RunStatus::done || !loss) continue;
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
  return table;
}

}  // namespace isoflop
