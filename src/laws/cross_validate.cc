// Rows predicted by fits that have not seen them.
#include "laws/agreement.h"
#include "laws/problem.h"
#include "laws/published.h"

namespace isoflop {
namespace {

using namespace laws;

/// The unit of every row, and how many there are: rows of one group are left out together.
std::pair<std::vector<std::size_t>, std::size_t> units_of(const Observations& table) {
  std::map<std::string, std::size_t> names;
  std::vector<std::size_t> unit;
  for (std::size_t row = 0; row < table.labels.size(); ++row)
    unit.push_back(table.groups.empty() ? row : names.try_emplace(table.groups[row], names.size()).first->second);
  return {unit, table.groups.empty() ? unit.size() : names.size()};
}

}  // namespace

std::optional<Agreement> cross_validate(const Observations& table, const std::string& name, std::int64_t folds,
                                        const FitOptions& options) {
  if (folds < 2) throw Error(Fault::usage, "--folds", std::to_string(folds) + ", expected 2 or more");
  if (name.starts_with(kPublished)) throw Error(Fault::usage, "--folds", "published constants are not fitted");
  if (law_info(name).inputs.empty() || name == "power_n")
    throw Error(Fault::usage, "--folds", "the law " + name + " is not cross-validated",
                "take one of a formula fitted to rows: chinchilla, power_n_floor, ...");
  const Law& law = law_named(name);
  if (law.info.of_steps)
    throw Error(Fault::usage, "--folds", "rows of one curve are not left out one by one", "--holdout leaves out runs");
  FitOptions plain = options;
  plain.bootstrap = 0;
  plain.profile = false;
  plain.at_flops.clear();
  plain.at_models.clear();

  const Column& response = need_column(table, law.response == "loss" ? options.loss_column : law.response);
  const auto [unit, units] = units_of(table);
  const std::vector<std::int64_t> fold_of = folds_of(units, folds, options.seed);
  std::vector<double> predicted, losses;
  for (std::int64_t fold = 0; fold < folds; ++fold) {
    std::vector<std::size_t> in, out;
    for (std::size_t row = 0; row < table.labels.size(); ++row) (fold_of[unit[row]] == fold ? out : in).push_back(row);
    if (out.empty()) continue;
    const FitResult result = fit_law(rows_of(table, in), name, plain);
    if (!result.fit) return std::nullopt;
    // what the law would not be fitted to it is not judged by
    const Observations left_out = rows_of(table, out);
    const Problem problem = problem_of(left_out, name, plain);
    const auto values = predict_law(left_out, name, result.fit->constants, options.n_column);
    for (const std::size_t row : problem.fitted) {
      if (!values[row] || !response[out[row]]) continue;
      predicted.push_back(*values[row]);
      losses.push_back(*response[out[row]]);
    }
  }
  if (losses.empty()) return std::nullopt;
  return agreement_of(predicted, losses);
}

}  // namespace isoflop
