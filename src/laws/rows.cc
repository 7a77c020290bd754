#include "laws/rows.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "isoflop/text.h"
#include "laws/words.h"

namespace isoflop::laws {
namespace {

/// Runs that saw their text more than once, or could hold it in memory.
struct Regimes {
  std::vector<std::string> repeated, memorising;
  double most_epochs = 0, most_memory = 0;
};

/// Whether a row repeats nothing; what it does instead is noted.
bool is_fresh(const Observations& table, std::size_t row, const std::string& n_column, Regimes& regimes) {
  const auto value = [&](const std::string& name) -> std::optional<double> {
    const Column* column = find_column(table, name);
    if (!column || !(*column)[row]) return std::nullopt;
    need_positive(*(*column)[row], table, row, name);
    return (*column)[row];
  };
  const auto tokens = value("tokens"), params = value(find_column(table, "params") ? "params" : n_column),
             unique = value("unique_tokens");
  if (unique && params && *params > *unique) {
    regimes.memorising.push_back(table.labels[row]);
    regimes.most_memory = std::max(regimes.most_memory, *params / *unique);
  }
  if (!unique || !tokens || *tokens <= *unique) return true;
  regimes.repeated.push_back(table.labels[row]);
  regimes.most_epochs = std::max(regimes.most_epochs, *tokens / *unique);
  return false;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) text += (i == 0 ? "" : i + 1 == names.size() ? " or " : ", ") + names[i];
  return text;
}

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

Observations rows_of(const Observations& table, const std::vector<std::size_t>& rows) {
  Observations part = table;
  const auto take = [&rows](auto& values) {
    if (values.empty()) return;
    auto taken = values;
    taken.clear();
    for (const std::size_t row : rows) taken.push_back(values[row]);
    values = std::move(taken);
  };
  take(part.labels);
  take(part.lines);
  take(part.groups);
  for (auto& [name, column] : part.columns) take(column);
  return part;
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

UsableRows usable_rows(const Observations& table, const std::vector<std::string>& needed, const std::string& n_column,
                       bool allow_repeated) {
  std::vector<const Column*> columns;
  for (const std::string& name : needed) columns.push_back(&need_column(table, name));
  UsableRows usable{.rows = {}, .warnings = table.warnings};
  std::vector<std::string> missing;
  Regimes regimes;
  for (std::size_t row = 0; row < table.labels.size(); ++row) {
    if (!std::all_of(columns.begin(), columns.end(), [row](const Column* c) { return (*c)[row].has_value(); })) {
      missing.push_back(table.labels[row]);
      continue;
    }
    for (std::size_t i = 0; i < needed.size(); ++i) need_positive(*(*columns[i])[row], table, row, needed[i]);
    if (is_fresh(table, row, n_column, regimes) || allow_repeated) usable.rows.push_back(row);
  }

  if (!missing.empty())
    usable.warnings.push_back(
        {"missing_values", plural(missing.size(), "row") + " without " + joined(needed) + " left out: " + listed(missing)});
  if (!regimes.repeated.empty())
    usable.warnings.push_back({"repeated_data", plural(regimes.repeated.size(), "run") + " saw the text up to " +
                                                    format_significant(regimes.most_epochs, 4) + " times over (" +
                                                    listed(regimes.repeated) + "): " +
                                                    (allow_repeated ? "the law is of N and of repetition together, not of N alone"
                                                                    : "a plain law is not fitted to repeated data")});
  if (!regimes.memorising.empty())
    usable.warnings.push_back({"memorising", plural(regimes.memorising.size(), "run") + " with up to " +
                                                 format_significant(regimes.most_memory, 4) + " parameters per unique token (" +
                                                 listed(regimes.memorising) + "): room to memorise the text"});
  return usable;
}

}  // namespace isoflop::laws
