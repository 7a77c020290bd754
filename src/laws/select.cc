#include "laws/select.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "laws/words.h"

namespace isoflop {
namespace {

/// Runs that saw text more than once, or could hold all of it.
class NotFresh {
 public:
  NotFresh(const Observations& table, const std::string& n_column)
      : table_(table), tokens_(find_column(table, "tokens")), unique_(find_column(table, "unique_tokens")) {
    params_name_ = find_column(table, "params") ? "params" : n_column;
    params_ = find_column(table, params_name_);
  }

  /// Is the row fresh? What it is not is kept for the warnings.
  [[nodiscard]] bool look(std::size_t row) {
    const auto tokens = checked(tokens_, row, "tokens"), params = checked(params_, row, params_name_);
    const auto unique = checked(unique_, row, "unique_tokens");
    if (unique && params && *params > *unique) {
      memorising_.push_back(table_.labels[row]);
      most_memory_ = std::max(most_memory_, *params / *unique);
    }
    if (!unique || !tokens || *tokens <= *unique) return true;
    repeated_.push_back(table_.labels[row]);
    most_epochs_ = std::max(most_epochs_, *tokens / *unique);
    return false;
  }

  void tell(bool allowed, std::vector<Warning>& warnings) const {
    if (!repeated_.empty())
      warnings.push_back({"repeated_data", plural(repeated_.size(), "run") + " saw the text up to " + people(most_epochs_) +
                                               " times over (" + listed(repeated_) + "): " +
                                               (allowed ? "the law is of N and of repetition together, not of N alone"
                                                        : "a plain law is not fitted to repeated data")});
    if (!memorising_.empty())
      warnings.push_back({"memorising", plural(memorising_.size(), "run") + " with up to " + people(most_memory_) +
                                            " parameters per unique token (" + listed(memorising_) +
                                            "): room to memorise the text"});
  }

 private:
  std::optional<double> checked(const Column* column, std::size_t row, const std::string& name) const {
    if (column == nullptr || !(*column)[row]) return std::nullopt;
    need_positive(*(*column)[row], table_, row, name);
    return (*column)[row];
  }

  const Observations& table_;
  const Column *tokens_, *unique_, *params_ = nullptr;
  std::string params_name_;
  std::vector<std::string> repeated_, memorising_;
  double most_epochs_ = 0, most_memory_ = 0;
};

}  // namespace

const Column* find_column(const Observations& table, const std::string& name) {
  const auto it = table.columns.find(name);
  return it == table.columns.end() ? nullptr : &it->second;
}

const Column& need_column(const Observations& table, const std::string& name) {
  if (const Column* column = find_column(table, name)) {
    ISOFLOP_CHECK(column->size() == table.labels.size());
    return *column;
  }
  std::vector<std::string> names;
  for (const auto& [known, values] : table.columns) names.push_back(known);
  const auto near = nearest(name, names);
  throw Error(
      Fault::bad_data, table.subject.empty() ? "table" : table.subject, "column `" + name + "` is missing",
      near ? "did you mean `" + *near + "`? name it with --map" : "name the table's column with --map " + name + "=COLUMN");
}

std::string place_of(const Observations& table, std::size_t row) {
  return table.lines.empty() ? table.labels[row] : table.subject + ":" + std::to_string(table.lines[row]);
}

void need_positive(double value, const Observations& table, std::size_t row, const std::string& column) {
  if (value > 0 && std::isfinite(value)) return;
  throw Error(Fault::bad_data, place_of(table, row),
              "column `" + column + "` is " + format_number(value) + ", expected a positive number",
              "leave the row out with --where, or look at why it is so");
}

FittedRows select_rows(const Observations& table, const std::vector<std::string>& columns, const std::string& n_column,
                       bool allow_repeated) {
  std::vector<const Column*> needed;
  std::string names;
  for (const std::string& name : columns) {
    needed.push_back(&need_column(table, name));
    names += (names.empty() ? "" : " or ") + name;
  }
  FittedRows fitted;
  fitted.warnings = table.warnings;
  NotFresh not_fresh(table, n_column);
  std::vector<std::string> missing;
  for (std::size_t row = 0; row < table.labels.size(); ++row) {
    if (!std::all_of(needed.begin(), needed.end(), [row](const Column* column) { return (*column)[row].has_value(); })) {
      missing.push_back(table.labels[row]);
      continue;
    }
    for (std::size_t i = 0; i < needed.size(); ++i) need_positive(*(*needed[i])[row], table, row, columns[i]);
    if (not_fresh.look(row) || allow_repeated) fitted.rows.push_back(row);
  }
  if (!missing.empty())
    fitted.warnings.push_back(
        {"missing_values", plural(missing.size(), "row") + " without " + names + " left out: " + listed(missing)});
  not_fresh.tell(allow_repeated, fitted.warnings);
  return fitted;
}

}  // namespace isoflop
